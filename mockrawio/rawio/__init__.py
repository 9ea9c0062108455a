"""The reader: a session folder through Neo's RawIO layer."""

from .reader import MockSessionRawIO

__all__ = ["MockSessionRawIO"]
