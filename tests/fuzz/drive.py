"""Reads a case, by its parser alone or as a whole session, and says what came of it."""

from __future__ import annotations

import hashlib
import json
import math
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mockrawio import MockSessionRawIO
from mockrawio.describe import describe_session, description_lines
from mockrawio.formats.npy import HeldArray, MappedArray, MappedFile
from mockrawio.ground.errors import MockSessionError
from mockrawio.session.clock import check_ascending, check_runs
from mockrawio.session.files import open_channel_names, open_events, open_info, open_label, open_lfp, open_unit
from mockrawio.session.logs import parse_daq_log, parse_watchlog
from mockrawio.session.manifest import read_manifest
from mockrawio.session.streams import open_stream
from mockrawio.verify import verify_session

from .corpus import DICTS, FILES, LABELS, SESSION, write_session
from .mutate import Case, random_case, systematic
from .oracle import CHECKS, check_dict, native_bytes
from .watch import Tripped, Watch

PARSERS = {
    "info": open_info,
    "lfp": open_lfp,
    "unit": open_unit,
    "events": open_events,
    "stream": open_stream,
    "json": lambda path: open_stream(path[:-5] + ".npy"),
    "manifest": read_manifest,
    "names": open_channel_names,
    "daq": parse_daq_log,
    "watchlog": parse_watchlog,
    "labels": open_label,
}
OUTCOMES = ("same", "changed", "refused", "finds")


class Driver:
    """Has the session's files in a folder of its own, and runs cases in it.

    Parameters
    ----------
    root : Path
        An empty folder, best in memory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = write_session(root)
        self.systematic = list(systematic(self.files))
        self.watch = Watch(str(root))
        self.usual = {(kind, False): _digest(self._parse(kind)) for kind in FILES}
        self.usual |= {(kind, True): self._read_usual(kind) for kind in FILES}
        for index in range(0, 200_000, 997):
            with suppress(Exception):  # what is imported on use is imported now
                self._outcome(self.case(0, index), index % 4 == 0)
        self.watch.limit_memory()

    def _read_usual(self, kind: str) -> str:
        return _digest(list(_read_all(self.root, kind == "manifest")))

    def case(self, seed: int, index: int) -> Case:
        """Return a case by its number: first the systematic ones, then drawn ones."""
        if index < len(self.systematic):
            return self.systematic[index]
        return random_case(np.random.default_rng([seed, index]), self.files)

    def run(self, seed: int, indexes: range, whole: int) -> tuple[Counter[tuple[str, str]], list[str]]:
        """Run cases, one in `whole` of them as a whole session, the others by their parser alone.

        Return how many of each kind had each outcome, and a line for each find.
        """
        counts: Counter[tuple[str, str]] = Counter()
        finds = []
        for index in indexes:
            case = self.case(seed, index)
            outcome = self.outcome(case, index % whole == 0)
            if outcome not in OUTCOMES:
                finds.append(f"{index} {case.kind}, {case.how}: {outcome}")
                outcome = "finds"
            counts[case.kind, outcome] += 1
        return counts, finds

    def outcome(self, case: Case, whole: bool) -> str:
        """Return "same", "changed" or "refused", or what a case did that it may not."""
        try:
            with self.watch.watching():
                outcome = self._outcome(case, whole)
        except (Exception, Tripped) as error:
            return f"{type(error).__name__}: {str(error)[:300]}{_where(error)}"
        if case.must not in (None, outcome):
            return f"was {outcome}, must be {case.must}"
        return outcome

    def _outcome(self, case: Case, whole: bool) -> str:
        path = self.root / FILES[case.kind]
        self._write(path, case.data)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found = list(_read_all(self.root, case.kind == "manifest")) if whole else self._parse(case.kind)
                digest = _digest(found)
            for warning in caught:
                assert warning.category is UserWarning, f"{warning.category.__name__}: {warning.message}"
                assert str(warning.message).isprintable(), f"a warning that cannot be shown: {warning.message}"
            self._unwatched(self._check, case, found, whole)
        except MockSessionError as error:
            message = str(error)
            assert len(message) < 2_000, f"a message of {len(message)} characters"
            assert message.isprintable(), f"a message that cannot be shown: {message!r}"
            return "refused"
        finally:
            self._write(path, self.files.whole[case.kind])
        return "same" if digest == self.usual[case.kind, whole] else "changed"

    def _write(self, path: Path, data: bytes) -> None:
        self._unwatched(path.write_bytes, data)

    def _unwatched(self, function: Any, *arguments: Any) -> None:
        armed, self.watch.armed = self.watch.armed, False
        function(*arguments)
        self.watch.armed = armed

    def _parse(self, kind: str) -> Any:
        """Read one file by its parser, and all that a full pass would look at."""
        path = str(self.root / FILES[kind])
        found = PARSERS[kind](path)
        if kind == "unit":
            check_ascending(path, found.times.view())
        elif kind == "lfp" and found is not None:
            check_runs(path, found.ts.view(), found.runs, found.divisor, found.sampling_rate)
        return found

    def _check(self, case: Case, found: Any, whole: bool) -> None:
        """Compare what was accepted with what others make of the same bytes; their warnings are theirs."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if case.kind in DICTS:
                check_dict(str(self.root / FILES[case.kind]), case.data)
            elif not whole and case.kind in CHECKS:
                CHECKS[case.kind](found, case.data)


def _where(error: BaseException) -> str:
    trace, places = error.__traceback__, []
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f" ({' '.join(places[-4:])})"


# -- the whole session -------------------------------------------------------------------------


def _read_all(root: Path, verify: bool) -> Iterator[Any]:
    """Yield everything that can be read of a session; hold the reader to its own header."""
    folder = root / SESSION
    with MockSessionRawIO(dirname=folder, labels_dir=root / LABELS) as reader:
        header = reader.header
        yield [header["signal_streams"]["id"], header["spike_channels"], header["event_channels"]]
        yield [header["signal_channels"][key] for key in ("name", "id", "sampling_rate", "units", "gain", "offset")]
        for segment in range(reader.segment_count(0)):
            start, stop = reader.segment_t_start(0, segment), reader.segment_t_stop(0, segment)
            assert start < stop or start == stop == start + 0.001, "an empty segment"  # float64 holds no ms so far off
            yield from _signals(reader, segment)
            yield from _spikes(reader, segment)
            yield from _events(reader, segment)
    described = describe_session(folder, labels_dir=root / LABELS)
    shown = json.dumps(described) + "\n".join(description_lines(described))
    yield shown.encode("utf-8").replace(str(root).encode(), b"")
    verified = verify_session(folder)
    if verify:
        yield verified.missing, verified.extra, verified.changed


def _signals(reader: MockSessionRawIO, segment: int) -> Iterator[Any]:
    for stream in range(reader.signal_streams_count()):
        raw = reader.get_analogsignal_chunk(0, segment, None, None, stream)
        channels = reader.signal_channels_count(stream)
        assert raw.shape == (reader.get_signal_size(0, segment, stream), channels)
        yield raw
        yield reader.rescale_signal_raw_to_float(raw, "float32", stream)
        yield reader.get_signal_t_start(0, segment, stream)


def _spikes(reader: MockSessionRawIO, segment: int) -> Iterator[Any]:
    for unit in range(reader.spike_channels_count()):
        times = reader.get_spike_timestamps(0, segment, unit)
        assert times.shape == (reader.spike_count(0, segment, unit),)
        assert (np.diff(times) >= 0).all()
        yield reader.rescale_spike_timestamp(times)
        waveforms = reader.get_spike_raw_waveforms(0, segment, unit)
        if waveforms is not None:
            assert waveforms.shape[:2] == (len(times), 1)
            yield waveforms
            yield reader.rescale_waveforms_to_float(waveforms, "float32", unit)


def _events(reader: MockSessionRawIO, segment: int) -> Iterator[Any]:
    for channel in range(reader.event_channels_count()):
        times, durations, labels = reader.get_event_timestamps(0, segment, channel)
        assert len(times) == len(labels) == reader.event_count(0, segment, channel)
        yield reader.rescale_event_timestamp(times, event_channel_index=channel)
        if durations is not None:
            assert (durations >= 0).all() and len(durations) == len(times)
            yield reader.rescale_epoch_duration(durations, event_channel_index=channel)
        yield labels


# -- digests -----------------------------------------------------------------------------------


def _digest(found: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, found)
    return digest.hexdigest()


def _feed(digest: Any, found: Any) -> None:
    if isinstance(found, (MappedArray, HeldArray)):
        found = found.view()
    if isinstance(found, np.ndarray):
        digest.update(f"{found.dtype.newbyteorder('=')}{found.shape}".encode())
        digest.update(native_bytes(found))
    elif is_dataclass(found):
        _feed(digest, [getattr(found, field.name) for field in fields(found) if field.name != "path"])
    elif isinstance(found, dict):
        _feed(digest, [*found, *found.values()])
    elif isinstance(found, (list, tuple)):
        digest.update(str(len(found)).encode())
        for item in found:
            _feed(digest, item)
    elif not isinstance(found, MappedFile):
        nan = isinstance(found, float) and math.isnan(found)
        digest.update((found if isinstance(found, bytes) else repr("nan" if nan else found).encode()) + b"\0")
