"""The drain as an orchestrator meets it: verbs, probes, waiting, joining, signals, exit codes."""

import contextlib
import signal
import socket
import threading
import time

import pytest
from echod import Background, Client, Echod, ask, count, endpoint, eventually, is_refused


@contextlib.contextmanager
def half_typed(server, text=b"half"):
    """A client whose unfinished line keeps a drain from ending until it is finished or the deadline comes."""
    with server.client() as client:
        client.send(text)
        server.await_row(client, partial_line=len(text))
        yield client


def finish(client, text=b"half"):
    """The line is finished and answered, then end of file comes."""
    client.send(b"\n")
    assert client.receive_all() == text.upper() + b"\n"
    client.close()


class Prober:
    """Asks `path` every 20 ms, on a new connection each time, and keeps when and what came back."""

    def __init__(self, server, path="/livez"):
        self.answers = []
        self._address, self._path = server.admin[0], path
        self._over = threading.Event()
        self._work = Background(self._run)

    def _run(self):
        while not self._over.wait(0.02):
            begin = time.monotonic()
            try:
                outcome = ask(self._address, "GET", self._path, timeout=5).code
            except OSError as error:
                outcome = error
            self.answers.append((begin, time.monotonic(), outcome))

    def __enter__(self):
        eventually(lambda: self.answers, "a first probe")
        return self

    def __exit__(self, *_):
        self._over.set()
        self._work.result()

    def outcomes(self, until):
        """What came back by that time."""
        return {outcome for begin, end, outcome in self.answers if end <= until}


def test_drain_keeps_the_process():
    """/drain: 202, drained, not ready but alive, refusing; a second is over already; /shutdown exits."""
    with Echod() as server:
        first = server.post("/drain")
        assert first.code == 202 and first.json["joined"] is False
        assert (first.json["drain"]["intent"], first.json["drain"]["trigger"]) == ("hold", "api")
        server.await_state("drained")
        assert is_refused(server.address) and server.is_running
        ready = server.get("/readyz")
        assert (ready.code, ready.text.strip()) == (503, "drained")
        for path in ("/livez", "/startupz"):
            assert server.get(path).code == 200
        status = server.status()
        assert (status["drain"]["result"], status["exit_code"], status["ready"]) == ("clean", 0, False)
        assert status["drain"]["accept_queue"] == "lossless"

        again = server.post("/drain?wait")
        assert (again.code, again.json["drain"]["id"]) == (200, 1)
        assert server.post("/drain").code == 202
        assert server.is_running
        assert server.post("/shutdown?wait").code == 200
        assert server.exit_code() == 0
        assert server.nothing_is_left()


def test_probes_before_a_drain():
    with Echod() as server:
        for path in ("/livez", "/healthz", "/readyz", "/health", "/startupz"):
            answer = server.get(path)
            assert (answer.code, answer.text.strip()) == (200, "ok")
        assert server.status()["drain"] is None and server.status()["exit_code"] is None


def test_wait_is_over_before_the_drain():
    """504 when its time is over, the drain goes on; the next waiter gets the end."""
    with Echod() as server, half_typed(server) as client:
        limited = server.post("/drain?wait=200ms")
        assert limited.code == 504 and limited.json["state"] == "draining"
        assert limited.json["drain"]["result"] is None
        with Background(server.post, "/drain?wait") as waiter:
            eventually(lambda: server.status()["drain"]["waiters"] == 1, "one waiter")
            finish(client)
            assert waiter.result().code == 200
        assert waiter.result().json["state"] == "drained"


def test_a_waiter_that_hangs_up_cancels_nothing():
    with Echod() as server, half_typed(server) as client:
        with Client(server.admin[0]) as waiter:
            waiter.send(b"POST /shutdown?wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 1, "one waiter")
            waiter.reset()
        finish(client)
        assert server.exit_code() == 0


def test_joining():
    """A second verb joins: same drain, the nearer deadline, intent exit from then on."""
    with Echod() as server, half_typed(server) as client:
        first = server.post("/drain?timeout=1h").json
        assert (first["joined"], first["drain"]["intent"]) == (False, "hold")
        assert first["drain"]["timeout_ms"] == 3_600_000
        later = server.post("/drain?timeout=2h").json
        assert later["joined"] is True and later["drain"]["deadline_in_ms"] <= 3_600_000
        nearer = server.post("/shutdown?timeout=30s").json
        assert nearer["joined"] is True and nearer["drain"]["id"] == 1
        assert nearer["drain"]["deadline_in_ms"] <= 30_000 and nearer["drain"]["intent"] == "exit"
        assert server.post("/drain").json["drain"]["intent"] == "exit"
        finish(client)
        assert server.exit_code() == 0


def test_very_many_at_once():
    """A storm of POST: one drain, which all of them started or joined."""
    with Echod() as server, half_typed(server) as client:
        works = [Background(server.post, "/shutdown") for _ in range(40)]
        answers = [work.result() for work in works]
        assert {answer.code for answer in answers} == {202}
        assert sorted(answer.json["joined"] for answer in answers) == [False] + 39 * [True]
        assert {answer.json["drain"]["id"] for answer in answers} == {1}
        finish(client)
        assert server.exit_code() == 0


def test_too_many_waiters():
    """The seventeenth waiter is told to come again; probes are answered; the drain is on."""
    with Echod() as server, half_typed(server) as client:
        waiters = [Background(server.post, "/shutdown?wait") for _ in range(16)]
        eventually(lambda: (server.status()["drain"] or {}).get("waiters") == 16, "16 waiters")
        refused = server.post("/shutdown?wait")
        assert refused.code == 503 and int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert server.get("/livez").code == 200
        finish(client)
        assert {waiter.result().code for waiter in waiters} == {200}
        assert server.exit_code() == 0


@pytest.mark.parametrize("schedule", range(count(3, 20)))
def test_signal_and_post_at_once(schedule):
    """TERM, INT and POST together: one drain, one end."""
    with Echod() as server, half_typed(server) as client:
        together = threading.Barrier(3)

        def do(action, *arguments):
            together.wait()
            return action(*arguments)

        works = [
            Background(do, server.signal, signal.SIGTERM),
            Background(do, server.signal, signal.SIGINT),
            Background(do, server.post, "/shutdown"),
        ]
        assert [work.result() for work in works][2].code == 202
        server.logged("signal", "INT"), server.logged("signal", "TERM")
        status = server.status()
        assert status["drain"]["id"] == 1 and status["state"] == "draining"
        assert status["drain"]["trigger"] in ("api", "signal:TERM", "signal:INT")
        finish(client)
        assert server.exit_code() == 0
        assert server.log.count(b" drain clean ") == 1


def test_lame_duck():
    """During the delay: not ready, alive, and new clients are served; then it drains."""
    with Echod() as server:
        begin = time.monotonic()
        answer = server.post("/shutdown?delay=2s")
        assert (answer.code, answer.json["state"]) == (202, "lame_duck")
        assert answer.json["drain"]["delay_ms"] == 2000
        assert (server.get("/readyz").code, server.get("/readyz").text.strip()) == (503, "lame_duck")
        assert server.get("/livez").code == 200
        with server.client() as client:
            assert client.asks(b"still\n") == b"STILL\n"
            assert client.receive_all() == b""
            assert time.monotonic() - begin >= 2
        assert server.exit_code() == 0


def test_lame_duck_from_the_command_line_ends_earlier_when_told():
    """--drain-delay counts for signals too; a request that names a shorter delay ends it."""
    with Echod("--drain-timeout", "60s", "--drain-delay", "50s") as server:
        server.signal(signal.SIGTERM)
        server.await_state("lame_duck")
        with server.client() as client:
            assert client.asks(b"still\n") == b"STILL\n"
        assert server.post("/shutdown?delay=0s").json["joined"] is True
        assert server.exit_code() == 0


def test_mode_wait():
    """Echo goes on as if nothing happened, new clients are refused, until the client ends."""
    with Echod() as server, server.client() as client:
        assert client.asks(b"before\n") == b"BEFORE\n"
        assert server.post("/shutdown?mode=wait").json["drain"]["mode"] == "wait"
        eventually(lambda: is_refused(server.address), "new clients refused")
        for _ in range(100):
            assert client.asks(b"during\n") == b"DURING\n"
        client.half_close()
        assert client.receive_all() == b""
        assert server.exit_code() == 0


def test_mode_wait_becomes_close():
    """Before the deadline it closes like mode close: the client loses nothing and sees end of file."""
    with Echod("--drain-mode", "wait") as server, server.client() as client:
        assert client.asks(b"before\n") == b"BEFORE\n"
        server.post("/shutdown?timeout=3s")
        assert client.asks(b"during\n") == b"DURING\n"
        assert client.receive_all() == b""
        client.close()
        assert server.exit_code() == 0


@pytest.mark.parametrize(
    "query",
    ["mode=later", "mode=", "mode=CLOSE", "timeout=20", "timeout=1ms", "timeout=25h", "delay=-1s"]
    + ["wait=soon", "delay=20s", "delay=2s&timeout=1s", "tiemout=5s", "timeout=5s&timeout=6s", "wait&wait"]
    + ["format=text"],
)
def test_what_does_not_parse_starts_nothing(query):
    """400 with a problem that tells what to do, and the service goes on."""
    with Echod() as server:
        for verb in ("/drain", "/shutdown"):
            answer = server.post(f"{verb}?{query}")
            assert answer.code == 400 and answer.headers["Content-Type"] == "application/problem+json"
            assert query.partition("=")[0].partition("&")[0] in answer.json["detail"]
        assert server.state == "serving" and server.status()["drain"] is None


def test_wrong_method_and_body_start_nothing():
    with Echod() as server:
        for verb in ("/drain", "/shutdown"):
            answer = server.get(verb)
            assert answer.code == 405 and "POST" in answer.headers["Allow"]
        with Client(server.admin[0]) as client:
            client.send(b"POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\nmode=ab")
            assert client.receive(12) == b"HTTP/1.1 400"
        foreign = server.post("/drain", headers={"Host": "evil.example"})
        cross_site = server.post("/drain", headers={"Sec-Fetch-Site": "cross-site"})
        assert (foreign.code, cross_site.code) == (403, 403)
        assert server.state == "serving"


@pytest.mark.parametrize("trigger", ["post", "TERM"])
def test_admin_answers_during_the_whole_drain(trigger):
    """Liveness never fails until `wait` is answered, whatever clients do; readiness says no at once."""
    with Echod() as server, Prober(server) as live, half_typed(server) as half, server.client() as idle:
        server.await_active(2)
        if trigger == "TERM":
            server.signal(signal.SIGTERM)
            server.await_state("draining")
        waiter = Background(server.post, "/shutdown?wait")
        assert idle.receive_all() == b""
        begin = time.monotonic()
        with Prober(server, "/readyz") as ready:
            eventually(lambda: len(ready.answers) >= 25, "25 probes in the drain")
            assert ready.outcomes(until=time.monotonic()) == {503}
        idle.close()
        finish(half)
        answer = waiter.result()
        over = time.monotonic()
        assert (answer.code, answer.json["state"]) == (200, "exiting")
        assert answer.json["drain"]["result"] == "clean"
        # The waiter's thread may be late; the server's own end cannot be before what it said here.
        assert server.exit_code() == 0
        assert live.outcomes(until=begin) == {200}
        failures = [entry for entry in live.answers if entry[2] != 200 and entry[1] <= over]
        assert len(failures) <= 1 and all(isinstance(entry[2], OSError) for entry in failures), failures


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_each_signal_without_clients(number):
    """Exit 0, nothing left, within the accept linger and a moment."""
    with Echod() as server:
        server.signal(number)
        assert server.exit_code() == 0
        assert server.nothing_is_left()


def test_signal_after_drained():
    """A drained process that stayed alive ends at the first signal."""
    with Echod() as server:
        server.post("/drain?wait")
        server.signal(signal.SIGTERM)
        assert server.exit_code() == 0


def test_deadline_of_a_drain_that_holds():
    """/drain cuts at its deadline, tells the waiter, and keeps the process; the exit code is the drain's."""
    with Echod() as server, half_typed(server) as client:
        begin = time.monotonic()
        answer = server.post("/drain?timeout=500ms&wait")
        took = time.monotonic() - begin
        assert (answer.code, answer.json["drain"]["result"], answer.json["exit_code"]) == (500, "forced", 2)
        assert 0.5 <= took <= 2.5 and answer.json["drain"]["incomplete"] == 4
        assert client.receive_until_reset() == b""
        server.post("/shutdown")
        assert server.exit_code() == 2


def test_a_stopped_and_continued_drain_keeps_its_deadline():
    """The time during which the process is stopped counts: it ends soon after it continues."""
    with Echod("--drain-timeout", "2s") as server, half_typed(server):
        server.signal(signal.SIGTERM)
        server.await_state("draining")
        begin = time.monotonic()
        with server.stopped():
            time.sleep(2.2)
        assert server.exit_code() == 2
        assert time.monotonic() - begin <= 4


@pytest.mark.parametrize("mode", ["upper", "verbatim"])
def test_a_client_that_sends_for_ever(mode):
    """It reads a prefix of its answers, in upper mode whole lines, then end of file, no reset; exit 0."""
    line = b"line after line\n"
    with Echod("--mode", mode, "--linger", "500ms") as server, server.client() as client:
        over = threading.Event()
        sent = 0

        def send():
            nonlocal sent
            while not over.is_set():
                client.send(line)
                sent += len(line)

        with Background(send):
            try:
                got = client.receive(10_000 * len(line))
                server.post("/shutdown")
                got += client.receive_all()
            finally:
                over.set()
        client.close()
        assert len(got) <= sent and (mode == "verbatim" or got.endswith(b"\n"))
        whole = line * (len(got) // len(line) + 1)
        assert got == (whole.upper() if mode == "upper" else whole)[: len(got)]
        assert server.exit_code() == 0
        assert b"drain clean" in server.log


def test_spread():
    """Connections are closed one after the other over the given time, in which they are still served."""
    with Echod("--drain-spread", "1s") as server:
        clients = [server.client() for _ in range(20)]
        for client in clients:
            assert client.asks(b"before\n") == b"BEFORE\n"
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        blockers = lambda: {row["blocked_on"] for row in server.connections()}
        eventually(lambda: "spread_turn" in blockers(), "one that waits for its turn")

        def end_of(client):
            assert client.receive_all() == b""
            client.close()
            return time.monotonic() - begin

        ends = sorted(work.result() for work in [Background(end_of, client) for client in clients])
        # All in the same tenth: once in 10^19 runs.
        assert ends[-1] - ends[0] >= 0.1, ends
        assert server.exit_code() == 0


def test_other_admin_clients_do_not_delay_probes(tmp_path):
    """Requests that never end hold their places; probes from elsewhere and over Unix are answered."""
    with Echod(admin=("127.0.0.1:0", f"unix:{tmp_path}/admin")) as server:
        slow = []
        for _ in range(60):
            client = socket.socket()
            client.bind(("127.0.0.2", 0))
            client.connect(endpoint(server.admin[0])[1])
            with contextlib.suppress(OSError):
                client.sendall(b"GET /livez HTTP/1.1\r\nHost: local")
            slow.append(client)
        for address in server.admin:
            for _ in range(20):
                assert ask(address, "GET", "/livez", timeout=2).code == 200
        assert server.post("/shutdown?wait").code == 200
        assert server.exit_code() == 0
        for client in slow:
            client.close()
