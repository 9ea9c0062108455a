"""Neo objects of a session: units, times, waveforms, annotations, lazy and loaded alike."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import neo
import numpy as np
import pytest
import quantities as pq

import mockrawio
from mockrawio import MockSessionError, MockSessionIO, MockSessionRawIO
from tests.handmade import T0, Handmade


@pytest.fixture
def folder(handmade: Handmade) -> Path:
    """Two segments of three LFP channels at different gains, two units, events."""
    handmade.all()
    ts = T0 + np.r_[0:200, 300:500]
    for k in (1, 2, 3):
        handmade.lfp(k, samples=np.arange(400, dtype=np.int16) * k, ts=ts, gain=0.5 * k)
    handmade.unit(times=T0 + np.array([10.0, 20.25, 350.5]), gain=0.25)
    return handmade.folder


def test_block(folder: Path) -> None:
    """A loaded block: signals in uV, spike trains with waveforms, events, epochs, groups, annotations."""
    block = MockSessionIO(folder).read_block(load_waveforms=True)
    assert isinstance(block, neo.Block)
    assert block.rec_datetime == datetime.datetime(2022, 7, 1, 2, 41, 18, 812_000)
    assert block.annotations["session_info_start"] == datetime.datetime(2022, 7, 1, 2, 41, 18)
    assert [segment.rec_datetime for segment in block.segments] == [block.rec_datetime] * 2
    assert (block.annotations["patient_id"], block.annotations["session_nr"]) == (4, 2)
    assert block.annotations["time_origin_ms"] == T0
    assert len(block.segments) == 2
    assert [g.name for g in block.groups] == ["lfp"]
    first, second = block.segments
    (signal,) = first.analogsignals
    assert signal.units == pq.uV
    assert signal.shape == (200, 3)
    assert signal.sampling_rate == 1000 * pq.Hz
    np.testing.assert_allclose(signal.magnitude, np.arange(200)[:, None] * [0.5, 2.0, 4.5])
    assert second.analogsignals[0].t_start == 0.3 * pq.s
    assert signal.array_annotations["channel_names"].tolist() == ["LA1", "LA2", "LA3"]
    assert signal.array_annotations["regions"].tolist() == ["LA"] * 3
    train = first.spiketrains[0]
    np.testing.assert_allclose(train.times.rescale("ms").magnitude, [10.0, 20.25], atol=1e-9)
    assert train.waveforms.shape == (2, 1, 64)
    assert train.waveforms.units == pq.uV
    np.testing.assert_array_equal(train.waveforms.magnitude[0, 0, :3], [0, 0.25, 0.5])
    assert train.left_sweep.rescale("ms") == 20 / 32 * pq.ms
    assert train.annotations["unit_type"] == "SU"
    assert (train.annotations["region"], train.annotations["bundle"], train.annotations["channel"]) == ("LA", 0, 1)
    assert len(second.spiketrains[0]) == 1
    assert [e.name for e in first.events] == ["Events", "movie_frames"]
    assert [e.name for e in first.epochs] == ["DAQ", "movie_pauses"]
    np.testing.assert_allclose(first.epochs[0].durations.rescale("ms").magnitude, [4, 3])


def test_lazy_agrees_with_loaded(folder: Path) -> None:
    """Each proxy loads what the loaded block holds, and holds nothing before."""
    reader = MockSessionIO(folder)
    loaded, lazy = reader.read_block(load_waveforms=True), reader.read_block(lazy=True)
    for whole, proxies in zip(loaded.segments, lazy.segments, strict=True):
        for kind in ("analogsignals", "spiketrains", "events", "epochs"):
            for a, proxy in zip(getattr(whole, kind), getattr(proxies, kind), strict=True):
                assert type(proxy).__name__.endswith("Proxy")
                assert proxy.shape == a.shape
                b = proxy.load(load_waveforms=True) if kind == "spiketrains" else proxy.load()
                np.testing.assert_array_equal(a.magnitude, b.magnitude)
                assert a.annotations.keys() == b.annotations.keys()


@pytest.mark.parametrize("ends", [(0.05, 0.15), (None, 0.15), (0.05, None), (None, None), (0.0125, 0.1995), (0.2, 0.2)])
def test_time_slices(ends: tuple[float | None, float | None], folder: Path) -> None:
    """A slice, open at either end, holds the nearest samples and every spike and event within."""
    start, stop = ends
    time_slice = tuple(None if e is None else e * pq.s for e in ends)
    reader = MockSessionIO(folder)
    proxies = reader.read_segment(lazy=True)
    low = 0 if start is None else round(start * 1000)
    high = 200 if stop is None else low + round((stop - (start or 0)) * 1000)  # a duration has one size
    signal = proxies.analogsignals[0].load(time_slice=time_slice)
    assert signal.shape[0] == high - low
    if high > low:
        assert signal.t_start.rescale("ms").magnitude == pytest.approx(low)
        np.testing.assert_allclose(signal.magnitude[:, 0], np.arange(low, high) * 0.5)
    train = proxies.spiketrains[0].load(time_slice=time_slice, load_waveforms=True)
    times = np.array([0.010, 0.02025])
    inside = (times >= (start or 0) - 1e-9) & (times <= (stop or 1) + 1e-9)
    np.testing.assert_allclose(train.times.rescale("s").magnitude, times[inside])
    assert train.waveforms.shape[0] == inside.sum()
    segment = reader.read_segment(time_slice=time_slice)
    np.testing.assert_array_equal(segment.analogsignals[0].magnitude, signal.magnitude)
    seconds = reader.read_segment(time_slice=ends)
    np.testing.assert_array_equal(seconds.analogsignals[0].magnitude, signal.magnitude)


def test_slices_outside(folder: Path) -> None:
    """Strict slices that leave the signal are an error, others are cut."""
    proxy = MockSessionIO(folder).read_segment(lazy=True).analogsignals[0]
    with pytest.raises(MockSessionError, match=r"time_slice: expected t_stop from .* to .* s; found 0\.3 s\. Move it"):
        proxy.load(time_slice=(0.1 * pq.s, 0.3 * pq.s))
    assert proxy.load(time_slice=(0.1 * pq.s, 0.3 * pq.s), strict_slicing=False).shape[0] == 100
    assert proxy.load(time_slice=(-1 * pq.s, 9 * pq.s), strict_slicing=False).shape[0] == 200


def test_neo_modes(folder: Path) -> None:
    """Neo's own options work: one signal a channel, raw magnitude, channels of a proxy, groups of trains."""
    reader = MockSessionIO(folder)
    segment = reader.read_segment(signal_group_mode="split-all")
    assert [s.name for s in segment.analogsignals] == ["LA1", "LA2", "LA3"]
    proxies = reader.read_segment(lazy=True, signal_group_mode="split-all").analogsignals
    assert proxies[1].load(magnitude_mode="raw").dtype == np.int16
    picked = reader.read_segment(lazy=True).analogsignals[0].load(channel_indexes=[2, 0])
    np.testing.assert_allclose(picked.magnitude[:, 0], np.arange(200) * 4.5)
    block = reader.read_block(create_group_across_segment={"SpikeTrain": True})
    assert [len(g.spiketrains) for g in block.groups] == [2, 2]
    with pytest.raises(ValueError, match="lazy"):
        reader.read_segment(lazy=True, load_waveforms=True)


def test_registered_with_neo(folder: Path) -> None:
    """Importing makes Neo know both classes, once, and find them for a session folder."""
    assert neo.rawio.MockSessionRawIO is MockSessionRawIO
    assert neo.io.MockSessionIO is MockSessionIO
    for _ in range(2):
        mockrawio.io.register()
    assert neo.rawio.rawiolist.count(MockSessionRawIO) == 1
    assert neo.io.iolist.count(MockSessionIO) == 1
    assert all(neo.io.io_by_extension[e].count(MockSessionIO) == 1 for e in MockSessionIO.extensions)
    found = neo.io.get_io(folder)
    assert type(found) is MockSessionIO
    assert len(found.read_block().segments) == 2
    assert type(neo.io.get_io(str(folder))) is MockSessionIO


def test_epiphyte_folder_through_neo(epiphyte: Path) -> None:
    """neo.io.get_io finds and loads a folder we did not write."""
    block = neo.io.get_io(epiphyte).read_block(load_waveforms=True)
    (segment,) = block.segments
    assert len(segment.spiketrains) == 12
    assert segment.analogsignals[0].shape == (66814, 1)


def test_other_formats_are_left_to_others(tmp_path: Path) -> None:
    """A folder of someone else's .npy files, and a text file, still go to the class that reads them."""
    phy = tmp_path / "phy"
    phy.mkdir()
    np.save(phy / "spike_times.npy", np.arange(5))
    np.save(phy / "spike_templates.npy", np.zeros(5, int))
    np.save(phy / "templates.npy", np.zeros((1, 2, 2)))
    (phy / "params.py").write_text("sample_rate = 30000.\ndat_path='x'\nn_channels_dat=1\ndtype='int16'\noffset=0\n")
    assert type(neo.io.get_io(phy)).__name__ == "PhyIO"
    text = tmp_path / "signal.txt"
    np.savetxt(text, np.zeros((5, 2)))
    assert type(neo.io.get_io(text)).__name__ == "AsciiSignalIO"


def test_import_alone_registers() -> None:
    """A fresh interpreter that only imports the package can ask Neo for the classes."""
    code = "import mockrawio; from neo.rawio import MockSessionRawIO; from neo.io import MockSessionIO, get_io"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_package_of_others_registers(tmp_path: Path) -> None:
    """A package that imports ours, run by ``python -m``, can ask Neo for the classes; our own command need not."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "__init__.py").write_text("import mockrawio\nfrom neo.io import MockSessionIO\n")
    (theirs / "__main__.py").write_text("from neo.rawio import MockSessionRawIO\nprint(MockSessionRawIO.__name__)\n")
    command = [sys.executable, "-W", "ignore", "-m", "theirs"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("MockSessionRawIO\n", "")
    times = [sys.executable, "-X", "importtime", "-m", "mockrawio", "--help"]
    done = subprocess.run(times, capture_output=True, text=True, check=True)
    assert "Usage: mockrawio" in done.stdout
    assert "neo.rawio" not in done.stderr


def test_units_without_waveforms(handmade: Handmade) -> None:
    """With load_waveforms=True those that have waveforms get them, the others stay without."""
    handmade.unit("CSC1_SU1")
    path = handmade.unit("CSC2_SU1")
    np.save(path, {"spike_times": T0 + np.array([1.0, 2.0])}, allow_pickle=True)
    (segment,) = MockSessionIO(handmade.folder).read_block(load_waveforms=True).segments
    assert [None if t.waveforms is None else t.waveforms.shape for t in segment.spiketrains] == [(3, 1, 64), None]
