"""The binary, how it is started, and what /proc says about a process."""

import contextlib
import ctypes
import errno
import os
import re
import signal
import socket
import subprocess

from waiting import PATIENCE

BINARY = os.environ["ECHOD_BINARY"]
PIDFD_GETFD = 438

# A shell without job control ignores INT and QUIT in what it starts in the background, as in-parts starts two of three,
# and nohup ignores HUP. Everything that the tests start would inherit that. A handler is not inherited.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)


def clean_environment(variables=None):
    """The environment of this process without options of echod, and with `variables`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ECHOD_")}
    return inherited | (variables or {})


def run(*arguments, variables=None, timeout=PATIENCE, wrapper=()):
    """Runs echod to its end, for starts that fail."""
    environment = clean_environment(variables)
    return subprocess.run(
        [*wrapper, BINARY, *arguments], env=environment, capture_output=True, text=True, timeout=timeout
    )


def library_version():
    """The version of the libmicrohttpd that echod runs with, as numbers."""
    return tuple(map(int, re.search(r"^libmicrohttpd ([\d.]+)$", run("--version").stdout, re.M)[1].split(".")))


class Process:
    """What /proc says about a process."""

    def __init__(self, pid):
        self.pid = pid

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def threads(self):
        """The names of its threads, except those that end meanwhile."""
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
        """Whether every thread of it is stopped, as after SIGSTOP."""
        tasks = os.listdir(f"/proc/{self.pid}/task")
        return all(self._read(f"task/{task}/stat").rpartition(")")[2].split()[0] in "Tt" for task in tasks)

    @property
    def is_asleep(self):
        """Whether it waits for something, or has ended."""
        return self._read("stat").rpartition(")")[2].split()[0] in "SZ"

    @property
    def is_traced(self):
        """Whether every thread of it is traced, as by strace."""
        tasks = os.listdir(f"/proc/{self.pid}/task")
        return not any("TracerPid:\t0\n" in self._read(f"task/{task}/status") for task in tasks)

    def sockets(self):
        """Copies of its sockets, one after the other, by pidfd_getfd(2); what it closes meanwhile is left out."""
        process = os.pidfd_open(self.pid)
        try:
            for number in os.listdir(f"/proc/{self.pid}/fd"):
                copy = self._copy(process, number)
                if copy is not None:
                    with socket.socket(fileno=copy) as one:
                        yield one
        finally:
            os.close(process)

    def _copy(self, process, number):
        """A descriptor of the same socket; None for anything else."""
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(f"/proc/{self.pid}/fd/{number}").startswith("socket:"):
                copy = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, int(number), 0)
                assert copy >= 0 or ctypes.get_errno() == errno.EBADF, os.strerror(ctypes.get_errno())
                return copy if copy >= 0 else None
        return None

    def _read(self, name):
        with open(f"/proc/{self.pid}/{name}") as file:
            return file.read()
