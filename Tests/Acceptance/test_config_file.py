"""--config: a file of options, its place among the sources, and what is refused."""

import os

import pytest
from echod import Echod, eventually, run


@pytest.fixture
def config(tmp_path):
    """Writes the file and returns its path."""

    def write(text):
        path = tmp_path / "echod.json"
        path.write_text(text)
        return str(path)

    return write


def options(server):
    return server.get("/config").json["options"]


def test_a_whole_file(config):
    path = config(
        """
        // What is set here is what GET /config shows.
        {
          "listen": ["127.0.0.1:0", "127.0.0.1:0"],  /* two of them */
          "admin": "127.0.0.1:0",
          "mode": "verbatim",
          "max-connections": 12,
          "drain-timeout": "7s",
          "admin-host": ["one.example", "two.example"],
          "admin-allow-remote": true,
        }
        """
    )
    with Echod("--config", path, listen=(), admin=()) as server, server.client() as client:
        client.send(b"as it is")
        assert client.receive(8) == b"as it is"
        assert len(server.status()["listen"]) == 2
        assert server.get("/livez", headers={"Host": "two.example"}).code == 200
        shown = options(server)
        assert shown["config"] == {"source": "flag", "value": path}
        assert shown["max-connections"] == {"source": "file", "value": 12}
        assert shown["admin-host"] == {"source": "file", "value": ["one.example", "two.example"]}
        assert shown["admin-allow-remote"] == {"source": "file", "value": True}
        assert shown["linger"] == {"source": "default", "value": "2s"}
        assert server.post("/drain").json["drain"]["timeout_ms"] == 7000


@pytest.mark.parametrize("flag", [None, "11s"])
@pytest.mark.parametrize("variable", [None, "", "12s"])
@pytest.mark.parametrize("line", [None, "13s"])
def test_precedence(config, flag, variable, line):
    """Flag, then environment (empty counts as unset), then file, then default."""
    path = config(f'{{"drain-timeout": "{line}"}}' if line else "{}")
    arguments = ["--drain-timeout", flag] if flag else []
    variables = {"ECHOD_CONFIG": path} | ({"ECHOD_DRAIN_TIMEOUT": variable} if variable is not None else {})
    value, source = next(
        (value, source)
        for value, source in ((flag, "flag"), (variable, "environment"), (line, "file"), ("20s", "default"))
        if value
    )
    with Echod(*arguments, variables=variables) as server:
        shown = options(server)
        assert shown["drain-timeout"] == {"source": source, "value": value}
        assert shown["config"]["source"] == "environment"


def test_the_flag_names_the_file(config, tmp_path):
    other = tmp_path / "other.json"
    other.write_text("{")
    with Echod("--config", config('{"linger": "3s"}'), variables={"ECHOD_CONFIG": str(other)}) as server:
        assert options(server)["linger"]["value"] == "3s"


@pytest.mark.parametrize(
    "text, words",
    [
        ('{"drain-timout": "5s"}', ["--config", 'unknown option "drain-timout"', '"drain-timeout"?', "allowed: listen"]),
        ('{\n"drain-timeout": 20}', ["--drain-timeout", "line 2 of ", "write 20s"]),
        ('{"mode": "lower"}', ["--mode", "line 1 of ", "upper, verbatim"]),
        ('{"mode": ["upper"]}', ["--mode", "not a list"]),
        ('{"config": "x"}', ["--config", "cannot name another"]),
        ('{"mode": "upper",\n "mode": "upper"}', ["line 2", "is already in line 1"]),
        ("{", ["--config", "line 1", "allowed: one JSON object"]),
        ("[" * 100000, ["line 1"]),
        ("", ["line 1"]),
        ('{"\\u001b[31m": 1}', ["\\x1b[31m"]),
    ],
)
def test_what_is_wrong(config, text, words):
    """Exit 64, naming the file, the key and what is allowed, in two lines."""
    path = config(text)
    result = run("--config", path)
    assert result.returncode == 64 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 2 and "\x1b" not in result.stderr
    for word in [path, *words]:
        assert word in result.stderr


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda path: None, ["No such file or directory"]),
        (lambda path: os.mkfifo(path), ["not a regular file"]),
        (lambda path: path.mkdir(), ["not a regular file"]),
        (lambda path: path.symlink_to("/dev/zero"), ["not a regular file"]),
        (lambda path: path.symlink_to(path), ["symbolic links"]),
        (lambda path: path.write_text(" " * (1 << 21)), ["larger than 1048576 bytes"]),
    ],
)
def test_no_file_to_read(tmp_path, make, words):
    path = tmp_path / "echod.json"
    make(path)
    for result, source in (
        (run("--config", str(path)), "the command line"),
        (run(variables={"ECHOD_CONFIG": str(path)}), "ECHOD_CONFIG"),
    ):
        assert result.returncode == 64 and result.stdout == ""
        for word in ["--config", str(path), source, *words]:
            assert word in result.stderr


def test_hup_takes_the_log_level_only(config):
    path = config('{"log-level": "info", "drain-timeout": "7s"}')
    with Echod("--config", path) as server:
        config('{"log-level": "debug", "drain-timeout": "9s"}')
        server.signal(1)
        server.logged(" notice log level ", "now=debug", "was=info", "source=file")
        shown = options(server)
        assert shown["log-level"] == {"source": "file", "value": "debug"}
        assert shown["drain-timeout"] == {"source": "file", "value": "7s"}
        with server.client() as client:
            assert client.asks(b"hello\n") == b"HELLO\n"
        server.logged(" debug connection opened")


@pytest.mark.parametrize("text", ["{", '{"bogus": 1}', '{"log-level": "loud"}', None])
def test_hup_with_a_bad_file_changes_nothing(config, tmp_path, text):
    path = config('{"log-level": "info"}')
    with Echod("--config", path) as server:
        config(text) if text else (tmp_path / "echod.json").unlink()
        server.signal(1)
        server.logged(" error cannot reload the configuration file; nothing has changed", "echod.json")
        assert options(server)["log-level"] == {"source": "file", "value": "info"}
        assert server.state == "serving"


def test_hup_leaves_flag_and_environment_alone(config):
    path = config('{"log-level": "debug"}')
    for arguments, variables, source in (
        (["--log-level", "notice"], {}, "flag"),
        ([], {"ECHOD_LOG_LEVEL": "notice"}, "environment"),
    ):
        with Echod("--config", path, *arguments, variables=variables) as server:
            server.signal(1)
            server.logged("configuration file reloaded; it does not set the log level", f"given_by={source}", "now=notice")
            assert options(server)["log-level"] == {"source": source, "value": "notice"}


def test_hup_without_a_file():
    with Echod() as server:
        server.signal(1)
        server.logged("nothing to reload: there is no configuration file")
        eventually(lambda: server.state == "serving", "serving")
