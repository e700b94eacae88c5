"""The client commands, run against a server of the test."""

import subprocess

from echod import BINARY, clean_environment, run

NOBODY = "127.0.0.1:1"


def command(server, *arguments, **options):
    """Runs one command against the first admin address of a server."""
    return run(*arguments, "--admin", server.admin[0], **options)


def outcome(result):
    return result.returncode, result.stdout, result.stderr


def start(*arguments, **options):
    return subprocess.Popen([BINARY, *arguments], env=clean_environment(), **options)


def half_typed(server):
    """A client that a drain waits for: its first line was answered, the second has arrived and never ends."""
    client = server.client()
    assert client.asks(b"one\n") == b"ONE\n"
    client.send(b"tw")
    server.await_row(client, partial_line=2)
    return client
