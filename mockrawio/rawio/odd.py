"""Which of a session's streams differs from the others, so that a message names it and not a sound one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..ground.errors import BadFileError
from ..session.exclude import with_exclude
from ..session.files import few
from .signals import SignalStream


def span_ms(stream: SignalStream, seg_index: int) -> tuple[float, float]:
    """Return when a stream's part of a segment begins and ends, ms since the Unix epoch."""
    run = stream.runs[seg_index]
    return run.t_start_ms, run.t_start_ms + (run.stop - run.start) * 1000 / stream.sampling_rate


def odd_segments(streams: list[SignalStream]) -> BadFileError | None:
    """Return an error for a stream whose number of segments differs from that of most channels, if there is one."""
    channels: Counter[int] = Counter()
    for stream in streams:
        channels[len(stream.runs)] += len(stream.channels)
    if len(channels) < 2:
        return None
    ((usual, _),) = channels.most_common(1)
    odd = next(stream for stream in streams if len(stream.runs) != usual)
    found = few([f"{len(stream.runs)} in {stream.id}" for stream in streams])
    return odd_stream(odd, "streams with the same segments", found)


def odd_times(streams: list[SignalStream]) -> BadFileError | None:
    """Return an error for a stream that was recorded at another time than most channels, if there is one."""
    if len(streams) < 2:
        return None
    largest = max(streams, key=lambda stream: len(stream.channels))
    for stream in streams:
        tolerance = 1000 / min(stream.sampling_rate, largest.sampling_rate)
        for index in range(len(largest.runs)):
            (low, high), (first, last) = span_ms(largest, index), span_ms(stream, index)
            if max(low, first) > min(high, last) + tolerance:
                found = f"segment {index} at {low:.0f} ms in {largest.id}, {first:.0f} ms in {stream.id}"
                return odd_stream(stream, "streams recorded at the same time", found)
    return None


def odd_stream(stream: SignalStream, expected: str, found: str) -> BadFileError:
    """Return the error about the file of a stream."""
    return with_exclude(BadFileError(path_of(stream), expected, found, "Read with strict=False."))


def path_of(stream: SignalStream) -> str:
    """Return the file of a stream, or of its first channel."""
    source: Any = next(iter(stream.sources), None)
    return str(getattr(getattr(source, "file", None), "path", stream.id))
