"""Taking events out again: the bytes before, whatever the run did, and nothing where that cannot be."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError, SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.ground.errors import BadFileError, SessionExistsError
from mockrawio.hybrid import (
    HybridParams,
    generate_hybrid,
    hybrid_from_session,
    hybrid_from_spikeinterface,
    planted_events,
    undo_hybrid,
)
from mockrawio.interop.spikeinterface import read_mocksession
from mockrawio.verify import verify_session
from tests.generate.folders import FEW_FAR
from tests.hybrid.samples import HYBRID, RAW
from tests.hybrid.synthetic import make, tree


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on the sample."""
    params = replace(HybridParams.load(HYBRID / "params_phy.py"), phy_base=1)
    return generate_hybrid(replace(params, output_directory=tmp_path_factory.mktemp("run"))).folder


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session of two segments."""
    spec = SessionSpec.broadband(
        patient_id=1, session_nr=1, segments=(6.0, 4.0), n_channels=16, n_units=5, noise=FEW_FAR, seed=2
    )
    return generate_session(spec, tmp_path_factory.mktemp("source"))


def test_raw_files(run, tmp_path):
    """The raw bytes before, by their own name; the run's folder is only read."""
    before = tree(run)
    undone = undo_hybrid(run, tmp_path / "before")
    assert undone.files == (tmp_path / "before" / RAW.name,)
    assert sha256(undone.files[0]) == sha256(RAW) == undone.records[0].sha256
    assert undone.n_events == sum(len(unit.times) for unit in planted_events(run))
    assert tree(run) == before


def test_without_the_source(run, tmp_path):
    """Neither the source nor its sorting need to be there, nor the run's folder where it was."""
    moved = shutil.copytree(run, tmp_path / "moved")
    said = json.loads((moved / "manifest-bench.json").read_text())
    said["sources"][0]["path"] = "/nowhere/else.bin"
    (moved / "manifest-bench.json").write_text(json.dumps(said))
    undone = undo_hybrid(moved)
    assert undone.files == (moved / "else.bin",) and sha256(moved / "else.bin") == sha256(RAW)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ks", "jrc", "compat"])
def test_other_runs(kind, tmp_path):
    """So it is for other sorters, and for the original's arithmetic, which wraps round."""
    name = "params_phy.py" if kind == "compat" else f"params_{kind}.py"
    params = HybridParams.load(HYBRID / name)
    params = replace(params, output_directory=tmp_path / "run", phy_base=1, compat=kind == "compat")
    generate_hybrid(params)
    assert sha256(undo_hybrid(tmp_path / "run").files[0]) == sha256(RAW)


@pytest.mark.parametrize("compat", [False, True])
def test_what_was_clipped(compat, tmp_path):
    """Samples that were clipped, or wrapped round, are what they were, to the count."""
    made = make(tmp_path, n_channels=24, seconds=3.0, counts=(60, 60), amplitudes=(400.0, 300.0))
    raw = np.fromfile(tmp_path / "raw.bin", "<i2").reshape(-1, 24)
    loud = (raw - 32_000).astype("<i2")
    loud[:, 18:] = -32_768  # as small as can be already
    loud.tofile(tmp_path / "raw.bin")
    params = replace(made.params, output_directory=tmp_path / "run", amplitude_scale_max=3.0, compat=compat)
    result = generate_hybrid(params)
    assert (result.n_clipped > 100) == (not compat) and result.n_events
    undone = undo_hybrid(tmp_path / "run", tmp_path / "before")
    assert undone.files[0].read_bytes() == loud.tobytes()


def test_several_files(tmp_path):
    """A recording of several files, with a gap between them, is several files again."""
    made = make(tmp_path, n_channels=24, seconds=3.0, counts=(60, 60), amplitudes=(500.0, 400.0))
    raw = np.fromfile(tmp_path / "raw.bin", "<i2").reshape(-1, 24)
    raw[:40_000].tofile(tmp_path / "r_t0.bin")
    raw[45_000:].tofile(tmp_path / "r_t1.bin")
    params = replace(made.params, raw_source_file=tmp_path / "r_t*.bin", start_time=(0, 45_000))
    result = generate_hybrid(replace(params, output_directory=tmp_path / "run"))
    assert result.n_events and len(result.targets) == 2
    undone = undo_hybrid(tmp_path / "run", tmp_path / "before")
    assert [path.name for path in undone.files] == ["r_t0.bin", "r_t1.bin"]
    assert [sha256(path) for path in undone.files] == [sha256(tmp_path / path.name) for path in undone.files]


@pytest.mark.slow
def test_spikeinterface(session, tmp_path):
    """The samples of a SpikeInterface recording come out as they were."""
    recording, sorting = read_mocksession(session, load_sorting=True)
    units = sorting.unit_ids.tolist()
    how = {"num_singular_values": 2, "allow_skips": True, "seed": 3}
    hybrid_from_spikeinterface(recording, sorting, units, output=tmp_path / "h", **how)
    undone = undo_hybrid(tmp_path / "h")
    for k, path in enumerate(undone.files):
        assert path.read_bytes() == recording.get_traces(segment_index=k).tobytes()


@pytest.mark.slow
def test_a_session(session, tmp_path):
    """Of a session every file is again what it was, to the byte, and of two runs one is taken out at a time."""
    units = sorted(path.stem for path in (session / "spiking_data").iterdir())
    how = {"num_singular_values": 2, "allow_skips": True}
    once, twice = tmp_path / "once" / "session_1", tmp_path / "twice" / "session_1"
    assert hybrid_from_session(session, units, output=once, seed=1, **how).planted
    assert hybrid_from_session(once, units, output=twice, seed=2, **how).planted
    for hybrid, before in ((once, session), (twice, once)):
        undone = undo_hybrid(hybrid, tmp_path / "undone" / hybrid.parent.name)
        assert verify_session(undone.folder).ok
        assert tree(undone.folder) == tree(before)
    with open(once / "raw_data" / "broadband.npy", "r+b") as file:
        file.seek(1000)
        file.write(b"\1\2")
    with pytest.raises(BadFileError, match="broadband.npy: expected the result of the run"):
        undo_hybrid(once, tmp_path / "changed")
    assert not (tmp_path / "changed").exists()


def test_refusals(run, session, tmp_path):
    """Nothing is replaced unasked; what has no run, or several, or needs an output, is told what to give."""
    undo_hybrid(run, tmp_path)
    with pytest.raises(SessionExistsError):
        undo_hybrid(run, tmp_path)
    assert undo_hybrid(run, tmp_path, overwrite=True).files[0].exists()
    with pytest.raises(BadFileError, match="with its manifest"):
        undo_hybrid(tmp_path)
    with pytest.raises(MockSessionError, match="output: expected a folder for the session"):
        undo_hybrid(session)
    with pytest.raises(BadFileError, match="a session that a hybrid run made"):
        undo_hybrid(session, tmp_path / "new")
    copy = shutil.copytree(run, tmp_path / "two")
    shutil.copy(copy / "manifest-bench.json", copy / "manifest-other.json")
    with pytest.raises(BadFileError, match="session_name"):
        undo_hybrid(copy)
    assert undo_hybrid(copy, session_name="bench").files[0].exists()


@pytest.mark.parametrize("spoil", ["result", "events", "manifest"])
def test_changed_runs(run, tmp_path, spoil):
    """A run that was changed gives nothing: the error names the file, and no file is left."""
    copy = shutil.copytree(run, tmp_path / "copy")
    if spoil == "result":
        with open(copy / "bench_g0_t0.imec.ap.GT.bin", "r+b") as file:
            file.seek(1000)
            file.write(b"\1\2")
    elif spoil == "events":
        (copy / "events-bench.npz").unlink()
    else:
        said = json.loads((copy / "manifest-bench.json").read_text())
        said["sources"][0]["start"] = "0"
        (copy / "manifest-bench.json").write_text(json.dumps(said))
    names = {
        "result": "ap.GT.bin: expected the result of the run",
        "events": "events-bench.npz",
        "manifest": "manifest-",
    }
    with pytest.raises(BadFileError, match=names[spoil]):
        undo_hybrid(copy, tmp_path / "before")
    assert not (tmp_path / "before").exists() or not list((tmp_path / "before").iterdir())


def test_command(run, tmp_path):
    """The command writes the source again and says so; with --json it says which bytes."""
    words = ["hybrid", "undo", str(run), "-o", str(tmp_path / "before")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "removed 392 events; the files are those of the source"
    said = json.loads(CliRunner().invoke(main, [*words, "--overwrite", "--json"]).stdout)
    assert said["files"][0]["sha256"] == sha256(RAW)
    refused = CliRunner().invoke(main, words)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
