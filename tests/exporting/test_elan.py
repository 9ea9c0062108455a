"""ELAN files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import recordings, tried
from tests.exporting.merged import merged
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["elan"]
proof = Proof("elan", ours=lambda recorded: merged(recorded, "Trigger"))


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, and all events as one channel."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width, number of segments and label comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_codes(tmp_path: Path) -> None:
    """A label that is a number is its own code, others have codes that are free; the last channel has all of them."""
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    (told,) = (line for line in exported.left_out if line.startswith("texts of labels:"))
    for k in range(2):
        marks, reader = source.marks(k), exported.open(k)
        stamps, _, labels = reader.get_event_timestamps(0, 0, 0, None, None)
        for label, code in zip(marks.labels, labels, strict=True):
            assert code == label or f"{str(label)!r} is {code}" in told
        samples = np.fromfile(exported.arguments(k)["filename"], ">i2").reshape(-1, 5)
        np.testing.assert_array_equal(samples[:, 3], np.arange(len(samples)))
        codes = np.zeros(len(samples), int)
        codes[stamps] = labels.astype(int)
        np.testing.assert_array_equal(samples[:, 4], codes)


def test_channels_of_their_own(tmp_path: Path) -> None:
    """Each channel has its gain, offset, unit and name; a name is ASCII, and one that is not is noted."""
    source = tiny().part(0)
    rows = [("é,1", 0.25, 3.5, "mV"), ("", -1e-3, 0.0, "uV"), ("a\nb", 12.0, -7.0, "a.u.")]
    channels = tuple(
        one._replace(name=name, gain=gain, offset=offset, units=units)
        for one, (name, gain, offset, units) in zip(source.signals[0].channels, rows, strict=True)
    )
    source = source.only([replace(source.signals[0], channels=channels)])
    exported = write_rig(source, tmp_path / "out", FORMAT)
    found = exported.open().header["signal_channels"][:3]
    assert found["name"].tolist() == ["?,1", "", "a?b"]
    assert found["units"].tolist() == ["mV", "uV", "a.u."]
    np.testing.assert_allclose(found["gain"], [0.25, -1e-3, 12.0], rtol=1e-9)
    np.testing.assert_allclose(found["offset"], [3.5, 0.0, -7.0], atol=1e-9)
    assert any(line.startswith("channel names:") for line in exported.left_out)
    assert f"{exported.open().raw_annotations['blocks'][0]['rec_datetime']}" == "2021-03-04 05:06:07"
