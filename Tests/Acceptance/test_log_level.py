"""GET and PUT /log-level, and what GET /config says about it."""

import pytest
from echod import Echod


def test_a_change(tmp_path):
    config = tmp_path / "echod.json"
    config.write_text('{"log-level": "warning"}')
    with Echod("--config", str(config), "--log-format", "json", variables={"ECHOD_LOG_LEVEL": "notice"}) as server:
        level = lambda: server.get("/config").json["options"]["log-level"]
        assert server.get("/log-level").text == '{"level":"notice"}\n'
        assert level() == {"source": "environment", "value": "notice"}

        answer = server.ask("PUT", "/log-level?level=debug")
        assert (answer.code, answer.text) == (200, '{"level":"debug"}\n')
        assert level() == {"source": "admin", "value": "debug"}
        server.logged('"message":"log level"', '"now":"debug"', '"source":"admin"', '"was":"notice"')
        with server.client() as client:
            assert client.asks(b"hello\n") == b"HELLO\n"
        server.logged('"message":"connection closed"')

        assert server.ask("PUT", "/log-level?level=critical").code == 200
        lines = len(server.log.splitlines())
        with server.client() as client:
            assert client.asks(b"hello\n") == b"HELLO\n"
        assert server.ask("PUT", "/log-level?level=error").code == 200
        assert len(server.log.splitlines()) == lines


@pytest.mark.parametrize("query", ["", "?level=", "?level=DEBUG", "?level=loud", "?level=info&level=info", "?lvl=info"])
def test_what_is_no_level(query):
    with Echod() as server:
        answer = server.ask("PUT", f"/log-level{query}")
        assert answer.code == 400 and answer.headers["Content-Type"] == "application/problem+json"
        assert server.get("/log-level").json == {"level": "info"}


def test_it_is_a_change_like_others():
    """Not for pages of other origins, and not by another method."""
    with Echod() as server:
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert server.ask("PUT", "/log-level?level=debug", headers=headers).code == 403
        answer = server.post("/log-level?level=debug")
        assert answer.code == 405 and answer.headers["Allow"] == "GET, HEAD, PUT, OPTIONS"
        assert server.get("/log-level").json == {"level": "info"}
