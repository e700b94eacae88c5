"""Starts the real echod, and reads it the way operators do: admin API, signals, log, /proc."""

import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

BINARY = os.environ["ECHOD_BINARY"]
FULL = os.environ.get("ECHOD_FULL", "") not in ("", "0")
LOOPBACK = "127.0.0.1:0"
# Bounds every wait for what is to come soon; far more than it takes, so that a busy machine passes too.
PATIENCE = 20
SIOCOUTQ = 0x5411
PIDFD_GETFD = 438
CLOSE_REASONS = {
    "admin_closed",
    "drained",
    "forced",
    "idle",
    "invalid_utf8",
    "line_too_long",
    "peer_closed",
    "refused",
    "reset_by_peer",
    "write_stalled",
}


def count(reduced, full):
    """The size of a load: small enough for every `make test`, or what the acceptance list asks for."""
    return full if FULL else reduced


def answer_of(data):
    """What mode upper answers to `data` and the end of file: the rule of the contract, in Python's words."""
    *lines, rest = data.decode().split("\n")
    lines += [rest] if rest else []
    return "".join(line.strip().upper() + "\n" for line in lines).encode()


def eventually(condition, what, patience=PATIENCE):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"after {patience} s still not: {what}")
        time.sleep(0.005)


def clean_environment(variables=None):
    """The environment of this process without options of echod, and with `variables`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ECHOD_")}
    return inherited | (variables or {})


def run(*arguments, variables=None, timeout=PATIENCE):
    """Runs echod to its end, for starts that fail."""
    environment = clean_environment(variables)
    return subprocess.run(
        [BINARY, *arguments], env=environment, capture_output=True, text=True, timeout=timeout
    )


class Background:
    """Runs `work` in a thread; leaving the block, or `result()`, waits for it and raises what it raised."""

    def __init__(self, work, *arguments):
        self._error = self._result = None
        self._thread = threading.Thread(target=self._run, args=(work, arguments), daemon=True)
        self._thread.start()

    def _run(self, work, arguments):
        try:
            self._result = work(*arguments)
        except BaseException as error:
            self._error = error

    def result(self, patience=3 * PATIENCE):
        self._thread.join(patience)
        assert not self._thread.is_alive(), "a background task did not end"
        if self._error:
            raise self._error
        return self._result

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.result()


# ---------------------------------------------------------------------------------------------- clients


def endpoint(address):
    """`HOST:PORT`, `[V6]:PORT` or `unix:PATH` as socket family and address."""
    if address.startswith("unix:"):
        return socket.AF_UNIX, address[len("unix:") :]
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(port))


class Client:
    """A client of the echo, made by hand so that its buffers and its end are its own choice."""

    def __init__(self, address, receive_buffer=None, send_buffer=None, segment=None, timeout=PATIENCE):
        family, target = endpoint(address)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if send_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        if segment:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        try:
            self.socket.connect(target)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def name(self):
        """As the server calls this peer."""
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def unacknowledged(self):
        """Bytes, an own FIN included, that the other kernel has not acknowledged."""
        return struct.unpack("i", fcntl.ioctl(self.socket, SIOCOUTQ, b"\0" * 4))[0]

    def send(self, data):
        self.socket.sendall(data)

    def send_until_blocked(self, data):
        """Sends `data` again and again until the server takes no more; returns the number of bytes."""
        self.socket.settimeout(0.3)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while True:
                sent += self.socket.send(data[sent % len(data) :])
        self.socket.settimeout(PATIENCE)
        return sent

    def receive(self, size):
        """Exactly `size` bytes, or fewer at end of file."""
        parts = bytearray()
        while len(parts) < size:
            part = self.socket.recv(min(size - len(parts), 1 << 16))
            if not part:
                break
            parts += part
        return bytes(parts)

    def receive_all(self):
        """All up to the server's end of file."""
        return self.receive(1 << 40)

    def receive_until_reset(self):
        """All up to the server's reset, which has to come."""
        parts = bytearray()
        while True:
            try:
                part = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return bytes(parts)
            assert part, "end of file instead of a reset"
            parts += part

    def asks(self, data):
        """Sends whole lines and returns as many answers' bytes as they have in mode upper."""
        self.send(data)
        return self.receive(len(answer_of(data)))

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()


def is_refused(address):
    """Whether a new client is turned away at once, as by a port on which nobody listens."""
    try:
        Client(address).close()
    except (ConnectionRefusedError, FileNotFoundError):
        return True
    return False


# ---------------------------------------------------------------------------------------------- the admin API


class Answer:
    """An answer of the admin API."""

    def __init__(self, code, headers, body):
        self.code = code
        self.headers = headers
        self.text = body.decode()

    @property
    def json(self):
        return json.loads(self.text)


class _AdminConnection(http.client.HTTPConnection):
    def __init__(self, address, timeout):
        super().__init__("localhost", timeout=timeout)
        self.address = address

    def connect(self):
        family, target = endpoint(self.address)
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(target)


def ask(address, method, path, headers=None, timeout=PATIENCE):
    """One request to an admin address, on a connection of its own."""
    connection = _AdminConnection(address, timeout)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


# ---------------------------------------------------------------------------------------------- the process


class Process:
    """What /proc says about a process."""

    def __init__(self, pid):
        self.pid = pid

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def threads(self):
        """The names of its threads, those apart that end meanwhile."""
        names = []
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                names.append(self._read(f"task/{task}/comm").strip())
        return names

    @property
    def resident(self):
        """VmRSS in bytes."""
        return 1024 * int(re.search(r"^VmRSS:\s+(\d+) kB", self._read("status"), re.M)[1])

    @property
    def cpu_seconds(self):
        """User and system time so far."""
        fields = self._read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def is_stopped(self):
        """Every thread of it, as after SIGSTOP."""
        tasks = os.listdir(f"/proc/{self.pid}/task")
        return all(self._read(f"task/{task}/stat").rpartition(")")[2].split()[0] in "Tt" for task in tasks)

    @property
    def is_traced(self):
        """Every thread of it, as by strace."""
        tasks = os.listdir(f"/proc/{self.pid}/task")
        return not any("TracerPid:\t0\n" in self._read(f"task/{task}/status") for task in tasks)

    def sockets(self):
        """Copies of its sockets, one after the other, by pidfd_getfd(2)."""
        process = os.pidfd_open(self.pid)
        try:
            for number in os.listdir(f"/proc/{self.pid}/fd"):
                if os.readlink(f"/proc/{self.pid}/fd/{number}").startswith("socket:"):
                    copy = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, int(number), 0)
                    assert copy >= 0, os.strerror(ctypes.get_errno())
                    with socket.socket(fileno=copy) as one:
                        yield one
        finally:
            os.close(process)

    def _read(self, name):
        with open(f"/proc/{self.pid}/{name}") as file:
            return file.read()


class Echod:
    """A running echod on free ports of loopback; leaving the block ends it, however it stands."""

    def __init__(self, *arguments, listen=(LOOPBACK,), admin=(LOOPBACK,), variables=None, wrapper=()):
        addresses = [part for one in listen for part in ("--listen", one)]
        addresses += [part for one in admin for part in ("--admin", one)]
        self._log = tempfile.NamedTemporaryFile(prefix="echod-", suffix=".log")
        # Should this process be killed, the kernel ends the server.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._child = subprocess.Popen(
            [*guard, *wrapper, BINARY, *addresses, *arguments],
            env=clean_environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        try:
            fields = eventually(self._serving, "a log line that says `serving`")
        except BaseException:
            self._end(failed=True)
            raise
        self.listen = fields["listen"].split(",")
        self.admin = fields.get("admin", "").split(",")
        self.pid = int(fields["pid"])
        self.process = Process(self.pid)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._end(failed=kind is not None)

    @property
    def address(self):
        return self.listen[0]

    @property
    def log(self):
        with open(self._log.name, "rb") as file:
            return file.read()

    def logged(self, *words):
        """Waits for a line of the log that holds all of `words`."""

        def matching():
            lines = self.log.decode("ascii").splitlines()
            return next((line for line in lines if all(word in line for word in words)), None)

        return eventually(matching, f"a log line with {words}")

    def _serving(self):
        assert self._child.poll() is None, f"echod ended at its start, code {self._child.returncode}"
        for line in self.log.decode("utf-8", "replace").splitlines():
            if line.startswith("{") and json.loads(line)["message"] == "serving":
                return json.loads(line)
            if re.search(r"Z notice serving ", line):
                return dict(re.findall(r"(\w+)=(\S+)", line))
        return None

    def _end(self, failed):
        if self._child.poll() is None:
            for pid in {getattr(self, "pid", self._child.pid), self._child.pid}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._child.wait()
        if failed:
            print(self.log.decode("utf-8", "replace"))
        self._log.close()

    # The admin API.

    def client(self, **options):
        return Client(self.address, **options)

    def get(self, path, **options):
        return ask(self.admin[0], "GET", path, **options)

    def post(self, path, **options):
        return ask(self.admin[0], "POST", path, **options)

    def ask(self, method, path, **options):
        return ask(self.admin[0], method, path, **options)

    def status(self):
        """The status, in which no connection is ever missing or counted twice."""
        status = self.get("/status").json
        check_sums(status)
        return status

    @property
    def state(self):
        return self.status()["state"]

    def closed(self, reason):
        return self.status()["connections"]["closed"][reason]

    def connections(self, query="limit=1000"):
        return self.get(f"/connections?{query}").json["connections"]

    def row(self, client):
        """The row of one client that has not ended, or None."""
        rows = self.get(f"/connections?peer={client.name}").json["connections"]
        return next((row for row in rows if row["state"] != "closed"), None)

    def await_row(self, client, **fields):
        """Waits until the row of one client has these values, and returns it."""

        def matching():
            row = self.row(client)
            return row if row and fields.items() <= row.items() else None

        return eventually(matching, f"{client.name} with {fields}")

    def row_of_closed(self, client_name):
        rows = self.get(f"/connections?state=closed&peer={client_name}").json["connections"]
        return rows[0] if rows else None

    def await_state(self, *states):
        return eventually(lambda: self.state in states, f"state {states}")

    def await_active(self, number):
        active = lambda: self.status()["connections"]["active"]
        return eventually(lambda: active() == number, f"{number} active connections")

    def await_reason(self, client_name, reason):
        """Waits for the end of one client, which `/connections` and `/status` give the same reason."""

        row = eventually(lambda: self.row_of_closed(client_name), f"{client_name} closed")
        assert (row["reason"], row["state"]) == (reason, "closed")
        assert self.closed(reason) >= 1
        return row

    # Signals and the end.

    def signal(self, number):
        os.kill(self.pid, number)

    @contextlib.contextmanager
    def stopped(self):
        """While the block runs no thread of the server does; what clients send stays in the kernel."""
        self.signal(signal.SIGSTOP)
        try:
            eventually(lambda: self.process.is_stopped, "stopped")
            yield
        finally:
            self.signal(signal.SIGCONT)

    def set_buffers(self, receive=None, send=None, address=None):
        """Gives a listener (the first IPv4 one of the echo), and so all that it accepts, buffers of these sizes.

        The kernel's own sizes grow as it sees fit: a receive buffer only while somebody reads.
        """
        family, target = endpoint(address or self.address)
        found = False
        for one in self.process.sockets():
            is_listener = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            if is_listener and one.family == family and one.getsockname() == target:
                found = True
                if receive:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
                if send:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send)
        assert found, "no listener"

    @property
    def is_running(self):
        return self._child.poll() is None

    def exit_code(self, patience=PATIENCE):
        """Waits for the end of the process."""
        try:
            return self._child.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"after {patience} s still running") from None

    def nothing_is_left(self):
        """No process, no listener, no socket file."""
        gone = not os.path.exists(f"/proc/{self.pid}")
        return gone and all(is_refused(address) for address in self.listen + self.admin)


def check_sums(status):
    """`accepted` is always the sum of the ended and the active ones."""
    connections = status["connections"]
    assert set(connections["closed"]) == CLOSE_REASONS
    assert connections["accepted"] == sum(connections["closed"].values()) + connections["active"], connections
