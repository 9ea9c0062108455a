"""
Make broadband with ground truth
================================

A stream in which the session's spikes stand, the sum of layers, every count of which
is proved.

Run it with a folder for the session, or with nothing for a new temporary one. It stays
there, and the script says where::

    python example/make_broadband.py [ROOT]

It draws what it shows with matplotlib, which the extra ``plot`` brings.
"""

# %%
# Two segments, 6 s and 4 s, of a linear probe with 16 channels at 32 kHz; two
# threads make them:

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

root = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))

spec = SessionSpec.broadband(
    segments=(6.0, 4.0), n_channels=16, n_units=5, snr=(8.0, 20.0), seed=2
)
folder = generate_session(spec, root, n_workers=2, overwrite=True)
print(folder)

# %%
# The units
# ---------
#
# Where they are, how large, and what each channel sees of them.

known = truth(folder)
for name, unit in known.units.items():
    x, y, z = unit.location
    print(f"{name}: {unit.n_spikes} spikes, SNR {unit.snr:.1f}, {unit.kind}")
    sizes = np.abs(unit.bank[0]).max(axis=(0, 1)) * known.gain_uV
    largest = np.argsort(-sizes)[:4]
    seen = ", ".join(f"CSC{unit.channels[k] + 1} {sizes[k]:.0f} µV" for k in largest)
    print(f"   at {x:.0f}, {y:.0f}, {z:.0f} µm, largest on {seen}")

reader = MockSessionRawIO(dirname=folder)
reader.parse_header()
figure = Figure(figsize=(9, 3.5), layout="constrained")
plots.plot_waveforms(reader, figure.subplots())
print("the figure:", plots.save_figure(figure, root / "units.png", dpi=100))

# %%
# The proof
# ---------
#
# Add up the layers of a segment: they are the recording, count for count.

for seg_index in range(reader.segment_count(block_index=0)):
    recording = reader.get_analogsignal_chunk(0, seg_index, stream_index=1)
    layers = [known.layer(name).read(seg_index) for name in known.layers]
    same = np.array_equal(sum(layers), recording)
    print(f"segment {seg_index}: {recording.shape} {recording.dtype}")
    print(f"   {' + '.join(known.layers)} == recording: {same}")

# %%
# What a spike is made of
# -----------------------
#
# A few spikes on the channels that see them: as recorded, and the layers of it.

unit = max(known.units.values(), key=lambda unit: unit.snr)
middle = int(unit.frames()[unit.n_spikes // 4])
start, stop = middle - 800, middle + 800
seconds = np.arange(start, stop) / reader.get_signal_sampling_rate(stream_index=1)
parts = {"recording": reader.get_analogsignal_chunk(0, 0, start, stop, stream_index=1)}
for name in known.layers:
    parts[name] = known.layer(name).read(0, start, stop)

figure = Figure(figsize=(13, 5), layout="constrained")
panels = figure.subplots(1, len(parts), sharex=True, sharey=True)
for axes, (title, counts) in zip(panels, parts.items(), strict=True):
    microvolts = reader.rescale_signal_raw_to_float(counts, "float32", stream_index=1)
    shown = microvolts[:, unit.channels]
    axes.plot(seconds, shown - 100 * np.arange(shown.shape[1]), linewidth=0.6)
    axes.set(title=title, xlabel="time (s)")
panels[0].set_ylabel("µV, channels 100 µV apart")
print("the figure:", plots.save_figure(figure, root / "layers.png", dpi=100))
print("the session:", folder)
reader.close()
