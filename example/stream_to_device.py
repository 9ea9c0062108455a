"""
Stream a session to a GPU
=========================

Its int16 go to the GPU, or stay on the CPU where there is none, and are scaled there.

With torch installed the arrays are torch's, on CUDA if it sees a device; else they are NumPy's. Run
it with a session folder, or with nothing to have a small session made for it::

    python example/stream_to_device.py [FOLDER]
"""

import sys
import tempfile
from importlib.util import find_spec

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.device import stream_scaled, waveforms_to_device, zoom

OUT = "torch" if find_spec("torch") else "numpy"


def show_session(folder):
    """Show each stream's energy, a view of it, and the units' mean waveforms."""
    with MockSessionRawIO(dirname=folder) as reader:
        for stream_index, stream in enumerate(reader.header["signal_streams"]):
            print(f"stream {stream['name']}:")
            show_energy(reader, stream_index)
            show_view(reader, stream_index)
        show_units(reader)


def show_energy(reader, stream_index):
    """Sum the squares of the first segment chunk by chunk.

    Each chunk is used before the next is asked for, so that they may share memory: reuse=True. Leave it out
    to keep them.
    """
    options = {"chunk_size": 16384, "device": "auto", "out": OUT, "reuse": True}
    with stream_scaled(reader, stream_index=stream_index, **options) as chunks:
        total = sum((chunk * chunk).sum(0) for chunk in chunks)
    rms = (total / chunks.shape[0]) ** 0.5
    print(f"  {chunks.shape} on {chunks.device} by {chunks.library}, in {len(chunks)} chunks")
    print(f"  root mean square of {chunks.channel_ids[0]}: {float(rms[0]):.2f} uV")


def show_view(reader, stream_index, width=64, height=8):
    """Draw the first channel's envelope, as a viewer would with more pixels."""
    low, high, edges = zoom(reader, None, None, width, stream_index=stream_index, channel_indexes=[0])
    bottom, top = float(low.min()), float(high.max())
    row = max(top - bottom, 1e-9) / height
    for line in range(height):
        level = top - (line + 0.5) * row
        reached = (low[:, 0] <= level + row) & (high[:, 0] >= level - row)
        print("  |" + "".join("#" if one else " " for one in reached))
    print(f"  {edges[0]:.2f} to {edges[-1]:.2f} s, {bottom:.3g} to {top:.3g} uV")


def show_units(reader):
    """Scale all waveforms in one go and take each unit's mean."""
    waveforms, unit_index, times = waveforms_to_device(reader, device="auto", out=OUT)
    print(f"{len(times)} waveforms, {tuple(waveforms.shape)}")
    for number, unit in enumerate(reader.header["spike_channels"]):
        own = waveforms[unit_index == number]
        if len(own):
            print(f"  {unit['id']}: {len(own)}, mean peak {float(own.mean(0).max()):.2f} uV")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        show_session(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            spec = SessionSpec.broadband(segments=(2.0,), n_channels=8, n_units=4, seed=0)
            show_session(generate_session(spec, temporary))
