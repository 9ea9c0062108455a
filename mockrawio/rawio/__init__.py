"""The reader: a session folder through Neo's RawIO layer, which is imported with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ground.lazy import imported

if TYPE_CHECKING:
    from .reader import MockSessionRawIO
    from .views import StreamView, UnitView

__all__ = ["MockSessionRawIO", "StreamView", "UnitView"]

_LAZY = {"MockSessionRawIO": "reader", "StreamView": "views", "UnitView": "views"}


def __getattr__(name: str) -> Any:
    """Import one of them."""
    return imported(__name__, name, _LAZY)
