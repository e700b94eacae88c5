"""Clients that connect while a drain begins are served, or refused at once."""

import signal
import statistics
import subprocess

import pytest
from drains import LOCAL, WITHOUT_MARKS, Link, Race, check_back, connect_times, drain_lines, drain_of, undrain
from echod import HAS_IPV6, Client, Echod, count, eventually, is_refused

CLIENTS = 40
DRAINS = count(8, 100)
DRAINS_AT_A_DISTANCE = count(2, 100)
# In seconds: the default where every listener is on loopback, and what is asked for at a distance.
LINGER_ON_LOOPBACK = 0.05
LINGER_AT_A_DISTANCE = 1
# What is asked of the queue, and what half of the handshakes must show: on a busy machine it is filled a bit late.
QUEUE_IN_MS, DISTANCE_IN_MS = 350, 300


# -------------------------------------------------------------------------------------- loopback


@pytest.mark.parametrize("drain", range(DRAINS))
def test_racing_clients_and_the_end(drain):
    """Served or refused by the first SYN, 0 reset, 0 hung; lossless, clean, exit 0."""
    with Echod(listen=(LOCAL,)) as server:
        race = Race(server.address, CLIENTS, LINGER_ON_LOOPBACK)
        race.await_served(2 * CLIENTS)
        if drain % 2:
            server.post("/shutdown")
        else:
            server.signal(signal.SIGTERM)
        race.result().check()
        assert server.exit_code() == 0
        (line,) = drain_lines(server)
        assert (line["result"], line["accept_queue"]) == ("clean", "lossless")


@pytest.mark.parametrize("listeners", ["every interface", "unix"])
@pytest.mark.parametrize("drain", range(count(2, 20)))
def test_racing_clients_at_other_listeners(listeners, drain, tmp_path):
    """One socket for IPv4 and IPv6 on every interface, and a Unix socket: the same."""
    listen = ":0" if listeners == "every interface" else f"unix:{tmp_path}/echo"
    with Echod("--accept-linger", "200ms", listen=(listen,)) as server:
        port = server.address.rpartition(":")[2]
        address = server.address if listeners == "unix" else f"127.77.0.1:{port}"
        race = Race(address, CLIENTS, 0.2)
        race.await_served(2 * CLIENTS)
        waited = server.post("/drain?wait")
        race.result().check()
        assert (waited.code, waited.json["drain"]["accept_queue"]) == (200, "lossless")
        assert listeners == "unix" or not HAS_IPV6 or is_refused(f"[::1]:{port}")
        assert undrain(server).code == 200
        with Client(address) as client:
            assert client.asks(b"back\n") == b"BACK\n"


def test_racing_clients_and_the_way_back():
    """The same with one process, which is drained and taken back again and again on the same port."""
    with Echod(listen=(LOCAL,)) as server:
        for _ in range(DRAINS):
            race = Race(server.address, CLIENTS, LINGER_ON_LOOPBACK)
            race.await_served(2 * CLIENTS)
            waited = server.post("/drain?wait")
            race.result().check()
            assert (waited.code, waited.json["drain"]["result"]) == (200, "clean")
            assert waited.json["drain"]["accept_queue"] == "lossless" and is_refused(server.address)
            check_back(server)


def test_racing_clients_and_a_drain_that_comes_and_goes():
    """Taken back while the old listeners still serve their queues: all clients that get in are answered."""
    with Echod("--accept-linger", "500ms", listen=(LOCAL,)) as server:
        race = Race(server.address, 10, 0.5, until_told=True)
        for _ in range(DRAINS):
            race.await_served(50)
            assert server.post("/drain").code == 202
            eventually(lambda: is_refused(server.address), "refused")
            check_back(server)
        race.result().check()
        assert drain_of(server)["result"] == "undrained"
        assert server.closed("forced") == server.closed("reset_by_peer") == 0


# --------------------------------------------------------------------------------- at a distance


@pytest.fixture(scope="module")
def far_away(tmp_path_factory):
    """A server whose packets take 300 ms to the clients, which is measured; its admin is a Unix socket."""
    admin = f"unix:{tmp_path_factory.mktemp('far')}/admin"
    with Link() as link, link.delayed(QUEUE_IN_MS):
        options = dict(listen=(f"{link.SERVER}:0",), admin=(admin,), wrapper=link.near.wrapper)
        with Echod("--accept-linger", f"{LINGER_AT_A_DISTANCE}s", **options) as server, link.far.entered():
            times = connect_times(server.address, 5)
            print(f"handshakes take {times} s")
            assert statistics.median(times) >= DISTANCE_IN_MS / 1000
            yield server


@pytest.mark.parametrize("drain", range(DRAINS_AT_A_DISTANCE))
def test_racing_clients_at_a_distance(far_away, drain):
    """Handshakes under way when the drain begins are completed and served: 0 reset, 0 hung."""
    race = Race(far_away.address, CLIENTS, LINGER_AT_A_DISTANCE, stagger=2 * DISTANCE_IN_MS / 1000)
    race.await_served(CLIENTS)
    waited = far_away.post("/drain?wait")
    race.result().check()
    assert (waited.code, waited.json["drain"]["accept_queue"]) == (200, "lossless")
    assert waited.json["drain"]["from_backlog"] > 0
    check_back(far_away)


def test_a_way_back_at_a_distance(far_away):
    """Handshakes that an old listener began are served by it while the new one serves the others: 0 reset."""
    stagger = 2 * DISTANCE_IN_MS / 1000
    race = Race(far_away.address, CLIENTS, LINGER_AT_A_DISTANCE, until_told=True, stagger=stagger)
    for _ in range(DRAINS_AT_A_DISTANCE):
        race.await_served(CLIENTS)
        assert far_away.post("/drain").code == 202
        eventually(lambda: is_refused(far_away.address), "refused")
        assert undrain(far_away).code == 200
    race.result().check()


# ----------------------------------------------------------------------------------- best effort


@pytest.mark.parametrize("drain", range(count(3, 100)))
def test_marks_that_are_forbidden(drain):
    """Reported at the start, in the status and at the end; the drain is still clean."""
    with Echod(listen=(LOCAL,), wrapper=WITHOUT_MARKS) as server:
        assert b"accept_queue=best_effort" in server.log
        race = Race(server.address, CLIENTS, LINGER_ON_LOOPBACK)
        race.await_served(2 * CLIENTS)
        waited = server.post("/drain?wait")
        assert (waited.code, waited.json["drain"]["accept_queue"]) == (200, "best_effort")
        outcomes = race.result()
        assert outcomes.served and outcomes.refused
        # And back, with a listener that cannot be marked, either.
        check_back(server)
        assert server.post("/drain?wait").json["drain"]["accept_queue"] == "best_effort"
        assert server.post("/shutdown").code == 202 and server.exit_code() == 0
        assert {line["accept_queue"] for line in drain_lines(server)} == {"best_effort"}


@pytest.mark.parametrize("drain", range(count(2, 20)))
def test_marks_that_fail_when_they_are_needed(drain):
    """The self-test was passed, setsockopt fails from then on: best_effort, a warning, a clean end."""
    with Echod(listen=(LOCAL,)) as server:
        assert b"best_effort" not in server.log
        fault = ["-e", "trace=setsockopt", "-e", "inject=setsockopt:error=EPERM"]
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", *fault, "-p", str(server.pid)])
        try:
            eventually(lambda: server.process.is_traced, "traced")
            race = Race(server.address, CLIENTS, LINGER_ON_LOOPBACK)
            race.await_served(CLIENTS)
            begun = server.post("/drain")
            assert begun.code == 202
            race.result()
            server.await_state("drained")
            assert drain_of(server)["accept_queue"] == "best_effort"
            assert b"cannot refuse them early" in server.log
            server.signal(signal.SIGTERM)
            assert server.exit_code() == 0
        finally:
            tracer.kill()
            tracer.wait()
        (line,) = drain_lines(server)
        assert (line["result"], line["accept_queue"]) == ("clean", "best_effort")


# ------------------------------------------------------------------------------------- the queue


@pytest.mark.parametrize("listeners", ["tcp", "unix", "both"])
@pytest.mark.parametrize("drain", range(count(2, 20)))
def test_those_in_the_queue(listeners, drain, tmp_path):
    """50 clients of each listener asked while the process was stopped: each is answered, from_backlog counts them."""
    addresses = {"tcp": (LOCAL,), "unix": (f"unix:{tmp_path}/echo",)}
    listen = addresses.get(listeners) or addresses["tcp"] + addresses["unix"]
    with Echod(listen=listen) as server:
        with server.stopped():
            clients = [Client(address) for address in server.listen for _ in range(50)]
            for index, client in enumerate(clients):
                client.send(b"client %d\n" % index)
            server.signal(signal.SIGTERM)
        for index, client in enumerate(clients):
            assert client.receive_all() == b"CLIENT %d\n" % index
            client.close()
        assert server.exit_code() == 0
        (line,) = drain_lines(server)
        assert (line["result"], line["accept_queue"]) == ("clean", "lossless")
        assert int(line["from_backlog"]) == int(line["closed"]) == int(line["at_mark"]) == len(clients)
