"""What a crowd of quiet connections costs, and that a drain ends every one of them."""

import json
import subprocess

from echod import Echod
from test_short_connections import ECHO_LOAD, short_connections

CONNECTIONS = 9_000
# Of resident memory, for a connection that has spoken once.
BYTES_EACH = 512


def test_quiet_connections_are_small_and_drain_clean():
    """At most 512 bytes each; the drain takes about 25 µs for each of them, nearly all of it in the kernel."""
    with Echod("--loops", "1") as server:
        server.await_whole_start()
        # What the first connections need is not the crowd's.
        short_connections(server, 100)
        server.await_active(0)
        crowd = subprocess.Popen(
            [ECHO_LOAD, "--address", server.address, "--idle", str(CONNECTIONS), "--speak", "--hold", "30"]
            + ["--pid", str(server.pid)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert crowd.stderr.readline() == f"opened {CONNECTIONS}\n"
        server.post("/shutdown")
        result = json.loads(crowd.communicate(timeout=60)[0])
        assert server.exit_code() == 0
        ended = server.logged("drain clean", f"at_mark={CONNECTIONS} closed={CONNECTIONS} ")
        took = int(ended.split("elapsed_ms=")[1].split()[0])
        print(f"{result['rss_bytes_per_connection']} bytes a connection, drained in {took} ms")
        assert result["ended"] == CONNECTIONS and not result["failures"]
        assert result["rss_bytes_per_connection"] <= BYTES_EACH
