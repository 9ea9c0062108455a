"""A session's files opened, one function for each kind: keys, dtypes and lengths checked, no data read.

Callers get arrays, gains and stamps in ms, and none of the :mod:`.keys`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..formats.dict_npy import DictFile
from ..formats.npy import REWRITE, AnyArray, HeldArray, MappedArray, open_array
from ..formats.said import Knots
from ..ground.errors import BadFileError
from ..ground.folder import File
from ..ground.places import Where, file_at, read_text
from ..ground.shown import warn
from . import keys
from .clock import Run, check_runs, find_runs, stamp_divisor
from .instants import to_ms
from .layout import STAMP
from .virtual import made

if TYPE_CHECKING:
    from .made import MadeColumn, MadeLfp, MadeStamps, MadeUnitFile

MAX_NAME = 64  # characters of a Neo channel name


_NEWLINE = re.compile(r"\r\n|\r|\n")


class Viewed(Protocol):
    """An array that is seen when it is asked for, all of it."""

    def view(self) -> Any:
        """Return it."""


class Scale(NamedTuple):
    """How counts become physical: ``count * gain + offset``, in `units`."""

    gain: float = 1.0
    offset: float = 0.0
    units: str = "uV"


@dataclass(frozen=True)
class SessionInfo:
    """What ``session_info.npy`` says."""

    patient_id: int
    session_nr: int
    start: datetime  # start of the recording, UTC, without a time zone, as Neo keeps its times

    @property
    def start_ms(self) -> float:
        """The start in ms since the Unix epoch."""
        return to_ms(self.start)


class UnitFile(NamedTuple):
    """One unit's file."""

    file: File
    times: AnyArray  # spike times (n,), file units; divided by `divisor` they are ms since the Unix epoch
    divisor: int
    # first_ms, last_ms: NaN for a unit without spikes
    first_ms: float
    last_ms: float
    waveforms: AnyArray | None  # (n, samples) counts or physical values
    scale: Scale  # of the waveforms
    sampling_rate: float  # of the waveforms, Hz
    left_sweep: int  # samples before the spike time in each waveform
    knots: Knots | None  # what is known of spike times without reading them, in file units

    @property
    def path(self) -> str:
        """Its path."""
        return self.file.path


class LfpFile(NamedTuple):
    """One LFP channel's file."""

    file: File
    # samples, ts: both (n,); `ts` divided by `divisor` is ms since the Unix epoch
    samples: AnyArray | MadeColumn
    ts: AnyArray | MadeStamps
    divisor: int
    runs: tuple[Run, ...]  # stretches without a gap
    scale: Scale  # of the samples
    sampling_rate: float  # Hz, as measured where the clock does not keep the one that is given
    drift_ms: float  # by how much the last stamp is later than its run's start and the rate have it
    given_rate: float  # Hz, the one that the file gives, or the format

    @property
    def path(self) -> str:
        """Its path."""
        return self.file.path


def _array(opened: DictFile, stored: keys.Stored) -> AnyArray:
    """Return an array of real numbers of the dict."""
    key, ndim = stored
    value = opened.values.get(key)
    if not isinstance(value, (MappedArray, HeldArray)):
        keys = ", ".join(repr(name[:20]) for name in islice(opened.values, 8))
        found = f"only {keys or 'nothing'}" if value is None else "something else"
        raise BadFileError(opened.path, f"an array {key!r}", found, REWRITE)
    if value.dtype.kind not in "iuf" or (value.shape != (0,) and len(value.shape) != ndim):
        found = f"{value.dtype}, shape {value.shape}"
        raise BadFileError(opened.path, f"{key!r} as {ndim}-dimensional real numbers", found, REWRITE)
    return value


def _stamps(opened: DictFile, stored: keys.Stored) -> AnyArray:
    """Return an array of time stamps: only 64 bits hold ms since 1970 to the ms."""
    stamps = _array(opened, stored)
    if stamps.dtype.itemsize != 8:
        raise BadFileError(opened.path, f"{stored.key!r} as int64 or float64", str(stamps.dtype), REWRITE)
    return stamps


def _number(opened: DictFile, number: keys.Number) -> float:
    value = opened.values.get(number.key, number.default)
    if not number.limits.hold(value):
        raise BadFileError(opened.path, f"{number.key!r} as a finite number{number.limits}", _shown(value), REWRITE)
    return float(value)


def is_name(value: object) -> bool:
    """Return True if a value is text that a Neo header can hold and a terminal can show."""
    return type(value) is str and 0 < len(value) <= MAX_NAME and value.isprintable()


def is_number(value: object) -> bool:
    """Return True if a value is a finite int or float that float64 can hold."""
    return keys.ANY.hold(value)


def _shown(value: object) -> str:
    return "a number beyond float64" if type(value) is int and value.bit_length() > 1024 else repr(value)[:60]


def _left_sweep(opened: DictFile) -> int:
    value = _number(opened, keys.SWEEP)
    if not value.is_integer() or not 0 <= value < 2**31:
        raise BadFileError(opened.path, f"{keys.SWEEP.key!r} as a whole number of samples", repr(value), REWRITE)
    return int(value)


def _scale(opened: DictFile) -> Scale:
    units = opened.values.get(keys.UNITS, "uV")
    if not is_name(units):
        expected = f"{keys.UNITS!r} as text of 1 to {MAX_NAME} characters"
        raise BadFileError(opened.path, expected, repr(units)[:60], REWRITE)
    return Scale(_number(opened, keys.GAIN), _number(opened, keys.OFFSET), units)


def open_info(where: Where) -> SessionInfo:
    """Open ``session_info.npy``."""
    with DictFile(where) as opened:
        path, values = opened.path, opened.values
    for key in (keys.PATIENT, keys.SESSION):
        if type(values.get(key)) is not int or values[key].bit_length() > 63:
            raise BadFileError(path, f"{key!r} as an int of 64 bits", repr(values.get(key))[:60], REWRITE)
    text = f"{values.get(keys.DATE)}_{values.get(keys.TIME)}"
    try:
        start = datetime.strptime(text, STAMP)
    except ValueError:
        expected = f"{keys.DATE!r} as YYYY-MM-DD and {keys.TIME!r} as HH-MM-SS"
        raise BadFileError(path, expected, repr(text[:60]), REWRITE) from None
    return SessionInfo(values[keys.PATIENT], values[keys.SESSION], start)


def open_channel_names(where: Where, *, strict: bool = False) -> list[str]:
    """Read ``ChannelNames.txt``: the name of channel CSCk is item k - 1, "CSCk" where line k is blank.

    BadFileError if a line is no name. Text that is latin-1 and not UTF-8, and blank lines, are warned of; with `strict`
    they are errors too.
    """
    remedy = "Write one {name}.ncs a line; line k is channel CSCk."
    path = file_at(where).path
    raw, said = read_text(where), []
    try:
        text = raw.decode("utf-8-sig").rstrip()
    except UnicodeDecodeError as error:
        if strict:
            raise BadFileError(path, "UTF-8 text", f"byte {error.start} that is not", remedy) from None
        text = raw.decode("latin-1").rstrip()
        said.append(f"is not UTF-8 from byte {error.start} on, and taken as latin-1")
    lines = _NEWLINE.split(text) if text else []  # splitlines() would split at a dozen characters more
    names = [name[:-4] if name[-4:].lower() == ".ncs" else name for name in map(str.strip, lines)]
    if not strict and (blank := [f"CSC{number}" for number, name in enumerate(names, 1) if not name]):
        names = [name or f"CSC{number}" for number, name in enumerate(names, 1)]
        said.append(f"has blank lines, which name no channel: {few(blank)} keep their ids")
    for number, name in enumerate(names, 1):
        if not is_name(name):
            expected = f"a channel name of 1 to {MAX_NAME} characters, all printable"
            raise BadFileError(path, expected, f"line {number}: {name[:80]!r}", remedy)
    for text in said:
        warn(f"{path}: {text}", stacklevel=2)
    return names


def few(names: list[str]) -> str:
    """Return names in a row, those in the middle of many left out."""
    return ", ".join(names if len(names) <= 8 else [*names[:3], "...", names[-1]])


def open_unit(where: Where) -> UnitFile | MadeUnitFile:
    """Open a unit's file, or one that is made.

    BadFileError if `spike_times` is missing or not (n,) of 64 bits, `spike_amps` not (n, samples), the first or last
    spike NaN or out of order, or a scale not a number.
    """
    ready: MadeUnitFile | None = made(file_at(where))
    if ready is not None:
        return ready
    with DictFile(where) as opened:
        path, times = opened.path, _stamps(opened, keys.SPIKE_TIMES)
        waveforms = _array(opened, keys.SPIKE_AMPS) if keys.SPIKE_AMPS.key in opened.values else None
        count = times.shape[0]
        if waveforms is not None and waveforms.shape[0] != count:
            found = f"{count} and {waveforms.shape[0]}"
            raise BadFileError(path, f"as many {keys.SPIKE_TIMES.key!r} as {keys.SPIKE_AMPS.key!r}", found, REWRITE)
        first, last = opened.window.ends(times) if count else (math.nan, math.nan)
        divisor = stamp_divisor(path, first, last) if count else 1
        return UnitFile(
            opened.window.file,
            times,
            divisor,
            first / divisor,
            last / divisor,
            waveforms,
            _scale(opened),
            _number(opened, keys.WAVEFORM_RATE),
            _left_sweep(opened),
            opened.window.knots(times),
        )


def open_lfp(where: Where, *, strict: bool = False, tolerance_ms: float | None = None) -> LfpFile | None:
    """Open an LFP channel's file; None if it has no samples. Options are those of :func:`~.clock.find_runs`.

    BadFileError if `ts` or `samples` is missing or not (n,), their lengths differ, stamps run backwards or do not fit
    the sampling rate, or a scale is not a number.
    """
    how: dict[str, Any] = {"strict": strict, "tolerance_ms": tolerance_ms}
    knots: Knots | None
    ready: MadeLfp | None = made(file_at(where))
    if ready is not None:
        stamps = ready.ts
        ends = stamps[0], stamps[-1]
        return _lfp(file_at(where), ready.samples, stamps, stamps.items, ends, ready.scale, ready.rate, how)
    with DictFile(where) as opened:
        path = opened.path
        ts, samples = _stamps(opened, keys.TS), _array(opened, keys.SAMPLES)
        if ts.shape != samples.shape:
            found = f"{ts.shape[0]} and {samples.shape[0]}"
            raise BadFileError(path, f"as many {keys.TS.key!r} as {keys.SAMPLES.key!r}", found, REWRITE)
        if not ts.shape[0]:
            return None
        ends, rate = opened.window.ends(ts), _number(opened, keys.LFP_RATE)
        knots = None if strict else opened.window.knots(ts)
        items = ts.items if knots is None else lambda: knots
        return _lfp(opened.window.file, samples, ts, items, ends, _scale(opened), rate, how)


def _lfp(
    file: File,
    samples: AnyArray | MadeColumn,
    ts: AnyArray | MadeStamps,
    items: Callable[[], Any],
    ends: tuple[Any, Any],
    scale: Scale,
    rate: float,
    how: dict[str, Any],
) -> LfpFile:
    first, last = ends
    divisor = stamp_divisor(file.path, first, last)
    runs, kept, _ = find_runs(file.path, items, ts.dtype, ts.shape[0], first, last, divisor, rate, **how)
    ts.release()  # a gap has mapped the file; a thousand channels would be a thousand open files
    start, stop, t_start_ms = runs[-1]
    drift = last / divisor - t_start_ms - (stop - 1 - start) * 1000 / kept
    return LfpFile(file, samples, ts, divisor, runs, scale, kept, drift, rate)


def check_stamps(file: LfpFile, tolerance_ms: float | None = None) -> None:
    """Check every stamp of an LFP channel, unless they are made; BadFileError if one is out of place."""
    if isinstance(file.ts, (MappedArray, HeldArray)):
        check_runs(file.path, file.ts.items(), file.runs, file.divisor, file.sampling_rate, tolerance_ms=tolerance_ms)
        file.ts.release()


def open_events(where: Where) -> MappedArray:
    """Open ``Events.npy``: (n, 2), ms since the Unix epoch and code."""
    array = open_array(where)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize != 8 or len(array.shape) != 2 or array.shape[1] != 2:
        raise BadFileError(array.file.path, "float64 of shape (n, 2)", f"{array.dtype} of shape {array.shape}", REWRITE)
    return array


def open_label(where: Where) -> MappedArray:
    """Open an annotation: (3, k), value 0 or 1, start and stop in movie seconds."""
    array = open_array(where)
    if array.dtype.kind not in "iuf" or len(array.shape) != 2 or array.shape[0] != 3:
        raise BadFileError(array.file.path, "float64 of shape (3, k)", f"{array.dtype} of shape {array.shape}", REWRITE)
    return array


def stamps_in_ms(array: Viewed, divisor: int) -> Any:
    """Return time stamps in ms: a view where they are stored so, else a copy."""
    return array.view() if divisor == 1 else array.view() / divisor
