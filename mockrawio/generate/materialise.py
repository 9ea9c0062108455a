"""A virtual session, written out."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..ground.errors import MockSessionError
from ..ground.folder import Folder
from ..ground.places import folder_at
from ..ground.shown import Argument, Text
from ..session.layout import MANIFEST
from ..session.manifest import compare, is_virtual, read_manifest
from ..session.own import refuse_own
from .plan import plan_session
from .session import check_workers, write_planned
from .spec import SessionSpec
from .virtual_spec import recorded_spec


def materialise(
    folder: str | PathLike[str],
    output: str | PathLike[str] | None = None,
    *,
    n_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write a virtual session to disk, with the files that :func:`generate_session` writes for its spec.

    Parameters
    ----------
    folder : str or PathLike
        The folder of the virtual session.
    output : str or PathLike, optional
        The session folder to make. None: it takes the place of the virtual one, once it is complete.
    n_workers, overwrite, progress
        As for :func:`generate_session`; the virtual session itself is always replaced.

    Returns
    -------
    Path
        The session folder, absolute.

    Raises
    ------
    BadFileError
        If the manifest cannot be read, or its spec is another one than the session was made from.
    MockSessionError
        If the folder is not a virtual session, has files in it that are not its own, which would be lost, or `output`
        lies in it or holds it.
    SessionExistsError
        If `output` exists and `overwrite` is false.
    NotWrittenError
        If the file system refuses (also an OSError); the virtual session is then as it was.

    Examples
    --------
    >>> folder = generate_session(SessionSpec.tiny(seed=0), "data", virtual=True)  # doctest: +SKIP
    >>> materialise(folder)  # doctest: +SKIP
    """
    check_workers(n_workers)
    source = folder_at(folder)
    target = source.path if output is None else Path(output).absolute()
    spec = _spec_of(source)
    if output is None:
        _refuse_extra(source)
    else:
        refuse_own(target, source.path)
    return write_planned(plan_session(spec), target, n_workers, overwrite or output is None, progress)


def _spec_of(folder: Folder) -> SessionSpec:
    manifest = folder.find(MANIFEST)
    if manifest is None or not is_virtual(read_manifest(manifest)):
        found = "one that is written" if manifest else "a folder without a manifest"
        raise MockSessionError(folder.path, "a virtual session", found, "Give the folder of a virtual session.")
    return recorded_spec(manifest)


def _refuse_extra(folder: Folder) -> None:
    """Refuse to replace a folder with files in it that are not the virtual session's own."""
    extra = compare(folder).extra
    if extra:
        remedy = Text("Move them away, or give another place as ", Argument("output", ""), ".")
        raise MockSessionError(folder.path, "a virtual session alone", ", ".join(extra[:8]), remedy)
