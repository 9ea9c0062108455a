"""Recordings side by side: what an electrophysiologist looks at before believing a number."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import measures
from .recorded import Recorded

N_TRACES, TRACE_MS, STEP_SD = 10, 60.0, 20
N_FOOTPRINTS, N_CONTACTS = 6, 9
RASTER_S = 10.0


def draw(recordings: Sequence[Recorded], path: Path) -> None:
    """Write a figure as a PNG of few colours, a column a recording."""
    from matplotlib.figure import Figure
    from PIL import Image

    heights = [height for _, height in PANELS]
    figure = Figure(figsize=(4.5 * len(recordings), sum(heights)), layout="constrained")
    rows = figure.subplots(len(PANELS), len(recordings), squeeze=False, height_ratios=heights)
    for row, (panel, _) in zip(rows, PANELS, strict=True):
        for axis, one in zip(row, recordings, strict=True):
            panel(axis, one)
    for axis, one in zip(rows[0], recordings, strict=True):
        axis.set_title(one.name)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=80)
    Image.open(drawn).convert("RGB").quantize(48).save(path, optimize=True)


def traces(axis: Any, one: Recorded) -> None:
    """Draw the contacts and the moment with the most and the largest spikes, in the band."""
    n = round(TRACE_MS * 1e-3 * one.sampling_rate)
    first, start = _liveliest(one, n)
    some = one.traces[max(0, start - n) : start + 2 * n, first : first + N_TRACES]
    heard = measures.in_band(some, one.sampling_rate)[min(start, n) :][:n]
    step = STEP_SD * measures.noise_uV(one).mean()
    time = np.arange(n) / one.sampling_rate * 1e3
    axis.plot(time, heard + step * np.arange(N_TRACES), "k", lw=0.5)
    axis.set(xlabel="ms", ylabel=f"µV; a contact each {step:.0f}, {STEP_SD} SD of noise")


def _liveliest(one: Recorded, n: int) -> tuple[int, int]:
    """Return the first contact, and the first of `n` samples."""
    counts = np.array([len(train) for train in one.trains])
    first = int(np.convolve(counts @ one.amplitudes, np.ones(N_TRACES), "valid").argmax())
    sizes = np.repeat(one.amplitudes[:, first : first + N_TRACES].max(axis=1), counts)
    busy = np.bincount(np.concatenate(one.trains) // n, sizes)[: len(one.traces) // n]
    return first, int(busy.argmax()) * n


def spectra(axis: Any, one: Recorded) -> None:
    """Draw the spectrum of all, of the noise and of its white part."""
    for label, signals in (("all", one.traces), ("without units", one.noise), ("white part", one.white)):
        axis.loglog(*(part[1:] for part in measures.spectrum(signals, one.sampling_rate, 4096)), lw=0.8, label=label)
    axis.set(xlabel="Hz", ylabel="µV²/Hz")
    axis.legend()


def footprints(axis: Any, one: Recorded) -> None:
    """Draw the templates of some units on the contacts around them, each unit to its own scale."""
    waves = one.around_main(1.0, 2.0)
    step = waves.shape[1] * 1.2
    for column, unit in enumerate(range(0, len(waves), max(1, len(waves) // N_FOOTPRINTS))):
        near = np.linalg.norm(one.places - one.places[one.main[0][unit]], axis=1).argsort(kind="stable")[:N_CONTACTS]
        for row, contact in enumerate(np.sort(near)):
            wave = waves[unit][:, contact] / abs(one.peaks[unit])
            axis.plot(column * step + np.arange(len(wave)), wave + 0.6 * row, lw=0.8, color=f"C{column}")
    axis.set(xticks=[], yticks=[])


def shapes(axis: Any, one: Recorded) -> None:
    """Draw every unit on the contact of its main peak, to the same height."""
    waves = one.around_main(1.0, 2.5)
    time = np.arange(waves.shape[1]) / one.sampling_rate * 1e3 - 1.0
    for unit, contact in enumerate(one.main[0]):
        axis.plot(time, waves[unit][:, contact] / abs(one.peaks[unit]), lw=0.8)
    axis.set(xlabel="ms")


def rasters(axis: Any, one: Recorded) -> None:
    """Draw the trains, a row a unit."""
    for unit, train in enumerate(one.trains):
        times = train[train < RASTER_S * one.sampling_rate] / one.sampling_rate
        axis.plot(times, np.full(len(times), unit), "k|", ms=4)
    axis.set(xlabel="s", ylabel="unit")


def falling(axis: Any, one: Recorded) -> None:
    """Draw the amplitude of units against the distance, and the correlation of the noise."""
    distances = np.linalg.norm(one.places[None] - one.cells[:, None], axis=2)
    relative = one.amplitudes / one.amplitudes.max(1, keepdims=True)
    apart, correlations = measures.correlations_by_distance(one)
    axis.plot(distances.ravel(), relative.ravel(), ".", ms=3, label="amplitude of units")
    axis.plot(apart, correlations, ".", ms=3, label="correlation of the noise")
    axis.set(xlabel="µm", xlim=(0, 400), ylim=(-0.1, 1.05))
    axis.legend()


PANELS: tuple[tuple[Callable[[Any, Recorded], None], float], ...] = (
    (traces, 4.5),
    (shapes, 3.0),
    (footprints, 5.0),
    (falling, 3.0),
    (spectra, 3.0),
    (rasters, 3.5),
)
