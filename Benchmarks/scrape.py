#!/usr/bin/env python3
"""What one scrape of `/metrics` a second costs the echo: instructions and CPU time per answer, with and without."""

import argparse
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import harness

ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
SERVER_CPU, LOAD_CPU = 0, 1


class Scraper:
    """Scrapes once a period, as Prometheus does, while the block runs; `count` says how often it has."""

    def __init__(self, port, period):
        self.count = 0
        self._port, self._period, self._over = port, period, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with harness.Admin(self._port) as admin:
            while True:
                admin.get("/metrics", {"Accept": ACCEPT})
                self.count += 1
                if self._over.wait(self._period):
                    return

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


# ------------------------------------------------------------------------------- instructions, user mode


def instructions(options, answers, scrapes):
    """What callgrind counts from start to end, with this many answers and scrapes, and one more of each."""
    with tempfile.TemporaryDirectory() as directory:
        report, binary = Path(directory) / "callgrind", Path(directory) / "echod"
        # Valgrind gives up on debug information of a kind that it does not know; the instructions are the same.
        subprocess.run(["strip", "--strip-debug", "-o", str(binary), options.echod], check=True)
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={report}"]
        with harness.Echod(str(binary), "--loops", 1, wrapper=valgrind, patience=60) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                echo(client, answers + 1)
            # After the echo, for which valgrind takes so long that a connection kept alive would have been closed.
            with harness.Admin(server.admin) as admin:
                for _ in range(scrapes + 1):
                    admin.get("/metrics", {"Accept": ACCEPT})
        totals = re.search(r"^totals: (\d+)", report.read_text(), re.M)
        return int(totals[1])


def echo(client, answers):
    """Sends lines of 64 bytes, each when the one before it was answered."""
    line = b"x" * 63 + b"\n"
    for _ in range(answers):
        client.sendall(line)
        missing = len(line)
        while missing:
            received = len(client.recv(missing))
            if not received:
                raise harness.HarnessError("echod closed the connection")
            missing -= received


def count(options):
    """Instructions in user mode: per answer without scrapes, per answer with them, and per scrape."""
    answers = round(options.counted_scrapes * options.rate * options.period)
    nothing = instructions(options, 0, 0)
    without = instructions(options, answers, 0) - nothing
    scraped = instructions(options, answers, options.counted_scrapes) - nothing
    return without / answers, scraped / answers, (scraped - without) / options.counted_scrapes


# ----------------------------------------------------------------------------------- CPU time, all of it


def cpu_per_answer(options, period):
    """Microseconds per answer, user and system, and answers per second."""
    with harness.Echod(options.echod, "--loops", 1, cpus={SERVER_CPU}) as server:
        load = harness.start_load(server.port, "--connections", options.connections, "--depth", options.depth,
                                  "--seconds", options.seconds, cpus={LOAD_CPU}, pid=server.pid)
        if period is None:
            result = harness.finish_load(load)
        else:
            with Scraper(server.admin, period):
                result = harness.finish_load(load)
    used = result["server"]
    return (used["user_seconds"] + used["system_seconds"]) / result["answers"] * 1e6, result["answers_per_second"]


def compare(options):
    """Rounds of both, in turn: [(without, with)], and the answers a second of those without."""
    rounds, rates = [], []
    for number in range(options.rounds):
        order = (None, options.period) if number % 2 == 0 else (options.period, None)
        costs = {}
        for period in order:
            costs[period], rate = cpu_per_answer(options, period)
            if period is None:
                rates.append(rate)
        rounds.append((costs[None], costs[options.period]))
        print(f"round {number + 1}/{options.rounds}: {costs[None]:.3f} µs without, {costs[options.period]:.3f} with",
              file=sys.stderr)
    return rounds, statistics.median(rates)


def scrape_time(options):
    """Milliseconds of a scrape, with as many idle echo connections as asked for."""
    with harness.Echod(options.echod, "--loops", 1) as server:
        idle = harness.start_load(server.port, "--idle", options.idle, "--hold", 60)
        try:
            for line in idle.stderr:
                if line.startswith("opened"):
                    break
            with harness.Admin(server.admin) as admin:
                times = []
                for _ in range(200):
                    begin = time.perf_counter()
                    admin.get("/metrics", {"Accept": ACCEPT})
                    times.append((time.perf_counter() - begin) * 1e3)
        finally:
            idle.kill()
            idle.wait()
    return times


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echod", default=str(harness.HERE.parent / ".build/release/echod"), metavar="PATH")
    parser.add_argument("--period", type=float, default=1, help="seconds between scrapes (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--idle", type=int, default=9000, help="connections while a scrape is timed (%(default)s)")
    parser.add_argument("--counted-scrapes", type=int, default=2, help="under callgrind (%(default)s)")
    parser.add_argument("--rate", type=float, default=97_000,
                        help="answers a second: so many for each scrape under callgrind (%(default)s)")
    parser.add_argument("--count-only", action="store_true", help="nothing that needs a quiet machine")
    return parser.parse_args()


def report_time(options):
    rounds, rate = compare(options)
    ratios = [with_scrapes / without for without, with_scrapes in rounds]
    print(f"CPU time per answer with a scrape every {options.period:g} s: × {statistics.median(ratios):.3f} "
          f"({min(ratios):.3f}–{max(ratios):.3f}) at {rate:,.0f} answers/s, depth {options.depth}")
    times = scrape_time(options)
    print(f"a scrape with {options.idle:,} open connections: p50 {harness.percentile(times, 0.5):.2f} ms, "
          f"p99 {harness.percentile(times, 0.99):.2f} ms, all of it seen from a client")


def main():
    options = parse()
    harness.exit_on_signals()
    harness.build()
    if not options.count_only:
        report_time(options)
    if not shutil.which("valgrind"):
        return print("no valgrind: instructions are not counted", file=sys.stderr)
    without, scraped, scrape = count(options)
    print(f"instructions in user mode: {without:,.1f} an answer, {scraped:,.1f} with a scrape every "
          f"{options.period:g} s at {options.rate:,.0f} answers/s: {scraped / without - 1:+.2%}; {scrape:,.0f} a scrape")


if __name__ == "__main__":
    try:
        main()
    except (harness.HarnessError, subprocess.SubprocessError) as error:
        sys.exit(f"scrape.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
