"""The content of a session's files, and how it is written: units, LFP, streams, the clock, names.

This is the only place that knows how these are made; :mod:`.files` and :mod:`.streams` read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..formats.npy_out import Blocks, dict_file
from ..ground.arrays import Floats
from . import keys, layout
from .clock import Run
from .files import Scale
from .layout import UnitName, parse_unit_file

N_SAMPLES = 64  # of a waveform, as in Epiphyte's generator

_CSC = re.compile(r"CSC([1-9]\d{0,5})")

Chunks = Iterator[bytes | memoryview]


@dataclass(frozen=True)
class UnitContent:
    """A unit."""

    name: UnitName
    times_ms: Floats  # ascending, ms since the Unix epoch
    waveforms: Blocks | None = None  # (spikes, samples): counts where there is a scale, else physical values
    scale: Scale | None = None  # of the waveforms
    sampling_rate: float | None = None  # Hz
    left_sweep: int | None = None  # samples before the spike in each waveform
    origin: object = None  # what it is called where it comes from; JSON can hold it. None: it comes from nowhere else

    def chunks(self) -> Chunks:
        """Return the bytes of its file, in pieces."""
        values = {
            keys.SPIKE_TIMES.key: self.times_ms.astype("<f8", copy=False),
            keys.SPIKE_AMPS.key: self.waveforms,
            **_scale_keys(self.scale),
            keys.WAVEFORM_RATE.key: self.sampling_rate,
            keys.SWEEP.key: self.left_sweep,
        }
        return dict_file({key: value for key, value in values.items() if value is not None})


def _scale_keys(scale: Scale | None) -> dict[str, object]:
    return {} if scale is None else {keys.GAIN.key: scale.gain, keys.OFFSET.key: scale.offset, keys.UNITS: scale.units}


def lfp_bytes(times_ms: Blocks, samples: Blocks, scale: Scale | None = None, rate: float | None = None) -> Chunks:
    """Return the bytes of an LFP channel's file, in pieces; the rate is in Hz.

    Both blocks are (n,); samples are counts where there is a scale, else physical values.
    """
    said = {} if rate is None else {keys.LFP_RATE.key: rate}
    return dict_file({keys.TS.key: times_ms, keys.SAMPLES.key: samples, **_scale_keys(scale), **said})


def info_bytes(patient_id: int, session_nr: int, start_ms: float) -> Chunks:
    """Return the bytes of ``session_info.npy``; the start is in ms since the Unix epoch."""
    date, time = layout.clock_name(start_ms).split("_")
    return dict_file({keys.PATIENT: patient_id, keys.SESSION: session_nr, keys.DATE: date, keys.TIME: time})


def channel_names_bytes(names: Iterable[str]) -> bytes:
    """Return ``ChannelNames.txt``, the name of CSC1 first."""
    return "".join(f"{name}.ncs\n" for name in names).encode("utf-8")


def stream_description(
    rate: float,
    scales: Sequence[Scale],
    ids: Sequence[str],
    names: Sequence[str],
    runs: Iterable[Run],
    more: Mapping[str, object],
) -> dict[str, object]:
    """Return what the ``.json`` of a stream says.

    Scales (all in the same units), ids and names are one per channel, runs one per segment; the rate is in Hz. `more`
    has further keys, such as `locations` and `ground_truth`.
    """
    return {
        keys.LFP_RATE.key: rate,
        keys.GAIN.key: [scale.gain for scale in scales],
        keys.OFFSET.key: [scale.offset for scale in scales],
        keys.UNITS: next((scale.units for scale in scales), "uV"),
        keys.CHANNELS: {keys.IDS: list(ids), keys.NAMES: list(names)},
        keys.SEGMENTS: [{keys.T_START: run.t_start_ms, keys.LENGTH: run.stop - run.start} for run in runs],
        **more,
    }


def description_bytes(description: Mapping[str, Any]) -> bytes:
    """Return the description of a stream as the bytes of its file."""
    return (json.dumps(description, indent=1) + "\n").encode("ascii")


def csc_number(channel_id: str) -> int | None:
    """Return the k of `CSC{k}`, None for any other id."""
    match = _CSC.fullmatch(channel_id)
    return int(match[1]) if match else None


def csc_numbers(ids: Iterable[object]) -> list[int] | None:
    """Return the k of each `CSC{k}`; None if any id is of another form, or two are the same."""
    numbers = [csc_number(str(channel_id)) for channel_id in ids]
    known = [number for number in numbers if number is not None]
    return known if len(set(known)) == len(numbers) else None


def unit_name(text: str) -> UnitName | None:
    """Return the parsed name of a unit whose id is in a session's form, else None."""
    name = parse_unit_file(f"{text}.npy")
    return name if name is not None and name.id == text else None
