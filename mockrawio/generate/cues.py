"""What the cells of a session can follow, of what the session holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..ground.arrays import Floats, Ints
from ..ground.checks import require
from ..ground.once import once
from ..ground.shown import Argument
from ..session.logs import Watchlog
from . import stimulus, timing
from .layers import Setting
from .parts.field.wave import WaveLayer
from .parts.firing import Cues
from .parts.firing.lock import Phase
from .schedule import Schedule
from .spec import SessionSpec
from .tissue import waves

EVENTS = "Events"  # the channel of ``Events.npy``


class SessionCues(Cues):
    """The events, the movie and the rhythms of a session."""

    def __init__(self, schedule: Schedule, setting: Setting, spec: SessionSpec) -> None:
        super().__init__([(segment.start_ms - schedule.start_ms) / 1000 for segment in schedule.segments])
        self._schedule, self._setting, self._spec = schedule, setting, spec

    def events(self, name: str, code: int | None) -> Sequence[Floats]:
        """Return when the events are: of each segment all, those before and after it too."""
        require(name == EVENTS, Argument("events", of="EventLocked"), repr(EVENTS), name)
        stamps, codes = stimulus.events(self._schedule).T
        some = stamps if code is None else stamps[codes == code]
        return [(some - segment.start_ms) / 1000 for segment in self._schedule.segments]

    def movie(self, seg_index: int, frames: Ints) -> Floats:
        """Return the movie's own time at frames: up to that of the frame that is shown, NaN while none is."""
        clock, pts = self._watchlog.clock, self._watchlog.pts
        if not len(clock):
            return super().movie(seg_index, frames)
        late_ms = frames * float(1000 / self._setting.sampling_rate)
        stamps = self._schedule.segments[seg_index].start_ms + late_ms
        rows = np.searchsorted(clock, stamps)
        inside = np.minimum(rows, len(clock) - 1)
        left_ms = clock[inside] - stamps  # for which it is shown still; a pause comes before the frame after it
        shown = (left_ms >= 0) & (left_ms < timing.FRAME_CLOCK_MS)
        return np.where(shown, np.maximum(pts[inside] - left_ms / 1000, 0.0), np.nan)

    def phase(self, name: str) -> Phase:
        """Return the phase of a rhythm of the field where it is strongest; 0 is a crest."""
        names = ", ".join(map(repr, self._waves)) or "none, as it has no rhythm"
        require(name in self._waves, Argument("rhythm", of="PhaseLocked"), f"a rhythm of the field: {names}", name)
        return self._waves[name].phase

    @once
    def _waves(self) -> dict[str, WaveLayer]:
        return waves(self._spec, self._setting)

    @once
    def _watchlog(self) -> Watchlog:
        return stimulus.watchlog(self._schedule, self._spec.movie_pauses)
