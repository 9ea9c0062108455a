"""Read, make and check mock electrophysiology sessions.

Importing this package registers :class:`MockSessionRawIO` and :class:`MockSessionIO` with Neo.
"""

from __future__ import annotations

from importlib import import_module
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
    "corrupt_sorting",
    "export",
    "generate_annotations",
    "generate_session",
    "lfp_of_stream",
    "materialise",
    "run_data_generation",
    "score",
    "truth",
    "window",
    "windows",
    "write_session",
    "write_session_from_block",
]

# What readers need not pay for: imported when it is first asked for.
_LAZY = {
    "GenerateData": "generate",
    "SessionSpec": "generate",
    "Truth": "generate",
    "corrupt_sorting": "scoring.corrupt",
    "export": "exporting",
    "generate_annotations": "generate",
    "generate_session": "generate",
    "materialise": "generate",
    "open": "reading",  # not in __all__: a star import leaves Python's own alone
    "run_data_generation": "generate",
    "score": "interop.session_score",
    "truth": "generate",
    "window": "reading",
    "windows": "reading",
    "write_session": "convert",
    "write_session_from_block": "convert",
}


def __getattr__(name: str) -> Any:
    """Import one of those that wait to be asked for."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__) | set(_LAZY))


register()
