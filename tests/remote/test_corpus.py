"""Many sessions written to a store: whole ones only, and going on where a run stopped."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError, MockSessionRawIO, NotASessionError, SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.ground.remote import writing
from mockrawio.interop.corpus import generate_corpus
from mockrawio.session.layout import MANIFEST

fsspec = pytest.importorskip("fsspec")
SESSION = "/corpus/patient_data/1/session_1/"
SPECS = [SessionSpec.tiny(session_nr=k, seed=k) for k in (1, 2, 3)]


@pytest.fixture
def memory():
    """An empty store."""
    store = fsspec.filesystem("memory")
    yield store
    if store.exists("/corpus"):
        store.rm("/corpus", recursive=True)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


@pytest.mark.slow
def test_a_corpus_in_a_store_is_that_on_the_disk(memory, tmp_path):
    """Every file is byte for byte that of a local corpus; a second run makes nothing, and one more spec is one more."""
    report = generate_corpus(SPECS[:2], "memory://corpus", progress=False)
    assert (report.made, report.found, report.failed) == (2, 0, ())
    generate_corpus(SPECS[:2], tmp_path, progress=False)
    local = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    there = {name.removeprefix("/corpus/"): memory.cat_file(name) for name in memory.find("/corpus")}
    assert digests(there) == digests(local)
    assert report.n_bytes == sum(len(data) for name, data in local.items() if not name.endswith("manifest.json"))
    again = generate_corpus(SPECS, "memory://corpus", progress=False)
    assert (again.made, again.found) == (1, 2)
    with MockSessionRawIO("memory://corpus/patient_data/1/session_3") as reader:
        assert reader.segment_count(0) == 1


def files(memory) -> dict[str, bytes]:
    """Return what the store has of the first session, by name."""
    return {name.removeprefix(SESSION): memory.cat_file(name) for name in memory.find(SESSION)}


@pytest.mark.parametrize("at", [0, 1, 4])
def test_a_session_that_was_not_finished_is_made_again(memory, monkeypatch, at):
    """A writer that is stopped at any file leaves what is no session; the next run replaces that without asking."""
    put_file, done = type(memory).put_file, []

    def stopped(self, *arguments, **options):
        if len(done) == at:
            raise ConnectionResetError("the worker is gone")
        done.append(put_file(self, *arguments, **options))

    monkeypatch.setattr(writing, "TOGETHER", 1)
    monkeypatch.setattr(type(memory), "put_file", stopped)
    (failure,) = generate_corpus(SPECS[:1], "memory://corpus", progress=False, retries=0).failed
    assert "ConnectionResetError" in failure.error
    assert len(files(memory)) == 1 + at
    with pytest.raises(NotASessionError, match="left unfinished" if at else "none of them"):
        MockSessionRawIO(f"memory:/{SESSION}").parse_header()
    monkeypatch.undo()
    assert generate_corpus(SPECS[:1], "memory://corpus", progress=False).made == 1
    there = files(memory)
    assert sorted(there) == sorted([*json.loads(there[MANIFEST])["files"], MANIFEST])


def test_files_of_others_are_left(memory):
    """Files without a manifest, as other writers leave them, are replaced with `overwrite` alone, and then all."""
    memory.pipe_file(f"{SESSION}spiking_data/CSC1_SU1.npy", b"theirs")
    (failure,) = generate_corpus(SPECS[:1], "memory://corpus", progress=False).failed
    assert "files, but none that says what they are" in failure.error
    assert files(memory) == {"spiking_data/CSC1_SU1.npy": b"theirs"}
    memory.pipe_file(f"{SESSION}spiking_data/CSC9_SU9.npy", b"theirs")
    assert generate_corpus(SPECS[:1], "memory://corpus", progress=False, overwrite=True).made == 1
    assert "spiking_data/CSC9_SU9.npy" not in files(memory)


def test_the_command(memory):
    """``mockrawio generate`` writes one session, or many, to an address, and lists there what failed."""
    run = CliRunner().invoke
    tiny = ["--duration", "1", "--units", "1", "--seed", "1", "--no-progress"]
    one = run(main, ["generate", "memory://corpus", *tiny])
    assert (one.exit_code, one.output.strip()) == (0, "memory://corpus/patient_data/1/session_1")
    again = run(main, ["generate", "memory://corpus", *tiny])
    assert again.exit_code == 1
    assert "--overwrite" in again.output
    with MockSessionRawIO(one.output.strip()) as reader:
        assert reader.spike_channels_count() == 1
    many = run(main, ["generate", "memory://corpus", *tiny, "--sessions", "1-3", "--json"])
    said = json.loads(many.stdout)
    assert (many.exit_code, said["made"], len(said["failed"])) == (1, 2, 1)  # the first has another seed
    assert memory.cat_file("/corpus/corpus_failures.csv").decode().count("SessionExistsError") == 1
    assert "memory://corpus/corpus_failures.csv" in many.stderr
    assert run(main, ["generate", "memory://corpus", *tiny, "--sessions", "1-3", "--overwrite"]).exit_code == 0
    assert not memory.exists("/corpus/corpus_failures.csv")
    refused = run(main, ["generate", "memory://corpus", *tiny, "--annotations"])
    assert refused.exit_code == 2


def test_one_session_of_the_library(tmp_path):
    """``generate_session`` gives a Path, so an address is refused, unless it is that of a folder of this machine."""
    made = generate_session(SPECS[0], f"file://{tmp_path}", virtual=True)
    assert made == tmp_path / "patient_data" / "1" / "session_1"
    with pytest.raises(MockSessionError, match="a folder of this machine") as caught:
        generate_session(SPECS[0], "s3://me:hunter2@bucket/corpus")
    assert "hunter2" not in str(caught.value)
    assert not Path("s3:").exists()


def test_another_session_is_not_replaced(memory):
    """A session of another spec is left, and told, unless it may be replaced."""
    generate_corpus(SPECS[:1], "memory://corpus", progress=False)
    other = [SessionSpec.tiny(session_nr=1, seed=9)]
    (failure,) = generate_corpus(other, "memory://corpus", progress=False).failed
    assert "differs in seed" in failure.error
    assert generate_corpus(other, "memory://corpus", progress=False, overwrite=True).made == 1


def test_a_place_that_takes_nothing(soon):
    """A place that cannot be written to is a failure of each session, which says where."""
    with pytest.warns(UserWarning, match=r"corpus_failures\.csv: could not be written"):
        (failure,) = generate_corpus(SPECS[:1], "http://127.0.0.1:9/corpus", progress=False, retries=0).failed
    assert "127.0.0.1:9/corpus" in failure.error
