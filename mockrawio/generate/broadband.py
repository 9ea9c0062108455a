"""The broadband stream, made from a plan: and, from a session's folder, the truth about it.

``recording - background == planted``, count for count, where no sample was clipped; where one
was, it is the nearest int16 to the sum.
"""

from __future__ import annotations

from itertools import accumulate
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.errors import BoundsError, MockSessionError
from ..session.clock import Run
from ..session.content import stream_description
from ..session.files import Scale
from ..session.layout import MANIFEST
from ..session.manifest import read_manifest
from .broadband_noise import CHUNK, KNOT, Levels, Noise
from .broadband_units import PlantedUnit, Planting, planted_units
from .plan import Plan, plan_session
from .spec import SessionSpec
from .spikes import jitter_steps
from .timing import PEAK, SPIKE_CLOCK

__all__ = ["STREAM", "BroadbandTruth", "broadband_truth"]

STREAM = "broadband"

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]


class BroadbandTruth:
    """What a broadband stream consists of; nothing is read, all is made again from the seed.

    Parameters
    ----------
    plan : Plan
        Of a broadband session.

    Attributes
    ----------
    plan : Plan
    units : dict of str to PlantedUnit
        By id, in the order of the channels.
    gain : float
        µV a count.
    sampling_rate : float
        Hz.
    n_channels : int
    n_samples : tuple of int
        Of each segment.
    noise_uV : ndarray of float64, shape (n_channels,)
        Standard deviation of the background.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._levels = Levels.of(plan.spec, plan.seed)
        self._noise = Noise(plan.seed, self._levels)
        planted = planted_units(plan, self._levels)
        self._planting = Planting(plan, planted)
        self.units: dict[str, PlantedUnit] = {unit.id: unit for unit in planted}
        self.gain = self._levels.gain
        self.sampling_rate = float(plan.spec.broadband_hz or 0)
        self.n_channels = plan.spec.n_channels
        self.n_samples = tuple(segment.n_ms * SPIKE_CLOCK for segment in plan.segments)
        self.noise_uV = self._levels.total_uV

    def background(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int16s:
        """Return the noise alone, the same counts that the recording was made with.

        Parameters
        ----------
        seg_index : int
            Which segment.
        i_start, i_stop : int
            Samples of the segment; all of it by default.

        Returns
        -------
        ndarray of int16, shape (i_stop - i_start, n_channels)

        Raises
        ------
        BoundsError
            If the segment has no such samples, or there is no such segment.
        """
        i_start, i_stop = self._bounds(seg_index, i_start, i_stop)
        out = np.empty((i_stop - i_start, self.n_channels), "<i2")
        for chunk in range(i_start // CHUNK, -(-i_stop // CHUNK)):
            first = chunk * CHUNK
            low, high = max(i_start, first), min(i_stop, first + CHUNK)
            whole = np.empty((-(-(high - first) // KNOT) * KNOT, self.n_channels), "<i2")
            self._noise.fill(whole, seg_index, chunk)
            out[low - i_start : high - i_start] = whole[low - first : high - first]
        return out

    def planted(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int32s:
        """Return the sum of all templates, and zeros between them.

        Parameters
        ----------
        seg_index, i_start, i_stop : int
            As for :meth:`background`.

        Returns
        -------
        ndarray of int32, shape (i_stop - i_start, n_channels)
        """
        i_start, i_stop = self._bounds(seg_index, i_start, i_stop)
        out = np.zeros((i_stop - i_start, self.n_channels), np.int32)
        self._planting.add(out, seg_index, i_start)
        return out

    def recording(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int16s:
        """Return what the stream's file holds, made again.

        Parameters
        ----------
        seg_index, i_start, i_stop : int
            As for :meth:`background`.

        Returns
        -------
        ndarray of int16, shape (i_stop - i_start, n_channels)
        """
        sums = self.planted(seg_index, i_start, i_stop)
        sums += self.background(seg_index, i_start, i_stop)
        return np.clip(sums, -32768, 32767, out=sums).astype("<i2")

    def fill_chunk(self, out: Int16s, seg_index: int, chunk: int) -> int:
        """Write a chunk of the recording.

        Parameters
        ----------
        out : ndarray of int16, shape (n, n_channels), C order
            From sample ``16384 * chunk`` of the segment on.
        seg_index, chunk : int

        Returns
        -------
        int
            How many values were clipped.
        """
        self._noise.fill(out, seg_index, chunk)
        if not self._planting.may_clip():
            self._planting.add(out, seg_index, chunk * CHUNK)
            return 0
        sums = out.astype(np.int32)
        self._planting.add(sums, seg_index, chunk * CHUNK)
        np.clip(sums, -32768, 32767, out=out, casting="unsafe")
        return int(np.count_nonzero(sums != out))

    def description(self, clipped: int) -> dict[str, Any]:
        """Return the content of the stream's json.

        Parameters
        ----------
        clipped : int
            How many values of the recording were clipped.
        """
        spec = self.plan.spec
        starts, stops = [segment.start_ms for segment in self.plan.segments], list(accumulate(self.n_samples))
        runs = map(Run, [0, *stops], stops, starts)
        more = {
            "ground_truth": {
                "units": {unit.id: unit.description() for unit in self.units.values()},
                "clipped": clipped,
                "seed": self.plan.seed,
                "peak_sample": PEAK,
                "jitter": list(jitter_steps(self.plan)),
                "amplitude_sd": spec.amplitude_sd,
                "noise": self._noise_description(),
            }
        }
        ids = [f"CSC{k + 1}" for k in range(self.n_channels)]
        scales = [Scale(self.gain)] * self.n_channels
        return stream_description(self.sampling_rate, scales, ids, spec.names, runs, more)

    def _noise_description(self) -> dict[str, Any]:
        levels = self._levels
        columns = {"total_uV": levels.total_uV, "white_uV": levels.white_uV, "pink_uV": levels.pink_uV}
        rounded = {name: [round(value, 6) for value in column.tolist()] for name, column in columns.items()}
        return {**rounded, "common_uV": round(levels.common_uV, 6)}

    def _bounds(self, seg_index: int, i_start: int, i_stop: int | None) -> tuple[int, int]:
        if not 0 <= seg_index < len(self.n_samples):
            last = len(self.n_samples) - 1
            raise BoundsError("seg_index", f"0 to {last}", seg_index, "Ask for a segment there is.")
        size = self.n_samples[seg_index]
        i_stop = size if i_stop is None else i_stop
        if 0 <= i_start <= i_stop <= size:
            return i_start, i_stop
        raise BoundsError(
            f"segment {seg_index}",
            f"0 <= i_start <= i_stop <= {size}",
            f"i_start={i_start}, i_stop={i_stop}",
            "Ask for samples the segment has.",
        )


def broadband_truth(folder: str | PathLike[str]) -> BroadbandTruth:
    """Return the truth about a session's broadband stream, from the seed in its manifest.

    Parameters
    ----------
    folder : str or PathLike
        The session folder; nothing but its manifest is read.

    Returns
    -------
    BroadbandTruth
        Its units with their frames and templates, and any piece of the background.

    Raises
    ------
    BadFileError
        If the folder has no manifest, or one that cannot be read.
    MockSessionError
        If the session was not made with a broadband stream.
    """
    path = Path(folder).absolute() / MANIFEST
    spec = read_manifest(path).get("spec")
    if not isinstance(spec, dict) or spec.get("broadband_hz") is None:
        raise MockSessionError(
            path,
            "the spec of a session with a broadband stream",
            "one without",
            "Make the session from SessionSpec.broadband(...).",
        )
    return BroadbandTruth(plan_session(SessionSpec.from_dict(spec)))
