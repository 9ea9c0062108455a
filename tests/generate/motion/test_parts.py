"""The parts of the motion, each alone: where they move cells, how they change spikes, and what they refuse."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, SessionSpec
from mockrawio.generate import Appearing, ByDepth, Fading, Given, Jump, RandomWalk, Vanishing, Zigzag
from mockrawio.generate.parts.motion import MOTIONS, STEP_UM, Moments
from mockrawio.ground.tomltext import tomllib
from tests.length import rounds

from . import course, moved, setting

TABLE = Given((0.5, 1.0, 4.0), ((0, 2.5), (10, -3), (7, 7)), depths_um=(100, 300))
EVERY = (
    Zigzag(30.0, period_s=100, start_s=10, end_s=250),
    Jump(12.5, -8.0),
    RandomWalk(12.0, slowest_s=60, fastest_s=1),
    ByDepth(RandomWalk(5.0), depths_um=(0, 100, 300), factors=(0, -1, 0.5)),
    ByDepth(TABLE, depths_um=(0,), factors=(2,)),
    TABLE,
    Given((0, 1), (1, 2.5), segment=1),
    Fading(0.3, to=2.0, start_s=1, end_s=2),
    Vanishing(0.1, between_s=(1, 9), over_s=0.5),
    Appearing(0.5, between_s=(0, 1)),
)


# -- moves -----------------------------------------------------------------------------------


def test_a_zigzag_goes_up_and_down_around_home():
    """It begins at home, upwards, turns at half of its height, and rests before its start and after its end."""
    part = Zigzag(20.0, period_s=200, start_s=10, end_s=300)
    times = [0, 10, 35, 60, 85, 110, 135, 160, 185, 210, 235, 260, 300, 1e6]
    assert moved(part, times) == pytest.approx([0, 0, 5, 10, 5, 0, -5, -10, -5, 0, 5, 10, 2, 2], abs=1e-12)


def test_a_jump_is_at_once():
    """A cell is at home before the jump, and at its new place from that moment on."""
    assert moved(Jump(3.0, -7.5), [0, 2.999, 3.0, 9.0]).tolist() == [0, 0, -7.5, -7.5]


@given(st.integers(0, 2**64), st.floats(0, 86_400), st.floats(0.01, 500))
@settings(max_examples=30)
def test_a_walk_stays_near_home(seed, time, um):
    """It begins at home, is never farther from it than it may be, and a second later not far from where it was."""
    walk = RandomWalk(um)
    here, later = moved(walk, [time, time + 0.01], seed=seed)
    assert moved(walk, 0.0, seed=seed) == 0
    assert abs(here) <= um
    # the fastest of its 8 octaves has 0.036 of all, and is the steepest: 1.5 times 2 um in 2.3 s each
    assert abs(later - here) <= 8 * 0.036 * um * 2 * 1.5 * 0.01 / 2.3


def test_a_walk_goes_where_chance_leads_it():
    """Over a day its standard deviation is a fifth of its bound, and its way grows with the root of time.

    A day has 288 independent pieces of 5 minutes: the deviation is known to 5 %, and seeds differ.
    """
    times = np.arange(0, 86_400, 1.0)
    place = moved(RandomWalk(100.0), times)
    assert 15 <= place.std() <= 25
    steps = {gap: np.mean((place[gap:] - place[:-gap]) ** 2) for gap in (8, 32, 128)}
    assert steps[32] / steps[8] == pytest.approx(4, rel=0.25)
    assert steps[128] / steps[32] == pytest.approx(4, rel=0.35)
    others = [moved(RandomWalk(100.0), times, seed=2), moved(RandomWalk(100.0), times, name="another")]
    assert all(abs(np.corrcoef(place, other)[0, 1]) < 0.3 for other in others)


def test_a_second_of_a_walk_is_that_of_the_whole():
    """Any moments asked for alone, in any order, are those of all; none of them need be there."""
    walk, times = RandomWalk(20.0), np.arange(0, 5000, 0.7)
    whole = moved(walk, times)
    chosen = np.random.default_rng(1).permutation(len(times))[:50]
    assert np.array_equal(moved(walk, times[chosen]), whole[chosen])
    assert np.array_equal(moved(walk, times[:14].reshape(2, 7)), whole[:14].reshape(2, 7))
    assert moved(walk, []).shape == (0,)


def test_by_depth_is_the_other_times_a_factor():
    """The factor is straight between depths and level beyond; what moves at no depth does not move."""
    part = ByDepth(Jump(0.0, 10.0), depths_um=(0, 100, 300), factors=(0, 1, 0.5))
    assert moved(part, 1.0, [-50, 0, 25, 100, 200, 300, 900]).tolist() == [0, 0, 2.5, 10, 7.5, 5, 5]
    assert ByDepth(Jump(0.0, 10.0), depths_um=(0, 1), factors=(-2, 0.5)).span_um == (-20, 5)
    assert part.knots_um == (0, 100, 300)
    assert ByDepth(TABLE, depths_um=(7,), factors=(2,)).knots_um == TABLE.knots_um == (100, 300)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.data())
def test_a_table_is_what_spikeinterface_makes_of_it(data):
    """Between and beyond its times and depths it is what SpikeInterface's Motion says there."""
    Motion = pytest.importorskip("spikeinterface.core.motion").Motion
    n_times, n_depths = data.draw(st.integers(2, 5)), data.draw(st.integers(2, 4))
    ascending = st.floats(0.5, 50)
    times = np.cumsum(data.draw(st.lists(ascending, min_size=n_times, max_size=n_times)))
    depths = np.cumsum(data.draw(st.lists(ascending, min_size=n_depths, max_size=n_depths)))
    flat = data.draw(st.lists(st.floats(-100, 100), min_size=n_times * n_depths, max_size=n_times * n_depths))
    table = np.reshape(flat, (n_times, n_depths))
    when, where = (np.array(data.draw(st.lists(st.floats(-10, 300), min_size=9, max_size=9))) for _ in range(2))
    found = moved(Given(times, table, depths_um=depths), when, where)
    assert found == pytest.approx(
        Motion(table, times, depths).get_displacement_at_time_and_depth(when, where), abs=1e-9
    )


def test_a_table_is_itself_at_its_own_places():
    """At its own times and depths it is the number that was given, to the last bit; one number stands for all times."""
    times, depths = np.array([0.1, 0.7, 1.9]), np.array([3.0, 77.7])
    table = np.random.default_rng(2).normal(size=(3, 2))
    assert np.array_equal(moved(Given(times, table, depths_um=depths), times[:, None], depths), table)
    assert moved(Given((5.0,), (1.5,)), [0.0, 9.0], [0.0, 1e4]).tolist() == [1.5, 1.5]


def test_after_its_last_time_a_table_is_level():
    """Steps of half a µm stay the same there, also where a place lies in the middle between two."""
    seconds = 10.0 + np.linspace(0.0, 2.0, 1001)
    for um in (12.25, 0.75, -7.25):
        table = Given(times_s=(0.0, 10.0), displacement_um=(0.0, um))
        assert set(moved(table, seconds).tolist()) == {um}


def test_a_table_of_one_segment_moves_that_alone():
    """Its times are then those of the segment."""
    there = course(Given((0, 10), (0, 5.0), segment=1))
    for seg_index, expected in ((0, 0.0), (1, 2.5)):
        assert there.displacement(there.at(seg_index, np.array([5.0])), 0.0).tolist() == [expected]


@given(st.sampled_from([part for part in EVERY if hasattr(part, "span_um")]), st.floats(0, 1e4), st.floats(-1e3, 1e4))
def test_no_part_leaves_its_span(part, time, depth):
    """No cell is moved beyond what the part says, which has home in it."""
    low, high = part.span_um
    assert low <= 0 <= high
    assert low - 1e-9 <= float(moved(part, time, depth)) <= high + 1e-9


# -- the sum of them -------------------------------------------------------------------------


def test_parts_add_up_and_cells_move_in_steps():
    """A course is the sum of its moves, to the nearest step; time goes on in the gap between segments."""
    both = course(Zigzag(40.0, period_s=400), Jump(120.0, 7.3))
    seconds = np.array([0.0, 10.1, 30.0])
    later = seconds + 100.0
    expected = [
        zigzag + (7.3 if time >= 120 else 0)
        for zigzag, time in zip(moved(Zigzag(40.0, period_s=400), later), later, strict=True)
    ]
    assert both.displacement(both.at(1, seconds), 0.0) == pytest.approx(expected, abs=1e-12)
    steps = both.steps(both.at(1, seconds), 0.0)
    assert steps.dtype == np.int64
    assert np.abs(steps * STEP_UM - expected).max() <= STEP_UM / 2 + 1e-9
    assert both.span_um == (-20.0, 27.5)


def test_two_walks_are_two():
    """A second part of a kind has bits of its own, and leaves the first as it was."""
    one, two = course(RandomWalk(10.0)), course(RandomWalk(10.0), RandomWalk(10.0))
    times = one.at(0, np.arange(0, 500, 5.0))
    first, sum_ = one.displacement(times, 0.0), two.displacement(times, 0.0)
    assert not np.allclose(sum_, 2 * first)
    assert np.ptp(sum_ - first) > 1


# -- changes ---------------------------------------------------------------------------------


def sizes(part, times, label=0):
    """Return how many times as large spikes of a unit are."""
    times = np.asarray(times, float)
    return part.factors(setting(), "motion.part", label, Moments(0, times, times)).tolist()


def test_fading_is_even_and_stays():
    """Spikes are as large as ever before it, `to` times as large after it, and in between in the middle."""
    assert sizes(Fading(1.0, to=0.25, start_s=10, end_s=30), [0, 10, 20, 30, 99]) == [1, 1, 0.625, 0.25, 0.25]


@pytest.mark.parametrize(("part", "ends"), [(Vanishing, (1, 0)), (Appearing, (0, 1))])
def test_units_vanish_and_appear_at_times_of_their_own(part, ends):
    """Each unit changes once, within the given time, at a moment of its own, and takes as long as it says."""
    one = part(1.0, between_s=(100, 200), over_s=10)
    assert sizes(one, [0, 100, 210, 1e5]) == [ends[0], ends[0], ends[1], ends[1]]
    times, begins = np.arange(90, 220, 0.01), []
    for label in range(40):
        size = np.array(sizes(one, times, label))
        changing = times[(size > 0) & (size < 1)]
        assert np.ptp(changing) == pytest.approx(10, abs=0.05)
        begins.append(changing[0])
    # 40 moments spread evenly: the first lies in the first fifth but once in 7e3 times
    assert 100 <= min(begins) <= 120 and 180 <= max(begins) <= 200


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_as_many_units_change_as_asked(share):
    """Of so many units in a row, as many are chosen as the share says, or up to four more or less.

    The steps between them are of the root of 11, whose continued fraction has no number above 6.
    """
    chosen = [Fading(share).chosen(setting(9), "motion.Fading", label) for label in range(200)]
    for first in (0, 50):
        for n in (10, 40, 150):
            assert abs(sum(chosen[first : first + n]) - share * n) <= 4


# -- forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", EVERY, ids=lambda part: type(part).__name__)
def test_a_part_is_its_form_in_json_and_toml(part):
    """What JSON and TOML hold of a spec with the part makes the same spec again."""
    spec = SessionSpec.broadband(motion=(part, Jump()))
    assert SessionSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert SessionSpec.from_dict(tomllib.loads(spec.to_toml())) == spec
    assert SessionSpec.broadband(motion=part).motion == (part,)
    assert hash(part) == hash(replace(part))


def test_every_part_is_in_the_registry():
    """The parts of the test are all that there are."""
    assert {type(part).__name__ for part in EVERY} == set(MOTIONS)


BAD = [
    (lambda: Zigzag(-1.0), "Zigzag.um"),
    (lambda: Zigzag(start_s=5, end_s=4), "Zigzag.end_s"),
    (lambda: Jump(-1.0), "Jump.at_s"),
    (lambda: Jump(um=math.nan), "Jump.um"),
    (lambda: RandomWalk(slowest_s=1, fastest_s=2), "RandomWalk.fastest_s"),
    (lambda: Given((0, 1), (1, 2, 3)), "Given.displacement_um"),
    (lambda: Given((0, 1), ((1, 2), (3,))), "Given.displacement_um"),
    (lambda: Given((0, 1), "ab"), "Given.displacement_um"),
    (lambda: Given((0, 1), (0, 1e5)), "Given.displacement_um"),
    (lambda: Given((0, 1), (0, math.inf)), "Given.displacement_um"),
    (lambda: Given((0, 1), (0, None)), "Given.displacement_um"),
    (lambda: Given((1, 1), (0, 0)), "Given.times_s"),
    (lambda: Given((), ()), "Given.times_s"),
    (lambda: Given(3.0, (0,)), "Given.times_s"),
    (lambda: Given((0,), (0,), depths_um=((1,),)), "Given.depths_um"),
    (lambda: Given((0,), ((0, 0),), depths_um=(2, 1)), "Given.depths_um"),
    (lambda: ByDepth(ByDepth()), "ByDepth.of"),
    (lambda: ByDepth(Fading()), "ByDepth.of"),
    (lambda: ByDepth(factors=(1, 2, 3)), "ByDepth.factors"),
    (lambda: ByDepth(factors=(1, 200)), "ByDepth.factors"),
    (lambda: Fading(to=5), "Fading.to"),
    (lambda: Fading(1.5), "Fading.share"),
    (lambda: Fading(start_s=5, end_s=5), "Fading.end_s"),
    (lambda: Vanishing(between_s=(2, 1)), "Vanishing.between_s"),
    (lambda: SessionSpec.broadband(motion=3), "SessionSpec.motion"),
    (lambda: SessionSpec.broadband(motion=None), "SessionSpec.motion"),
    (lambda: SessionSpec.broadband(motion=("Zigzag",)), "SessionSpec.motion"),
    (lambda: SessionSpec.broadband(motion={"part": "Hum"}), "SessionSpec.motion"),
    (lambda: SessionSpec.tiny(motion=Zigzag()), "SessionSpec.motion"),
]


@pytest.mark.parametrize(("make", "name"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_cannot_be_is_refused_by_name(make, name):
    """The error names the field, and none is any other error."""
    with pytest.raises(MockSessionError) as caught:
        make()
    assert str(caught.value).startswith(f"{name}: expected")
