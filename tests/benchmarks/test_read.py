"""What it costs to open a session and to read from it, against what people use today."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from neo.rawio import RawBinarySignalRawIO
from neo.rawio.baserawio import BaseRawIO

from mockrawio import MockSessionRawIO
from tests.benchmarks.conftest import Race
from tests.handmade import Handmade


def test_parse_header(long_session: Path, race: Race, tmp_path: Path) -> None:
    """parse_header() against ``numpy.load`` of the same dict files, first opening and with the cache."""
    files = [*long_session.glob("lfp_data/*.npy"), *long_session.glob("spiking_data/*.npy")]
    reader = MockSessionRawIO(long_session)
    cached = MockSessionRawIO(long_session, use_cache=True, cache_path=str(tmp_path))
    cached.parse_header()
    race(
        reader.parse_header,
        numpy_load=lambda: [np.load(path, allow_pickle=True) for path in files],
        ours_cached=cached.parse_header,
        rounds=10,
    )


@pytest.fixture
def broadband(tmp_path: Path) -> tuple[MockSessionRawIO, RawBinarySignalRawIO, np.memmap]:
    """The same 64 channels of int16 read by us, by Neo's RawBinarySignal, and as a bare memmap."""
    samples = np.random.default_rng(0).integers(-3000, 3000, (320_000, 64), dtype=np.int16)
    path = Handmade(tmp_path / "session_1").stream(samples=samples)
    reader = MockSessionRawIO(path.parent.parent)
    reader.parse_header()
    d = reader.get_analogsignal_buffer_description(buffer_id="broadband")
    neos = RawBinarySignalRawIO(
        str(path), dtype="int16", sampling_rate=32000.0, nb_channel=64, signal_gain=0.25, bytesoffset=d["file_offset"]
    )
    neos.parse_header()
    return reader, neos, np.memmap(path, np.int16, "r", d["file_offset"], d["shape"])


def test_chunk_views(broadband: tuple, race: Race) -> None:
    """A view of 1024 x 64 at a random place, all channels."""
    reader, neos, bare = broadband
    starts = np.random.default_rng(1).integers(0, 300_000, 100).tolist()

    def ours() -> None:
        for i in starts:
            reader.get_analogsignal_chunk(0, 0, i, i + 1024, 0)

    def memmap() -> None:
        for i in starts:
            bare[i : i + 1024]

    def neo() -> None:
        for i in starts:
            neos.get_analogsignal_chunk(0, 0, i, i + 1024, 0)

    race(ours, memmap=memmap, neo=neo)
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(0, 0, 5, 9, 0), bare[5:9])


@pytest.mark.parametrize("how", ["channel_indexes", "channel_ids"])
def test_four_channels(how: str, broadband: tuple, race: Race) -> None:
    """Four scattered channels of 1024 samples, by index and by id."""
    reader, neos, bare = broadband
    indexes = [3, 17, 40, 63]
    ids = reader.header["signal_channels"]["id"][indexes].tolist()
    theirs = neos.header["signal_channels"]["id"][indexes].tolist()
    by_id = how == "channel_ids"
    race(
        lambda: reader.get_analogsignal_chunk(0, 0, 9000, 10024, 0, **{how: ids if by_id else indexes}),
        memmap=lambda: bare[9000:10024][:, indexes],
        neo=lambda: neos.get_analogsignal_chunk(0, 0, 9000, 10024, 0, **{how: theirs if by_id else indexes}),
        inner=50,
    )


@pytest.mark.parametrize("gains", ["uniform", "per channel"])
def test_rescale(gains: str, broadband: tuple, race: Race) -> None:
    """30000 x 64 int16 to float32, against Neo's base class and a plain cast."""
    reader, _, _ = broadband
    if gains == "per channel":
        (stream,) = reader._streams
        stream.gains = reader.header["signal_channels"]["gain"] = np.linspace(0.1, 0.3, 64)
    raw = np.ascontiguousarray(reader.get_analogsignal_chunk(i_stop=30_000))
    race(
        lambda: reader.rescale_signal_raw_to_float(raw),
        neo=lambda: BaseRawIO.rescale_signal_raw_to_float(reader, raw),
        cast=lambda: raw.astype(np.float32),
    )
