"""Blackrock file sets: ``.ns1`` to ``.ns6``, a file a stream, and a ``.nev`` with spikes, digital words and comments.

A rate is 30 kHz by a whole number. A pause is a further block of samples with its own time stamp; the ``.nev`` then has
the comment "critical load restart", by which Neo knows what belongs to which block. Times are ticks of 30 kHz. In
version "3.0-ptp" they are ns, and every sample has one; Neo finds pauses of more than one sample in it.

The first event channel whose labels are whole numbers is the digital port; events of the others are comments,
"channel: label".
"""

from __future__ import annotations

from ..rig import Holds, RigFormat, register_rig
from .faults import FAULTS
from .files import write_blackrock

register_rig(
    RigFormat(
        name="blackrock",
        title="Blackrock",
        files="{run}.ns6, .ns2, ..., {run}.nev",
        neo="BlackrockRawIO",
        holds=Holds(
            "six at most, of 30 kHz by a whole number",
            most_streams=6,
            gains="one a channel, a ratio of whole numbers below 32768",
            names=True,
            t_start=True,
            segments=True,
            units=True,
            waveforms=True,
            events=True,
            labels=True,
            date=True,
        ),
        write=write_blackrock,
        faults=FAULTS,
        extractor="read_blackrock",
        source="Blackrock, File formats: Neural Event File and Continuous Data File, 2.3 and 3.0",
    )
)
