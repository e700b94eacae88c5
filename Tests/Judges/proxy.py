"""HAProxy in front of the admin."""

import socket
import subprocess


class Proxy:
    """HAProxy that strips `/echod/`, or what begins like it, on a port of its own."""

    def __init__(self, target, directory):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._configuration = directory / "haproxy.cfg"
        self._configuration.write_text(
            "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
            f"frontend front\n bind fd@{self._listener.fileno()}\n"
            " http-request deny unless { path_beg /echod }\n"
            " http-request replace-path /echod[^/]*(/.*) \\1\n default_backend admin\n"
            f"backend admin\n server echod {target}\n"
        )
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/echod/"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.cut()
        self._listener.close()

    def start(self):
        command = ["haproxy", "-db", "-f", str(self._configuration)]
        self._process = subprocess.Popen(command, pass_fds=[self._listener.fileno()], stderr=subprocess.DEVNULL)

    def cut(self):
        """Ends every connection. New ones wait for the next start."""
        self._process.kill()
        self._process.wait()
