"""Arguments that are refused: what the error says is followed, and the call then goes through."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

from mockrawio import (
    GenerateData,
    MockSessionError,
    MockSessionIO,
    MockSessionRawIO,
    SessionSpec,
    generate_annotations,
    generate_session,
    truth,
)
from mockrawio.device import stream_scaled, waveforms_to_device, zoom
from mockrawio.generate import (
    Acquisition,
    Classes,
    EpiphyteUnits,
    FarUnits,
    Hum,
    LogNormal,
    Nested,
    Pink,
    Rhythm,
    Sine,
    Spatial,
    Uniform,
    Units,
    White,
)
from mockrawio.hybrid import Probe, hybrid_from_session, load_sorting, open_raw
from mockrawio.hybrid.templates import compare_templates, shift_template
from mockrawio.interop.corpus import generate_corpus
from mockrawio.interop.dask import to_dask_array, to_xarray
from mockrawio.interop.probe import session_probe
from mockrawio.interop.spikeinterface import MockSessionSortingExtractor, read_mocksession
from mockrawio.rasters import (
    FunctionalGroup,
    Raster,
    RasterSpec,
    SonataWriter,
    make_noise,
    make_save_spikes,
    minmax,
    poisson_raster,
    read_sonata,
    shift_exc_noise,
    write_sonata,
    write_spikes_csv,
    zscore,
)
from mockrawio.report.envelopes import envelope
from mockrawio.report.spiking import isi, unit_index

CHANGE = "Give "


class Case(NamedTuple):
    """A call, what it is given rightly and wrongly, and what the error says to do: that makes the one the other."""

    call: Callable[..., Any]
    right: dict[str, Any]
    wrong: dict[str, Any]
    remedy: str = CHANGE

    @property
    def name(self) -> str:
        """What the case is called."""
        call = getattr(self.call, "__name__", "") or getattr(getattr(self.call, "func", None), "__name__", "")
        return f"{call} {str(self.wrong)[:40]}"


def check(case: Case) -> None:
    """Check that the wrong call says what to do, and that the right one, which does it, goes through."""
    with pytest.raises(MockSessionError) as caught:
        finish(case.call(**{**case.right, **case.wrong}))
    meant = case.remedy == CHANGE and caught.value.remedy.startswith("Did you mean")
    assert meant or case.remedy in caught.value.remedy, case.name
    followed = {name: value for name, value in case.right.items() if value is not Ellipsis}
    finish(case.call(**followed))


def finish(result: Any) -> None:
    """Run what is lazy, and close what is open."""
    if hasattr(result, "__next__"):
        for _ in result:
            pass
    if hasattr(result, "close"):
        result.close()


def spec(**fields: Any) -> SessionSpec:
    """Return a spec that may differ in one field."""
    return SessionSpec(**{"duration_s": 10, "seed": 1, "n_channels": 4, "n_units": 2, **fields})


def raster(**fields: Any) -> Raster:
    """Return a raster that may differ in one field."""
    return Raster(**{"times_ms": [1.0, 2.0], "node_ids": [0, 1], "duration_ms": 3.0, **fields})


def made(**fields: Any) -> Any:
    """Return the truth about two seconds on two channels, with a stream."""
    return truth(SessionSpec.broadband(**{"duration_s": 2, "n_channels": 2, "n_units": None, "seed": 1, **fields}))


def layer(name: str) -> Any:
    """Return a layer of a loud unit's recording."""
    return truth(SessionSpec.broadband(duration_s=2, n_channels=2, n_units=1, seed=1)).layer(name)


TWO = SessionSpec(probe="linear", n_channels=2).contacts
SPEC = [
    Case(spec, {}, wrong, remedy)
    for wrong, remedy in [
        ({"patient_id": -1}, CHANGE),
        ({"session_nr": "2"}, CHANGE),
        ({"seed": -1}, CHANGE),
        ({"n_channels": 0}, CHANGE),
        ({"n_units": 1.5}, CHANGE),
        ({"n_lfp_channels": 9}, CHANGE),
        ({"n_events": -1}, CHANGE),
        ({"start_ms": 5}, CHANGE),
        ({"duration_s": 0.5}, CHANGE),
        ({"duration_s": 10.00001}, CHANGE),
        ({"gap_s": 0}, CHANGE),
        ({"field": (Rhythm(), Rhythm())}, "Give name= to one."),
        ({"field": Nested()}, "Add it, or remove the parts that it carries."),
        ({"field": (Sine(), Pink())}, "Leave it out."),
        ({"encoding": "int8"}, CHANGE),
        ({"movie_pauses": "yes"}, CHANGE),
        ({"rate_hz": (3, 1)}, CHANGE),
        ({"rate_hz": 200}, "Give lower rates or a shorter refractory_ms."),
        ({"snr": 5}, CHANGE),
        ({"probe": "utha"}, CHANGE),
        ({"sampling_rate": 30}, CHANGE),
        ({"noise": "white"}, CHANGE),
        ({"noise": Hum()}, "Give White() among them, or Units(amplitude_uV=...)."),
        ({"acquisition": 16}, CHANGE),
        ({"units": None}, CHANGE),
        ({"units": EpiphyteUnits(), "sampling_rate": 30_000}, "Leave it out, or give SessionSpec.units=Units(...)"),
        ({"segments": (4, 4)}, "Give only one of the two."),
        ({"duration_s": None, "segments": ()}, CHANGE),
        ({"duration_s": None, "segments": (0.25, 0.25)}, CHANGE),
        ({"stimulus_len": 60}, "Give a longer recording, or stimulus_len=None"),
        ({"channel_names": ("a", "b")}, "Give n_channels= to match."),
        ({"channel_names": ("a", "b", "c", "c")}, CHANGE),
        ({"channel_names": ("a", "b", "c", " ")}, CHANGE),
        ({"channel_names": "abcd"}, CHANGE),
        ({"spikes_sha256": "0" * 64}, CHANGE),
        ({"spikes": 3}, CHANGE),
    ]
] + [
    Case(spec, {"channel_names": ("a", "b"), "n_channels": 2, "n_lfp_channels": 1}, {"n_channels": 3}, "n_channels="),
    Case(spec, {"spikes": "a.h5", "n_units": None}, {"n_units": 7}, "Leave it out."),
    Case(spec, {"spikes": "a.h5", "n_units": None}, {"spikes_sha256": "abc"}, CHANGE),
    Case(SessionSpec.from_dict, {"values": {"seed": 1}}, {"values": {"seed": 1, "sede": 2}}, "Remove it."),
    Case(spec, {"spikes": "a.h5", "n_units": None}, {"rate_hz": 7}, "Leave it out."),
    Case(spec, {"units": EpiphyteUnits(), "n_units": None}, {"snr": (5, 9)}, "Leave it out."),
    Case(spec, {"probe": "tetrodes", "n_channels": 8}, {"n_channels": 9}, "Change it, or leave it out."),
    Case(spec, {"probe": TWO, "n_channels": None}, {"n_channels": 3}, "Leave it out."),
    Case(SessionSpec.broadband, {"duration_s": 10}, {"snr": (9, 1)}, CHANGE),
    Case(SessionSpec.broadband, {"difficulty": 5}, {"difficulty": 6}, CHANGE),
    Case(SessionSpec.broadband, {"difficulty": 2}, {"sampling_rate": None}, "Give sampling_rate, or leave it out."),
    Case(SessionSpec.broadband, {"sampling_rate": "100000/3"}, {"sampling_rate": 1e5 / 3}, CHANGE),
    Case(truth, {"source": SessionSpec.broadband().seeded()}, {"source": SessionSpec.broadband()}, "spec.seeded()"),
    Case(
        truth, {"source": SessionSpec.broadband(seed=1)}, {"source": SessionSpec(seed=1)}, "SessionSpec.broadband(...)"
    ),
    Case(spec, {"units": Units(2), "n_units": None}, {"units": Units(None)}, "Give it."),
    Case(layer, {"name": "spikes"}, {"name": "noise.pink"}, CHANGE),
]

PARTS = [
    Case(EpiphyteUnits, {}, {"refractory_ms": -1}),
    Case(
        partial(spec, n_units=None),
        {"units": EpiphyteUnits(3, spikes_per_unit=(1, 10))},
        {"units": EpiphyteUnits(3, spikes_per_unit=(1, 10**6))},
        "Give fewer spikes or a shorter refractory_ms.",
    ),
    Case(partial(Units, 3), {"rate_hz": 50}, {"rate_hz": 500}, "Give lower rates or a shorter refractory_ms."),
    Case(partial(Units, 3, rate_hz=300), {"refractory_ms": 1}, {"refractory_ms": 3}, "a shorter refractory_ms."),
    Case(made, {"units": Units(3)}, {"units": Units(2000)}, "Give fewer units"),
    Case(made, {"units": Units(60, min_distance_um=1)}, {"units": Units(60)}, "a smaller Units.min_distance_um"),
    Case(made, {"units": Units(60, distance_um=(5, 200))}, {"units": Units(60)}, "a wider Units.distance_um"),
    Case(made, {"noise": White()}, {"noise": White(0)}, "Give Units.amplitude_uV."),
    Case(
        made, {"noise": White(0), "units": Units(3, amplitude_uV=(50, 90))}, {"units": Units(3)}, "Give Units.amplitude"
    ),
    Case(White, {}, {"uV": -1}),
    Case(Spatial, {}, {"length_um": 0}),
    Case(Hum, {}, {"harmonics": 0}),
    Case(FarUnits, {}, {"n": -1}),
    Case(LogNormal, {}, {"sd": "wide"}),
    Case(Uniform, {"low": 1, "high": 2}, {"high": 0.5}),
    Case(Acquisition, {}, {"bits": 24}),
    Case(Classes, {}, {"broad": -1}),
]

RASTERS = [
    Case(raster, {}, {"times_ms": [-1.0, 2.0]}, "Remove these spikes."),
    Case(raster, {}, {"times_ms": [[1.0, 2.0]]}),
    Case(raster, {}, {"times_ms": ["a", "b"]}),
    Case(raster, {}, {"node_ids": [-1, 1]}, "Number units from 0."),
    Case(raster, {}, {"node_ids": [0.5, 1]}),
    Case(raster, {}, {"node_ids": [1]}),
    Case(raster().sorted_by, {"order": "id"}, {"order": "size"}),
    Case(raster(groups={"a": range(2)}).group, {"name": "a"}, {"name": "b"}, "Choose one of them."),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"duration_s": None}, "Give one."),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"rates": [np.nan]}, "Replace it."),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"rates": ["fast"]}),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"synchrony": 1.0}),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"synchrony": 0.5, "refractory_ms": 2}, "Choose one of"),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"refractory_ms": 300}, "Shorten it, or lower the rates."),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"seed": 1, "rng": np.random.default_rng(1)}, "Leave one"),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"seed": "one"}),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"rng": 3}),
    Case(poisson_raster, {"rates": [5.0], "duration_s": 1}, {"start_id": -1}),
    Case(
        poisson_raster,
        {"rates": [5.0, 5.0], "profile": np.ones(100)},
        {"profile": np.ones((3, 100))},
        "Give each unit its row, or all one.",
    ),
    Case(
        poisson_raster,
        {"rates": [5.0], "profile": np.ones(1000), "duration_s": 1.0},
        {"duration_s": 2.0},
        "Change it, or duration_s, or dt_ms.",
    ),
    Case(minmax, {"x": [1.0, 2.0]}, {"x": [1.0, 1.0]}, "Give numbers that differ"),
    Case(zscore, {"x": [1.0, 2.0]}, {"x": []}, "Give numbers that differ"),
    Case(make_noise, {"num_traces": 1}, {"num_traces": -1}),
    Case(shift_exc_noise, {"ts": [1.0, 5.0], "nid": [0, 1], "seconds": 1}, {"nid": [0]}),
    Case(shift_exc_noise, {"ts": [1.0, 5.0], "nid": [0, 1], "seconds": 1}, {"ts": [], "nid": []}, "Give more."),
    Case(FunctionalGroup, {"name": "a", "n_units": 2, "rate_hz": 3}, {"name": ""}),
    Case(FunctionalGroup, {"name": "a", "n_units": 2, "rate_hz": 3}, {"max_one_per_bin": 1}),
    Case(FunctionalGroup, {"name": "a", "n_units": 2, "rate_hz": 3}, {"profile": "loud"}),
    Case(
        FunctionalGroup,
        {"name": "a", "n_units": 2, "rate_hz": 3, "follows": "b"},
        {"profile": "noise"},
        "Leave one out.",
    ),
    Case(RasterSpec, {"groups": (FunctionalGroup("a", 2, 3),), "duration_s": 1}, {"groups": ()}),
    Case(RasterSpec, {"groups": (FunctionalGroup("a", 2, 3),), "duration_s": 1}, {"groups": ("a",)}),
    Case(
        RasterSpec,
        {"groups": (FunctionalGroup("a", 2, 3),), "duration_s": 1},
        {"groups": (FunctionalGroup("a", 2, 3),) * 2},
    ),
    Case(
        RasterSpec,
        {"groups": (FunctionalGroup("a", 2, 3), FunctionalGroup("b", 2, 3, follows="a")), "duration_s": 1},
        {"groups": (FunctionalGroup("b", 2, 3, follows="a"),)},
    ),
]

PLACES = np.array([[0.0, 0.0], [0.0, 20.0]])
PROBE = {"channel_map": [0, 1], "connected": [True, True], "channel_positions": PLACES}
TEMPLATE = np.array([[0.0, -3.0, 0.0], [0.0, 1.0, 0.0]])
HYBRID = [
    Case(Probe, PROBE, {"channel_map": [0, 2]}, "List unconnected and sync rows too, and count from 0."),
    Case(Probe, PROBE, {"channel_map": [0.5, 1]}),
    Case(Probe, PROBE, {"channel_map": [[0, 1], [2, 3]]}),
    Case(Probe, PROBE, {"channel_map": [[0], [1, 2]]}),
    Case(Probe, PROBE, {"connected": [1, 1]}, "Use dtype=bool."),
    Case(Probe, PROBE, {"connected": [True]}),
    Case(Probe, PROBE, {"channel_positions": PLACES[:1]}),
    Case(Probe, PROBE, {"channel_positions": PLACES * np.nan}, "Give the position, or mark the site"),
    Case(Probe, PROBE, {"name": 3}),
    Case(shift_template, {"template": TEMPLATE, "center": 1}, {"center": 7}),
    Case(shift_template, {"template": TEMPLATE, "center": 1}, {"template": TEMPLATE * 0}),
    Case(compare_templates, {"template": TEMPLATE, "others": TEMPLATE[None]}, {"how": "best"}),
    Case(compare_templates, {"template": TEMPLATE, "others": TEMPLATE[None]}, {"others": TEMPLATE}, "same settings"),
]


@pytest.mark.parametrize("case", SPEC + PARTS + RASTERS + HYBRID, ids=lambda case: case.name)
def test_values(case):
    """A value that is refused is named, and one that is as the error says is taken."""
    check(case)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A session of two segments, with a broadband stream."""
    fields = {"segments": (6.0, 4.0), "n_channels": 4, "n_units": 3, "seed": 2}
    return generate_session(SessionSpec.broadband(**fields), tmp_path_factory.mktemp("session"))


def reads(reader: MockSessionRawIO) -> list[Case]:
    """Return the cases of a reader."""
    chunk = reader.get_analogsignal_chunk
    of_chunk = {"block_index": 0, "seg_index": 0, "i_start": 0, "i_stop": 10, "stream_index": 0}
    raw = chunk(**of_chunk)
    scale = partial(reader.rescale_signal_raw_to_float, raw)
    float32 = {"dtype": "float32", "stream_index": 0}
    device = {"reader": reader, "stream_index": 0, "chunk_size": 100, "device": "cpu", "out": "numpy"}
    units = {"reader": reader, "device": "cpu", "out": "numpy"}
    view = {"reader": reader, "t_start": 0.0, "t_stop": 1.0, "width_px": 10, "device": "cpu"}
    array = {"reader": reader, "stream_index": 0, "seg_index": 0}
    return [
        Case(chunk, of_chunk, {"stream_index": None}, "Give 0 to 1."),
        Case(chunk, of_chunk, {"stream_index": 9}, "The header lists the signal streams."),
        Case(chunk, of_chunk, {"seg_index": 5}, "The header lists"),
        Case(chunk, of_chunk, {"seg_index": 0.5}, "The header lists"),
        Case(chunk, of_chunk, {"i_start": -1}, "Request samples of the segment."),
        Case(chunk, of_chunk, {"i_stop": 10**9}, "Request samples of the segment."),
        Case(chunk, of_chunk, {"i_stop": 3.5}, "Round them explicitly."),
        Case(chunk, of_chunk, {"channel_indexes": [99]}, "Request channels of the stream."),
        Case(chunk, of_chunk, {"channel_names": ["no"]}, "Choose one from header['signal_channels']."),
        Case(chunk, {**of_chunk, "channel_names": ["CH1"]}, {"channel_names": "CH1"}, "Give ['CH1']."),
        Case(scale, float32, {"out": np.empty((3, 1), "float32")}, "Give numpy.empty() of these"),
        Case(scale, {**float32, "out": np.empty(raw.shape, "float32")}, {"out": np.empty(raw.shape)}, "numpy.empty()"),
        Case(scale, float32, {"channel_indexes": [0, 0, 0]}, "Give the channels that the chunk was read with."),
        Case(stream_scaled, device, {"chunk_size": 0}, "Give a whole number."),
        Case(stream_scaled, device, {"depth": 0}, "Give 3, which keeps disk, bus and device busy."),
        Case(stream_scaled, {**device, "depth": 3}, {"readers": 0}, "Give 8"),
        Case(stream_scaled, device, {"device": "gpu"}, "Give one of them."),
        Case(stream_scaled, device, {"out": "lists"}, "Give one of them."),
        Case(stream_scaled, device, {"dtype": "int16"}, "Give one of them."),
        Case(stream_scaled, device, {"t_start": 3.0, "t_stop": 1.0}, "Leave one out for the segment's own."),
        Case(stream_scaled, device, {"device": "cpu", "out": "cupy"}, "Give one of them."),
        Case(waveforms_to_device, units, {"batch_size": 0}, "Give a whole number."),
        Case(waveforms_to_device, units, {"spike_channel_indexes": [99]}, "The header lists the units."),
        Case(zoom, view, {"width_px": 0}, "Request at least one pixel and a positive duration."),
        Case(to_dask_array, array, {"seg_index": None}, "Give 0 to 1."),
        Case(to_dask_array, array, {"scaled": True, "dtype": "int16"}, "Give 'float32'."),
        Case(to_xarray, array, {"times": "all"}, "Give one of them."),
        Case(
            envelope,
            {"reader": reader, "stream_index": 0, "seg_index": 0, "n_bins": 3},
            {"n_bins": 0},
            "Give n_bins=1 or more",
        ),
        Case(reader.get_spike_timestamps, {"spike_channel_index": 0}, {"spike_channel_index": 99}, "The header lists"),
        Case(reader.get_spike_timestamps, {"spike_channel_index": 0}, {"t_start": "early"}),
        Case(reader.get_event_timestamps, {"event_channel_index": 0}, {"event_channel_index": 99}, "The header lists"),
        Case(unit_index, {"reader": reader, "unit": 0}, {"unit": 99}, "The header lists the units."),
        Case(unit_index, {"reader": reader, "unit": 0}, {"unit": "no"}, "Give its id."),
        Case(isi, {"reader": reader, "unit": 0}, {"bins": 0}, "Give a number of bins"),
    ]


def test_a_reader(folder):
    """What a reader, and what reads by way of one, refuses is named; as the error says, it is read."""
    with MockSessionRawIO(folder) as reader:
        for case in reads(reader):
            check(case)


def folders(folder: Any, place: Any) -> list[Case]:
    """Return the cases of calls that take a folder, or make one."""
    made = iter(range(1000))
    write = {"path": place / "a.h5", "spikes": raster(), "overwrite": True}
    text = {"path": place / "a.csv", "spikes": raster(), "overwrite": True}

    def anew(call: Any, **more: Any) -> Any:
        return lambda **given: call(**given, **{name: place / f"{name}{next(made)}" for name in more})

    make = anew(generate_session, root=...)
    labels = anew(generate_annotations, labels_dir=...)
    corpus = anew(generate_corpus, root=...)
    specs = [spec(session_nr=number) for number in (1, 2)]
    data = anew(GenerateData, root=...)
    raw = np.arange(40, dtype="<i2")
    raw.tofile(place / "raw.bin")
    np.zeros(0, "<i2").tofile(place / "none.bin")
    np.zeros(41, "<i2").tofile(place / "partial.bin")
    opened = {"source": place / "raw.bin", "n_channels": 4, "sample_rate": 1000.0}
    hybrid = anew(partial(hybrid_from_session, folder, seed=1, dry_run=True), output=...)
    unit = {"units": [next((folder / "spiking_data").glob("*.npy")).stem.removesuffix("_spikes")]}
    return [
        Case(MockSessionRawIO, {"dirname": folder}, {"raw_dtype": "int8"}, "Give one of them."),
        Case(read_mocksession, {"folder": folder}, {"load_recording": False}, "Pass load_recording=True"),
        Case(read_mocksession, {"folder": folder}, {"stream_id": "no"}, "Give one of them."),
        Case(read_mocksession, {"folder": folder}, {"stream_id": "lfp", "stream_name": "broadband"}, "Give one."),
        Case(MockSessionSortingExtractor, {"folder": folder}, {"sampling_frequency": -3}),
        Case(
            session_probe, {"session": [1, 2]}, {"session": ["left", "right"]}, "Give numbers, or ids such as 'CSC1'."
        ),
        Case(session_probe, {"session": ["CSC1"]}, {"session": []}, "Give numbers"),
        Case(write_sonata, write, {"sorting": "size"}),
        Case(write_sonata, write, {"compression": "zip"}),
        Case(write_sonata, write, {"population": "a/b"}),
        Case(write_sonata, write, {"overwrite": False}, "Choose another place, or pass overwrite=True"),
        Case(write_sonata, write, {"spikes": [raster(), raster()]}, "Put them in order"),
        Case(write_spikes_csv, text, {"population": "two words"}),
        Case(write_spikes_csv, text, {"overwrite": False}, "Choose another place, or pass overwrite=True"),
        Case(read_sonata, {"path": place / "a.h5"}, {"population": "other"}, "Choose one of these."),
        Case(read_sonata, {"path": place / "a.h5"}, {"t_start": "early"}),
        Case(read_sonata, {"path": place / "a.h5"}, {"node_ids": [[1]]}),
        Case(make, {"spec": spec()}, {"spec": {"seed": 1}}, "Give SessionSpec(patient_id=1, ...)."),
        Case(make, {"spec": spec()}, {"n_workers": 0}, "Give 1 or more."),
        Case(labels, {"spec": spec()}, {"stimulus_len": 3}, "Give spec.seeded() alone."),
        Case(labels, {"spec": spec().seeded()}, {"spec": spec(seed=None)}, "Give spec.seeded() alone."),
        Case(labels, {"stimulus_len": 0.1, "seed": 1}, {"stimulus_len": 0}, "Give a longer one, in minutes."),
        Case(labels, {"stimulus_len": 0.1, "seed": 1}, {"date": "today"}, "Change them."),
        Case(corpus, {"specs": specs, "progress": False}, {"retries": -1}, "Give 0 or more."),
        Case(corpus, {"specs": specs, "progress": False}, {"specs": [specs[0]] * 2}, "Give each numbers of its own."),
        Case(corpus, {"specs": specs, "progress": False}, {"specs": ["one"]}, "Give SessionSpec(patient_id=1, ...)."),
        Case(
            corpus,
            {"specs": [spec(seed=None)], "seed": 3, "progress": False},
            {"seed": None},
            "Pass seed= to have them spawned.",
        ),
        Case(
            data,
            {"patient_id": 1, "session_nr": 1, "stimulus_len": 0.1},
            {"units": Units(3), "sampling_rate": 32_000},
            "Make it with generate_session(SessionSpec.broadband(...), root).",
        ),
        Case(open_raw, opened, {"n_channels": 0}),
        Case(open_raw, opened, {"sample_rate": 0}),
        Case(open_raw, opened, {"dtype": "float32"}),
        Case(open_raw, opened, {"source": place / "nothing.bin"}, "Check that it exists and may be read."),
        Case(open_raw, opened, {"source": []}),
        Case(open_raw, opened, {"source": [place / "raw.bin"] * 2}),
        Case(open_raw, opened, {"source": [place / "raw.bin", place / "none.bin"]}, "leave it out."),
        Case(open_raw, opened, {"source": place / "partial.bin"}, "Check the number of channels and the data type"),
        Case(open_raw, {**opened, "start_time": (5,)}, {"start_time": (-1,)}),
        Case(open_raw, {**opened, "start_time": (5,)}, {"start_time": (1, 2)}),
        Case(hybrid, unit, {"units": ["no"]}, "Choose some of them."),
        Case(hybrid, unit, {"units": []}),
        Case(hybrid, unit, {"stream": "no"}, "Name an existing one."),
        Case(hybrid, unit, {"jiter": 3}, "Correct the name."),
        Case(load_sorting, {"directory": place / "phy"}, {"output_type": "klusta"}),
        Case(load_sorting, {"directory": place / "phy"}, {"phy_base": 2}),
        Case(load_sorting, {"directory": place / "phy", "phy_base": 0}, {"phy_base": 1}, "Give phy_base=0"),
        Case(
            load_sorting, {"directory": place / "phy"}, {"directory": place}, "Give the folder of the sorter's output."
        ),
        Case(
            load_sorting, {"directory": place / "phy"}, {"output_type": "jrc"}, "Give the folder of JRCLUST's output."
        ),
        Case(
            truth(folder).background, {"seg_index": 0, "i_stop": 9}, {"i_stop": -1}, "Request samples of the segment."
        ),
        Case(truth(folder).recording, {"seg_index": 0, "i_stop": 9}, {"seg_index": 7}, "Request an existing segment."),
    ]


def test_folders(folder, tmp_path):
    """What is refused of a folder, of what is made or read there, is named; as the error says, it is done."""
    write_sonata(tmp_path / "a.h5", raster())
    write_spikes_csv(tmp_path / "a.csv", raster())
    (tmp_path / "phy").mkdir()
    for name, values in (("times", [0, 5]), ("templates", [0, 0]), ("clusters", [0, 0])):
        np.save(tmp_path / "phy" / f"spike_{name}.npy", np.array(values))
    for case in folders(folder, tmp_path):
        check(case)


def test_a_slice_of_neo(folder):
    """A slice outside a segment is refused; cut, as the error says, it is read."""
    signal = MockSessionIO(folder).read_block(lazy=True).segments[0].analogsignals[0]
    with pytest.raises(MockSessionError, match="pass strict_slicing=False"):
        signal.load(time_slice=(0, 1e6))
    assert signal.load(time_slice=(0, 1e6), strict_slicing=False).shape[0] == signal.shape[0]


def test_the_documents_writer(tmp_path):
    """What the raster maker's writer refuses is taken as the error says."""
    names, types = ["timestamps", "node_ids"], [float, int]
    with pytest.raises(MockSessionError, match="2, one for each dataset"):
        SonataWriter(tmp_path / "a.h5", ["spikes", "exc"], names, types[:1])
    with SonataWriter(tmp_path / "b.h5", ["spikes", "exc"], names, types) as writer:
        check(Case(writer.append_ds, {"vals": [1.0], "ds": "timestamps"}, {"ds": "ids"}, "Choose one of them."))
        check(Case(writer.append_ds, {"vals": [1.0], "ds": "timestamps"}, {"vals": [[1.0]]}))
        check(Case(writer.append_repeat, {"ds": "node_ids", "val": 1, "N": 1}, {"N": -1}))
        draw = {"writer": writer, "exp": False, "dist": [5.0] * 3, "numUnits": 3, "seed": 1}
        check(Case(make_save_spikes, draw, {"dist": [5.0]}, "Give numUnits of them."))
        check(Case(make_save_spikes, draw, {"start_id": -1}))
    with pytest.raises(MockSessionError, match="Append before close"):
        writer.append_ds([1.0], "timestamps")
