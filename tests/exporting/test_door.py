"""The door of exports: what it takes, what it refuses, what it returns."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from neo import Block
from spikeinterface.core import NumpyRecording, NumpySorting

import mockrawio
from mockrawio import MockSessionError, MockSessionRawIO, SessionExistsError, SessionSpec, export, generate_session
from mockrawio.cli import main
from mockrawio.exporting.door import write_rig
from mockrawio.exporting.readers import of_reader
from mockrawio.formats.rig import rig_formats
from mockrawio.generate import Acquisition
from mockrawio.interop.spikeinterface import read_mocksession
from tests.exporting.proof import reading
from tests.exporting.tiny import tiny


def chunks(reader: Any, stream_index: int = 0) -> np.ndarray:
    return np.concatenate(
        [reader.get_analogsignal_chunk(0, k, None, None, stream_index) for k in range(reader.segment_count(0))]
    )


def test_every_kind_of_source(sessions: dict[str, Path], tmp_path: Path) -> None:
    """A folder, its reader, its recording and Neo's reader of an export all give the same samples."""
    folder = sessions["broadband"]
    with MockSessionRawIO(folder) as reader:
        wanted = chunks(reader, 1)
        of_reader_ = export(reader, tmp_path / "1", "brainvision", streams=["broadband"]).open()
    of_folder = export(folder, tmp_path / "2", "brainvision").open()
    of_recording = export(read_mocksession(folder, "broadband"), tmp_path / "3", "brainvision").open()
    of_export = export(of_folder, tmp_path / "4", "brainvision").open()
    for found in (of_reader_, of_folder, of_recording, of_export):
        np.testing.assert_array_equal(chunks(found), wanted)


def test_a_virtual_session(tmp_path: Path) -> None:
    """A virtual session exports the bytes of the written one."""
    spec = SessionSpec.broadband(duration_s=1, n_channels=4, n_units=2, seed=5)
    folders = [generate_session(spec, tmp_path / str(virtual), virtual=virtual) for virtual in (False, True)]
    made = [export(folder, tmp_path / f"out{k}", "brainvision") for k, folder in enumerate(folders)]
    for name in made[0].files:
        assert (made[0].folder / name).read_bytes() == (made[1].folder / name).read_bytes()


@pytest.mark.parametrize("dtype", ["int16", "uint16", "float32", "int32"])
def test_samples_of_other_types(dtype: str, tmp_path: Path) -> None:
    """Whole numbers of 16 bits come back as they are, others within half a gain."""
    rng = np.random.default_rng(1)
    low, high = (0, 60000) if dtype == "uint16" else (-30000, 30000)
    traces = rng.integers(low, high, (500, 3)).astype(dtype) * (7 if dtype == "int32" else 1)
    recording = NumpyRecording([traces], 30000.0)
    recording.set_channel_gains(0.5)
    recording.set_channel_offsets(-16384.0 if dtype == "uint16" else 0.0)
    reader = export(recording, tmp_path / "out", "brainvision").open()
    gains = reader.header["signal_channels"]["gain"]
    found = chunks(reader) * gains
    wanted = traces * 0.5 + (-16384.0 if dtype == "uint16" else 0.0)
    exact = np.dtype(dtype).itemsize == 2
    assert np.abs(found - wanted).max() <= (1e-6 if exact else gains.max() / 2 * 1.0001)


def test_units_of_a_sorting(sessions: dict[str, Path]) -> None:
    """A sorting gives the units of its recording, in seconds."""
    from mockrawio.exporting.extractors import of_recording

    recording = NumpyRecording([np.zeros((3000, 2), np.int16), np.zeros((1000, 2), np.int16)], 1000.0)
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    sorting = NumpySorting.from_unit_dict([{"a": np.array([5, 700])}, {"a": np.array([999])}], 1000.0)
    made = of_recording(recording, sorting, lambda size: None)
    (unit,) = made.units
    np.testing.assert_allclose(unit.times(0, None, None), [0.005, 0.7])
    np.testing.assert_allclose(unit.times(0, 0.1, 0.7), [0.7])
    np.testing.assert_allclose(unit.times(1, None, None) - made.segments[1].t_start, [0.999])
    assert made.segments[1].t_start > made.segments[0].t_stop


def test_merged_spikes_are_all_spikes(sessions: dict[str, Path]) -> None:
    """The spikes of all units in order of time are each unit's own, with their waveforms, in pieces of any size."""
    with MockSessionRawIO(sessions["gaps"]) as reader:
        made = of_reader(reader, None, lambda size: None)
        for seg_index in range(len(made.segments)):
            some = list(made.spikes(seg_index, waveforms=True, most=7))
            assert len(some) > 1
            times, owners = (np.concatenate([part[k] for part in some]) for k in (0, 1))
            shapes = np.concatenate([part.waveforms for part in some])
            assert (np.diff(times) >= 0).all()
            for index, unit in enumerate(made.units):
                np.testing.assert_array_equal(times[owners == index], unit.times(seg_index, None, None))
                np.testing.assert_array_equal(shapes[owners == index], unit.waveforms(seg_index, None, None)[:, 0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"format": "nix2"}, "format"),
        ({"format": ["edf"]}, "format"),
        ({"format": "edf", "bdf": "no"}, "bdf: expected True or False"),
        ({"format": "blackrock", "version": 2.3}, "version: expected text, such as '2.3'"),
        ({"format": "brainvision", "streams": []}, "signals, in whose samples BrainVision"),
        ({"format": "brainvision", "fault": "nothing"}, "fault"),
        ({"format": "brainvision", "layout": 2}, "layout"),
        ({"format": "brainvision", "streams": ["raw"]}, "streams"),
        ({"format": "brainvision", "sorting": 1}, "sorting"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], said: str, sessions: dict[str, Path], tmp_path: Path) -> None:
    """What cannot be is refused by name, and nothing is made."""
    with pytest.raises(MockSessionError, match=said):
        export(sessions["broadband"], tmp_path / "out", **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("source", [None, 3, np.zeros((9, 2)), Block()], ids=lambda one: type(one).__name__)
def test_sources_that_are_none(source: Any, tmp_path: Path) -> None:
    """What is no source is told what would be, and how to come by it."""
    with pytest.raises(MockSessionError, match=r"expected a session folder, a RawIO reader.*mockrawio\.open\(\)"):
        export(source, tmp_path / "out", "edf")


def test_places_that_are_refused(sessions: dict[str, Path], tmp_path: Path) -> None:
    """Neither the source's own folder nor one that is taken is written to."""
    folder = sessions["broadband"]
    link = tmp_path / "link"
    link.symlink_to(folder)
    for place in (folder, folder / "raw_data" / "x", folder.parent, link):
        with pytest.raises(MockSessionError, match="Choose another place"):
            export(folder, place, "brainvision", overwrite=True)
    link.unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(SessionExistsError):
        export(folder, tmp_path / "out", "brainvision")
    made = export(folder, tmp_path / "out", "brainvision", overwrite=True)
    assert "mine" not in made.files
    with pytest.raises(mockrawio.BoundsError, match="part"):
        made.open(1)


def test_command(sessions: dict[str, Path], tmp_path: Path) -> None:
    """The command writes the same files, says what is left out, and lists formats and faults."""
    runner, folder = CliRunner(), str(sessions["gaps"])
    done = runner.invoke(main, ["export", folder, str(tmp_path / "a"), "--to", "brainvision", "--json"])
    made = export(folder, tmp_path / "b", "brainvision")
    assert json.loads(done.stdout) == {**made.as_dict(), "folder": str(tmp_path / "a")}
    for name in made.files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    done = runner.invoke(main, ["export", folder, str(tmp_path / "c"), "--to", "brainvision"])
    assert done.stdout.splitlines() == [str(tmp_path / "c"), *(f"left out: {line}" for line in made.left_out)]
    assert any(line.startswith("left out: segments:") for line in done.stdout.splitlines())
    assert "brainvision" in json.loads(runner.invoke(main, ["formats", "--json"]).stdout)
    assert "brainvision missing-markers" in runner.invoke(main, ["formats", "--faults"]).stdout
    for wrong in (["--to", "x"], ["--to", "brainvision", "--option", "x"], ["--to", "brainvision", "--fault", "x"]):
        assert runner.invoke(main, ["export", folder, str(tmp_path / "d"), *wrong]).exit_code == 2


def test_waveforms_wait(sessions: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each unit one waveform is read before any is asked for: those of a virtual session are made when they are."""
    reader, lengths = MockSessionRawIO(sessions["broadband"]), []
    reader.parse_header()
    read = reader.get_spike_raw_waveforms

    def counted(*asked: Any) -> Any:
        found = read(*asked)
        lengths.append(len(found))
        return found

    monkeypatch.setattr(reader, "get_spike_raw_waveforms", counted)
    units = of_reader(reader, None, lambda size: None).units
    firing = [unit for unit in units if unit.count(0)]
    assert lengths == [1] * len(firing)
    assert all(unit.n_samples == 64 for unit in firing)


@pytest.mark.parametrize("format", ["brainvision", "blackrock", "spikeglx", "neuralynx"])
def test_what_is_read_is_not_replaced(format: str, mock_session: Any, tmp_path: Path) -> None:
    """A reader of Neo's, by a file, a folder or what names begin with, is not exported over its own files."""
    folder = mock_session(sampling_rate=30_000, duration_s=1.0)
    made = export(folder, tmp_path / "rig", format)
    before = {name: (made.folder / name).read_bytes() for name in made.files}
    with reading(made) as reader, pytest.raises(MockSessionError, match="Choose another place"):
        export(reader, made.folder, "brainvision", overwrite=True)
    assert {name: (made.folder / name).read_bytes() for name in made.files} == before


def test_the_fastest_stream_is_not_lost_in_silence(mock_session: Any, tmp_path: Path) -> None:
    """Where the format cannot hold the stream that spikes stand in, a warning says so; of another one it need not."""
    folder = mock_session(duration_s=1.0)  # 32 kHz, of which 30 kHz is no multiple
    with pytest.warns(UserWarning, match="stream broadband: its rate"):
        made = export(folder, tmp_path / "rig", "blackrock")
    assert any(line.startswith("stream broadband:") for line in made.left_out)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export(folder, tmp_path / "lfp", "blackrock", streams=["lfp"])
        export(folder, tmp_path / "one", "brainvision")


@pytest.mark.parametrize(
    ("first", "second"),
    [("biocam", "neuronexus"), ("neuroexplorer", "neuroexplorer"), ("bci2000", "edf"), ("brainvision", "axona")],
)
def test_of_one_rig_to_another(first: str, second: str, tmp_path: Path) -> None:
    """What Neo's readers give as NumPy's numbers, without durations, or as a rate from an interval is written too."""
    made = write_rig(tiny().part(0), tmp_path / "first", rig_formats()[first])
    reader = export(made.open(), tmp_path / "second", second).open()
    assert reader.get_signal_sampling_rate(0) == 32000
    signal = next(iter(mockrawio.window(reader, units=(), events=()).signals.values()))
    assert abs(signal.values[:1600, 0] - 0.195 * tiny().signals[0].read(0, 0, 1600)[:, 0]).max() < 0.2


def test_spikes_that_neo_counts_as_none(tmp_path: Path) -> None:
    """Spikes of Open Ephys, which Neo neither counts nor reads without limits, are in a window and in an export."""
    source = tiny().part(1)  # from .1 s on
    reader = write_rig(source, tmp_path / "rig", rig_formats()["openephys_legacy"]).open()
    assert [reader.spike_count(0, 0, k) for k in range(2)] == [0, 0]
    found = mockrawio.window(reader, streams=(), events=()).spikes.values()
    again = export(reader, tmp_path / "again", "blackrock", streams=()).open()
    for train, other, unit in zip(found, of_reader(again, None, lambda size: None).units, source.units, strict=True):
        np.testing.assert_allclose(train, unit.times(0, None, None), atol=1 / 32000)
        np.testing.assert_allclose(other.times(0, None, None), train, atol=1 / 30000)
        np.testing.assert_array_equal(other.waveforms(0, None, None)[:, 0, :32], unit.waveforms(0, None, None)[:, 0])


def test_samples_that_a_header_has_otherwise(tmp_path: Path) -> None:
    """Floats that Neo's header calls int16, as those of NIX, are quantised, not cut to whole µV."""
    pytest.importorskip("nixio")
    reader = write_rig(tiny().part(0), tmp_path / "nix", rig_formats()["nix"]).open()
    assert reader.header["signal_channels"]["dtype"][0] == "int16"
    stream = of_reader(reader, ["0"], lambda size: None).signals[0]
    values = stream.read(0, 0, 1600) * stream.gains
    reader.file.close()
    assert abs(values - 0.195 * tiny().signals[0].read(0, 0, 1600)).max() < 0.11


@pytest.mark.parametrize("format", ["spikeglx", "openephys_binary"])
@pytest.mark.parametrize("shifted", [False, True])
def test_instants_of_a_neuropixels_probe(format: str, shifted: bool, mock_session: Any, tmp_path: Path) -> None:
    """Where channels have one instant it is said that readers of a Neuropixels probe's files shift them."""
    how = {"acquisition": Acquisition(sample_shift=shifted), "probe": "neuropixels-1.0", "n_channels": 2}
    folder = mock_session(duration_s=1.0, n_units=1, n_lfp_channels=0, sampling_rate=30_000, **how)
    made = export(folder, tmp_path / "rig", format)
    assert any(line.startswith("instants of samples:") for line in made.left_out) == (not shifted)
