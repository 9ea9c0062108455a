"""The broadband stream made from a plan, and the truth about it from a session's folder.

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
from ..planting import Planter
from ..session.clock import Run
from ..session.content import stream_description
from ..session.files import Scale
from ..session.layout import MANIFEST
from ..session.manifest import read_manifest
from .background import Background
from .broadband_units import BroadbandUnit, broadband_unit
from .parts.part import BOUND, CHUNK
from .plan import Plan, plan_session
from .spec import SessionSpec
from .timing import PEAK, SPIKE_CLOCK

STREAM = "broadband"

Int16s = npt.NDArray[np.int16]
Int32s = npt.NDArray[np.int32]


class BroadbandTruth:
    """What a broadband stream consists of; nothing is read, everything is made again from the seed.

    Parameters
    ----------
    plan : Plan
        Of a broadband session.

    Attributes
    ----------
    plan : Plan
    units : dict of str to BroadbandUnit
        By id, in the order of the channels.
    gain : float
        µV per count.
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
        self._background = Background(plan.spec, plan.seed)
        units = [broadband_unit(train, self._background) for train in plan.units]
        planted = zip(*(unit.planted() for unit in units), strict=True) if units else [()] * len(plan.segments)
        self._planters = [Planter(some, plan.spec.n_channels) for some in planted]
        self.units: dict[str, BroadbandUnit] = {unit.id: unit for unit in units}
        self.gain = self._background.gain
        self.sampling_rate = float(plan.spec.broadband_hz or 0)
        self.n_channels = plan.spec.n_channels
        self.n_samples = tuple(segment.n_ms * SPIKE_CLOCK for segment in plan.segments)
        self.noise_uV = self._background.total_uV

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
        return self._background.piece(seg_index, i_start, i_stop)

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
        return self._planters[seg_index].counts(i_start, i_stop, np.int32)

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
        out = self.background(seg_index, i_start, i_stop)
        self._planters[seg_index].add(out, i_start)
        return out

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
        self._background.fill(out, seg_index, chunk)
        return self._planters[seg_index].add(out, chunk * CHUNK, BOUND)

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
                "jitter": list(self.plan.trains.jitter),
                "amplitude_sd": spec.amplitude_sd,
                "noise": self._background.description(),
            }
        }
        ids = [f"CSC{k + 1}" for k in range(self.n_channels)]
        scales = [Scale(self.gain)] * self.n_channels
        return stream_description(self.sampling_rate, scales, ids, spec.names, runs, more)

    def _bounds(self, seg_index: int, i_start: int, i_stop: int | None) -> tuple[int, int]:
        if not 0 <= seg_index < len(self.n_samples):
            last = len(self.n_samples) - 1
            raise BoundsError("seg_index", f"0 to {last}", seg_index, "Ask for a segment there is.")
        size = self.n_samples[seg_index]
        i_stop = size if i_stop is None else i_stop
        if 0 <= i_start <= i_stop <= size:
            return i_start, i_stop
        expected, found = f"0 <= i_start <= i_stop <= {size}", f"i_start={i_start}, i_stop={i_stop}"
        raise BoundsError(f"segment {seg_index}", expected, found, "Ask for samples the segment has.")


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
        remedy = "Make the session from SessionSpec.broadband(...)."
        raise MockSessionError(path, "the spec of a session with a broadband stream", "one without", remedy)
    return BroadbandTruth(plan_session(SessionSpec.from_dict(spec)))
