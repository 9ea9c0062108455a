"""Many sessions written to a store: whole ones only, and going on where a run stopped."""

from __future__ import annotations

import hashlib

import pytest

from mockrawio import MockSessionRawIO, SessionSpec
from mockrawio.interop.corpus import generate_corpus

fsspec = pytest.importorskip("fsspec")
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


def test_a_session_that_was_not_finished_is_made_again(memory):
    """A session without its manifest, which is written last, is no session: the next run makes it."""
    generate_corpus(SPECS[:1], "memory://corpus", progress=False)
    memory.rm_file("/corpus/patient_data/1/session_1/session_manifest.json")
    assert generate_corpus(SPECS[:1], "memory://corpus", progress=False).made == 1


def test_another_session_is_not_replaced(memory):
    """A session of another spec is left, and told, unless it may be replaced."""
    generate_corpus(SPECS[:1], "memory://corpus", progress=False)
    other = [SessionSpec.tiny(session_nr=1, seed=9)]
    (failure,) = generate_corpus(other, "memory://corpus", progress=False).failed
    assert "differs in seed" in failure.error
    assert generate_corpus(other, "memory://corpus", progress=False, overwrite=True).made == 1


def test_a_place_that_takes_nothing(soon):
    """A place that cannot be written to is a failure of each session, which says where."""
    (failure,) = generate_corpus(SPECS[:1], "http://127.0.0.1:9/corpus", progress=False, retries=0).failed
    assert "127.0.0.1:9/corpus" in failure.error
