"""The units of a stream as the truth has them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.once import once
from .cast import CastUnit, Spiked
from .parts.motion import STEP_UM
from .parts.units import Cell

Int16s = npt.NDArray[np.int16]
Floats32 = npt.NDArray[np.float32]


class TrueSpikes(NamedTuple):
    """The spikes of a unit, in all segments, each array (n_spikes,): what the methods of :class:`TrueUnit` give."""

    segments: Ints
    frames: Ints
    factors: Floats32
    cell_indexes: npt.NDArray[np.int32]
    displacements: Floats  # µm


class TrueUnit:
    """A true unit: one cell, or several that cannot be separated.

    Attributes
    ----------
    id : str
        The name of its file, ``CSC3_SU1``.
    cells : tuple of Cell
        One, or those of a multi-unit.
    channels : ndarray of int64, shape (m,)
        The columns of the stream on which it is visible at any displacement, ascending.
    snr : float
        The peak of its first cell over the standard deviation of the noise, both in the band of 300 to 6000 Hz.
    """

    def __init__(self, unit: CastUnit, columns: Ints, band_uV: Floats) -> None:
        self._unit, self._columns = unit, columns
        self.id, self.cells = unit.name.id, unit.cells
        around, setting = float(band_uV[self.peak_channel]), unit.cast.setting
        peak = abs(self.cell.amplitude_uV) * self.cell.band_peak(setting)
        self.snr = round(peak / around, 6) if around else float("inf")
        seen = [columns[unit.cast.contacts(member)] for member in unit.members]
        self.channels: Ints = np.unique(np.concatenate(seen)) if seen else np.empty(0, np.int64)

    @property
    def cell(self) -> Cell:
        """Its cell, the first one of a multi-unit."""
        return self.cells[0]

    @property
    def number(self) -> int:
        """Its number among all units of the patient, the same one on each of several days."""
        return self.cell.label

    @property
    def location(self) -> tuple[float, float, float]:
        """Where its cell is at home: x, y and z in µm, the contacts' own frame."""
        return self.cell.location

    @property
    def kind(self) -> str:
        """What class of cell it is."""
        return self.cell.kind

    @property
    def rate_hz(self) -> float:
        """Spikes a second that are expected of it."""
        return sum(cell.rate_hz for cell in self.cells)

    @property
    def peak_channel(self) -> int:
        """The column of the stream on which it is largest."""
        return self._unit.name.channel - 1

    @property
    def peak_uV(self) -> float:
        """Its peak on that column, µV; negative for most cells, 0 for one below half a count."""
        bank, cell = self._unit.cast.banks[self._unit.members[0]], self.cell
        counts = bank.counts[:, :, bank.contacts == cell.peak_contact]
        peak: float = max(counts.ravel().tolist(), key=abs, default=0.0)
        return round(peak * self._unit.cast.setting.gain_uV, 6)

    def times_ms(self) -> Floats:
        """Return the spike times of its file, ms since the Unix epoch, float64 (n_spikes,)."""
        return self._unit.times_ms()

    @property
    def n_spikes(self) -> int:
        """The number of its spikes, in all segments."""
        return len(self._spikes.frames)

    def spikes(self) -> TrueSpikes:
        """Return all of its spikes, read-only, drawn once and kept: each of the methods below draws them for itself."""
        return self._kept

    @once
    def _kept(self) -> TrueSpikes:
        drawn = self._spikes
        spikes = TrueSpikes(drawn.segments, drawn.frames, drawn.factors, drawn.cells, self._displaced(drawn))
        for part in spikes:
            part.setflags(write=False)
        return spikes

    def segments(self) -> Ints:
        """Return the segment of each spike, int64 (n_spikes,)."""
        return self._spikes.segments

    def frames(self) -> Ints:
        """Return where in its segment the peak of each spike stands, int64 (n_spikes,)."""
        return self._spikes.frames

    def jitter(self) -> Floats:
        """Return by how many samples each spike comes after its frame, float64 (n_spikes,)."""
        return np.array(self._unit.cast.jitter)[self._spikes.phases]

    def factors(self) -> Floats32:
        """Return each spike's amplitude, as a multiple of its cell's, float32 (n_spikes,), what has faded included."""
        return self._spikes.factors

    def cell_indexes(self) -> npt.NDArray[np.int32]:
        """Return which of its cells each spike is of, int32 (n_spikes,)."""
        return self._spikes.cells

    def intensity(self, seg_index: int, i_start: int = 0, i_stop: int | None = None) -> Floats:
        """Return the rate that its spikes are drawn from, sample by sample.

        It is that of all spikes: those that follow others in a burst, and those in common with other cells, are in it
        as what they add on the mean.

        Parameters
        ----------
        seg_index : int
            Which segment.
        i_start, i_stop : int
            Samples of the segment; all of it by default.

        Returns
        -------
        ndarray of float64, shape (i_stop - i_start,)
            Hz; of a multi-unit the sum of its cells'.

        Raises
        ------
        BoundsError
            If the segment has no such samples, or there is no such segment.
        MockSessionError
            If the spikes come from a file.
        """
        cast = self._unit.cast
        piece = cast.setting.samples(seg_index, i_start, i_stop)
        rates = [cast.firing.intensity(member, seg_index, *piece) for member in self._unit.members]
        total: Floats = np.sum(rates, axis=0)
        return total

    def displacements(self) -> Floats:
        """Return how far along y its cell was from home at each spike, float64 (n_spikes,), µm."""
        return self._displaced(self._spikes)

    def _displaced(self, spikes: Spiked) -> Floats:
        return self._unit.steps(spikes).astype(np.float64) * STEP_UM

    @property
    def before(self) -> int:
        """How many samples of a template come before the spike's frame."""
        return self._unit.cast.before

    @once
    def bank(self) -> Floats32:
        """The mean spike of each cell at each phase of the jitter, float32 (cells, phases, samples, m), in counts.

        It is that at home, on `channels`.
        """
        return self.bank_at(0.0)

    def bank_at(self, displacement_um: float, channels: Ints | None = None) -> Floats32:
        """Return what :attr:`bank` is where the cells are elsewhere.

        Parameters
        ----------
        displacement_um : float
            How far along y they are from home, to the nearest of the steps that cells move in.
        channels : ndarray of int64, shape (m,), optional
            Which columns of the stream; `channels` by default.

        Returns
        -------
        ndarray of float32, shape (cells, phases, samples, m)
            Counts.
        """
        steps = round(displacement_um / STEP_UM)
        banks = [self._dense(member, steps) for member in range(len(self.cells))]
        return np.stack(banks)[..., self.channels if channels is None else channels]

    def _dense(self, member: int, steps: int) -> Floats32:
        """Return the bank of one of its cells on all columns, (phases, samples, n_channels)."""
        bank = self._unit.cast.bank(self._unit.members[member], steps)
        dense = np.zeros((*bank.counts.shape[:2], len(self._columns)), np.float32)
        dense[..., self._columns[bank.contacts]] = bank.counts
        return dense

    def templates(self, indexes: Any = slice(None)) -> Int16s:
        """Return what spikes add to the stream.

        Parameters
        ----------
        indexes : slice or array of int
            Which spikes; all by default.

        Returns
        -------
        ndarray of int16, shape (n, samples, m)
            Counts, from sample ``frame - before`` on, at `channels`.
        """
        spikes = self._spikes
        cells, steps, phases = (part[indexes] for part in (spikes.cells, self._unit.steps(spikes), spikes.phases))
        means = np.empty((len(cells), self.bank.shape[2], len(self.channels)), np.float32)
        places, which = np.unique(np.stack([cells, steps]), axis=1, return_inverse=True)
        for k, (cell, step) in enumerate(places.T.tolist()):
            here = which.reshape(-1) == k
            means[here] = self._dense(cell, step)[phases[here]][..., self.channels]
        means *= spikes.factors[indexes, None, None]
        templates: Int16s = np.rint(means, out=means).astype("<i2")
        return templates

    def description(self) -> dict[str, object]:
        """Return what the stream's json says of it."""
        return {
            "number": self.number,
            "location": list(self.location),
            "kind": self.kind,
            "cells": [
                {"location": list(cell.location), "kind": cell.kind, "rate_hz": cell.rate_hz, **cell.origin}
                for cell in self.cells
            ],
            "channel_ids": [f"CSC{channel + 1}" for channel in self.channels.tolist()],
            "snr": self.snr if np.isfinite(self.snr) else None,
            "peak_uV": self.peak_uV,
        }

    @property
    def _spikes(self) -> Spiked:
        return self._unit.spikes()
