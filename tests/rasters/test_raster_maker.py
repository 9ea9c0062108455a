"""Every name of the SONATA raster maker, as it is called there, and the facts behind it."""

from __future__ import annotations

import inspect

import h5py
import libsonata
import numpy as np
import pytest
from scipy import stats

from mockrawio import MockSessionError, rasters
from mockrawio.rasters import SonataWriter, make_noise, make_save_spikes, minmax, read_sonata, shift_exc_noise

SDS = 4.5
DATASETS = ["timestamps", "node_ids"], [float, int]


@pytest.fixture
def writer(tmp_path):
    """A writer of a population called exc."""
    with SonataWriter(tmp_path / "spikes.h5", ["spikes", "exc"], *DATASETS) as writer:
        yield writer


def spikes_of(writer):
    """Return the times and ids that a writer has been given."""
    return writer.datasets["timestamps"][:], writer.datasets["node_ids"][:]


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("SonataWriter", "f_name, groups, datasets, types"),
        ("make_noise", "num_traces=100, num_samples=4999"),
        ("make_save_spikes", "writer, exp, dist, numUnits=100, rateProf=None, start_id=0, start_time=0"),
        ("shift_exc_noise", "ts, nid, seconds, time_shift=4"),
        ("minmax", "x"),
        ("zscore", "x"),
    ],
)
def test_signatures(name, signature):
    """Arguments have the raster maker's names, order and defaults; what is ours is by keyword only."""
    parameters = inspect.signature(getattr(rasters, name)).parameters.values()
    plain = [
        p.name if p.default is p.empty else f"{p.name}={p.default}" for p in parameters if p.kind != p.KEYWORD_ONLY
    ]
    assert ", ".join(plain) == signature


def test_the_raster_makers_workflow(tmp_path):
    """Excitation with noise, then inhibition that follows it 4 ms later, each in its file."""
    exc = SonataWriter(str(tmp_path / "exc.h5"), ["spikes", "exc"], *DATASETS)
    noise = np.tile(make_noise(1, 4999, seed=1), (400, 1))
    make_save_spikes(exc, True, np.random.default_rng(0).normal(2, 0.3, 400), 400, noise, seed=2)
    exc.close()
    raster = read_sonata(tmp_path / "exc.h5")
    follow = shift_exc_noise(raster.times_ms, raster.node_ids, 5)
    with SonataWriter(str(tmp_path / "inh.h5"), ["spikes", "inh"], *DATASETS) as inh:
        make_save_spikes(inh, False, np.full(50, 20.0), 50, np.tile(follow, (50, 1)), start_id=400, seed=3)
    found = libsonata.SpikeReader(str(tmp_path / "inh.h5"))["inh"].get_dict()
    assert set(found["node_ids"]) == set(range(400, 450))
    assert found["timestamps"].max() < 4999


def test_writer_appends(writer):
    """Values and repeats stand in the order they were given, in datasets of the types asked for."""
    writer.append_ds([3.5, 1.5], "timestamps")
    writer.append_repeat("node_ids", 7, 2)
    writer.append_ds(np.array([9.0]), "timestamps")
    times, ids = spikes_of(writer)
    assert (times.tolist(), ids.tolist()) == ([3.5, 1.5, 9.0], [7, 7])
    assert (times.dtype, ids.dtype) == (np.float64, np.int64)
    writer.append_repeat("node_ids", 8, 1)
    assert writer.group["node_ids"][:].tolist() == [7, 7, 8]
    assert writer.file["spikes/exc/node_ids"].shape == (3,)


def test_writer_keeps_what_it_was_given(writer):
    """An array changed after it was appended changes nothing in the file."""
    values = np.array([1.0, 2.0])
    writer.append_ds(values, "timestamps")
    values[:] = 0
    assert writer.datasets["timestamps"][:].tolist() == [1, 2]


def test_writer_does_not_grow_the_file_for_each_unit(writer, monkeypatch):
    """A thousand appends change a dataset's size once."""
    sizes = []
    resize = h5py.Dataset.resize
    monkeypatch.setattr(h5py.Dataset, "resize", lambda self, size: (sizes.append(size), resize(self, size)))
    for unit in range(1000):
        writer.append_repeat("node_ids", unit, 2)
    writer.close()
    assert sizes == [(2000,)]


def test_writer_holds_only_so_much(writer, monkeypatch):
    """What is held goes to the file when there is enough of it."""
    monkeypatch.setattr("mockrawio.rasters.raster_maker.BUFFERED", 10)
    for _ in range(4):
        writer.append_repeat("node_ids", 1, 4)
    assert writer._datasets["node_ids"].shape == (12,)


def test_closing(tmp_path):
    """A closed writer may be closed again, and refuses more; its file is SONATA."""
    writer = SonataWriter(tmp_path / "spikes.h5", ["spikes", "exc"], *DATASETS)
    writer.append_ds([1.0], "timestamps")
    writer.append_ds([1], "node_ids")
    writer.close()
    writer.close()
    assert not writer.file
    with pytest.raises(MockSessionError, match="closed"):
        writer.append_ds([2.0], "timestamps")
    with h5py.File(tmp_path / "spikes.h5") as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file["spikes/exc/timestamps"].attrs["units"] == "milliseconds"


def test_any_groups_and_datasets(tmp_path):
    """Groups and datasets may have any names; then the file is plain HDF5."""
    with SonataWriter(tmp_path / "other.h5", [], ["a"], ["i2"]) as writer:
        writer.append_ds([1, 2], "a")
    with h5py.File(tmp_path / "other.h5") as file:
        assert (file["a"][:].tolist(), file["a"].dtype, dict(file.attrs)) == ([1, 2], np.int16, {})


def test_writer_refuses(writer, tmp_path):
    """An unknown dataset, a table, a negative count, too few types: each is an error that says so."""
    with pytest.raises(MockSessionError, match="one of the datasets timestamps, node_ids"):
        writer.append_ds([1], "times")
    with pytest.raises(MockSessionError, match="one dimension"):
        writer.append_ds([[1]], "node_ids")
    with pytest.raises(MockSessionError, match="N: expected"):
        writer.append_repeat("node_ids", 1, -1)
    with pytest.raises(MockSessionError, match="types: expected 2"):
        SonataWriter(tmp_path / "other.h5", [], ["a", "b"], [int])


def test_one_spike_a_bin_at_its_start(writer):
    """Times are whole ms, a bin has a spike with chance ``1 - exp(-rate / 1000)``, and never two."""
    rate = np.repeat([[300.0], [2000.0]], 4000, axis=1)
    make_save_spikes(writer, False, [1.0, 1.0], 2, rate, seed=0)
    times, ids = spikes_of(writer)
    np.testing.assert_array_equal(times, np.floor(times))
    assert (np.diff(times)[np.diff(ids) == 0] >= 1).all()
    for unit, hertz in ((0, 300), (1, 2000)):
        chance = 1 - np.exp(-hertz / 1000)
        assert abs((ids == unit).mean() * ids.size / 4000 - chance) < SDS * np.sqrt(chance * (1 - chance) / 4000)


@pytest.mark.slow
def test_rates_of_each_unit_and_bin(writer):
    """A bin's chance of a spike is that of its unit's rate times its profile, over many draws."""
    profile = np.array([[0.5, 1.0, -3.0], [2.0, 0.0, 1.0]])
    rng, found = np.random.default_rng(1), np.zeros((2, 3))
    for _ in range(3000):
        make_save_spikes(writer, False, [400.0, 900.0], 2, profile, rng=rng)
    times, ids = spikes_of(writer)
    np.add.at(found, (ids, times.astype(int)), 1)
    chance = 1 - np.exp(-np.array([[400], [900]]) * np.maximum(profile, 0) / 1000)
    assert (abs(found - 3000 * chance) <= SDS * np.sqrt(3000 * chance * (1 - chance))).all()


@pytest.mark.parametrize("rows", [1, 2])
def test_the_callers_arrays_are_not_changed(writer, rows):
    """Negative rates make no spikes, and stay negative where they came from."""
    profile = np.full((2, 100), 1.0)
    profile[:, 50:] = -1
    given, rates = (profile if rows == 2 else profile[0]), np.array([900.0, -5.0])
    before = given.copy()
    make_save_spikes(writer, False, rates, 2, given, seed=0)
    times, ids = spikes_of(writer)
    assert times.max() < 50 and set(ids) == {0}
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(rates, [900, -5])


def test_exp_and_starts(tmp_path):
    """With `exp` the values are logarithms of the rates; ids and times begin where asked."""
    found = []
    for number, (exp, dist) in enumerate([(False, [50.0, 20.0]), (True, np.log([50.0, 20.0]))]):
        with SonataWriter(tmp_path / f"{number}.h5", ["spikes", "exc"], *DATASETS) as writer:
            make_save_spikes(writer, exp, dist, 2, None, start_id=10, start_time=500, seed=4)
            found.append(spikes_of(writer))
    np.testing.assert_array_equal(found[0], found[1])
    times, ids = found[0]
    assert set(ids) == {10, 11} and times.min() >= 500 and 5300 < times.max() < 5499


@pytest.mark.parametrize("shape", [(2, 1), (2,)])
def test_rates_in_a_column(tmp_path, shape):
    """Rates of shape (n, 1), as a draw with size=(n, 1) gives them, are those of shape (n,)."""
    found = []
    for name, dist in (("a", [50.0, 20.0]), ("b", np.reshape([50.0, 20.0], shape))):
        with SonataWriter(tmp_path / name, ["spikes", "exc"], *DATASETS) as writer:
            make_save_spikes(writer, False, dist, 2, seed=4)
            found.append(spikes_of(writer))
    np.testing.assert_array_equal(found[0], found[1])
    assert len(found[0][0]) > 200


def test_distributions(writer):
    """The rates may be drawn: by a distribution of SciPy, from our generator, or by a function."""
    make_save_spikes(writer, False, stats.uniform(10, 20), 3, seed=5)
    first = spikes_of(writer)[0]
    make_save_spikes(writer, False, stats.uniform(10, 20), 3, seed=5)
    np.testing.assert_array_equal(spikes_of(writer)[0], np.tile(first, 2))
    make_save_spikes(writer, False, np.zeros, 3, seed=5)
    assert spikes_of(writer)[0].size == 2 * first.size


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            {"rateProf": np.ones((2, 9))},
            "profile: expected shape .n_bins,. or .3, n_bins. for 3 units; found shape .2, 9.",
        ),
        ({"rateProf": np.ones((3, 9, 1))}, "profile: expected an array of 1 or 2"),
        ({"rateProf": np.full((3, 9), np.nan)}, "profile: expected finite"),
        ({"dist": [1.0]}, "dist: expected 3 values, one for each unit; found shape .1,."),
        ({"dist": 1.0}, "dist: expected an array"),
        ({"dist": [[1.0, 1.0, 1.0]]}, "dist: expected 3 values, one for each unit; found shape .1, 3."),
        ({"dist": [1e3] * 3, "exp": True}, "exp.dist.: expected finite"),
        ({"numUnits": -1}, "numUnits"),
        ({"start_id": 0.5}, "start_id"),
        ({"start_time": np.nan}, "start_time"),
    ],
)
def test_bad_input(writer, arguments, match):
    """A wrong shape or number is an error that says what was expected, and nothing is written."""
    with pytest.raises(MockSessionError, match=match):
        make_save_spikes(writer, **{"exp": False, "dist": [1.0] * 3, "numUnits": 3, "seed": 0, **arguments})
    assert spikes_of(writer)[0].size == 0


@pytest.mark.parametrize("shift", [0, 4, 25, -3])
def test_shift_exc_noise(shift):
    """The profile is the histogram at 1 ms, later by `time_shift`, from 0.5 to 1.5."""
    rng = np.random.default_rng(6)
    times, ids = rng.integers(0, 1999, 5000) + rng.random(5000), rng.integers(0, 30, 5000)
    found = shift_exc_noise(times, ids, 2, time_shift=shift)
    counts = np.array([((times >= ms) & (times < ms + 1)).sum() for ms in range(1999)])
    assert counts[-1] == ((times >= 1998) & (times <= 1999)).sum()
    by_hand = [counts[(ms - shift) % 1999] / (0.001 * 30) for ms in range(1999)]
    np.testing.assert_allclose(found, minmax(by_hand) + 0.5)
    assert (found.min(), found.max()) == (0.5, 1.5)


def test_shift_exc_noise_is_as_long_as_noise():
    """Five seconds make 4999 samples, as many as `make_noise` makes unless told otherwise."""
    assert shift_exc_noise([1.0, 1.5, 3.0], [0, 1, 1], 5).shape == (make_noise(1, seed=0).shape[1],)


@pytest.mark.parametrize(
    ("ts", "nid", "seconds"), [([1.0], [0, 1], 1), ([], [], 1), ([1.0], [0], 0), ([np.nan], [0], 1), ([99e3], [0], 1)]
)
def test_shift_exc_noise_refuses(ts, nid, seconds):
    """Lengths that differ, no spikes, no time, or nothing to scale: an error, and no NaN."""
    with pytest.raises(MockSessionError):
        shift_exc_noise(ts, nid, seconds)
