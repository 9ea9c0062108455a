"""Races: ours against named peers, turn by turn in one process, told as the best time of each.

Turns are interleaved, so that whatever else the machine does falls on all alike, and the best
of several is what is least disturbed. Before anything is timed, the results are compared.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mockrawio.ground.errors import MockSessionError

Act = Callable[[], Any]


@dataclass(frozen=True)
class Goal:
    """What a row is to reach.

    Attributes
    ----------
    limit : float
        Seconds; or how many times the peer's time.
    peer : str or None
        The peer that `limit` is counted in, or None for seconds.
    """

    limit: float
    peer: str | None = None

    def met(self, best: Mapping[str, float]) -> bool | None:
        """Tell whether it is reached; None without its peer."""
        if self.peer is not None and self.peer not in best:
            return None
        return best[OURS] <= self.limit * (best[self.peer] if self.peer else 1.0)


@dataclass(frozen=True)
class Contest:
    """All that a race needs.

    Attributes
    ----------
    ours : callable
    peers : dict
        By name, callables that do the same work.
    check : callable
        Raises `MockSessionError` if the peers' results are not ours.
    missing : dict
        By name, why a peer cannot take part.
    inner : int
        How many calls one turn has: many, where one is over too soon to be timed.
    own_clock : bool
        The callables return how many seconds it took, in place of being timed from outside.
    """

    ours: Act
    peers: Mapping[str, Act]
    check: Act
    missing: Mapping[str, str] = field(default_factory=dict)
    inner: int = 1
    own_clock: bool = False


OURS = "mockrawio"


def race(contest: Contest, *, rounds: int = 30, budget_s: float = float("inf")) -> dict[str, float]:
    """Run a contest and return the best time of each, in seconds, ours by the name `OURS`.

    Parameters
    ----------
    contest : Contest
    rounds : int
        Turns that each gets at most.
    budget_s : float
        Seconds after which no new turn begins; everyone gets one.

    Raises
    ------
    MockSessionError
        If the results differ.
    """
    contest.check()
    acts = {OURS: contest.ours, **contest.peers}
    best = dict.fromkeys(acts, float("inf"))
    end = time.perf_counter() + budget_s
    for turn in range(rounds):
        if turn and time.perf_counter() > end:
            break
        for name, act in acts.items():
            best[name] = min(best[name], _seconds(act, contest))
    return best


def _seconds(act: Act, contest: Contest) -> float:
    if contest.own_clock:
        return min(float(act()) for _ in range(contest.inner))
    began = time.perf_counter()
    for _ in range(contest.inner):
        act()
    return (time.perf_counter() - began) / contest.inner


def same(ours: Any, theirs: Any, what: str, *, rtol: float = 0.0) -> None:
    """Compare two arrays.

    Raises
    ------
    MockSessionError
        If they are not of one shape and equal, or near enough.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape or not np.allclose(ours, theirs, rtol=rtol, atol=0.0, equal_nan=True):
        raise _wrong(what, _brief(ours), _brief(theirs))


def same_text(ours: str, theirs: str, what: str) -> None:
    """Compare two texts.

    Raises
    ------
    MockSessionError
        If they differ.
    """
    if ours != theirs:
        raise _wrong(what, repr(ours), repr(theirs))


def _wrong(what: str, ours: str, theirs: str) -> MockSessionError:
    return MockSessionError(
        what, "our result to be the peer's", f"{ours} and {theirs}", "Do not trust the times: one of the two is wrong."
    )


def _brief(array: Any) -> str:
    return f"{array.shape} {np.array2string(array.reshape(-1)[:4])}"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
