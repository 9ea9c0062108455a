"""Lets faults befall writers, each in a process forked for it, and prints how that ended as JSON.

It is a program of its own, so that what is forked is small and has no threads. For each scenario
and kind of fault: where it struck, how the writer ended, what is there then, and what is there
after the next run.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from mockrawio import SessionExistsError
from mockrawio.generate import session
from tests.faults.faults import Fault, Steps, arm, in_child
from tests.faults.scenarios import SCENARIOS, Scenario, tree
from tests.length import part, rounds

KILLS = 22  # of each scenario, evenly spread
LAST = 12  # steps at which it is killed too: what was made lands, and what it replaces goes
OTHERS = ("full", "read-only", "denied", "broken", "interrupt")
AT = (0.0, 0.4, 0.8, 1.0)  # of a writer's steps, for the other faults
ROUNDS = 6
STEP = 8  # of these, one in so many unless it is at length; each scenario begins with another one


class Survey:
    """One scenario, at one place, again and again.

    Parameters
    ----------
    scenario : Scenario
    folder : Path
        Where there is room for it.
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.place, self.kept = scenario, folder / "place", folder / "kept"
        self.noted = folder / "noted"
        self.place.mkdir(parents=True)
        self.known: dict[str, str] = {}
        if scenario.old:
            scenario.write(self.place, 1)
            self.known[scenario.whole(self.place)] = "old"
        self.place.rename(self.kept)
        self.learn("new", 2)
        self.whole = tree(self.place)
        if scenario.adds:
            for seeds in ((2, 2), (2, 3), (3, 2)):
                self.learn("both", *seeds)
        gc.collect()
        gc.freeze()  # so that what is forked shares it

    def _restore(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.kept, self.place)

    def struck(self, kind: str, points: Iterable[int], steps: list[str]) -> list[dict[str, Any]]:
        """Let a fault strike at each of these steps; tell what is there, before and after the next run.

        The process of the next fault begins with that run: each that is forked copies what it touches.
        """
        found: list[dict[str, Any]] = []
        for k in points:
            begin = partial(self._begin, Fault(kind, k), after=bool(found))
            ended = in_child(partial(self.scenario.write, self.place, 2), begin)()
            if found:
                found[-1] |= json.loads(self.noted.read_text())
                self.noted.unlink()
            what = {"k": k, "step": steps[k - 1]}
            found.append({**what, **ended, "state": self._state(), "staged": self.scenario.staged(self.place)})
        if found:
            found[-1] |= self._next_run()
        return found

    def _begin(self, fault: Fault, after: bool) -> None:
        if after:
            self.noted.write_text(json.dumps(self._next_run()))
        self._restore()
        arm(fault, self.place)

    def _next_run(self) -> dict[str, Any]:
        try:
            self.scenario.write(self.place, 2)
            again = None
        except SessionExistsError as error:
            again = type(error).__name__
        odd = sorted(set(tree(self.place)) ^ set(self.whole))
        return {"again": again, "then": self._state(), "left": self.scenario.staged(self.place), "odd": odd}

    def steps(self) -> dict[str, list[str]]:
        """Return what is done at each step at which a fault of each kind can strike."""
        self._restore()
        steps = Steps(("kill", *OTHERS))

        def note() -> None:
            self.scenario.write(self.place, 2)
            self.noted.write_text(str(steps))

        in_child(note, partial(arm, steps, self.place))()
        return dict(json.loads(self.noted.read_text()))

    def limited(self, size: int) -> dict[str, Any]:
        """Let no file grow beyond `size`: the system writes a part of a block, then refuses."""
        import resource

        self._restore()
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
        ended = in_child(partial(self.scenario.write, self.place, 2), limit)()
        return {"k": size, **ended, "state": self._state(), "staged": self.scenario.staged(self.place)}

    def two(self, n: int) -> dict[str, Any]:
        """Let two processes write at once; tell how each ended, and whose it is that is there."""
        self._restore()
        reading, writing = os.pipe()

        def wait() -> None:
            os.close(writing)
            os.read(reading, 1)  # until the other end is closed

        waits = [in_child(partial(self.scenario.write, self.place, seed), wait) for seed in (2, 2 + n % 2)]
        os.close(writing)
        ended = [wait() for wait in waits]
        os.close(reading)
        return {"ended": ended, "state": self._state(), "left": self.scenario.staged(self.place)}

    def learn(self, name: str, *seeds: int) -> None:
        """Have what these seeds make, one after the other, known by a name."""
        self._restore()
        for seed in seeds:
            self.scenario.write(self.place, seed)
        self.known[self.scenario.whole(self.place)] = name

    def _state(self) -> str:
        return self.scenario.state(self.place, self.known)


def spread(steps: int, count: int) -> list[int]:
    """Return `count` of the numbers 1 to `steps`, or all of them, evenly spread, both ends included."""
    count = min(count, steps)
    return sorted({1 + round(i * (steps - 1) / max(1, count - 1)) for i in range(count)})


def survey(name: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield each kind of fault with how it ended, wherever it struck."""
    one, first = Survey(SCENARIOS[name], folder), list(SCENARIOS).index(name)
    steps = one.steps()
    last = len(steps["kill"])
    points = sorted({*spread(last, KILLS), *range(max(1, last - LAST), last)})
    yield "kill", one.struck("kill", part(points, STEP, first), steps["kill"])
    for number, kind in enumerate(OTHERS, first):
        n = len(steps[kind])
        points = sorted({max(1, round(at * n)) for at in AT})
        yield kind, one.struck(kind, [k for k in part(points, STEP, number) if k <= n], steps[kind])
    yield "limit", [one.limited(size) for size in part((0, 3000), 2, first)]
    one.learn("other", 3)
    yield "two", [one.two(n) for n in range(rounds(2, ROUNDS))]


def main(folder: Path, only: Callable[[str], bool] = lambda name: True) -> None:
    """Print how everything ended."""
    session.plan_session = cache(session.plan_session)  # type: ignore[attr-defined]  # which touches no disk
    os.fsync = lambda descriptor: None  # that it is called is another test; whether it works, none can tell
    found = {name: dict(survey(name, folder / str(k))) for k, name in enumerate(SCENARIOS) if only(name)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), lambda name: len(sys.argv) < 3 or name in sys.argv[2:])
