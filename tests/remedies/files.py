"""A file made in two ways, as it is refused and as the error says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from mockrawio import MockSessionError


class Case(NamedTuple):
    """Two ways to make a file in a folder, as it is refused and as the error says, and the call that takes it."""

    name: str
    use: Callable[[Any], object]
    wrong: Callable[[Any], object]
    remedy: str
    right: Callable[[Any], object]


def check(case, tmp_path):
    """Check that the error says what to do, and that the call goes through once it is done."""
    (tmp_path / "wrong").mkdir()
    (tmp_path / "right").mkdir()
    with pytest.raises(MockSessionError) as caught:
        case.use(case.wrong(tmp_path / "wrong"))
    assert case.remedy in caught.value.remedy
    case.use(case.right(tmp_path / "right"))


def text(content, name="spikes.csv"):
    """Return what makes a file of text."""

    def make(folder):
        (folder / name).write_text(content)
        return folder / name

    return make
