"""The numbers behind the figures, each against a plain way to get it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.report import envelopes, measures, spiking, waveform_stats
from tests.handmade import T0, frame, save_dict
from tests.report.looking import opened


def in_uv(reader, stream, segment, channels=None):
    """Return a whole segment in µV."""
    raw = reader.get_analogsignal_chunk(0, segment, stream_index=stream, channel_indexes=channels)
    return reader.rescale_signal_raw_to_float(raw, "float64", stream, channels)


def times_of(reader, segment, unit):
    """Return a unit's spikes of a segment in seconds."""
    return reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, segment, unit), "float64")


# -- signals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [7, 1000, 1 << 22])
@pytest.mark.parametrize("n_bins", [1, 10, 333])
@pytest.mark.parametrize("channels", [None, [2, 0]])
def test_envelope_of_a_segment(reader, monkeypatch, block, n_bins, channels):
    """Each bin has the least and the largest of its samples, whatever is read at a time."""
    monkeypatch.setattr(envelopes, "_BLOCK", block * 16)
    stream = len(reader.header["signal_streams"]) - 1
    values = in_uv(reader, stream, 1, channels)
    found = measures.envelope(reader, stream, 1, channels, n_bins=n_bins)
    parts = np.split(values, np.arange(1, n_bins) * len(values) // n_bins)
    assert np.array_equal(found.low, [part.min(axis=0) for part in parts])
    assert np.array_equal(found.high, [part.max(axis=0) for part in parts])


def test_envelope_of_few_samples(reader):
    """With no more samples than bins there is a bin for each, at its time."""
    start, rate = reader.get_signal_t_start(0, 1, 0), reader.get_signal_sampling_rate(0)
    found = measures.envelope(reader, 0, 1, t_start=start + 0.1, t_stop=start + 0.2)
    values = in_uv(reader, 0, 1)[100:201]
    assert rate == 1000
    assert np.allclose(found.times, start + np.arange(100, 201) / rate, rtol=0, atol=1e-9)
    assert np.array_equal(found.low, values)
    assert np.array_equal(found.high, values)


@given(st.integers(-5, 510), st.integers(0, 510), st.integers(1, 600))
def test_envelope_of_any_window(ramp, first, length, n_bins):
    """Limits take in the samples on them; bins cover all samples between, once, and none lies outside."""
    found = measures.envelope(ramp, 0, t_start=first / 1000, t_stop=(first + length) / 1000, n_bins=n_bins)
    inside = np.arange(max(0, first), min(500, first + length + 1))
    assert len(found.times) == min(n_bins, len(inside))
    if len(inside):
        assert found.low.min() == inside[0]
        assert found.high.max() == inside[-1]
        assert np.array_equal(found.low[1:, 0], found.high[:-1, 0] + 1)  # a ramp of 1 a sample
        assert np.allclose(found.times, (found.low[:, 0] + found.high[:, 0]) / 2000)


def test_envelope_of_what_is_no_number(handmade, monkeypatch):
    """A NaN hides none of its neighbours, also where a block ends in its bin; a bin of NaN alone has none."""
    monkeypatch.setattr(envelopes, "_BLOCK", 7)
    samples = np.arange(500.0)
    samples[[13, 20, 21, *range(400, 410)]] = np.nan
    handmade.lfp(samples=samples)
    found = measures.envelope(opened(handmade.folder, raw_dtype="source"), 0, n_bins=50)
    parts = [part for part in samples.reshape(50, 10) if np.isfinite(part).any()]
    assert np.flatnonzero(np.isnan(found.low[:, 0])).tolist() == [40]
    assert np.array_equal(np.delete(found.low[:, 0], 40), np.nanmin(parts, axis=1))
    assert np.array_equal(np.delete(found.high[:, 0], 40), np.nanmax(parts, axis=1))


@pytest.mark.parametrize("wrong", [{"n_bins": 0}, {"t_start": 2.0, "t_stop": 1.0}, {"channel_indexes": [99]}])
def test_envelope_refuses(reader, wrong):
    """What cannot be asked for is refused in words."""
    with pytest.raises(MockSessionError, match="expected"):
        measures.envelope(reader, 0, **wrong)


# -- units ------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [2, 1 << 16])
def test_isi(reader, monkeypatch, batch):
    """Intervals are those of each segment alone, whatever is looked at together."""
    monkeypatch.setattr(spiking, "_BATCH", batch)
    for unit, name in enumerate(reader.header["spike_channels"]["id"]):
        gaps = np.concatenate([np.diff(reader.get_spike_timestamps(0, k, unit)) for k in (0, 1)])
        found = measures.isi(reader, str(name), bins=20, max_ms=400.0, refractory_ms=50.0)
        assert found.n == len(gaps)
        assert np.array_equal(found.counts, np.histogram(gaps, 20, (0, 400))[0])
        assert found.edges.tolist() == np.linspace(0, 400, 21).tolist()
        assert found.violations == np.mean(gaps < 50)
        assert found.mean_ms == pytest.approx(gaps.mean())
        assert found.cv == pytest.approx(gaps.std() / gaps.mean())
        one = measures.isi(reader, unit, seg_index=1)
        assert one.n == reader.spike_count(0, 1, unit) - 1


@pytest.mark.parametrize("n_spikes", [0, 1])
def test_isi_without_intervals(handmade, n_spikes):
    """A unit of one spike, or none, has no intervals, and nothing is made up of them."""
    handmade.unit(times=T0 + np.arange(float(n_spikes)), amps=np.zeros((n_spikes, 64)))
    found = measures.isi(opened(handmade.folder), 0)
    assert (found.n, found.counts.sum()) == (0, 0)
    assert np.isnan([found.violations, found.mean_ms, found.cv]).all()


@pytest.mark.parametrize("bins", [0, [], [1.0], [2.0, 1.0], [[0.0, 1.0]]])
def test_isi_refuses_bins(handmade, bins):
    """Bins must be some, and ascend."""
    handmade.unit()
    with pytest.raises(MockSessionError, match="bins: expected"):
        measures.isi(opened(handmade.folder), 0, bins=bins)


def test_unknown_units(handmade):
    """An unknown unit is refused, with those that there are; so is any in a session without."""
    handmade.lfp()
    with pytest.raises(MockSessionError, match="no units"):
        measures.isi(opened(handmade.folder), "CSC1_SU1")
    handmade.unit()
    with pytest.raises(MockSessionError, match="one of CSC1_SU1; found 'x'"):
        measures.waveform_stats(opened(handmade.folder), "x")
    with pytest.raises(MockSessionError, match="in 0 to 0; found 1"):
        measures.isi(opened(handmade.folder), 1)


def test_firing_rates(reader):
    """Rates are all spikes over the time with samples; events and movie in the gap add none."""
    rates = measures.firing_rates(reader)
    duration = sum(reader.get_signal_size(0, k, 0) / reader.get_signal_sampling_rate(0) for k in (0, 1))
    notes = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"]
    for unit, rate in enumerate(rates):
        assert rate.count == sum(len(times_of(reader, k, unit)) for k in (0, 1))
        assert rate.duration_s == pytest.approx(duration)
        assert rate.rate_hz == rate.count / rate.duration_s
        assert (rate.unit, rate.region) == (reader.header["spike_channels"]["id"][unit], notes[unit]["region"])
        assert rate.unit_type == rate.unit.split("_")[1][:2]
    assert len(rates) == 3


def test_firing_rates_beyond_the_samples(handmade):
    """Where spikes lie outside the samples, the time up to them counts too."""
    handmade.lfp()
    handmade.unit(times=T0 + np.array([-500.0, 3.0, 1500.0]))
    (rate,) = measures.firing_rates(opened(handmade.folder))
    assert rate.duration_s == pytest.approx(2.0)
    assert rate.region == ""


@pytest.mark.parametrize("batch", [3, 1 << 16])
def test_waveform_stats(reader, monkeypatch, batch):
    """Mean and SD are those of all waveforms in µV, on a time axis with its 0 at the alignment."""
    monkeypatch.setattr(waveform_stats, "_BATCH", batch)
    for unit in range(3):
        raw = np.concatenate([reader.get_spike_raw_waveforms(0, k, unit)[:, 0] for k in (0, 1)])
        values = reader.rescale_waveforms_to_float(raw, "float32", unit)
        found = measures.waveform_stats(reader, unit, n_traces=4)
        assert found.n == len(values)
        assert np.allclose(found.mean, values.mean(axis=0, dtype=np.float64))
        assert np.allclose(found.sd, values.std(axis=0, dtype=np.float64))
        assert all((values == trace).all(axis=1).any() for trace in found.traces)
        assert found.traces.shape == (4, values.shape[1])
        channel = reader.header["spike_channels"][unit]
        assert found.time_ms[int(channel["wf_left_sweep"])] == 0
        assert np.allclose(np.diff(found.time_ms), 1000 / channel["wf_sampling_rate"])


def test_waveforms_at_the_same_time(handmade, monkeypatch):
    """Spikes at one time are all counted, once, also where a batch ends between them."""
    monkeypatch.setattr(waveform_stats, "_BATCH", 2)
    amps = np.arange(7, dtype=np.int16)[:, None] * np.ones(64, np.int16)
    handmade.unit(times=T0 + np.array([1.0, 5.0, 5.0, 5.0, 5.0, 5.0, 9.0]), amps=amps)
    found = measures.waveform_stats(opened(handmade.folder), 0)
    assert (found.n, found.mean[0]) == (7, 3.0)
    assert sorted(found.traces[:, 0].tolist()) == list(range(7))


def test_some_waveforms(reader):
    """Of many spikes so many are drawn, the same ones for the same seed."""
    few = [measures.waveform_stats(reader, 0, max_spikes=5, n_traces=9, seed=seed) for seed in (1, 1, 2)]
    assert [one.n for one in few] == [5, 5, 5]
    assert few[0].traces.shape[0] == 5
    assert np.array_equal(few[0].traces, few[1].traces)
    assert not np.array_equal(few[0].traces, few[2].traces)


@pytest.mark.parametrize("shape", [(0, 64), (3, 0), None])
def test_no_waveforms(handmade, shape):
    """A unit without spikes, or whose spikes have no waveforms, or whose file has no such key, has none."""
    if shape is None:
        save_dict(handmade.folder / "spiking_data" / "CSC1_SU1.npy", {"spike_times": T0 + np.arange(3.0)})
    else:
        handmade.unit(times=T0 + np.arange(float(shape[0])), amps=np.empty(shape))
    found = measures.waveform_stats(opened(handmade.folder), 0)
    assert found.n == 0
    assert found.time_ms.shape == found.mean.shape == found.sd.shape
    assert np.isnan(found.mean).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_waveforms_of_what_is_no_number(handmade, wrong):
    """A spike with a value that is no number is left out of mean, spread and number."""
    amps = np.arange(3.0)[:, None] * np.ones(64)
    amps[1, 5] = wrong
    handmade.unit(amps=amps)
    found = measures.waveform_stats(opened(handmade.folder, raw_dtype="source"), 0)
    assert (found.n, found.mean[5], found.sd[5], len(found.traces)) == (2, 1.0, 1.0, 2)


def test_spike_trains(reader):
    """All units are in their regions, with the spikes of all segments, or those within limits."""
    whole, part = measures.spike_trains(reader), measures.spike_trains(reader, 0.5, 4.2)
    ids = reader.header["spike_channels"]["id"].tolist()
    assert sorted(unit for region in whole for unit in region.units) == sorted(ids)
    assert [region.region for region in whole] == ["LA", "LAH"]
    for region, some in zip(whole, part, strict=True):
        for unit, times, within in zip(region.units, region.times_s, some.times_s, strict=True):
            expected = np.concatenate([times_of(reader, k, ids.index(unit)) for k in (0, 1)])
            assert np.array_equal(times, expected)
            assert np.array_equal(within, expected[(expected >= 0.5) & (expected <= 4.2)])
    for region, some in zip(whole, measures.spike_trains(reader, every=3), strict=True):
        assert all(np.array_equal(few, times[::3]) for few, times in zip(some.times_s, region.times_s, strict=True))


# -- timing -----------------------------------------------------------------------------------


def test_event_timing(handmade):
    """Intervals are against their median, and codes are counted in their order."""
    handmade.lfp()
    handmade.events([[T0 + t, code] for t, code in [(0, 16), (100, 2), (200, 16), (350, 2.5), (450, 128)]])
    found = measures.event_timing(opened(handmade.folder))
    assert found.codes == {"2": 1, "2.5": 1, "16": 2, "128": 1}
    assert list(found.codes) == ["2", "2.5", "16", "128"]
    assert np.allclose(found.intervals_s, [0.1, 0.1, 0.15, 0.1])
    assert found.period_s == pytest.approx(0.1)
    assert np.allclose(found.deviations_ms, [0, 0, 50, 0], atol=1e-9)
    assert np.allclose(found.interval_times_s, [0.1, 0.2, 0.35, 0.45])


def test_event_timing_of_segments(folders):
    """The interval over a gap is none."""
    with MockSessionRawIO(folders["gaps"]) as reader:
        found = measures.event_timing(reader)
        assert len(found.intervals_s) == len(found.times_s) - 2
        assert np.abs(found.deviations_ms).max() < 0.01
        assert len(found.interval_times_s) == len(found.intervals_s)


def test_daq_jitter(handmade):
    """Each row's stamps are so far apart, whichever is the earlier."""
    handmade.lfp()
    handmade.daq()
    found = measures.daq_jitter(opened(handmade.folder))
    assert np.allclose(found.starts_s, [0.010, 0.107])
    assert found.durations_ms.tolist() == [4, 3]
    assert found.half_widths_ms.tolist() == [2, 1.5]
    assert (found.mean_ms, found.sd_ms) == (3.5, 0.5)


def test_movie_clock(handmade):
    """A pause stands as long as it lasted, a skip where movie time jumps; neither bends the line."""
    handmade.lfp()
    lines = [frame(0.04 * k, T0 + 50 + 41 * k) for k in range(10)]
    lines += ["Pausing", "Continuing\tafter\tpause"]
    lines += [frame(0.04 * k, T0 + 550 + 41 * k) for k in range(10, 20)]
    lines += [frame(5 + 0.04 * k, T0 + 550 + 41 * k) for k in range(20, 30)]
    lines += [frame(0.04 * k, T0 + 550 + 41 * k) for k in range(30, 40)]
    lines += [frame(0.04 * (k + 4), T0 + 550 + 41 * k) for k in range(40, 45)]  # after 4 dropped ones
    handmade.watchlog(lines)
    found = measures.movie_clock(opened(handmade.folder))
    assert np.allclose(found.pause_starts_s, [0.419])
    assert np.allclose(found.pauses_s, [0.541])
    assert found.skips.tolist() == [20, 30]
    assert found.ms_per_frame == pytest.approx(41.0)
    assert found.offset_s == pytest.approx(0.05)
    assert np.allclose(found.pts_s[:3], [0, 0.04, 0.08])
    assert found.clock_s[0] == pytest.approx(0.05)


def test_generated_movie(reader):
    """A short generated movie has a frame every 35 ms, to leave room for pauses, over skips and gaps."""
    found = measures.movie_clock(reader)
    assert found.ms_per_frame == pytest.approx(35.0)
    assert found.offset_s == pytest.approx(found.clock_s[0])
    assert len(found.pauses_s) >= 1


def test_nothing_there(handmade):
    """A session without events, DAQ log, watchlog and units has none of them, and no numbers are made up."""
    handmade.lfp()
    reader = opened(handmade.folder)
    events, daq, movie = measures.event_timing(reader), measures.daq_jitter(reader), measures.movie_clock(reader)
    assert events.codes == {}
    assert [len(part) for part in (events.times_s, daq.starts_s, movie.clock_s, movie.skips, movie.pauses_s)] == [0] * 5
    assert np.isnan([events.period_s, daq.mean_ms, daq.sd_ms, movie.offset_s, movie.ms_per_frame]).all()
    assert measures.firing_rates(reader) == measures.spike_trains(reader) == []
