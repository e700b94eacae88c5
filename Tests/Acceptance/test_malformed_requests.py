"""The odd requests, mutated at random and cut at random places: each is answered in good form or not at all.

No other client notices, and the log stays small. `replay_corpus.py` does the same with libmicrohttpd's own fuzzing corpus.
"""

import random

import echod
import test_odd_requests
import wire

SEED = 20261121
ROUNDS = echod.count(1_500, 30_000)
# What a mutation may make of these is a request that is rightly obeyed.
HARMLESS = {b"/shutdown": b"/livez", b"/drain": b"/readyz"}

FRAGMENTS = (b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b"\xff", b"%00", b"?", b";a=")


def seeds():
    for one in test_odd_requests.CATALOGUE + test_odd_requests.FURTHER:
        data = one.bytes.encode()
        for target, harmless in HARMLESS.items():
            data = data.replace(target, harmless)
        # The longest ones are about length alone.
        yield data[:2_000]


def mutated(chance, data, others):
    """A few of: a bit flipped, bytes taken out, doubled, or put in, the end of another request."""
    data = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        size = chance.choice((1, 1, 2, 5, 20))
        match chance.randrange(5):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size] * chance.choice((1, 3, 200))
            case 3:
                data[at:at] = chance.choice(FRAGMENTS)
            case 4:
                data[at:] = chance.choice(others)[at:]
    return bytes(data)


def cut(chance, data):
    """The same bytes in one to eight segments."""
    places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice((0, 0, 1, 2, 7))))
    return [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)]) if begin < end]


def test_mutations_are_answered_in_good_form():
    chance, originals = random.Random(SEED), list(seeds())
    answered = 0
    with echod.Echod() as service:
        own = service.process.descriptors
        for number in range(ROUNDS):
            data = mutated(chance, chance.choice(originals), originals)
            try:
                replies = wire.send(service.admin[0], cut(chance, data), method_is_sure=False)
            except BaseException:
                print(f"seed {SEED}, round {number}: {data}")
                raise
            answered += bool(replies)
            assert service.get("/livez").code == 200, data
        assert service.state == "serving"
        assert answered > ROUNDS / 2
        wire.check_log(service)
        echod.eventually(lambda: service.process.descriptors <= own, "every connection is let go")
