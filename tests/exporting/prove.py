"""Hold many drawn recordings against what Neo reads: ``python -m tests.exporting.prove [FORMAT ...]``.

Notes, for each format and the version of Neo that runs, how many recordings were tried, for a table of
docs/rigs_files.rst; ``EXPORT_TRIES=25`` makes them 25 times as many as in a test run at length.
"""

from __future__ import annotations

import json
import sys

import neo
import pytest

from mockrawio.formats.rig import rig_formats
from tests.exporting.proof import HELD
from tests.exporting.tables import COUNTS


def prove(names: list[str]) -> dict[str, str]:
    """Run the tests of formats; return how many recordings were tried of each, and whether all were read alike."""
    found = {}
    for name in names:
        failed = pytest.main(["-n", "0", "-q", "--no-header", f"tests/exporting/test_{name}.py"])
        found[name] = f"{HELD[name]}" if not failed else f"{HELD[name]}, not all alike"
        print(name, found[name], flush=True)
    return found


if __name__ == "__main__":
    known = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    for name, tried in prove(sys.argv[1:] or sorted(rig_formats())).items():
        known.setdefault(name, {})[neo.__version__] = tried
    COUNTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
