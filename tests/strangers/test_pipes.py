"""Pipes and devices in a file's place: refused by every opener, at once, also when they take its place later."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.cli import main
from mockrawio.formats.firings import load_firings
from mockrawio.formats.sorters import load_sorting, load_templates
from mockrawio.formats.sorters.jrclust import load_jrc_binary
from mockrawio.formats.spikeglx import read_meta
from mockrawio.ground.regular import check_regular, only_regular
from mockrawio.ground.writing import file_record
from mockrawio.hybrid import HybridParams, Probe, generate_hybrid, neuropixels3a
from mockrawio.hybrid.landing import _JOURNAL, _journal
from mockrawio.hybrid.original.run import PrivateCopy
from mockrawio.hybrid.recording import open_raw
from mockrawio.hybrid.run_manifest import listed_files
from mockrawio.hybrid.store import load_events
from mockrawio.hybrid.truth import load_truth
from mockrawio.rasters import Raster, RasterSpec, append_sonata, iter_sonata, read_sonata, sonata_populations
from mockrawio.rawio.cache import load as load_cache
from mockrawio.session.files import open_channel_names, open_events, open_info, open_label, open_lfp, open_unit
from mockrawio.session.logs import parse_daq_log, parse_watchlog
from mockrawio.session.manifest import read_manifest
from mockrawio.session.streams import open_stream
from mockrawio.verify import verify_session
from tests.handmade import Handmade
from tests.hybrid.samples import HYBRID
from tests.hybrid.synthetic import make

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")

SECONDS = 20  # after which a test that waits for a pipe's other end has failed


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Fail a test that hangs."""

    def give_up(*_: Any) -> None:
        raise TimeoutError("waited for the other end of a pipe")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(path: Path) -> Path:
    """Put a pipe in a file's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def refused(read: Callable[..., Any], *arguments: Any, why: str = "a named pipe", **options: Any) -> None:
    """Check that a call says that there is a pipe."""
    with pytest.raises(MockSessionError, match=why):
        read(*arguments, **options)


PATHS: dict[str, Callable[[str], Any]] = {
    "session_info.npy": open_info,
    "ChannelNames.txt": open_channel_names,
    "lfp.npy": open_lfp,
    "unit.npy": open_unit,
    "Events.npy": open_events,
    "label.npy": open_label,
    "stream.npy": open_stream,
    "daq.log": parse_daq_log,
    "watchlog.log": parse_watchlog,
    "session_manifest.json": read_manifest,
    "summed": lambda path: file_record(Path(path)),
    "params.py": HybridParams.load,
    "params.toml": HybridParams.load,
    "probe.npz": Probe.load,
    "events.npz": load_events,
    "firings_true.npy": load_firings,
    "raw.meta": read_meta,
    "raw.bin": lambda path: open_raw(path, n_channels=4, sample_rate=30_000),
    "spikes.h5": read_sonata,
    "blocks.h5": lambda path: next(iter(iter_sonata(path))),
    "names.h5": sonata_populations,
    "more.h5": lambda path: append_sonata(path, Raster([1.0], [0], 2.0)),
    "groups.toml": RasterSpec.from_toml,
}


@pytest.mark.parametrize("name", PATHS)
def test_a_file_by_its_path(name: str, tmp_path: Path) -> None:
    """Every function that takes a file's path says at once that a pipe is none."""
    refused(PATHS[name], str(pipe(tmp_path / name)))


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
@pytest.mark.parametrize("name", PATHS)
def test_a_device(name: str, device: str) -> None:
    """A device, which may have no end, is refused as a pipe is."""
    if not os.path.exists(device):
        pytest.skip("no such device")
    with pytest.raises((MockSessionError, OSError)) as caught:
        PATHS[name](device)
    assert isinstance(caught.value, MockSessionError) or device == "/dev/tty"


def test_a_socket_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is a file to be read; what they are is said."""
    import socket

    monkeypatch.chdir(tmp_path)  # a socket's path may have 100 characters
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("a_socket")
        with pytest.raises(OSError, match="No such device or address|Operation not supported"):
            check_regular("a_socket")
    (tmp_path / "a_folder").mkdir()
    with pytest.raises(MockSessionError, match="a folder"):
        only_regular("a_folder", os.O_RDONLY)


@pytest.mark.parametrize("name", ["spike_times.npy", "spike_templates.npy", "spike_clusters.npy"])
def test_phy(name: str, tmp_path: Path) -> None:
    """Each of phy's files."""
    for other in ("spike_times.npy", "spike_templates.npy", "spike_clusters.npy"):
        np.save(tmp_path / other, np.arange(3))
    pipe(tmp_path / name)
    refused(load_sorting, tmp_path, "phy", phy_base=0)


def test_other_sorters(tmp_path: Path) -> None:
    """KiloSort's and JRCLUST's files, and templates."""
    pipe(tmp_path / "rez.mat")
    refused(load_sorting, tmp_path, "kilosort")
    refused(load_templates, tmp_path, "kilosort")
    pipe(tmp_path / "templates.npy")
    refused(load_templates, tmp_path, "phy")
    pipe(tmp_path / "a_jrc.mat")
    refused(load_sorting, tmp_path, "jrc")
    refused(load_jrc_binary, tmp_path, "raw")


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's output."""
    made = make(tmp_path_factory.mktemp("made"), seconds=2.0, counts=(20, 20, 20))
    return generate_hybrid(made.params).folder


@pytest.mark.parametrize("pattern", ["firings_true.npy", "artificial_units-*.csv", "manifest-*.json", "probe-*.npz"])
def test_truth(pattern: str, hybrid: Path, tmp_path: Path) -> None:
    """Each file of a run that is read again."""
    folder = shutil.copytree(hybrid, tmp_path / "copy")
    (path,) = folder.glob(pattern)
    pipe(path)
    refused(load_truth, folder)


def test_what_earlier_runs_left(tmp_path: Path) -> None:
    """A pipe among the leftovers of an earlier run, or in the place of a cache, is as if there was none."""
    assert not listed_files(pipe(tmp_path / "manifest-a.json"))
    pipe(tmp_path / _JOURNAL)
    assert _journal(tmp_path) == []
    assert load_cache(pipe(tmp_path / "x.cache.json")) == {"counts": {}}


def test_the_private_copy(tmp_path: Path) -> None:
    """What the original's arithmetic works on, a private copy, is of a file too."""
    make(tmp_path, seconds=2.0, counts=(20, 20, 20))
    recording = open_raw(tmp_path / "raw.bin", n_channels=32, sample_rate=30_000)
    pipe(tmp_path / "raw.bin")
    refused(PrivateCopy, recording)


def test_the_source_after_it_was_opened(tmp_path: Path) -> None:
    """A raw file exchanged for a pipe after it was opened is refused when it is read."""
    make(tmp_path, seconds=2.0, counts=(20, 20, 20))
    recording = open_raw(tmp_path / "raw.bin", n_channels=32, sample_rate=30_000)
    pipe(tmp_path / "raw.bin")
    refused(recording.read, 0, 10)


@pytest.mark.parametrize("kind", ["lfp", "unit", "events", "stream", "daq", "watchlog"])
def test_after_the_header(kind: str, handmade: Handmade) -> None:
    """What is exchanged for a pipe after the header was parsed is refused when its data are asked for."""
    handmade.info()
    path = getattr(handmade, kind)()
    reader = MockSessionRawIO(handmade.folder)
    reader.parse_header()
    pipe(path)

    def read() -> None:
        if kind in ("lfp", "stream"):
            reader.get_analogsignal_chunk(stream_index=0).sum()
        elif kind == "unit":
            reader.get_spike_timestamps(spike_channel_index=0).sum()
        else:
            reader.get_event_timestamps(event_channel_index=0)

    refused(read, why="a named pipe" if kind in ("lfp", "unit", "stream") else "found another, or none")


def test_between_listing_and_opening(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that takes a file's place after the folder was listed is refused by the header and by verify."""
    from mockrawio.rawio import open_session as opened
    from mockrawio.session import manifest

    folder = generate_session(SessionSpec.tiny(seed=0), handmade.folder.parent)
    path = next((folder / "lfp_data").glob("*.npy"))
    find = opened.find_files

    def then_a_pipe(*arguments: Any, **options: Any) -> Any:
        found = find(*arguments, **options)
        pipe(path)
        return found

    monkeypatch.setattr(opened, "find_files", then_a_pipe)
    refused(MockSessionRawIO(folder).parse_header)
    path.unlink()
    path.write_bytes(b"0")
    monkeypatch.setattr(opened, "find_files", find)
    listed = manifest._files

    def then_pipes(*arguments: Any) -> Any:
        found = listed(*arguments)
        pipe(path)
        return found

    monkeypatch.setattr(manifest, "_files", then_pipes)
    found = verify_session(folder)
    assert found.unreadable == (path.relative_to(folder).as_posix(),)


def test_the_command(tmp_path: Path) -> None:
    """--spec and PARAMS too are files."""
    spec, params = pipe(tmp_path / "groups.toml"), pipe(tmp_path / "params.toml")
    for arguments in (["raster", "--spec", spec, "-o", tmp_path / "x.h5"], ["hybrid", "generate", params]):
        run = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert run.exit_code == 1
        assert "a named pipe" in run.stderr


def test_spikes_of_a_spec(tmp_path: Path) -> None:
    """The SONATA file that a session is made from."""
    spec = SessionSpec.tiny(seed=0)
    with suppress(MockSessionError):
        spec = replace(spec, spikes=str(pipe(tmp_path / "spikes.h5")))
        refused(generate_session, spec, tmp_path)


def test_probe_and_sample_are_real() -> None:
    """What the tests above refuse as pipes is read as files."""
    assert neuropixels3a().n_channels == 385
    assert len(load_sorting(HYBRID / "sort_phy", phy_base=1)) == 1338
