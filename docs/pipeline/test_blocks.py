"""Test a function on Neo Blocks of sessions drawn by Hypothesis."""

import quantities as pq
from hypothesis import given, settings

from mockrawio import MockSessionIO
from mockrawio.testing.strategies import sessions


def spike_count(block):
    """Return the number of spikes in a Block."""
    trains = (train for segment in block.segments for train in segment.spiketrains)
    return sum(len(train) for train in trains)


@settings(max_examples=5, deadline=None)
@given(sessions(most_seconds=1.5, most_channels=2, most_units=2))
def test_no_spike_is_lost(folder):
    """Cutting each segment in two loses no spike, for any gaps and rates."""
    block = MockSessionIO(folder).read_block()
    halves = 0
    for segment in block.segments:
        middle = (segment.t_start + segment.t_stop) / 2
        for train in segment.spiketrains:
            halves += int((train < middle).sum() + (train >= middle).sum())
            assert train.units == pq.s
    assert halves == spike_count(block)
