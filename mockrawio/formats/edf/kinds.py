"""The two kinds of files, and numbers in their headers' fields."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class FileKind(NamedTuple):
    """What the two kinds of files differ in."""

    ending: str
    version: bytes
    name: str
    n_bytes: int  # of a sample
    annotations: str


EDF = FileKind("edf", b"0       ", "EDF+C", 2, "EDF Annotations")
BDF = FileKind("bdf", b"\xffBIOSEMI", "BDF+C", 3, "BDF Annotations")


def fitted(value: Fraction, most: int) -> str:
    """Return a number as near as so many characters can have it, without an exponent."""
    for digits in range(most, -1, -1):
        text = f"{float(round(value, digits)):.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        short = text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
        for one in (text, short):
            if len(one) <= most:
                return one
    raise OverflowError(value)
