"""What the scripts share: servers that never outlive the script, their ports, their load."""

import ctypes
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PRODUCTS = HERE / ".build" / "release"
EPOLL_ECHO = PRODUCTS / "epoll-echo"
ECHO_LOAD = PRODUCTS / "echo-load"
PR_SET_PDEATHSIG = 1
LISTENING = "0A"

_libc = ctypes.CDLL(None, use_errno=True)


class HarnessError(Exception):
    pass


def build():
    command = ["swift", "build", "-c", "release", "--package-path", str(HERE)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def exit_on_signals():
    """Makes TERM and HUP end the script as Ctrl-C does, through every `finally`."""

    def interrupt(*_):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def _child(cpus):
    """Runs in the child: it dies with this script, however that ends, and runs on its CPUs only."""

    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if cpus:
            os.sched_setaffinity(0, cpus)

    return prepare


class Server:
    """A running server: `with Server(command, cpus={0}) as server: server.port`."""

    def __init__(self, command, cpus=None):
        self.command = command
        # To a file: nobody reads a pipe while the load runs, and a full one would stop the server.
        self._log = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                             preexec_fn=_child(cpus))
        except OSError as error:
            raise HarnessError(f"{command} cannot be started: {error}") from error
        self.pid = self._process.pid

    def __enter__(self):
        try:
            self.port = self._wait_for_port(10)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            print(f"{self.command} did not end within 5 s of SIGTERM", file=sys.stderr)
        finally:
            self._process.kill()  # nothing happens if it has ended
            self._process.wait()
            self._log.close()

    def _wait_for_port(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise HarnessError(f"{self.command} ended with {self._process.returncode}: {self._last_words()}")
            port = listening_port(self.pid)
            if port:
                return port
            time.sleep(0.02)
        raise HarnessError(f"{self.command} does not listen on a TCP port: {self._last_words()}")

    def _last_words(self):
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace").strip()


class Echod(Server):
    """echod with its admin plane, whose port is `admin`; `wrapper` is a command that runs it, such as strace."""

    def __init__(self, binary, *options, cpus=None, wrapper=(), patience=10):
        self._patience = patience
        addresses = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json"]
        # Clients that stay connected must not hold up the end of a measurement.
        super().__init__([*wrapper, binary, *addresses, "--drain-timeout", "500ms", *map(str, options)], cpus)

    def _wait_for_port(self, seconds):
        deadline = time.monotonic() + max(seconds, self._patience)
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise HarnessError(f"{self.command} ended with {self._process.returncode}: {self._last_words()}")
            for line in self._output().splitlines():
                fields = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
                if fields.get("message") == "serving":
                    self.pid, self.admin = int(fields["pid"]), int(fields["admin"].rpartition(":")[2])
                    return int(fields["listen"].rpartition(":")[2])
            time.sleep(0.02)
        raise HarnessError(f"{self.command} does not serve: {self._last_words()}")

    def stop(self):
        # The wrapper ends with it, and may take its time.
        if self._process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                self._process.wait(self._patience)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
        super().stop()

    def _output(self):
        with open(f"/proc/self/fd/{self._log.fileno()}", "rb") as log:
            return log.read().decode(errors="replace")


class Admin:
    """A kept-alive HTTP client of the admin plane."""

    def __init__(self, port, timeout=60):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def get(self, path, headers=None):
        self._connection.request("GET", path, headers=headers or {})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise HarnessError(f"GET {path} was answered {answer.status}: {body[:200]!r}")
        return body


def percentile(values, share):
    """The smallest value that is not under `share` of all."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def listening_port(pid):
    """The lowest TCP port `pid` listens on, found by its sockets' inodes in the kernel's table, without its help."""
    inodes = _socket_inodes(pid)
    ports = []
    for table in ("tcp", "tcp6"):
        for row in _rows(f"/proc/{pid}/net/{table}"):
            if row[3] == LISTENING and row[9] in inodes:
                ports.append(int(row[1].rpartition(":")[2], 16))
    return min(ports, default=None)


def _socket_inodes(pid):
    inodes = set()
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            target = _link(entry.path)
            if target.startswith("socket:["):
                inodes.add(target[len("socket:["):-1])
    except OSError:
        pass  # it ended; the caller sees that for itself
    return inodes


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _rows(path):
    try:
        return [line.split() for line in Path(path).read_text().splitlines()[1:]]
    except OSError:
        return []


def busy_seconds(cpus):
    """CPU time these CPUs spent on anything, including what the hypervisor took from them."""
    names = {f"cpu{cpu}" for cpu in cpus}
    ticks = 0
    for fields in _rows("/proc/stat"):  # without its first line, the sum of all CPUs
        if fields[0] in names:
            user, nice, system, _idle, _iowait, *rest = map(int, fields[1:9])
            ticks += user + nice + system + sum(rest)
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_seconds():
    """CPU time of the children that have ended and been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start_load(port, *options, cpus=None, pid=None):
    command = [str(ECHO_LOAD), "--address", f"127.0.0.1:{port}", *map(str, options)]
    if pid:
        command += ["--pid", str(pid)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_child(cpus), text=True)


def wait_until_measuring(load):
    """Returns when all connections are open and warm, or when the load has ended without them."""
    for line in load.stderr:
        if line.startswith("measuring"):
            return


def finish_load(process):
    try:
        output, complaint = process.communicate()
    finally:
        process.kill()  # nothing happens if it has ended
    if not output:
        raise HarnessError(f"{process.args} ended with {process.returncode} and no result: {complaint.strip()}")
    result = json.loads(output)
    if process.returncode != 0:
        raise HarnessError(f"the answers are wrong, so the figures mean nothing: {json.dumps(result)}")
    return result
