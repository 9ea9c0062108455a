"""What is written as a rig's files is read in blocks of a size, whatever its width."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.formats import recorded
from tests.exporting.drawn import signals


@pytest.mark.parametrize(
    ("n_channels", "multiple", "step"),
    [(4, 1, 25), (4, 3, 24), (4, 30, 30), (3, 1, 33), (200, 1, 1), (200, 7, 7), (0, 1, 100)],
)
def test_blocks(n_channels: int, multiple: int, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks have as many samples as fit, of whole multiples, one at least; end to end they are the segment."""
    monkeypatch.setattr(recorded, "BLOCK", 100)
    stream = signals(1, "broadband", 1000.0, n_channels, (0.0, 1.0), (61, 9))
    for seg_index, size in enumerate(stream.sizes):
        blocks = list(stream.blocks(seg_index, multiple))
        assert [first for first, _ in blocks] == list(range(0, size, step))
        assert all(block.flags.c_contiguous and block.dtype == "<i2" and len(block) <= step for _, block in blocks)
        np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), stream.read(seg_index, 0, size))
