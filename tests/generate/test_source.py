"""The spikes of a file that a session has room for, and those of one unit that are too close."""

from __future__ import annotations

import numpy as np

from mockrawio.generate.source import SpikeSource

IDS = np.array([1, 2, 9], np.uint64)


def test_intervals_that_are_a_refractory_period():
    """Sums of float64 intervals may be a millionth of a ms too short; a unit's first spike has none before it."""
    times, ends = np.array([0.0, 3 - 0.9e-6, 6 - 2.0e-6, 6.5, 9.5]), np.array([0, 3, 5])
    source = SpikeSource("", times, IDS[:2], ends)
    assert (source.too_close(3.0), source.too_close(3.1), source.too_close(2.9)) == (1, 3, 0)
    for empty in ([0, 0, 3, 5], [0, 3, 3, 5], [0, 3, 5, 5]):
        assert SpikeSource("", times, IDS, np.array(empty)).too_close(3.0) == 1


def test_what_a_session_has_room_for():
    """Spikes in gaps, before the start and within a margin of an end are left out, of each unit its own."""
    times = np.array([-1.0, 0.0, 9.0, 9.5, 25.0, 10.0, 20.0, 29.99])
    source = SpikeSource("", times, IDS, np.array([0, 5, 5, 8]))
    for margin_ms, kept, ends in (
        (0.0, [0.0, 9.0, 9.5, 25.0, 20.0, 29.99], [0, 4, 4, 6]),
        (0.5, [0.0, 9.0, 25.0, 20.0], [0, 3, 3, 4]),
        (1.0, [0.0, 25.0, 20.0], [0, 2, 2, 3]),
    ):
        found = source.within(np.array([0.0, 20.0]), np.array([10.0, 10.0]), margin_ms)
        assert (found.times_ms.tolist(), found.ends.tolist(), found.n_dropped) == (kept, ends, 8 - len(kept))
    at_end = SpikeSource("", np.array([10 - 2.0**-11, 10 - 2.0**-10]), IDS[:1], np.array([0, 2]))
    assert at_end.within(np.zeros(1), np.full(1, 10.0), 0.0).times_ms.tolist() == [10 - 2.0**-10]
