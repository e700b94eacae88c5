"""For tests of the drain: racing clients, networks of their own, a kernel that cannot refuse."""

import contextlib
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

from echod import PATIENCE, Background, Client, ask, endpoint, eventually

# Its clients come from 127.0.0.1, so none can get the server's address as its own and connect to itself.
LOCAL = "127.77.0.1:0"
BINDS_TO_INTERFACE = 62
LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_marks.py")
# Starts echod where setsockopt(SO_BINDTOIFINDEX) is forbidden and everything else works as before.
WITHOUT_MARKS = (sys.executable, LAUNCHER, str(BINDS_TO_INTERFACE))


def drain_lines(server):
    """The log's lines about ended drains: the result and the figures of each."""
    lines = re.findall(r" drain (clean|forced|lost|undrained) (.*)", server.log.decode())
    return [{"result": result} | dict(re.findall(r"(\w+)=(\S+)", fields)) for result, fields in lines]


def drain_of(server):
    return server.status()["drain"] or {}


def settled(server):
    """The status, once two in a row agree about connections, bytes and lines."""

    def same():
        first, second = server.status(), server.status()
        return second if all(first[key] == second[key] for key in ("bytes", "connections", "lines")) else None

    return eventually(same, "figures that stand still")


# -------------------------------------------------------------------------------- racing clients


class Outcomes:
    """What happened to clients that raced with a drain."""

    def __init__(self):
        self.served = self.refused = self.repeated = self.silent = 0
        self.resets, self.wrong = [], []

    def add(self, other):
        self.served += other.served
        self.refused += other.refused
        self.repeated += other.repeated
        self.silent += other.silent
        self.resets += other.resets
        self.wrong += other.wrong

    def __str__(self):
        return (
            f"{self.served} served, {self.refused} refused ({self.repeated} not at once), "
            f"{len(self.resets)} reset {self.resets[:5]}, {self.silent} too late, wrong: {self.wrong[:5]}"
        )

    def check(self):
        """Every client that got in was answered and none was reset; the others were refused at once.

        One SYN may be lost: the kernel drops it when the mark is set while it handles it (faults.md, section 2.2).
        """
        assert not self.resets and not self.wrong and self.repeated <= 1, str(self)
        assert self.served and self.refused, str(self)


class Connector:
    """Connects, asks, reads and closes in a tight loop, until it is refused or told to stop."""

    def __init__(self, address, index, linger, over=None, begins_after=0, pause=0):
        self.target = endpoint(address)
        self.begins_after = begins_after
        # In seconds, after a refusal.
        self.pause = pause
        self.index, self.linger = index, linger
        # Set: the loop ends; None: it ends when refused.
        self.over = over
        self.outcomes = Outcomes()

    def run(self):
        time.sleep(self.begins_after)
        while not (self.over and self.over.is_set()):
            if not self.once():
                if not self.over:
                    break
                time.sleep(self.pause)
        return self.outcomes

    def once(self):
        """One client's life; false when it was refused."""
        family, address = self.target
        begin = time.monotonic()
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            try:
                client.connect(address)
            except (ConnectionRefusedError, FileNotFoundError):
                self.outcomes.refused += 1
                self.outcomes.repeated += family != socket.AF_UNIX and repeated_segments(client) > 0
                return False
            except OSError as error:
                # Neither accepted nor refused: it hung, or was reset in its handshake.
                self.outcomes.wrong.append(f"connect: {error!r}")
                return False
            self.ask(client, begin)
        return True

    def ask(self, client, begin):
        line = b"client %d line %d\n" % (self.index, self.outcomes.served)
        try:
            client.sendall(line)
            # A first line that is later than that may find the connection closed.
            in_time = time.monotonic() - begin < self.linger
            answer = receive(client, len(line))
        except (ConnectionResetError, BrokenPipeError) as error:
            return self.outcomes.resets.append(repr(error))
        except OSError as error:
            return self.outcomes.wrong.append(f"no answer: {error!r}")
        if answer == line.upper():
            self.outcomes.served += 1
        elif answer == b"" and not in_time:
            self.outcomes.silent += 1
        else:
            self.outcomes.wrong.append(f"{answer!r} instead of {line.upper()!r}")


def receive(client, size):
    parts = b""
    while len(parts) < size and (part := client.recv(size - len(parts))):
        parts += part
    return parts


def repeated_segments(client):
    """How often the kernel sent something again on this TCP connection (tcpi_total_retrans)."""
    info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack("I", info[100:104])[0]


class Race:
    """Connectors under way; they end when refused or, with `until_told`, at `result()`.

    They begin one after the other over `stagger` seconds, so that they are not all at the same step.
    """

    def __init__(self, address, clients, linger, until_told=False, stagger=0, pause=0):
        self.over = threading.Event() if until_told else None
        self.connectors = [
            Connector(address, index, linger, self.over, begins_after=stagger * index / clients, pause=pause)
            for index in range(clients)
        ]
        self.works = [Background(connector.run) for connector in self.connectors]

    @property
    def served(self):
        return sum(connector.outcomes.served for connector in self.connectors)

    def await_served(self, more):
        """Waits until this many more clients were answered."""
        goal = self.served + more
        eventually(lambda: self.served >= goal, f"{goal} clients served")

    def result(self):
        if self.over:
            self.over.set()
        sum_of_all = Outcomes()
        for work in self.works:
            sum_of_all.add(work.result())
        print(sum_of_all)
        return sum_of_all


# -------------------------------------------------------------------------------------- networks


LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NETWORK = 0x40000000
SEND_BUFFER_FORCE = 32


class Namespace:
    """A network namespace, held by a process that the kernel ends with this one; then the namespace is gone."""

    def __init__(self):
        keeper = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
        self._keeper = subprocess.Popen(keeper, stderr=subprocess.PIPE, text=True)
        try:
            eventually(self._exists, "a network namespace, which needs CAP_SYS_ADMIN")
            self.command("ip", "link", "set", "lo", "up")
        except BaseException:
            self.remove()
            raise

    def _exists(self):
        assert self._keeper.poll() is None, f"no network namespace: {self._keeper.stderr.read()}"
        return os.readlink(self.path) != os.readlink("/proc/self/ns/net")

    @property
    def pid(self):
        return self._keeper.pid

    @property
    def path(self):
        return f"/proc/{self.pid}/ns/net"

    @property
    def wrapper(self):
        """Put before a command, it runs that in this namespace."""
        return ("nsenter", f"--net={self.path}")

    def command(self, *words):
        result = subprocess.run([*self.wrapper, *words], capture_output=True, text=True, timeout=PATIENCE)
        assert result.returncode == 0, f"{' '.join(words)}: {result.stderr}"
        return result.stdout

    @contextlib.contextmanager
    def entered(self):
        """This thread and those it starts make their sockets in this namespace while the block runs."""
        with open("/proc/thread-self/ns/net") as home, open(self.path) as here:
            move_to(here)
            try:
                yield
            finally:
                move_to(home)

    def remove(self):
        self._keeper.kill()
        self._keeper.wait()
        self._keeper.stderr.close()


def move_to(namespace):
    if LIBC.setns(namespace.fileno(), NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


class Link:
    """Two namespaces with a cable between them: `near` is the server's, `far` the clients'."""

    SERVER, CLIENTS = "10.77.0.1", "10.77.0.2"

    def __enter__(self):
        with contextlib.ExitStack() as made:
            self.near = Namespace()
            made.callback(self.near.remove)
            self.far = Namespace()
            made.callback(self.far.remove)
            peer = ["peer", "name", "far", "netns", str(self.far.pid)]
            self.near.command("ip", "link", "add", "near", "type", "veth", *peer)
            for side, name, address in ((self.near, "near", self.SERVER), (self.far, "far", self.CLIENTS)):
                side.command("ip", "address", "add", f"{address}/24", "dev", name)
                side.command("ip", "link", "set", name, "up")
            self._made = made.pop_all()
        return self

    def __exit__(self, *_):
        self._made.close()

    def cut(self):
        """Nothing passes any more, and neither side is told."""
        self.far.command("ip", "link", "set", "far", "down")

    @contextlib.contextmanager
    def delayed(self, milliseconds):
        """Whatever the server sends waits this long in a queue that is always full of other traffic."""
        rate = 4_000_000
        waiting = rate // 8 * milliseconds // 1000
        bucket = ["rate", str(rate), "burst", "3000", "limit", str(10 * waiting)]
        self.near.command("tc", "qdisc", "add", "dev", "near", "root", "tbf", *bucket)
        over = threading.Event()
        with self.near.entered():
            filler = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with filler, Background(self._fill, filler, over):
            try:
                self._await_queue(filler, waiting)
                yield
            finally:
                over.set()

    def _await_queue(self, filler, waiting):
        """A socket may have as much as its send buffer in the queue, so the buffer grows until that is enough."""
        size = waiting // 2

        def enough():
            nonlocal size
            if self._backlog >= waiting:
                return True
            size += size // 20
            filler.setsockopt(socket.SOL_SOCKET, SEND_BUFFER_FORCE, size)
            time.sleep(0.02)
            return False

        eventually(enough, "a queue that is full")

    def _fill(self, filler, over):
        """Sends as fast as the queue lets it."""
        filler.settimeout(0.1)
        filler.connect((self.CLIENTS, 9))
        while not over.is_set():
            # No one listens there, and the kernel says so now and then.
            with contextlib.suppress(OSError):
                filler.send(bytes(960))

    @property
    def _backlog(self):
        """Bytes that wait in the server's queue."""
        figures = self.near.command("tc", "-s", "qdisc", "show", "dev", "near")
        number, unit = re.search(r"backlog (\d+)(\w*)b ", figures).groups()
        return int(number) * {"": 1, "K": 1024}[unit]


def connect_times(address, number):
    """How long each of `number` handshakes takes, in seconds."""
    times = []
    for _ in range(number):
        begin = time.monotonic()
        Client(address).close()
        times.append(time.monotonic() - begin)
    return times


def undrain(server):
    """`DELETE /drain`."""
    return ask(server.admin[0], "DELETE", "/drain")


def check_back(server):
    """The drain is taken back, and the same port answers."""
    answer = undrain(server)
    assert (answer.code, answer.json["state"]) == (200, "serving"), answer.text
    with server.client() as client:
        assert client.asks(b"back\n") == b"BACK\n"
