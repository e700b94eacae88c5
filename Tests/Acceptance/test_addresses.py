"""Every form of address, on both planes."""

import os
import socket
import stat

import pytest
from echod import HAS_IPV6, LOOPBACK, Client, Echod, ask, endpoint, eventually, is_refused, run

needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="this host has no IPv6")


def port_of(address):
    return endpoint(address)[1][1]


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def assert_serves(address, line=b"hello\n"):
    with Client(address) as client:
        assert client.asks(line) == line.upper()


@pytest.mark.parametrize("address", [LOOPBACK, pytest.param("[::1]:0", marks=needs_ipv6)])
def test_literal(address):
    """Both planes, with the port that the kernel chose, which is gone at the end."""
    with Echod(listen=(address,), admin=(address,)) as server:
        assert server.status()["listen"] == server.listen and server.status()["admin"] == server.admin
        assert server.address.startswith(address[:-1]) and port_of(server.address) != 0
        with server.client() as client:
            assert client.asks(b"hello\n") == b"HELLO\n"
            assert server.row(client)["local"] == server.address
        server.post("/shutdown")
        assert server.exit_code() == 0
        assert server.nothing_is_left()


@needs_ipv6
def test_every_interface():
    """`:0` is one dual-stack socket; a peer mapped into IPv6 is shown as IPv4."""
    with Echod(listen=(":0",), admin=(":0",)) as server:
        assert len(server.listen) == len(server.admin) == 1
        port = port_of(server.address)
        for host, admin in (("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]")):
            with Client(f"{host}:{port}") as client:
                assert client.asks(b"hello\n") == b"HELLO\n"
                path = f"/connections?peer={client.name}"
                rows = ask(f"{admin}:{port_of(server.admin[0])}", "GET", path).json["connections"]
                assert [(row["peer"], row["local"]) for row in rows] == [(client.name, f"{host}:{port}")]


def test_localhost():
    """The name stands for both families, with one port."""
    with Echod(listen=("localhost:0",), admin=("localhost:0",)) as server:
        for bound in (server.listen, server.admin):
            assert len({port_of(address) for address in bound}) == 1
            hosts = {address.rpartition(":")[0] for address in bound}
            assert hosts == ({"127.0.0.1", "[::1]"} if HAS_IPV6 else {"127.0.0.1"})
        for address in server.listen:
            assert_serves(address)
        for address in server.admin:
            assert ask(address, "GET", "/livez").code == 200


def test_several(tmp_path):
    """All listed addresses are served, and the drain closes all of them."""
    listen = (LOOPBACK, LOOPBACK, f"unix:{tmp_path}/echo") + (("[::1]:0",) if HAS_IPV6 else ())
    with Echod(listen=listen, admin=(LOOPBACK, f"unix:{tmp_path}/admin")) as server:
        assert len(server.listen) == len(listen)
        for address in server.listen:
            assert_serves(address)
        for address in server.admin:
            assert ask(address, "GET", "/livez").text.strip() == "ok"
        server.post("/drain?wait")
        assert all(is_refused(address) for address in server.listen)
        server.post("/shutdown")
        assert server.exit_code() == 0
        assert server.nothing_is_left()


def test_unix_socket_files(tmp_path):
    """Their modes, and that they are removed at exit."""
    echo, admin = tmp_path / "echo", tmp_path / "admin"
    with Echod(listen=(f"unix:{echo}",), admin=(f"unix:{admin}",)) as server:
        assert (mode_of(echo), mode_of(admin)) == (0o660, 0o600)
        assert_serves(f"unix:{echo}")
        assert server.listen == [f"unix:{echo}"] and server.admin == [f"unix:{admin}"]
        assert server.post("/shutdown?wait").code == 200
        assert server.exit_code() == 0
        assert os.listdir(tmp_path) == []


def test_stale_unix_socket_is_replaced(tmp_path):
    """A socket file without a server behind it."""
    for name in ("echo", "admin"):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(tmp_path / name))
    with Echod(listen=(f"unix:{tmp_path}/echo",), admin=(f"unix:{tmp_path}/admin",)) as server:
        assert_serves(server.address)
        assert server.get("/livez").code == 200


def test_live_unix_socket_is_left_alone(tmp_path):
    """A server answers on it: exit 1, and that server goes on. The same for a file that is no socket."""
    address = f"unix:{tmp_path}/echo"
    (tmp_path / "file").write_text("precious")
    with Echod(listen=(address,), admin=(f"unix:{tmp_path}/admin",)) as server:
        others = [(address, "in use"), (server.admin[0], "in use"), (f"unix:{tmp_path}/file", "File exists")]
        for taken, reason in others:
            for options in (("--listen", taken, "--admin", "none"), ("--listen", LOOPBACK, "--admin", taken)):
                assert_cannot_start(options, taken, reason)
        assert_serves(address)
        assert server.get("/livez").code == 200
    assert (tmp_path / "file").read_text() == "precious"


def test_replaced_unix_socket_is_not_removed(tmp_path):
    """echod does not remove a file that has replaced its own."""
    with Echod(listen=(f"unix:{tmp_path}/echo",)) as server:
        os.unlink(tmp_path / "echo")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(tmp_path / "echo"))
            server.post("/shutdown")
            assert server.exit_code() == 0
            assert os.listdir(tmp_path) == ["echo"]


def assert_cannot_start(options, address, reason="in use"):
    """Exit 1, and one line that names the address and the reason."""
    result = run(*options)
    complaints = [line for line in result.stderr.splitlines() if address in line]
    assert result.returncode == 1, result.stderr
    assert len(complaints) == 1 and reason in complaints[0], result.stderr


def test_port_in_use():
    """Exit 1 and one clear line, whatever holds the port, on either plane; the first is not disturbed."""
    with Echod() as server:
        assert_cannot_start(("--listen", server.address, "--admin", "none"), server.address)
        assert_cannot_start(("--listen", LOOPBACK, "--admin", server.admin[0]), server.admin[0])
        assert_cannot_start(("--listen", LOOPBACK, "--admin", server.address), server.address)
        assert_serves(server.address)


def test_no_such_address():
    """An address of another host, and a name that does not exist: exit 1 and a line that names it."""
    for address in ("192.0.2.1:0", "no-such-name.invalid:0"):
        result = run("--listen", address, "--admin", "none")
        assert result.returncode == 1 and address.rpartition(":")[0] in result.stderr, result.stderr


def test_without_admin():
    """`--admin none`: only signals end it."""
    with Echod(admin=("none",)) as server:
        assert_serves(server.address)
        server.signal(15)
        assert server.exit_code() == 0


def test_restart_on_the_same_port():
    """Closed connections of the previous server do not keep the port."""
    with Echod() as first:
        with first.client() as client:
            assert client.asks(b"one\n") == b"ONE\n"
            first.post("/shutdown")
            assert client.receive_all() == b""
        assert first.exit_code() == 0
        with Echod(listen=(first.address,)) as second:
            assert second.address == first.address
            assert_serves(second.address)
            eventually(lambda: second.closed("peer_closed") == 1, "the client's end counted")
