"""LFP and broadband side by side: which stream is meant, where its bytes are, when it begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from tests.handmade import T0, Handmade

BROADBAND = np.arange(4800 * 3, dtype=np.int16).reshape(-1, 3)
LATER_MS = (3.25, 101.5)  # when the broadband segments begin; the LFP's begin at 0 and 100


@pytest.fixture
def reader(tmp_path: Path) -> MockSessionRawIO:
    """Two LFP channels and three of broadband, in two segments; the channels of both are called alike."""
    handmade = Handmade(tmp_path / "session_2")
    for channel in (1, 2):
        handmade.lfp(channel, np.arange(150, dtype=np.int16) * channel, ts=T0 + np.r_[0:50, 100:200], gain=0.5)
    sizes = zip(LATER_MS, (1500, 3300), strict=True)
    handmade.stream(samples=BROADBAND, segments=[{"t_start_ms": T0 + t, "n_samples": n} for t, n in sizes])
    opened = MockSessionRawIO(handmade.folder)
    opened.parse_header()
    return opened


@pytest.mark.parametrize(
    "method",
    [
        lambda reader, k: reader.get_signal_sampling_rate(stream_index=k),
        lambda reader, k: reader.get_signal_size(0, 0, stream_index=k),
        lambda reader, k: reader.get_signal_t_start(0, 0, stream_index=k),
        lambda reader, k: reader.get_analogsignal_chunk(stream_index=k),
        lambda reader, k: reader.rescale_signal_raw_to_float(np.zeros((1, 2), np.int16), stream_index=k),
    ],
)
def test_stream_index(reader: MockSessionRawIO, method) -> None:
    """With two streams none is taken for granted; an index that is none is an error."""
    with pytest.raises(MockSessionError, match="expected stream_index=, there are lfp, broadband"):
        method(reader, None)
    for index in (2, -1):
        with pytest.raises(BoundsError, match="stream_index in 0 to 1"):
            method(reader, index)


def test_segments_come_from_the_json(reader: MockSessionRawIO) -> None:
    """Each stream has its own begin and size in a segment; the segment begins with the earlier one."""
    assert reader.segment_count(0) == 2
    assert [reader.get_signal_size(0, k, 0) for k in (0, 1)] == [50, 100]
    assert [reader.get_signal_size(0, k, 1) for k in (0, 1)] == [1500, 3300]
    assert [reader.get_signal_t_start(0, k, 0) for k in (0, 1)] == [0.0, 0.1]
    assert [reader.get_signal_t_start(0, k, 1) for k in (0, 1)] == [t / 1000 for t in LATER_MS]
    assert [reader.segment_t_start(0, k) for k in (0, 1)] == [0.0, 0.1]


def test_channels_of_one_name(reader: MockSessionRawIO) -> None:
    """An id that both streams have means the stream's own channel."""
    lfp = reader.get_analogsignal_chunk(stream_index=0, channel_ids=["CSC2"])
    np.testing.assert_array_equal(lfp[:, 0], np.arange(50) * 2)
    broadband = reader.get_analogsignal_chunk(seg_index=1, stream_index=1, channel_ids=["CSC2"])
    np.testing.assert_array_equal(broadband[:, 0], BROADBAND[1500:, 1])
    with pytest.raises(MockSessionError, match="stream lfp: expected a channel id"):
        reader.get_analogsignal_chunk(stream_index=0, channel_ids=["CSC3"])


def test_buffers(reader: MockSessionRawIO) -> None:
    """Broadband has a buffer, described segment by segment; LFP that lies in several files has none."""
    assert reader.has_buffer_description_api()
    assert reader.header["signal_buffers"]["id"].tolist() == ["broadband"]
    assert reader.header["signal_streams"]["buffer_id"].tolist() == ["", "broadband"]
    for segment, expected in enumerate((BROADBAND[:1500], BROADBAND[1500:])):
        d = reader.get_analogsignal_buffer_description(0, segment, "broadband")
        mapped = np.memmap(d["file_path"], d["dtype"], "r", d["file_offset"], d["shape"], d["order"])
        np.testing.assert_array_equal(mapped, expected)
    with pytest.raises(MockSessionError, match=r"one of \['broadband'\]; found 'lfp'"):
        reader.get_analogsignal_buffer_description(0, 0, "lfp")
