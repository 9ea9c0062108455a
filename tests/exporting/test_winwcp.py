"""WinWCP files."""

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
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["winwcp"]
proof = Proof("winwcp", filled=True)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count, then zeros to the record's end."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(widths=(1, 2, 5, 8)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def odd() -> Recorded:
    """Return a recording with odd names, and a gain and a unit a channel."""
    stream = tiny().part(0).signals[0]
    rows = [("a=b", -0.5, "mV"), ("Größe " * 5, 1e-9, "V"), ("", 3.25, "uV")]
    channels = tuple(
        one._replace(name=name, gain=gain, units=units)
        for one, (name, gain, units) in zip(stream.channels, rows, strict=True)
    )
    return tiny().part(0).only([replace(stream, channels=channels)])


def test_channels_of_their_own(tmp_path: Path) -> None:
    """Each channel has its gain, in µV; names are short and ASCII."""
    rows = write_rig(odd(), tmp_path / "out", FORMAT).open().header["signal_channels"]
    assert rows["name"].tolist() == ["a-b", "Gr??e Gr??e Gr??", ""]
    assert rows["id"].tolist() == ["0", "1", "2"]
    np.testing.assert_allclose(rows["gain"], [-500, 1e-3, 3.25], rtol=1e-9)


def test_the_date(tmp_path: Path) -> None:
    """The header has the date of the segment."""
    reader = write_rig(tiny(), tmp_path / "out", FORMAT).open()
    assert str(reader.raw_annotations["blocks"][0]["rec_datetime"]) == "2021-03-04 05:06:07"


def test_too_many_channels(tmp_path: Path) -> None:
    """More channels than there is room for are refused."""
    source = tiny().part(0)
    wide = replace(source.signals[0], channels=source.signals[0].channels * 3)
    with pytest.raises(MockSessionError, match="8 channels at most"):
        write_rig(source.only([wide]), tmp_path / "out", FORMAT)
