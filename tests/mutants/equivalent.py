"""Faults that change nothing that anybody could see, and why: by file, line, before and after."""

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
}
