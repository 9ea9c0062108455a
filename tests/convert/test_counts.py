"""Samples of any type as int16 counts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mockrawio import MockSessionError
from mockrawio.convert import counts as counts_module
from mockrawio.convert.counts import Piece, Source, encode, passes


def source_of(*segments, gains=None, offsets=None, rate=1000.0):
    """Return arrays, one a segment, as a source."""
    wide = segments[0].shape[1]
    pieces = tuple(Piece(len(a), lambda start, stop, a=a: a[start:stop]) for a in segments)
    return Source(
        "signal",
        tuple(f"ch{k}" for k in range(wide)),
        segments[0].dtype,
        np.ones(wide) if gains is None else np.asarray(gains, float),
        np.zeros(wide) if offsets is None else np.asarray(offsets, float),
        rate,
        pieces,
    )


def encoded(source):
    """Return all counts of a source, and what they are in physical units."""
    counts = encode(source)
    blocks = list(counts.blocks())
    assert all(block.dtype == np.dtype("<i2") and block.flags.c_contiguous for block in blocks)
    whole = np.concatenate(blocks)
    return counts, whole, whole * counts.gains + counts.offsets


@pytest.mark.parametrize("dtype", ["int16", ">i2", "int8", "uint8"])
def test_small_integers_stay(dtype):
    """Integers that fit are the counts, and the scale is untouched."""
    limits = np.iinfo(dtype)
    samples = np.array([[limits.min, 0], [limits.max, 1]], dtype=dtype)
    counts, whole, _ = encoded(source_of(samples, gains=[0.1, 2], offsets=[3, -1]))
    assert np.array_equal(whole, samples)
    assert counts.gains.tolist() == [0.1, 2]
    assert counts.offsets.tolist() == [3, -1]


def test_uint16_moves_down():
    """uint16 loses 32768 and its offset gains as many counts: values are the same."""
    samples = np.array([[0], [32767], [32768], [65535]], dtype=np.uint16)
    counts, whole, values = encoded(source_of(samples, gains=[0.25], offsets=[-100.0]))
    assert whole[:, 0].tolist() == [-32768, -1, 0, 32767]
    assert counts.offsets.tolist() == [-100 + 32768 * 0.25]
    assert np.array_equal(values, samples * 0.25 - 100)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_wide_integers_stay_where_they_fit(dtype):
    """Of wide integers a channel that int16 holds is kept, and only others are quantised."""
    samples = np.array([[7, 0], [12345, 100_000]], dtype=dtype)
    counts, whole, values = encoded(source_of(samples))
    assert whole[:, 0].tolist() == [7, 12345]
    assert counts.gains.tolist() == [1.0, 100_000 / 32767]
    assert np.abs(values - samples).max() <= counts.gains[1] / 2


def test_all_of_int16_fits():
    """Wide integers from -32768 to 32767 are counts; one more on either side is not."""
    samples = np.array([[-32768, -32769, -32767], [32767, 32767, 32768]])
    counts, whole, _ = encoded(source_of(samples))
    assert whole[:, 0].tolist() == [-32768, 32767]
    assert counts.gains.tolist() == [1.0, 32769 / 32767, 32768 / 32767]


@given(
    st.lists(
        hnp.arrays(
            st.sampled_from([np.float32, np.float64]),
            st.tuples(st.integers(1, 40), st.just(3)),
            elements=st.floats(-1e6, 1e6, width=32),
        ).map(lambda a: a.astype(np.float64)),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.floats(1e-3, 1e3), min_size=3, max_size=3),
)
def test_floats_are_off_by_half_a_gain(segments, gains):
    """No float sample is off by more than half its channel's gain, and none clips."""
    counts, whole, values = encoded(source_of(*segments, gains=gains, offsets=[1, 0, -1]))
    samples = np.concatenate(segments)
    exact = samples * gains + [1, 0, -1]
    spare = 1e-9 * (1 + np.abs(exact))  # of float64 itself
    assert (np.abs(values - exact) <= counts.gains / 2 + spare).all()
    largest = np.abs(samples).max(axis=0)
    assert (np.abs(whole.astype(int)).max(axis=0)[largest > 0] == 32767).all()


@pytest.mark.parametrize("largest", [0.0, 5e-324, 1e-310, 1e-300, 1e300])
def test_extreme_floats(largest):
    """Silence, subnormal and huge numbers have a gain above 0 that holds them."""
    counts, _, values = encoded(source_of(np.array([[largest], [-largest]])))
    assert counts.gains[0] > 0
    assert np.abs(values[:, 0] - [largest, -largest]).max() <= counts.gains[0] / 2


def test_gain_beyond_float64():
    """A value that float64 does not hold in physical units is refused."""
    with pytest.raises(MockSessionError, match="float64"):
        encode(source_of(np.array([[1e300]]), gains=[1e300]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(bad):
    """NaN and infinity are refused with channel, segment and frame."""
    samples = np.zeros((50, 2), np.float32)
    worse = samples.copy()
    worse[17, 1] = bad
    with pytest.raises(MockSessionError, match=re.escape(f"found {bad} on channel 'ch1', segment 1, frame 17")):
        encode(source_of(samples, worse))


@pytest.mark.parametrize("gain", [0.0, np.nan, np.inf, -np.inf])
def test_gain_must_be_one(gain):
    """A gain of 0, NaN or infinity is refused, naming the channel."""
    with pytest.raises(MockSessionError, match="gains that are finite, and not 0; found .* on channel 'ch1'"):
        encode(source_of(np.zeros((2, 2), np.int16), gains=[1, gain]))


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "float64"])
def test_negative_gain_turns_round(dtype):
    """Values 1 to 100 000 at a gain of -0.5 are -0.5 to -50 000, within half a count."""
    values = np.linspace(1, 30_000 if dtype.endswith("16") else 100_000, 500).astype(dtype)[:, None]
    made, _, found = encoded(source_of(values, gains=[-0.5]))
    assert made.gains[0] < 0
    np.testing.assert_allclose(found, values.astype(np.float64) * -0.5, rtol=0, atol=abs(made.gains[0]) / 2 + 1e-9)


def test_offset_must_be_finite():
    """An offset that is no number is refused."""
    with pytest.raises(MockSessionError, match="finite offsets; found nan on channel 'ch0'"):
        encode(source_of(np.zeros((2, 1), np.int16), offsets=[np.nan]))


@pytest.mark.parametrize("dtype", [np.complex64, np.bool_, "U3", object])
def test_other_dtypes(dtype):
    """What is no real number is refused."""
    with pytest.raises(MockSessionError, match="expected real numbers"):
        encode(source_of(np.zeros((2, 1), dtype)))


@pytest.mark.parametrize(
    ("second", "message"),
    [(2.0, "the same samples in both passes; found larger ones in the second, in segment 0 from frame 0")]
    + [(bad, f"finite samples; found {bad} on channel 'a', segment 0, frame 0") for bad in (np.nan, np.inf)],
)
def test_signal_that_changes(second, message):
    """Samples that are larger, or not finite, when read again are an error, not wrapped counts."""
    reads = []

    def read(start, stop):
        reads.append(start)
        return np.full((stop - start, 1), 1.0 if len(reads) == 1 else second)

    source = Source("signal", ("a",), np.dtype(float), np.ones(1), np.zeros(1), 1.0, (Piece(5, read),))
    with pytest.raises(MockSessionError, match=message):
        list(encode(source).blocks())


def test_wrong_shape():
    """A source that gives fewer samples than asked for is an error."""
    source = Source(
        "signal", ("a",), np.dtype("i2"), np.ones(1), np.zeros(1), 1.0, (Piece(5, lambda a, b: np.zeros((4, 1), "i2")),)
    )
    with pytest.raises(MockSessionError, match=r"as \(5, 1\); found shape \(4, 1\)"):
        list(encode(source).blocks())


@pytest.mark.parametrize("dtype", ["int16", "uint16", "float32"])
def test_blocks_do_not_matter(dtype, monkeypatch):
    """The counts are the same whatever the block, and every sample of every pass is ticked."""
    samples = (np.random.default_rng(0).normal(0, 100, (1000, 3)) + 500).astype(dtype)
    source = source_of(samples[:600], samples[600:], rate=1.0)
    _, whole, _ = encoded(source)
    monkeypatch.setattr(counts_module, "BLOCK", 30)
    ticks = []
    counts = encode(source, ticks.append)
    blocks = list(counts.blocks())
    assert len(blocks) == 100
    assert np.array_equal(np.concatenate(blocks), whole)
    assert sum(ticks) == samples.size * passes(samples.dtype)


def test_a_channel_of_zeros():
    """It has the source's own gain, beside others that have theirs, and stays 0."""
    counts, whole, _ = encoded(source_of(np.array([[0.0, 1.0], [0.0, -2.0]]), gains=[0.5, 0.5]))
    assert counts.gains.tolist() == [0.5, 0.5 * (2.0 / 32767)]
    assert whole[:, 0].tolist() == [0, 0]


@pytest.mark.parametrize(("counts", "fits"), [(32767.4, True), (32768, False), (-32768.4, True), (-32769, False)])
def test_how_far_a_signal_may_change(counts, fits):
    """In the second pass samples may grow to the last counts that int16 has, up and down, and not by one more."""
    reads = []

    def read(start, stop):
        reads.append(start)
        return np.full((stop - start, 1), 32767.0 if len(reads) == 1 else counts) / 32767.0

    source = Source("signal", ("a",), np.dtype(float), np.ones(1), np.zeros(1), 1.0, (Piece(5, read),))
    found = encode(source)
    if fits:
        assert np.concatenate(list(found.blocks()))[:, 0].tolist() == [round(counts)] * 5
    else:
        with pytest.raises(MockSessionError, match="expected the same samples in both passes; found larger ones"):
            list(found.blocks())
