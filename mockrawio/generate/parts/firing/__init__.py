"""How cells fire, a module a part: what rates follow is a :class:`~.lock.LockPart`, and an entry in :data:`LOCKS`."""

from __future__ import annotations

from .bursts import Bursts
from .common import Common
from .event_locked import EventLocked
from .firing import LOCKS, PROCESSES, Firing
from .gamma import Gamma
from .lock import Cues
from .movie_locked import MovieLocked
from .phase_locked import PhaseLocked
from .poisson import Poisson
from .profile import Profile
from .synchrony import Synchrony

__all__ = [
    "LOCKS",
    "PROCESSES",
    "Bursts",
    "Common",
    "Cues",
    "EventLocked",
    "Firing",
    "Gamma",
    "MovieLocked",
    "PhaseLocked",
    "Poisson",
    "Profile",
    "Synchrony",
]
