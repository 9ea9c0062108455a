"""Every row of the table that ``mockrawio bench`` prints: results compared, then raced."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockrawio.bench import OURS, built_in
from mockrawio.bench.inputs import Inputs
from tests.benchmarks.conftest import Hold

NAMES = [row.name for row in built_in(Inputs(Path(), "tiny"))]


@pytest.mark.parametrize("name", NAMES)
def test_row(name: str, inputs: Inputs, hold: Hold) -> None:
    """The row runs, its results are the peers', and everyone has a time."""
    (row,) = (row for row in built_in(inputs) if row.name == name)
    contest = row.make()
    best = hold(contest, 15)
    assert best.keys() == {OURS, *contest.peers}
    assert contest.peers
    assert all(0 < seconds < float("inf") for seconds in best.values())
