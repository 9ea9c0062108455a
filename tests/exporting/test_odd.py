"""What becomes of recordings that are odd in every way a rig's files can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockrawio.formats import recorded
from mockrawio.formats.rig import rig_formats
from tests.exporting.odd import PINS, outcomes

LIBRARIES = {"nwb": "pynwb", "nix": "nixio", "sonata": "h5py"}  # by the extra that a format needs


@pytest.mark.parametrize("name", sorted(rig_formats()))
def test_odd_recordings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written, left out, said to the bar and to Neo, and refused is what it was, in blocks of any size."""
    for extra in rig_formats()[name].extras:
        pytest.importorskip(LIBRARIES[extra])
    monkeypatch.setattr(recorded, "BLOCK", 1500)
    assert outcomes(name, tmp_path) == json.loads(PINS.read_text(encoding="utf-8"))[name]
