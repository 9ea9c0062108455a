"""Sampling rates: any rational is kept exactly, and spikes stand at the samples nearest to their stamps."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.generate import Units, White
from mockrawio.session.streams import open_stream
from tests.generate.folders import FEW_FAR, unit_file

RATES = {"24414.0625": Fraction(390625, 16), "25000": 25_000, "30000": 30_000, "100000/3": Fraction(100_000, 3)}
STAMPS = 2**12  # a stamp of today, in ms, is a whole number of so many parts
each = pytest.mark.parametrize("rate", RATES.values(), ids=RATES)


def nearest(times_ms: np.ndarray, start_ms: int, rate: Fraction) -> np.ndarray:
    """Return rint(t x rate) of stamps in ms since the Unix epoch, by integers alone; int64 (n,)."""
    parts = (times_ms - start_ms) * STAMPS
    whole = parts.astype(np.int64)
    assert np.array_equal(whole, parts)
    frames = Fraction(rate) / (1000 * STAMPS)  # for each part
    assert int(whole.max(initial=0)) * 2 * frames.numerator < 2**62
    return (2 * whole * frames.numerator + frames.denominator) // (2 * frames.denominator)


@each
def test_a_frame_is_the_sample_nearest_to_its_stamp(rate):
    """For 280,000 spikes at each of four rates, in two segments: frame == rint(t x rate), exactly."""
    units = Units(40, rate_hz=100.0, refractory_ms=2.0, multi=0.0)
    spec = SessionSpec.broadband(
        segments=(40.0, 37.003), n_channels=16, units=units, noise=White(), sampling_rate=rate, seed=3
    )
    made = truth(spec)
    starts, total = [segment.start_ms for segment in made.plan.segments], 0
    assert made.n_samples == tuple(int(Fraction(rate) * ms / 1000) for ms in (40_000, 37_003))
    for unit in made.units.values():
        times, frames, segments = unit.times_ms(), unit.frames(), unit.segments()
        for seg_index, start in enumerate(starts):
            here = segments == seg_index
            assert np.array_equal(nearest(times[here], start, rate), frames[here])
            assert (frames[here] < made.n_samples[seg_index]).all()
        total += len(times)
    assert total > 250_000


@each
def test_files_and_readers_keep_the_rate(tmp_path, rate):
    """The json has the rate, the reader too; its spikes are at the truth's frames, its waveforms the stream's."""
    spec = SessionSpec.broadband(
        segments=(1.0, 0.503),
        n_channels=3,
        units=Units(3, rate_hz=30.0, multi=0.0),
        sampling_rate=rate,
        seed=1,
        noise=FEW_FAR,
    )
    folder = generate_session(spec, tmp_path)
    made, description = truth(folder), json.loads((folder / "raw_data/broadband.json").read_text())
    assert description["sampling_rate"] == float(rate) == made.sampling_rate
    stream = open_stream(str(folder / "raw_data/broadband.npy"))
    assert [run.stop - run.start for run in stream.runs] == list(made.n_samples)
    starts = np.array([segment.start_ms for segment in made.plan.segments])
    for unit_id, unit in made.units.items():
        stamps = unit_file(folder, unit_id)["spike_times"]
        for seg_index, start in enumerate(starts.tolist()):
            here = unit.segments() == seg_index
            assert np.array_equal(nearest(stamps[here], start, rate), unit.frames()[here])
    with MockSessionRawIO(folder) as reader:
        reader.parse_header()
        assert reader.get_signal_sampling_rate(1) == pytest.approx(float(rate), rel=1e-12)
        for index, unit_id in enumerate(reader.header["spike_channels"]["id"].tolist()):
            unit = made.units[unit_id]
            for seg_index in (0, 1):
                recorded = reader.get_analogsignal_chunk(seg_index=seg_index, stream_index=1)
                assert np.array_equal(recorded, made.recording(seg_index))
                padded = np.pad(recorded[:, unit.peak_channel], (19, 45))
                frames = unit.frames()[unit.segments() == seg_index]
                waveforms = reader.get_spike_raw_waveforms(seg_index=seg_index, spike_channel_index=index)[:, 0]
                assert np.array_equal(waveforms, np.array([padded[k : k + 64] for k in frames]).reshape(-1, 64))


@pytest.mark.parametrize(
    "given", [np.float32(24414.0625), "24414.0625", Fraction(390625, 16), np.float64(24414.0625), "390625/16"]
)
def test_a_rate_may_be_written_as_one_likes(given):
    """Floats, text and fractions of the same rate are the same rate, and JSON has it as a number."""
    spec = SessionSpec(sampling_rate=given)
    assert spec.sampling_rate == Fraction(390625, 16)
    assert spec.to_dict()["sampling_rate"] == 24414.0625


@pytest.mark.parametrize(
    ("given", "exact", "written"),
    [(30_000.1, Fraction(300_001, 10), 30_000.1), ("100000/3", Fraction(100_000, 3), "100000/3"), (1000, 1000, 1000.0)],
)
def test_a_float_is_what_it_is_written_as(given, exact, written):
    """30000.1 Hz are 300001/10, not the float next to it; what no float is, JSON has as text."""
    spec = SessionSpec(sampling_rate=given)
    assert spec.sampling_rate == exact
    assert spec.to_dict()["sampling_rate"] == written
    assert SessionSpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize("rate", [1000, 100_000])
def test_the_slowest_and_the_fastest_rate(tmp_path, rate):
    """A session at either end of the rates is made, and its spikes are known."""
    units = Units(2, amplitude_uV=(100, 200), rate_hz=20.0, multi=0.0)
    folder = generate_session(
        SessionSpec.broadband(duration_s=1.0, n_channels=2, units=units, sampling_rate=rate, noise=FEW_FAR, seed=1),
        tmp_path,
    )
    made = truth(folder)
    left = made.recording(0) - made.background(0)
    assert left.any()
    for unit in made.units.values():
        assert np.array_equal(nearest(unit.times_ms(), made.plan.segments[0].start_ms, Fraction(rate)), unit.frames())
