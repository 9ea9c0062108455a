"""The instant of 0 s: whatever way a time leaves a session, start + time is the instant of the file's stamp."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from mockrawio import MockSessionIO, MockSessionRawIO, SessionSpec, generate_session, write_session_from_block
from mockrawio.describe import describe_session
from tests.handmade import STAMP, T0, Handmade, frame
from tests.length import part, rounds

EPOCH = datetime(1970, 1, 1)
INFO = datetime(2022, 7, 1, 2, 41, 18)
MICROSECOND = 1e-3  # ms; float64 tells stamps of this century apart by a quarter of that


def write(
    folder: Path, zero: float, *, signals: bool = True, info: bool = True, early: float = 0.0, fine: bool = True
) -> Path:
    """Write a session of two segments that begins at `zero`, spikes and events from `early` ms before it on.

    The logs' stamps are whole ms unless they are to be `fine`.
    """
    maker = Handmade(folder)
    if info:
        maker.info()
    if signals:
        segments = [{"t_start_ms": zero, "n_samples": 1000}, {"t_start_ms": zero + 2500.125, "n_samples": 600}]
        maker.stream(segments=segments)
    late = zero + (2510 if signals else 300)
    maker.unit(times=np.array([zero - early, zero + 1.125, late + 0.5]), gain=0.25)
    maker.unit("CSC2_MU1", times=np.array([late]), gain=0.25)
    maker.events([[zero - early, 1], [zero + 3.25, 2], [late + 7, 4]])
    whole = int(zero) + 5
    shown = [whole, whole + 12, int(late) + 5]
    if fine:
        shown = [time + 0.375 for time in shown]
    maker.daq([f"1\t0\t{shown[0]}\t{shown[0] + 4}", f"2\t1\t{shown[2] + 9.25}\t{shown[2] + 6}"])
    pause = ["Pausing", "Continuing\tafter\tpause"]
    maker.watchlog([frame(0.04, shown[0]), *pause, frame(0.08, shown[1]), frame(0.12, shown[2])])
    return folder


def stamps(folder: Path) -> dict[str, np.ndarray]:
    """Return every stamp of a session, by what has it, as NumPy alone reads the files."""
    found = {}
    for path in sorted((folder / "spiking_data").iterdir()):
        found[path.stem] = np.load(path, allow_pickle=True).item()["spike_times"]
    found["Events"] = np.load(folder / "event_file" / "Events.npy")[:, 0]
    (log,) = (folder / "daq_files").iterdir()
    rows = [line.split("\t") for line in log.read_text().splitlines()[3:]]
    found["DAQ"] = np.array([min(float(row[2]), float(row[3])) for row in rows])
    (log,) = (folder / "watchlogs").iterdir()
    rows = [line.split("\t") for line in log.read_text().splitlines()[1:]]
    found["movie_frames"] = np.array([float(row[3]) for row in rows if row[0] == "pts"])
    return found


def exact_ms(start: datetime) -> Fraction:
    """Return a datetime, UTC, as ms since the Unix epoch."""
    return Fraction((start.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1), 1000)


def instants(block: neo.Block) -> dict[str, np.ndarray]:
    """Return start + time of all that stands in a block, ms since the Unix epoch, each segment from its own start."""
    found: dict[str, list[float]] = {}
    for segment in block.segments:
        start = exact_ms(segment.rec_datetime)
        for thing in [*segment.spiketrains, *segment.events, *segment.epochs]:
            times = (thing.load() if hasattr(thing, "load") else thing).times.rescale("s").magnitude
            found.setdefault(thing.name, []).extend(float(start + Fraction(float(t)) * 1000) for t in times)
    return {name: np.array(times) for name, times in found.items()}


def assert_same(found: dict[str, np.ndarray], right: dict[str, np.ndarray], within: float = MICROSECOND) -> None:
    """Check that times are the same, to so many ms."""
    for name, times in right.items():
        assert found[name].shape == times.shape, name
        assert np.abs(found[name] - times).max() <= within, name


starts = st.one_of(
    st.integers(10**12, 4 * 10**12).map(float),
    st.floats(1e12, 4e12),
    st.builds(
        lambda second, ms: second * 1000 + ms, st.integers(10**9, 4 * 10**9), st.sampled_from([0.0, 0.5, 999.999])
    ),
)
each = settings(max_examples=rounds(10, 25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.filterwarnings("ignore:.*stamps from")
@pytest.mark.at_length
@each
@given(zero=starts, signals=st.booleans(), info=st.booleans(), early=st.floats(0, 1e5), lazy=st.booleans())
@example(zero=T0 + 15250.0, signals=True, info=True, early=15_250.0, lazy=False)
def test_a_block(tmp_path_factory, zero, signals, info, early, lazy):
    """rec_datetime of Block and Segment + t is the stamp's instant, with signals or without, before 0 s or after."""
    folder = write(tmp_path_factory.mktemp("any") / "s", zero, signals=signals, info=info, early=early)
    block = MockSessionIO(folder).read_block(lazy=lazy)
    assert_same(instants(block), stamps(folder))
    assert {segment.rec_datetime for segment in block.segments} == {block.rec_datetime}
    assert block.annotations["session_start_time"] == block.rec_datetime.replace(tzinfo=timezone.utc)
    if signals:
        begins = [float(exact_ms(s.rec_datetime)) + float(s.analogsignals[0].t_start) * 1000 for s in block.segments]
        assert begins == pytest.approx([zero, zero + 2500.125], rel=0, abs=MICROSECOND)
    assert block.annotations.get("session_info_start") == (INFO if info else None)


@pytest.mark.at_length
@each
@given(zero=starts, signals=st.booleans(), info=st.booleans(), noted=st.booleans(), fine=st.booleans())
def test_a_block_and_back(tmp_path_factory, zero, signals, info, noted, fine):
    """A session made of a Block has the very stamps, or to a µs where only rec_datetime says the instant of 0 s."""
    root = tmp_path_factory.mktemp("any")
    folder = write(root / "s", zero, signals=signals, info=info, early=4000.0, fine=fine)
    block = MockSessionIO(folder).read_block()
    if not noted:
        block.annotations.clear()
    again = write_session_from_block(block, root / "t")
    right = stamps(folder)
    assert_same(stamps(again), right, MICROSECOND)
    assert_same(instants(MockSessionIO(again).read_block()), right)
    if noted and info:
        assert describe_session(again)["annotations"]["session_info_start"] == INFO.isoformat()


@pytest.mark.parametrize("seed", range(3))
def test_a_generated_session(tmp_path, seed):
    """What the generator writes comes back stamp for stamp through a Block, its clock's ms included."""
    spec = SessionSpec(patient_id=1, session_nr=1, segments=(6.0, 4.0), n_channels=8, n_units=4, seed=seed)
    folder = generate_session(spec, tmp_path)
    block = MockSessionIO(folder).read_block()
    again = write_session_from_block(block, tmp_path / "t")
    assert_same(instants(block), stamps(folder))
    assert_same(stamps(again), stamps(folder), 0)


def foreign(*segments: tuple[datetime | None, float], start: datetime | None = None) -> neo.Block:
    """Return a Block with a signal and a spike in each segment: its rec_datetime, and where the signal begins."""
    block = neo.Block(rec_datetime=start)
    for own, t_start in segments:
        segment = neo.Segment(rec_datetime=own)
        samples = np.arange(100.0).reshape(-1, 1)
        segment.analogsignals.append(neo.AnalogSignal(samples, "uV", sampling_rate=1 * pq.kHz, t_start=t_start * pq.s))
        train = neo.SpikeTrain([t_start + 0.0125], units="s", t_start=t_start, t_stop=t_start + 1, name="CSC1_SU1")
        segment.spiketrains.append(train)
        block.segments.append(segment)
    return block


A, B = datetime(2020, 1, 2, 3, 4, 5, 678_901), datetime(2020, 1, 2, 3, 9, 0, 123_456)
EAST = timezone(timedelta(hours=5, minutes=45))
SOME_START = datetime(2010, 1, 1)


@pytest.mark.parametrize(
    ("block", "right"),
    [
        (foreign((A, 0.0), (B, 0.0)), [A, B]),
        (foreign((A, 1.5), (B, 0.0), start=A), [A + timedelta(seconds=1.5), B]),
        (foreign((A, 0.0), (A, 7.0)), [A, A + timedelta(seconds=7)]),
        (foreign((None, 2.0), (B, 0.0), start=A), [A + timedelta(seconds=2), B]),
        (foreign((None, 2.0), (None, 9.0), start=A), [A + timedelta(seconds=2), A + timedelta(seconds=9)]),
        (
            foreign((A.replace(tzinfo=EAST), 0.0), (B.replace(tzinfo=EAST), 0.0)),
            [A - EAST.utcoffset(None), B - EAST.utcoffset(None)],
        ),
    ],
)
def test_segments_with_clocks_of_their_own(tmp_path, block, right):
    """A segment's rec_datetime, else the block's, is the instant of its 0 s, whichever time zone it has."""
    folder = write_session_from_block(block, tmp_path / "s")
    times = np.load(folder / "spiking_data" / "CSC1_SU1.npy", allow_pickle=True).item()["spike_times"]
    assert np.abs(times - [float(exact_ms(begin) + Fraction(25, 2)) for begin in right]).max() <= MICROSECOND
    with MockSessionRawIO(folder) as reader:
        assert reader.segment_count(0) == len(right)
        assert reader.time_origin_ms == pytest.approx(float(exact_ms(right[0])), rel=0, abs=MICROSECOND)
        assert reader.get_signal_t_start(0, 1, 0) == pytest.approx((right[1] - right[0]).total_seconds(), abs=1e-6)


def test_start_moves_all_segments(tmp_path):
    """start= puts the block's 0 s elsewhere, and segments with their own clocks stay as far from it as they were."""
    folder = write_session_from_block(foreign((A, 0.0), (B, 0.0), start=A), tmp_path / "s", start=SOME_START)
    with MockSessionRawIO(folder) as reader:
        assert reader.time_origin_ms == float(exact_ms(SOME_START))
        assert reader.get_signal_t_start(0, 1, 0) == pytest.approx((B - A).total_seconds(), abs=1e-6)


def test_the_time_that_nwb_counts_from(tmp_path):
    """NWB's times count from timestamps_reference_time, which may be another instant than when the session began."""
    block = foreign((None, 0.0), start=A)
    block.annotate(session_start_time=A, timestamps_reference_time=B.replace(tzinfo=timezone.utc))
    with MockSessionRawIO(write_session_from_block(block, tmp_path / "s")) as reader:
        assert reader.time_origin_ms == float(exact_ms(B))


def test_a_date_made_anonymous(tmp_path):
    """A rec_datetime that was changed beside the exact annotation is said to be not what is used."""
    folder = write(tmp_path / "s", T0)
    block = MockSessionIO(folder).read_block()
    block.rec_datetime = SOME_START
    with pytest.warns(UserWarning, match="time_origin_ms, .* s off its rec_datetime; give start="):
        again = write_session_from_block(block, tmp_path / "t", skip_unsupported=True)
    assert_same(stamps(again), stamps(folder))


@pytest.mark.filterwarnings("ignore:.*are not between 1990 and 2100")
@pytest.mark.parametrize("info", [True, False])
def test_stamps_on_another_clock(tmp_path, info):
    """Stamps that are no time of this world leave the start to session_info, or it is not known."""
    maker = Handmade(tmp_path / "s")
    if info:
        maker.info()
    maker.lfp(ts=np.arange(500) + 7)
    block = MockSessionIO(maker.folder).read_block()
    assert block.rec_datetime == block.segments[0].rec_datetime == (INFO if info else None)
    assert ("session_start_time" in block.annotations) == info


def test_other_ways_out(tmp_path):
    """The description, the overview's headline and an xarray say the instant of 0 s, not session_info's second."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("xarray")
    from mockrawio.interop.dask import to_xarray
    from mockrawio.report.plots import plot_overview

    folder = write(tmp_path / "s", T0 + 15_250.5)
    said = describe_session(folder)
    start = INFO + timedelta(milliseconds=812 + 15_250.5)
    assert said["annotations"]["rec_datetime"] == start.isoformat()
    assert said["annotations"]["session_info_start"] == INFO.isoformat()
    assert said["time_origin_ms"] == T0 + 15_250.5
    with MockSessionRawIO(folder) as reader:
        lazy = to_xarray(reader, 0, seg_index=1)
        texts = [text.get_text() for text in plot_overview(reader).findobj(Text)]
    begin = lazy.attrs["time_origin_ms"] + lazy.time.values[0] * 1000
    assert begin == pytest.approx(T0 + 15_250.5 + 2500.125, rel=0, abs=MICROSECOND)
    assert any("2022-07-01 02:41:34.062 UTC" in text for text in texts)


ELSEWHERE = """
import os, sys, time, warnings
from mockrawio import MockSessionIO, SessionSpec, generate_session, write_session_from_block
from mockrawio.describe import describe_session
warnings.simplefilter("ignore")
folder, root, *zones = sys.argv[1:]
for k, zone in enumerate(zones):  # the first is the process's own already
    os.environ["TZ"] = zone
    time.tzset()
    block = MockSessionIO(folder).read_block()
    print(block.rec_datetime, block.annotations["session_start_time"].isoformat(), block.segments[1].rec_datetime)
    print({k: v for k, v in describe_session(folder).items() if k != "folder"})
    again = write_session_from_block(block, f"{root}/{k}/t", skip_unsupported=True)
    made = generate_session(SessionSpec.tiny(patient_id=1, session_nr=1, seed=3), f"{root}/{k}/g")
    print((again / "session_manifest.json").read_text(), (made / "session_manifest.json").read_text())
    print(end="\\f")
"""


@pytest.mark.at_length
def test_the_time_zone_changes_nothing(tmp_path):
    """Start, description and the bytes of what is written are the same wherever, and in whichever season, one is."""
    folder = write(tmp_path / "s", T0)
    said = set()
    for zones in part((("UTC", "XYZ13:37"), ("America/St_Johns", "<-0930>9:30<+1230>,J1,J365")), 2, 1):
        root = tmp_path / f"zone{len(list(tmp_path.iterdir()))}"
        command = [sys.executable, "-c", ELSEWHERE, folder, root, *zones]
        run = subprocess.run(command, env={**os.environ, "TZ": zones[0]}, check=True, capture_output=True, text=True)
        told = run.stdout.split("\f")[:-1]
        assert len(told) == len(zones)
        said.update(told)
    assert len(said) == 1
    assert f"{STAMP[:10]} 02:41:18.812000 2022-07-01T02:41:18.812000+00:00" in said.pop()
