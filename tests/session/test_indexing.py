"""What an index says of a session's files, number by number."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.folder import File
from mockrawio.session import indexing
from mockrawio.session.files import open_lfp
from mockrawio.session.indexing import entry_of, index_of, is_so
from tests.fuzz.corpus import header, pickled
from tests.handmade import T0, Handmade, save_dict

LFP_1, LFP_2, UNIT = "lfp_data/CSC1_lfp.npy", "lfp_data/CSC2_lfp.npy", "spiking_data/CSC1_SU1.npy"


def indexed(handmade: Handmade) -> dict[str, Any]:
    names = [path.relative_to(handmade.folder).as_posix() for path in handmade.folder.rglob("*") if path.is_file()]
    return index_of(DiskFolder(str(handmade.folder)), names)


@pytest.fixture
def gap(handmade: Handmade) -> Handmade:
    """Two channels, a gap of 5 ms in the first, and a unit with spikes around it."""
    handmade.lfp(1, np.zeros(10, np.int16), T0 + np.r_[0:5, 10:15], gain=0.5)
    handmade.lfp(2, np.zeros(15, np.int16))
    handmade.unit(times=T0 + np.array([0.5, 3.0, 9.5, 11.5]), amps=np.zeros((4, 2), np.int16))
    return handmade


def steps(index: dict[str, Any], name: str, key: str = "ts") -> Any:
    return index[name]["values"][key].get("steps")


def test_what_is_said_of_each_file(gap: Handmade) -> None:
    """Texts as they are, arrays with their ends, gaps with both sides, spikes beside each cut; of logs nothing."""
    gap.names(["LA1"])
    gap.events()
    gap.daq()
    gap.info()
    index = indexed(gap)
    said = {name: {key: sorted(value) for key, value in entry.get("values", {}).items() if type(value) is dict}
            for name, entry in index.items()}  # fmt: skip
    assert said == {
        "ChannelNames.txt": {},
        "event_file/Events.npy": {},
        LFP_1: {"ts": ["array", "ends", "steps"], "samples": ["array"]},  # and its gain
        LFP_2: {"ts": ["array", "ends"], "samples": ["array"]},
        "session_info.npy": {},
        UNIT: {"spike_times": ["array", "ends", "steps"], "spike_amps": ["array"]},
    }
    assert index["ChannelNames.txt"] == {"text": "LA1.ncs\n"}
    assert index["event_file/Events.npy"]["array"][:3] == ["<f8", [3, 2], "C"]
    assert index["session_info.npy"]["values"]["session_nr"] == 2
    assert index[LFP_1]["values"]["ts"]["ends"] == [T0, T0 + 14]
    assert steps(index, LFP_1) == [[5, T0 + 4, T0 + 10]]
    assert steps(index, UNIT, "spike_times") == [[3, T0 + 9.5, T0 + 11.5]]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([10.0, 11.0], []),  # both behind the cut at 10 ms
        ([9.0, 9.999], []),
        ([9.0, 10.0], [[1, 9.0, 10.0]]),
        ([9.0], []),
        ([0.0, 9.0, 9.5, 12.0, 13.0], [[3, 9.5, 12.0]]),
    ],
)
@pytest.mark.parametrize("divisor", [1, 1000])
def test_spikes_beside_a_cut(times: list[float], expected: list[Any], divisor: int, gap: Handmade) -> None:
    """The first spike at or after a cut, and the one before, if there are both; in the file's own units."""
    stamps = (T0 + np.array(times)) * divisor
    gap.unit(times=stamps, amps=np.zeros((len(times), 2), np.int16))
    found = [
        [k, (low / divisor) - T0, (high / divisor) - T0] for k, low, high in steps(indexed(gap), UNIT, "spike_times")
    ]
    assert found == [[k, pytest.approx(low), pytest.approx(high)] for k, low, high in expected]


def test_spikes_that_are_none_beside_a_cut(gap: Handmade) -> None:
    """Of spike times that are not finite there nothing is said; whoever reads them finds it."""
    gap.unit(times=T0 + np.array([0.5, 3.0, np.nan, 11.5]), amps=np.zeros((4, 2), np.int16))
    assert steps(indexed(gap), UNIT, "spike_times") is None


@pytest.mark.parametrize("rate", [None, 500.0])
def test_odd_steps_are_those_of_the_rate(rate: float | None, handmade: Handmade) -> None:
    """Steps of 2 ms are odd at 1 kHz, and not at the 500 Hz that a file says."""
    said = {} if rate is None else {"sampling_rate": rate}
    handmade.lfp(1, np.zeros(6, np.int16), T0 + np.array([0, 2, 4, 9, 11, 13]), **said)
    found = steps(indexed(handmade), LFP_1)
    assert [k for k, *_ in found] == ([3] if rate else [1, 2, 3, 4, 5])


@pytest.mark.parametrize(("off", "said"), [(120, []), (130, None)])
def test_steps_are_said_if_they_tell_the_same(off: int, said: Any, handmade: Handmade) -> None:
    """A stamp beside a slow clock's line, that no step tells of, is one that a reader has to see."""
    stamps = T0 * 1000 + 1001 * np.arange(200)
    stamps[198] += off
    handmade.lfp(1, np.zeros(200, np.int16), stamps)
    assert steps(indexed(handmade), LFP_1) == said


def test_a_gap_of_a_stream_is_a_cut(handmade: Handmade) -> None:
    """Spikes beside a gap of a stream in raw_data are said, too."""
    segments = [{"t_start_ms": T0, "n_samples": 5}, {"t_start_ms": T0 + 20, "n_samples": 5}]
    handmade.stream(samples=np.zeros((10, 2), np.int16), segments=segments, sampling_rate=1000.0)
    handmade.unit(times=T0 + np.array([1.0, 2.0, 21.0]), amps=np.zeros((3, 2), np.int16))
    assert steps(indexed(handmade), UNIT, "spike_times") == [[2, T0 + 2.0, T0 + 21.0]]


def test_no_gap_no_steps(handmade: Handmade) -> None:
    """Where all fits, and there is no cut, no step is said."""
    handmade.lfp(2)
    handmade.unit()
    index = indexed(handmade)
    assert (steps(index, LFP_2), steps(index, UNIT, "spike_times")) == (None, None)


def test_what_an_index_says_is_compared(gap: Handmade) -> None:
    """What is as the file has it is so; another end, step, shape or key is not; steps may be left out, or some."""
    folder = DiskFolder(str(gap.folder))
    index = indexed(gap)
    assert all(is_so(File(folder, name), entry) for name, entry in index.items())

    def changed(name: str, key: str, part: str, value: Any) -> bool:
        said = copy.deepcopy(index[name])
        said["values"][key][part] = value
        return is_so(File(folder, name), said)

    assert changed(LFP_1, "ts", "steps", None)
    assert changed(UNIT, "spike_times", "steps", None)
    assert changed(UNIT, "spike_times", "steps", [[1, T0 + 0.5, T0 + 3.0]])  # they are so, if of no cut
    assert not changed(LFP_1, "ts", "steps", [[5, T0 + 4, T0 + 11]])
    assert not changed(LFP_1, "ts", "steps", [])
    assert not changed(UNIT, "spike_times", "steps", [[3, T0 + 9.5, T0 + 11.0]])
    assert not changed(UNIT, "spike_times", "steps", [[9, T0 + 9.5, T0 + 11.5]])
    assert not changed(UNIT, "spike_times", "steps", 5)
    assert not changed(LFP_1, "ts", "ends", [T0, T0 + 15])
    assert not changed(LFP_2, "samples", "array", ["<i2", [14], "C", 0])
    assert not is_so(File(folder, LFP_1), None)
    assert not is_so(File(folder, LFP_1), {**index[LFP_1], "text": ""})
    for values in (5, "ts", {"ts": 5}, {"ts": "steps"}, {"ts": ["steps"]}, {"ts": {"steps": []}, "samples": "steps"}):
        assert not is_so(File(folder, LFP_1), {"values": values})


def test_files_of_which_nothing_is_said(handmade: Handmade) -> None:
    """Those of other names, with a fault, of no UTF-8, and texts longer than so many characters."""
    for name, content in {
        "a.bin": b"x",
        "a.txt": b"\xff",
        "b.txt": b"x",
        "c.npy": b"\x93NUMPY",
        "d.json": b"{}",
    }.items():
        handmade.folder.joinpath(name).write_bytes(content)
    save_dict(handmade.folder / "e.npy", {"a": np.arange(3)})
    folder = DiskFolder(str(handmade.folder))
    (handmade.folder / "f.bak").write_bytes((handmade.folder / "e.npy").read_bytes())
    assert entry_of(File(folder, "f.bak")) is None
    found = [entry_of(File(folder, name)) for name in ("a.bin", "a.txt", "b.txt", "c.npy", "d.json", "e.npy")]
    assert [found[0], found[1], found[3]] == [None] * 3
    assert (found[2], found[4]) == ({"text": "x"}, {"text": "{}"})
    assert found[5] is not None and found[5]["values"]["a"]["array"][:2] == ["<i8", [3]]


@pytest.mark.parametrize(("most", "there"), [(2, True), (1, False)])
def test_steps_are_all_said_or_none(most: int, there: bool, gap: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap and a unit beside it are two steps: an index with room for one has none, and says that it has none."""
    monkeypatch.setattr(indexing, "MOST_STEPS", most)
    index = indexed(gap)
    assert (steps(index, LFP_1) is not None, steps(index, UNIT, "spike_times") is not None) == (there, there)
    assert "steps" in index[LFP_1]["values"]["ts"] and "steps" not in index[LFP_2]["values"]["ts"]


def test_stamps_with_a_fault_have_no_steps(tmp_path: Path) -> None:
    """A channel whose stamps run back is said as far as it goes, and cuts no other."""
    handmade = Handmade(tmp_path / "session_1")
    handmade.lfp(1, np.zeros(100, np.int16), T0 + np.r_[0:50, 20:70])
    handmade.unit()
    index = indexed(handmade)
    assert (steps(index, LFP_1), steps(index, UNIT, "spike_times")) == (None, None)
    assert index[LFP_1]["values"]["ts"]["ends"] == [T0, T0 + 69]


class Said(DiskFolder):
    """A folder of whose file something is said, be it so or not."""

    what: Any = None

    def said(self, name: str) -> Any:
        return self.what


@pytest.mark.parametrize("strict", [False, True])
def test_a_strict_reader_looks_itself(strict: bool, gap: Handmade) -> None:
    """What is said of a gap is believed, but by a strict reader, which reads the stamps."""
    folder = Said(str(gap.folder))
    said = entry_of(File(DiskFolder(str(gap.folder)), LFP_1))
    assert said is not None
    said["values"]["ts"]["steps"] = [[4, T0 + 3, T0 + 9]]
    folder.what = said
    found = open_lfp(File(folder, LFP_1), strict=strict)
    assert found is not None and [run.start for run in found.runs] == [0, 5 if strict else 4]


def test_an_entry_is_of_what_is_there(gap: Handmade) -> None:
    """What is said already is not believed: entries are of the files themselves."""
    gap.names(["LA1"])
    gap.events()
    near, far = DiskFolder(str(gap.folder)), Said(str(gap.folder))
    names = ("ChannelNames.txt", "event_file/Events.npy", LFP_1, UNIT)
    right = {name: entry_of(File(near, name)) for name in names}
    far.what = {"text": "a lie", "array": ["<f8", [1, 2], "C", 128], "values": {}}
    for name in names:
        assert entry_of(File(far, name)) == right[name] != far.what
        assert not is_so(File(far, name), far.what)
    index = index_of(near, names)
    assert index_of(far, names) == index
    assert all(is_so(File(far, name), said) for name, said in index.items())


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts maps in /proc")
def test_an_index_leaves_no_map(gap: Handmade) -> None:
    """A thousand files are looked through without that one stays mapped."""
    index = indexed(gap)
    folder = DiskFolder(str(gap.folder))
    assert all(is_so(File(folder, name), said) for name, said in index.items())
    assert str(gap.folder) not in Path("/proc/self/maps").read_text()


def test_streams_of_nothing_and_files_of_protocol_2(gap: Handmade) -> None:
    """A stream without samples cuts nothing; of a file whose arrays are within its pickle nothing is said."""
    gap.stream("none", np.zeros((0, 3), np.int16), segments=[])
    times = T0 + np.array([0.5, 11.5])
    (gap.folder / UNIT).write_bytes(header() + pickled({"spike_times": times, "spike_amps": np.zeros((2, 3))}, 2))
    index = indexed(gap)
    assert UNIT not in index and steps(index, LFP_1) == [[5, T0 + 4, T0 + 10]]
    assert index["raw_data/none.npy"]["array"][1] == [0, 3]


def test_files_of_nothing_beside_a_cut(gap: Handmade) -> None:
    """Of a unit without spikes, a channel without samples or with no rate, and one of protocol 2, no step is said."""
    gap.unit(times=np.empty(0), amps=np.empty((0, 3), np.int16))
    gap.lfp(2, np.empty(0, np.int16), np.empty(0, np.int64))
    gap.lfp(3, np.zeros(10, np.int16), T0 + np.r_[0:5, 20:25], sampling_rate=0)
    path = gap.lfp(4)
    path.write_bytes(header() + pickled({"ts": T0 + np.r_[0:5, 30:35], "samples": np.zeros(10, np.int16)}, 2))
    index = indexed(gap)
    assert [steps(index, UNIT, "spike_times"), steps(index, LFP_2), steps(index, "lfp_data/CSC3_lfp.npy")] == [None] * 3
    assert "lfp_data/CSC4_lfp.npy" not in index
    assert steps(index, LFP_1) == [[5, T0 + 4, T0 + 10]]


def test_stamps_of_no_century(handmade: Handmade) -> None:
    """Stamps that are neither ms nor us of this one are taken as ms, of channels and of units."""
    handmade.lfp(1, np.zeros(10, np.int16), np.r_[0:5, 10:15])
    handmade.unit(times=np.array([0.5, 3.0, 9.5, 11.5]), amps=np.zeros((4, 2), np.int16))
    index = indexed(handmade)
    assert steps(index, LFP_1) == [[5, 4, 10]]
    assert steps(index, UNIT, "spike_times") == [[3, 9.5, 11.5]]
