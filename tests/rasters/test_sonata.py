"""SONATA files: what we write is read by libsonata and by us; what is wrong is said."""

from __future__ import annotations

import sys
import tracemalloc
from itertools import pairwise

import h5py
import libsonata
import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.formats.spikes import h5_out, spool
from mockrawio.generate.source import open_source
from mockrawio.ground.errors import BadFileError, SessionExistsError
from mockrawio.rasters import (
    Raster,
    append_sonata,
    iter_sonata,
    poisson_raster,
    read_sonata,
    sonata_populations,
    write_sonata,
)


@pytest.fixture(scope="module")
def raster():
    """Some 2000 spikes of 40 units in 5 s."""
    return poisson_raster(np.full(40, 10.0), duration_s=5, seed=0, start_id=3)


def blocks_of(raster, n):
    """Yield a raster as `n` stretches of equal length."""
    edges = np.linspace(0, raster.duration_ms, n + 1)
    for low, high in pairwise(edges):
        mask = (raster.times_ms >= low) & (raster.times_ms < high)
        yield Raster(raster.times_ms[mask], raster.node_ids[mask], high - low, raster.groups, low)


def assert_same(found, expected):
    """Assert that two rasters have the same spikes in the same order."""
    np.testing.assert_array_equal(found.times_ms, expected.times_ms)
    np.testing.assert_array_equal(found.node_ids, expected.node_ids)


@pytest.mark.parametrize("sorting", ["by_time", "by_id", "none"])
@pytest.mark.parametrize("n_blocks", [1, 7])
def test_libsonata_reads_it(tmp_path, raster, sorting, n_blocks):
    """SONATA's own library reads our spikes, their order and their units, whole and by unit and time."""
    spikes = raster if n_blocks == 1 else blocks_of(raster, n_blocks)
    path = write_sonata(tmp_path / "spikes.h5", spikes, population="cortex", sorting=sorting)
    reader = libsonata.SpikeReader(str(path))
    assert reader.get_population_names() == ["cortex"]
    population = reader["cortex"]
    assert (population.sorting, population.time_units) == (sorting, "milliseconds")
    expected = raster if sorting == "none" else raster.sorted_by(sorting)
    found = population.get_dict()
    np.testing.assert_array_equal(found["timestamps"], expected.times_ms)
    np.testing.assert_array_equal(found["node_ids"], expected.node_ids)
    some = population.get(node_ids=[4, 5], tstart=1000.0, tstop=2000.0)
    ours = read_sonata(path, t_start=1000, t_stop=2000, node_ids=[4, 5])
    assert sorted(some) == sorted(zip(ours.node_ids.tolist(), ours.times_ms.tolist(), strict=True))


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("sorting", ["by_time", "by_id", "none"])
def test_round_trip(tmp_path, raster, sorting, compression):
    """We read back what we wrote: spikes, order, duration and groups."""
    path = write_sonata(tmp_path / "spikes.h5", raster, sorting=sorting, compression=compression)
    found = read_sonata(path)
    assert_same(found, raster if sorting == "none" else raster.sorted_by(sorting))
    assert (found.duration_ms, found.groups) == (5000, {"units": range(3, 43)})


def test_what_the_file_holds(tmp_path, raster):
    """Names, types and attributes are those of the SONATA guide; datasets are chunked and can grow."""
    with h5py.File(write_sonata(tmp_path / "spikes.h5", raster)) as file:
        assert file.attrs["magic"] == 0x0A7A and file.attrs["magic"].dtype == np.uint32
        assert file.attrs["version"].tolist() == [0, 1]
        group = file["spikes/default"]
        kinds = h5py.check_enum_dtype(group.attrs.get_id("sorting").dtype)
        assert kinds == {"none": 0, "by_id": 1, "by_time": 2} and group.attrs["sorting"] == 2
        times, ids = group["timestamps"], group["node_ids"]
        assert times.attrs["units"] == "milliseconds"
        assert (times.dtype, ids.dtype) == (np.float64, np.uint64)
        assert times.maxshape == ids.maxshape == (None,) and times.chunks is not None


def test_same_spikes_same_bytes(tmp_path, raster):
    """A file depends on its spikes alone, not on the clock nor on its name."""
    first = write_sonata(tmp_path / "a.h5", raster).read_bytes()
    assert write_sonata(tmp_path / "b.h5", raster).read_bytes() == first


def test_by_id_through_files(tmp_path, raster, monkeypatch):
    """Blocks sorted by id in many ranges come out as sorting all at once does."""
    monkeypatch.setattr(spool, "RANGE", 100)
    path = write_sonata(tmp_path / "spikes.h5", blocks_of(raster, 13), sorting="by_id")
    assert_same(read_sonata(path), raster.sorted_by("id"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["spikes.h5"]


@pytest.mark.parametrize("sorting", ["by_time", "by_id"])
def test_bounded_memory(tmp_path, sorting, monkeypatch):
    """Writing and reading 2 M spikes in blocks needs the memory of a few blocks."""
    monkeypatch.setattr(spool, "RANGE", 1 << 17)
    rng, n = np.random.default_rng(0), 50_000

    def stretches():
        for start in range(40):
            ids = rng.integers(0, 1000, n).astype(np.uint64)
            yield Raster(start * 1000 + np.sort(rng.random(n)) * 1000, ids, 1000.0, {}, start * 1000.0)

    tracemalloc.start()
    path = write_sonata(tmp_path / "spikes.h5", stretches(), sorting=sorting)
    written = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written < 12 * 2**20  # all of it is 32 MB
    parts = [len(block) for block in iter_sonata(path)]
    assert sum(parts) == 2_000_000 and max(parts) <= 1 << 20


def test_append(tmp_path, raster):
    """What is appended stands behind what was there, and the order by time is kept."""
    *early, late = blocks_of(raster, 4)
    path = write_sonata(tmp_path / "spikes.h5", early)
    assert append_sonata(path, late) == path
    found = read_sonata(path)
    assert_same(found, raster)
    assert found.duration_ms == 5000
    assert libsonata.SpikeReader(str(path))["default"].sorting == "by_time"


def test_append_out_of_order(tmp_path, raster):
    """Earlier spikes are refused in a file by time, which stays as it was."""
    path = write_sonata(tmp_path / "spikes.h5", raster)
    with pytest.raises(MockSessionError, match="order of time"):
        append_sonata(path, [Raster(np.array([9e3]), np.array([1]), 1e4), Raster(np.array([1.0]), np.array([1]), 2.0)])
    assert_same(read_sonata(path), raster)


def test_append_where_the_file_ends(tmp_path, raster):
    """In a file by time a spike at the time of its last one is later enough, and one just before it is not."""
    path = write_sonata(tmp_path / "spikes.h5", raster)
    last = float(raster.times_ms[-1])
    with pytest.raises(MockSessionError, match="order of time"):
        append_sonata(path, Raster(np.array([np.nextafter(last, 0)]), np.array([3]), 5000.0))
    assert_same(read_sonata(path), raster)
    append_sonata(path, Raster(np.array([last]), np.array([3]), 5000.0))
    assert read_sonata(path).times_ms[-2:].tolist() == [last, last]


def test_append_by_id(tmp_path, raster):
    """A file by id has no order once something is appended, and says so."""
    path = write_sonata(tmp_path / "spikes.h5", raster, sorting="by_id")
    append_sonata(path, Raster(np.array([1.0]), np.array([0]), 1.0))
    assert libsonata.SpikeReader(str(path))["default"].sorting == "none"
    assert len(read_sonata(path)) == len(raster) + 1


def test_append_to_fixed_size(tmp_path):
    """Datasets of fixed size are no place to append to."""
    path = tmp_path / "spikes.h5"
    with h5py.File(path, "w") as file:
        file["spikes/a/timestamps"], file["spikes/a/node_ids"] = [1.0], [1]
    with pytest.raises(BadFileError, match="can grow"):
        append_sonata(path, Raster(np.array([2.0]), np.array([1]), 2.0))


def test_blocks_out_of_order_leave_nothing(tmp_path, raster):
    """A write that fails leaves no file, and the one that was there as it was."""
    backwards = list(blocks_of(raster, 3))[::-1]
    with pytest.raises(MockSessionError, match="order of time"):
        write_sonata(tmp_path / "spikes.h5", backwards)
    assert not list(tmp_path.iterdir())
    path = write_sonata(tmp_path / "spikes.h5", raster)
    with pytest.raises(MockSessionError, match="order of time"):
        write_sonata(path, backwards, overwrite=True)
    assert_same(read_sonata(path), raster)


def test_overwriting_is_asked_for(tmp_path, raster):
    """A file that is there is replaced only with `overwrite=True`."""
    path = write_sonata(tmp_path / "new" / "spikes.h5", raster)
    with pytest.raises(SessionExistsError, match="overwrite=True"):
        write_sonata(path, raster)
    none = Raster(np.empty(0), np.empty(0), 1.0)
    assert len(read_sonata(write_sonata(path, none, overwrite=True))) == 0


@pytest.mark.parametrize("sorting", ["by_time", "by_id", "none"])
def test_no_spikes(tmp_path, sorting):
    """A raster without spikes, and no blocks at all, make files that can be read."""
    for number, spikes in enumerate((Raster(np.empty(0), np.empty(0), 9.0), [])):
        path = write_sonata(tmp_path / f"{number}.h5", spikes, sorting=sorting)
        assert len(read_sonata(path)) == 0
        assert libsonata.SpikeReader(str(path))["default"].get() == []


@pytest.mark.parametrize(
    "arguments", [{"sorting": "time"}, {"compression": "zip"}, {"population": ""}, {"population": "a/b"}]
)
def test_bad_arguments(tmp_path, raster, arguments):
    """What cannot be asked for is refused by its name."""
    with pytest.raises(MockSessionError, match=next(iter(arguments))):
        write_sonata(tmp_path / "spikes.h5", raster, **arguments)
    assert not list(tmp_path.iterdir())


def test_populations(tmp_path):
    """Of several populations one must be chosen, among those there are."""
    path = tmp_path / "spikes.h5"
    with h5py.File(path, "w") as file:
        for name, times in (("a", [1.0, 3.0]), ("b", [2.0])):
            file[f"spikes/{name}/timestamps"], file[f"spikes/{name}/node_ids"] = times, [5] * len(times)
    assert sonata_populations(path) == ("a", "b")
    found = read_sonata(path, "a")
    assert (found.times_ms.tolist(), found.duration_ms, found.groups) == ([1, 3], 3, {})
    with pytest.raises(BadFileError, match="2: a, b. Pass population= with one of these"):
        read_sonata(path)
    with pytest.raises(BadFileError, match="'c'; found a, b"):
        read_sonata(path, "c")


@pytest.mark.parametrize("ids", ["gids", "node_ids"])
def test_the_layout_before_populations(tmp_path, ids):
    """Datasets in /spikes itself are one population, called default; in a session they are its spikes too."""
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file[f"spikes/{ids}"], file["spikes/timestamps"] = [3, 1, 3], [100.0, 2.0, 50.5]
    assert sonata_populations(path) == ("default",)
    for population in (None, "default"):
        found = read_sonata(path, population)
        assert (found.times_ms.tolist(), found.node_ids.tolist()) == ([100, 2, 50.5], [3, 1, 3])
    with pytest.raises(BadFileError, match="a population 'gids'; found default. Choose one of these"):
        read_sonata(path, "gids")
    source = open_source(path)
    assert (source.node_ids.tolist(), source.times_ms.tolist()) == ([1, 3], [2, 50.5, 100])


def test_old_layout_is_not_appended_to(tmp_path):
    """Nothing is added to a file without populations; written anew as the error says, it can grow."""
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file["spikes/gids"], file["spikes/timestamps"] = [3, 1], [1.0, 2.0]
    more = Raster([5.0], [9], 6.0)
    with pytest.raises(BadFileError, match="Read it with read_sonata, and write it anew with write_sonata"):
        append_sonata(path, more)
    append_sonata(write_sonata(path, read_sonata(path), overwrite=True), more)
    assert read_sonata(path).node_ids.tolist() == [3, 1, 9]


def test_a_population_called_timestamps(tmp_path):
    """A population may have the name of a dataset."""
    path = write_sonata(tmp_path / "a.h5", Raster([1.0], [2], 3.0), population="timestamps")
    assert sonata_populations(path) == ("timestamps",)
    assert read_sonata(path).node_ids.tolist() == [2]


@pytest.mark.parametrize(("units", "factor"), [("seconds", 1000), ("ms", 1), (np.bytes_("milliseconds"), 1)])
def test_units(tmp_path, units, factor):
    """Times are ms whatever the file's units are."""
    path = tmp_path / "spikes.h5"
    with h5py.File(path, "w") as file:
        file["spikes/a/timestamps"], file["spikes/a/node_ids"] = [1.5], [1]
        file["spikes/a/timestamps"].attrs["units"] = units
    assert read_sonata(path).times_ms.tolist() == [1.5 * factor]


def spoil(name):
    """Return a function that makes a file wrong in one way."""

    def make(path, times=(1.0, 2.0), ids=(1, 2), **attributes):
        with h5py.File(path, "w") as file:
            file["spikes/a/timestamps"], file["spikes/a/node_ids"] = times, ids
            file["spikes/a/timestamps"].attrs.update(attributes)

    return {
        "text": lambda path: path.write_text("spikes"),
        "empty": lambda path: path.write_bytes(b""),
        "no spikes": lambda path: h5py.File(path, "w").close(),
        "lengths": lambda path: make(path, ids=[1]),
        "nan": lambda path: make(path, times=[1.0, np.nan]),
        "infinite": lambda path: make(path, times=[1.0, np.inf]),
        "negative": lambda path: make(path, times=[-1.0, 1.0]),
        "ids": lambda path: make(path, ids=[-1, 1]),
        "float ids": lambda path: make(path, ids=[0.5, 1]),
        "scalar": lambda path: make(path, times=1.0),
        "units": lambda path: make(path, units="days"),
        "texts": lambda path: make(path, times=["a", "b"]),
    }[name]


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ("text", "expected an HDF5 file"),
        ("empty", "expected an HDF5 file"),
        ("no spikes", "expected a group /spikes; found nothing"),
        ("lengths", "as many timestamps as node_ids; found 2 and 1"),
        ("nan", "finite times from 0"),
        ("infinite", "finite times from 0"),
        ("negative", "finite times from 0"),
        ("ids", "negative ids"),
        ("float ids", "expected whole numbers"),
        ("scalar", "of one dimension"),
        ("units", "units 'days'"),
        ("texts", "expected numbers"),
    ],
)
def test_bad_files(tmp_path, fault, match):
    """What is wrong with a file is said in one error that names it."""
    path = tmp_path / "spikes.h5"
    spoil(fault)(path)
    with pytest.raises(BadFileError, match=match) as caught:
        read_sonata(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("missing", ["timestamps", "node_ids"])
def test_a_dataset_is_missing(tmp_path, raster, missing):
    """A population without one of its datasets is refused by that dataset's name."""
    path = write_sonata(tmp_path / "spikes.h5", raster)
    with h5py.File(path, "r+") as file:
        del file[f"spikes/default/{missing}"]
    with pytest.raises(BadFileError, match=f"/spikes/default/{missing} of one dimension; found none"):
        read_sonata(path)


def test_a_dataset_in_place_of_a_population(tmp_path):
    """What should be a group of datasets, and is a dataset, is refused."""
    with h5py.File(tmp_path / "spikes.h5", "w") as file:
        file["spikes/a"] = [1.0]
    with pytest.raises(BadFileError, match="/spikes/a/timestamps"):
        read_sonata(tmp_path / "spikes.h5")


def test_attributes_of_others(tmp_path, raster):
    """Attributes that have our names and another meaning are passed over."""
    path = write_sonata(tmp_path / "spikes.h5", raster)
    with h5py.File(path, "r+") as file:
        file["spikes/default"].attrs.update(duration_ms="long", groups="[1]", sorting="unheard of")
    found = read_sonata(path)
    assert_same(found, raster)
    assert (found.duration_ms, found.groups) == (raster.times_ms[-1], {})


def test_no_file(tmp_path):
    """A file that is not there is Python's own error."""
    with pytest.raises(FileNotFoundError):
        read_sonata(tmp_path / "spikes.h5")


def test_without_h5py(tmp_path, raster, monkeypatch):
    """Without h5py the error says which extra brings it."""
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MockSessionError, match=r"pip install .*\[sonata\]'"):
        write_sonata(tmp_path / "spikes.h5", raster)


def test_interrupted_while_hdf5_writes(tmp_path, monkeypatch):
    """Ctrl-C in the midst of a block comes out as such, once HDF5 is done, and the file is as it was."""
    path = write_sonata(tmp_path / "a.h5", Raster(np.array([1.0]), np.array([1]), 10.0))
    before = path.read_bytes()
    real, calls = h5_out.write_all, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(h5_out, "write_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_sonata(path, Raster(np.array([2.0]), np.array([2]), 10.0), overwrite=True)
    assert len(calls) == 2
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("read", [read_sonata, open_source], ids=["raster", "session"])
def test_more_spikes_than_the_file_has_bytes_for(tmp_path, read):
    """Datasets that claim 10**12 values, none of which was ever written, are refused and not read for ever."""
    path = tmp_path / "vast.h5"
    with h5py.File(path, "w") as file:
        for name, dtype in (("timestamps", "f8"), ("node_ids", "u8")):
            file.create_dataset(f"spikes/p/{name}", (10**12,), dtype, chunks=(1 << 16,))
    with pytest.raises(
        BadFileError, match="at most 0 values in /spikes/p/timestamps, by its bytes; found 1000000000000"
    ):
        read(path)


def test_well_packed_spikes(tmp_path):
    """A dataset of equal values that gzip has made a thousandth of is read."""
    path = tmp_path / "packed.h5"
    with h5py.File(path, "w") as file:
        for name, dtype in (("timestamps", "f8"), ("node_ids", "u8")):
            data = np.zeros(1 << 21, dtype)
            file.create_dataset(
                f"spikes/p/{name}", data=data, chunks=(1 << 20,), compression="gzip", compression_opts=9
            )
    assert read_sonata(path).times_ms.size == 1 << 21
