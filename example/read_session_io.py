"""
Read a session as Neo objects
=============================

The user-oriented layer, ``neo.io``: a tree of objects with units.

Its twin, read_session_rawio.py, reads the same session as NumPy buffers. Run it with a
session folder, or with nothing to have a small session made for it::

    python example/read_session_io.py [FOLDER]
"""

import sys
import tempfile

import quantities as pq

from mockrawio import MockSessionIO, SessionSpec, generate_session


def read_session(folder):
    """Show the whole session loaded, then a slice of it loaded lazily."""
    block = MockSessionIO(folder).read_block(lazy=False, load_waveforms=True)
    print(block.rec_datetime, block.annotations)
    for segment in block.segments:
        show_segment(segment)
    read_slice(folder)


def show_segment(segment):
    """Show the Neo objects of a segment: times in s, signals and waveforms in µV."""
    print(f"\nsegment {segment.index}: {segment.t_start} to {segment.t_stop}")
    for signal in segment.analogsignals:
        print("  AnalogSignal", signal.name, signal.shape, signal.dtype, signal.units, signal.sampling_rate)
        print("    largest value:", abs(signal).max())
    for train in segment.spiketrains:
        print("  SpikeTrain", train.name, len(train), "spikes,", "waveforms", train.waveforms.shape)
    for event in segment.events:
        print("  Event", event.name, len(event), event.times[:3], event.labels[:3])
    for epoch in segment.epochs:
        print("  Epoch", epoch.name, len(epoch), epoch.times[:3], epoch.durations[:3])


def read_slice(folder):
    """Read a tenth of a second: lazy objects hold no data until a slice of them is loaded."""
    segment = MockSessionIO(folder).read_block(lazy=True).segments[0]
    print("\nlazily:")
    for proxy in [*segment.analogsignals, *segment.spiketrains]:
        t_start = proxy.t_start
        loaded = proxy.load(time_slice=(t_start, t_start + 0.1 * pq.s))
        print("  ", type(proxy).__name__, proxy.name, "->", type(loaded).__name__, loaded.shape)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        read_session(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            read_session(generate_session(SessionSpec.tiny(patient_id=1, session_nr=1, seed=0), temporary))
