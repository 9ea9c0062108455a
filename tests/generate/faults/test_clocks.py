"""Two clocks, and the line that they can be compared by."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("spikeinterface")


from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.generate import Acquisition, ClockSkew, DeadChannel, Sync
from mockrawio.generate.clocks import SyncLine
from mockrawio.generate.parts.faults import FAULTS
from mockrawio.generate.plan import plan_session
from mockrawio.interop.spikeinterface import read_mocksession
from mockrawio.session.logs import parse_daq_log, parse_watchlog
from mockrawio.session.streams import open_stream
from mockrawio.testing import assert_rawio_compliant
from mockrawio.verify import verify_session

RATE = 30_000
PARTS = {"n_channels": 4, "n_units": 1, "segments": (6.0, 4.0), "gap_s": 1.75, "n_events": 30, "seed": 4}


def spec(*faults, sync=None, **more):
    """Return ten seconds in two segments of four channels."""
    rig = Acquisition(faults=faults, sync=sync)
    return SessionSpec.broadband(acquisition=rig, **{"sampling_rate": RATE, **PARTS, **more})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A session with a sync line, whose computer's clock is 200 ppm fast and 12.5 ms ahead."""
    made = spec(ClockSkew(200.0, offset_ms=12.5), sync=Sync(333.0))
    return generate_session(made, tmp_path_factory.mktemp("sync"))


def edges(folder):
    """Return where the line changes in each segment: ms since the Unix epoch by the amplifier's clock, and to what."""
    stream, found = open_stream(str(folder / "raw_data" / "sync.npy")), []
    for run in stream.runs:
        levels = np.load(folder / "raw_data" / "sync.npy")[run.start : run.stop, 0].astype(int)
        at = np.flatnonzero(np.diff(levels)) + 1
        found.append((run.t_start_ms + at * 1000 / RATE, levels[at]))
    return found


def test_the_line_tells_one_clock_from_the_other(folder):
    """A straight line through the edges that both have gives the skew, and how far the computer's clock is ahead.

    An edge is seen by the next sample, up to 33 µs later, of some 60 edges in 11.75 s.
    """
    log = np.load(folder / "event_file" / "Sync.npy")
    seen, levels = (np.concatenate(part) for part in zip(*edges(folder), strict=True))
    start = np.load(folder / "event_file" / "Events.npy")[0, 0]  # an event is at the first sample
    nearest = abs(log[:, 0][:, None] - seen).argmin(axis=0)
    assert log[nearest, 1].tolist() == levels.tolist()
    slope, ahead = np.polyfit(seen - start, log[nearest, 0] - start, 1)
    assert (slope - 1) * 1e6 == pytest.approx(200.0, abs=2.0)
    assert ahead == pytest.approx(12.5, abs=0.034)


def test_every_edge_is_seen_by_the_first_sample_after_it(folder):
    """Each edge of the log in a segment changes the first sample at or after it, by exact fractions."""
    plan = truth(folder).plan
    log = np.load(folder / "event_file" / "Sync.npy")
    half, rate = Fraction(333, 2), 1 + Fraction(200, 10**6)
    for segment, (seen, levels) in zip(plan.segments, edges(folder), strict=True):
        wanted = []
        for k in range(100):
            at_ms = (k * half - Fraction(25, 2)) / rate - (segment.start_ms - plan.start_ms)
            frame = -(-at_ms * RATE // 1000)
            if 0 < frame < segment.n_ms * RATE // 1000:
                wanted.append((int(frame), k % 2))
        frames = np.rint((seen - segment.start_ms) * (RATE / 1000)).astype(int)
        assert list(zip(frames.tolist(), levels.tolist(), strict=True)) == wanted
    shown = (log[:, 0] - plan.start_ms) / float(half)
    assert shown == pytest.approx(np.rint(shown), abs=1e-6)
    assert np.diff(np.rint(shown)).tolist() == [1.0] * (len(log) - 1)
    assert log[:, 1].tolist() == (np.rint(shown) % 2).tolist()


def test_logs_have_the_computers_clock_and_events_the_amplifiers(folder, tmp_path):
    """Beside a session without a skew, the DAQ log and the watchlog are as much later, and nothing else is."""
    even = generate_session(spec(), tmp_path)
    start = float(truth(folder).plan.start_ms)

    def late(stamps):
        return np.rint((stamps - start) * 200e-6 + 12.5)

    names = next((even / "daq_files").iterdir()).name, next((even / "watchlogs").iterdir()).name
    logs = [parse_daq_log(str(one / "daq_files" / names[0])) for one in (even, folder)]
    for column in ("pre", "post"):
        before, after = (getattr(log, column) for log in logs)
        assert np.array_equal(after - before, late(before))
    before, after = (parse_watchlog(str(one / "watchlogs" / names[1])) for one in (even, folder))
    assert np.array_equal(after.clock - before.clock, late(before.clock))
    assert (np.diff(after.clock) > 0).all()
    for name in ("event_file/Events.npy", "raw_data/broadband.npy"):
        assert (even / name).read_bytes() == (folder / name).read_bytes()
    assert not (even / "raw_data" / "sync.npy").exists()
    assert not (even / "event_file" / "Sync.npy").exists()


def test_readers_have_the_line(folder):
    """It is a stream in volts, and an event channel whose labels say rise and fall; Neo's rules hold; it verifies."""
    assert verify_session(folder).ok
    with MockSessionRawIO(folder) as reader:
        assert_rawio_compliant(reader)
        assert reader.header["signal_streams"]["id"].tolist() == ["lfp", "broadband", "sync"]
        assert reader.header["event_channels"]["id"].tolist()[:3] == ["Events", "Sync", "DAQ"]
        times, _, labels = reader.get_event_timestamps(0, 0, 1)
        assert set(labels.tolist()) == {"0", "1"}
        assert np.diff(times) == pytest.approx(166.5)
        assert (reader.stream(2).units, reader.stream(2).gains.tolist()) == ("V", [5.0])
        assert reader.stream(2).sizes == reader.stream(1).sizes
        assert reader.stream(2).ground_truth() == {
            "period_ms": 333.0,
            "clock": {"ppm": 200.0, "offset_ms": 12.5},
        }
    recording = read_mocksession(folder)
    assert recording.stream_id == "broadband"
    line = read_mocksession(folder, stream_id="sync")
    assert line.get_num_channels() == 1
    assert set(np.unique(line.get_traces(segment_index=0)).tolist()) == {0, 1}


def test_any_piece_of_the_line_is_one_of_the_whole():
    """Pieces of any length, laid together, are the whole line."""
    line = SyncLine(plan_session(spec(ClockSkew(-37.0), sync=Sync(7.3), sampling_rate="100000/3")))
    whole = line.levels(0, 0, line.lengths[0])
    assert 2 * 6000 / 7.3 - 2 < np.count_nonzero(np.diff(whole[:, 0])) < 2 * 6000 / 7.3 + 2
    for step in (997, 8192, 40_000):
        pieces = [line.levels(0, a, min(a + step, line.lengths[0])) for a in range(0, line.lengths[0], step)]
        assert np.array_equal(np.concatenate(pieces), whole)
    assert np.array_equal(np.concatenate(list(line.chunks()))[: len(whole)], whole)


def test_a_skew_is_listed_and_changes_no_sample():
    """The truth lists the clock for the whole of each segment; the recording is that of clocks which agree."""
    skewed, even = truth(spec(ClockSkew(50.0))), truth(spec())
    assert [(row.kind, row.channels, row.i_stop) for row in skewed.faults] == [
        ("clock", (), 180_000),
        ("clock", (), 120_000),
    ]
    assert np.array_equal(skewed.recording(0), even.recording(0))


def test_a_session_without_a_stream_may_have_two_clocks(tmp_path):
    """Its logs are skewed as well; two skews add up."""
    rig = Acquisition(faults=(ClockSkew(100.0), ClockSkew(0.0, offset_ms=1000.0)))
    skewed = generate_session(SessionSpec.tiny(seed=1, acquisition=rig), tmp_path / "a")
    even = generate_session(SessionSpec.tiny(seed=1), tmp_path / "b")
    before, after = (parse_daq_log(str(next((one / "daq_files").iterdir()))) for one in (even, skewed))
    assert set((after.pre - before.pre).tolist()) <= {1000, 1001}
    with pytest.raises(MockSessionError, match="sync"):
        SessionSpec.tiny(acquisition=Acquisition(sync=Sync()))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: ClockSkew(1e6), "ClockSkew.ppm"),
        (lambda: ClockSkew(float("nan")), "ClockSkew.ppm"),
        (lambda: ClockSkew(offset_ms="1"), "ClockSkew.offset_ms"),
        (lambda: Sync(0.0), "Sync.period_ms"),
        (lambda: Sync(float("inf")), "Sync.period_ms"),
        (lambda: Acquisition(sync=True), "Acquisition.sync"),
        (lambda: Acquisition(sync=DeadChannel(1)), "Acquisition.sync"),
    ],
)
def test_hostile_values_are_refused(make, field):
    """A value that a field cannot be is an error that names the field."""
    with pytest.raises(MockSessionError) as caught:
        make()
    assert caught.value.subject == field


def test_the_forms_come_back():
    """A skew, and a sync line in an acquisition, come back from their mappings; no line is left out of TOML."""
    assert FAULTS.one("fault", ClockSkew(1.5, offset_ms=2.0).to_dict()) == ClockSkew(1.5, offset_ms=2.0)
    made = spec(ClockSkew(), sync=Sync(500.0))
    assert SessionSpec.from_dict(made.to_dict()) == made
    assert "sync" not in spec().to_toml()
