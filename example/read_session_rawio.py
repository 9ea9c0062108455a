"""
Read a session as NumPy buffers
===============================

The low-level layer, ``neo.rawio``: raw values first, scaled in a second step.

Its twin, read_session_io.py, reads the same session as Neo objects. Run it with a session
folder, or with nothing to have a small session made for it::

    python example/read_session_rawio.py [FOLDER]
"""

import sys
import tempfile

from mockrawio import MockSessionRawIO, SessionSpec, generate_session


def read_session(folder):
    """Show the header, then signals, spikes, waveforms and events of the first segment."""
    with MockSessionRawIO(dirname=folder) as reader:  # parses the header, which costs the number of files, not of bytes
        print(reader)
        for key, value in reader.header.items():
            print(key, value)
        read_signals(reader)
        read_spikes(reader)
        read_events(reader)


def read_signals(reader):
    """Read int16 samples in chunks, and scale each chunk on its own."""
    chunk_size = 1024
    for stream_index, stream in enumerate(reader.header["signal_streams"]):
        size = reader.get_signal_size(block_index=0, seg_index=0, stream_index=stream_index)
        rate = reader.get_signal_sampling_rate(stream_index=stream_index)
        t_start = reader.get_signal_t_start(block_index=0, seg_index=0, stream_index=stream_index)
        print(f"\nstream {stream['name']}: {size} samples at {rate} Hz from {t_start} s")
        peak = 0.0
        for i_start in range(0, size, chunk_size):
            raw = reader.get_analogsignal_chunk(
                block_index=0,
                seg_index=0,
                i_start=i_start,
                i_stop=min(i_start + chunk_size, size),
                stream_index=stream_index,
            )
            scaled = reader.rescale_signal_raw_to_float(raw, dtype="float32", stream_index=stream_index)
            peak = max(peak, float(abs(scaled).max()))
        print("last chunk:", raw.shape, raw.dtype, "->", scaled.shape, scaled.dtype)
        print(f"largest value: {peak:.2f} {reader.header['signal_channels'][0]['units']}")


def read_spikes(reader):
    """Count each unit's spikes; read one unit's times and waveforms between 0 and 2 s."""
    print()
    for unit_index in range(reader.unit_channels_count()):
        count = reader.spike_count(block_index=0, seg_index=0, unit_index=unit_index)
        print(reader.header["unit_channels"][unit_index]["id"], count, "spikes")
    if not reader.unit_channels_count():
        return
    limits = {"block_index": 0, "seg_index": 0, "unit_index": 0, "t_start": 0.0, "t_stop": 2.0}
    timestamps = reader.spike_timestamps(**limits)
    times = reader.rescale_spike_timestamp(timestamps, dtype="float64")
    print("times of the first unit:", times.shape, times.dtype, times[:4])
    raw_waveforms = reader.spike_raw_waveforms(**limits)
    waveforms = reader.rescale_waveforms_to_float(raw_waveforms, dtype="float32", unit_index=0)
    print("raw waveforms:", raw_waveforms.shape, raw_waveforms.dtype)
    print("scaled:", waveforms.shape, waveforms.dtype, "mean peak", waveforms.mean(axis=(0, 1)).max())


def read_events(reader):
    """Read every event channel: an epoch channel has durations, an event channel None."""
    print()
    for channel_index in range(reader.event_channels_count()):
        name = reader.header["event_channels"][channel_index]["name"]
        timestamps, durations, labels = reader.event_timestamps(
            block_index=0, seg_index=0, event_channel_index=channel_index, t_start=None, t_stop=None
        )
        times = reader.rescale_event_timestamp(timestamps, dtype="float64", event_channel_index=channel_index)
        print(f"{name}: {len(times)}", times[:3], durations if durations is None else durations[:3], labels[:3])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read_session(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            read_session(generate_session(SessionSpec.tiny(patient_id=1, session_nr=1, seed=0), temporary))
