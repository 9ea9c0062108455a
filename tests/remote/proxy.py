"""A proxy before a real server, which passes on what it is asked, or does to it what real networks do."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOPS = ("Connection", "Transfer-Encoding", "Date", "Server")  # of a connection, or sent anyway
Answer = tuple[int, list[tuple[str, str]], bytes]
Fault = Callable[["Forward", Answer], bool]  # given what the server answers; returns True if it has answered itself


class Forward(BaseHTTPRequestHandler):
    """Passes requests on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""

    def forward(self) -> None:
        """Ask the server, and answer as it does unless there is a fault."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self._asked(body)
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append((self.command, self.path, self.headers.get("Range", "")))
        fault = self.server.fault(number, self.path) if self.server.fault else None
        if fault is None or not fault(self, answer):
            self.send(answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = forward

    def _asked(self, body: bytes) -> Answer:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=20)
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            got = upstream.getresponse()
            return got.status, got.getheaders(), got.read()
        finally:
            upstream.close()

    def send(self, answer: Answer, **changed: str) -> None:
        """Send an answer, with some headers changed; one whose length is a lie ends the connection."""
        status, headers, body = answer
        kept = {key.title(): value for key, value in headers if key.title() not in _HOPS}
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **kept, **changed}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def short(handler: Forward, answer: Answer) -> bool:
    """Send half of what was promised."""
    status, headers, body = answer
    length = dict(headers).get("Content-Length", str(len(body)))
    handler.send((status, headers, body[: len(body) // 2]), **{"Content-Length": length})
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_WR)
    return True


def silent(handler: Forward, answer: Answer) -> bool:
    """Say nothing, for longer than the client waits."""
    time.sleep(0.5)
    handler.close_connection = True
    return True


def replaced(handler: Forward, answer: Answer) -> bool:
    """Answer for another version of the object."""
    handler.send(answer, Etag='"another"')
    return True


def shifted(handler: Forward, answer: Answer) -> bool:
    """Answer with another range than was asked for."""
    handler.send(answer, **{"Content-Range": f"bytes 7-{6 + len(answer[2])}/{1 << 40}"})
    return True


def status(code: int) -> Fault:
    """Answer with a status, and S3's text for it."""
    name = "InternalError" if code >= 500 else "AccessDenied"
    said = f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>no</Message></Error>".encode()

    def fault(handler: Forward, answer: Answer) -> bool:
        handler.send((code, [("Content-Type", "application/xml")], said))
        return True

    return fault


class Proxy(ThreadingHTTPServer):
    """A proxy of the server at an address."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Forward)
        self.upstream, self.lock = urlsplit(upstream).netloc, threading.Lock()
        self.asked: list[tuple[str, str, str]] = []
        self.fault: Callable[[int, str], Fault | None] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *arguments: object) -> None:
        """Say nothing of clients that go away."""


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """Put a proxy before a server while it lasts."""
    with Proxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
