"""The LFP as Epiphyte's generator has it, a sine, against what it claims to be."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mockrawio.generate import SessionSpec, Sine
from mockrawio.generate.files import lfp_jobs
from mockrawio.generate.lfp import lfp_times
from mockrawio.generate.plan import Plan, plan_session
from mockrawio.generate.sine import BLOCK, SineLfp


def planned(noise_uV: float = 0.0, **fields) -> Plan:
    """Return the plan of a session that has a sine."""
    return plan_session(SessionSpec(field=Sine(noise_uV=noise_uV), n_units=0, **fields))


def lfp_of(plan: Plan) -> SineLfp:
    """Return the LFP of a plan."""
    return SineLfp(plan, plan.spec.field[0])


def samples_of(plan: Plan, channel: int = 1, encoding: str = "float64") -> np.ndarray:
    """Return all samples of a channel."""
    return np.concatenate(list(lfp_of(plan).samples(channel, encoding)))


def times_of(plan: Plan) -> np.ndarray:
    """Return all stamps."""
    return np.concatenate(list(lfp_times(plan)))


def test_the_lfp_is_an_8_hz_sine_of_100_uv():
    """Ten minutes of samples are 100 sin(2 pi 8 t) within 1e-8 µV, and the stamps one ms apart."""
    plan = planned(duration_s=600.0, seed=11)
    ts, samples = times_of(plan), samples_of(plan)
    assert ts.dtype == np.int64
    assert (ts == plan.start_ms + np.arange(600_000)).all()
    seconds = (np.arange(600_000) % 125) / 1000  # exact periods, so that the reference itself is exact
    assert abs(samples - 100 * np.sin(2 * np.pi * 8 * seconds)).max() < 1e-8


def test_the_sine_goes_on_through_a_gap():
    """After a gap of 37 ms the phase is that of the clock, on every channel its own."""
    plan = planned(segments=(70.0, 1.003, 66.0), gap_s=0.037, seed=0)
    since = times_of(plan) - plan.start_ms
    assert np.diff(since)[np.diff(since) != 1].tolist() == [38, 38]
    phases = []
    for channel in (1, 2, 3):
        samples = samples_of(plan, channel)
        at_zero = samples[0]
        angle = np.arctan2(at_zero, (samples[1] - at_zero * np.cos(2 * np.pi / 125)) / np.sin(2 * np.pi / 125))
        assert abs(samples - 100 * np.sin(2 * np.pi * since / 125 + angle)).max() < 1e-6
        phases.append(round(float(angle), 6))
    assert phases[0] == 0
    assert len(set(phases)) == 3


def test_a_gap_of_one_missing_sample():
    """gap_s of 1 ms leaves out one stamp."""
    plan = planned(segments=(1.0, 1.0), gap_s=0.001, seed=0)
    assert np.flatnonzero(np.diff(times_of(plan)) != 1).tolist() == [999]
    assert plan.length_ms == 2001


def test_lfp_counts_are_the_same_samples_within_half_a_count():
    """int16 samples times gain are the float64 ones within half a gain, with noise too."""
    for noise in (0.0, 40.0):
        plan = planned(noise, duration_s=150.0, seed=5)
        ints = samples_of(plan, encoding="int16")
        assert ints.dtype == np.int16
        assert abs(ints * lfp_of(plan).gain_uV - samples_of(plan)).max() <= lfp_of(plan).gain_uV / 2
        assert abs(ints.astype(int)).max() < 32767


def test_lfp_noise_has_the_same_power_in_every_octave():
    """From 0.5 to 128 Hz the noise's spectrum falls as 1/f, its exponent within 0.15 of -1, and its SD is as asked."""
    plan = planned(20.0, duration_s=8 * BLOCK / 1000, seed=8)
    quiet = planned(duration_s=8 * BLOCK / 1000, seed=8)
    noise = samples_of(plan) - samples_of(quiet)
    assert abs(noise.std() / 20 - 1) < 0.15
    power = abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(noise.size, 1e-3)
    edges = 2.0 ** np.arange(-1, 8)
    density = [power[(frequency >= low) & (frequency < 2 * low)].mean() for low in edges[:-1]]
    slope = np.polyfit(np.log(edges[:-1]), np.log(density), 1)[0]
    assert abs(slope + 1) < 0.15


def test_lfp_noise_does_not_depend_on_gaps_or_blocks():
    """A recording cut into segments has the samples of the whole one's noise."""
    whole = planned(20.0, duration_s=140.0, seed=8)
    cut = planned(20.0, segments=(65.536, 0.3, 74.164), gap_s=0.125, seed=8)
    assert (samples_of(whole) == samples_of(cut)).all()


@pytest.mark.parametrize("noise", [0.0, 5.0])
def test_memory_does_not_grow_with_the_recording(noise):
    """An LFP file of 100 minutes takes no more memory to make than one of 10, and less than 6 MB."""
    peaks = []
    for minutes in (10, 100):
        plan = planned(noise, duration_s=60.0 * minutes, seed=0)
        job, *_ = lfp_jobs(plan, lfp_of(plan))
        tracemalloc.start()
        size = sum(len(chunk) for chunk in job.chunks())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert size > minutes * 600_000
    assert peaks[1] < peaks[0] + 100_000
    assert peaks[1] < 6e6
