"""The manual in docs/man: it is what this echod says about itself, and its configuration file works."""

import json
import pathlib
import re
import subprocess
import sys

from echod import BINARY, Echod

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "man"


def test_pages_are_current():
    command = [sys.executable, FOLDER / "make.py", "--check", BINARY]
    result = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_example_of_a_configuration_file_is_taken_whole(tmp_path):
    page = (FOLDER / "echod.conf.5").read_text()
    example = re.search(r"^\.Bd -literal\n(.*?)^\.Ed", page, re.M | re.S)[1]
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    # What would touch this machine stays in the folder of the test.
    for path, own in (("/run/echod/echo", "echo"), ("/run/secrets/echod/token", "token"),
                      ("/dev/termination-log", "report")):
        assert path in example
        example = example.replace(path, str(tmp_path / own))
    example = example.replace("127.0.0.1:8888", "127.0.0.1:0").replace('":8889"', '"127.0.0.1:0"')
    file = tmp_path / "echod.json"
    file.write_text(example)
    with Echod("--config", str(file), listen=(), admin=()) as server:
        shown = server.get("/config").json["options"]
    written = json.loads(re.sub(r"//.*|,(?=\s*\}\s*$)", "", example))
    assert {name for name, option in shown.items() if option["source"] == "file"} == set(written)
    assert set(shown) == set(written) | {"config"}
