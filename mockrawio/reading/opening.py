"""One call that opens what is at a path: a session folder by our reader, a rig's files by Neo's own.

``neo.rawio.get_rawio`` cannot be that call: it looks at the endings of the names in a folder, and gives nothing where
two of Neo's classes take one of them, as they do ``.txt`` and ``.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import neo.rawio
from neo.rawio.baserawio import BaseRawIO

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
        Of the class: those of :class:`~mockrawio.MockSessionRawIO` for a session.

    Returns
    -------
    MockSessionRawIO, or a class of ``neo.rawio.rawiolist``
        Its header is parsed.

    Raises
    ------
    MockSessionError
        If what is there is neither, or a session is not as it must be.

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
    for kind in _kinds(place):
        for how in _ways(kind, place):
            try:
                reader = kind(**how, **options)
                reader.parse_header()
            except Exception as error:  # Neo's classes raise whatever they stumble over
                said.append(one_line(f"{kind.__name__}: {type(error).__name__}: {error}")[:_MOST_TOLD])
                continue
            if _has_any(reader):
                return reader
            said.append(f"{kind.__name__}: finds nothing there")
    if not said:
        remedy = "Give a session's folder, session_<nr>, or the file or folder that a rig wrote."
        if below := sorted(str(one) for one in place.glob("*/") if next(_kinds(one), None)):
            remedy = f"Give one of the recordings in it, {', '.join(below[:_MOST_PLACES])}."
        raise MockSessionError(refused.subject, "a session, or files that Neo reads", "neither", remedy)
    remedy = "Give mockrawio.open() the options of the class that it needs, neo.rawio.<class>."
    if place.is_file() and (session := _session_around(place)):
        remedy = f"Open the session that it is of, {session}."
    raise MockSessionError(refused.subject, "files that one of Neo's readers takes", "; ".join(said), remedy)


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
    found: list[type[BaseRawIO]] = neo.rawio.get_rawio(place, exclusive_rawio=False)
    yield from found
    if not found:
        below = [folder for depth in ("*/", "*/*/", "*/*/*/") for folder in islice(place.glob(depth), _MOST_LOOKED)]
        deeper = (kind for folder in below for kind in neo.rawio.get_rawio(folder, exclusive_rawio=False))
        yield from dict.fromkeys(kind for kind in deeper if kind.rawmode in _BY_FOLDER)


def _ways(kind: type[BaseRawIO], place: Path) -> Iterator[dict[str, Path]]:
    """Yield the arguments by which a class of Neo's may take a place: the folder, or a file in it."""
    if kind in (MockSessionRawIO, _BLIND):
        return
    if kind.rawmode in _BY_FOLDER:
        yield {"dirname": place if place.is_dir() else place.parent}
    elif place.is_file():
        yield {"filename": place}
    else:
        endings = {f".{one.lower()}" for one in kind.extensions}
        yield from ({"filename": file} for file in sorted(place.iterdir()) if file.suffix.lower() in endings)
