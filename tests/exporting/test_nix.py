"""NIX files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio.exporting import Exported
from mockrawio.exporting.door import write_rig
from mockrawio.formats.recorded import Recorded
from mockrawio.formats.rig import rig_formats
from mockrawio.testing import assert_rawio_compliant
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["nix"]
# Neo's samples are values, not counts, whose scale is not known to it: see check().
proof = Proof("nix", unread=("signals",), tick=1e-9, comply=False)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of nixio


@pytest.fixture(autouse=True)
def _nixio() -> None:
    """Writes and reads NIX."""
    pytest.importorskip("nixio")


def check(exported: Exported, recorded: Recorded) -> None:
    """Hold Neo's samples, which are values, against counts, and the rest by the proof."""
    proof.check(exported, recorded)
    reader = exported.open()
    for index, stream in enumerate(recorded.signals):
        assert reader.get_signal_sampling_rate(index) == pytest.approx(stream.rate, rel=1e-9)
        rows = reader.header["signal_channels"]
        rows = rows[rows["stream_id"] == str(index)]
        assert rows["name"].tolist() == [one.name for one in stream.channels]
        for k, size in enumerate(stream.sizes):
            values = reader.get_analogsignal_chunk(0, k, None, None, index)
            expected = stream.read(k, 0, size) * stream.gains + stream.offsets
            np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)
            assert reader.get_signal_t_start(0, k, index) == pytest.approx(stream.t_starts[k], abs=1e-9)
    reader.file.close()


def one_epoch(recorded: Recorded) -> Recorded:
    """Neo reads the first of several epoch channels."""
    epochs = [one for one in recorded.events if one.is_epoch]
    return replace(recorded, events=tuple(one for one in recorded.events if one not in epochs[1:]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """Neo reads all of every kind of session."""
    source = one_epoch(sources[kind])
    check(write_rig(source, tmp_path / "out", FORMAT), source)


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=tried(3))
@given(recordings(streams=2, widths=(1, 5)))
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back."""
    with tempfile.TemporaryDirectory() as folder:
        check(write_rig(recorded, Path(folder) / "out", FORMAT), recorded)


def test_rules(tmp_path: Path) -> None:
    """Neo's reader keeps its own rules, but that a segment without units ends at 0 s."""
    reader = write_rig(tiny(), tmp_path / "out", FORMAT).open()
    assert_rawio_compliant(reader)
    reader.file.close()
    reader = write_rig(replace(tiny(), units=()), tmp_path / "other", FORMAT).open()
    assert reader.segment_t_stop(0, 0) == 0
    reader.file.close()


def test_counts(tmp_path: Path) -> None:
    """The file holds int16 counts, and the polynomial that makes values of them."""
    import nixio

    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    file = nixio.File.open(str(exported.folder / exported.files[0]), nixio.FileMode.ReadOnly)
    array = file.blocks[0].groups[1].data_arrays[2]
    assert array.polynom_coefficients == (0.0, 0.195)
    stored = np.empty(800, np.int16)
    array._h5group.group["data"].read_direct(stored)
    np.testing.assert_array_equal(stored, source.signals[0].read(1, 0, 800)[:, 2])
    file.close()


def test_two_epoch_channels(tmp_path: Path) -> None:
    """Neo reads no epoch channel after the first one."""
    source = tiny()
    twice = replace(source, events=(source.events[1], replace(source.events[1], name="other")))
    reader = write_rig(twice, tmp_path / "out", FORMAT).open()
    assert len(reader.get_event_timestamps(0, 0, 0, None, None)[0]) == 3
    with pytest.raises(IndexError):
        reader.get_event_timestamps(0, 0, 1, None, None)
    reader.file.close()


@pytest.mark.slow
def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the values."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny()
    exported = write_rig(source, tmp_path / "out", FORMAT)
    recording = extractors.read_nix(str(exported.folder / exported.files[0]), stream_id="0")
    traces = recording.get_traces(segment_index=1, return_in_uV=True)
    np.testing.assert_allclose(traces, source.signals[0].read(1, 0, 800) * 0.195, rtol=1e-6)


def test_nixio(tmp_path: Path) -> None:
    """Neo's other reader, of whole Blocks, has segments, signals, trains, events and epochs too."""
    import neo

    exported = write_rig(tiny(), tmp_path / "out", FORMAT)
    with neo.io.NixIO(str(exported.folder / exported.files[0]), "ro") as reader:
        segments = reader.read_block().segments
    assert [[signal.shape for signal in one.analogsignals] for one in segments] == [
        [(1600, 3), (50, 3)],
        [(800, 3), (25, 3)],
    ]
    assert [[len(train) for train in one.spiketrains] for one in segments] == [[12, 12], [11, 11]]
    assert [[len(found) for found in (*one.events, *one.epochs)] for one in segments] == [[4, 3], [4, 3]]


NEO = {"nameless": KeyError, "one-channel-less": IndexError, "newer-version": RuntimeError}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """What Neo does with files that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    with pytest.raises(NEO[fault]):
        write_rig(tiny(), tmp_path / "out", FORMAT, fault=fault).open().get_analogsignal_chunk(0, 1, None, None, 1)
