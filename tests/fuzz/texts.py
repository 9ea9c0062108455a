"""Changes to the json files, the logs and the channel names that know their layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 20, 0.5, 1e308, 1e-320, -1e308, 2**31, 2**63, 10**400, float("nan"), float("inf"),
    "", "uV", "a", "CSC1", "CSC²", "CSC" + "9" * 60, "x" * 65, "a\x00", "\x1b[31m", "\ud800", "../../etc/passwd",
    "/etc/passwd", "µV", [], {}, [[]], [None], [1], [1, 2, 3], ["a", "b", "c"], ["a", "a", "a"], {"a": 1}, [0.0] * 3,
    [[0, 0], [1, 1], [2, 2]], [[0, 0], [1], []], 1_656_643_278_812, "1656643278812",
]  # fmt: skip
RAW: dict[str, bytes] = {
    "deep list": b"[" * 100_000,
    "deep list, closed": b"[" * 900 + b"]" * 900,
    "deep dict": b'{"a":' * 100_000,
    "deep value": b'{"format": ' + b"[" * 950 + b"]" * 950 + b', "format_version": 1, "files": {}}',
    "deep seed": b'{"seed": '
    + b"[" * 950
    + b"]" * 950
    + b', "format": "mockrawio session", "format_version": 1, "files": {}}',
    "huge int": b'{"sampling_rate": ' + b"9" * 100_000 + b"}",
    "huge float": b'{"format_version": 1, "format": "", "files": {"a": {"size": 1e999, "sha256": ""}}}',
    "NaN": b"NaN",
    "a list": b"[]",
    "a number": b"1",
    "empty": b"",
    "spaces": b" " * 100_000,
    "a BOM": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "a long string": b'{"units": "' + b"x" * 1_000_000 + b'"}',
    "many keys": b"{" + b",".join(b'"%d": 0' % k for k in range(20_000)) + b"}",
    "many segments": b'{"segments": [' + b",".join([b'{"t_start_ms": 1656643278812, "n_samples": 1}'] * 5_000) + b"]}",
    "a bare word": b"{units: 1}",
    "a comment": b'{"a": 1} // x',
}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a JSON document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in items:
        yield from _places(below, (*path, key))


def _put(rng: np.random.Generator, content: Any, path: tuple[Any, ...]) -> None:
    *above, last = path
    for key in above:
        content = content[key]
    how = rng.integers(4)
    if how == 0:
        del content[last]
    elif how == 1 and isinstance(content, list):
        content.append(content[last])
    elif how == 2 and isinstance(content, dict):
        content[str(VALUES[rng.integers(len(VALUES))])[:300]] = content.pop(last)
    else:
        content[last] = deepcopy(VALUES[rng.integers(len(VALUES))])


def change_json(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    """Replace, remove, rename or double a value; or give a text that is no such document."""
    if rng.random() < 0.15:
        name = list(RAW)[rng.integers(len(RAW))]
        return f"json {name}", RAW[name]
    content = json.loads(data)
    for _ in range(int(rng.integers(1, 4))):
        paths = list(_places(content))[1:]
        if paths:
            _put(rng, content, paths[rng.integers(len(paths))])
    text = json.dumps(content)
    if rng.random() < 0.1:  # the same key again, with another value
        return "json key twice", (text[:-1] + ', "sampling_rate": 1, "files": {}}').encode()
    return "json values", text.encode()


TOKENS = (
    b"", b"0", b"-0", b"1", b"-1", b"1e3", b"1e400", b"nan", b"inf", b"-inf", b"0x10", b"1_000", b"1.5", b".",
    b"+1", b"--1", b"9" * 19, b"9" * 20, b"-9223372036854775808", b"9223372036854775807", b"9" * 64, b"9" * 65,
    b"9" * 100_000, b"1\x00", b"\x00", b"1\x002", b"1\x1c2", b"1\x0b2", b"\x85", b"\xa0", "\u0661".encode(),
    "\uff11".encode(), b"\xff", b"1656643278812", b"1656643278812.5", b"1656643278812000", b"pts", b"time",
    b"Pausing", b"Continuing\tafter\tpause", b"1\t2", b"1\n2", b"\r", b"1e308", b"-1e308", b"1j", b"0.1e1",
    b"2" * 30, b"1d5", b"Infinity", b"0.04", b"\x1b[2J", b"x" * 70, b".ncs",
)  # fmt: skip
LINES = (
    b"", b"\t\t\t", b"Pausing", b"Continuing\tafter\tpause", b"pts\t0.5\ttime\t1656643278900", b"3\t3\t1\t2",
    b"\x00" * 40, b"Initial signature: 255\t255", b"data\tStamp\tpre\tpost", b"pts\t1e308\ttime\t1656643278999",
    b"LA1.ncs", b".ncs", b"x" * 90, b"1\t2\t3\t4 " * 5_000, b"\xef\xbb\xbf", b"pts\t-1e308\ttime\t1656643278990",
    b"\xe2\x80\xa8", b"a\x0bb.ncs", b"1\t1\t-9223372036854775808\t9223372036854775807",
    b"1\t1\t9223372036854775807\t-9223372036854775808",
)  # fmt: skip


def change_lines(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    """Replace fields and lines of a text, drop, double, join and reorder them."""
    lines = data.split(b"\n")
    hows = ("field", "line", "dropped", "doubled", "swapped", "joined", "field", "repeated")
    how = hows[rng.integers(len(hows))]
    for _ in range(int(rng.integers(1, 4))):
        i, j = (int(k) for k in rng.integers(len(lines), size=2))
        if how == "field":
            fields = lines[i].split(b"\t")
            fields[rng.integers(len(fields))] = TOKENS[rng.integers(len(TOKENS))]
            lines[i] = b"\t".join(fields)
        elif how == "line":
            lines[i] = LINES[rng.integers(len(LINES))]
        elif how == "dropped":
            lines[i : i + 1] = [] if len(lines) > 1 else [b""]
        elif how == "doubled":
            lines.insert(j, lines[i])
        elif how == "swapped":
            lines[i], lines[j] = lines[j], lines[i]
        elif how == "joined":
            lines[i : i + 2] = [b"".join(lines[i : i + 2])]
        else:
            lines[i:i] = [lines[i]] * int(rng.integers(1, 300))
    return f"lines {how}", b"\n".join(lines)
