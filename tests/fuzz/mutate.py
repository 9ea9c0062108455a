"""Cases: which file of the session is changed, how, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .corpus import DICTS, FILES, PLAIN, Files
from .headers import change_header
from .pickles import change_opcodes, change_values, gaps, plant
from .texts import change_json, change_lines

Change = Callable[[np.random.Generator, bytes], tuple[str, bytes]]
SIZES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Case:
    """One hostile file.

    Attributes
    ----------
    kind : str
        Which file it stands for.
    how : str
        What was done to it.
    data : bytes
        Its content.
    must : {"same", "refused"} or None
        What must come of it, where that is known: the data of the unchanged file, or an error.
    """

    kind: str
    how: str
    data: bytes
    must: str | None = None


def systematic(files: Files) -> Iterator[Case]:
    """Yield what can be had in full: every spelling, every cut, every byte changed (of binary files three ways)."""
    for kind in FILES:
        spellings = files.spellings(kind)
        yield from (Case(kind, "spelling", data, None if kind == "manifest" else "same") for data in spellings)
        whole = spellings[0]
        binary = kind in DICTS or kind in PLAIN
        yield from (Case(kind, "cut", whole[:n], "refused" if binary else None) for n in range(len(whole)))
        for place in range(len(whole)):
            for change in (0x01, 0x80, 0xFF) if binary else (0x01,):
                yield Case(kind, "byte", whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])


def random_case(rng: np.random.Generator, files: Files) -> Case:
    """Draw a case."""
    kind = list(FILES)[rng.integers(len(FILES))]
    spellings = files.spellings(kind)
    data = spellings[rng.integers(len(spellings))] if rng.random() < 0.5 else spellings[0]
    if rng.random() < 0.25:
        how, data = _bytes(rng, data, spellings)
        return Case(kind, how, data)
    if kind in DICTS:
        return _dict_case(rng, kind, data)
    changes: Change = change_header if kind in PLAIN else change_json if kind in ("json", "manifest") else change_lines
    how, data = changes(rng, data)
    return Case(kind, how, data)


def _dict_case(rng: np.random.Generator, kind: str, data: bytes) -> Case:
    which = rng.integers(10)
    if which < 3:
        return Case(kind, *change_opcodes(rng, data))
    if which < 5:
        return Case(kind, *plant(rng, data))
    if which < 9:
        return Case(kind, *(gaps(rng) if kind == "lfp" and which == 8 else change_values(rng, kind)))
    return Case(kind, *change_header(rng, data))


def _bytes(rng: np.random.Generator, data: bytes, others: list[bytes]) -> tuple[str, bytes]:
    """Change a file without knowing what it is."""
    changes: tuple[Change, ...] = (_flip, _flip, _write, _cut, _append, _swap, _erase, _repeat)
    pick = int(rng.integers(len(changes) + 1))
    if pick == len(changes):
        other = others[rng.integers(len(others))]
        return "splice", data[: int(rng.integers(len(data) + 1))] + other[int(rng.integers(len(other) + 1)) :]
    return changes[pick](rng, data)


def _span(rng: np.random.Generator, data: bytes) -> tuple[int, int]:
    low, high = sorted(int(n) for n in rng.integers(len(data) + 1, size=2))
    return low, min(high, low + 200)


def _flip(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        changed[rng.integers(len(data))] ^= 1 << int(rng.integers(8))
    return "bits", bytes(changed)


def _write(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    size = SIZES[rng.integers(len(SIZES))]
    place = int(rng.integers(max(len(data) - size, 1)))
    number = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF])) if size == 1 else int(rng.choice([0, 1, (1 << 31) - 1, 1 << 15]))
    written = (number % (1 << 8 * size)).to_bytes(size, "little") if rng.random() < 0.7 else b"\xff" * size
    return "number", data[:place] + written + data[place + size :]


def _cut(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    return "cut", data[: int(rng.integers(len(data)))]


def _append(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    return "trailing bytes", data + rng.bytes(int(rng.integers(1, 65)))


def _swap(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    a, b = _span(rng, data)
    c, d = _span(rng, data[b:])
    return "blocks swapped", data[:a] + data[b + c : b + d] + data[b : b + c] + data[a:b] + data[b + d :]


def _erase(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    low, high = _span(rng, data)
    return "block erased", data[:low] + data[high:]


def _repeat(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    low, high = _span(rng, data)
    return "block repeated", data[:high] + data[low:high] * int(rng.integers(1, 20)) + data[high:]
