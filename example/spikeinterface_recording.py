"""
SpikeInterface's recording page on a session
============================================

The page is at https://spikeinterface.readthedocs.io, under "Recording objects".

What the page does with a recording of noise it does here with a session's: print it, look at its
probe, write and read it back, slice and split it, dump, save and load it. Run it with a session
folder and a folder for the figures, or with nothing for a small session in a temporary folder::

    python example/spikeinterface_recording.py [FOLDER [FIGURES]]

It needs SpikeInterface and matplotlib: ``pip install 'mockrawio[spikeinterface,plot]'``
"""

import os
import sys
import tempfile
from pathlib import Path
from pprint import pprint

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

# sphinx_gallery_thumbnail_number = 4


def show_session(folder, figures):
    """Go through the page; `figures` gets the figures, everything else a temporary folder."""
    recording, sorting, events = read_mocksession(folder, load_sorting=True, load_events=True)
    print(recording)
    print(sorting)
    print(events, events.channel_ids)
    show_properties(recording)
    plot_own_probe(recording, figures)
    plot_linear_probe(recording.clone(), figures)
    plot_spike(recording, sorting, figures)
    with tempfile.TemporaryDirectory() as folder_for_files:
        written = write_and_read(recording, Path(folder_for_files))
        read_traces(written)
        choose_channels(recording)
        split_by_group(recording)
        dump_and_load(recording, Path(folder_for_files))
        save_and_load(recording, Path(folder_for_files))


def show_properties(recording):
    """Print what the recording has from the session underneath."""
    print(f"Number of channels = {len(recording.get_channel_ids())}")
    print(f"Sampling frequency = {recording.get_sampling_frequency()} Hz")
    print(f"Number of segments= {recording.get_num_segments()}")
    for segment_index in range(recording.get_num_segments()):
        print(f"Number of timepoints in seg{segment_index}= {recording.get_num_frames(segment_index=segment_index)}")
    for key in ("channel_name", "brain_area", "group", "gain_to_uV"):
        print(f"{key}:", recording.get_property(key))


def plot_own_probe(recording, figures):
    """Plot the session's own probe: all bundles of microwires, and one of them by itself."""
    print(recording.get_probe())
    plot_probe(recording.get_probe())
    plt.savefig(figures / "session_probe.png")
    plt.close()
    bundle = next(iter(recording.split_by("group").values()))
    plot_probe(bundle.get_probe(), with_contact_id=True)
    plt.savefig(figures / "bundle.png")
    plt.close()


def plot_linear_probe(recording, figures):
    """Give a copy of the recording another probe, a linear one, and plot that."""
    num_elec = recording.get_num_channels()
    probe = generate_linear_probe(
        num_elec=num_elec, ypitch=20, contact_shapes="circle", contact_shape_params={"radius": 6}
    )
    # the probe has to be wired to the recording device (i.e., which electrode corresponds to an
    # entry in the data matrix), and then set to the recording object
    probe.set_device_channel_indices(np.arange(num_elec))
    recording = recording.set_probe(probe)
    print(recording.get_channel_locations()[:3])
    plot_probe(probe)
    plt.savefig(figures / "linear_probe.png")
    plt.close()


def plot_spike(recording, sorting, figures):
    """Plot what surrounds a spike on the bundle of its unit, in seconds and µV."""
    trains = {unit_id: sorting.get_unit_spike_train(unit_id, 0, return_times=True) for unit_id in sorting.unit_ids}
    unit_id = max(trains, key=lambda unit_id: trains[unit_id].size, default=None)
    if unit_id is None or not trains[unit_id].size:
        return
    ids = recording.channel_ids[recording.get_property("group") == sorting.get_unit_property(unit_id, "group")]
    spike = trains[unit_id][trains[unit_id].size // 2]
    middle = int(recording.time_to_sample_index(spike, segment_index=0))
    limits = {"segment_index": 0, "start_frame": max(0, middle - 160), "end_frame": middle + 160}
    traces = recording.get_traces(channel_ids=ids if len(ids) else None, return_in_uV=True, **limits)
    times = recording.get_times(segment_index=0)[limits["start_frame"] : limits["end_frame"]]
    figure, axes = plt.subplots()
    axes.plot(times, traces + 100 * np.arange(traces.shape[1]), linewidth=0.7)
    axes.axvline(spike, color="black", linestyle=":", linewidth=0.7)
    axes.set(xlabel="time (s)", ylabel="µV, channels 100 µV apart", title=f"around a spike of {unit_id}")
    figure.savefig(figures / "spike.png")
    plt.close(figure)


def write_and_read(recording, folder):
    """Write a plain binary file a segment, and read them back; that loads nothing yet."""
    file_paths = [folder / f"traces{k}.raw" for k in range(recording.get_num_segments())]
    se.BinaryRecordingExtractor.write_recording(recording, file_paths, progress_bar=True)
    recording2 = se.BinaryRecordingExtractor(
        file_paths=file_paths,
        sampling_frequency=recording.sampling_frequency,
        num_channels=recording.get_num_channels(),
        dtype=recording.dtype,
    )
    print(recording2)
    return recording2


def read_traces(recording):
    """Load traces in memory on demand: an entire segment, and part of the last one."""
    traces0 = recording.get_traces(segment_index=0)
    traces1_short = recording.get_traces(segment_index=recording.get_num_segments() - 1, end_frame=50)
    print(traces0.shape)
    print(traces1_short.shape)


def choose_channels(recording):
    """Use channel ids, which are text here, to get some channels' traces, and a channel slice."""
    ids = recording.get_channel_ids()
    print("chan_ids (dtype=str):", ids)
    traces = recording.get_traces(segment_index=0, end_frame=50, channel_ids=ids[:2])
    print(traces.shape)
    recording4 = recording.channel_slice(channel_ids=ids[::2])
    print(recording4)
    # which is equivalent to
    recording4 = ChannelSliceRecording(recording, channel_ids=ids[::2])
    print(recording4.get_channel_ids())


def split_by_group(recording):
    """Split the recording into its bundles."""
    recordings = recording.split_by(property="group")
    for group, part in recordings.items():
        print(group, part.get_channel_ids(), part.get_probe())


def dump_and_load(recording, folder):
    """Dump to a dict, JSON and a pickle; only how to make the recording again is stored."""
    d = recording.to_dict()
    pprint({key: d[key] for key in ("class", "module", "version", "kwargs")})
    print(load_extractor(d))
    for name in ("my_recording.json", "my_recording.pkl"):
        recording.dump(folder / name)
        print(load_extractor(folder / name))


def save_and_load(recording, folder):
    """Save with a progress bar: this does copy the traces."""
    recording.save(folder=folder / "my_recording", progress_bar=True)
    pprint(sorted(os.listdir(folder / "my_recording")))
    print(load_extractor(folder / "my_recording"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        if len(sys.argv) > 1:
            session = sys.argv[1]
        else:
            spec = SessionSpec.broadband(segments=(6.0, 4.0), n_channels=16, n_units=5, seed=2)
            session = generate_session(spec, temporary)
        place = Path(sys.argv[2] if len(sys.argv) > 2 else temporary)
        place.mkdir(parents=True, exist_ok=True)
        show_session(session, place)
        print("figures:", *sorted(path.name for path in place.glob("*.png")))
