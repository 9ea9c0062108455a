"""Faults that are planted, and how our own reader takes each."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from mockrawio import BadFileError, MockSessionError, MockSessionRawIO
from mockrawio.testing import SESSION_FAULTS, SessionMaker, plant_fault
from mockrawio.verify import verify_session
from tests.handmade import T0, Handmade

# What the reader does: refuse to open, refuse what is asked of the file, open aloud, or open; and what verify finds.
TAKEN = {
    "truncated-lfp": ("refused", "changed"),
    "truncated-spikes": ("refused", "changed"),
    "truncated-events": ("refused when read", "changed"),
    "truncated-stream": ("refused", "changed"),
    "empty-lfp": ("aloud", "changed"),
    "missing-lfp": ("opened", "missing"),
    "missing-unit": ("opened", "missing"),
    "missing-names": ("opened", "missing"),
    "missing-info": ("opened", "missing"),
    "missing-manifest": ("opened", None),
    "flipped-bit": ("opened", "corrupt"),
    "lost-samples": ("aloud", "corrupt"),
    "backward-spikes": ("refused", "corrupt"),
    "nan-spikes": ("refused if strict", "corrupt"),
    "bad-log": ("refused when read", "changed"),
    "wrong-description": ("refused", "changed"),
    "hostile-pickle": ("refused", "extra"),
    "link-out": ("refused", "unreadable"),
}


def test_every_fault_is_here() -> None:
    """What the reader does is known of every fault."""
    assert TAKEN.keys() == SESSION_FAULTS.keys()


@pytest.mark.parametrize("name", SESSION_FAULTS)
def test_taken(name: str, mock_session: SessionMaker, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The reader and verify take each fault as they should, name the file, and run nothing of it."""
    folder = shutil.copytree(mock_session(), tmp_path / "session_1")
    at_fault = plant_fault(folder, name)
    reader_does, verify_finds = TAKEN[name]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = taken(folder)
    assert found == reader_does
    assert bool(warned) == (reader_does == "aloud")
    checked = verify_session(folder).as_dict()
    if verify_finds is None:
        assert not any(checked[kind] for kind in ("missing", "extra", "changed", "corrupt", "unreadable"))
    else:
        assert checked[verify_finds] == [at_fault.relative_to(folder).as_posix()]
    assert "executed" not in "".join(capfd.readouterr())


def taken(folder: Path) -> str:
    """Return what the reader does, in the words of the table."""
    try:
        with MockSessionRawIO(folder) as reader:
            named = [reader.get_event_timestamps(0, 0, k) for k in range(reader.event_channels_count())]
            assert named
    except BadFileError as error:
        assert folder.name in error.subject
        try:
            MockSessionRawIO(folder).parse_header()
        except BadFileError:
            return "refused"
        return "refused when read"
    try:
        MockSessionRawIO(folder, strict=True).parse_header()
    except BadFileError:
        return "refused if strict" if "CSC1_SU1" in str(named_by(folder)) else aloud(folder)
    return aloud(folder)


def named_by(folder: Path) -> BadFileError | None:
    """Return what a strict reader says."""
    try:
        MockSessionRawIO(folder, strict=True).parse_header()
    except BadFileError as error:
        return error
    return None


def aloud(folder: Path) -> str:
    """Return whether opening warns."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        MockSessionRawIO(folder).parse_header()
    return "aloud" if warned else "opened"


def test_lost_samples_are_a_gap(mock_session: SessionMaker, tmp_path: Path) -> None:
    """Ten ms that are lost on one channel begin a segment in all, and no sample is lost otherwise."""
    folder = shutil.copytree(mock_session(), tmp_path / "session_1")
    with MockSessionRawIO(folder) as reader:
        wanted = reader.get_analogsignal_chunk(stream_index=0)
    plant_fault(folder, "lost-samples")
    with pytest.warns(UserWarning, match="CSC1"), MockSessionRawIO(folder) as reader:
        names = reader.header["signal_streams"]["id"].tolist()
        streams = [k for k, name in enumerate(names) if name.startswith("lfp")]
        parts = [
            np.concatenate([reader.get_analogsignal_chunk(0, k, stream_index=index) for k in range(2)])
            for index in streams
        ]
    assert sum(part.shape[1] for part in parts) == wanted.shape[1]


@pytest.mark.parametrize("kind", ["tiny", "virtual"])
def test_what_has_no_such_file(kind: str, mock_session: SessionMaker, tmp_path: Path) -> None:
    """A session without a stream, or one that is virtual, has no file for some faults, and says so."""
    source = mock_session("tiny") if kind == "tiny" else mock_session(virtual=True)
    folder = shutil.copytree(source, tmp_path / "session_1")
    with pytest.raises(MockSessionError, match="raw_data"):
        plant_fault(folder, "truncated-stream")
    with pytest.raises(MockSessionError, match="one of truncated-lfp"):
        plant_fault(folder, "nothing")


def test_units_that_hardly_fire(tmp_path: Path) -> None:
    """A fault of spike times is planted in the first unit that has two, or refused; no folder is made."""
    made = Handmade(tmp_path / "session_1")
    made.unit("CSC1_SU1", T0 + np.array([10.0]))
    for name in ("backward-spikes", "nan-spikes"):
        with pytest.raises(MockSessionError, match="a unit of two spikes at least"):
            plant_fault(made.folder, name)
    firing = made.unit("CSC2_SU1")
    assert plant_fault(made.folder, "backward-spikes") == firing
    with pytest.raises(MockSessionError, match="expected a session folder; found none"):
        plant_fault(tmp_path / "missing", "hostile-pickle")
