"""`GET /metrics`: what it says is what `/status`, `/proc` and the clients say."""

import re
import shutil
import time

import pytest
from drains import undrain
from echod import CLOSE_REASONS, Echod, ask, eventually

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
STATES = {"starting", "serving", "lame_duck", "draining", "forcing", "drained", "exiting"}
RESULTS = {"clean", "forced", "lost", "undrained"}


def scrape(server, accept=None):
    """{series: value}, each series once."""
    answer = server.get("/metrics", headers={"Accept": accept} if accept else {})
    assert answer.code == 200
    samples = [line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#")]
    assert len({series for series, _ in samples}) == len(samples)
    return {series: float(value) for series, value in samples}


def labels(samples, name):
    return {match[1] for series in samples if (match := re.fullmatch(name + r'\{\w+="([^"]*)"\}', series))}


def without_process(samples):
    """The names of the series that do not change by themselves."""
    return {series for series in samples if not series.startswith("echod_drain_remaining")}


def test_every_series_is_there_from_the_start():
    """So that a rate over the first event is not lost; nothing that happens later adds one."""
    with Echod() as server:
        first = scrape(server)
        assert labels(first, "echod_connections_closed_total") == CLOSE_REASONS
        assert labels(first, "echod_state") == STATES
        assert labels(first, "echod_drains_total") == RESULTS
        assert labels(first, "echod_lost_bytes_total") == {"received", "sent"}
        assert {"EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EPROTO", "EPERM", "other"} <= labels(
            first, "echod_accept_errors_total"
        )
        assert 'echod_admin_requests_total{path="/status",code="200"}' in first
        assert "echod_drain_remaining_seconds" not in first
        with server.client() as client:
            client.send(b"one\n\xff\n")
            assert client.receive_all() == b"ONE\n"
        server.await_active(0)
        server.post("/drain?wait")
        for path in ("/nope", "/nope/2", "/metrics/", "/%41", "/status?x=1"):
            server.get(path)
        last = scrape(server)
        assert without_process(last) == without_process(first)
        assert last['echod_connections_closed_total{reason="invalid_utf8"}'] == 1
        assert last['echod_drains_total{result="clean"}'] == 1
        assert last['echod_admin_requests_total{path="other",code="404"}'] == 3
        assert last['echod_admin_requests_total{path="other",code="400"}'] == 1
        assert last['echod_admin_requests_total{path="/status",code="400"}'] == 1
        assert last['echod_admin_requests_total{path="/drain",code="200"}'] == 1


def test_values_are_those_of_the_status():
    with Echod("--max-connections", "77") as server, server.client() as staying:
        with server.client() as client:
            assert client.asks(b"one\ntwo\n") == b"ONE\nTWO\n"
        assert staying.asks(b"three\n") == b"THREE\n"
        server.await_active(1)
        samples, status = scrape(server), server.status()
        assert samples["echod_connections_active"] == 1 and samples["echod_max_connections"] == 77
        assert samples["echod_connections_accepted_total"] == status["connections"]["accepted"] == 2
        for reason, number in status["connections"]["closed"].items():
            assert samples[f'echod_connections_closed_total{{reason="{reason}"}}'] == number
        assert samples["echod_lines_total"] == status["lines"] == 3
        assert samples["echod_received_bytes_total"] == status["bytes"]["received"] == 14
        assert samples["echod_sent_bytes_total"] == status["bytes"]["sent"] == 14
        assert samples["echod_ready"] == 1
        assert {state: samples[f'echod_state{{state="{state}"}}'] for state in STATES} == {
            state: float(state == "serving") for state in STATES
        }
        assert samples[f'echod_build_info{{version="{status["version"]}"}}'] == 1


def test_the_process_is_as_proc_says():
    before = time.time()
    with Echod() as server:
        after = time.time()
        server.await_whole_start()
        held = [server.client() for _ in range(20)]
        server.await_active(20)
        # One more while the scrape's own connection is open; those of earlier requests go in a moment.
        extra = lambda: scrape(server)["process_open_fds"] - server.process.descriptors
        eventually(lambda: extra() in (0, 1), "as many descriptors as /proc says")
        samples = scrape(server)
        assert samples["process_threads"] == len(server.process.threads)
        assert abs(samples["process_resident_memory_bytes"] - server.process.resident) < 2 << 20
        assert abs(samples["process_cpu_seconds_total"] - server.process.cpu_seconds) < 0.2
        # The kernel counts in hundredths, and the clocks that it is taken from are read one after the other.
        assert before - 1 < samples["process_start_time_seconds"] < after + 1
        with open(f"/proc/{server.pid}/limits") as limits:
            soft = next(line.split()[3] for line in limits if line.startswith("Max open files"))
        assert samples["process_max_fds"] == int(soft)
        for client in held:
            client.close()


@pytest.mark.parametrize(
    "accept, form",
    [
        (None, TEXT),
        ("*/*", TEXT),
        ("application/json", TEXT),
        ("application/openmetrics-text", OPEN_METRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2", OPEN_METRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.5", TEXT),
    ],
)
def test_the_form_is_chosen_by_accept(accept, form):
    with Echod() as server:
        answer = server.get("/metrics", headers={"Accept": accept} if accept else {})
        assert answer.headers["Content-Type"] == form
        assert answer.text.endswith("# EOF\n") == (form == OPEN_METRICS)
        head = ask(server.admin[0], "HEAD", "/metrics", headers={"Accept": accept} if accept else {})
        assert (head.headers["Content-Type"], head.text) == (form, "")


def test_a_drain():
    """Its time left is there as long as it is under way, its result afterwards; the counters go on after an undrain."""
    with Echod() as server, server.client(receive_buffer=4096) as deaf:
        deaf.send_until_blocked(b"line\n" * 1000)
        server.post("/drain?timeout=60s")
        server.await_row(deaf, blocked_on="peer_read")
        during = scrape(server)
        assert 30 < during["echod_drain_remaining_seconds"] <= 60
        assert during["echod_ready"] == 0 and during['echod_state{state="draining"}'] == 1
        assert during['echod_state{state="serving"}'] == 0
        undrain(server)
        server.await_state("serving")
        after = scrape(server)
        assert "echod_drain_remaining_seconds" not in after
        assert after['echod_drains_total{result="undrained"}'] == 1
        assert after["echod_received_bytes_total"] >= during["echod_received_bytes_total"] > 0

        server.post("/drain?mode=abort")
        server.await_state("drained")
        lost = scrape(server)
        drain = server.status()["drain"]
        assert lost['echod_drains_total{result="lost"}'] == 1 and drain["result"] == "lost"
        assert lost['echod_lost_bytes_total{direction="sent"}'] == drain["lost_sent"] > 0
        assert lost['echod_lost_bytes_total{direction="received"}'] == drain["lost_received"]
        undrain(server)
        server.await_state("serving")
        again = scrape(server)
        assert again['echod_lost_bytes_total{direction="sent"}'] == drain["lost_sent"]
        # A drain is counted once, with the result that it had when it was over.
        assert sum(value for series, value in again.items() if series.startswith("echod_drains_total")) == 2


@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
@pytest.mark.parametrize("error, name", [("EMFILE", "EMFILE"), ("ECONNABORTED", "ECONNABORTED"), ("EIO", "other")])
def test_accept_errors(error, name):
    fault = f"inject=accept4:error={error}:when=1"
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4", "-e", fault)
    with Echod(wrapper=strace) as server, server.client() as client:
        assert client.asks(b"hello\n") == b"HELLO\n"
        series = f'echod_accept_errors_total{{errno="{name}"}}'
        # The main thread accepts nothing, the control loop once for the echo, the library for itself.
        eventually(lambda: scrape(server)[series] == 1, f"{series} 1")
        assert sum(value for key, value in scrape(server).items() if key.startswith("echod_accept_errors")) == 1


def test_a_scrape_is_counted_in_the_next():
    with Echod() as server:
        series = 'echod_admin_requests_total{path="/metrics",code="200"}'
        assert [scrape(server)[series] for _ in range(3)] == [0, 1, 2]
