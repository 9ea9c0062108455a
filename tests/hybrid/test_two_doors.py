"""A recording and a sorting become one session, whether events are added on the way or not."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from spikeinterface.core import NumpyRecording, NumpySorting, generate_ground_truth_recording

from mockrawio import MockSessionRawIO, write_session
from mockrawio.hybrid import hybrid_from_spikeinterface
from mockrawio.session.manifest import read_manifest
from mockrawio.verify import verify_session

SEED = 11


@pytest.fixture(scope="module")
def made():
    """Traces of two segments as whole numbers, their probe, and the trains of four units."""
    recording, sorting = generate_ground_truth_recording(
        [2.0, 1.5],
        num_channels=32,
        num_units=4,
        seed=4,
        generate_probe_kwargs={"num_columns": 2, "xpitch": 50, "ypitch": 50, "contact_shapes": "circle"},
        noise_kwargs={"noise_levels": 2.0, "strategy": "on_the_fly"},
        generate_unit_locations_kwargs={"minimum_distance": 60, "margin_um": 20, "minimum_z": 5, "maximum_z": 20},
    )
    traces = [np.rint(recording.get_traces(k) * 10) for k in range(2)]
    trains = [{int(i): sorting.get_unit_spike_train(u, k) for i, u in enumerate(sorting.unit_ids)} for k in range(2)]
    return traces, recording.get_probe(), trains, recording.sampling_frequency


def given(made, dtype="int16", offset=0, ids=None, renamed=None, properties=(), of_channels=(), starts=None):
    """A recording and a sorting that differ in what others may say of theirs."""
    traces, probe, trains, rate = made
    recording = NumpyRecording([(t + offset).astype(dtype) for t in traces], rate, channel_ids=ids)
    recording.set_probe(probe)
    recording.set_channel_gains(0.1)
    recording.set_channel_offsets(-0.1 * offset)
    for key, values in of_channels:
        recording.set_property(key, values)
    for k, start in enumerate(starts or ()):
        recording._recording_segments[k].t_start = start
    names = renamed or list(trains[0])
    trains = [dict(zip(names, of_segment.values(), strict=True)) for of_segment in trains]
    sorting = NumpySorting.from_unit_dict(trains, rate)
    for key, values in properties:
        sorting.set_property(key, values)
    return recording, sorting


CASES = {
    "plain": {},
    "quality": {"properties": [("quality", ["good", "mua", "good", "mua"])]},
    "channel_id": {"properties": [("channel_id", ["15", "15", "3", "0"])]},
    "places": {"properties": [("gt_unit_locations", np.array([[0.0, 0.0, 5.0]] * 4))]},
    "names of a session": {"ids": [f"CSC{k}" for k in range(4, 36)], "renamed": [f"CSC5_SU{k}" for k in (1, 2, 3, 7)]},
    "some names of a session": {"renamed": ["CSC1_SU1", "noise", "CSC2_SU1", "CSC2_SU2"]},
    "names of channels that it has not": {"renamed": [f"CSC99_SU{k}" for k in range(4)]},
    "channel names": {"of_channels": [("channel_name", [f"LA{k}" for k in range(32)])]},
    "uint16": {"dtype": "uint16", "offset": 32_700},
    "times": {"starts": [5.0, 9.25]},
    "times that overlap": {"starts": [5.0, 5.5]},
}


def unit_files(folder):
    """The keys of every unit's file, by name."""
    return {
        path.stem: np.load(path, allow_pickle=True).item() for path in sorted((folder / "spiking_data").glob("*.npy"))
    }


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_one_session_by_two_doors(made, tmp_path, case):
    """Names, types, channels, scales and times are write_session's, and so is the manifest; only events are new."""
    recording, sorting = given(made, **CASES[case])
    folders = [tmp_path / name / "patient_data" / "3" / "session_2" for name in ("plain", "hybrid")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        write_session(recording=recording, sorting=sorting, folder=folders[0])
        result = hybrid_from_spikeinterface(
            recording, sorting, sorting.unit_ids[:2], output=folders[1], output_format="session", seed=SEED
        )
    assert result.n_events > 50
    assert verify_session(folders[1]).ok
    for name in ("session_info.npy", "ChannelNames.txt"):
        assert (folders[1] / name).read_bytes() == (folders[0] / name).read_bytes()
    said = [json.loads((folder / "raw_data" / "broadband.json").read_bytes()) for folder in folders]
    assert said[1].pop("hybrid").keys() == {result.names[unit.new_unit] for unit in result.planted}
    assert said[1] == said[0]
    manifests = [read_manifest(folder / "session_manifest.json") for folder in folders]
    for key in ("made_from", "units"):
        assert manifests[1][key] == manifests[0][key]
    same_units(folders, result)


def same_units(folders, result):
    """Check that each unit's file is the same by both doors, but for waveforms that an event reached."""
    plain, hybrid = map(unit_files, folders)
    assert hybrid.keys() - plain.keys() == {result.names[unit.new_unit] for unit in result.planted}
    samples = [np.load(folder / "raw_data" / "broadband.npy") for folder in folders]
    assert (samples[0] != samples[1]).any()
    for name, values in plain.items():
        amps, others = values.pop("spike_amps"), hybrid[name].pop("spike_amps")
        assert values.keys() == hybrid[name].keys()
        for key, value in values.items():
            np.testing.assert_array_equal(hybrid[name][key], value)
        touched = (amps != others).any(axis=1)
        assert touched.mean() < 0.9
    with MockSessionRawIO(folders[1]) as reader:
        reader.parse_header()
        assert {str(name) for name in reader.header["spike_channels"]["id"]} == hybrid.keys()


def test_events_do_not_move_a_unit(made, tmp_path):
    """On which channel a unit is, and hence its name, is told by the source, however large the events are."""
    recording, sorting = given(made)
    folder = write_session(recording=recording, sorting=sorting, folder=tmp_path / "plain")
    result = hybrid_from_spikeinterface(
        recording,
        sorting,
        [0, 1, 2, 3],
        output=tmp_path / "hybrid",
        output_format="session",
        seed=SEED,
        amplitude_scale_min=30.0,
        amplitude_scale_max=40.0,
    )
    assert result.n_events > 50
    origins = [read_manifest(f / "session_manifest.json")["units"] for f in (folder, tmp_path / "hybrid")]
    assert origins[0] == origins[1]
