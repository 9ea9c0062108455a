"""Events and epochs of a session through SpikeInterface: times and durations in seconds."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import spikeinterface as si

from mockrawio import MockSessionRawIO
from mockrawio.interop.spikeinterface import MockSessionEventExtractor

CHANNELS = ["Events", "DAQ", "movie_frames", "movie_pauses"]


def check_events(events, reader):
    """Compare every channel of every segment with the reader, number by number."""
    channels = reader.header["event_channels"]["id"].tolist()
    assert events.channel_ids.tolist() == channels
    assert events.get_num_segments() == reader.segment_count(0)
    for segment in range(events.get_num_segments()):
        for index, channel in enumerate(channels):
            stamps, durations, labels = reader.get_event_timestamps(0, segment, index)
            found = events.get_events(channel, segment)
            np.testing.assert_array_equal(found["time"], reader.rescale_event_timestamp(stamps, "float64", index))
            np.testing.assert_array_equal(events.get_event_times(channel, segment), found["time"])
            assert found["label"].tolist() == labels.tolist()
            if durations is None:
                assert np.isnan(found["duration"]).all()
            else:
                expected = reader.rescale_epoch_duration(durations, "float64", index)
                np.testing.assert_array_equal(found["duration"], expected)


def test_agrees_with_the_reader(session, reader):
    """Times, durations and labels are the reader's, in each segment."""
    check_events(MockSessionEventExtractor(session), reader)


def test_epiphyte(epiphyte):
    """So they are in a session that others wrote."""
    with MockSessionRawIO(epiphyte) as reader:
        events = MockSessionEventExtractor(epiphyte)
        check_events(events, reader)
        assert events.channel_ids.tolist() == CHANNELS
        assert 0 < events.get_events("DAQ")["duration"].max() < 10  # seconds


def test_limits(one):
    """The start belongs to what is asked for, the end does not."""
    events = MockSessionEventExtractor(one)
    times = events.get_event_times("Events")
    found = events.get_event_times("Events", start_time=times[2], end_time=times[5])
    np.testing.assert_array_equal(found, times[2:5])


def test_labels(handmade, tmp_path):
    """Annotations of the movie are epoch channels, and stay so when the extractor is made again."""
    handmade.lfp()
    handmade.watchlog()
    labels = tmp_path / "movie_annotations"
    labels.mkdir()
    np.save(labels / "1_tom_p1_20200101_character.npy", np.array([[0.0, 1.0], [0.0, 0.08], [0.08, 0.2]]))
    events = MockSessionEventExtractor(handmade.folder, labels_dir=labels)
    with MockSessionRawIO(handmade.folder, labels_dir=labels) as reader:
        check_events(events, reader)
        events.dump(tmp_path / "events.json", relative_to=tmp_path)
        check_events(si.load(tmp_path / "events.json", base_folder=tmp_path), reader)
        check_events(pickle.loads(pickle.dumps(events)), reader)


def test_without_signals(handmade):
    """Events need no signals."""
    handmade.events()
    assert MockSessionEventExtractor(handmade.folder).get_events("Events")["label"].tolist() == ["1", "2", "4"]


@pytest.mark.parametrize("file", ["lfp", "unit"])
def test_no_events(handmade, file):
    """A session without events has no channels of them."""
    getattr(handmade, file)()
    assert MockSessionEventExtractor(handmade.folder).get_num_channels() == 0
