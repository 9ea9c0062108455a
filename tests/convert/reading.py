"""A written session read back the plain way, and everything about it that must always hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio import MockSessionRawIO
from mockrawio.testing import assert_rawio_compliant
from mockrawio.verify import verify_session


def opened(folder: Path) -> MockSessionRawIO:
    """Return a reader of a session that verifies, without a warning, and is as Neo's rules have it.

    One of those rules needs spikes 1 ms apart; :func:`verified` does without them.
    """
    reader = verified(folder)
    assert_rawio_compliant(reader)
    return reader


def verified(folder: Path) -> MockSessionRawIO:
    """Return a reader of a session that verifies, without a warning."""
    verification = verify_session(folder)
    assert verification.ok, list(verification.lines())
    assert not verification.warnings
    reader = MockSessionRawIO(dirname=folder, strict=True)
    reader.parse_header()
    return reader


def description(folder: Path, stream: str = "broadband") -> dict[str, Any]:
    """Return a stream's description."""
    return json.loads((folder / "raw_data" / f"{stream}.json").read_text())


def manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest."""
    return json.loads((folder / "session_manifest.json").read_text())


def values(reader: MockSessionRawIO, seg_index: int, stream_index: int = 0) -> Any:
    """Return a segment's signal in its units, float64."""
    raw = reader.get_analogsignal_chunk(0, seg_index, stream_index=stream_index)
    return reader.rescale_signal_raw_to_float(raw, dtype="float64", stream_index=stream_index)


def frames(reader: MockSessionRawIO, folder: Path, seg_index: int, unit: int) -> Any:
    """Return a unit's spikes as frames of its segment: the nearest sample."""
    said = description(folder)
    stamps = reader.get_spike_timestamps(0, seg_index, unit)
    ms = stamps - said["segments"][seg_index]["t_start_ms"]
    return np.rint(ms * said["sampling_rate"] / 1000).astype(int)


def unit_index(reader: MockSessionRawIO, name: str) -> int:
    """Return where a unit stands in the header."""
    return reader.header["spike_channels"]["id"].tolist().index(name)
