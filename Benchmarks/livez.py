#!/usr/bin/env python3
"""How long `/livez` takes while echo load keeps every CPU busy: on one kept-alive connection, and on fresh ones."""

import argparse
import os
import sys
import time

import harness

PAUSE = 0.005


def timed(ask, seconds):
    """How long each request took, in milliseconds, one after the other with a short pause between them."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begin) * 1e3)
        time.sleep(PAUSE)
    return times


def kept_alive(port, seconds):
    with harness.Admin(port) as admin:
        return timed(lambda: admin.get("/livez"), seconds)


def fresh(port, seconds):
    def ask():
        with harness.Admin(port) as admin:
            admin.get("/livez")

    return timed(ask, seconds)


def idle_share(seconds, work):
    """The result of `work`, and the share of the CPUs' time that was idle meanwhile."""
    cpus = os.sched_getaffinity(0)
    busy, begin = harness.busy_seconds(cpus), time.monotonic()
    result = work()
    used = (harness.busy_seconds(cpus) - busy) / (len(cpus) * (time.monotonic() - begin))
    return result, max(0, 1 - used)


def measure(options):
    """{(load, connection): (times, share of idle CPU)}"""
    seen = {}
    loops = len(os.sched_getaffinity(0))
    for loaded in (False, True):
        with harness.Echod(options.echod, "--loops", loops) as server:
            loads = [start(server, options) for _ in range(loops)] if loaded else []
            try:
                for load in loads:
                    harness.wait_until_measuring(load)
                for name, ask in (("kept alive", kept_alive), ("fresh", fresh)):
                    seen[loaded, name] = idle_share(options.seconds, lambda: ask(server.admin, options.seconds))
            finally:
                for load in loads:
                    load.kill()
                    load.wait()
    return seen


def start(server, options):
    return harness.start_load(server.port, "--connections", options.connections, "--depth", options.depth,
                              "--seconds", 2 * options.seconds + 30, "--warmup", 0.5)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echod", default=str(harness.HERE.parent / ".build/release/echod"), metavar="PATH")
    parser.add_argument("--seconds", type=float, default=10, help="for each row (%(default)s)")
    parser.add_argument("--connections", type=int, default=50, help="of each load generator, one per CPU (%(default)s)")
    parser.add_argument("--depth", type=int, default=32)
    return parser.parse_args()


def main():
    options = parse()
    harness.exit_on_signals()
    harness.build()
    seen = measure(options)
    print("| echo load | connection | requests | p50 ms | p99 ms | max ms | CPU idle |\n|---|---|---|---|---|---|---|")
    for (loaded, name), (times, idle) in seen.items():
        p50, p99 = harness.percentile(times, 0.5), harness.percentile(times, 0.99)
        print(f"| {'all CPUs' if loaded else 'none'} | {name} | {len(times):,} | {p50:.2f} | {p99:.2f} "
              f"| {max(times):.2f} | {idle:.0%} |")


if __name__ == "__main__":
    try:
        main()
    except harness.HarnessError as error:
        sys.exit(f"livez.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
