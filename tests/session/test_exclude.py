"""Errors about a session's file say how to leave it out; errors about others do not."""

from __future__ import annotations

import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.ground.places import file_at
from mockrawio.session.exclude import with_exclude


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/s/lfp_data/CSC1_lfp.npy", "lfp_data/CSC1_lfp.npy"),
        ("/s/spiking_data/a [1].npy", "spiking_data/a [[]1].npy"),
        ("/s/raw_data/ap.json", "raw_data/ap.npy"),
        ("/s/raw_data/a.b.npy", "raw_data/a.b.npy"),
        ("/s/session_info.npy", "session_info.npy"),
        ("/s/ChannelNames.txt", "ChannelNames.txt"),
        ("/s/session_manifest.json", "session_manifest.json"),
        ("/s/daq_files", "daq_files"),
        ("/s/notes.txt", None),
        ("/labels/1_a_b_20200101_character.npy", None),
        ("/s/lfp_data/deep/x.npy", None),
    ],
)
def test_what_leaves_a_file_out(path: str, pattern: str | None) -> None:
    """The pattern is the file's place in the session, or its stream's; what patterns have signs for is escaped."""
    error = BadFileError(path, "a thing", "none", "Repair it.")
    found = with_exclude(error)
    if pattern is None:
        assert found is error
        return
    assert type(found) is BadFileError
    assert str(found) == f"{path}: expected a thing; found none. Repair it. Or leave it out with exclude={pattern!r}."
    assert with_exclude(found) is found
    assert with_exclude(found, file_at("/s/lfp_data/CSC2_lfp.npy")) is found


def test_the_file_at_fault_may_be_another() -> None:
    """What is left out is the file that is given, whatever the error is about."""
    error = BadFileError("/elsewhere/x", "a thing", "none", "Repair it.")
    assert str(with_exclude(error, file_at("/s/raw_data/ap.npy"))).endswith("with exclude='raw_data/ap.npy'.")
    assert with_exclude(error, file_at("/s/other/ap.npy")) is error
