"""
Make broadband with ground truth
================================

A stream in which the session's spikes stand, every count of which is proved.

Run it with a folder to keep the session there, or with nothing for a temporary folder::

    python example/make_broadband.py [ROOT]

It draws what it shows: ``pip install 'mockrawio[plot]'``
"""

import sys
import tempfile

import numpy as np
from matplotlib.figure import Figure

from mockrawio import MockSessionRawIO, SessionSpec, broadband_truth, generate_session


def make_broadband(root):
    """Make two segments, 6 s and 4 s, of 16 channels at 32 kHz below `root`, and look into them."""
    spec = SessionSpec.broadband(segments=(6.0, 4.0), n_channels=16, n_units=5, snr=(8.0, 20.0), seed=2)
    folder = generate_session(spec, root, n_workers=2, overwrite=True)
    print(folder)
    truth = broadband_truth(folder)
    show_units(truth)
    with MockSessionRawIO(dirname=folder) as reader:
        for seg_index in range(reader.segment_count(block_index=0)):
            prove(reader, truth, seg_index)
        draw(reader, truth).savefig(f"{root}/broadband.png")
    return folder


def show_units(truth):
    """Show where the units are, how large, and how they are seen on their bundle."""
    for name, unit in truth.units.items():
        x, y, z = unit.location
        print(f"{name}: {unit.n_spikes} spikes, SNR {unit.snr:.1f}, {unit.peak_uV:.0f} µV, at {x}, {y}, {z} µm")
        print(
            "   amplitude at", ", ".join(f"CSC{k + 1} {s:.2f}" for k, s in zip(unit.columns, unit.scale, strict=True))
        )


def prove(reader, truth, seg_index):
    """Take the background from a segment of the recording: what is left are the templates, count for count."""
    recording = reader.get_analogsignal_chunk(block_index=0, seg_index=seg_index, stream_index=1)
    left = recording.astype("int32") - truth.background(seg_index)
    same = np.array_equal(left, truth.planted(seg_index))
    print(f"segment {seg_index}: {recording.shape} {recording.dtype}, recording - background == planted: {same}")


def draw(reader, truth):
    """Draw a few spikes on the channels of their bundle: as recorded, and the two parts of it."""
    unit = max(truth.units.values(), key=lambda unit: unit.snr)
    middle = int(unit.frames()[unit.n_spikes // 4])
    start, stop = middle - 800, middle + 800
    seconds = np.arange(start, stop) / reader.get_signal_sampling_rate(stream_index=1)
    parts = {
        "recording": reader.get_analogsignal_chunk(0, 0, start, stop, stream_index=1),
        "its background": truth.background(0, start, stop),
        "what was planted": truth.planted(0, start, stop),
    }
    figure = Figure(figsize=(9, 5), layout="constrained")
    for axes, (title, counts) in zip(figure.subplots(1, 3, sharex=True, sharey=True), parts.items(), strict=True):
        microvolts = reader.rescale_signal_raw_to_float(counts, "float32", stream_index=1)[:, unit.columns]
        axes.plot(seconds, microvolts - 100 * np.arange(microvolts.shape[1]), linewidth=0.6)
        axes.set(title=title, xlabel="time (s)")
    figure.axes[0].set_ylabel("µV, channels 100 µV apart")
    return figure


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make_broadband(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            make_broadband(temporary)
