"""`GET /ui/history`: the last five minutes for the dashboard's charts, and that no thread wakes up for them in vain."""

import os
import re
import time

from echod import Echod, eventually

COLUMNS = ["active", "lines", "received", "sent", "uptime_ms"]
# The process is quiet when it was so for this many seconds; a sample a second would show.
QUIET = 2.5


def history(server):
    """The samples, oldest first, each a dictionary."""
    answer = server.get("/ui/history")
    assert (answer.code, answer.headers["Cache-Control"]) == (200, "no-store")
    columns = answer.json
    assert sorted(columns) == COLUMNS
    assert len({len(column) for column in columns.values()}) == 1
    samples = [dict(zip(columns, values)) for values in zip(*columns.values())]
    distances = [b["uptime_ms"] - a["uptime_ms"] for a, b in zip(samples, samples[1:])]
    assert all(999 <= distance for distance in distances), distances
    for key in ("lines", "received", "sent"):
        assert [sample[key] for sample in samples] == sorted(sample[key] for sample in samples)
    return samples


def switches(server):
    """How often each thread of the process went to sleep."""
    folder = f"/proc/{server.pid}/task"
    texts = {task: open(f"{folder}/{task}/status").read() for task in os.listdir(folder)}
    return {task: int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1]) for task, text in texts.items()}


def await_quiet(server):
    """Waits until no thread of the process has woken up for a while."""
    seen, since = switches(server), time.monotonic()

    def is_quiet():
        nonlocal seen, since
        now = switches(server)
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > QUIET

    eventually(is_quiet, "a process in which no thread wakes up")


def test_clients_of_before_are_in_it_also_short_ones_after_a_pause():
    with Echod() as server:
        with server.client() as client:
            assert client.asks(b"one\ntwo\n") == b"ONE\nTWO\n"
            here = {"active": 1, "lines": 2, "received": 8, "sent": 8}
            eventually(lambda: any(here.items() <= sample.items() for sample in history(server)), "a sample with it")
        gone = here | {"active": 0}
        eventually(lambda: gone.items() <= history(server)[-1].items(), "a sample after its end")
        eventually(lambda: [gone.items() <= sample.items() for sample in history(server)][-3:] == 3 * [True], "a pause")
        uptime = server.status()["uptime_ms"]
        with server.client() as client:
            assert client.asks(b"three\n") == b"THREE\n"
        short = eventually(lambda: [sample for sample in history(server) if sample["lines"] == 3], "the short one")[0]
        # What the client did is not spread over the pause, which ends when the client comes.
        before = next(sample for sample in reversed(history(server)) if sample["lines"] == 2)
        assert uptime <= before["uptime_ms"] < short["uptime_ms"]


def test_without_clients_nobody_wakes_up():
    with Echod() as server:
        await_quiet(server)
        with server.client() as client:
            assert client.asks(b"one\n") == b"ONE\n"
            eventually(lambda: history(server)[-1]["active"] == 1, "a sample with it")
        await_quiet(server)
        assert (history(server)[-1]["active"], history(server)[-1]["lines"]) == (0, 1)
