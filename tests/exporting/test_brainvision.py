"""BrainVision files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import recordings
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny


def proof(rate: float) -> Proof:
    """The format counts markers from 1 and has a code for commas: Neo takes both as they stand."""
    return Proof("brainvision", event_shift=1 / rate, label=lambda text: text.replace(",", "\\1").replace("=", "-"))


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, and its events."""
    source = sources[kind]
    proof(max(one.rate for one in source.signals))(source, tmp_path / "out")


@settings(max_examples=15)
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded.signals[0].rate)(recorded, Path(folder) / "out")


NEO = {"missing-markers": "raises FileNotFoundError"}


def test_faults(tmp_path: Path) -> None:
    """What Neo does with each fault is what the page says."""
    made = write_rig(tiny(), tmp_path / "out", rig_formats()["brainvision"], fault="missing-markers")
    with pytest.raises(FileNotFoundError):
        made.open()
