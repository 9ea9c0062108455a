"""HDF5 files that are written to a disk which may fill up.

HDF5 does not outlive an error of the disk, nor Ctrl-C while it writes: it fails again when it closes
the file, and may end the process. So it writes through a file of ours, which keeps such an error to
itself, writes nothing from then on, and has it raised between two blocks or, at the latest, when the
file is closed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ...ground.durable import naming
from ...ground.extras import h5py_module
from ...ground.writing import write_all
from .blocks import SpikesLike


class H5Out(io.FileIO):
    """A file that HDF5 writes through; see the module's text. Errors name `place`."""

    def __init__(self, path: Path, mode: Literal["x+b", "r+b"], place: Path) -> None:
        self.error: BaseException | None = None
        self.place = place
        with naming(place):
            super().__init__(path, mode)

    def write(self, data: Any, /) -> int:
        """Write all of `data`, or nothing after an error."""
        view = memoryview(data)
        if self.error is None:
            try:
                write_all(super(), view, self.place)  # type: ignore[arg-type]  # it has the write() of a file
            except BaseException as error:  # Ctrl-C too, which is no better for HDF5
                self.error = error
        return view.nbytes

    def readinto(self, buffer: Any, /) -> int:
        """Read; what was never written reads as zeros."""
        view = memoryview(buffer).cast("B")
        count = super().readinto(view) or 0
        view[count:] = bytes(view.nbytes - count)
        return view.nbytes

    def truncate(self, size: int | None = None, /) -> int:
        """Set the file's size, but for after an error."""
        if self.error is None:
            try:
                with naming(self.place):
                    return super().truncate(size)
            except BaseException as error:
                self.error = error
        return size or 0

    def check(self) -> None:
        """Raise the error that was met, if any."""
        if self.error is not None:
            raise self.error

    def checked(self, blocks: Iterable[SpikesLike]) -> Iterator[SpikesLike]:
        """Yield blocks for as long as all is well."""
        for block in blocks:
            yield block
            self.check()


@contextmanager
def h5_out(path: Path, mode: Literal["w", "r+"], place: Path) -> Iterator[tuple[Any, H5Out]]:
    """Open an HDF5 file for writing, and the file beneath it.

    When it is closed, NotWrittenError if something could not be written; MockSessionError if h5py is not installed.
    """
    h5py = h5py_module()
    with H5Out(path, "x+b" if mode == "w" else "r+b", place) as out:
        try:
            with h5py.File(out, mode) as file:
                yield file, out
        except (OSError, RuntimeError, KeyError):  # HDF5, of what it wrote and cannot read
            out.check()
            raise
        out.check()
