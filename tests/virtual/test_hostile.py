"""A manifest that may come from anyone: what a virtual session refuses to make, and how it says so."""

from __future__ import annotations

import json
import os
import pickle
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session, materialise
from mockrawio.generate import virtual as making
from mockrawio.generate.virtual_spec import spec_digest
from mockrawio.ground.errors import BadFileError
from mockrawio.session.layout import find_files
from mockrawio.session.streams import open_stream
from mockrawio.verify import verify_session
from tests.length import rounds
from tests.manifests import rewrite, unsealed
from tests.processes import python

MANIFEST = "session_manifest.json"


@pytest.fixture
def folder(pairs, tmp_path):
    """A virtual session that a test may change."""
    return shutil.copytree(pairs["tiny"].virtual, tmp_path / "session_1")


def with_spec(folder, **fields):
    """Give the manifest another spec, and its SHA-256, as somebody may who knows how."""
    spec = {**json.loads((folder / MANIFEST).read_text())["spec"], **fields}
    rewrite(folder, spec=spec, virtual={"maker": "spec", "spec_sha256": spec_digest(spec)})


def refused(folder, match):
    """Assert that reading, verifying and writing out each say the same, and name the manifest."""
    for call in (MockSessionRawIO(folder).parse_header, lambda: find_files(folder)):
        with pytest.raises(BadFileError, match=match) as caught:
            call()
        assert MANIFEST in caught.value.subject
    found = verify_session(folder)
    assert not found.ok
    assert any(MANIFEST in problem for problem in found.problems)


@pytest.mark.parametrize(
    "virtual",
    [None, "spec", {}, {"maker": "os"}, {"maker": ["spec"]}, {"maker": "mockrawio.generate.virtual"}],
    ids=str,
)
def test_only_our_own_makers(virtual, folder, monkeypatch):
    """What makes a session is one of a table of ours; any other name is refused, and nothing is imported for it."""
    rewrite(folder, virtual=virtual)
    monkeypatch.setattr("mockrawio.session.virtual.import_module", lambda name: pytest.fail(name))
    refused(folder, "'maker', one of spec")


@pytest.mark.parametrize("virtual", [{"maker": "spec"}, {"maker": "spec", "spec_sha256": "0" * 64}], ids=str)
def test_another_spec(virtual, folder):
    """A spec that its SHA-256 is not of is refused."""
    rewrite(folder, virtual=virtual)
    refused(folder, "the spec that the session was made from")


@pytest.mark.parametrize("version", [1, 3, "2", None, [2]], ids=str)
def test_another_version(version, folder):
    """A spec of another version, whose fields may mean something else, is refused."""
    rewrite(folder, spec_version=version)
    refused(folder, "spec_version 2")


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"n_channels": 100_000}, "5,000 channels"),
        ({"units": {"part": "Units", "n": 100_000}}, "10,000 cells"),
        ({"units": {"part": "Units", "n": 200, "multi": 1.0, "cells_per_multi": [100, 100]}}, "10,000 cells"),
        ({"units": {"part": "EpiphyteUnits", "n": 100_000}}, "10,000 cells"),
        ({"noise": [{"part": "White"}, *[{"part": "FarUnits", "n": 5000}] * 3]}, "10,000 cells"),
        ({"n_channels": 4000, "units": {"part": "Units", "n": 2000}}, "4,000,000 cells, times channels"),
        ({"units": {"part": "Units", "n": 5000, "rate_hz": 900.0, "refractory_ms": 0.1}}, "spikes in a block of time"),
        ({"segments": [1.0] * 10_001, "duration_s": None}, "10,000 segments"),
        ({"n_events": 10**8}, "1,000,000 events"),
        ({"duration_s": 1e7, "stimulus_len": 1e5}, "2,000,000 frames"),
        ({"field": [{"part": "Pink"}] * 2001}, "2,000 parts of a spec"),
        ({"days": {"part": "Days", "new": 10.0}, "session_nr": 900}, "10,000 cells"),
        ({"encoding": "float64"}, "encoding as 'int16' in a virtual session"),
        ({"units": {"part": "Units", "n": None}, "spikes": "/etc/passwd"}, "spikes as none from a file"),
        ({"units": {"part": "Nothing"}}, "'part' as one of"),
        ({"n_units": "all"}, "n_units"),
        ({"no_such_field": 1}, "no_such_field"),
        ({"probe": "../../etc/passwd"}, "probe"),
        ({"seed": None}, "seed as a number"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_more_than_a_machine_has(fields, match, folder, monkeypatch):
    """A spec that asks for too much at once, for a file, or for what is no spec is refused before anything is drawn."""
    with_spec(folder, **fields)
    monkeypatch.setattr(making, "plan_session", lambda spec: pytest.fail("planned"))
    refused(folder, match)


@pytest.mark.slow
@pytest.mark.at_length
@settings(max_examples=rounds(50, 150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_manifest_with_bytes_changed(data, folder, pairs):
    """Whatever bytes of a manifest are changed, the session is read as it was, or an error says what is wrong."""
    path, text = folder / MANIFEST, json.dumps(unsealed(pairs["tiny"].virtual), indent=1).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    path.write_bytes(text[:at] + data.draw(st.binary(max_size=3)) + text[at + data.draw(st.integers(0, 9)) :])
    reader = MockSessionRawIO(folder)
    try:
        reader.parse_header()
        if reader.event_channels_count():
            reader.get_event_timestamps(0, 0, 0)
    except MockSessionError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize("text", ["", "{", '{"format": "mockrawio virtual session"', "[1]", "{} " * 9], ids=repr)
def test_no_manifest_at_all(text, folder):
    """A manifest that is no JSON object is refused; where it does not say that the session is virtual, none is made."""
    (folder / MANIFEST).write_text(text)
    if "virtual" in text:
        refused(folder, "a session manifest")
    else:
        assert not find_files(folder).streams
        assert not verify_session(folder).ok


def test_a_written_session_that_speaks_of_virtual_ones(pairs, tmp_path):
    """A written session in whose manifest the words stand elsewhere is one that is written."""
    folder = shutil.copytree(pairs["tiny"].written, tmp_path / "session_1")
    (folder / MANIFEST).write_text(json.dumps({"note": "mockrawio virtual session", **unsealed(folder)}))
    assert not verify_session(folder).is_virtual
    assert verify_session(folder).ok


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes or links here")
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_no_plain_manifest(kind, folder, tmp_path):
    """A manifest that is a link out of the folder, a pipe or a folder makes nothing, and is told."""
    moved = (folder / MANIFEST).rename(tmp_path / "elsewhere.json")
    if kind == "link":
        (folder / MANIFEST).symlink_to(moved)
        assert MockSessionRawIO(folder, follow_symlinks=True).stream is not None
    else:
        os.mkfifo(folder / MANIFEST) if kind == "pipe" else (folder / MANIFEST).mkdir()
    with pytest.raises(BadFileError, match=MANIFEST):
        MockSessionRawIO(folder).parse_header()


def test_a_manifest_that_is_left_out(folder):
    """Without its manifest a virtual session is what lies on the disk."""
    with MockSessionRawIO(folder, exclude=MANIFEST) as reader:
        assert reader.signal_streams_count() == reader.spike_channels_count() == 0


def test_arrays_that_a_manifest_lists(folder):
    """A manifest that lists an array with a SHA-256 makes verify say that it is not compared; nothing is made whole."""
    files = json.loads((folder / MANIFEST).read_text())["files"]
    rewrite(folder, files={**files, "lfp_data/CSC1_lfp.npy": {"size": 10, "sha256": "0" * 64}})
    found = verify_session(folder)
    assert found.unreadable == ("lfp_data/CSC1_lfp.npy",)
    assert "mockrawio materialise" in found.problems[0]


def test_arrays_are_not_opened_as_files(pairs):
    """What asks for the bytes of an array as a file's is told where the samples are to be had."""
    file = find_files(pairs["broadband"].virtual).streams["broadband"]
    with pytest.raises(BadFileError, match="a file that is stored.*MockSessionRawIO"):
        file.open()
    with pytest.raises(MockSessionError, match="no plain file|not there|No such file"):
        open_stream(file.path)


@pytest.mark.parametrize("field", ["encoding", "spikes"])
def test_sessions_that_cannot_be_virtual(field, tmp_path):
    """What reading would need all samples for, or another file, is refused when the session is to be made."""
    fields = {"encoding": "float64"} if field == "encoding" else {"spikes": "spikes.h5"}
    spec = SessionSpec(duration_s=2.0, units={"part": "Units", "n": None if field == "spikes" else 2}, **fields)
    with pytest.raises(MockSessionError, match=f"{field}: expected .* in a virtual session.*without virtual=True"):
        generate_session(spec, tmp_path, virtual=True)
    assert not list(tmp_path.iterdir())


def test_a_manifest_that_changes_under_a_reader(folder, tmp_path):
    """By another manifest nothing is made of a session that was opened with the one before, in another process too."""
    reader = MockSessionRawIO(folder)
    reader.parse_header()
    before = reader.get_analogsignal_chunk(0, 0, 0, 50)
    sent = tmp_path / "sent"
    sent.write_bytes(pickle.dumps(reader))
    rewrite(folder, note="another")
    assert np.array_equal(reader.get_analogsignal_chunk(0, 0, 0, 50), before)  # it is made as it was
    with pytest.raises(BadFileError, match="changed"):
        reader.get_event_timestamps(0, 0, 0)
    code = (
        "import pickle, sys; from mockrawio import BadFileError; reader = pickle.load(open(sys.argv[1], 'rb'))\n"
        "try: reader.get_analogsignal_chunk(0, 0, 0, 50)\n"
        "except BadFileError as error: print(error)\n"
        "reader.parse_header(); print(reader.get_analogsignal_chunk(0, 0, 0, 50).sum())"
    )
    done = python(code, sent)
    assert done.returncode == 0, done.stderr
    error, total = done.stdout.splitlines()
    assert "it has changed since" in error
    assert int(total) == before.sum()


def test_replaced_by_the_written_one(pairs, tmp_path):
    """Where a virtual session is written out under a reader, events not read before are refused."""
    folder = shutil.copytree(pairs["tiny"].virtual, tmp_path / "session_1")
    reader = MockSessionRawIO(folder)
    reader.parse_header()
    materialise(folder)
    with pytest.raises(BadFileError, match="it has changed since"):
        reader.event_count(0, 0, 0)
    reader.parse_header()
    assert reader.event_count(0, 0, 0) > 0
