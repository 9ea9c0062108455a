"""Recordings whose truth is known, of ours and of our peers, in one plain form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mockrawio import SessionSpec, truth
from mockrawio.generate.true_units import TrueUnit
from mockrawio.generate.truth import Truth

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

# TRUTH's setting: what every number of docs/realism.rst is of
SECONDS, N_CONTACTS, N_UNITS, SEED, PITCH_UM = 60.0, 32, 20, 1, 25.0


@dataclass(frozen=True, eq=False)
class Recorded:
    """One segment of a recording and what it is made of; all signals are µV.

    Its units are cells; several of ours may have one name, those of a multi-unit.

    Attributes
    ----------
    name : str
    sampling_rate : float
        Hz.
    places : ndarray, shape (contacts, 3)
        µm.
    cells : ndarray, shape (units, 3)
        Where the units are, µm.
    trains : sequence of ndarray of int64
        The samples of each unit's spikes.
    templates : ndarray, shape (units, n, contacts)
    before : int
        Which sample of its template stands at a spike's own sample.
    traces, noise, white : ndarray, shape (samples, contacts)
        All there is; all but the units' spikes; the part that is white. `white` is `noise` where no part is known.
        The first samples alone, where no more were asked for.
    told_snr : ndarray, shape (units,), or None
        The SNR in the band that the truth says; NaN where it says none.
    labels : ndarray of int64, shape (units,)
        Which name each has; those of one multi-unit have the same.
    seconds : float
        How long its trains are.
    step_uV : float
        µV a count; 0 where samples are not whole counts.
    """

    name: str
    sampling_rate: float
    places: Floats
    cells: Floats
    trains: Sequence[Ints]
    templates: Floats
    before: int
    traces: Floats
    noise: Floats
    white: Floats
    told_snr: Floats | None
    labels: Ints
    seconds: float
    step_uV: float = 0.0

    @property
    def multi(self) -> npt.NDArray[np.bool_]:
        """Which units share their name with another, (units,)."""
        return np.bincount(self.labels)[self.labels] > 1

    @cached_property
    def main(self) -> tuple[Ints, Ints]:
        """The contact and the sample of each unit's main peak, the largest in size of its template."""
        n_contacts = self.templates.shape[2]
        largest = np.abs(self.templates).reshape(len(self.templates), -1).argmax(1)
        return largest % n_contacts, largest // n_contacts

    @cached_property
    def peaks(self) -> Floats:
        """The main peaks, with their signs; (units,) µV."""
        contacts, samples = self.main
        return self.templates[np.arange(len(self.templates)), samples, contacts]

    @cached_property
    def amplitudes(self) -> Floats:
        """How far each contact goes in the direction of the unit's main peak; (units, contacts) µV, from 0 up."""
        return (self.templates * np.sign(self.peaks)[:, None, None]).max(1)

    def around_main(self, before_ms: float, after_ms: float) -> Floats:
        """Return the templates from so long before their main peaks to so long after; (units, n, contacts) µV."""
        reach = [round(ms * 1e-3 * self.sampling_rate) for ms in (before_ms, after_ms)]
        padded = np.pad(self.templates, ((0, 0), tuple(reach), (0, 0)))
        return np.array([one[at : at + sum(reach)] for one, at in zip(padded, self.main[1], strict=True)])


def linear_probe(n_contacts: int = N_CONTACTS, pitch_um: float = PITCH_UM) -> Any:
    """Return a wired probe of ProbeInterface with its contacts in a line."""
    from probeinterface import generate_linear_probe

    probe = generate_linear_probe(n_contacts, ypitch=pitch_um)
    probe.set_device_channel_indices(np.arange(n_contacts))
    return probe


def ours(seconds: float = SECONDS, seed: int = SEED) -> SessionSpec:
    """Return the spec of a session of ours with as many contacts and units, and all else by default."""
    return SessionSpec.broadband(duration_s=seconds, n_channels=N_CONTACTS, n_units=N_UNITS, seed=seed)


def of_mockrawio(spec: SessionSpec, signals_s: float | None = None) -> Recorded:
    """Return the first segment of a session of ours, its signals or the first seconds of them."""
    known = truth(spec)
    n = None if signals_s is None else round(signals_s * known.sampling_rate)
    cells = [(label, unit, k) for label, unit in enumerate(known.units.values()) for k in range(len(unit.cells))]
    noise = _uV(known, known.background(0, 0, n))
    return Recorded(
        name="ours",
        sampling_rate=known.sampling_rate,
        places=in_space(known.probe.positions),
        cells=np.array([unit.cells[k].location for _, unit, k in cells]),
        trains=[_train(unit, k) for _, unit, k in cells],
        templates=np.array([_template(known, unit, k) for _, unit, k in cells]),
        before=cells[0][1].before,
        traces=_uV(known, known.recording(0, 0, n)),
        noise=noise,
        white=_uV(known, known.layer("noise.white").read(0, 0, n)),
        told_snr=np.array([np.nan if k else unit.snr for _, unit, k in cells]),
        labels=np.array([label for label, _, _ in cells]),
        seconds=known.n_samples[0] / known.sampling_rate,
        step_uV=known.gain_uV,
    )


def _train(unit: TrueUnit, k: int) -> Ints:
    return unit.frames()[(unit.segments() == 0) & (unit.cell_indexes() == k)]


def _template(known: Truth, unit: TrueUnit, k: int) -> Floats:
    """Return the mean spike of a cell that comes on a sample, or a sixteenth of one later, (n, contacts) µV."""
    bank = unit.bank[k]
    template = np.zeros((bank.shape[1], known.n_channels))
    template[:, unit.channels] = bank[len(bank) // 2]
    return template * known.gain_uV


def _uV(known: Truth, counts: npt.NDArray[np.integer[Any]]) -> Floats:
    return counts * np.float32(known.gain_uV)


def made_by_spikeinterface(seconds: float = SECONDS, seed: int = SEED) -> tuple[Any, Any]:
    """Return a recording of SpikeInterface's generator and its sorting: its defaults, at 32 kHz and in a line."""
    from spikeinterface.core import generate_ground_truth_recording

    return generate_ground_truth_recording(
        [seconds], 32000.0, num_channels=N_CONTACTS, num_units=N_UNITS, probe=linear_probe(), seed=seed
    )


def of_spikeinterface(seconds: float = SECONDS, seed: int = SEED) -> Recorded:
    """Return a recording of SpikeInterface's generator."""
    recording, sorting = made_by_spikeinterface(seconds, seed)
    noise = recording._kwargs["parent_recording"].get_traces(segment_index=0)  # what the templates were added to
    return Recorded(
        name="SpikeInterface",
        sampling_rate=recording.sampling_frequency,
        places=in_space(recording.get_channel_locations()),
        cells=sorting.get_property("gt_unit_locations"),
        trains=[sorting.get_unit_spike_train(unit, segment_index=0) for unit in sorting.unit_ids],
        templates=recording.templates.astype("float64"),
        before=recording._kwargs["nbefore"],
        traces=recording.get_traces(segment_index=0),
        noise=noise,
        white=noise,
        told_snr=None,
        labels=np.arange(N_UNITS),
        seconds=seconds,
    )


def of_mearec(path: Path) -> Recorded:
    """Return a recording of MEArec's, from what :mod:`tests.benchmarks.peer_mearec` has written."""
    with np.load(path) as file:
        held = dict(file)
    templates = held["templates"].astype("float64")
    noise = held["noise"]
    return Recorded(
        name="MEArec",
        sampling_rate=float(held["fs"]),
        places=_turned(held["places"]),
        cells=_turned(held["cells"]),
        trains=np.split(held["frames"], np.cumsum(held["counts"])[:-1]),
        templates=templates,
        before=int(np.bincount(np.abs(templates).max(2).argmax(1)).argmax()),
        traces=held["traces"],
        noise=noise,
        white=noise,
        told_snr=None,
        labels=np.arange(len(templates)),
        seconds=len(held["traces"]) / float(held["fs"]),
    )


def _turned(places: Floats) -> Floats:
    """Return places with the probe in the plane of the first two axes, where MEArec has the last two."""
    return np.roll(places, -1, axis=1)


def in_space(places: Floats) -> Floats:
    """Return places (n, 2 or 3) with a third coordinate, 0 where there is none."""
    return np.pad(places, ((0, 0), (0, 3 - places.shape[1]))).astype("float64")
