"""Read, generate and check mock electrophysiology sessions.

Importing this package imports Neo and registers :class:`MockSessionRawIO` and :class:`MockSessionIO` with it. The
``mockrawio`` command imports Neo only when needed, since that takes longer than most commands.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ground.errors import (
    BadFileError,
    BadTypeError,
    BoundsError,
    MockSessionError,
    NotASessionError,
    NotWrittenError,
    SessionExistsError,
)
from .ground.lazy import imported

if TYPE_CHECKING:
    from .io import MockSessionIO
    from .rawio import MockSessionRawIO

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
    "MockSessionIO": "io",
    "MockSessionRawIO": "rawio",
    "SessionSpec": "generate",
    "Truth": "generate",
    "corrupt_sorting": "scoring.corrupt",
    "export": "exporting",
    "generate_annotations": "generate",
    "generate_session": "generate",
    "lfp_of_stream": "session.stream_lfp",
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
    return imported(__name__, name, _LAZY)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__) | set(_LAZY))


def _is_the_command() -> bool:
    """Return True if this process was started as ``mockrawio`` or ``python -m mockrawio``, for which no one else runs.

    What is run by ``-m`` has that for its name while its package is imported; which it is, the interpreter's own
    arguments say.
    """
    if sys.argv[:1] != ["-m"]:
        return Path(*sys.argv[:1]).stem == "mockrawio"
    given = sys.orig_argv  # of which "-mmockrawio" is not looked for: it registers, and is slower
    return "-m" in given and given[given.index("-m") + 1 :][:1] == ["mockrawio"]


if _is_the_command():
    # Before NumPy is imported. Threads of BLAS spin while they wait for one another, which on a machine with other
    # work, ours among it, takes several times as long as one thread does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
else:
    from .io import register

    register()
