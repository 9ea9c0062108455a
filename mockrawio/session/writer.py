"""A session is written whole, or not at all, with a record of each of its files."""

from __future__ import annotations

import threading
from os import PathLike

from ..ground.disk import DiskFolder
from ..ground.whole_folder import WholeFolder
from ..ground.writing import Chunks, FileRecord, write_plain
from .indexing import index_of
from .layout import MANIFEST
from .manifest import manifest_bytes
from .virtual import FORMAT


class SessionWriter(WholeFolder):
    """Context manager that writes a session folder, as :class:`~mockrawio.ground.whole_folder.WholeFolder` does."""

    def __init__(self, target: str | PathLike[str], *, overwrite: bool = False) -> None:
        super().__init__(target, overwrite=overwrite)
        self.files: dict[str, FileRecord] = {}
        self._lock = threading.Lock()

    def write(self, name: str, chunks: Chunks) -> None:
        """Write one file of the session, from any thread.

        Its name is its path below the session folder, with forward slashes; each chunk may be reused when the next is
        asked for.
        """
        record = write_plain(self.path(name), chunks, self.target / name, self.sync)
        with self._lock:
            self.files[name] = record

    def write_manifest(self, spec: dict[str, object], form: str = FORMAT) -> None:
        """Write the manifest: what made the session, and every file's size and SHA-256.

        `form` is what the folder is; see :func:`~.manifest.manifest_bytes`.
        """
        index = index_of(DiskFolder(self.staging), self.files)
        chunks = [manifest_bytes(spec, self.files, form, index)]
        write_plain(self.staging / MANIFEST, chunks, self.target / MANIFEST, self.sync)
