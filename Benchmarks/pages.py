#!/usr/bin/env python3
"""How long a page of `/connections` holds a loop, with 9,000 connections open on it.

The turns of every loop are watched by strace, which stops a thread at epoll_wait and nowhere else: a turn lasts from
the return of one to the entry of the next, including the stops themselves. Then, without strace: the worst round trip
of an echo client while pages are listed all the time, and while none is.
"""

import argparse
import contextlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness

QUERIES = [
    "limit=100", "limit=1000", "limit=1000&after=4000", "limit=100&format=text", "limit=1000&format=text",
    *(f"sort={order}&limit={limit}" for order in ("age", "idle", "received", "sent") for limit in (100, 1000)),
    "state=open&limit=1000", "state=closing&limit=1000", "state=closed&limit=1000", "blocked_on=peer_read&limit=1000",
    "peer=127.0.0.1&limit=1000", "peer=127.0.0.2&limit=1000",
]
WAIT = re.compile(r"(\d+\.\d+) epoll_wait\(.*<(\d+\.\d+)>$")


@contextlib.contextmanager
def idle_clients(server, number):
    load = harness.start_load(server.port, "--idle", number, "--hold", 600)
    try:
        for line in load.stderr:
            if line.startswith("opened"):
                break
        yield
    finally:
        load.kill()
        load.wait()


# ----------------------------------------------------------------------------------------- turns


def turns(report):
    """(begin, end) of each turn of one thread, in seconds."""
    matches = filter(None, map(WAIT.match, report.read_text().splitlines()))
    waits = [(float(match[1]), float(match[2])) for match in matches]
    return [(entry + waited, following) for (entry, waited), (following, _) in zip(waits, waits[1:])]


def thread_names(pid):
    return {task.name: (task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir()}


def first_in_line():
    """A command that keeps other processes off the CPU in the middle of a turn, where that is allowed."""
    command = ["chrt", "--fifo", "1"]
    if shutil.which("chrt") and subprocess.run([*command, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return command
    print("no real-time scheduling: turns include the time that others had the CPU", file=sys.stderr)
    return []


def watch(options):
    """{query: [(begin, end) of each request]} and {thread name: turns}."""
    requests = {}
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "trace"
        strace = ["strace", "-ff", "--seccomp-bpf", "-qq", "-ttt", "-T", "-e", "trace=epoll_wait", "-o", str(report)]
        with harness.Echod(options.echod, "--loops", 1, wrapper=first_in_line() + strace, patience=30) as server:
            names = thread_names(server.pid)
            begin = time.time()
            with idle_clients(server, options.connections), harness.Admin(server.admin) as admin:
                requests[f"({options.connections:,} clients come)"] = [(begin, time.time())]
                for number in range(options.repeats):
                    for path in [f"/connections?{query}" for query in QUERIES] + ["/status", "/metrics"]:
                        begin = time.time()
                        admin.get(path)
                        requests.setdefault(path, []).append((begin, time.time()))
                        # So that the work one request leaves behind is not counted for the next.
                        time.sleep(0.02)
                    print(f"round {number + 1}/{options.repeats}", file=sys.stderr)
                requests["/events, a second"] = list(event_seconds(server.admin, options.repeats))
        seen = {name: turns(Path(f"{report}.{task}")) for task, name in names.items() if name.startswith("echod-")}
    return requests, seen


def event_seconds(port, number):
    """(begin, end) of `number` seconds of an open event stream, each of which ends with a sample of all connections."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        events = client.makefile("rb")
        begin = None
        while number >= 0:
            if events.readline() in (b"event: state\n", b"event: totals\n"):
                if begin is not None:
                    yield begin, time.time()
                begin, number = time.time(), number - 1


def longest(turns_of_a_thread, begin, end):
    """The longest turn that began meanwhile, in milliseconds."""
    return max((over - start for start, over in turns_of_a_thread if begin <= start <= end), default=0) * 1e3


def print_turns(requests, seen):
    print("| request | longest turn of the echo loop, ms: median (least–most) | of the control loop "
          "| answered in ms, median |\n|---|---|---|---|")
    for path, times in requests.items():
        columns = []
        for thread in ("echod-loop-0", "echod-control"):
            lengths = [longest(seen[thread], begin, end) for begin, end in times]
            columns.append(f"{statistics.median(lengths):.2f} ({min(lengths):.2f}–{max(lengths):.2f})")
        took = statistics.median((end - begin) * 1e3 for begin, end in times)
        print(f"| `{path}` | {columns[0]} | {columns[1]} | {took:.1f} |")


# ------------------------------------------------------------------------------------ round trips


def round_trips(options):
    """{what is listed meanwhile: latencies of one echo client in µs}"""
    found = {}
    with harness.Echod(options.echod, "--loops", 1) as server:
        with idle_clients(server, options.connections), harness.Admin(server.admin) as admin:
            for query in (None, "limit=100", "limit=1000", "sort=received&limit=1000", "peer=127.0.0.1&limit=1000"):
                load = harness.start_load(server.port, "--connections", 1, "--seconds", options.seconds)
                while load.poll() is None:
                    if query is None:
                        time.sleep(0.05)
                    else:
                        admin.get(f"/connections?{query}")
                found[query or "nothing"] = harness.finish_load(load)["latency_us"]
    return found


def print_round_trips(found):
    print("\n| listed meanwhile | echo round trip, µs: p50 | p99 | p99.9 | max |\n|---|---|---|---|---|")
    for query, latency in found.items():
        columns = (f"{latency[name]:,.0f}" for name in ("p50", "p99", "p999", "max"))
        print(f"| {query} | {' | '.join(columns)} |")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--echod", default=str(harness.HERE.parent / ".build/release/echod"), metavar="PATH")
    parser.add_argument("--connections", type=int, default=9000)
    parser.add_argument("--repeats", type=int, default=15, help="of each request (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of echo for each row (%(default)s)")
    return parser.parse_args()


def main():
    options = parse()
    harness.exit_on_signals()
    harness.build()
    print_turns(*watch(options))
    print_round_trips(round_trips(options))


if __name__ == "__main__":
    try:
        main()
    except harness.HarnessError as error:
        sys.exit(f"pages.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
