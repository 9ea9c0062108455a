"""A stream is what its description says, number by number; what does not fit is named."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.session.clock import EARLIEST_MS, LATEST_MS, Run
from mockrawio.session.files import Scale
from mockrawio.session.probe_form import make_probe
from mockrawio.session.streams import StreamFile, open_stream
from tests.handmade import T0, Handmade

PLACES = [[0.0, 0.0], [0.0, 20.0], [5.0, 40.0]]
PROBE = {"probes": [make_probe(PLACES, ("circle", {"radius": 5.0}), ids="abc", shanks="xxy")]}


def opened(handmade: Handmade, samples: Any = None, **more: Any) -> StreamFile:
    """Return a stream of 10 samples of 3 channels, if no other samples are given."""
    samples = np.zeros((10, 3), np.int16) if samples is None else samples
    segments = more.pop("segments", [{"t_start_ms": T0, "n_samples": len(samples)}])
    return open_stream(str(handmade.stream("ap", samples, segments, **more)))


def refusal(handmade: Handmade, samples: Any = None, **more: Any) -> str:
    with pytest.raises(BadFileError) as caught:
        opened(handmade, samples, **more)
    assert caught.value.subject.endswith(("ap.json", "ap.npy"))
    return f"{caught.value.expected}; {caught.value.found}"


def test_what_a_stream_says(handmade: Handmade) -> None:
    """Rate, scales, ids, names and segments are those of the json; nothing else is known."""
    segments = [{"t_start_ms": T0, "n_samples": 4}, {"t_start_ms": T0 + 0.5, "n_samples": 6}]
    found = opened(handmade, segments=segments, gain=[0.5, -1, 2.0], offset=-3, units="mV", sampling_rate=24_000)
    assert (found.sampling_rate, found.ids, found.names) == (24_000.0, ("CSC1", "CSC2", "CSC3"), ("LA1", "LA2", "LA3"))
    assert found.scales == (Scale(0.5, -3.0, "mV"), Scale(-1.0, -3.0, "mV"), Scale(2.0, -3.0, "mV"))
    assert found.runs == (Run(0, 4, float(T0)), Run(4, 10, T0 + 0.5))
    assert (found.locations, found.probe, found.sample_shifts, found.ground_truth) == (None, None, None, {})
    assert found.samples.shape == (10, 3)


def test_where_the_channels_are(handmade: Handmade) -> None:
    """Locations are those said, or those of the probe; what else they may be is assumed under the stream's name."""
    said = opened(handmade, locations=PLACES)
    assert said.locations is not None and said.locations.tolist() == PLACES
    contacts = said.contacts()
    assert contacts is not None and contacts.to_dict()["probes"][0]["annotations"] == {"name": "channels of ap"}
    probed = opened(handmade, probe=PROBE)
    assert probed.locations is not None and probed.locations.tolist() == PLACES
    assert probed.contacts() is probed.probe is not None
    both = opened(handmade, probe=PROBE, locations=[[x, y + 1e-9] for x, y in PLACES])
    assert both.locations is not None and both.locations.tolist() != PLACES
    for wrong in ([[x, y + 0.1] for x, y in PLACES], [[*place, 0.0] for place in PLACES]):
        assert refusal(handmade, probe=PROBE, locations=wrong).startswith("'locations' that are those of 'probe'")
    assert refusal(handmade, np.zeros((10, 2), np.int16), probe=PROBE) == (
        "'probe' with a contact for each of 2 channels; 3"
    )
    assert refusal(handmade, probe=[]) == "'probe' as a dict; []"
    assert (
        refusal(handmade, probe={}) == "'probe' in ProbeInterface's form, 'probes' as a list of 1 to 1024 probes; None"
    )


@pytest.mark.parametrize(
    ("shifts", "fit"),
    [
        ([0, 0.5, 0.999], True),
        ([0.0, 0.25, 1.0], False),
        ([-0.001, 0.25, 0.5], False),
        ([0.0, 0.25], False),
        ([0.0, 0.25, "0"], False),
        ([0.0, 0.25, False], False),
    ],
)
def test_shifts_within_a_sample(shifts: list[Any], fit: bool, handmade: Handmade) -> None:
    """A channel is sampled from 0 to less than one sample late, each by a number of its own."""
    if fit:
        found = opened(handmade, inter_sample_shift=shifts).sample_shifts
        assert found is not None and found.tolist() == shifts and found.dtype == np.float64
    else:
        assert refusal(handmade, inter_sample_shift=shifts).startswith(
            "'inter_sample_shift' as 3 numbers from 0, below 1"
        )


def segment(t_start: Any, n: Any) -> dict[str, Any]:
    return {"t_start_ms": t_start, "n_samples": n}


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        ([segment(T0, 0), segment(T0, 10)], "segments with 't_start_ms' and 'n_samples'; {"),
        ([segment(T0, 11)], "segments with 't_start_ms' and 'n_samples'; {"),
        ([segment(T0, 10.0)], "segments with 't_start_ms' and 'n_samples'; {"),
        ([segment("0", 10)], "segments with 't_start_ms' and 'n_samples'; {"),
        ([10], "segments with 't_start_ms' and 'n_samples'; 10"),
        ([segment(EARLIEST_MS - 1, 10)], f"'t_start_ms' in ms since the Unix epoch, 1990 to 2100; {EARLIEST_MS - 1}"),
        ([segment(LATEST_MS + 1, 10)], f"'t_start_ms' in ms since the Unix epoch, 1990 to 2100; {LATEST_MS + 1}"),
        ([segment(T0, 4), segment(T0 + 9, 5)], "segments of 10 samples in all; 9"),
        ([segment(T0, 4), segment(T0 + 9, 7)], "segments of 10 samples in all; 11"),
        ([], "segments of 10 samples in all; 0"),
        ({}, "'segments' as a list; {}"),
    ],
)
def test_segments_that_do_not_fit(segments: Any, told: str, handmade: Handmade) -> None:
    """Segments have at least a sample each, lie in this century, and are all that there is."""
    assert refusal(handmade, segments=segments, sampling_rate=1000.0).startswith(told)


@pytest.mark.parametrize("t_start", [EARLIEST_MS, LATEST_MS])
def test_the_first_and_the_last_instant(t_start: int, handmade: Handmade) -> None:
    """1990 to 2100, both included; one sample is a segment."""
    assert opened(handmade, np.zeros((1, 3), np.int16), segments=[segment(t_start, 1)]).runs == (Run(0, 1, t_start),)


def test_the_third_segment_begins_after_the_second(handmade: Handmade) -> None:
    """Each is compared with the one before: 3 samples of 1 ms, less half a one."""
    for third, fits in ((T0 + 102.5, True), (T0 + 102.5 - 2.0**-12, False)):
        segments = [segment(T0, 4), segment(T0 + 100, 3), segment(third, 3)]
        if fits:
            assert opened(handmade, segments=segments, sampling_rate=1000.0).runs[2] == Run(7, 10, third)
        else:
            told = refusal(handmade, segments=segments, sampling_rate=1000.0)
            assert told.startswith("segments that do not overlap; {")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"gain": [1.0, 2.0]}, "'gain' as 3 finite numbers other than 0 (1e-15 to 1e+15 in size); [1.0, 2.0]"),
        ({"gain": "1"}, "'gain' as 3 finite numbers other than 0 (1e-15 to 1e+15 in size); '1'"),
        ({"sampling_rate": [1.0, 2.0]}, "'sampling_rate' as 1 finite numbers above 0 (1e-06 to 1e+09); [1.0, 2.0]"),
        ({"offset": [0, 0, 0, 0]}, "'offset' as 3 finite numbers (-1e+15 to 1e+15); [0, 0, 0, 0]"),
        ({"units": 1}, "'units' as a str; 1"),
        ({"units": ""}, "'units' as 1 strings of 1 to 64 printable characters; ['']"),
        (
            {"channels": {"ids": ["a"] * 3, "names": ["a"] * 3}},
            "channel ids that differ from each other; ('a', 'a', 'a')",
        ),
        ({"channels": {"ids": ["a", "b"], "names": ["a"] * 3}}, "channels['ids'] as 3 strings of 1 to 64 printable"),
        ({"channels": {"ids": ["a", "b", "c"], "names": ["a"] * 4}}, "channels['names'] as 3 strings of 1 to 64"),
        ({"ground_truth": []}, "'ground_truth' as a dict; []"),
        ({"locations": [[0, 1], [2, 3]]}, "'locations' as 3 times 2 or 3 finite numbers; [[0, 1], [2, 3]]"),
        ({"locations": [[0] * 4] * 3}, "'locations' as 3 times 2 or 3 finite numbers; "),
        ({"locations": [[0]] * 3}, "'locations' as 3 times 2 or 3 finite numbers; "),
        ({"locations": [[0, 1], [0, 2], [0, 1, 2]]}, "'locations' as 3 times 2 or 3 finite numbers; "),
        ({"locations": [[0, 1], (0, 2), [0, True]]}, "'locations' as 3 times 2 or 3 finite numbers; "),
    ],
)
def test_keys_that_do_not_fit(more: dict[str, Any], told: str, handmade: Handmade) -> None:
    """Each key has as many values as there are channels, of its kind; what is there is shown."""
    assert refusal(handmade, **more).startswith(told)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(10, np.int16), np.zeros((10, 3, 1), np.int16), np.zeros((10, 3), np.int8), np.zeros((10, 3), "u2")],
)
def test_arrays_of_other_forms(samples: np.ndarray, handmade: Handmade) -> None:
    """Two dimensions of int16; the dtype and the shape that are there are told."""
    found = f"int16 of shape (n_samples, n_channels); {samples.dtype} of shape {samples.shape}"
    assert refusal(handmade, samples) == found


def test_names_may_come_twice(handmade: Handmade) -> None:
    """Ids alone have to differ, and may be of 64 characters."""
    found = opened(handmade, channels={"ids": ["a" * 64, "b", "c"], "names": ["x"] * 3}, ground_truth={"seed": 1})
    assert (found.ids[0], found.names, found.ground_truth) == ("a" * 64, ("x", "x", "x"), {"seed": 1})
    assert re.fullmatch(r".*/raw_data/ap\.npy", found.path)
