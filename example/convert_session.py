"""
Convert recordings and Blocks
=============================

Convert a SpikeInterface recording with its sorting, and a Neo Block, to sessions.

Pass a folder for the two sessions; by default a new temporary one is used. The
sessions are kept, and the script prints where::

    python example/convert_session.py [ROOT]

It needs SpikeInterface, which generates the recording, and matplotlib for the
figure: the extras ``spikeinterface`` and ``plot``.
"""

# %%
# A recording and its sorting
# ---------------------------
#
# SpikeInterface generates them here; use any recording and sorting of yours.

import sys
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

import neo
import numpy as np
import quantities as pq

from mockrawio import (
    MockSessionIO,
    MockSessionRawIO,
    write_session,
    write_session_from_block,
)
from mockrawio.ground.extras import by_extra
from mockrawio.report import plots
from mockrawio.verify import verify_session

with by_extra("this example", "spikeinterface"):
    from spikeinterface.core import generate_ground_truth_recording

root = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))

recording, sorting = generate_ground_truth_recording(
    [6.0, 4.0], num_channels=8, num_units=5, seed=0
)
print(recording)
print(sorting)

# %%
# Write them as a session of two segments, the first of which begins at a start of your
# choice:

folder = root / "patient_data" / "1" / "session_1"
write_session(
    recording=recording,
    sorting=sorting,
    folder=folder,
    start=datetime(2024, 5, 1, 9),
    overwrite=True,
)
print(verify_session(folder).ok, folder)

# %%
# Samples of a session are int16. What is read differs from the original by at
# most half a count, the gain:

reader = MockSessionRawIO(folder)
reader.parse_header()
print(reader)
raw = reader.get_analogsignal_chunk(0, 0, stream_index=0)
scaled = reader.rescale_signal_raw_to_float(raw, "float64")
off = np.abs(scaled - recording.get_traces(segment_index=0))
gain = reader.header["signal_channels"]["gain"]
print("largest error, in gains:", (off / gain).max().round(3))

# %%
# Plot the first second, with spikes below:

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

figure = Figure(figsize=(9, 6), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
plots.plot_traces(reader, 0, above, t_start=0.0, t_stop=1.0)
plots.plot_spikes(reader, below, t_start=0.0, t_stop=1.0)
above.label_outer()
print("the figure:", plots.save_figure(figure, root / "converted.png", dpi=100))
reader.close()

# %%
# A Neo Block
# -----------
#
# A signal in mV and a spike train, as any of Neo's readers may return them.

block = neo.Block(rec_datetime=datetime(2024, 5, 1, 9))
segment = neo.Segment()
block.segments.append(segment)
ramp = np.linspace(-1, 1, 5000)[:, None] * [1, 2]
segment.analogsignals.append(
    neo.AnalogSignal(ramp, units="mV", sampling_rate=1 * pq.kHz, name="ramp")
)
segment.spiketrains.append(
    neo.SpikeTrain([0.5, 1.25, 3.0], units="s", t_stop=5.0, name="CSC2_SU1")
)

folder = root / "patient_data" / "1" / "session_2"
write_session_from_block(block, folder, overwrite=True)
print(verify_session(folder).ok, folder)

# %%
# Read them back:

again = MockSessionIO(folder).read_block().segments[0]
signal, train = again.analogsignals[0], again.spiketrains[0]
print(signal.name, signal.units, signal[-1])
print(train.name, train.times)
print("both sessions are below", root)
