"""Faults that change nothing that anybody could see, and why: by file, line, before and after."""

# How much is worked on at once, or kept: every number above 0 gives the same.
SIZES = {
    ("planting/planter.py", "BATCH_ITEMS"),
    ("session/virtual.py", "_COPY"),
    ("generate/parts/firing/drawn.py", "_KEPT"),
    ("generate/parts/field/layer.py", "_FEWEST_KNOTS, _BLOCK"),
}
LARGER_BOUND = "a larger bound: where a sum just fits it is made in a wider type, and is the same"

EQUIVALENT = {
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
}
