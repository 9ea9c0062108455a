"""How real SpikeGLX files are broken."""

from __future__ import annotations

import re
from pathlib import Path

from ..rig import FileFault


def _edit(folder: Path, pattern: str, line: str, new: str) -> None:
    """Replace the lines of all .meta files of a pattern that match."""
    for path in folder.rglob(pattern):
        path.write_text(re.sub(line, new, path.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8")


def _wrong_size(folder: Path) -> None:
    def doubled(line: re.Match[str]) -> str:
        return f"fileSizeBytes={2 * int(line[1])}"

    for path in folder.rglob("*.meta"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^fileSizeBytes=(\d+)$", doubled, text, flags=re.M), encoding="utf-8")


def _no_counts(folder: Path) -> None:
    _edit(folder, "*.nidq.meta", r"^snsMnMaXaDw=.*\n", "")


def _catgt(folder: Path) -> None:
    for path in sorted(folder.rglob("*_t0.*")):
        path.rename(path.with_name(path.name.replace("_t0.", "_tcat.")))
    _edit(folder, "*.meta", r"^(fileName=.*)_t0\.", r"\1_tcat.")


def _no_numbers(folder: Path) -> None:
    for path in sorted(folder.rglob("*_g0_t0.*")):
        path.rename(path.with_name(path.name.replace("_g0_t0.", ".")))
    _edit(folder, "*.meta", r"^(fileName=.*)_g0_t0\.", r"\1.")


def _cut(folder: Path) -> None:
    for path in folder.rglob("*.bin"):
        with open(path, "r+b") as file:
            file.truncate(max(path.stat().st_size - 1, 0))


def _no_first_sample(folder: Path) -> None:
    _edit(folder, "*.meta", r"^firstSample=.*\n", "")


FAULTS = (
    FileFault(
        "wrong-size",
        "fileSizeBytes is twice the file's size",
        "read what the file holds",
        "python-neo 1034",
        _wrong_size,
    ),
    FileFault(
        "no-channel-counts",
        "the .meta of nidq has no snsMnMaXaDw",
        "take the counts from acqMnMaXaDw and snsSaveChanSubset, or say which entry is missing",
        "python-neo 1240",
        _no_counts,
    ),
    FileFault("catgt", "CatGT has named the trigger: _tcat", "read it as a segment", "python-neo 1501", _catgt),
    FileFault(
        "no-numbers",
        "the run's name has neither gate nor trigger",
        "read it as a segment",
        "spikeinterface 3323",
        _no_numbers,
    ),
    FileFault("cut-sample", "the last sample is cut off", "read the whole samples", "no report known to us", _cut),
    FileFault(
        "no-first-sample",
        "no .meta has firstSample, as where a run was cut short",
        "take 0, and say so",
        "a warning of Neo's own",
        _no_first_sample,
    ),
)
