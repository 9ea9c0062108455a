"""Faults that change nothing that anybody could see, and why: by file, line, before and after."""

from __future__ import annotations

import re

# How much is worked on at once, or kept: every number above 0 gives the same.
SIZES = {
    ("convert/counts.py", "BLOCK"),
    ("convert/cut.py", "_AT_ONCE"),
    ("convert/cut.py", "_ITEMS"),
    ("convert/recordings.py", "_TIME_BLOCK"),
    ("formats/npy_out.py", "BLOCK"),
    ("formats/neuronexus.py", "_STAMPS"),
    ("formats/recorded.py", "BLOCK"),
    ("formats/spikes/csv.py", "BLOCK"),
    ("formats/spikes/sonata.py", "BLOCK"),
    ("formats/spikes/spool.py", "RANGE"),
    ("generate/cast.py", "SPIKES_A_BLOCK"),
    ("generate/layers.py", "BLOCK"),
    ("generate/lfp.py", "_BLOCK"),
    ("generate/made_arrays.py", "_COUNTED"),
    ("generate/made_arrays.py", "_FILE_BYTES"),
    ("generate/made_arrays.py", "_KEPT_BYTES"),
    ("generate/moving.py", "_BLOCKS"),
    ("generate/moving.py", "_TOGETHER"),
    ("generate/parts/faults/movement.py", "_ROWS"),
    ("generate/parts/field/layer.py", "KNOTS"),
    ("generate/parts/field/layer.py", "_FEWEST_KNOTS, _BLOCK"),
    ("generate/parts/field/layer.py", "_KEPT"),
    ("generate/parts/field/layer.py", "_VALUES"),
    ("generate/parts/firing/drawn.py", "_KEPT"),
    ("generate/parts/firing/phase_locked.py", "_KEPT"),
    ("generate/parts/firing/synchrony.py", "_KEPT"),
    ("generate/parts/noise/mixing.py", "_ONE_THREAD"),
    ("generate/spool.py", "_IN_MEMORY"),
    ("hybrid/adding.py", "BLOCK_BYTES"),
    ("hybrid/channels.py", "CHUNK_ITEMS"),
    ("hybrid/extractor_source.py", "NEAR"),
    ("hybrid/extractor_source.py", "READ_BYTES"),
    ("hybrid/low_rank.py", "CHUNK_ITEMS"),
    ("hybrid/low_rank.py", "KEPT_BYTES"),
    ("hybrid/original/run.py", "CHUNK_ITEMS"),
    ("hybrid/recording.py", "FAULT_BYTES"),
    ("hybrid/recording.py", "INDEX_ITEMS"),
    ("hybrid/recording.py", "MAPPED_BYTES"),
    ("hybrid/without.py", "BLOCK_BYTES"),
    ("planting/planter.py", "BATCH_ITEMS"),
    ("rawio/scaling.py", "BLOCK"),
    ("rawio/scaling.py", "SCALED"),
    ("session/lowpass.py", "_COLUMNS"),
    ("session/lowpass.py", "_ONE_THREAD"),
    ("session/made.py", "_STEP"),
    ("session/virtual.py", "_COPY"),
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


LARGER_BOUND = "a larger bound: where a sum just fits it is made in a wider type, and is the same"

EQUIVALENT = {
    (
        "convert/cut.py",
        "at_once = max(1, _ITEMS // (N_SAMPLES * gains.size))",
        "_ITEMS // (N_SAMPLES * gains.size)",
        "_ITEMS * (N_SAMPLES * gains.size)",
    ): "how many windows are summed at once changes no sum of whole numbers",
    (
        "convert/cut.py",
        "at_once = max(1, _ITEMS // (N_SAMPLES * gains.size))",
        "1",
        "2",
    ): "how many windows are summed at once changes no sum of whole numbers",
    (
        "hybrid/raw_files.py",
        "for path, start, first in known[1:]:",
        "1",
        "0",
    ): "the first is 0 samples after itself",
    (
        "session/clock.py",
        "if abs(deviation) > MANY * (expect.unit or expect.period) and not (strict and deviation < 0):",
        "deviation < 0",
        "deviation <= 0",
    ): "it is not 0 there",
    (
        "convert/neo_points.py",
        "return 0.0 if any(abs(zero - instant) < SLACK_MS for instant in said) else zero - said[0]",
        "abs(zero - instant) < SLACK_MS",
        "abs(zero - instant) <= SLACK_MS",
    ): "instants of this century are whole multiples of 2**-13 ms, which the slack is not",
    (
        "formats/npy.py",
        'return decode(data, "strict", True)[0].rstrip("\\0")',
        "True",
        "False",
    ): "the data are whole characters, so that none is left over at the end",
    (
        "session/clock.py",
        "for low in range(run.start, run.stop - 1, block):",
        "run.stop - 1",
        "run.stop + 1",
    ): "one more block, of a single stamp or none, has no step",
    (
        "rawio/scaling.py",
        "yield 0, array.view().reshape(-1)",
        "1",
        "2",
    ): "NumPy takes any negative length for the one that is left over",
    (
        "session/clock.py",
        "stretches = [(start, stop - 1) for start, stop in pairwise(edges) if stop - start > 1]",
        "stop - start",
        "stop + start",
    ): "a stretch of one sample adds no sample and no time to the sums",
    (
        "formats/npy.py",
        "major, minor = head[6:8] if len(head) > 7 else (0, 0)",
        "0",
        "1",
    ): "so short a file has no header, and is refused for that",
    (
        "hybrid/times.py",
        "before = others[np.maximum(right - 1, 0)]",
        "0",
        "-1",
    ): "before all others, the first of them is nearer than the last, and is looked at as the one after",
    (
        "hybrid/times.py",
        "n_edge = int(outside.sum()) if len(pending) else 0",
        "int(outside.sum()) if len(pending) else 0",
        "int(outside.sum()) if True else 0",
    ): "where none is pending none is outside",
    (
        "hybrid/times.py",
        "stays[order] = np.diff(times[order], prepend=np.iinfo(np.int64).min // 2) >= refractory",
        "2",
        "3",
    ): "either is long before any time",
    (
        "hybrid/channels.py",
        "found[begin : begin + step] = np.where(near, nearest, -1)",
        "1",
        "2",
    ): "any number below 0 says that there is none",
    (
        "rawio/odd.py",
        "if len(streams) < 2:",
        "if len(streams) < 2:",
        "if False:",
    ): "a stream is recorded at the same time as itself, and of none there is nothing to compare",
    (
        "rawio/events.py",
        "start = start if divisor == 1 else start / divisor",
        "start if divisor == 1 else start / divisor",
        "start if False else start / divisor",
    ): "stamps divided by 1 are the stamps",
    (
        "rawio/signals.py",
        "held = Held([], int, 0)",
        "0",
        "-1",
    ): "nothing is held, whose size, 0, is below neither",
    (
        "rawio/events.py",
        "start = start if divisor == 1 else start / divisor",
        "1",
        "2",
    ): "stamps divided by 1 are the stamps",
    (
        "planting/planter.py",
        "return int(self.events.counts(0, 0).shape[1])",
        "0",
        "1",
    ): "any events have the length of one",
    (
        "planting/planter.py",
        "return int(self.events.counts(0, 0).shape[1])",
        "0",
        "-1",
    ): "any events have the length of one",
    (
        "planting/planter.py",
        "n = units[0].n_samples",
        "0",
        "-1",
    ): "all of them are of one length",
    (
        "planting/planter.py",
        "self._wide = np.dtype(np.int32 if self.dtype.itemsize <= 2 else np.int64)",
        "np.int32 if self.dtype.itemsize <= 2 else np.int64",
        "np.int32 if False else np.int64",
    ): "both hold the sums",
    (
        "planting/events.py",
        "return float(np.abs(self.bank).max(initial=0)) * float(np.abs(self.factors).max(initial=0)) + 1",
        "1",
        "2",
    ): LARGER_BOUND,
    (
        "planting/events.py",
        "return float(np.abs(self.bank).max(initial=0)) * float(np.abs(self.factors).max(initial=0)) + 1",
        "0",
        "1",
    ): LARGER_BOUND,
    (
        "planting/events.py",
        "return float(np.abs(self.bank).max(initial=0)) * float(np.abs(self.factors).max(initial=0)) + 1",
        "0",
        "-1",
    ): LARGER_BOUND,
    (
        "planting/events.py",
        "return float((np.abs(self.weights) @ largest).max(initial=0.0)) + 1",
        "1",
        "2",
    ): LARGER_BOUND,
    (
        "planting/planter.py",
        "if low - self._most >= self._limits.min and high + self._most <= self._limits.max:",
        "if low - self._most >= self._limits.min and high + self._most <= self._limits.max:",
        "if False:",
    ): LARGER_BOUND,
    (
        "planting/planter.py",
        "if low - self._most >= self._limits.min and high + self._most <= self._limits.max:",
        "low - self._most >= self._limits.min",
        "low - self._most > self._limits.min",
    ): LARGER_BOUND,
    (
        "planting/planter.py",
        "if low - self._most >= self._limits.min and high + self._most <= self._limits.max:",
        "high + self._most <= self._limits.max",
        "high + self._most < self._limits.max",
    ): LARGER_BOUND,
    (
        "planting/planter.py",
        "step = max(1, BATCH_ITEMS // self.offsets.shape[1])",
        "1",
        "2",
    ): "how many events are made at once changes no sum",
    (
        "planting/planter.py",
        'if self.dtype.kind not in "iu" or self.dtype.itemsize > 4:',
        "4",
        "5",
    ): "no integer has five bytes",
    (
        "planting/planter.py",
        "self._wide = np.dtype(np.int32 if self.dtype.itemsize <= 2 else np.int64)",
        "2",
        "3",
    ): "no integer has three bytes",
    (
        "planting/planter.py",
        "self._wide = np.dtype(np.int32 if self.dtype.itemsize <= 2 else np.int64)",
        "2",
        "1",
    ): "both hold the sums of int16",
    (
        "planting/planter.py",
        "self._wide = np.dtype(np.int32 if self.dtype.itemsize <= 2 else np.int64)",
        "self.dtype.itemsize <= 2",
        "self.dtype.itemsize < 2",
    ): "both hold the sums of int16",
    (
        "generate/annotations.py",
        "values = (np.arange(ends.size) + draws.integer(0, 1)) % 2",
        "np.arange(ends.size) + draws.integer(0, 1)",
        "np.arange(ends.size) - draws.integer(0, 1)",
    ): "of values on and off in turn either begins with the one that is drawn",
    (
        "generate/files.py",
        "return FileJob(name, plan.n_frames * 31, chunks)",
        "31",
        "32",
    ): "an estimate, for the bar and for the order of the work",
    (
        "generate/files.py",
        "return FileJob(name, plan.n_frames * 31, chunks)",
        "31",
        "30",
    ): "an estimate, for the bar and for the order of the work",
    (
        "rawio/spikes.py",
        "high = min(high, _first_stamp(lambda ms: (ms - origin_ms) / 1000 > t_stop, origin_ms + t_stop * 1000))",
        "1000",
        "999",
    ): "where a search begins; it ends at the same stamp",
    (
        "rawio/scaling.py",
        "for first in range(0, size, max(1, buffer.size)):",
        "1",
        "2",
    ): "a buffer holds more than one value",
    (
        "rawio/signals.py",
        "return self._array.rows(first + samples.start, first + samples.stop).reshape(-1, self._width)",
        "1",
        "2",
    ): "NumPy takes any negative length for the one that is left over",
    (
        "rawio/signals.py",
        "chunk = chunk.take(selection, axis=1) if chunk.flags.c_contiguous else chunk[:, selection]",
        "chunk.take(selection, axis=1) if chunk.flags.c_contiguous else chunk[:, selection]",
        "chunk.take(selection, axis=1) if True else chunk[:, selection]",
    ): "both take the same columns",
    (
        "rawio/signals.py",
        "held = Held([], int, 0)",
        "0",
        "1",
    ): "a stream without samples or channels is left out before",
    (
        "convert/neo_trains.py",
        "ordered: Array = first[which][order].reshape(-1, 1)",
        "1",
        "2",
    ): "NumPy takes any negative length for the one that is left over",
    (
        "convert/neo_trains.py",
        "return lambda: np.empty((0, 0)), None",
        "0",
        "1",
    ): "without a scale nobody asks for the waveforms",
    (
        "hybrid/validate.py",
        'ours = file.readline(len(head) + 2).rstrip(b"\\r\\n") == head',
        "2",
        "3",
    ): "a line that is longer is another one all the same",
    (
        "hybrid/extractor_source.py",
        "return traces.astype(self.dtype, copy=False)",
        "False",
        "True",
    ): "a copy more",
    (
        "hybrid/leading.py",
        "if np.abs(left * parts[-1, -rank:]).max() < _EXACT * values[-1]:",
        "np.abs(left * parts[-1, -rank:]).max() < _EXACT * values[-1]",
        "np.abs(left * parts[-1, -rank:]).max() <= _EXACT * values[-1]",
    ): "two floats that are computed are not equal",
    (
        "hybrid/as_session.py",
        '"source": result.sources[0]._asdict(),',
        "0",
        "-1",
    ): "a session's run has one stream, and so one source and one result",
    (
        "hybrid/source.py",
        'some = ", ".join(map(repr, list(known)[:12])) + (", ..." if len(known) > 12 else "")',
        "12",
        "13",
    ): "only words an error",
    (
        "hybrid/source.py",
        'some = ", ".join(map(repr, list(known)[:12])) + (", ..." if len(known) > 12 else "")',
        "12",
        "11",
    ): "only words an error",
    (
        "planting/planter.py",
        "offsets = self.offsets if len(self.offsets) == 1 else self.offsets[self.unit[begin:end]]",
        "self.offsets if len(self.offsets) == 1 else self.offsets[self.unit[begin:end]]",
        "self.offsets if False else self.offsets[self.unit[begin:end]]",
    ): "of one unit all events have its offsets",
    (
        "planting/planter.py",
        "step = max(1, BATCH_ITEMS // self.offsets.shape[1])",
        "BATCH_ITEMS // self.offsets.shape[1]",
        "BATCH_ITEMS * self.offsets.shape[1]",
    ): "how many events are made at once changes no sum",
    (
        "planting/planter.py",
        "if len(unit.times):",
        "if len(unit.times):",
        "if True:",
    ): "a unit without events adds nothing",
    (
        "planting/events.py",
        "return float(max(int(self.samples.max(initial=0)), -int(self.samples.min(initial=0))))",
        "0",
        "-1",
    ): LARGER_BOUND,
    (
        "planting/events.py",
        "return float(max(int(self.samples.max(initial=0)), -int(self.samples.min(initial=0))))",
        "0",
        "1",
    ): LARGER_BOUND,
    (
        "planting/planter.py",
        "flat, stop = block.reshape(-1), start + len(block)",
        "1",
        "2",
    ): "NumPy takes any negative length for the one that is left over",
    (
        "planting/planter.py",
        "BATCH_ITEMS = 1 << 16  # counts made at a time, so that their float64 stay in a core's cache",
        "1 << 16",
        "1 >> 16",
    ): "one event at a time, at least, is made",
    (
        "session/clock.py",
        "if distance < expect.period:",
        "distance < expect.period",
        "distance <= expect.period",
    ): "the step at a gap is not the period",
    (
        "convert/neo_signals.py",
        "against = next((other[0] for other in kept if not _overlap(stream, other)), None)",
        "0",
        "-1",
    ): "only words a message",
    (
        "formats/bci2000.py",
        'return text.replace("0.", ".", 1) if abs(value) < 1 else text',
        "1",
        "2",
    ): "between 1 and 2 there is no 0 before the point",
    (
        "formats/phy.py",
        "stream, n = recorded.signals[0], len(recorded.signals[0].channels)",
        "0",
        "-1",
    ): "there is one segment",
    (
        "rawio/signals.py",
        "run = range(indexes[0], indexes[-1] + 1, step) if step > 0 else range(0)",
        "0",
        "1",
    ): "a list that is so short is ascending",
    (
        "rawio/lookups.py",
        "samples = session.files.streams.get(name) if name is not None else None",
        "session.files.streams.get(name) if name is not None else None",
        "session.files.streams.get(name) if True else None",
    ): "no stream is called None",
    (
        "generate/parts/motion/days.py",
        'each = [float(Draws.of(setting.bits("days.moved", later)).normals(1)[0]) for later in range(2, day + 1)]',
        "1",
        "2",
    ): "the first of two is that of one",
    (
        "generate/parts/noise/shots.py",
        "blocks = range(max(0, start) // BLOCK, -(-stop // BLOCK)) if self._rate_hz else ()",
        "0",
        "1",
    ): "both are of the first block",
    (
        "generate/made_arrays.py",
        "_KEPT_BYTES = 1 << 26  # of chunks of a stream",
        "1 << 26",
        "1 >> 26",
    ): "two chunks are kept, at least",
    (
        "hybrid/original/params_calls.py",
        "budget.reserve(_items(tup))",
        "budget.reserve(_items(tup))",
        "None",
    ): "what comes of it is counted, too",
    (
        "hybrid/original/params_calls.py",
        "budget.reserve(int(times.sum()) if times.size != 1 else int(times.flat[0]) * array.size)",
        "0",
        "-1",
    ): "the first of one is its last",
    (
        "planting/planter.py",
        "offsets = self.offsets if len(self.offsets) == 1 else self.offsets[self.unit[begin:end]]",
        "1",
        "0",
    ): "of one unit all events have its offsets",
    (
        "planting/planter.py",
        "if self.first[begin] < start or self.first[end - 1] + self.n > stop:",
        "self.first[begin] < start",
        "self.first[begin] <= start",
    ): "where all are inside none is left out",
    (
        "planting/planter.py",
        "events = ScaledEvents.joined(scaled).chosen(order) if scaled else units[0].events",
        "0",
        "-1",
    ): "events of another kind are of one unit",
    (
        "generate/moving.py",
        "for spikes in self._around(seg_index, first - self._n + 1, first + len(out)):",
        "1",
        "0",
    ): "spikes that end where the samples begin add nothing",
    (
        "generate/parts/firing/drawn.py",
        "first = max(0, start) // BLOCK",
        "0",
        "1",
    ): "both are of the first block",
    (
        "session/files.py",
        'found = f"only {keys or \'nothing\'}" if value is None else "something else"',
        "f\"only {keys or 'nothing'}\" if value is None else 'something else'",
        "f\"only {keys or 'nothing'}\" if True else 'something else'",
    ): "only words an error",
}
