"""Files of a session that are refused: what the error says is done to them, and the session is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec, generate_session
from mockrawio.rasters import session_raster
from mockrawio.session.manifest import read_manifest
from mockrawio.testing import assert_rawio_compliant
from tests.handmade import T0, Handmade, save_dict

Do = Callable[[Handmade], object]
UNIT, LFP = "spiking_data/CSC1_SU1.npy", "lfp_data/CSC1_lfp.npy"
RAMP = np.arange(500, dtype=np.int16)
REWRITE, LINE = "Write the file again, or restore it from a copy.", "Repair or remove that line."
STREAM, STAMPS = "Repair the description, or write the stream again.", "Repair the stamps."


class Case(NamedTuple):
    """How a file is spoiled, what the error says, and how that is done."""

    name: str
    spoil: Do
    remedy: str
    mend: Do
    options: dict[str, Any] = {}  # noqa: RUF012  # a NamedTuple's default, never changed


def read(folder, **options):
    """Read all of a session."""
    with MockSessionRawIO(folder, **options) as reader:
        assert_rawio_compliant(reader)


def described(**changes):
    """Return what changes a stream's description; None takes a key away."""

    def change(handmade):
        path = handmade.folder / "raw_data" / "broadband.json"
        content = {**json.loads(path.read_text()), **changes}
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))

    return change


def put(name, content=b""):
    """Return what writes bytes or text to a file."""

    def write(handmade):
        path = handmade.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return write


def remove(name):
    """Return what takes a file away."""
    return lambda handmade: (handmade.folder / name).unlink()


def rename(one, other):
    """Return what renames a file."""
    return lambda handmade: (handmade.folder / one).rename(handmade.folder / other)


def dict_without(name, key, make):
    """Return what leaves a key out of a file's dict."""

    def write(handmade):
        path = make(handmade)
        values = np.load(path, allow_pickle=True).item()
        del values[key]
        save_dict(path, values)

    return write


def link(name, target):
    """Return what puts a link in a file's place."""

    def make(handmade):
        (handmade.folder / name).unlink(missing_ok=True)
        os.symlink(target, handmade.folder / name)

    return make


def stamps(change):
    """Return what writes LFP whose stamps are changed."""
    return lambda handmade: handmade.lfp(1, RAMP, change(T0 + np.arange(500)))


def link_out(handmade):
    """Move a file out of the session, and leave a link to it."""
    target = handmade.folder.parent / "elsewhere.npy"
    (handmade.folder / UNIT).rename(target)
    link(UNIT, target)(handmade)


def unlinked(name, make, *more):
    """Return what puts a file in a link's place."""

    def change(handmade):
        (handmade.folder / name).unlink()
        make(handmade, *more)

    return change


def file_for_folder(handmade):
    """Put a file where the folder of the LFP should be."""
    (handmade.folder / "lfp_data").rename(handmade.folder.parent / "lfp_data")
    put("lfp_data")(handmade)


lfp, unit, stream = Handmade.lfp, Handmade.unit, Handmade.stream
DAQ = "daq_files/timedDAQ-log-2022-07-01_02-41-18.log"
WATCH = "watchlogs/ffplay-watchlog-2022-07-01_02-41-18.log"
BACK = np.r_[0:100, 99:499]  # one stamp twice
CASES = [
    Case("an empty unit", put(UNIT), REWRITE, unit, {"strict": True}),
    Case("text for a unit", put(UNIT, "spikes"), REWRITE, unit),
    Case("a cut unit", lambda h: put(UNIT, unit(h).read_bytes()[:400])(h), "Write it with numpy.save", unit),
    Case("an array for a dict", lambda h: np.save(h.folder / UNIT, np.arange(3)), REWRITE, unit),
    Case("a unit without times", dict_without(UNIT, "spike_times", unit), REWRITE, unit),
    Case("fewer amps than times", lambda h: unit(h, amps=np.zeros((1, 64), "int16")), REWRITE, unit),
    Case("text in a gain", lambda h: unit(h, gain="much"), REWRITE, unit),
    Case("units of a unit", lambda h: unit(h, units=""), REWRITE, unit),
    Case("lfp without ts", dict_without(LFP, "ts", lfp), REWRITE, lfp),
    Case("more samples than stamps", lambda h: lfp(h, 1, RAMP, T0 + np.arange(400)), REWRITE, lfp),
    Case("lfp in two dimensions", lambda h: lfp(h, 1, RAMP.reshape(2, 250), T0 + np.arange(2)), REWRITE, lfp),
    Case("lfp of text", lambda h: lfp(h, 1, np.array(["a"] * 500)), "", lfp),
    Case("nan stamps", stamps(lambda ts: np.where(ts == T0, np.nan, ts)), STAMPS, lfp),
    Case("stamps that are too large", stamps(lambda ts: ts + 2.0**62), STAMPS, lfp),
    Case("stamps backwards", stamps(lambda ts: ts[::-1]), "Sort the stamps, and what belongs to them", lfp),
    Case(
        "a stamp twice",
        lambda h: lfp(h, 1, RAMP, (T0 + np.arange(500))[BACK]),
        "Leave out samples whose stamp was there before.",
        lambda h: lfp(h, 1, RAMP[np.unique(BACK, return_index=True)[1]], T0 + np.unique(BACK)),
    ),
    Case(
        "samples out of order",
        lambda h: lfp(h, 1, RAMP, T0 + np.r_[0:400, 450:500, 400:450]),
        "Sort the samples by their stamps.",
        lfp,
    ),
    Case(
        "samples out of order, in the middle",
        lambda h: lfp(h, 1, RAMP, T0 + np.r_[0:200, 300:400, 200:300, 400:500]),
        "or correct the stamps.",
        lfp,
        {"strict": True},
    ),
    Case(
        "stamps of another rate",
        lambda h: lfp(h, 1, RAMP, T0 + 2 * np.arange(500)),
        "Put the true rate in the dict as 'sampling_rate', in Hz",
        lambda h: lfp(h, 1, RAMP, T0 + 2 * np.arange(500), sampling_rate=500.0),
    ),
    Case(
        "samples that are not finite",
        lambda h: lfp(h, 1, np.where(RAMP == 9, np.nan, RAMP * 0.5)),
        "Repair it, or read with raw_dtype='source'.",
        lambda h: lfp(h, 1, RAMP * 0.5),
    ),
    Case(
        "unit twice",
        lambda h: unit(h, "CSC01_SU1"),
        "Rename or move one of them.",
        remove("spiking_data/CSC01_SU1.npy"),
    ),
    Case("lfp twice", lambda h: lfp(h, "01"), "Rename or move one of them.", remove("lfp_data/CSC01_lfp.npy")),
    Case(
        "two watchlogs",
        lambda h: h.watchlog(stamp="2022-07-02_00-00-00"),
        "Keep the one that belongs to it.",
        remove("watchlogs/ffplay-watchlog-2022-07-02_00-00-00.log"),
    ),
    Case(
        "two daq logs",
        lambda h: h.daq(stamp="2022-07-02_00-00-00"),
        "Keep the one that belongs to it.",
        remove("daq_files/timedDAQ-log-2022-07-02_00-00-00.log"),
    ),
    Case("a line of daq", lambda h: h.daq(["1\t0\tten\t11"]), LINE, Handmade.daq),
    Case("a short line of daq", lambda h: h.daq(["1\t0"]), LINE, Handmade.daq),
    Case("daq without a header", put(DAQ, f"1\t0\t{T0}\t{T0}\n"), "", Handmade.daq),
    Case("a line of the watchlog", lambda h: h.watchlog(["pts\tone\ttime\ttwo"]), LINE, Handmade.watchlog),
    Case("a watchlog without a movie", put(WATCH, f"pts\t0.04\ttime\t{T0}\n"), "Add it.", Handmade.watchlog),
    Case("events of three columns", lambda h: h.events(np.zeros((2, 3))), REWRITE, Handmade.events),
    Case("events without a time", lambda h: h.events([[np.nan, 1]]), "Repair the row.", Handmade.events),
    Case("info without a patient", dict_without("", "patient_id", Handmade.info), REWRITE, Handmade.info),
    Case("info of a text", lambda h: h.info(patient_id="four"), REWRITE, Handmade.info),
    Case("a date of no calendar", lambda h: h.info(date="2022-13-01"), REWRITE, Handmade.info),
    Case("a stream alone", remove("raw_data/broadband.json"), "Restore it, or move the stream away.", stream),
    Case("no description", put("raw_data/broadband.json", "{"), STREAM, stream),
    Case("a list for a description", put("raw_data/broadband.json", "[]"), STREAM, stream),
    Case("a stream without a rate", described(sampling_rate=None), STREAM, stream),
    Case("a stream's rate of 0", described(sampling_rate=0), STREAM, stream),
    Case("a stream's gains", described(gain=[1.0]), STREAM, stream),
    Case("a stream's units", described(units=3), STREAM, stream),
    Case("a stream's channels", described(channels={"ids": ["a"], "names": ["b"]}), STREAM, stream),
    Case("a stream's segments", described(segments=[{"t_start_ms": T0, "n_samples": 7}]), STREAM, stream),
    Case("a stream's time", described(segments=[{"t_start_ms": 5, "n_samples": 1600}]), STREAM, stream),
    Case("a stream's places", described(locations=[[0, 1]]), STREAM, stream),
    Case("a stream's probe", described(probe={"probes": [{"ndim": 2}]}), STREAM, stream),
    Case(
        "a stream of floats",
        lambda h: np.save(h.folder / "raw_data/broadband.npy", np.zeros((1600, 3))),
        "Write the stream again.",
        stream,
    ),
    Case("a file for a folder", file_for_folder, "Move it away.", remove("lfp_data")),
    Case(
        "a link to nothing",
        link("lfp_data/CSC2_lfp.npy", "nothing"),
        "Restore it.",
        unlinked("lfp_data/CSC2_lfp.npy", lfp, 2),
    ),
    Case("a link out", link_out, "Copy what it leads to, or read with follow_symlinks=True.", unlinked(UNIT, unit)),
    Case(
        "an odd name of a unit",
        rename(UNIT, "spiking_data/unit.npy"),
        "Rename the file, or move it away.",
        rename("spiking_data/unit.npy", UNIT),
        {"strict": True},
    ),
    Case(
        "annotations that are not there",
        lambda h: None,
        "Give the folder that holds them as labels_dir=.",
        lambda h: None,
        {"labels_dir": "/nothing"},
    ),
    Case(
        "annotations without a watchlog",
        remove(WATCH),
        "Read without labels_dir=.",
        lambda h: None,
        {"labels_dir": "/nothing"},
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file(handmade, case):
    """What the error says is done, and the session is read."""
    handmade.all()
    if case.mend is stream:
        handmade.stream()
    case.spoil(handmade)
    with pytest.raises(MockSessionError) as caught:
        read(handmade.folder, **case.options)
    assert case.remedy in caught.value.remedy
    case.mend(handmade)
    read(handmade.folder)


@pytest.mark.filterwarnings("ignore")
def test_a_link_is_followed_where_asked(handmade):
    """A link out of the session is read with follow_symlinks=True, as the error says."""
    handmade.all()
    link_out(handmade)
    read(handmade.folder, follow_symlinks=True)


@pytest.mark.filterwarnings("ignore")
def test_source_samples_that_are_not_finite(handmade):
    """Samples that are not finite are read with raw_dtype='source', as the error says."""
    handmade.all()
    lfp(handmade, 1, np.where(RAMP == 9, np.nan, RAMP * 0.5))
    read(handmade.folder, raw_dtype="source")


def test_the_folder_itself(tmp_path):
    """The error for a folder above the session names the session, which is read."""
    folder = generate_session(SessionSpec.tiny(seed=0), tmp_path)
    for path in (tmp_path, folder.parent, folder.parents[1]):
        with pytest.raises(MockSessionError, match="Did you mean") as caught:
            read(path)
        read(caught.value.remedy.removeprefix("Did you mean ").removesuffix("?"))
    for path in (tmp_path / "nothing", folder / "session_info.npy"):
        with pytest.raises(MockSessionError, match="Give the folder session_<nr>."):
            read(path)


def test_a_reader_that_is_closed(handmade):
    """A reader that is closed, or was never open, reads after parse_header(), as the error says."""
    reader = MockSessionRawIO(handmade.all())
    for _ in range(2):
        with pytest.raises(MockSessionError, match="parse_header"):
            reader.get_analogsignal_chunk(0, 0, 0, 10, stream_index=0)
        reader.parse_header()
        assert len(reader.get_analogsignal_chunk(0, 0, 0, 10, stream_index=0)) == 10
        reader.close()


def test_a_file_that_changed(handmade):
    """A file that was written anew is read after parse_header(), as the error says."""
    handmade.all()
    with MockSessionRawIO(handmade.folder) as reader:
        handmade.unit(times=T0 + np.arange(5.0))
        with pytest.raises(MockSessionError, match=r"Call parse_header\(\) again."):
            reader.get_spike_raw_waveforms(0, 0, 0)
        reader.parse_header()
        assert reader.get_spike_raw_waveforms(0, 0, 0).shape[0] == 5


def test_a_manifest(tmp_path):
    """A manifest that is none is named; without it the folder is checked by its structure."""
    folder = generate_session(SessionSpec.tiny(seed=0), tmp_path)
    path = folder / "session_manifest.json"
    for content in ("", "[]", '{"format": "other"}'):
        path.write_text(content)
        with pytest.raises(MockSessionError, match="Restore the manifest, or remove it"):
            read_manifest(path)
    path.unlink()
    read(folder)


def test_spikes_before_the_recording(handmade):
    """A spike before the first sample keeps a raster from being made; removed, as the error says, it does not."""
    handmade.lfp()
    handmade.unit(times=T0 + np.array([-5.0, 10.0]))
    try:
        session_raster(handmade.folder)
    except MockSessionError as error:
        assert "Remove" in error.remedy
    handmade.unit(times=T0 + np.array([10.0]))
    assert session_raster(handmade.folder).times_ms.tolist() == [10.0]
