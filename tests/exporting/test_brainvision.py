"""BrainVision files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from neo.rawio import BrainVisionRawIO

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import recordings, tried
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


@pytest.mark.at_length
@settings(max_examples=tried(15))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded.signals[0].rate)(recorded, Path(folder) / "out")


NEO = {
    "missing-markers": "raises FileNotFoundError",
    "renamed": "reads all of it, and logs a warning",
    "no-units": 'reads counts as they are, in units of "u"',
    "cut-sample": "raises ValueError",
}


def broken(fault: str, folder: Path) -> Exported:
    """Write the tiny recording with a fault."""
    return write_rig(tiny(), folder / "out", rig_formats()["brainvision"], fault=fault)


@pytest.mark.parametrize(("fault", "error"), [("missing-markers", FileNotFoundError), ("cut-sample", ValueError)])
def test_faults_that_neo_refuses(fault: str, error: type[Exception], tmp_path: Path) -> None:
    """What Neo raises is what the page says."""
    with pytest.raises(error):
        broken(fault, tmp_path).open()


def test_faults_that_neo_reads(tmp_path: Path) -> None:
    """What Neo reads is what the page says."""
    whole = write_rig(tiny(), tmp_path / "whole", rig_formats()["brainvision"]).open()
    samples = whole.get_analogsignal_chunk()
    renamed = broken("renamed", tmp_path)
    assert all(Path(name).stem == "renamed" for name in renamed.files)
    reader = BrainVisionRawIO(str(renamed.folder / "segment_0" / "renamed.vhdr"))
    reader.parse_header()
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(), samples)
    (tmp_path / "b").mkdir()
    reader = broken("no-units", tmp_path / "b").open()
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(), samples)
    assert set(reader.header["signal_channels"]["units"]) == {"u"}
    assert set(reader.header["signal_channels"]["gain"]) == {1.0}


@pytest.mark.parametrize(("label", "found"), [("a=b", "a-b"), ("a b", "a b")])
def test_labels_that_readers_would_cut(label: str, found: str, tmp_path: Path) -> None:
    """An equals sign in a label is a dash, and said to be; of other labels nothing is said."""
    events = tiny().events[0]
    marks = replace(events, read=lambda k, low, high: (np.array([0.001]), None, np.array([label])))
    exported = write_rig(replace(tiny(), events=(marks,)), tmp_path / "out", rig_formats()["brainvision"])
    assert any(line.startswith(f"labels of {events.name}: ") for line in exported.left_out) == (label != found)
    assert exported.open().get_event_timestamps(0, 0, 0, None, None)[2].tolist()[-1] == found
