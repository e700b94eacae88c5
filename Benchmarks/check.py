#!/usr/bin/env python3
"""Proves that epoll-echo is correct, as far as ASCII goes: a limit that cheats is no limit."""

import random
import socket
import sys
import threading

import harness

SPACE = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
MAX_LINE = 65536


def answer_to(data):
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return b"".join(line.decode().strip().upper().encode() + b"\n" for line in lines)


def random_input(random, size):
    alphabet = b"aAbBzZ{`@[ \t\v\f\r\x1c\x1f\x00\x7f" + b"\n" * random.choice((0, 1, 4))
    return bytes(random.choices(alphabet, k=size))


def read_all(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def talk(port, data, pieces, reads_late=False):
    """Sends `data` cut into `pieces`, half-closes, returns everything that came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def send():
            for piece in pieces(data):
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        if reads_late:
            sender.join(1)  # by now both directions' buffers are full
            assert sender.is_alive(), "the server read everything although nobody took its answers"
        received = read_all(connection)
        sender.join()
        return received


def whole(data):
    return [data]


def cut(random):
    def pieces(data):
        while data:
            size = random.choice((1, 2, 7, 64, 1000, 70000))
            yield data[:size]
            data = data[size:]

    return pieces


def check(name, got, wanted):
    if got != wanted:
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
        sys.exit(f"{name}: {len(got)} bytes, wanted {len(wanted)}; they differ at {at}: "
                 f"{got[at:at + 20]!r}, wanted {wanted[at:at + 20]!r}")


def check_all(port, source):
    for number in range(300):
        data = random_input(source, source.choice((0, 1, 5, 100, 3000)))
        check(f"random input {number}", talk(port, data, cut(source)), answer_to(data))
    line = b"a" * MAX_LINE + b"\n"
    check("longest line", talk(port, line * 3, cut(source)), answer_to(line * 3))
    check("line too long", talk(port, b"x\n" + b"a" * (MAX_LINE + 1), whole), b"X\n")
    lines = b"".join(b" line %d \n" % i for i in range(2_000_000))
    check("a client that reads late", talk(port, lines, whole, reads_late=True), answer_to(lines))


def main():
    harness.build()
    with harness.Server([str(harness.EPOLL_ECHO), "0"]) as server:
        check_all(server.port, random.Random(1))
    print("epoll-echo is correct")


if __name__ == "__main__":
    main()
