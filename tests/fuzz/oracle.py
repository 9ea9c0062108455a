"""What an accepted file must have been read as: other readers' answers, the slow and obvious way."""

from __future__ import annotations

import builtins
import codecs
import io
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from mockrawio.formats.dict_npy import DictFile, Opaque
from mockrawio.formats.npy import HeldArray, MappedArray
from mockrawio.session.logs import DaqLog, Watchlog

_MULTIARRAY = {"_reconstruct": np.ndarray.__reduce__(np.empty(0))[0], "scalar": np.float64(0).__reduce__()[0]}
_NUMERIC = pickle.PickleBuffer and np.empty(0).__reduce_ex__(5)[0]
_GLOBALS: dict[tuple[str, str], Any] = {
    **{(f"numpy.{core}.multiarray", name): f for core in ("core", "_core") for name, f in _MULTIARRAY.items()},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _NUMERIC for core in ("core", "_core")},
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
    ("__builtin__", "bytes"): builtins.bytes,
}


class _Numpys(pickle.Unpickler):
    """Python's own unpickler, for files that ours has accepted: all sizes are checked by then."""

    def find_class(self, module: str, name: str) -> Any:
        return _GLOBALS[module, name]


def check_dict(path: str, data: bytes) -> None:
    """Compare a dict file that was accepted with what Python's unpickler makes of it."""
    with DictFile(path) as opened:
        found = opened.values
    file = io.BytesIO(data)
    one = npy_format.read_magic(file) == (1, 0)
    read_header = npy_format.read_array_header_1_0 if one else npy_format.read_array_header_2_0  # as 3.0's, in ASCII
    shape, _, dtype = read_header(file)
    assert shape == () and dtype.hasobject
    expected = _Numpys(file, encoding="latin1").load().item()
    assert list(found) == list(expected), "other keys"
    for key, value in found.items():
        if isinstance(value, (MappedArray, HeldArray)):
            same_array(value.view(), expected[key])
        elif value is not Opaque:
            other = expected[key].item() if isinstance(expected[key], np.generic) else expected[key]
            assert type(value) is type(other), f"{key}: {type(value)}, not {type(other)}"
            assert value == other or value != value, f"{key}: {value!r}, not {other!r}"


def same_array(found: np.ndarray, expected: np.ndarray) -> None:
    """Compare two arrays to the bit, whatever their byte order and layout."""
    assert isinstance(expected, np.ndarray)
    assert found.dtype.newbyteorder("=") == expected.dtype.newbyteorder("="), f"{found.dtype}, not {expected.dtype}"
    assert found.shape == expected.shape, f"{found.shape}, not {expected.shape}"
    assert native_bytes(found) == native_bytes(expected), "other values"


def native_bytes(array: np.ndarray) -> bytes:
    """Return an array's values in C order and this machine's byte order."""
    return array.astype(array.dtype.newbyteorder("="), order="C").tobytes()


def check_plain(found: np.ndarray, data: bytes) -> None:
    """Compare a plain file that was accepted with what NumPy makes of it, pickles not allowed."""
    same_array(found, np.load(io.BytesIO(data), allow_pickle=False))


def check_daq(log: DaqLog, data: bytes) -> None:
    """Compare a DAQ log with its lines read one by one."""
    rows = [line.split() for line in data.split(b"\n")[3:] if line.split()]
    assert [int(row[0]) for row in rows] == log.codes.tolist()
    assert [int(row[1]) for row in rows] == log.index.tolist()
    _same_stamps([row[2] for row in rows], log.pre)
    _same_stamps([row[3] for row in rows], log.post)


def check_watchlog(log: Watchlog, data: bytes) -> None:
    """Compare a watchlog with its lines read one by one."""
    head, *rest = data.split(b"\n")
    rows = [line.split() for line in rest if line.split()]
    frames = [row for row in rows if row[0] == b"pts"]
    assert log.movie.encode("utf-8", "replace") == head.strip().decode("utf-8", "replace").encode("utf-8", "replace")
    assert [row[1].decode() for row in frames] == log.labels.tolist()
    assert [float(row[1]) for row in frames] == log.pts.tolist()
    _same_stamps([row[3] for row in frames], log.clock)
    before = [sum(row[0] == b"pts" for row in rows[:k]) for k, row in enumerate(rows) if row == [b"Pausing"]]
    assert before == log.pauses.tolist()


def _same_stamps(tokens: list[bytes], found: np.ndarray) -> None:
    expected = np.array([float(token) for token in tokens])
    in_us = not np.array_equal(expected, found.astype(float))
    assert not in_us or np.array_equal(expected / 1000, found), "other stamps"


def check_names(names: list[str], data: bytes) -> None:
    """Compare the channel names with the file's lines."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    lines = text.rstrip().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stripped = [line.strip() for line in lines]
    named = [line[:-4] if line.lower().endswith(".ncs") else line for line in stripped]
    expected = [name or f"CSC{number}" for number, name in enumerate(named, 1)]
    assert names == ([] if named == [""] else expected), f"{names}, not {expected}"


def check_json(found: Any, data: bytes) -> None:
    """Compare a stream's description with the plain document."""
    plain = json.loads(data)
    assert list(found.ids) == plain["channels"]["ids"]
    assert list(found.names) == plain["channels"]["names"]
    count = len(found.ids)
    for key in ("gain", "offset"):
        value = plain[key] if isinstance(plain[key], list) else [plain[key]] * count
        assert [getattr(scale, key) for scale in found.scales] == value
    assert [run.stop - run.start for run in found.runs] == [segment["n_samples"] for segment in plain["segments"]]


CHECKS: dict[str, Callable[[Any, bytes], None]] = {
    "events": lambda found, data: check_plain(found.view(), data),
    "labels": lambda found, data: check_plain(found.view(), data),
    "stream": lambda found, data: check_plain(found.samples.view(), data),
    "json": check_json,
    "daq": check_daq,
    "watchlog": check_watchlog,
    "names": check_names,
}
"""By kind of file: compare what our parser made of it with its bytes."""
