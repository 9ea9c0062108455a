"""Sessions at an address: made on this machine's disk, and copied."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

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
) -> RemoteFolder:
    """Make a session below an address, and return where it is.

    Parameters are those of :func:`~.session.generate_session`. SessionExistsError if there is anything that no writer
    of ours has left unfinished, NotWrittenError if the store refuses.
    """
    target = session_at(root, spec)
    if not overwrite and target.hold(MANIFEST):  # before the work
        raise SessionExistsError(target, "nothing there", "a session", elsewhere())
    send_session(spec, target, n_workers=n_workers, overwrite=overwrite, progress=progress, virtual=virtual)
    return target


def send_session(spec: SessionSpec, target: RemoteFolder, *, overwrite: bool = False, **how: Any) -> int:
    """Make a session and copy it to an address of its own; return its size in bytes without that of its manifest."""
    with TemporaryDirectory(prefix="mockrawio-") as scratch:
        made = generate_session(spec, scratch, **how)
        return upload(made, target, MANIFEST, overwrite=overwrite) - (made / MANIFEST).stat().st_size
