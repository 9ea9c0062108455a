"""
Find spikes on a GPU, and score them
====================================

Stream a virtual session to the GPU, filter it and detect spikes there, and compare
them with the ground truth.

Chunks are torch tensors, on CUDA if it finds a device and else on the CPU, or NumPy
arrays if torch is not installed: all but three lines are the same. Pass the number of
seconds and channels, and a folder for the figure::

    python example/device_pipeline.py [SECONDS [CHANNELS [FIGURES]]]

Score and figure need SciPy and matplotlib, of the extras ``hybrid`` and ``plot``.
"""

# %%
# A virtual session: its samples are computed when they are read.

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, score
from mockrawio.device import stream_scaled

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
n_channels = int(sys.argv[2]) if len(sys.argv) > 2 else 16
place = Path(sys.argv[3] if len(sys.argv) > 3 else mkdtemp(prefix="mockrawio-"))

spec = SessionSpec.broadband(
    duration_s=seconds,
    n_channels=n_channels,
    n_units=max(1, n_channels // 4),
    snr=(12.0, 24.0),
    seed=9,
)
folder = generate_session(spec, place, virtual=True)
reader = MockSessionRawIO(dirname=folder)
reader.parse_header()
rate = reader.get_signal_sampling_rate(stream_index=1)

# %%
# Two libraries
# -------------
#
# If torch is not installed, NumPy is used instead. These are the differences.

library = "torch" if find_spec("torch") else "numpy"
print("arrays of", library, "" if library == "torch" else "(torch is not installed)")
if library == "torch":
    import torch as xp
else:
    xp = np


def median(values, axis):
    """Return the lower of the middle two, as torch has it."""
    if library == "torch":
        return values.median(axis).values
    return np.quantile(values, 0.5, axis, method="lower")


def beside(values, like):
    """Return a NumPy array where another array is."""
    return xp.from_numpy(values).to(like.device) if library == "torch" else values


def in_memory(values):
    """Return an array in memory; this waits for the device."""
    return values.cpu().numpy() if library == "torch" else values


# %%
# High-pass and common median
# ---------------------------
#
# The high-pass filter subtracts a windowed sinc, by FFT. Samples that it needs of the
# previous chunk are kept; the recording is padded with its first and its last sample.

HALF = 128  # samples of the filter on either side of its middle
CHUNK = (1 << 15) - 2 * HALF - 2  # with what is held a length that the FFT is fast at


def high_pass(hertz, rate):
    """Return the filter, float32 (samples, 1)."""
    t = np.arange(-HALF, HALF + 1)
    low = np.sinc(2 * hertz / rate * t) * np.hanning(2 * HALF + 3)[1:-1]
    return ((t == 0) - low / low.sum()).astype(np.float32)[:, None]


def padded(chunks):
    """Yield chunks with the first and the last sample as often as the filter needs."""
    last = next(chunks)
    yield xp.concatenate([*[last[:1]] * (HALF + 1), last])
    for last in chunks:
        yield last
    yield xp.concatenate([last[-1:]] * (HALF + 1))


def filtered(chunks, rate):
    """Yield filtered chunks, less the median of all channels, and where each begins.

    The last two samples come again in the next one, so that each sample has its
    neighbours in one of them.
    """
    kernel, held, first = high_pass(300.0, rate), None, -1
    for chunk in padded(chunks):
        held = chunk if held is None else xp.concatenate([held, chunk])
        n = max(CHUNK + 2 * HALF + 2, len(held))
        spectrum = xp.fft.rfft(held, n, 0) * xp.fft.rfft(beside(kernel, held), n, 0)
        clean = xp.fft.irfft(spectrum, n, 0)[2 * HALF : len(held)]
        yield first, clean - median(clean, 1)[:, None]
        first += len(clean) - 2
        held = held[-2 * HALF - 2 :]


# %%
# Troughs
# -------
#
# A trough exceeds five times its channel's noise, and is deeper than its neighbours.
# Only troughs leave the device. Of neighbouring troughs the deepest is the spike.


def troughs(chunks, rate):
    """Return sample, channel and depth of each, NumPy arrays in order of time."""
    found, floor = [], None
    for first, clean in filtered(chunks, rate):
        if floor is None:
            floor = -5.0 / 0.6745 * median(abs(clean), 0)
        middle = clean[1:-1]
        deep = (middle < floor) & (middle < clean[:-2]) & (middle <= clean[2:])
        samples, channels = xp.where(deep)
        these = samples + first + 1, channels, middle[deep]
        found.append([in_memory(some) for some in these])
    return [np.concatenate(some) for some in zip(*found, strict=True)]


def spikes(samples, channels, depths, apart=32, reach=3):
    """Leave out troughs with a deeper one less than a ms and four channels away."""
    keep = np.ones(len(samples), bool)
    for step in range(1, len(samples)):
        near = samples[step:] - samples[:-step] < apart
        if not near.any():
            break
        near &= abs(channels[step:] - channels[:-step]) <= reach
        later_is_deeper = depths[step:] < depths[:-step]
        keep[:-step] &= ~(near & later_is_deeper)
        keep[step:] &= ~(near & ~later_is_deeper)
    return samples[keep], channels[keep]


# %%
# The whole pipeline
# ------------------
#
# It runs twice: parts of the virtual session are cached in the first run, so the time
# of the second is mostly that of the device. All spikes of a channel are taken as one
# unit. This is not a sorter: it cannot separate two units on one channel.

options = {"chunk_size": CHUNK, "device": "auto", "out": library}
for what in ("made and searched", "once more"):
    began = time.perf_counter()
    with stream_scaled(reader, stream_index=1, **options) as chunks:
        samples, channels = spikes(*troughs(chunks, rate))
    took = time.perf_counter() - began
    print(f"{what} on {chunks.device}: {took:.2f} s, {seconds / took:.0f} x real time")

found = {
    name: samples[channels == index]
    for index, name in enumerate(chunks.channel_ids)
    if index in channels
}

# %%
# Score
# -----
#
# Each unit of the session, with the channel whose spikes match it best.

result = score(folder, found)
for unit in result.units:
    print(f"{unit.id}: {unit.n_matched} of {unit.n_true} spikes are among")
    print(f"   the {unit.n_found} of {unit.found_unit}, accuracy {unit.accuracy:.2f}")

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("the figure", "plot"):
    from matplotlib.figure import Figure

figure = Figure(figsize=(9, 3.5), layout="constrained")
axes = figure.subplots()
names = [unit.id for unit in result.units]
axes.bar(names, [unit.n_true for unit in result.units], color="0.85", label="true")
axes.bar(names, [unit.n_matched for unit in result.units], width=0.5, label="found")
axes.set(title=f"Found on {chunks.device} by {library}", ylabel="spikes")
axes.legend()
print("the figure:", plots.save_figure(figure, place / "found.png", dpi=100))
print("the session:", folder)
reader.close()
