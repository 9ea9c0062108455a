"""
SpikeInterface's recording tutorial on a session
================================================

Follow SpikeInterface's tutorial "Recording objects"
(https://spikeinterface.readthedocs.io) with the recording of a session: print it, look
at its probe, write and read it back, slice and split it, dump, save and load it. Pass
a session folder and a folder for figures and files; by default a small session is
generated in a new temporary folder::

    python example/spikeinterface_recording.py [SESSION [FIGURES]]

It needs the extras ``spikeinterface`` and ``plot``.
"""

# %%
# If you pass no session, a small one is generated.

# sphinx_gallery_thumbnail_number = 4
import os
import sys
from pathlib import Path
from pprint import pprint
from tempfile import mkdtemp

import numpy as np

from mockrawio import SessionSpec, generate_session
from mockrawio.ground.extras import by_extra
from mockrawio.interop.spikeinterface import load_extractor, read_mocksession

with by_extra("this example", "plot"):
    import matplotlib.pyplot as plt

with by_extra("this example", "spikeinterface"):
    import spikeinterface.extractors as se
    from probeinterface import generate_linear_probe
    from probeinterface.plotting import plot_probe
    from spikeinterface import ChannelSliceRecording

figures = Path(sys.argv[2] if len(sys.argv) > 2 else mkdtemp(prefix="mockrawio-"))
figures.mkdir(parents=True, exist_ok=True)
if len(sys.argv) > 1:
    session = sys.argv[1]
else:
    spec = SessionSpec.broadband(segments=(6.0, 4.0), n_channels=16, n_units=5, seed=2)
    session = generate_session(spec, figures)

recording, sorting, events = read_mocksession(
    session, load_sorting=True, load_events=True
)
print(recording)
print(sorting)
print(events, events.channel_ids)

# %%
# Properties
# ----------
#
# All of these come from the session.

print(f"Number of channels = {len(recording.get_channel_ids())}")
print(f"Sampling frequency = {recording.get_sampling_frequency()} Hz")
print(f"Number of segments= {recording.get_num_segments()}")
for segment_index in range(recording.get_num_segments()):
    n_frames = recording.get_num_frames(segment_index=segment_index)
    print(f"Number of timepoints in seg{segment_index}= {n_frames}")
for key in ("channel_name", "brain_area", "group", "gain_to_uV"):
    print(f"{key}:", recording.get_property(key))

# %%
# Probe
# -----
#
# All bundles of microwires, and a single one.

print(recording.get_probe())
plot_probe(recording.get_probe())
plt.savefig(figures / "session_probe.png")
plt.close()

bundle = next(iter(recording.split_by("group").values()))
plot_probe(bundle.get_probe(), with_contact_id=True)
plt.savefig(figures / "bundle.png")
plt.close()

# %%
# Another probe
# -------------
#
# Give a copy of the recording a linear probe. The probe has to be wired to the
# recording device, which assigns a column of the data to each contact.

num_elec = recording.get_num_channels()
probe = generate_linear_probe(
    num_elec=num_elec,
    ypitch=20,
    contact_shapes="circle",
    contact_shape_params={"radius": 6},
)
probe.set_device_channel_indices(np.arange(num_elec))
linear = recording.clone().set_probe(probe)
print(linear.get_channel_locations()[:3])
plot_probe(probe)
plt.savefig(figures / "linear_probe.png")
plt.close()

# %%
# A spike
# -------
#
# Traces around a spike on the channels of its unit, in seconds and µV.

trains = {
    unit_id: sorting.get_unit_spike_train(unit_id, 0, return_times=True)
    for unit_id in sorting.unit_ids
}
unit_id = max(trains, key=lambda unit_id: trains[unit_id].size)
spike = trains[unit_id][trains[unit_id].size // 2]
middle = int(recording.time_to_sample_index(spike, segment_index=0))
start, stop = max(0, middle - 160), middle + 160

groups = recording.get_property("group")
ids = recording.channel_ids[groups == sorting.get_unit_property(unit_id, "group")]
traces = recording.get_traces(
    segment_index=0,
    start_frame=start,
    end_frame=stop,
    channel_ids=ids if len(ids) else None,
    return_in_uV=True,
)
times = recording.get_times(segment_index=0)[start:stop]

figure, axes = plt.subplots()
axes.plot(times, traces + 100 * np.arange(traces.shape[1]), linewidth=0.7)
axes.axvline(spike, color="black", linestyle=":", linewidth=0.7)
axes.set(xlabel="time (s)", ylabel="µV, channels 100 µV apart")
axes.set(title=f"around a spike of {unit_id}")
figure.savefig(figures / "spike.png")
plt.close(figure)

# %%
# Write and read
# --------------
#
# Write one binary file per segment; opening them loads no data.

paths = [figures / f"traces{k}.raw" for k in range(recording.get_num_segments())]
se.BinaryRecordingExtractor.write_recording(recording, paths, progress_bar=True)
written = se.BinaryRecordingExtractor(
    file_paths=paths,
    sampling_frequency=recording.sampling_frequency,
    num_channels=recording.get_num_channels(),
    dtype=recording.dtype,
)
print(written)

# %%
# Traces are loaded on demand: an entire segment, and part of the last one.

print(written.get_traces(segment_index=0).shape)
last = written.get_num_segments() - 1
print(written.get_traces(segment_index=last, end_frame=50).shape)

# %%
# Channels
# --------
#
# Channel ids are strings here. Select channels for their traces, or as a new
# recording:

ids = recording.get_channel_ids()
print("chan_ids (dtype=str):", ids)
print(recording.get_traces(segment_index=0, end_frame=50, channel_ids=ids[:2]).shape)
print(recording.channel_slice(channel_ids=ids[::2]))

# %%
# which is equivalent to

print(ChannelSliceRecording(recording, channel_ids=ids[::2]).get_channel_ids())

# %%
# Split by group:

for group, part in recording.split_by(property="group").items():
    print(group, part.get_channel_ids(), part.get_probe())

# %%
# Dump and load
# -------------
#
# Dump to a dict, JSON and a pickle: these store only how to open the recording again.

d = recording.to_dict()
pprint({key: d[key] for key in ("class", "module", "version", "kwargs")})
print(load_extractor(d))
for name in ("my_recording.json", "my_recording.pkl"):
    recording.dump(figures / name)
    print(load_extractor(figures / name))

# %%
# Save and load
# -------------
#
# Saving copies the traces.

recording.save(folder=figures / "my_recording", overwrite=True, progress_bar=True)
pprint(sorted(os.listdir(figures / "my_recording")))
print(load_extractor(figures / "my_recording"))
print("figures and files are in", figures)
