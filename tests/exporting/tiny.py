"""A recording so small that its files can be pinned: ``python -m tests.exporting.tiny`` pins them anew."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, events, signals, unit

PINS = Path(__file__).parents[1] / "data" / "exports"  # a file for each format


def tiny() -> Recorded:
    """Return three channels at 32 kHz for 50 ms and again after a gap, their LFP, two units and two event channels."""
    rate, sizes, t_starts = 32000.0, (1600, 800), (0.0, 0.1)
    spans = tuple(RecordedSpan(t, t + n / rate) for t, n in zip(t_starts, sizes, strict=True))
    streams = (
        signals(1, "broadband", rate, 3, t_starts, sizes),
        signals(2, "lfp", 1000.0, 3, t_starts, (50, 25), gain=0.5),
    )
    units = tuple(unit(k, f"CSC{k}_SU1", f"CSC{k}", spans, rate, 12) for k in (1, 2))
    marks = (events(3, "Events", spans, rate, 4, is_epoch=False), events(4, "DAQ", spans, rate, 3, is_epoch=True))
    return Recorded(START, spans, streams, units, marks, "recording", "tiny")


def digests(name: str, folder: Path) -> dict[str, str]:
    """Write the tiny recording in a format and return the SHA-256 of each file."""
    exported = write_rig(tiny(), folder, rig_formats()[name])
    return {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in exported.files}


def pin() -> None:
    """Write the digests of all formats to the files that the tests read."""
    with tempfile.TemporaryDirectory() as root:
        for name in sorted(name for name, entry in rig_formats().items() if not entry.extras):
            found = digests(name, Path(root) / name)
            (PINS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    pin()
