"""The ground truth of a session as SpikeInterface objects."""

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
    """The ground truth of a session as SpikeInterface objects.

    Attributes
    ----------
    sorting : NumpySorting
        Frames of all spikes, with the properties ``gt_unit_location``, ``channel_id``, ``unit_type``, ``cell_type``,
        ``snr`` and ``rate_hz``.
    templates : Templates
        The mean spike of each unit at home, of all phases of the jitter and all of its cells, in µV.
    motion : Motion
        From :meth:`TrueMotion.to_spikeinterface`.
    """

    sorting: Any
    templates: Any
    motion: Any


def in_spikeinterface(
    units: Sequence[TrueUnit], motion: TrueMotion, contacts: ContactMap, rate: float, gain_uV: float, n_segments: int
) -> InSpikeInterface:
    """Return the truth as SpikeInterface's objects; MissingExtraError if that is not installed."""
    with by_extra("SpikeInterface's objects", "spikeinterface"):
        from spikeinterface.core import Templates

    ids = [unit.id for unit in units]
    channels = np.array([f"CSC{k + 1}" for k in range(contacts.n)])
    sorting = _sorting(units, rate, n_segments)
    if units:
        _describe(sorting, units, channels)
    before, n = (units[0].before, units[0].bank.shape[2]) if units else (0, 0)
    means = np.array([_mean(unit, contacts.n) for unit in units], np.float32).reshape(len(units), n, contacts.n)
    templates = Templates(means * gain_uV, rate, before, True, None, channels, np.array(ids), _probe(contacts))
    return InSpikeInterface(sorting, templates, motion.to_spikeinterface())


def _sorting(units: Sequence[TrueUnit], rate: float, n_segments: int) -> Any:
    with by_extra("SpikeInterface's objects", "spikeinterface"):
        from spikeinterface.core import NumpySorting
        from spikeinterface.core.numpyextractors import SpikeVectorSortingSegment

    trains = {unit.id: (unit.segments(), unit.frames()) for unit in units}
    each = [{name: frames[segments == k] for name, (segments, frames) in trains.items()} for k in range(n_segments)]
    sorting = NumpySorting.from_unit_dict(each, rate)
    for k in range(sorting.get_num_segments(), n_segments):  # it leaves out the last ones, if they have no spikes
        sorting.add_sorting_segment(SpikeVectorSortingSegment(sorting.to_spike_vector(), k, sorting.unit_ids))
    return sorting


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
