"""The motion of a session as the truth has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats
from ..ground.checks import require
from ..ground.extras import extra_module
from ..ground.shown import Argument
from .course import Course
from .parts.motion import STEP_UM, MotionPart


class TrueMotion:
    """How the cells of a session move: along y, in steps.

    Attributes
    ----------
    parts : tuple of parts
        Those of the spec.
    step_um : float
        Step of the motion in µm.
    span_um : tuple of float
        Lowest and highest displacement of any cell.
    """

    step_um = STEP_UM

    def __init__(self, course: Course, seconds: Sequence[float], places: Floats) -> None:
        self._course, self._seconds, self._places = course, seconds, places
        self.parts: tuple[MotionPart, ...] = tuple(course.parts)
        self.span_um = course.span_um

    def displacement(self, seg_index: int, times_s: npt.ArrayLike, depths_um: npt.ArrayLike = 0.0) -> Floats:
        """Return how far from home cells are.

        Parameters
        ----------
        seg_index : int
            Which segment.
        times_s : array_like of float
            Seconds after the segment's first sample.
        depths_um : array_like of float
            Home depth (y) of cells, of a shape that broadcasts with the times': ``times_s[:, None]`` gives a table.

        Returns
        -------
        ndarray of float64, of the shape of both
            µm, upwards above 0, in whole steps: what was planted.
        """
        return self._course.steps(self._moments(seg_index, times_s), depths_um).astype(np.float64) * STEP_UM

    def to_spikeinterface(self, bin_s: float = 1.0) -> Any:
        """Return it as SpikeInterface's ``Motion``, which a spec takes, too.

        Parameters
        ----------
        bin_s : float
            Bin width in seconds; the first time is half of it after a segment's start.

        Returns
        -------
        spikeinterface.core.motion.Motion
            The motion before rounding to steps. It has the depths that the parts name, between which the displacement
            is linear; if all cells move alike, a single depth in the middle of the contacts.

        Raises
        ------
        MockSessionError
            If SpikeInterface is not installed, or `bin_s` is not above 0.
        """
        require(bin_s > 0, Argument("bin_s"), "a number above 0", bin_s)
        motion = extra_module("spikeinterface.core.motion", "SpikeInterface's Motion", "spikeinterface").Motion
        times = [(np.arange(max(1, round(seconds / bin_s))) + 0.5) * bin_s for seconds in self._seconds]
        depths = self._depths()
        moved = [self._course.displacement(self._moments(k, some[:, None]), depths) for k, some in enumerate(times)]
        return motion(moved, times, depths)

    def _depths(self) -> Floats:
        knots = [part.knots_um for _, part in self._course.moves]
        if any(knots):
            return np.unique(np.concatenate(knots))
        return np.array([(self._places[:, 1].min() + self._places[:, 1].max()) / 2])

    def _moments(self, seg_index: int, times_s: npt.ArrayLike) -> Any:
        last = len(self._seconds) - 1
        require(0 <= seg_index <= last, Argument("seg_index"), f"0 to {last}", seg_index, "Request one of these.")
        return self._course.at(seg_index, np.asarray(times_s, dtype=np.float64))
