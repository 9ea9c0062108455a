"""Changes to a dict file that know its language: opcodes, memo, lengths, calls, bombs, values."""

from __future__ import annotations

import pickle
import pickletools
from functools import lru_cache
from typing import Any

import numpy as np

from .corpus import VALUES, header, pickled, with_numpy_1_names

MAKE = b"\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\x93\x8c\x05numpy\x8c\x07ndarray\x93"
DTYPE = b"\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02i2\x89\x88\x87R"

# A NumPy text of one character, whose four bytes follow.
TEXT = (
    b"\x8c\x16numpy._core.multiarray\x8c\x06scalar\x93\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02U1\x89\x88\x87R"
    b"(K\x03\x8c\x01<NNNK\x04K\x04K\x08tbC\x04"
)

# Each leaves one value on the stack, were it obeyed. None of them is in the language we read.
REFUSED: dict[str, bytes] = {
    "os.system": b"cposix\nsystem\n(X\x0a\x00\x00\x00touch marktR",
    "STACK_GLOBAL": b"\x8c\x05posix\x8c\x06system\x93\x8c\x0atouch mark\x85R",
    "dotted name": b"\x8c\x05numpy\x8c\x0dndarray.dumps\x93",
    "dotted module": b"\x8c\x0enumpy.lib.npyio\x8c\x04load\x93",
    "walk": b"\x8c\x05numpy\x8c\x20ndarray.__class__.__subclasses__\x93)R",
    "builtins": b"c__builtin__\neval\n(X\x04\x00\x00\x00exittR",
    "builtins 3": b"\x8c\x08builtins\x8c\x04exec\x93\x8c\x01x\x85R",
    "getattr": b"cbuiltins\ngetattr\nNX\x01\x00\x00\x00x\x86R",
    "codecs": b"c_codecs\ndecode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00hex\x86R",
    "memmap": b"cnumpy\nmemmap\nX\x04\x00\x00\x00mark\x85R",
    "fromfile": b"cnumpy\nfromfile\nX\x04\x00\x00\x00mark\x85R",
    "nested pickle": b"c_pickle\nloads\nC\x03\x80\x04.\x85R",
    "EXT1": b"\x82\x01",
    "EXT2": b"\x83\x01\x00",
    "EXT4": b"\x84\x01\x00\x00\x00",
    "INST": b"(iposix\nsystem\n",
    "OBJ": b"(cposix\nsystem\no",
    "NEWOBJ": b"cnumpy\nndarray\n)\x81",
    "NEWOBJ_EX": b"cnumpy\nndarray\n)}\x92",
    "PERSID": b"Pmark\n",
    "BINPERSID": b"NQ",
    "NEXT_BUFFER": b"\x97",
    "DUP": b"N20",
    "POP": b"NN0",
    "set": b"\x8f",
    "frozenset": b"(\x91",
    "LONG4": b"\x8b\x02\x00\x00\x00ab",
    "LONG4 of 2 GiB": b"\x8b\xff\xff\xff\x7f",
    "INT": b"I1\n",
    "LONG": b"L" + b"9" * 5000 + b"L\n",
    "GET": b"g0\n",
    "8 GiB": MAKE + b"\x8a\x05\x00\x00\x00\x00\x02\x85C\x01b\x87R",
    "8 GiB of state": MAKE + b"K\x00\x85C\x01b\x87R(K\x01\x8a\x05\x00\x00\x00\x00\x02\x85" + DTYPE + b"\x89C\x00tb",
    "negative shape": MAKE + b"K\x00\x85C\x01b\x87R(K\x01J\xff\xff\xff\xff\x85" + DTYPE + b"\x89C\x00tb",
    "2 GiB of text": b"X\xff\xff\xff\x7fab",
    "16 EiB of bytes": b"\x8e" + b"\xff" * 8,
    "bytearray of 16 EiB": b"\x96" + b"\xff" * 8,
    "marks": b"(" * 200 + b"t" * 200,
    "endless": b"N" * 60_000,
    "second STOP": b"N.",
    "PUT of nothing": b"(q\x01",
    "text beyond Unicode": TEXT + (0x110000).to_bytes(4, "little") + b"\x86R",  # NumPy's SystemError
    "half a pair": TEXT + (0xD800).to_bytes(4, "little") + b"\x86R",
    "text of ones": TEXT + b"\xff" * 4 + b"\x86R",
    "memo of nothing": b"j\xff\xff\xff\x7f",
    "surrogate": b"\x8c\x03\xed\xa0\x80",
}
BOMBS: dict[str, bytes] = {
    "deep tuple": b"N" + b"\x85" * 12_000,
    "deep list": b"]\x94" + b"]\x94h\x00a" * 8_000,
    "laughs": b"N" + b"\x94h\x00h\x00\x86" * 8_000,
    "doubling": b"N\x94" + b"".join(b"h%ch%c\x86\x94" % (k, k) for k in range(60)),
    "list in itself": b"]\x94h\x00a",
    "dict in itself": b"}\x94\x8c\x01ah\x00s",
    "strings": (b"X\xfc\x0f\x00\x00" + b"a" * 4092) * 64 + b"(t",
    "wide strings": (b"X\x00\x10\x00\x00" + "😀".encode() + b"a" * 4092) * 300 + b"(t",
    "memo": b"N" + b"\x94" * 10_000,
    "puts": b"N" + b"".join(b"r" + (k * 7919).to_bytes(4, "little") for k in range(5_000)),
    "empties": b"]" * 12_000 + b"(t",
    "keys": b"}(" + b"".join(b"\x8c\x05%05dN" % k for k in range(8_000)) + b"u",
    "long ints": b"\x8a\xff" + b"\x7f" * 255,
    "appends": b"](" + b"K\x01" * 9_000 + b"e",
    "array of no items": MAKE
    + b"K\x00\x85C\x01b\x87R(K\x01\x8a\x08"
    + b"\xff" * 7
    + b"\x0fK\x00\x86"
    + DTYPE
    + b"\x89C\x00tb",
    "nothing wide": MAKE + b"K\x00\x85C\x01b\x87R(K\x01K\x05\x85" + DTYPE.replace(b"i2", b"S0") + b"\x89C\x00tb",
}


@lru_cache(maxsize=64)
def opcodes(data: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Split a dict file into its header and its opcodes, FRAMEs left out."""
    start = 10 + int.from_bytes(data[8:10], "little")
    body = data[start:]
    places = [(op.code, position) for op, _, position in pickletools.genops(body)]
    ends = [position for _, position in places[1:]] + [len(body)]
    pieces = [body[p:e] for (_, p), e in zip(places, ends, strict=True)]
    return data[:start], tuple(p for (code, _), p in zip(places, pieces, strict=True) if code != "\x95")


def _number(rng: np.random.Generator, width: int) -> bytes:
    choices = (0, 1, 2, 3, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**64 - 1)
    return (choices[rng.integers(len(choices))] % (1 << 8 * width)).to_bytes(width, "little")


def _change_argument(rng: np.random.Generator, piece: bytes) -> bytes:
    argument = bytearray(piece[1:])
    if not argument:
        return bytes([rng.integers(256)])
    width = min(len(argument), int(rng.choice([1, 2, 4, 8])))
    at = int(rng.integers(len(argument) - width + 1)) if rng.random() < 0.5 else 0
    argument[at : at + width] = _number(rng, width)
    return piece[:1] + bytes(argument)


def change_opcodes(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    """Swap, drop, double, retype or move opcodes, or change what stands behind one."""
    head, known = opcodes(data)
    pieces = list(known)
    hows = ("retyped", "argument", "dropped", "doubled", "swapped", "moved", "crossed")
    how = hows[rng.integers(len(hows))]
    for _ in range(int(rng.integers(1, 3))):
        i, j = (int(k) for k in rng.integers(1, len(pieces), 2))
        if how == "retyped":
            pieces[i] = bytes([rng.integers(256)]) + pieces[i][1:]
        elif how == "argument":
            pieces[i] = _change_argument(rng, pieces[i])
        elif how == "dropped":
            pieces[i] = b""
        elif how == "doubled":
            pieces.insert(j, pieces[i])
        elif how == "swapped":
            pieces[i], pieces[j] = pieces[j], pieces[i]
        elif how == "moved":
            pieces.insert(j, pieces.pop(i))
        else:
            pieces[i] = pieces[j][:1] + pieces[i][1:]
        pieces = [piece for piece in pieces if piece] or [b"."]
        if len(pieces) < 2:
            break
    return f"opcodes {how}", head + b"".join(pieces)


def plant(rng: np.random.Generator, data: bytes) -> tuple[str, bytes, str | None]:
    """Put something hostile between two opcodes, or in the place of one of the dict's values."""
    head, pieces = opcodes(data)
    refused = rng.random() < 0.7
    name, snippet = list((REFUSED if refused else BOMBS).items())[rng.integers(len(REFUSED if refused else BOMBS))]
    at = int(rng.integers(1, len(pieces)))
    after = at if rng.random() < 0.5 else min(at + 1, len(pieces) - 1)
    return f"planted {name}", head + b"".join([*pieces[:at], snippet, *pieces[after:]]), "refused" if refused else None


def bomb(name: str, protocol: int = 4) -> bytes:
    """Return a dict file whose only value is one of the planted things, itself well formed around it."""
    head, pieces = opcodes(header() + pickled({"ts": None}, protocol))
    at = pieces.index(b"N", max(k for k, piece in enumerate(pieces) if b"ts" in piece))
    return head + b"".join([*pieces[:at], {**REFUSED, **BOMBS}[name], *pieces[at + 1 :]])


# -- values that are well pickled, and wrong or odd in themselves ------------------------------

NUMBERS: list[Any] = [
    None, True, 0, 1, -1, 2, 0.5, -0.5, 1e-320, 1e-300, 1e300, 1e308, float("nan"), float("inf"), -float("inf"),
    2**31, 2**53, 2**63, 2**64, 2**200, -(2**2000), 10**400, 1j, "uV", "", "µV", "x" * 70, "\x1b[2J", "\ud800a"[1:],
    "a\x00", b"bytes", [], {}, (), [1], {"a": 1}, np.float64(2.5), np.int64(3), np.array([]), np.array([1.0]),
    "2022-07-01", "02-41-18", "0001-01-01", "9999-12-31", "23-59-61", "٢٠٢٢-07-01",
]  # fmt: skip
DTYPES = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "?", "S3", "U2", "O", "M8[ms]")
ODD = (0, 1, -1, 32767, -32768, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63), 1.5, 1e300, -1e300, 1e308, 5e-324)


def _odd_array(rng: np.random.Generator, array: np.ndarray) -> np.ndarray:
    how = rng.integers(5)
    with np.errstate(all="ignore"):
        if how == 0:
            array = array.real.astype(DTYPES[rng.integers(len(DTYPES))])
        elif how == 1:
            shapes = [(0,), (), (1,), array.shape[::-1], (*array.shape, 1), (array.size,), (0, 5), (5, 0), (0, 2**40)]
            shape = shapes[rng.integers(len(shapes))]
            array = np.empty(shape, array.dtype) if 0 in shape else np.resize(array, shape)
        elif how == 2:
            array = np.delete(array, rng.integers(len(array)), 0)
        elif how == 3:
            array = np.real(array).astype(["f8", "f4", "i8", "u8", ">f8"][rng.integers(5)]).copy()
            array.flat[rng.integers(array.size)] = _fitting(rng, array.dtype)
        else:
            array = array.copy()
            rng.shuffle(array)
    return array


def _fitting(rng: np.random.Generator, dtype: np.dtype) -> Any:
    value = ODD[rng.integers(len(ODD))]
    if dtype.kind == "f":
        return [value, np.nan, np.inf, -np.inf][min(int(rng.integers(12)), 3)]
    info = np.iinfo(dtype)
    return min(max(int(value), info.min), info.max) if abs(value) < 1e30 else info.max


def change_values(rng: np.random.Generator, kind: str) -> tuple[str, bytes]:
    """Pickle another dict, properly: other values, dtypes, shapes, keys."""
    values = dict(VALUES[kind])
    for _ in range(int(rng.integers(1, 3))):
        keys = [*values, "sampling_rate", "left_sweep", "units", "gain", "offset", "extra"]
        key = keys[rng.integers(len(keys))]
        value = values.get(key)
        if isinstance(value, np.ndarray) and value.ndim and value.size and rng.random() < 0.8:
            values[key] = _odd_array(rng, value)
        elif rng.random() < 0.1:
            values.pop(key, None)
        else:
            values[key] = NUMBERS[rng.integers(len(NUMBERS))]
    data = pickled(values, int(rng.integers(2, 6)))
    return "other values", header() + (with_numpy_1_names(data) if rng.random() < 0.3 else data)


def gaps(rng: np.random.Generator) -> tuple[str, bytes]:
    """Pickle an LFP channel whose stamps have gaps, many at times."""
    size = int(rng.integers(1, 400))
    steps = 1 + (rng.random(size) < rng.random()) * rng.integers(0, 1000, size)
    ts = 1_656_643_278_812 + np.cumsum(steps)
    return "gaps", header() + pickled({"ts": ts, "samples": np.zeros(size, np.int16)})


def call(function: Any, *arguments: Any, protocol: int = 4) -> bytes:
    """Return a dict file with a pickled call of a real function in it."""

    class Call:
        def __reduce__(self) -> Any:
            return function, arguments

    return header() + pickle.dumps(np.array({"ts": Call()}, dtype=object), protocol=protocol)
