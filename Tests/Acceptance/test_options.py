"""Options as a whole program takes them: flags, environment, and what is refused."""

import pytest
from echod import Echod, eventually, run


@pytest.mark.parametrize("loops", [1, 3])
def test_loops(loops):
    """That many event loops, each a thread, all of them used."""
    with Echod("--loops", str(loops)) as server:
        clients = [server.client() for _ in range(4 * loops)]
        for client in clients:
            assert client.asks(b"hello\n") == b"HELLO\n"
        assert sum(name.startswith("echod-loop") for name in server.process.threads) == loops
        for client in clients:
            client.close()


def test_environment():
    """Every option has its variable; empty counts as unset, and what Kubernetes injects is ignored."""
    variables = {
        "ECHOD_MODE": "verbatim",
        "ECHOD_MAX_CONNECTIONS": "1",
        "ECHOD_DRAIN_TIMEOUT": "7s",
        "ECHOD_IDLE_TIMEOUT": "",
        "ECHOD_PORT": "tcp://10.0.0.1:8888",
        "ECHOD_SERVICE_HOST": "10.0.0.1",
    }
    with Echod(variables=variables) as server, server.client() as client:
        client.send(b"as it is")
        assert client.receive(8) == b"as it is"
        with server.client() as refused:
            assert refused.receive_all() == b""
        assert server.post("/drain").json["drain"]["timeout_ms"] == 7000


def test_environment_lists():
    """Repeatable ones are separated by commas."""
    variables = {"ECHOD_LISTEN": "127.0.0.1:0,127.0.0.1:0", "ECHOD_ADMIN": "127.0.0.1:0"}
    with Echod(listen=(), admin=(), variables=variables) as server:
        assert len(server.status()["listen"]) == 2


def test_a_flag_wins_over_the_environment():
    with Echod("--mode", "upper", variables={"ECHOD_MODE": "verbatim"}) as server, server.client() as client:
        assert client.asks(b"hello\n") == b"HELLO\n"


def test_the_command_may_be_named():
    """`echod serve` is `echod`."""
    with Echod() as server:
        server.signal(15)
        assert server.exit_code() == 0
    result = run("serve", "--listen", "8888")
    assert result.returncode == 64


@pytest.mark.parametrize(
    "option, value",
    [
        ("--listen", "8888"),
        ("--listen", "127.0.0.1"),
        ("--listen", "127.0.0.1:65536"),
        ("--listen", "unix:"),
        ("--admin", "localhost"),
        ("--mode", "lower"),
        ("--loops", "0"),
        ("--loops", "two"),
        ("--max-connections", "-1"),
        ("--max-line", "0"),
        ("--idle-timeout", "5"),
        ("--write-timeout", "fast"),
        ("--linger", "2 s"),
        ("--accept-linger", "1d"),
        ("--drain-mode", "never"),
        ("--drain-timeout", "10ms"),
        ("--drain-timeout", "25h"),
        ("--drain-delay", "20s"),
        ("--drain-spread", "x"),
        ("--log-level", "loud"),
        ("--log-format", "xml"),
    ],
)
def test_bad_values(option, value):
    """Exit 64, naming the option and where the value came from: the command line, or its variable."""
    variable = "ECHOD_" + option[2:].upper().replace("-", "_")
    for result, source in (
        (run(f"{option}={value}"), "the command line"),
        (run(variables={variable: value}), variable),
    ):
        assert result.returncode == 64 and result.stdout == ""
        assert option in result.stderr and source in result.stderr, result.stderr


def test_admin_host():
    """A further Host the admin answers to; without it the name is refused."""
    with Echod("--admin-host", "echod.internal") as server:
        for host, code in (("echod.internal", 200), ("echod.internal:8889", 200), ("other.internal", 403)):
            assert server.get("/status", headers={"Host": host}).code == code
        eventually(lambda: server.state == "serving", "serving")
