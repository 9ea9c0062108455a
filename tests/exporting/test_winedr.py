"""WinEDR files."""

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
from tests.exporting.test_winwcp import odd
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["winedr"]
proof = Proof("winedr")


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads the fastest stream of every kind of session count for count."""
    proof(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(12))
@given(recordings(widths=(1, 2, 5, 16)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        proof(recorded, Path(folder) / "out")


def test_channels_of_their_own(tmp_path: Path) -> None:
    """Each channel has its gain, in µV; names are short and ASCII."""
    rows = write_rig(odd(), tmp_path / "out", FORMAT).open().header["signal_channels"]
    assert rows["name"].tolist() == ["a-b", "Gr??e Gr??e Gr??", ""]
    np.testing.assert_allclose(rows["gain"], [-500, 1e-3, 3.25], rtol=1e-9)


def test_too_many_channels(tmp_path: Path) -> None:
    """More channels than there is room for are refused."""
    source = tiny().part(0)
    wide = replace(source.signals[0], channels=source.signals[0].channels * 6)
    with pytest.raises(MockSessionError, match="16 channels at most"):
        write_rig(source.only([wide]), tmp_path / "out", FORMAT)
