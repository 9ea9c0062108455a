"""What a format has no room for, said before anything is written."""

from __future__ import annotations

from ..ground.errors import MockSessionError
from ..ground.shown import Argument, Text
from .recorded import RecordedSignals

OTHER = Text("Give other ", Argument("streams"), ", or another format.")


def require_channels(stream: RecordedSignals, most: int, title: str) -> None:
    """Refuse a stream of more channels than a format has: MockSessionError."""
    n = len(stream.channels)
    if n > most:
        raise MockSessionError(f"stream {stream.id}", f"{most} channels at most, for {title}", str(n), OTHER)


def whole_rate(stream: RecordedSignals, most: int, title: str) -> int:
    """Return a stream's rate in whole Hz; MockSessionError if it is not whole, or above `most`."""
    rate = round(stream.rate)
    if rate != stream.rate or not 0 < rate <= most:
        expected = f"a rate of whole Hz up to {most}, for {title}"
        raise MockSessionError(f"stream {stream.id}", expected, f"{stream.rate!r} Hz", OTHER)
    return rate
