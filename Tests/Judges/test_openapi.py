"""The OpenAPI document, judged by openapi-spec-validator, and echod judged against it by schemathesis."""

import contextlib
import json
import pathlib
import subprocess
import sys
import threading

import openapi_schema_validator
import openapi_spec_validator
import pytest

import echod

# They end the service, or their answer does not end: their own tests are below.
EXCLUDED = ["/events", "/shutdown", "/prestop"]
SEED = 20261121
EXAMPLES = echod.count(10, 300)
SCHEMATHESIS_PATIENCE = echod.count(120, 1800)


@pytest.fixture(scope="module")
def service():
    with echod.Echod() as service:
        yield service


@pytest.fixture(scope="module")
def document(service):
    answer = service.get("/openapi.json")
    assert (answer.code, answer.headers["Content-Type"]) == (200, "application/json")
    return answer.json


def assert_matches(document, value, schema):
    """The value has the form that `schema`, a part of the document, asks for."""
    openapi_schema_validator.OAS31Validator(
        {**schema, "components": document["components"]},
        format_checker=openapi_schema_validator.oas31_format_checker,
    ).validate(value)


def assert_documented(document, method, path, answer):
    """The status, the media type and the body of an answer are among those of its operation."""
    response = document["paths"][path][method]["responses"][str(answer.code)]
    media_type = answer.headers["Content-Type"].partition(";")[0]
    value = json.loads(answer.text) if media_type.endswith("json") else answer.text
    assert_matches(document, value, response["content"][media_type]["schema"])


def test_the_document_is_valid(document):
    openapi_spec_validator.validate(document)


def test_examples_are_true(document):
    examples = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for content in response["content"].values():
                    if "example" in content:
                        assert_matches(document, content["example"], content["schema"])
                        examples += 1
    assert examples > 10


class Company:
    """Ends every drain soon, so that nobody waits for a `delay=24h` that is tried out, and is a client when there is
    none."""

    def __init__(self, service, headers=None):
        self.service = service
        self.headers = headers
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def _keep(self):
        client = None
        while not self._is_over.wait(0.05):
            status = self.service.status()
            if status["state"] in ("lame_duck", "draining"):
                self.service.post("/drain?delay=0s&timeout=100ms", headers=self.headers)
            elif status["state"] == "serving" and status["connections"]["active"] == 0:
                with contextlib.suppress(ConnectionRefusedError):
                    client = self.service.client()
        if client:
            client.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()


def schemathesis(service, folder, *options, examples=EXAMPLES):
    url = f"http://{service.admin[0]}"
    excluded = [part for path in EXCLUDED for part in ("--exclude-path", path)]
    command = [pathlib.Path(sys.executable).with_name("st"), "run", f"{url}/openapi.json", "--url", url, *excluded]
    command += ["--seed", str(SEED), "--max-examples", str(examples), "--no-color", *options]
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SCHEMATHESIS_PATIENCE, env=echod.clean_environment()
    )


CONFIGURATION = """
# Everything is checked, and what is switched off or let through has its reason here.

# How fast requests are made up says something of the machine, and nothing of echod.
suppress-health-check = ["too_slow"]

# A connection that was closed stays on show, with its reason, among the last 1,000.
[checks.use_after_free]
enabled = false

# A probe that says no says it with 503.
[[operations]]
include-tag = "probes"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 503]

# OPTIONS of it follows readiness, for load balancers.
[[operations]]
include-path = "/"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 503]

# wait tells the drain's end by the status: 500 forced or lost, 504 not yet; 503 is the 17th waiter's. And what a schema
# cannot say is refused: a duration out of range, a delay that is not smaller than the timeout.
[[operations]]
include-path = "/drain"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 500, 503, 504]
checks.positive_data_acceptance.enabled = false

# The same: an address is no pattern, and "after" goes only with sort=id.
[[operations]]
include-path = "/connections"
checks.positive_data_acceptance.enabled = false
"""


def test_schemathesis_finds_nothing(service, tmp_path):
    with Company(service):
        found = schemathesis(service, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert service.get("/livez").code == 200


SECRET = "a-token-of-26-characters-"


@pytest.fixture
def guarded(tmp_path):
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(SECRET)
    with echod.Echod("--admin-token-file", str(token)) as service:
        yield service


def test_without_the_token_each_mutation_is_refused_as_documented(document, guarded):
    tried = 0
    # Without /events, whose answer does not end; nobody needs a token to read.
    for path in document["paths"].keys() - {"/events"}:
        for method, operation in document["paths"][path].items():
            answer = echod.ask(guarded.admin[0], method.upper(), path.replace("{id}", "1"), {"X-Echod-Drain": "1"})
            assert (answer.code == 401) == ("401" in operation["responses"])
            if answer.code == 401:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert_documented(document, method, path, answer)
                tried += 1
    assert tried == 6 and guarded.state == "serving"


def test_schemathesis_finds_nothing_with_a_token(guarded, tmp_path):
    with Company(guarded, {"Authorization": f"Bearer {SECRET}"}):
        found = schemathesis(guarded, tmp_path, "-H", f"Authorization: Bearer {SECRET}", examples=10)
    assert found.returncode == 0, found.stdout + found.stderr
    assert SECRET.encode() not in guarded.log


def test_shutdown_is_as_documented(document):
    with echod.Echod() as service, service.client():
        for query in ("?mode=x", "?timeout=1", "?wait=", "?nope=1"):
            answer = service.post(f"/shutdown{query}")
            assert answer.code == 400
            assert_documented(document, "post", "/shutdown", answer)
        started = service.post("/shutdown?delay=5s")
        assert (started.code, started.json["joined"]) == (202, False)
        assert_documented(document, "post", "/shutdown", started)
        over = service.post("/shutdown?wait=0s")
        assert over.code == 504
        assert_documented(document, "post", "/shutdown", over)
        forced = service.post("/shutdown?wait&mode=abort")
        assert forced.code == 500
        assert_documented(document, "post", "/shutdown", forced)
        assert service.exit_code() == 2


def test_a_clean_shutdown_is_as_documented(document):
    with echod.Echod() as service:
        clean = service.post("/shutdown?wait")
        assert clean.code == 200
        assert_documented(document, "post", "/shutdown", clean)
        assert service.exit_code() == 0


def test_prestop_is_as_documented(document):
    header = {"X-Echod-Drain": "1"}
    [parameter] = [one for one in document["paths"]["/prestop"]["get"]["parameters"] if one["in"] == "header"]
    assert (parameter["name"], parameter["required"]) == ("X-Echod-Drain", True)
    with echod.Echod() as service, service.client():
        for query, headers, code in (
            ("", {}, 403),
            ("", {"X-Echod-Drain": "0"}, 403),
            ("", header | {"Sec-Fetch-Site": "cross-site"}, 403),
            ("?wait=", header, 400),
            ("?delay=5s&wait=0s", header, 504),
            ("?delay=0s&timeout=300ms", header, 200),
        ):
            answer = service.get(f"/prestop{query}", headers=headers)
            assert answer.code == code
            assert_documented(document, "get", "/prestop", answer)
        assert service.state == "drained"


def test_events_are_as_documented(document):
    with echod.Echod() as service, echod.Client(service.admin[0]) as reader:
        reader.send(b"GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n")
        # The reader follows the stream from here.
        beginning = reader.receive(15)
        service.post("/drain?wait")
        service.post("/shutdown?wait")
        head, _, body = (beginning + reader.receive_all()).decode().partition("\r\n\r\n")
        assert service.exit_code() == 0
    status_line, *lines = head.split("\r\n")
    assert status_line.split()[1] == "200"
    headers = {name.title(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert_documented(document, "get", "/events", echod.Answer(200, headers, body.encode()))
    events = [dict(line.split(": ", 1) for line in event.splitlines()) for event in body.split("\n\n") if event]
    events = [event for event in events if "data" in event]
    for event in events:
        assert_matches(document, json.loads(event["data"]), {"$ref": "#/components/schemas/Status"})
    names = [event["event"] for event in events]
    assert set(names) <= {"state", "totals", "done"} and names.count("done") == 1 and names[-1] == "done"
    states = [json.loads(event["data"])["state"] for event in events]
    assert {"draining", "drained", "exiting"} <= set(states)


def test_a_stream_too_many_is_refused_as_documented(document):
    with echod.Echod() as service, contextlib.ExitStack() as readers:
        for _ in range(16):
            reader = readers.enter_context(echod.Client(service.admin[0]))
            reader.send(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in reader.receive(15)
        refused = service.get("/events")
        assert refused.code == 503 and int(refused.headers["Retry-After"]) > 0
        assert_documented(document, "get", "/events", refused)
