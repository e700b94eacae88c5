"""Random schedules: whatever is asked, signalled or left undone, the end comes in time."""

import concurrent.futures
import contextlib
import datetime
import http.client
import os
import re
import signal
import threading
import time
from random import Random, SystemRandom

from drains import LOCAL, drain_lines
from echod import PATIENCE, Client, Echod, ask, check_sums, count

SEED = int(os.environ.get("ECHOD_SEED", SystemRandom().randrange(1 << 32)))
SERVERS_AT_A_TIME = 4
CODES = {"clean": 0, "undrained": 0, "forced": 2, "lost": 3}
LINE = b"a line of a client that does not read its answers\n"
# What comes on top of the deadline when the process must end.
GRACE = 2
# Connections that are being cut are waited for no longer than this many seconds.
FORCING = 0.5


def in_parallel(work, number):
    """Runs `work` with this many seeds; each of them is named when its schedule fails."""
    print(f"ECHOD_SEED={SEED}")
    seeds = [f"{SEED}/{index}" for index in range(number)]

    def one(seed):
        try:
            return work(Random(seed))
        except BaseException as error:
            raise AssertionError(f"schedule {seed}: {error!r}") from error

    with concurrent.futures.ThreadPoolExecutor(SERVERS_AT_A_TIME) as pool:
        return list(pool.map(one, seeds))


# --------------------------------------------------------------------------------- stuck clients


def idle(client):
    assert client.asks(b"before\n") == b"BEFORE\n"


def half_typed(client):
    client.send(b"half")


def window_closed(client):
    client.socket.settimeout(0.05)
    with contextlib.suppress(TimeoutError):
        for _ in range(100):
            client.socket.send(LINE * 1000)


def half_closed(client):
    client.send(LINE * 2000)
    client.half_close()


def reset(client):
    client.send(LINE * 100)
    client.reset()


def silent(client):
    pass


KINDS = [idle, half_typed, window_closed, half_closed, reset, silent]


def stuck_clients(random, server, made):
    """Up to twelve clients of random kinds, none of which ever does anything again."""
    for _ in range(random.randrange(13)):
        client = made.enter_context(server.client(receive_buffer=4096))
        random.choice(KINDS)(client)


# -------------------------------------------------------------------------------- the worst case


def seconds(number):
    return f"{int(1000 * number)}ms"


def random_query(random):
    """Valid parameters; where the timeout is named it is short."""
    parts = []
    if random.random() < 0.5:
        timeout = random.uniform(0.1, 1)
        parts.append(f"timeout={seconds(timeout)}")
        if random.random() < 0.3:
            parts.append(f"delay={seconds(random.uniform(0, timeout * 0.9))}")
    if random.random() < 0.3:
        parts.append(f"mode={random.choice(['close', 'close', 'wait', 'abort'])}")
    return "?" + "&".join(parts)


def request(server, method, path):
    """An answer of the admin plane, or None when it is gone already; that it hangs is an error."""
    try:
        return ask(server.admin[0], method, path)
    except TimeoutError:
        raise AssertionError(f"no answer to {method} {path}") from None
    except (OSError, http.client.HTTPException):
        return None


def hold(random, server):
    request(server, "POST", "/drain" + random_query(random))


def undo(random, server):
    request(server, "DELETE", "/drain")


def pause(random, server):
    time.sleep(random.uniform(0, 0.3))


def shut_down(random, server):
    request(server, "POST", "/shutdown" + random_query(random))


def signals(random, server):
    """TERM or INT, which counts as naming --drain-timeout and cannot be taken back."""
    with contextlib.suppress(ProcessLookupError):
        server.signal(random.choice([signal.SIGTERM, signal.SIGINT]))


def worst_case(random):
    """One schedule. Returns by how much the end was later than the deadline."""
    timeout = random.uniform(0.1, 1.5)
    options = ["--drain-timeout", seconds(timeout), "--drain-mode", random.choice(["close", "close", "wait"])]
    options += ["--accept-linger", seconds(random.choice([0, 0.05, 1]))]
    options += ["--linger", random.choice(["100ms", "1m"])]
    options += ["--drain-spread", seconds(random.choice([0, 0, 1])), "--loops", str(random.choice([1, 2]))]
    with Echod(*options, listen=(LOCAL,)) as server, contextlib.ExitStack() as made:
        stuck_clients(random, server, made)
        for _ in range(random.randrange(6)):
            random.choice([hold, undo, pause, pause])(random, server)
        begin = time.monotonic()
        signals(random, server)
        for _ in range(random.randrange(4)):
            random.choice([hold, undo, shut_down, pause, pause, signals])(random, server)
        code = server.exit_code(patience=timeout + GRACE + PATIENCE)
        late = time.monotonic() - begin - timeout
        assert late <= GRACE, f"gone {late:.2f} s after its deadline"
        check_end(server, code)
        return late


def check_end(server, code):
    """The exit code is that of the last drain that was not undrained, and the log shows no crash."""
    assert b"Fatal error" not in server.log
    assert code in CODES.values(), f"exit code {code}"
    lines = [line for line in drain_lines(server) if line["result"] != "undrained"]
    expected = {CODES[lines[-1]["result"]] if lines else 0}
    # When half a second was not enough to cut everything, a loss that is counted later makes the code worse.
    if lines and lines[-1]["result"] == "forced" and time_of_forcing(server) >= FORCING:
        expected.add(CODES["lost"])
    assert code in expected, (code, drain_lines(server))


def time_of_forcing(server):
    """How long the last drain that was forced cut its connections, in seconds by the log's clock, which shows thousandths."""
    times = re.findall(r"^(\S+)Z \w+ (forcing|drain forced)\b", server.log.decode(), re.MULTILINE)
    begin, end = [datetime.datetime.fromisoformat(time) for time, _ in times[-2:]]
    assert [word for _, word in times[-2:]] == ["forcing", "drain forced"]
    return (end - begin).total_seconds() + 0.002


def test_the_worst_case():
    """It is gone by the timeout of its first signal plus 2 s, over random requests, signals and stuck clients."""
    late = in_parallel(worst_case, count(25, 200))
    print(f"{len(late)} schedules, ends {min(late):.2f} to {max(late):.2f} s after the deadline")


# --------------------------------------------------------------------------------- eight threads


class Watcher:
    """Asks for the status all the time, and checks what must be true of any two of them."""

    def __init__(self):
        self.seen = 0
        self.timeouts, self.intents = {}, {}

    def check(self, status):
        check_sums(status)
        self.seen += 1
        drain = status["drain"]
        if drain is None:
            return
        number = drain["id"]
        # From the trigger to the deadline: it may only become less.
        assert drain["timeout_ms"] <= self.timeouts.get(number, drain["timeout_ms"]), drain
        self.timeouts[number] = drain["timeout_ms"]
        intents = self.intents.setdefault(number, drain["intent"]), drain["intent"]
        assert intents != ("exit", "hold"), drain
        self.intents[number] = drain["intent"]
        assert drain["closed"] >= 0 and drain["at_mark"] >= 0 and drain["from_backlog"] >= 0
        assert (status["exit_code"] is None) == (status["state"] not in ("drained", "exiting")), status
        assert status["ready"] == (status["state"] == "serving")


def hammer(random, server, over, watcher):
    """What one of the eight threads does: TERM and INT rarely, because after them no undrain is possible."""
    while not over.is_set():
        move = random.random()
        if move < 0.02:
            signals(random, server)
        elif move < 0.3:
            hold(random, server)
        elif move < 0.35:
            shut_down(random, server)
        elif move < 0.6:
            undo(random, server)
        elif move < 0.8:
            visit(random, server)
        else:
            answer = request(server, "GET", "/status")
            # A client that asks at the very last moment is told so, or is refused.
            if answer and not (answer.code == 503 and "The server is stopping" in answer.text):
                watcher.check(answer.json)


def visit(random, server):
    """A client that asks: it is answered, refused, sees end of file, or is reset by a drain that cuts."""
    gone = (ConnectionRefusedError, ConnectionResetError, BrokenPipeError)
    with contextlib.suppress(*gone), Client(server.address) as client:
        answer = client.asks(b"visit\n")
        assert b"VISIT\n".startswith(answer), answer


def eight_threads(random):
    """One schedule. Returns how many statuses were looked at."""
    timeout = random.uniform(0.1, 0.6)
    options = ["--drain-timeout", seconds(timeout), "--loops", "2"]
    with Echod(*options, listen=(LOCAL,)) as server, contextlib.ExitStack() as made:
        stuck_clients(random, server, made)
        over, watchers = threading.Event(), [Watcher() for _ in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            sources = [Random(random.random()) for _ in watchers]
            works = [
                pool.submit(hammer, source, server, over, watcher)
                for source, watcher in zip(sources, watchers)
            ]
            try:
                time.sleep(random.uniform(0.1, 0.6))
                begin = time.monotonic()
                signals(random, server)
                code = server.exit_code(patience=timeout + GRACE + PATIENCE)
                late = time.monotonic() - begin - timeout
            finally:
                over.set()
            for work in works:
                work.result(PATIENCE)
        assert late <= GRACE, f"gone {late:.2f} s after its deadline"
        check_end(server, code)
        return sum(watcher.seen for watcher in watchers)


def test_eight_threads():
    """TERM, INT, POST, DELETE and clients at random: no crash, no hang, and every status is true."""
    seen = in_parallel(eight_threads, count(40, 1000))
    print(f"{len(seen)} schedules, {sum(seen)} statuses")
