"""Takes screenshots of the dashboard: a real echod with traffic, and Chromium.

    ECHOD_BINARY=$PWD/.build/release/echod .build-venv/bin/python docs/screenshots/take.py DIRECTORY [SECONDS]

SECONDS of traffic come before the first one; after 310 the charts are full, and have lost the beginning. Those that are kept beside this file were
made small by Pillow: Image.open(A).convert("RGB").quantize(256, dither=0).save(B, optimize=True)
"""

import contextlib
import math
import pathlib
import random
import socket
import sys
import threading
import time

TESTS = pathlib.Path(__file__).parent.parent.parent / "Tests"
sys.path += [str(TESTS / "Acceptance" / "support"), str(TESTS / "Judges")]

import browser  # noqa: E402
import echod  # noqa: E402

WIDE = {"width": 1280, "height": 1000}
NARROW = {"width": 400, "height": 860}


class Traffic:
    """Clients from several addresses of loopback: busy and quiet ones, some that come and go, one that never reads."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.target = (host, int(port))
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.busy, args=(number,), daemon=True) for number in range(9)]
        self.threads += [threading.Thread(target=self.visitors, daemon=True)]
        self.idle = [self.connect(f"127.0.1.{number}") for number in range(1, 4)]
        self.deaf = self.connect("127.0.2.7", receive_buffer=4096)
        self.deaf.settimeout(0.3)
        self.half = self.connect("127.0.2.9")
        self.half.sendall(b"an unfinished line")

    def connect(self, source, receive_buffer=None):
        one = socket.socket()
        if receive_buffer:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        one.bind((source, 0))
        one.connect(self.target)
        return one

    def start(self):
        with contextlib.suppress(TimeoutError):
            while True:
                self.deaf.sendall(b"nobody reads this answer\n" * 400)
        for thread in self.threads:
            thread.start()

    def busy(self, number):
        chance = random.Random(number)
        with contextlib.suppress(OSError), self.connect(f"127.0.0.{10 + number // 2}") as one:
            while not self.ended.is_set():
                wave = 1.2 + math.sin(time.monotonic() / 23 + number) * 0.8
                lines = max(1, int(12 * wave * chance.random()))
                one.sendall(b"the quick brown fox jumps over the lazy dog\n" * lines)
                if not one.recv(65536):
                    return
                self.ended.wait(0.04 + 0.08 * chance.random())

    def visitors(self):
        chance = random.Random(1)
        while not self.ended.wait(0.5 + 2 * chance.random()):
            with contextlib.suppress(OSError), self.connect(f"127.0.3.{chance.randrange(1, 30)}") as one:
                one.sendall(b"hello\n" if chance.random() < 0.85 else b"\xff\xfe\n")
                one.recv(100)

    def stop(self):
        self.ended.set()
        for one in [*self.idle, self.deaf, self.half]:
            one.close()


def shoot(page, name, directory):
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, size in (("1280", WIDE), ("400", NARROW)):
            page.set_viewport_size(size)
            page.wait_for_timeout(300)
            # On a phone the whole page is nine screens long.
            page.screenshot(path=directory / f"{name}-{scheme}-{width}.png", full_page=size is WIDE)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)


def main(directory, warm_up=310.0):
    with echod.Echod("--drain-timeout", "30s") as service, browser.page(viewport=WIDE) as page:
        traffic = Traffic(service.address)
        try:
            # It begins with a burst for the one that does not read, which spoils the scale for five minutes.
            traffic.start()
            page.goto(f"http://{service.admin[0]}/")
            page.wait_for_timeout(1000 * warm_up)
            shoot(page, "serving", directory)
            page.click("#drain")
            page.wait_for_timeout(200)
            page.screenshot(path=directory / "dialog-light-1280.png")
            page.click("#drain-dialog .primary")
            page.wait_for_selector("#banner[data-state=draining] .blockers li")
            page.wait_for_timeout(4000)
            shoot(page, "draining", directory)
        finally:
            traffic.stop()
        page.wait_for_selector("#banner[data-state=drained]")
        page.wait_for_timeout(4000)
        shoot(page, "drained", directory)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *map(float, sys.argv[2:]))
