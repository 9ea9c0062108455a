"""The numbers that motion is made of: curves, walks, steps and days, to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate.amplitudes import Amplitudes
from mockrawio.generate.course import steps_um
from mockrawio.generate.parts.firing import Cues, Firing
from mockrawio.generate.parts.motion import (
    Appearing,
    ByDepth,
    Days,
    Fading,
    Given,
    Jump,
    Moments,
    RandomWalk,
    Vanishing,
    Zigzag,
)
from mockrawio.generate.parts.motion.curves import Between
from tests.generate.pins import held

from . import RATE, course, moved, setting


def test_between_points():
    """Values have the point before them, the next one, and their share of the way; those of the ends beyond these."""
    points, at = np.array([1.0, 3.0, 7.0]), np.array([10.0, 20.0, 40.0])
    values = np.array([-9.0, 1, 1.5, 3, 4, 7, 99])
    found = Between.of(values, points)
    assert found.low.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert found.high.tolist() == [1, 1, 1, 2, 2, 2, 2]
    assert found.share.tolist() == [0, 0, 0.25, 0, 0.25, 0, 0]
    assert found.mean(at[found.low], at[found.high]).tolist() == [10, 10, 12.5, 20, 25, 40, 40]
    alone = Between.of(values, points[:1])
    assert (alone.low.tolist(), alone.high.tolist()) == ([0] * 7, [0] * 7)


@pytest.mark.parametrize(
    "walk",
    [RandomWalk(20.0, slowest_s=8.0, fastest_s=2.0), RandomWalk(), RandomWalk(3.0, slowest_s=1, fastest_s=0.6)],
    ids=str,
)
def test_walks_of_a_seed(walk):
    """Its octaves halve their steps as long as these are no shorter than the fastest; where it goes is this."""
    n, step = {8.0: (3, 2.0), 300.0: (8, 300 / 128), 1.0: (1, 1.0)}[walk.slowest_s]
    assert walk._periods() == [walk.slowest_s / 2**k for k in range(n)]
    assert walk._periods()[-1] == step
    times = np.array([-5.0, 0, 0.3, 1, 2, 7.9, 8, 100, 127.99, 128, 129, 511, 512.5, 40_000])
    found = moved(walk, times)
    assert found[:2].tolist() == [0, 0]
    assert (np.abs(found) <= walk.um).all()
    assert walk.span_um == (-walk.um, walk.um)
    held(f"walk.{walk.slowest_s}", found, moved(walk, times[:, None], np.zeros(2)))


def test_a_walk_is_a_sum_of_octaves():
    """Between knots each octave goes on a cubic that is level there; it weighs as the root of its step."""
    walk = RandomWalk(30.0, slowest_s=8.0, fastest_s=4.0)
    times = np.array([8.0, 16.0, 20.0, 24.0])
    found = moved(walk, np.arange(0, 200, 8.0))
    assert found[0] == 0
    weights = np.sqrt([8.0, 4.0]) / np.sqrt([8.0, 4.0]).sum()
    alone = RandomWalk(30.0, slowest_s=8.0, fastest_s=5.0)
    slow = moved(alone, times)
    middle, quarter = moved(alone, [20.0, 18.0])
    assert middle == pytest.approx((slow[1] + slow[3]) / 2)
    assert quarter == pytest.approx(slow[1] + (slow[3] - slow[1]) * (0.25**2 * (3 - 0.5)))
    both = moved(walk, times)
    assert (np.abs(both - weights[0] * slow) <= 30 * weights[1] + 1e-9).all()


def test_spans():
    """How far cells get from home, down and up, is what each part says of itself, with home."""
    assert Jump(1.0, 5.0).span_um == (0.0, 5.0)
    assert Jump(1.0, -5.0).span_um == (-5.0, 0.0)
    assert Zigzag(30.0).span_um == (-15.0, 15.0)
    table = Given((0, 1), ((1, 4), (2, 3)), depths_um=(0, 50))
    assert (table.span_um, table.knots_um) == ((0.0, 4.0), (0.0, 50.0))
    assert Given((0, 1), (-1, -2)).span_um == (-2.0, 0.0)
    assert Given((0, 1), (1, 2)).knots_um == Zigzag().knots_um == ()
    part = ByDepth(Jump(1.0, 5.0), depths_um=(0, 9), factors=(-2, 0.5))
    assert (part.span_um, part.knots_um) == ((-10.0, 2.5), (0.0, 9.0))
    assert ByDepth(table, depths_um=(7,), factors=(2,)).knots_um == (0.0, 50.0)
    some = course(Jump(1.0, 5.2), Zigzag(7.0), Jump(2.0, -0.1))
    assert (some.span, some.span_um) == ((-8, 18), (-4.0, 9.0))
    assert course().span == (0, 0)


def test_steps_of_half_a_um():
    """Cells are as many steps from home as lie next to where they are."""
    some = course(Jump(0.0, 1.2), Zigzag(4.0, period_s=4.0))
    moments = some.at(1, np.array([-100.0, 0.0, 0.5, 1.0]))
    assert moments.since_start.tolist() == [0.0, 100.0, 100.5, 101.0]
    assert some.displacement(moments, 0.0) == pytest.approx([1.2, 1.2, 2.2, 3.2])
    assert some.steps(moments, 0.0).tolist() == [2, 2, 4, 6]
    assert some.moments(0, np.array([RATE])).seconds.tolist() == [1.0]
    assert steps_um(-3).tolist() == [0.0, -1.5, 0.0]


def test_factors_by_depth():
    """They lie on straight lines between the depths; those of 100 are the largest."""
    part = ByDepth(Jump(0.0, 10.0), depths_um=(0, 100, 300), factors=(1, -1, 0.5))
    assert moved(part, 5.0, [-50, 0, 50, 100, 200, 300, 900]).tolist() == [10, 10, 0, -10, -2.5, 5, 5]
    assert ByDepth(factors=(-100, 100)).factors == (-100.0, 100.0)
    with pytest.raises(MockSessionError, match="ByDepth.factors: expected at most 100"):
        ByDepth(factors=(0, -100.1))
    assert Given((0, 1), (-1e4, 1e4)).span_um == (-1e4, 1e4)
    with pytest.raises(MockSessionError, match="at most 10000 µm; found 10000.1"):
        Given((0, 1), (0, -10_000.1))


def test_a_table_of_one_segment():
    """Its times are those of its segment; in the others nothing moves."""
    part = Given((0.0, 2.0), (4.0, 8.0), segment=1)
    at = np.array([0.0, 1.0, 2.0])
    found = [part.displacement(setting(), "a", Moments(k, at, at + 50), np.zeros(3)).tolist() for k in (0, 1, 2)]
    assert found == [[0, 0, 0], [4, 6, 8], [0, 0, 0]]
    anywhere = Given((50.0, 52.0), (4.0, 8.0))
    assert anywhere.displacement(setting(), "a", Moments(3, at, at + 50), np.zeros(3)).tolist() == [4, 6, 8]


@pytest.mark.parametrize(
    ("values", "fits"),
    [((-1e9, 1e9), True), ((0, 1.1e9), False), ((1, 1), False), ((2, 1), False), ((1, np.nan), False), ((), False)],
)
def test_series_of_numbers(values, fits):
    """They are up to 1e9 in size, and ascend where they have to."""
    if fits:
        assert Given(values, (1, 2)).times_s == tuple(map(float, values))
        return
    with pytest.raises(MockSessionError, match="Given.times_s: expected seconds that ascend"):
        Given(values, (1, 2))


def test_when_a_zigzag_ends():
    """It may end where it starts, and stays where it is from then on."""
    assert moved(Zigzag(8.0, period_s=4.0, start_s=3.0, end_s=3.0), [0.0, 9.0]).tolist() == [0.0, 0.0]
    with pytest.raises(MockSessionError, match="at least start_s, 3; found 2.9"):
        Zigzag(start_s=3.0, end_s=2.9)
    for end_s in (3.0, 2.0):
        with pytest.raises(MockSessionError, match=f"more than start_s, 3; found {end_s:g}"):
            Fading(start_s=3.0, end_s=end_s)
    assert RandomWalk(slowest_s=2.0, fastest_s=2.0)._periods() == [2.0]
    with pytest.raises(MockSessionError, match="at most slowest_s, 2; found 2.1"):
        RandomWalk(slowest_s=2.0, fastest_s=2.1)


def factors(part, times, label=0):
    """Return the factors of a unit at times of the session."""
    times = np.asarray(times, float)
    return part.factors(setting(), "motion.part", label, Moments(0, times, times)).tolist()


def test_spikes_that_change():
    """They fade on a straight line to a factor; vanish, or appear, in so many seconds from a moment of their own on."""
    part = Fading(to=3.0, start_s=10.0, end_s=20.0)
    assert factors(part, [0, 10, 15, 20, 99]) == [1, 1, 2, 3, 3]
    assert (part.most, Fading(to=0.5).most, Vanishing().most, Appearing().most) == (3.0, 1.0, 1.0, 1.0)
    fixed = {"between_s": (5.0, 5.0), "over_s": 4.0}
    assert factors(Vanishing(**fixed), [0, 5, 6, 9, 99]) == [1, 1, 0.75, 0, 0]
    assert factors(Appearing(**fixed), [0, 5, 6, 9, 99]) == [0, 0, 0.25, 1, 1]
    begins = [Vanishing(between_s=(10.0, 90.0)).moment(setting(), "a", k, (10.0, 90.0)) for k in range(5)]
    assert min(begins) >= 10
    assert max(begins) <= 90
    chosen = [[k for k in range(60) if Fading(share).chosen(setting(), "a", k)] for share in (0.0, 0.25, 0.5, 1.0)]
    assert [len(some) for some in chosen] == [0, 15, 30, 60]
    held("changes", begins, chosen)


def test_changes_of_trains():
    """Several factors are multiplied, spikes of no size are left out, and the bound is that of all parts together."""
    amplitudes = Amplitudes(setting(), 0.0)
    plain = Firing().trains([40.0], 3.0, amplitudes, True, Cues())
    still = course(Jump(1.0, 2.0))
    assert still.changed(plain, [0]) is plain
    both = course(Fading(1.0, to=2.0, start_s=0.0, end_s=1e-9), Fading(1.0, to=1.5, start_s=0.0, end_s=1e-9))
    changed = both.changed(plain, [0])
    assert changed.most_factor == 3.0
    assert changed.fewest_frames == plain.fewest_frames
    fired, other = plain.fired(0, 0, 0, 90_000), changed.fired(0, 0, 0, 90_000)
    assert other.frames.tolist() == fired.frames.tolist()
    assert set(other.factors[1:].tolist()) == {3.0}
    gone = course(Vanishing(1.0, between_s=(0.5, 0.5), over_s=1.0)).changed(plain, [0])
    kept = fired.frames / RATE < 1.5
    left = gone.fired(0, 0, 0, 90_000)
    assert left.frames.tolist() == fired.frames[kept].tolist()
    assert left.factors == pytest.approx(np.clip(1.5 - left.frames / RATE, 0, 1), abs=1e-6)
    assert gone.intensity(0, 0, 44_998, 45_002).tolist() == [40.0, 40.0, 0.0, 0.0]
    none = course(Fading(0.0)).changed(plain, [0])
    assert none.intensity(0, 0, 0, 2).tolist() == [40.0, 40.0]
    assert none.fired(0, 0, 0, 900).factors is not None


def test_units_of_days():
    """So many are new each day, to the nearest; each is lost with the same probability from one day to the next."""
    days = Days(20.0, lost=0.3, new=0.25)
    assert [days.n_units(10, day) for day in (1, 2, 3, 4, 5)] == [10, 13, 15, 18, 20]
    assert [days.born(10, label) for label in (0, 9, 10, 12, 13, 14, 15)] == [1, 1, 2, 2, 3, 3, 4]
    alive = [list(days.alive(setting(), 10, day)) for day in (1, 2, 3, 9)]
    assert alive[0] == list(range(10))
    assert set(alive[2]) & set(range(13)) <= set(alive[1])
    assert Days(lost=0.0).alive(setting(), 4, 3) == list(range(Days().n_units(4, 3)))
    assert list(Days(lost=1.0, new=0.5).alive(setting(), 4, 3)) == [6, 7]
    moves = [days.moved_um(setting(), day) for day in (1, 2, 3, 4)]
    assert moves[0] == 0
    assert all(um % 0.5 == 0 for um in moves)
    held("days", alive, moves)
