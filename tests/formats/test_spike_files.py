"""Files of spikes line by line and dataset by dataset, and the order that blocks of them are put in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats.spikes import any_format, blocks, csv, read_spikes, sonata, sonata_out, spool
from mockrawio.formats.spikes.blocks import SpikeBlock, blocks_of, checked_ids, checked_times, sorting_index
from mockrawio.formats.spikes.csv import read_csv_blocks, write_spikes_csv
from mockrawio.formats.spikes.h5_out import H5Out
from mockrawio.formats.spikes.sonata import read_sonata_blocks, sonata_populations
from mockrawio.formats.spikes.sonata_out import append_sonata, write_sonata
from mockrawio.formats.spikes.spool import by_id
from mockrawio.ground.errors import BadFileError, MockSessionError


def text(folder: Path, *lines: str) -> Path:
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "a.csv"


def spikes_of(path: Path, **how: Any) -> list[tuple[float, int]]:
    read = [*read_spikes(path, **how)]
    return [(t, n) for block in read for t, n in zip(block.times_ms.tolist(), block.node_ids.tolist(), strict=True)]


TWO = [(1.5, 3), (0.25, 18446744073709551615)]


@pytest.mark.parametrize("block", [1, 20, 1 << 20])
@pytest.mark.parametrize(
    "lines",
    [
        ("timestamps node_ids", "1.5 3", "0.25 18446744073709551615"),
        ("timestamps node_ids", "1.5 3", "", "  ", "2.5e-1\t18446744073709551615", ""),
        ("node_ids population timestamps", "3 a 1.5", "18446744073709551615 a .25"),
        ("timestamps,node_ids", "1.5, 3", "0.25 ,18446744073709551615"),
        ("more node_id timestamps", "x 3 +1.5", "y 18446744073709551615 00.25"),
        ("1.5 3", "0.25 18446744073709551615"),
        ("1.5 default 3", "0.25 default 18446744073709551615"),
        ("1.5,3", "0.25,18446744073709551615"),
        ("gid spike-times", "3 1.5", "18446744073709551615 0.25"),
        ("gid spike_times", '3 "1.5"', "4", "18446744073709551615 0.25,"),
        ("gids spike-times", "3 1.5", "4 ", "18446744073709551615 0.25"),
    ],
)
def test_lines(lines: tuple[str, ...], block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns may be in any order, parted by blanks or commas, named or not, in blocks of any size."""
    monkeypatch.setattr(csv, "BLOCK", block)
    assert spikes_of(text(tmp_path, *lines)) == TWO


def test_nodes_with_many_times(tmp_path: Path) -> None:
    """A line of a node has its times with commas."""
    assert spikes_of(text(tmp_path, "7 1,2.5,3", "8 0,")) == [(1, 7), (2.5, 7), (3, 7), (0, 8)]
    assert spikes_of(text(tmp_path, "gid spike-times", "7 1,2.5", "8")) == [(1, 7), (2.5, 7)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "spikes, or a line that names columns; found nothing"),
        (("", " "), "spikes, or a line that names columns; found nothing"),
        (("a b",), "columns timestamps and node_ids, or gid and spike-times; found a, b"),
        (("timestamps population", "1 a"), "found timestamps, population"),
        (("1 2 3 4",), "two or three columns; found 4 in the first line"),
        (("1",), "two or three columns; found 1 in the first line"),
        (("timestamps node_ids", "1 2", "", "3"), "2 columns in line 4; found 1"),
        (("timestamps node_ids", "1 2 3"), "2 columns in line 2; found 3"),
        (("timestamps node_ids population", "1 5", "2 3 4 b"), "3 columns in line 2; found 2"),
        (("node_ids timestamps", "3"), "2 columns in line 2; found 1"),
        (("node_ids,spike-times", "3"), "2 columns in line 2; found 1"),
        (("timestamps node_ids", "1 2", "-0.5 3"), "a finite time from 0 in line 3; found '-0.5'"),
        (("timestamps node_ids", "inf 3"), "a finite time from 0 in line 2; found 'inf'"),
        (("timestamps node_ids", "1e999 3"), "a finite time from 0 in line 2; found '1e999'"),
        (("timestamps node_ids", "1_0 3"), "a finite time from 0 in line 2; found '1_0'"),
        (("timestamps node_ids", "\u0661 3"), "a finite time from 0 in line 2"),
        (("timestamps node_ids", "1 -3"), "a whole id from 0 in line 2; found '-3'"),
        (("timestamps node_ids", "1 3.0"), "a whole id from 0 in line 2; found '3.0'"),
        (("timestamps node_ids", "1 18446744073709551616"), "a whole id from 0 in line 2"),
        (("timestamps,node_ids", "1,000000000000000000003"), "a whole id from 0 in line 2"),
        (("timestamps node_ids", "1 \u0663"), "a whole id from 0 in line 2"),
        (("timestamps population node_ids", "1.0 p 0 \0 2.0", "1"), "3 columns in line 2; found 5"),
        (("1 x",), "a whole id from 0 in line 1; found 'x'. Let the first line name the columns"),
        (("1 2", "1 x"), "a whole id from 0 in line 2; found 'x'. Correct that line"),
        (("timestamps node_ids", "1 x"), "found 'x'. Correct that line"),
    ],
)
def test_lines_that_are_refused(lines: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """An error has the number of the line, what was expected and what stands there."""
    with pytest.raises(BadFileError) as caught:
        spikes_of(text(tmp_path, *lines))
    assert said in str(caught.value)


@pytest.mark.parametrize(("n", "fits"), [(29, True), (30, False)])
def test_long_lines(n: int, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line has so many characters at most, its end among them."""
    monkeypatch.setattr(csv, "MOST_LINE", 30)
    lines = text(tmp_path, "timestamps node_ids", "1".ljust(n - 2) + " 2", "3 4")
    if fits:
        assert spikes_of(lines) == [(1, 2), (3, 4)]
        return
    with pytest.raises(BadFileError, match="at most 30 characters in line 2; found more"):
        spikes_of(lines)


def test_what_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused, after the last line that is."""
    (tmp_path / "a.csv").write_bytes(b"timestamps node_ids\n1 2\n\xff")
    with pytest.raises(BadFileError, match="text in UTF-8"):
        spikes_of(tmp_path / "a.csv")


@pytest.mark.parametrize("block", [1, 1 << 20])
def test_populations(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several populations one has to be chosen; how long spikes last is the latest so far."""
    monkeypatch.setattr(csv, "BLOCK", block)
    path = text(tmp_path, "timestamps population node_ids", "5 a 1", "3 b 2", "4 a 3")
    assert spikes_of(path, population="a") == [(5, 1), (4, 3)]
    assert spikes_of(path, population="b") == [(3, 2)]
    stops = [block.stop_ms for block in read_csv_blocks(path, "b")]
    assert stops in ([0.0, 3.0, 3.0, 3.0], [3.0])
    with pytest.raises(BadFileError, match="one population, or a name to choose by; found a, b, maybe more. Pass"):
        spikes_of(path)
    with pytest.raises(BadFileError, match="a population 'c'; found a, b. Choose one"):
        spikes_of(path, population="c")
    assert spikes_of(text(tmp_path, "timestamps node_ids"), population="c") == []
    assert spikes_of(text(tmp_path, "1 p 2"), population="p") == [(1, 2)]
    many = text(tmp_path, "timestamps population node_ids", *(f"1 p{k} 1" for k in range(12)))
    with pytest.raises(BadFileError) as caught:
        spikes_of(many, population="c")
    assert "found " + ", ".join(f"p{k}" for k in range(10)) + ". Choose" in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", 'a"', "a,b", "a'", "a\n", 3])
def test_what_is_written_as_text(name: Any, tmp_path: Path) -> None:
    """Times are written to the last digit, of a population of one word."""
    some = [
        SpikeBlock(np.array([0.1, 1e-7]), np.array([3, 4], np.uint64)),
        SpikeBlock(np.array([5.0]), np.array([6], np.uint64)),
    ]
    path = write_spikes_csv(tmp_path / "more" / "a.csv", some, population="p")
    assert path.read_text() == "timestamps population node_ids\n0.1 p 3\n1e-07 p 4\n5.0 p 6\n"
    assert spikes_of(path) == [(0.1, 3), (1e-7, 4), (5.0, 6)]
    with pytest.raises(MockSessionError, match="a name of one word, no quotes or commas"):
        write_spikes_csv(tmp_path / "b.csv", some, population=name)
    with pytest.raises(MockSessionError):
        write_spikes_csv(path, some)
    assert write_spikes_csv(path, some[1], overwrite=True).read_text().endswith("\n5.0 default 6\n")


# -- blocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "ids", "order", "found"),
    [
        ([1, 1, 2], [2, 3, 1], "by_time", None),
        ([1, 1, 2], [3, 2, 1], "by_time", [1, 0, 2]),
        ([2, 1], [1, 1], "by_time", [1, 0]),
        ([2, 1], [1, 1], "none", None),
        ([5, 1, 2], [1, 2, 2], "by_id", None),
        ([5, 2, 1], [1, 2, 2], "by_id", [0, 2, 1]),
        ([1, 2, 3], [2, 1, 2], "by_id", [1, 0, 2]),
        ([1, 2, 3], [70_000, 1, 65_536], "by_id", [1, 2, 0]),
        ([1, 2, 3], [65_535, 1, 65_535], "by_id", [1, 0, 2]),
        ([3, 2, 1], [2, 1, 2], "by_id", [1, 2, 0]),
        ([1], [1], "by_id", None),
        ([], [], "by_time", None),
        ([2, 2], [1, 1], "by_time", None),
    ],
)
def test_orders(times: list[float], ids: list[int], order: Any, found: list[int] | None) -> None:
    """Spikes are sorted by one key, ties by the other; those that are sorted stay."""
    index = sorting_index(np.array(times, float), np.array(ids, np.uint64), order)
    assert (None if index is None else index.tolist()) == found
    sorted_ = SpikeBlock.of(SpikeBlock(np.array(times, float), np.array(ids, np.uint64), 9.0, {"g": range(3)}), order)
    picked = range(len(times)) if found is None else found
    assert sorted_.times_ms.tolist() == [times[k] for k in picked]
    assert sorted_.node_ids.tolist() == [ids[k] for k in picked]
    assert (sorted_.stop_ms, sorted_.groups) == (9.0, {"g": range(3)})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.0, 5], None),
        ([], None),
        ([-1e-9], "values from -1e-09"),
        ([1, np.inf], "values from 1.0 to inf"),
        ([np.nan, 1], "values from nan"),
        ([[1.0]], r"shape \(1, 1\)"),
        (["x"], "something else"),
    ],
)
def test_times(values: Any, said: str | None) -> None:
    """Times are finite, from 0 on, in one dimension."""
    if said is None:
        assert checked_times(values).dtype == np.float64
        return
    with pytest.raises(MockSessionError, match=said):
        checked_times(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([0, 5]), None),
        ([], None),
        (np.array([2**64 - 1], np.uint64), None),
        (np.array([-1]), "negative ids"),
        ([1.0], "float64"),
        (np.array([[1]]), r"int64 \(1, 1\)"),
    ],
)
def test_ids(values: Any, said: str | None) -> None:
    """Ids are whole numbers from 0, in one dimension."""
    if said is None:
        assert checked_ids(values).dtype == np.uint64
        return
    with pytest.raises(MockSessionError, match=said):
        checked_ids(values)


def test_what_a_block_is() -> None:
    """A block alone is a list of one; several are as they are."""
    one = SpikeBlock(np.zeros(0), np.zeros(0, np.uint64))
    assert blocks_of(one) == [one]
    both = (one, one)
    assert blocks_of(both) is both
    assert (one.stop_ms, one.groups, blocks.NAMELESS) == (0.0, {}, "default")
    assert any_format() == ".csv or SONATA" or any_format() == "SONATA or .csv"


@pytest.mark.parametrize("most", [1, 2, 3, 5, 100])
def test_by_id(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks in any order come out by id and time, in ranges of about so many spikes, all with the last's groups."""
    monkeypatch.setattr(spool, "RANGE", most)
    rng = np.random.default_rng(0)
    some = [
        SpikeBlock(
            rng.integers(0, 50, n) / 2, rng.integers(0, 6, n).astype(np.uint64) * 1000, stop, {f"g{n}": range(n)}
        )
        for n, stop in ((7, 30.0), (0, 90.0), (11, 40.0))
    ]
    found = list(by_id(some, tmp_path / "a"))
    pairs = [(n, t) for one in found for n, t in zip(one.node_ids.tolist(), one.times_ms.tolist(), strict=True)]
    assert pairs == sorted(
        (n, t) for one in some for n, t in zip(one.node_ids.tolist(), one.times_ms.tolist(), strict=True)
    )
    assert all((one.stop_ms, one.groups) == (90.0, {"g7": range(7), "g0": range(0), "g11": range(11)}) for one in found)
    counts = np.unique([n for n, _ in pairs], return_counts=True)[1]
    ends = np.flatnonzero(np.diff(np.cumsum(counts) // most)) + 1
    assert [len(one.times_ms) for one in found] == [int(part.sum()) for part in np.split(counts, ends) if len(part)]
    assert len(list(by_id([], tmp_path / "a"))) == 1
    assert list(tmp_path.iterdir()) == []


# -- SONATA -------------------------------------------------------------------------------------


@pytest.fixture
def h5py() -> Any:
    """What writes the files of these tests."""
    return pytest.importorskip("h5py")


def made(h5py: Any, folder: Path, **datasets: Any) -> Path:
    """Write datasets, "__" for "/", a pair of values and attributes for one with attributes."""
    path = folder / "a.h5"
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            place = name.replace("__", "/")
            values, attributes = value if isinstance(value, tuple) else (value, {})
            if values is None:
                file.require_group(place).attrs.update(attributes)
            else:
                file[place] = values
                file[place].attrs.update(attributes)
    return path


T, N = np.array([1.0, 4.0, 2.5]), np.array([3, 1, 2], np.uint64)


@pytest.mark.parametrize(
    ("units", "scale"),
    [
        ("", 1),
        ("ms", 1),
        ("millisecond", 1),
        ("milliseconds", 1),
        ("s", 1000),
        ("second", 1000),
        ("seconds", 1000),
        (b"ms", 1),
        (None, 1),
    ],
)
def test_units_of_sonata(units: Any, scale: int, h5py: Any, tmp_path: Path) -> None:
    """Times are in ms, or in s where that is said; they last to the last one."""
    more = {} if units is None else {"units": units}
    path = made(h5py, tmp_path, spikes__p__timestamps=(T, more), spikes__p__node_ids=N)
    (block,) = read_sonata_blocks(path)
    assert block.times_ms.tolist() == (T * scale).tolist()
    assert (block.node_ids.tolist(), block.stop_ms, block.groups) == ([3, 1, 2], 4.0 * scale, {})


@pytest.mark.parametrize(
    ("attributes", "stop", "groups"),
    [
        ({"duration_ms": 9.0, "groups": '{"a": [1, 3]}'}, 9.0, {"a": range(1, 3)}),
        ({"duration_ms": 0.0, "groups": "[]"}, 0.0, {}),
        ({"duration_ms": -1.0, "groups": '{"a": 3}'}, 4.0, {}),
        ({"duration_ms": np.inf, "groups": "{"}, 4.0, {}),
        ({"duration_ms": np.nan, "groups": 3}, 4.0, {}),
        ({"duration_ms": 9, "groups": '{"a": [1]}'}, 4.0, {}),
    ],
)
def test_attributes_of_sonata(attributes: Any, stop: float, groups: Any, h5py: Any, tmp_path: Path) -> None:
    """How long spikes last, and their groups, are ours if they can be; another program's are passed over."""
    path = made(h5py, tmp_path, spikes__p__timestamps=T, spikes__p__node_ids=N, spikes__p=(None, attributes))
    (block,) = read_sonata_blocks(path)
    assert (block.stop_ms, block.groups) == (stop, groups)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_blocks_of_sonata(size: int, h5py: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spikes are read in blocks, each with the duration of all; of none there is one empty block."""
    monkeypatch.setattr(sonata, "BLOCK", size)
    path = made(h5py, tmp_path, spikes__p__timestamps=T, spikes__p__node_ids=N)
    found = list(read_sonata_blocks(path))
    assert [one.times_ms.tolist() for one in found] == [T[k : k + size].tolist() for k in range(0, 3, size)]
    assert {one.stop_ms for one in found} == {4.0}
    early = made(h5py, tmp_path, spikes__p__timestamps=-np.sort(-T), spikes__p__node_ids=N)
    assert {one.stop_ms for one in read_sonata_blocks(early)} == {4.0}
    none = made(h5py, tmp_path, spikes__p__timestamps=T[:0], spikes__p__node_ids=N[:0])
    assert [(one.times_ms.tolist(), one.stop_ms) for one in read_sonata_blocks(none)] == [([], 0.0)]
    bad = made(h5py, tmp_path, spikes__p__timestamps=T - [0, 0, 3], spikes__p__node_ids=N)
    with pytest.raises(
        BadFileError, match=rf"finite times from 0 in spikes {2 // size * size} to {2 // size * size + size}; found"
    ):
        list(read_sonata_blocks(bad))


@pytest.mark.parametrize(
    ("datasets", "population", "said"),
    [
        ({"x": [1]}, None, "a group /spikes; found x"),
        ({"spikes": [1]}, None, "a group /spikes; found spikes"),
        ({"spikes": (None, {})}, None, "a population of spikes; found none"),
        ({"spikes__p__timestamps": T}, None, "a dataset /spikes/p/node_ids of one dimension; found none"),
        (
            {"spikes__p__timestamps": T, "spikes__p__node_ids": N[:2]},
            None,
            "as many timestamps as node_ids; found 3 and 2",
        ),
        ({"spikes__p__timestamps": T[None], "spikes__p__node_ids": N}, None, r"of one dimension; found shape (1, 3)"),
        (
            {"spikes__p__timestamps": T, "spikes__p__node_ids": T},
            None,
            "whole numbers in /spikes/p/node_ids; found values of type float64",
        ),
        ({"spikes__p__timestamps": T > 2, "spikes__p__node_ids": N}, None, "expected numbers in /spikes/p/timestamps"),
        (
            {"spikes__p__timestamps": (T, {"units": "min"}), "spikes__p__node_ids": N},
            None,
            "timestamps in milliseconds; found units 'min'",
        ),
        ({"spikes__p__timestamps": T, "spikes__p__node_ids": N}, "q", "a population 'q'; found p"),
        (
            {"spikes__p__timestamps": T, "spikes__q__timestamps": T},
            None,
            "one population, or a name to choose by; found 2: p, q",
        ),
    ],
)
def test_sonata_that_is_refused(datasets: Any, population: Any, said: str, h5py: Any, tmp_path: Path) -> None:
    """Other groups, shapes, types and units are refused."""
    with pytest.raises(BadFileError) as caught:
        list(read_sonata_blocks(made(h5py, tmp_path, **datasets), population))
    assert said in str(caught.value)


def test_sonata_that_lies_elsewhere(h5py: Any, tmp_path: Path) -> None:
    """Datasets may lie in another file, unless all must be in the file itself."""
    made(h5py, tmp_path, spikes__p__timestamps=T, spikes__p__node_ids=N).rename(tmp_path / "b.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["spikes"] = h5py.ExternalLink("b.h5", "/spikes")
    assert spikes_of(tmp_path / "a.h5") == [(1, 3), (4, 1), (2.5, 2)]
    assert len(list(read_sonata_blocks(tmp_path / "a.h5"))) == 1
    with pytest.raises(BadFileError, match="timestamps in the file itself; found a link to another file"):
        spikes_of(tmp_path / "a.h5", own=True)


def test_sonata_before_there_were_populations(h5py: Any, tmp_path: Path) -> None:
    """Timestamps and gids in /spikes itself are one population, called default; gids may stand in one, too."""
    path = made(h5py, tmp_path, spikes__timestamps=T, spikes__gids=N)
    assert sonata_populations(path) == ("default",)
    assert spikes_of(path) == spikes_of(path, population="default") == [(1, 3), (4, 1), (2.5, 2)]
    path = made(
        h5py, tmp_path, spikes__p__timestamps=T, spikes__p__gids=N, spikes__q__timestamps=T, spikes__q__node_ids=N
    )
    assert sonata_populations(path) == ("p", "q")
    assert spikes_of(path, population="p") == [(1, 3), (4, 1), (2.5, 2)]


@pytest.mark.parametrize(("n", "fits"), [(1100, True), (1101, False)])
def test_how_much_a_byte_may_stand_for(n: int, fits: bool, h5py: Any, tmp_path: Path) -> None:
    """A dataset has 1,100 bytes at most to one that is stored."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        times = file.create_dataset("spikes/p/timestamps", (n,), "u1", chunks=(n,), compression="gzip")
        times.id.write_direct_chunk((0,), b"x")
        file["spikes/p/node_ids"] = np.zeros(n, "u1")
    with pytest.raises(BadFileError) as caught:  # of what was never packed, if nothing else
        list(read_sonata_blocks(tmp_path / "a.h5"))
    said = f"at most 1100 values in /spikes/p/timestamps, by its bytes; found {n}"
    assert (said in str(caught.value)) is not fits


@pytest.mark.parametrize("sorting", ["by_time", "by_id", "none"])
def test_sonata_that_is_written(sorting: Any, h5py: Any, tmp_path: Path) -> None:
    """A file has its mark, version, order, units, duration and groups, and its spikes in that order."""
    parts = [
        SpikeBlock(np.array([1.0, 2.0]), np.array([5, 3], np.uint64), 2.5, {"a": range(4)}),
        SpikeBlock(np.array([2.0, 7.0]), np.array([9, 3], np.uint64), 8.0, {"b": range(4, 10)}),
    ]
    path = write_sonata(tmp_path / "more" / "a.h5", parts, population="p", sorting=sorting)
    with h5py.File(path) as file:
        group = file["spikes/p"]
        assert (int(file.attrs["magic"]), file.attrs["version"].tolist()) == (0x0A7A, [0, 1])
        assert h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype) == {"none": 0, "by_id": 1, "by_time": 2}
        assert ["none", "by_id", "by_time"][int(group.attrs["sorting"])] == sorting
        assert (group.attrs["duration_ms"], json.loads(group.attrs["groups"])) == (8.0, {"a": [0, 4], "b": [4, 10]})
        assert group["timestamps"].attrs["units"] == "milliseconds"
        assert group["timestamps"].chunks == group["node_ids"].chunks == (sonata_out.CHUNK,) == (65_536,)
        assert (group["timestamps"].maxshape, group["timestamps"].compression) == ((None,), None)
    by_time, ids = [(1, 5), (2, 3), (2, 9), (7, 3)], [(2, 3), (7, 3), (1, 5), (2, 9)]
    assert spikes_of(path) == (ids if sorting == "by_id" else by_time)
    one = write_sonata(tmp_path / "b.h5", parts[0], sorting=sorting, compression="gzip")
    assert spikes_of(one) == ([(2, 3), (1, 5)] if sorting == "by_id" else [(1, 5), (2, 3)])
    with h5py.File(one) as file:
        data = file["spikes/default/timestamps"]
        assert (data.compression, data.compression_opts, data.shuffle) == ("gzip", 1, True)


def test_sonata_that_grows(h5py: Any, tmp_path: Path) -> None:
    """Spikes are added at the end: by time from the last on, by id without an order afterwards."""
    first = SpikeBlock(np.array([1.0, 5.0]), np.array([5, 3], np.uint64), 6.0, {"a": range(4)})
    more = SpikeBlock(np.array([5.0, 4.0 + 3]), np.array([1, 1], np.uint64), 5.5, {"b": range(2)})
    path = write_sonata(tmp_path / "a.h5", first)
    append_sonata(path, more)
    assert spikes_of(path) == [(1, 5), (5, 3), (5, 1), (7, 1)]
    (block,) = read_sonata_blocks(path)
    assert (block.stop_ms, block.groups) == (6.0, {"b": range(2)})
    with pytest.raises(
        MockSessionError, match=r"blocks in the order of time, from 7\.0 ms on; found a spike at 5\.0 ms"
    ):
        append_sonata(path, more)
    for sorting, after in (("by_id", 0), ("none", 0)):
        other = write_sonata(tmp_path / f"{sorting}.h5", first, sorting=sorting)  # type: ignore[arg-type]
        append_sonata(other, SpikeBlock(np.array([0.5]), np.array([9], np.uint64)))
        assert spikes_of(other)[-1] == (0.5, 9)
        with h5py.File(other) as file:
            assert int(file["spikes/default"].attrs["sorting"]) == after
    fixed = made(h5py, tmp_path / ".", spikes__p__timestamps=T, spikes__p__node_ids=N)
    with pytest.raises(BadFileError, match="datasets timestamps and node_ids that can grow"):
        append_sonata(fixed, first)
    empty = write_sonata(tmp_path / "e.h5", [])
    append_sonata(empty, first)
    assert spikes_of(empty) == [(1, 5), (5, 3)]


@pytest.mark.parametrize(
    ("said", "ordered"),
    [("by_time", True), (b"by_time", True), ("by_id", False), ("x", False), (2, False), (None, False)],
)
def test_orders_that_files_say(said: Any, ordered: bool, h5py: Any, tmp_path: Path) -> None:
    """A file may say its order as text; what is no order that is known is none."""
    path = write_sonata(tmp_path / "a.h5", SpikeBlock(np.array([5.0]), np.array([1], np.uint64)), sorting="none")
    with h5py.File(path, "a") as file:
        attributes = file["spikes/default"].attrs
        del attributes["sorting"]
        if said is not None:
            attributes["sorting"] = said
    early = SpikeBlock(np.array([4.0]), np.array([2], np.uint64))
    if ordered:
        with pytest.raises(MockSessionError, match="in the order of time, from 5.0 ms on"):
            append_sonata(path, early)
        return
    assert spikes_of(append_sonata(path, early)) == [(5, 1), (4, 2)]


@pytest.mark.parametrize(
    "how",
    [
        {"sorting": "by"},
        {"compression": "lzf"},
        {"population": ""},
        {"population": "."},
        {"population": ".."},
        {"population": "a/b"},
        {"population": 3},
    ],
)
def test_ways_to_write_that_are_none(how: Any, tmp_path: Path) -> None:
    """Orders, packings and names are known ones; blocks are in the order of time."""
    with pytest.raises(MockSessionError):
        write_sonata(tmp_path / "a.h5", [], **how)
    early = [SpikeBlock(np.array([t]), np.array([1], np.uint64)) for t in (2.0, 1.0)]
    with pytest.raises(MockSessionError, match=r"from 2\.0 ms on; found a spike at 1\.0 ms"):
        write_sonata(tmp_path / "a.h5", early)
    assert list(tmp_path.iterdir()) == []
    there = write_sonata(tmp_path / "a.h5", early[0])
    with pytest.raises(MockSessionError, match="a.h5"):
        write_sonata(there, early[1])
    assert spikes_of(write_sonata(there, early[1], overwrite=True)) == [(1, 1)]


def test_limits() -> None:
    """A line has 16 MiB at most, an error ten names of populations, a byte 1,100 values."""
    assert (csv.MOST_LINE, csv.MOST_NAMES, sonata.MOST_PACKED, sonata_out.MOST_TEXT) == (1 << 24, 10, 1100, 60_000)


def test_a_disk_that_hdf5_need_not_know_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an error nothing is written, sizes are as asked for, what was never written is 0, and the error is told."""
    with H5Out(tmp_path / "a", "x+b", tmp_path / "place") as out:
        assert (out.write(b"abc"), out.truncate(5)) == (3, 5)
        out.seek(0)
        buffer = bytearray(b"x" * 8)
        assert (out.readinto(buffer), bytes(buffer)) == (8, b"abc" + bytes(5))
        buffer = bytearray(b"x" * 3)
        assert (out.readinto(buffer), bytes(buffer)) == (3, bytes(3))
        out.check()
        out.error = OSError("full")
        assert (out.write(b"defg"), out.truncate(2), out.truncate()) == (4, 2, 0)
        with pytest.raises(OSError, match="full"):
            out.check()
        with pytest.raises(OSError, match="full"):
            list(out.checked([SpikeBlock(np.zeros(0), np.zeros(0, np.uint64))]))
    assert (tmp_path / "a").read_bytes() == b"abc\0\0"
