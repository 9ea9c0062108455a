"""What SpikeGLX writes into a ``.meta``, after its *Metadata* guide (phase 30)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ...ground.arrays import Ints
from ..recorded import RecordedSignals
from .gains import Range
from .probe import Wired, tables

FOLDER = "C:/SGL_DATA"  # where SpikeGLX writes unless it is told otherwise
SYNC_S = 1.0  # period of the square wave that every stream has


class RunFile(NamedTuple):
    """A raw file: one segment of a stream."""

    name: str  # its path, without ``.bin``
    stream: RecordedSignals
    seg_index: int
    first: int  # its first sample, counted from the run's start
    n_saved: int  # channels in it


def common(part: RunFile, start: datetime, about: str, has_nidq: bool) -> dict[str, object]:
    """Return what the ``.meta`` of all kinds of streams have."""
    size, rate = part.stream.sizes[part.seg_index], part.stream.rate
    return {
        "appVersion": "20230905",
        "fileCreateTime": f"{start + timedelta(seconds=part.first / rate):%Y-%m-%dT%H:%M:%S}",
        "fileName": f"{FOLDER}/{part.name}.bin",
        "fileSizeBytes": 2 * size * part.n_saved,
        "fileTimeSecs": repr(size / rate),
        "firstSample": part.first,
        "gateMode": "Immediate",
        "nDataDirs": 1,
        "nSavedChans": part.n_saved,
        "syncSourceIdx": 0,
        "syncSourcePeriod": SYNC_S,
        "trigMode": "Immediate" if len(part.stream.sizes) == 1 else "TTL",
        "typeImEnabled": 1,
        "typeNiEnabled": int(has_nidq),
        "typeObEnabled": 0,
        "userNotes": about.replace("=", ":"),
    }


def imec(probe: Wired, kind: str, scale: Range, amplified: Sequence[Ints], rate: float) -> dict[str, object]:
    """Return what the ``.meta`` of a probe's stream has besides; `amplified` are the gains of ap and lf, as it has."""
    part, is_lf = probe.part, kind == "lf"
    own = probe.saved + (part.channels if is_lf and part.kind == 0 else 0)
    counts = (part.channels, part.channels if part.kind == 0 else 0)
    sync, n = sum(counts), len(probe.saved)
    letter = kind.upper()
    names = [f"({letter}{c};{k}:{o})" for o, (c, k) in enumerate(zip(probe.saved.tolist(), own.tolist(), strict=True))]
    gains = {} if part.gain is None else {"imChan0apGain": part.gain}
    return {
        "acqApLfSy": f"{counts[0]},{counts[1]},1",
        "imAiRangeMax": repr(scale.volts),
        "imAiRangeMin": repr(-scale.volts),
        "imCalibrated": "true",
        "imDatPrb_dock": 1,
        "imDatPrb_pn": part.number,
        "imDatPrb_port": 1,
        "imDatPrb_slot": 2,
        "imDatPrb_sn": 0,
        "imDatPrb_type": part.kind,
        "imLEDEnable": "false",
        "imMaxInt": part.max_int,
        "imSampRate": repr(rate),
        "imStdby": "",
        "imTrgRising": "true",
        "imTrgSource": 0,
        "snsApLfSy": f"0,{n},1" if is_lf else f"{n},0,1",
        "snsSaveChanSubset": _ranges([*own.tolist(), sync]),
        "syncImInputSlot": 2,
        "typeThis": "imec",
        **gains,
        **tables(probe, amplified),
        "~snsChanMap": f"({counts[0]},{counts[1]},1)" + "".join(names) + f"(SY0;{sync}:{n})",
    }


def nidq(volts: float, n_analog: int, n_lines: int, rate: float) -> dict[str, object]:
    """Return what the ``.meta`` of a nidq stream has besides; its last line has the sync wave."""
    names = [f"(XA{k};{k}:{k})" for k in range(n_analog)]
    return {
        "acqMnMaXaDw": f"0,0,{n_analog},1",
        "niAiRangeMax": repr(volts),
        "niAiRangeMin": repr(-volts),
        "niAiTermination": "Default",
        "niClockSource": "Whisper : 30000",
        "niDev1": "Dev1",
        "niDev1ProductName": "PXIe-6341",
        "niMAChans1": "",
        "niMAGain": 1,
        "niMNChans1": "",
        "niMNGain": 1,
        "niMaxInt": 32768,
        "niMuxFactor": 1,
        "niSampRate": repr(rate),
        "niXAChans1": _ranges(list(range(n_analog))),
        "niXDBytes1": n_lines // 8,
        "niXDChans1": f"0:{n_lines - 1}",
        "snsMnMaXaDw": f"0,0,{n_analog},1",
        "snsSaveChanSubset": _ranges(list(range(n_analog + 1))),
        "syncNiChan": n_lines - 1,
        "syncNiChanType": 0,
        "syncNiThresh": 1.1,
        "typeThis": "nidq",
        "~snsChanMap": f"(0,0,1,{n_analog},1)" + "".join(names) + f"(XD0;{n_analog}:{n_analog})",
    }


def text(values: Mapping[str, object]) -> bytes:
    """Return the file: a line each, tables at the end."""
    ordered = sorted(values.items(), key=lambda item: (item[0].startswith("~"), item[0].lower()))
    return "".join(f"{key}={value}\n" for key, value in ordered).encode()


def _ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers as SpikeGLX lists them: "0:3,7"."""
    breaks = [0, *(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), len(numbers)]
    runs = [(numbers[a], numbers[b - 1]) for a, b in pairwise(breaks) if b > a]
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)
