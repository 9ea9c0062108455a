"""Raw files, probes and recipes at the limits of what they may be."""

from __future__ import annotations

import os
import pickle
import zipfile

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError, BoundsError, MockSessionError
from mockrawio.hybrid import Probe, RawFile, custom_probe, eMouse, neuropixels3a, raw_files, raw_probe, recording
from mockrawio.hybrid.raw_files import axis_starts, count_frames, raw_paths
from mockrawio.hybrid.recipe import Recipe, checked_flag, checked_list, checked_rate, checked_whole
from mockrawio.hybrid.recording import RawRecording, integer_type, open_raw

# -- recordings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapped", "fault", "blocks"),
    [
        (1 << 25, 1 << 21, [(0, 8)]),
        (100, 100, [(0, 2), (2, 5), (5, 7), (7, 8)]),
        (100, 50, [(0, 2), (2, 5), (5, 7), (7, 8)]),
        (101, 200, [(0, 3), (3, 5), (5, 7), (7, 8)]),
        (100, 25, [(0, 4), (4, 8)]),
    ],
)
def test_blocks_that_are_mapped(mapped, fault, blocks, monkeypatch):
    """Positions go together as long as they are near, and as many as page faults may cost in any case."""
    monkeypatch.setattr(recording, "MAPPED_BYTES", mapped)
    monkeypatch.setattr(recording, "FAULT_BYTES", fault)
    positions = np.array([0, 50, 100, 150, 180, 300, 399, 900])
    assert list(recording._mapped_blocks(positions)) == blocks
    assert list(recording._mapped_blocks(positions[:0])) == []


@pytest.mark.parametrize("events", [[3, 4, 5], [3], [3, 5, 4], [5, 3, 4], [0, 2, 3], [3, 3, 5], [4, 2, 6]])
def test_windows_are_filled(events):
    """Windows of any events, in any order, are the items asked for; others stay as they are."""
    flat, events = np.arange(100) * 7, np.array(events)
    items = np.random.default_rng(0).integers(0, 100, (len(events), 4))
    windows = np.full((8, 4), -1)
    recording._fill(windows, events, flat, items)
    expected = np.full((8, 4), -1)
    for event, some in zip(events, items, strict=True):
        expected[event] = flat[some]
    np.testing.assert_array_equal(windows, expected)


def test_how_windows_are_gathered(tmp_path, monkeypatch):
    """So many items are indexed at a time, and maps are let go of after each block of them."""
    np.arange(400).astype("<i2").tofile(tmp_path / "a.bin")
    found = open_raw(tmp_path / "a.bin", n_channels=2, sample_rate=1)
    counts, released = [], []
    fill = recording._fill
    monkeypatch.setattr(
        recording, "_fill", lambda windows, events, *more: counts.append(len(events)) or fill(windows, events, *more)
    )
    monkeypatch.setattr(RawRecording, "release", lambda self: released.append(len(counts)))
    monkeypatch.setattr(recording, "INDEX_ITEMS", 3 * 10)  # three windows of five samples of two rows
    centers = np.array([100, 20, 30, 40, 50, 60, 70])
    windows = found.gather(centers, 2, 2, [1, 0])
    np.testing.assert_array_equal(windows, [found.read(t - 2, t + 3)[:, [1, 0]] for t in centers])
    assert counts == [3, 3, 1] and released == [3]
    monkeypatch.setattr(recording, "INDEX_ITEMS", 1)
    monkeypatch.setattr(recording, "MAPPED_BYTES", 4 * 25)
    monkeypatch.setattr(recording, "FAULT_BYTES", 4 * 25)
    counts.clear()
    released.clear()
    found.gather(centers, 2, 2, [1, 0])
    assert counts == [1] * 7 and released == [3, 6, 7]


def test_files_that_shrink(tmp_path):
    """A file that has a frame, or a byte, less than when it was opened is an error."""
    for less in (1, 4):
        (tmp_path / "a.bin").write_bytes(bytes(80))
        found = open_raw(tmp_path / "a.bin", n_channels=2, sample_rate=1)
        os.truncate(tmp_path / "a.bin", 80 - less)
        with pytest.raises(BadFileError, match="as when it was opened"):
            found.read(0, 1)


def test_ranges_that_are_held(tmp_path):
    """A range is held from a file's first sample to its last; an empty one at either end, too; none goes backward."""
    files = (RawFile("a", 10, 5), RawFile("b", 15, 5), RawFile("c", 30, 5))
    found = RawRecording(files, np.dtype("<i2"), 2, 1)
    ranges = [
        (9, 12),
        (10, 15),
        (10, 16),
        (14, 15),
        (15, 20),
        (20, 20),
        (15, 15),
        (12, 11),
        (29, 31),
        (30, 35),
        (35, 35),
        (36, 36),
    ]
    held = [False, True, False, True, True, True, True, False, False, True, True, False]
    assert [found.holds(*one) for one in ranges] == held
    assert found.holds_many(*np.array(ranges).T).tolist() == held
    assert (found.start, found.stop, files[0].stop) == (10, 35, 15)
    assert [part.tolist() for part in found.bounds] == [[10, 15, 30], [15, 20, 35]]
    assert [file.tolist() for file in (found._file_of(np.array([9, 10, 14, 15, 29, 30, 99])),)] == [
        [-1, 0, 0, 1, 1, 2, 2]
    ]
    assert found._parts(12, 18) == [(0, 2, 5), (1, 0, 3)] and found._parts(10, 20) == [(0, 0, 5), (1, 0, 5)]
    for start, stop in ((12, 21), (9, 12), (30, 36), (20, 31), (12, 11)):
        with pytest.raises(BoundsError, match=f"samples {start} to {stop}"):
            found._parts(start, stop)


def test_rows_of_a_recording():
    """Rows are a list of whole numbers of channels that there are."""
    found = RawRecording((RawFile("a", 0, 5),), np.dtype("<i2"), 3, 1)
    assert found._rows([0, 2, 2]).tolist() == [0, 2, 2] and found._rows([]).dtype == np.int64
    assert found._rows(np.array([1], np.uint8)).dtype == np.int64
    for rows in ([-1], [3], [0, 3, -1]):
        with pytest.raises(BoundsError, match="channels: expected raw rows 0 to 2; found") as raised:
            found._rows(rows)
        assert raised.value.found == str(next(row for row in rows if not 0 <= row < 3))
    for rows in ([[0]], [0.0], 1, [True]):
        with pytest.raises(MockSessionError, match="channels: expected a list of rows"):
            found._rows(rows)


def test_types_of_raw_samples():
    """Samples are little-endian integers; anything else is none."""
    for value in ("int16", np.int16, "<u4", "u1", "i1", np.dtype("<i8")):
        assert integer_type(value) == np.dtype(value)
    for value in (">i2", "f4", "O", "nonsense", object(), None, "M8", "?"):
        assert integer_type(value).kind == "O"


def test_defaults_of_raw_files(tmp_path):
    """Samples are int16 by default, whole frames, of channels and a rate above 0; a pickle has no maps."""
    np.arange(6).astype("<i2").tofile(tmp_path / "a.bin")
    found = open_raw(tmp_path / "a.bin", n_channels=1, sample_rate=0.5)
    assert (found.dtype, found.stop, found.read(0, 6)[:, 0].tolist()) == (np.dtype("<i2"), 6, [*range(6)])
    assert sorted(found.__getstate__()) == ["dtype", "files", "n_channels", "sample_rate"]
    assert pickle.loads(pickle.dumps(found)).read(2, 3).tolist() == [[2]]
    with pytest.raises(BadFileError, match="whole frames of 10 bytes; found 1 of them and 2 bytes more"):
        open_raw(tmp_path / "a.bin", n_channels=5, sample_rate=1)
    for how in ({"n_channels": 0, "sample_rate": 1}, {"n_channels": -1, "sample_rate": 1}):
        with pytest.raises(MockSessionError, match="n_channels: expected a whole number above 0"):
            open_raw(tmp_path / "a.bin", **how)
    for rate in (0, -1):
        with pytest.raises(MockSessionError, match="sample_rate: expected a number of Hz above 0"):
            open_raw(tmp_path / "a.bin", n_channels=1, sample_rate=rate)


# -- files -----------------------------------------------------------------------------------------


def test_frames_of_a_file(tmp_path):
    """A file has as many frames as it has whole ones, one at least; what is left over is an error, or not."""
    for size, frames in ((8, 1), (9, 1), (15, 1), (16, 2)):
        (tmp_path / "a").write_bytes(bytes(size))
        assert count_frames(str(tmp_path / "a"), 8, True) == frames
        if size % 8 == 0:
            assert count_frames(str(tmp_path / "a"), 8) == frames
            continue
        with pytest.raises(BadFileError, match=f"whole frames of 8 bytes; found 1 of them and {size % 8} bytes more"):
            count_frames(str(tmp_path / "a"), 8)
    for size in (0, 7):
        (tmp_path / "a").write_bytes(bytes(size))
        with pytest.raises(BadFileError, match=f"at least one frame of 8 bytes; found {size} bytes"):
            count_frames(str(tmp_path / "a"), 8, True)


def test_the_order_of_files():
    """Numbers sort as numbers, before any text; digits of other scripts are text."""
    names = ["f٣", "fb", "f10", "f2", "f", "2", "10", "a1b10", "a1b9", "f02x"]
    assert raw_paths(names) == ["2", "10", "a1b9", "a1b10", "f", "f2", "f02x", "f10", "f٣", "fb"]
    assert raw_paths(["x"]) == ["x"]
    for paths, words in (
        ([], "source: expected at least one file"),
        (["a", "b", "a"], r"every file once; found \['a'\]"),
    ):
        with pytest.raises(MockSessionError, match=words):
            raw_paths(paths)


def test_results_among_sources(tmp_path, caplog):
    """A result is left out if its source is there: its name without the ``.GT`` before its last dot, or at the end."""
    names = ["a.GT.bin", "a.bin", "b.GT", "b", "c.GT.x.bin", "c.x.bin", "d.GT.bin", "e.GT.bin.GT", "e.GT.bin", "GT.bin"]
    for name in names:
        (tmp_path / name).touch()
    found = [os.path.basename(path) for path in raw_paths(str(tmp_path / "*"))]
    assert sorted(found) == sorted(set(names) - {"a.GT.bin", "b.GT", "e.GT.bin.GT"})
    assert caplog.text.count(".GT") >= 3


def starts(told, given, frames=(5, 5, 5)):
    """Where three files start, of which the .meta files tell this."""
    paths = ["a.bin", "b.bin", "c.bin"][: len(told)]
    metas = {path: {"firstSample": str(first)} for path, first in zip(paths, told, strict=True) if first is not None}
    return axis_starts(paths, list(frames[: len(told)]), metas, given)


@pytest.mark.parametrize(
    ("told", "given", "expected"),
    [
        ([100, 110, 130], None, [0, 10, 30]),
        ([100, 110, 130], 7, [7, 17, 37]),
        ([100, 110, 130], [3, 13, 33], [3, 13, 33]),
        ([100, 95, 130], 5, [5, 0, 35]),
        ([None, None, None], [0, 5, 9], [0, 5, 9]),
        ([None, 110, 130], [0, 5, 25], [0, 5, 25]),
        ([None], None, [0]),
        ([None], 9, [9]),
        ([50], None, [0]),
        ([50], 9, [9]),
        ([50], [9], [9]),
    ],
    ids=str,
)
def test_where_files_start(told, given, expected):
    """Files start where they are said to, or as their .meta files tell, from the first file or a given sample on."""
    assert starts(told, given) == expected


@pytest.mark.parametrize(
    ("told", "given", "words"),
    [
        ([100, 95, 130], None, "no file before the naturally first one; found -5 for b.bin"),
        ([100, 95, 130], 4, "found -1 for b.bin"),
        (
            [None, 110, 130],
            None,
            r"a.bin: expected a .meta with firstSample beside each of 3 files; .* be \[0, 5, 10\]",
        ),
        ([100, None, 130], 4, "b.bin: expected a .meta"),
        ([100, 110, 130], [0, 10, 31], "c.bin: expected start_time 30 samples after that of a.bin, .*; found 31"),
        ([None, 110, 130], [0, 5, 26], "c.bin: expected start_time 20 samples after that of b.bin, .*; found 21"),
        ([100, 110, 130], [0, 10], "start_time: expected one start for each of 3 files; found 2 of them"),
        ([100, 110, 130], [0, 10, -1], "start_time: expected whole numbers from 0 up"),
        ([100, 110, 130], -1, "start_time: expected whole numbers from 0 up"),
        ([100, 110, 130], [7], "start_time: expected one start for each of 3 files; found 1 of them"),
    ],
    ids=str,
)
def test_where_files_cannot_start(told, given, words):
    """What is unknown, negative, too few, or not what the .meta files tell is refused."""
    with pytest.raises(MockSessionError, match=words):
        starts(told, given)
    assert raw_files._given(None, 3) == [] and raw_files._given(4, 3) == [4]


# -- probes ----------------------------------------------------------------------------------------


def test_shapes_of_a_probe():
    """Arrays may have sides of one; a probe may have one site, more than two coordinates, and sites without a place."""
    one = Probe([[0]], [[True]], [[1, 2]])
    assert (one.channel_map.tolist(), one.connected.tolist(), one.n_channels) == ([0], [True], 1)
    wide = Probe([[1], [0]], [[True, False]], np.array([[1.0, -0.0, 3], [np.nan, 1, -np.inf]]))
    assert wide.channel_map.tolist() == [1, 0] and wide.connected.tolist() == [True, False]
    assert np.signbit(wide.channel_positions[0]).tolist() == [False] * 3 and wide.channel_positions.shape == (2, 3)
    for probe in (one, wide):
        assert not any(
            getattr(probe, name).flags.writeable for name in ("channel_map", "connected", "channel_positions")
        )
    assert neuropixels3a().n_channels == 385 and neuropixels3a(False).n_channels == 384 and eMouse().n_channels == 34
    assert custom_probe([0], [True], [[1, 2]]) == one and repr(wide) == "<Probe 'Custom': 2 channels, 1 connected>"


def test_sites_of_known_probes():
    """A Neuropixels 3A probe has four columns of sites in rows 20 µm apart, ten references, and a sync row or none."""
    for made, n_rows in ((neuropixels3a(), 385), (neuropixels3a(sync_channel=True), 385), (neuropixels3a(False), 384)):
        assert made.channel_map.tolist() == [*range(n_rows)] and made.name == "Neuropixels Phase 3A"
        sites = [[(43.0, 11.0, 59.0, 27.0)[k % 4], 20.0 * (k // 2 + 1)] for k in range(384)]
        assert made.channel_positions[:384].tolist() == sites and np.isnan(made.channel_positions[384:]).all()
        apart = [36, 75, 112, 151, 188, 227, 264, 303, 340, 379, 384][: 11 - (n_rows == 384)]
        assert np.flatnonzero(~made.connected).tolist() == apart
    mouse = eMouse()
    rows = [32, 33, *range(7, 32, 2), *range(6, 31, 2), *range(6)]
    assert mouse.channel_map.tolist() == rows and np.flatnonzero(~mouse.connected).tolist() == [0, 1]
    across = [20.0 * int(x) for x in "10010101010101011010101010101010"]
    down = [140, 160, *(20.0 * y for k in range(9, 16) for y in (k, k)), *(320, 340)]
    down += [*(340, 360, 360, 380, 380, 400, 400, 420, 420, 440, 440, 460, 460, 480)]
    assert mouse.channel_positions[2:].tolist() == [[x, y] for x, y in zip(across, down, strict=True)]
    assert np.isnan(mouse.channel_positions[:2]).all() and mouse.channel_positions.shape == (34, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channel_map": [[0, 1], [1, 0]]}, r"channel_map: expected one dimension; found the shape \(2, 2\)"),
        ({"channel_map": np.zeros((0,), int)}, r"channel_map: expected one dimension; found the shape \(0,\)"),
        ({"channel_map": ["a", "b"]}, "channel_map: expected whole numbers; found dtype <U1"),
        ({"connected": [True]}, r"the shape \(2,\); found the shape \(1,\)"),
        ({"connected": [[True, True], [True, True]]}, r"found the shape \(2, 2\)"),
        ({"channel_positions": [1, 2]}, r"\(2, 2\); found the shape \(2,\)"),
        ({"channel_positions": [[1], [2]]}, r"found the shape \(2, 1\)"),
        ({"channel_positions": [[1, 2]]}, r"found the shape \(1, 2\)"),
        ({"channel_positions": [[1, 2], [3, np.inf]]}, "a position for every connected site; found none at entry 1"),
        ({"channel_positions": [[1, np.nan], [3, np.nan]]}, "found none at entry 0"),
        ({"name": b"x"}, "name: expected a str"),
    ],
    ids=str,
)
def test_what_is_no_probe(change, words):
    """Each array has its type, its shape, and a place for each site that is connected."""
    given = {"channel_map": [1, 0], "connected": [True, True], "channel_positions": [[0, 0], [0, 1]], **change}
    with pytest.raises(MockSessionError, match=words):
        Probe(**given)


def test_rows_that_are_told():
    """Of up to twelve rows all are told, of more the first and last four."""
    for count, told in ((12, "[0 1 2 3 4 5 6 7 8 9 10 12]"), (13, "[0 1 2 3 ... 9 10 11 13]")):
        rows = np.arange(count)
        rows[-1] += 1
        with pytest.raises(MockSessionError, match=f"every raw row 0 to {count - 1} once") as raised:
            Probe(rows, np.ones(count, bool), np.zeros((count, 2)))
        assert " ".join(raised.value.found.split()).replace("[ ", "[") == f"the rows {' '.join(told.split())}"


def test_files_of_probes(tmp_path, monkeypatch):
    """A file has four members, of 64 MiB together at most; a name of bytes, or of another kind, is made text."""
    path = tmp_path / "p.npz"
    probe = Probe([1, 0], [True, False], [[0, 1], [2, 3]], "Ä")
    probe.save(path)
    again = Probe.load(path)
    assert (again, again.name, hash(again)) == (probe, "Ä", hash(probe)) and again != Probe(
        [0, 1], [True, False], [[0, 1], [2, 3]]
    )
    assert raw_probe.MAX_BYTES == 1 << 26
    size = sum(info.file_size for info in zipfile.ZipFile(path).infolist())
    monkeypatch.setattr(raw_probe, "MAX_BYTES", size)
    assert Probe.load(path) == probe
    monkeypatch.setattr(raw_probe, "MAX_BYTES", size - 1)
    with pytest.raises(BadFileError, match=f"p.npz: expected a probe of at most {size - 1} bytes; found {size}"):
        Probe.load(path)
    monkeypatch.undo()
    arrays = {"channel_map": [1, 0], "connected": [True, False], "channel_positions": [[0, 1], [2, 3]]}
    np.savez(path, **arrays, name=7, more=np.zeros(3))
    assert Probe.load(path).name == "7"
    np.savez(path, **arrays)
    with pytest.raises(BadFileError, match="p.npz: expected the members .*; found no name"):
        Probe.load(path)
    np.savez(path, **{**arrays, "connected": [1, 0]}, name="n")
    with pytest.raises(BadFileError, match="p.npz: expected a probe; found Probe.connected: expected bools"):
        Probe.load(path)


# -- recipes ---------------------------------------------------------------------------------------


def test_defaults_of_a_recipe():
    """What is not said is hybridfactory's."""
    told = Recipe(ground_truth_units=[3])
    given = {name: getattr(told, name) for name in Recipe.__dataclass_fields__}
    assert given == {
        "ground_truth_units": (3,), "session_name": None, "random_seed": None, "num_singular_values": 6,
        "channel_shift": None, "synthetic_rate": (), "jitter_factor": 100, "amplitude_scale_min": 1.0,
        "amplitude_scale_max": 1.0, "samples_before": 40, "samples_after": 40, "compat": False, "max_events": None,
        "allow_skips": False,
    }  # fmt: skip
    assert told.rates == [None] and told.saved == {} and told.drawn_with == "seed None"
    drawn = told.resolved()
    assert len(drawn.session_name) == 8 and 0 <= drawn.random_seed < 2**31 and drawn.resolved() == drawn


@pytest.mark.parametrize(
    ("name", "low", "high", "optional"),
    [
        ("random_seed", 0, 2**31 - 1, True),
        ("num_singular_values", 1, None, False),
        ("channel_shift", 0, None, True),
        ("jitter_factor", 0, None, False),
        ("samples_before", 1, None, False),
        ("samples_after", 1, None, False),
        ("max_events", 1, None, True),
    ],
)
def test_whole_numbers_of_a_recipe(name, low, high, optional):
    """Each whole number has its least value, the seed a greatest one, and some may be left out."""
    for value in (low, np.int64(low + 1), high or 10**9):
        kept = getattr(Recipe(ground_truth_units=[1], **{name: value}), name)
        assert kept == value and type(kept) is int
    for value in (low - 1, low + 0.5, True, "1", *([high + 1] if high else []), *([] if optional else [None])):
        with pytest.raises(
            MockSessionError, match=f"HybridParams.{name}: expected a whole number from {low}"
        ) as raised:
            Recipe(ground_truth_units=[1], **{name: value})
        words = raised.value.expected
        assert words.endswith(", or None") is optional and (" up" in words) is (high is None)
    if optional:
        assert getattr(Recipe(ground_truth_units=[1], **{name: None}), name) is None


def test_units_of_a_recipe():
    """Units are whole numbers from 0 up, in the order given, of a set ascending."""
    for given, kept in (([3, 0, 3], (3, 0, 3)), ({5, 1, 3}, (1, 3, 5)), (np.array([2, 1]), (2, 1)), (iter([4]), (4,))):
        assert Recipe(ground_truth_units=given).ground_truth_units == kept
    for given in ([], [-1], [1.0], [True], "12", 3, None, {1: 2}, np.array([[1]])):
        with pytest.raises(MockSessionError, match="HybridParams.ground_truth_units: expected a list of labels"):
            Recipe(ground_truth_units=given)


def test_names_of_a_recipe():
    """A name is part of a file's name: not empty, without blanks at its ends, and of characters that any system has."""
    for name in ("a b", "ä-1", "x" * 50, "."):
        assert Recipe(ground_truth_units=[1], session_name=name).session_name == name
    for name in ("", " a", "a ", "a\n", "a\x00b", *(f"a{c}b" for c in '/\\:*?"<>|'), 3):
        with pytest.raises(MockSessionError, match="HybridParams.session_name: expected part of a file's name"):
            Recipe(ground_truth_units=[1], session_name=name)


def test_amplitudes_of_a_recipe():
    """Amplitudes are factors above 0, the least of them no more than the greatest."""
    kept = Recipe(ground_truth_units=[1], amplitude_scale_min=2, amplitude_scale_max=2)
    assert (kept.amplitude_scale_min, type(kept.amplitude_scale_min)) == (2.0, float)
    for name in ("amplitude_scale_min", "amplitude_scale_max"):
        for value in (0, -1, np.inf, np.nan, True, "1", None):
            with pytest.raises(MockSessionError, match=f"HybridParams.{name}: expected a factor above 0"):
                Recipe(ground_truth_units=[1], **{name: value})
    with pytest.raises(
        MockSessionError, match="amplitude_scale_min: expected at most amplitude_scale_max, 2.0; found 2.1"
    ):
        Recipe(ground_truth_units=[1], amplitude_scale_min=2.1, amplitude_scale_max=2)


def test_rates_of_a_recipe():
    """Rates are none, or one a unit, of Hz above 0, up to the rate of what they are for."""
    recipe = Recipe(ground_truth_units=[1, 2], synthetic_rate=[5.0, 0.5])
    assert recipe.synthetic_rate == (5, 0.5) and type(recipe.synthetic_rate[0]) is int and recipe.rates == [5, 0.5]
    recipe.check_for(5)
    with pytest.raises(MockSessionError, match=r"synthetic_rate: expected at most the sample_rate, 4.9; found \[5\]"):
        recipe.check_for(4.9)
    with pytest.raises(MockSessionError) as raised:
        recipe.check_for(0.4)
    assert raised.value.found == "[5]"  # the first of them
    assert Recipe(ground_truth_units=[1, 2], synthetic_rate=()).rates == [None, None]
    for rates in ([1], [1, 2, 3]):
        with pytest.raises(MockSessionError, match="no rates, or one for each of 2 units; found .* of them"):
            Recipe(ground_truth_units=[1, 2], synthetic_rate=rates)
    for rate in (0, -1, np.inf, np.nan, True, None):
        with pytest.raises(MockSessionError, match="synthetic_rate: expected a number of Hz above 0"):
            Recipe(ground_truth_units=[1], synthetic_rate=[rate])


def test_kinds_of_parameters():
    """Flags, rates, numbers and lists are Python's or NumPy's, and are kept as Python's."""
    assert checked_flag("f", np.True_) is True and checked_flag("f", False) is False
    for value in (0, 1, None, "True"):
        with pytest.raises(MockSessionError, match="f: expected True or False"):
            checked_flag("f", value)
    assert [checked_rate("r", value) for value in (np.float32(2), 2.5, np.int8(3))] == [2, 2.5, 3]
    assert checked_whole("n", 5, 5, 5, optional=False) == 5 and checked_whole("n", None, 0, 1, optional=True) is None
    for value in (4, 6, None):
        with pytest.raises(MockSessionError, match="n: expected a whole number from 5 to 5"):
            checked_whole("n", value, 5, 5, optional=False)
    assert checked_list("l", (1, 2), "e") == [1, 2] and checked_list("l", np.array([1]), "e") == [1]
    for value in (1, "a", b"a", {1: 2}, np.zeros((2, 2)), np.array(1)):
        with pytest.raises(MockSessionError, match="l: expected e"):
            checked_list("l", value, "e")
