"""Noise as it was measured in a real recording: its spectrum, its levels, and how contacts share it.

White noise of each source is filtered by whole taps along time, and contacts are sums of the sources. A sample so
takes the sources of up to 128 samples before it: the last 128 of a chunk have a child of the seed of their own, by
which the next chunk makes them too. Those before a segment begins are drawn as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np

from ....ground.arrays import Array, Floats
from ....ground.checks import is_real, is_whole, require
from ....ground.shown import Argument
from ...band import white_share
from ...layers import BLOCK, CHUNK, DrawnLayer, Setting
from ..form import PART, Part, from_fields, real
from .filters import ROWS, Filter, Floats32
from .measure import N_TAPS, THOUSANDTHS, found_in
from .mixing import EXACT, Mixing, weights_of
from .normal import Normals, after_rounding
from .part import NoisePart

_SOURCE_SD = 16  # of the white noise that is filtered: coarse, so that taps may be fine
_TAPS_MOST = EXACT >> 7  # of their sizes' sum: a source is below 128
_RATES_AGREE = 1e-3  # a clock is calibrated to less than that


def _levels(name: Argument, value: Any) -> tuple[float, ...]:
    ok = isinstance(value, (tuple, list)) and len(value) > 0 and all(is_real(x) and 0 <= x <= 1e4 for x in value)
    require(ok, name, "a number from 0 to 10000 a channel", value)
    return tuple(map(float, value))


def _triangle(name: Argument, value: Any) -> tuple[tuple[int, ...], ...]:
    rows = value if isinstance(value, (tuple, list)) else [value]
    for i, row in enumerate(rows):
        expected = f"row {i} as {i} whole numbers from {-THOUSANDTHS} to {THOUSANDTHS}, one a channel before it"
        ok = isinstance(row, (tuple, list)) and len(row) == i and set(map(type, row)) <= {int}
        require(ok and all(abs(x) <= THOUSANDTHS for x in row), name, expected, row)
    return tuple(map(tuple, rows))


def _filter(name: Argument, value: Any) -> tuple[int, ...]:
    ok = isinstance(value, (tuple, list)) and 1 <= len(value) <= N_TAPS and all(map(is_whole, value))
    expected = f"1 to {N_TAPS} whole numbers, of which the sizes' sum is {_TAPS_MOST} at most, and not all 0"
    require(ok and 0 < sum(map(abs, value)) <= _TAPS_MOST, name, expected, value)
    return tuple(map(int, value))


def _measured(name: Argument, value: Any) -> Measured:
    if isinstance(value, Measured):
        return value
    if isinstance(value, Mapping):
        return from_fields(Measured, {key: value[key] for key in value if key != PART})
    found = found_in(name, value)
    return Measured(
        sampling_rate=found.sampling_rate,
        uV=tuple(np.round(found.uV, 6).tolist()),
        correlation=tuple(tuple(row[:i]) for i, row in enumerate(found.correlation.tolist())),
        taps=tuple(found.taps.tolist()),
    )


@dataclass(frozen=True)
class Measured(Part):
    """What was measured of a recording's noise.

    Parameters
    ----------
    sampling_rate : float
        That of the recording, Hz.
    uV : tuple of float
        The standard deviation on each channel, in the order of their places.
    correlation : tuple of tuple of int
        That of each channel with each one before it, in thousandths.
    taps : tuple of int
        A filter through which white noise has the recording's spectrum.
    """

    _: KW_ONLY
    sampling_rate: float = real(30000.0, 1e3, 1e5)
    uV: tuple[float, ...] = field(metadata={"check": _levels})
    correlation: tuple[tuple[int, ...], ...] = field(metadata={"check": _triangle})
    taps: tuple[int, ...] = field(metadata={"check": _filter})

    def __post_init__(self) -> None:
        """Check every field, and that there are as many correlations as channels."""
        super().__post_init__()
        n, found = len(self.uV), len(self.correlation)
        require(found == n, Argument("correlation", of="Measured"), f"{n} rows, one a channel", f"{found} rows")

    def matrix(self) -> Floats:
        """Return the correlation of any two channels, float64 (n_channels, n_channels)."""
        matrix = np.eye(len(self.uV))
        for i, row in enumerate(self.correlation):
            matrix[i, :i] = matrix[:i, i] = np.array(row, np.float64) / THOUSANDTHS
        return matrix


@dataclass(frozen=True)
class NoiseFrom(NoisePart):
    """Noise with the spectrum, levels and correlations measured in a recording.

    The part stores these as numbers, so it can be saved as JSON, and no longer needs the recording. All channels share
    one spectrum, with 129 taps, which is accurate down to about 300 Hz at 30 kHz. Filter out slow potentials first, if
    the session has its own field.

    Parameters
    ----------
    measured : spikeinterface BaseRecording or Measured
        A recording in µV, with as many channels as the session has contacts, and its sampling rate. Channels and
        contacts are paired in the order of their places.
    """

    name: ClassVar[str] = "measured"
    floor: ClassVar[bool] = True
    of_tissue: ClassVar[bool] = True

    measured: Measured = field(metadata={"check": _measured})

    def layer(self, name: str, setting: Setting) -> MeasuredLayer:
        """Return the layer that it is in a session.

        Raises
        ------
        MockSessionError
            If the recording had another number of channels, or another sampling rate.
        """
        found, n = self.measured, setting.n_contacts
        argument = Argument("measured", of="NoiseFrom")
        remedy = f"Give one of {n} channels, such as recording.select_channels(recording.channel_ids[:{n}])."
        require(len(found.uV) == n, argument, f"a recording of {n} channels", f"{len(found.uV)} channels", remedy)
        rate = float(setting.sampling_rate)
        agree = abs(found.sampling_rate - rate) <= _RATES_AGREE * rate
        remedy = f"Resample it, or give the session sampling_rate={found.sampling_rate:g}."
        require(agree, argument, f"a recording at {rate:g} Hz", f"{found.sampling_rate:g} Hz", remedy)
        return MeasuredLayer(name, setting, found)


class MeasuredLayer(DrawnLayer):
    """Measured noise of a session."""

    def __init__(self, name: str, setting: Setting, measured: Measured) -> None:
        super().__init__(name, setting)
        matrix = measured.matrix()
        weights = weights_of(setting.n_contacts, lambda at: matrix[at])
        self._mixing = Mixing(weights, np.array(measured.uV) / setting.gain_uV)
        self._filter = Filter(measured.taps)
        self._sources = Normals(_SOURCE_SD, np.float32)
        self._fit()
        self.most = self._mixing.most
        self.sd_uV = np.round(self._mixing.rounded * setting.gain_uV, 6)
        self.band_uV = np.round(self._band_counts() * setting.gain_uV, 6)

    def rows(self, seg_index: int, chunk: int, n: int) -> Iterator[Array]:
        """Yield the first `n` samples of a chunk."""
        width = self._mixing.n_sources
        drawing = self._sources.drawing(self.setting, self.name, seg_index, chunk)
        before = self._edge(seg_index, chunk)
        step = ROWS * max(1, BLOCK // (ROWS * width))
        for begin in range(0, n, step):
            end = min(begin + step, -(-n // ROWS) * ROWS)
            drawn = drawing((min(end, CHUNK - ROWS) - begin) * width).reshape(-1, width)
            last = [self._edge(seg_index, chunk + 1)] if end == CHUNK else []
            sources: Floats32 = np.concatenate([before, drawn, *last])
            yield self._mixing.counts(self._filtered(sources))[: n - begin]
            before = sources[-ROWS:]

    def _edge(self, seg_index: int, chunk: int) -> Floats32:
        """Return the sources of the samples just before a chunk."""
        drawing = self._sources.drawing(self.setting, f"{self.name}.edge", seg_index, chunk)
        return drawing(ROWS * self._mixing.n_sources).reshape(ROWS, -1)

    def _filtered(self, sources: Floats32) -> Floats32:
        filtered = self._filter(sources)
        filtered *= self._shrink  # a power of two: exact
        return np.rint(filtered, out=filtered)

    def _fit(self) -> None:
        """Shrink what is filtered so that it can be mixed."""
        most = self._filter.size * self._sources.most
        shift = (most // self._mixing.room).bit_length()
        self._shrink = np.float32(0.5**shift)
        sd = after_rounding(self._filter.norm * self._sources.sd * 0.5**shift)
        self._mixing.scale(sd, min(self._mixing.room, (most >> shift) + 1))

    def _band_counts(self) -> Floats:
        """Return what the band lets pass on each contact: what is filtered and, white, what is rounded."""
        real, whole = self._mixing.sd**2, self._mixing.rounded**2
        rate = self.setting.sampling_rate
        band: Floats = np.sqrt(real * self._filter.band_share(rate) + (whole - real) * white_share(rate))
        return band
