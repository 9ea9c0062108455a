"""
Stream a session to a GPU
=========================

Its int16 go to the GPU, or stay on the CPU where there is none, and are scaled there.

With torch installed the arrays are torch's, on CUDA if it sees a device; else they
are NumPy's. Run it with a session folder, or with nothing to have a small session
made, and with a second folder for the figure::

    python example/stream_to_device.py [SESSION [FIGURES]]

The figure needs matplotlib, which the extra ``plot`` brings.
"""

# %%
# Without a session of yours a small one is made.

import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.device import stream_scaled, waveforms_to_device, zoom

place = Path(sys.argv[2] if len(sys.argv) > 2 else mkdtemp(prefix="mockrawio-"))
if len(sys.argv) > 1:
    folder = sys.argv[1]
else:
    spec = SessionSpec.broadband(segments=(2.0,), n_channels=8, n_units=4, seed=0)
    folder = generate_session(spec, place)

reader = MockSessionRawIO(dirname=folder)
reader.parse_header()
library = "torch" if find_spec("torch") else "numpy"
print("arrays of", library)

# %%
# Chunk by chunk
# --------------
#
# The energy of each stream. Each chunk is used before the next is asked for, so that
# they may share memory: ``reuse=True``. Leave it out to keep them.

for stream_index, stream in enumerate(reader.header["signal_streams"]):
    options = {"chunk_size": 16384, "device": "auto", "out": library, "reuse": True}
    with stream_scaled(reader, stream_index=stream_index, **options) as chunks:
        total = sum((chunk * chunk).sum(0) for chunk in chunks)
    rms = float((total / chunks.shape[0])[0] ** 0.5)
    print(f"stream {stream['name']}: {chunks.shape} on {chunks.device}")
    print(f"   by {chunks.library}, in {len(chunks)} chunks")
    print(f"   root mean square of {chunks.channel_ids[0]}: {rms:.2f} µV")

# %%
# A view of any length
# --------------------
#
# The least and the largest value below each pixel, as a viewer draws them: no spike is
# lost, however long the view. Here the first channel of the last stream.

low, high, edges = zoom(reader, None, None, 400, stream_index=stream_index)
print(low.shape, f"from {edges[0]:.2f} to {edges[-1]:.2f} s")

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("the figure", "plot"):
    from matplotlib.figure import Figure

figure = Figure(figsize=(9, 3.5), layout="constrained")
axes = figure.subplots()
axes.fill_between(edges[:-1], low[:, 0], high[:, 0], step="post")
axes.set(title=f"{stream['name']}, {chunks.channel_ids[0]}")
axes.set(xlabel="time (s)", ylabel="µV")
print("the figure:", plots.save_figure(figure, place / "view.png", dpi=100))

# %%
# Waveforms
# ---------
#
# All of them are scaled in one go; the mean is taken where they are.

waveforms, unit_index, times = waveforms_to_device(reader, device="auto", out=library)
print(f"{len(times)} waveforms, {tuple(waveforms.shape)}")
for number, unit in enumerate(reader.header["spike_channels"]):
    own = waveforms[unit_index == number]
    if len(own):
        print(f"{unit['id']}: {len(own)}, mean peak {float(own.mean(0).max()):.2f} µV")
print("the session:", folder)
reader.close()
