"""The client commands' exit codes: 1 no answer or refused, 2 forced, 3 lost, 4 the wait is over, 64 bad usage."""

import contextlib
import json
import os
import re
import signal
import socket

import pytest
from commands import NOBODY, command, half_typed, outcome, start
from echod import PATIENCE, Background, Echod, endpoint, eventually, run


@pytest.mark.parametrize("verb", ["status", "connections", "drain", "undrain", "shutdown", "probe livez"])
def test_1_nobody_answers(verb, directory):
    for admin in (NOBODY, f"unix:{directory}/none"):
        result = run(*verb.split(), "--admin", admin)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(f"echod: cannot connect to {admin}: ")
    assert run("status", "--admin", "no-such-host.invalid:1").returncode == 1


def test_1_refused(server):
    too_long = command(server, "drain", "--delay", "1h")
    assert (too_long.returncode, too_long.stdout) == (1, "") and "Give a shorter delay" in too_long.stderr
    assert server.state == "serving"
    with half_typed(server):
        os.kill(server.pid, signal.SIGTERM)
        server.await_state("draining")
        result = command(server, "undrain")
        assert (result.returncode, result.stdout) == (1, "") and "signal" in result.stderr


def test_2_forced_and_3_lost():
    with Echod() as server, half_typed(server):
        result = command(server, "drain", "--wait", "--timeout=400ms")
        cut = "1 cut at the deadline, 2 bytes of unfinished lines given up, nothing else lost"
        assert result.returncode == 2 and result.stdout.startswith(f"forced: 1 connection closed, {cut}, took ")
        assert command(server, "undrain").returncode == 0
        with server.client(receive_buffer=4096) as client:
            client.send_until_blocked(b"never read\n" * 1000)
            result = command(server, "shutdown", "--wait=30s", "--timeout=400ms", "--json")
            status = json.loads(result.stdout)
            assert (result.returncode, status["drain"]["result"], result.stderr) == (3, "lost", "")
        assert server.exit_code() == 3


def test_4_the_wait_is_over_or_somebody_undrained():
    with Echod() as server, half_typed(server):
        over = command(server, "drain", "--wait=200ms")
        assert (over.returncode, over.stdout) == (4, "")
        assert re.match(r"echod: the drain goes on: draining, 1 connection left( \(1 partial_line\))?, \d+ s", over.stderr)
        joined = command(server, "drain", "--timeout=10s")
        assert re.fullmatch(r"joined, draining 1 connection, at most 10 s\n", joined.stdout)
        with Background(command, server, "drain", "--wait") as waiting:
            eventually(lambda: server.status()["drain"]["waiters"] == 1, "a waiter")
            assert command(server, "undrain").returncode == 0
            assert outcome(waiting.result()) == (4, "", "echod: undrained meanwhile: the service is serving\n")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("drain --timeout 5", '--timeout "5" (from the command line): a duration needs a unit'),
        ("status --admin 127.0.0.1:0", "port 0"),
        ("status --admin none", "no command can reach it"),
        ("shutdown --wait 5s", "--wait=DUR"),
        ("status --nonsense", "see echod status --help"),
        ("probe", "see echod probe --help"),
        (f"--admin {NOBODY} status", "options follow the command"),
    ],
)
def test_64_bad_usage(arguments, expected):
    result = run(*arguments.split())
    assert (result.returncode, result.stdout) == (64, "")
    assert result.stderr.startswith("echod: ") and expected in result.stderr


def test_no_waiter_more_is_a_refusal_but_the_drain_goes_on():
    with Echod() as server, half_typed(server), contextlib.ExitStack() as waiters:
        for _ in range(16):
            family, target = endpoint(server.admin[0])
            one = waiters.enter_context(socket.socket(family, socket.SOCK_STREAM))
            one.connect(target)
            one.sendall(b"POST /drain?wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 16, "16 waiters")
        result = command(server, "drain", "--wait")
        assert (result.returncode, result.stdout) == (1, "")
        assert "The drain was started or joined, but too many clients already wait" in result.stderr


def test_a_server_that_ends_under_a_waiting_command():
    with Echod() as server, half_typed(server):
        with Background(command, server, "shutdown", "--wait") as waiting:
            eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 1, "a waiter")
            os.kill(server.pid, signal.SIGKILL)
            result = waiting.result()
        assert (result.returncode, result.stdout) == (1, "")
        assert "may have ended before it could answer" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_waiting_command_dies_of_signals(number):
    with Echod() as server, half_typed(server):
        child = start("drain", "--wait", "--admin", server.admin[0])
        eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 1, "a waiter")
        child.send_signal(number)
        assert child.wait(PATIENCE) == -number
        assert server.state == "draining"
