"""A run's result in the place of its source: the rig's folder with events, and nothing else, added."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError
from mockrawio.cli import main
from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded, RecordedChannel, RecordedSignals, RecordedSpan
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.errors import BadFileError
from mockrawio.hybrid import HybridParams, custom_probe, generate_hybrid, hybrid_in_rig, planted_events
from mockrawio.planting import Planter
from tests.exporting.drawn import START, events
from tests.hybrid.synthetic import RATE, make, staggered_probe, traces, tree

N = 32
FILES = {
    "spikeglx": ("recording_g0/recording_g0_imec0/recording_g0_t0.imec0.ap.bin", N + 1, "recording_g0"),
    "openephys_binary": (
        "Record Node 101/experiment1/recording1/continuous/Acquisition_Board-100.ap/continuous.dat",
        N,
        "Record Node 101",
    ),
}


def recorded(folder: Path, name: str) -> tuple[Exported, HybridParams]:
    """Return a made recording as a rig's folder, and the parameters of a run on its file."""
    made = make(folder, n_channels=N, seconds=2.0, counts=(30, 30), amplitudes=(400.0, 300.0))
    whole = traces(folder / "raw.bin", N)
    channels = tuple(RecordedChannel(f"c{k}", f"c{k}", "uV", 0.195, 0.0) for k in range(N))
    ap = RecordedSignals("ap", "ap", RATE, channels, (0.5,), (len(whole),), lambda k, a, b: whole[a:b])
    span = (RecordedSpan(0.5, 2.5),)
    given = Recorded(START, span, (ap,), (), (events(1, "Events", span, RATE, 5, is_epoch=False),), "recording")
    file, n_rows, _ = FILES[name]
    exported = write_rig(given, folder / "rig", rig_formats()[name])
    probe, more = staggered_probe(N), n_rows - N
    positions = np.vstack([probe.channel_positions, np.full((more, 2), np.nan)])
    wider = custom_probe(np.arange(n_rows), np.arange(n_rows) < N, positions)
    params = replace(made.params, raw_source_file=exported.folder / file, probe=wider)
    return exported, params


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_count_for_count(name: str, tmp_path: Path) -> None:
    """The file is the source plus the events; Neo reads it; all else in the folder is what it was, byte for byte."""
    exported, params = recorded(tmp_path, name)
    file, n_rows, top = FILES[name]
    result = generate_hybrid(params)
    place = hybrid_in_rig(result, tmp_path / "again")
    assert place == tmp_path / "again" / top
    before, after = tree(exported.folder), tree(tmp_path / "again")
    assert before.keys() == after.keys()
    assert {path for path in before if before[path] != after[path]} == {Path(file)}
    source, found = (traces(folder / file, n_rows) for folder in (exported.folder, tmp_path / "again"))
    added = Planter(planted_events(result), n_rows, np.dtype("<i2")).counts(0, len(source))
    np.testing.assert_array_equal(found.astype(np.int64) - source, added)
    assert np.count_nonzero(added) > 1000
    reader = replace(exported, folder=tmp_path / "again").open()
    raw = reader.get_analogsignal_chunk(0, 0, None, None, 0)
    np.testing.assert_array_equal(raw, found[:, : raw.shape[1]])
    assert reader.get_signal_t_start(0, 0, 0) == 0.5


def test_by_command(tmp_path: Path) -> None:
    """The command writes it beside the results, with the digest of the file where a .meta has one."""
    exported, params = recorded(tmp_path, "spikeglx")
    file = Path(FILES["spikeglx"][0])
    meta = exported.folder / file.with_suffix(".meta")
    meta.write_text("fileSHA1=00\n" + meta.read_text())
    params.save(tmp_path / "params.toml")
    told = ["hybrid", "generate", str(tmp_path / "params.toml"), "--no-progress", "--rig", str(tmp_path / "again")]
    ran = CliRunner().invoke(main, told)
    assert ran.exit_code == 0, ran.output
    assert str(tmp_path / "again" / "recording_g0") in ran.stdout
    assert CliRunner().invoke(main, told).exit_code == 1
    lines = (tmp_path / "again" / file).with_suffix(".meta").read_text().splitlines()
    digest = hashlib.sha1((tmp_path / "again" / file).read_bytes(), usedforsecurity=False).hexdigest()
    assert lines == [f"fileSHA1={digest.upper()}", *meta.read_text().splitlines()[1:]]


def test_by_other_names(tmp_path: Path) -> None:
    """The rig's folder may be given by any of its names, and have links in it; nothing is left out of the copy."""
    exported, params = recorded(tmp_path, "spikeglx")
    result, file = generate_hybrid(params), Path(FILES["spikeglx"][0])
    (tmp_path / "link").symlink_to(exported.folder)
    whole = hybrid_in_rig(result, tmp_path / "0", root=tmp_path / "rig" / ".." / "link") / file
    run = exported.folder / "recording_g0"
    (run / "recording_g0_imec0").rename(tmp_path / "moved")
    (run / "recording_g0_imec0").symlink_to(tmp_path / "moved")
    (run / "around").symlink_to(run)
    linked = hybrid_in_rig(result, tmp_path / "1").parent / file
    assert linked.read_bytes() == whole.read_bytes() == result.targets[0].read_bytes()
    with pytest.raises(MockSessionError, match="outside the rig's folder"):
        hybrid_in_rig(result, run / "hybrid")
    assert not (run / "hybrid").exists()


def test_refused(tmp_path: Path) -> None:
    """A source in no rig's folder, another folder, a changed result, and the source's own place are refused."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    plain = generate_hybrid(make(tmp_path / "a", seconds=2.0, counts=(30,), amplitudes=(400.0,)).params)
    with pytest.raises(MockSessionError, match="SpikeGLX run or Open Ephys"):
        hybrid_in_rig(plain, tmp_path / "again")
    exported, params = recorded(tmp_path / "b", "spikeglx")
    result = generate_hybrid(params)
    with pytest.raises(MockSessionError, match="in it"):
        hybrid_in_rig(result, tmp_path / "again", root=tmp_path / "a")
    with pytest.raises(MockSessionError, match="apart from the source"):
        hybrid_in_rig(result, exported.folder / "recording_g0", overwrite=True)
    with open(result.targets[0], "r+b") as file:
        file.write(b"\1\2\3\4")
    with pytest.raises(BadFileError, match="SHA-256"):
        hybrid_in_rig(result.folder, tmp_path / "again")
    assert not (tmp_path / "again").exists()
