"""
Read a session as NumPy arrays
==============================

Read through the low-level layer, ``neo.rawio``: raw buffers, and functions that scale
them.

The script read_session_io.py reads the same session as Neo objects. Pass a session
folder, by default a small session is generated, and a folder for the figure::

    python example/read_session_rawio.py [SESSION [FIGURES]]

The figure needs matplotlib (extra ``plot``).
"""

# %%
# If you pass no session, a small one is generated. The time to parse its header
# depends on the number of files, not on their size:

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from mockrawio import MockSessionRawIO, SessionSpec, generate_session

place = Path(sys.argv[2] if len(sys.argv) > 2 else mkdtemp(prefix="mockrawio-"))
if len(sys.argv) > 1:
    folder = sys.argv[1]
else:
    folder = generate_session(
        SessionSpec.tiny(patient_id=1, session_nr=1, seed=0), place
    )

reader = MockSessionRawIO(dirname=folder)
reader.parse_header()
print(reader)
for key, value in reader.header.items():
    print(key, value)

# %%
# Signals
# -------
#
# Read chunks of int16, and scale each one separately: a day-long recording needs no
# more memory than a second.

CHUNK = 1024

for stream_index, stream in enumerate(reader.header["signal_streams"]):
    which = {"block_index": 0, "seg_index": 0, "stream_index": stream_index}
    size = reader.get_signal_size(**which)
    rate = reader.get_signal_sampling_rate(stream_index=stream_index)
    t_start = reader.get_signal_t_start(**which)
    print(f"stream {stream['name']}: {size} samples at {rate} Hz from {t_start} s")
    peak = 0.0
    for i_start in range(0, size, CHUNK):
        raw = reader.get_analogsignal_chunk(
            i_start=i_start, i_stop=min(i_start + CHUNK, size), **which
        )
        scaled = reader.rescale_signal_raw_to_float(
            raw, dtype="float32", stream_index=stream_index
        )
        peak = max(peak, float(abs(scaled).max()))
    print("last chunk:", raw.shape, raw.dtype, "->", scaled.shape, scaled.dtype)
    print(f"largest value: {peak:.2f} {reader.header['signal_channels'][0]['units']}")

# %%
# Spikes
# ------
#
# Each unit has time stamps, and a waveform for each of them. Read both between two
# times, and scale them in a second step.

n_units = reader.spike_channels_count()
for index in range(n_units):
    count = reader.spike_count(block_index=0, seg_index=0, spike_channel_index=index)
    print(reader.header["spike_channels"][index]["id"], count, "spikes")

if n_units:
    limits = {
        "block_index": 0,
        "seg_index": 0,
        "spike_channel_index": 0,
        "t_start": 0.0,
        "t_stop": 2.0,
    }
    stamps = reader.get_spike_timestamps(**limits)
    times = reader.rescale_spike_timestamp(stamps, dtype="float64")
    print("times of the first unit:", times.shape, times.dtype, times[:4])
    raw_waveforms = reader.get_spike_raw_waveforms(**limits)
    waveforms = reader.rescale_waveforms_to_float(
        raw_waveforms, dtype="float32", spike_channel_index=0
    )
    print("raw waveforms:", raw_waveforms.shape, raw_waveforms.dtype)
    print("scaled:", waveforms.shape, waveforms.dtype)

# %%
# Events
# ------
#
# An epoch channel has durations; for an event channel they are None.

for index in range(reader.event_channels_count()):
    name = reader.header["event_channels"][index]["name"]
    stamps, durations, labels = reader.get_event_timestamps(
        block_index=0, seg_index=0, event_channel_index=index
    )
    times = reader.rescale_event_timestamp(
        stamps, dtype="float64", event_channel_index=index
    )
    shown = None if durations is None else durations[:3]
    print(f"{name}: {len(times)}", times[:3], shown, labels[:3])

# %%
# Plot
# ----
#
# Plot the arrays with matplotlib: the last chunk of the last stream, in µV against
# seconds.

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("the figure", "plot"):
    from matplotlib.figure import Figure

times = t_start + (i_start + np.arange(len(scaled))) / rate
figure = Figure(figsize=(9, 3.5), layout="constrained")
axes = figure.subplots()
axes.plot(times, scaled, linewidth=0.8)
axes.set(xlabel="time (s)", ylabel="µV", title=f"the last chunk of {stream['name']}")
print("the figure:", plots.save_figure(figure, place / "chunk.png", dpi=100))
print("the session:", folder)
reader.close()
