"""What CPython makes of lines: the oracle of LineUppercaserOracleTests.

    upper_oracle.py DIRECTORY SEED

Writes into DIRECTORY:
    cased.in, cased.out    a short line per code point that str.upper changes or str.strip drops, and the answers
    all.in, all.out        every code point that unicodedata knows, in mixed lines, and the answers
    utf8.in, utf8.out      byte sequences, one a line, and a byte for each: '1' valid, '0' not
    unknown                a byte per code point: '1' where unicodedata does not know it

Every file with lines ends each of them with \\n. No line holds a \\n.
"""

import os
import random
import sys
import unicodedata

DIRECTORY, SEED = sys.argv[1], int(sys.argv[2])
rng = random.Random(SEED)

KNOWN = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.category(chr(code)) not in ("Cn", "Cs") and code != 0x0A
]
SPACES = [c for c in KNOWN if not c.strip()]
WORDS = ["", "a", "Zz", "x y", "straße", "0", "\x7f", "\x00"]


def write(name, data):
    with open(os.path.join(DIRECTORY, name), "wb") as file:
        file.write(data)


def answer(line):
    return (line.decode("utf-8").strip().upper() + "\n").encode("utf-8")


def write_lines(name, texts):
    lines = [text.encode("utf-8") for text in texts]
    write(name + ".in", b"".join(line + b"\n" for line in lines))
    write(name + ".out", b"".join(answer(line) for line in lines))


def spaces():
    return "".join(rng.choices(SPACES, k=rng.choice((0, 0, 1, 1, 2, 3))))


def cased():
    for c in KNOWN:
        if c.upper() != c or not c.strip():
            yield rng.choice(("", " ", "\u3000")) + c + rng.choice(("", "q", "\r", "\u2028"))


def mixed():
    """Each code point once, a few a line, so that each stands at the start, the middle or the end of some line."""
    shuffled = rng.sample(KNOWN, len(KNOWN))
    while shuffled:
        take = rng.choice((1, 2, 5, 9, 20))
        middle = "".join(c + rng.choice(WORDS) for c in shuffled[:take])
        del shuffled[:take]
        yield spaces() + rng.choice(WORDS) + middle + spaces()
        if rng.random() < 0.3:
            yield spaces() + "plain ASCII " + rng.choice(WORDS[:4]) + rng.choice(("", "\r", " \t\r"))
        if rng.random() < 0.05:
            yield spaces()


def sequences():
    for a in range(256):
        yield bytes([a])
    for a in range(256):
        for b in range(256):
            yield bytes([a, b])
    # Random bytes are nearly never valid beyond two, so most begin as a longer form does.
    edges = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    for _ in range(8000):
        length = rng.choice((3, 4))
        lead = rng.choice(range(0xE0, 0xF0) if length == 3 else range(0xF0, 0xF8))
        rest = [rng.choice(edges) if rng.random() < 0.5 else rng.randrange(0x80, 0xC0) for _ in range(length - 1)]
        yield bytes([lead, *rest])
        yield bytes([rng.randrange(256) for _ in range(length)])
        yield b"ok " + bytes([lead, *rest]) + b" \xc3\xa9"


def is_valid(data):
    try:
        data.decode("utf-8")
        return True
    except UnicodeDecodeError:
        return False


write_lines("cased", cased())
write_lines("all", mixed())
SEQUENCES = [s for s in sequences() if b"\n" not in s]
write("utf8.in", b"".join(s + b"\n" for s in SEQUENCES))
write("utf8.out", b"".join(b"1" if is_valid(s) else b"0" for s in SEQUENCES))
write("unknown", b"".join(b"1" if unicodedata.category(chr(code)) == "Cn" else b"0" for code in range(0x110000)))
