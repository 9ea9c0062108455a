"""Plexon ``.plx`` files, version 106: headers, then blocks of samples, spikes and events in order of time.

Streams are told by the letters that names of channels begin with: WB for a fast one and FP for a slow one, then SPKC,
AI and AIF; a channel's own name is its header's comment. Neo takes blocks of a channel to follow one another from 0 s,
so each segment is a file of its own, whose clock begins with it. An event's number is its label where that is one; of
other labels the numbers are in the header's comment.
"""

from __future__ import annotations

from ..rig import Holds, RigFormat, register_rig
from .faults import FAULTS
from .files import write_plexon

register_rig(
    RigFormat(
        name="plexon",
        title="Plexon",
        files="{run}.plx",
        neo="PlexonRawIO",
        holds=Holds(
            "five at most, of whole rates",
            most_streams=5,
            gains="one a channel, in mV: a full scale by a whole number",
            units=True,
            waveforms=True,
            events=True,
            date=True,
        ),
        write=write_plexon,
        faults=FAULTS,
        extractor="read_plexon",
        source="Plexon, Plexon.h: structures of PLX files",
    )
)
