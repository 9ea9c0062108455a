"""The bundles of microwires as a probe."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.interop.probe import session_probe, stream_contacts
from mockrawio.interop.spikeinterface import MockSessionRecordingExtractor
from mockrawio.interop.streams import planted_places
from mockrawio.session.probe import contact_positions
from tests.handmade import Handmade


def test_a_session_replaced_before_its_probe_is_asked_for(handmade):
    """Where a stream's channels and units are is looked up late, and of the session that was opened, or an error."""
    path = handmade.stream(locations=[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], ground_truth={"units": {}})
    with MockSessionRawIO(handmade.folder) as reader:
        assert planted_places(reader, "broadband", ["CSC1_SU1"]).shape == (1, 3)
        path.unlink()
        handmade.stream(locations=[[9.0, 9.0]] * 3, ground_truth={"units": {}})
        for ask in (lambda: stream_contacts(reader, "broadband"), lambda: planted_places(reader, "broadband", [])):
            with pytest.raises(MockSessionError, match="has changed since"):
                ask()


@pytest.mark.parametrize("channels", [range(1, 17), [9, 3, 12], ["CSC9", "CSC3", "CSC12"], [1], np.arange(1, 3)])
def test_of_channels(channels):
    """A probe of channels has their contacts in their order, a shank a bundle, wired to 0, 1, ..."""
    probe = session_probe(channels)
    numbers = [int(str(channel).removeprefix("CSC")) for channel in channels]
    np.testing.assert_array_equal(probe.contact_positions, contact_positions(numbers))
    assert probe.contact_ids.tolist() == [f"CSC{k}" for k in numbers]
    assert [int(shank) for shank in probe.shank_ids] == [(k - 1) // 8 for k in numbers]
    assert probe.device_channel_indices.tolist() == list(range(len(numbers)))
    assert probe.si_units == "um"


def test_of_a_folder(one):
    """The probe of a session is wired to the columns of its broadband stream."""
    probe = session_probe(one)
    assert probe.get_contact_count() == 16
    assert probe.get_shank_count() == 2
    assert probe.device_channel_indices.tolist() == list(range(16))


def test_of_a_folder_with_few_channels(epiphyte):
    """Every wire that ChannelNames.txt lists is there; those that are not recorded are not wired."""
    probe = session_probe(str(epiphyte))
    assert probe.get_contact_count() == 80
    assert probe.device_channel_indices.tolist() == [0] + [-1] * 79
    recording = MockSessionRecordingExtractor(epiphyte)
    before = recording.get_channel_locations()
    recording.set_probe(probe)
    np.testing.assert_array_equal(recording.get_channel_locations(), before)


@pytest.mark.parametrize("channels", [[], ["CSC1", "TTL"], ["CSC01"], [0], [1, 1]], ids=str)
def test_unknown_places(channels):
    """Channels that are not CSCk, or twice the same, are refused: nobody says where they are."""
    with pytest.raises(MockSessionError, match="CSCk"):
        session_probe(channels)


def test_folder_without_places(handmade):
    """So is a session whose channels are called otherwise, and one that has none."""
    handmade.info()
    with pytest.raises(MockSessionError, match="CSCk"):
        session_probe(handmade.folder)
    handmade.stream(channels={"ids": ["a", "b", "c"], "names": ["a", "b", "c"]})
    with pytest.raises(MockSessionError, match="CSCk"):
        session_probe(handmade.folder)


def test_many_bundles(tmp_path):
    """More than ten bundles are grouped in their own order, not as text sorts."""
    maker = Handmade(tmp_path / "session_1")
    ids = [f"CSC{k}" for k in range(1, 97)]
    maker.stream(samples=np.zeros((100, 96), np.int16), channels={"ids": ids, "names": ids})
    recording = MockSessionRecordingExtractor(maker.folder)
    expected = np.arange(96) // 8
    np.testing.assert_array_equal(recording.get_property("group"), expected)
    recording.set_probe(session_probe(maker.folder))
    np.testing.assert_array_equal(recording.get_property("group"), expected)
