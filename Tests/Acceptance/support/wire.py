"""Requests as bytes, however malformed, and what comes back: well-formed replies, and a well-formed log."""

import re
import socket

import echod


class Reply:
    """One answer, taken off the front of what came."""

    def __init__(self, data, is_head=False):
        head, separator, rest = data.partition(b"\r\n\r\n")
        assert separator, f"no end of the headers: {data[:200]}"
        # If the target has a space, libmicrohttpd 1.0 redirects the client to what it asked for, exactly as written.
        head = re.sub(rb"(?<=\r\nLocation: )[^\r\n]*", b"...", head)
        status, *lines = head.decode("ascii").split("\r\n")
        self.status = int(re.fullmatch(r"HTTP/1\.[01] (\d{3}) [ -~]+", status)[1])
        self.headers = {}
        for line in lines:
            name, value = re.fullmatch(r"([!-9;-~]+): ?([ -~]*)", line).groups()
            assert name.lower() not in self.headers, f"{name} twice"
            self.headers[name.lower()] = value
        # 204 has no body and names no length (RFC 9110, 8.6).
        length = 0 if is_head or self.status == 204 else int(self.headers["content-length"])
        self.body, self.rest = rest[:length], rest[length:]
        assert len(self.body) == length, "the body is cut"

    @property
    def is_last(self):
        """Whether nothing may follow it on its connection."""
        return self.headers.get("connection", "").lower() == "close"


def replies(data, is_head=False):
    """All replies in `data`. What follows a last one is a second reply to the same request."""
    found = []
    while data:
        assert not found or not found[-1].is_last, f"after a last reply: {data[:200]}"
        found.append(Reply(data, is_head))
        data = found[-1].rest
    return found


def send(address, segments, method_is_sure=True):
    """Sends these bytes, segment by segment, and the end of file, on a connection of its own; returns the
    replies. The method is not sure if it may have become HEAD, whose reply has no body."""
    with echod.Client(address) as client:
        if client.socket.family != socket.AF_UNIX:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for segment in segments:
                client.send(segment)
            client.half_close()
        except OSError:
            # The server has already ended the connection; what it said can still be read.
            pass
        data = client.receive_all()
    if method_is_sure or b"HEAD" not in b"".join(segments):
        return replies(data)
    return [Reply(part, is_head=True) for part in re.split(rb"(?<=\n)(?=HTTP/1\.)", data) if part]


def check_log(service):
    """The log is printable ASCII and line ends, and every line has the form of an echod log line."""
    assert re.fullmatch(rb"[\n -~]*", service.log)
    assert len(service.log) < 200_000
    for line in service.log.decode().splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z (notice|warning|info) ", line), line
