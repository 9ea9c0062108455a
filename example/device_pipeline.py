"""
Spikes found on a GPU, and scored
=================================

A session that takes no disk goes to the GPU and is filtered there; the spikes found are held against the truth.

The chunks are torch's, on CUDA if it sees a device and else on the CPU, or NumPy's where torch is not installed, by the
same lines but three. A channel's troughs are taken for one unit's: that is no sorter, and two units that are largest on
one channel are one to it. Run it with how many seconds and channels there shall be::

    python example/device_pipeline.py [SECONDS] [CHANNELS]

The score needs SciPy: ``pip install 'mockrawio[hybrid]'``
"""

import sys
import tempfile
import time
from importlib.util import find_spec

import numpy as np

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, score
from mockrawio.device import stream_scaled

OUT = "torch" if find_spec("torch") else "numpy"
BROADBAND = 1  # the stream in which the spikes stand
HIGH_PASS_HZ = 300.0
HALF = 128  # samples of the filter on either side of its middle
THRESHOLD = 5.0  # of a channel's noise
APART = 32  # samples: of peaks that are nearer, on channels near each other, the largest is the spike
REACH = 3  # channels
CHUNK = (
    (1 << 15) - 2 * HALF - 2
)  # samples: with those before it a length at which the FFT is fast

if OUT == "torch":
    import torch as xp
else:
    xp = np


def median(values, axis):
    """Return the lower of the middle two, as torch has it."""
    return (
        values.median(axis).values
        if OUT == "torch"
        else np.quantile(values, 0.5, axis, method="lower")
    )


def beside(values, like):
    """Return a NumPy array where another array is."""
    return xp.from_numpy(values).to(like.device) if OUT == "torch" else values


def in_memory(values):
    """Return an array in memory; this waits for the device."""
    return values.cpu().numpy() if OUT == "torch" else values


def high_pass(rate_hz):
    """Return the filter, float32 (samples, 1): what a windowed sinc does not let through."""
    t = np.arange(-HALF, HALF + 1)
    low = np.sinc(2 * HIGH_PASS_HZ / rate_hz * t) * np.hanning(2 * HALF + 3)[1:-1]
    return ((t == 0) - low / low.sum()).astype(np.float32)[:, None]


def padded(chunks):
    """Yield chunks with the first sample before them, and the last after them, as often as the filter needs."""
    first = next(chunks)
    yield xp.concatenate([*[first[:1]] * (HALF + 1), first])
    last = first
    for last in chunks:
        yield last
    yield xp.concatenate([last[-1:]] * (HALF + 1))


def filtered(chunks, rate_hz):
    """Yield the chunks' filtered samples, less the median of all channels, and which sample each begins with.

    The last two of a chunk come again in the next one, so that each sample has its neighbours in one of them.
    """
    kernel, held, first = high_pass(rate_hz), None, -1
    for chunk in padded(chunks):
        held = chunk if held is None else xp.concatenate([held, chunk])
        n = max(CHUNK + 2 * HALF + 2, len(held))
        spectrum = xp.fft.rfft(held, n, 0) * xp.fft.rfft(beside(kernel, held), n, 0)
        clean = xp.fft.irfft(spectrum, n, 0)[2 * HALF : len(held)]
        yield first, clean - median(clean, 1)[:, None]
        first += len(clean) - 2
        held = held[-2 * HALF - 2 :]


def peaks(chunks, rate_hz):
    """Return the troughs beyond the threshold: sample, channel and depth of each, NumPy arrays, in order of time."""
    found, floor = [], None
    for first, clean in filtered(chunks, rate_hz):
        if floor is None:
            floor = -THRESHOLD / 0.6745 * median(abs(clean), 0)
        middle = clean[1:-1]
        deep = (middle < floor) & (middle < clean[:-2]) & (middle <= clean[2:])
        samples, channels = xp.where(deep)
        found.append(
            [in_memory(some) for some in (samples + first + 1, channels, middle[deep])]
        )
    return [np.concatenate(some) for some in zip(*found, strict=True)]


def spikes(samples, channels, depths):
    """Leave out peaks that have a deeper one near them, in time and in the order of the channels."""
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
    """Return the samples of each channel's spikes by its id, how many seconds it took, and where it was done."""
    began = time.perf_counter()
    with stream_scaled(
        reader, stream_index=BROADBAND, chunk_size=CHUNK, device="auto", out=OUT
    ) as chunks:
        samples, channels = spikes(
            *peaks(chunks, reader.get_signal_sampling_rate(BROADBAND))
        )
    found = {
        one: samples[channels == index] for index, one in enumerate(chunks.channel_ids)
    }
    took = time.perf_counter() - began
    return (
        {one: some for one, some in found.items() if len(some)},
        took,
        f"{chunks.device} by {chunks.library}",
    )


def run(folder):
    """Find the spikes of a session twice, show how fast and how well, and return the score.

    What can be kept of a virtual session is kept: the second time is mostly the device's own.
    """
    if OUT == "numpy":
        print("torch is not installed: NumPy does what it would do on the device")
    with MockSessionRawIO(dirname=folder) as reader:
        size = reader.get_signal_size(0, 0, BROADBAND)
        seconds = size / reader.get_signal_sampling_rate(BROADBAND)
        for what in ("made and searched", "once more"):
            found, took, device = clusters(reader)
            rate = size * reader.signal_channels_count(BROADBAND) / took / 1e6
            print(
                f"{what}, {device}: {took:.2f} s, {seconds / took:.0f} x real time, {rate:.1f} million samples a second"
            )
    result = score(folder, found)
    for unit in result.units:
        print(
            f"  {unit.id}: {unit.n_matched} of {unit.n_true} spikes are among the {unit.n_found} of {unit.found_unit}, "
            f"accuracy {unit.accuracy:.2f}"
        )
    return result


def session(root, duration_s=10.0, n_channels=16):
    """Make a virtual session with a unit for every four channels."""
    sizes = {"n_channels": int(n_channels), "n_units": max(1, int(n_channels) // 4)}
    spec = SessionSpec.broadband(
        duration_s=float(duration_s), **sizes, snr=(12.0, 24.0), seed=9
    )
    return generate_session(spec, root, virtual=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        run(session(temporary, *sys.argv[1:3]))
