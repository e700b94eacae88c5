"""`GET /metrics` as its readers see it: promtool, the Python client's parsers, and a Prometheus that scrapes."""

import contextlib
import http.server
import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import echod
from prometheus_client import parser
from prometheus_client.openmetrics import parser as strict_parser

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def scrape(service, accept=None):
    answer = service.get("/metrics", headers={"Accept": accept} if accept else {})
    assert answer.code == 200
    return answer.text


@contextlib.contextmanager
def in_each_phase():
    """An echod that has served, is draining, and has lost something: every family has samples."""
    with echod.Echod() as service, service.client(receive_buffer=4096) as deaf, service.client() as client:
        assert client.asks(b"one\ntwo\n") == b"ONE\nTWO\n"
        deaf.send_until_blocked(b"line\n" * 1000)
        row = service.row(deaf)
        echod.ask(service.admin[0], "DELETE", f"/connections/{row['id']}?mode=abort")
        client.send(b"unfinished")
        service.await_row(client, partial_line=10)
        service.post("/drain")
        service.await_row(client, blocked_on="partial_line")
        yield service


def test_promtool_has_nothing_to_say():
    with in_each_phase() as service:
        text = scrape(service)
        assert "echod_drain_remaining_seconds" in text
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def samples_of(families):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


# What the scrapes themselves change: the library closes the previous request's socket in its own time.
MOVING = ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
          "process_open_fds", "echod_drain_remaining_seconds", "echod_admin_requests_total")


def test_both_forms_say_the_same_to_strict_parsers():
    with in_each_phase() as service:
        text = list(parser.text_string_to_metric_families(scrape(service)))
        strict = list(strict_parser.text_string_to_metric_families(scrape(service, OPEN_METRICS)))
    one, other = samples_of(text), samples_of(strict)
    assert one.keys() == other.keys() and len(one) > 100
    assert {series: value for series, value in one.items() if series[0] not in MOVING} == {
        series: value for series, value in other.items() if series[0] not in MOVING}
    assert {name for name, _ in one} >= set(MOVING)
    assert [family.documentation for family in text] == [family.documentation for family in strict]
    units = {family.name: family.unit for family in strict if family.unit}
    assert units["echod_received_bytes"] == "bytes" and units["process_cpu_seconds"] == "seconds"
    kinds = {family.name: family.type for family in strict}
    assert (kinds["echod_build"], kinds["echod_lines"], kinds["echod_state"]) == ("info", "counter", "gauge")


# ------------------------------------------------------------------------------------ Prometheus


CONFIGURATION = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs: [{{job_name: echod, static_configs: [{{targets: ["{target}"]}}]}}]
"""


class Relay:
    """Passes scrapes on with an `Accept` of its own: Debian's Prometheus cannot be told which form to ask for."""

    def __init__(self, service, accept):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer = service.get(self.path, headers={"Accept": accept})
                body = answer.text.encode()
                self.send_response(answer.code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.address = "127.0.0.1:%d" % self._server.server_port

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Prometheus:
    """A Prometheus with a data directory of its own, ended with the block."""

    def __init__(self, target):
        with contextlib.ExitStack() as made:
            self.directory = made.enter_context(tempfile.TemporaryDirectory(prefix="prometheus-"))
            with open(f"{self.directory}/prometheus.yml", "w") as file:
                file.write(CONFIGURATION.format(target=target))
            log = made.enter_context(open(f"{self.directory}/log", "w"))
            guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
            self._process = subprocess.Popen(
                [*guard, "prometheus", f"--config.file={self.directory}/prometheus.yml",
                 f"--storage.tsdb.path={self.directory}/data", "--web.listen-address=127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            made.callback(self._end)
            listening = r'msg="Listening on" address=(\S+)'
            address = echod.eventually(lambda: re.search(listening, self._log()), "a port of Prometheus")[1]
            self.url = f"http://{address}"
            self._made = made.pop_all()

    def _end(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._made.close()

    def value(self, query):
        """The value of a query with one series; None while there is none."""
        assert self._process.poll() is None, self._log()
        try:
            result = self._ask(f"query?query={urllib.parse.quote(query)}")["result"]
        except OSError:
            return None
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None

    def type_of(self, metric):
        found = self._ask(f"targets/metadata?metric={metric}") or self._ask(f"targets/metadata?metric={metric[:-5]}")
        return found[0]["type"]

    def complaints(self):
        return [line for line in self._log().splitlines() if "level=error" in line or "level=warn" in line]

    def _log(self):
        with open(f"{self.directory}/log") as log:
            return log.read()

    def _ask(self, question):
        with urllib.request.urlopen(f"{self.url}/api/v1/{question}", timeout=echod.PATIENCE) as answer:
            return json.load(answer)["data"]

    def await_value(self, query, value):
        echod.eventually(lambda: self.value(query) == value, f"{query} {value}", patience=60)


def test_prometheus_scrapes_openmetrics():
    """Prometheus asks for OpenMetrics by itself; it knows an `info` metric in no other form."""
    with echod.Echod() as service, Prometheus(service.admin[0]) as prometheus:
        observe(service, prometheus)
        assert prometheus.type_of("echod_build_info") == "info"


def test_prometheus_scrapes_text():
    with echod.Echod() as service, Relay(service, "text/plain;version=0.0.4") as relay:
        with Prometheus(relay.address) as prometheus:
            observe(service, prometheus)
            assert prometheus.type_of("echod_build_info") == "gauge"


def observe(service, prometheus):
    """Checks that Prometheus has collected what has happened."""
    prometheus.await_value("up", 1)
    with service.client() as client:
        assert client.asks(b"line\n" * 1234) == b"LINE\n" * 1234
    service.await_active(0)
    prometheus.await_value("echod_lines_total", 1234)
    prometheus.await_value('echod_connections_closed_total{reason="peer_closed"}', 1)
    # A scrape may be too late on a busy machine, and then there is no value until the next.
    prometheus.await_value('echod_state{state="serving"}', 1)
    started = echod.eventually(lambda: prometheus.value("process_start_time_seconds"), "the start of the process")
    assert started <= time.time()
    service.post("/drain")
    prometheus.await_value("echod_ready", 0)
    prometheus.await_value('echod_drains_total{result="clean"}', 1)
    prometheus.await_value("up", 1)
    assert prometheus.complaints() == []
