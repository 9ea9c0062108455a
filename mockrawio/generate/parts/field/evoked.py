"""What the tissue answers to the session's events."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from ....ground.arrays import Floats, Ints
from ...cosine import bump
from ...draws import Draws
from ...layers import Setting
from ..form import choice, real, whole
from ..noise.mixing import WEIGHT, Mixing
from .bursts import most_factor
from .layer import CoursesLayer, Events
from .part import FieldPart, Marked, Tissue
from .place import Spot

_SD = 0.2  # of how large responses are
# The course of a response, in latencies after its event: middle, half width and height of each wave of it.
_WAVES = ((1.0, 0.5, -1.0), (2.2, 1.0, 0.5))
_BEGIN, _PEAK, _END = 0.5, 1.0, 3.2


@dataclass(frozen=True)
class Evoked(FieldPart):
    """A response to the session's own events: a wave downwards at its latency, and a slower one upwards after it.

    When events are depends on how long a session is; so do the bytes of this layer, other than those of all others.

    Parameters
    ----------
    source : {"Events"}
        Which events: those of the event file.
    code : int, optional
        The code of those that are answered. None: all.
    uV : float, default 60.0
        How deep the response is at its latency, where it is strongest; responses differ by 20 %.
    latency_ms : float, default 100.0
        How long after its event a response is deepest.
    spread_um : float, default 2000.0
        How far from where it is strongest it is a half; the place is drawn.
    """

    source: str = choice("Events", "Events")
    _: KW_ONLY
    code: int | None = whole(None, 0, 10**6)
    uV: float = real(60.0, 0.0, 10_000.0)
    latency_ms: float = real(100.0, 5.0, 2000.0)
    spread_um: float = real(2000.0, 1.0, 1e7)

    @property
    def label(self) -> str:
        """What its layer is called."""
        return "evoked"

    def layer(self, name: str, setting: Setting, tissue: Tissue) -> EvokedLayer:
        """Return the layer that it is in a session."""
        return EvokedLayer(name, setting, self, tissue.marks(self.code))


class EvokedLayer(CoursesLayer):
    """The responses of a session."""

    def __init__(self, name: str, setting: Setting, evoked: Evoked, marks: Marked) -> None:
        super().__init__(name, setting)
        self._uV, self._latency_s, self._marks = evoked.uV, evoked.latency_ms / 1000, marks
        self._factors = [self._drawn(seg_index, len(at)) for seg_index, at in enumerate(marks)]
        self._spot = Spot.drawn(setting, name)
        weights = np.full((setting.n_contacts, 1), WEIGHT)
        counts = evoked.uV / setting.gain_uV * self._spot.share(setting.places, evoked.spread_um)
        self._mixing = Mixing(weights, counts, rounded=False)
        self._scale = (self._mixing.room - 1) / (most_factor(_SD) * self._most_at_once())
        self._mixing.scale(self._scale, self._mixing.room)
        self.most = self._mixing.most

    def courses(self, seg_index: int, times: Floats) -> Floats | None:
        """Return the sum of all responses."""
        marks, factors = self._marks[seg_index], self._factors[seg_index]
        around = [times[0] - _END * self._latency_s, times[-1] - _BEGIN * self._latency_s]
        low, high = np.searchsorted(marks, around).tolist()
        if low == high:
            return None
        course = np.zeros(len(times))
        for mark, factor in zip(marks[low:high].tolist(), factors[low:high].tolist(), strict=True):
            ends = mark + self._latency_s * np.array([_BEGIN, _END])
            first, last = np.searchsorted(times, ends).tolist()
            course[first:last] += factor * _response((times[first:last] - mark) / self._latency_s)
        course *= self._scale
        return course[:, None]

    def events(self, seg_index: int, start: int, stop: int) -> Events:
        """Return the responses; a peak is where one is deepest."""
        marks, factors = self._marks[seg_index], self._factors[seg_index]
        spans_s = marks[:, None] + self._latency_s * np.array([_BEGIN, _PEAK, _END])
        where: Ints = np.full(len(marks), self._spot.contact)
        return self.between(self.listed(seg_index, spans_s, self._uV * factors, where), start, stop)

    def _drawn(self, seg_index: int, n: int) -> Floats:
        normals = Draws.of(self.setting.bits(f"{self.name}.sizes", seg_index)).normals(n)
        factors: Floats = np.maximum(0.1, 1 + _SD * normals)
        return factors

    def _most_at_once(self) -> int:
        """Return how many responses there are at once, at most."""
        length = (_END - _BEGIN) * self._latency_s
        after = [np.searchsorted(marks, marks + length) - np.arange(len(marks)) for marks in self._marks]
        return max(1, *(int(n.max(initial=0)) for n in after))


def _response(latencies: Floats) -> Floats:
    """Return the course of a response at so many latencies after its event."""
    course = np.zeros(len(latencies))
    for middle, half, height in _WAVES:
        course += height * bump((latencies - middle) / half)
    return course
