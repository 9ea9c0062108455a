"""Scaling agrees with Neo's base class: exactly in float64, within 1 ulp in float32."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from neo.rawio.baserawio import BaseRawIO

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.ground.errors import BadFileError, BadTypeError
from mockrawio.rawio import scaling
from mockrawio.rawio.scaling import rescale
from tests.fuzz.corpus import header, pickled
from tests.handmade import T0, Handmade

TINY = float(np.finfo(np.float64).tiny)
gains = st.floats(1e-6, 1e3)
offsets = st.one_of(st.just(0.0), st.floats(-1e4, 1e4))


def neo_rescale(raw: np.ndarray, gain: np.ndarray, offset: np.ndarray, dtype: str) -> np.ndarray:
    """What ``BaseRawIO.rescale_signal_raw_to_float`` does, by that very method."""

    class Header(BaseRawIO):
        header = {  # noqa: RUF012
            "signal_streams": np.array([("s", "s", "")], [("name", "U8"), ("id", "U8"), ("buffer_id", "U8")]),
            "signal_channels": np.array(
                [("s", g, o) for g, o in zip(gain, offset, strict=True)],
                [("stream_id", "U8"), ("gain", "f8"), ("offset", "f8")],
            ),
        }

        def __init__(self) -> None:
            pass

    return Header().rescale_signal_raw_to_float(raw, dtype=dtype)


@pytest.mark.slow
@given(st.data(), hnp.arrays(np.int16, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8)))
def test_agrees_with_neo(data: st.DataObject, raw: np.ndarray) -> None:
    """Any counts, uniform or per-channel gain, with or without offset."""
    count = raw.shape[1]
    uniform = data.draw(st.booleans())
    gain = np.full(count, data.draw(gains)) if uniform else np.array([data.draw(gains) for _ in range(count)])
    offset = np.array([data.draw(offsets) for _ in range(count)])
    exact = rescale(raw, gain, offset, "float64")
    np.testing.assert_array_equal(exact, neo_rescale(raw, gain, offset, "float64"))
    single = rescale(raw, gain, offset, "float32")
    assert single.dtype == np.float32
    np.testing.assert_array_max_ulp(single, neo_rescale(raw, gain, offset, "float32"), maxulp=1)


@pytest.mark.parametrize("layout", ["C", "F", "every other channel", "every other sample", "backwards"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_blocks_are_the_whole(layout: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks, the last of them short, in any layout, give what one pass over all gives, step by step."""
    monkeypatch.setattr(scaling, "SCALED", 8 * 6 * np.dtype(dtype).itemsize)
    for n_samples in (1, 7, 8, 9, 100):
        check_blocks(n_samples, layout, dtype)


def check_blocks(n_samples: int, layout: str, dtype: str) -> None:
    """Scale so many samples with gains and offsets of each kind, to a new array and to given ones."""
    stored = np.random.default_rng(0).integers(-32768, 32767, (2 * n_samples, 12), dtype=np.int16)
    raw = {
        "C": np.ascontiguousarray(stored[:n_samples, :6]),
        "F": np.asfortranarray(stored[:n_samples, :6]),
        "every other channel": stored[:n_samples, ::2],
        "every other sample": stored[::2, :6],
        "backwards": stored[:n_samples, 5::-1],
    }[layout]
    uniform = np.ones(6)
    for gain, offset in (
        (uniform, 0 * uniform),
        (0.195 * uniform, 0 * uniform),
        (np.linspace(1e-3, 1e-2, 6), 0 * uniform),
        (uniform, np.arange(6) - 2.5),  # exact in any of the dtypes
        (0.25 * uniform, -5.1 * uniform),
        (np.linspace(1e-3, 1e-2, 6), np.linspace(-5, 5, 6)),
    ):
        slow = raw.astype(dtype)
        slow *= gain
        slow += offset
        alone = dtype == "float32" and not offset.any()
        for out in (None, np.empty(raw.shape, dtype), np.empty((n_samples, 9), dtype)[:, :6]):
            scaled = rescale(raw, gain, offset, dtype, out)
            assert scaled.dtype == dtype and (out is None or scaled is out)
            np.testing.assert_array_max_ulp(scaled, slow, maxulp=1) if alone else np.testing.assert_array_equal(
                scaled, slow
            )


def test_reader_agrees_with_neo_on_real_data(epiphyte: Path) -> None:
    """Signals and waveforms of a folder we did not write, against the base class's own methods."""
    with MockSessionRawIO(epiphyte) as reader:
        raw = reader.get_analogsignal_chunk()
        for dtype, ulp in (("float32", 1), ("float64", 0)):
            ours = reader.rescale_signal_raw_to_float(raw, dtype=dtype)
            neos = BaseRawIO.rescale_signal_raw_to_float(reader, raw, dtype=dtype)
            np.testing.assert_array_max_ulp(ours, neos, maxulp=ulp) if ulp else np.testing.assert_array_equal(
                ours, neos
            )
        waveforms = reader.get_spike_raw_waveforms()
        ours = reader.rescale_waveforms_to_float(waveforms, "float64", 0)
        np.testing.assert_array_equal(ours, BaseRawIO.rescale_waveforms_to_float(reader, waveforms, "float64", 0))


def test_out_and_channels_that_do_not_fit(handmade: Handmade) -> None:
    """The result may go into a buffer; channels other than the chunk's are an error."""
    handmade.stream()
    with MockSessionRawIO(handmade.folder) as reader:
        raw = reader.get_analogsignal_chunk(i_stop=10)
        out = np.empty((10, 3), np.float32)
        assert reader.rescale_signal_raw_to_float(raw, out=out) is out
        np.testing.assert_array_equal(out, raw * np.float32(0.25))
        with pytest.raises(MockSessionError, match="expected 2 channels along the last axis"):
            reader.rescale_signal_raw_to_float(raw, channel_indexes=[0, 1])


def test_only_unscaled_counts_may_stay_whole_numbers() -> None:
    """Where the gain is 1 and the offset 0 the result may be integers; where either is not it drops no fractions."""
    raw, ones, zeros = np.arange(6, dtype=np.int16).reshape(3, 2), np.ones(2), np.zeros(2)
    whole = rescale(raw, ones, zeros, "int32")
    assert whole.dtype == np.int32 and whole.tolist() == raw.tolist()
    for gain, offset in ((0.5 * ones, zeros), (np.array([1.0, 2.0]), zeros), (ones, np.array([0.0, 1.0]))):
        with pytest.raises(BadTypeError, match="a floating dtype; found int32"):
            rescale(raw, gain, offset, "int32")


@pytest.mark.parametrize("scaled", [1, 30, scaling.SCALED])
@pytest.mark.parametrize("shape", [(4,), (1, 4), (3, 4), (3, 0), (0, 4), (0,)])
def test_channels_lie_along_the_last_axis(shape: tuple[int, ...], scaled: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sample without an axis for it, several, and none, even of lines too long for a block."""
    monkeypatch.setattr(scaling, "SCALED", scaled)
    raw = np.arange(math.prod(shape), dtype=np.int16).reshape(shape)
    gain, offset = np.array([0.5, 1.0, 2.0, 4.0])[: shape[-1]], np.array([0.0, 1.0, 0.0, -8.0])[: shape[-1]]
    found = rescale(raw.view(np.memmap), gain, offset, "float32")
    assert type(found) is np.ndarray and found.shape == shape
    np.testing.assert_array_equal(found, raw * gain + offset)


def test_an_offset_is_added_in_float64() -> None:
    """1 + 2**-24 + 2**-50 is nearer to the float32 above 1; an offset rounded to float32 first would give 1."""
    found = rescale(np.ones((1, 1), np.int16), np.ones(1), np.array([2.0**-24 + 2.0**-50]), "float32")
    assert found.tolist() == [[1 + 2.0**-23]]


def test_offsets_and_units_of_the_file(handmade: Handmade) -> None:
    """gain, offset and units in a file reach the header and the result, waveforms included."""
    handmade.lfp(samples=np.array([0, 10], np.int16), gain=2.0, offset=-5.0, units="mV")
    handmade.unit(gain=0.5, offset=1.0)
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.header["signal_channels"]["units"][0] == "mV"
        scaled = reader.rescale_signal_raw_to_float(reader.get_analogsignal_chunk())
        assert scaled[:, 0].tolist() == [-5.0, 15.0]
        waveforms = reader.rescale_waveforms_to_float(reader.get_spike_raw_waveforms())
        assert waveforms[0, 0, :3].tolist() == [1.0, 1.5, 2.0]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 100])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i4"])
def test_a_count_is_sought_in_every_block(
    size: int, dtype: str, handmade: Handmade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest value of a file that is no int16 sets the size of a count, wherever it is, of either sign."""
    monkeypatch.setattr(scaling, "BLOCK", 8 * np.dtype(dtype).itemsize)
    for at in {0, size // 2, size - 1}:
        for value in (5000, -7000):
            samples = (np.arange(size) % 90).astype(dtype)
            samples[at] = value
            path = handmade.lfp(samples=samples)
            with MockSessionRawIO(handmade.folder) as reader:
                raw = reader.get_analogsignal_chunk()
                found = reader.rescale_signal_raw_to_float(raw, "float64")[:, 0]
            assert int(np.abs(raw).max()) == abs(int(raw[at, 0])) == 32767
            np.testing.assert_allclose(found, samples, atol=7000 / 32767 / 2 * 1.001)
            path.unlink()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -2e15])
def test_a_value_that_is_none_is_named_in_any_block(
    bad: float, handmade: Handmade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first value that no count holds is named with its index, in (spikes, samples) of waveforms too."""
    monkeypatch.setattr(scaling, "BLOCK", 8 * 8)
    amps = np.ones((5, 6))
    amps[3, 4:] = bad
    for stored in (amps, np.asfortranarray(amps)):
        handmade.unit(times=T0 + np.arange(5.0), amps=stored)
        with pytest.raises(BadFileError, match="found .* at index 3, 4"):
            MockSessionRawIO(handmade.folder).parse_header()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.nextafter(1e15, 2e15), r"expected values in 'samples' up to 1e\+15; found 1000000000000000.1 at index 2"),
        (
            np.nextafter(-1e15, -2e15),
            r"expected values in 'samples' up to 1e\+15; found -1000000000000000.1 at index 2",
        ),
        (np.inf, "expected finite values in 'samples'; found inf at index 2"),
    ],
)
def test_how_large_a_value_may_be(bad: float, message: str, handmade: Handmade) -> None:
    """Values of 1e15 are served, of either sign; the next number is refused, and so is one that is not finite."""
    handmade.lfp(samples=np.array([1e15, -1e15, 0.0]))
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.get_analogsignal_chunk().ravel().tolist() == [32767, -32767, 0]
    handmade.lfp(samples=np.array([1e15, -1e15, bad]))
    with pytest.raises(BadFileError, match=message):
        MockSessionRawIO(handmade.folder).parse_header()


def test_a_value_that_is_none_in_a_file_of_protocol_2(handmade: Handmade) -> None:
    """Such a file's arrays are held in memory; the index is right all the same."""
    amps = np.ones((5, 6))
    amps[3, 4:] = np.nan
    path = handmade.unit(times=T0 + np.arange(5.0))
    path.write_bytes(header() + pickled({"spike_times": T0 + np.arange(5.0), "spike_amps": amps}, 2))
    with pytest.raises(BadFileError, match="found nan at index 3, 4"):
        MockSessionRawIO(handmade.folder).parse_header()


@pytest.mark.parametrize("protocol", [2, 4])
def test_floats_of_no_spike(protocol: int, handmade: Handmade) -> None:
    """Waveforms of a unit without spikes have a count of 1, in memory as in a file."""
    path = handmade.unit()
    path.write_bytes(header() + pickled({"spike_times": np.empty(0), "spike_amps": np.empty((0, 8))}, protocol))
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.header["spike_channels"]["wf_gain"].tolist() == [1.0]
        assert reader.get_spike_raw_waveforms().shape == (0, 1, 8)


@pytest.mark.parametrize(("size", "count"), [(1.0, 1.0 / 32767), (TINY * 32767, TINY), (TINY * 32766, 1.0), (0.0, 1.0)])
def test_the_smallest_count(size: float, count: float, handmade: Handmade) -> None:
    """A count is a normal float64 at the least; of samples that are all smaller it is 1, and they are 0."""
    handmade.lfp(samples=np.array([0.0, -size]))
    with MockSessionRawIO(handmade.folder) as reader:
        assert reader.header["signal_channels"]["gain"].tolist() == [count]
        assert reader.get_analogsignal_chunk().ravel().tolist() == [0, -32767 if size >= TINY * 32767 else 0]
