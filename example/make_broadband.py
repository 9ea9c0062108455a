"""Make a session with a broadband stream in which its spikes stand, and prove every count of it.

Run it with a folder to keep the session there, or with nothing for a temporary folder:

    python example/make_broadband.py [ROOT]
"""

import sys
import tempfile

import numpy as np

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


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make_broadband(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            make_broadband(temporary)
