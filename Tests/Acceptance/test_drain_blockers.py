"""Ten kinds of client hold up one drain: why, how each ends, and figures that agree everywhere."""

import array
import contextlib
import fcntl
import json
import termios
import time

import pytest
from drains import LOCAL, Link, drain_lines, drain_of
from echod import Background, Client, Echod, answer_of, eventually, run

TIMEOUT = 8
LINE = b"a line of a client that does not read its answers\n"
HALF = b"half"
LATE = b"too late\n" * 50
QUESTION = b"unheard answer\n"
FIGURES = "abandoned_by_peer at_mark closed incomplete late_discarded lost_received lost_sent".split()

BLOCKED = {
    "partial_line": {"half_typed"},
    "peer_read": {"window_closed", "resetting", "slow", "half_closed", "dead_with_answer"},
    "peer_close": {"idle", "late", "never_closing", "flowing", "dead"},
}
REASONS = {
    "drained": {"idle", "late", "never_closing", "flowing", "slow", "dead"},
    "forced": {"half_typed", "window_closed", "dead_with_answer"},
    "peer_closed": {"half_closed"},
    "reset_by_peer": {"resetting"},
}
NUMBER = sum(map(len, BLOCKED.values()))


class Crowd:
    """One client of each kind, two dead ones, each in the state that its kind is named after."""

    def __init__(self, server, link, made):
        self.server, self.link, self.clients = server, link, {}
        self._made = made
        for name in ("idle", "late", "never_closing", "flowing"):
            assert self._add(name).asks(b"before\n") == b"BEFORE\n"
        self._add("half_typed").send(HALF)
        for name in ("window_closed", "resetting", "slow"):
            # More than the server can even read.
            self._add(name, receive_buffer=4096).send_until_blocked(LINE)
        self._add("half_closed", receive_buffer=4096).send(LINE * 2000)
        self["half_closed"].half_close()
        with link.far.entered():
            for name in ("dead", "dead_with_answer"):
                assert self._add(name, server.listen[1]).asks(b"before\n") == b"BEFORE\n"
        self.names = {name: client.name for name, client in self.clients.items()}
        self.flowed = 0
        self.flow = Background(self._flow)
        self._settle()

    def _add(self, name, address=None, **options):
        self.clients[name] = self._made.enter_context(Client(address or self.server.address, **options))
        return self.clients[name]

    def __getitem__(self, name):
        return self.clients[name]

    def _flow(self):
        """Asks and reads as fast as it can until end of file, and then sends on."""
        while self["flowing"].asks(b"flowing\n") == b"FLOWING\n":
            self.flowed += 1
        self["flowing"].send(LATE)

    def _settle(self):
        """Waits until each client is in its state; the cable is cut with a question in the server's kernel."""
        eventually(lambda: self.flowed > 10, "a flow")
        self.server.await_row(self["half_typed"], partial_line=len(HALF))
        self.server.await_row(self["half_closed"], state="half_closed")
        with self.server.stopped():
            self["dead_with_answer"].send(QUESTION)
            eventually(lambda: self["dead_with_answer"].unacknowledged == 0, "a question that has arrived")
            self.link.cut()
        self.server.await_row(self["dead_with_answer"], unacked=len(QUESTION))
        # Input that is never read: the sum of what is lost depends on it.
        self.unread = {name: self._stuck_input(name) for name in ("window_closed", "resetting", "slow")}

    def _stuck_input(self, name):
        """Bytes that wait unread in the server's kernel, once they do not change any more."""
        rows = [None]
        figures = ("received", "unread", "unacked")

        def same():
            rows.append(self.server.row(self[name]))
            return rows[-2] and all(rows[-2][key] == rows[-1][key] for key in figures)

        eventually(same, f"{name} is not read any more")
        assert rows[-1]["unread"] > 0 and rows[-1]["unacked"] > 0
        return rows[-1]["unread"]

    @property
    def arrived(self):
        """Bytes of answers in the kernel of the client that will reset."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self["resetting"].socket, termios.FIONREAD, waiting)
        return waiting[0]

    def act(self):
        """What they do in the drain, most of them nothing. Returns how many bytes the reset throws away."""
        assert self["half_closed"].receive_all() == answer_of(LINE * 2000)
        arrived = self.arrived
        self["resetting"].reset()
        self["late"].send(LATE)
        self.server.await_row(self["late"], late_discarded=len(LATE))
        flowing = self["flowing"]
        eventually(lambda: self.server.row(flowing)["late_discarded"] >= len(LATE), "late bytes counted")
        for name in ("late", "idle", "flowing"):
            self[name].close()
        self._read_slowly(self["slow"])
        return arrived

    def _read_slowly(self, client):
        """A bit at a time at first: whole lines, a prefix of the answers, then end of file."""
        got = b""
        for _ in range(20):
            got += client.receive(1000)
            time.sleep(0.01)
        got += client.receive_all()
        assert got == answer_of(LINE) * (len(got) // len(LINE))
        client.close()


def check_waiting(server):
    """Mode wait: all are waited for, nobody is marked, the flow goes on."""
    status = server.status()
    assert (status["drain"]["mode"], status["drain"]["at_mark"]) == ("wait", 0)
    # A client that does not read is waited for, too. A sample is valid for twenty times what taking it cost.
    expected = {"peer_close": NUMBER - 1, "peer_read": 1}
    eventually(lambda: server.status()["drain"]["blocked_on"] == expected, f"waiting for {expected}")
    assert status["connections"]["active"] == NUMBER


def check_blocked(server, crowd):
    """/status and /connections name the same clients for each reason, and leave nobody out."""
    numbers = {blocker: len(kinds) for blocker, kinds in BLOCKED.items()}
    eventually(lambda: drain_of(server)["blocked_on"] == numbers, f"blocked_on {numbers}")
    rows = server.connections()
    for blocker, kinds in BLOCKED.items():
        peers = {crowd.names[kind] for kind in kinds}
        assert {row["peer"] for row in rows if row["blocked_on"] == blocker} == peers
        assert {row["peer"] for row in server.connections(f"blocked_on={blocker}")} == peers
    assert server.status()["connections"]["active"] == len(rows) == NUMBER
    assert [row["peer"] for row in server.connections("state=half_closed")] == [crowd.names["half_closed"]]
    assert server.connections("state=open") == []


def check_ends(server, crowd):
    """Each ended for its own reason, in /status and in the rows of the closed, which hold up nothing."""
    rows = {row["peer"]: row for row in server.connections("state=closed&limit=1000")}
    for reason, kinds in REASONS.items():
        assert {name for name, peer in crowd.names.items() if rows[peer]["reason"] == reason} == kinds
        assert server.closed(reason) == len(kinds)
    assert {row["blocked_on"] for row in rows.values()} == {None} and len(rows) == NUMBER
    return {name: rows[peer] for name, peer in crowd.names.items()}


def losses(rows, unread, answers, arrived):
    """What the rows of the closed, and what their clients have in hand, say about the bytes of the drain."""
    stuck, reset = rows["window_closed"], rows["resetting"]
    # Lines of one length, and answers of the same length.
    generated = stuck["lines"] * len(LINE)
    received = generated + stuck["partial_line"] + unread
    whole = received // len(LINE) * len(LINE)
    return {
        "at_mark": NUMBER - 1,  # the half-closed one was ending already
        "closed": NUMBER,
        "lost_received": whole - generated,
        "lost_sent": generated - answers + len(QUESTION),
        "abandoned_by_peer": reset["lines"] * len(LINE) - arrived,
        "incomplete": received - whole + reset["partial_line"] + len(HALF),
        "late_discarded": sum(row["late_discarded"] for row in rows.values()),
    }


@pytest.mark.parametrize("mode", ["close", "wait"])
def test_ten_kinds_at_once(mode, tmp_path):
    """Each holds it up and ends as the contract says; every figure is the same everywhere."""
    with contextlib.ExitStack() as made:
        link = made.enter_context(Link())
        made.enter_context(link.near.entered())
        report = ["--report", str(tmp_path / "report")] if "--report" in run("--help").stdout else []
        options = ["--accept-linger", "100ms", "--linger", "1m", "--drain-mode", mode, *report]
        server = made.enter_context(Echod(*options, listen=(LOCAL, f"{link.SERVER}:0")))
        crowd = Crowd(server, link, made)

        waiter = Background(server.post, f"/drain?timeout={TIMEOUT}s&wait")
        server.await_state("draining")
        if mode == "wait":
            check_waiting(server)
            assert server.post("/drain?mode=close").json["drain"]["mode"] == "close"
        for name in ("idle", "late", "never_closing"):
            assert crowd[name].receive_all() == b""
        crowd.flow.result()
        check_blocked(server, crowd)
        arrived = crowd.act()

        over = waiter.result()
        assert (over.code, over.json["drain"]["result"], over.json["exit_code"]) == (500, "lost", 3)
        answers = crowd["window_closed"].receive_until_reset()
        assert answers == (LINE.upper() * (len(answers) // len(LINE) + 1))[: len(answers)]
        rows = check_ends(server, crowd)
        expected = losses(rows, crowd.unread["window_closed"], len(answers), arrived)
        assert {key: drain_of(server)[key] for key in FIGURES} == expected
        assert {key: over.json["drain"][key] for key in FIGURES} == expected
        (line,) = drain_lines(server)
        assert {key: int(line[key]) for key in FIGURES} == expected and line["result"] == "lost"
        assert server.post("/shutdown").code == 202 and server.exit_code() == 3
        if report:
            written = json.loads((tmp_path / "report").read_text())
            assert {key: written["drain"][key] for key in FIGURES} == expected and written["exit_code"] == 3
