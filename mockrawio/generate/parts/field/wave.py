"""A wave in the field: one frequency that wanders, which travels over the tissue as a plane wave."""

from __future__ import annotations

from abc import abstractmethod
from math import frexp, ldexp, sqrt
from typing import Protocol

import numpy as np

from ....ground.arrays import Floats, Ints
from ...cosine import cosine
from ...layers import Setting
from ..noise.mixing import WEIGHT, Mixing
from .layer import CoursesLayer
from .place import Spot
from .smooth import SLOWEST_S, Smooth

_PERIODS = 8  # about so many between the controls of a phase
_SLOPE = sqrt(2 / 3)  # the standard deviation of a cubic spline's slope, if that of its controls is 1
_NEWTON = 3  # steps towards a crest


class WavePart(Protocol):
    """What a part says of its wave."""

    @property
    def frequency_hz(self) -> float:
        """Its mean frequency."""

    @property
    def wander_hz(self) -> float:
        """The standard deviation of its frequency."""

    @property
    def uV(self) -> float:
        """Its amplitude where it is strongest, at an envelope of 1."""

    @property
    def spread_um(self) -> float:
        """How far from there it is a half."""

    @property
    def wavelength_um(self) -> float:
        """How far it travels in a turn."""


class WaveLayer(CoursesLayer):
    """A wave of a session, ``uV * share * envelope * cosine(turns - lag)`` on each contact.

    Two courses make it: at any lag a wave is the sum of a cosine and a sine. `most` is what no envelope is beyond.
    """

    def __init__(self, name: str, setting: Setting, part: WavePart, most: float) -> None:
        super().__init__(name, setting)
        self.uV, self.frequency_hz = part.uV, part.frequency_hz
        self.spot = Spot.drawn(setting, name)
        self.lags = self.spot.lags(setting.places, part.wavelength_um)
        step_s = min(SLOWEST_S, ldexp(1.0, frexp(_PERIODS / part.frequency_hz)[1] - 1))
        self._wander = Smooth(setting, f"{name}.phase", 1, step_s, [part.wander_hz * step_s / _SLOPE])
        weights = np.rint(WEIGHT * np.stack([cosine(self.lags), cosine(self.lags - 0.25)], axis=1)).astype(np.int64)
        counts = part.uV / setting.gain_uV * self.spot.share(setting.places, part.spread_um)
        self._mixing = Mixing(weights, counts, rounded=False)
        self._scale = (self._mixing.room - 1) / most
        self._mixing.scale(self._scale, self._mixing.room)
        self.most = self._mixing.most

    @abstractmethod
    def envelope(self, seg_index: int, times: Floats) -> Floats | None:
        """Return how large it is at times in s, ascending, (n,); None where it is not."""

    def turns(self, seg_index: int, times: Floats) -> Floats:
        """Return its turns at times in s, ascending, (n,), where it is strongest: a crest is at each whole one."""
        turns: Floats = times * self.frequency_hz + self._wander.at(seg_index, times)[:, 0]
        return turns

    def phase(self, seg_index: int, frames: Ints, contact: int | None = None) -> Floats:
        """Return its phase at frames of a segment, ascending, in radians from 0 up to 2 pi; 0 is a crest.

        It is that at a contact, by its number, or else where the wave is strongest, and goes on where there is none.
        """
        turns = self.turns(seg_index, self.times(frames)) - (0.0 if contact is None else self.lags[contact])
        phase: Floats = (turns - np.floor(turns)) * (2 * np.pi)
        return phase

    def crest(self, seg_index: int, times: Floats) -> Floats:
        """Return when the crests next to times in s are, where it is strongest; times are some periods apart."""
        if not len(times):
            return times
        turns = self.turns(seg_index, times)
        whole = np.rint(turns)
        for _ in range(_NEWTON):
            times = times - (turns - whole) / self.frequency_hz
            turns = self.turns(seg_index, times)
        return times

    def courses(self, seg_index: int, times: Floats) -> Floats | None:
        """Return its cosine and its sine."""
        envelope = self.envelope(seg_index, times)
        if envelope is None or not envelope.any():
            return None
        turns = self.turns(seg_index, times)
        envelope = envelope * self._scale
        return np.stack([envelope * cosine(turns), envelope * cosine(turns - 0.25)], axis=1)
