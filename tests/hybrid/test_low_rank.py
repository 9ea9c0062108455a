"""Events rebuilt from their leading singular vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockrawio.hybrid.low_rank import derivatives, rebuilt_events
from mockrawio.hybrid.original import arithmetic as compat
from mockrawio.hybrid.recording import open_raw
from mockrawio.hybrid.units import UnitSkipped
from mockrawio.planting import FixedEvents, LowRankEvents
from tests.hybrid.samples import HYBRID, RAW
from tests.hybrid.synthetic import RATE, make


def by_full_svd(windows: np.ndarray, rank: int) -> np.ndarray:
    """The obvious way, (p, n, m): take off the line, difference, full SVD, sum up."""
    p, n, m = windows.shape
    x = windows.astype(float)
    x = x - x[:, :1]
    x = x - np.linspace(0, 1, n)[:, None] * x[:, -1:]
    table = np.diff(x, axis=1).reshape(p, -1).T
    u, s, v = np.linalg.svd(table, full_matrices=True)
    back = (u[:, :rank] * s[:rank]) @ v[:rank]
    return np.concatenate([np.zeros((p, 1, m)), np.cumsum(back.T.reshape(p, n - 1, m), axis=1)], axis=1)


@pytest.fixture(scope="module")
def sample() -> dict[str, np.ndarray]:
    with np.load(HYBRID / "original_intermediates.npz") as members:
        return dict(members)


def test_derivatives():
    """Differences along time, less their mean: the same as taking off the line first."""
    windows = np.random.default_rng(0).integers(-32768, 32767, (5, 9, 3)).astype(np.int16)
    x = windows.astype(float)
    x -= np.linspace(x[:, 0], x[:, -1], 9, axis=1)
    np.testing.assert_allclose(derivatives(windows), np.diff(x, axis=1).reshape(5, -1), atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [4, 1, 2], ids=["fewer events than steps", "more", "more still"])
def test_equals_full_svd(tmp_path, channels, sample):
    """By either Gram matrix, the events equal those of a full SVD within 1e-9."""
    times, rows = sample["u9_times"], sample["u9_channels"][:channels]
    recording = open_raw(RAW, n_channels=32, sample_rate=RATE)
    rebuilt = rebuilt_events(recording, times, rows, (40, 40), 6, np.arange(len(times))).samples()
    expected = by_full_svd(recording.gather(times, 40, 40, rows), 6)
    np.testing.assert_allclose(rebuilt, expected, rtol=0, atol=1e-9)
    assert (len(times) > 80 * channels) == (channels < 4)


@pytest.mark.parametrize("unit", ["u6", "u9"])
def test_equals_the_original(unit, sample):
    """The rank-6 events are the original's within 1e-9, where it read the source."""
    times, rows = sample[f"{unit}_times"], sample[f"{unit}_channels"]
    recording = open_raw(RAW, n_channels=32, sample_rate=RATE)
    rebuilt = rebuilt_events(recording, times, rows, (40, 40), 6, np.arange(len(times))).samples().transpose(2, 1, 0)
    np.testing.assert_allclose(rebuilt, sample[f"{unit}_recon_rank6"], rtol=0, atol=1e-9)


def test_chunks_do_not_matter(monkeypatch, sample):
    """Spikes read a few at a time give the same events."""
    recording = open_raw(RAW, n_channels=32, sample_rate=RATE)
    arguments = recording, sample["u9_times"], np.array([8]), (40, 40), 3, np.arange(229)
    whole = rebuilt_events(*arguments).samples()
    monkeypatch.setattr("mockrawio.hybrid.low_rank.CHUNK_ITEMS", 80 * 10)
    np.testing.assert_allclose(rebuilt_events(*arguments).samples(), whole, atol=1e-9)


def test_events_are_those_chosen(sample):
    """An event is the spike it was made of, times its factor, the same all along, in whole counts."""
    recording = open_raw(RAW, n_channels=32, sample_rate=RATE)
    times, rows = sample["u6_times"], sample["u6_channels"]
    chosen, factors = np.array([5, 5, 0, 162]), np.array([1.0, 2.0, 0.5, 1.0])
    events = rebuilt_events(recording, times, rows, (40, 40), 6, chosen).scaled(factors).rounded()
    expected = by_full_svd(recording.gather(times, 40, 40, rows), 6)[chosen] * factors[:, None, None]
    counts = events.counts(0, 4)
    assert (counts.dtype, counts.shape) == (np.int32, (4, 81, 7))
    np.testing.assert_allclose(counts, expected, rtol=0, atol=0.501)
    assert (counts[:, [0, -1]] == 0).all()


def test_source_is_not_the_target(tmp_path, sample):
    """A recording is only read, so no unit sees what was added for another."""
    made = make(tmp_path, n_channels=8, seconds=0.5, counts=(20,), amplitudes=(300.0,))
    recording = open_raw(tmp_path / "raw.bin", n_channels=8, sample_rate=RATE)
    before = (tmp_path / "raw.bin").read_bytes()
    rebuilt_events(recording, made.times[1], np.arange(3), (40, 40), 6, np.arange(20))
    assert (tmp_path / "raw.bin").read_bytes() == before


def test_too_few_spikes(tmp_path):
    """Fewer spikes, or steps, than singular values are a reason to skip the unit."""
    made = make(tmp_path, n_channels=8, seconds=0.5, counts=(20,), amplitudes=(300.0,))
    recording = open_raw(tmp_path / "raw.bin", n_channels=8, sample_rate=RATE)
    with pytest.raises(UnitSkipped, match="5 spikes are too few for 6"):
        rebuilt_events(recording, made.times[1][:5], np.arange(3), (40, 40), 6, np.arange(5))
    with pytest.raises(UnitSkipped, match="4 steps in a window are too few for 6"):
        rebuilt_events(recording, made.times[1], np.arange(2), (1, 1), 6, np.arange(5))
    assert len(rebuilt_events(recording, made.times[1][:6], np.arange(3), (40, 40), 6, np.arange(6))) == 6
    assert len(rebuilt_events(recording, made.times[1], np.arange(3), (1, 1), 6, np.arange(5))) == 5


def test_equal_spikes(tmp_path):
    """Spikes that are all the same, or flat, are rebuilt as they are: no division by a singular value."""
    raw = np.zeros((2000, 2), np.int16)
    raw[::100, 0] = 50
    raw.tofile(tmp_path / "raw.bin")
    recording = open_raw(tmp_path / "raw.bin", n_channels=2, sample_rate=RATE)
    times = np.arange(1, 19) * 100
    events = rebuilt_events(recording, times, np.array([0, 1]), (40, 40), 6, np.arange(18)).rounded()
    expected = np.zeros((18, 81, 2))
    expected[:, 40, 0] = 50
    np.testing.assert_array_equal(events.counts(0, 18), expected)


@given(rank=st.integers(1, 70), seed=st.integers(0, 99), scale=st.sampled_from([1e-3, 1.0, 1e4]))
def test_counts_are_exact(rank, seed, scale):
    """The counts are the exact sums, rounded half to even, in any batches."""
    random = np.random.default_rng(seed)
    basis, weights = random.normal(size=(rank, 4, 2)), random.normal(0, scale, (5, rank))
    events = LowRankEvents.rounded(basis, weights)
    counts = events.counts(0, 5)
    one_by_one = np.concatenate([events.counts(k, k + 1) for k in range(5)])
    backwards = LowRankEvents(events.basis[::-1], events.weights[:, ::-1]).counts(0, 5)
    np.testing.assert_array_equal(one_by_one, counts)
    np.testing.assert_array_equal(backwards, counts)
    np.testing.assert_allclose(counts, np.tensordot(weights, basis, axes=1), rtol=0, atol=0.5 + 1e-4 * scale)


def test_half_to_even():
    """Halves go to the even count."""
    events = LowRankEvents.rounded(np.array([0.5, 1.5, 2.5, -0.5, -1.5]).reshape(1, 5, 1), np.ones((1, 1)))
    assert events.counts(0, 1).ravel().tolist() == [0, 2, 2, 0, -2]


def test_fixed_events():
    """Events that are kept as they are come back as int32."""
    events = FixedEvents(np.arange(12, dtype=np.int16).reshape(2, 3, 2))
    assert (len(events), events.counts(1, 2).tolist()) == (2, [[[6, 7], [8, 9], [10, 11]]])
    assert events.counts(0, 2).dtype == np.int32


def test_the_slow_way_is_the_original():
    """The plain SVD of these tests is what compat computes."""
    windows = np.random.default_rng(1).integers(-500, 500, (30, 9, 2))
    ours = compat.reconstruct(windows.transpose(2, 1, 0), 4).transpose(2, 1, 0)
    np.testing.assert_allclose(ours, by_full_svd(windows, 4), atol=1e-9)


class Windows:
    """A recording that has windows by their spikes' numbers, and notes how many are asked for at a time."""

    dtype = np.dtype("<i2")

    def __init__(self, windows):
        self.windows, self.asked = windows, []

    def gather(self, times, before, after, rows):
        self.asked.append(len(times))
        return self.windows[times][:, : before + after + 1, rows]


@pytest.mark.parametrize(
    ("kept", "items", "asked"),
    [
        (30 * 5 * 2 * 2, 80, [30]),
        (30 * 5 * 2 * 2 - 1, 80, [10, 10, 10, 3]),
        (0, 96, [12, 12, 6, 3]),
        (0, 1, [1] * 30 + [1] * 3),
    ],
)
def test_how_often_windows_are_read(kept, items, asked, monkeypatch):
    """Windows that fit into what is kept are read once, others twice, so many of their derivatives at a time."""
    monkeypatch.setattr("mockrawio.hybrid.low_rank.KEPT_BYTES", kept)
    monkeypatch.setattr("mockrawio.hybrid.low_rank.CHUNK_ITEMS", items)
    windows = np.random.default_rng(0).integers(-99, 99, (30, 5, 3)).astype(np.int16)
    source, chosen = Windows(windows), np.array([7, 3, 7, 29])
    found = rebuilt_events(source, np.arange(30), np.array([2, 0]), (1, 3), 2, chosen)
    assert source.asked == asked and len(found) == 4
    np.testing.assert_allclose(found.samples(), by_full_svd(windows[:, :, [2, 0]], 2)[chosen], atol=1e-9)
    np.testing.assert_allclose(found.samples(1, 3), by_full_svd(windows[:, :, [2, 0]], 2)[chosen[1:3]], atol=1e-9)


@pytest.mark.parametrize("n_spikes", [7, 8, 9])
def test_by_either_matrix(n_spikes):
    """With as many spikes as steps in a window, one fewer or one more, the events are those of a full SVD."""
    windows = np.random.default_rng(1).integers(-99, 99, (n_spikes, 5, 2)).astype(np.int16)
    found = rebuilt_events(Windows(windows), np.arange(n_spikes), np.arange(2), (2, 2), 3, np.arange(n_spikes))
    np.testing.assert_allclose(found.samples(), by_full_svd(windows, 3), atol=1e-9)


def test_as_many_singular_values_as_there_are():
    """As many spikes, or steps in a window, as singular values are enough; one fewer is not."""
    windows = np.random.default_rng(1).integers(-99, 99, (9, 4, 2)).astype(np.int16)
    for count, extent, rows, rank, words in (
        (4, (2, 1), 2, 4, None),
        (3, (2, 1), 2, 4, "3 spikes are too few for 4 singular values"),
        (9, (1, 1), 2, 4, None),
        (3, (1, 1), 1, 3, "2 steps in a window are too few for 3 singular values"),
    ):
        given = Windows(windows), np.arange(count), np.arange(rows), extent, rank, np.arange(count)
        if words is None:
            expected = by_full_svd(windows[:count, : sum(extent) + 1, :rows], rank)
            np.testing.assert_allclose(rebuilt_events(*given).samples(), expected, atol=1e-9)
            continue
        with pytest.raises(UnitSkipped, match=words):
            rebuilt_events(*given)
