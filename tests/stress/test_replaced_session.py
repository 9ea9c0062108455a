"""A session that is replaced under a reader: everything it serves is of one session, or it is an error."""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.formats.npy_out import array_file, dict_file
from mockrawio.rawio import open_session as opened_session
from mockrawio.session.writer import SessionWriter
from tests.handmade import T0, Handmade

LABEL = "1_tomas_p1_20220701_character.npy"


def marked(folder: Path, mark: int, n_units: int = 2) -> Handmade:
    """Write a session of every kind of file, with `mark` in all of them."""
    made = Handmade(folder)
    made.info(patient_id=mark)
    made.names([f"LA{mark}"] * 4)
    for channel in (1, 2):
        made.lfp(channel, np.full(500, mark, np.int16), gain=float(mark))
    for k in range(n_units):
        made.unit(f"CSC{k + 1}_SU1", T0 + np.array([10.0, 20.0, 300.0 + mark]), np.full((3, 64), mark, np.int16))
    made.events([[T0 + 5.0, mark]])
    made.daq([f"{mark}\t0\t{T0 + 10}\t{T0 + 14}"])
    made.watchlog([f"pts\t0.{mark}\ttime\t{T0 + 50}", f"pts\t1.{mark}\ttime\t{T0 + 1050}"])
    made.stream(samples=np.full((1600, 3), mark, np.int16), gain=[float(mark)] * 3)
    return made


def label(folder: Path, mark: int) -> None:
    """Write an annotation whose value is `mark`."""
    folder.mkdir(exist_ok=True)
    np.save(folder / LABEL, np.array([[float(mark)], [0.3], [0.9]]))


def kinds(reader: MockSessionRawIO) -> dict[str, Callable[[], Any]]:
    """Return, for each kind of file, what reads the marks in it."""
    events = {
        name: lambda k=k: [int(text.split(".")[-1]) for text in reader.get_event_timestamps(0, 0, k)[2]]
        for k, name in enumerate(reader.header["event_channels"]["name"].tolist())
        if name != "movie_pauses"
    }
    return {
        "lfp": lambda: reader.get_analogsignal_chunk(stream_index=0),
        "stream": lambda: reader.get_analogsignal_chunk(stream_index=1),
        "spikes": lambda: reader.get_spike_timestamps(0, 0, 0)[2:] - T0 - 300,
        "waveforms": lambda: reader.get_spike_raw_waveforms(0, 0, 1),
        "header": lambda: reader.header["signal_channels"]["gain"],
        "names": lambda: [int(reader.header["signal_channels"]["name"][0][2:])],
        "info": lambda: [reader.raw_annotations["blocks"][0]["patient_id"]],
        **events,
    }


def swap(folder: Path, new: Path) -> None:
    """Replace a folder as a writer does: one is renamed away, the other onto its place."""
    folder.rename(folder.with_name("old"))
    new.rename(folder)


@pytest.mark.parametrize("removed", [False, True])
def test_replaced_after_the_header(removed: bool, tmp_path: Path) -> None:
    """Whatever is first read after the session was replaced is an error that says so, whose remedy works."""
    marked(tmp_path / "session_1", 1)
    marked(tmp_path / "new", 2)
    if removed:  # the new session lacks the files that are opened late
        for folder in ("event_file", "daq_files", "watchlogs"):
            shutil.rmtree(tmp_path / "new" / folder)
    label(tmp_path / "labels", 1)
    reader = MockSessionRawIO(tmp_path / "session_1", labels_dir=None if removed else tmp_path / "labels")
    reader.parse_header()
    swap(tmp_path / "session_1", tmp_path / "new")
    (tmp_path / "labels" / LABEL).unlink()
    label(tmp_path / "labels", 2)
    for name, read in kinds(reader).items():
        if name in ("header", "names", "info"):
            assert set(np.ravel(read())) == {1}
            continue
        with pytest.raises(MockSessionError, match=r"session is replaced. Call parse_header\(\) again") as caught:
            read()
        assert ("labels" if "tomas" in name else "session_1") in caught.value.subject
    reader.parse_header()
    assert {mark for read in kinds(reader).values() for mark in np.ravel(read())} == {2}


def test_replaced_after_it_was_read(tmp_path: Path) -> None:
    """What was read before the session was replaced is served as it was."""
    marked(tmp_path / "session_1", 1)
    marked(tmp_path / "new", 2)
    with MockSessionRawIO(tmp_path / "session_1") as reader:
        for read in kinds(reader).values():
            read()
        swap(tmp_path / "session_1", tmp_path / "new")
        assert {mark for read in kinds(reader).values() for mark in np.ravel(read())} == {1}


OPENED = ["open_channel_names", "open_info", "open_lfp", "open_unit", "open_stream", "OpenUnits", "common_cuts"]


@pytest.mark.parametrize("before", OPENED)
@pytest.mark.parametrize("mix", ["one like it", "one that does not fit"])
def test_replaced_while_the_header_is_read(
    mix: str, before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever file the session is replaced, parse_header() says so, and not what the mixture looks like."""
    marked(tmp_path / "session_1", 1)
    new = marked(tmp_path / "new", 2)
    if mix == "one that does not fit":
        shutil.rmtree(tmp_path / "new" / "spiking_data")
        later = T0 + 9_000_000
        new.stream(samples=np.full((1600, 4), 2, np.int16), segments=[{"t_start_ms": later, "n_samples": 1600}])
        for channel in (1, 2):
            new.lfp(channel, np.full(500, 2, np.int16), later + np.arange(500), gain=2.0)
    real, calls = getattr(opened_session, before), []

    def swapped(*arguments: Any, **more: Any) -> Any:
        if not calls:
            swap(tmp_path / "session_1", tmp_path / "new")
        calls.append(arguments)
        return real(*arguments, **more)

    monkeypatch.setattr(opened_session, before, swapped)
    reader = MockSessionRawIO(tmp_path / "session_1")
    with pytest.raises(MockSessionError, match=r"another in its place: it was replaced. Call parse_header\(\) again"):
        reader.parse_header()
    assert calls
    reader.parse_header()
    assert set(reader.get_analogsignal_chunk(stream_index=0).ravel()) == {2}


@pytest.mark.parametrize("before", ["open_lfp", "common_cuts"])
def test_one_file_replaced_while_the_header_is_read(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single file that becomes another while the rest is opened is an error that names it."""
    made = marked(tmp_path / "session_1", 1)
    real = getattr(opened_session, before)

    def replaced(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(opened_session, before, real)
        made.daq([f"7\t0\t{T0 + 10}\t{T0 + 14}"])
        return real(*arguments, **more)

    monkeypatch.setattr(opened_session, before, replaced)
    with pytest.raises(MockSessionError, match=r"timedDAQ.*has changed since.*Call parse_header\(\) again"):
        MockSessionRawIO(tmp_path / "session_1").parse_header()


def write(folder: Path, mark: int) -> None:
    """Write a session by the package's own writer, in place of the one that is there."""
    with SessionWriter(folder, overwrite=True) as writer:
        info = {"patient_id": mark, "session_nr": 1, "date": "2022-07-01", "time": "02-41-18"}
        writer.write("session_info.npy", dict_file(info))
        writer.write("ChannelNames.txt", [f"LA{mark}.ncs\n".encode() * 4])
        samples, ts = np.full(500, mark, np.int16), T0 + np.arange(500)
        for channel in range(1, 5):
            lfp = {"ts": ts, "samples": samples, "gain": float(mark)}
            writer.write(f"lfp_data/CSC{channel}_lfp.npy", dict_file(lfp))
        unit = {"spike_times": T0 + np.array([1.0, 2.0, 300.0 + mark]), "spike_amps": np.full((3, 64), mark, np.int16)}
        for channel in range(1, 3 + mark % 2):
            writer.write(f"spiking_data/CSC{channel}_SU1.npy", dict_file({**unit, "gain": 1.0}))
        writer.write("event_file/Events.npy", array_file(np.array([[T0 + 5.0, mark]])))


@pytest.fixture
def replaced_over_and_over(tmp_path: Path) -> Iterator[Path]:
    """A session that another thread goes on replacing."""
    folder, done, mark = tmp_path / "session_1", threading.Event(), 1
    write(folder, mark)

    def replace() -> None:
        for number in range(2, 10_000):
            if done.is_set():
                return
            write(folder, number % 100 + 1)

    thread = threading.Thread(target=replace)
    thread.start()
    yield folder
    done.set()
    thread.join()


def test_a_race_with_a_writer(replaced_over_and_over: Path) -> None:
    """While a writer replaces the session, whatever a reader serves is of one session, and the rest is an error."""
    outcomes: Counter[str] = Counter()
    for _ in range(150):
        try:
            reader = MockSessionRawIO(replaced_over_and_over)
            reader.parse_header()
        except MockSessionError:
            outcomes["no header"] += 1
            continue
        found, errors = set(), 0
        for name, read in kinds(reader).items():
            try:
                found |= {int(mark) for mark in np.ravel(read())} if name != "stream" else set()
            except MockSessionError:
                errors += 1
        assert len(found) == 1, found
        assert len(reader.header["spike_channels"]) == 2 + found.pop() % 2
        outcomes["some errors" if errors else "whole"] += 1
        reader.close()
    assert outcomes["whole"], outcomes


def as_it_was(path: Path, write_new: Callable[[], object]) -> None:
    """Put another file in a file's place that has its size and modification time, as ``cp -p`` may."""
    before = path.stat()
    path.unlink()
    write_new()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_a_cache_and_a_file_of_the_same_size_and_time(handmade: Handmade, tmp_path: Path) -> None:
    """A gain kept for one file is not that of another with its size and modification time."""

    def peak() -> float:
        with MockSessionRawIO(handmade.folder, use_cache=True, cache_path=str(tmp_path)) as reader:
            return float(abs(reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk(), "float64")).max())

    path = handmade.lfp(samples=np.linspace(-100.0, 99.9, 500))
    assert peak() == pytest.approx(100.0)
    as_it_was(path, lambda: handmade.lfp(samples=np.linspace(-5000.0, 4999.0, 500)))
    assert peak() == pytest.approx(5000.0)


def test_a_reader_and_a_file_of_the_same_size_and_time(handmade: Handmade) -> None:
    """A file in the place of another, with its size and modification time, is not served as that one."""
    path = handmade.lfp(samples=np.full(500, 1, np.int16))
    events = handmade.events([[T0 + 5.0, 1]])
    with MockSessionRawIO(handmade.folder) as reader:
        as_it_was(path, lambda: handmade.lfp(samples=np.full(500, 2, np.int16)))
        as_it_was(events, lambda: handmade.events([[T0 + 5.0, 2]]))
        for read in (reader.get_analogsignal_chunk, reader.get_event_timestamps):
            with pytest.raises(MockSessionError, match="has changed since"):
                read()
        reader.parse_header()
        assert set(reader.get_analogsignal_chunk().ravel()) == {2}
        assert reader.get_event_timestamps()[2].tolist() == ["2"]
