"""What makes the index of a session's files; :mod:`.index` says how it is used.

Of stamps that have gaps, and of spike times where there are any, it has the items on both sides of each gap: a reader
then finds the same segments without reading either. That it does is tried when it is written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..formats.dict_npy import DictFile
from ..formats.npy import MappedArray, open_array
from ..formats.said import ARRAY, ENDS, STEPS, VALUES, Knots, say_array, say_dict
from ..ground.at_once import at_once
from ..ground.errors import BadFileError
from ..ground.folder import File, Folder
from ..ground.places import SAID_TEXT, read_text
from ..ground.remote.folder import RemoteFolder
from . import keys
from .clock import Timing, find_runs, plausible_divisor
from .layout import EVENTS, LFP, RAW, UNITS
from .segments import common_cuts
from .streams import open_stream

MOST_TEXT = 1 << 18  # bytes of a text that is in the index, as it is
MOST_STEPS = 50_000  # in all, of 40 bytes or so: the manifest stays one request
_ARRAYS = (f"{EVENTS}/", f"{RAW}/")

Entry = dict[str, Any]


def index_of(folder: Folder, names: Iterable[str]) -> dict[str, Entry]:
    """Return what the index says of files of a folder, those left out of which it has nothing to say."""
    said = {name: entry_of(File(folder, name)) for name in sorted(names)}
    index = {name: entry for name, entry in said.items() if entry is not None}
    cuts = _cuts(folder, index)
    for name, entry in index.items():
        if cuts and name.startswith(f"{UNITS}/"):
            _say_steps(File(folder, name), entry, cuts)
    if sum(len(steps) for entry in index.values() for steps in _taken_out(entry, STEPS).values()) > MOST_STEPS:
        for entry in index.values():
            for name in _taken_out(entry, STEPS):
                entry[VALUES][name][STEPS] = None
    return index


def entry_of(file: File) -> Entry | None:
    """Return what the index says of a file, from the file itself; None if that is nothing.

    Of spike times it has no steps: where these are depends on other files.
    """
    name = file.name
    try:
        if name.endswith((".json", ".txt")):
            text = read_text(file, as_said=False).decode("utf-8")
            return {SAID_TEXT: text} if len(text) <= MOST_TEXT else None
        if not name.endswith(".npy"):
            return None
        if name.startswith(_ARRAYS):
            return say_array(open_array(file, as_said=False))
        with DictFile(file, as_said=False) as opened:
            entry = say_dict(opened.window, opened.values)
            if entry is not None and name.startswith(f"{LFP}/"):
                _say_odd_steps(opened, entry)
            return entry
    except (BadFileError, UnicodeDecodeError):  # whoever reads the file says what is wrong with it
        return None


def is_so(file: File, said: Any) -> bool:
    """Return True if what an index says of a file is what the file holds; of steps of spike times, that they are so."""
    entry = entry_of(file)
    steps = {key: found for key, found in _taken_out(said, STEPS).items() if found is not None}
    expected = _taken_out(entry, STEPS)
    if steps and file.name.startswith(f"{UNITS}/"):
        with suppress(BadFileError, TypeError, LookupError), DictFile(file, as_said=False) as opened:
            items = opened.values[keys.SPIKE_TIMES.key].items()
            expected = {keys.SPIKE_TIMES.key: _at(items, [step[0] for step in steps[keys.SPIKE_TIMES.key]])}
    return bool(_without(said, STEPS) == _without(entry, STEPS)) and steps in ({}, expected)


def look_together(files: Iterable[File]) -> None:
    """Find out what files hold of which too little is said, at the same time, if they lie elsewhere."""
    unsaid = [file for file in files if isinstance(file.folder, RemoteFolder) and _is_unsaid(file)]
    for file, entry in zip(unsaid, at_once(entry_of, unsaid, waits=True), strict=True):
        if entry is not None and isinstance(file.folder, RemoteFolder):
            file.folder.say(file.name, entry)


def _is_unsaid(file: File) -> bool:
    said = file.folder.said(file.name)
    return said is None or (file.name.startswith(f"{LFP}/") and None in _taken_out(said, STEPS).values())


# -- steps ----------------------------------------------------------------------------------


def _taken_out(entry: Any, key: str) -> dict[str, Any]:
    """Return what an entry says of its arrays under a key, by their names."""
    values = entry.get(VALUES) if isinstance(entry, Mapping) else None
    arrays = values.items() if isinstance(values, Mapping) else ()
    return {name: array[key] for name, array in arrays if isinstance(array, Mapping) and key in array}


def _without(entry: Any, key: str) -> Any:
    """Return an entry without what it says of its arrays under a key."""
    if not _taken_out(entry, key):
        return entry
    arrays = {name: {**array} if isinstance(array, Mapping) else array for name, array in entry[VALUES].items()}
    for name in _taken_out(entry, key):
        del arrays[name][key]
    return {**entry, VALUES: arrays}


def _at(items: Any, indexes: Sequence[int]) -> list[list[Any]]:
    """Return steps at indexes."""
    return [[k, items[k - 1].item(), items[k].item()] for k in indexes]


def _ended(opened: DictFile, entry: Entry, key: str) -> tuple[MappedArray, Entry] | None:
    """Return an array and what is said of it; None if that lacks its ends."""
    array, said = opened.values.get(key), entry.get(VALUES, {}).get(key)
    return (array, said) if isinstance(array, MappedArray) and ENDS in said else None


def _say_odd_steps(opened: DictFile, entry: Entry) -> None:
    """Add where a channel's stamps are not one sample apart, if a reader finds by that what it finds by the stamps."""
    found = _ended(opened, entry, keys.TS.key)
    if found is None:
        return
    array, said = found
    with suppress(BadFileError):  # of stamps that cannot be: whoever reads them says it
        items = array.items()
        timing = _timing(entry, items)
        if timing is not None and timing.odd is not None:
            said[STEPS] = _at(items, timing.odd)
            if _timing(entry) != timing:
                del said[STEPS]
    array.release()


def _timing(entry: Entry, items: Any = None) -> Timing | None:
    """Return what a channel's stamps say, as a reader has it; those of the entry, if none are given."""
    values = entry.get(VALUES, {})  # of a text there are none
    said, rate = values.get(keys.TS.key), values.get(keys.LFP_RATE.key, keys.LFP_RATE.default)
    if type(said) is not dict or ENDS not in said or not keys.LFP_RATE.limits.hold(rate):
        return None
    (descr, (size,), *_), (first, last) = said[ARRAY], said[ENDS]
    items = Knots(size, (first, last), said.get(STEPS, ())) if items is None else items
    divisor = plausible_divisor(first, last) or 1
    return find_runs("", lambda: items, np.dtype(descr), size, first, last, divisor, float(rate))


def _cuts(folder: Folder, index: Mapping[str, Entry]) -> list[float]:
    """Return where the segments of a session begin, as a reader has it that leaves out no file."""
    streams: dict[Any, None] = {}
    for name, entry in index.items():
        with suppress(BadFileError):
            if name.startswith(f"{LFP}/") and (timing := _timing(entry)) is not None:
                streams[timing.runs, timing.sampling_rate] = None
            elif name.startswith(f"{RAW}/") and ARRAY in entry:
                stream = open_stream(File(folder, name))
                streams[stream.runs, stream.sampling_rate] = None
    return common_cuts(stream for stream in streams if stream[0])


def _say_steps(file: File, entry: Entry, cuts: Sequence[float]) -> None:
    """Add the spikes on both sides of each place where a segment begins."""
    with suppress(BadFileError), DictFile(file, as_said=False) as opened:
        found = _ended(opened, entry, keys.SPIKE_TIMES.key)
        if found is None:
            return
        array, said = found
        items, size, divisor = array.items(), array.shape[0], plausible_divisor(*said[ENDS]) or 1
        places = sorted({bisect_left(items, cut, key=lambda time: time / divisor) for cut in cuts})
        steps = _at(items, [place for place in places if 0 < place < size])
        if np.isfinite([step[1:] for step in steps]).all():
            said[STEPS] = steps
        array.release()
