"""
Make broadband with ground truth
================================

A stream in which the session's spikes stand, the sum of layers, every count of which is proved.

Run it with a folder to keep the session there, or with nothing for a temporary folder::

    python example/make_broadband.py [ROOT]

It draws what it shows: ``pip install 'mockrawio[plot]'``
"""

import sys
import tempfile

import numpy as np

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.ground.extras import by_extra

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure


def make_broadband(root):
    """Make two segments, 6 s and 4 s, of a linear probe with 16 channels below `root`, and look into them."""
    spec = SessionSpec.broadband(segments=(6.0, 4.0), n_channels=16, n_units=5, snr=(8.0, 20.0), seed=2)
    folder = generate_session(spec, root, n_workers=2, overwrite=True)
    print(folder)
    known = truth(folder)
    show_units(known)
    with MockSessionRawIO(dirname=folder) as reader:
        for seg_index in range(reader.segment_count(block_index=0)):
            prove(reader, known, seg_index)
        draw(reader, known).savefig(f"{root}/broadband.png")
    return folder


def show_units(known):
    """Show where the units are, how large, and what each channel sees of them."""
    for name, unit in known.units.items():
        x, y, z = unit.location
        print(f"{name}: {unit.n_spikes} spikes, SNR {unit.snr:.1f}, {unit.peak_uV:.0f} µV, {unit.kind}")
        sizes = np.abs(unit.bank[0]).max(axis=(0, 1)) * known.gain_uV
        largest = np.argsort(-sizes)[:4]
        seen = ", ".join(f"CSC{unit.channels[k] + 1} {sizes[k]:.0f} µV" for k in largest)
        print(f"   at {x:.0f}, {y:.0f}, {z:.0f} µm, largest on {seen}")


def prove(reader, known, seg_index):
    """Add up the layers of a segment: they are the recording, count for count."""
    recording = reader.get_analogsignal_chunk(block_index=0, seg_index=seg_index, stream_index=1)
    same = np.array_equal(sum(known.layer(name).read(seg_index) for name in known.layers), recording)
    print(f"segment {seg_index}: {recording.shape} {recording.dtype}, {' + '.join(known.layers)} == recording: {same}")


def draw(reader, known):
    """Draw a few spikes on the channels that see them: as recorded, and the layers of it."""
    unit = max(known.units.values(), key=lambda unit: unit.snr)
    middle = int(unit.frames()[unit.n_spikes // 4])
    start, stop = middle - 800, middle + 800
    seconds = np.arange(start, stop) / reader.get_signal_sampling_rate(stream_index=1)
    parts = {
        "recording": reader.get_analogsignal_chunk(0, 0, start, stop, stream_index=1),
        **{name: known.layer(name).read(0, start, stop) for name in known.layers},
    }
    figure = Figure(figsize=(13, 5), layout="constrained")
    every = figure.subplots(1, len(parts), sharex=True, sharey=True)
    for axes, (title, counts) in zip(every, parts.items(), strict=True):
        microvolts = reader.rescale_signal_raw_to_float(counts, "float32", stream_index=1)[:, unit.channels]
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
