"""Read, make and check mock electrophysiology sessions.

Importing this package registers :class:`MockSessionRawIO` and :class:`MockSessionIO` with Neo.
"""

from __future__ import annotations

from typing import Any

from .ground.errors import (
    BadFileError,
    BadTypeError,
    BoundsError,
    MockSessionError,
    NotASessionError,
    NotWrittenError,
    SessionExistsError,
)
from .io import MockSessionIO, register
from .rawio import MockSessionRawIO
from .session.stream_lfp import lfp_of_stream

__version__ = "0.1.0"

__all__ = [
    "BadFileError",
    "BadTypeError",
    "BoundsError",
    "GenerateData",
    "MockSessionError",
    "MockSessionIO",
    "MockSessionRawIO",
    "NotASessionError",
    "NotWrittenError",
    "SessionExistsError",
    "SessionSpec",
    "Truth",
    "__version__",
    "generate_annotations",
    "generate_session",
    "lfp_of_stream",
    "run_data_generation",
    "truth",
    "write_session",
    "write_session_from_block",
]

_GENERATE = {
    "GenerateData",
    "SessionSpec",
    "Truth",
    "generate_annotations",
    "generate_session",
    "run_data_generation",
    "truth",
}
_CONVERT = {"write_session", "write_session_from_block"}


def __getattr__(name: str) -> Any:
    """Import what makes sessions when it is first asked for: readers need not pay for it."""
    if name in _CONVERT:
        from . import convert

        return getattr(convert, name)
    if name not in _GENERATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import generate

    return getattr(generate, name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


register()
