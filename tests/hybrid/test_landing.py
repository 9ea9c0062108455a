"""A run's files land whole, or not at all, and replace none but its own."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mockrawio.ground.errors import SessionExistsError
from mockrawio.hybrid import generate_hybrid
from mockrawio.hybrid.landing import Staging
from tests.hybrid.synthetic import check_traces, make, tree


@pytest.fixture
def made(tmp_path):
    return make(tmp_path, n_channels=24, seconds=2.0, counts=(40, 60), amplitudes=(400.0, 300.0))


@pytest.mark.parametrize("when", ["plan", "write", "small", "land"])
def test_whole_or_nothing(made, monkeypatch, when):
    """A run that is interrupted, whenever, leaves the folder as it was, and the next one works."""
    first = generate_hybrid(made.params)
    before = tree(first.folder)
    places = {
        "plan": "mockrawio.hybrid.steps.rebuilt_events",
        "write": "mockrawio.ground.writing.write_all",
        "small": "mockrawio.hybrid.raw_folder.run_manifest_bytes",
        "land": "mockrawio.hybrid.landing.os.rename",
    }
    real, calls = os.rename if when == "land" else None, []

    def fail(*arguments):
        calls.append(arguments)
        if real is not None and len(calls) != 8:  # some files have landed by then, others not
            return real(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(places[when], fail)
        with pytest.raises(KeyboardInterrupt):
            generate_hybrid(replace(made.params, random_seed=99))
    assert tree(first.folder) == before
    assert generate_hybrid(replace(made.params, random_seed=99)).results != first.results


def test_landing_can_fail_at_any_move(tmp_path, monkeypatch):
    """Whichever move fails, before or after it took place, every file is where and what it was."""
    real = os.rename
    for k in range(6):
        for late in (False, True):
            folder, calls = tmp_path / f"{k}{late}", []
            folder.mkdir()
            (folder / "a").write_text("old")
            (folder / "b").write_text("old")

            def fail(*arguments, calls=calls, k=k, late=late):
                calls.append(arguments)
                if len(calls) == k + 1 and not late:
                    raise KeyboardInterrupt
                real(*arguments)
                if len(calls) == k + 1:
                    raise KeyboardInterrupt

            def land(folder=folder):
                with Staging(folder, "x") as staging:
                    for name in "abc":
                        (staging.path / name).write_text("new")
                    return staging.land()

            with monkeypatch.context() as patch:
                patch.setattr("mockrawio.hybrid.landing.os.rename", fail)
                if k < 5:
                    with pytest.raises(KeyboardInterrupt):
                        land()
                    assert tree(folder) == {p.relative_to(folder): b"old" for p in (folder / "a", folder / "b")}
                else:
                    assert [path.name for path in land()] == ["a", "b", "c"]
            assert not [path for path in folder.iterdir() if path.name.startswith(".")]


OWN = ("raw.GT.bin", "firings_true.npy", "hfparams_s.toml", "annotations-s.csv", "events-s.npz", "manifest-s.json")


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("compat", [False, True], ids=["", "compat"])
def test_other_peoples_files_stay(made, name, compat):
    """A file that no run of this name is known to have made is not replaced, and nothing else is written."""
    folder = made.params.output_directory
    folder.mkdir()
    (folder / name).write_bytes(b"mine")
    with pytest.raises(SessionExistsError, match=f"{name}: expected nothing there, or .* Choose another folder"):
        generate_hybrid(replace(made.params, compat=compat))
    assert tree(folder) == {Path(name): b"mine"}


@pytest.mark.parametrize("name", ["firings_true.npy", "annotations-s.csv"])
def test_a_manifest_tells_whose_a_file_is(made, name):
    """What the run's manifest lists is replaced; a link where a file should be is not taken for one."""
    first = generate_hybrid(made.params)
    assert generate_hybrid(replace(made.params, random_seed=99)).results != first.results
    path = first.folder / "manifest-s.json"
    content = json.loads(path.read_text())
    del content["files"][name]
    path.write_text(json.dumps(content))
    before = tree(first.folder)
    with pytest.raises(SessionExistsError, match=f"{name}: expected nothing there"):
        generate_hybrid(made.params)
    assert tree(first.folder) == before


def test_the_truth_of_another_run_stays(made, tmp_path):
    """firings_true.npy has no session in its name: that of another run stays, and so does one that was put there."""
    first = generate_hybrid(made.params)
    other = tmp_path / "other.bin"
    other.write_bytes((made.params.data_directory / "raw.bin").read_bytes())
    before = tree(first.folder)
    with pytest.raises(SessionExistsError, match="firings_true.npy: expected no result .* that of manifest-s.json"):
        generate_hybrid(replace(made.params, raw_source_file=other, session_name="t", random_seed=9))
    assert tree(first.folder) == before
    np.save(first.folder / "firings_true.npy", np.zeros((3, 1), np.uint64))
    with pytest.raises(SessionExistsError, match="not as manifest-s.json lists it"):
        generate_hybrid(made.params)


def test_copy_replaces_an_old_result(made):
    """With copy the result is made anew, whatever an earlier run left: events do not pile up."""
    first = generate_hybrid(made.params)
    again = generate_hybrid(made.params)
    assert again.results == first.results
    check_traces(again, made.params.raw_source_file, 24)


@pytest.mark.parametrize("compat", [False, True], ids=["", "compat"])
@pytest.mark.parametrize("old", [False, True], ids=["", "over another"])
def test_without_copy(made, tmp_path, old, compat):
    """``copy = False``, which hybridfactory's files may say, makes the same: no old event is in the result."""
    params = replace(made.params, compat=compat)
    if old:
        generate_hybrid(replace(params, random_seed=77))
    fresh = generate_hybrid(replace(params, output_directory=tmp_path / "fresh"))
    again = generate_hybrid(replace(params, copy=False))
    assert again.results == fresh.results
    assert {path.name for path in again.files} == {path.name for path in fresh.files}


def test_without_copy_other_runs_stay(made):
    """The results of a run of another name are not taken for those that are to be replaced."""
    before = tree(generate_hybrid(made.params).folder)
    with pytest.raises(SessionExistsError, match="raw.GT.bin: expected no result of another run"):
        generate_hybrid(replace(made.params, session_name="other", copy=False))
    assert tree(made.params.output_directory) == before
