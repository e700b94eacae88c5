"""What libmicrohttpd refuses when memory or threads run short ends in a 500, a closed connection, or a failed start.

Where Swift itself gets no memory, the process ends: nothing can be done about that.
"""

import http.client
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

import echod

SOURCE = pathlib.Path(__file__).parent / "support" / "library_failures.c"
PLAIN = "MHD_create_response_from_buffer"
STREAM = "MHD_create_response_from_callback"
CALLS = (PLAIN, STREAM, "MHD_add_response_header", "MHD_queue_response")


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    library = tmp_path_factory.mktemp("failures") / "failures.so"
    # Swift brings a clang along.
    compiler = os.path.join(os.path.dirname(os.path.realpath(shutil.which("swift"))), "clang")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE, "-ldl"], check=True)
    return library


@pytest.fixture
def switch(tmp_path):
    return tmp_path / "switch"


def started(failures, switch, **variables):
    variables |= {"LD_PRELOAD": str(failures), "FAILURE_SWITCH": str(switch)}
    return echod.Echod(variables=variables)


def code_of(service, method, path):
    """The status, or None where the connection is closed without one."""
    try:
        return service.ask(method, path).code
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return None


@pytest.mark.parametrize("call", CALLS)
def test_a_single_failure_is_a_500(failures, switch, call):
    with started(failures, switch, FAILURE_COUNT="once") as service:
        for path in {STREAM: ["/events"], PLAIN: ["/livez", "/nothing"]}.get(call, ["/livez", "/nothing", "/events"]):
            switch.write_text(call)
            assert code_of(service, "GET", path) == 500, path
            assert not switch.exists()
            assert service.get("/livez").code == 200
        assert service.state == "serving"


@pytest.mark.parametrize("call", CALLS)
def test_lasting_failures_close_the_connection(failures, switch, call):
    with started(failures, switch) as service:
        own = service.process.descriptors
        switch.write_text(call)
        requests = [("POST", "/drain?timeout=24h&wait=100ms"), ("DELETE", "/drain"), ("TRACE", "/")]
        if call != PLAIN:
            requests.append(("GET", "/events"))
        for method, path in requests[-1:] if call == STREAM else requests:
            # More of them than there are places for streams and waiters.
            for _ in range(17):
                assert code_of(service, method, path) == (500 if call == STREAM else None), path
        switch.unlink()
        # Neither places nor connections are lost, and what was asked for was done.
        assert service.state == "serving"
        assert service.post("/drain?wait").code == 200
        assert service.ask("DELETE", "/drain").code == 200
        echod.eventually(lambda: service.process.descriptors <= own, "every connection is let go")


def start(arguments, variables):
    """What becomes of a start: the exit code and the log, up to where it serves."""
    environment = echod.clean_environment(variables)
    with subprocess.Popen([echod.BINARY, *arguments], env=environment, stderr=subprocess.PIPE, text=True) as child:
        late = threading.Timer(echod.PATIENCE, child.kill)
        late.start()
        log = []
        for line in child.stderr:
            log.append(line)
            if " serving " in line:
                child.kill()
        late.cancel()
        return child.wait(), log


def test_a_start_without_threads_says_so(failures, switch):
    """Every thread that echod makes at its start, the library's own among them, cannot be made once."""
    codes = []
    for number in range(1, 30):
        variables = {"LD_PRELOAD": str(failures), "FAILURE_THREAD": str(number)}
        arguments = ["--listen", echod.LOOPBACK, "--admin", echod.LOOPBACK, "--loops", "2"]
        code, log = start(arguments, variables)
        if any(" serving " in line for line in log):
            # There is no such thread.
            break
        assert len(log) <= 5 and any("thread" in line for line in log), (number, log)
        codes.append(code)
    assert len(codes) >= 3 and set(codes) == {1}
