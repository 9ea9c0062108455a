"""What is in a session: trains, waveforms, LFP, events and logs, against what they claim to be."""

from collections import Counter

import numpy as np
import pytest

from mockrawio.generate import EpiphyteUnits, SessionSpec
from mockrawio.generate.curve import Curve
from mockrawio.generate.gain import fitting_gain
from mockrawio.generate.plan import plan_session
from mockrawio.generate.stimulus import _spelled, daq_interval, daq_log, event_codes, events, watchlog
from mockrawio.session.logs import Watchlog, format_daq_log, format_watchlog, parse_daq_log, parse_watchlog

UNITS = EpiphyteUnits(2, spikes_per_unit=(5000, 5000), refractory_ms=20.0)
LONG = SessionSpec(duration_s=600.0, seed=11, units=UNITS)


def test_a_train_keeps_its_refractory_period_exactly():
    """The shortest of 4999 intervals is no less than 20 ms, in float64 at 1.6e12 ms."""
    plan = plan_session(LONG)
    intervals = np.diff(plan.units[0].times_ms())
    assert intervals.min() >= 20.0
    assert intervals.min() < 20.5


def test_a_train_is_a_poisson_process_with_a_dead_time():
    """Less the dead times, spikes are even over the recording (Kolmogorov-Smirnov, 0.001), intervals exponential."""
    plan = plan_session(LONG)
    n, dead = 5000, 20.0
    free = plan.units[0].times_ms() - plan.start_ms - dead * np.arange(n)
    length = plan.length_ms - dead * (n - 1)
    assert abs(free / length - (np.arange(n) + 0.5) / n).max() < 1.95 / np.sqrt(n)
    gaps = np.diff(free)
    assert abs(gaps.std() / gaps.mean() - 1) < 5 / np.sqrt(n)


def test_stamps_are_ticks_of_the_waveforms_clock():
    """Every stamp is a multiple of 1/32 ms, so that it can be a sample at 32 kHz."""
    plan = plan_session(LONG)
    ticks = plan.units[1].times_ms() * 32
    assert (ticks == np.rint(ticks)).all()


def test_trains_of_two_units_have_nothing_in_common():
    """Within 1 ms of another unit's spikes there are as many spikes as chance puts there."""
    plan = plan_session(LONG)
    first, second = (unit.times_ms() for unit in plan.units)
    near = np.searchsorted(second, first + 1.0, "right") > np.searchsorted(second, first - 1.0)
    chance = 2 * 5000 / plan.length_ms  # 1 ms on either side
    assert abs(near.mean() - chance) < 5 * np.sqrt(chance / 5000)


def test_every_unit_has_a_shape_of_its_own_around_the_documented_one():
    """Peaks stand at sample 19 around 37 µV, undershoots near sample 40 around -8 µV, no two alike."""
    shapes = [Curve.drawn(0, index) for index in range(200)]
    means = np.array([shape.at() for shape in shapes])
    assert (means.argmax(axis=1) == 19).all()
    assert abs(means.max(axis=1).mean() - 37) < 5 * 8 / np.sqrt(12 * 200)  # even from 33 to 41
    troughs = means.argmin(axis=1)
    assert troughs.min() >= 36
    assert troughs.max() <= 44
    assert abs(means.min(axis=1).mean() + 8) < 5 * 2 / np.sqrt(12 * 200)  # even from -9 to -7
    assert len({mean.tobytes() for mean in means}) == 200
    assert all(6.5 <= shape.sd <= 9.5 for shape in shapes)


def test_waveforms_scatter_around_their_shape_independently():
    """Mean, SD and the correlation of neighbours lie within five standard errors, sample by sample."""
    plan = plan_session(LONG)
    block = np.concatenate(list(plan.units[0].noisy_waveforms()))
    shape, n = plan.units[0].curve(), 5000
    assert block.shape == (n, 64)
    assert abs(block.mean(axis=0) - shape.at()).max() < 5 * shape.sd / np.sqrt(n)
    assert abs(block.std(axis=0) / shape.sd - 1).max() < 5 / np.sqrt(2 * n)
    assert block.std(axis=0).min() > 6
    assert block.std(axis=0).max() < 10
    noise = (block - shape.at()) / shape.sd
    assert abs((noise[:, 1:] * noise[:, :-1]).mean()) < 5 / np.sqrt(n * 63)
    assert abs((noise[1:] * noise[:-1]).mean()) < 5 / np.sqrt(n * 64)


def test_counts_are_the_same_waveforms_within_half_a_count():
    """int16 counts times gain are the float64 waveforms within half a gain, and none comes near clipping."""
    plan = plan_session(LONG)
    content, exact = (plan.units[0].content(encoding) for encoding in ("int16", "float64"))
    gain = content.scale.gain
    ints, floats = (np.concatenate(list(one.waveforms.blocks)) for one in (content, exact))
    assert ints.dtype == np.int16
    assert ints.shape == floats.shape == (5000, 64)
    assert abs(ints * gain - floats).max() <= gain / 2
    assert abs(ints.astype(int)).max() < 32767


@pytest.mark.parametrize("most", [1e-3, 32767.0, 32768.0, 100.0, 1e6])
def test_the_gain_is_the_smallest_power_of_two_that_fits(most):
    """The largest value fits int16 at this gain and would not at half of it."""
    gain = fitting_gain(most)
    assert most / gain <= 32767
    assert most / (gain / 2) >= 32767
    assert np.log2(gain) % 1 == 0


def test_event_codes_are_powers_of_two_over_and_over():
    """Codes go 1 to 128 and begin again."""
    assert event_codes(10).tolist() == [1, 2, 4, 8, 16, 32, 64, 128, 1, 2]
    assert event_codes(0).size == 0


def test_events_are_even_from_the_first_sample_to_the_last():
    """The first event is at the first sample, the last at the last, the steps between them equal."""
    plan = plan_session(SessionSpec(duration_s=60.0, seed=0, n_events=77))
    rows = events(plan)
    assert rows.dtype == np.float64
    assert rows[[0, -1], 0].tolist() == [plan.start_ms, plan.end_ms - 1]
    assert np.ptp(np.diff(rows[:, 0])) < 1e-3  # float64 at 1.6e12 ms steps by 2.4e-4
    assert (rows[:, 1] == event_codes(77)).all()


@pytest.mark.parametrize("n", [0, 1])
def test_a_session_may_have_no_event_or_one(n):
    """The arrays have as many rows as asked for, down to none."""
    plan = plan_session(SessionSpec(duration_s=60.0, seed=0, n_events=n))
    assert events(plan).shape == (n, 2)
    assert daq_log(plan).pre.size == n


def test_daq_rows_stand_around_even_steps():
    """Rows are one step apart; post - pre is normal with mean 100 and SD 200 ms, now and then negative."""
    plan = plan_session(SessionSpec.epiphyte(seed=4))
    log, n = daq_log(plan), plan.n_events
    assert daq_interval(plan) == int((plan.stim_off_ms - plan.stim_on_ms) / n)
    middle = (log.pre + log.post) / 2
    assert (middle == plan.stim_on_ms + np.arange(n) * daq_interval(plan)).all()
    width = log.post - log.pre
    assert abs(width.mean() - 100) < 5 * 200 / np.sqrt(n)
    assert abs(width.std() / 200 - 1) < 5 / np.sqrt(2 * n)
    assert 0.2 < (width < 0).mean() < 0.4
    assert (log.index == np.arange(n)).all()


def test_a_perfect_watchlog_shows_every_frame_once():
    """Frames are 0.04 s of movie and 41 ms of clock apart, from the first to the last."""
    plan = plan_session(SessionSpec.epiphyte(seed=4))
    log = watchlog(plan, movie_pauses=False)
    assert log.pts.tolist() == [round(0.04 * k, 2) for k in range(1, 124_996)]
    assert (np.diff(log.clock) == 41).all()
    assert log.clock[0] == plan.stim_on_ms + 41
    assert log.pauses.size == 0


def test_labels_are_spelled_as_python_spells_them():
    """The fast spelling is repr(round(x, 2)), at every change of length too."""
    for n in (0, 1, 24, 25, 26, 249, 250, 251, 25_001, 125_000):
        assert _spelled(n).tolist() == [repr(round(0.04 * k, 2)) for k in range(1, n + 1)]


def test_pauses_and_skips_are_what_the_generator_draws():
    """Over 60 seeds: 1 or 2 pauses, 60 s in all and 6 s at least; 1 to 3 skips of up to 500 s; no frame twice."""
    seen = Counter()
    for seed in range(60):
        plan = plan_session(SessionSpec.epiphyte(seed=seed))
        log = watchlog(plan, movie_pauses=True)
        waits = np.diff(log.clock) - 39
        assert log.clock[0] == plan.stim_on_ms + 39
        assert waits.sum() == 60_000
        assert waits[waits > 0].min() >= 6000
        assert (np.flatnonzero(waits) + 1 == log.pauses).all()
        steps = np.diff(np.rint(log.pts * 25).astype(int))
        jumps = steps[steps != 1]
        assert abs(jumps - 1).max() <= 12_500
        assert not (steps == 0).any()
        assert log.pts.min() >= 0.04
        assert log.pts.max() <= plan.n_frames * 0.04 + 1e-9
        assert log.pts.size <= plan.n_frames
        assert log.clock[-1] <= plan.stim_off_ms
        seen[("pauses", log.pauses.size)] += 1
        seen[("skips", jumps.size)] += 1
        seen["back"] += int((jumps < 0).sum())
        seen["forth"] += int((jumps > 0).sum())
    assert seen.keys() == {("pauses", 1), ("pauses", 2), ("skips", 1), ("skips", 2), ("skips", 3), "back", "forth"}


def test_no_frame_lies_past_the_end_when_pulses_set_the_clocks():
    """With the movie's clock put on the recorder's by a line through DAQ rows and events, every frame was recorded."""
    for seed in range(8):
        plan = plan_session(SessionSpec.epiphyte(seed=seed))
        log, daq, stamps = watchlog(plan, movie_pauses=True), daq_log(plan), events(plan)[:, 0]
        x, y = daq.post - plan.start_ms, stamps - plan.start_ms
        slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
        recorded = plan.start_ms + y.mean() + slope * (log.clock - plan.start_ms - x.mean())
        assert recorded[-1] < plan.end_ms
        assert recorded[0] > plan.start_ms - 1000
        assert (np.diff(recorded) > 0).all()


@pytest.mark.parametrize("stimulus_len", [0.04, 0.5, 1.0, 8.0, 83.33, 200.0])
@pytest.mark.parametrize("duration_s", [None, 30_000.0])
def test_pauses_fit_a_movie_of_any_length(stimulus_len, duration_s):
    """Pauses are 60 s, or half of a movie of less than two minutes; what is left of the stimulus is for the frames."""
    plan = plan_session(SessionSpec.epiphyte(stimulus_len=stimulus_len, duration_s=duration_s, seed=3))
    log = watchlog(plan, movie_pauses=True)
    steps = np.diff(log.clock)
    paused = np.zeros(steps.size, bool)
    paused[log.pauses - 1] = True
    total = min(60_000, round(stimulus_len * 60_000) // 2)
    step = int((stimulus_len * 60_000 - total) / plan.n_frames)
    assert set(steps[~paused]) == {step}
    assert (steps[paused] - step).sum() == total
    assert (steps[paused] > steps[~paused].max()).all()
    assert plan.stim_on_ms < log.clock[0] < log.clock[-1] <= plan.stim_off_ms


@pytest.mark.parametrize("movie_pauses", [True, False])
def test_logs_read_back_as_they_were_written(tmp_path, movie_pauses):
    """Both logs, parsed by the package's own parser, have the columns they were made of."""
    plan = plan_session(SessionSpec(duration_s=120.0, seed=1))
    daq, movie = daq_log(plan), watchlog(plan, movie_pauses)
    path = tmp_path / "a.log"
    for made, write, read in ((daq, format_daq_log, parse_daq_log), (movie, format_watchlog, parse_watchlog)):
        path.write_bytes(write(made))
        found = read(str(path))
        for name, column in vars(made).items():
            assert np.array_equal(getattr(found, name), column), name


@pytest.mark.parametrize(
    "clock", [[5, 10, 0], [123_456, 1_230_000, 98], [1_656_643_297_114] * 3, [-7, 100, 20], [0, 0, 0]]
)
def test_the_fast_watchlog_is_the_one_formatted_line_by_line(clock):
    """All lines at once are the bytes of one line after another, pauses at either end included."""
    log = Watchlog("ü.avi", np.array(["0.04", "10.0", "-3.5"]), np.zeros(3), np.array(clock), np.array([0, 1, 1, 3]))
    lines = [f"pts\t{label}\ttime\t{stamp}\n" for label, stamp in zip(log.labels, clock, strict=True)]
    for pause in (3, 1, 1, 0):
        lines.insert(pause, "Pausing\nContinuing\tafter\tpause\n")
    assert format_watchlog(log) == ("ü.avi\n" + "".join(lines)).encode()
    halves = Watchlog(
        "a.avi", np.array(["1"] * 10_000), np.zeros(10_000), np.array([5.0] * 9_999 + [5.5]), log.pauses[:0]
    )
    assert format_watchlog(halves) == b"a.avi\n" + b"pts\t1\ttime\t5.0\n" * 9_999 + b"pts\t1\ttime\t5.5\n"
    empty = Watchlog("a.avi", log.labels[:0], log.pts[:0], log.clock[:0], log.pauses[:0])
    assert format_watchlog(empty) == b"a.avi\n"
