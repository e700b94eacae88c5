"""Spread, wait and abort, how requests join, and how long clients wait."""

import signal
import time

import pytest
from drains import LOCAL, drain_lines, drain_of
from echod import Background, Echod, count, eventually

SPREAD = 2
CLIENTS = 40


def asked(server, number=CLIENTS):
    """`number` clients, in the order in which they came, that have had a line answered and wait."""
    clients = [server.client() for _ in range(number)]
    for client in clients:
        assert client.asks(b"before\n") == b"BEFORE\n"
    return clients


def ends(clients, begin):
    """When each client saw end of file, which it answers with its own, in seconds since `begin`."""

    def end_of(client):
        assert client.receive_all() == b""
        end = time.monotonic() - begin
        client.close()
        return end

    works = [Background(end_of, client) for client in clients]
    return [work.result() for work in works]


def resets(clients):
    """Every client was reset, and had got nothing more."""
    for client in clients:
        assert client.receive_until_reset() == b""
        client.close()


# ---------------------------------------------------------------------------------------- spread


@pytest.mark.parametrize("drain", range(count(2, 10)))
@pytest.mark.parametrize("loops", [1, 2])
def test_spread(loops, drain):
    """One after the other, evenly, none before its turn, in an order that is not that of their coming."""
    with Echod("--drain-spread", f"{SPREAD}s", "--loops", str(loops), listen=(LOCAL,)) as server:
        clients = asked(server)
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        eventually(lambda: drain_of(server).get("blocked_on", {}).get("spread_turn"), "some in their turn")
        times = ends(clients, begin)
        assert server.exit_code() == 0
        in_order = sorted(times)
        assert times != in_order and times != in_order[::-1]
        # The turns of each loop divide the time evenly, so the k-th is never sooner than its share.
        for number, end in enumerate(in_order):
            assert end >= SPREAD * (number // loops + 1) / (CLIENTS // loops) * 0.999, in_order
        tenths = [sum(int(end / SPREAD * 10) == tenth for end in times) for tenth in range(11)]
        print(f"ends in each tenth: {tenths}")
        # Four each if the machine is never late; this many at once if it is late by most of a second.
        assert max(tenths) <= CLIENTS // 2, tenths
        (line,) = drain_lines(server)
        assert (line["result"], int(line["at_mark"])) == ("clean", CLIENTS)


def test_clients_are_served_until_their_turn():
    """Every client that is not yet told to go is answered as before; at most half of the time is spread."""
    with Echod("--drain-spread", "1h", listen=(LOCAL,)) as server:
        clients = asked(server, 10)
        begin = time.monotonic()
        waiter = Background(server.post, "/drain?timeout=4s&wait")
        open_ones = set(clients)
        while open_ones:
            for client in list(open_ones):
                answer = client.asks(b"on\n")
                if answer == b"":
                    open_ones.remove(client)
                    client.close()
                else:
                    assert answer == b"ON\n"
        answer = waiter.result()
        assert (answer.code, answer.json["drain"]["result"]) == (200, "clean")
        assert time.monotonic() - begin >= 2


def test_a_nearer_deadline_shortens_the_spread():
    """Clients whose turn would have come much later are told to go within half of what is left."""
    with Echod("--drain-spread", "1h", "--drain-timeout", "4h", listen=(LOCAL,)) as server:
        clients = asked(server)
        begin = time.monotonic()
        server.post("/drain")
        eventually(lambda: drain_of(server)["blocked_on"] == {"spread_turn": CLIENTS}, "all in their turn")
        joined = server.post("/drain?timeout=2s")
        assert joined.json["joined"] is True and joined.json["drain"]["deadline_in_ms"] <= 2000
        times = ends(clients, begin)
        over = server.post("/drain?wait")
        assert (over.code, over.json["drain"]["result"]) == (200, "clean"), times


# -------------------------------------------------------------------------------- wait and abort


@pytest.mark.parametrize("timeout", count([4], [4, 24]))
def test_mode_wait(timeout):
    """Waits for peers to end; a peer that does not is closed a quarter of the time, or 5 s, before the deadline."""
    with Echod(listen=(LOCAL,)) as server:
        leaving, staying = asked(server, 10), asked(server, 10)
        begin = time.monotonic()
        answer = server.post(f"/shutdown?mode=wait&timeout={timeout}s").json
        assert answer["drain"]["mode"] == "wait"
        eventually(lambda: drain_of(server)["blocked_on"] == {"peer_close": 20}, "all waited for")
        for client in leaving:
            client.half_close()
            assert client.receive_all() == b""
            client.close()
        eventually(lambda: server.closed("peer_closed") == 10, "10 peer_closed")
        # A sample is valid for twenty times what taking it cost: on a busy machine that is seen.
        eventually(lambda: drain_of(server)["blocked_on"] == {"peer_close": 10}, "10 are waited for")
        assert drain_of(server)["mode"] == "wait" and drain_of(server)["at_mark"] == 0
        times = ends(staying, begin)
        assert min(times) >= timeout - min(5, timeout / 4)
        assert server.exit_code() == 0
        (line,) = drain_lines(server)
        assert (line["result"], int(line["at_mark"]), int(line["closed"])) == ("clean", 10, 20)


@pytest.mark.parametrize("how", ["POST", "QUIT", "--drain-mode", "joined"])
def test_mode_abort(how):
    """No delay, no linger, no spread: every client is reset at once, forced, exit 2."""
    options = ["--drain-spread", "1h", "--accept-linger", "1m", "--drain-timeout", "5h"]
    options += ["--drain-mode", "abort"] if how == "--drain-mode" else []
    with Echod(*options, listen=(LOCAL,)) as server:
        clients = asked(server)
        match how:
            case "POST":
                assert server.post("/shutdown?mode=abort&delay=1h").code == 202
            case "QUIT":
                server.signal(signal.SIGQUIT)
            case "--drain-mode":
                server.signal(signal.SIGTERM)
            case "joined":
                assert server.post("/drain").json["state"] == "draining"
                assert server.post("/shutdown?mode=abort").json["joined"] is True
        resets(clients)
        assert server.exit_code() == 2
        (line,) = drain_lines(server)
        assert (line["result"], line["accept_queue"]) == ("forced", "best_effort")
        assert int(line["closed"]) == CLIENTS


# --------------------------------------------------------------------------- joining and waiting


def test_joining_takes_the_nearer_time_and_the_harsher_mode():
    """What a request does not name stays; a later deadline and a milder mode change nothing."""
    with Echod("--drain-timeout", "2h", "--linger", "1m", listen=(LOCAL,)) as server:
        clients = asked(server, 4)

        def join(query):
            answer = server.post(f"/drain?{query}")
            assert answer.code == 202 and answer.json["joined"] is True and answer.json["drain"]["id"] == 1
            return answer.json["drain"]

        first = server.post("/drain?mode=wait&timeout=1h&delay=30m").json
        assert (first["joined"], first["state"]) == (False, "lame_duck")
        assert first["drain"]["delay_ms"] == 1_800_000
        assert join("delay=50m")["delay_ms"] == 1_800_000
        assert join("timeout=2h")["timeout_ms"] == 3_600_000
        assert join("delay=0s")["mode"] == "wait"
        server.await_state("draining")
        nearer = join("timeout=10m")
        assert 600_000 <= nearer["timeout_ms"] < 3_600_000 and nearer["deadline_in_ms"] <= 600_000
        assert join("timeout=30m")["timeout_ms"] == nearer["timeout_ms"]
        assert join("")["timeout_ms"] == nearer["timeout_ms"] and join("")["mode"] == "wait"
        eventually(lambda: drain_of(server)["blocked_on"] == {"peer_close": 4}, "all waited for")
        assert join("mode=close")["mode"] == "close"
        assert join("mode=wait")["mode"] == "close"
        for client in clients:
            assert client.receive_all() == b""
        assert drain_of(server)["at_mark"] == 4
        # Closed in part: abort resets what is left.
        assert join("mode=abort")["mode"] == "abort"
        over = server.post("/drain?wait")
        assert over.json["connections"]["closed"]["forced"] == 4 and over.code == 500
        assert server.post("/shutdown").json["drain"]["intent"] == "exit"
        assert server.exit_code() == 2


def test_every_waiter_has_its_own_time():
    """504 for clients whose time is over, 200 for clients that wait longer; their places are free again."""
    with Echod(listen=(LOCAL,)) as server, server.client() as client:
        client.send(b"half")
        server.await_row(client, partial_line=4)
        begin = time.monotonic()
        limited = [Background(server.post, f"/drain?wait={ms}ms") for ms in (100, 300, 500)]
        patient = [Background(server.post, "/drain?wait=1m"), Background(server.post, "/drain?wait")]
        for work, ms in zip(limited, (100, 300, 500)):
            answer = work.result()
            assert answer.code == 504 and answer.json["state"] == "draining"
            assert answer.json["drain"]["elapsed_ms"] >= ms - 1
        assert time.monotonic() - begin >= 0.5
        eventually(lambda: drain_of(server)["waiters"] == 2, "the two that have longer")
        client.send(b"\n")
        assert client.receive_all() == b"HALF\n"
        client.close()
        assert [work.result().code for work in patient] == [200, 200]
        assert drain_of(server)["waiters"] == 0


def test_sixteen_waiters():
    """The seventeenth is told to come again, and did what it named; a free place is taken by the next."""
    with Echod(listen=(LOCAL,)) as server, server.client() as client:
        client.send(b"half")
        server.await_row(client, partial_line=4)
        first = Background(server.post, "/drain?wait=1s")
        eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 1, "a waiter")
        others = [Background(server.post, "/drain?wait") for _ in range(15)]
        # The first may be over before the last comes: then there is room, and that is right too.
        eventually(lambda: drain_of(server)["waiters"] >= 15, "15 waiters")
        assert first.result().code == 504
        last = Background(server.post, "/drain?wait")
        eventually(lambda: drain_of(server)["waiters"] == 16, "16 waiters")
        refused = server.post("/drain?wait&timeout=5s")
        assert refused.code == 503 and int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert drain_of(server)["deadline_in_ms"] <= 5000, "what it asked for was not done"
        assert server.get("/livez").code == 200
        client.send(b"\n")
        assert client.receive_all() == b"HALF\n"
        client.close()
        assert {work.result().code for work in [*others, last]} == {200}
