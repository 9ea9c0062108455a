"""Conversion: a session folder made of what others recorded.

- :func:`write_session` takes a SpikeInterface recording, a sorting, or both;
- :func:`write_session_from_block` takes a Neo Block.

Both write whole sessions or nothing, with a manifest, and give the folder's Path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ground.lazy import imported

if TYPE_CHECKING:
    from .blocks import write_session_from_block
    from .extractors import write_session

__all__ = ["write_session", "write_session_from_block"]

_LAZY = {"write_session": "extractors", "write_session_from_block": "blocks"}  # only the latter needs Neo


def __getattr__(name: str) -> Any:
    """Import one of them."""
    return imported(__name__, name, _LAZY)
