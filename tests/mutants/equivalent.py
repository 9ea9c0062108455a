"""Faults that change nothing that anybody could see, and why: by file, line, before and after."""

EQUIVALENT = {
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
