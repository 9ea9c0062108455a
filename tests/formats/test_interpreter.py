"""The pickle interpreter opcode by opcode, and what the calls that it knows must be, to the byte."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats import symbolic
from mockrawio.formats.file_window import FileWindow
from mockrawio.formats.npy import plain_dtype
from mockrawio.formats.reductions import Blob, SymbolicArray, SymbolicDtype, TextBlob
from mockrawio.formats.symbolic import Interpreter
from mockrawio.ground.errors import BadFileError

Run = Callable[[bytes], Any]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """What runs a pickle as the whole of a file."""

    def run(data: bytes) -> Any:
        path = tmp_path / "a.npy"
        path.write_bytes(data)
        with FileWindow(path) as window:
            return Interpreter(window, 0).run()

    return run


VALUES: list[Any] = [
    *(None, True, False, 0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**40, -(2**40), 2**64, 2**2000),
    *(0.0, 1.5, -1e300, "", "a", "ä" * 3, "b" * 255, "c" * 256, "d" * 4096),
    *(
        (),
        (1,),
        (1, 2),
        (1, 2, 3),
        (1, 2, 3, 4),
        ((),),
        [],
        [1],
        [1, 2],
        [[], [[]]],
        {},
        {"a": 1},
        {"a": 1, "b": (2.5, [None])},
    ),
]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_values(protocol: int, run: Run) -> None:
    """Plain values of every protocol are those that Python has, of the same types."""
    for value in VALUES:
        found = run(pickle.dumps(value, protocol))
        assert (found, repr(found)) == (value, repr(value))


@pytest.mark.parametrize("size", [510, 511, 512, 513, 514, 4095, 4096])
def test_values_where_windows_end(size: int, run: Run) -> None:
    """Numbers and texts are read across the ends of windows, wherever these are."""
    for before in (4092, 4608 - 512 - size, 4608 - size, 4096):
        value = {"k": ["n" * max(before % 4096, 1), "t" * size, 258, -70_000, 2.5, 2**70, b"", "t" * size]}
        data = pickle.dumps({**value, "k": [one for one in value["k"] if one != b""]}, 4)
        assert run(data) == pickle.loads(data)
    many = list(range(0, 300 * size, 257))[:1500]
    assert run(pickle.dumps(many, 3)) == many


def P(body: bytes) -> bytes:  # stands before many bodies
    return b"\x80\x04" + body


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\x8c\x01ar\x05\x00\x00\x00j\x05\x00\x00\x00\x86.", ("a", "a")),
        (b"\x8c\x01aq\x07h\x07\x86.", ("a", "a")),
        (b"\x8c\x01a\x94h\x00\x86.", ("a", "a")),
        (b"K\x01\x94K\x02\x94h\x01h\x00\x86\x86\x86.", (1, (2, (2, 1)))),
        (b"K\x01q\xc8r\xc9\x00\x00\x00h\xc8j\xc9\x00\x00\x00\x87.", (1, 1, 1)),
        (b"M\x01\x02.", 513),
        (b"J\xff\xff\xff\xff.", -1),
        (b"\x8a\x00.", 0),
        (b"\x8a\x02\x00\x80.", -32768),
        (b"\x8d\x03\x00\x00\x00\x00\x00\x00\x00abc.", "abc"),
        (b"X\x03\x00\x00\x00abc.", "abc"),
        (b"U\x03abc.", "abc"),
        (b"T\x03\x00\x00\x00abc.", "abc"),
        (b"(K\x01K\x02t.", (1, 2)),
        (b"](K\x01(K\x02K\x03te.", [1, (2, 3)]),
        (b"]K\x01a.", [1]),
        (b"}\x8c\x01aK\x01s.", {"a": 1}),
        (b"}(\x8c\x01aK\x01\x8c\x01bK\x02u.", {"a": 1, "b": 2}),
        (b"\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01.", 1),
        (b"\x95\x03\x00\x00\x00\x00\x00\x00\x00K\x01.", 1),
        (b"(" * 64 + b"t" * 64 + b".", None),
    ],
)
def test_spellings(body: bytes, value: Any, run: Run) -> None:
    """It is read as Python reads it."""
    expected = pickle.loads(P(body))
    assert run(P(body)) == expected
    assert value is None or expected == value


@pytest.mark.parametrize(
    ("data", "offset", "length", "kind"),
    [
        (P(b"C\x03abc."), 4, 3, Blob),
        (P(b"B\x03\x00\x00\x00abc."), 7, 3, Blob),
        (P(b"\x8e\x03" + bytes(7) + b"abc."), 11, 3, Blob),
        (P(b"\x96\x03" + bytes(7) + b"abc."), 11, 3, Blob),
        (P(b"\x8e\x00\x20" + bytes(6) + b"x" * 8192 + b"."), 11, 8192, Blob),
        (P(b"X\x01\x10\x00\x00" + b"x" * 4097 + b"."), 7, 4097, TextBlob),
        (P(b"T\x41\x00\x00\x00" + b"x" * 65 + b"."), 7, 65, Blob),
        (P(b"U\x01\xff."), 4, 1, Blob),
    ],
)
def test_bytes_stay_where_they_are(data: bytes, offset: int, length: int, kind: type, run: Run) -> None:
    """Bytes, long texts, and what Python 2 may have meant as bytes are a place in the file."""
    found = run(data)
    assert (type(found), found.offset, found.length) == (kind, offset, length)


def test_how_long_texts_are_read(run: Run) -> None:
    """Texts of up to 4,096 bytes are values, of Python 2 up to 64."""
    assert run(P(b"X\x00\x10\x00\x00" + b"x" * 4096 + b".")) == "x" * 4096
    assert run(P(b"U\x40" + b"x" * 64 + b".")) == "x" * 64


EXPECTED = {
    b"": "no PROTO opcode at byte 0",
    b"\x80\x01N.": "no PROTO opcode at byte 0",
    b"\x80\x06N.": "no PROTO opcode at byte 0",
    P(b""): "the end of the file at byte 2",
    P(b"N"): "the end of the file at byte 3",
    P(b"NN."): "STOP with a stack that does not hold one value at byte 5",
    P(b"N(."): "STOP with a stack that does not hold one value at byte 5",
    P(b"N.x"): "1 bytes after the pickle at byte 4",
    P(b"Nq\x00\x94N0."): r"opcode POP (0x30) at byte 7",
    P(b"\xff."): "opcode 0xff at byte 2",
    P(b"\x94."): "opcode MEMOIZE (0x94) without what it needs at byte 2",
    P(b"N(\x94."): "opcode MEMOIZE (0x94) without what it needs at byte 4",
    P(b"N(q\x00."): "opcode BINPUT (0x71) without what it needs at byte 4",
    P(b"h\x00."): "opcode BINGET (0x68) without what it needs at byte 2",
    P(b"N\x86."): "opcode TUPLE2 (0x86) without what it needs at byte 3",
    P(b"N(N\x86."): "opcode TUPLE2 (0x86) without what it needs at byte 5",
    P(b"t."): "opcode TUPLE (0x74) without what it needs at byte 2",
    P(b"NR."): "opcode REDUCE (0x52) without what it needs at byte 3",
    P(b"Nb."): "opcode BUILD (0x62) without what it needs at byte 3",
    P(b"NN(b."): "opcode BUILD (0x62) without what it needs at byte 5",
    P(b"}\x8c\x05abcd"): "the end of the file at byte 5",
    P(b"\x8a\x01\x01"): "the end of the file at byte 5",
    P(b"\x8a\x05\x01"): "opcode LONG1 (0x8a) without what it needs at byte 2",
    P(b"\x8c\x02\xff\xfe."): "opcode SHORT_BINUNICODE (0x8c) without what it needs at byte 2",
    P(b"M\x01"): "the end of the file at byte 3",
    P(b"C\x05abc."): "the end of the file 4 bytes on at byte 4",
    P(b"NK\x01a."): "APPEND to something other than a list at byte 6",
    P(b"]\x8c\x01aNs."): "SETITEMS on something other than a dict at byte 8",
    P(b"}(\x8c\x01au."): "SETITEMS on something other than a dict at byte 8",
    P(b"}K\x01Ns."): "a dict key that is not a short string at byte 7",
    P(b"K\x01\x8c\x01a\x93."): "a STACK_GLOBAL of things that are not names at byte 8",
    P(b"\x8c\x01aK\x01\x93."): "a STACK_GLOBAL of things that are not names at byte 8",
    P(b"\x8c\x02os\x8c\x04exec\x93."): "the global 'os.exec' at byte 13",
    P(b"cos\nexec\n."): "the global 'os.exec' at byte 3",
    P(b"cos\nexec"): "a GLOBAL with no short name at byte 3",
    P(b"NN\x86R."): "opcode REDUCE (0x52) without what it needs at byte 5",
    P(b"N)R."): "REDUCE of something other than a NumPy constructor at byte 5",
    P(b"cnumpy\nndarray\n]R."): "REDUCE of something other than a NumPy constructor at byte 19",
    P(b"cnumpy\nndarray\n)R."): "REDUCE of ndarray at byte 19",
    P(b"NNb."): "BUILD with a state that is not a tuple at byte 5",
    P(b"N)b."): "BUILD of something other than an array or a dtype at byte 5",
    P(b"N\x94r\x50\xc3\x00\x00."): "PUT as number 50000 at byte 9",
    P(b"(" * 65): "MARKs nested too deep at byte 67",
    P(b"\x95\x04" + bytes(7) + b"K\x01."): "a FRAME of 4 bytes at byte 11",
    P(b"\x95\x0c" + bytes(7) + b"\x95\x03" + bytes(7) + b"K\x01."): "a FRAME within a FRAME at byte 20",
    P(b"\x95\x01" + bytes(7) + b"K\x01."): "an opcode across the end of its FRAME at byte 13",
    P(b"\x95\x04" + bytes(7) + b"C\x03abc."): "an opcode across the end of its FRAME at byte 16",
}


@pytest.mark.parametrize("data", EXPECTED, ids=lambda data: data[:12].hex())
def test_what_is_refused(data: bytes, run: Run) -> None:
    """It is said what was met, and where it stands."""
    if not data:
        data = b"N."
    with pytest.raises(BadFileError, match=re.escape(f"found {EXPECTED.get(data, EXPECTED[b''])}.")):
        run(data)


@pytest.mark.parametrize(("n", "fits"), [(9, True), (10, False)])
def test_how_many_opcodes(n: int, fits: bool, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many opcodes as there may be are read, STOP among them, and not one more."""
    monkeypatch.setattr(symbolic, "MAX_OPCODES", 10)
    data = P(b"]" + b"N" * 0 + b"(" + b"N" * (n - 3) + b"e.")
    if fits:
        assert run(data) == [None] * 6
    else:
        assert run(P(b"](" + b"N" * 6 + b"e.")) == [None] * 6
        with pytest.raises(BadFileError, match="expected at most 10 opcodes; found more opcodes at byte 12"):
            run(P(b"](" + b"N" * 7 + b"e."))


def test_frames_across_windows(run: Run) -> None:
    """A frame that is longer than a window is one all the same: none begins in it, and it ends with an opcode."""
    inside = b"](" + b"N" * 6000
    assert run(P(b"\x95" + (len(inside) + 1).to_bytes(8, "little") + inside + b"e" + b".")) == [None] * 6000
    with pytest.raises(BadFileError, match="a FRAME within a FRAME at byte 6022"):
        run(P(b"\x95" + (len(inside) + 20).to_bytes(8, "little") + inside + b"\x95" + bytes(8) + b"e" + b"N" * 20))
    with pytest.raises(BadFileError, match="an opcode across the end of its FRAME at byte 6015"):
        run(P(b"\x95" + (len(inside) + 1).to_bytes(8, "little") + inside + b"K\x01e."))


@pytest.mark.parametrize("form", [b"X%s\0\0\0%s", b"T%s\0\0\0%s", b"U%s%s", b"\x8d%s\0\0\0\0\0\0\0%s"])
def test_how_much_text(form: bytes, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As much text as there may be is kept, however it is spelled, and not one byte more."""
    monkeypatch.setattr(symbolic, "MAX_SPELLED", 10)
    three, seven, eight = (form % (bytes([n]), b"x" * n) for n in (3, 7, 8))
    assert run(P(three + seven + b"\x86.")) == ("xxx", "x" * 7)
    with pytest.raises(BadFileError, match="expected at most 10 bytes of text; found more text"):
        run(P(three + eight + b"\x86."))


def test_memo_and_put_are_counted_from_what_may_be(run: Run) -> None:
    """The last number that may be kept is 49,999."""
    assert run(P(b"Nr\x4f\xc3\x00\x00j\x4f\xc3\x00\x00\x86.")) == (None, None)


# -- what is called -----------------------------------------------------------------------------

RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY, DTYPE, SCALAR = b"cnumpy\nndarray\n", b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\nscalar\n"
EMPTY = RECONSTRUCT + b"(" + NDARRAY + b"K\x00\x85C\x01btR"
FLAGS = b"\x89\x88"


def dtype_of(code: bytes, state: bytes = b"") -> bytes:
    made = DTYPE + b"(\x8c" + bytes([len(code)]) + code + FLAGS + b"tR"
    return made + (b"(" + state + b"tb" if state else b"")


def state(
    version: bytes = b"K\x03",
    order: bytes = b"<",
    rest: bytes = b"NNN",
    sizes: bytes = b"J\xff\xff\xff\xff" * 2 + b"K\x00",
) -> bytes:
    return version + b"\x8c\x01" + order + rest + sizes


def filled(dtype: bytes, shape: bytes, data: bytes, order: bytes = b"\x89", version: bytes = b"K\x01") -> bytes:
    payload = b"C" + bytes([len(data)]) + data
    return EMPTY + b"(" + version + shape + dtype + order + payload + b"tb."


def test_an_array(run: Run) -> None:
    """An array has its dtype, shape, order and the place of its bytes."""
    for order, name in ((b"\x89", "C"), (b"\x88", "F")):
        data = P(filled(dtype_of(b"i2", state(order=b">")), b"K\x02K\x03\x86", bytes(range(12)), order))
        found = run(data)
        assert isinstance(found, SymbolicArray)
        assert (found.dtype.dtype, found.shape, found.order) == (np.dtype(">i2"), (2, 3), name)
        assert data[found.payload.offset :][: found.payload.length] == bytes(range(12))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (dtype_of(b"i2")[:-2] + b"tR.", None),
        (DTYPE + b"\x8c\x02i2" + FLAGS + b"\x87R.", None),
        (DTYPE + b"\x8c\x02i2K\x00K\x01\x87R.", None),
        (DTYPE + b"\x8c\x02O8" + FLAGS + b"\x87R.", None),
        (DTYPE + b"\x8c\x01O" + FLAGS + b"\x87R.", None),
        (DTYPE + b"\x8c\x02O4" + FLAGS + b"\x87R.", None),
        (DTYPE + b"\x8c\x02O2" + FLAGS + b"\x87R.", "dtype 'O2'"),
        (DTYPE + b"\x8c\x02V4" + FLAGS + b"\x87R.", "dtype 'V4'"),
        (DTYPE + b"\x8c\x02i2\x88\x88\x87R.", "a dtype made of something other than its name"),
        (DTYPE + b"\x8c\x02i2\x89\x89\x87R.", "a dtype made of something other than its name"),
        (DTYPE + b"\x8c\x02i2G" + bytes(8) + b"\x88\x87R.", "a dtype made of something other than its name"),
        (DTYPE + b"\x8c\x02i2\x89\x86R.", "a dtype made of something other than its name"),
        (DTYPE + b"K\x02" + FLAGS + b"\x87R.", "a dtype made of something other than its name"),
        (dtype_of(b"i2", state()) + b".", None),
        (dtype_of(b"i2", state(order=b"=")) + b".", None),
        (dtype_of(b"i2", state(order=b"|")) + b".", None),
        (dtype_of(b"i2", state(order=b"!")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (dtype_of(b"i2", state(version=b"K\x04")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (dtype_of(b"i2", state(version=b"\x88")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (dtype_of(b"i2", state(rest=b"NN)")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (dtype_of(b"i2", state(rest=b")NN")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (dtype_of(b"i2", state(rest=b"NNNN")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (dtype_of(b"i2", state(sizes=b"K\x02K\x40K\x08")) + b".", None),
        (dtype_of(b"i2", state(sizes=b"K\x02K\x41K\x08")) + b".", "a dtype 'i2' with flags of another kind"),
        (dtype_of(b"i2", state(sizes=b"K\x02J\xfe\xff\xff\xffK\x08")) + b".", "with flags of another kind"),
        (dtype_of(b"i2", state(sizes=b"K\x02K\x02K\x01")) + b".", "with flags of another kind"),
        (dtype_of(b"i2", state(sizes=b"K\x02K\x02K\x3f")) + b".", "with flags of another kind"),
        (dtype_of(b"O8", state(sizes=b"K\x08K\x08K\x3f")) + b".", None),
        (dtype_of(b"O8", state(sizes=b"K\x08K\x08K\x00")) + b".", "with flags of another kind"),
        (dtype_of(b"O8", state(sizes=b"K\x04K\x08K\x3f")) + b".", "another item size than its name says"),
        (dtype_of(b"i2", state(sizes=b"K\x04K\x02K\x00")) + b".", "another item size than its name says"),
        (dtype_of(b"i2", state(sizes=b"K\x02K\x02\x89")) + b".", "a dtype with fields, sub-arrays or metadata"),
        (RECONSTRUCT + NDARRAY + b"K\x00\x85C\x01b\x87R.", None),
        (RECONSTRUCT + NDARRAY + b"K\x01\x85C\x01b\x87R.", "_reconstruct with 3 arguments of unknown meaning"),
        (RECONSTRUCT + NDARRAY + b"\x89\x85C\x01b\x87R.", "_reconstruct with 3 arguments of unknown meaning"),
        (RECONSTRUCT + NDARRAY + b")C\x01b\x87R.", "_reconstruct with 3 arguments of unknown meaning"),
        (RECONSTRUCT + DTYPE + b"K\x00\x85C\x01b\x87R.", "_reconstruct with 3 arguments of unknown meaning"),
        (RECONSTRUCT + NDARRAY + b"K\x00\x85C\x01c\x87R.", "_reconstruct with 3 arguments of unknown meaning"),
        (RECONSTRUCT + NDARRAY + b"K\x00\x85C\x02bb\x87R.", "_reconstruct with 3 arguments of unknown meaning"),
        (RECONSTRUCT + NDARRAY + b"K\x00\x85\x86R.", "_reconstruct with 2 arguments of unknown meaning"),
        (filled(b"N", b")", b""), "an array without a dtype"),
        (filled(dtype_of(b"i2"), b"]", b"ab"), "an array of impossible shape"),
        (filled(dtype_of(b"i2"), b"K\x01\x85", b"abc"), "3 bytes of data"),
        (filled(dtype_of(b"i2"), b"K\x01\x85", b"ab", version=b"K\x02"), "BUILD of something other than an array"),
        (filled(dtype_of(b"i2"), b"K\x01\x85", b"ab", version=b"\x88"), "BUILD of something other than an array"),
        (filled(dtype_of(b"i2"), b"K\x01\x85", b"ab", order=b"K\x02"), "BUILD of something other than an array"),
        (filled(dtype_of(b"i2"), b"K\x01\x85", b"ab", order=b"\x89N"), "BUILD of something other than an array"),
    ],
)
def test_calls(made: bytes, said: str | None, run: Run) -> None:
    """What NumPy writes is taken, and what differs from it in anything is refused."""
    if said is None:
        assert isinstance(run(P(made)), (SymbolicArray, SymbolicDtype))
        return
    with pytest.raises(BadFileError, match=re.escape(said)):
        run(P(made))


@pytest.mark.parametrize(
    ("code", "data", "value"),
    [
        (b"i2", b"\x01\x02", 513),
        (b"f8", bytes(6) + b"\xf8\x3f", 1.5),
        (b"b1", b"\x01", True),
        (b"U2", b"a\0\0\0b\0\0\0", "ab"),
        (b"U2", b"a\0\0\0\0\0\0\0", "a"),
        (b"S2", b"ab", b"ab"),
        (b"U64", b"a\0\0\0" * 64, "a" * 64),
    ],
)
def test_scalars(code: bytes, data: bytes, value: Any, run: Run) -> None:
    """A scalar is the value that its bytes stand for."""
    body = SCALAR + dtype_of(code) + b"B" + len(data).to_bytes(4, "little") + data + b"\x86R."
    assert run(P(body)) == value
    assert type(run(P(body))) is type(value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (dtype_of(b"i2") + b"C\x03abc\x86R.", "3 bytes for a scalar of int16"),
        (dtype_of(b"i2") + b"C\x01a\x86R.", "1 bytes for a scalar of int16"),
        (dtype_of(b"U65") + b"B\x04\x01\x00\x00" + b"a\0\0\0" * 65 + b"\x86R.", "257 bytes for a scalar of <U65"),
        (dtype_of(b"O8") + b"C\x01a\x86R.", "a scalar of something other than a plain dtype"),
        (b"NC\x01a\x86R.", "a scalar of something other than a plain dtype"),
        (dtype_of(b"i2") + b"\x85R.", "a scalar of something other than a plain dtype"),
        (dtype_of(b"U1") + b"C\x04\xff\xff\xff\xff\x86R.", "bytes that are no <U1"),
        (dtype_of(b"i2") + b"N\x86R.", "array data that is not bytes"),
    ],
)
def test_scalars_that_are_none(body: bytes, said: str, run: Run) -> None:
    """Bytes of another length, and what is no plain dtype, are refused."""
    with pytest.raises(BadFileError, match=re.escape(said)):
        run(P(SCALAR + body))


def test_bytes_of_protocol_2(run: Run) -> None:
    """Text in Latin-1 stands for bytes, short or long; no more of it is decoded than the file is long."""
    encode = b"c_codecs\nencode\n"
    assert run(b"\x80\x02" + encode + b"X\x02\x00\x00\x00\xc3\xa9X\x06\x00\x00\x00latin1\x86R.") == b"\xe9"
    assert run(b"\x80\x02" + encode + b"X\x02\x00\x00\x00\xc3\xa9X\x07\x00\x00\x00latin-1\x86R.") == b"\xe9"
    long = b"X\x88\x13\x00\x00" + b"x" * 5000
    assert run(b"\x80\x02" + encode + long + b"X\x06\x00\x00\x00latin1\x86R.") == b"x" * 5000
    assert run(b"\x80\x02c__builtin__\nbytes\n)R.") == b""
    twice = b"\x80\x02](" + encode + long + b"q\x00X\x06\x00\x00\x00latin1q\x01\x86R" + encode + b"h\x00h\x01\x86Re."
    with pytest.raises(BadFileError, match="the same text decoded again and again"):
        run(twice)


@pytest.mark.parametrize("descr", ["b1", "<i8", ">u4", "=f2", "|S1", "U999999", "c8", "c16", "f8", "|u1"])
def test_plain_dtypes(descr: str) -> None:
    """Numbers and text of a fixed size are plain."""
    assert plain_dtype(descr) == np.dtype(descr)


@pytest.mark.parametrize(
    "descr", ["O", "V1", "i3", "f16", "c4", "S0", "U1000000", "S", "M8[s]", "i2,i2", "<<i2", "", "u16"]
)
def test_dtypes_that_are_not_plain(descr: str) -> None:
    """Others are not."""
    assert plain_dtype(descr) is None
