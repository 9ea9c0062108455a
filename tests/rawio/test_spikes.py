"""Spikes: in the file's ms, in exactly one segment, and within the limits asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.formats.said import Knots
from mockrawio.ground.places import file_at
from mockrawio.rawio import spikes
from mockrawio.session.files import Scale, UnitFile, open_unit
from mockrawio.session.layout import UnitName
from mockrawio.session.made import MadeUnitFile
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


@pytest.mark.parametrize(
    ("t_start", "t_stop", "numbers"),
    [
        (0.3004, None, [2]),
        (0.3005, None, [2]),
        (0.3006, None, []),
        (None, 0.3004, [0, 1]),
        (None, 0.3005, [0, 1, 2]),
        (0.01, 0.3006, [0, 1, 2]),
        (0.0101, 0.0202, []),
        (-1.0, 0.02025, [0, 1]),
    ],
)
def test_limits_to_the_tenth_of_a_ms(
    t_start: float | None, t_stop: float | None, numbers: list[int], handmade: Handmade
) -> None:
    """Of spikes at 10, 20.25 and 300.5 ms those at and between the limits are found, and their waveforms."""
    handmade.lfp()
    handmade.unit()
    with MockSessionRawIO(handmade.folder) as reader:
        found = reader.get_spike_timestamps(t_start=t_start, t_stop=t_stop)
        assert found.tolist() == [(T0 + 10.0, T0 + 20.25, T0 + 300.5)[k] for k in numbers]
        waveforms = reader.get_spike_raw_waveforms(t_start=t_start, t_stop=t_stop)
        assert waveforms[:, 0, 0].tolist() == [64 * k for k in numbers]


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
        assert (reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 0.008)  # its ends are enough
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


SPREAD = np.array([0.0, 1.5, 2.0, 50.0, 51.0, 90.0, 91.0])


@pytest.mark.filterwarnings("ignore:.*taken as µs")
@pytest.mark.parametrize("divisor", [1, 1000])
def test_segments_by_what_is_said_of_spike_times(divisor: int, handmade: Handmade) -> None:
    """Where both sides of each boundary are said spikes are shared out without a look at them, as with one."""
    times = (T0 + SPREAD) * divisor
    file = open_unit(str(handmade.unit(times=times)))
    assert isinstance(file, UnitFile)
    steps = [(k, times[k - 1], times[k]) for k in (3, 5)]
    looked_at, said, half_said = (
        spikes.Unit(UnitName(1, "SU", 1), file._replace(knots=knots), None)
        for knots in (None, Knots(7, (times[0], times[-1]), steps), Knots(7, (times[0], times[-1]), steps[:1]))
    )
    said.times = said._times = said._found_edges = None  # type: ignore[assignment, method-assign]  # are not called
    for unit in (looked_at, said, half_said):
        unit.split([T0 - 5.0, T0 + 20.0, T0 + 60.0, T0 + 70.0, T0 + 200.0])
        assert unit.counts == (0, 3, 2, 0, 2, 0)
        spans = [span and (span[0] - T0, span[1] - T0) for span in unit.spans()]
        assert spans == [None, (0.0, 2.0), (50.0, 51.0), None, (90.0, 91.0), None]
        assert [unit.segment(k) for k in (1, 3)] == [slice(0, 3), slice(5, 5)]
        assert (unit.n_segments, unit.whole) == (6, slice(0, 7))


def test_a_unit_that_is_made_is_not_counted_at_once(tmp_path: Path) -> None:
    """To open it and to share its spikes out asks nothing of what makes them, which here is not there."""
    file = MadeUnitFile(file_at(tmp_path / "CSC1_SU1.npy"), Scale(), 32_000.0, 20)
    unit = spikes.unit_of(UnitName(1, "SU", 1), file, None)
    assert (unit.n_segments, unit.segment(0)) == (1, slice(-np.inf, np.inf))
    unit.split([3.5, 7.0])
    assert [unit.segment(k) for k in range(unit.n_segments)] == [
        slice(-np.inf, 3.5),
        slice(3.5, 7.0),
        slice(7.0, np.inf),
    ]
    unit.check()
    unit.release()


@pytest.mark.parametrize("origin", [float(T0), T0 + 0.1, 0.0])
def test_limits_of_a_unit_that_is_made_are_exact(origin: float, tmp_path: Path) -> None:
    """A stamp's own time in seconds is within limits made of it, and the next time is not."""
    unit = spikes.unit_of(UnitName(1, "SU", 1), MadeUnitFile(file_at(tmp_path / "x.npy"), Scale(), 1.0, 0), None)
    for stamp in (origin + 1000 * np.linspace(0.0001, 9.7, 97)).tolist():
        time = spikes.seconds(stamp, origin)
        window = unit.window(0, time, time, origin)
        assert window.start <= stamp < window.stop
        assert spikes.seconds(np.nextafter(window.start, -np.inf), origin) < time < spikes.seconds(window.stop, origin)


class Opened:
    """A unit that notes how often its maps were released."""

    released = 0

    def release(self) -> None:
        self.released += 1


def test_how_many_units_stay_open() -> None:
    """Those of the last 64 used stay open, and one that is used again is the last; all are released at the end."""
    opened = [Opened() for _ in range(68)]
    units = spikes.OpenUnits(opened)  # type: ignore[arg-type]
    for k in (*range(64), 0, 64, 64, 65):
        assert units[k] is opened[k]
    assert [k for k, unit in enumerate(opened) if unit.released] == [1, 2]
    units.release()
    assert [unit.released for unit in opened] == [1, 2, 2, *[1] * 65]


def test_waveforms_are_views_that_need_no_times(handmade: Handmade) -> None:
    """Native int16 is not copied; stamps that are out of order do not matter until they are asked for."""
    handmade.unit(times=T0 + np.array([1.0, 5.0, 3.0, 9.0]))
    with MockSessionRawIO(handmade.folder) as reader:
        found = reader.get_spike_raw_waveforms()
        assert found[:, 0, 0].tolist() == [0, 64, 128, 192]
        assert np.shares_memory(found, reader.get_spike_raw_waveforms()) and not found.flags.writeable


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
