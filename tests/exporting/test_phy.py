"""phy's folders."""

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
from mockrawio.formats.sorters import load_sorting, load_templates
from mockrawio.ground.errors import MockSessionError
from tests.exporting.drawn import recordings, tried
from tests.exporting.proof import Proof
from tests.exporting.tiny import tiny

FORMAT = rig_formats()["phy"]
proof = Proof("phy", unread=("signals", "units"))


def spikes_inside(recorded: Recorded, k: int) -> dict[int, np.ndarray]:
    """Return the samples of the spikes of each unit that has some, by its place."""
    stream = max(recorded.signals, key=lambda one: one.rate)
    trains = [np.rint((unit.times(k, None, None) - stream.t_starts[k]) * stream.rate) for unit in recorded.units]
    kept = {place: train[(train >= 0) & (train < stream.sizes[k])] for place, train in enumerate(trains)}
    return {place: train for place, train in kept.items() if len(train)}


def check(exported: Exported, recorded: Recorded) -> None:
    """Hold what Neo, our own reader of sorters' output and the files have against what was written."""
    stream = max(recorded.signals, key=lambda one: one.rate)
    for part in range(len(exported.parts)):
        folder, spikes = Path(exported.arguments(part)["dirname"]), spikes_inside(recorded, part)
        counts = np.fromfile(folder / "recording.dat", "<i2").reshape(-1, len(stream.channels))
        np.testing.assert_array_equal(counts, stream.read(part, 0, stream.sizes[part]))
        sorting = load_sorting(folder, "phy", phy_base=0)
        assert sorting.units.tolist() == [place + 1 for place in spikes]
        if not spikes:
            with pytest.raises(ValueError, match="empty"):  # what Neo does
                exported.open(part)
            continue
        reader = exported.open(part)
        assert reader.header["spike_channels"]["id"].tolist() == [str(place) for place in spikes]
        for index, (place, frames) in enumerate(spikes.items()):
            np.testing.assert_array_equal(reader.get_spike_timestamps(0, 0, index, None, None), frames)
            np.testing.assert_array_equal(sorting.times_of(place + 1), frames)


@pytest.mark.parametrize("kind", ["broadband", "gaps", "epiphyte"])
def test_sessions(kind: str, sources: dict[str, Recorded], tmp_path: Path) -> None:
    """The samples and the spikes of every kind of session are there, and Neo reads the spikes."""
    source = sources[kind]
    check(write_rig(source, tmp_path / "out", FORMAT), source)


@pytest.mark.at_length
@pytest.mark.slow
@settings(max_examples=tried(10))
@given(recordings())
def test_drawn(recorded: Recorded) -> None:
    """Any rate, width and number of segments comes back; a recording without units is refused."""
    with tempfile.TemporaryDirectory() as folder:
        if recorded.units:
            check(write_rig(recorded, Path(folder) / "out", FORMAT), recorded)
        else:
            with pytest.raises(MockSessionError, match="units"):
                write_rig(recorded, Path(folder) / "out", FORMAT)


def test_rules(tmp_path: Path) -> None:
    """Neo's reader keeps its own rules, and what is left out is named."""
    proof(tiny(), tmp_path / "out")


def test_names(tmp_path: Path) -> None:
    """A unit's name and kind are annotations of its cluster; one that begins with no letter does not stop Neo."""
    source = tiny().part(0)
    names, kinds = ("Zelle \t1", "2b"), (False, True)
    named = [replace(unit, name=name, multi=kind) for unit, name, kind in zip(source.units, names, kinds, strict=True)]
    reader = write_rig(replace(source, units=tuple(named)), tmp_path / "out", FORMAT).open()
    notes = reader.raw_annotations["blocks"][0]["segments"][0]["spikes"]
    assert [(one["name"], one["group"]) for one in notes] == [("Zelle ?1", "good"), ("unit 2b", "mua")]


def test_templates(sources: dict[str, Recorded], tmp_path: Path) -> None:
    """A template is the mean of the samples around a unit's spikes, in µV; all channels have their places."""
    source = sources["broadband"]
    folder = write_rig(source, tmp_path / "out", FORMAT).folder
    stream, templates = source.signals[1], load_templates(folder, "phy")
    unit = int(np.argmax([one.count(0) for one in source.units]))
    frames = [frame for frame in spikes_inside(source, 0)[unit].astype(int) if 30 <= frame <= 32_000 - 52]
    mean = np.mean([stream.read(0, frame - 30, frame + 52) for frame in frames], axis=0) * 0.195
    np.testing.assert_allclose(templates[unit], mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.load(folder / "channel_positions.npy"), stream.positions)


@pytest.mark.slow
def test_spikeinterface(tmp_path: Path) -> None:
    """SpikeInterface's extractor has the units and their spikes."""
    extractors = pytest.importorskip("spikeinterface.extractors")
    source = tiny().part(0)
    exported = write_rig(source, tmp_path / "out", FORMAT)
    sorting = extractors.read_phy(exported.folder)
    assert sorting.get_property("name").tolist() == [unit.name for unit in source.units]
    for place, frames in spikes_inside(source, 0).items():
        np.testing.assert_array_equal(sorting.get_unit_spike_train(place), frames)


NEO: dict[str, type[Exception]] = {
    "missing-times": FileNotFoundError,
    "tabs-in-csv": ValueError,
    "blank-cluster": ValueError,
}


@pytest.mark.parametrize("fault", NEO)
def test_faults(fault: str, tmp_path: Path) -> None:
    """Neo opens none of the folders that are broken."""
    assert set(NEO) == {one.name for one in FORMAT.faults}
    with pytest.raises(NEO[fault]):
        write_rig(tiny(), tmp_path / "out", FORMAT, fault=fault).open()
