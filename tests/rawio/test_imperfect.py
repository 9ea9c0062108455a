"""Recordings as they come, with gaps, clocks that are off, odd files: all that can be is read, aloud."""

from __future__ import annotations

import json
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, MockSessionIO, MockSessionRawIO, NotASessionError
from mockrawio.cli import main
from mockrawio.describe import describe_session
from mockrawio.device import zoom
from mockrawio.report import measures
from mockrawio.testing import assert_rawio_compliant
from mockrawio.verify import verify_session
from tests.handmade import T0, Handmade
from tests.length import rounds


def opened(handmade: Handmade, **options: Any) -> MockSessionRawIO:
    reader = MockSessionRawIO(handmade.folder, **options)
    reader.parse_header()
    return reader


def told(handmade: Handmade, **options: Any) -> tuple[MockSessionRawIO, list[str]]:
    """Open a session; return the reader, and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reader = opened(handmade, **options)
    return reader, [str(warning.message) for warning in caught]


def refusal(handmade: Handmade, **options: Any) -> str:
    with pytest.raises(MockSessionError) as caught:
        told(handmade, **options)
    return str(caught.value)


def pieces(reader: MockSessionRawIO, stream: int) -> list[list[int]]:
    """Return the samples of a stream's first channel, segment by segment."""
    segments = range(reader.segment_count(0))
    return [reader.get_analogsignal_chunk(0, k, stream_index=stream)[:, 0].tolist() for k in segments]


def starts(reader: MockSessionRawIO, stream: int) -> list[float]:
    return [round(reader.get_signal_t_start(0, k, stream) * 1000, 3) for k in range(reader.segment_count(0))]


# -- gaps ------------------------------------------------------------------------------------


def test_one_lost_sample_on_one_channel(handmade: Handmade) -> None:
    """The channel that lost sample 40 is a stream of its own, all are cut where it goes on, spikes and events too."""
    for channel in (1, 2, 3):
        ts = np.delete(np.arange(100), 40) if channel == 1 else np.arange(100)
        handmade.lfp(channel, ts.astype(np.int16), T0 + ts)
    handmade.unit(times=T0 + np.array([0.0, 38.0, 39.5, 40.999, 42.0, 99.0]))
    handmade.events([[T0 + 40.5, 1], [T0 + 41.0, 2]])
    reader, said = told(handmade)
    ids = reader.header["signal_channels"][["id", "stream_id"]].tolist()
    assert ids == [("CSC2", "lfp"), ("CSC3", "lfp"), ("CSC1", "lfp_2")]
    assert pieces(reader, 0) == [list(range(41)), list(range(41, 100))]
    assert pieces(reader, 1) == [list(range(40)), list(range(41, 100))]
    assert starts(reader, 0) == starts(reader, 1) == [0.0, 41.0]
    assert [reader.spike_count(0, k, 0) for k in (0, 1)] == [4, 2]
    assert reader.get_spike_timestamps(0, 1, 0).tolist() == [T0 + 42, T0 + 99]
    assert [reader.event_count(0, k, 0) for k in (0, 1)] == [1, 1]
    assert any("form 2 streams: CSC2, CSC3; CSC1" in text for text in said)
    assert any("CSC1_lfp.npy" in text and "1 in lfp, 2 in lfp_2; all are cut" in text for text in said)
    assert_rawio_compliant(reader)


def test_a_gap_in_a_further_stream_cuts_the_lfp(handmade: Handmade) -> None:
    """Broadband of 1 kHz with a gap from 50 to 100 ms: the LFP is cut before its sample at 100 ms."""
    handmade.lfp(samples=np.arange(200, dtype=np.int16))
    segments = [{"t_start_ms": T0, "n_samples": 1600}, {"t_start_ms": T0 + 100, "n_samples": 1600}]
    handmade.stream(samples=np.arange(3200, dtype=np.int16)[:, None], segments=segments)
    reader, _ = told(handmade)
    assert pieces(reader, 0) == [list(range(100)), list(range(100, 200))]
    assert pieces(reader, 1) == [list(range(1600)), list(range(1600, 3200))]
    assert starts(reader, 0) == starts(reader, 1) == [0.0, 100.0]


def test_gaps_that_meet_are_cut_once(handmade: Handmade) -> None:
    """Two streams that stop for one pause, and go on 0.3 ms apart, make two segments, not three."""
    handmade.lfp(ts=T0 + np.r_[0:100, 300:400], samples=np.arange(200, dtype=np.int16))
    segments = [{"t_start_ms": T0, "n_samples": 3200}, {"t_start_ms": T0 + 299.7, "n_samples": 3200}]
    handmade.stream(samples=np.arange(6400, dtype=np.int16)[:, None], segments=segments)
    reader, said = told(handmade)
    assert (reader.segment_count(0), said) == (2, [])
    assert starts(reader, 0) == [0.0, 300.0]
    assert starts(reader, 1) == [0.0, 299.7]


def test_gaps_that_do_not_meet_are_cut_twice(handmade: Handmade) -> None:
    """Gaps of 20 to 40 and of 60 to 70 ms, one in each stream, are three segments for both."""
    handmade.lfp(1, np.arange(80, dtype=np.int16), T0 + np.r_[0:20, 40:100])
    handmade.lfp(2, np.arange(90, dtype=np.int16), T0 + np.r_[0:60, 70:100])
    reader, said = told(handmade)
    assert pieces(reader, 0) == [list(range(20)), list(range(20, 50)), list(range(50, 80))]
    assert pieces(reader, 1) == [list(range(40)), list(range(40, 60)), list(range(60, 90))]
    assert starts(reader, 0) == starts(reader, 1) == [0.0, 40.0, 70.0]
    (last,) = (text for text in said if "gaps at the same times" in text)
    assert "CSC2_lfp.npy" in last and "into 3 segments" in last
    assert_rawio_compliant(reader)


def test_a_segment_in_which_a_stream_has_nothing(handmade: Handmade) -> None:
    """A stream that begins after the pause has no samples in the first segment, and no say in its bounds."""
    handmade.lfp(ts=T0 + np.r_[0:100, 300:400], samples=np.arange(200, dtype=np.int16))
    handmade.stream(segments=[{"t_start_ms": T0 + 299.5, "n_samples": 1600}])
    reader, _ = told(handmade)
    assert [reader.get_signal_size(0, k, 1) for k in (0, 1)] == [0, 1600]
    assert starts(reader, 1) == [0.0, 299.5]
    assert [reader.segment_t_start(0, k) for k in (0, 1)] == [0.0, 0.2995]
    assert reader.segment_t_stop(0, 0) == 0.1
    assert_rawio_compliant(reader)
    if find_spec("matplotlib"):
        from mockrawio.report.plots import plot_overview

        plot_overview(reader, stream_index=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        block = MockSessionIO(handmade.folder).read_block()
    assert [[len(signal) for signal in segment.analogsignals] for segment in block.segments] == [[100, 0], [100, 1600]]


def test_where_a_segment_of_nothing_begins(handmade: Handmade) -> None:
    """Of a stream without samples in a segment that is the first sample of all, or where the others are cut."""
    handmade.lfp(ts=T0 + np.r_[0:100, 300:400, 700:800], samples=np.zeros(300, np.int16))
    segments = [{"t_start_ms": T0 + 250, "n_samples": 320}]
    handmade.stream(samples=np.zeros((320, 1), np.int16), segments=segments, sampling_rate=1000.0)
    reader, _ = told(handmade)
    assert starts(reader, 0) == [0.0, 300.0, 700.0]
    assert starts(reader, 1) == [0.0, 250.0, 700.0]
    assert [reader.get_signal_size(0, k, 1) for k in range(3)] == [0, 320, 0]


def test_streams_of_different_times_are_read_aloud(handmade: Handmade) -> None:
    """Streams that were not recorded at the same time keep their times, and the smaller one is named."""
    for channel in (1, 2):
        handmade.lfp(channel)
    handmade.stream(samples=np.zeros((1600, 1), np.int16), segments=[{"t_start_ms": T0 + 10_000, "n_samples": 1600}])
    reader, said = told(handmade)
    assert starts(reader, 1) == [10_000.0]
    (text,) = said
    assert "broadband.npy: expected streams recorded at the same time" in text and "cut" not in text
    assert "broadband.npy: expected streams recorded at the same time" in refusal(handmade, strict=True)
    assert opened(handmade, strict=True, exclude="raw_data/broad*").segment_count(0) == 1


@pytest.mark.parametrize(
    ("t_start", "said"), [(500.0, False), (501.0, False), (501.0005, True), (-50.0, False), (-51.1, True)]
)
def test_streams_that_abut_are_of_one_time(t_start: float, said: bool, handmade: Handmade) -> None:
    """One that begins where the other ends, or a sample of the slower one later, is of its time; later is not."""
    handmade.lfp(1)
    handmade.lfp(2)
    handmade.stream(samples=np.zeros((1600, 1), np.int16), segments=[{"t_start_ms": T0 + t_start, "n_samples": 1600}])
    reader, warned = told(handmade)
    assert any("recorded at the same time" in text for text in warned) == said
    assert reader.segment_count(0) == 1


@st.composite
def kept(draw: st.DrawFn) -> np.ndarray:
    """Return which of 120 ms a channel has: some, with gaps anywhere."""
    keep = np.ones(120, bool)
    for start, length in draw(st.lists(st.tuples(st.integers(0, 119), st.integers(1, 40)), max_size=4)):
        keep[start : start + length] = False
    keep[draw(st.integers(0, 119))] = True
    return np.flatnonzero(keep)


@pytest.mark.slow
@pytest.mark.at_length
@settings(max_examples=rounds(25, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    channels=st.lists(kept(), min_size=1, max_size=4),
    fast=kept(),
    spikes=st.lists(st.integers(-50, 200), max_size=20, unique=True),
)
def test_any_gaps_lose_nothing(channels: list[np.ndarray], fast: np.ndarray, spikes: list[int]) -> None:
    """Any gaps of any channels: every sample and spike is in one segment, in order, at its time."""
    with tempfile.TemporaryDirectory() as root:
        handmade = Handmade(Path(root) / "session_1")
        stamps = {}
        for number, own in enumerate(channels, 1):
            handmade.lfp(number, own.astype(np.int16), T0 + own)
            stamps[f"CSC{number}"] = own.astype(float)
        edges = np.flatnonzero(np.diff(fast) > 1) + 1
        runs = np.split(fast, edges)
        fine = np.concatenate([run[0] + np.arange(len(run) * 4) / 4 for run in runs])  # at 4 kHz
        segments = [{"t_start_ms": T0 + int(run[0]), "n_samples": 4 * len(run)} for run in runs]
        handmade.stream("fast", (fine * 4).astype(np.int16)[:, None], segments, sampling_rate=4000.0,
                        channels={"ids": ["x"], "names": ["x"]})  # fmt: skip
        stamps["x"] = fine
        times = 1.5 * np.sort(np.array(spikes, float))  # the rules want them more than 1 ms apart
        handmade.unit(times=T0 + times, amps=np.zeros((len(times), 4), np.int16))
        reader, _ = told(handmade)
        session = reader._open
        origin = reader.time_origin_ms - T0
        cuts = np.array(session.boundaries_ms) - T0
        for stream, row in enumerate(reader.header["signal_streams"]["id"]):
            rate = reader.get_signal_sampling_rate(stream)
            ids = reader.header["signal_channels"]["id"][reader.header["signal_channels"]["stream_id"] == row]
            for column, name in enumerate(ids):
                own, found, when, where = stamps[name], [], [], []
                for k in range(reader.segment_count(0)):
                    chunk = reader.get_analogsignal_chunk(0, k, stream_index=stream)[:, column]
                    found.append(chunk)
                    when.append(
                        origin + reader.get_signal_t_start(0, k, stream) * 1000 + np.arange(len(chunk)) * 1000 / rate
                    )
                    where.append(np.full(len(chunk), k))
                np.testing.assert_array_equal(np.concatenate(found), own * (4 if name == "x" else 1))
                np.testing.assert_allclose(np.concatenate(when), own, atol=1e-3)
                np.testing.assert_array_equal(np.concatenate(where), np.searchsorted(cuts, own, side="right"))
        trains = [reader.get_spike_timestamps(0, k, 0) for k in range(reader.segment_count(0))]
        np.testing.assert_array_equal(np.concatenate(trains), T0 + times)
        assert sum(reader.spike_count(0, k, 0) for k in range(reader.segment_count(0))) == len(times)
        assert_rawio_compliant(reader)


def test_the_header_costs_no_more_with_a_gap_elsewhere(handmade: Handmade) -> None:
    """Cutting a channel at another one's gap reads none of its stamps."""
    handmade.lfp(1, np.zeros(500, np.int16))
    ts = T0 + np.arange(500)
    ts[200:300] = 0  # were they looked at, an error
    handmade.lfp(1, np.zeros(500, np.int16), ts)
    handmade.lfp(2, np.zeros(490, np.int16), T0 + np.delete(np.arange(500), np.s_[100:110]))
    reader, _ = told(handmade)
    assert [reader.get_signal_size(0, k, 0) for k in (0, 1)] == [110, 390]


# -- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("hz", [999.9, 1000.1, 999.0, 1001.0])
@pytest.mark.parametrize("round_off", [np.floor, np.round])
@pytest.mark.parametrize("seconds", [20, 200])
def test_a_clock_that_is_off(hz: float, round_off: Any, seconds: int, handmade: Handmade) -> None:
    """Whole-ms stamps of a clock that is slow or fast are one segment, at the measured rate, with a warning."""
    ts = T0 + round_off(np.arange(seconds * 1000) * 1000 / hz).astype(np.int64)
    handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts)
    if hz == 999.9 and seconds == 20 and round_off is np.floor:
        assert np.flatnonzero(np.diff(ts) == 2).size == 2  # these two are all that there is to see
    reader, said = told(handmade)
    assert reader.segment_count(0) == 1
    assert reader.get_signal_sampling_rate() == pytest.approx(hz, abs=1000 / len(ts) + 1e-9)
    assert len(said) == 1 and "CSC1_lfp.npy: the clock keeps " in said[0] and "not 1000 Hz" in said[0]
    last = reader.get_signal_t_start(0, 0) + (len(ts) - 1) / reader.get_signal_sampling_rate()
    assert last * 1000 == pytest.approx(ts[-1] - T0, abs=1.0)


def test_a_clock_in_us_that_is_off(handmade: Handmade) -> None:
    """Stamps in µs are finer: steps of 999 and 1000 µs are neither gaps nor too close."""
    ts = np.round(T0 * 1000 + np.arange(5000) * 999.9).astype(np.int64)
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=ts)
    reader, _ = told(handmade)
    assert reader.segment_count(0) == 1
    assert told(handmade, strict=True)[0].segment_count(0) == 1


def test_a_fast_clock_with_a_pause(handmade: Handmade) -> None:
    """A pause is still a gap: two segments at the measured rate, the second at its own stamp."""
    ts = T0 + np.floor(np.arange(60_000) * 1000 / 1000.1).astype(np.int64)
    ts[40_000:] += 5000
    handmade.lfp(samples=np.zeros(60_000, np.int16), ts=ts)
    reader, said = told(handmade)
    assert [reader.get_signal_size(0, k) for k in (0, 1)] == [40_000, 20_000]
    assert reader.get_signal_t_start(0, 1) == (ts[40_000] - T0) / 1000
    assert reader.get_signal_sampling_rate() == pytest.approx(1000.1, abs=0.05)
    assert "the clock keeps" in said[0]


@pytest.mark.parametrize("hz", [999.9, 1000.1])
@pytest.mark.parametrize("seconds", [35, 55, 145])
def test_a_few_ticks_of_a_clock_that_is_off(hz: float, seconds: int, handmade: Handmade) -> None:
    """A few stamps that are left out or come twice, evenly and to both ends, are a clock's."""
    ts = T0 + np.floor(np.arange(seconds * 1000) * 1000 / hz).astype(np.int64)
    handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts)
    assert np.count_nonzero(np.diff(ts) != 1) == seconds // 10 + (hz > 1000)  # a fast one's first comes twice at once
    reader, said = told(handmade)
    assert (reader.segment_count(0), len(said)) == (1, 1)
    assert reader.get_signal_sampling_rate() == pytest.approx(hz, abs=2000 / len(ts))
    if hz > 1000:
        assert "ascending time stamps; found a step of 0" in refusal(handmade, strict=True)


@pytest.mark.parametrize(
    "lost", [[2000, 2100, 2200, 2300], [50, 100, 150, 200], [4800, 4850, 4900], [1000, 2000, 2500, 4000]]
)
def test_lost_samples_at_even_distances_are_no_clock(lost: list[int], handmade: Handmade) -> None:
    """A clock would have gone on leaving out samples before and after them, as often as between them."""
    ts = T0 + np.delete(np.arange(5000), lost)
    handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts)
    reader, said = told(handmade)
    assert reader.segment_count(0) == len(lost) + 1
    assert f"{len(lost)} of {len(lost)} gaps are of a single sample" in said[0]


@pytest.mark.parametrize("lost", [[500], [300, 700], [100, 150, 900]])
def test_lost_samples_are_no_slow_clock(lost: list[int], handmade: Handmade) -> None:
    """One, two or three samples that are missing anywhere begin a segment each."""
    ts = T0 + np.delete(np.arange(1000), lost)
    handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts)
    assert told(handmade)[0].segment_count(0) == len(lost) + 1


def test_a_strict_reader_refuses_stamps_that_come_twice(handmade: Handmade) -> None:
    """With strict=True a fast clock is the error that it was, and its remedies work: the rate, or a tolerance."""
    ts = T0 + np.floor(np.arange(20_000) * 1000 / 1000.1).astype(np.int64)
    handmade.lfp(samples=np.zeros(20_000, np.int16), ts=ts)
    message = refusal(handmade, strict=True)
    assert "CSC1_lfp.npy: expected ascending time stamps; found a step of 0 at index 1." in message
    assert "'sampling_rate'" in message and "gap_tolerance_ms=1." in message
    assert told(handmade, strict=True, gap_tolerance_ms=1)[0].segment_count(0) == 1
    handmade.lfp(samples=np.zeros(20_000, np.int16), ts=ts, sampling_rate=1000.1)
    assert told(handmade, strict=True)[0].segment_count(0) == 1


def test_stamps_that_come_twice_anyhow(handmade: Handmade) -> None:
    """Stamps that come twice as no clock has them are an error whose remedies both work."""
    index = np.arange(5000)
    ts = T0 + index - np.isin(index, np.r_[100:2600:250]).cumsum()
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=ts)
    message = refusal(handmade)
    assert "found a step of 0 at index 100" in message and "gap_tolerance_ms=1" in message
    assert told(handmade, gap_tolerance_ms=1)[0].segment_count(0) == 1
    assert told(handmade, gap_tolerance_ms=1, strict=True)[0].segment_count(0) == 1
    assert verify_session(handmade.folder, gap_tolerance_ms=1).ok
    handmade.lfp(samples=np.zeros(5000, np.int16), ts=ts, sampling_rate=1002.0)
    assert told(handmade)[0].segment_count(0) == 1


@pytest.mark.parametrize("rate", [1000.0, 500.0])
@pytest.mark.parametrize(
    ("pause", "n", "warned"), [(1.25, 3, True), (1.5, 3, False), (1.25, 2, False), (1.5, 5, False), (1.25, 5, True)]
)
def test_how_many_pauses_of_how_long_are_lost_samples(
    pause: float, n: int, warned: bool, rate: float, handmade: Handmade
) -> None:
    """Three pauses of less than one sample and a half may be lost samples, and how many there are is told."""
    at = [100, 150, 300, 320, 350][:n]
    samples = np.arange(400.0) + pause * np.searchsorted(at, np.arange(400), side="right")
    handmade.lfp(samples=np.zeros(400, np.int16), ts=T0 + samples * 1000 / rate, sampling_rate=rate)
    reader, said = told(handmade)
    assert reader.segment_count(0) == n + 1
    assert [f"{n} of {n} gaps are of a single sample" in text for text in said] == [True] * warned


@pytest.mark.parametrize(
    ("rate", "step", "n", "off"),
    [
        (1000.0, 1.125, 9, None),
        (1000.0, 1.125, 10, "1.125"),
        (1000.0, 0.875, 9, None),
        (1000.0, 0.875, 10, "-1.125"),
        (500.0, 2.25, 9, None),
        (500.0, 2.25, 10, "2.25"),
        (2000.0, 0.5625, 17, None),
        (2000.0, 0.5625, 18, "1.062"),
    ],
)
def test_how_far_off_the_last_stamp_is_told(
    rate: float, step: float, n: int, off: str | None, handmade: Handmade
) -> None:
    """Stamps that keep no rate are counted from their stretch's first; the last may be a sample off, or 1 ms."""
    ts = T0 + np.r_[np.arange(20) * 1000 / rate, 200 + np.arange(n) * step]
    handmade.lfp(samples=np.zeros(len(ts), np.int16), ts=ts, sampling_rate=rate)
    reader, said = told(handmade)
    assert reader.segment_count(0) == 2
    assert [text.partition(": ")[2].partition(":")[0] for text in said] == (
        [] if off is None else [f"the last stamp is {off} ms off, and times are counted from the first"]
    )


# -- tolerance -----------------------------------------------------------------------------------


def test_gaps_are_bridged_up_to_the_tolerance(handmade: Handmade) -> None:
    """Of gaps of 1, 10 and 11 ms the first two are bridged, in LFP and stream; how many, and how much, is said."""
    own = np.r_[0:20, 21:40, 50:70, 81:100]
    handmade.lfp(samples=own.astype(np.int16), ts=T0 + own)
    lengths = [(0, 20), (21, 19), (50, 20), (81, 19)]
    segments = [{"t_start_ms": T0 + start, "n_samples": size} for start, size in lengths]
    handmade.stream("slow", own.astype(np.int16)[:, None], segments, sampling_rate=1000.0)
    reader, said = told(handmade, gap_tolerance_ms=10)
    for stream in (0, 1):
        assert pieces(reader, stream) == [[*range(20), *range(21, 40), *range(50, 70)], list(range(81, 100))]
        assert starts(reader, stream) == [0.0, 81.0]
    assert sum("2 gaps, 11 ms in all, bridged" in text for text in said) == 2
    assert told(handmade, gap_tolerance_ms=9.9)[0].segment_count(0) == 3
    assert told(handmade, gap_tolerance_ms=11)[0].segment_count(0) == 1
    assert told(handmade, gap_tolerance_ms=0)[0].segment_count(0) == told(handmade)[0].segment_count(0) == 4
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(MockSessionIO(handmade.folder, gap_tolerance_ms=10).read_block().segments) == 2
        assert len(describe_session(handmade.folder, gap_tolerance_ms=10)["segments"]) == 2


def test_gaps_are_bridged_where_they_are_short(handmade: Handmade) -> None:
    """Of gaps of 1, 20, 2, 1, 20 and 2 ms the short ones are bridged, some in a row, and the long ones stay."""
    lost = [[100], range(200, 220), [300, 301], [400], range(500, 520), [600, 601]]
    ts = np.delete(np.arange(700), np.concatenate(lost))
    handmade.lfp(samples=ts.astype(np.int16), ts=T0 + ts)
    reader, said = told(handmade, gap_tolerance_ms=2)
    cuts = np.searchsorted(ts, [200, 500]).tolist()
    assert pieces(reader, 0) == [part.tolist() for part in np.split(ts, cuts)]
    assert starts(reader, 0) == [0.0, 220.0, 520.0]
    assert ["4 gaps, 6 ms in all, bridged" in text for text in said] == [True]


@pytest.mark.parametrize("value", [-1, float("inf"), float("nan"), "1"])
def test_tolerances_that_are_none(value: Any, handmade: Handmade) -> None:
    """A tolerance is a number of ms, 0 or more."""
    handmade.lfp()
    with pytest.raises(MockSessionError, match="gap_tolerance_ms: expected"):
        MockSessionRawIO(handmade.folder, gap_tolerance_ms=value)


# -- names -------------------------------------------------------------------------------------


def test_names_in_latin_1_and_blank_lines(handmade: Handmade) -> None:
    """A blank line is a channel without a name; bytes that are no UTF-8 are latin-1: aloud, and not if strict."""
    path = handmade.names()
    for channel in (1, 2, 3):
        handmade.lfp(channel)
    path.write_bytes("LÄ1.ncs\n\nRA1.ncs\n\n".encode("latin-1"))
    reader, said = told(handmade)
    assert reader.header["signal_channels"]["name"].tolist() == ["LÄ1", "CSC2", "RA1"]
    regions = reader.raw_annotations["blocks"][0]["segments"][0]["signals"][0]["__array_annotations__"]["regions"]
    assert list(regions) == ["LÄ", "", "RA"]
    assert [("latin-1" in text, "blank" in text) for text in said] == [(True, False), (False, True)]
    assert "UTF-8 text" in refusal(handmade, strict=True)
    path.write_text("LA1.ncs\n\nRA1.ncs\n")
    assert "line 2" in refusal(handmade, strict=True)


# -- gains --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_a_negative_gain_is_a_gain(encoding: str, handmade: Handmade) -> None:
    """Counts 1 to 100 at -0.5 are -0.5 to -50, on every way to physical units, their lowest below their highest."""
    pytest.importorskip("array_api_compat")
    counts = np.arange(1, 101).astype(encoding)
    handmade.lfp(samples=counts, gain=-0.5)
    handmade.unit(times=np.array([T0 + 5.0]), amps=counts[None, :64], gain=-0.25)
    handmade.stream(samples=np.tile(np.arange(1, 101, dtype=np.int16)[:, None], 3), gain=[-2.0, 2.0, -2.0])
    with MockSessionRawIO(handmade.folder, strict=True) as reader:
        raw = reader.get_analogsignal_chunk(stream_index=0)
        assert raw.dtype == np.int16
        scaled = reader.rescale_signal_raw_to_float(raw, "float64", 0)
        np.testing.assert_allclose(scaled[:, 0], -0.5 * np.arange(1, 101), atol=0.5 * 100 / 32767)
        waves = reader.rescale_waveforms_to_float(reader.get_spike_raw_waveforms(), "float64")
        np.testing.assert_allclose(waves[0, 0], -0.25 * np.arange(1, 65), atol=0.25 * 64 / 32767)
        view = zoom(reader, None, None, 1, stream_index=1, device="cpu")
        assert (view.low.tolist(), view.high.tolist()) == ([[-200, 2, -200]], [[-2, 200, -2]])
        found = measures.envelope(reader, 1, 0, n_bins=1)
        assert (found.low.tolist(), found.high.tolist()) == ([[-200, 2, -200]], [[-2, 200, -2]])
    signal = MockSessionIO(handmade.folder).read_block().segments[0].analogsignals[0]
    assert float(signal[1, 0].magnitude) == pytest.approx(-1.0, abs=0.002)
    assert verify_session(handmade.folder).ok


# -- files ---------------------------------------------------------------------------------------


def test_the_odd_file_is_named_not_a_healthy_one(handmade: Handmade) -> None:
    """Of ten channels CSC1 has a gap: a strict reader names it, and the remedy that it gives works."""
    for channel in range(1, 11):
        ts = np.r_[0:50, 60:100] if channel == 1 else np.arange(100)
        handmade.lfp(channel, np.zeros(len(ts), np.int16), T0 + ts)
    message = refusal(handmade, strict=True)
    assert "CSC1_lfp.npy: expected streams with the same segments; found 1 in lfp, 2 in lfp_2" in message
    assert "exclude='lfp_data/CSC1_lfp.npy'" in message
    reader = opened(handmade, strict=True, exclude="lfp_data/CSC1_lfp.npy")
    assert (reader.segment_count(0), reader.signal_channels_count(0)) == (1, 9)


@pytest.mark.parametrize(
    "name", ["session_info.npy", "lfp_data/CSC1_lfp.npy", "spiking_data/CSC1_SU1.npy", "raw_data/broadband.npy"]
)
def test_a_file_cut_short_is_named_and_can_be_left_out(name: str, handmade: Handmade) -> None:
    """A file that its disk or its writer cut short is an error, and its remedy opens the rest."""
    handmade.all()
    handmade.stream()
    path = handmade.folder / name
    path.write_bytes(path.read_bytes()[:-10])
    message = refusal(handmade)
    assert f"{name}: expected" in message
    assert message.endswith(f"Or leave it out with exclude={name!r}.")
    assert_rawio_compliant(opened(handmade, exclude=name))


@pytest.mark.parametrize("name", ["event_file/Events.npy", "daq_files/timedDAQ-log-2022-07-01_02-41-18.log"])
def test_events_cut_short_can_be_left_out(name: str, handmade: Handmade) -> None:
    """The same for what is read when it is first asked for."""
    path = handmade.all() / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(MockSessionError) as caught:
        assert_rawio_compliant(opened(handmade))
    assert str(caught.value).endswith(f"exclude={name!r}.")
    assert_rawio_compliant(opened(handmade, exclude=name))


@pytest.mark.parametrize(
    ("exclude", "channels", "streams"),
    [
        ("lfp_data/CSC1_*", ["CSC2", "CSC12"], ["broadband"]),
        (["lfp_data/CSC1*", "raw_data"], ["CSC2"], []),
        ("lfp_data/CSC?_lfp.npy", ["CSC12"], ["broadband"]),
        ("lfp_data/", [], ["broadband"]),
        ("raw_data/*", ["CSC1", "CSC2", "CSC12"], []),
        ((), ["CSC1", "CSC2", "CSC12"], ["broadband"]),
    ],
)
def test_patterns(exclude: Any, channels: list[str], streams: list[str], handmade: Handmade) -> None:
    """Patterns are relative to the folder, one or several; the name of a folder stands for all in it."""
    for channel in (1, 2, 12):
        handmade.lfp(channel)
    handmade.stream()
    header = opened(handmade, exclude=exclude).header
    lfp = header["signal_channels"][header["signal_channels"]["stream_id"] == "lfp"]
    assert lfp["id"].tolist() == channels
    assert [i for i in header["signal_streams"]["id"].tolist() if i != "lfp"] == streams


def test_patterns_that_are_none(handmade: Handmade) -> None:
    """What matches nothing is said; what is no text is an error; without anything left there is no session."""
    handmade.lfp()
    with pytest.warns(UserWarning, match=r"nothing in it matches exclude='lfp/CSC1\*'"):
        opened(handmade, exclude="lfp/CSC1*")
    for bad in (1, [1], None):
        with pytest.raises(MockSessionError, match="exclude: expected a pattern"):
            MockSessionRawIO(handmade.folder, exclude=bad)
    with pytest.raises(NotASessionError):
        opened(handmade, exclude="lfp_data")


def test_what_is_left_out_is_not_looked_at(handmade: Handmade) -> None:
    """A stray copy, a second log and a link out of the folder are refused with the remedy, which works."""
    handmade.all()
    path = handmade.folder / "lfp_data" / "CSC1_lfp [copy].npy"
    path.write_bytes(b"")
    message = refusal(handmade)
    pattern = message.split("exclude=")[1].strip(".'")
    assert pattern == "lfp_data/CSC1_lfp [[]copy].npy"
    handmade.daq(stamp="2022-07-01_03-00-00")
    (handmade.folder / "event_file" / "Events.npy").unlink()
    (handmade.folder / "event_file" / "Events.npy").symlink_to("/etc/hostname")
    reader = opened(handmade, exclude=[pattern, "daq_files/*03-00-00*", "event_file"])
    assert reader.header["event_channels"]["id"].tolist() == ["DAQ", "movie_frames", "movie_pauses"]


def test_verify_of_an_imperfect_session(handmade: Handmade) -> None:
    """What is read with a warning is a problem to verify, with the file and the remedy; left out, all is well."""
    for channel in (1, 2, 3):
        own = np.delete(np.arange(500), 40) if channel == 2 else np.arange(500)
        handmade.lfp(channel, own.astype(np.int16), T0 + own)
    found = verify_session(handmade.folder)
    (problem,) = found.problems
    assert "CSC2_lfp.npy" in problem and "exclude=" in problem
    assert verify_session(handmade.folder, exclude="lfp_data/CSC2*").ok
    assert verify_session(handmade.folder, gap_tolerance_ms=1).problems == ()


def test_the_description_of_a_stream_is_left_out_with_it(handmade: Handmade) -> None:
    """A broken .json is named; the remedy names the stream."""
    handmade.lfp()
    path = handmade.stream().with_suffix(".json")
    path.write_text(json.dumps({}))
    assert refusal(handmade).endswith("exclude='raw_data/broadband.npy'.")
    assert opened(handmade, exclude="raw_data/broadband.npy").header["signal_streams"]["id"].tolist() == ["lfp"]


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("command", ["info", "verify", "plot", "report"])
def test_commands_leave_out_and_bridge(command: str, handmade: Handmade, tmp_path: Path) -> None:
    """What a command refuses it opens with the option that the message ends in; a gap is bridged by the other."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("plotly")
    handmade.all()
    own = np.delete(np.arange(500), 40)
    handmade.lfp(1, own.astype(np.int16), T0 + own)
    broken = handmade.lfp(2)
    broken.write_bytes(broken.read_bytes()[:-10])
    output = ["-o", tmp_path / f"made.{'png' if command == 'plot' else 'html'}"] * (command in ("plot", "report"))

    def run(*options: object) -> Result:
        return CliRunner().invoke(main, [command, str(handmade.folder), *map(str, (*output, *options))])

    refused = run()
    assert refused.exit_code == 1
    if command in ("info", "plot"):
        assert "leave it out with --exclude 'lfp_data/CSC2_lfp.npy'." in refused.stderr
    options = ["--exclude", "lfp_data/CSC2_lfp.npy", "--gap-tolerance-ms", 1]
    made = run(*options, *["--overwrite"] * bool(output), "--json")
    assert made.exit_code == 0, made.output
    if command == "info":
        found = json.loads(made.stdout)
        assert (len(found["segments"]), found["streams"][0]["samples"]) == (1, [499])


def test_spikeinterface_takes_the_same(handmade: Handmade, tmp_path: Path) -> None:
    """Extractors leave out and bridge, and do so again when they are loaded from what they dumped."""
    pytest.importorskip("spikeinterface")
    from mockrawio.interop import spikeinterface as si

    handmade.unit()
    for channel in (1, 2):
        own = np.delete(np.arange(500), 40)
        handmade.lfp(channel, own.astype(np.int16), T0 + own)
    broken = handmade.lfp(3)
    broken.write_bytes(broken.read_bytes()[:-10])
    how = {"exclude": "lfp_data/CSC3_*", "gap_tolerance_ms": 1.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recording, sorting, events = si.read_mocksession(handmade.folder, load_sorting=True, load_events=True, **how)
        recording.dump_to_json(tmp_path / "recording.json")
        again = si.load_extractor(tmp_path / "recording.json")
    for one in (recording, again):
        assert (one.get_num_segments(), one.get_num_samples(0), one.channel_ids.tolist()) == (1, 499, ["CSC1", "CSC2"])
    assert (sorting.get_num_segments(), events.get_num_segments()) == (1, 1)
