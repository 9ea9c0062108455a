"""Sessions whose spikes come from a file: which of them there is room for, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec, truth
from mockrawio.generate import EpiphyteUnits, Units, White
from mockrawio.generate.files import manifest_content, source_warnings
from mockrawio.generate.made_arrays import BlockTrain, WholeTrain
from mockrawio.generate.plan import plan_session
from mockrawio.generate.source import SpikeSource
from mockrawio.ground.errors import BadFileError

END = 2000.0  # ms: of the first segment; a sample is a thirtieth


def spec(path, **fields):
    """Return a session of two segments, two and one second long, half a second apart."""
    given = {"segments": (2.0, 1.0), "gap_s": 0.5, "n_channels": 3, "noise": (White(),), "seed": 1}
    return SessionSpec(**{**given, "probe": "linear", "spikes": path, "units": Units(None), **fields})


@pytest.fixture
def path(tmp_path):
    """Spikes of nodes 7 and 3: in both segments, at their edges, in the gap, and too near to each other."""
    rows = [(t, 7) for t in (0.0, 2.5, 1000.0, END - 0.6 / 30, END - 0.4 / 30, 2200.0, 2500.0, 3499.0, 3500.0)]
    rows += [(100.0, 3)]
    path = tmp_path / "spikes.csv"
    path.write_text("timestamps node_ids\n" + "".join(f"{time!r} {node}\n" for time, node in rows))
    return path


def times(plan):
    """Return when the spikes of each unit are, ms from the start, by the number of its node."""
    nodes = {unit.name.id: int(plan.source.node_ids[unit.index]) for unit in plan.units}
    return {nodes[unit.name.id]: (unit.times_ms() - plan.start_ms).tolist() for unit in plan.units}


def test_what_a_session_without_a_stream_has_of_them(path):
    """It has what lies in a segment, to the last moment of it."""
    found = times(plan_session(spec(path)))
    assert found[7] == pytest.approx([0, 2.5, 1000, END - 0.6 / 30, END - 0.4 / 30, 2500, 3499], abs=1e-3)
    assert found[3] == pytest.approx([100], abs=1e-3)


def test_what_a_stream_has_of_them(path):
    """A spike within half a sample of the end has no sample in its segment; the others are at the nearest one."""
    plan = plan_session(spec(path, sampling_rate=30_000))
    found = times(plan)
    assert found[7] == pytest.approx([0, 2.5, 1000, END - 0.6 / 30, 2500, 3499], abs=1 / 400)
    assert plan.source.n_dropped == 3
    unit = next(unit for unit in truth(plan.spec).units.values() if unit.n_spikes > 1)
    assert unit.frames().tolist() == [0, 75, 30_000, 59_999, 0, 29_970]


def test_what_is_said_of_them(path):
    """The manifest and the warnings tell how many were left out, how many are too close, and whose they are."""
    plan = plan_session(spec(path, sampling_rate=30_000))
    said = manifest_content(plan, None)
    assert {key: said["spikes"][key] for key in ("dropped", "closer_than_refractory")} == {
        "dropped": 3,
        "closer_than_refractory": 1,
    }
    assert sorted(said["spikes"]["node_ids"].values()) == [3, 7]
    assert said["spec"]["spikes_sha256"] == plan.source.sha256
    dropped, close = map(str, source_warnings(plan))
    assert dropped.endswith("left out spikes that are in no recorded segment: 3")
    assert "spikes closer than 3 ms to the one before of their unit: 1; they are kept" in close
    path.write_text("timestamps node_ids\n100.0 3\n")
    assert list(source_warnings(plan_session(spec(path)))) == []
    assert list(source_warnings(plan_session(SessionSpec.tiny(seed=1)))) == []
    assert "spikes" not in manifest_content(plan_session(SessionSpec.tiny(seed=1)))


def test_another_file(path):
    """A file that has changed is an error with both SHA-256; one that is not there says what is needed."""
    sha256 = plan_session(spec(path)).source.sha256
    assert plan_session(spec(path, spikes_sha256=sha256)).source.sha256 == sha256
    with pytest.raises(BadFileError, match=f"expected SHA-256 {'0' * 64}; found .?{sha256}"):
        plan_session(spec(path, spikes_sha256="0" * 64))
    with pytest.raises(BadFileError, match="expected a file of spikes"):
        plan_session(spec(path.with_name("none.csv")))


def test_more_units_than_there_may_be(path, monkeypatch):
    """Nodes are units, of which there is a largest number."""
    monkeypatch.setattr("mockrawio.generate.plan._MOST_UNITS", 2)
    plan_session(spec(path))
    monkeypatch.setattr("mockrawio.generate.plan._MOST_UNITS", 1)
    with pytest.raises(MockSessionError, match="expected at most 1 nodes; found .?2"):
        plan_session(spec(path))


def test_units_as_epiphytes_from_a_file(path):
    """They have the file's spikes, one unit a node."""
    plan = plan_session(spec(path, units=EpiphyteUnits()))
    assert sorted(unit.n_spikes for unit in plan.units) == [1, 7]
    assert {unit.n_expected for unit in plan.units} == {1, 7}


def test_a_first_spike_has_none_before_it():
    """A node of one spike is followed by one whose first spike is no interval of either."""
    source = SpikeSource("", np.array([5.0, 6.0, 9.5]), np.array([1, 2], np.uint64), np.array([0, 1, 3]))
    assert (source.too_close(3.0), source.n_dropped) == (0, 0)
    assert source.too_close(4.0) == 1


@pytest.mark.parametrize("kind", ["cells", "epiphyte"])
def test_waveforms_of_some_spikes(kind, monkeypatch):
    """Those between two instants are those of all, drawn in blocks of any size."""
    monkeypatch.setattr("mockrawio.generate.trains.SPIKES_A_BLOCK", 8)
    monkeypatch.setattr("mockrawio.generate.cast.SPIKES_A_BLOCK", 8)
    units = EpiphyteUnits(1, spikes_per_unit=(30, 30)) if kind == "epiphyte" else Units(1, rate_hz=15.0, multi=0.0)
    plan = plan_session(spec(None, units=units, spikes=None))
    (unit,) = plan.units
    train = WholeTrain(unit) if kind == "epiphyte" else BlockTrain(unit)
    whole, stamps = np.concatenate(list(unit.content("int16").waveforms.blocks)), unit.times_ms()
    assert len(stamps) > 25
    for low, high in ((0, 3), (3, 9), (7, 8), (8, 16), (9, 20), (17, 25), (5, 5)):
        start, stop = float(stamps[low]), float(stamps[high])
        assert np.array_equal(train.waveforms(start, stop), whole[low:high])
        assert train.times_ms(start, stop).tolist() == stamps[low:high].tolist()
        assert train.count(start, stop) == high - low
        ends = (float(stamps[low]), float(stamps[high - 1])) if high > low else None
        assert train.ends_ms(start, stop) == ends
    assert np.array_equal(train.waveforms(-np.inf, np.inf), whole)
    assert train.count(-np.inf, np.inf) == len(stamps)
    assert train.count(plan.start_ms - 9.0, plan.start_ms + 0.0) == 0
    assert train.ends_ms(-np.inf, np.inf) == (stamps[0], stamps[-1])
