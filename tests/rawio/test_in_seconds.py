"""Segments, spikes and events of other readers, in seconds, whatever these make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from neo.rawio.baserawio import BaseRawIO
from neo.rawio.openephysrawio import OpenEphysRawIO

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.rawio.in_seconds import events_in_seconds, segment_ends, spike_limits, spikes_in_seconds
from tests.handmade import Handmade


class Other(BaseRawIO):  # type: ignore[misc]  # neo is not typed
    """A reader of one segment, that says what it is told to say."""

    def __init__(self, ends: tuple[float, float] = (0.0, 10.0), signals: Any = (), durations: Any = None) -> None:
        self.ends, self.signals, self.durations = ends, signals, durations  # signals: start in s, samples, Hz
        self.header = {"event_channels": [{"name": "", "id": "e1"}], "spike_channels": [{"name": "u1", "id": "1"}]}
        self.error: Exception | None = None

    def segment_t_start(self, *where: int) -> float:
        return self.ends[0]

    def segment_t_stop(self, *where: int) -> float:
        return self.ends[1]

    def signal_streams_count(self) -> int:
        return len(self.signals)

    def get_signal_t_start(self, block: int, seg: int, k: int) -> float:
        return float(self.signals[k][0])

    def get_signal_size(self, block: int, seg: int, k: int) -> int:
        return int(self.signals[k][1])

    def get_signal_sampling_rate(self, k: int) -> float:
        return float(self.signals[k][2])

    def get_event_timestamps(self, *where: Any) -> Any:
        return np.array([1, 2]), self.durations, ["a", "b"]

    def rescale_event_timestamp(self, stamps: Any, dtype: str, index: int) -> Any:
        return np.asarray(stamps) / 4

    def rescale_epoch_duration(self, lasting: Any, dtype: str, index: int) -> Any:
        return np.asarray(lasting, float) / 8

    def get_spike_timestamps(self, *where: Any) -> Any:
        if self.error:
            raise self.error
        return np.array([2, 4])

    def rescale_spike_timestamp(self, stamps: Any, dtype: str) -> Any:
        return np.asarray(stamps) / 2


@pytest.mark.parametrize(
    ("signals", "ends"),
    [
        ([], (0.0, 10.0)),
        ([(2.0, 500, 100.0)], (0.0, 10.0)),
        ([(2.0, 900, 100.0)], (0.0, 11.0)),
        ([(-1.0, 500, 100.0)], (-1.0, 10.0)),
        ([(-1.0, 50, 100.0), (9.0, 50, 25.0)], (-1.0, 11.0)),
        ([(20.0, 500, 100.0)], (20.0, 25.0)),  # none of it is in what the reader says
        ([(10.0, 500, 100.0)], (10.0, 15.0)),
        ([(9.5, 500, 100.0)], (0.0, 14.5)),
        ([(-5.0, 500, 100.0)], (-5.0, 0.0)),
        ([(-5.0, 501, 100.0)], (-5.0, 10.0)),
        ([(20.0, 0, 100.0), (2.0, 500, 100.0)], (0.0, 10.0)),
        ([(20.0, 0, 100.0)], (0.0, 10.0)),
    ],
)
def test_where_a_segment_is(signals: Any, ends: tuple[float, float]) -> None:
    """It is where the reader says and where its samples are; where these are elsewhere alone, there."""
    assert segment_ends(Other(signals=signals), (0, 0)) == ends


def test_ours_say_it_right(handmade: Handmade) -> None:
    """Of a session a segment is as long as the reader says."""
    handmade.lfp()
    with MockSessionRawIO(handmade.folder) as reader:
        reader.get_signal_size = None  # is not called
        assert segment_ends(reader, (0, 0)) == (0.0, 0.5)


@pytest.mark.parametrize(
    ("limits", "both"),
    [((None, None), (0.0, 1e10)), ((1.0, None), (1.0, 1e10)), ((None, 2.0), (0.0, 2.0)), ((1.0, 2.0), (1.0, 2.0))],
)
def test_limits_for_readers_that_need_both(limits: Any, both: Any) -> None:
    """Open Ephys' reader gets two limits, others those that were given."""
    assert spike_limits(object.__new__(OpenEphysRawIO), *limits) == both
    assert spike_limits(Other(), *limits) == limits


@pytest.mark.parametrize(
    ("durations", "found"),
    [(None, None), ([8, 16], [1.0, 2.0]), ([None, None], None), (np.array([None, 8], object), None), ([], [])],
)
def test_durations_of_events(durations: Any, found: Any) -> None:
    """Durations are in s; a reader that has a None for one has none."""
    times, lasting, labels = events_in_seconds(Other(durations=durations), (0, 0), 0, None, None, remedy="")
    assert (times.tolist(), labels.tolist(), times.dtype) == ([0.25, 0.5], ["a", "b"], np.float64)
    assert (None if lasting is None else lasting.tolist()) == found


def test_what_a_reader_stumbles_over() -> None:
    """An error of another's is ours, and names class, what it is of, and the remedy; ours and the system's stay."""
    reader = Other()
    assert spikes_in_seconds(reader, (0, 0), 0, None, None, remedy="").tolist() == [1.0, 2.0]
    reader.error = ZeroDivisionError("by\nzero")
    with pytest.raises(MockSessionError) as caught:
        spikes_in_seconds(reader, (0, 0), 0, None, None, remedy="Leave it out.")
    assert (str(caught.value.subject), str(caught.value.remedy)) == ("Other, spikes of u1", "Leave it out.")
    assert str(caught.value.found).startswith("ZeroDivisionError: by")
    for error in (MockSessionError("a", "b", "c", "d"), OSError("x"), MemoryError(), UserWarning("w")):
        reader.error = error
        with pytest.raises(type(error)) as same:
            spikes_in_seconds(reader, (0, 0), 0, None, None, remedy="")
        assert same.value is error
    reader.durations = ["x", "y"]
    with pytest.raises(MockSessionError, match="Other, events of e1"):
        events_in_seconds(reader, (0, 0), 0, None, None, remedy="")
