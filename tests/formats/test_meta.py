"""SpikeGLX's ``.meta``: what is read of it, and how it is compared; and the gains that a probe can be set to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mockrawio.formats.spikeglx.gains import OFFERED, fixed, solved
from mockrawio.formats.spikeglx.meta import check_meta, first_sample, read_meta, read_metas
from mockrawio.formats.spikeglx.probe import PARTS
from mockrawio.ground.errors import BadFileError

PART = {part.number: part for part in PARTS}


@pytest.fixture
def raw(tmp_path: Path) -> str:
    """The path of a raw file of 40 bytes."""
    path = tmp_path / "run_g0_t0.imec0.ap.bin"
    path.write_bytes(bytes(40))
    return str(path)


def test_lines(tmp_path: Path) -> None:
    """A line is a key and a value; of a key that comes twice the first counts, lines without one are passed over."""
    path = tmp_path / "a.meta"
    path.write_text("\ufeff a = 1=2 \nb\n=3\n  =4\nc=\na=5\n", encoding="utf-8")
    assert read_meta(path) == {"a": "1=2", "c": ""}


def test_files_that_have_one(tmp_path: Path, raw: str) -> None:
    """Files without a .meta beside them, and a .meta itself, have none."""
    other, meta = str(tmp_path / "other.bin"), str(tmp_path / "run_g0_t0.imec0.ap.meta")
    Path(meta).write_text("a=1")
    assert read_metas([other, raw, meta]) == {raw: {"a": "1"}}


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({}, None),
        ({"fileTimeSecs": "x", "IMSAMPRATE": "30030", "nsavedchans": "4", "FileSizeBytes": "40"}, None),
        ({"imSampRate": "29970.0"}, None),
        ({"imSampRate": "30030.01"}, "imSampRate = 30000, the sample_rate given; found imSampRate = 30030.01"),
        ({"niSampRate": "29969.9"}, "niSampRate = 30000, the sample_rate given; found niSampRate = 29969.9"),
        ({"imSampRate": "nan"}, "found imSampRate = nan"),
        ({"imSampRate": "fast"}, "a number for imSampRate; found 'fast'"),
        ({"nSavedChans": "5"}, "nSavedChans = 4, as the probe has channels; found nSavedChans = 5"),
        (
            {"fileSizeBytes": "39"},
            r"fileSizeBytes = 40, the size of run_g0_t0\.imec0\.ap\.bin; found fileSizeBytes = 39",
        ),
    ],
)
def test_what_disagrees(meta: dict[str, str], said: str | None, raw: str) -> None:
    """A rate within a thousandth, the channels and the size must be the file's; keys are of any case."""
    if said is None:
        check_meta(raw, meta, n_channels=4, sample_rate=30000.0)
        return
    with pytest.raises(BadFileError, match=said) as caught:
        check_meta(raw, meta, n_channels=4, sample_rate=30000.0)
    assert str(caught.value).startswith(raw.replace(".bin", ".meta"))


def test_a_size_of_no_file(tmp_path: Path) -> None:
    """Of a raw file that is not there the error is its own."""
    with pytest.raises(BadFileError, match=r"none\.bin"):
        check_meta(str(tmp_path / "none.bin"), {"fileSizeBytes": "1"}, n_channels=1, sample_rate=1.0)


@pytest.mark.parametrize(("text", "first"), [("0", 0), ("-3", -3), ("+12", 12), ("9" * 18, 10**18 - 1)])
def test_first_samples(text: str, first: int) -> None:
    """The first sample is a whole number, of up to 18 digits without loss."""
    assert first_sample("a.bin", {"firstSample": text}) == first


@pytest.mark.parametrize("text", ["1.5", "1e3", "9" * 19])
def test_first_samples_that_are_none(text: str) -> None:
    """What is not written as a whole number is refused; where none is told there is none."""
    with pytest.raises(BadFileError, match="a whole number for firstSample"):
        first_sample("a.bin", {"firstSample": text})
    assert first_sample("a.bin", {"other": text}) is None


def test_ranges_of_one_gain() -> None:
    """The range of a probe of one gain is a count's volts times the largest count and the gain."""
    assert fixed(1e-6, PART["NP2000"]) == pytest.approx(1e-6 * 8192 * 80, rel=1e-12)
    assert fixed(1e-6, PART["NP2003"]) == pytest.approx(1e-6 * 2048 * 100, rel=1e-12)
    assert fixed(1e-6, PART["NP1000"]) == pytest.approx(1e-6 * 512, rel=1e-12)


def test_gains_of_the_usual_range() -> None:
    """Gains that Neuropixels 1.0 offers at 0.6 V are those, of that range."""
    found = solved(0.6 / 512 / np.array(OFFERED), PART["NP1000"])
    assert found.volts == pytest.approx(0.6, rel=1e-12)
    assert found.amplified.tolist() == [500, 250, 1000, 50, 125, 1500, 2000, 3000]


@pytest.mark.parametrize(
    ("volts", "amplified"),
    [
        ([0.6 / 512 / 501] * 2, [500, 500]),  # the usual range would take 501, which is not offered
        ([2e-6, 1e-6], [500, 1000]),
        ([3e-6, 1e-6], [500, 1500]),
        ([1e-6, 2e-6], [500, 250]),
        ([1e-6, 4e-6], [500, 125]),
        ([2e-6, 3e-6], [1500, 1000]),
        ([1e-6, 7e-6], [7, 1]),
    ],
)
def test_gains_of_other_ranges(volts: list[float], amplified: list[int]) -> None:
    """Else the first channel has an offered gain, or a small whole one, where that gives the others to 1e-9."""
    found = solved(np.array(volts), PART["NP1000"])
    np.testing.assert_allclose(found.volts / 512 / found.amplified, volts, rtol=1e-9)
    assert found.amplified.tolist() == amplified


def test_gains_that_no_small_numbers_have() -> None:
    """Others have large numbers, which give each gain to 1e-7."""
    volts = np.array([1e-6, np.pi * 1e-6])
    found = solved(volts, PART["NP1000"])
    np.testing.assert_allclose(found.volts / 512 / found.amplified, volts, rtol=1e-7)
    assert found.amplified.tolist() == [31415927, 10_000_000]
