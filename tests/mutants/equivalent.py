"""Faults that change nothing that anybody could see, and why; those of single lines are in ``equivalent.txt``."""

from __future__ import annotations

import re
from pathlib import Path

# How much is worked on at once, or kept: every number above 0 gives the same.
SIZES = {
    ("convert/counts.py", "BLOCK"),
    ("convert/cut.py", "_AT_ONCE"),
    ("convert/cut.py", "_ITEMS"),
    ("convert/recordings.py", "_TIME_BLOCK"),
    ("formats/neuronexus.py", "_STAMPS"),
    ("formats/npy_out.py", "BLOCK"),
    ("formats/recorded.py", "BLOCK"),
    ("formats/spikes/csv.py", "BLOCK"),
    ("formats/spikes/sonata.py", "BLOCK"),
    ("formats/spikes/spool.py", "RANGE"),
    ("generate/broadband_files.py", "_SPIKES_A_BLOCK"),
    ("generate/cast.py", "SPIKES_A_BLOCK"),
    ("generate/layers.py", "BLOCK"),
    ("generate/lfp.py", "_BLOCK"),
    ("generate/made_arrays.py", "_COUNTED"),
    ("generate/made_arrays.py", "_FILE_BYTES"),
    ("generate/made_arrays.py", "_KEPT_BYTES"),
    ("generate/made_arrays.py", "_LFP_AT_ONCE"),
    ("generate/moving.py", "_BLOCKS"),
    ("generate/moving.py", "_TOGETHER"),
    ("generate/parts/faults/bouts.py", "_KEPT"),
    ("generate/parts/faults/movement.py", "_ROWS"),
    ("generate/parts/field/bursts.py", "_KEPT"),
    ("generate/parts/field/layer.py", "KNOTS"),
    ("generate/parts/field/layer.py", "_FEWEST_KNOTS, _BLOCK"),
    ("generate/parts/field/layer.py", "_KEPT"),
    ("generate/parts/field/layer.py", "_VALUES"),
    ("generate/parts/field/smooth.py", "_KEPT"),
    ("generate/parts/firing/drawn.py", "_KEPT"),
    ("generate/parts/firing/lock.py", "_KEPT"),
    ("generate/parts/firing/phase_locked.py", "_KEPT"),
    ("generate/parts/firing/synchrony.py", "_KEPT"),
    ("generate/parts/noise/mixing.py", "_COLUMNS"),
    ("generate/parts/noise/mixing.py", "_ONE_THREAD"),
    ("generate/parts/noise/shots.py", "_KEPT"),
    ("generate/parts/units/crowd.py", "_CELLS"),
    ("generate/parts/units/crowd.py", "_KEPT_TEMPLATES"),
    ("generate/parts/units/crowd.py", "_VALUES"),
    ("generate/planted.py", "_KEPT"),
    ("generate/spool.py", "_IN_MEMORY"),
    ("ground/remote/writing.py", "TOGETHER"),
    ("hybrid/adding.py", "BLOCK_BYTES"),
    ("hybrid/channels.py", "CHUNK_ITEMS"),
    ("hybrid/extractor_source.py", "NEAR"),
    ("hybrid/extractor_source.py", "READ_BYTES"),
    ("hybrid/leading.py", "_CHECKED"),
    ("hybrid/low_rank.py", "KEPT_BYTES"),
    ("hybrid/original/run.py", "CHUNK_ITEMS"),
    ("hybrid/recording.py", "FAULT_BYTES"),
    ("hybrid/recording.py", "INDEX_ITEMS"),
    ("hybrid/recording.py", "MAPPED_BYTES"),
    ("hybrid/without.py", "BLOCK_BYTES"),
    ("planting/planter.py", "BATCH_ITEMS"),
    ("rawio/scaling.py", "BLOCK"),
    ("rawio/scaling.py", "SCALED"),
    ("session/lowpass.py", "_AT_ONCE"),
    ("session/lowpass.py", "_COLUMNS"),
    ("session/lowpass.py", "_ONE_THREAD"),
    ("session/made.py", "_STEP"),
    ("session/virtual.py", "_COPY"),
    ("session/virtual.py", "_KEPT"),
}
_ONE_SEGMENT = tuple(
    f"formats/{name}"
    for name in (
        *("axona.py", "bci2000.py", "biocam.py", "brainvision.py", "elan.py", "intan.py", "maxwell.py", "mearec.py"),
        *("micromed.py", "neuronexus.py", "phy.py", "rawmcs.py", "spikegadgets.py", "winedr.py", "winwcp.py"),
        *("edf/", "neuroexplorer.py", "neuroscope.py", "plexon/"),
    )
)
_ONE_STREAM = (*_ONE_SEGMENT[:15], "formats/axon.py")
_OF_SEGMENT = (
    r"(?:sizes|t_starts|segments)\[0\]|(?:blocks|marks|count|spikes|times|read)\(0[,)]|stream, 0\)|pulses\(\w+, 0,"
)
_OF_UNITS = ("blackrock/events.py", "openephys_binary/", "openephys_legacy.py", "plexon/", "tdt/")

# What changes nothing wherever a line is so: what files begin with, what stands around a number, before and after, why.
RULES: tuple[tuple[tuple[str, ...], str, str, str, str], ...] = (
    (_ONE_STREAM, r"signals\[0\]", "0", "-1", "a part has one stream"),
    (_ONE_SEGMENT, _OF_SEGMENT, "0", "-1", "a part has one segment"),
    (_ONE_STREAM[:15], rf"signals\[0\]|{_OF_SEGMENT}", "0", "-1", "a part has one stream and one segment"),
    (("",), r"reshape\((?:[^()]+, )?-1", "1", "2", "NumPy takes any negative length for the one that is left over"),
    (("",), r"frombuffer\([^()]*, 1(?:, \w+)?\)\[0\]", "0", "-1", "the first of one is its last"),
    (("",), r"frombuffer\([^()]*, 1(?:, \w+)?\)\[0\]", "1", "2", "a second one is not looked at"),
    (
        tuple(f"formats/{name}" for name in _OF_UNITS),
        r"(?:units|some)\[0\]\.(?:channel_id|gain|units|rate|n_samples)",
        "0",
        "-1",
        "the units of an electrode are alike in that",
    ),
)


def by_rule(file: str, text: str, before: str, after: str) -> bool:
    """Return True if a fault, by its line, changes nothing by one of `RULES`, which is so of all such numbers there."""
    numbers = len(re.findall(rf"(?<![\w.]){re.escape(before)}(?![\w.])", text.partition("  #")[0]))
    return any(
        (before, after) == (old, new) and file.startswith(files) and len(re.findall(around, text)) == numbers
        for files, around, old, new, _ in RULES
    )


def _listed() -> dict[tuple[str, str, str, str], str]:
    """Return what the list has, by file, line, before and after: why nobody could see it."""
    known, file, text, why = {}, "", "", ""
    for line in Path(__file__).with_name("equivalent.txt").read_text("utf-8").splitlines():
        if line.startswith("    "):
            before, _, after = line[4:].partition(" => ")
            known[file, text, before, after] = why
        elif line.startswith("  # "):
            why = line[4:]
        else:
            file, _, text = line.partition(": ")
    return known


EQUIVALENT = _listed()
