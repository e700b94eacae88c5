"""A first session with everyday tools: ncat, curl, Ctrl-C."""

import signal
import subprocess

from echod import PATIENCE, Echod, endpoint


def command(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, **options)


def ncat(server):
    return "ncat", *map(str, endpoint(server.address)[1])


def test_ncat_and_curl():
    """ncat prints both lines and ends; curl sees an open ncat, and ends the service cleanly."""
    with Echod() as server:
        piped = command(*ncat(server), input="hello\nworld\n")
        assert (piped.returncode, piped.stdout, piped.stderr) == (0, "HELLO\nWORLD\n", "")

        url = f"http://{server.admin[0]}"
        with subprocess.Popen(ncat(server), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as open_ncat:
            try:
                open_ncat.stdin.write(b"still here\n")
                open_ncat.stdin.flush()
                assert open_ncat.stdout.readline() == b"STILL HERE\n"
                listed = command("curl", "-sSf", f"{url}/connections").stdout
                assert '"state":"open"' in listed and '"lines":1' in listed

                ended = command("curl", "-sSf", "-X", "POST", f"{url}/shutdown?wait").stdout
                assert '"result":"clean"' in ended and '"exit_code":0' in ended
                # ncat itself would go on until its input ends.
                open_ncat.stdin.close()
                assert open_ncat.stdout.read() == b""
            finally:
                open_ncat.kill()
        assert server.exit_code() == 0
        assert server.nothing_is_left()


def test_interrupt_with_an_idle_client():
    """Ctrl-C: the idle client sees end of file, the code is 0."""
    with Echod() as server, server.client() as client:
        server.await_active(1)
        server.signal(signal.SIGINT)
        assert client.receive_all() == b""
        client.close()
        assert server.exit_code() == 0
        assert server.nothing_is_left()


def test_interrupt_with_a_client_that_never_closes():
    """The linger ends for a client that has everything and stays: still clean."""
    with Echod("--linger", "200ms") as server, server.client() as client:
        assert client.asks(b"one\n") == b"ONE\n"
        server.signal(signal.SIGINT)
        assert client.receive_all() == b""
        assert server.exit_code() == 0
        assert b"drain clean" in server.log


def test_connections_of_an_idle_service():
    """Rows have the keys of the contract, numbers follow the traffic, a closed one names its reason."""
    with Echod() as server:
        with server.client() as client:
            assert client.asks(b"one\ntwo\n") == b"ONE\nTWO\n"
            client.send(b"par")
            row = server.await_row(client, partial_line=3)
            assert (row["lines"], row["received"], row["sent"], row["mode"]) == (2, 11, 8, "upper")
            assert (row["peer"], row["local"], row["reason"]) == (client.name, server.address, None)
            name = client.name
        # The partial line of a client that is gone: its answer may well be met by a reset.
        server.await_active(0)
        assert server.row_of_closed(name)["reason"] in ("peer_closed", "reset_by_peer")
