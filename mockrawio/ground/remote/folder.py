"""A folder behind an address, read where it lies: the second kind of :class:`~mockrawio.ground.folder.Folder`.

- it is opened without a request; what is asked for first is asked for then;
- no credentials are in what it shows, nor in what it pickles as: a process that unpickles it opens it with options
  of its own, from its environment; one forked from this process, and this one, with those that were given;
- it is another folder once it is renewed, which parsing a header again does; until then a file that changes is an
  error.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BadFileError, MockSessionError, unreadable
from ..folder import Entry, Folder, Identity
from ..once import once
from .address import Address, is_address
from .reading import Ranges
from .store import Known, Listed, RemoteStore, patiently

MOST_NAMES, MOST_DEEP = 1 << 18, 8  # that are listed in all, and folders in each other
_HELD = 1 << 22  # bytes of a manifest that one request brings
_OPEN = frozenset({"anon", "endpoint_url", "region_name", "requester_pays", "use_ssl"})  # options without secrets
_GIVEN: dict[str, tuple[Address, Mapping[str, Any]]] = {}  # what this process, and those forked from it, keep secret


@dataclass(frozen=True)
class _There:
    """What a store has listed, or a manifest."""

    name: str
    path: str
    is_folder: bool

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Return True if it is a folder."""
        return self.is_folder


class _RemoteFile(io.RawIOBase):
    """A file, of which nothing is read before it is asked for."""

    def __init__(self, ranges: Ranges, name: str, size: int, place: str) -> None:
        self._ranges, self._name, self._size, self._place, self._at = ranges, name, size, place, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if at < 0:
            raise OSError(errno.EINVAL, "a place before the beginning", self._place)
        self._at = at
        return at

    def read(self, size: int | None = -1, /) -> bytes:
        stop = self._size if size is None or size < 0 else self._at + size
        found = self._ranges.read(self._name, self._at, stop)
        data = found if isinstance(found, bytes) else bytes(found)
        self._at += len(data)
        return data

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._ranges.read(self._name, self._at, self._at + view.nbytes)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


class RemoteFolder(Folder):
    """A folder at an address that fsspec knows; see :class:`~mockrawio.ground.folder.Folder`.

    Parameters
    ----------
    path : str
        Its address: ``"https://..."``, ``"s3://..."``, ``"zip://...::..."``, and what else fsspec knows.
    follow_symlinks : bool
        Of no effect: there are no links.
    exclude : str or iterable of str
        As for every folder.
    storage_options : mapping, optional
        Those of fsspec's file system for the address.
    """

    maps = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        follow_symlinks: bool = False,
        exclude: str | Iterable[str] = (),
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        address = Address.of(os.fspath(path))
        super().__init__(address.shown, follow_symlinks=follow_symlinks, exclude=exclude)
        self.address, self.prefix = address.shown, f"{address.shown}/"
        self._token, self._under = os.urandom(8).hex(), ""  # what was given, and which folder below that place it is
        given = dict(storage_options or {})
        self.options = _without_secrets(given)
        self.edition: str | None = None
        self._said: Mapping[str, Any] = {}
        self._sizes: dict[str, int] | None = None
        self._known: dict[str, Known] = {}
        self._process = os.getpid()
        if given != self.options or address != Address.of(address.shown):
            _GIVEN[self._token] = address, given

    @classmethod
    def takes(cls, path: str) -> bool:
        """Return True if a path is an address."""
        return is_address(path)

    @property
    def place(self) -> str:
        """Its address, without what is secret."""
        return self.address

    def given(self) -> tuple[Address, Mapping[str, Any]]:
        """Return its address and options, with what is secret if this process has it: not to be shown."""
        address, options = _GIVEN.get(self._token) or (Address.of(self.address.removesuffix(self._under)), self.options)
        return address._replace(shown=self.address, base=address.base + self._under), options

    def below(self, name: str) -> RemoteFolder:
        """Return a folder in it, that is opened by what was given for this one."""
        inner = RemoteFolder(f"{self.address}/{name}", exclude=self.exclude, storage_options=self.options)
        inner._token, inner._under = self._token, f"{self._under}/{name}"
        return inner

    # -- what it is told ----------------------------------------------------------------------

    def hold(self, name: str) -> bool:
        """Read a file, all of it if it is not large, in one request; return False if there is none.

        What reads it then needs no other.
        """
        try:
            self._ranges.first(name, _HELD)
        except OSError:
            return False
        return True

    @property
    def learned(self) -> bool:
        """Whether it has been told, or that there is nothing to tell."""
        return self._sizes is not None or self.edition == ""

    def learn(self, edition: str, sizes: Mapping[str, int] | None, said: Mapping[str, Any]) -> None:
        """Take over what a manifest says: its own edition, the size of each file, and what is in some of them.

        Without sizes there is no manifest, and the store is asked what there is.
        """
        self.edition, self._said = edition, said
        self._sizes = None if sizes is None else dict(sizes)
        for name, size in (sizes or {}).items():
            self._known.setdefault(name, Known(size, ""))

    def said(self, name: str) -> Mapping[str, Any] | None:
        """Return what a manifest says is in a file; None if it does not."""
        return self._said.get(name)

    def say(self, name: str, said: Mapping[str, Any]) -> None:
        """Take over what was found to be in a file."""
        self._said = {**self._said, name: said}

    def renew(self) -> None:
        """Forget all that was read, and what the manifest said."""
        self.close()
        self.__dict__.pop("_walked", None)
        self.edition, self._sizes, self._said, self._known = None, None, {}, {}

    def close(self) -> None:
        """Let go of connections, and of bytes that were kept."""
        opened = self.__dict__.pop("_opened", None)
        if opened is not None and self._process == os.getpid():
            opened.close()

    # -- what a kind of folder says -------------------------------------------------------------

    @property
    def _ranges(self) -> Ranges:
        if self._process != os.getpid():  # what talks to servers stays with the process that was forked
            self.__dict__.pop("_opened", None)
            self._process = os.getpid()
        return self._opened

    @once
    def _opened(self) -> Ranges:
        address, options = self.given()
        return Ranges(store_at(address, options), lambda name: self.prefix + name, self._known)

    @once
    def _walked(self) -> dict[str, list[Listed]]:
        return {}

    def listed(self, below: str = "") -> list[Entry]:
        """Return what the manifest names, or the store lists."""
        found = self._listed_by_store(below) if self._sizes is None else self._listed_by_manifest(below)
        path = f"{self.prefix}{below}/" if below else self.prefix
        return [_There(one.name, path + one.name, one.is_folder) for one in found]

    def _listed_by_manifest(self, below: str) -> list[Listed]:
        start = f"{below}/" if below else ""
        inner = [name[len(start) :].partition("/") for name in self._sizes or () if name.startswith(start)]
        return list({own: Listed(own, bool(rest)) for own, rest, _ in inner}.values())

    def _listed_by_store(self, below: str) -> list[Listed]:
        place = self.prefix + below
        if below.count("/") >= MOST_DEEP or sum(map(len, self._walked.values())) > MOST_NAMES:
            expected = f"at most {MOST_NAMES} names, {MOST_DEEP} folders deep"
            raise BadFileError(place, expected, "more", "Give the address of one session.")
        if below not in self._walked:
            store = self._ranges.store
            try:
                self._walked[below] = patiently(place, lambda: store.listed(below))
            except OSError as error:
                found = error.strerror or type(error).__name__
                remedy = "Check that it exists and may be listed; one with a session_manifest.json need not be."
                raise BadFileError(place, "a folder that may be listed", found, remedy) from None
            names = [f"{below}/{one.name}" if below else one.name for one in self._walked[below] if not one.is_folder]
            self._ranges.all_first(names)
        return self._walked[below]

    def open(self, name: str) -> tuple[io.RawIOBase, Identity]:
        """Open a file."""
        known = self.status(name)
        return _RemoteFile(self._ranges, name, known.size, self.prefix + name), known

    def map(self, opened: io.RawIOBase) -> Any:
        """Raise: nothing maps what lies elsewhere."""
        # A Folder has to have it; what asks for a map asks first whether a file can be mapped.
        raise NotImplementedError("a file that lies elsewhere is read by its ranges")

    def status(self, name: str) -> Identity:
        """Return what a file was when it was first read, or what the manifest says."""
        if not name:
            return Identity(0, 0, 0, 0)
        if self._sizes is not None and name not in self._sizes:
            raise FileNotFoundError(errno.ENOENT, "nothing that the manifest names", name)
        size = self._ranges.size(name)
        tag = f"{self.edition} {name}" if self.edition else self._known[name].tag
        return Identity(int.from_bytes(hashlib.sha256(tag.encode()).digest()[:8], "little"), size, 0, 0)

    def __getstate__(self) -> dict[str, Any]:
        left = {"_opened", "_walked", "_said", "_sizes"}
        known = {name: one for name, one in dict(self._known).items() if one.tag}  # of what was read
        return {**{key: value for key, value in self.__dict__.items() if key not in left}, "_known": known}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._sizes, self._said = None, {}

    def __str__(self) -> str:
        return self.address


def _without_secrets(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that may be shown, those of ``client_kwargs`` included."""
    found = {key: value for key, value in options.items() if key in _OPEN and isinstance(value, (str, bool))}
    inner = options.get("client_kwargs")
    inner = _without_secrets(inner) if isinstance(inner, Mapping) else {}
    if isinstance(place := found.get("endpoint_url"), str):  # which may have a password in it
        found["endpoint_url"] = Address.of(place).shown
    return {**found, **({"client_kwargs": inner} if inner else {})}


def store_at(address: Address, options: Mapping[str, Any]) -> RemoteStore:
    """Return the store that knows an address; MockSessionError if there is none."""
    try:
        return _store_at(address, options)
    except MockSessionError:
        raise
    except Exception as error:  # whatever fsspec's file systems stumble over; their text may have what is secret
        found = f"{type(error).__name__}; is its protocol one that fsspec knows, and what it needs for it installed?"
        remedy = "Check the address and storage_options; fsspec.available_protocols() lists protocols."
        raise BadFileError(address.shown, "an address that can be opened", found, remedy) from None


def _store_at(address: Address, options: Mapping[str, Any]) -> RemoteStore:
    """Return the store; its module is imported now, for the sake of those who need none."""
    if address.protocol in ("http", "https"):
        from .web import HttpStore

        return HttpStore(address, options)
    if address.protocol in ("s3", "s3a"):
        from .s3 import S3Store

        return S3Store(address, options)
    if address.protocol == "zip" and "::" in address.base:
        return _in_a_zip(address, options)
    from .anywhere import AnyStore

    return AnyStore(address.base, options)


def _in_a_zip(address: Address, options: Mapping[str, Any]) -> RemoteStore:
    """Return the store of a folder in a zip, whose own options may be under the protocol of the zip's address."""
    from .anywhere import LocalStore
    from .zipped import ZipStore

    outer, inner = address.base.split("::", 1)
    shown = address.shown.partition("::")[2]
    if is_address(inner):
        where = Address.of(inner + address.query)
        above, _, name = where.base.rpartition("/")
        given = options.get(where.protocol, {key: value for key, value in options.items() if key != "zip"})
        within = where._replace(base=above, shown=where.shown.rpartition("/")[0])
        ranges = Ranges(store_at(within, given), lambda name: shown, {})
    else:
        above, name = os.path.split(inner)
        ranges = Ranges(LocalStore(above), lambda name: shown, {})
    try:
        file = _RemoteFile(ranges, name, ranges.size(name), shown)
    except OSError as error:
        raise unreadable(shown, error) from None
    return ZipStore(file, shown, outer.partition("://")[2])
