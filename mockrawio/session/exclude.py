"""The second remedy of a session's errors: leave out the file at fault."""

from __future__ import annotations

import glob
from pathlib import Path

from ..ground.errors import BadFileError
from ..ground.folder import File
from ..ground.shown import Argument, Clause, Text
from .layout import CHANNEL_NAMES, DAQ, EVENTS, LFP, MANIFEST, RAW, SESSION_INFO, UNITS, WATCHLOGS

_FOLDERS = (UNITS, LFP, EVENTS, DAQ, WATCHLOGS, RAW)
_FILES = (SESSION_INFO, CHANNEL_NAMES, MANIFEST, *_FOLDERS)


def with_exclude(error: BadFileError, file: File | None = None) -> BadFileError:
    """Return the error with `exclude=` as a second remedy: it leaves out the file at fault, or the one given.

    An error about a file that does not lie in a session, such as an annotation, is returned as it is.
    """
    place = Path(error.subject if file is None else file.path)
    name = f"{place.parent.name}/{place.name}" if place.parent.name in _FOLDERS else place.name
    told = any(argument.name == "exclude" for argument in error.text.arguments)
    if told or ("/" not in name and name not in _FILES):
        return error
    if place.suffix == ".json" and "/" in name:  # of a stream, which is its .npy
        name = f"{name[:-5]}.npy"
    leaving_out = Clause(" Or leave it out with ", Argument("exclude", repr(glob.escape(name))), ".")
    return type(error)(*error.args[:3], Text(error.args[3], leaving_out))
