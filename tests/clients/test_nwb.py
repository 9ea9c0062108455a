"""Sessions become NWB files, by Neo's NWBIO and by neuroconv, and the inspector finds nothing wrong."""

from __future__ import annotations

from datetime import timezone

import neo
import numpy as np
import pytest

from mockrawio import MockSessionIO, MockSessionRawIO

# Neo and neuroconv call what pynwb and hdmf have since renamed or deprecated.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["broadband", "gaps"])
def test_neuroconv(name, request, tmp_path):
    """neuroconv writes counts, scale, electrodes and units; nothing the inspector says is more than a suggestion."""
    from nwbinspector import Importance, inspect_nwbfile
    from pynwb import NWBHDF5IO

    from .to_nwb import convert

    folder, path = request.getfixturevalue(name), tmp_path / "session.nwb"
    convert(folder, path)
    said = list(inspect_nwbfile(nwbfile_path=path))
    assert all(message.importance is Importance.BEST_PRACTICE_SUGGESTION for message in said), said
    with NWBHDF5IO(path, "r") as file, MockSessionRawIO(folder) as reader:
        nwb = file.read()
        assert len(nwb.acquisition) == reader.segment_count(0)
        for segment, series in enumerate(nwb.acquisition.values()):
            assert series.data.dtype == np.int16
            np.testing.assert_array_equal(series.data[:], reader.get_analogsignal_chunk(0, segment, stream_index=1))
            assert series.conversion == pytest.approx(reader.header["signal_channels"]["gain"][-1] * 1e-6)
            assert series.starting_time == pytest.approx(reader.get_signal_t_start(0, segment, 1))
        assert list(nwb.electrodes["location"][:9]) == ["LA"] * 8 + ["LAH"]
        assert list(nwb.units["unit_name"][:]) == reader.header["spike_channels"]["name"].tolist()
        for index, times in enumerate(nwb.units["spike_times"]):
            stamps = [reader.get_spike_timestamps(0, segment, index) for segment in range(reader.segment_count(0))]
            seconds = reader.rescale_spike_timestamp(np.concatenate(stamps))
            np.testing.assert_allclose(times, seconds, atol=1 / 32000)


@pytest.mark.slow
def test_nwbio_round_trip(session, tmp_path):
    """Neo's NWBIO writes our Block as it is, and reads signals, trains, events and epochs back."""
    from pynwb import NWBHDF5IO

    block = MockSessionIO(session).read_block()
    path = str(tmp_path / "session.nwb")
    neo.io.NWBIO(path, "w").write_block(block)
    (ours,) = block.segments
    reader = neo.io.NWBIO(path, "r")
    (theirs,) = reader.read_block().segments
    np.testing.assert_array_equal(theirs.analogsignals[0].magnitude, ours.analogsignals[0].magnitude)
    assert [len(train) for train in theirs.spiketrains] == [len(train) for train in ours.spiketrains]
    np.testing.assert_allclose(theirs.spiketrains[0].magnitude, ours.spiketrains[0].magnitude)
    assert sorted(len(event) for event in theirs.events) == sorted(len(event) for event in ours.events)
    assert sorted(len(epoch) for epoch in theirs.epochs) == sorted(len(epoch) for epoch in ours.epochs)
    reader.close()
    with NWBHDF5IO(path, "r") as file:
        start = file.read().session_start_time
        assert start.astimezone(timezone.utc).replace(tzinfo=None) == block.rec_datetime


@pytest.mark.slow
def test_nwbio_of_several_segments(gaps, tmp_path):
    """A session with a gap is written by segments, once its epochs are named apart."""
    block = MockSessionIO(gaps).read_block()
    for segment in block.segments:
        for epoch in segment.epochs:
            # NWBIO takes one name for one segment's
            epoch.name = f"{epoch.name} {segment.index}"
    path = str(tmp_path / "session.nwb")
    neo.io.NWBIO(path, "w").write_block(block)
    reader = neo.io.NWBIO(path, "r")
    again = reader.read_block()
    assert [len(segment.analogsignals) for segment in again.segments] == [2, 2]
    assert [len(segment.spiketrains) for segment in again.segments] == [5, 5]
    reader.close()
