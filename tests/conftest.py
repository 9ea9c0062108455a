"""Folders that tests read: one that others wrote, and small ones made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handmade import Handmade

EPIPHYTE = Path(__file__).parent / "data" / "epiphyte" / "patient_data" / "7" / "session_1"


@pytest.fixture
def epiphyte() -> Path:
    """A session folder written by Epiphyte's own generator."""
    return EPIPHYTE


@pytest.fixture
def handmade(tmp_path: Path) -> Handmade:
    """A maker of small session folders, by plain ``numpy.save``."""
    return Handmade(tmp_path / "patient_data" / "4" / "session_2")
