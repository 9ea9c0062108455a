"""A recording so small that its files can be pinned: ``python -m tests.exporting.tiny`` pins them anew."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedSpan
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import START, events, signals, unit

WAYS = Path(__file__).with_name("ways.json")  # by each option and each fault of the formats that need no library
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


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("blackrock", {"version": "3.0"}),
    ("blackrock", {"version": "3.0-ptp"}),
    ("edf", {"bdf": True}),
    ("intan", {"layout": "traditional"}),
    ("intan", {"layout": "file-per-signal"}),
    ("intan", {"requantise": True}),
    ("neuroscope", {"requantise": True}),
    ("rawmcs", {"requantise": True}),
    ("tdt", {"sev": True}),
]
FAULTS = [(name, {"fault": fault.name}) for name, entry in sorted(rig_formats().items()) for fault in entry.faults]


def digest(folder: Path) -> str:
    """Return the SHA-256 of the names and bytes of all files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    data = [path.relative_to(folder).as_posix().encode() + path.read_bytes() for path in files]
    return hashlib.sha256(b"".join(data)).hexdigest()[:16]


def said(name: str, how: dict[str, Any]) -> str:
    """Return what an export in one way is called among the pins."""
    return " ".join([name, *(f"{key}={value}" for key, value in how.items())])


def pin() -> None:
    """Write the digests of all formats to the files that the tests read."""
    with tempfile.TemporaryDirectory() as root:
        ways = [(name, how) for name, how in OPTIONS + FAULTS if not rig_formats()[name].extras]
        for name, how in ways:
            write_rig(tiny(), Path(root) / said(name, how), rig_formats()[name], **how)
        found = {said(*way): digest(Path(root) / said(*way)) for way in ways}
        WAYS.write_text(json.dumps(found, indent=1) + "\n")
        for name in sorted(name for name, entry in rig_formats().items() if not entry.extras):
            found = digests(name, Path(root) / name)
            (PINS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    pin()
