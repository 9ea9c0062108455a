"""Races: ours against named peers, turn by turn in one process, told as ratios.

``pytest tests/benchmarks --benchmark-enable`` runs them in earnest; in the ordinary test run
each takes one turn, which shows that it still works.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockrawio import SessionSpec, generate_session

Race = Callable[..., dict[str, float]]


@pytest.fixture
def race(benchmark: Any, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Race:
    """Return ``race(ours, peer=function, ...)``: best times in seconds, by name."""

    def run(
        ours: Callable[[], Any], *, rounds: int = 30, inner: int = 1, **peers: Callable[[], Any]
    ) -> dict[str, float]:
        turns = 1 if benchmark.disabled else rounds
        best = dict.fromkeys(("ours", *peers), float("inf"))
        for _ in range(turns):
            for name, function in (("ours", ours), *peers.items()):
                began = time.perf_counter()
                for _ in range(inner):
                    function()
                best[name] = min(best[name], (time.perf_counter() - began) / inner)
        benchmark.extra_info.update({f"{name}/ours": best[name] / best["ours"] for name in peers})
        if not benchmark.disabled:
            with capsys.disabled():
                told = ", ".join(
                    f"{name} {value * 1e6:.1f} µs ({value / best['ours']:.2f}x)" for name, value in best.items()
                )
                print(f"\n{request.node.name}: {told}")
        benchmark.pedantic(ours, rounds=1)
        return best

    return run


@pytest.fixture(scope="session", params=["int16", "float64"])
def long_session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of 37 units and 5.8 M LFP samples (DESIGN's table), or a minute of it in a test run."""
    in_earnest = request.config.getoption("--benchmark-enable")
    seconds = 5800 if in_earnest else 60
    spec = SessionSpec(patient_id=1, session_nr=1, duration_s=seconds, n_units=37, seed=0, encoding=request.param)
    return generate_session(spec, tmp_path_factory.mktemp(request.param))
