"""Units that fade, vanish and appear in a session: their spikes, and those of the others."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from mockrawio import SessionSpec, generate_session, truth
from mockrawio.generate import Appearing, Fading, Units, Vanishing, White, Zigzag
from mockrawio.generate.plan import plan_session
from tests.generate.folders import unit_file

SPEC = SessionSpec.broadband(
    segments=(6.0, 4.0), gap_s=0.1, n_channels=16, noise=White(), n_events=0, seed=4,
    units=Units(12, rate_hz=(10.0, 30.0), multi=0.3),
)  # fmt: skip


@lru_cache
def units(*motion):
    """Return the units of a session with some motion, by id."""
    return truth(replace(SPEC, motion=motion)).units


def seconds(unit, which=slice(None)):
    """Return when spikes are, in seconds of the session."""
    return (np.array([0.0, 6.1])[unit.segments()] + unit.frames() / 32_000.0)[which]


def test_when_segments_begin():
    """Motion and change go on between segments: each begins as many seconds after the first as the stamps say."""
    plan = plan_session(SessionSpec.broadband(segments=(0.5, 0.25, 0.5), gap_s=1.5, seed=1))
    assert plan.cast.course.starts_s == [0, 2, 3.75]
    since_start = [plan.cast.course.moments(k, np.array([0, 4000])).since_start.tolist() for k in range(3)]
    assert since_start == [[0, 0.125], [2, 2.125], [3.75, 3.875]]


def test_a_part_that_changes_no_unit_changes_nothing():
    """Of a share of 0 no unit changes, and bytes are those of the spec without it."""
    still, none = (truth(replace(SPEC, motion=motion)) for motion in ((), (Fading(0.0), Vanishing(0.0))))
    assert np.array_equal(still.recording(1), none.recording(1))


@pytest.mark.parametrize("more", [(), (Zigzag(20.0, period_s=4),)], ids=["still", "moving"])
def test_factors_are_those_of_the_still_session_times_the_change(more):
    """Spikes of a unit that fades are as many as ever, each as large as before times what its time says."""
    part = Fading(0.5, to=0.25, start_s=1.0, end_s=9.0)
    before, after = units(*more), units(*more, part)
    changed = 0
    for name, unit in after.items():
        assert np.array_equal(unit.frames(), before[name].frames())
        ratio = unit.factors() / before[name].factors()
        expected = 1 - 0.75 * np.clip((seconds(unit) - 1) / 8, 0, 1)
        fades = not np.array_equal(ratio, np.ones_like(ratio))
        changed += fades
        assert ratio == pytest.approx(expected if fades else 1.0, rel=1e-6)
    assert 4 <= changed <= 8


def test_a_unit_that_vanished_has_no_spikes():
    """From a moment of its own on it has none, in its file either; others have all of theirs, and so have the cells
    of a multi-unit, which go together."""
    part = Vanishing(0.5, between_s=(2.0, 8.0), over_s=1.0)
    before, after = units(), units(part)
    gone = {name for name in before if after[name].n_spikes < before[name].n_spikes}
    assert 4 <= len(gone) <= 8
    for name in gone:
        one, other = after[name], before[name]
        last = seconds(one)[-1]
        assert 2.0 <= last <= 9.0
        left = seconds(other) <= last
        assert np.array_equal(seconds(one), seconds(other, left))
        assert set(one.cell_indexes().tolist()) == set(range(len(one.cells)))
        ratio = one.factors() / other.factors()[left]
        assert ratio[0] == 1 and ratio[-1] < 0.5 and np.all(np.diff(ratio) < 1e-6) and np.all(ratio > 0)
    assert any(len(after[name].cells) > 1 for name in gone)


def test_a_unit_that_appears_has_no_spikes_before():
    """Up to a moment of its own it has none; then they grow to their size."""
    part = Appearing(0.5, between_s=(2.0, 8.0), over_s=1.0)
    before, after = units(), units(part)
    new = {name for name in before if after[name].n_spikes < before[name].n_spikes}
    assert 4 <= len(new) <= 8
    for name in new:
        assert 2.0 <= seconds(after[name])[0] <= 8.5
        n = after[name].n_spikes
        ratio = after[name].factors() / before[name].factors()[-n:]
        assert ratio[0] < 0.5 and ratio[-1] == 1 and np.all(np.diff(ratio) > -1e-6)


@pytest.mark.slow
def test_files_have_the_spikes_that_are_there(tmp_path):
    """A unit's file holds the spikes of the truth, and none that has vanished."""
    spec = replace(SPEC, motion=(Vanishing(1.0, between_s=(1.0, 4.0), over_s=0.5), Zigzag(10.0, period_s=3)))
    folder = generate_session(spec, tmp_path)
    for name, unit in truth(folder).units.items():
        file = unit_file(folder, name)
        assert np.array_equal(file["spike_times"], unit.times_ms())
        assert len(file["spike_times"]) == 0 or seconds(unit)[-1] < 4.6


@pytest.mark.slow
def test_given_spikes_vanish_too(tmp_path):
    """Spikes of a file are left out of the stream and of the files once their unit has vanished."""
    times = np.arange(50.0, 9000.0, 97.0)
    lines = ["timestamps node_ids population", *(f"{time} {node} p" for node in (0, 1) for time in times)]
    (tmp_path / "spikes.csv").write_text("\n".join(lines) + "\n")
    spec = replace(
        SPEC, segments=(10.0,), units=Units(None), spikes=tmp_path / "spikes.csv",
        motion=Vanishing(1.0, between_s=(3.0, 5.0), over_s=0.5),
    )  # fmt: skip
    for unit in truth(generate_session(spec, tmp_path)).units.values():
        assert 3.0 < unit.frames()[-1] / 32_000 < 5.5
        assert unit.n_spikes == np.count_nonzero(times / 1000 <= unit.frames()[-1] / 32_000 + 1e-3)
