"""Read, make and check mock electrophysiology sessions.

Importing this package registers :class:`MockSessionRawIO` and :class:`MockSessionIO` with Neo.
"""

from __future__ import annotations

from typing import Any

from .io import MockSessionIO, register
from .rawio import MockSessionRawIO
from .session.errors import BadFileError, BoundsError, MockSessionError, NotASessionError, SessionExistsError

__version__ = "0.1.0"

__all__ = [
    "BadFileError",
    "BoundsError",
    "GenerateData",
    "MockSessionError",
    "MockSessionIO",
    "MockSessionRawIO",
    "NotASessionError",
    "SessionExistsError",
    "SessionSpec",
    "__version__",
    "generate_annotations",
    "generate_session",
    "run_data_generation",
]

_GENERATE = {"GenerateData", "SessionSpec", "generate_annotations", "generate_session", "run_data_generation"}


def __getattr__(name: str) -> Any:
    """Import the generators when one is first asked for: readers need not pay for them."""
    if name not in _GENERATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import generate

    return getattr(generate, name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


register()
