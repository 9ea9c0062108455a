"""
Stream a session to a GPU
=========================

Stream int16 to the GPU, or to the CPU if there is none, and scale it there.

Arrays are torch tensors if torch is installed, on CUDA if it finds a device, and else
NumPy arrays. Pass a session folder, by default a small session is generated, and a
folder for the figure::

    python example/stream_to_device.py [SESSION [FIGURES]]

The figure needs matplotlib (extra ``plot``).
"""

# %%
# If you pass no session, a small one is generated.

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
# Chunks
# ------
#
# Compute the energy of each stream. Each chunk is used before the next is requested,
# so they can share memory (``reuse=True``). Omit this to keep them.

for stream_index, stream in enumerate(reader.header["signal_streams"]):
    options = {"chunk_size": 16384, "device": "auto", "out": library, "reuse": True}
    with stream_scaled(reader, stream_index=stream_index, **options) as chunks:
        total = sum((chunk * chunk).sum(0) for chunk in chunks)
    rms = float((total / chunks.shape[0])[0] ** 0.5)
    print(f"stream {stream['name']}: {chunks.shape} on {chunks.device}")
    print(f"   by {chunks.library}, in {len(chunks)} chunks")
    print(f"   root mean square of {chunks.channel_ids[0]}: {rms:.2f} µV")

# %%
# Zoom
# ----
#
# The minimum and maximum in each pixel, for a viewer: no spike is lost in a view of
# any length. Here the first channel of the last stream.

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
# All of them are scaled together; the mean is computed on the device.

waveforms, unit_index, times = waveforms_to_device(reader, device="auto", out=library)
print(f"{len(times)} waveforms, {tuple(waveforms.shape)}")
for number, unit in enumerate(reader.header["spike_channels"]):
    own = waveforms[unit_index == number]
    if len(own):
        print(f"{unit['id']}: {len(own)}, mean peak {float(own.mean(0).max()):.2f} µV")
print("the session:", folder)
reader.close()
