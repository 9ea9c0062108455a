"""What Neo's objects of a session are annotated with, by hand."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from mockrawio.session.clock import EARLIEST_MS, LATEST_MS
from mockrawio.session.probe import microwires
from mockrawio.session.probe_form import make_probe
from tests.handmade import T0, Handmade

WHO = {"patient_id": 4, "session_nr": 2}
START = datetime(2022, 7, 1, 2, 41, 18)
ZERO = datetime(2022, 7, 1, 2, 41, 18, 812_000)


def annotations(handmade: Handmade) -> dict[str, Any]:
    with MockSessionRawIO(handmade.folder) as reader:
        found: dict[str, Any] = reader.raw_annotations["blocks"][0]
        return found


def holds(annotation: dict[str, Any], said: dict[str, Any]) -> None:
    assert {key: annotation[key] for key in said} == said


def test_who_and_when(handmade: Handmade) -> None:
    """Block, segments, signals, units and events say whose they are; the block and its segments when time 0 is."""
    handmade.all()
    block = annotations(handmade)
    names = [f"LA{k}" for k in range(1, 9)]
    times = {"time_origin_ms": T0, "session_info_start": START, "rec_datetime": ZERO}
    holds(block, {**WHO, **times, "session_start_time": ZERO.replace(tzinfo=timezone.utc), "channel_names": names})
    (segment,) = block["segments"]
    holds(segment, {**WHO, "rec_datetime": ZERO})
    assert "time_origin_ms" not in segment
    for one in (*segment["signals"], *segment["spikes"], *segment["events"]):
        holds(one, WHO)
    assert [len(segment[part]) for part in ("signals", "spikes", "events")] == [1, 2, 4]


def test_where_channels_and_units_are(handmade: Handmade) -> None:
    """Regions are names without their numbers, bundles are of eight; what is not called CSCk has neither."""
    handmade.names(["LA1", "CSC2", "RAH-12", "X9Y", "5", "LA6", "LA7", "LA8", "RB1"])
    for channel in (1, 2, 8, 9):
        handmade.lfp(channel, np.zeros(50, np.int16))
    handmade.stream(
        channels={"ids": ["CSC9", "CSC3", "x"], "names": ["a", "b", "c"]}, samples=np.zeros((1600, 3), np.int16)
    )
    for name in ("CSC3_SU1", "CSC9_MU2", "CSC8_SU1"):
        handmade.unit(name)
    (segment,) = annotations(handmade)["segments"]
    lfp, stream = (one["__array_annotations__"] for one in segment["signals"])
    assert (lfp["regions"].tolist(), lfp["bundles"].tolist()) == (["LA", "", "LA", "RB"], [0, 0, 0, 1])
    assert (stream["regions"].tolist(), stream["bundles"].tolist()) == (["RB", "RAH-", ""], [1, 0, -1])
    assert not any(key.startswith("channel_location") for key in (*lfp, *stream))
    units = [("RAH-", 0, "SU", 3, "CSC3"), ("LA", 0, "SU", 8, "CSC8"), ("RB", 1, "MU", 9, "CSC9")]
    keys = ("region", "bundle", "unit_type", "channel", "channel_id")
    assert [tuple(one[key] for key in keys) for one in segment["spikes"]] == units


def test_places_of_a_probe(handmade: Handmade) -> None:
    """Channels of a stream with a probe are where it has them; LFP and units under the same ids are there, too."""
    places = [[0.0, 0.0], [0.0, 20.0], [7.0, 40.0]]
    probe = {"probes": [make_probe(places, ("circle", {"radius": 5.0}), ids="abc", shanks="xyy")]}
    samples = np.zeros((1600, 3), np.int16)
    handmade.stream("ap", samples, probe=probe)
    handmade.stream(
        "zz", samples, locations=[[1, 2, 3]] * 3, channels={"ids": ["CSC1", "q", "r"], "names": ["a", "b", "c"]}
    )
    for channel in (3, 1):
        handmade.lfp(channel, np.zeros(50, np.int16))
    handmade.unit("CSC2_SU1")
    handmade.unit("CSC17_SU1")
    (segment,) = annotations(handmade)["segments"]
    lfp, ap, zz = (one["__array_annotations__"] for one in segment["signals"])
    assert [ap[f"channel_location_{k}"].tolist() for k in (0, 1)] == [[0, 0, 7], [0, 20, 40]]
    assert (ap["contact_ids"].tolist(), ap["shank_ids"].tolist()) == (["a", "b", "c"], ["x", "y", "y"])
    assert ap["bundles"].tolist() == [0, 1, 1]
    assert [lfp[f"channel_location_{k}"].tolist() for k in (0, 1)] == [[0, 7], [0, 40]]
    assert (lfp["contact_ids"].tolist(), lfp["bundles"].tolist()) == (["a", "c"], [0, 1])
    assert [zz[f"channel_location_{k}"].tolist() for k in (0, 1, 2)] == [[1] * 3, [2] * 3, [3] * 3]
    assert "contact_ids" not in zz and zz["bundles"].tolist() == [0, -1, -1]
    assert "channel_location_2" not in ap
    assert [one["bundle"] for one in segment["spikes"]] == [1, 2]  # of CSC17 the probe knows nothing


def test_bundles_are_counted_whether_recorded_or_not(handmade: Handmade) -> None:
    """Microwires of a probe are in the bundles of their numbers, though no wire of the first bundle is there."""
    ids = ["CSC9", "CSC17", "CSC10"]
    probe = microwires([9, 17, 10]).to_dict()
    handmade.stream("ap", np.zeros((1600, 3), np.int16), probe=probe, channels={"ids": ids, "names": ids})
    (segment,) = annotations(handmade)["segments"]
    assert segment["signals"][0]["__array_annotations__"]["bundles"].tolist() == [1, 2, 1]


def test_a_probe_of_fewer_channels_says_nothing_of_others(handmade: Handmade) -> None:
    """LFP with a channel that the probe does not have is at no place."""
    probe = {"probes": [make_probe([[0.0, 0.0]], ("circle", {"radius": 5.0}), ids="a")]}
    handmade.stream("ap", np.zeros((1600, 1), np.int16), probe=probe)
    for channel in (1, 2):
        handmade.lfp(channel, np.zeros(50, np.int16))
    (segment,) = annotations(handmade)["segments"]
    assert "channel_location_0" not in segment["signals"][0]["__array_annotations__"]


def test_a_folder_says_its_number(handmade: Handmade) -> None:
    """Without session_info.npy the folder's name says which session it is, if it is called as one."""
    handmade.lfp()
    block = annotations(handmade)
    assert block["session_nr"] == 2 and "patient_id" not in block and "session_info_start" not in block
    handmade.folder = handmade.folder.rename(handmade.folder.with_name("other"))
    assert "session_nr" not in annotations(handmade)


@pytest.mark.filterwarnings("ignore:.*taken as ms")
@pytest.mark.parametrize("origin", [EARLIEST_MS - 1, EARLIEST_MS, LATEST_MS - 2, LATEST_MS - 1])
@pytest.mark.parametrize("described", [True, False])
def test_when_time_0_is(described: bool, origin: int, handmade: Handmade) -> None:
    """Stamps of 1990 to 2100 say it; of others session_info says it, if it is there."""
    if described:
        handmade.info()
    handmade.lfp(samples=np.zeros(3, np.int16), ts=origin + np.arange(3))
    block = annotations(handmade)
    assert block["time_origin_ms"] == origin
    real = origin >= EARLIEST_MS  # beyond the last instant a session begins before it, too
    if real:
        assert block["rec_datetime"].replace(tzinfo=timezone.utc).timestamp() * 1000 == origin
    else:
        assert block.get("rec_datetime") == (START if described else None)
        assert block.get("session_start_time") == (START.replace(tzinfo=timezone.utc) if described else None)


def test_what_a_header_says(handmade: Handmade) -> None:
    """Rows of Neo's tables by hand: names, ids, rates, scales, and where waveforms begin."""
    handmade.all()
    handmade.stream(samples=np.zeros((1600, 1), np.int16))
    np.save(handmade.folder / "spiking_data" / "CSC2_MU2.npy", {"spike_times": T0 + np.array([1.0])}, allow_pickle=True)  # type: ignore[arg-type]
    with MockSessionRawIO(handmade.folder) as reader:
        header = reader.header
        assert (header["nb_block"], header["nb_segment"]) == (1, [1])
        streams = [("lfp", "lfp", "lfp"), ("broadband", "broadband", "broadband")]
        assert header["signal_streams"][["name", "id", "buffer_id"]].tolist() == streams
        assert header["signal_buffers"].tolist() == [("lfp", "lfp"), ("broadband", "broadband")]
        fields = ["name", "id", "sampling_rate", "dtype", "units", "gain", "offset", "stream_id"]
        assert header["signal_channels"][fields].tolist() == [
            ("LA1", "CSC1", 1000.0, "int16", "uV", 0.5, 0.0, "lfp"),
            ("LA1", "CSC1", 32_000.0, "int16", "uV", 0.25, 0.0, "broadband"),
        ]
        assert header["spike_channels"].tolist() == [
            ("CSC1_SU1", "CSC1_SU1", "uV", 0.25, 0.0, 20, 32_000.0),
            ("CSC2_MU1", "CSC2_MU1", "uV", 0.25, 0.0, 20, 32_000.0),
            ("CSC2_MU2", "CSC2_MU2", "uV", 1.0, 0.0, 20, 0.0),
        ]
        assert header["unit_channels"] is header["spike_channels"]
