"""Where a folder lies that is not on this machine, and what of that may be shown.

A user, a password and a query (which is what signs an address) are parts of what is asked for, and are never shown,
pickled or written down.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(://|::)")
_HTTP = ("http", "https")


class Address(NamedTuple):
    """An address of a folder."""

    shown: str  # without what is secret
    base: str  # what the names of files are put after; with a user and a password, if it has them
    query: str  # what stands behind each of them, with its question mark

    @classmethod
    def of(cls, text: str) -> Address:
        """Take an address apart."""
        if "::" in text:
            outer, inner = text.split("::", 1)
            within = cls.of(inner)
            return cls(f"{outer.rstrip('/')}::{within.shown}", f"{outer.rstrip('/')}::{within.base}", within.query)
        parts = urlsplit(text)
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


def _plain(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc, query="", fragment="").geturl().rstrip("/")


def is_address(text: str) -> bool:
    """Return True if a text is an address, and not a path of the file system."""
    return _URL.match(text) is not None
