"""What ``.plx`` files are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...ground.arrays import Array, Floats, Ints

MAGIC = int.from_bytes(b"PLEX", "little")
SPIKE, EVENT, SAMPLES = 1, 4, 5  # types of blocks
STROBED, BEGIN, END = 257, 258, 259  # channels of events
HEAD = np.dtype(
    [
        ("magic", "<u4"),
        ("version", "<i4"),
        ("comment", "S128"),
        ("rate", "<i4"),
        ("spike_channels", "<i4"),
        ("event_channels", "<i4"),
        ("slow_channels", "<i4"),
        ("points", "<i4"),
        ("before", "<i4"),
        ("date", "<i4", 6),
        ("fast_read", "<i4"),
        ("waveform_rate", "<i4"),
        ("last", "<f8"),
        ("trodes", "u1", 2),
        ("bits", "u1", 2),
        ("spike_range", "<u2"),
        ("slow_range", "<u2"),
        ("spike_preamp", "<u2"),
        ("software", "S18", 2),
        ("padding", "V10"),
        ("spike_counts", "<i4", (130, 5)),  # of a channel and a unit
        ("waveform_counts", "<i4", (130, 5)),
        ("counts", "<i4", 512),  # events of a channel; samples of a slow channel, from 300
    ]
)
SPIKE_HEAD = np.dtype(
    [
        ("name", "S32"),
        ("signal", "S32"),
        ("channel", "<i4"),
        ("rate", "<i4"),  # of waveforms
        ("number", "<i4"),
        ("reference", "<i4"),
        ("gain", "<i4"),
        ("filter", "<i4"),
        ("threshold", "<i4"),
        ("method", "<i4"),
        ("units", "<i4"),
        ("sorting", "V748"),
        ("comment", "S128"),
        ("source", "u1"),
        ("reserved", "u1"),
        ("source_channel", "<u2"),
        ("padding", "V40"),
    ]
)
EVENT_HEAD = np.dtype(
    [
        ("name", "S32"),
        ("channel", "<i4"),
        ("comment", "S128"),
        ("source", "u1"),
        ("reserved", "u1"),
        ("source_channel", "<u2"),
        ("padding", "V128"),
    ]
)
SLOW_HEAD = np.dtype(
    [
        ("name", "S32"),
        ("channel", "<i4"),
        ("rate", "<i4"),
        ("gain", "<i4"),
        ("enabled", "<i4"),
        ("preamp", "<i4"),
        ("spike_channel", "<i4"),
        ("comment", "S128"),
        ("source", "u1"),
        ("reserved", "u1"),
        ("source_channel", "<u2"),
        ("padding", "V108"),
    ]
)
BLOCK_HEAD = np.dtype(
    [
        ("type", "<u2"),
        ("upper", "<u2"),  # the fifth byte of the stamp
        ("stamp", "<u4"),
        ("channel", "<u2"),
        ("unit", "<u2"),
        ("waveforms", "<u2"),
        ("words", "<u2"),
    ]
)


def blocks(kind: int, ticks: Ints | int, channels: Array | Sequence[int], units: Array | int, words: int) -> Array:
    """Return the headers of blocks, a record each."""
    heads = np.zeros(len(channels), BLOCK_HEAD)
    heads["type"], heads["channel"], heads["unit"] = kind, channels, units
    heads["upper"], heads["stamp"] = np.asarray(ticks) >> 32, np.asarray(ticks) & 0xFFFFFFFF
    heads["waveforms"], heads["words"] = words > 0, words
    return heads


def rows(heads: Array, data: Array | None = None) -> Array:
    """Return blocks as rows of bytes: headers, and int16 (blocks, samples) behind them."""
    bare = np.ascontiguousarray(heads).view(np.uint8).reshape(len(heads), BLOCK_HEAD.itemsize)
    if data is None:
        return bare
    return np.concatenate([bare, np.ascontiguousarray(data, "<i2").view(np.uint8)], axis=1)


class FullScale(NamedTuple):
    """What counts mean: ``range / (2 ** (bits - 1) * factor)`` mV, a factor for each channel."""

    range: int  # mV
    bits: int
    factors: Ints
    error: float  # the largest, relative

    @classmethod
    def of(cls, millivolts: Floats, bits: int) -> FullScale:
        """Return the scale that is nearest to all gains (mV a count)."""
        unique, inverse = np.unique(millivolts, return_inverse=True)
        if not len(unique):
            return cls(5000, bits, np.zeros(0, np.int64), 0.0)
        ranges = np.arange(1, 1 << 16)
        exact = ranges[:, None] / (unique * 2.0 ** (bits - 1))
        whole = np.where(unique < 0, -1, 1) * np.clip(np.rint(np.abs(exact)), 1, (1 << 31) - 1)
        errors = np.abs(exact / whole - 1).max(axis=1)
        best = int(np.argmin(np.maximum(errors, 1e-9)))
        return cls(int(ranges[best]), bits, whole[best].astype(np.int64)[inverse], float(errors[best]))
