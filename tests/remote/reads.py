"""Reads of the same session here and over a network that fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mockrawio import MockSessionError, MockSessionRawIO

LENGTH = 20_000


def read_until(
    enough: Callable[[], bool], near: MockSessionRawIO, far: MockSessionRawIO, draws: np.random.Generator
) -> tuple[int, int]:
    """Read pieces of the broadband stream anywhere; return how many failed, by an error of ours, and how many agree."""
    size, failed, right = near.get_signal_size(0, 0, 1), 0, 0
    while not enough():
        start = int(draws.integers(size - LENGTH))
        try:
            found = far.get_analogsignal_chunk(0, 0, start, start + LENGTH, 1)
        except MockSessionError as error:
            assert "5 times" in str(error)
            failed += 1
            continue
        np.testing.assert_array_equal(found, near.get_analogsignal_chunk(0, 0, start, start + LENGTH, 1))
        right += 1
    return failed, right
