"""The tables of docs/rigs_files.rst: ``python -m tests.exporting.tables`` writes them anew."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from mockrawio.exporting.listing import held, lacking
from mockrawio.formats.rig import RigFormat, rig_formats
from tests.rst import list_table

DOCS = Path(__file__).parents[2] / "docs"
COUNTS = Path(__file__).parents[1] / "data" / "exports_tried.json"  # by prove.py


def neos(name: str) -> dict[str, str]:
    """Return what the current Neo does with each fault of a format, as the format's tests have found."""
    found = getattr(import_module(f"tests.exporting.test_{name}"), "NEO", {})
    return {fault: _said(outcome) for fault, outcome in found.items()}


def _said(outcome: object) -> str:
    """Return an outcome as text: a text, an exception that is raised, or a check by what it says it checks."""
    if isinstance(outcome, type):
        return f"raises {outcome.__name__}"
    return outcome if isinstance(outcome, str) else str(outcome.__doc__).strip().rstrip(".")


def formats_table() -> str:
    """Return the table of what each format holds."""
    rows = [("Format", "Files", "Streams and gains", "Besides samples", "Not")]
    rows += [_row(entry) for entry in rig_formats().values()]
    return list_table(rows, (14, 22, 20, 24, 20))


def _row(entry: RigFormat) -> tuple[str, ...]:
    holds, options = entry.holds, ", ".join(f"``{name}={default}``" for name, default in entry.options.items())
    name = f"``{entry.name}``, {entry.title}" + (f"; options {options}" if options else "")
    streams = f"{holds.streams}; gains {holds.gains}"
    return name, f"{entry.files} ({entry.source})", streams, ", ".join(held(holds)), ", ".join(lacking(holds))


def faults_table() -> str:
    """Return the table of faults."""
    rows = [("Fault", "What real files do", "What a reader should do", "What Neo 0.14 does")]
    for name, entry in rig_formats().items():
        known = neos(name)
        for fault in entry.faults:
            rows.append(
                (f"``{name}`` ``{fault.name}``", f"{fault.what} ({fault.seen})", fault.should, known[fault.name])
            )
    return list_table(rows, (20, 30, 25, 25))


def tried_table() -> str:
    """Return the table of how many recordings were tried."""
    known = json.loads(COUNTS.read_text())
    versions = sorted({version for tried in known.values() for version in tried}, key=lambda one: one.split("."))
    rows = [("Format", *(f"Neo {version}" for version in versions))]
    own = {"0": "by tests of its own", "1": "by tests of its own"}
    for name, tried in known.items():
        rows.append((f"``{name}``", *(own.get(tried.get(one, ""), tried.get(one, "")) for one in versions)))
    return list_table(rows, (30, 35, 35))


TABLES = {
    "rigs_files_table.inc": formats_table,
    "rigs_files_faults.inc": faults_table,
    "rigs_files_tried.inc": tried_table,
}

if __name__ == "__main__":
    for file, table in TABLES.items():
        (DOCS / file).write_text(table(), encoding="utf-8")
