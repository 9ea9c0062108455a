"""
Convert what comes from elsewhere
=================================

A SpikeInterface recording with its sorting, and a Neo Block, become sessions.

Run it with a folder to keep the two sessions there, or with nothing for a temporary folder::

    python example/convert_session.py [ROOT]

It needs SpikeInterface, which generates the recording: ``pip install 'mockrawio[spikeinterface]'``
"""

import sys
import tempfile
from datetime import datetime
from pathlib import Path

import neo
import numpy as np
import quantities as pq

from mockrawio import MockSessionIO, MockSessionRawIO, write_session, write_session_from_block
from mockrawio.ground.extras import by_extra
from mockrawio.verify import verify_session

with by_extra("this example", "spikeinterface"):
    from spikeinterface.core import generate_ground_truth_recording


def from_spikeinterface(folder):
    """Write a generated recording and its true sorting, and compare what is read with what was written."""
    recording, sorting = generate_ground_truth_recording([6.0, 4.0], num_channels=8, num_units=5, seed=0)
    write_session(recording=recording, sorting=sorting, folder=folder, start=datetime(2024, 5, 1, 9), overwrite=True)
    print(verify_session(folder).ok, folder)
    with MockSessionRawIO(folder) as reader:
        print(reader)
        raw = reader.get_analogsignal_chunk(0, 0, stream_index=0)
        off = np.abs(reader.rescale_signal_raw_to_float(raw, "float64") - recording.get_traces(segment_index=0))
        gain = reader.header["signal_channels"]["gain"]
        print("largest error, in gains:", (off / gain).max().round(3))


def from_neo(folder):
    """Write a block of a signal in mV and a spike train, and read it as Neo objects."""
    block = neo.Block(rec_datetime=datetime(2024, 5, 1, 9))
    segment = neo.Segment()
    block.segments.append(segment)
    ramp = np.linspace(-1, 1, 5000)[:, None] * [1, 2]
    segment.analogsignals.append(neo.AnalogSignal(ramp, units="mV", sampling_rate=1 * pq.kHz, name="ramp"))
    segment.spiketrains.append(neo.SpikeTrain([0.5, 1.25, 3.0], units="s", t_stop=5.0, name="CSC2_SU1"))
    write_session_from_block(block, folder, overwrite=True)
    print(verify_session(folder).ok, folder)
    again = MockSessionIO(folder).read_block().segments[0]
    print(again.analogsignals[0].name, again.analogsignals[0].units, again.analogsignals[0][-1])
    print(again.spiketrains[0].name, again.spiketrains[0].times)


def convert(root):
    """Write both below `root`."""
    from_spikeinterface(Path(root) / "patient_data" / "1" / "session_1")
    from_neo(Path(root) / "patient_data" / "1" / "session_2")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        convert(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            convert(temporary)
