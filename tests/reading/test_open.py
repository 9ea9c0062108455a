"""``mockrawio.open``: what is at a path, by the reader that it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import neo.rawio
import numpy as np
import pytest

import mockrawio
from mockrawio import MockSessionError, NotASessionError, SessionSpec, generate_session
from mockrawio.exporting import export
from mockrawio.exporting.door import write_rig
from mockrawio.formats.rig import rig_formats
from tests.exporting.tiny import tiny
from tests.reading.conftest import write_neuralynx


def test_a_session(gap: Path) -> None:
    """A session's reader is ours, its header is parsed, and it closes as a context manager."""
    with mockrawio.open(str(gap), exclude="raw_data") as reader:
        assert type(reader) is mockrawio.MockSessionRawIO
        assert reader.header["signal_streams"]["name"].tolist() == ["lfp"]
    with pytest.raises(MockSessionError, match="closed"):
        reader.get_analogsignal_chunk()


def test_a_virtual_session(tmp_path: Path) -> None:
    """A virtual session is opened as any other."""
    folder = generate_session(SessionSpec.tiny(duration_s=2, seed=1), tmp_path, virtual=True)
    with mockrawio.open(folder) as reader:
        assert reader.get_signal_size(0, 0, 0) == 2000


def test_a_rig(tmp_path: Path) -> None:
    """A rig's folder, and a file in it, are opened by Neo's own class."""
    folder = write_neuralynx(tmp_path / "rig")
    for place in (folder, folder / "CSC1.ncs"):
        reader = mockrawio.open(place)
        assert isinstance(reader, neo.rawio.NeuralynxRawIO)
        np.testing.assert_array_equal(reader.get_analogsignal_chunk(i_stop=600)[:, 0], np.arange(600))


def test_a_folder_of_folders(gap: Path, tmp_path: Path) -> None:
    """A run that is a folder of folders is opened whole; recordings side by side are named."""
    run = export(gap, tmp_path / "run", "spikeglx", streams="broadband").folder
    assert isinstance(mockrawio.open(run), neo.rawio.SpikeGLXRawIO)
    several = export(gap, tmp_path / "several", "brainvision", streams="broadband").folder
    with pytest.raises(MockSessionError, match=f"Give one of the recordings in it, {several}/segment_0, {several}/"):
        mockrawio.open(several)
    reader = mockrawio.open(several / "segment_1")
    assert isinstance(reader, neo.rawio.BrainVisionRawIO) and reader.get_signal_size(0, 0, 0) == 1.5 * 32_000


@pytest.mark.parametrize(
    ("format", "below", "named"),
    [("edf", "", "EDF"), ("bci2000", "", "BCI2000"), ("intan", "recording_*", "Intan"), ("tdt", "recording", "Tdt")],
)
def test_what_export_writes(format: str, below: str, named: str, tmp_path: Path) -> None:
    """Classes that want a text, or that Neo does not list, are found too; where it lies deeper the folder is named."""
    rig = write_rig(tiny().part(0), tmp_path / "rig", rig_formats()[format]).folder
    (place,) = rig.glob(below) if below else [rig]
    if below:
        with pytest.raises(MockSessionError, match=f"Give one of the recordings in it, {place}\\."):
            mockrawio.open(rig)
    assert type(mockrawio.open(place)).__name__ == f"{named}RawIO"


def test_likeliest_first(tmp_path: Path) -> None:
    """Classes are tried in one order in every process: those of most endings there, else as Neo lists them."""
    for name in ("a.nev", "a.ns6", "b.dat", "c.h5", "d.txt"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(
        MockSessionError, match=r"found BlackrockRawIO: .*; \w+RawIO: .* For MEArecRawIO install MEArec\."
    ):
        mockrawio.open(tmp_path)
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "f.nwb").write_bytes(b"x")
    with pytest.raises(MockSessionError, match=r"neo\.io\.NWBIO"):
        mockrawio.open(tmp_path / "e")


def test_options_of_the_class(gap: Path, tmp_path: Path) -> None:
    """What Neo's class takes is given through; a gap that it refuses is told with what it says."""
    folder = export(gap, tmp_path / "rig", "neuralynx", streams="lfp").folder
    with pytest.raises(MockSessionError, match=r"1 timestamp gaps.*Give mockrawio\.open\(\) the options"):
        mockrawio.open(folder)
    assert mockrawio.open(folder, gap_tolerance_ms=0).segment_count(0) == 2


def test_what_is_neither(tmp_path: Path, gap: Path) -> None:
    """What is no session and nothing of Neo's is an error that says what each class of Neo's found."""
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "short.ncs").write_bytes(b"x")
    with pytest.raises(MockSessionError, match="neither"):
        mockrawio.open(tmp_path / "notes.md")
    with pytest.raises(MockSessionError, match=r"NeuralynxRawIO: .*neo\.rawio\.<class>"):
        mockrawio.open(tmp_path / "short.ncs")
    with pytest.raises(NotASessionError, match="nothing"):
        mockrawio.open(tmp_path / "missing")
    with pytest.raises(NotASessionError, match=f"Did you mean {gap}"):
        mockrawio.open(gap.parents[2])
    with pytest.raises(MockSessionError, match=f"Open the session that it is of, {gap}"):
        mockrawio.open(gap / "event_file" / "Events.npy")


def test_a_broken_session_says_what_is_wrong(handmade) -> None:
    """A session that cannot be read is an error about its file, and no other class is tried."""
    handmade.all()
    (handmade.folder / "lfp_data" / "CSC1_lfp.npy").write_bytes(b"junk")
    with pytest.raises(mockrawio.BadFileError, match=r"CSC1_lfp\.npy"):
        mockrawio.open(handmade.folder)


def test_names(gap: Path) -> None:
    """`open` is a name of the package that a star import leaves alone."""
    assert "open" not in mockrawio.__all__ and "open" in dir(mockrawio)


def test_get_rawio_lists_ours_first(gap: Path) -> None:
    """Neo's own guess can list our class, but never give it alone: others take the same endings of names."""
    assert neo.rawio.get_rawio(gap) is None
    assert neo.rawio.get_rawio(gap, exclusive_rawio=False)[0] is mockrawio.MockSessionRawIO


@pytest.mark.slow
def test_a_fresh_process(gap: Path) -> None:
    """Neo knows our classes once mockrawio is imported, and not before."""
    code = (
        "import sys, neo.io; a = type(neo.io.get_io(sys.argv[1])).__name__; import mockrawio; "
        "print(a, type(neo.io.get_io(sys.argv[1])).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code, gap], capture_output=True, text=True, check=True)
    before, after = done.stdout.split()
    assert before != "MockSessionIO" == after
