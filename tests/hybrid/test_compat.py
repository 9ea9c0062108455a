"""What compat makes is what the original made, number for number and byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.hybrid import HybridResult, eMouse, generate_hybrid, planted_events
from mockrawio.hybrid.original import arithmetic as compat
from mockrawio.hybrid.original.run import Wrapping
from mockrawio.hybrid.params import HybridParams
from mockrawio.planting import FixedEvents, PlantedUnit
from tests.hybrid.samples import HYBRID, RAW
from tests.hybrid.synthetic import make, staggered_probe

GT_SHA256 = "11c9a37f4afef26c8caa8600edd730ccc17cba399f0d68cd5573b228165e3ea2"
N_FRAMES, WINDOW = 180_000, (40, 40)
SPANS = np.array([0]), np.array([N_FRAMES])


@pytest.fixture(scope="module")
def wanted() -> dict[str, np.ndarray]:
    """What the original had in its hands, step by step."""
    with np.load(HYBRID / "original_intermediates.npz") as members:
        return dict(members)


@pytest.fixture(scope="module")
def raw() -> np.ndarray:
    """The recording, (180000, 32)."""
    return np.fromfile(RAW, "<i2").reshape(-1, 32)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> HybridResult:
    """A run of ``params_phy.py``."""
    return generate_hybrid(sample_params("phy", tmp_path_factory.mktemp("phy")))


def sample_params(kind: str, folder: Path) -> HybridParams:
    params = HybridParams.load(HYBRID / f"params_{kind}.py")
    return replace(params, output_directory=folder, compat=True, phy_base=1)


def windows(raw: np.ndarray, times: np.ndarray) -> np.ndarray:
    return raw[times[:, None] + np.arange(-40, 41)]


@pytest.mark.parametrize("unit", ["u6", "u9"])
def test_unit_channels(unit, wanted, raw):
    """The channels below the 2nd percentile of the mean window are the original's."""
    mean = windows(raw, wanted[f"{unit}_times"]).mean(axis=0)
    assert compat.original_channels(mean).tolist() == wanted[f"{unit}_channels"].tolist()


@pytest.mark.parametrize("unit", ["u6", "u9"])
def test_shift_candidates(unit, wanted):
    """The places that a unit fits, and their order, are the original's."""
    anchors, rows = compat.shift_candidates(wanted[f"{unit}_channels"], staggered_probe(32))
    np.testing.assert_array_equal(anchors, wanted[f"{unit}_shift_anchor"])
    np.testing.assert_array_equal(rows, wanted[f"{unit}_shift_channels"])


def test_shift_candidates_on_a_probe_with_a_map(wanted):
    """On a probe whose rows are shuffled and not all connected too; and there may be none."""
    anchors, rows = compat.shift_candidates(np.array([1, 2]), eMouse())
    np.testing.assert_array_equal(anchors, wanted["emouse_shift_1_2_anchor"])
    np.testing.assert_array_equal(rows, wanted["emouse_shift_1_2"])
    anchors, rows = compat.shift_candidates(np.array([1, 2, 5, 6, 9, 10]), eMouse())
    assert rows.shape == (0, 6)
    assert compat.original_shift(np.array([1, 2, 5, 6, 9, 10]), eMouse(), None, np.random.RandomState(0)) is None


def test_shift_steps():
    """A given step goes up the probe, else down it, else it is replaced by a random shift."""
    probe, random = staggered_probe(32), np.random.RandomState(0)
    assert compat.original_shift(np.array([4, 5]), probe, 6, random).tolist() == [10, 11]
    assert compat.original_shift(np.array([28, 29]), probe, 6, random).tolist() == [22, 23]
    rows = compat.original_shift(np.array([15, 16]), probe, 20, random)
    _, candidates = compat.shift_candidates(np.array([15, 16]), probe)
    assert rows.tolist() in candidates.tolist()


@pytest.mark.parametrize("unit", ["u6", "u9"])
def test_jitter(unit, wanted):
    """Jitter draws the same numbers in the same order."""
    times = wanted[f"{unit}_times"]
    moved = times + compat.jitter(len(times), 100, 30_000, 2, np.random.RandomState(11))
    np.testing.assert_array_equal(moved, wanted[f"{unit}_jitter_seed11_factor100"])


def test_jitter_is_lopsided():
    """Without any spread it is +30 or -60 samples at 30 kHz."""
    assert set(compat.jitter(10, 0, 30_000, 2, np.random.RandomState(0)).tolist()) == {30, -60}


def synthetic(rate, factor, own=()):
    own, random = np.array(own, np.int64), np.random.RandomState(11)
    return compat.original_times(own, SPANS, WINDOW, rate=rate, factor=factor, sample_rate=30_000, random=random)


def test_synthetic_times(wanted):
    """Synthetic times are the original's, which shuffles them last; 60 Hz at 30 kHz is every 500 samples."""
    np.testing.assert_array_equal(np.sort(synthetic(20, 100)), np.sort(wanted["synthetic_rate20_seed11_factor100"]))
    assert set(np.diff(np.sort(synthetic(60, 0))).tolist()) == {500}


@pytest.mark.parametrize(("rate", "factor"), [(7.5, 100), (60_000, 100), (20, 200_000)])
def test_synthetic_times_refused(rate, factor):
    """Where the original ends with a traceback, compat has an error that says so."""
    with pytest.raises(MockSessionError, match="run without compat"):
        synthetic(rate, factor)


def test_the_hidden_cap():
    """Of more than 25,000 events the original draws as many, and does not say so; of just that many it has all."""
    for count, kept in ((25_000, 25_000), (25_001, 25_000)):
        spans, random = (np.array([0]), np.array([1000 * count])), np.random.RandomState(1)
        own, options = np.arange(count) * 900 + 5000, {"rate": None, "factor": 0, "sample_rate": 30_000}
        assert len(compat.original_times(own, spans, (40, 40), random=random, **options)) == kept


def test_window_past_the_end():
    """An event drawn one sample too far is kept by the original, which then fails; so does compat."""
    own = np.full(64, N_FRAMES - 40 - 30)
    with pytest.raises(MockSessionError, match="one sample past its file"):
        synthetic(None, 0, own)


@pytest.mark.parametrize("unit", ["u6", "u9"])
def test_reconstruct(unit, wanted, raw):
    """Rank 6 of the derivatives, summed up, is the original's within 1e-9."""
    cut = windows(raw, wanted[f"{unit}_times"])[:, :, wanted[f"{unit}_channels"]].transpose(2, 1, 0)
    np.testing.assert_allclose(compat.reconstruct(cut, 6), wanted[f"{unit}_recon_rank6"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("unit", ["u6", "u9"])
def test_taper(unit, wanted):
    """The triangle over time is the original's, to the last bit."""
    rebuilt = wanted[f"{unit}_recon_rank6"]
    p = rebuilt.shape[2]
    events = compat.scale_and_cut(rebuilt, np.arange(p), np.ones(p), np.dtype(np.float64))
    np.testing.assert_array_equal(events.transpose(2, 1, 0), wanted[f"{unit}_scaled_1_1"])


def test_insert_wraps_and_cuts():
    """Counts are cut off towards zero and wrap round in the raw dtype."""
    rebuilt = np.zeros((1, 3, 1))
    rebuilt[0, :, 0] = [0, -999.9, 0]
    events = compat.scale_and_cut(rebuilt, np.array([0]), np.array([1.0]), np.dtype(np.int16))
    assert events.reshape(-1).tolist() == [0, -499, 0]
    target = np.full((5, 2), -32_600, np.int16)
    unit = PlantedUnit(np.array([1]), np.array([2]), 1, FixedEvents(events))
    assert Wrapping((unit,), 2).add(target, 0) == 0
    assert target[:, 0].tolist() == [-32_600] * 5
    assert target[:, 1].tolist() == [-32_600, -32_600, 32_437, -32_600, -32_600]


@pytest.mark.slow
def test_bytes(whole):
    """The result is the original's, byte for byte, and so are its tables."""
    assert [record.sha256 for record in whole.results] == [GT_SHA256]
    assert [path.name for path in whole.targets] == ["bench_g0_t0.imec.ap.GT.bin"]
    for name in ("annotations-bench.csv", "artificial_units-bench.csv", "dtype-bench.npy", "firings_true.npy"):
        assert (whole.folder / name).read_bytes() == (HYBRID / "original_output" / name).read_bytes(), name


def test_probe_file(whole):
    """The probe's file has the original's members, dtypes and values."""
    with np.load(whole.folder / "probe-bench.npz") as ours, np.load(HYBRID / "original_output/probe-bench.npz") as its:
        assert sorted(ours) == sorted(its)
        for name in its:
            assert ours[name].dtype == its[name].dtype
            np.testing.assert_array_equal(ours[name], its[name])


def test_kilosort_output_makes_the_same(tmp_path):
    """The same sorting as ``rez.mat`` gives the same result."""
    pytest.importorskip("h5py")
    assert generate_hybrid(sample_params("ks", tmp_path)).results[0].sha256 == GT_SHA256


def test_jrclust_output(tmp_path):
    """Of JRCLUST's output the channels are the peak sites, and new rows have no channel."""
    pytest.importorskip("h5py")
    result = generate_hybrid(sample_params("jrc", tmp_path))
    rows = np.genfromtxt(tmp_path / "annotations-bench.csv", delimiter=",", names=True, dtype=np.int64)
    assert rows.dtype.names == ("timestep", "cluster", "channel_index")
    for unit in result.units:
        own = rows["channel_index"][rows["cluster"] == unit.true_unit]
        assert sorted(set(own.tolist())) == list(unit.source_channels)
        assert set(rows["channel_index"][rows["cluster"] == unit.new_unit].tolist()) == {-1}


def test_events_are_in_the_traces(whole, raw):
    """The saved events are what the result has more than the source."""
    target = np.fromfile(whole.targets[0], "<i2").reshape(-1, 32)
    expected = np.zeros(raw.shape, np.int64)
    for unit in planted_events(whole.folder):
        for time, event in zip(unit.times, unit.events.counts(0, len(unit.times)), strict=True):
            expected[time - 40 : time + 41, unit.channels] += event
    np.testing.assert_array_equal(target.astype(np.int64) - raw, expected)


def test_dry_run(tmp_path):
    """A dry run tells the same and leaves nothing behind."""
    result = generate_hybrid(sample_params("phy", tmp_path / "out"), dry_run=True)
    assert [(unit.new_unit, unit.n_events) for unit in result.units] == [(11, 163), (12, 229)]
    assert not (tmp_path / "out").exists()


def test_unit_that_is_not_there(tmp_path):
    """A label without spikes is skipped, with the reason; the others draw as if it had not been asked for."""
    params = sample_params("phy", tmp_path)
    result = generate_hybrid(replace(params, ground_truth_units=(77, 6, 9)))
    assert [unit.reason for unit in result.units] == ["the sorting has no spikes of unit 77", None, None]
    assert result.results[0].sha256 == GT_SHA256
    assert not result.ok


def test_spikes_at_the_ends(tmp_path):
    """A spike whose window leaves the file ends the original; here with an error that says so."""
    made = make(tmp_path, n_channels=8, seconds=1.0, counts=(20,), amplitudes=(300.0,), compat=True)
    times = np.load(tmp_path / "spike_times.npy")
    times[0] = 3
    np.save(tmp_path / "spike_times.npy", times)
    with pytest.raises(MockSessionError, match="run without compat"):
        generate_hybrid(made.params)
    assert not (tmp_path / "out").exists()


def test_several_files(tmp_path):
    """Two files are edited each in its place: the traces are those of one long file."""
    made = make(tmp_path, n_channels=8, seconds=2.0, counts=(40,), amplitudes=(300.0,), compat=True)
    one = generate_hybrid(made.params)
    raw = (tmp_path / "raw.bin").read_bytes()
    cut = gap(made.times[1], 30_000)
    for k, part in enumerate((raw[: cut * 16], raw[cut * 16 :])):
        (tmp_path / f"part_t{k}.bin").write_bytes(part)
    source, starts = tmp_path / "part_t*.bin", (0, cut)
    params = replace(made.params, raw_source_file=source, start_time=starts, output_directory=tmp_path / "two")
    two = generate_hybrid(params)
    assert b"".join(path.read_bytes() for path in two.targets) == one.targets[0].read_bytes()


def gap(times, near):
    """The middle of a gap of 2000 samples or more between two spikes, so that no jitter crosses it."""
    wide = np.flatnonzero(np.diff(times) > 1600)
    middles = (times[wide] + times[wide + 1]) // 2
    return int(middles[np.abs(middles - near).argmin()])
