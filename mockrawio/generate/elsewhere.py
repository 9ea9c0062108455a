"""Sessions at an address: made on this machine's disk, and copied."""

from __future__ import annotations

from tempfile import TemporaryDirectory

from ..ground.errors import SessionExistsError, elsewhere
from ..ground.remote.folder import RemoteFolder
from ..ground.remote.writing import upload
from ..session.layout import MANIFEST, session_folder
from .session import generate_session
from .spec import SessionSpec


def session_at(root: RemoteFolder, spec: SessionSpec) -> RemoteFolder:
    """Return where the session of a spec lies below a root."""
    return root.below(session_folder("", spec.patient_id, spec.session_nr).as_posix())


def generate_elsewhere(
    spec: SessionSpec,
    root: RemoteFolder,
    *,
    n_workers: int = 1,
    overwrite: bool = False,
    progress: bool = False,
    virtual: bool = False,
) -> tuple[RemoteFolder, int]:
    """Make a session below an address; return where it is, and its size in bytes without that of its manifest.

    Parameters are those of :func:`~.session.generate_session`. SessionExistsError if there is anything that no writer
    of ours has left unfinished, NotWrittenError if the store refuses.
    """
    target = session_at(root, spec)
    if not overwrite and target.hold(MANIFEST):  # before the work
        raise SessionExistsError(target, "nothing there", "a session", elsewhere())
    with TemporaryDirectory(prefix="mockrawio-") as scratch:
        made = generate_session(spec, scratch, n_workers=n_workers, progress=progress, virtual=virtual)
        size = upload(made, target, MANIFEST, overwrite=overwrite)
        return target, size - (made / MANIFEST).stat().st_size
