"""What an export has written, and how Neo opens it."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from ..formats.rig import Below
from ..ground.checks import is_whole
from ..ground.errors import BoundsError
from ..ground.extras import MissingExtraError


@dataclass(frozen=True)
class Exported:
    """The files that :func:`~mockrawio.export` has written.

    Attributes
    ----------
    folder : Path
        Where it is, absolute.
    format : str
        Its format, a name that ``mockrawio formats`` lists.
    files : tuple of str
        All files, by their paths below the folder, sorted.
    neo : str
        The class of :mod:`neo.rawio` that reads them, or of ``neo.io`` where that has none.
    parts : tuple of mapping
        The arguments that Neo's class takes: of one recording, or, where the format has no segments, of one for each.
    left_out : tuple of str
        Data that the format could not store, each with the reason.
    fault : str or None
        The fault that was planted, if any.
    """

    folder: Path
    format: str
    files: tuple[str, ...]
    neo: str
    parts: tuple[Mapping[str, object], ...]
    left_out: tuple[str, ...]
    fault: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as JSON-serialisable values, the folder as a string."""
        parts = [dict(part) for part in self.parts]
        lists = {"files": list(self.files), "parts": parts, "left_out": list(self.left_out)}
        return {"folder": str(self.folder), "format": self.format, "neo": self.neo, "fault": self.fault, **lists}

    def arguments(self, part: int = 0) -> dict[str, Any]:
        """Return the arguments of Neo's class for one of the `parts`, paths made whole."""
        if not is_whole(part) or not 0 <= part < len(self.parts):
            found, last = repr(part), len(self.parts) - 1
            raise BoundsError("part", f"0 to {last}", found, "Give one of these: a part for each segment.")
        given = self.parts[part].items()
        return {name: str(self.folder / value) if isinstance(value, Below) else value for name, value in given}

    def open(self, part: int = 0) -> Any:
        """Return Neo's reader of what was written, its header parsed if it is a RawIO.

        Parameters
        ----------
        part : int
            Which of the recordings, where there is one for each segment.

        Returns
        -------
        neo.rawio.baserawio.BaseRawIO or neo.io.baseio.BaseIO

        Raises
        ------
        BoundsError
            If there is no such part.
        MissingExtraError
            If Neo's class needs a library that is not installed: MEArec's.
        """
        kind = neo_class(self.neo)
        reader = kind(**_known(kind, self.arguments(part)))
        if not self.neo.endswith("RawIO"):
            return reader
        with warnings.catch_warnings():
            # what Neo says of a file that is as it was asked for
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                reader.parse_header()
            except ModuleNotFoundError as error:
                name = str(error.name)
                raise MissingExtraError(name, self.neo, f"Run pip install {name}.") from error
        return reader


def _known(kind: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return those arguments that a class takes: older classes of Neo do without being told what newer ones ask for."""
    known = inspect.signature(kind).parameters
    if any(one.kind is one.VAR_KEYWORD for one in known.values()):
        return arguments
    return {name: value for name, value in arguments.items() if name in known}


def neo_class(name: str) -> Any:
    """Return a class of Neo's; a RawIO that :mod:`neo.rawio` does not list is in the module of its name."""
    import neo.io
    import neo.rawio

    if not name.endswith("RawIO"):
        return getattr(neo.io, name)
    return getattr(neo.rawio, name, None) or getattr(import_module(f"neo.rawio.{name.lower()}"), name)
