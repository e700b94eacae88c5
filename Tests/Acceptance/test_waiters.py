"""Clients that wait for the end of a drain: how many may wait, which go, which are answered."""

import contextlib
import http.client
import json
import socket
import subprocess
import time

from echod import PATIENCE, Echod, count, eventually
from streams import Held, Reader, held_drain

WAIT = "POST /drain?wait"


def waiters(server):
    drain = server.status()["drain"]
    return drain and drain["waiters"]


def hold(server, stack, number, request=WAIT):
    return [stack.enter_context(Held(server.admin[0], request)) for _ in range(number)]


def curl(server, path, *arguments):
    command = ["curl", "-s", "-w", "\n%{http_code}", *arguments, f"http://{server.admin[0]}{path}"]
    body, _, code = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE).stdout.rpartition("\n")
    return int(code), body


def test_sixteen_wait_and_sixteen_read_while_probes_are_answered():
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Echod(admin=("127.0.0.1:0", "127.0.0.1:0")))
        client = stack.enter_context(held_drain(server))
        readers = [stack.enter_context(Reader(server.admin[n % 2])) for n in range(16)]
        assert all(reader.await_first()[0] == "state" for reader in readers)
        held = hold(server, stack, 16)
        eventually(lambda: waiters(server) == 16, "16 waiters")

        before = server.status()["drain"]["timeout_ms"]
        refused = server.post("/drain?wait&timeout=15s")
        assert (refused.code, refused.headers["Retry-After"]) == (503, "5")
        assert "was started or joined" in refused.json["detail"]
        assert server.status()["drain"]["timeout_ms"] < before == 20_000
        refused = server.get("/events")
        assert (refused.code, refused.headers["Retry-After"]) == (503, "5")
        assert [server.get(path).code for path in ("/livez", "/readyz", "/startupz")] == [200, 503, 200]

        for one in held[:4] + readers[:4]:
            one.reset()
        for one in held[4:8] + readers[4:8]:
            one.close()
        eventually(lambda: waiters(server) <= 12, "those who reset have left their places")
        assert server.state == "draining"
        replacement = stack.enter_context(Held(server.admin[0], WAIT))
        eventually(lambda: waiters(server) == 13, "a new one has one of them")

        assert server.post("/shutdown").code == 202
        client.close()
        end = time.monotonic() + 2
        assert server.exit_code() == 0
        assert time.monotonic() < end
        for one in held[8:] + [replacement]:
            assert (one.code, one.json["drain"]["result"]) == (200, "clean")
        for reader in readers[8:]:
            reader.read_to_end()
            assert reader.is_whole and reader.events[-1][0] == "done"


def test_waiter_that_stops_sending_is_answered():
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Echod())
        client = stack.enter_context(held_drain(server))
        patient, gone = hold(server, stack, 2)
        eventually(lambda: waiters(server) == 2, "two waiters")
        patient.socket.shutdown(socket.SHUT_WR)
        gone.reset()
        # One free place shows that the server checked which clients are still there.
        eventually(lambda: waiters(server) == 1, "one waiter")
        client.close()
        assert (patient.code, patient.json["state"]) == (200, "drained")


def test_request_of_netcat_is_answered():
    """It shuts down its sending side as soon as its input ends, and the status takes a turn of the loops."""
    with Echod() as server:
        host, port = server.admin[0].split(":")
        request = "GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        for _ in range(count(2, 20)):
            answer = subprocess.run(
                ["ncat", host, port], input=request, capture_output=True, text=True, timeout=PATIENCE
            ).stdout
            assert json.loads(answer.partition("\n\n")[2])["state"] == "serving"


def test_kept_connection_is_told_the_truth():
    with Echod() as server:
        kept = http.client.HTTPConnection(server.admin[0], timeout=PATIENCE)
        with contextlib.closing(kept):
            for code, text in ((200, "ok\n"), (503, None)):
                kept.request("GET", "/readyz")
                answer = kept.getresponse()
                body = answer.read().decode()
                assert answer.code == code and (text is None or body == text)
                local = kept.sock.getsockname()
                if code == 200:
                    assert server.post("/drain").code == 202
            assert kept.sock.getsockname() == local


def test_prestop_drains_and_waits():
    header = ("-H", "X-Echod-Drain: 1")
    with Echod() as server, held_drain(server) as client:
        code, body = curl(server, "/prestop")
        assert code == 403 and "X-Echod-Drain: 1" in json.loads(body)["detail"]
        assert curl(server, "/prestop", *header, "-I")[0] == 405
        assert curl(server, "/prestop", *header, "-X", "POST")[0] == 405
        assert curl(server, "/prestop", *header, "-H", "Sec-Fetch-Site: cross-site")[0] == 403
        assert curl(server, "/prestop?wait=soon", *header)[0] == 400
        assert server.state == "serving" and server.status()["drain"] is None

        assert curl(server, "/prestop?wait=10ms", *header)[0] == 504
        drain = server.status()["drain"]
        assert (drain["trigger"], drain["intent"]) == ("prestop", "hold")
        client.close()
        code, body = curl(server, "/prestop", *header)
        assert (code, json.loads(body)["drain"]["result"]) == (200, "clean")
        assert server.state == "drained"
        # What the kubelet does next.
        server.signal(15)
        assert server.exit_code() == 0
