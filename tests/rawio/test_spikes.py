"""Spikes: in the file's ms, in exactly one segment, and within the limits asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.rawio import spikes
from tests.handmade import T0, Handmade


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-50, 400, allow_nan=False), max_size=30),
    st.one_of(st.none(), st.floats(-0.1, 0.5)),
    st.one_of(st.none(), st.floats(-0.1, 0.5)),
)
def test_limits_agree_with_a_mask(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[float], t_start: float | None, t_stop: float | None
) -> None:
    """Limits alone or together, ends included, as a comparison of every rescaled time gives them."""
    handmade = Handmade(tmp_path_factory.mktemp("x") / "s")
    times = np.sort(T0 + np.array(offsets, dtype=np.float64))
    handmade.unit(times=times)
    handmade.lfp()
    with MockSessionRawIO(handmade.folder) as reader:
        seconds = reader.rescale_spike_timestamp(times)
        if offsets and t_start is not None:
            t_start = float(seconds[np.abs(seconds - t_start).argmin()])  # exactly on a spike
        if t_start is not None and t_stop is not None and t_start > t_stop:
            with pytest.raises(BoundsError, match="Swap them"):
                reader.get_spike_timestamps(t_start=t_start, t_stop=t_stop)
            t_start, t_stop = t_stop, t_start
        inside = np.ones(len(times), bool)
        inside &= seconds >= t_start if t_start is not None else True
        inside &= seconds <= t_stop if t_stop is not None else True
        found = reader.get_spike_timestamps(t_start=t_start, t_stop=t_stop)
        np.testing.assert_array_equal(found, times[inside])
        waveforms = reader.get_spike_raw_waveforms(t_start=t_start, t_stop=t_stop)
        assert waveforms.shape == (inside.sum(), 1, 64)
        np.testing.assert_array_equal(waveforms[:, 0, 0], np.flatnonzero(inside) * 64)


def test_every_spike_is_in_one_segment(handmade: Handmade) -> None:
    """Spikes before, in the gap and after belong to a segment, and its bounds cover them, but not events there."""
    handmade.lfp(samples=np.zeros(200, np.int16), ts=T0 + np.r_[0:100, 300:400])
    times = T0 + np.array([-20.0, 0.0, 99.0, 150.0, 299.99, 300.0, 399.0, 450.5])
    handmade.unit(times=times)
    handmade.events([[T0 - 30.0, 1], [T0 + 299.0, 2], [T0 + 500.0, 4]])
    with MockSessionRawIO(handmade.folder) as reader:
        found = [reader.get_spike_timestamps(seg_index=k) for k in (0, 1)]
        assert [len(f) for f in found] == [5, 3]
        np.testing.assert_array_equal(np.concatenate(found), times)
        events = [reader.get_event_timestamps(seg_index=k)[2].tolist() for k in (0, 1)]
        assert events == [["1", "2"], ["4"]]
        bounds = [(reader.segment_t_start(0, k), reader.segment_t_stop(0, k)) for k in (0, 1)]
        assert bounds == [(-0.02, pytest.approx(0.29999, abs=1e-6)), (0.3, 0.4505)]
        for k, (start, stop) in enumerate(bounds):
            seconds = reader.rescale_spike_timestamp(found[k])
            assert ((seconds >= start) & (seconds <= stop)).all()
            assert reader.spike_count(0, k, 0) == len(found[k])


def test_raw_times_are_the_files_and_seconds_are_exact(epiphyte: Path) -> None:
    """Raw stamps are views of the file's ms; seconds are made in float64, whatever dtype is asked."""
    with MockSessionRawIO(epiphyte) as reader:
        raw = reader.get_spike_timestamps()
        path = epiphyte / "spiking_data" / "CSC3_SU1.npy"
        stored = np.load(path, allow_pickle=True).item()["spike_times"]
        assert raw.dtype == np.float64
        np.testing.assert_array_equal(raw, stored)
        root = raw
        while isinstance(root.base, np.ndarray):
            root = root.base
        assert not root.flags.owndata
        exact = (stored - reader.time_origin_ms) / 1000
        np.testing.assert_array_equal(reader.rescale_spike_timestamp(raw), exact)
        np.testing.assert_array_equal(reader.rescale_spike_timestamp(raw, "float32"), exact.astype(np.float32))


def test_empty_and_single_spike_units(handmade: Handmade) -> None:
    """A unit of no spikes and a unit of one are units all the same."""
    handmade.lfp()
    handmade.unit("CSC1_SU1", times=np.empty(0), amps=np.empty((0, 64), np.int16))
    handmade.unit("CSC1_SU2", times=np.empty(0), amps=np.empty(0))
    handmade.unit("CSC1_SU3", times=np.array([T0 + 1.5]))
    with MockSessionRawIO(handmade.folder, strict=True) as reader:
        assert [reader.spike_count(unit_index=k) for k in range(3)] == [0, 0, 1]
        assert reader.get_spike_timestamps(0, 0, 0, t_start=0.0).shape == (0,)
        assert reader.get_spike_raw_waveforms(0, 0, 0).shape == (0, 1, 64)
        assert reader.get_spike_raw_waveforms(0, 0, 1).shape == (0, 1, 0)
        assert reader.get_spike_raw_waveforms(0, 0, 2).shape == (1, 1, 64)


def test_a_session_of_units_without_spikes(handmade: Handmade) -> None:
    """Where nothing says when, a segment begins with the session and is as short as can be."""
    handmade.info()
    handmade.unit(times=np.empty(0), amps=np.empty((0, 64), np.int16))
    with MockSessionRawIO(handmade.folder, strict=True) as reader:
        assert (reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 0.001)


def test_unit_without_waveforms(handmade: Handmade) -> None:
    """A file of spike times alone is a unit without waveforms, as Neo says that."""
    path = handmade.unit()
    np.save(path, {"spike_times": T0 + np.array([1.0, 2.0])}, allow_pickle=True)
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.get_spike_raw_waveforms() is None
        assert reader.header["spike_channels"]["wf_sampling_rate"][0] == 0


def test_stamps_out_of_order_in_the_middle(handmade: Handmade) -> None:
    """What only a full pass shows is an error at first use, or at once with strict=True."""
    handmade.unit(times=T0 + np.array([1.0, 5.0, 3.0, 9.0]))
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.spike_count() == 4
        for _ in range(2):
            with pytest.raises(MockSessionError, match=r"CSC1_SU1.*at index 2"):
                reader.get_spike_timestamps()
    with pytest.raises(MockSessionError, match="at index 2"):
        MockSessionRawIO(handmade.folder, strict=True).parse_header()


def test_microseconds(handmade: Handmade) -> None:
    """Spike times in µs are served in ms, aloud, next to an LFP in ms."""
    handmade.lfp()
    handmade.unit(times=(T0 + np.array([10.0, 20.0, 30.0])) * 1000)
    with pytest.warns(UserWarning, match=r"CSC1_SU1.*taken as µs"):
        reader = MockSessionRawIO(handmade.folder)
        reader.parse_header()
    np.testing.assert_array_equal(reader.get_spike_timestamps(), T0 + np.array([10.0, 20.0, 30.0]))


@pytest.mark.parametrize("index", [-1, 1])
def test_units_that_are_not_there(index: int, handmade: Handmade) -> None:
    """An index outside the header is an error that says what there is."""
    handmade.unit()
    with MockSessionRawIO(handmade.folder) as reader:
        for method in (reader.spike_count, reader.get_spike_timestamps, reader.get_spike_raw_waveforms):
            with pytest.raises(MockSessionError, match="spike_channel_index in 0 to 0"):
                method(0, 0, index)


def test_more_units_than_open_maps(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last few units' files stay open; all are read right all the same."""
    monkeypatch.setattr(spikes, "OPEN_MAPS", 3)
    for k in range(10):
        handmade.unit(f"CSC{k + 1}_SU1", times=T0 + np.array([float(k)]))
    with MockSessionRawIO(handmade.folder) as reader:
        for _ in range(2):
            assert [reader.get_spike_timestamps(0, 0, k)[0] - T0 for k in range(10)] == list(range(10))
        units = reader._session.units.units
        assert sum(unit.file.times.file._map is not None for unit in units) <= 3


@pytest.mark.parametrize("dtype", [">i2", "<i2", ">f4", ">f8", "<i4"])
def test_waveforms_of_any_byte_order(dtype: str, handmade: Handmade) -> None:
    """Waveforms come out as native int16, whatever the file's bytes, and have the file's values once scaled."""
    amps = (np.arange(12).reshape(3, 4) * 100 - 500).astype(dtype)
    handmade.unit(amps=amps, gain=0.5)
    with MockSessionRawIO(handmade.folder) as reader:
        raw = reader.get_spike_raw_waveforms()
        found = reader.rescale_waveforms_to_float(raw, "float64", 0)
    assert raw.dtype == np.dtype(np.int16) and raw.dtype.isnative
    assert raw.shape == (3, 1, 4)
    np.testing.assert_allclose(found[:, 0], amps * 0.5, atol=0.5 * 600 / 32767 if dtype[1:] != "i2" else 0)
