"""Spikes in bmtk's text files: every order of columns it has had, what is wrong by its line, and the way back."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, SessionSpec, generate_session
from mockrawio.formats.spikes import csv
from mockrawio.ground.errors import BadFileError, SessionExistsError
from mockrawio.rasters import (
    Raster,
    iter_spikes_csv,
    poisson_raster,
    read_sonata,
    read_spikes_csv,
    write_sonata,
    write_spikes_csv,
)
from mockrawio.session.manifest import read_manifest
from tests.length import rounds


def text(tmp_path, content, **how):
    """Return the path of a file of that text."""
    path = tmp_path / "spikes.csv"
    path.write_text(content, **how)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "timestamps population node_ids\n43.5 lgn 3\n0.25 lgn 0\n1e2 lgn 3\n",
        "timestamps node_ids population\n43.5 3 lgn\n0.25 0 lgn\n1e2 3 lgn\n",
        "population node_ids timestamps\nlgn 3 43.5\nlgn 0 .25\nlgn 3 100.\n",
        "timestamps node_ids\n43.5 3\n0.25 0\n100 3\n",
        "node_ids timestamps\n3 43.5\n0 0.25\n3 100\n",
        "timestamps gid score\n43.5 3 9\n0.25 0 9\n100 3 9\n",
        "43.5 3\n0.25 0\n100.0 3\n",
        "43.5 lgn 3\n0.25 lgn 0\n100.0 lgn 3\n",
        "timestamps,population,node_ids\n43.5,lgn,3\n0.25,lgn,0\n100,lgn,3\n",
        "43.5,3\n0.25, 0\n100,3\n",
        "\ufefftimestamps\tnode_ids\r\n43.5\t3\r\n\r\n0.25\t0\r\n100\t3",
    ],
)
def test_columns(tmp_path, content):
    """The first line says which column is which; without one they are bmtk's."""
    found = read_spikes_csv(text(tmp_path, content, encoding="utf-8", newline=""))
    assert (found.times_ms.tolist(), found.node_ids.tolist()) == ([43.5, 0.25, 100.0], [3, 0, 3])
    assert (found.duration_ms, found.groups, found.times_ms.dtype, found.node_ids.dtype) == (100, {}, float, np.uint64)


@pytest.mark.parametrize("header", ["gid spike-times\n", ""])
def test_a_line_for_each_node(tmp_path, header):
    """The first versions had all times of a node in a line, with commas; a node may have none."""
    found = read_spikes_csv(text(tmp_path, header + "7 43.5,64.25,100\n2\n1 0.5\n" + '4 ""\n'))
    assert (found.times_ms.tolist(), found.node_ids.tolist()) == ([43.5, 64.25, 100, 0.5], [7, 7, 7, 1])


def test_populations(tmp_path):
    """Of several populations one must be chosen, among those there are; what has none is called default."""
    path = text(tmp_path, "timestamps population node_ids\n3 a 1\n1 b 2\n2 a 3\n")
    assert read_spikes_csv(path, "a").node_ids.tolist() == [1, 3]
    assert read_spikes_csv(path, "b").times_ms.tolist() == [1]
    with pytest.raises(BadFileError, match="found a, b, maybe more. Pass population= with one of these"):
        read_spikes_csv(path)
    with pytest.raises(BadFileError, match="a population 'c'; found a, b. Choose one of these"):
        read_spikes_csv(path, "c")
    assert len(read_spikes_csv(text(tmp_path, "1 2\n"), "default")) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a line that names columns; found nothing. Let the first line name"),
        ("\n \n", "found nothing"),
        ("1 2 3 4\n", "two or three columns; found 4 in the first line"),
        ("spam eggs\n1 2\n", "columns timestamps and node_ids.*; found spam, eggs"),
        ("1 2\n3 4 5\n", "2 columns in line 2; found 3"),
        ("1 2\n\n3\n", "2 columns in line 3; found 1"),
        ("1 2\n-3 4\n", "a finite time from 0 in line 2; found '-3'"),
        ("1 2\nnan 4\n", "a finite time from 0 in line 2; found 'nan'"),
        ("1 2\n1e999 4\n", "a finite time from 0 in line 2; found '1e999'"),
        ("1 2\n1_0 4\n", "a finite time from 0 in line 2; found '1_0'"),
        ("3 0.5\n", "a whole id from 0 in line 1; found '0.5'. Let the first line name"),
        ("1 2\n3 4 5 6 7\n", "2 columns in line 2; found 5"),
        ("1 2\n3 4 5\n6\n", "2 columns in line 2; found 3"),
        ("1 2\n3 \0\n", "a whole id from 0 in line 2"),
        ("1,2\n3 4\n", "2 columns in line 2; found 1"),
        ("1,2\n3,\n", "a whole id from 0 in line 2; found ''"),
        ("timestamps node_ids\n3 -1\n", "a whole id from 0 in line 2; found '-1'. Correct that line"),
        ("1 18446744073709551616\n", "a whole id from 0 in line 1; found '18446744073709551616'"),
        ("1 2\n\u0663 4\n", "a finite time from 0 in line 2"),
    ],
)
def test_what_is_wrong(tmp_path, content, message):
    """What is wrong is said in one error, with the file and the line."""
    path = text(tmp_path, content, encoding="utf-8")
    with pytest.raises(BadFileError, match=message) as caught:
        read_spikes_csv(path)
    assert caught.value.subject == str(path)


def test_no_text(tmp_path, monkeypatch):
    """Bytes that are no text, a line without end, and a folder are refused."""
    (tmp_path / "a.csv").write_bytes(b"1 2\n\xff\xfe\n")
    with pytest.raises(BadFileError, match="text in UTF-8"):
        read_spikes_csv(tmp_path / "a.csv")
    monkeypatch.setattr(csv, "MOST_LINE", 100)
    with pytest.raises(BadFileError, match="at most 100 characters in line 2; found more"):
        read_spikes_csv(text(tmp_path, "1 2\n" + " " * 101))
    with pytest.raises(BadFileError, match="a readable file; found a folder"):
        read_spikes_csv(tmp_path)


def test_round_trip(tmp_path):
    """What is written is read to the last digit, and as SONATA has it, windows and units included."""
    raster = poisson_raster(np.full(20, 30.0), duration_s=2, seed=1)
    path = write_spikes_csv(tmp_path / "new" / "a.csv", raster, population="lgn")
    back = read_spikes_csv(path, "lgn")
    assert np.array_equal(back.times_ms, raster.times_ms)
    assert np.array_equal(back.node_ids, raster.node_ids)
    h5 = write_sonata(tmp_path / "a.h5", iter_spikes_csv(path), population="lgn")
    for window in ({}, {"t_start": 500, "t_stop": 900.5, "node_ids": [3, 4]}, {"t_stop": 0}, {"t_start": 9e9}):
        one, other = read_spikes_csv(path, **window), read_sonata(h5, **window)
        assert np.array_equal(one.times_ms, other.times_ms)
        assert np.array_equal(one.node_ids, other.node_ids)
        assert (one.start_ms, one.duration_ms) == (other.start_ms, other.duration_ms)


def test_writing(tmp_path):
    """Blocks follow each other; no file is replaced unasked, and no name is written that cannot be read."""
    ids = np.array([2, 2**64 - 1], np.uint64)
    blocks = [Raster([1.0, 0.1 + 0.2], ids, 5.0), Raster([], [], 5.0), Raster([7.0], [0], 9.0)]
    path = write_spikes_csv(tmp_path / "a.csv", iter(blocks))
    assert path.read_text().splitlines() == [
        "timestamps population node_ids",
        "1.0 default 2",
        "0.30000000000000004 default 18446744073709551615",
        "7.0 default 0",
    ]
    with pytest.raises(SessionExistsError):
        write_spikes_csv(path, blocks)
    assert read_spikes_csv(write_spikes_csv(path, blocks[1], overwrite=True)).times_ms.size == 0
    for name in ("", "two words", 'a"b', "a,b", "a\nb", 3):
        with pytest.raises(MockSessionError, match="population: expected a name of one word"):
            write_spikes_csv(tmp_path / "b.csv", blocks, population=name)
    with pytest.raises(FileNotFoundError, match="none.csv"):
        write_spikes_csv(tmp_path / "b.csv", iter_spikes_csv(tmp_path / "none.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.slow
@pytest.mark.at_length(only=True)
def test_bounded_memory(tmp_path, monkeypatch):
    """A file is read in blocks whose number does not change what is read, and not held."""
    monkeypatch.setattr(csv, "BLOCK", 20_000)
    raster = poisson_raster(np.full(100, 100.0), duration_s=6, seed=1)
    path = write_spikes_csv(tmp_path / "a.csv", raster)
    tracemalloc.start()
    sizes = [len(block) for block in iter_spikes_csv(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(sizes) > 50
    assert sum(sizes) == len(raster)
    assert peak < 1_000_000 < path.stat().st_size
    assert np.array_equal(read_spikes_csv(path).times_ms, raster.times_ms)


HEADERS = [
    "",
    "timestamps node_ids\n",
    "timestamps population node_ids\n",
    "gid spike-times\n",
    "node_ids,timestamps\n",
]
CELLS = st.sampled_from(
    ["1", "2.5", "0", ",", " ", "\n", "a", "-1", "nan", "1e9", "1e999", "\0", '"', "\u00e9", "\t", "_", "+"]
)


def outcome(path):
    """Return what a file has, or what is wrong with it."""
    try:
        found = read_spikes_csv(path)
    except BadFileError as error:
        return str(error)
    assert np.isfinite(found.times_ms).all()
    return found.times_ms.tolist(), found.node_ids.tolist()


@pytest.mark.slow
@pytest.mark.at_length
@settings(deadline=None, max_examples=rounds(100, 300))
@given(header=st.sampled_from(HEADERS), cells=st.lists(CELLS, max_size=24))
def test_any_text(tmp_path_factory, header, cells):
    """Any text is read or refused by a line of it; at once and one by one are the same."""
    path = text(tmp_path_factory.getbasetemp(), header + "".join(cells), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        at_once = outcome(path)
        patch.setattr(csv, "_at_once", lambda columns, block: None)
        assert outcome(path) == at_once


def test_spikes_of_a_session(tmp_path):
    """A session takes its spikes from a .csv as from the SONATA file of the same spikes."""
    raster = Raster([10.0, 500.0, 40.5], [7, 7, 2], 1000.0)
    files = write_spikes_csv(tmp_path / "a.csv", raster), write_sonata(tmp_path / "a.h5", raster)
    one, other = (
        generate_session(SessionSpec.tiny(spikes=file, duration_s=5, seed=1), tmp_path / file.suffix) for file in files
    )
    assert sorted(read_manifest(one / "session_manifest.json")["spikes"]["node_ids"].values()) == [2, 7]
    spiking = sorted((one / "spiking_data").iterdir())
    assert len(spiking) == 2
    for path in spiking:
        assert path.read_bytes() == (other / "spiking_data" / path.name).read_bytes()
