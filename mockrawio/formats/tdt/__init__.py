"""TDT tanks: a folder a block, whose ``.tsq`` is the index of what the ``.tev`` holds; a ``.Tbk`` lists the stores.

Each segment is a block. Samples are float32, streams in µV, as Neo takes them to be, and snippets in V: counts times
gain, plus offset. A store's chunks are of one size. With ``sev=True`` each channel of a stream has a ``.sev`` of its
own. Events are strobes: of labels that are no numbers the numbers are in the notes of the ``.Tbk``. The ends of epochs
are strobes of their own, which Neo does not read.
"""

from __future__ import annotations

from ..rig import Holds, RigFormat, register_rig
from .faults import FAULTS
from .files import write_tdt

register_rig(
    RigFormat(
        name="tdt",
        title="TDT tank",
        files="{run}/Block-1/{run}_Block-1.tsq, .tev, .Tbk, .Tdx, or .sev, ...",
        neo="TdtRawIO",
        holds=Holds(
            "nine at most",
            most_streams=9,
            gains="none: values are float32",
            offsets=True,
            t_start=True,
            segments=True,
            units=True,
            waveforms=True,
            events=True,
            durations=True,
            date=True,
        ),
        write=write_tdt,
        faults=FAULTS,
        extractor="read_tdt",
        source="Tucker-Davis Technologies, tdt for Python: read_block",
    )
)
