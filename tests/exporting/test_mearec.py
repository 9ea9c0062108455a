"""MEArec's files; Neo reads them by MEArec, which is not installed for the tests: h5py shows what is in them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from mockrawio.ground.extras import MissingExtraError
from tests.exporting.drawn import recordings, tried
from tests.exporting.tiny import tiny

h5py = pytest.importorskip("h5py")
FORMAT = rig_formats()["mearec"]


def check(recorded: Recorded, folder: Path) -> Any:
    """Hold all files of an export against what was given; return the export."""
    exported = write_rig(recorded, folder, FORMAT)
    stream = max(recorded.signals, key=lambda one: one.rate)
    gains, offsets = stream.gains, stream.offsets
    for k in range(len(recorded.segments)):
        with h5py.File(exported.arguments(k)["filename"]) as file:
            found = np.rint((file["recordings"][()].astype(float) - offsets) / gains)
            np.testing.assert_array_equal(found, stream.read(k, 0, stream.sizes[k]))
            info = file["info/recordings"]
            assert int(info["fs"][()] * info["duration"][()]) == stream.sizes[k]
            np.testing.assert_allclose(np.diff(file["timestamps"]), 1 / stream.rate, rtol=1e-6)
            assert len(file.get("spiketrains", ())) == len(recorded.units)
            for number, unit in enumerate(recorded.units):
                times = unit.times(k, None, None) - stream.t_starts[k]
                inside = (times * stream.rate > -0.5) & (times * stream.rate < stream.sizes[k] - 0.5)
                np.testing.assert_allclose(file[f"spiketrains/{number}/times"], times[inside], rtol=0, atol=1e-9)
    return exported


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Samples of every kind of session are there to the count, and spikes from each segment's beginning."""
    check(sources[kind], tmp_path / "out")


@pytest.mark.at_length
@settings(max_examples=tried(10))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments is written."""
    with tempfile.TemporaryDirectory() as folder:
        check(recorded, Path(folder) / "out")


def test_values_and_places(tmp_path: Path) -> None:
    """A value is in µV, whatever the channel's unit; ProbeInterface finds the contacts."""
    read_mearec = pytest.importorskip("probeinterface").read_mearec
    source = tiny().part(0)
    rows = [(-0.5, 3.5, "mV"), (1e-9, 0.0, "V"), (3.25, -7.0, "uV")]
    channels = tuple(
        one._replace(gain=gain, offset=offset, units=units)
        for one, (gain, offset, units) in zip(source.signals[0].channels, rows, strict=True)
    )
    places = np.array([[0.0, 20.0, 1.0], [1.5, 40.0, 1.0], [3.0, 60.0, 1.0]])
    stream = replace(source.signals[0], channels=channels, positions=places)
    exported = write_rig(replace(source, signals=(stream,)), tmp_path / "out", FORMAT)
    expected = stream.read(0, 0, 1600) * np.array([-500, 1e-3, 3.25]) + np.array([3500, 0, -7])
    with h5py.File(exported.arguments()["filename"]) as file:
        np.testing.assert_allclose(file["recordings"], expected, rtol=1e-6)
        assert file["spiketrains/1/annotations/name"][()] == b"CSC2_SU1"
    np.testing.assert_array_equal(read_mearec(exported.arguments()["filename"]).contact_positions, places[:, :2])
    assert any(line.startswith("names of units:") for line in exported.left_out)


@pytest.mark.skipif(find_spec("MEArec") is not None, reason="MEArec is installed")
def test_opened_without_mearec(tmp_path: Path) -> None:
    """What Neo needs to open the files is named where it is not installed."""
    with pytest.raises(MissingExtraError, match=r"MEArec: .* for MEArecRawIO; .*Run pip install MEArec\."):
        write_rig(tiny().part(0), tmp_path / "out", rig_formats()["mearec"]).open()
