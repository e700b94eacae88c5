"""Starts the real echod, and reads it the way operators do: admin API, signals, log, /proc.

Tests import what they all need from here, wherever it is defined.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from admin import CLOSE_REASONS, Answer, ask, check_sums
from clients import Client, answer_of, endpoint, is_refused
from process import BINARY, Process, clean_environment, library_version, run
from waiting import FULL, PATIENCE, Background, count, eventually

__all__ = [
    "BINARY",
    "CLOSE_REASONS",
    "FULL",
    "HAS_IPV6",
    "LOOPBACK",
    "PATIENCE",
    "Answer",
    "Background",
    "Client",
    "Echod",
    "Process",
    "answer_of",
    "ask",
    "check_sums",
    "clean_environment",
    "count",
    "endpoint",
    "eventually",
    "is_refused",
    "library_version",
    "run",
]

LOOPBACK = "127.0.0.1:0"
HAS_IPV6 = os.path.exists("/proc/net/if_inet6") and " lo\n" in open("/proc/net/if_inet6").read()


class Echod:
    """A running echod on free ports of loopback; leaving the block ends it, whatever its state."""

    def __init__(self, *arguments, listen=(LOOPBACK,), admin=(LOOPBACK,), variables=None, wrapper=()):
        addresses = [part for one in listen for part in ("--listen", one)]
        addresses += [part for one in admin for part in ("--admin", one)]
        self._log = tempfile.NamedTemporaryFile(prefix="echod-", suffix=".log")
        # If this process is killed, the kernel ends the server.
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
        """Waits until one client has ended, for the same reason in `/connections` and `/status`."""

        row = eventually(lambda: self.row_of_closed(client_name), f"{client_name} closed")
        assert (row["reason"], row["state"]) == (reason, "closed")
        assert self.closed(reason) >= 1
        return row

    # Signals and the end.

    def signal(self, number):
        os.kill(self.pid, number)

    @contextlib.contextmanager
    def stopped(self):
        """No thread of the server runs while the block does; what clients send stays in the kernel."""
        self.signal(signal.SIGSTOP)
        try:
            eventually(lambda: self.process.is_stopped, "stopped")
            yield
        finally:
            self.signal(signal.SIGCONT)

    def await_whole_start(self):
        """Waits until the thread that resolved the addresses has ended: it holds descriptors, and is not joined."""
        eventually(lambda: "echod-resolver" not in self.process.threads, "the end of the resolver's thread")

    def set_buffers(self, receive=None, send=None, address=None):
        """Gives a listener (the first IPv4 one of the echo), and so all connections it accepts, buffers of these sizes.

        The kernel's own sizes grow as it sees fit: a receive buffer only while the process reads.
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
