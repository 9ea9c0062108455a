"""The truth about a session as SpikeInterface's objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..ground.arrays import Floats
from ..ground.extras import by_extra
from ..session.probe import ContactMap
from .true_motion import TrueMotion
from .true_units import TrueUnit


class InSpikeInterface(NamedTuple):
    """The truth about a session as SpikeInterface's objects.

    Attributes
    ----------
    sorting : NumpySorting
        Frames of all spikes, with the properties ``gt_unit_location``, ``channel_id``, ``unit_type``, ``cell_type``,
        ``snr`` and ``rate_hz``.
    templates : Templates
        The mean spike of each unit at home, of all phases of the jitter and all of its cells, in µV.
    motion : Motion
        As :meth:`TrueMotion.to_spikeinterface` has it.
    """

    sorting: Any
    templates: Any
    motion: Any


def in_spikeinterface(
    units: Sequence[TrueUnit], motion: TrueMotion, contacts: ContactMap, rate: float, gain_uV: float, n_segments: int
) -> InSpikeInterface:
    """Return the truth as SpikeInterface's objects; MissingExtraError if that is not installed."""
    with by_extra("SpikeInterface's objects", "spikeinterface"):
        from spikeinterface.core import NumpySorting, Templates

    ids = [unit.id for unit in units]
    channels = np.array([f"CSC{k + 1}" for k in range(contacts.n)])
    trains = [_trains(unit, n_segments) for unit in units]
    each = [dict(zip(ids, some, strict=True)) for some in zip(*trains, strict=True)] or [{}] * n_segments
    sorting = NumpySorting.from_unit_dict(each, rate)
    if units:
        _describe(sorting, units, channels)
    means = np.array([_mean(unit, contacts.n) for unit in units], np.float32).reshape(len(units), -1, contacts.n)
    before = units[0].before if units else 0
    templates = Templates(means * gain_uV, rate, before, True, None, channels, np.array(ids), _probe(contacts))
    return InSpikeInterface(sorting, templates, motion.to_spikeinterface())


def _trains(unit: TrueUnit, n_segments: int) -> list[Any]:
    segments, frames = unit.segments(), unit.frames()
    return [frames[segments == k] for k in range(n_segments)]


def _describe(sorting: Any, units: Sequence[TrueUnit], channels: Any) -> None:
    sorting.set_property("gt_unit_location", np.array([unit.location for unit in units]))
    sorting.set_property("channel_id", channels[[unit.peak_channel for unit in units]])
    sorting.set_property("unit_type", np.array(["MU" if unit.cell.multi else "SU" for unit in units]))
    sorting.set_property("cell_type", np.array([unit.kind for unit in units]))
    sorting.set_property("snr", np.array([unit.snr for unit in units]))
    sorting.set_property("rate_hz", np.array([unit.rate_hz for unit in units]))


def _mean(unit: TrueUnit, n_channels: int) -> Floats:
    """Return the mean of a unit's spikes, (n, n_channels), in counts."""
    share = np.array([cell.rate_hz for cell in unit.cells]) / unit.rate_hz
    mean = np.zeros((unit.bank.shape[2], n_channels))
    mean[:, unit.channels] = (unit.bank.mean(axis=1, dtype=np.float64) * share[:, None, None]).sum(axis=0)
    return mean


def _probe(contacts: ContactMap) -> Any:
    """Return the probe, its contacts in the order of the columns; None where there are several."""
    with by_extra("probes", "spikeinterface"):
        from probeinterface import ProbeGroup

    probes = ProbeGroup.from_dict(contacts.to_dict()).probes
    if len(probes) != 1:
        return None
    columns = probes[0].device_channel_indices
    order = np.argsort(columns)
    return probes[0].get_slice(order[columns[order] >= 0])
