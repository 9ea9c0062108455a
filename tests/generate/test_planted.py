"""Planted layers: what spikes add, by blocks of time and cells, is what they add one after another."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.generate.layers import Setting
from mockrawio.generate.planted import Bank, Fired, PlantedLayer, SpikeTrains
from mockrawio.generate.renewal import BLOCK
from tests.length import rounds

N, BEFORE, WIDTH = 12, 4, 7  # samples of a spike, those before its own, contacts
SETTING = Setting(1, Fraction(30_000), 0.195, np.zeros((WIDTH, 3)), (3 * BLOCK, 100))
PLACES = ([0], [2, 3, 6], [1, 2, 4, 5, 6], [], [0, 6])  # contacts of each cell; one is seen nowhere


class Given(SpikeTrains):
    """Spikes at given frames of each segment, by cell, with phases and factors that follow from them."""

    def __init__(self, frames: dict[tuple[int, int], list[int]], fewest_frames: int = 0) -> None:
        self._frames, self.fewest_frames, self.most_factor = frames, fewest_frames, 1.75

    def fired(self, index: int, seg_index: int, start: int, stop: int) -> Fired:
        """Return the spikes of a cell."""
        frames = np.array(sorted(self._frames.get((index, seg_index), [])), np.int64)
        frames = frames[(frames >= start) & (frames < stop)]
        return Fired(frames, (frames % 2).astype(np.uint8), (0.25 + frames % 7 / 4).astype(np.float32))


def banks() -> list[Bank]:
    """Return the waveforms of each cell at two phases."""
    rng = np.random.default_rng(0)
    counts = [rng.normal(0, 90, (2, N, len(places))).astype(np.float32) for places in PLACES]
    return [Bank(np.array(places, np.int64), some) for places, some in zip(PLACES, counts, strict=True)]


def slowly(firing: SpikeTrains, seg_index: int, start: int, stop: int) -> np.ndarray:
    """Return what spikes add to some samples, one after another."""
    total = np.zeros((stop - start + 2 * N, WIDTH), np.int64)
    for index, bank in enumerate(banks()):
        for frame, phase, factor in zip(*firing.fired(index, seg_index, start - N, stop + N), strict=True):
            begin = frame - BEFORE - start + N
            if 0 <= begin <= len(total) - N:
                total[begin : begin + N, bank.contacts] += np.rint(bank.counts[phase] * factor).astype(np.int64)
    return total[N:-N]


BORDERS = [0, 1, BEFORE, N, BLOCK - N, BLOCK - 1, BLOCK, BLOCK + 3, 2 * BLOCK - 2, 3 * BLOCK - 1, 3 * BLOCK + 3]
FRAMES = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 1)),
    st.lists(st.builds(sum, st.tuples(st.sampled_from(BORDERS), st.integers(0, 40))), max_size=12),
)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(FRAMES, st.integers(0, 1), st.sampled_from(BORDERS), st.integers(0, 60))
def test_spikes_are_added_as_one_after_another(frames, seg_index, near, length):
    """Samples around borders of blocks, the segment's ends among them, are those of the slow way, in both widths."""
    firing = Given(frames)
    layer, start = PlantedLayer("spikes", SETTING, banks(), BEFORE, firing), max(0, near - 20)
    expected = slowly(firing, seg_index, start, start + length)
    for dtype in (np.int16, np.int32):
        out = np.full((length, WIDTH), 5, dtype)
        layer.add(out, seg_index, start)
        assert np.array_equal(out - 5, expected)


def test_a_piece_across_blocks_is_its_parts():
    """Samples of three blocks at once are those of the blocks, however few of these are kept."""
    rng = np.random.default_rng(3)
    firing = Given({(index, 0): rng.integers(0, 3 * BLOCK, 40).tolist() for index in range(5)})
    layer = PlantedLayer("spikes", SETTING, banks(), BEFORE, firing)
    whole = np.zeros((3 * BLOCK, WIDTH), np.int16)
    layer.add(whole, 0, 0)
    assert np.array_equal(whole[BLOCK - 500 : BLOCK + 500], slowly(firing, 0, BLOCK - 500, BLOCK + 500))
    for start in (2 * BLOCK - 100, 0, BLOCK - 7, 3 * BLOCK - 200):
        piece = np.zeros((200, WIDTH), np.int16)
        layer.add(piece, 0, start)
        assert np.array_equal(piece, whole[start : start + 200])


@pytest.mark.parametrize("fewest", [0, 1, 5, N])
def test_no_sum_is_beyond_the_bound(fewest):
    """With spikes as near to each other as they may be, all sums lie within `most`; a larger distance lowers it."""
    frames = list(range(0, 500, max(1, fewest)))
    firing = Given({(index, 0): frames for index in range(5)}, fewest)
    layer = PlantedLayer("spikes", SETTING, banks(), BEFORE, firing)
    assert np.abs(slowly(firing, 0, 0, 500)).max() <= layer.most
    wider = PlantedLayer("spikes", SETTING, banks(), BEFORE, Given({}, 2 * N))
    assert wider.most <= layer.most


def test_no_cells_add_nothing():
    """A layer without cells, or of cells that are seen nowhere, leaves what is there."""
    for some in ([], [banks()[3]]):
        layer = PlantedLayer("spikes", SETTING, some, BEFORE, Given({(0, 0): [5]}))
        out = np.full((50, WIDTH), 3, np.int16)
        layer.add(out, 0, 0)
        assert (out == 3).all()
        assert layer.most == 0
