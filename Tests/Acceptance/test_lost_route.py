"""The route to the client is gone for a moment: the network reports it, and the connection lives."""

import time

from drains import Link, drain_of
from echod import Echod, eventually

CLIENT = "10.78.0.1"


class Detour:
    """Clients whose address is behind the link, so that the far side says "network unreachable" while it is gone."""

    def __init__(self, link):
        self.far = link.far
        self.far.command("ip", "link", "set", "lo", "up")
        self.far.command("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        link.near.command("ip", "route", "add", CLIENT, "via", Link.CLIENTS)
        self.announce()

    def announce(self):
        self.far.command("ip", "address", "add", f"{CLIENT}/32", "dev", "lo")
        self.far.command("ip", "route", "add", f"{Link.SERVER}/32", "dev", "far", "src", CLIENT)

    def withdraw(self):
        self.far.command("ip", "address", "del", f"{CLIENT}/32", "dev", "lo")


def test_the_route_goes_while_an_answer_is_under_way(tmp_path):
    """The client gets its answer when the route is back, and only then does the drain end."""
    with Link() as link:
        detour = Detour(link)
        options = {"listen": (f"{Link.SERVER}:0",), "admin": (f"unix:{tmp_path}/admin",), "wrapper": link.near.wrapper}
        with Echod("--drain-timeout", "15s", **options) as server:
            with link.far.entered():
                client = server.client()
            assert client.name.startswith(CLIENT) and client.asks(b"before\n") == b"BEFORE\n"
            with server.stopped():
                client.send(b"meanwhile\n")
                eventually(lambda: client.unacknowledged == 0, "a line that has arrived")
                detour.withdraw()
            server.await_row(client, unacked=10)
            server.signal(15)
            eventually(lambda: drain_of(server)["blocked_on"] == {"peer_read": 1}, "a drain that waits for the client")
            # How long the route is gone, not a wait for a state.
            time.sleep(1.5)
            detour.announce()
            assert client.receive_all() == b"MEANWHILE\n"
            client.close()
            assert server.exit_code() == 0
            assert b"drain clean" in server.log and b"abandoned_by_peer=0" in server.log
