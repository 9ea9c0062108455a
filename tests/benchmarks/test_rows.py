"""Every row of the table that ``python -m tests.benchmarks`` prints: results compared, then raced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import OURS, built_in
from tests.benchmarks.conftest import Hold
from tests.benchmarks.inputs import Inputs

# two workers are raced by test_broadband.py
NAMES = [row.name for row in built_in(Inputs(Path(), "tiny")) if not row.name.endswith("-2")]


@pytest.mark.slow
@pytest.mark.at_length(only=True)
@pytest.mark.parametrize("name", NAMES)
def test_row(name: str, inputs: Inputs, hold: Hold) -> None:
    """The row runs, its results are the peers', and everyone has a time."""
    (row,) = (row for row in built_in(inputs) if row.name == name)
    contest = row.make()
    best = hold(contest, 15)
    assert best.keys() == {OURS, *contest.peers}
    assert contest.peers
    assert all(0 < seconds < float("inf") for seconds in best.values())
