"""The client commands through a server's whole life, and where they look for it."""

import json
import re
import subprocess

import pytest
from commands import NOBODY, command, outcome
from echod import BINARY, PATIENCE, Echod, run


def test_a_life_in_commands(server):
    with server.client() as client:
        assert client.asks(b"hello\n") == b"HELLO\n"
        status = command(server, "status")
        assert (status.returncode, status.stderr) == (0, "")
        rows = dict(re.findall(r"^(\S.*?)  +(.*)$", status.stdout, re.M))
        assert rows["connections"] == "1 active of 1 accepted" and rows["lines"] == "1"
        assert rows["state"].startswith("serving for ") and rows["listen"] == server.address
        assert "\x1b" not in status.stdout

        exact = command(server, "status", "--json").stdout
        assert exact.count("\n") == 1 and json.loads(exact).keys() == server.status().keys()

        listed = command(server, "connections", "--sort=age", "--state", "open", "--peer", client.name)
        assert listed.returncode == 0 and listed.stdout.splitlines()[-1] == "1 of 1"
        assert re.search(rf"^ +1  {client.name} .* open ", listed.stdout, re.M)
        assert json.loads(command(server, "connections", "--json").stdout)["connections"][0]["lines"] == 1

    for probe in ("livez", "readyz", "startupz"):
        assert outcome(command(server, "probe", probe)) == (0, "ok\n", "")
    server.await_active(0)
    assert re.fullmatch(r"clean: 0 connections closed, nothing lost, took \d+\.\d s\n", waits(server, "drain"))
    assert outcome(command(server, "probe", "readyz")) == (1, "drained\n", "")
    assert outcome(command(server, "drain")) == (0, "drained, clean\n", "")
    assert outcome(command(server, "undrain")) == (0, "serving\n", "")
    assert waits(server, "shutdown").startswith("clean: ")
    assert server.exit_code() == 0 and server.nothing_is_left()


def waits(server, verb):
    result = command(server, verb, "--wait")
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_addresses_come_from_serve_s_environment(server):
    variables = {"ECHOD_ADMIN": f"none, {server.admin[0]},{NOBODY}"}
    assert outcome(run("probe", "livez", variables=variables)) == (0, "ok\n", "")
    assert run("probe", "livez", "--admin", NOBODY, variables=variables).returncode == 1


@pytest.mark.parametrize("form", [":{}", "0.0.0.0:{}", "[::]:{}", "localhost:{}"])
def test_every_interface_means_loopback(form):
    with Echod(admin=(":0",)) as server:
        port = server.admin[0].rpartition(":")[2]
        assert outcome(run("probe", "readyz", "--admin", form.format(port))) == (0, "ok\n", "")


def test_a_probe_needs_nothing_but_the_binary():
    with Echod() as server:
        words = [BINARY, "probe", "readyz", "--admin", server.admin[0]]
        assert subprocess.run(words, env={}, cwd="/", timeout=PATIENCE, stdout=subprocess.DEVNULL).returncode == 0
        # The streams may be closed, too: only the code counts.
        shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words]
        assert subprocess.run(shell, timeout=PATIENCE).returncode == 0
        assert command(server, "drain").returncode == 0
        assert subprocess.run(shell, timeout=PATIENCE).returncode == 1
