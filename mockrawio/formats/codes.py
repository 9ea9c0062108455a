"""Labels of events as numbers, for formats that have no text there."""

from __future__ import annotations

from itertools import count

import numpy as np

from ..ground.arrays import Ints
from .recorded import Recorded, RecordedSignals, Texts
from .rig import RigFolder

_SHOWN = 20  # labels whose numbers are told


def is_whole_label(label: str, least: int, most: int) -> bool:
    """Return whether a label is a whole number as Python writes it: "007" is none, and may stand beside "7"."""
    if len(label) > len(str(most)) or not (label.isascii() and label.isdigit()):
        return False
    return str(int(label)) == label and least <= int(label) <= most


class Codes:
    """A number for each label of a recording, the same in all segments.

    A label that :func:`is_whole_label` from 1 to `most` is that number; others get the smallest that are free, in the
    order of their text. Labels beyond `most` numbers share the last one, which is noted.
    """

    def __init__(self, recorded: Recorded, most: int, out: RigFolder) -> None:
        labels = {str(one) for k in range(len(recorded.segments)) for one in recorded.marks(k).labels}
        numbers = {label for label in labels if is_whole_label(label, 1, most)}
        taken, others = {int(label) for label in numbers}, sorted(labels - numbers)
        free = (number for number in count(1) if number not in taken)
        given = {label: min(number, most) for label, number in zip(others, free, strict=False)}
        if others:
            told = ", ".join(f"{label!r} is {given[label]}" for label in others[:_SHOWN])
            out.leave("texts of labels", told + (", ..." if len(others) > _SHOWN else ""))
        if len(labels) > most:
            out.leave("labels", f"there are {most} numbers: the last labels share one")
        self._numbers = {**given, **{label: int(label) for label in numbers}}

    def of(self, labels: Texts) -> Ints:
        """Return the number of each label."""
        return np.array([self._numbers[str(label)] for label in labels], np.int64)


def coded_frames(
    recorded: Recorded, stream: RecordedSignals, codes: Codes, out: RigFolder, seg_index: int = 0
) -> tuple[Ints, Ints]:
    """Return the samples of all events in a segment of a stream, ascending, and their codes."""
    marks = recorded.marks(seg_index)
    frames, inside = out.frames("some events", marks.times, stream, seg_index)
    return frames[inside], codes.of(marks.labels[inside])
