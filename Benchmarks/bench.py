#!/usr/bin/env python3
"""Compares echo servers in interleaved rounds: the ratio to epoll-echo in the same round is what counts."""

import argparse
import json
import shlex
import statistics
import sys
import time
from pathlib import Path

import harness

REPOSITORY = harness.HERE.parent
BASELINE = "epoll-echo"
SERVER_CPU, LOAD_CPU = 0, 1


def servers(echod, others):
    """Name and command. Each must listen on one TCP port of 127.0.0.1; the harness finds out which.

    The second copy of the baseline is the control: how far it is from 1.00 is what this machine cannot tell apart.
    """
    table = {
        BASELINE: [str(harness.EPOLL_ECHO), "0"],
        BASELINE + " (again)": [str(harness.EPOLL_ECHO), "0"],
    }
    if Path(echod).exists():
        table["echod"] = [echod, "--loops", "1", "--listen", "127.0.0.1:0", "--admin", "none", "--log-format", "json"]
    else:
        print(f"no echod at {echod}: only the control is measured (swift build -c release, or --echod PATH)",
              file=sys.stderr)
    for other in others:
        name, _, command = other.partition("=")
        table[name] = shlex.split(command)
    return table


class Disturbance:
    """How much of the two CPUs other processes used meanwhile, as a share of their time."""

    def __init__(self, server):
        self._server, self._start, self._ours = server, time.monotonic(), self._our_seconds(server)
        self._busy = harness.busy_seconds({SERVER_CPU, LOAD_CPU})

    @staticmethod
    def _our_seconds(server):
        return harness.cpu_seconds(server.pid) + harness.children_seconds()

    def share(self):
        busy = harness.busy_seconds({SERVER_CPU, LOAD_CPU}) - self._busy
        ours = self._our_seconds(self._server) - self._ours
        return max(0, busy - ours) / (2 * (time.monotonic() - self._start))


def measure_calmly(command, depth, options):
    """Measures again, a few times, while other processes use the CPUs, and returns the calmest."""
    tries = []
    while not tries or (tries[-1]["others"] > options.calm and len(tries) <= options.retries):
        tries.append(measure(command, depth, options))
    return min(tries, key=lambda values: values["others"])


def measure(command, depth, options):
    """Starts one server for one measurement. The load samples what the server used at both ends of it."""
    with harness.Server(command, cpus={SERVER_CPU}) as server:
        disturbance = Disturbance(server)
        load = harness.start_load(server.port, "--connections", options.connections, "--depth", depth,
                                  "--line-bytes", options.line_bytes, "--seconds", options.seconds,
                                  "--warmup", options.warmup, *(["--check"] if options.check else []),
                                  cpus={LOAD_CPU}, pid=server.pid)
        result = harness.finish_load(load)
        others = disturbance.share()
    used, answers = result["server"], max(result["answers"], 1)
    cpu = used["user_seconds"] + used["system_seconds"]
    return {
        "answers_per_second": result["answers_per_second"],
        "cpu_us": cpu / answers * 1e6,
        "user_us": used["user_seconds"] / answers * 1e6,
        "p50_us": result["latency_us"]["p50"],
        "p99_us": result["latency_us"]["p99"],
        "rss_mib": used["rss_bytes"] / 2**20,
        "busy": cpu / result["seconds"],
        "others": others,
    }


def run(table, depths, options):
    """{depth: {name: [measurement of each round]}}. The order rotates so that no server always follows the same one."""
    rounds = {depth: {name: [] for name in table} for depth in depths}
    names = list(table)
    for number in range(options.rounds):
        turned = names[number % len(names):] + names[:number % len(names)]
        for depth in depths:
            for name in turned:
                values = measure_calmly(table[name], depth, options)
                rounds[depth][name].append(values)
                print(f"round {number + 1}/{options.rounds}, depth {depth}, {name}: {values['answers_per_second']:.0f}/s, "
                      f"{values['cpu_us']:.2f} µs, others {values['others']:.0%}", file=sys.stderr)
    return rounds


def pairs(by_server, name, calm):
    """The server and the baseline, round by round: the rounds in which neither was disturbed, if there are any."""
    every = list(zip(by_server[name], by_server[BASELINE]))
    quiet = [pair for pair in every if max(values["others"] for values in pair) <= calm]
    return quiet or every, len(quiet)


def ratios(of, key):
    return [mine[key] / base[key] if base[key] else float("nan") for mine, base in of]


def span(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def row(by_server, depth, name, calm):
    of, quiet = pairs(by_server, name, calm)

    def middle(key):
        return statistics.median(mine[key] for mine, _ in of)

    rates, costs = ratios(of, "answers_per_second"), ratios(of, "cpu_us")
    return (f"| {depth} | {name} | {middle('answers_per_second'):,.0f} | {span(rates)} | {middle('cpu_us'):.2f} "
            f"| {span(costs)} | {middle('user_us'):.2f} | {middle('p50_us'):.0f} | {middle('p99_us'):.0f} "
            f"| {middle('rss_mib'):.1f} | {middle('busy') * 100:.0f} % | {quiet}/{len(by_server[name])} |")


def print_table(rounds, calm):
    print("| depth | server | answers/s | × | CPU µs per answer | × | user µs | p50 µs | p99 µs | RSS MiB | CPU busy "
          "| calm rounds |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for depth, by_server in rounds.items():
        for name in by_server:
            print(row(by_server, depth, name, calm))


def check_ratio(rounds, least, calm):
    of, quiet = pairs(rounds[1], "echod", calm)
    if not quiet:
        raise harness.HarnessError("other processes used the CPUs in every round: the ratio means nothing, try again")
    ratio = statistics.median(ratios(of, "answers_per_second"))
    verdict = "at least" if ratio >= least else "LESS THAN"
    print(f"echod answers {ratio:.3f} × as much as {BASELINE} at depth 1: {verdict} {least}")
    return ratio >= least


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--echod", default=str(REPOSITORY / ".build/release/echod"), metavar="PATH")
    parser.add_argument("--server", action="append", default=[], metavar="NAME=COMMAND", help="another server; repeatable")
    parser.add_argument("--only", metavar="NAME,…", help="these servers (the baseline and its control stay)")
    parser.add_argument("--depth", default="1,32", help="lines in flight on a connection (%(default)s)")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--line-bytes", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warmup", type=float, default=0.5)
    parser.add_argument("--calm", type=float, default=0.05, metavar="SHARE",
                        help="measure again if others used more of the two CPUs (%(default)s)")
    parser.add_argument("--retries", type=int, default=2, help="how often at most (%(default)s)")
    parser.add_argument("--check", action="store_true", help="compare answers byte for byte (slows the load)")
    parser.add_argument("--json", metavar="FILE", help="the values of each round")
    parser.add_argument("--assert-ratio", type=float, metavar="R", help="fail if echod is below R at depth 1")
    options = parser.parse_args()
    options.depth = [int(depth) for depth in options.depth.split(",")]
    return options


def main():
    options = parse()
    harness.exit_on_signals()
    harness.build()
    table = servers(options.echod, options.server)
    if options.only:
        wanted = options.only.split(",")
        table = {name: command for name, command in table.items() if name.startswith(BASELINE) or name in wanted}
    if options.assert_ratio is not None and ("echod" not in table or 1 not in options.depth):
        raise harness.HarnessError("--assert-ratio needs echod and depth 1 in the run")
    rounds = run(table, options.depth, options)
    print_table(rounds, options.calm)
    if options.json:
        settings = {key: getattr(options, key) for key in ("connections", "line_bytes", "rounds", "seconds", "check")}
        Path(options.json).write_text(json.dumps({"settings": settings, "depths": rounds}, indent=1) + "\n")
    return 0 if options.assert_ratio is None or check_ratio(rounds, options.assert_ratio, options.calm) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except harness.HarnessError as error:
        sys.exit(f"bench.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
