"""A faster rhythm that rides on a slower one."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import cast

import numpy as np

from ....ground.arrays import Floats
from ...cosine import cosine
from ...layers import Setting
from ..form import real, word
from .layer import Events
from .part import FieldPart, Tissue
from .rhythm import RhythmLayer
from .wave import WaveLayer


@dataclass(frozen=True)
class Nested(FieldPart):
    """A rhythm whose amplitude follows the phase of another one, and which comes and goes with it.

    Parameters
    ----------
    name : str
        What it is called: its layer is ``field.`` with this.
    frequency_hz : float
        Its mean frequency.
    carrier : str
        The name of the Rhythm that it rides on.
    uV : float, default 30.0
        Its amplitude at the height of a burst, where it is strongest.
    depth : float, default 0.9
        How much of it the carrier's phase takes away: none at 0, all at 1.
    at_turn : float, default 0.0
        At which phase of the carrier it is largest, in turns after the carrier's crest.
    wander_hz : float, default 6.0
        By how much its frequency varies, as a standard deviation.
    spread_um : float, default 1000.0
        How far from where it is strongest its amplitude is a half.
    wavelength_um : float, default 8000.0
        How far it travels in one period.
    """

    name: str = word("gamma")
    frequency_hz: float = real(60.0, 1.0, 300.0)
    _: KW_ONLY
    carrier: str = word("theta")
    uV: float = real(30.0, 0.0, 10_000.0)
    depth: float = real(0.9, 0.0, 1.0)
    at_turn: float = real(0.0, -1.0, 1.0)
    wander_hz: float = real(6.0, 0.0, 100.0)
    spread_um: float = real(1000.0, 1.0, 1e7)
    wavelength_um: float = real(8000.0, 1.0, 1e7)

    @property
    def label(self) -> str:
        """What its layer is called."""
        return self.name

    def layer(self, name: str, setting: Setting, tissue: Tissue) -> NestedLayer:
        """Return the layer that it is in a session."""
        return NestedLayer(name, setting, self, cast(RhythmLayer, tissue.layers[self.carrier]))


class NestedLayer(WaveLayer):
    """A nested rhythm of a session."""

    def __init__(self, name: str, setting: Setting, nested: Nested, carrier: RhythmLayer) -> None:
        super().__init__(name, setting, nested, carrier.most_envelope)
        self._carrier, self._depth, self._at_turn = carrier, nested.depth, nested.at_turn

    def envelope(self, seg_index: int, times: Floats) -> Floats | None:
        """Return how large it is at times in s, ascending; None where its carrier is not."""
        envelope = self._carrier.envelope(seg_index, times)
        if envelope is None:
            return None
        taken = (0.5 - 0.5 * cosine(self._carrier.turns(seg_index, times) - self._at_turn)) * self._depth
        followed: Floats = envelope * (1 - taken)
        return followed

    def events(self, seg_index: int, start: int, stop: int) -> Events:
        """Return the bursts, which are the carrier's; a peak is a crest of its own where the carrier lets it most."""
        events = self._carrier.events(seg_index, start, stop).copy()
        rate = float(self.setting.sampling_rate)
        peaks = events["peak"] / rate + self._at_turn / self._carrier.frequency_hz
        peaks = self.crest(seg_index, peaks)
        envelope = self.envelope(seg_index, peaks) if len(peaks) else None
        events["peak"], events["channel"] = np.rint(peaks * rate), self.spot.contact
        events["uV"] = 0.0 if envelope is None else self.uV * envelope
        return events
