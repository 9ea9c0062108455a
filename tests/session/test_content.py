"""What is written of a session's files, and ids in a session's form."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from mockrawio.formats.npy_out import Blocks
from mockrawio.session import content
from mockrawio.session.clock import Run
from mockrawio.session.files import Scale
from mockrawio.session.layout import UnitName


def loaded(chunks: Any) -> dict[str, Any]:
    found: dict[str, Any] = np.load(io.BytesIO(b"".join(map(bytes, chunks))), allow_pickle=True).item()
    return found


def blocks(array: np.ndarray) -> Blocks:
    return Blocks(array.dtype.str, array.shape, [array])


def test_a_unit_is_written_as_far_as_it_is_known() -> None:
    """Times alone, or all that a unit may have."""
    name, times = UnitName(3, "SU", 1), np.array([1.5, 2.5])
    assert {key: value.tolist() for key, value in loaded(content.UnitContent(name, times).chunks()).items()} == {
        "spike_times": [1.5, 2.5]
    }
    amps = np.array([[1, 2], [3, 4]], np.int16)
    unit = content.UnitContent(name, times, blocks(amps), Scale(0.5, -1.0, "mV"), 24_000.0, 7)
    found = loaded(unit.chunks())
    assert (found.pop("spike_times").tolist(), found.pop("spike_amps").tolist()) == ([1.5, 2.5], amps.tolist())
    assert found == {"gain": 0.5, "offset": -1.0, "units": "mV", "sampling_rate": 24_000.0, "left_sweep": 7}


def test_an_lfp_channel_and_the_clock() -> None:
    """Stamps and samples, a scale and a rate if there are any; the clock in whole seconds."""
    stamps, samples = np.array([5, 6]), np.array([1, -1], np.int16)
    found = loaded(content.lfp_bytes(blocks(stamps), blocks(samples)))
    assert {key: value.tolist() for key, value in found.items()} == {"ts": [5, 6], "samples": [1, -1]}
    found = loaded(content.lfp_bytes(blocks(stamps), blocks(samples), Scale(2.0, 3.0), 500.0))
    assert {key: found[key] for key in ("gain", "offset", "units", "sampling_rate")} == {
        "gain": 2.0,
        "offset": 3.0,
        "units": "uV",
        "sampling_rate": 500.0,
    }
    info = loaded(content.info_bytes(7, 3, 1_656_643_278_812.0))
    assert info == {"patient_id": 7, "session_nr": 3, "date": "2022-07-01", "time": "02-41-18"}


def test_the_description_of_a_stream() -> None:
    """One value a channel, one entry a segment; without channels the units are uV."""
    runs, scales = [Run(0, 5, 100.0), Run(5, 12, 300.0)], [Scale(0.5, 1.0, "mV"), Scale(2.0, 0.0, "mV")]
    found = content.stream_description(1000.0, scales, ["a", "b"], ["x", "y"], runs, {"more": 1})
    assert found == {
        "sampling_rate": 1000.0,
        "gain": [0.5, 2.0],
        "offset": [1.0, 0.0],
        "units": "mV",
        "channels": {"ids": ["a", "b"], "names": ["x", "y"]},
        "segments": [{"t_start_ms": 100.0, "n_samples": 5}, {"t_start_ms": 300.0, "n_samples": 7}],
        "more": 1,
    }
    assert content.stream_description(1.0, [], [], [], [], {})["units"] == "uV"
    assert content.description_bytes({"a": 1}) == b'{\n "a": 1\n}\n'
    assert content.channel_names_bytes(["a", "b"]) == b"a.ncs\nb.ncs\n"


@pytest.mark.parametrize(
    ("text", "number"),
    [("CSC1", 1), ("CSC999999", 999_999), ("CSC1000000", None), ("CSC0", None), ("CSC01", None), ("CSC1x", None)],
)
def test_channels_that_have_a_number(text: str, number: int | None) -> None:
    """CSC and a number of up to six digits without a zero before it."""
    assert content.csc_number(text) == number
    assert content.csc_numbers([text]) == (None if number is None else [number])
    assert content.csc_numbers([]) == []
    assert content.csc_numbers([text, text]) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("CSC5_MU2", UnitName(5, "MU", 2)), ("CSC05_MU2", None), ("CSC5_MU02", None), ("CSC5_XU2", None), ("5", None)],
)
def test_units_that_are_called_as_a_session_has_them(text: str, name: UnitName | None) -> None:
    """Only what a session would call it again is an id in its form."""
    assert content.unit_name(text) == name
