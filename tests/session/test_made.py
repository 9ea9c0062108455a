"""What is made when it is read, from one that makes it by hand: arrays, stamps, units, and the folder they lie in."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.folder import File, Folder
from mockrawio.ground.places import file_at, folder_at
from mockrawio.session import made as made_module
from mockrawio.session import virtual
from mockrawio.session.clock import Run
from mockrawio.session.layout import MANIFEST, find_files
from mockrawio.session.made import (
    MadeArray,
    MadeColumn,
    MadeStamps,
    MadeTimes,
    MadeUnitFile,
    MadeWaveforms,
    rows_of,
    together,
)
from mockrawio.session.virtual import completed, file_chunks, is_made
from tests.handmade import T0, Handmade
from tests.session import counting
from tests.session.counting import EVENTS, TIMES, counting_session, values


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """The folder of such a session, complete."""
    return completed(folder_at(counting_session(tmp_path / "session_1", monkeypatch)), MANIFEST)


@pytest.mark.parametrize("step", [1, 4, 7, 1 << 13])
@pytest.mark.parametrize("order", ["new", "C", "F", ">i2"])
@pytest.mark.parametrize("columns", [None, (0, 1, 2), (2, 0), (1,), ()])
def test_rows_of_an_array(
    columns: tuple[int, ...] | None, order: str, step: int, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any columns in any order, a block of rows at a time, in a new array or in one of any order of memory."""
    monkeypatch.setattr(made_module, "_STEP", step)
    array = MadeArray(File(folder, "raw_data/wide.npy"), 50, 3, columns)
    own = [0, 1, 2] if columns is None else list(columns)
    assert (array.shape, array.dtype, array.order) == ((50, len(own)), np.dtype(np.int16), "C")
    for start, stop, chosen in (
        (0, 50, slice(None)),
        (9, 16, slice(1, None)),
        (3, 4, [0] * bool(own)),
        (5, 5, slice(None)),
    ):
        taken = np.array(own, int)[chosen].tolist()
        shape = (stop - start, len(taken))
        out = {"new": None, "C": np.empty(shape, np.int16), "F": np.empty(shape, np.int16, order="F")}.get(
            order, np.empty(shape, ">i2")
        )
        found = array.read(start, stop, chosen, out)
        assert found is out or (out is None and found.dtype == np.int16)
        assert found.tolist() == values(start, stop, taken).tolist()
    assert array.view().tolist() == rows_of(array, 0, 50).tolist() == values(0, 50, own).tolist()


def test_columns_of_columns(folder: Folder) -> None:
    """Columns are chosen of those that were chosen; a column is all its rows; what it is tells it from others."""
    file = File(folder, "raw_data/wide.npy")
    array = MadeArray(file, 4, 3)
    assert array.select([2, 1]).select([1]).view().tolist() == values(0, 4, [1]).tolist()
    assert array.select([2, 1]).shape == (4, 2)
    column = MadeColumn(array.select([2]), 2)
    assert (column.shape, column.dtype, column.view().tolist()) == ((4,), np.dtype(np.int16), [2, 12, 22, 32])
    places = [array.place(), array.select([0]).place(), array.select([1]).place()]
    assert len(set(places)) == 3 and places[0] == (file.path, file.identity(), None)
    array.release()
    column.release()


def test_columns_that_are_made_together(folder: Folder) -> None:
    """Columns of arrays of one length and width are one array, in their order; others are not, and nothing is none."""
    one, two = (File(folder, f"lfp_data/CSC{k}_lfp.npy") for k in (1, 2))
    first, second = (MadeColumn(MadeArray(file, 4, 3, (k,)), k) for k, file in ((2, one), (0, two)))
    assert together([first, second]) == MadeArray(one, 4, 3, (2, 0))
    assert together([second]) == MadeArray(two, 4, 3, (0,))
    assert together([]) is together([first, np.zeros(4)]) is together([np.zeros(4)]) is None
    for n, width in ((5, 3), (4, 2)):
        assert together([first, MadeColumn(MadeArray(two, n, width, (0,)), 0)]) is None


def test_stamps_of_stretches() -> None:
    """A stamp a ms from where its stretch begins, counted from the end too."""
    stamps = MadeStamps((Run(0, 3, 10.0), Run(3, 4, 20.0), Run(4, 6, 30.0)))
    expected = [10, 11, 12, 20, 30, 31]
    assert [stamps[k] for k in range(6)] == [stamps[k] for k in range(-6, 0)] == expected
    assert (stamps.size, stamps.shape, stamps.dtype, stamps.items()) == (6, (6,), np.dtype(np.int64), stamps)
    assert type(stamps[0]) is int
    stamps.release()


def test_spikes_of_a_unit(folder: Folder) -> None:
    """Times, waveforms and ends are those of the train, whenever they are asked for."""
    file = File(folder, "spiking_data/CSC1_SU1.npy")
    unit = virtual.made(file)
    assert unit.times == MadeTimes(file) and unit.waveforms == MadeWaveforms(file)
    assert (unit.path, unit.divisor, unit.first_ms, unit.last_ms) == (file.path, 1, TIMES[0], TIMES[-1])
    assert (unit.times.shape, unit.times.dtype, unit.times.view().tolist()) == ((5,), np.float64, TIMES.tolist())
    assert unit.waveforms.dtype == np.int16
    assert unit.waveforms.rows(1, 3).tolist() == [[1, 2], [2, 3]]
    assert unit.waveforms.view().tolist() == [[k, k + 1] for k in range(5)]
    unit.times.release()
    unit.waveforms.release()


def test_a_unit_without_spikes_has_no_ends(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not numbers."""
    monkeypatch.setattr("tests.session.counting.TIMES", np.empty(0))
    unit: MadeUnitFile = virtual.made(File(folder, "spiking_data/CSC1_SU1.npy"))
    assert math.isnan(unit.first_ms) and math.isnan(unit.last_ms)
    assert unit.times.shape == (0,)


# -- the folder ----------------------------------------------------------------------------------


def test_what_is_listed(folder: Folder) -> None:
    """What is stored and what is made, files and folders, each once."""
    top = {entry.name: entry.is_dir() for entry in folder.listed()}
    stored = {MANIFEST: False, "ChannelNames.txt": False}
    assert top == {**stored, "lfp_data": True, "spiking_data": True, "raw_data": True, "notes": True}
    assert sorted(entry.name for entry in folder.listed("raw_data")) == ["wide.json", "wide.npy"]
    (entry,) = folder.listed("notes")
    assert (entry.name, entry.path) == ("made.bin", folder.prefix + "notes/made.bin")
    assert folder.file(entry) == File(folder, "notes/made.bin")
    folder.check(entry)


def test_what_is_stored_is_read(folder: Folder) -> None:
    """A file that lies there takes the place of one that would be made."""
    assert folder.makes("notes/made.bin") and is_made(File(folder, "notes/made.bin"))
    (Path(folder.path) / "notes").mkdir()
    (Path(folder.path) / "notes" / "made.bin").write_bytes(b"stored")
    file = File(folder, "notes/made.bin")
    assert not folder.makes(file.name) and not is_made(file)
    assert b"".join(map(bytes, file_chunks(file))) == b"stored"
    assert [entry.name for entry in folder.listed("notes")] == ["made.bin"]
    opened, identity = file.open()
    with opened:
        assert (opened.read(), identity.size) == (b"stored", 6)


def test_bytes_that_are_made_at_once(folder: Folder) -> None:
    """A file whose bytes are made at once opens, seeks and maps as any other; one of arrays is an error."""
    file = File(folder, "notes/made.bin")
    assert b"".join(map(bytes, file_chunks(file))) == EVENTS
    opened, identity = file.open()
    assert (opened.readable(), opened.seekable(), identity.size) == (True, True, len(EVENTS))
    assert opened.read(4) == EVENTS[:4] and opened.seek(-3, 2) == 9 and opened.read() == EVENTS[-3:]
    assert opened.seek(2) == 2 and opened.read(2) == EVENTS[2:4]
    mapped = folder.map(opened)
    assert (bytes(mapped), mapped.size()) == (EVENTS, len(EVENTS))
    assert identity == file.identity() == File(folder, MANIFEST).identity()._replace(size=len(EVENTS))
    arrays = File(folder, "raw_data/wide.npy")
    assert arrays.identity() == File(folder, MANIFEST).identity()
    with pytest.raises(BadFileError, match="wide.npy: expected a file that is stored; found one of a virtual session"):
        arrays.open()


def test_what_there_is(folder: Folder) -> None:
    """Files are there if they are stored or made."""
    for name, there in ((MANIFEST, True), ("notes/made.bin", True), ("notes", False), ("none", False)):
        found = folder.find(name)
        assert (folder.has(name), found is not None) == (there, there)
        assert found is None or found == File(folder, name)
    assert folder.makes(MANIFEST) is False
    assert folder.instead() is None and str(folder) == str(folder.place) == str(folder.path)


def test_a_manifest_that_changes(folder: Folder) -> None:
    """What is made by a manifest that is another one now is an error."""
    assert File(folder, "notes/made.bin").identity()
    with open(Path(folder.path) / MANIFEST, "a") as file:
        file.write(" ")
    for look in (File(folder, "notes/made.bin").identity, File(folder, "notes/made.bin").open):
        with pytest.raises((MockSessionError, OSError), match="made by a manifest that has changed"):
            look()


def test_a_manifest_that_changes_before_it_is_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made of a manifest that is another one than was found, or is another one once it has been read."""

    def late(manifest: File) -> counting.Maker:
        with open(manifest.path, "a") as file:
            file.write(" ")
        return counting.Maker()

    monkeypatch.setattr(counting, "maker_of", late)
    with pytest.raises(MockSessionError, match="has changed"):
        folder.has("notes/made.bin")
    monkeypatch.setattr(counting, "maker_of", lambda manifest: pytest.fail("made"))
    with pytest.raises(MockSessionError, match="has changed"):
        folder.has("notes/made.bin")


def test_it_pickles_as_a_path(folder: Folder) -> None:
    """Without what makes it, which is found again; no path is taken for such a folder unseen."""
    assert folder.has("notes/made.bin")
    data = pickle.dumps(folder)
    assert b"counting" not in data
    assert pickle.loads(data).has("notes/made.bin")
    assert virtual.VirtualFolder.takes(str(folder.path)) is False


def test_links_of_what_is_stored(folder: Folder, tmp_path: Path) -> None:
    """A stored link that leads out of the folder is an error, in a folder of which most is made, too."""
    (tmp_path / "names.txt").write_text("LA1.ncs\n")
    (Path(folder.path) / "ChannelNames.txt").unlink()
    (Path(folder.path) / "ChannelNames.txt").symlink_to(tmp_path / "names.txt")
    with pytest.raises(BadFileError, match="ChannelNames.txt: expected .*link"):
        find_files(folder.path)


@pytest.mark.parametrize("late", [False, True])
def test_where_a_manifest_says_that_it_is_virtual(late: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does within its first 512 bytes; a folder whose manifest says it later, or is left out, is one of files."""
    path = counting_session(tmp_path / "session_1", monkeypatch)
    text = (path / MANIFEST).read_text()
    mark = '"format": "mockrawio virtual session"'
    assert text.startswith("{" + mark)
    (path / MANIFEST).write_text("{" + " " * (511 - len(mark) + late) + text[1:])
    found = completed(folder_at(path), MANIFEST)
    assert isinstance(found, virtual.VirtualFolder) is not late
    assert completed(found, MANIFEST) is found
    left_out = folder_at(path, exclude=MANIFEST)
    assert completed(left_out, MANIFEST) is left_out
    nothing = folder_at(tmp_path)
    assert completed(nothing, MANIFEST) is nothing


@pytest.mark.parametrize("making", [{"maker": "another"}, {"maker": None}, {"maker": ["spec"]}, {}, None, "spec", []])
def test_makers_that_are_not_ours(making: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a session is named in our table, else it is an error that says what there is."""
    path = counting_session(tmp_path / "session_1", monkeypatch, virtual=making)
    with pytest.raises(BadFileError, match="'virtual' with a 'maker', one of spec; found"):
        completed(folder_at(path), MANIFEST).listed()


# -- the reader ------------------------------------------------------------------------------------


@pytest.fixture
def reader(folder: Folder) -> MockSessionRawIO:
    """A reader of such a session."""
    opened = MockSessionRawIO(folder.path)
    opened.parse_header()
    return opened


def test_streams_that_are_made(reader: MockSessionRawIO) -> None:
    """LFP channels are one stream, made together; a stream has its segments; a buffer is filled in any order."""
    assert reader.header["signal_streams"]["id"].tolist() == ["lfp", "wide"]
    assert {channel.source for k in (0, 1) for channel in reader.stream(k).channels} == {None}
    assert [reader.get_signal_size(0, k, s) for s in (0, 1) for k in (0, 1)] == [12_000, 8000] * 2
    assert [reader.get_signal_t_start(0, k, 1) for k in (0, 1)] == [0.0, 13.0]
    assert reader.get_analogsignal_chunk(0, 1, 5, 8, 0).tolist() == values(12_005, 12_008, [0, 1]).tolist()
    assert reader.get_analogsignal_chunk(0, 0, 5, 8, 0, [1]).tolist() == values(5, 8, [1]).tolist()
    whole = reader.get_analogsignal_chunk(0, 1, 7, 9, 1)
    assert whole.tolist() == values(12_007, 12_009, [0, 1, 2]).tolist()
    out = np.empty((2, 2), np.int16, order="F")
    assert reader.get_analogsignal_chunk(0, 1, 7, 9, 1, [2, 0], out=out) is out
    assert out.tolist() == values(12_007, 12_009, [2, 0]).tolist()
    with pytest.raises(MockSessionError, match=r"out: expected a writable array of shape \(2, 1\), int16"):
        reader.get_analogsignal_chunk(0, 1, 7, 9, 1, [1], out=out)


def test_chunks_that_would_be_views_are_read_only(reader: MockSessionRawIO) -> None:
    """Chunks of one stored array would be views of the file: these are read-only; others, and buffers, are not."""
    chunks = {
        "all": reader.get_analogsignal_chunk(0, 0, 0, 2, 1),
        "slice": reader.get_analogsignal_chunk(0, 0, 0, 2, 1, slice(1, 3)),
        "list": reader.get_analogsignal_chunk(0, 0, 0, 2, 1, [2, 0]),
        "lfp": reader.get_analogsignal_chunk(0, 0, 0, 2, 0),
        "out": reader.get_analogsignal_chunk(0, 0, 0, 2, 1, out=np.empty((2, 3), np.int16)),
    }
    assert {name: chunk.flags.writeable for name, chunk in chunks.items()} == {
        "all": False,
        "slice": False,
        "list": True,
        "lfp": True,
        "out": True,
    }
    assert not len(reader.header["signal_buffers"])


def test_a_strict_reader_takes_what_is_made(folder: Folder) -> None:
    """Stamps that are made need no check, one by one."""
    with MockSessionRawIO(folder.path, strict=True) as reader:
        assert reader.get_analogsignal_chunk(0, 1, 0, 2, 0).tolist() == values(12_000, 12_002, [0, 1]).tolist()


def test_one_lfp_channel_that_is_made(folder: Folder) -> None:
    """Stored, its chunks would be views: made, they are read-only as well."""
    with MockSessionRawIO(folder.path, exclude="lfp_data/CSC1_*") as reader:
        chunk = reader.get_analogsignal_chunk(0, 0, 3, 5, 0)
        assert (chunk.tolist(), chunk.flags.writeable) == (values(3, 5, [1]).tolist(), False)


@pytest.mark.parametrize(
    ("seg", "t_start", "t_stop", "expected"),
    [
        (0, None, None, [0, 1, 2]),
        (1, None, None, [3, 4]),
        (0, 0.01, None, [0, 1, 2]),
        (0, 0.01025, None, [1, 2]),
        (0, None, 0.02025, [0, 1]),
        (0, None, 0.02024, [0]),
        (0, 0.02025, 0.02025, [1]),
        (0, 0.02026, 12.0, []),
        (0, 13.0, None, []),
        (1, 0.0, 13.0, [3]),
        (1, 13.0005, 13.5005, [4]),
        (1, -np.inf, np.inf, [3, 4]),
    ],
)
def test_spikes_that_are_made(
    seg: int, t_start: float | None, t_stop: float | None, expected: list[int], reader: MockSessionRawIO
) -> None:
    """Limits are included, in seconds from the origin, within the segment; waveforms are those of the spikes."""
    found = reader.get_spike_timestamps(0, seg, 0, t_start, t_stop)
    assert found.tolist() == TIMES[expected].tolist()
    waveforms = reader.get_spike_raw_waveforms(0, seg, 0, t_start, t_stop)
    assert waveforms.shape == (len(expected), 1, 2)
    assert waveforms[:, 0, 0].tolist() == expected


def test_counts_and_spans_of_spikes_that_are_made(reader: MockSessionRawIO) -> None:
    """Counts, the ends of segments and the scale are those of the train and its file."""
    assert reader.unit(0).counts == (3, 2)
    assert (reader.segment_t_start(0, 0), reader.segment_t_stop(0, 0)) == (0.0, 12.5)
    assert (reader.segment_t_start(0, 1), reader.segment_t_stop(0, 1)) == (13.0, 21.0)
    assert reader.time_origin_ms == T0
    assert reader.header["spike_channels"][["wf_gain", "wf_left_sweep", "wf_sampling_rate"]][0].tolist() == (
        (0.25, 20, 32_000.0)
    )
    assert reader.unit(0).times_ms().tolist() == TIMES.tolist()
    assert reader.unit(0).waveforms(1)[:, 0].tolist() == [[3, 4], [4, 5]]
    assert reader.stream(1).ground_truth() == {"seed": 3}


def test_stored_files_beside_none_that_are_made(handmade: Handmade) -> None:
    """A file of a plain folder is not made."""
    file = file_at(handmade.lfp())
    assert not is_made(file) and virtual.made(file) is None
