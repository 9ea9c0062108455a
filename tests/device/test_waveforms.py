"""Waveforms on the device are the reader's, unit after unit."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import BoundsError, MockSessionError, MockSessionRawIO
from mockrawio.device import waveforms_to_device
from tests.device.backends import BACKENDS, CUDA, as_numpy
from tests.handmade import T0, Handmade

COUNTS = {"CSC1_SU1": 40, "CSC2_MU1": 0, "CSC2_SU1": 7, "CSC10_SU1": 100}
LIBRARIES = [("cpu", name) for name in BACKENDS] + CUDA


@pytest.fixture(params=["gains", "offsets", "floats"])
def units(request, tmp_path):
    """A reader of four units, each of its own gain, one without a spike."""
    made = Handmade(tmp_path / "s")
    rng = np.random.default_rng(5)
    for number, (name, count) in enumerate(COUNTS.items()):
        times = T0 + np.sort(rng.uniform(0, 2000, count))
        if request.param == "floats":
            made.unit(name, times, rng.normal(0, 20, (count, 64)))
        else:
            amps = rng.integers(-32768, 32768, (count, 64), dtype=np.int16)
            made.unit(name, times, amps, gain=0.1 * (number + 1), offset=number * 7.3 * (request.param == "offsets"))
    with MockSessionRawIO(made.folder) as reader:
        yield reader


def slow(reader, indexes, **limits):
    """Return waveforms, unit numbers and times by one call a unit."""
    waveforms, numbers, times = [np.empty((0, 1, 64), np.float32)], [], []
    for index in indexes:
        raw = reader.get_spike_raw_waveforms(spike_channel_index=index, **limits)
        waveforms.append(reader.rescale_waveforms_to_float(raw, "float32", index).reshape(-1, 1, 64))
        stamps = reader.get_spike_timestamps(spike_channel_index=index, **limits)
        times.extend(reader.rescale_spike_timestamp(stamps, "float64"))
        numbers.extend([index] * len(stamps))
    return np.concatenate(waveforms), numbers, times


@pytest.mark.parametrize("batch_size", [1, 33, 1000])
@pytest.mark.parametrize(("device", "library"), LIBRARIES)
def test_every_library(device, library, batch_size, units):
    """All units, in batches that end in the middle of one or hold several."""
    found = waveforms_to_device(units, device=device, out=library, batch_size=batch_size)
    waveforms, numbers, times = slow(units, range(4))
    assert found.waveforms.shape == (147, 1, 64)
    offset = units.header["spike_channels"]["wf_offset"].max()
    np.testing.assert_allclose(as_numpy(found.waveforms), waveforms, rtol=2**-23, atol=offset * 2**-23)
    assert as_numpy(found.unit_index).tolist() == numbers
    assert found.times.tolist() == times


def test_window_and_units(units):
    """Some units, in the order given, between two times."""
    limits = {"t_start": 0.3, "t_stop": 1.1}
    found = waveforms_to_device(units, spike_channel_indexes=[3, 0], device="cpu", out="numpy", **limits)
    waveforms, numbers, times = slow(units, [3, 0], **limits)
    assert 10 < len(waveforms) < 130
    np.testing.assert_allclose(found.waveforms, waveforms, rtol=2**-23, atol=30 * 2**-23)
    assert found.unit_index.tolist() == numbers
    assert found.times.tolist() == times


def test_float64_is_exact(units):
    """float64 is the reader's own."""
    found = waveforms_to_device(units, spike_channel_indexes=[2], device="cpu", out="numpy", dtype="float64")
    raw = units.get_spike_raw_waveforms(spike_channel_index=2)
    np.testing.assert_array_equal(found.waveforms, units.rescale_waveforms_to_float(raw, "float64", 2))


def test_a_window_without_spikes(units):
    """Where no unit fires waveforms are as long as elsewhere, so that those of windows can be put together."""
    found = waveforms_to_device(units, t_start=1e6, device="cpu", out="numpy")
    assert found.waveforms.shape == (0, *waveforms_to_device(units, device="cpu", out="numpy").waveforms.shape[1:])


@pytest.mark.parametrize("indexes", [[], [1]])
def test_no_spikes(indexes, units):
    """No unit, and a unit without a spike, make empty arrays."""
    found = waveforms_to_device(units, spike_channel_indexes=indexes, device="cpu", out="numpy")
    assert found.waveforms.shape[0] == found.unit_index.shape[0] == found.times.shape[0] == 0
    assert found.waveforms.ndim == 3


@pytest.mark.parametrize(("wrong", "error", "message"), [
    ({"spike_channel_indexes": [4]}, BoundsError, "expected spike_channel_indexes in 0 to 3"),
    ({"spike_channel_indexes": [-1, 2]}, BoundsError, "expected spike_channel_indexes in 0 to 3"),
    ({"spike_channel_indexes": [True, False]}, BoundsError, "whole numbers.*found \\[True, False\\]"),
    ({"spike_channel_indexes": [1.5]}, BoundsError, "whole numbers.*found \\[1.5\\]"),
    ({"batch_size": 0}, MockSessionError, "batch_size: expected 1 spike or more"),
    ({"batch_size": 1.5}, MockSessionError, "batch_size: expected 1 spike or more; found 1.5"),
    ({"dtype": "int16"}, MockSessionError, "dtype: expected"),
    ({"seg_index": 1}, BoundsError, "seg_index"),
])  # fmt: skip
def test_wrong_arguments(wrong, error, message, units):
    """What cannot be done is refused, with what was expected."""
    with pytest.raises(error, match=message):
        waveforms_to_device(units, **{"device": "cpu", "out": "numpy", **wrong})


def test_units_that_do_not_fit(tmp_path):
    """Waveforms of two lengths, or none, are errors that name the unit."""
    made = Handmade(tmp_path / "s")
    made.unit("CSC1_SU1")
    made.unit("CSC2_SU1", amps=np.zeros((3, 32), np.int16))
    with MockSessionRawIO(made.folder) as reader:
        message = r"unit CSC2_SU1: expected waveforms like those before it, \(1, 64\) int16; found \(1, 32\) int16"
        with pytest.raises(MockSessionError, match=message):
            waveforms_to_device(reader, device="cpu", out="numpy")
        found = waveforms_to_device(reader, spike_channel_indexes=[1], device="cpu", out="numpy")
        assert found.waveforms.shape == (3, 1, 32)
