"""Sharp waves with ripples."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ....ground.arrays import Array, Floats, Ints
from ...cosine import bump, cosine
from ...layers import Setting
from ..form import real, span
from .bursts import Onsets, most_factor
from .layer import Events, FieldLayer
from .part import FieldPart, Tissue
from .place import Spot, fall

_SD = 0.2  # of how large they are
_LONGEST_S = 0.5
_SHARP = 1.5  # times as long as its ripple is a sharp wave
_FEWEST = 0.7  # of the share of the strongest contact has one where a ripple can be


@dataclass(frozen=True)
class Ripples(FieldPart):
    """Sharp waves with ripples: a short wave downwards, and on it a faster one whose deepest trough is at its middle.

    Parameters
    ----------
    rate_hz : float, default 0.3
        How often one comes.
    frequency_hz : tuple of float, default (120.0, 180.0)
        The slowest and the fastest of the ripples.
    uV : float, default 80.0
        The ripple's amplitude at its middle, where it is strongest; ripples differ by 20 %.
    sharp : float, default 1.0
        How deep the sharp wave is, in amplitudes of the ripple.
    duration_ms : tuple of float, default (50.0, 120.0)
        How long the shortest and the longest of the ripples are.
    spread_um : float, default 300.0
        How far from where it is strongest a ripple is a half. They are strongest near to one place, which is drawn.
    """

    rate_hz: float = real(0.3, 1e-4, 1.5)
    _: KW_ONLY
    frequency_hz: tuple[float, float] = span((120.0, 180.0), 20.0, 300.0)
    uV: float = real(80.0, 0.0, 10_000.0)
    sharp: float = real(1.0, 0.0, 10.0)
    duration_ms: tuple[float, float] = span((50.0, 120.0), 10.0, 1000 * _LONGEST_S / _SHARP)
    spread_um: float = real(300.0, 1.0, 1e7)

    @property
    def label(self) -> str:
        """What its layer is called."""
        return "ripples"

    def layer(self, name: str, setting: Setting, tissue: Tissue) -> RipplesLayer:
        """Return the layer that it is in a session."""
        return RipplesLayer(name, setting, self)


class _Ripple(NamedTuple):
    """One of them, as drawn."""

    peak_s: float
    half_s: float  # half of how long the ripple is
    hz: float
    factor: float  # how many times as large as they are in the mean
    contact: int  # where it is strongest

    def reach(self) -> float:
        """Return half of how long it is in all, in s."""
        return self.half_s * _SHARP

    def course(self, times: Floats, sharp: float) -> Floats:
        """Return its course at times in s, -1 - `sharp` at its middle."""
        since = times - self.peak_s
        ripple = bump(since / self.half_s) * cosine(since * self.hz)
        course: Floats = -self.factor * (ripple + sharp * bump(since / self.reach()))
        return course


class RipplesLayer(FieldLayer):
    """The ripples of a session."""

    finest_hz: ClassVar[float] = 3000.0  # so that lines between knots follow them

    def __init__(self, name: str, setting: Setting, ripples: Ripples) -> None:
        super().__init__(name, setting)
        self._part = ripples
        self._bursts = Onsets(setting, name, ripples.rate_hz, _LONGEST_S)
        spot = Spot.drawn(setting, name)
        shares = spot.share(setting.places, ripples.spread_um)
        shares[list(setting.outside)] = 0.0
        self._near: Ints = np.flatnonzero(shares >= _FEWEST)
        self._counts = ripples.uV / setting.gain_uV
        self.most = int(np.ceil(self._counts * most_factor(_SD) * (1 + ripples.sharp)))

    def counts(self, seg_index: int, times: Floats) -> Array | None:
        """Return the counts at times in s."""
        some = self._drawn(seg_index, float(times[0]), float(times[-1]))
        if not some:
            return None
        counts = np.zeros((len(times), self.setting.n_contacts), np.int32)
        for one in some:
            low, high = np.searchsorted(times, [one.peak_s - one.reach(), one.peak_s + one.reach()]).tolist()
            course = one.course(times[low:high], self._part.sharp)
            counts[low:high] += np.rint(course[:, None] * self._shares(one)).astype(np.int32)
        return counts

    def events(self, seg_index: int, start: int, stop: int) -> Events:
        """Return the ripples; a peak is the deepest trough."""
        some = self._drawn(seg_index, *self.times(np.array([start, stop])).tolist())
        spans_s = np.array([(one.peak_s - one.reach(), one.peak_s, one.peak_s + one.reach()) for one in some])
        uV = self._part.uV * np.array([one.factor for one in some])
        contacts = np.array([one.contact for one in some], np.int64)
        return self.between(self.listed(seg_index, spans_s.reshape(-1, 3), uV, contacts), start, stop)

    def _drawn(self, seg_index: int, start_s: float, stop_s: float) -> list[_Ripple]:
        begun, part = self._bursts.within(seg_index, start_s, stop_s), self._part
        halves = begun.real(0, part.duration_ms) / 2000
        where = self._near[(begun.words[:, 3].astype(np.int64) * len(self._near)) >> 16]
        drawn = halves, begun.real(1, part.frequency_hz), begun.factor(2, _SD), where
        peaks = begun.onsets + halves * _SHARP
        return [_Ripple(*one) for one in zip(peaks.tolist(), *(values.tolist() for values in drawn), strict=True)]

    def _shares(self, one: _Ripple) -> Floats:
        places = self.setting.places
        shares: Floats = self._counts * fall(places, places[one.contact], self._part.spread_um)
        return shares
