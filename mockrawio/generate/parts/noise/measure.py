"""What a recording's noise is: its level on each channel, how channels are correlated, and its spectrum.

Spikes are left out: what lies beyond five standard deviations, of which a channel's median deviation gives one,
with half a millisecond to each side.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ....ground.arrays import Array, Bools, Floats, Ints
from ....ground.checks import require
from ....ground.shown import Argument

THOUSANDTHS = 1000  # in which correlations are whole
N_TAPS = 129
_TAPS_NORM = 1 << 12  # the root of the sum of their squares
_FADED = 32  # of the taps, so that they do not end at once
_PIECES = 16  # of a second at most, spread over the recording
_LOUD = 5.0  # standard deviations
_MAD_SD = 1.4826  # standard deviations of a normal distribution in its median deviation
_SIZE = 512  # samples that a spectrum is taken of
_GRID = 1 << 12  # frequencies at which taps are made
_FLOOR = 1e-6  # of the mean power: taps go no deeper
_METHODS = ("get_traces", "get_sampling_frequency", "has_scaleable_traces")


class Findings(NamedTuple):
    """What was found in a recording, in the order of its channels' places."""

    sampling_rate: float  # Hz
    uV: Floats  # (n_channels,)
    correlation: Ints  # (n_channels, n_channels), thousandths
    taps: Ints  # (N_TAPS,): white noise through them has the recording's spectrum


def found_in(name: Argument, recording: Any) -> Findings:
    """Measure a recording of SpikeInterface's; `name` is what an error calls it.

    Channels are taken in the order of their places, by x and then by y, as a session has its contacts; without
    places, in their own.
    """
    is_one = all(hasattr(recording, method) for method in _METHODS)
    require(is_one, name, "a recording of SpikeInterface's, or what was measured of one", recording, "Give one.")
    remedy = "Set them, as by recording.set_channel_gains(0.195); recording.set_channel_offsets(0)."
    require(recording.has_scaleable_traces(), name, "a recording that has gains, in µV", "none", remedy)
    sums = _Sums(recording.get_num_channels(), float(recording.get_sampling_frequency()))
    for piece in _pieces(recording):
        sums.add(piece)
    remedy = "Give a longer one, or one whose channels are not all dead."
    require(sums.n_spectra > 0, name, f"a recording with {_SIZE} samples in a row without a spike", "none", remedy)
    order = _order(recording)
    covariance = sums.covariance[np.ix_(order, order)]
    uV: Floats = np.sqrt(np.diagonal(covariance))
    shares = np.clip(covariance / np.maximum(np.outer(uV, uV), 1e-12), -1, 1)
    correlation = np.rint(shares * THOUSANDTHS).astype(np.int64)
    return Findings(sums.rate, uV, correlation, _taps(sums.power))


class _Sums:
    """What is summed over pieces of a recording."""

    def __init__(self, n_channels: int, rate: float) -> None:
        self.rate = rate
        self._products = np.zeros((n_channels, n_channels))
        self._pairs = np.zeros((n_channels, n_channels))
        self.power: Floats = np.zeros(_SIZE // 2 + 1)
        self.n_spectra = 0  # that are in it

    @property
    def covariance(self) -> Floats:
        """That of any two channels where both are quiet, µV², (n_channels, n_channels)."""
        covariance: Floats = self._products / np.maximum(self._pairs, 1)
        return covariance

    def add(self, piece: Floats) -> None:
        """Add a piece, µV (n, n_channels)."""
        piece = piece - np.median(piece, axis=0)
        sd = np.median(np.abs(piece), axis=0) * _MAD_SD
        quiet = ~_widened(np.abs(piece) > _LOUD * sd, round(self.rate * 5e-4))
        self._add_products(np.where(quiet, piece, 0), quiet.astype(np.float64))
        live = sd > 0
        self._add_spectra(piece[:, live] / sd[live], quiet[:, live])

    def _add_products(self, piece: Floats, mask: Floats) -> None:
        self._products += piece.T @ piece
        self._pairs += mask.T @ mask

    def _add_spectra(self, piece: Floats, quiet: Bools) -> None:
        """Add the spectra of what is quiet for long enough, each channel's of a variance of one."""
        window = np.hanning(_SIZE + 1)[:-1, None]
        for begin in range(0, len(piece) - _SIZE + 1, _SIZE // 2):
            rows = slice(begin, begin + _SIZE)
            still = quiet[rows].all(axis=0)
            self.power += (np.abs(np.fft.rfft(piece[rows, still] * window, axis=0)) ** 2).sum(axis=1)
            self.n_spectra += int(np.count_nonzero(still))


def _pieces(recording: Any) -> Iterator[Floats]:
    """Yield pieces of a recording, spread evenly over all its segments: µV, (n, n_channels)."""
    lengths = [recording.get_num_samples(segment_index=i) for i in range(recording.get_num_segments())]
    size = round(recording.get_sampling_frequency())
    starts = [(i, start) for i, length in enumerate(lengths) for start in range(0, max(1, length - size + 1), size)]
    chosen = np.unique(np.linspace(0, len(starts) - 1, _PIECES).astype(int))
    for i, start in (starts[k] for k in chosen):
        stop = min(lengths[i], start + size)
        traces: Array = recording.get_traces(segment_index=i, start_frame=start, end_frame=stop, return_in_uV=True)
        yield traces.astype(np.float64)


def _widened(loud: Bools, reach: int) -> Bools:
    """Return what is loud with so many samples to each side."""
    sums = np.zeros((len(loud) + 2 * reach + 1, loud.shape[1]), np.int64)
    sums[reach + 1 : reach + 1 + len(loud)] = np.cumsum(loud, axis=0)
    sums[reach + 1 + len(loud) :] = sums[reach + len(loud)]
    wide: Bools = sums[2 * reach + 1 :] > sums[: len(loud)]
    return wide


def _order(recording: Any) -> Ints:
    """Return the channels in the order of their places."""
    if not recording.has_channel_location():
        return np.arange(int(recording.get_num_channels()))
    places: Floats = np.asarray(recording.get_channel_locations(), np.float64)
    order: Ints = np.lexsort(places.T[::-1])
    return order


def _taps(power: Floats) -> Ints:
    """Return whole taps of a filter whose response is that spectrum: the one of minimum phase, by its cepstrum."""
    power = np.maximum(power, _FLOOR * np.mean(power))
    fine = np.interp(np.linspace(0, 1, _GRID + 1), np.linspace(0, 1, len(power)), np.log(power))
    cepstrum = np.fft.irfft(fine / 2)
    cepstrum[1:_GRID] *= 2
    cepstrum[_GRID + 1 :] = 0
    taps: Floats = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:N_TAPS]
    taps[-_FADED:] *= np.cos(np.arange(1, _FADED + 1) / (_FADED + 1) * np.pi / 2) ** 2
    whole: Ints = np.rint(taps / np.sqrt(np.sum(taps**2)) * _TAPS_NORM).astype(np.int64)
    return whole
