"""Changes to the header of a ``.npy`` file: bombs, odd spellings, lengths, versions."""

from __future__ import annotations

import numpy as np

USUAL = b"{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }"
TEXTS: dict[str, bytes] = {
    "nested lists": b"[" * 4_000 + b"]" * 4_000,
    "nested tuples": b"(" * 9_000,
    "unbalanced": b"{'descr': '<i2', 'fortran_order': False, 'shape': (3,",
    "minus signs": b"-" * 9_000 + b"1",
    "not not": b"not " * 2_000 + b"1",
    "a sum": b"1+" * 4_000 + b"1j",
    "an attribute": b"().__class__.__bases__[0].__subclasses__()",
    "a call": b"__import__('os').system('touch mark')",
    "a comprehension": b"[x for x in range(10**9)]",
    "a power": b"{'descr': '<i2', 'fortran_order': False, 'shape': (9**9**9,), }",
    "a product": b"{'descr': '<i2', 'fortran_order': False, 'shape': (3*1,), }",
    "an f-string": b"{'descr': f'{exit()}', 'fortran_order': False, 'shape': (3,), }",
    "non-ASCII": "{'descr': '<é2', 'fortran_order': False, 'shape': (٣,), }".encode(),
    "escapes": rb"{'descr': '\d\x3ci2', 'fortran_order': False, 'shape': (3,), }",
    "a NUL": b"{'descr': '<i2\x00', 'fortran_order': False, 'shape': (3,), }",
    "a huge size": b"{'descr': '<i2', 'fortran_order': False, 'shape': (" + b"9" * 5_000 + b",), }",
    "a negative size": b"{'descr': '<i2', 'fortran_order': False, 'shape': (-3,), }",
    "many sizes": b"{'descr': '<i2', 'fortran_order': False, 'shape': (" + b"1," * 4_000 + b"), }",
    "no tuple": b"{'descr': '<i2', 'fortran_order': False, 'shape': (3), }",
    "only a comma": b"{'descr': '<i2', 'fortran_order': False, 'shape': (,), }",
    "two commas": b"{'descr': '<i2', 'fortran_order': False, 'shape': (3,,), }",
    "True as size": b"{'descr': '<i2', 'fortran_order': False, 'shape': (True,), }",
    "a leading zero": b"{'descr': '<i2', 'fortran_order': False, 'shape': (03,), }",
    "Python 2": b"{'descr': '<i2', 'fortran_order': False, 'shape': (3L,), }",
    "double quotes": b'{"shape": (3,), "fortran_order": False, "descr": "<i2"}',
    "1 for False": b"{'descr': '<i2', 'fortran_order': 0, 'shape': (3,), }",
    "fields": b"{'descr': [('a', '<i2')], 'fortran_order': False, 'shape': (3,), }",
    "a sub-array": b"{'descr': ('<i2', (2,)), 'fortran_order': False, 'shape': (3,), }",
    "another key": b"{'descr': '<i2', 'fortran_order': False, 'shape': (3,), 'x': 1, }",
    "a key missing": b"{'descr': '<i2', 'shape': (3,), }",
    "a key twice": b"{'descr': '<i2', 'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
    "an unhashable key": b"{[]: 1}",
    "a set": b"{1, 2}",
    "a string": b"'descr'",
    "wide text": b"{'descr': '<U999999', 'fortran_order': False, 'shape': (3,), }",
    "no width": b"{'descr': '|S0', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
    "objects": b"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
    "2**62": b"{'descr': '<i2', 'fortran_order': False, 'shape': (4611686018427387904,), }",
    "wraps to 6 bytes": b"{'descr': '<i2', 'fortran_order': False, 'shape': (9223372036854775811,), }",
    "nothing, wide": b"{'descr': '<i2', 'fortran_order': False, 'shape': (0, 2305843009213693952), }",
    "nothing, long": b"{'descr': '<i2', 'fortran_order': False, 'shape': (2305843009213693952, 0), }",
    "a coding line": b"# coding: rot13\n" + USUAL,
    "empty": b"",
    "spaces": b" " * 9_000,
}
DESCRS = ("<i2", ">i2", "|i1", "<u2", "<i4", "<i8", "<u8", "<f2", "<f4", "<f8", ">f8", "<c8", "|b1", "=i2", "i2", "|S2")
DESCRS += ("<U2", ">U1")
DESCRS += ("<U1", "|O", "<M8[ms]", "|V2", "<f16", "<i3", "", "i2,i2", "(2,)i2", "<i2 ", "|S0", "|S", "float64", "<g")


def assemble(text: bytes, body: bytes, version: int = 1, minor: int = 0, length: int | None = None) -> bytes:
    """Return a ``.npy`` file with this text for a header."""
    width = 2 if version == 1 else 4
    size = (len(text) if length is None else length) % (1 << 8 * width)
    return b"\x93NUMPY" + bytes([version, minor]) + size.to_bytes(width, "little") + text + body


def split(data: bytes) -> tuple[bytes, bytes]:
    """Return the header's text and what comes behind it."""
    begin = 10 if data[6] == 1 else 12
    end = begin + int.from_bytes(data[8:begin], "little")
    return data[begin:end], data[end:]


def change_header(rng: np.random.Generator, data: bytes) -> tuple[str, bytes]:
    """Put another header before a file's data."""
    text, body = split(data)
    how = rng.integers(4)
    if how == 0:
        name = list(TEXTS)[rng.integers(len(TEXTS))]
        return f"header {name}", assemble(TEXTS[name], body, int(rng.integers(1, 4)))
    if how == 1:
        version, minor = int(rng.choice([0, 1, 2, 3, 4, 255])), int(rng.choice([0, 0, 1, 255]))
        length = int(rng.choice([0, 1, len(text) - 1, len(text), len(text) + 1, 10_001, 65_535, 2**32 - 1]))
        return "header length", assemble(text, body, version, minor, length)
    if how == 2:
        sizes = rng.choice([0, 1, 2, 3, 5, 20, 60, 2**31, 2**62, 2**63], int(rng.integers(0, 10)))
        shape = "(" + "".join(f"{int(n)}, " for n in sizes) + ")"
        descr, order = DESCRS[rng.integers(len(DESCRS))], bool(rng.integers(2))
        made = f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}"
        return "header shape and dtype", assemble(made.encode(), body[: int(rng.integers(len(body) + 1))])
    place = int(rng.integers(len(text)))
    changed = text[:place] + bytes([rng.integers(256)]) + text[place + int(rng.integers(2)) :]
    return "header byte", assemble(changed, body)
