"""How the cells of a session move and change: the sum of the parts of its motion, in whole steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.once import once
from .layers import Setting
from .parts.form import numbered
from .parts.motion import STEP_UM, Change, Moments, MotionPart, Move
from .planted import Fired, SpikeTrains


@dataclass(frozen=True, eq=False)
class Course:
    """How the cells of a session move and change.

    `starts_s` has where each segment begins, in seconds after the first one's beginning; `parts` are those of the
    spec's motion.
    """

    setting: Setting
    starts_s: Sequence[float]
    parts: Sequence[MotionPart]

    @once
    def moves(self) -> list[tuple[str, Move]]:
        """The parts that move cells, with the names that their bits have."""
        return self._named(Move)

    @once
    def changes(self) -> list[tuple[str, Change]]:
        """The parts that change the size of spikes, with the names that their bits have."""
        return self._named(Change)

    @once
    def span(self) -> tuple[int, int]:
        """How many steps from home any cell gets, the lowest and the highest."""
        low, high = (sum(part.span_um[end] for _, part in self.moves) for end in (0, 1))
        return floor(low / STEP_UM), ceil(high / STEP_UM)

    @property
    def span_um(self) -> tuple[float, float]:
        """The same in µm."""
        low, high = self.span
        return low * STEP_UM, high * STEP_UM

    def moments(self, seg_index: int, frames: Ints) -> Moments:
        """Return when some frames of a segment are."""
        return self.at(seg_index, frames / float(self.setting.sampling_rate))

    def at(self, seg_index: int, seconds: Floats) -> Moments:
        """Return when some seconds of a segment are."""
        return Moments(seg_index, seconds, seconds + self.starts_s[seg_index])

    def displacement(self, moments: Moments, depths_um: npt.ArrayLike) -> Floats:
        """Return how far from home cells would be, if they did not move in steps, by their depths at home, µm."""
        depths_um = np.asarray(depths_um, dtype=np.float64)
        moved = np.zeros(np.broadcast_shapes(moments.seconds.shape, depths_um.shape))
        for name, part in self.moves:
            moved += part.displacement(self.setting, name, moments, depths_um)
        return moved

    def steps(self, moments: Moments, depths_um: npt.ArrayLike) -> Ints:
        """Return how many steps from home cells are, by their depths at home."""
        return np.rint(self.displacement(moments, depths_um) / STEP_UM).astype(np.int64)

    def changed(self, firing: SpikeTrains, labels: Sequence[int]) -> SpikeTrains:
        """Return firing with the changes of the spikes of cells, whose units have the numbers `labels`."""
        return _Changed(firing, self, labels) if self.changes else firing

    def factors(self, label: int, moments: Moments) -> Floats | None:
        """Return how many times as large the spikes of a unit are; None if they never change."""
        own = [(name, part) for name, part in self.changes if part.chosen(self.setting, name, label)]
        if not own:
            return None
        factors = np.ones_like(moments.seconds)
        for name, part in own:
            factors *= part.factors(self.setting, name, label, moments)
        return factors

    def _named(self, kind: type[Any]) -> list[tuple[str, Any]]:
        parts = [part for part in self.parts if isinstance(part, kind)]
        names = numbered([f"motion.{type(part).__name__}" for part in parts])
        return list(zip(names, parts, strict=True))


class _Changed(SpikeTrains):
    """The spikes of another firing, larger or smaller; those of no size are left out."""

    def __init__(self, firing: SpikeTrains, course: Course, labels: Sequence[int]) -> None:
        self._firing, self._course, self._labels = firing, course, labels
        self.fewest_frames = firing.fewest_frames
        self.most_factor = firing.most_factor * float(np.prod([part.most for _, part in course.changes]))

    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell from frame `start` to `stop` of a segment."""
        fired = self._firing.fired(index, seg_index, start, stop)
        factors = self._course.factors(self._labels[index], self._course.moments(seg_index, fired.frames))
        if factors is None:
            return fired
        there = factors > 0
        sizes = (fired.factors * factors).astype(np.float32)
        return Fired(fired.frames[there], fired.phases[there], sizes[there])

    def intensity(self, index: int, seg_index: int, start: int, stop: int) -> Floats:
        """Return the rate that a cell's spikes are drawn from at each frame, 0 where none of them has a size."""
        rates = self._firing.intensity(index, seg_index, start, stop)
        factors = self._course.factors(self._labels[index], self._course.moments(seg_index, np.arange(start, stop)))
        return rates if factors is None else rates * (factors > 0)


def steps_um(steps: int) -> Floats:
    """Return how far from home so many steps are: x, y and z, µm."""
    return np.array([0.0, steps * STEP_UM, 0.0])
