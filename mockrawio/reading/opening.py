"""One call that opens what is at a path: a session folder by our reader, a rig's files by Neo's own.

``neo.rawio.get_rawio`` cannot be that call: it looks at the endings of the names in a folder, and gives nothing where
two of Neo's classes take one of them, as they do ``.txt`` and ``.json``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import neo.rawio
from neo.rawio.baserawio import BaseRawIO
from neo.rawio.bci2000rawio import BCI2000RawIO

from ..ground.errors import MockSessionError, NotASessionError
from ..ground.folder import Folder
from ..ground.places import FolderLike
from ..ground.shown import one_line
from ..rawio import MockSessionRawIO
from ..session.layout import refuse_foreign

_BY_FOLDER = ("one-dir", "multi-dir")
_BLIND = neo.rawio.RawBinarySignalRawIO  # takes any bytes for samples, of whatever they are
_MOST_PLACES, _MOST_LOOKED = 4, 100  # folders that are named, and that are looked into
_MOST_TOLD = 200  # characters of what a class of Neo's says


def open(path: FolderLike, **options: Any) -> BaseRawIO:
    """Open a session folder, or files of another format, and parse the header.

    A session's reader is a context manager, which closes its files. The name is not in ``__all__``, so that ``from
    mockrawio import *`` leaves Python's own ``open`` alone.

    Parameters
    ----------
    path : str, PathLike or Folder
        A session folder, virtual ones too; or a file or folder of a format that Neo reads.
    **options
        Options of the class: for a session those of :class:`~mockrawio.MockSessionRawIO`.

    Returns
    -------
    MockSessionRawIO, or a class of ``neo.rawio``
        Its header is parsed.

    Raises
    ------
    MockSessionError
        If there is neither, or the session is damaged.

    Examples
    --------
    >>> import mockrawio
    >>> with mockrawio.open(folder) as reader:
    ...     type(reader).__name__, reader.segment_count(0)
    ('MockSessionRawIO', 1)
    """
    place = None if isinstance(path, Folder) else Path(path)
    try:
        reader = MockSessionRawIO(path, **options)
    except NotASessionError as error:
        if place is None or not place.exists() or "Did you mean" in error.remedy:
            raise
        return _of_a_rig(place, options, error)
    reader.parse_header()
    return reader


def _of_a_rig(place: Path, options: dict[str, Any], refused: NotASessionError) -> BaseRawIO:
    """Return the first reader of Neo's that parses the header of what is at a place."""
    said: list[str] = []
    lacking: dict[str, str] = {}  # a library, by the class that needs it
    for kind in _kinds(place):
        for how in _ways(kind, place):
            try:
                reader = _parsed(kind, how | options)
            except Exception as error:  # Neo's classes raise whatever they stumble over
                said.append(one_line(f"{kind.__name__}: {type(error).__name__}: {error}")[:_MOST_TOLD])
                if isinstance(error, ImportError) and error.name:
                    lacking[kind.__name__] = error.name
                continue
            if _has_any(reader):
                return reader
            said.append(f"{kind.__name__}: finds nothing there")
    if said:
        raise MockSessionError(
            refused.subject, "files that one of Neo's readers takes", "; ".join(said), _advice(place, lacking)
        )
    remedy = _below(place) or "Give a session's folder, session_<nr>, or the file or folder that a rig wrote."
    if place.suffix == ".nwb" or next(place.glob("*.nwb"), None):
        remedy = "Read it with neo.io.NWBIO: Neo has no RawIO class for NWB."
    raise MockSessionError(refused.subject, "a session, or files that Neo reads", "neither", remedy)


def _parsed(kind: type[BaseRawIO], arguments: dict[str, Any]) -> BaseRawIO:
    """Return a reader of Neo's whose header is parsed; what Neo calls of NumPy's old names is not the user's matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        reader = kind(**arguments)
        reader.parse_header()
    return reader


def _advice(place: Path, lacking: dict[str, str]) -> str:
    """Return what to do where all classes refuse what is at a place, some for want of a library."""
    if place.is_file() and (session := _session_around(place)):
        return f"Open the session that it is of, {session}."
    needed = "".join(f" For {kind} install {library}." for kind, library in lacking.items())
    return _below(place) or f"Give mockrawio.open() the options of the class that it needs, neo.rawio.<class>.{needed}"


def _below(place: Path) -> str:
    """Return what to open of the folders at a place that have files of Neo's in them, or nothing."""
    found = sorted(str(one) for one in place.glob("*/") if next(_kinds(one), None))
    return f"Give one of the recordings in it, {', '.join(found[:_MOST_PLACES])}." if found else ""


def _session_around(file: Path) -> Path | None:
    """Return the session folder that a file is in."""
    for folder in file.parents[:2]:
        with suppress(MockSessionError):
            refuse_foreign(folder)
            return folder
    return None


def _has_any(reader: BaseRawIO) -> bool:
    """Return True if there is anything in a reader: some take a folder of which they know nothing."""
    return any(len(reader.header[kind]) for kind in ("signal_streams", "spike_channels", "event_channels"))


def _kinds(place: Path) -> Iterator[type[BaseRawIO]]:
    """Yield the classes of Neo's that may take what is at a place, by the names of files there; the likeliest first.

    Formats that are a folder of folders are known by what lies deeper.
    """
    found = _by_endings(place)
    yield from found
    if not found:
        below = [folder for depth in ("*/", "*/*/", "*/*/*/") for folder in islice(place.glob(depth), _MOST_LOOKED)]
        deeper = (kind for folder in below for kind in _by_endings(folder))
        yield from dict.fromkeys(kind for kind in deeper if kind.rawmode in _BY_FOLDER)


def _by_endings(place: Path) -> list[type[BaseRawIO]]:
    """Return the classes that take the endings of names at a place: those of most of them first, else as Neo has them.

    ``neo.rawio.get_rawio`` has them in another order in each process, and leaves out BCI2000's, which is not listed.
    """
    files = [place] if place.is_file() else place.glob("*")
    endings = {file.suffix[1:].lower() for file in files if file.is_file()}
    listed: list[type[BaseRawIO]] = list(dict.fromkeys([*neo.rawio.rawiolist, BCI2000RawIO]))
    taken = {kind: len(endings & _endings(kind)) for kind in listed}
    return sorted((kind for kind in listed if taken[kind]), key=lambda kind: -taken[kind])


def _endings(kind: type[BaseRawIO]) -> set[str]:
    return {one.lower() for one in kind.extensions}


def _ways(kind: type[BaseRawIO], place: Path) -> Iterator[dict[str, str]]:
    """Yield the arguments by which a class of Neo's may take a place, texts for all take them: a folder, or a file."""
    if kind in (MockSessionRawIO, _BLIND):
        return
    if kind.rawmode in _BY_FOLDER:
        yield {"dirname": str(place if place.is_dir() else place.parent)}
    elif place.is_file():
        yield {"filename": str(place)}
    else:
        files = (file for file in sorted(place.iterdir()) if file.suffix[1:].lower() in _endings(kind))
        yield from ({"filename": str(file)} for file in files)
