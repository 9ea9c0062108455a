"""The truth about a session: what its stream is the sum of, count for count, and what every unit is.

Nothing is read but the manifest; everything is made again from the spec and its seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats
from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.once import once
from ..ground.shown import Argument
from ..session import keys
from ..session.layout import MANIFEST
from ..session.lowpass import Lowpass
from ..session.manifest import read_manifest
from .cast import CastUnit
from .casting import incidents, noise_layers
from .fault_table import FaultTable
from .in_spikeinterface import InSpikeInterface, in_spikeinterface
from .incidents import Rig
from .layers import Int16s, NoiseLayer
from .marks import marks_of
from .mix import Mix
from .moving import spikes_layer
from .parts.field.layer import Events
from .plan import Plan, plan_session
from .spec import SPEC_VERSION, SessionSpec
from .stimulus import events
from .stream_json import stream_content
from .taps import lfp_lowpass
from .timing import PEAK
from .tissue import field_layers
from .true_motion import TrueMotion
from .true_units import TrueUnit

SPIKES = "spikes"

Int32s = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class TruthLayer:
    """One of the layers of a stream."""

    name: str
    truth: Truth

    def read(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int32s:
        """Return any piece of it.

        Parameters
        ----------
        seg_index : int
            Which segment.
        i_start, i_stop : int
            Samples of the segment; all of it by default.

        Returns
        -------
        ndarray of int32, shape (i_stop - i_start, n_channels)
            Whole counts.

        Raises
        ------
        BoundsError
            If the segment has no such samples, or there is no such segment.
        """
        return self.truth.summed([self.name], seg_index, i_start, i_stop)


class Truth:
    """The ground truth of a session's stream: its layers and units.

    ``clip(sum of layers) == recording``, count for count, but where `faults` says otherwise; see :func:`truth`.

    Attributes
    ----------
    spec : SessionSpec
        With its seed.
    layers : tuple of str
        The names of the layers: ``spikes``, ``field.theta``, ``noise.white``, ...
    faults : FaultTable
        What the rig did, with channels and samples, and which values were cut off.
    gain_uV : float
        µV a count.
    sampling_rate : float
        Hz.
    motion : TrueMotion
        How cells move.
    n_channels : int
    n_samples : tuple of int
        Of each segment.
    probe : ContactMap
        Where the channels are.
    noise_uV, band_uV : ndarray of float64, shape (n_channels,)
        Standard deviation of all noise on each channel, and of what a band-pass of 300 to 6000 Hz leaves of it.
    """

    def __init__(self, plan: Plan) -> None:
        cast = plan.cast
        if cast is None or not plan.spec.is_broadband:
            remedy = "Make the session from SessionSpec.broadband(...)."
            raise MockSessionError("truth", "a session with a broadband stream", "one without", remedy)
        self.spec, self.plan, self._cast = plan.spec, plan, cast
        columns, setting = plan.spec.contacts.order, cast.setting
        faults = incidents(plan.spec, self._rig())
        self._noise = noise_layers(plan.spec, setting)
        self._field = field_layers(plan.spec, setting, marks_of(plan))
        layers = [*self._noise, *self._field, *faults.layers, spikes_layer(SPIKES, cast)]
        self._mix = Mix(layers, columns, plan.spec.acquisition.bits, faults)
        self._noise += [layer for layer in faults.layers if isinstance(layer, NoiseLayer)]
        self.faults = FaultTable(setting, faults, self._mix)
        self._contacts = np.argsort(columns)  # of the columns, in the order of the layers
        self.gain_uV = setting.gain_uV
        self.sampling_rate = float(setting.sampling_rate)
        self.probe = plan.spec.contacts
        self.n_channels, self.n_samples = self.probe.n, setting.lengths
        seconds = [n / self.sampling_rate for n in self.n_samples]
        self.motion = TrueMotion(cast.course, seconds, self.probe.xyz)

    @once
    def units(self) -> dict[str, TrueUnit]:
        """The units by id, in the order of the channels."""
        columns = self.spec.contacts.order
        units = [TrueUnit(unit, columns, self.band_uV) for unit in self.plan.units if isinstance(unit, CastUnit)]
        return {unit.id: unit for unit in units}

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers."""
        return tuple(self._mix.layers)

    def layer(self, name: str) -> TruthLayer:
        """Return a layer by its name.

        Raises
        ------
        MockSessionError
            If there is none of that name.
        """
        require(name in self.layers, Argument("name"), f"one of {', '.join(self.layers)}", name)
        return TruthLayer(name, self)

    def background(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int32s:
        """Return the sum of all layers but the spikes.

        Parameters
        ----------
        seg_index, i_start, i_stop : int
            As for :meth:`TruthLayer.read`.

        Returns
        -------
        ndarray of int32, shape (i_stop - i_start, n_channels)
        """
        return self.summed([name for name in self.layers if name != SPIKES], seg_index, i_start, i_stop)

    def recording(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int16s:
        """Return what the stream's file holds, made again.

        Parameters
        ----------
        seg_index, i_start, i_stop : int
            As for :meth:`TruthLayer.read`.

        Returns
        -------
        ndarray of int16, shape (i_stop - i_start, n_channels)
        """
        i_start, i_stop = self._cast.setting.samples(seg_index, i_start, i_stop)
        out = np.empty((i_stop - i_start, self.n_channels), "<i2")
        self._mix.fill(out, seg_index, i_start)
        return out

    def summed(self, names: Sequence[str], seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Int32s:
        """Return the sum of some layers.

        Parameters
        ----------
        names : sequence of str
            Which ones.
        seg_index, i_start, i_stop : int
            As for :meth:`TruthLayer.read`.

        Returns
        -------
        ndarray of int32, shape (i_stop - i_start, n_channels)
            Not cut off where the recording is.
        """
        return self._mix.summed(names, seg_index, *self._cast.setting.samples(seg_index, i_start, i_stop))

    def fill(self, out: Int16s, seg_index: int, i_start: int) -> int:
        """Write a piece of the recording.

        Parameters
        ----------
        out : ndarray of int16, shape (n, n_channels), C order
            From sample `i_start` of the segment on.
        seg_index, i_start : int

        Returns
        -------
        int
            How many values were cut off where the converter ends.
        """
        return self._mix.fill(out, seg_index, i_start)

    @once
    def events(self) -> dict[str, Events]:
        """What the field's layers did, by the name of each that has events: a structured array in the order of time.

        Its fields are ``seg_index``; ``start``, ``peak`` and ``stop``, samples of the segment, which are beyond its
        ends for an event that begins before it or ends after; ``uV``, how large the event is at its peak on the
        channel where it is largest; and ``channel``, the column of that one.
        """
        columns = self.spec.contacts.order
        found = {layer.name: [layer.events(k, 0, n) for k, n in enumerate(self.n_samples)] for layer in self._field}
        tables = {name: np.concatenate(parts) for name, parts in found.items()}
        for table in tables.values():
            table["channel"] = columns[table["channel"]]
        return {name: table for name, table in tables.items() if len(table)}

    @once
    def noise_uV(self) -> Floats:
        """Standard deviation of all noise on each channel, float64 (n_channels,), µV."""
        return self._level([layer.sd_uV for layer in self._noise])

    @once
    def band_uV(self) -> Floats:
        """Standard deviation of what a band-pass of 300 to 6000 Hz leaves of the noise, float64 (n_channels,), µV."""
        return self._level([layer.band_uV for layer in self._noise])

    def to_spikeinterface(self) -> InSpikeInterface:
        """Return the units and their motion as SpikeInterface's objects.

        Returns
        -------
        InSpikeInterface
            A sorting with properties, templates and the motion.

        Raises
        ------
        MockSessionError
            If SpikeInterface is not installed.
        """
        rate, n_segments = self.sampling_rate, len(self.n_samples)
        return in_spikeinterface(list(self.units.values()), self.motion, self.probe, rate, self.gain_uV, n_segments)

    @property
    def lowpass(self) -> Lowpass:
        """How the LFP is made of the stream."""
        return lfp_lowpass(self._cast.setting.sampling_rate)

    def ground_truth(self, clipped: int | None) -> dict[str, Any]:
        """Return what the stream's json says was planted in it.

        Parameters
        ----------
        clipped : int or None
            How many values of the recording were cut off; None if nobody knows.
        """
        return {
            "units": {unit.id: unit.description() for unit in self.units.values()},
            "clipped": clipped,
            "seed": self.spec.seed,
            "layers": list(self.layers),
            **self._moves(),
            "peak_sample": PEAK,
            "jitter": list(self._cast.jitter),
            "faults": self.faults.description(),
            keys.LFP_TAPS: self.lowpass.description(),
            "noise": {layer.name: _rounded(layer.sd_uV[self._contacts]) for layer in self._noise},
        }

    def description(self, clipped: int | None) -> dict[str, Any]:
        """Return the content of the stream's json.

        Parameters
        ----------
        clipped : int or None
            As for :meth:`ground_truth`.
        """
        return stream_content(self.plan, self.ground_truth(clipped))

    def _moves(self) -> dict[str, Any]:
        if not self._cast.course.moves:
            return {}
        return {"motion": {"step_um": self.motion.step_um, "span_um": list(self.motion.span_um)}}

    def _rig(self) -> Rig:
        """Return what faults need to know of the session."""
        plan = self.plan
        starts = tuple(float(segment.start_ms - plan.start_ms) for segment in plan.segments)
        return Rig(self._cast.setting, plan.spec.contacts, starts, lambda: events(plan) - [plan.start_ms, 0])

    def _level(self, parts: Sequence[Floats]) -> Floats:
        level: Floats = np.sqrt(sum((part**2 for part in parts), np.zeros(self.n_channels)))
        return level[self._contacts]


def truth(source: str | PathLike[str] | SessionSpec) -> Truth:
    """Return the ground truth of a session's stream, from its spec and seed.

    Parameters
    ----------
    source : str, PathLike or SessionSpec
        The session folder, of which nothing but the manifest is read; or a spec that has a seed.

    Returns
    -------
    Truth
        Its units, and any piece of any layer.

    Raises
    ------
    BadFileError
        If the folder has no manifest, or one that cannot be read.
    MockSessionError
        If the session was not made with a broadband stream, or the spec has no seed.
    """
    if isinstance(source, SessionSpec):
        remedy = "Give one, or spec.seeded(), and make the session from the same spec."
        require(source.seed is not None, Argument("seed", of="SessionSpec"), "a number", None, remedy)
        return Truth(plan_session(source))
    path = Path(source).absolute() / MANIFEST
    manifest = read_manifest(path)
    spec, version = manifest.get("spec"), manifest.get("spec_version")
    if not isinstance(spec, dict):
        raise MockSessionError(path, "the spec that a session was made from", *_why_none(manifest))
    if spec.get("sampling_rate") is None:
        remedy = "Make the session from SessionSpec.broadband(...)."
        raise MockSessionError(path, "the spec of a session with a broadband stream", "one without", remedy)
    if version != SPEC_VERSION:
        expected = f"spec_version {SPEC_VERSION}"
        raise MockSessionError(path, expected, version, "Generate it again, or use the version that generated it.")
    return Truth(plan_session(SessionSpec.recorded(spec)))


def _why_none(manifest: dict[str, Any]) -> tuple[str, str]:
    """Return what is there in place of a spec, and what to do."""
    made_from = manifest.get(keys.MADE_FROM)
    if isinstance(made_from, dict):
        found = f"one converted from {made_from.get('kind')}, whose layers are unknown"
        return found, "Take its units as they are: read_mocksession(folder, load_sorting=True)."
    return "none", "Generate a session with generate_session(): only its layers are known."


def _rounded(level: Floats) -> list[float]:
    return [round(value, 6) for value in level.tolist()]
