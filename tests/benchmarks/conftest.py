"""Races: ours against named peers, turn by turn in one process, told as ratios.

``pytest tests/benchmarks --at-length -n 0 --benchmark-enable`` runs them in earnest; with ``--at-length`` alone each
takes one turn, which shows that it still works.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from tests.benchmarks import OURS, Contest
from tests.benchmarks import race as race_contest
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.table import duration
from tests.processes import python

Race = Callable[..., dict[str, float]]
Hold = Callable[[Contest, int], dict[str, float]]
Memory = Callable[..., float]

PEAK = """
import sys

def peak():
    # getrusage would give the parent's peak, which a child process begins with
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

{ready}
before = peak()
{work}
print((peak() - before) / 1024)
"""


@pytest.fixture
def hold(benchmark: Any, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Hold:
    """Return ``hold(contest, rounds)``: best times in seconds, by name, ours first."""

    def run(contest: Contest, rounds: int) -> dict[str, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peers warn of their own affairs
            best = race_contest(contest, rounds=1 if benchmark.disabled else rounds, budget_s=20.0)
            # The fixture wants something to do, which a test run has had.
            benchmark.pedantic((lambda: None) if benchmark.disabled else contest.ours, rounds=1)
        benchmark.extra_info.update({f"{name}/{OURS}": best[name] / best[OURS] for name in contest.peers})
        if not benchmark.disabled:
            with capsys.disabled():
                told = (f"{name} {duration(value)} ({value / best[OURS]:.2f}x)" for name, value in best.items())
                print(f"\n{request.node.name}: {', '.join(told)}")
        return best

    return run


@pytest.fixture
def race(hold: Hold) -> Race:
    """Return ``race(ours, peer=function, ...)``, for functions whose results were compared elsewhere."""

    def run(
        ours: Callable[[], Any], *, rounds: int = 30, inner: int = 1, **peers: Callable[[], Any]
    ) -> dict[str, float]:
        return hold(Contest(ours, peers, check=lambda: None, inner=inner), rounds)

    return run


@pytest.fixture
def memory(benchmark: Any, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Memory:
    """Return ``memory(ready, work, *arguments)``: by how many MiB a process's peak grows while it does `work`.

    Both are source code, and `arguments` their ``sys.argv[1:]``.
    """

    def run(ready: str, work: str, *arguments: object) -> float:
        code = PEAK.format(ready=ready, work=work)
        if benchmark.disabled:  # one that is forked begins with more, of which some may be used again
            done = benchmark.pedantic(python, (code, *arguments), rounds=1)
        else:
            command, how = [sys.executable, "-c", code, *map(str, arguments)], {"capture_output": True, "text": True}
            done = benchmark.pedantic(subprocess.run, (command,), how, rounds=1)
        assert done.returncode == 0, done.stderr
        mib = float(done.stdout)
        benchmark.extra_info["peak_growth_mib"] = mib
        if not benchmark.disabled:
            with capsys.disabled():
                print(f"\n{request.node.name}: peak memory grows by {mib:.1f} MiB")
        return mib

    return run


@pytest.fixture(scope="session")
def inputs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """What the rows are run on: as documented, or tiny in a test run."""
    in_earnest = request.config.getoption("--benchmark-enable")
    return Inputs(tmp_path_factory.mktemp("bench"), "full" if in_earnest else "tiny")


@pytest.fixture(scope="session")
def in_earnest(request: pytest.FixtureRequest) -> bool:
    """Whether this is a benchmark, or the ordinary test run."""
    return bool(request.config.getoption("--benchmark-enable"))
