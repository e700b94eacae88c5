"""`drain --wait` against a frozen server: the deadline that it promised bounds the wait."""

import re
import signal
import subprocess

from commands import half_typed, start
from echod import PATIENCE, Echod, eventually
from test_client_terminals import Screen


def status_requests(server):
    return int(re.search(r'echod_admin_requests_total\{path="/status",code="200"\} (\d+)', server.get("/metrics").text)[1])


def finished(child):
    output, error = child.communicate(timeout=PATIENCE)
    return child.returncode, output, error


def test_a_frozen_server_is_waited_for_as_long_as_it_promised():
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with Echod("--drain-timeout", "4s") as server, half_typed(server):
        admin = ["--admin", server.admin[0]]
        before = status_requests(server)
        quiet = start("drain", "--wait", "--json", *admin, **pipes)
        eventually(lambda: status_requests(server) > before, "somebody who read the status")
        with Screen("drain", "--wait", *admin) as screen:
            screen.shows(r"1 connection left \(1 partial_line\)")
            server.signal(signal.SIGSTOP)
            late = [start(*verb, *admin, **pipes) for verb in (["shutdown", "--wait"], ["drain"], ["undrain"])]
            asked = start("status", *admin, **pipes)
            code, text = screen.end()
        last_known = r"no answer, although the drain should be over by now; it may still do what was asked\r?\n"
        last_known += r"last known, \d+ s ago: draining, 1 connection left"
        assert code == 1 and re.search(rf"\r\x1b\[Kechod: {server.admin[0]}: {last_known}", text), text
        code, output, error = finished(quiet)
        assert (code, output) == (1, "") and re.match(rf"echod: {server.admin[0]}: {last_known}", error), error
        # A client that comes later does not know the deadline, and waits as long as for any answer.
        silence = f"echod: {server.admin[0]} gave no answer within 10 s"
        for child in late:
            assert finished(child) == (1, "", f"{silence}; it may still do what was asked\n"), child.args
        assert finished(asked) == (1, "", f"{silence}\n")
