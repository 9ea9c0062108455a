"""
Read a session as Neo objects
=============================

Read through the high-level layer, ``neo.io``: a tree of objects with units.

The script read_session_rawio.py reads the same session as NumPy arrays. Pass a session
folder, by default a small session is generated, and a folder for the figure::

    python example/read_session_io.py [SESSION [FIGURES]]

The figure needs matplotlib (extra ``plot``).
"""

# %%
# If you pass no session, a small one is generated. A session is a ``Block``:

import sys
from pathlib import Path
from tempfile import mkdtemp

import quantities as pq

from mockrawio import MockSessionIO, SessionSpec, generate_session

place = Path(sys.argv[2] if len(sys.argv) > 2 else mkdtemp(prefix="mockrawio-"))
if len(sys.argv) > 1:
    folder = sys.argv[1]
else:
    folder = generate_session(
        SessionSpec.tiny(patient_id=1, session_nr=1, seed=0), place
    )

block = MockSessionIO(folder).read_block(lazy=False, load_waveforms=True)
print(block.rec_datetime, block.annotations)

# %%
# Segments
# --------
#
# The recording between two gaps is a ``Segment``, with times in s, and signals and
# waveforms in µV.

for segment in block.segments:
    print(f"segment {segment.index}: {segment.t_start} to {segment.t_stop}")
    for signal in segment.analogsignals:
        print("  AnalogSignal", signal.name, signal.shape, signal.dtype)
        print("   ", signal.sampling_rate, "largest value:", abs(signal).max())
    for train in segment.spiketrains:
        print("  SpikeTrain", train.name, len(train), "spikes,", train.waveforms.shape)
    for event in segment.events:
        print("  Event", event.name, len(event), event.times[:3], event.labels[:3])
    for epoch in segment.epochs:
        print("  Epoch", epoch.name, len(epoch), epoch.times[:3], epoch.durations[:3])

# %%
# Lazy loading
# ------------
#
# Lazy objects contain no data until you load a slice: here a tenth of a second.

lazy = MockSessionIO(folder).read_block(lazy=True).segments[0]
for proxy in [*lazy.analogsignals, *lazy.spiketrains]:
    loaded = proxy.load(time_slice=(proxy.t_start, proxy.t_start + 0.1 * pq.s))
    print(type(proxy).__name__, proxy.name, "->", type(loaded).__name__, loaded.shape)

# %%
# Plot
# ----
#
# Neo's objects have times, units and names for the axes.

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("the figure", "plot"):
    from matplotlib.figure import Figure

segment = block.segments[0]
figure = Figure(figsize=(9, 5), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
signal = segment.analogsignals[0]
above.plot(signal.times, signal[:, 0], linewidth=0.6)
above.set(
    title=f"{signal.name}, the first channel", ylabel=str(signal.units.dimensionality)
)
below.eventplot(
    [train.times.magnitude for train in segment.spiketrains], linewidths=0.8
)
names = [train.name for train in segment.spiketrains]
below.set_yticks(range(len(names)), names)
below.set(title="spikes", xlabel="time (s)")
print("the figure:", plots.save_figure(figure, place / "segment.png", dpi=100))
print("the session:", folder)
