"""NWB files."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from tests.exporting.drawn import recordings, tried
from tests.exporting.tiny import tiny

# Neo calls what pynwb and hdmf have since renamed or deprecated.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]
FORMAT = rig_formats()["nwb"]


@pytest.fixture(autouse=True)
def _pynwb() -> None:
    """Writes and reads NWB."""
    pytest.importorskip("pynwb")


def check(exported: Exported, recorded: Recorded) -> None:
    """Hold what Neo reads against what was written: counts, times, rates, spikes, events and epochs."""
    reader = exported.open()
    segments = reader.read_block().segments
    n = len(recorded.segments)
    assert len(segments) == (n if recorded.signals else len(segments))
    named = {segment.name: segment for segment in segments}
    for k in range(n):
        segment, ending = named[f"segment {k}"], "" if n == 1 else f" {k}"
        signals = {signal.name: signal for signal in segment.analogsignals}
        for stream in recorded.signals:
            signal = signals[f"{stream.name}{ending}"]
            assert signal.dtype == np.int16
            np.testing.assert_array_equal(signal.magnitude, stream.read(k, 0, stream.sizes[k]))
            assert float(signal.t_start) == pytest.approx(stream.t_starts[k], abs=1e-9)
            assert float(signal.sampling_rate) == pytest.approx(stream.rate, rel=1e-12)
        assert [train.name for train in segment.spiketrains] == [unit.name for unit in recorded.units]
        for train, unit in zip(segment.spiketrains, recorded.units, strict=True):
            np.testing.assert_array_equal(train.magnitude, unit.times(k, None, None))
        found = {one.name: one for one in (*segment.events, *segment.epochs)}
        for events in recorded.events:
            times, durations, labels = events.read(k, None, None)
            if len(times):
                one = found[f"{events.name}{ending}"]
                np.testing.assert_array_equal(one.magnitude, times)
                assert list(one.labels) == labels.tolist()
                if durations is not None:
                    np.testing.assert_allclose(one.durations.magnitude, durations, rtol=0, atol=1e-12)
    reader.close()


@pytest.mark.parametrize("kind", ["broadband", "gaps"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all of every kind of session; nothing that the inspector says is more than a suggestion."""
    exported = write_rig(sources[kind], tmp_path / "out", FORMAT)
    check(exported, sources[kind])
    inspector = pytest.importorskip("nwbinspector")
    said = list(inspector.inspect_nwbfile(nwbfile_path=exported.folder / exported.files[0]))
    worse = {
        one.check_function_name for one in said if one.importance is not inspector.Importance.BEST_PRACTICE_SUGGESTION
    }
    # Events of a movie's frames come at a rate, and some epochs are points: that is what was recorded.
    assert worse <= {"check_regular_timestamps", "check_time_intervals_stop_after_start"}


@pytest.mark.at_length
@settings(max_examples=tried(3))
@given(recordings(streams=2, widths=(1, 5)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        check(write_rig(recorded, Path(folder) / "out", FORMAT), recorded)


def test_scale(tmp_path: Path) -> None:
    """SpikeInterface has counts, gains, offsets, names and places of a series with electrodes."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny()
    stream = source.signals[0]
    channels = tuple(one._replace(gain=0.1 * (k + 1), offset=2.0 * k) for k, one in enumerate(stream.channels))
    places = np.array([[0.0, 20.0], [16.0, 40.0], [0.0, 60.0]])
    source = source.only([replace(stream, channels=channels, positions=places)])
    exported = write_rig(source, tmp_path / "out", FORMAT)
    path = str(exported.folder / exported.files[0])
    recording = extractors.read_nwb_recording(path, electrical_series_path="processing/ecephys/broadband 1")
    np.testing.assert_array_equal(recording.get_traces(), stream.read(1, 0, 800))
    np.testing.assert_allclose(recording.get_channel_gains(), [0.1, 0.2, 0.3], rtol=1e-6)
    np.testing.assert_allclose(recording.get_channel_offsets(), [0.0, 2.0, 4.0], rtol=1e-6)
    assert recording.get_channel_ids().tolist() == [one.name for one in channels]
    np.testing.assert_array_equal(recording.get_channel_locations(), places)


def test_without_signals(tmp_path: Path) -> None:
    """Units alone have no device and no module of signals."""
    exported = write_rig(replace(tiny(), signals=()), tmp_path / "out", rig_formats()["nwb"])
    with h5py.File(exported.folder / exported.files[0]) as file:
        assert len(file["units/id"]) == 4  # two in each segment
        assert "ecephys" not in file["processing"]
        assert "devices" not in file["general"]


def test_names(tmp_path: Path) -> None:
    """A name that HDF5 cannot have is changed and noted, and names are never the same."""
    source = tiny().part(0)
    streams = [replace(one, name="a/b") for one in source.signals]
    exported = write_rig(source.only(streams), tmp_path / "out", FORMAT)
    assert any(line.startswith("name 'a/b'") for line in exported.left_out)
    (segment,) = exported.open().read_block().segments
    assert [one.name for one in segment.analogsignals] == ["a_b", "a_b_"]


def test_electrodes_and_neo(tmp_path: Path) -> None:
    """Neo cannot load a series with electrodes: so what is in /acquisition links to one that has them."""
    import neo
    import pynwb

    exported = write_rig(tiny().part(0), tmp_path / "out", FORMAT)
    path = exported.folder / exported.files[0]
    with pynwb.NWBHDF5IO(path, "a") as io:
        file = io.read()
        region = file.create_electrode_table_region([0, 1, 2], "some")
        comments = json.dumps({"block": "recording", "segment": "segment 0"})
        data = np.zeros((5, 3), np.int16)
        file.add_acquisition(pynwb.ecephys.ElectricalSeries("more", data, region, rate=1.0, comments=comments))
        io.write(file)
    with pytest.raises(ValueError, match="Invalid annotation"):
        neo.io.NWBIO(str(path), "r").read_block()


NEO = {
    "two-rows-of-times": "raises ConstructError, naming the series",
    "no-version": TypeError,
    "cut-file": OSError,
}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """Neo opens none of the files that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    error = Exception if isinstance(NEO[fault], str) else NEO[fault]
    with pytest.raises(error, match="acquisition/Events" if error is Exception else ""):
        write_rig(tiny(), tmp_path / "out", FORMAT, fault=fault).open().read_block()
