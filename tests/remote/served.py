"""Real servers on loopback that tests start: HTTP with ranges, which counts what it is asked, and faults on demand."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass
class Asked:
    """A request that was answered with a range of a file, or refused."""

    path: str
    start: int
    stop: int
    sent: int = 0
    headers: dict[str, str] = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    """Files below a folder, by ranges."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FileServer

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        """Answer with a range of a file, or a folder's page of links."""
        name = unquote(urlsplit(self.path).path).lstrip("/")
        path = self.server.root / name
        said = RANGE.fullmatch(self.headers.get("Range", ""))
        asked = Asked(name, *((int(said[1]), int(said[2]) + 1) if said else (0, 0)), headers=dict(self.headers))
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append(asked)
        fault = self.server.fault(number, name) if self.server.fault else None
        if fault is not None and fault(self):
            return
        if path.is_dir():
            return self._page(path)
        if not path.is_file():
            return self.reply(404)
        if said is None or not self.server.ranges:
            data = path.read_bytes()
            return self.reply(200, data)
        self._range(path, asked)

    def _range(self, path: Path, asked: Asked) -> None:
        size, etag = path.stat().st_size, tag(path)
        if asked.start >= size:
            return self.reply(416, headers={"Content-Range": f"bytes */{size}", "ETag": etag})
        stop = min(asked.stop, size)
        with open(path, "rb") as file:
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {asked.start}-{stop - 1}/{size}")
            self.send_header("Content-Length", str(stop - asked.start))
            self.send_header("ETag", etag)
            self.end_headers()
            self.wfile.flush()
            asked.sent = stop - asked.start
            self.connection.sendfile(file, asked.start, stop - asked.start)

    def _page(self, path: Path) -> None:
        if not self.server.lists:
            return self.reply(403)
        names = sorted(one.name + "/" * one.is_dir() for one in path.iterdir())
        self.reply(200, "".join(f'<a href="{name}">{name}</a>\n' for name in ["../", *names]).encode())

    def reply(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> bool:
        """Send a whole answer."""
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)
        return True


def tag(path: Path) -> str:
    """Return an ETag that is another one whenever a file is written."""
    status = path.stat()
    return f'"{hashlib.md5(f"{status.st_mtime_ns} {status.st_size} {status.st_ino}".encode()).hexdigest()}"'


Fault = Callable[[Handler], bool]  # returns True if it has answered


class FileServer(ThreadingHTTPServer):
    """A server of the files below a folder, which notes what it is asked."""

    daemon_threads = True

    def __init__(self, root: Path, *, lists: bool = True, ranges: bool = True, host: str = "127.0.0.1") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), Handler)
        self.root, self.lists, self.ranges, self.lock = root, lists, ranges, threading.Lock()
        self.asked: list[Asked] = []
        self.fault: Callable[[int, str], Fault | None] | None = None
        self.connected = 0  # how many connections clients keep

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, which is counted."""
        with self.lock:
            self.connected += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that its client has closed."""
        with self.lock:
            self.connected -= 1
        super().shutdown_request(request)

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self.server_address[:2]
        return f"http://[{host}]:{port}" if ":" in str(host) else f"http://{host}:{port}"

    def handle_error(self, *arguments: object) -> None:
        """Say nothing of clients that go away."""

    def taken(self) -> list[Asked]:
        """Return what it was asked since it was last asked so."""
        with self.lock:
            taken, self.asked = self.asked, []
        return taken


@contextmanager
def serving(root: Path, **how: Any) -> Iterator[FileServer]:
    """Serve a folder while it lasts."""
    with FileServer(root, **how) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def reset(handler: Handler) -> bool:
    """Break the connection off (RST)."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()
    return True


def short(handler: Handler) -> bool:
    """Promise more bytes than are sent."""
    handler.wfile.write(
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1000\r\nContent-Range: bytes 0-999/1000\r\n\r\nab"
    )
    handler.close_connection = True
    return True


def status(code: int) -> Fault:
    """Answer with a status."""
    return lambda handler: handler.reply(code)


def redirect(place: str) -> Fault:
    """Send the client elsewhere."""
    return lambda handler: handler.reply(302, headers={"Location": place})
