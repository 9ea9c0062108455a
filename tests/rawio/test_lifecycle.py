"""Readers open, pickle, serve threads, close, and leave no file open."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import pickle
import re
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.formats.npy_out import Blocks, dict_file
from mockrawio.rawio import cache as cache_module
from tests.handmade import T0, Handmade
from tests.processes import fresh


def digest(reader: MockSessionRawIO, seed: int) -> list[float]:
    """Read chunks, spikes, waveforms and events at random places; return sums of what was read."""
    rng = np.random.default_rng(seed)
    sums = []
    size = reader.get_signal_size(0, 0)
    for _ in range(20):
        start = int(rng.integers(0, size - 100))
        unit = int(rng.integers(reader.unit_channels_count()))
        t_start = float(rng.uniform(0, 60))
        sums.append(int(reader.get_analogsignal_chunk(i_start=start, i_stop=start + 100).sum(dtype=np.int64)))
        sums.append(float(reader.get_spike_timestamps(0, 0, unit, t_start, t_start + 5).sum()))
        sums.append(int(reader.get_spike_raw_waveforms(0, 0, unit, t_start, None).sum(dtype=np.int64)))
        sums.append(float(reader.get_event_timestamps(0, 0, 1, t_start, None)[0].sum()))
    return sums


def test_pickle_carries_no_data(epiphyte: Path) -> None:
    """A reader pickles small, opened or not, and the copy reads the same."""
    reader = MockSessionRawIO(epiphyte)
    pickle.loads(pickle.dumps(reader)).parse_header()
    reader.parse_header()
    expected = digest(reader, 1)
    data = pickle.dumps(reader)
    assert len(data) < 60_000
    assert digest(pickle.loads(data), 1) == expected


@pytest.mark.slow
def test_processes(epiphyte: Path) -> None:
    """Two processes read one pickled reader and agree with this one."""
    context = multiprocessing.get_context(fresh())  # JAX, which other tests bring in, warns of a fork
    with MockSessionRawIO(epiphyte) as reader, ProcessPoolExecutor(2, context) as pool:
        seeds = range(4)
        found = list(pool.map(digest, [reader] * 4, seeds))
        assert found == [digest(reader, seed) for seed in seeds]


def test_threads(epiphyte: Path) -> None:
    """Eight threads on one reader, from its first use on, read what one thread reads."""
    with MockSessionRawIO(epiphyte) as alone:
        expected = [digest(alone, seed) for seed in range(16)]
    with MockSessionRawIO(epiphyte) as reader, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(digest, [reader] * 16, range(16))) == expected


@pytest.mark.slow
def test_close(epiphyte: Path) -> None:
    """After close() chunks read before stay valid, reading is an error, parse_header() opens again."""
    reader = MockSessionRawIO(epiphyte, raw_dtype="source")
    with pytest.raises(MockSessionError, match=r"has not been opened. Call parse_header\(\)"):
        reader.get_analogsignal_chunk()
    with reader:
        chunk = reader.get_analogsignal_chunk(i_stop=10)
    expected = chunk.copy()
    gc.collect()
    np.testing.assert_array_equal(chunk, expected)
    for method in (reader.get_analogsignal_chunk, reader.get_spike_timestamps, reader.get_event_timestamps):
        with pytest.raises(MockSessionError, match="is closed"):
            method()
    reader.close()
    reader.parse_header()
    np.testing.assert_array_equal(reader.get_analogsignal_chunk(i_stop=10), expected)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts handles in /proc")
def test_no_handle_is_left(epiphyte: Path) -> None:
    """Opening and closing many times leaves neither handles nor maps, errors included."""

    def count() -> tuple[int, int]:
        gc.collect()
        maps = Path("/proc/self/maps").read_text().count("session_1")
        return len(os.listdir("/proc/self/fd")), maps

    before = count()
    for _ in range(50):
        with MockSessionRawIO(epiphyte) as reader:
            digest(reader, 0)
            with pytest.raises(MockSessionError):
                reader.get_analogsignal_chunk(i_stop=-1)
    del reader
    assert count() == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts maps in /proc")
@pytest.mark.parametrize("matrix", [True, False])
def test_a_closed_reader_holds_no_map(matrix: bool, handmade: Handmade) -> None:
    """What is closed has no file mapped, though a view of its stream is kept: it can be replaced on any system."""
    if matrix:
        handmade.stream(samples=np.zeros((50, 2), np.int16))
    else:
        handmade.lfp(samples=np.zeros(50, np.int16))
    reader = MockSessionRawIO(handmade.folder)
    reader.parse_header()
    stream = reader.stream(0)
    values = stream.read(0).tolist()  # no view of the file
    assert str(handmade.folder) in Path("/proc/self/maps").read_text()
    reader.close()
    assert str(handmade.folder) not in Path("/proc/self/maps").read_text()
    assert not np.any(values)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts maps in /proc")
def test_a_closed_reader_holds_no_map_of_a_unit(handmade: Handmade) -> None:
    """The same for spikes and waveforms."""
    handmade.unit()
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.get_spike_raw_waveforms().sum() and reader.get_spike_timestamps().sum()
        assert str(handmade.folder) in Path("/proc/self/maps").read_text()
    assert str(handmade.folder) not in Path("/proc/self/maps").read_text()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts maps in /proc")
@pytest.mark.parametrize("strict", [False, True])
def test_a_header_leaves_no_map(strict: bool, handmade: Handmade) -> None:
    """What opening looks at, and where segments end, leaves no file mapped: a thousand channels would be a thousand."""
    handmade.all()
    for channel in (1, 2):
        handmade.lfp(channel, np.zeros(100, np.int16), T0 + np.r_[0:50, 90:140])
    with MockSessionRawIO(handmade.folder, strict=strict) as reader:
        assert str(handmade.folder) not in Path("/proc/self/maps").read_text()
        assert [reader.segment_t_stop(0, k) for k in (0, 1)] == [0.05, 0.3005]
        assert str(handmade.folder) not in Path("/proc/self/maps").read_text()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts maps in /proc")
def test_few_channels_stay_mapped(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a stream of more files than may be open at once, those beyond that are let go as soon as they are read."""
    monkeypatch.setattr("mockrawio.rawio.signals.FEW", 3)
    monkeypatch.setattr("mockrawio.rawio.signals.most_maps", lambda: 4)
    for channel in range(1, 7):
        handmade.lfp(channel, samples=np.full(50, channel, np.int16))
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.get_analogsignal_chunk()[0].tolist() == [1, 2, 3, 4, 5, 6]
        assert Path("/proc/self/maps").read_text().count(f"{handmade.folder}/lfp_data") == 4


def test_pickled_while_ends_are_worked_out(handmade: Handmade) -> None:
    """A session can be pickled while another thread works out where its segments end."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        session = reader._open

        class OtherThread:
            def __reduce__(self) -> tuple[type, tuple[()]]:
                assert session.bounds_ms
                return int, ()

        session._names = OtherThread()  # type: ignore[assignment]
        assert pickle.loads(pickle.dumps(session)).n_segments == session.n_segments


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.block_count(),
        lambda reader: reader.segment_count(0),
        lambda reader: reader.signal_streams_count(),
        lambda reader: reader.signal_channels_count(0),
        lambda reader: reader.spike_channels_count(),
        lambda reader: reader.unit_channels_count(),
        lambda reader: reader.event_channels_count(),
        lambda reader: reader.rescale_spike_timestamp(np.array([T0])),
        lambda reader: reader.rescale_event_timestamp(np.array([T0])),
    ],
)
def test_what_is_counted_needs_a_header(handmade: Handmade, ask: Callable[[MockSessionRawIO], object]) -> None:
    """Counts and times asked of a reader before its header is parsed are an error that says what to do."""
    handmade.all()
    reader = MockSessionRawIO(handmade.folder)
    with pytest.raises(MockSessionError, match=r"has not been opened. Call parse_header\(\)"):
        ask(reader)
    with reader:
        ask(reader)


def test_header_costs_neither_memory_nor_reads(tmp_path: Path) -> None:
    """parse_header() of an int16 LFP 100 times as long takes the same memory, a few kB."""
    peaks = []
    for minutes in (1, 100):
        count = minutes * 60_000
        folder = tmp_path / str(minutes)
        (folder / "lfp_data").mkdir(parents=True)
        starts = range(0, count, 60_000)
        ts = Blocks("<i8", (count,), (T0 + np.arange(k, k + 60_000) for k in starts))
        samples = Blocks("<i2", (count,), (np.zeros(60_000, np.int16) for _ in starts))
        with open(folder / "lfp_data" / "CSC1_lfp.npy", "wb") as file:
            file.writelines(dict_file({"ts": ts, "samples": samples, "gain": 1.0}))
        reader = MockSessionRawIO(folder)
        tracemalloc.start()
        reader.parse_header()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert reader.get_signal_size(0, 0) == count
    assert peaks[1] < 1.1 * peaks[0] + 10_000
    assert peaks[1] < 1_000_000


def test_files_that_shrink_are_an_error(handmade: Handmade) -> None:
    """A file cut between parse_header() and the first read is an error, not a crash."""
    path = handmade.lfp()
    handmade.unit()
    reader = MockSessionRawIO(handmade.folder)
    reader.parse_header()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(MockSessionError, match="as when it was opened; found 100 bytes"):
        reader.get_analogsignal_chunk()


@pytest.mark.parametrize("n", [1, 2])
def test_a_channel_that_shrinks_once_it_is_read(n: int, handmade: Handmade) -> None:
    """A file cut while it is mapped is an error, and no end of the process; the others are read on."""
    paths = [handmade.lfp(channel) for channel in range(1, n + 1)]
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.get_analogsignal_chunk(i_start=499).tolist() == [[499] * n]
        with open(paths[-1], "r+b") as file:
            file.truncate(100)
        with pytest.raises(MockSessionError, match=f"CSC{n}_lfp.npy.*as when it was opened; found 100 bytes"):
            reader.get_analogsignal_chunk(i_start=499)
        if n > 1:
            assert reader.get_analogsignal_chunk(i_start=498, channel_indexes=[0]).tolist() == [[498], [499]]


@pytest.mark.parametrize("place", ["home", "same_as_resource", "a folder"])
def test_cache_remembers_gains(place: str, handmade: Handmade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With use_cache=True a second opening reads no data, unless a file has changed since."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache_path = str(tmp_path) if place == "a folder" else place
    path = handmade.lfp(samples=np.array([1.0, -3.0]))
    handmade.unit(amps=np.full((3, 64), 2.0))
    before = sorted(handmade.folder.rglob("*"))

    def gains() -> list[float]:
        with MockSessionRawIO(handmade.folder, use_cache=True, cache_path=cache_path) as reader:
            assert reader.get_analogsignal_chunk().tolist() in ([[10922], [-32767]], [[5461], [-32767]])
            return [*reader.header["signal_channels"]["gain"], *reader.header["spike_channels"]["wf_gain"]]

    first = gains()
    assert first == [3 / 32767, 2 / 32767]
    passes = []
    full = cache_module.count_size
    monkeypatch.setattr(cache_module, "count_size", lambda source: passes.append(source) or full(source))
    assert gains() == first
    assert not passes
    handmade.lfp(samples=np.array([1.0, -6.0]))
    os.utime(path, ns=(1, 1))
    assert gains() == [6 / 32767, 2 / 32767]
    assert len(passes) == 1
    assert sorted(handmade.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"counts": 5}',
        '{"counts": {"x": [1]}}',
        "\x80\x04.",
        -1.0,
        -0.5,
        0.0,
        float("nan"),
        float("inf"),
    ],
)
def test_damaged_cache_is_made_again(content: str | float, handmade: Handmade, tmp_path: Path) -> None:
    """A cache that cannot be read, or was tampered with, is as none."""
    handmade.lfp(samples=np.array([1.0, -3.0]))
    reader = MockSessionRawIO(handmade.folder, use_cache=True, cache_path=str(tmp_path))
    reader.parse_header()
    cache = Path(reader.cache_filename)
    stored = json.loads(cache.read_text())
    (path,) = stored["counts"]
    if not isinstance(content, str):
        content = json.dumps({"counts": {path: [*stored["counts"][path][:-1], content]}})
    cache.write_text(content)
    reader = MockSessionRawIO(handmade.folder, use_cache=True, cache_path=str(tmp_path))
    reader.parse_header()
    assert reader.header["signal_channels"]["gain"][0] == 3 / 32767


def test_where_a_cache_lies(handmade: Handmade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the user's cache, beside the session, or in a folder; called as the session, and by a sum of its place."""
    monkeypatch.setenv("HOME", str(tmp_path))
    places = {"same_as_resource": handmade.folder.parent, str(tmp_path): tmp_path}
    for xdg, home in ((str(tmp_path / "x"), tmp_path / "x"), ("", tmp_path / ".cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", xdg)
        for how, place in {**places, "home": home / "mockrawio"}.items():
            found = cache_module.cache_file(str(handmade.folder), how)
            assert found.parent == place
            assert re.fullmatch(r"session_2-[0-9a-f]{16}\.cache\.json", found.name)
    assert cache_module.cache_file("http://host/session_1", "home").parent == tmp_path / ".cache" / "mockrawio"
    with pytest.raises(MockSessionError, match="expected 'home' or a folder; found http://host/session_1, an address"):
        cache_module.cache_file("http://host/session_1", "same_as_resource")


def test_a_cache_is_written_when_it_has_grown(handmade: Handmade, tmp_path: Path) -> None:
    """An opening that finds all in the cache leaves the file as it is; more may be kept in it, as far as JSON goes."""
    handmade.lfp(samples=np.array([1.0, -3.0]))
    how = {"use_cache": True, "cache_path": str(tmp_path)}
    reader = MockSessionRawIO(handmade.folder, **how)
    reader.parse_header()
    path = Path(reader.cache_filename)
    before = path.stat().st_ino  # another one once it is written again
    again = MockSessionRawIO(handmade.folder, **how)
    again.parse_header()
    assert path.stat().st_ino == before
    again.add_in_cache(note=[1, "a"])
    assert path.stat().st_ino != before
    assert json.loads(path.read_text())["note"] == [1, "a"]
    with pytest.raises(MockSessionError, match="add_in_cache: expected values that JSON has"):
        again.add_in_cache(array=np.zeros(3))
    without = MockSessionRawIO(handmade.folder)
    without.parse_header()
    with pytest.raises(MockSessionError, match="a reader with a cache; found one without"):
        without.dump_cache()


def test_a_cache_that_cannot_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and no error."""
    (tmp_path / "file").touch()
    cache_module.save(tmp_path / "file" / "x.cache.json", {"counts": {}})
    assert [record.getMessage().partition(": ")[0] for record in caplog.records] == ["the cache could not be written"]


def test_cache_place_that_is_not_there(handmade: Handmade, tmp_path: Path) -> None:
    """A cache_path that is no folder is an error, as in Neo."""
    handmade.lfp()
    with pytest.raises(ValueError, match="cache_path"):
        MockSessionRawIO(handmade.folder, use_cache=True, cache_path=str(tmp_path / "absent"))


@pytest.mark.slow
def test_import_is_light() -> None:
    """Importing the package brings in neither a CLI nor a plotting library nor the generators."""
    import subprocess

    code = "import neo, sys; before = set(sys.modules); import mockrawio; print(*(set(sys.modules) - before))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"click", "tqdm", "matplotlib", "spikeinterface", "mockrawio.generate"} & set(modules)


def test_threads_with_more_units_than_open_maps(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that one thread lets go of while another is about to use it does not spoil what is read."""
    monkeypatch.setattr("mockrawio.rawio.spikes.OPEN_MAPS", 1)
    for k in range(12):
        handmade.unit(f"CSC{k + 1}_SU1", times=T0 + 1000.0 * k + np.arange(50.0))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with MockSessionRawIO(handmade.folder) as reader, ThreadPoolExecutor(6) as pool:

            def wrong(seed: int) -> int:
                units = np.random.default_rng(seed).integers(0, 12, 1500).tolist()
                return sum(reader.get_spike_timestamps(0, 0, k)[0] != T0 + 1000.0 * k for k in units)

            assert sum(pool.map(wrong, range(6))) == 0
    finally:
        sys.setswitchinterval(interval)


def test_no_cache_in_the_session(handmade: Handmade) -> None:
    """Nothing is written below the session folder, also when that is asked for."""
    handmade.lfp()
    for place in (handmade.folder, handmade.folder / "lfp_data"):
        with pytest.raises(MockSessionError, match="outside the session"):
            MockSessionRawIO(handmade.folder, use_cache=True, cache_path=str(place))


def test_cache_written_by_many_threads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Readers of one process that save a cache at the same time do not take each other's file away."""
    path = tmp_path / "below" / "s.cache.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: cache_module.save(path, {"counts": {"x" * 5000: [k, k, 1.0]}}), range(200)))
    assert not caplog.records
    assert list(cache_module.load(path)["counts"]) == ["x" * 5000]
    assert [p.name for p in path.parent.iterdir()] == [path.name]
