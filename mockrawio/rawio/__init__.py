"""The reader: a session folder through Neo's RawIO layer."""

from .reader import MockSessionRawIO
from .views import StreamView, UnitView

__all__ = ["MockSessionRawIO", "StreamView", "UnitView"]
