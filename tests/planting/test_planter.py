"""Adding events to blocks: the counts that were planned, on the samples that were planned, no others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError
from mockrawio.planting import FixedEvents, LowRankEvents, PlantedUnit, Planter, ScaledEvents
from mockrawio.planting.events import few_digits
from tests.length import rounds

N_CHANNELS = 5


def unit(times, samples, channels=(3, 1), before=2) -> PlantedUnit:
    """A unit of fixed events, (K, n, 2)."""
    samples = np.asarray(samples)
    return PlantedUnit(np.array(channels), np.asarray(times, np.int64), before, FixedEvents(samples))


def slowly(length, units) -> np.ndarray:
    """The obvious way: event by event, in Python integers' reach."""
    total = np.zeros((length, N_CHANNELS), np.int64)
    for one in units:
        for time, event in zip(one.times, one.events.counts(0, len(one.times)), strict=True):
            for k, row in enumerate(event):
                for channel, count in zip(one.channels, row, strict=True):
                    if 0 <= time - one.before + k < length:
                        total[time - one.before + k, channel] += count
    return total


def random_unit(random, count, length, height=100, channels=(3, 1)) -> PlantedUnit:
    times = np.sort(random.integers(2, length - 3, count))
    return unit(times, random.integers(-height, height + 1, (count, 5, 2)), channels)


def scaled_unit(random, count, length, height, channels) -> PlantedUnit:
    """A unit of two templates times factors."""
    bank = random.uniform(-height, height, (2, 5, len(channels))).astype(np.float32)
    events = ScaledEvents(bank, random.integers(0, 2, count), random.normal(1, 0.2, count).astype(np.float32))
    return PlantedUnit(np.array(channels), np.sort(random.integers(2, length - 3, count)), 2, events)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(
    seed=st.integers(0, 999),
    height=st.sampled_from([10, 30_000]),
    dtype=st.sampled_from(["int16", "uint16", "int8", "int32", "uint32"]),
    step=st.integers(1, 60),
)
def test_any_blocks(seed, height, dtype, step):
    """Whatever the block length, events of several units, overlapping and cut by borders, are summed and clipped."""
    random, limits = np.random.default_rng(seed), np.iinfo(dtype)
    units = [random_unit(random, 12, 50, height), random_unit(random, 3, 50, height, channels=(1, 4))]
    units += [scaled_unit(random, 8, 50, height, channels) for channels in ((0,), (4, 2), (1, 2, 3))]
    middle = (int(limits.min) + int(limits.max)) // 2
    source = (middle + random.integers(-50, 50, (50, N_CHANNELS))).astype(dtype)
    planter, result, clipped = Planter(units, N_CHANNELS, dtype), source.copy(), 0
    for start in range(0, 50, step):
        clipped += planter.add(result[start : start + step], start)
    total = source.astype(np.int64) + slowly(50, units)
    np.testing.assert_array_equal(result, np.clip(total, limits.min, limits.max))
    assert clipped == np.count_nonzero((total < limits.min) | (total > limits.max))


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint32"])
def test_saturates(dtype):
    """In int16, 100 above the least, less 500 is -32768, and counted: it does not wrap. Nor does it at the top."""
    limits = np.iinfo(dtype)
    for before, limit in ((int(limits.min) + 100, limits.min), (int(limits.max) - 100, limits.max)):
        block = np.full((5, N_CHANNELS), before, dtype)
        change = -500 if limit == limits.min else 500
        assert Planter([unit([2], np.full((1, 5, 2), change))], N_CHANNELS, dtype).add(block, 0) == 10
        assert set(block[:, [1, 3]].ravel().tolist()) == {limit}
        assert set(block[:, [0, 2, 4]].ravel().tolist()) == {before}


@pytest.mark.parametrize("kind", ["scaled", "low rank"])
def test_what_is_rounded_up_is_in_the_bound(kind):
    """Four events of 9.5 are 40 counts, which 32730 has no room for, though it has for 38."""
    shape, ones = np.full((1, 5, 2), 9.5), np.ones((1, 1))
    events = LowRankEvents(shape, ones)
    if kind == "scaled":
        events = ScaledEvents((shape / 2).astype(np.float32), np.zeros(1, np.int32), np.full(1, 2, np.float32))
    units = [PlantedUnit(np.array([3, 1]), np.array([2]), 2, events)] * 4
    block = np.full((5, N_CHANNELS), 32_729, np.int16)
    assert Planter(units, N_CHANNELS).add(block, 0) == 10
    assert set(block[:, [1, 3]].ravel().tolist()) == {32_767}


def test_digits_that_are_kept():
    """Of four digits, the largest being 1, the last one is worth an eighth; zeros stay."""
    assert few_digits(np.array([1.0, 0.3, -0.7, 0.06]), 4).tolist() == [1.0, 0.25, -0.75, 0.0]
    assert few_digits(np.array([200.0, 3.9]), 8).tolist() == [200.0, 4.0]
    assert not few_digits(np.zeros(3), 20).any()
    for n, digits in ((1, 26), (2, 25), (3, 25), (5, 24)):  # two products of which, and n times that, fit 53 bits
        values = np.full((n, 1, 1), 1 + 2.0 ** (1 - digits))
        assert (LowRankEvents.rounded(values, values[None, :, 0, 0]).basis == values).all()
        assert (LowRankEvents.rounded(values - 2.0**-digits, values[None, :, 0, 0]).basis == 1).all()


@pytest.mark.parametrize("apart", [1, 2, 4, 5])
def test_dense_spikes_are_clipped(apart):
    """Spikes of one unit that fall on each other add up beyond int16, though none is: they are clipped, and counted."""
    samples = np.random.default_rng(0).integers(9000, 15_000, (20, 5, 2))
    one = unit(np.arange(20) * apart + 2, samples)
    block, total = np.full((110, N_CHANNELS), -7, np.int16), slowly(110, [one]) - 7
    assert Planter([one], N_CHANNELS).add(block, 0, bound=7) == np.count_nonzero(total > 32_767)
    np.testing.assert_array_equal(block, np.minimum(total, 32_767))


def test_clips_the_sum():
    """Events that cancel out are not clipped one by one: 32000 + 700 + 700 - 1400 is 32000."""
    block = np.full((5, N_CHANNELS), 32_000, np.int16)
    units = [unit([2, 2], np.full((2, 5, 2), 700)), unit([2], np.full((1, 5, 2), -1400))]
    assert Planter(units, N_CHANNELS, np.int16).add(block, 0) == 0
    assert (block == 32_000).all()


def test_a_count_beyond_the_raw_type():
    """An event larger than the raw type holds is right where the sum fits."""
    block = np.full((5, N_CHANNELS), 32_000, np.int16)
    assert Planter([unit([2], np.full((1, 5, 2), -60_000))], N_CHANNELS, np.int16).add(block, 0) == 0
    assert set(block[:, [1, 3]].ravel().tolist()) == {-28_000}


def test_touches():
    """A range is touched by an event whose first or last sample it has, and not one sample farther."""
    planter = Planter([unit([10], np.ones((1, 5, 2), int))], N_CHANNELS, np.int16)
    assert [planter.touches(*span) for span in ((0, 8), (0, 9), (12, 13), (13, 20), (9, 9 + 1))] == [
        False, True, True, False, True,
    ]  # fmt: skip


def test_counts():
    """What was added to any range of samples is told without looking at the traces."""
    random = np.random.default_rng(4)
    units = [random_unit(random, 20, 60), random_unit(random, 20, 60, channels=(0, 3))]
    expected = slowly(60, units)
    for start, stop in ((0, 60), (7, 31), (30, 30)):
        np.testing.assert_array_equal(Planter(units, N_CHANNELS).counts(start, stop), expected[start:stop])


@pytest.mark.parametrize("items", [0, 5, 30])  # of 10 that an event has
def test_batches_do_not_matter(items, monkeypatch):
    """Counts are made a few events at a time, one at the least; how many makes no difference."""
    random = np.random.default_rng(2)
    events = LowRankEvents.rounded(random.normal(size=(3, 5, 2)), random.normal(0, 100, (40, 3)))
    one = PlantedUnit(np.array([0, 2]), np.sort(random.integers(2, 90, 40)), 2, events)
    whole = Planter([one], N_CHANNELS).counts(0, 100)
    monkeypatch.setattr("mockrawio.planting.planter.BATCH_ITEMS", items)
    np.testing.assert_array_equal(Planter([one], N_CHANNELS).counts(0, 100), whole)
    np.testing.assert_array_equal(slowly(100, [one]), whole)


def test_a_unit_without_events_takes_nothing_from_the_bound():
    """Beside one whose 10 counts do not fit, a unit of no event leaves the sum clipped: 32758 and 10 are 32767."""
    none = ScaledEvents(np.ones((1, 5, 2), np.float32), np.empty(0, np.int32), np.empty(0, np.float32))
    empty = PlantedUnit(np.array([3, 1]), np.empty(0, np.int64), 2, none)
    block = np.full((5, N_CHANNELS), 32_758, np.int16)
    assert Planter([unit([2], np.full((1, 5, 2), 10)), empty], N_CHANNELS).add(block, 0) == 10
    assert set(block[:, [1, 3]].ravel().tolist()) == {32_767}


def test_nothing_to_add():
    """Without units, or without events, a block stays as it is."""
    block = np.arange(10, dtype=np.int16).reshape(2, N_CHANNELS)
    empty = unit([], np.zeros((0, 5, 2), int))
    assert Planter([], N_CHANNELS, np.int16).add(block, 0) == Planter([empty], N_CHANNELS, np.int16).add(block, 0) == 0
    assert Planter([], N_CHANNELS).add(block[:0], 0) == 0
    assert block.ravel().tolist() == list(range(10))
    assert not Planter([empty], N_CHANNELS).counts(0, 2).any()


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_other_types_are_refused(dtype):
    """Samples that are no integers, or wider than the arithmetic, are refused by name."""
    with pytest.raises(MockSessionError, match=f"data_type.*{dtype}"):
        Planter([], N_CHANNELS, dtype)


@pytest.mark.parametrize("copies", [1, 2])
def test_sums_beyond_32_bits(copies: int) -> None:
    """An event of the largest count there is, or two, over a positive sample is cut off, and does not turn over."""
    block = np.full((9, N_CHANNELS), 7, np.int16)
    units = [unit([4], np.full((1, 3, 2), (1 << 31) - 1))] * copies
    assert Planter(units, N_CHANNELS).add(block, 0) == 6
    assert np.unique(block[2:5, [1, 3]]).tolist() == [32_767]
    assert np.unique(block[:, [0, 2, 4]]).tolist() == [7]
