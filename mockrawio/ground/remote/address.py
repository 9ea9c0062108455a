"""Where a folder lies that is not on this machine, and what of that may be shown.

A user, a password and a query (which is what signs an address) are parts of what is asked for, and are never shown,
pickled or written down.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import MockSessionError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(://|::)")
_HTTP = ("http", "https")
_PLAIN = (*_HTTP, "s3", "s3a", "ftp", "sftp", "ssh", "gs", "gcs", "abfs", "az")  # in which "::" is of a host or a name
_LOCAL = re.compile(r"(file|local)://", re.IGNORECASE)


class Address(NamedTuple):
    """An address of a folder."""

    shown: str  # without what is secret
    base: str  # what the names of files are put after; with a user and a password, if it has them
    query: str  # what stands behind each of them, with its question mark

    @classmethod
    def of(cls, text: str) -> Address:
        """Take an address apart."""
        if "::" in text and text.partition(":")[0].lower() not in _PLAIN:
            outer, inner = text.split("::", 1)
            within = cls.of(inner)
            return cls(f"{outer.rstrip('/')}::{within.shown}", f"{outer.rstrip('/')}::{within.base}", within.query)
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:  # its text may have what is secret
            protocol = text.partition(":")[0]
            raise MockSessionError(f"{protocol}://...", "an address", "one that is none", "Check its host.") from None
        if parts.scheme not in _HTTP:  # a key of S3 may have a question mark in it
            bare = parts.netloc.rpartition("@")[2]
            return cls(text.replace(parts.netloc, bare, 1).rstrip("/"), text.rstrip("/"), "")
        query = f"?{parts.query}" if parts.query else ""
        base = _plain(parts, parts.netloc)
        return cls(_plain(parts, parts.netloc.rpartition("@")[2]), base, query)

    @property
    def protocol(self) -> str:
        """How it is asked for, such as "https"; of a zip, "zip"."""
        return re.split("://|::", self.base, maxsplit=1)[0].lower()

    @property
    def store(self) -> tuple[str, str]:
        """What answers for it: its protocol, and of HTTP the server, of a zip what it lies in."""
        if self.protocol in _HTTP:
            return self.protocol, urlsplit(self.base).netloc.lower()
        return self.protocol, self.base.partition("::")[2]

    @property
    def user(self) -> dict[str, str]:
        """The user and the password in it, by s3fs's names for them."""
        given, at, _ = urlsplit(self.base).netloc.rpartition("@")
        name, _, password = given.partition(":")
        return {"key": unquote(name), "secret": unquote(password)} if at else {}

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"  # also where a debugger shows it


def _plain(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc, query="", fragment="").geturl().rstrip("/")


def is_address(text: str) -> bool:
    """Return True if a text is an address, and not a path of the file system."""
    return _URL.match(text) is not None and local_path(text) is None


def local_path(text: str) -> str | None:
    """Return the path that an address of this machine's own files stands for; None for any other text."""
    found = _LOCAL.match(text)
    return None if found is None else text[found.end() :]
