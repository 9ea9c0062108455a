"""Days: sessions of one patient that have the same cells, which move and are replaced from day to day."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec, generate_session, truth
from mockrawio.generate import Days, EpiphyteUnits, Units
from mockrawio.generate.parts.motion import STEP_UM
from mockrawio.generate.patient import days_ms
from mockrawio.generate.plan import plan_session
from mockrawio.ground.tomltext import tomllib
from tests.generate.folders import FEW_FAR, contents

from . import setting

DAYS = Days(20.0, lost=0.2, new=0.1)
SPEC = SessionSpec.broadband(
    patient_id=3,
    duration_s=2.0,
    n_channels=32,
    units=Units(20, rate_hz=(5, 30)),
    n_events=0,
    seed=5,
    days=DAYS,
    noise=FEW_FAR,
)


@lru_cache
def day(nr, spec=SPEC):
    """Return the plan of a day."""
    return plan_session(replace(spec, session_nr=nr))


def cells(nr, spec=SPEC):
    """Return the first cell of each unit of a day, by the unit's number."""
    return {cell.label: cell for cell in reversed(day(nr, spec).cast.cells)}


def test_a_session_is_a_day_after_the_one_before():
    """The first is on the first day, the third two days later; without days all are on one."""
    assert [days_ms(replace(SPEC, session_nr=nr)) for nr in (1, 2, 3)] == [0, 86_400_000, 2 * 86_400_000]
    assert days_ms(replace(SPEC, session_nr=3, days=None)) == 0


def test_the_same_cells_come_again_moved():
    """A unit that is there on two days has one class, shape, rate and place but for a whole shift that all share."""
    for nr in (2, 3, 7):
        first, later = cells(1), cells(nr)
        both = first.keys() & later.keys()
        assert len(both) >= 3
        shifts = set()
        for label in both:
            one, other = first[label], later[label]
            for name in ("kind", "shape", "footprint", "rate_hz", "multi"):
                assert getattr(one, name) == getattr(other, name)
            moved = np.round(np.subtract(other.location, one.location), 3)
            assert moved[0] == moved[2] == 0
            shifts.add(float(moved[1]))
        assert len(shifts) == 1
        (shift,) = shifts
        assert shift % STEP_UM == 0


def test_a_moved_cell_has_the_spike_that_it_had():
    """What contacts see of a cell on another day is what it would look like if it had moved there on the first.

    Its spike may stand up to a sixty-fourth of a sample earlier or later, where another contact sees it best.
    """
    where, first, later = day(1).cast.setting, cells(1), cells(4)
    some = sorted(first.keys() & later.keys())
    assert some
    for label in some:
        one, other = first[label], later[label]
        moved = np.array([0, other.location[1] - one.location[1], 0])
        expected, found = one.waveforms(where, moved=moved), other.waveforms(where)
        step = np.abs(np.diff(expected, axis=0)).max() / 8
        assert np.abs(found - expected).max() <= max(step, 1e-4)
        peaks = np.abs(found).max(axis=0)
        assert peaks[other.peak_contact] >= 0.98 * peaks.max()
        assert abs(other.amplitude_uV) == pytest.approx(peaks[other.peak_contact], rel=0.02)


def test_shifts_are_as_wide_as_asked():
    """From one day to the next cells move by a normal step, in whole steps of the motion: 500 of them, 5 SD of each."""
    places = [DAYS.moved_um(setting(seed), nr) for seed in range(5) for nr in range(1, 102)]
    steps = np.diff(np.reshape(places, (5, -1)), axis=1).ravel()
    assert np.reshape(places, (5, -1))[:, 0].tolist() == [0] * 5
    assert np.all(steps % STEP_UM == 0)
    assert abs(steps.mean()) <= 5 * 20 / 500**0.5
    assert steps.std() == pytest.approx(20, abs=5 * 20 / 1000**0.5)


def test_units_are_lost_and_new_ones_come():
    """Who is lost does not come back; as many are new as asked, with numbers of their own; a fifth is lost each day."""
    where, seen = setting(3), set()
    days = [set(DAYS.alive(where, 100, nr)) for nr in range(1, 16)]
    assert days[0] == set(range(100))
    for nr, here in enumerate(days[1:], start=2):
        new = here - seen - days[nr - 2]
        assert max(here) < 100 + 10 * (nr - 1)
        assert new <= set(range(100 + 10 * (nr - 2), 100 + 10 * (nr - 1)))
        assert len(new) == 10
        seen |= days[nr - 2] - here
        assert not seen & here
    left = [len(here & days[0]) for here in days]
    # of 100 units as many are left as a binomial has of 0.8 ** 5: 33, give or take 5 SD of 4.7
    assert abs(left[5] - 33) <= 24
    assert left == sorted(left, reverse=True)


def test_each_day_has_spikes_and_noise_of_its_own():
    """What cells do, the noise and the events are of the day, which starts a day later; all of it can be had again."""
    one, two = truth(SPEC), truth(replace(SPEC, session_nr=2))
    assert not np.array_equal(one.layer("noise.white").read(0, 0, 1000), two.layer("noise.white").read(0, 0, 1000))
    numbers = {unit.number: unit for unit in one.units.values()}
    for unit in two.units.values():
        if unit.number in numbers:
            assert not np.array_equal(unit.frames(), numbers[unit.number].frames())
    assert day(4).start_ms - day(1).start_ms == 3 * 86_400_000
    assert np.array_equal(truth(SPEC).recording(0), one.recording(0))
    another = day(1, replace(SPEC, patient_id=4))
    assert another.cast.cells[0].location != day(1).cast.cells[0].location
    assert another.start_ms != day(1).start_ms


def test_the_truth_says_which_unit_is_which():
    """Units of two days that have one number are one cell, in the stream's json as in the truth."""
    for nr in (1, 5):
        made = truth(replace(SPEC, session_nr=nr))
        described = made.description(0)["ground_truth"]["units"]
        assert {name: unit["number"] for name, unit in described.items()} == {
            name: unit.number for name, unit in made.units.items()
        }
        assert {unit.number for unit in made.units.values()} == set(cells(nr))


def test_days_without_change_are_the_same_cells():
    """With nothing lost, new or moved, cells are those of the first day, to the last bit."""
    still = replace(SPEC, days=Days(0.0, lost=0.0, new=0.0))
    first, later = (cells(nr, still) for nr in (1, 9))
    assert first.keys() == later.keys()
    assert all(first[label].location == later[label].location for label in first)
    assert all(first[label].amplitude_uV == pytest.approx(later[label].amplitude_uV) for label in first)


@pytest.mark.slow
def test_days_of_a_session_without_a_stream(tmp_path):
    """Sessions without a stream have days, too; a folder is the same by any number of workers."""
    spec = SessionSpec.tiny(session_nr=2, seed=3, days=DAYS)
    folders = [generate_session(spec, tmp_path / str(n), n_workers=n) for n in (1, 3)]
    assert contents(folders[0]) == contents(folders[1])
    others = generate_session(replace(spec, session_nr=1), tmp_path / "1")
    assert others.parent == folders[0].parent


def test_days_go_through_json_and_toml():
    """A spec with days is itself again."""
    assert SessionSpec.from_dict(json.loads(json.dumps(SPEC.to_dict()))) == SPEC
    assert SessionSpec.from_dict(tomllib.loads(SPEC.to_toml())) == SPEC


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"days": Days(), "session_nr": 0}, "SessionSpec.session_nr"),
        ({"days": Days(), "session_nr": 1001}, "SessionSpec.session_nr"),
        ({"days": Days(), "units": EpiphyteUnits()}, "SessionSpec.days"),
        ({"days": Days(), "spikes": "spikes.csv", "units": Units(None)}, "SessionSpec.days"),
        ({"days": 3}, "SessionSpec.days"),
    ],
)
def test_where_days_cannot_be(fields, name):
    """The first day is session 1, and cells are drawn."""
    with pytest.raises(MockSessionError) as caught:
        SessionSpec.tiny(**fields)
    assert str(caught.value).startswith(f"{name}: expected")
    with pytest.raises(MockSessionError, match=r"Days\.lost: expected a number from 0 to 1"):
        Days(lost=1.1)
