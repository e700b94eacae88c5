"""Requests that no honest client sends (faults.md, 1.5 and 1.6): each gets its one answer, and no other client notices.

What is smuggled behind some of them is `POST /shutdown`: had one got through, the state would say so.
"""

import dataclasses
import json
import socket
import ssl

import pytest

import echod
import wire

IS_VERSION_1 = echod.library_version() >= (1,)
CLOSE = "Connection: close\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


def request(method="GET", target="/livez", fields="", version="HTTP/1.1"):
    return f"{method} {target} {version}\r\nHost: localhost\r\n{fields}\r\n"


SMUGGLED = request("POST", "/shutdown")
PUSHED = f"0\r\n\r\n{SMUGGLED}"
# The first record of a TLS 1.2 client, cut after its random bytes, which hold no line end here.
TLS_HELLO = "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + "\x7f\x00\x01\xfe" * 8


@dataclasses.dataclass
class Odd:
    name: str
    bytes: str
    # The statuses of all answers, in order.
    statuses: tuple
    # The library refuses some before it asks us; these have its own page for a body, the others our problem+json.
    by_library: bool = False
    half_closes: bool = False


def odd(name, text, *statuses, **options):
    return Odd(name, text, statuses, **options)


# The 42.
CATALOGUE = [
    odd("GET", request(fields=CLOSE), 200),
    odd("HEAD", request("HEAD", fields=CLOSE), 200),
    odd("no Host", "GET /livez HTTP/1.1\r\n\r\n", 400),
    odd("HTTP/1.0 without Host", "GET /readyz HTTP/1.0\r\n\r\n", 200),
    odd("OPTIONS of HTTP/1.0 without Host", "OPTIONS / HTTP/1.0\r\n\r\n", 204),
    odd("a change without Host", "POST /drain HTTP/1.0\r\n\r\n", 403),
    odd("preStop without Host", "GET /prestop HTTP/1.0\r\n\r\n", 403),
    odd("two Hosts", request(fields="Host: localhost\r\n"), 400),
    odd("HTTP/1.0", request(version="HTTP/1.0"), 200),
    odd("HTTP/0.9", "GET /livez\r\n\r\n", 400, by_library=True),
    odd("HTTP/9.9", request(version="HTTP/9.9"), 505, by_library=True),
    odd("garbage version", request(version="HTTQ/x"), 400, by_library=True),
    odd("LF only", request(fields=CLOSE).replace("\r\n", "\n"), 200),
    odd("absolute form", request(target="http://evil/livez"), 400),
    odd("%00 in the path", request(target="/livez%00x"), 400),
    odd("%0d%0a and ESC in the path", request(target="/livez%0d%0a\x1b[31m"), 400),
    odd("raw ESC in the path", request(target="/livez\x1b[31m"), 400),
    odd("space before the colon", request(fields="X-A : b\r\n"), 400),
    odd("folded line", request(fields=f"X-A: b\r\n c\r\n{CLOSE}"), 400),
    odd("header without colon", request(fields="X-A\r\n"), 400, by_library=True),
    odd("NUL in a header", request(fields="X-A: b\0c\r\n"), 400),
    odd("CL and TE", request("POST", "/drain", f"Content-Length: 5\r\n{CHUNKED}") + PUSHED, 411),
    odd("two CLs", request("POST", "/drain", "Content-Length: 0\r\nContent-Length: 56\r\n") + SMUGGLED, 400),
    odd("CL +5", request("POST", "/drain", "Content-Length: +5\r\n") + "hello", 400),
    odd("CL 5, 5", request("POST", "/drain", "Content-Length: 5, 5\r\n") + "hello", 400),
    odd("CL -1", request("POST", "/drain", "Content-Length: -1\r\n") + SMUGGLED, 400),
    odd("CL 10^22", request("POST", "/drain", f"Content-Length: 1{22 * '0'}\r\n"), 413),
    odd("TE gzip, chunked", request("POST", "/drain", "Transfer-Encoding: gzip, chunked\r\n") + PUSHED, 411),
    odd("TE xchunked", request("POST", "/drain", "Transfer-Encoding: xchunked\r\n") + PUSHED, 411),
    odd("two TEs", request("POST", "/drain", f"Transfer-Encoding: a\r\n{CHUNKED}") + PUSHED, 411),
    odd("chunk extension, trailer", request("POST", "/drain", CHUNKED) + "1;a=b\r\nx\r\n0\r\nX-T: y\r\n\r\n", 411),
    odd("bad chunk size", request("POST", "/drain", CHUNKED) + "xyz\r\n", 411),
    odd("negative chunk size", request("POST", "/drain", CHUNKED) + "-1\r\nx\r\n", 411),
    odd("TE in HTTP/1.0", request("POST", "/drain", CHUNKED, "HTTP/1.0") + PUSHED, 411),
    odd("GET with body", request(fields="Content-Length: 5\r\n") + "hello", 400),
    odd("Expect", request(fields="Expect: 100-continue\r\n"), 417),
    odd("Expect with body", request("POST", "/drain", "Expect: 100-continue\r\nContent-Length: 5\r\n"), 400),
    odd("a large body", request("POST", "/drain", "Content-Length: 2000\r\n") + 2000 * "x", 413),
    odd("3 pipelined", request() + request() + request(fields=CLOSE), 200, 200, 200),
    odd("URL of 40 kB", request(target="/" + 40_000 * "a"), 414, by_library=True),
    odd("header of 40 kB", request(fields=f"X-A: {40_000 * 'a'}\r\n"), 431, by_library=True),
    odd("2,000 headers", request(fields=2000 * "X-A: bcd\r\n"), 431, by_library=True),
    odd("OPTIONS *", request("OPTIONS", "*", CLOSE), 204),
    odd("TLS hello", TLS_HELLO),
    odd("leading CRLFs", "\r\n\r\n" + request(fields=CLOSE), 200),
    odd("half-closed GET", request(), 200, half_closes=True),
]

# What the policy says beside them, and what the guards add to it in the whole program.
FURTHER = [
    odd("absolute form, our own host", request(target="http://localhost/livez"), 400),
    odd("authority form", request("CONNECT", "localhost:443"), 405),
    odd("GET *", request(target="*"), 400),
    odd("no slash", request(target="livez"), 400),
    odd("unknown method", request("helloGET"), 405),
    odd("OPTIONS", request("OPTIONS", "/drain", f"Access-Control-Request-Method: POST\r\n{CLOSE}"), 204),
    odd("TRACE", request("TRACE"), 405),
    odd("method in lower case", request("get"), 405),
    odd("/shutdown%00x", request("POST", "/shutdown%00x"), 400),
    odd("NUL in the path", request("POST", "/shutdown\0x"), 400),
    odd("NUL in the query", request("POST", "/drain?wait\0x"), 400),
    odd("ESC in the query", request(target="/livez?\x1b[2J"), 400),
    odd("right-to-left override in the path", request(target="/\u202e"), 400),
    odd("space in the target", request(target="/livez x"), 400),
    odd("CR in a value", request(fields="X-A: b\rc\r\n"), 400),
    odd("TE hidden by a fold", request("POST", "/drain", "Transfer-Encoding: chunked\r\n x\r\n") + PUSHED, 400),
    odd("NUL in the Host", "GET /livez HTTP/1.1\r\nHost: localhost\0.evil\r\n\r\n", 400),
    odd("empty Host", f"GET /livez HTTP/1.1\r\nHost:\r\n{CLOSE}\r\n", 403),
    odd("foreign Host", f"GET /livez HTTP/1.1\r\nHost: evil.example\r\n{CLOSE}\r\n", 403),
    odd("Host with control bytes", "GET /livez HTTP/1.1\r\nHost: \x1b[2J\r\n\r\n", 400),
    odd("refused, then pipelined", request("TRACE") + SMUGGLED, 405),
    odd("body refused, then pipelined", request("POST", "/drain", "Content-Length: 5\r\n") + "hello" + SMUGGLED, 400),
    odd("CL twice the same", request("POST", "/drain", "Content-Length: 0\r\nContent-Length: 0\r\n"), 400),
    odd("empty query", request(target="/livez?", fields=CLOSE), 200),
    odd("control byte in a parameter", request(target="/connections?peer=%1b", fields=CLOSE), 400),
]

# What libmicrohttpd 1.0 and later refuse before they ask us, with a page of their own: all answers that were seen. A
# NUL in the target ends the connection without one. A folded line becomes one with spaces, as RFC 9112, 5.2, allows.
BY_VERSION_1 = {
    "no Host": {(400,)},
    "two Hosts": {(400,)},
    "space before the colon": {(400,)},
    "folded line": {(200,)},
    "NUL in a header": {(400,)},
    "two CLs": {(400,)},
    "CL +5": {(400,)},
    "CL 5, 5": {(400,)},
    "CL -1": {(400,)},
    "CL 10^22": {(400,), (413,)},
    "TE gzip, chunked": {(400,), (501,)},
    "TE xchunked": {(400,), (501,)},
    "two TEs": {(400,), (501,)},
    "NUL in the path": {()},
    "NUL in the query": {()},
    "space in the target": {(301,)},
    "CR in a value": {(400,)},
    "TE hidden by a fold": {(400,), (501,)},
    "NUL in the Host": {(400,)},
}


def exchange(address, one, in_bytes=False):
    """Sends an odd request, whole or byte by byte, and returns all its answers, to the server's end of file."""
    with echod.Client(address) as client:
        data = one.bytes.encode()
        if in_bytes:
            if client.socket.family != socket.AF_UNIX:
                client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in data:
                client.send(bytes([byte]))
        else:
            client.send(data)
        if one.half_closes:
            client.half_close()
        return wire.replies(client.receive_all(), is_head=one.bytes.startswith("HEAD"))


def check(one, replies):
    others = BY_VERSION_1.get(one.name) if IS_VERSION_1 else None
    statuses = tuple(reply.status for reply in replies)
    assert statuses in (others or {one.statuses}), one.name
    if replies and replies[-1].status >= 400:
        assert replies[-1].headers["connection"].lower() == "close", one.name
        if not one.by_library and not others:
            assert replies[-1].headers["content-type"] == "application/problem+json", one.name
            assert json.loads(replies[-1].body)["status"] == replies[-1].status


@pytest.fixture(scope="module", params=["TCP", "Unix"])
def service(request, tmp_path_factory):
    unix = f"unix:{tmp_path_factory.mktemp('odd')}/admin"
    with echod.Echod(admin=("127.0.0.1:0" if request.param == "TCP" else unix,)) as service:
        yield service


def test_each_gets_its_one_answer(service):
    quiet = [one for one in CATALOGUE + FURTHER if not one.statuses]
    # Nothing is said to these but the end of file, when the library has lost patience; this test does not wait for it.
    waiting = [echod.Background(exchange, service.admin[0], one) for one in quiet]
    for one in CATALOGUE + FURTHER:
        if one.statuses:
            check(one, exchange(service.admin[0], one))
            assert service.get("/livez").code == 200, one.name
    for one in waiting:
        assert one.result() == []
    assert service.state == "serving"
    wire.check_log(service)


def test_however_the_bytes_are_cut(service):
    for one in CATALOGUE + FURTHER:
        if one.statuses and len(one.bytes) < 400:
            check(one, exchange(service.admin[0], one, in_bytes=True))
    assert service.state == "serving"
    wire.check_log(service)


def test_a_method_that_nobody_has_is_told_what_there_is(service):
    for target, allowed in (("/livez", "GET, HEAD"), ("/drain?wait", "POST, DELETE"), ("/shutdown", "POST")):
        for method, status in (("TRACE", 405), ("OPTIONS", 204)):
            [reply] = exchange(service.admin[0], odd("", request(method, target, CLOSE)))
            assert (reply.status, reply.headers["allow"]) == (status, f"{allowed}, OPTIONS")


def test_a_real_tls_client_is_let_go(service):
    """Its random bytes may hold line ends: then it is told, once, that this is no HTTP."""
    hello, context = ssl.MemoryBIO(), ssl.create_default_context()
    client = context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with echod.Client(service.admin[0]) as client:
        client.send(hello.read())
        client.half_close()
        answer = client.receive_all()
    assert len(wire.replies(answer)) <= 1
    assert service.get("/livez").code == 200


def test_the_log_is_neither_flooded_nor_forged(service):
    before = len(service.log.splitlines())
    forged = odd("", request(target="/\x1b[31m\x07", fields="X-A: \x1b]0;x\x07\r\n"), 400)
    for _ in range(echod.count(200, 2000)):
        check(forged, exchange(service.admin[0], forged))
        exchange(service.admin[0], odd("", "GET \x1b[31m\r\n\r\n"))
    wire.check_log(service)
    assert b" warning admin: " in service.log
    # The library's messages come ten at once and then one a second at most, however many requests there are.
    assert len(service.log.splitlines()) - before < echod.count(60, 300)
    assert service.state == "serving"
