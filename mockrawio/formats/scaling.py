"""Counts in the scale that a format fixes: one gain for all channels, or one of its amplifier's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..ground.arrays import Floats
from ..ground.errors import MockSessionError
from ..ground.shown import Argument, Text
from .recorded import Counts, RecordedSignals
from .rig import RigFolder

TOLERANCE = 1e-6  # relative: gains nearer than that are the same


def gains_uV(stream: RecordedSignals, out: RigFolder) -> tuple[Floats, Floats]:
    """Return each channel's gain and offset in µV; a unit that is no voltage is noted, and is as if it were µV."""
    scale = np.array([out.microvolts(channel.units) for channel in stream.channels])
    return stream.gains * scale, stream.offsets * scale


def has_gain(stream: RecordedSignals, gain: float, out: RigFolder) -> bool:
    """Return whether all channels have a gain, in µV."""
    return bool(np.allclose(gains_uV(stream, out)[0], gain, rtol=TOLERANCE, atol=0))


def with_gain(
    stream: RecordedSignals, gain: float | None, out: RigFolder, title: str, requantise: bool
) -> RecordedSignals:
    """Return a stream whose channels all have one gain, in µV: `gain`, or for None the largest that there is.

    A stream that has it goes as it is, count for count. Of others the samples are rounded to the gain, and cut where
    int16 ends, if `requantise`; else a MockSessionError. What is rounded has no offset left.
    """
    gains, offsets = gains_uV(stream, out)
    wanted = float(np.abs(gains).max()) if gain is None else gain
    if has_gain(stream, wanted, out):
        return stream
    if not requantise:
        found = ", ".join(f"{one:.9g}" for one in np.unique(gains)[:3])
        expected = f"{wanted:.9g} µV a count on all channels, as {title} has it"
        remedy = Text("Pass ", Argument("requantise", True), " to round the samples to it, or take another format.")
        raise MockSessionError(f"the gains of stream {stream.id}", expected, found, remedy)
    factors, shifts = gains / wanted, offsets / wanted

    def read(seg_index: int, start: int, stop: int) -> Counts:
        counts = np.rint(stream.read(seg_index, start, stop) * factors + shifts)
        return np.clip(counts, -32768, 32767).astype("<i2")

    channels = tuple(channel._replace(units="uV", gain=wanted, offset=0.0) for channel in stream.channels)
    return replace(stream, channels=channels, read=read)
