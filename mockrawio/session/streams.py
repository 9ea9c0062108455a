"""Further streams, `raw_data/{stream}.npy` with a ``.json`` that describes it.

Ours, and free of pickles: a plain C-order int16 array (n_samples, n_channels).
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ..formats.npy import MappedArray, open_array
from ..ground.arrays import Floats
from ..ground.errors import BadFileError, MockSessionError
from ..ground.folder import File
from ..ground.jsontext import read_json
from ..ground.once import once
from ..ground.places import Where, file_at
from . import keys
from .clock import EARLIEST_MS, LATEST_MS, MAX_RUNS, Run
from .files import MAX_NAME, Scale, is_name, is_number
from .made import MadeArray
from .probe import ContactMap, assumed_contacts
from .virtual import made

_REMEDY = "Repair the description, or write the stream again."


@dataclass(frozen=True, eq=False)
class StreamFile:
    """One stream."""

    file: File
    samples: MappedArray | MadeArray  # (n_samples, n_channels) int16
    sampling_rate: float  # Hz
    # ids, names: one per channel
    ids: tuple[str, ...]
    names: tuple[str, ...]
    scales: tuple[Scale, ...]  # one per channel
    runs: tuple[Run, ...]  # its segments
    planted: Callable[[], dict[str, Any]]  # gives the ground truth
    locations: Floats | None  # where the channels are, (n, 2 or 3) in µm; None where the description does not say
    probe: ContactMap | None  # the probes that the description has
    sample_shifts: Floats | None  # by which part of a sample each channel is sampled later; None: all at once

    @property
    def path(self) -> str:
        """Where the array is."""
        return self.file.path

    @once
    def ground_truth(self) -> dict[str, Any]:
        """What the description says was planted in it, as it stands there; empty if nothing."""
        return self.planted()

    def contacts(self) -> ContactMap | None:
        """Return the contacts of the channels: those of the probes, else what may be assumed of them."""
        name = PurePosixPath(self.file.name).stem
        return self.probe or assumed_contacts(self.ids, self.locations, f"channels of {name}")


class _Description:
    """A stream's json, read key by key with errors that name the key."""

    def __init__(self, file: File, content: Mapping[str, Any]) -> None:
        self.file = file
        self.content = content

    def fault(self, expected: str, found: object) -> BadFileError:
        return BadFileError(self.file, expected, reprlib.repr(found), _REMEDY)

    def get(self, key: str, kind: type) -> Any:
        value = self.content.get(key)
        if type(value) is not kind:
            raise self.fault(f"{key!r} as a {kind.__name__}", value)
        return value

    def numbers(self, number: keys.Number, count: int) -> list[float]:
        key, limits = number.key, number.limits
        value = self.content.get(key)
        values: list[Any] = value if type(value) is list else [value] * count
        if len(values) != count or not all(limits.hold(v) for v in values):
            raise self.fault(f"{key!r} as {count} finite numbers{limits}", value)
        return [float(v) for v in values]

    def texts(self, key: str, value: object, count: int) -> tuple[str, ...]:
        if type(value) is not list or len(value) != count or not all(map(is_name, value)):
            raise self.fault(f"{key} as {count} strings of 1 to {MAX_NAME} printable characters", value)
        return tuple(value)


def open_stream(where: Where) -> StreamFile:
    """Open a stream, the ``.npy``, and its description, the ``.json`` of the same name beside it.

    BadFileError if the array is not int16 of two dimensions, or the description lacks something, does not fit the
    array, or lists segments that overlap.
    """
    file = file_at(where)
    ready: StreamFile | None = made(file)
    if ready is not None:
        return ready
    samples = open_array(file)
    if samples.dtype.kind != "i" or samples.dtype.itemsize != 2 or len(samples.shape) != 2:
        found = f"{samples.dtype} of shape {samples.shape}"
        raise BadFileError(file, "int16 of shape (n_samples, n_channels)", found, "Write the stream again.")
    return described_stream(file, samples, read_json(file.with_ending(".json"), "a JSON object", _REMEDY))


def described_stream(
    file: File,
    samples: MappedArray | MadeArray,
    content: Mapping[str, Any],
    planted: Callable[[], dict[str, Any]] | None = None,
) -> StreamFile:
    """Return a stream as its description says it is.

    `planted` gives the ground truth where that is not in the description. BadFileError as for :func:`open_stream`.
    """
    count = samples.shape[1]
    description = _Description(file.with_ending(".json"), content)
    (rate,) = description.numbers(keys.LFP_RATE, 1)
    channels = description.get(keys.CHANNELS, dict)
    (units,) = description.texts(repr(keys.UNITS), [description.get(keys.UNITS, str)], 1)
    ids = description.texts("channels['ids']", channels.get(keys.IDS), count)  # as many, or the count is a lie
    gains, offsets = description.numbers(keys.GAIN, count), description.numbers(keys.OFFSET, count)
    if len(set(ids)) != count:
        raise description.fault("channel ids that differ from each other", ids)
    probe = _probe(description, count) if keys.PROBE in description.content else None
    known = description.get(keys.GROUND_TRUTH, dict) if keys.GROUND_TRUTH in content else {}
    return StreamFile(
        file,
        samples,
        rate,
        ids,
        description.texts("channels['names']", channels.get(keys.NAMES), count),
        tuple(Scale(gain, offset, units) for gain, offset in zip(gains, offsets, strict=True)),
        _runs(description, samples.shape[0], rate),
        planted or partial(dict, known),
        _locations(description, count, probe),
        probe,
        _sample_shifts(description, count),
    )


def _probe(description: _Description, count: int) -> ContactMap:
    """Return the probes that the channels are contacts of."""
    try:
        probe = ContactMap.of_json(description.get(keys.PROBE, dict))
    except MockSessionError as error:
        if isinstance(error, BadFileError):
            raise
        expected = f"{keys.PROBE!r} in ProbeInterface's form, {error.subject} as {error.expected}"
        raise BadFileError(description.file, expected, error.found, _REMEDY) from None
    if probe.n != count:
        raise description.fault(f"{keys.PROBE!r} with a contact for each of {count} channels", probe.n)
    return probe


def _sample_shifts(description: _Description, count: int) -> Floats | None:
    """Return by which part of a sample each channel is sampled later than others."""
    if keys.SHIFTS not in description.content:
        return None
    shifts: list[Any] = description.get(keys.SHIFTS, list)
    if len(shifts) != count or not all(is_number(shift) and 0 <= shift < 1 for shift in shifts):
        raise description.fault(f"{keys.SHIFTS!r} as {count} numbers from 0, below 1", shifts)
    return np.array(shifts, dtype=np.float64)


def _locations(description: _Description, count: int, probe: ContactMap | None) -> Floats | None:
    """Return where the channels are."""
    if keys.LOCATIONS not in description.content:
        return None if probe is None else probe.positions
    found: list[list[float]] = description.get(keys.LOCATIONS, list)
    points = all(type(point) is list and all(map(is_number, point)) for point in found)
    if len(found) != count or not points or {len(point) for point in found} not in ({2}, {3}):
        raise description.fault(f"{keys.LOCATIONS!r} as {count} times 2 or 3 finite numbers", found)
    places = np.array(found, dtype=np.float64)
    if probe is not None and not (places.shape == probe.positions.shape and np.allclose(places, probe.positions)):
        raise description.fault(f"{keys.LOCATIONS!r} that are those of {keys.PROBE!r}", found)
    return places


def _runs(description: _Description, n_samples: int, rate: float) -> tuple[Run, ...]:
    """Return the segments that the description lists."""
    runs: list[Run] = []
    segments = description.get(keys.SEGMENTS, list)
    if len(segments) > MAX_RUNS:
        raise description.fault(f"at most {MAX_RUNS} segments", len(segments))
    for segment in segments:
        t_start, size = (segment.get(k) if type(segment) is dict else None for k in (keys.T_START, keys.LENGTH))
        if not is_number(t_start) or type(size) is not int or not 1 <= size <= n_samples:
            raise description.fault(f"segments with {keys.T_START!r} and {keys.LENGTH!r}", segment)
        if not EARLIEST_MS <= t_start <= LATEST_MS:  # type: ignore[operator]  # a number, just checked
            raise description.fault(f"{keys.T_START!r} in ms since the Unix epoch, 1990 to 2100", t_start)
        start = runs[-1].stop if runs else 0
        if runs and t_start < runs[-1].t_start_ms + (start - runs[-1].start) * 1000 / rate - 1000 / rate / 2:  # type: ignore[operator]  # checked above
            raise description.fault("segments that do not overlap", segment)
        runs.append(Run(start, start + size, float(t_start)))  # type: ignore[arg-type]  # checked above
    total = runs[-1].stop if runs else 0
    if total != n_samples:
        raise description.fault(f"segments of {n_samples} samples in all", total)
    return tuple(runs)
