"""Files of an HTTP server, read by ranges through the session that fsspec opens.

What a server says is checked before a byte is kept: that it is the range asked for, not encoded, and no more than that.
"""

from __future__ import annotations

import asyncio
import errno
import html
import os
import re
import weakref
from collections.abc import Mapping
from concurrent.futures import Future, wait
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from ..errors import BadFileError
from ..extras import by_extra
from .address import Address
from .store import Known, Listed, Passing, RemoteStore

_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18})")
_LINK = re.compile(r"""<a\s[^<>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_MOST_LISTING = 1 << 24  # bytes of a page that lists a folder
_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_OURS = frozenset({"headers", "auth", "cookies", "cookie_jar"})  # options that are for the server of the address alone
_SHARED = frozenset({"timeout", "ssl", "proxy"})
_IDENTITY = {"Accept-Encoding": "identity"}
_BUFFER = 1 << 21  # bytes that the system may hand over at once: fewer, and the calls begin to show
_CONNECT_S, _SILENT_S, _SLOWEST = 10.0, 30.0, 1 << 16  # bytes/s: a server that is slower, for long, is given up
_PASSING = frozenset({408, 425, 429})  # and what begins with a 5
_inherited: list[object] = []  # connections of the process that was forked, which stay its own


class _Client:
    """Connections to servers, closed when they were left and nobody uses them; in the loop's thread alone."""

    def __init__(self, session: Any) -> None:
        self._session, self._users, self._is_left = session, 0, False

    async def __aenter__(self) -> Any:
        self._users += 1
        return self._session

    async def __aexit__(self, *_: object) -> None:
        self._users -= 1
        await self._close()

    async def leave(self) -> None:
        """Close the connections, when they are used no more."""
        self._is_left = True
        await self._close()

    async def _close(self) -> None:
        if self._is_left and not self._users:
            await self._session.close()


class HttpStore(RemoteStore):
    """The files below an address; `options` are those of fsspec's ``HTTPFileSystem``."""

    def __init__(self, address: Address, options: Mapping[str, Any]) -> None:
        with by_extra("addresses of HTTP", "remote"):
            import aiohttp
            import yarl
            from fsspec.asyn import sync
            from fsspec.implementations.http import HTTPFileSystem
        self._http, self._url, self._sync = aiohttp, yarl.URL, sync
        self._address = address
        self._fs: Any = HTTPFileSystem(skip_instance_cache=True, **options)
        self._given = dict(self._fs.kwargs)
        self._headers = {**_IDENTITY, **self._given.pop("headers", {})}
        client = options.get("client_kwargs") or {}
        self._timed = "timeout" in self._given or "timeout" in client
        plain = {key: value for key, value in client.items() if key not in _OURS}
        self._elsewhere: Any = HTTPFileSystem(skip_instance_cache=True, client_kwargs=plain)
        # Those of fsspec are closed in each fork again, which has no thread to do it, and waits a second.
        self._clients: dict[bool, _Client] = {}  # for the server of the address, and for others
        weakref.finalize(self, _leave, os.getpid(), self._fs.loop, self._clients)

    def close(self) -> None:
        """Let go of connections; those in use are closed after it."""
        wait(_leave(os.getpid(), self._fs.loop, self._clients), _CONNECT_S)

    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        """Return the bytes of a range; see :meth:`.store.RemoteStore.read`."""
        headers = {"Range": f"bytes={start}-{max(stop, start + 1) - 1}"}
        answer: tuple[bytes, Known] = self._ask(
            name, headers, stop - start, lambda got: _ranged(self._place(name), got, start, stop)
        )
        return answer

    def _place(self, name: str) -> str:
        return f"{self._address.shown}/{name}"

    def listed(self, below: str) -> list[Listed]:
        """Return what the links of the page say that a server makes of a folder."""
        name = f"{below}/" if below else ""
        page, where = self._ask(name, {}, _MOST_LISTING, lambda got: str(got.url))
        return list(_links(page.decode("utf-8", "replace"), where))

    def _ask(self, name: str, headers: dict[str, str], most: int, look: Any) -> tuple[bytes, Any]:
        try:
            answer: tuple[bytes, Any] = self._sync(self._fs.loop, self._get, name, headers, most, look)
            return answer
        except self._http.InvalidURL:
            raise _refused(self._place(name), "an address that is none", "Give the address of a server.") from None
        except (self._http.ClientError, asyncio.TimeoutError, TimeoutError, ConnectionError) as error:
            raise Passing(type(error).__name__) from None

    async def _get(self, name: str, headers: dict[str, str], most: int, look: Any) -> tuple[bytes, Any]:
        """Ask, and follow redirects; a server other than that of the address gets nothing that was given for it."""
        at = first = self._url(f"{self._address.base}/{quote(name)}{self._address.query}", encoded=True)
        for _ in range(_REDIRECTS + 1):
            ours = at.origin() == first.origin()
            given = self._given if ours else {key: self._given[key] for key in _SHARED & self._given.keys()}
            how = {**given, "headers": {**(self._headers if ours else _IDENTITY), **headers}}
            if not self._timed:
                total = 2 * _SILENT_S + most / _SLOWEST
                how["timeout"] = self._http.ClientTimeout(total=total, sock_connect=_CONNECT_S, sock_read=_SILENT_S)
            async with (
                await self._client(ours) as session,
                session.get(at, allow_redirects=False, read_bufsize=_BUFFER, **how) as got,
            ):
                if got.status in _MOVED:
                    at = self._next(name, at, got.headers.get("Location", ""))
                    if at.origin() == first.origin():
                        at = at.with_user(first.user).with_password(first.password)
                    continue
                _check_status(self._place(name), got.status, got.headers)
                found = look(got)
                if got.status == 416:
                    return b"", found
                return await _body(self._place(name), got, most), found
        raise _refused(self._place(name), f"more than {_REDIRECTS} redirects", "Give the address itself.")

    async def _client(self, ours: bool) -> _Client:
        client = self._clients.get(ours)
        if client is None:
            fs = self._fs if ours else self._elsewhere
            client = self._clients[ours] = _Client(await fs.get_client(loop=fs.loop, **fs.client_kwargs))
        return client

    def _next(self, name: str, at: Any, location: str) -> Any:
        """Return where a redirect leads."""
        try:
            there = at.join(self._url(location))
            if there.scheme in ("http", "https") and there.host:
                return there
        except ValueError:
            pass
        raise _refused(
            self._place(name), "a redirect to what is no HTTP", "Give the address that the server means."
        ) from None


def _leave(process: int, loop: Any, clients: dict[bool, _Client]) -> list[Future[None]]:
    """Begin to close connections, unless this process is a fork of theirs."""
    gone = [clients.popitem()[1] for _ in range(len(clients))]
    if process != os.getpid():
        _inherited.extend(gone)
        return []
    return [asyncio.run_coroutine_threadsafe(one.leave(), loop) for one in gone]


async def _body(place: str, got: Any, most: int) -> bytes:
    """Return what an answer brings; it may not be more than was asked for."""
    pieces, size = [], 0
    async for piece in got.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise _refused(place, f"more than the {most} bytes asked for", "Ask whoever runs the server.")
    return b"".join(pieces)


def _check_status(place: str, status: int, headers: Mapping[str, str]) -> None:
    if status in _PASSING or status >= 500:
        wait = headers.get("Retry-After", "")
        raise Passing(f"status {status}", float(wait) if wait.isdecimal() and len(wait) < 6 else 0.0)
    if status in (404, 410):
        raise FileNotFoundError(errno.ENOENT, f"nothing there: status {status}", place)
    if status in (401, 403, 407):
        found = f"that it may not be read: status {status}; credentials belong in storage_options, or the environment"
        raise PermissionError(errno.EACCES, found, place)
    if status not in (200, 206, 416):
        raise OSError(errno.EIO, f"status {status}", place)
    if headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
        raise _refused(place, "an encoded answer", "Have the server send files as they are.")


def _ranged(place: str, got: Any, start: int, stop: int) -> Known:
    """Return what an answer to a range says of its file."""
    if got.status == 200:
        remedy = "Use a server that knows ranges, such as nginx or an object store, or download the folder."
        raise _refused(place, "all of the file: the server does not send ranges", remedy)
    said = _RANGE.fullmatch(got.headers.get("Content-Range", ""))
    if said is None:
        raise _refused(place, "no Content-Range that says which bytes they are", "Use a server that knows ranges.")
    first, last, size = said[1], said[2], int(said[3])
    if got.status == 206 and (first is None or int(first) != start or int(last) != min(stop, size) - 1):
        raise Passing("another range than was asked for")
    if got.status == 416 and start < size:
        raise Passing("that a range is refused which is there")
    return Known(size, got.headers.get("ETag") or got.headers.get("Last-Modified") or "")


def _links(page: str, where: str) -> list[Listed]:
    """Return the names of a page's links that lead one step down."""
    base, found = urlsplit(where.partition("?")[0]), {}
    for match in _LINK.finditer(page):
        link = urlsplit(urljoin(base.geturl(), html.unescape(match[1] or match[2] or "")))
        path = unquote(link.path)
        inner = path[len(unquote(base.path)) :] if path.startswith(unquote(base.path)) else ""
        own = inner.removesuffix("/")
        if link.netloc == base.netloc and own and "/" not in own and own not in (".", ".."):
            found[own] = Listed(own, inner.endswith("/"))
    return list(found.values())


def _refused(place: str, found: str, remedy: str) -> BadFileError:
    return BadFileError(place, "bytes of a file, by ranges", found, remedy)
