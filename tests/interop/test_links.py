"""Links out of a session folder, through SpikeInterface."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.interop.spikeinterface import load_extractor, read_mocksession
from tests.handmade import Handmade


def test_links_are_followed_when_asked(handmade: Handmade, tmp_path: Path) -> None:
    """Every class refuses a link out of the folder, follows it when told to, and stores that it was told."""
    handmade.all()
    handmade.stream(samples=np.zeros((16_000, 3), np.int16))
    target = (handmade.folder / "raw_data").rename(tmp_path / "elsewhere")
    (handmade.folder / "raw_data").symlink_to(target)
    for load in ({}, {"load_sorting": True}, {"load_events": True}):
        with pytest.raises(MockSessionError, match="no link out of"):
            read_mocksession(handmade.folder, **load)
    found = read_mocksession(handmade.folder, load_sorting=True, load_events=True, follow_symlinks=True)
    again = [load_extractor(extractor.to_dict()) for extractor in found]
    assert again[0].get_num_channels() == 3
    assert again[1].unit_ids.tolist() == found[1].unit_ids.tolist()
    assert again[2].channel_ids.tolist() == found[2].channel_ids.tolist()
