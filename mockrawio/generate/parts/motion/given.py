"""Motion that is given as an array, or as SpikeInterface's ``Motion``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import require
from ....ground.once import once
from ....ground.shown import Argument
from ...layers import Setting
from ..form import checked, whole
from .curves import Between, series
from .part import Moments, Move

_ARRAYS = "displacement", "temporal_bins_s", "spatial_bins_um"  # of SpikeInterface's Motion


@dataclass(frozen=True)
class Given(Move):
    """Motion from an array, interpolated linearly and constant beyond its ends.

    Attributes
    ----------
    times_s : sequence of float
        Seconds of the session, or of a segment, ascending.
    displacement_um : sequence of float, or of sequences of float
        A number for each time, or a row of numbers, one for each depth.
    depths_um : sequence of float
        The home depths (y) they apply to, ascending; a single one if all move alike.
    segment : int, optional
        The only segment with motion, in whose seconds `times_s` are.
    """

    times_s: tuple[float, ...] = checked((0.0,), series("seconds that ascend", ascending=True))
    displacement_um: tuple[tuple[float, ...], ...] = checked(
        ((0.0,),), series("µm, one for each time, or a row for each time", n_axes=2)
    )
    _: KW_ONLY
    depths_um: tuple[float, ...] = checked((0.0,), series("µm that ascend", ascending=True))
    segment: int | None = whole(None, 0, 10**6)

    def __post_init__(self) -> None:
        """Check all fields, and that they are of one shape."""
        super().__post_init__()
        shape, found = (len(self.times_s), len(self.depths_um)), self._array.shape
        name = Argument("displacement_um", of="Given")
        require(found == shape, name, f"{shape[0]} rows of {shape[1]} numbers", f"{found[0]} of {found[1]}")
        require(float(np.abs(self._array).max()) <= 1e4, name, "at most 10000 µm", float(np.abs(self._array).max()))

    @property
    def knots_um(self) -> tuple[float, ...]:
        """The depths between which its displacement is straight."""
        return self.depths_um if len(self.depths_um) > 1 else ()

    @property
    def span_um(self) -> tuple[float, float]:
        """How far from home it goes."""
        return min(0.0, float(self._array.min())), max(0.0, float(self._array.max()))

    def displacement(self, setting: Setting, name: str, moments: Moments, depths_um: Floats) -> Floats:
        """Return by how much cells are moved, µm."""
        seconds = moments.since_start if self.segment is None else moments.seconds
        seconds, depths_um = np.broadcast_arrays(seconds, depths_um)
        if self.segment not in (None, moments.seg_index):
            return np.zeros(seconds.shape)
        when, where = Between.of(seconds, np.array(self.times_s)), Between.of(depths_um, np.array(self.depths_um))
        rows = [when.mean(self._array[when.low, depth], self._array[when.high, depth]) for depth in where[:2]]
        return where.mean(*rows)

    @once
    def _array(self) -> Floats:
        return np.array(self.displacement_um)


def is_motion(value: Any) -> bool:
    """Return True if a value is SpikeInterface's ``Motion``, or has all that one has."""
    return all(hasattr(value, name) for name in _ARRAYS)


def of_motion(name: Argument, motion: Any) -> Iterator[Given]:
    """Yield a part for each segment of SpikeInterface's ``Motion``.

    MockSessionError if that is not along y, or not straight between its bins.
    """
    for what, expected in (("direction", "y"), ("interpolation_method", "linear")):
        found = getattr(motion, what, expected)
        require(found == expected, name, f"a Motion whose {what} is {expected!r}", found)
    single = isinstance(motion.displacement, np.ndarray)
    segments = zip(*([one] if single else one for one in (motion.temporal_bins_s, motion.displacement)), strict=True)
    for k, (times_s, displacement_um) in enumerate(segments):
        yield Given(times_s, displacement_um, depths_um=motion.spatial_bins_um, segment=None if single else k)
