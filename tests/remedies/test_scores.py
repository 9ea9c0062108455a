"""Scores, sortings made worse, drafts and undoing: what an error says to do gets its reader further."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError, corrupt_sorting
from mockrawio.hybrid import HybridDraft, HybridParams, shift_channels
from mockrawio.scoring.axis import Axis
from tests.hybrid.samples import HYBRID
from tests.scoring.trains import scored, true_units

CLOSE = {"a": np.arange(9) * 80}
TRAINS = {"a": np.arange(20) * 5000, "b": np.arange(20) * 7000}
CASES = {
    "counted from elsewhere": (
        lambda offset: scored_from(offset),
        {"offset": 10},
        {"offset": -1},
        "if it counts from elsewhere, say so with offset",
    ),
    "too many changes": (lambda **given: corrupt_sorting(TRAINS, **given), {"merge": 1}, {"merge": 2}, "Ask for fewer"),
    "too many spikes": (lambda **given: corrupt_sorting(CLOSE, **given), {"add": 0}, {"add": 1}, "Add"),
    "nothing inserted": (lambda insert: written(insert), {"insert": True}, {"insert": False}, "Insert one first"),
    "no place": (lambda step: shift_channels(source(), np.array([3]), step), {"step": 8}, {"step": 40}, "parameters"),
}


def scored_from(offset):
    """Score spikes of which the first is sample 0 of the recording."""
    return scored(true_units(TRAINS), {"x": TRAINS["a"] + offset}, Axis((200_000,))).units


def source():
    """Return the sample, opened."""
    return HybridParams.load(HYBRID / "params_phy.py").open()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work in a folder of one's own."""
    monkeypatch.chdir(tmp_path)


def written(insert):
    """Write a draft, with a unit or without."""
    draft = HybridDraft(source())
    if insert:
        draft.insert_unit(np.ones((1, 9, 1)), np.array([500]), np.array([3]), true_unit=6, samples_before=4)
    return draft.write("out", "a")


@pytest.mark.parametrize(("call", "right", "wrong", "remedy"), CASES.values(), ids=CASES)
def test_remedy(call, right, wrong, remedy):
    """The wrong call says what to do, and the right one, which does it, goes through."""
    with pytest.raises(MockSessionError) as caught:
        call(**wrong)
    assert remedy in caught.value.remedy
    call(**right)
