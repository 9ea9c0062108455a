"""
Spikes found on a GPU, and scored
=================================

A session that takes no disk goes to the GPU and is filtered there; the spikes found
are held against the truth.

The chunks are torch's, on CUDA if it sees a device and else on the CPU, or NumPy's
where torch is not installed, by the same lines but three. Run it with how many seconds
and channels there shall be, and with a folder for the figure::

    python example/device_pipeline.py [SECONDS [CHANNELS [FOLDER]]]

The score and the figure need the extras ``hybrid`` and ``plot``.
"""

# %%
# What the three lines are that differ, and what a spike is: a trough below five times
# a channel's noise. A channel's troughs are taken for one unit's. That is no sorter:
# two units that are largest on one channel are one to it.

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, score
from mockrawio.device import stream_scaled

OUT = "torch" if find_spec("torch") else "numpy"
BROADBAND = 1  # the stream in which the spikes stand
HIGH_PASS_HZ = 300.0
HALF = 128  # samples of the filter on either side of its middle
THRESHOLD = 5.0  # of a channel's noise
APART = 32  # samples: of nearer peaks, on channels near each other, the largest counts
REACH = 3  # channels
CHUNK = (1 << 15) - 2 * HALF - 2  # with those before it a length of a fast FFT

if OUT == "torch":
    import torch as xp
else:
    xp = np


def median(values, axis):
    """Return the lower of the middle two, as torch has it."""
    if OUT == "torch":
        return values.median(axis).values
    return np.quantile(values, 0.5, axis, method="lower")


def beside(values, like):
    """Return a NumPy array where another array is."""
    return xp.from_numpy(values).to(like.device) if OUT == "torch" else values


def in_memory(values):
    """Return an array in memory; this waits for the device."""
    return values.cpu().numpy() if OUT == "torch" else values


# %%
# Filter
# ------
#
# High-pass, and less the median of all channels. The last samples of a chunk come
# again in the next one, so that no sample is without its neighbours.


def high_pass(rate_hz):
    """Return the filter, float32 (samples, 1): what a windowed sinc does not pass."""
    t = np.arange(-HALF, HALF + 1)
    low = np.sinc(2 * HIGH_PASS_HZ / rate_hz * t) * np.hanning(2 * HALF + 3)[1:-1]
    return ((t == 0) - low / low.sum()).astype(np.float32)[:, None]


def padded(chunks):
    """Yield chunks, the first sample repeated before them and the last one after."""
    first = next(chunks)
    yield xp.concatenate([*[first[:1]] * (HALF + 1), first])
    last = first
    for last in chunks:
        yield last
    yield xp.concatenate([last[-1:]] * (HALF + 1))


def filtered(chunks, rate_hz):
    """Yield the sample that a filtered chunk begins with, and the chunk."""
    kernel, held, first = high_pass(rate_hz), None, -1
    for chunk in padded(chunks):
        held = chunk if held is None else xp.concatenate([held, chunk])
        n = max(CHUNK + 2 * HALF + 2, len(held))
        spectrum = xp.fft.rfft(held, n, 0) * xp.fft.rfft(beside(kernel, held), n, 0)
        clean = xp.fft.irfft(spectrum, n, 0)[2 * HALF : len(held)]
        yield first, clean - median(clean, 1)[:, None]
        first += len(clean) - 2
        held = held[-2 * HALF - 2 :]


# %%
# Find
# ----
#
# Only what lies beyond the threshold comes back from the device.


def peaks(chunks, rate_hz):
    """Return sample, channel and depth of each trough, in order of time."""
    found, floor = [], None
    for first, clean in filtered(chunks, rate_hz):
        if floor is None:
            floor = -THRESHOLD / 0.6745 * median(abs(clean), 0)
        middle = clean[1:-1]
        deep = (middle < floor) & (middle < clean[:-2]) & (middle <= clean[2:])
        samples, channels = xp.where(deep)
        some = samples + first + 1, channels, middle[deep]
        found.append([in_memory(one) for one in some])
    return [np.concatenate(some) for some in zip(*found, strict=True)]


def spikes(samples, channels, depths):
    """Leave out peaks that have a deeper one near them, in time and among channels."""
    keep = np.ones(len(samples), bool)
    for step in range(1, len(samples)):
        near = samples[step:] - samples[:-step] < APART
        if not near.any():
            break
        near &= abs(channels[step:] - channels[:-step]) <= REACH
        later_is_deeper = depths[step:] < depths[:-step]
        keep[:-step] &= ~(near & later_is_deeper)
        keep[step:] &= ~(near & ~later_is_deeper)
    return samples[keep], channels[keep]


def clusters(reader):
    """Return the samples of each channel's spikes, how long it took, and where."""
    began, rate = time.perf_counter(), reader.get_signal_sampling_rate(BROADBAND)
    options = {"chunk_size": CHUNK, "device": "auto", "out": OUT}
    with stream_scaled(reader, stream_index=BROADBAND, **options) as chunks:
        samples, channels = spikes(*peaks(chunks, rate))
    each = {one: samples[channels == k] for k, one in enumerate(chunks.channel_ids)}
    found = {one: some for one, some in each.items() if len(some)}
    place = f"{chunks.device} by {chunks.library}"
    return found, time.perf_counter() - began, place


# %%
# Run and score
# -------------
#
# Twice: what can be kept of a virtual session is kept, and the second time is mostly
# the device's own.


def run(folder):
    """Find the spikes of a session, show how fast and how well; return the score."""
    if OUT == "numpy":
        print("torch is not installed: NumPy does what it would do on the device")
    with MockSessionRawIO(dirname=folder) as reader:
        size = reader.get_signal_size(0, 0, BROADBAND)
        seconds = size / reader.get_signal_sampling_rate(BROADBAND)
        for what in ("made and searched", "once more"):
            found, took, device = clusters(reader)
            rate = size * reader.signal_channels_count(BROADBAND) / took / 1e6
            print(f"{what}, {device}: {took:.2f} s, {seconds / took:.0f} x real time,")
            print(f"   {rate:.1f} million samples a second")
    result = score(folder, found)
    for unit in result.units:
        print(f"{unit.id}: {unit.n_matched} of {unit.n_true} spikes are among the")
        print(f"   {unit.n_found} of {unit.found_unit}, accuracy {unit.accuracy:.2f}")
    return result


def session(root, duration_s=10.0, n_channels=16):
    """Make a virtual session with a unit for every four channels."""
    sizes = {"n_channels": int(n_channels), "n_units": max(1, int(n_channels) // 4)}
    sizes["duration_s"] = float(duration_s)
    spec = SessionSpec.broadband(**sizes, snr=(12.0, 24.0), seed=9)
    return generate_session(spec, root, virtual=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    root = Path(given[2] if len(given) > 2 else mkdtemp(prefix="mockrawio-"))
    folder = session(root, *given[:2])
    result = run(folder)

    from mockrawio.report.plots import save_figure
    from mockrawio.scoring.figure import plot_score

    print("the figure:", save_figure(plot_score(result), root / "score.png"))
    print("the session:", folder)
