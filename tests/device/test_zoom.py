"""The envelope of any view is what a loop over its pixels finds."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.device import Envelope, envelope, zoom
from mockrawio.device.choose import choose_engine
from mockrawio.device.engine import HostEngine
from mockrawio.device.pyramid import BLOCK_BYTES, Pyramid, bin_within
from tests.device.backends import BACKENDS, CUDA, no_cuda
from tests.handmade import T0, Handmade
from tests.length import rounds


def brute_force(reader, edges, seg_index=0, channel_indexes=None, slack=1e-3):
    """Return the envelope by a loop over the pixels and all samples of each."""
    raw = reader.get_analogsignal_chunk(0, seg_index, stream_index=0, channel_indexes=channel_indexes)
    scaled = reader.rescale_signal_raw_to_float(raw, "float32", 0, channel_indexes)
    position = np.arange(len(scaled)) + slack  # samples at an edge are the later pixel's
    in_samples = (edges - reader.get_signal_t_start(0, seg_index, 0)) * reader.get_signal_sampling_rate(0)
    low, high = (np.full((len(edges) - 1, scaled.shape[1]), np.nan, np.float32) for _ in range(2))
    for pixel, (begin, end) in enumerate(pairwise(in_samples)):
        own = scaled[(begin <= position) & (position < end)]
        if not len(own) and position[0] < begin and end <= position[-1] + 1:
            own = scaled[position < begin][-1:]  # between two samples: the earlier
        if len(own):
            low[pixel], high[pixel] = own.min(axis=0), own.max(axis=0)
    return low, high


def check(reader, view, **options):
    for found, wanted in zip(view[:2], brute_force(reader, view.edges, **options), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=rounds(52, 150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_view(data, folders):
    """Any span, width, segment and channels, views one after another on the same pyramid."""
    with MockSessionRawIO(folders[data.draw(st.sampled_from(sorted(folders)))]) as reader:
        seg_index = data.draw(st.integers(0, 1))
        origin, rate = reader.get_signal_t_start(0, seg_index, 0), reader.get_signal_sampling_rate(0)
        for _ in range(data.draw(st.integers(1, 3))):
            start = data.draw(st.integers(-300, 3000) | st.floats(-300, 3000))
            span = data.draw(st.integers(1, 3500) | st.floats(0.5, 3500))
            channels = data.draw(st.sampled_from([None, [0], slice(1, None), [2, 0]]))
            limits = origin + start / rate, origin + (start + span) / rate
            width = data.draw(st.integers(1, 400))
            view = zoom(reader, *limits, width, seg_index=seg_index, channel_indexes=channels, device="cpu")
            assert view.edges[[0, -1]].tolist() == list(limits)
            check(reader, view, seg_index=seg_index, channel_indexes=channels)


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=rounds(35, 100), deadline=None)
@given(data=st.data())
def test_any_pyramid(data):
    """Any ranges of a pyramid of small bins and blocks, so that it has levels and is made piece by piece."""
    size, width = data.draw(st.integers(1, 5000)), data.draw(st.integers(1, 3))
    samples = np.random.default_rng(size).integers(-32768, 32768, (size, width), dtype=np.int16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mockrawio.device.pyramid.BLOCK_BYTES", data.draw(st.integers(1, 1000)))
        pyramid = Pyramid(size, width, samples.dtype, bin_size=data.draw(st.integers(1, 5)))
    for _ in range(3):
        edges = sorted(data.draw(st.sets(st.integers(0, size), min_size=2, max_size=30)))
        first, stop = np.array(edges[:-1]), np.array(edges[1:])
        found = pyramid.ranges(first, stop, lambda chunk, place: np.copyto(place, samples[slice(*chunk)]), HostEngine())
        for pairs, reduce in zip(found, (np.min, np.max), strict=True):
            wanted = [reduce(samples[a:b], axis=0) for a, b in zip(first, stop, strict=True)]
            np.testing.assert_array_equal(pairs, wanted)


@pytest.mark.parametrize("library", [name for name in BACKENDS if name != "jax"])
def test_every_library(library, gains):
    """Whichever library reduces the samples, the view is the same."""
    view = Envelope(gains, 0, device="cpu")
    view._engine = HostEngine(library)
    check(gains, view.view(None, None, 7))
    assert view.nbytes > 0


@pytest.mark.parametrize(("device", "library"), [one for one in CUDA if "jax" not in one])
def test_cuda(device, library, reader):
    """A device that is there finds the same, by either library that reduces there."""
    view = Envelope(reader, 0, device=device)
    assert view.device.startswith("cuda:")
    view._engine = choose_engine(device, library)
    check(reader, view.view(None, None, 7))


class Counting:
    """Counts the samples that a reader reads."""

    def __init__(self, reader, monkeypatch):
        self.samples, self.largest, read = 0, 0, reader.get_analogsignal_chunk

        def counted(*args, **kwargs):
            chunk = read(*args, **kwargs)
            self.samples += len(chunk)
            self.largest = max(self.largest, len(chunk))
            return chunk

        monkeypatch.setattr(reader, "get_analogsignal_chunk", counted)


@pytest.fixture
def long(tmp_path):
    """A reader of 400,000 samples of two channels."""
    samples = np.random.default_rng(0).integers(-3000, 3000, (400_000, 2), dtype=np.int16)
    with MockSessionRawIO(Handmade(tmp_path / "s").stream(samples=samples).parent.parent) as reader:
        yield reader


def test_first_view_reads_all_and_later_ones_pixels(long, monkeypatch):
    """The first view of a span reads it once; later ones at most a bin for each edge of a pixel."""
    reads = Counting(long, monkeypatch)
    zoom(long, 0.0, 12.0, 100, device="cpu")
    assert 384_000 <= reads.samples <= 400_000 + 101 * 64
    for limits in ((0.0, 12.0), (0.5, 11.9), (3.0, 4.0)):
        reads.samples = 0
        check(long, zoom(long, *limits, 100, device="cpu"))
        assert reads.samples <= 400_000 + 101 * 64  # the check reads all of them
    reads.samples = 0
    zoom(long, 0.1, 12.1, 100, device="cpu")
    assert reads.samples <= 101 * 64


def test_a_first_view_of_little_reads_little(long, monkeypatch):
    """A narrow view of a long recording reads what lies in it, not the recording."""
    monkeypatch.setattr("mockrawio.device.pyramid.BLOCK_BYTES", 1 << 16)  # 16384 samples of two channels
    reads = Counting(long, monkeypatch)
    check_not = zoom(long, 5.0, 6.0, 100, device="cpu")
    assert reads.samples < 4 * 16384
    assert np.isfinite(check_not.low).all()


def test_memory_is_bounded(long):
    """A pyramid takes what it is allowed: the bin grows; the view is the same."""
    small = Envelope(long, device="cpu", max_bytes=4000)
    check(long, small.view(None, None, 50))
    assert 0 < small.nbytes <= 4000
    assert bin_within(256 << 20, (4 << 30) // 2, 1, np.dtype(np.int16)) == 64
    assert bin_within(256 << 20, 1 << 40, 64, np.dtype(np.int16)) > 64 << 10
    assert BLOCK_BYTES <= 256 << 20


@pytest.mark.slow
def test_pyramids_are_kept_with_the_reader(long):
    """One reader's views share a pyramid, a header parsed anew begins another, and it goes with the reader."""
    zoom(long, None, None, 10, device="cpu")
    first = envelope._KEPT[long][0]
    zoom(long, None, None, 20, device="cpu")
    assert envelope._KEPT[long][0] is first
    long.parse_header()
    zoom(long, None, None, 10, device="cpu")
    assert envelope._KEPT[long][0] is not first
    reader = MockSessionRawIO(long.dirname)
    reader.parse_header()
    zoom(reader, None, None, 10, device="cpu")
    gone = weakref.ref(reader)
    del reader
    gc.collect()
    assert gone() is None


def test_outside_is_nan(gains):
    """A view that goes beyond the segment is NaN there, and nowhere else."""
    origin = gains.get_signal_t_start(0, 0)
    view = zoom(gains, origin - 1, origin + 1, 40, device="cpu")
    seen = np.isfinite(view.low).all(axis=1)
    assert seen.tolist() == [20 <= pixel < 22 for pixel in range(40)]
    assert np.isnan(zoom(gains, origin + 50, origin + 51, 3, device="cpu").high).all()


def test_more_pixels_than_samples(gains):
    """Zoomed in, samples show as steps: each is held to the next, the last for its own length."""
    origin = gains.get_signal_t_start(0, 0)
    low, high, _ = zoom(gains, origin, origin + 3 / 32000, 12, device="cpu")
    samples = gains.rescale_signal_raw_to_float(gains.get_analogsignal_chunk(0, 0, 0, 3), "float32")
    np.testing.assert_array_equal(low, np.repeat(samples, 4, axis=0))
    np.testing.assert_array_equal(low, high)


def test_nan_of_a_float_source(tmp_path):
    """A NaN that is served as it is makes its pixel NaN, and no other."""
    samples = np.arange(3000.0)
    samples[1700] = np.nan
    folder = Handmade(tmp_path / "s")
    folder.lfp(1, samples, T0 + np.arange(3000))
    with MockSessionRawIO(folder.folder, raw_dtype="source") as reader:
        for _ in range(2):  # made, and kept
            low, high, _ = zoom(reader, None, None, 10, device="cpu")
            assert np.isnan(low[:, 0]).tolist() == np.isnan(high[:, 0]).tolist() == [k == 5 for k in range(10)]
            assert low[4].tolist() == [1200.0]
            assert high[4].tolist() == [1499.0]


@pytest.mark.parametrize(("limits", "width"), [((1.0, 1.0), 10), ((2.0, 1.0), 10), ((0.0, 1.0), 0), ((0.0, np.inf), 9)])
def test_wrong_views(limits, width, gains):
    """A view without a size is refused."""
    with pytest.raises(MockSessionError, match="found"):
        zoom(gains, *limits, width, device="cpu")


def test_wrong_places(gains):
    """What the session does not have is the reader's own error."""
    for wrong in ({"seg_index": 2}, {"stream_index": 3}, {"channel_indexes": [9]}, {"block_index": 1}):
        with pytest.raises(BoundsError):
            zoom(gains, 0.0, 1.0, 10, device="cpu", **wrong)


@pytest.mark.skipif(not no_cuda(), reason="there is a CUDA device")
def test_no_cuda(gains):
    """A view without its device is an error; device="auto" falls back to NumPy."""
    with pytest.raises((MockSessionError, ImportError)):
        zoom(gains, 0.0, 1.0, 10, device="cuda")
    assert Envelope(gains).device == "cpu"
