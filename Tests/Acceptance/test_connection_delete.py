"""`DELETE /connections/{id}`: the client gets its answers and end of file, or a reset, and nothing is counted twice."""

import pytest
from drains import drain_of, undrain
from echod import Echod, ask, count, eventually

# Mode close waits this long for the peer's end of file, in tests whose client gives none.
SHORT_LINGER = ("--linger", "200ms")
# And this long for one that has something to do first, on a busy machine.
LONG_LINGER = ("--linger", "60s")


def delete(server, row, mode=None):
    query = f"?mode={mode}" if mode else ""
    return ask(server.admin[0], "DELETE", f"/connections/{row['id']}{query}")


def closed(server):
    return {reason: number for reason, number in server.status()["connections"]["closed"].items() if number}


def lost(server):
    """Lost bytes since the start, received and sent."""
    lines = server.get("/metrics").text.splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line.startswith("echod_lost_bytes_total"))
    return tuple(int(found[f'echod_lost_bytes_total{{direction="{way}"}}']) for way in ("received", "sent"))


@pytest.mark.parametrize("mode", [None, "close"])
def test_close(mode):
    """All that was received is answered; a second one finds nothing to close."""
    with Echod(*LONG_LINGER) as server, server.client() as client, server.client() as other:
        assert client.asks(b"one\n") == b"ONE\n" and other.asks(b"other\n") == b"OTHER\n"
        answer = delete(server, server.row(client), mode)
        assert answer.code == 202
        assert (answer.json["peer"], answer.json["state"]) == (client.name, "closing")
        assert client.receive_all() == b""
        name, row = client.name, server.row(client)
        assert delete(server, row).code == 202
        client.close()
        assert server.await_reason(name, "admin_closed")["lines"] == 1
        gone = delete(server, row)
        assert gone.code == 404 and gone.headers["Content-Type"] == "application/problem+json"
        assert server.get(f"/connections/{row['id']}").json["reason"] == "admin_closed"
        assert other.asks(b"still\n") == b"STILL\n"
        assert closed(server) == {"admin_closed": 1} and lost(server) == (0, 0)


def test_abort():
    with Echod() as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        answer = delete(server, server.row(client), "abort")
        assert (answer.code, answer.json["state"], answer.json["reason"]) == (202, "closed", "admin_closed")
        assert client.receive_until_reset() == b""
        server.await_reason(client.name, "admin_closed")
        assert lost(server) == (0, 0)


def test_a_typo_closes_nothing():
    with Echod() as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        row = server.row(client)
        for path in (f"{row['id']}?mode=wait", f"{row['id']}?mode", f"{row['id']}?force=1"):
            assert ask(server.admin[0], "DELETE", f"/connections/{path}").code == 400
        for missing in ("0", "999", "x", f"0{row['id']}"):
            assert ask(server.admin[0], "DELETE", f"/connections/{missing}").code == 404
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert ask(server.admin[0], "DELETE", f"/connections/{row['id']}", headers=foreign).code == 403
        assert client.asks(b"two\n") == b"TWO\n"


def test_in_the_middle_of_a_line():
    """The unfinished line has no deadline: it is discarded, as by the idle timeout; what came before it is answered."""
    with Echod(*LONG_LINGER) as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        client.send(b"two\nunfin")
        server.await_row(client, partial_line=5)
        assert delete(server, server.row(client)).code == 202
        assert client.receive_all() == b"TWO\n"
        client.send(b"ished\n")
        server.await_row(client, late_discarded=6)
        name = client.name
        client.close()
        assert server.await_reason(name, "admin_closed")["lines"] == 2
        assert lost(server) == (0, 0)


def test_a_client_that_does_not_read():
    """Mode close waits for it and loses nothing; abort does not wait and says what it lost."""
    with Echod(*SHORT_LINGER) as server, server.client(receive_buffer=4096) as patient:
        sent = patient.send_until_blocked(b"line\n" * 1000)
        row = eventually(lambda: server.row(patient), "the row")
        assert delete(server, row, "close").json["state"] == "closing"
        got = patient.receive_all()
        assert got == (b"LINE\n" * (sent // 5 + 1))[: len(got)] and len(got) <= sent
        server.await_reason(patient.name, "admin_closed")
        assert lost(server) == (0, 0)

        with server.client(receive_buffer=4096) as hasty:
            hasty.send_until_blocked(b"line\n" * 1000)
            row = eventually(lambda: server.row(hasty), "the row")
            assert delete(server, row, "close").code == 202
            assert delete(server, row, "abort").json["reason"] == "admin_closed"
            name = hasty.name
            server.await_reason(name, "admin_closed")
            hasty.receive_until_reset()
        received, undelivered = lost(server)
        assert received > 0 and undelivered > 0
        line = f"lost_received={received} lost_sent={undelivered} peer={name} reason=admin_closed"
        server.logged(f" warning bytes lost id={row['id']} {line}")
        assert server.log.count(b"bytes lost") == 1
        assert closed(server) == {"admin_closed": 2}


def test_what_a_closing_one_waits_for():
    """Its row says so without a drain, too; of the open connections, only one whose client does not read waits."""
    with Echod(*LONG_LINGER) as server, server.client() as idle, server.client() as silent:
        with server.client(receive_buffer=4096) as deaf:
            deaf.send_until_blocked(b"line\n" * 1000)
            server.await_row(deaf, state="open", blocked_on="peer_read")
            assert [row["peer"] for row in server.connections("blocked_on=peer_read")] == [deaf.name]
            for client in (silent, deaf):
                assert delete(server, server.row(client)).code == 202
            server.await_row(silent, state="closing", blocked_on="peer_close")
            server.await_row(deaf, state="closing", blocked_on="peer_read")
            assert [row["peer"] for row in server.connections("blocked_on=peer_close")] == [silent.name]
            server.await_row(idle, state="open", blocked_on=None)
            assert delete(server, server.row(deaf), "abort").code == 202


def test_during_a_drain():
    """A client in the middle of a line is no longer waited for; abort cuts, and what it loses is the drain's loss."""
    with Echod() as server, server.client() as typing, server.client(receive_buffer=4096) as deaf:
        assert typing.asks(b"one\n") == b"ONE\n"
        typing.send(b"unfin")
        server.await_row(typing, partial_line=5)
        deaf.send_until_blocked(b"line\n" * 1000)
        server.post("/drain")
        server.await_row(typing, blocked_on="partial_line")
        server.await_row(deaf, blocked_on="peer_read")
        assert delete(server, server.row(typing)).code == 202
        assert typing.receive_all() == b""
        name = typing.name
        typing.close()
        server.await_reason(name, "admin_closed")
        assert delete(server, server.row(deaf), "abort").code == 202
        server.await_state("drained")
        drain = drain_of(server)
        assert drain["result"] == "lost" and drain["lost_sent"] > 0
        assert lost(server) == (drain["lost_received"], drain["lost_sent"])
        server.logged("drain lost")
        assert b"bytes lost" not in server.log
        assert closed(server) == {"admin_closed": 2}
        # What was typed, and as much of a line as the other could send before it was blocked.
        assert 5 <= drain["incomplete"] < 5 + len(b"line\n")


def test_a_lame_duck_that_serves_again():
    """An undrain from there has closed nothing, and opens nothing that the admin closes."""
    with Echod(*LONG_LINGER) as server, server.client() as kept, server.client() as gone:
        assert kept.asks(b"one\n") == b"ONE\n" and gone.asks(b"one\n") == b"ONE\n"
        server.post("/drain?delay=10s")
        server.await_state("lame_duck")
        assert delete(server, server.row(gone)).code == 202
        assert gone.receive_all() == b""
        assert undrain(server).json["state"] == "serving"
        assert kept.asks(b"two\n") == b"TWO\n"
        gone.send(b"late\n")
        server.await_row(gone, late_discarded=5, state="closing")
        name = gone.name
        gone.close()
        server.await_reason(name, "admin_closed")


def test_a_drain_that_is_taken_back():
    """Two are closing when the drain is taken back: only the one that the admin has closed does not go on."""
    with Echod() as server, server.client() as kept, server.client() as gone:
        for client in (kept, gone):
            assert client.asks(b"one\n") == b"ONE\n"
            client.send(b"unfin")
        server.post("/drain")
        for client in (kept, gone):
            server.await_row(client, blocked_on="partial_line")
        assert delete(server, server.row(gone)).code == 202
        assert undrain(server).json["state"] == "serving"
        assert gone.receive_all() == b""
        kept.send(b"ished\n")
        assert kept.receive(11) == b"UNFINISHED\n"
        name = gone.name
        gone.close()
        server.await_reason(name, "admin_closed")


def test_many_at_once():
    """Closes every other one of many while they talk: the sums hold, and the others notice nothing."""
    number = count(50, 1000)
    with Echod("--loops", "2", *SHORT_LINGER) as server:
        clients = [server.client() for _ in range(number)]
        for client in clients:
            assert client.asks(b"one\n") == b"ONE\n"
        ids = {row["peer"]: row for row in server.connections()}
        for index, client in enumerate(clients[::2]):
            client.send(b"two\n")
            assert delete(server, ids[client.name], "abort" if index % 3 == 0 else "close").code == 202
            server.status()
        server.await_active(number - len(clients[::2]))
        assert closed(server) == {"admin_closed": len(clients[::2])}
        for client in clients[1::2]:
            assert client.asks(b"two\n") == b"TWO\n"
        for client in clients:
            client.close()
        server.await_active(0)
