"""Files in a zip, which itself may lie anywhere: of one that is stored as it is, a range is a range of the zip.

What is deflated is unpacked from its beginning; as long as it is read in order, that is once.
"""

from __future__ import annotations

import errno
import io
import struct
import zipfile
import zlib
from typing import IO

from ..errors import BadFileError
from ..once import once
from ..turns import Turns
from .store import Known, Listed, RemoteStore

_LOCAL = struct.Struct("<4s22xHH")  # the header of a member: its mark, lengths of name and extra field
_MOST_MEMBERS = 1 << 18
MOST_READ = 1 << 26  # bytes that a zip may want at once before a member is read, as its list of members


class _Listing:
    """A zip's file while its list of members is read, which is of any size that it says."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._file, self.seek, self.tell = file, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Return bytes, all that follow where no size is given."""
        if size < 0:
            at = self.tell()
            size = self.seek(0, io.SEEK_END) - at
            self.seek(at)
        if size > MOST_READ:
            raise ValueError(f"a list of members of {size} bytes")
        return self._file.read(size) or b""


class ZipStore(RemoteStore):
    """The members of a zip below a folder in it; `file` is the zip, open, and may be read from any place."""

    def __init__(self, file: io.RawIOBase, place: str, below: str) -> None:
        self._file, self._place, self._below = file, place, f"{below.strip('/')}/" if below.strip("/") else ""
        self._turns = Turns()
        self._open: dict[str, IO[bytes]] = {}  # what is being unpacked

    @once
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        try:
            file = _Listing(self._file)
            found = zipfile.ZipFile(file).infolist()  # type: ignore[arg-type]  # it is read and sought alone
        # NotImplementedError is zipfile's, of archives in several parts; the others of broken ones.
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError, EOFError, OverflowError) as error:
            remedy = "Give the address of a zip, as zip://FOLDER_IN_IT::ADDRESS."
            raise BadFileError(self._place, "a zip", f"{error}"[:200], remedy) from None
        if len(found) > _MOST_MEMBERS:
            raise BadFileError(self._place, f"at most {_MOST_MEMBERS} files in a zip", len(found), "Unpack it.")
        here = {one.filename: one for one in found if one.filename.startswith(self._below) and not one.is_dir()}
        return {name[len(self._below) :]: one for name, one in here.items()}

    def read(self, name: str, start: int, stop: int) -> tuple[bytes, Known]:
        """Return the bytes of a range; see :meth:`.store.RemoteStore.read`."""
        with self._turns:
            member = self._members.get(name)
            if member is None:
                raise FileNotFoundError(errno.ENOENT, "nothing of this name in the zip", name)
            stop = max(start, min(stop, member.file_size))
            known = Known(member.file_size, f"{member.CRC:08x} {member.header_offset}")
            if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
                return self._stored(member, start, stop), known
            return self._unpacked(name, member, start, stop), known

    def _stored(self, member: zipfile.ZipInfo, start: int, stop: int) -> bytes:
        self._file.seek(max(0, member.header_offset))
        mark, name, extra = _LOCAL.unpack((self._file.read(_LOCAL.size) or b"").ljust(_LOCAL.size))
        begin = member.header_offset + _LOCAL.size + name + extra
        if mark != b"PK\x03\x04" or member.file_size != member.compress_size:
            raise BadFileError(self._place, "a zip", f"{member.filename!r} where it is not", "Make the zip again.")
        self._file.seek(begin + start)
        return self._file.read(stop - start) or b""

    def _unpacked(self, name: str, member: zipfile.ZipInfo, start: int, stop: int) -> bytes:
        """Return a range of what is packed, going on from where the last one ended if it can."""
        opened = self._open.pop(name, None)
        try:
            if opened is None or opened.tell() > start:
                file = self._file
                opened = zipfile.ZipFile(file).open(member)  # type: ignore[arg-type]  # noqa: SIM115  # kept open, as above
            opened.seek(start)
            data = opened.read(stop - start)
        # NotImplementedError is zipfile's, of a packing it does not know, RuntimeError of a password.
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            remedy = "Make the zip again, without a password, and with its files stored as they are."
            raise BadFileError(self._place, f"{name} as it was packed", f"{error}"[:200], remedy) from None
        if len(self._open) < 16:  # files that are read in order at the same time
            self._open[name] = opened
        return data

    def listed(self, below: str) -> list[Listed]:
        """Return what a folder in the zip holds."""
        start = f"{below}/" if below else ""
        inner = [name[len(start) :].partition("/") for name in self._members if name.startswith(start)]
        return list({own: Listed(own, bool(rest)) for own, rest, _ in inner if own}.values())
