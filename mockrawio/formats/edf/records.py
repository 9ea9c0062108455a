"""How samples are cut into records, and the bytes of those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..recorded import Counts, RecordedSignals
from .kinds import FileKind, fitted
from .notes import Notes

_USUAL, _MOST = 61_440, 10 << 20  # bytes of a record: what the format advises, what its readers take
_RATE_ERROR = 5e-7  # relative
_DRIFT = 0.25  # samples, by the end of a recording
_TRIED = 1 << 17  # samples of a record at least, where there is room


class Records(NamedTuple):
    """How samples are cut into records."""

    samples: tuple[int, ...]  # of each stream's channels
    number: int
    duration: str  # s, as the header has it


def cut_records(streams: Sequence[RecordedSignals], kind: FileKind) -> Records | None:
    """Return the longest records that the samples fill, or else the longest; None if there are none at all."""
    fast, size = streams[0], streams[0].sizes[0]
    ratios = np.array([one.rate / fast.rate for one in streams])
    a_sample = kind.n_bytes * float(ratios @ [len(one.channels) for one in streams])
    n = np.arange(1, min(int(_MOST / a_sample), max(size, _TRIED)) + 1)[: 8 * _TRIED]
    if len(n) == 0:
        return None
    seconds = np.maximum(np.rint(n / fast.rate * 1e7), 1) / 1e7
    digits = np.where(seconds < 1, 7, 6 - np.floor(np.log10(seconds)))  # after the point, in 8 characters
    seconds = np.rint(seconds * 10**digits) / 10**digits
    error = np.abs(seconds * fast.rate / n - 1)
    samples = np.outer(n, ratios)
    whole = np.all(np.abs(samples - np.rint(samples)) < 1e-6, axis=1)
    good = (error < _RATE_ERROR) & (error * size < _DRIFT) & whole
    filled = good & np.all(np.rint(samples) * (size // n)[:, None] == [one.sizes[0] for one in streams], axis=1)
    filled &= (n * a_sample >= 32) | (n == size)  # else annotations would be most of the file
    for choice in (filled & (n * a_sample <= _USUAL), good & (n * a_sample <= _USUAL) & ~filled.any(), filled, good):
        if choice.any():
            k = int(np.flatnonzero(choice)[-1])
            each = tuple(round(m) for m in samples[k])
            count = max(1, *(-(-one.sizes[0] // m) for one, m in zip(streams, each, strict=True)))
            return Records(each, count, fitted(Fraction(round(seconds[k] * 1e7), 10**7), 8))
    return None


def record_blocks(
    streams: Sequence[RecordedSignals], records: Records, notes: Notes, kind: FileKind
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield some records at a time, as bytes; the fastest stream's blocks set how many."""
    fast, n = streams[0], records.samples[0]
    done = 0
    for first, counts in fast.blocks(0, n):
        begin, stop = first // n, -(-(first + len(counts)) // n)
        done = stop
        yield _block([counts], streams, records, notes, kind, begin, stop)
    if done < records.number:  # another stream is longer
        yield _block([], streams, records, notes, kind, done, records.number)


def _block(
    given: Sequence[Counts],
    streams: Sequence[RecordedSignals],
    records: Records,
    notes: Notes,
    kind: FileKind,
    begin: int,
    stop: int,
) -> npt.NDArray[np.uint8]:
    parts = []
    for k, (stream, n) in enumerate(zip(streams, records.samples, strict=True)):
        size = stream.sizes[0]
        counts = given[k] if k < len(given) else stream.read(0, min(begin * n, size), min(stop * n, size))
        whole = np.zeros(((stop - begin) * n, counts.shape[1]), "<i2")
        whole[: len(counts)] = counts
        by_channel = whole.reshape(stop - begin, n, -1).transpose(0, 2, 1).reshape(stop - begin, -1)
        parts.append(_as_bytes(by_channel, kind))
    return np.concatenate([*parts, notes(begin, stop)], axis=1)


def _as_bytes(counts: Counts, kind: FileKind) -> npt.NDArray[np.uint8]:
    low = np.ascontiguousarray(counts).view(np.uint8)
    if kind.n_bytes == 2:
        return low
    wide = np.empty((*counts.shape, 3), np.uint8)
    wide[..., 0], wide[..., 1] = low[:, ::2], low[:, 1::2]
    wide[..., 2] = counts >> 15  # the sign
    return wide.reshape(len(counts), -1)
