"""Trains: refractory periods with everything on, any piece alone, and what is known of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.generate.parts.firing import (
    Bursts,
    Common,
    EventLocked,
    Firing,
    Gamma,
    MovieLocked,
    PhaseLocked,
    Poisson,
    Profile,
    Synchrony,
)
from mockrawio.generate.renewal import BLOCK, STEPS
from tests.length import rounds

from . import RATE, SECONDS, same, steps, trains

ALL = Firing(
    Gamma(2.0),
    bursts=Bursts(0.3),
    locked=(
        EventLocked(code=4),
        PhaseLocked(kappa=1.0, spread=0.5),
        MovieLocked(((0.0, 1.0), (5.0, 2.0), (9.0, 0.5))),
        Profile(((0.0, 1.0), (60.0, 2.0))),
        Common(0.4, of_units=0.7),
    ),
    synchrony=Synchrony(1.0, group=3),
)

firings = st.builds(
    Firing,
    st.one_of(st.just(Poisson()), st.builds(Gamma, st.sampled_from([0.3, 1.0, 2.5, 20.0]))),
    bursts=st.none() | st.builds(Bursts, st.floats(0, 1), n=st.sampled_from([(2, 2), (2, 6)]), drop=st.floats(0, 1)),
    locked=st.lists(
        st.one_of(
            st.builds(EventLocked, gain=st.floats(0, 100), latency_ms=st.floats(0, 500)),
            st.builds(PhaseLocked, kappa=st.floats(0, 20), of_units=st.sampled_from([0.5, 1.0])),
            st.just(Profile(((0.0, 0.0), (5.0, 50.0)), period_s=5.0)),
            st.builds(Common, st.floats(0, 2)),
        ),
        max_size=3,
    ).map(tuple),
    synchrony=st.none() | st.builds(Synchrony, st.floats(0, 20), jitter_ms=st.floats(0, 5), share=st.floats(0, 1)),
)


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=rounds(14, 40), deadline=None)
@given(
    firing=firings,
    rate_hz=st.sampled_from([0.1, 3.0, 40.0, 166.0]),
    rate=st.sampled_from([30_000, 24_414.0625, 12_000]),
    jitter=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_refractory_periods(firing, rate_hz, rate, jitter, seed):
    """No interval is below the refractory period with anything on, at a block's border too; amplitudes are bounded."""
    some = trains(firing, [rate_hz], jitter=jitter, rate=rate, seed=seed)
    fired = some.fired(0, 0, 0, 2 * BLOCK)
    gaps = np.diff(fired.frames * STEPS + fired.phases)
    assert gaps.min(initial=99_999) >= 0.003 * rate * STEPS
    assert np.diff(fired.frames).min(initial=99_999) >= some.fewest_frames
    assert (fired.factors <= some.most_factor).all()
    assert (fired.factors > 0).all() or firing.bursts
    assert jitter or not fired.phases.any()


@pytest.mark.parametrize("firing", [Firing(), ALL], ids=["plain", "all"])
def test_pieces(firing):
    """Pieces of a train, in any order, are the train; blocks are drawn alone, and later ones first."""
    whole = trains(firing, [20.0]).fired(0, 0, 0, 3 * BLOCK)
    some = trains(firing, [20.0])
    edges = [3 * BLOCK, 2 * BLOCK + 7, 2 * BLOCK, BLOCK + 1, BLOCK, 5000, 100, 0]
    pieces = [some.fired(0, 0, low, high) for high, low in pairwise(edges)][::-1]
    for one, parts in zip(whole, zip(*pieces, strict=True), strict=True):
        assert np.array_equal(one, np.concatenate(parts))
    assert len(some.fired(0, 0, -5000, 0).frames) == 0
    assert len(some.fired(0, 0, 70, 70).frames) == 0


def test_cells_do_not_depend_on_others():
    """The first cells fire the same however many there are; cells, segments and seeds differ."""
    few, many = trains(ALL, [5.0] * 3), trains(ALL, [5.0] * 9)
    assert all(same(few, many, k) for k in range(3))
    assert not np.array_equal(steps(many, 0), steps(many, 4))
    assert not np.array_equal(steps(many, 0), steps(many, 0, seg_index=1))
    assert not np.array_equal(steps(many, 0), steps(trains(ALL, [5.0], seed=2), 0))


@pytest.mark.parametrize(
    "firing",
    [
        Firing(bursts=Bursts(0.0)),
        Firing(bursts=Bursts(0.5, of_units=0.0)),
        Firing(synchrony=Synchrony(0.0)),
        Firing(synchrony=Synchrony(1.0, share=0.0)),
        Firing(Gamma(1.0)),
    ],
    ids=repr,
)
def test_off_changes_nothing(firing):
    """A part that is off gives the bytes of none."""
    for jitter in (True, False):
        assert same(trains(firing, [20.0], jitter=jitter), trains(Firing(), [20.0], jitter=jitter))


def test_all_off_changes_nothing():
    """All parts at once that are off give the bytes of none."""
    off = Firing(
        bursts=Bursts(0.0),
        locked=(EventLocked(gain=1.0), PhaseLocked(kappa=0.0), Common(0.0)),
        synchrony=Synchrony(0.0),
    )
    assert same(trains(off, [150.0]), trains(Firing(), [150.0]))


def test_intensity_is_what_is_drawn_from():
    """A cell has as many spikes as its intensity adds up to, second by second, with everything on."""
    some = trains(ALL, [10.0] * 60)
    found, expected = np.zeros(34), np.zeros(34)
    for k in range(60):
        found += np.histogram(steps(some, k) / STEPS / RATE, np.arange(35))[0]
        expected += some.intensity(k, 0, 0, 34 * RATE).reshape(34, RATE).mean(axis=1)
    # spikes come in bursts of 1.75 on the mean, and 20 cells have some in common: no more than 4 times a Poisson's
    assert (np.abs(found - expected) < 4 * np.sqrt(4 * expected)).all()
    assert found.sum() == pytest.approx(expected.sum(), abs=4 * np.sqrt(4 * expected.sum()))


def test_intensity_in_pieces():
    """Pieces of an intensity are those of the whole, of any size; a steady cell's is its rate."""
    some = trains(ALL, [10.0])
    whole = some.intensity(0, 0, BLOCK - 1000, BLOCK + 1000)
    assert whole.shape == (2000,)
    for low, high in ((0, 1), (3, 1000), (999, 1003), (1000, 2000)):
        piece = some.intensity(0, 0, BLOCK - 1000 + low, BLOCK - 1000 + high)
        assert np.array_equal(piece, whole[low:high])
    assert some.intensity(0, 0, 5, 5).shape == (0,)
    assert trains(Firing(), [7.0]).intensity(0, 1, 0, 100).tolist() == [7.0] * 100


def test_a_day_costs_its_blocks():
    """The spikes of a second after a day are drawn as fast as the first: from one block, or two."""
    some, day = trains(Firing(), [50.0]), 24 * 3600 * RATE
    fired = some.fired(0, 0, day, day + 10 * RATE)
    assert len(fired.frames) == pytest.approx(500, abs=4 * np.sqrt(500))
    assert (fired.frames >= day).all()
    assert SECONDS > 30
