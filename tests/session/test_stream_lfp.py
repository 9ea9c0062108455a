"""The LFP made again of a stream, sample by sample, by hand."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pytest

from mockrawio import BoundsError, MockSessionError, lfp_of_stream
from mockrawio.ground.errors import BadFileError
from mockrawio.session.stream_lfp import stream_lfp
from tests.handmade import T0, Handmade

TAPS, SHIFT, FRAMES = [1, -2, 7, 3, 1], 3, [5, 2]
LENGTHS = 61, 40
SAMPLES = np.random.default_rng(1).integers(-30_000, 30_000, (101, 2)).astype(np.int16)


@pytest.fixture
def session(handmade: Handmade) -> Handmade:
    """A stream of two segments, whose description has taps."""
    segments = [{"t_start_ms": T0 + 1000 * k, "n_samples": n} for k, n in enumerate(LENGTHS)]
    taps = {"taps": TAPS, "shift": SHIFT, "frames": FRAMES}
    for name in ("broadband", "other"):
        handmade.stream(name, SAMPLES, segments, ground_truth={"lfp": taps})
    return handmade


def slowly(seg_index: int) -> list[list[int]]:
    """The obvious way: frames before the first and after the last are these."""
    rows = (SAMPLES[:61], SAMPLES[61:])[seg_index].tolist()
    found = []
    for k in range(ceil(len(rows) * FRAMES[1] / FRAMES[0])):
        middle = round(Fraction(k * FRAMES[0], FRAMES[1]))
        places = [min(max(middle - 2 + j, 0), len(rows) - 1) for j in range(5)]
        sums = [sum(tap * rows[p][c] for tap, p in zip(TAPS, places, strict=True)) for c in (0, 1)]
        found.append([min(max((total + 4) >> SHIFT, -32768), 32767) for total in sums])
    return found


@pytest.mark.parametrize("seg_index", [0, 1])
def test_any_samples(seg_index: int, session: Handmade) -> None:
    """All of a segment by default, or any part of it, at both ends and in between, or nothing."""
    expected = slowly(seg_index)
    n = (25, 16)[seg_index]
    assert len(expected) == n == stream_lfp(session.folder).length(seg_index)
    found = lfp_of_stream(session.folder, seg_index)
    assert found.dtype == np.int16 and found.tolist() == expected
    for start, stop in ((0, n), (0, 1), (1, 5), (7, n), (n - 1, n), (3, 3), (n, n)):
        part = lfp_of_stream(session.folder, seg_index, start, stop)
        assert part.shape == (stop - start, 2) and part.tolist() == expected[start:stop]
    assert lfp_of_stream(session.folder, seg_index, n - 2).tolist() == expected[-2:]


def test_of_the_first_segment_by_default(session: Handmade) -> None:
    """The first segment of the stream that is called broadband."""
    assert lfp_of_stream(session.folder).tolist() == slowly(0) == lfp_of_stream(session.folder, stream="other").tolist()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((2,), "seg_index: expected 0 to 1; found 2"),
        ((-1,), "seg_index: expected 0 to 1; found -1"),
        ((0, 0, 26), "segment 0: expected 0 <= i_start <= i_stop <= 25; found i_start=0, i_stop=26"),
        ((1, -1, 3), "segment 1: expected 0 <= i_start <= i_stop <= 16; found i_start=-1, i_stop=3"),
        ((1, 4, 3), "segment 1: expected 0 <= i_start <= i_stop <= 16; found i_start=4, i_stop=3"),
        ((1, 17), "segment 1: expected 0 <= i_start <= i_stop <= 16; found i_start=17, i_stop=None"),
    ],
)
def test_samples_that_there_are_none_of(arguments: tuple[int, ...], told: str, session: Handmade) -> None:
    """Segments and samples beyond what there is are refused, with the limits."""
    with pytest.raises(BoundsError, match=told):
        lfp_of_stream(session.folder, *arguments)


def test_streams_without_taps(session: Handmade) -> None:
    """A stream that is not there, and a description without taps, or with others, are named."""
    with pytest.raises(MockSessionError, match="expected the stream 'x' in raw_data; found 'broadband', 'other'"):
        lfp_of_stream(session.folder, stream="x")
    for truth in ({}, {"lfp": {"taps": [1, 1], "shift": 1, "frames": [1, 1]}}, {"lfp": "y" * 90}):
        shown: Any = repr(truth.get("lfp"))[:80]
        session.stream("broadband", ground_truth=truth)
        with pytest.raises(BadFileError) as caught:
            lfp_of_stream(session.folder)
        assert (caught.value.subject.rpartition("/")[2], caught.value.found) == ("broadband.json", shown)
    for path in (session.folder / "raw_data").iterdir():
        path.unlink()
    session.info()
    with pytest.raises(MockSessionError, match="in raw_data; found none"):
        lfp_of_stream(session.folder)
