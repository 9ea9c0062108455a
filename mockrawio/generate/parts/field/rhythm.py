"""Rhythms that come and go."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ....ground.arrays import Floats
from ....ground.checks import require
from ....ground.shown import Argument
from ...cosine import bump
from ...layers import Setting
from ..form import real, span, word
from .bursts import Begun, Onsets, most_factor
from .layer import Events
from .part import FieldPart, Tissue
from .wave import WaveLayer

_SD = 0.2  # of how large the bursts are
_FULL = 0.9  # of the time at most may be taken by bursts of the longest kind


@dataclass(frozen=True)
class Rhythm(FieldPart):
    """A rhythm that comes in bursts, which wax and wane; its phase wanders, and goes on between them.

    It travels over the tissue as a plane wave, and falls with the distance from where it is strongest; direction and
    place are drawn.

    Parameters
    ----------
    name : str
        What it is called: its layer is ``field.`` with this.
    frequency_hz : float
        Its mean frequency.
    uV : float, default 120.0
        Its amplitude at the height of a burst, where it is strongest; bursts differ by 20 %.
    wander_hz : float, default 0.5
        By how much its frequency varies, as a standard deviation.
    rate_hz : float, default 0.15
        How often a burst comes.
    burst_s : tuple of float, default (2.0, 5.0)
        How long the shortest and the longest of them are.
    spread_um : float, default 5000.0
        How far from where it is strongest its amplitude is a half.
    wavelength_um : float, default 12000.0
        How far it travels in one period.
    """

    name: str = word("theta")
    frequency_hz: float = real(7.0, 0.1, 300.0)
    _: KW_ONLY
    uV: float = real(120.0, 0.0, 10_000.0)
    wander_hz: float = real(0.5, 0.0, 100.0)
    rate_hz: float = real(0.15, 1e-4, 100.0)
    burst_s: tuple[float, float] = span((2.0, 5.0), 0.01, 60.0)
    spread_um: float = real(5000.0, 1.0, 1e7)
    wavelength_um: float = real(12_000.0, 1.0, 1e7)

    def __post_init__(self) -> None:
        """Check that bursts have room between each other."""
        super().__post_init__()
        most, longest = round(_FULL / self.burst_s[1], 6), self.burst_s[1]
        expected, remedy = f"at most {most:g}, with bursts of up to {longest:g} s", "Give shorter ones by burst_s=."
        require(self.rate_hz <= most, Argument("rate_hz", of="Rhythm"), expected, self.rate_hz, remedy)

    @property
    def label(self) -> str:
        """What its layer is called."""
        return self.name

    def layer(self, name: str, setting: Setting, tissue: Tissue) -> RhythmLayer:
        """Return the layer that it is in a session."""
        return RhythmLayer(name, setting, self)


class RhythmLayer(WaveLayer):
    """A rhythm of a session."""

    def __init__(self, name: str, setting: Setting, rhythm: Rhythm) -> None:
        self.most_envelope = most_factor(_SD)
        super().__init__(name, setting, rhythm, self.most_envelope)
        self._burst_s = rhythm.burst_s
        self._bursts = Onsets(setting, name, rhythm.rate_hz, rhythm.burst_s[1])

    def envelope(self, seg_index: int, times: Floats) -> Floats | None:
        """Return how large it is at times in s, ascending, 1 at the height of a mean burst; None where it is not."""
        if not len(times):
            return None
        begun = self._bursts.within(seg_index, float(times[0]), float(times[-1]))
        if not len(begun.onsets):
            return None
        halves, factors = self._halves(begun), begun.factor(1, _SD)
        # bursts do not overlap, so that only the last one that has begun can be going on
        which = np.searchsorted(begun.onsets, times, side="right") - 1
        places = (times - (begun.onsets + halves)[which]) / halves[which]
        envelope: Floats = np.where(which >= 0, factors[which] * bump(places), 0.0)
        return envelope

    def events(self, seg_index: int, start: int, stop: int) -> Events:
        """Return the bursts; a peak is the crest next to a burst's middle, at the contact where it is strongest."""
        begun = self._bursts.within(seg_index, *self.times(np.array([start, stop])).tolist())
        halves, factors = self._halves(begun), begun.factor(1, _SD)
        middles = begun.onsets + halves
        peaks = self.crest(seg_index, middles)
        uV = self.uV * factors * bump((peaks - middles) / halves)
        spans_s = np.stack([begun.onsets, peaks, middles + halves], axis=1)
        return self.between(self.listed(seg_index, spans_s, uV, np.full(len(uV), self.spot.contact)), start, stop)

    def _halves(self, begun: Begun) -> Floats:
        return begun.real(0, self._burst_s) / 2
