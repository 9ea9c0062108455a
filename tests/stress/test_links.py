"""Links out of a session folder, and what is no plain file: refused by name, without waiting for anything."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import neo.io
import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionIO, MockSessionRawIO
from mockrawio.describe import describe_session
from mockrawio.ground.disk import DiskFolder
from mockrawio.verify import verify_session
from tests.handmade import STAMP, Handmade

PLACES = [
    "session_info.npy",
    "ChannelNames.txt",
    "lfp_data",
    "lfp_data/CSC1_lfp.npy",
    "spiking_data",
    "spiking_data/CSC1_SU1.npy",
    "event_file/Events.npy",
    f"daq_files/timedDAQ-log-{STAMP}.log",
    f"watchlogs/ffplay-watchlog-{STAMP}.log",
    "raw_data/broadband.npy",
    "raw_data/broadband.json",
]


@pytest.fixture
def session(handmade: Handmade) -> Path:
    """A session with one file of every kind."""
    handmade.all()
    handmade.stream()
    return handmade.folder


def read(folder: Path, **how: bool) -> list[object]:
    """Open a session, and return some of each kind of data."""
    with MockSessionRawIO(folder, **how) as reader:
        events = [reader.get_event_timestamps(event_channel_index=k)[2].tolist() for k in range(4)]
        spikes = [reader.get_spike_timestamps(spike_channel_index=k).tolist() for k in range(2)]
        signals = [reader.get_analogsignal_chunk(stream_index=k).tolist() for k in range(2)]
        return [reader.header["signal_channels"]["name"].tolist(), events, spikes, signals]


def move_out(path: Path, place: Path) -> Path:
    """Move a file or folder elsewhere, and leave a link in its place."""
    target = path.rename(place / f"moved {path.name}")
    path.symlink_to(target)
    return target


@pytest.mark.parametrize("name", PLACES)
def test_links_out_of_the_folder(name: str, session: Path, tmp_path: Path) -> None:
    """A link out of the folder, to a file or a folder, is an error naming both ends, unless links are followed."""
    expected = read(session)
    target = move_out(session / name, tmp_path)
    with pytest.raises(MockSessionError) as caught:
        read(session)
    message = str(caught.value)
    assert message.startswith(f"{session / name}: expected no link out of {session}; found a link to {target}.")
    assert "follow_symlinks=True" in message
    assert read(session, follow_symlinks=True) == expected


def test_who_else_takes_the_argument(session: Path, tmp_path: Path) -> None:
    """The Neo object reader, the description and the check refuse a link, or follow it if they are told to."""
    expected = describe_session(session)
    target = move_out(session / PLACES[3], tmp_path)
    for refused in (lambda: MockSessionIO(session).read_block(), lambda: describe_session(session)):
        with pytest.raises(MockSessionError, match="no link out of"):
            refused()
    assert any(str(target) in problem for problem in verify_session(session).problems)
    assert len(MockSessionIO(session, follow_symlinks=True).read_block().segments[0].analogsignals) > 1
    assert describe_session(session, follow_symlinks=True) == expected
    assert verify_session(session, follow_symlinks=True).ok


def test_labels(session: Path, tmp_path: Path) -> None:
    """The folder of annotations is a folder of its own: links out of it are refused as well."""
    labels = tmp_path / "labels"
    labels.mkdir()
    name = "1_tom_p1_20220101_character.npy"
    np.save(tmp_path / "away.npy", np.array([[1.0], [0.05], [0.1]]))
    (labels / name).symlink_to(tmp_path / "away.npy")
    with pytest.raises(MockSessionError, match=f"{name}: expected no link out of {labels}"):
        MockSessionRawIO(session, labels_dir=labels).parse_header()
    with MockSessionRawIO(session, labels_dir=labels, follow_symlinks=True) as reader:
        assert reader.event_count(0, 0, 4) == 1


def test_links_that_are_fine(session: Path, tmp_path: Path) -> None:
    """The session folder may be a link itself, and a link within it may lead to a file of its own."""
    expected = read(session)
    (tmp_path / "link").symlink_to(session, target_is_directory=True)
    assert read(tmp_path / "link") == expected
    path = session / PLACES[3]
    path.rename(path.with_name("first.bin"))
    path.symlink_to("first.bin")
    assert read(tmp_path / "link") == expected
    assert read(session) == expected


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("target", ["nowhere", "CSC1_lfp.npy"], ids=["to nothing", "to itself"])
def test_links_that_lead_nowhere(target: str, follow: bool, session: Path) -> None:
    """A link to nothing, or to itself, is an error that says so."""
    path = session / PLACES[3]
    path.unlink()
    path.symlink_to(target)
    with pytest.raises(MockSessionError, match=r"CSC1_lfp\.npy: expected .*found a link to"):
        read(session, follow_symlinks=follow)


def test_a_manifest_does_not_lead_out(tmp_path: Path) -> None:
    """A file of the manifest that has become a link out of the folder, or a pipe, is not read, and is named."""
    from mockrawio import SessionSpec, generate_session

    folder = generate_session(SessionSpec.tiny(seed=1), tmp_path / "made")
    target = move_out(folder / "ChannelNames.txt", tmp_path)
    found = verify_session(folder)
    assert not found.ok and any(str(target) in line for line in found.lines())
    assert verify_session(folder, follow_symlinks=True).ok
    move_out(folder / "spiking_data", tmp_path)
    assert verify_session(folder, follow_symlinks=True).ok
    os.unlink(folder / "ChannelNames.txt")
    os.mkfifo(folder / "ChannelNames.txt")
    found = verify_session(folder, follow_symlinks=True)
    assert not found.ok and any("found a named pipe" in line for line in found.lines())


def make_socket(path: Path) -> None:
    """Put a socket at a path, however long that is."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


ODD: dict[str, Callable[[Path], None]] = {
    "a named pipe": os.mkfifo,
    "a socket": make_socket,
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to(os.devnull),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", [place for place in PLACES if "." in place])
def test_no_plain_file(name: str, kind: str, session: Path) -> None:
    """A pipe, a socket, a folder or a device in a file's place is an error at once; nothing is waited for."""
    path = session / name
    path.unlink()
    ODD[kind](path)
    with pytest.raises(MockSessionError, match=f"{path.name}: expected a readable file; found {kind}. Move it away."):
        read(session, follow_symlinks=True)


def test_neo_names_the_fault(handmade: Handmade) -> None:
    """neo.io.get_io gives our class for a session with a fault in it, and reading it says what the fault is."""
    handmade.all()
    handmade.daq(stamp="2023-01-01_00-00-00")
    io = neo.io.get_io(handmade.folder)
    assert type(io) is MockSessionIO
    for use in (io.read_block, lambda: io.read_segment(lazy=True), io.parse_header):
        with pytest.raises(MockSessionError, match="expected one log for the session; found timedDAQ-log-"):
            use()
    assert "MockSessionIO" in repr(io)
    (handmade.folder / "daq_files" / "timedDAQ-log-2023-01-01_00-00-00.log").unlink()
    assert len(io.read_block().segments) == 1


def test_an_entry_that_is_gone_when_it_is_looked_at(tmp_path: Path) -> None:
    """What is removed between the listing of its folder and a look at it is an error that names it."""

    class Gone:
        path = str(tmp_path / "gone")

        def is_file(self, *, follow_symlinks: bool) -> bool:
            return False

        def is_symlink(self) -> bool:
            return False

        def stat(self) -> os.stat_result:
            return os.stat(self.path)

    with pytest.raises(MockSessionError, match="gone: expected a readable file; found No such file"):
        DiskFolder(tmp_path).file(Gone())
