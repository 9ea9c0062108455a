"""Any recording as the files of a rig, read back by Neo: :func:`export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..formats.rig import rig_formats
from ..ground.lazy import imported

if TYPE_CHECKING:
    from .door import export
    from .exported import Exported

__all__ = ["Exported", "export", "format_names"]

_LAZY = {"Exported": "exported", "export": "door"}  # a list of the formats needs no Neo


def __getattr__(name: str) -> Any:
    """Import one of them."""
    return imported(__name__, name, _LAZY)


def format_names() -> tuple[str, ...]:
    """Return the names of all formats that :func:`export` writes."""
    return tuple(rig_formats())
