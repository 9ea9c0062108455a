"""A run's files land whole, or not at all; results are edited in place, and restored."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError, SessionExistsError
from mockrawio.hybrid import open_raw
from mockrawio.hybrid import target as target_module
from mockrawio.hybrid.generate import generate_hybrid
from mockrawio.hybrid.target import Staging, reset
from mockrawio.planting import Planter
from tests.hybrid.synthetic import RATE, check_traces, make, sha256, traces, tree


@pytest.fixture
def made(tmp_path):
    return make(tmp_path, n_channels=24, seconds=2.0, counts=(40, 60), amplitudes=(400.0, 300.0))


@pytest.mark.parametrize("when", ["plan", "write", "small", "land"])
def test_whole_or_nothing(made, monkeypatch, when):
    """D4: a run that is interrupted, whenever, leaves the folder as it was, and the next one works."""
    first = generate_hybrid(made.params)
    before = tree(first.folder)
    places = {
        "plan": "mockrawio.hybrid.plan.low_rank_events",
        "write": "mockrawio.hybrid.target.write_all",
        "small": "mockrawio.hybrid.generate.manifest_bytes",
        "land": "mockrawio.hybrid.target.os.rename",
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
                patch.setattr("mockrawio.hybrid.target.os.rename", fail)
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


def test_in_place_replaces_no_strangers_truth(made):
    """In place a run takes over from another run, but not what no run of ours made."""
    folder = generate_hybrid(made.params).folder
    (folder / "manifest-s.json").unlink()
    before = tree(folder)
    for name in ("s", "other"):
        with pytest.raises(SessionExistsError, match="firings_true.npy: expected nothing there"):
            generate_hybrid(replace(made.params, session_name=name, copy=False))
    assert tree(folder) == before


def test_copy_replaces_an_old_result(made):
    """D4: with copy the result is made anew, whatever an earlier run left: events do not pile up."""
    first = generate_hybrid(made.params)
    again = generate_hybrid(made.params)
    assert again.results == first.results
    check_traces(again, made.params.raw_source_file, 24)


@pytest.mark.slow
def test_in_place(made, tmp_path):
    """Without copy the result that is there is edited: the events of the last run are taken out first (D4)."""
    generate_hybrid(made.params)
    identity = os.stat(made.params.output_directory / "raw.GT.bin").st_ino
    params = replace(made.params, random_seed=77, copy=False)
    result = generate_hybrid(params)
    assert os.stat(result.targets[0]).st_ino == identity
    check_traces(result, made.params.raw_source_file, 24)
    fresh = generate_hybrid(replace(params, copy=True, output_directory=tmp_path / "fresh"))
    assert result.results == fresh.results
    assert {path.name for path in result.files} == {path.name for path in fresh.files}


def test_in_place_with_another_session_name(made):
    """The events of every run that the folder knows are taken out, whatever its name."""
    generate_hybrid(made.params)
    result = generate_hybrid(replace(made.params, session_name="other", random_seed=8, copy=False))
    raw, hybrid = traces(made.params.raw_source_file, 24), traces(result.targets[0], 24)
    np.testing.assert_array_equal(hybrid - raw, Planter(result.planted, 24).counts(0, len(raw)))


def test_in_place_with_compat(made):
    """With compat too: the result is as if it had been made anew."""
    compat = replace(made.params, compat=True)
    fresh = generate_hybrid(compat)
    again = generate_hybrid(replace(compat, copy=False))
    assert again.results == fresh.results


@pytest.mark.slow
def test_interrupted_in_place(made, monkeypatch):
    """D4: cut short while events are added, a result is restored by the next run, from the events on disk."""
    generate_hybrid(made.params)
    params = replace(made.params, session_name="b", random_seed=78, copy=False)
    monkeypatch.setattr("mockrawio.hybrid.target.BLOCK_BYTES", 6000 * 48)
    with monkeypatch.context() as patch:
        real, calls = target_module.write_all, []

        def fail(*arguments):
            calls.append(1)
            if len(calls) == 4:
                raise KeyboardInterrupt
            real(*arguments)

        patch.setattr(target_module, "write_all", fail)
        with pytest.raises(KeyboardInterrupt):
            generate_hybrid(params)
    assert sha256(params.output_directory / "raw.GT.bin") != sha256(params.data_directory / "raw.bin")
    result = generate_hybrid(params)
    raw, hybrid = traces(made.params.raw_source_file, 24), traces(result.targets[0], 24)
    np.testing.assert_array_equal(hybrid - raw, Planter(result.planted, 24).counts(0, len(raw)))


def test_reset(made):
    """Resetting makes the result equal to the source, byte for byte, also where samples were clipped."""
    params = replace(made.params, amplitude_scale_min=100.0, amplitude_scale_max=120.0)
    result = generate_hybrid(params)
    assert result.n_clipped > 0
    recording = open_raw(params.raw_source_file, n_channels=24, sample_rate=RATE)
    assert reset(recording, result.folder) == list(result.sources)
    assert result.targets[0].read_bytes() == (params.data_directory / "raw.bin").read_bytes()


def test_in_place_refused(made):
    """Without copy, a result that is missing, of another size, or changed otherwise is refused, and not touched."""
    params = replace(made.params, copy=False)
    with pytest.raises(BadFileError, match=r"raw\.GT\.bin.*no such file.*copy = True"):
        generate_hybrid(params)
    target = generate_hybrid(made.params).targets[0]
    content = bytearray(target.read_bytes())
    target.write_bytes(content[:-48])
    with pytest.raises(BadFileError, match="2880000 bytes"):
        generate_hybrid(params)
    content[5] ^= 1
    target.write_bytes(content)
    with pytest.raises(BadFileError, match="the bytes of its source"):
        generate_hybrid(params)
