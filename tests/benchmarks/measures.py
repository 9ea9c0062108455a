"""What can be measured of a recording whose truth is known; each function is a row, or two, of docs/realism.rst."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, erfc, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .recorded import Floats, Ints, Recorded

DISTANCES_UM = (20, 40), (40, 60), (60, 90), (90, 130)
NEAR_UM, FAR_UM = 35.0, 500.0
SEEN = 0.1  # of the main peak: a contact that has less does not count where delays are measured
SIGMAS = 3, 4, 5
ISI_MS = 2.0
BAND_SECONDS = 20.0  # of a recording are filtered: enough for correlations to .001


class Range(NamedTuple):
    """The least, the middle and the most of a number a unit, or a pair of them."""

    least: float
    median: float
    most: float


def spread(values: Any) -> Range:
    """Return the least, the median and the most of some numbers."""
    return Range(*(float(f(values)) for f in (np.min, np.median, np.max)))


# -- units ---------------------------------------------------------------------------------------


def negative_share(one: Recorded) -> float:
    """Return the share of units whose main peak is negative."""
    return float(np.mean(one.peaks < 0))


def shape_correlation(one: Recorded) -> Range:
    """Return the correlation (Pearson's) of each pair of units' shapes on the contacts of their main peaks.

    From 1 ms before that peak to 3 ms after it, turned so that it points downwards in all of them.
    """
    waves = one.around_main(1.0, 3.0) * np.sign(one.peaks)[:, None, None]
    shapes = waves[np.arange(len(waves)), :, one.main[0]]
    return spread(np.corrcoef(shapes)[np.triu_indices(len(shapes), 1)])


def delays_ms(one: Recorded) -> Range:
    """Return, of each unit, the time between the first and the last peak on contacts that see it.

    Peaks are of the main peak's sign, a tenth of it or more, and within 1 ms of it.
    """
    signed = one.around_main(1.0, 1.0) * np.sign(one.peaks)[:, None, None]
    return spread([_spread(waves) / one.sampling_rate * 1e3 for waves in signed])


def _spread(waves: Floats) -> float:
    amplitudes = waves.max(0)
    return float(np.ptp(peak_times(waves[:, amplitudes >= SEEN * amplitudes.max()])))


def peak_times(waves: Floats) -> Floats:
    """Return when each of waves, (n, contacts), is largest, in samples, between them by a parabola."""
    at = np.clip(waves.argmax(0), 1, len(waves) - 2)
    before, there, after = (waves[at + step, np.arange(waves.shape[1])] for step in (-1, 0, 1))
    bend = before - 2 * there + after
    part = np.divide(before - after, 2 * bend, out=np.zeros_like(bend), where=bend < 0)
    return at + np.clip(part, -0.5, 0.5)


def rest_of_rank_one(one: Recorded) -> Range:
    """Return, of each unit, the part of its footprint's energy that is not one shape times a factor a contact."""
    energies = np.linalg.svd(one.templates, compute_uv=False) ** 2
    return spread(1 - energies[:, 0] / energies.sum(1))


def amplitude_at(one: Recorded) -> list[float]:
    """Return the mean amplitude, of the main peak's, at distances between cell and contact in :data:`DISTANCES_UM`."""
    distances = np.linalg.norm(one.places[None] - one.cells[:, None], axis=2)
    relative = one.amplitudes / one.amplitudes.max(1, keepdims=True)
    return [_mean(relative[(low <= distances) & (distances < high)]) for low, high in DISTANCES_UM]


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


# -- signals in the band of 300 to 6000 Hz -------------------------------------------------------


def in_band(signals: Floats, sampling_rate: float) -> Floats:
    """Return signals (samples, contacts) as SpikeInterface's ``bandpass_filter`` passes them, 300 to 6000 Hz."""
    from spikeinterface.core import NumpyRecording
    from spikeinterface.preprocessing import bandpass_filter

    recording = NumpyRecording([np.ascontiguousarray(signals, np.float32)], sampling_rate)
    return bandpass_filter(recording, 300.0, 6000.0).get_traces(segment_index=0)


@lru_cache(1)
def noise_in_band(one: Recorded) -> Floats:
    """Return the first :data:`BAND_SECONDS` of the noise in the band, (samples, contacts)."""
    return in_band(one.noise[: int(BAND_SECONDS * one.sampling_rate)], one.sampling_rate)


def noise_uV(one: Recorded) -> Floats:
    """Return the standard deviation of the noise in the band, (contacts,)."""
    return noise_in_band(one).std(axis=0, dtype="float64")


def snr_of_templates(one: Recorded) -> Floats:
    """Return each unit's main peak in the band over the standard deviation of the noise there, (units,)."""
    silence = int(0.02 * one.sampling_rate)  # the filter rings for some 10 ms
    contacts = one.main[0]
    peaks = [np.abs(_alone(one, unit, silence)).max() for unit in range(len(contacts))]
    return np.array(peaks) / noise_uV(one)[contacts]


def _alone(one: Recorded, unit: int, silence: int) -> Floats:
    wave = one.templates[unit][:, [one.main[0][unit]]]
    return in_band(np.pad(wave, ((silence, silence), (0, 0))), one.sampling_rate)


def snr_of_spikes(one: Recorded, most: int = 2000) -> Floats:
    """Return the same of the mean of each unit's spikes as they are in the recording, (units,)."""
    contacts, peaks = one.main[0], np.empty(len(one.trains))
    for contact in np.unique(contacts):
        trace = in_band(one.traces[:, [contact]], one.sampling_rate)[:, 0]
        for unit in np.flatnonzero(contacts == contact):
            peaks[unit] = (mean_spike(trace, one.trains[unit][:most]) * np.sign(one.peaks[unit])).max()
    return peaks / noise_uV(one)[contacts]


def mean_spike(trace: Floats, frames: Ints, reach: int = 32) -> Floats:
    """Return the mean of a trace around some samples of it, (2 reach + 1,)."""
    frames = frames[(frames >= reach) & (frames < len(trace) - reach)]
    return trace[frames[:, None] + np.arange(-reach, reach + 1)].mean(axis=0, dtype="float64")


def noise_correlation(one: Recorded) -> tuple[float, float]:
    """Return the mean correlation of the noise in the band on contacts near each other, and on those far apart."""
    distances, correlations = correlations_by_distance(one)
    return _mean(correlations[distances < NEAR_UM]), _mean(correlations[distances > FAR_UM])


def correlations_by_distance(one: Recorded) -> tuple[Floats, Floats]:
    """Return the distance of each pair of contacts, µm, and the correlation of their noise in the band."""
    pairs = np.triu_indices(len(one.places), 1)
    distances = np.linalg.norm(one.places[pairs[0]] - one.places[pairs[1]], axis=1)
    return distances, np.corrcoef(noise_in_band(one), rowvar=False)[pairs]


# -- the white part ------------------------------------------------------------------------------


def events_beyond(one: Recorded) -> list[tuple[int, float]]:
    """Return how many samples of the white part are beyond so many SD, and how many of a Gaussian's would be.

    Samples that are whole counts are so much rounded; so are the Gaussian's.
    """
    levels = one.white.std(axis=0, dtype="float64")
    return [_beyond(one, levels, k) for k in SIGMAS]


def _beyond(one: Recorded, levels: Floats, k: int) -> tuple[int, float]:
    step, edges = one.step_uV, k * levels
    if step:  # the least count beyond begins half a count below it
        edges = np.array([(ceil(edge / step) - 0.5) * step for edge in edges])
    found = sum(int(np.count_nonzero(np.abs(one.white[:, c]) > edge)) for c, edge in enumerate(edges))
    # the Gaussian that, rounded, has these levels (Sheppard)
    true = np.sqrt(levels**2 - step**2 / 12)
    return found, float(len(one.white) * sum(erfc(edge / sd / sqrt(2)) for edge, sd in zip(edges, true, strict=True)))


def spectrum(signals: Floats, sampling_rate: float, n: int = 256) -> tuple[Floats, Floats]:
    """Return frequencies, Hz, and the power there, µV²/Hz, mean over contacts (Welch's)."""
    from scipy.signal import welch

    some = np.array_split(signals, 4, axis=1)  # of all at once the pieces take gigabytes
    found = [welch(contacts, sampling_rate, nperseg=n, axis=0) for contacts in some]
    return found[0][0], np.concatenate([power for _, power in found], axis=1).mean(axis=1)


def unevenness(one: Recorded) -> float:
    """Return by how much the spectrum of the white part leaves its mean, up to .95 of half the sampling rate."""
    frequencies, power = spectrum(one.white, one.sampling_rate)
    # the mean is taken off each piece, which the first two frequencies see
    power = power[2:][frequencies[2:] <= 0.95 * one.sampling_rate / 2]
    return float(np.abs(power / power.mean() - 1).max())


# -- trains --------------------------------------------------------------------------------------


class Rates(NamedTuple):
    """How rates of units are spread."""

    mean_over_median: float
    sd_log10: float
    skew: float


def rates(one: Recorded) -> Rates:
    """Return how the rates of units that have spikes are spread; the skew is that of the rates."""
    hz = np.array([len(train) for train in one.trains]) / one.seconds
    hz = hz[hz > 0]
    away = hz - hz.mean()
    skew = float(np.mean(away**3) / np.mean(away**2) ** 1.5)
    return Rates(float(hz.mean() / np.median(hz)), float(np.log10(hz).std(ddof=1)), skew)


def short_intervals(one: Recorded, of: npt.NDArray[np.bool_]) -> float:
    """Return the share of intervals below 2 ms in the trains of some names, all of them together; NaN without any."""
    trains = [_together(one, label) for label in np.unique(one.labels[of])]
    steps = [np.diff(train) for train in trains]
    return _mean(np.concatenate(steps) < ISI_MS * 1e-3 * one.sampling_rate) if steps else float("nan")


def _together(one: Recorded, label: int) -> Ints:
    return np.sort(np.concatenate([one.trains[unit] for unit in np.flatnonzero(one.labels == label)]))
