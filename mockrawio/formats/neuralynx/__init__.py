"""Neuralynx files as Cheetah 6 writes them: a file a channel, one of events, and one for the spikes of each electrode.

A ``.ncs`` file has a channel's samples in records of 512, each with its time in whole µs; a pause is a record that is
not full, and a later time. Every file begins with 16 KiB of text. Times are µs from the recording's 0 s.

Neo orders channels by the names of files, so these are numbered with leading zeros; a channel's own name is its
``-AcqEntName``, which has no spaces. It takes channels of one rate and one ``-InputRange`` for a stream, so a stream
has one, that of its largest gain, while ``-ADBitVolts`` is each channel's own.
"""

from __future__ import annotations

from ..rig import Holds, RigFormat, register_rig
from .faults import FAULTS
from .files import write_neuralynx

register_rig(
    RigFormat(
        name="neuralynx",
        title="Neuralynx",
        files="CSC1.ncs, ..., SE1.nse, ..., Events.nev",
        neo="NeuralynxRawIO",
        holds=Holds(
            "any number",
            names=True,
            t_start=True,
            segments=True,
            units=True,
            waveforms=True,
            events=True,
            labels=True,
            date=True,
        ),
        write=write_neuralynx,
        faults=FAULTS,
        extractor="read_neuralynx",
        source="Neuralynx, Neuralynx Data File Formats",
    )
)
