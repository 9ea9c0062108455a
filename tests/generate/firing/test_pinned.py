"""The numbers that trains are made of: tables, gains, bursts, common spikes, and what a cell has time for."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, exp

import numpy as np
import pytest

from mockrawio.generate.amplitudes import Amplitudes
from mockrawio.generate.draws import normal_table
from mockrawio.generate.layers import Setting
from mockrawio.generate.parts.firing import (
    Bursts,
    Common,
    Cues,
    EventLocked,
    Firing,
    Gamma,
    MovieLocked,
    PhaseLocked,
    Profile,
    Synchrony,
)
from mockrawio.generate.parts.firing.event_locked import kernel
from mockrawio.generate.parts.firing.lock import Grid
from mockrawio.generate.parts.firing.pace import Pace
from mockrawio.generate.parts.firing.points import along
from mockrawio.generate.parts.firing.some import Some
from mockrawio.generate.parts.firing.synchrony import without_near
from mockrawio.generate.renewal import (
    BLOCK,
    END,
    ONE,
    STEPS,
    Renewal,
    Spikes,
    Tempo,
    exponential,
    in_steps,
    renewed,
)
from mockrawio.ground.errors import MockSessionError
from tests.generate.pins import held

from . import amplitudes_of, trains

WIDTH, N = 128, BLOCK // 128  # samples of 4096 Hz of which a gain is looked at once: a block is 256 s


def here(rate=30_000, seed=1):
    """Return a setting of one contact."""
    return Setting(seed, Fraction(rate), 0.195, np.zeros((1, 3)), (BLOCK,) * 3)


def test_the_exponential_distribution():
    """Its quantiles are these, of nine digits before they are scaled to a mean of 1."""
    held("exponential", *exponential())


@pytest.mark.parametrize("shape", [0.5, 2.0, 30.0])
def test_gamma_distributions(shape):
    """Intervals and first waits are these, of six digits, and read-only."""
    tables = Gamma(shape).intervals()
    assert not any(table.flags.writeable for table in tables)
    held(f"gamma.{shape}", *tables)


def test_steps():
    """Seconds are as many eighths of a sample as are not shorter; a spike's frame is the one that it is in."""
    assert in_steps(here(), Fraction(3, 1000)) == 720
    assert in_steps(here("24414.0625"), Fraction(3, 1000)) == ceil(24414.0625 * 8 * 0.003)
    assert in_steps(here(), Fraction(0)) == 0
    spikes = Spikes.at(np.array([0, 7, 8, 8 * BLOCK - 1]), 2)
    assert spikes.frames.tolist() == [2 * BLOCK, 2 * BLOCK, 2 * BLOCK + 1, 3 * BLOCK - 1]
    assert (spikes.phases.tolist(), spikes.phases.dtype) == ([0, 7, 0, 7], np.uint8)
    assert (END, ONE, STEPS) == (8 << 20, 1 << 20, 8)


def test_a_train_that_is_hardly_one():
    """Where a spike is waited for longer than ten years there is none, and no number leaves its type."""
    assert len(Renewal(1e-300, Fraction(0)).block(here(), "spikes", 0, 0, 0).frames) == 0
    assert len(Renewal(1e-9, Fraction(0)).block(here(100_000), "spikes", 0, 0, 0).frames) == 0
    table = exponential()
    bits = here().bits("some")
    steps = renewed(bits, table, END / 20.0, lambda n: np.full(n, 100), Tempo(np.array([0, 2 * ONE])))
    assert steps.min() >= END // 2
    held("renewed", steps, renewed(here().bits("some"), table, 4e4, lambda n: np.arange(n) * 50))


def test_a_clock_reads_its_parts():
    """After so many steps a clock has gone by what each part before gave it; after its block it measures steps."""
    tempo = Tempo(np.array([ONE, 3 * ONE, 0, ONE // 2]))
    quarter = END // 4
    assert tempo.length == 4.5 * quarter
    waits = np.array([quarter // 2, quarter, 4 * quarter])
    # half of the first part; the rest of it and a sixth of the second; beyond the block
    found = tempo.steps(waits, np.array([0, 0, 0]))
    left = 4.5 * quarter - (quarter + 3 * (quarter // 6))
    assert found.tolist() == [quarter // 2, quarter + quarter // 6, END + 4 * quarter - left]
    # a wait that ends where the clock stands still ends where it goes on
    assert tempo.steps(np.array([4 * quarter, 8]), np.array([0, 0])).tolist() == [3 * quarter, 3 * quarter + 16]
    assert tempo.steps(np.array([1, 1]), np.array([END + 5, 0])).tolist() == [END + 6]


@pytest.mark.parametrize(
    ("rate", "width"), [(1000, 1), (3999, 1), (4000, 2), (30_000, 8), (31_999, 8), (32_000, 16), (100_000, 32)]
)
def test_the_parts_of_a_block(rate, width):
    """They are half a millisecond or less, or a sample, a power of two of samples; times are of their middles."""
    grid = Grid.of(here(rate))
    assert (grid.width, grid.n) == (width, BLOCK // width)
    assert grid.middles(2)[[0, 1, -1]].tolist() == [
        2 * BLOCK + width // 2,
        2 * BLOCK + width + width // 2,
        3 * BLOCK - width + width // 2,
    ]
    assert grid.seconds(1)[0] == (BLOCK + width // 2) / rate


def test_some_of_the_cells():
    """None, all, or those of a seed are among a share."""
    assert [0 in Some(here(), "a", share) for share in (0.0, 1.0)] == [False, True]
    chosen = [[k for k in range(40) if k in Some(here(), "a", share)] for share in (0.3, 0.6)]
    assert set(chosen[0]) < set(chosen[1])
    held("some", chosen)


def test_amplitudes():
    """They are normal around 1, and none is beyond what they say."""
    some = Amplitudes(here(), 0.1)
    held("amplitudes", some.drawn(50, 3, 1), some.most)
    assert some.most == 1 + 0.1 * normal_table()[-1]


# -- what rates follow ---------------------------------------------------------------------------


def test_the_response_to_an_event():
    """t^2 (1 - t)^4 over its value at its peak, a third of the duration on, and nothing before it and after it."""
    assert kernel(np.array([-1.0, 0, 1, 1.5])).tolist() == [0, 0, 0, 0]
    t = np.array([0.1, 1 / 3, 0.5, 0.9])
    assert kernel(t) == pytest.approx(t**2 * (1 - t) ** 4 / ((1 / 9) * (2 / 3) ** 4))
    assert kernel(t)[1] == pytest.approx(1.0)


class Events(Cues):
    """Events around the border of the first block, and a movie that runs for a while."""

    def events(self, name, code):
        return [np.array([1.0, 1.05, 255.650625, 255.9, 255.99, 256.0, 300.0])] * 3

    def movie(self, seg_index, frames):
        return np.where(frames < 8192, np.nan, frames / 4096 - 2)

    def phase(self, name):
        return lambda seg_index, frames: np.where(frames < 4096, np.nan, frames * (2 * np.pi * 7 / 4096) - 5)


GRID = Grid(here(4096), WIDTH)
SECONDS = (np.arange(N) * WIDTH + WIDTH // 2) / 4096


def gain(part, index=0, seg_index=0, block=0):
    """Return a part's gains in a block of 256 s."""
    return part.lock("spikes.some", GRID, Events((0.0, 300.0, 600.0))).gain(index, seg_index, block)


def test_responses_add_up_over_borders_of_blocks():
    """Gains are 1 and so many kernels above it, or none below 0, of events in this block and in the one before."""
    for block in (0, 1):
        for factor in (4.0, 0.0):
            expected = np.ones(N)
            for event in Events().events("", None)[0]:
                expected += (factor - 1) * kernel((SECONDS + 256 * block - event - 0.08) / 0.3)
            found = gain(EventLocked(gain=factor), block=block)
            assert np.allclose(found, np.maximum(expected, 0), rtol=0, atol=1e-9)
            assert (found.min() == 0) == (factor == 0)
    held("event", gain(EventLocked()), gain(EventLocked(latency_ms=0.0, duration_ms=1.0)))


def test_gains_of_locks_to_time_and_movie():
    """A profile goes on through gaps, and begins again after its period; without the movie the gain is 1."""
    points = ((0.0, 1.0), (100.0, 3.0), (200.0, 0.5))
    seconds = SECONDS
    assert np.allclose(gain(Profile(points)), np.interp(seconds, *zip(*points, strict=True)))
    later = gain(Profile(points, period_s=250.0), seg_index=1, block=1)
    assert np.allclose(later, np.interp((seconds + 556) % 250, *zip(*points, strict=True)))
    movie = gain(MovieLocked(points))
    assert (movie[:64] == 1).all()
    assert np.allclose(movie[64:], np.interp(seconds[64:] - 2, *zip(*points, strict=True)))


@pytest.mark.parametrize("kappa", [0.8, 5.0])
def test_gains_of_a_lock_to_a_phase(kappa):
    """They are a von Mises density over its mean, by 4096ths of a turn, around a cell's own phase; 1 without one."""
    part = PhaseLocked(kappa=kappa, phase=1.0)
    frames = np.arange(N) * WIDTH + WIDTH // 2
    angle = frames * (2 * np.pi * 7 / 4096) - 5 - 1.0
    mean = np.exp(kappa * np.cos(np.arange(4096) * 2 * np.pi / 4096)).mean()
    found = gain(part)
    assert (found[:32] == 1).all()
    assert np.allclose(found[32:], (np.exp(kappa * np.cos(angle)) / mean)[32:], rtol=kappa * 2e-3, atol=0)
    held(f"phase.{kappa}", found)
    lock = PhaseLocked(kappa=kappa, spread=0.7, of_units=0.5).lock("spikes.some", GRID, Events())
    held(f"phase.cells.{kappa}", [(lock.preferred(k), lock.gain(k, 0, 0) is None) for k in range(8)])


@pytest.mark.parametrize("tau_s", [0.3, 40.0])
def test_gains_that_cells_share(tau_s):
    """The logarithm of a common gain is smooth and normal, the same in any block; these are those of a seed."""
    part = Common(0.5, tau_s=tau_s)
    both = np.concatenate([gain(part), gain(part, block=1)])
    held(f"common.{tau_s}", both)
    assert np.abs(np.diff(np.log(both))).max() < 0.1 / tau_s + 1e-3  # a 512th of a deviation, and its slope
    assert Common(0.5, of_units=0.0).lock("a", GRID, Cues()).gain(0, 0, 0) is None


def test_points_on_straight_lines():
    """Factors are those at the points, between them on lines, and beyond them those of the first and the last."""
    some = ((1.0, 2.0), (3.0, 4.0), (4.0, 0.0))
    assert along(some, np.array([-5.0, 1, 2, 3, 3.5, 4, 99])).tolist() == [2, 2, 3, 4, 2, 0, 0]
    assert along(((7.0, 2.5),), np.array([0.0, 7, 9])).tolist() == [2.5] * 3
    assert Profile(((-0.999e9, 1000.0), (0.999e9, 0.0))).points[0] == (-0.999e9, 1000.0)
    for bad in (((0.0, 1000.1),), ((1e9, 1.0),), ((0.0, -0.1),), ((0.0, 1.0, 2.0),), ((0.0, 1.0), (0.0, 1.0)), 5, ()):
        with pytest.raises(MockSessionError, match="ascending, and a factor from 0 to 1000"):
            Profile(bad)


# -- bursts, common spikes, and what a cell has time for -----------------------------------------


def test_bursts_in_steps():
    """Intervals are whole steps, none shorter than asked nor than the refractory period; means follow from these."""
    bursting = Bursts(0.25, n=(2, 5), interval_ms=(3.0, 8.0), recovery_ms=20.0).bursting(here(), 720)
    assert (bursting.span, bursting.recovery) == ((720, 1920), 4800)
    assert bursting.more == 0.25 * 2.5
    assert bursting.busy == 0.625 * 1320
    assert Bursts(interval_ms=(3.0001, 8.0001)).bursting(here(), 0).span == (721, 1921)
    assert Bursts().bursting(here(), 1000).span == (1000, 1920)
    assert Bursts().bursting(here(), 1920).span == (1920, 1920)
    with pytest.raises(MockSessionError, match=r"refractory period, 8.00417 ms, at most; found \(3.0, 8.0\)"):
        Bursts().bursting(here(), 1921)
    assert [0 in Bursts(share).bursting(here(), 0).cells for share in (0.0, 0.1)] == [False, True]


@pytest.mark.parametrize("n", [(2, 2), (2, 5), (4, 64)])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_gaps_in_bursts(n, share):
    """The first of a few words says whether there is a burst, and how long it is; the others are its intervals."""
    bursting = Bursts(share, n=n).bursting(here(), 0)
    k = n[1] - 1
    words = here().bits("spikes.bursts", 4, 0, 2).random_raw(40 * (k // 4 + 1)).reshape(40, -1)
    drawn = words.astype("<u8").view("<u2").astype(int)
    begins = ceil(share * 65536)
    expected = np.zeros((40, k), int)
    for row, (first, *others) in enumerate(drawn.tolist()):
        length = n[0] + first * (n[1] - n[0] + 1) // begins if first < begins else 1
        for i in range(length - 1):
            expected[row, i] = 720 + others[i] * 1201 // 65536
    assert np.array_equal(bursting.gaps(40, 4, 0, 2), expected)
    assert share < 1 or (expected[:, n[0] - 2] > 0).all()


def test_sizes_in_bursts():
    """Each spike takes away a part of what it has, and what is lost comes back as an exponential, in 512ths of tau."""
    bursting = Bursts(drop=0.3, recovery_ms=20.0).bursting(here(), 0)
    steps = np.array([100, 100, 820, 1900, 9000, 9000 + 4800 * 8 - 1, 9000 + 4800 * 16, 200_000])
    size, sizes = 1.0, [1.0]
    for apart in np.diff(steps).tolist():
        part = exp(-(apart * 4096 // 38_400 + 0.5) / 512) if apart < 38_400 else 0.0
        size = 1 - (1 - size * 0.7) * part
        sizes.append(size)
    assert bursting.sizes(steps) == pytest.approx(sizes, abs=1e-8)
    assert bursting.sizes(steps)[-2:].tolist() == [1.0, 1.0]
    assert bursting.sizes(steps[:0]).tolist() == []
    held("burst.sizes", bursting.sizes(steps))


def test_the_pace_of_a_cell():
    """A cell waits for its spikes for what their rate leaves after what it is busy with; .8 of its time at most."""
    a_s = 30_000 * 8
    pace = Pace.of(here(), 10.0, 720, None, None)
    assert pace == (720, 720.0, a_s / 10 - 720, 10.0, 0.0, 0.0)
    bursting = Bursts(0.25).bursting(here(), 720)
    pace = Pace.of(here(), 10.0, 720, bursting, None)
    first = 10 / 1.625
    assert pace == pytest.approx((720, 720 + 825, a_s / first - 1545, 10.0, 0.0, 0.0))
    assert Pace.of(here(), 1e4, 720, bursting, None).own_hz == pytest.approx(0.8 * a_s / 1545 * 1.625)
    assert Pace.of(here(), 300.0, 720, None, None).mean == pytest.approx(720 / 0.8 - 720)
    assert Pace.of(here(), 1e4, 0, None, None) == (0, 0.0, 24.0, 1e4, 0.0, 0.0)
    common = Synchrony(2.0, share=0.5).common(here(), 720)
    pace = Pace.of(here(), 10.0, 720, None, common)
    alone = 1 - 2 * 720 * 1.0 / a_s
    assert pace == pytest.approx((720, 720, a_s / (9 / alone) - 720, 9.0, 1.0, 0.5))
    assert pace.rates_hz(np.array([0.0, 1, 2])) == pytest.approx([1, 10, 19])
    assert Pace.of(here(), 100.0, 720, None, None).rates_hz(np.array([1.0, 5])) == pytest.approx([100, 800 / 3])
    assert Pace.of(here(), 100.0, 0, None, None).rates_hz(np.array([1.0, 50])) == pytest.approx([100, 5000])


@pytest.mark.parametrize("dead", [0, 5000, 720, 200_000])
def test_the_tempo_of_a_cell(dead):
    """It is the gain over the part of its time that a cell is not busy, by the mean rate just before."""
    n = 1 << 12
    gains = np.round(1 + np.sin(np.arange(n) / 50) * 0.9, 6)
    pace = Pace.of(here(), 0.9 * 240_000 / dead * 0.5 if dead else 40.0, dead, None, None)
    tempo = pace.tempo(gains)
    ahead = np.diff(np.asarray(tempo._before)) / (END / n) / ONE
    load = pace.busy / (pace.mean + pace.busy)
    width = max(1, round(dead * n / END))
    inside = np.minimum(gains, 0.8 / load) if dead else gains
    padded = np.concatenate([np.full(width + 1, inside[0]), inside])
    sums = np.concatenate([[0], np.cumsum(padded)])
    means = [(sums[k + width + 1 + 1 - 1] - sums[k + 1]) / width for k in range(n)]
    after = [(sums[k + width + 2] - sums[k + 2]) / width for k in range(n)]
    expected = inside * (1 - load) / (1 - load * (np.array(means) + after) / 2)
    assert np.allclose(ahead, expected, rtol=1e-4, atol=1e-5)
    held(f"tempo.{dead}", np.asarray(tempo._before))


def test_common_spikes():
    """A group's are so far apart that none of a cell's are too near; a cell has its share, each with a jitter."""
    part = Synchrony(5.0, jitter_ms=1.0, share=0.8, group=2)
    common = part.common(here(), 720)
    assert common._jitter == 240
    spikes = [common.spikes(share, index, 0, 0) for share, index in ((1.0, 0), (1.0, 1), (1.0, 2), (0.4, 3))]
    assert len(spikes[0]) == len(spikes[1]) > 120
    assert np.abs(spikes[0] - spikes[1]).max() <= 480
    assert not np.intersect1d(spikes[0] // 1000, spikes[2] // 1000).size > 20
    assert all(np.diff(some).min() >= 720 for some in spikes)
    assert max(some.max() for some in spikes) < END
    held("synchrony", spikes, Synchrony(5.0).common(here(), 720).spikes(1.0, 9, 2, 3))
    assert [common.share(rate_hz) for rate_hz in (1.0, 4.0, 8.0, 8.1, 100.0)] == pytest.approx(
        [0.1, 0.4, 0.8, 0.8, 0.8]
    )
    assert Synchrony(0.0).common(here(), 720).share(5.0) == 0.0
    assert Synchrony(5.0, share=0.0).common(here(), 720).share(5.0) == 0.0


def test_room_for_common_spikes():
    """They leave half of the time free, with twice the refractory period and the jitter for each."""
    Synchrony(62.5, jitter_ms=1.0).common(here(), 720)
    with pytest.raises(MockSessionError, match="half of the time free with 8 ms for each; found 62.6"):
        Synchrony(62.6, jitter_ms=1.0).common(here(), 720)


def test_spikes_too_near_to_common_ones():
    """Own spikes stay that are the refractory period or more from each common one."""
    own, common = np.array([0, 20, 30, 40, 60, 69, 70, 80, 200]), np.array([50, 90])
    assert without_near(own, common, 20).tolist() == [0, 20, 30, 70, 200]
    assert without_near(own, common, 0).tolist() == own.tolist()
    assert without_near(own, common[:0], 20).tolist() == own.tolist()
    assert without_near(np.array([0, END - 1]), common[:0], END // 2).tolist() == [0, END - 1]


FIRINGS = {
    "plain": Firing(),
    "bursts": Firing(Gamma(3.0), bursts=Bursts(0.5, n=(2, 7))),
    "locked": Firing(
        bursts=Bursts(0.2, of_units=0.5), locked=(Common(), Profile(((0.0, 1.0), (9.0, 3.0))), Common(0.1))
    ),
    "synchrony": Firing(synchrony=Synchrony(3.0, group=2), locked=EventLocked()),
}


@pytest.mark.parametrize("jitter", [True, False])
@pytest.mark.parametrize("name", FIRINGS)
def test_trains_of_a_seed(name, jitter):
    """The spikes of three cells, cut anywhere, in two blocks and beyond, and their rates are these."""
    some = trains(FIRINGS[name], (8.0, 3.0, 60.0), jitter=jitter, rate=100_000)
    whole = [some.fired(index, 1, 0, 2 * BLOCK) for index in range(3)]
    held(f"trains.{name}.{jitter}", whole, some.fewest_frames, some.most_factor)
    frames = whole[2].frames
    for start, stop in ((int(frames[7]), int(frames[30])), (BLOCK - 20_000, BLOCK + 9), (-50, int(frames[2]) + 1)):
        part = some.fired(2, 1, start, stop)
        here = (frames >= start) & (frames < stop)
        for column, all_of in zip(part, whole[2], strict=True):
            assert np.array_equal(column, all_of[here])
    assert len(some.fired(0, 0, -100, 0).frames) == 0
    rates, first = some.intensity(0, 1, BLOCK - 5000, BLOCK + 5000), BLOCK - 5000
    held(f"intensity.{name}.{jitter}", rates)
    for start, stop in ((BLOCK - 9, BLOCK), (BLOCK - 13, BLOCK + 21), (BLOCK + 5, BLOCK + 6), (BLOCK, BLOCK + 8)):
        assert np.array_equal(some.intensity(0, 1, start, stop), rates[start - first : stop - first])


def test_the_fewest_frames_between_spikes():
    """They are those of the refractory period; without jitter, of one frame more, which a spike may be moved by."""
    assert [trains(jitter=jitter).fewest_frames for jitter in (True, False)] == [90, 91]
    assert trains(refractory_ms=2.9999).fewest_frames == 90
    assert trains(amplitude_sd=0.2).most_factor == 1 + 0.2 * normal_table()[-1]
    none = Firing().trains([], 3.0, amplitudes_of(), True, Cues())
    assert none.fewest_frames == 90
