#!/usr/bin/env python3
"""How long a client that asks one line at a time waits beside clients that flood, compared with the C program.

Rounds are interleaved, each server on a CPU of its own; a second copy of the C program is the control. The ratio of the
medians of all rounds is what counts.
"""

import argparse
import json
import os
import statistics
import sys

import harness

SERVER_CPU, LOAD_CPU = 0, 1


def measure(server, flooders, options, verbatim):
    """Median and p99 of the one client in microseconds."""
    words = ("--verbatim",) if verbatim else ()
    flood = harness.start_load(server.port, "--flood", flooders, "--line-bytes", options.line_bytes, "--seconds",
                               options.seconds + 0.6, cpus={LOAD_CPU})
    # They share a CPU: what is measured is how long the server lets the one client wait.
    os.setpriority(os.PRIO_PROCESS, flood.pid, 19)
    asker = harness.start_load(server.port, "--connections", 1, "--depth", 1, "--seconds", options.seconds,
                               "--warmup", 0.3, *words, cpus={LOAD_CPU})
    latency = harness.finish_load(asker)["latency_us"]
    harness.finish_load(flood)
    return latency["p50"], latency["p99"]


def servers(options, verbatim):
    """Name and how to start it."""
    mode = ("--mode", "verbatim") if verbatim else ()
    words = ("--verbatim",) if verbatim else ()
    program = [str(harness.EPOLL_ECHO), "0", *words]
    return {
        "C": lambda: harness.Server(program, {SERVER_CPU}),
        "C again": lambda: harness.Server(program, {SERVER_CPU}),
        "echod": lambda: harness.Echod(options.echod, "--loops", 1, *mode, cpus={SERVER_CPU}),
    }


def compare(options, verbatim, flooders):
    """Medians over the rounds: {name: (p50, p99)}."""
    figures = {}
    for number in range(options.rounds):
        names = list(servers(options, verbatim).items())
        for name, start in names if number % 2 == 0 else reversed(names):
            with start() as server:
                figures.setdefault(name, []).append(measure(server, flooders, options, verbatim))
    return {name: tuple(statistics.median(column) for column in zip(*rows)) for name, rows in figures.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echod", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--flooders", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--line-bytes", type=int, default=1024, help="length of the lines of the flood")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, too")
    options = parser.parse_args()
    harness.exit_on_signals()
    results = []
    for verbatim in (False, True):
        for flooders in options.flooders:
            figures = compare(options, verbatim, flooders)
            base = figures["C"]
            row = {"mode": "verbatim" if verbatim else "upper", "flooders": flooders}
            for name in ("C again", "echod"):
                row[name] = [round(mine / theirs, 2) for mine, theirs in zip(figures[name], base)]
            results.append(row)
            print(f"{row['mode']:8} {flooders:3} flooders: C {base[0]:7.0f} µs p50 {base[1]:7.0f} p99; "
                  f"C again × {row['C again'][0]:.2f} {row['C again'][1]:.2f}; "
                  f"echod × {row['echod'][0]:.2f} {row['echod'][1]:.2f}", flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    try:
        main()
    except harness.HarnessError as error:
        sys.exit(str(error))
