#!/usr/bin/env python3
"""Shows how a server with several loops spreads its connections, and the work of its threads, under even load."""

import argparse
import json
import os
import shlex
import sys
import time
from collections import Counter
from pathlib import Path

import harness

TICKS = os.sysconf("SC_CLK_TCK")


def threads(pid):
    """{thread: (name, user seconds, system seconds)}"""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            stat = (task / "stat").read_text()
        except OSError:
            continue  # it ended meanwhile
        # The name is in parentheses and may hold anything, so count from the last one.
        name = stat[stat.index("(") + 1:stat.rindex(")")]
        fields = stat[stat.rindex(")") + 2:].split()
        found[int(task.name)] = (name, int(fields[11]) / TICKS, int(fields[12]) / TICKS)
    return found


def work(before, after):
    """What each thread did meanwhile, the busiest first."""
    rows = []
    for thread, (name, user, system) in after.items():
        _, user_before, system_before = before.get(thread, (name, 0, 0))
        rows.append({"thread": thread, "name": name, "user_seconds": round(user - user_before, 2),
                     "system_seconds": round(system - system_before, 2)})
    return sorted(rows, key=lambda row: -(row["user_seconds"] + row["system_seconds"]))


def registrations(pid):
    """How many descriptors each epoll instance of `pid` watches: {descriptor of the instance: count}."""
    counts = {}
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            if "eventpoll" in os.readlink(entry.path):
                lines = Path(f"/proc/{pid}/fdinfo/{entry.name}").read_text().splitlines()
                counts[int(entry.name)] = Counter(line.partition(":")[0] for line in lines)["tfd"]
        except OSError:
            continue
    return dict(sorted(counts.items()))


def observe(server, options):
    load = harness.start_load(server.port, "--connections", options.connections, "--depth", options.depth,
                              "--seconds", options.seconds, "--warmup", options.warmup)
    try:
        harness.wait_until_measuring(load)
        before = threads(server.pid)
        time.sleep(options.seconds / 2)
        watched = registrations(server.pid)
        time.sleep(options.seconds / 2)
        after = threads(server.pid)
    finally:
        result = harness.finish_load(load)
    return {"answers_per_second": result["answers_per_second"], "latency_us": result["latency_us"],
            "epoll": watched, "threads": work(before, after)}


def print_report(seen):
    total = sum(row["user_seconds"] + row["system_seconds"] for row in seen["threads"]) or 1
    print(f"{seen['answers_per_second']:,.0f} answers/s, p50 {seen['latency_us']['p50']:.0f} µs, "
          f"p99 {seen['latency_us']['p99']:.0f} µs\n")
    print("| thread | name | user s | system s | share |\n|---|---|---|---|---|")
    for row in seen["threads"]:
        user, system = row["user_seconds"], row["system_seconds"]
        print(f"| {row['thread']} | {row['name']} | {user:.2f} | {system:.2f} | {(user + system) / total:.1%} |")
    print("\n| epoll instance | descriptors watched |\n|---|---|")
    for descriptor, count in seen["epoll"].items():
        print(f"| {descriptor} | {count} |")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    echod = harness.HERE.parent / ".build/release/echod"
    parser.add_argument("--command", default=f"{shlex.quote(str(echod))} --loops 2 --listen 127.0.0.1:0 --admin none",
                        help="the server, listening on one TCP port of 127.0.0.1 (%(default)s)")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--depth", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--warmup", type=float, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main():
    options = parse()
    harness.exit_on_signals()
    harness.build()
    with harness.Server(shlex.split(options.command)) as server:
        seen = observe(server, options)
    print(json.dumps(seen)) if options.json else print_report(seen)


if __name__ == "__main__":
    try:
        main()
    except harness.HarnessError as error:
        sys.exit(f"balance.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
