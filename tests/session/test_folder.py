"""A second kind of folder is a second implementation: a session whose files are bytes in a dict."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.ground.extras import MissingExtraError, extra_module, install_command
from mockrawio.ground.folder import Folder, Identity
from mockrawio.ground.places import file_at, folder_at
from mockrawio.session.layout import find_files
from mockrawio.session.manifest import compare


class Entry(NamedTuple):
    """A name in the dict, or what several have in common."""

    name: str
    path: str
    folder: bool

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self.folder


class Held(bytes):
    """Bytes that say how many they are, as a map does."""

    def size(self) -> int:
        return len(self)


class DictFolder(Folder):
    """Files by name, in memory."""

    def __init__(self, path: Path, files: dict[str, bytes], **how: Any) -> None:
        super().__init__(path, **how)
        self.files = files

    @classmethod
    def takes(cls, path: str) -> bool:
        return False

    def listed(self, below: str = "") -> Iterator[Entry]:
        start = f"{below}/" if below else ""
        names = {name[len(start) :].partition("/")[:2] for name in self.files if name.startswith(start)}
        return (Entry(name, f"{self.prefix}{start}{name}", bool(more)) for name, more in names)

    def open(self, name: str) -> tuple[io.BytesIO, Identity]:
        return io.BytesIO(self.files[name]), self.status(name)

    def map(self, opened: Any) -> Held:
        return Held(opened.getvalue())

    def status(self, name: str) -> Identity:
        if not name:
            return Identity(0, 0, 0, 0)
        if name not in self.files:
            raise FileNotFoundError(2, "No such file or directory", name)
        return Identity(1, len(self.files[name]), hash(self.files[name]), 0)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_session(SessionSpec.tiny(seed=0), tmp_path_factory.mktemp("made"))


@pytest.fixture
def held(session: Path) -> Callable[..., DictFolder]:
    files = {path.relative_to(session).as_posix(): path.read_bytes() for path in session.rglob("*") if path.is_file()}
    return lambda **how: DictFolder(Path("/nowhere/session_1"), dict(files), **how)


def test_the_reader(session: Path, held: Callable[..., DictFolder]) -> None:
    """The reader gives the same header and data of it, before and after it is pickled."""
    here, there = MockSessionRawIO(session), MockSessionRawIO(held())
    here.parse_header()
    there.parse_header()
    for reader in (there, pickle.loads(pickle.dumps(there))):
        for name in ("signal_streams", "signal_channels", "spike_channels", "event_channels"):
            names = [field for field in here.header[name].dtype.names if field != "buffer_id"]
            assert (reader.header[name][names] == here.header[name][names]).all()
        for stream in range(len(here.header["signal_streams"])):
            chunks = (one.get_analogsignal_chunk(stream_index=stream) for one in (here, reader))
            np.testing.assert_array_equal(*chunks)
        np.testing.assert_array_equal(reader.get_event_timestamps()[0], here.get_event_timestamps()[0])
        np.testing.assert_array_equal(reader.get_spike_timestamps(), here.get_spike_timestamps())
    assert not len(there.header["signal_buffers"])  # no program can open these by their path


def test_the_manifest(held: Callable[..., DictFolder]) -> None:
    """It is compared with its manifest like any other, but for what is left out."""
    folder = held()
    assert not any(compare(folder))
    folder.files["ChannelNames.txt"] = b"X.ncs\n"
    del folder.files["session_info.npy"]
    assert compare(folder)[:3] == (["session_info.npy"], [], ["ChannelNames.txt"])
    assert not any(compare(DictFolder(folder.path, folder.files, exclude=["ChannelNames.txt", "session_*.npy"])))


def test_what_is_left_out(held: Callable[..., DictFolder]) -> None:
    """Patterns leave out its files, and one that matches nothing is told."""
    files = find_files(held(exclude="spiking_data"))
    assert files.lfp
    assert not files.units
    with pytest.warns(UserWarning, match="nothing in it matches exclude='lfp'"):
        find_files(held(exclude="lfp"))


def test_a_file_that_changes(held: Callable[..., DictFolder]) -> None:
    """A file that is another when its data are asked for is an error that names it."""
    folder = held()
    reader = MockSessionRawIO(folder)
    reader.parse_header()
    folder.files["event_file/Events.npy"] += b"0"
    with pytest.raises(MockSessionError, match=r"/nowhere/session_1/event_file/Events\.npy.*has changed since"):
        reader.get_event_timestamps()


def test_doors(session: Path) -> None:
    """What is a folder or a file already goes through the doors as it is."""
    folder = folder_at(session, exclude="raw_data")
    assert folder_at(folder) is folder
    (info,) = [entry for entry in folder.entries() if entry.name == "session_info.npy"]
    file = folder.file(info)
    assert file_at(file) is file
    assert file_at(session / "session_info.npy") == file
    assert file.with_ending(".json").path == str(session / "session_info.json")


def test_a_missing_package() -> None:
    """One kind of error says what brings it, from where the package came, and is an ImportError; it pickles."""
    with pytest.raises(MissingExtraError) as caught:
        extra_module("no_such_package.inner", "a test", "sonata")
    error = caught.value
    assert isinstance(error, ImportError)
    assert isinstance(error, MockSessionError)
    assert str(error) == (
        "no_such_package: expected it to be installed, for a test; found that it is not. "
        f"Run {install_command('sonata')}"
    )
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.name) == (str(error), "no_such_package")
