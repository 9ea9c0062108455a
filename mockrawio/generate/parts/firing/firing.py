"""How the cells of a session fire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from ...amplitudes import Amplitudes
from ...renewal import in_steps
from ..form import Family, Part, checked
from .bursts import Bursts
from .common import Common
from .drawn import DrawnTrains, Manner
from .event_locked import EventLocked
from .gamma import Gamma
from .lock import Cues, Grid, Lock, LockPart
from .movie_locked import MovieLocked
from .phase_locked import PhaseLocked
from .poisson import Poisson
from .process import Process
from .profile import Profile
from .synchrony import Synchrony

PROCESSES = Family("a process", Poisson, Gamma)
LOCKS = Family("what rates follow", EventLocked, PhaseLocked, MovieLocked, Profile, Common)
_BURSTS, _SYNCHRONIES = Family("bursts", Bursts), Family("synchrony", Synchrony)


@dataclass(frozen=True)
class Firing(Part):
    """How the units of a session fire; by default each independently at a constant rate.

    A part without effect, such as one with ``gain=1`` or ``kappa=0``, leaves the session's bytes unchanged.

    Attributes
    ----------
    process : Poisson or Gamma
        The distribution of intervals.
    bursts : Bursts or None
        Spikes that start bursts.
    locked : tuple of EventLocked, PhaseLocked, MovieLocked, Profile and Common
        What rates follow; several factors are multiplied.
    synchrony : Synchrony or None
        Spikes that units share.
    """

    process: Process = checked(Poisson(), PROCESSES.one)
    _: KW_ONLY
    bursts: Bursts | None = checked(None, _BURSTS.one)
    locked: tuple[LockPart, ...] = checked((), LOCKS.several)
    synchrony: Synchrony | None = checked(None, _SYNCHRONIES.one)

    def trains(
        self, rates_hz: Sequence[float], refractory_ms: float, amplitudes: Amplitudes, jitter: bool, cues: Cues
    ) -> DrawnTrains:
        """Return the trains of a session's cells.

        Parameters
        ----------
        rates_hz : sequence of float
            The mean rate of each cell.
        refractory_ms : float
            Refractory period of each cell.
        amplitudes : Amplitudes
            How those of a cell's spikes vary; it has the session's setting.
        jitter : bool
            Whether spikes come between frames.
        cues : Cues
            What the cells can follow.

        Raises
        ------
        MockSessionError
            If cells follow what the session has not, or there is no room for the refractory period.
        """
        setting, grid = amplitudes.setting, Grid.of(amplitudes.setting)
        # without jitter a spike is put on a frame, up to a frame nearer to the next one
        dead_s = Fraction(repr(refractory_ms)) / 1000 + (0 if jitter else 1 / setting.sampling_rate)
        dead, intervals = in_steps(setting, dead_s), self.process.intervals()
        bursting = self.bursts.bursting(setting, dead) if self.bursts else None
        common = self.synchrony.common(setting, dead) if self.synchrony else None
        manner = Manner(dead, intervals, bursting, common, tuple(self._locks(grid, cues)), grid)
        return DrawnTrains(manner, rates_hz, amplitudes, jitter)

    def _locks(self, grid: Grid, cues: Cues) -> Iterator[Lock]:
        seen: Counter[str] = Counter()
        for part in self.locked:
            seen[part.name] += 1
            number = f".{seen[part.name]}" if seen[part.name] > 1 else ""
            yield part.lock(f"spikes.{part.name}{number}", grid, cues)
