"""`DELETE /drain` and `POST /drain` at the same time, again and again: no client that connected is ever reset."""

import collections
import threading
import time

from drains import LOCAL, Race, check_back, drain_lines
from echod import Background, Echod, count

SECONDS = count(10, 60)
CONNECTORS = 40
ADMINS = 2
# The default on loopback: this long after it connected a silent client is still served.
ACCEPT_LINGER = 0.05
# Refused clients that come again at once use up the ports, and the time that the server needs.
PAUSE = 0.03


def ask_again_and_again(server, method, over):
    """Returns how often each status code was the answer."""
    codes = collections.Counter()
    while not over.is_set():
        codes[server.ask(method, "/drain").code] += 1
    return codes


def test_undrain_and_drain_from_several_clients():
    """Each client that connected gets its answer, or end of file if it spoke too late; no drain lost a client."""
    with Echod("--loops", "2", listen=(LOCAL,)) as server:
        race = Race(server.address, CONNECTORS, ACCEPT_LINGER, until_told=True, pause=PAUSE)
        over = threading.Event()
        works = [Background(ask_again_and_again, server, method, over) for method in ("DELETE", "POST") * ADMINS]
        time.sleep(SECONDS)
        over.set()
        codes = [work.result() for work in works]
        outcomes = race.result()
        assert not outcomes.resets and not outcomes.wrong, str(outcomes)
        assert outcomes.served and outcomes.refused, str(outcomes)
        check_back(server)
        drains = drain_lines(server)
        print(f"{len(drains)} drains, answers {codes}")
        # An undrain that waits for the listeners of former drains is overtaken by the next drain.
        assert all(set(each) <= {200, 409} and each[200] for each in codes[::2]), codes
        assert all(set(each) == {202} for each in codes[1::2]), codes
        assert {drain["result"] for drain in drains} <= {"clean", "undrained"}
        assert {drain["accept_queue"] for drain in drains} == {"lossless"}
