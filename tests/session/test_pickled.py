"""Dict .npy files are read to the value, without running or copying anything."""

from __future__ import annotations

import io
import os
import pickle
import re
import tempfile
import time
import tracemalloc
import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mockrawio.formats.dict_npy import DictFile, Opaque
from mockrawio.formats.file_window import FileWindow
from mockrawio.formats.npy import MAGIC, HeldArray, MappedArray
from mockrawio.formats.npy_out import OPENING, dict_file
from mockrawio.formats.symbolic import MAX_SPELLED, Interpreter
from mockrawio.ground.errors import BadFileError
from tests.conftest import EPIPHYTE
from tests.fuzz.corpus import with_numpy_1_names
from tests.length import rounds

HEADER = io.BytesIO()
np.lib.format.write_array_header_1_0(HEADER, {"descr": "|O", "fortran_order": False, "shape": ()})


def npy(pickled: bytes) -> bytes:
    """Put a 0-d object array's header before a pickle."""
    return HEADER.getvalue() + pickled


def as_values(path: Path) -> dict[str, Any]:
    with DictFile(str(path)) as opened:
        items = opened.values.items()
        return {k: v.view() if isinstance(v, (MappedArray, HeldArray)) else v for k, v in items}


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        if isinstance(value, np.ndarray):
            # NumPy makes some arrays native as it loads them; a view keeps the file's order.
            assert found[key].dtype.newbyteorder("=") == value.dtype.newbyteorder("=")
            assert found[key].shape == value.shape
        np.testing.assert_array_equal(found[key], value)


@pytest.mark.parametrize("path", sorted(EPIPHYTE.rglob("CSC*.npy")), ids=lambda p: p.stem)
def test_epiphyte_files_agree_with_numpy(path: Path) -> None:
    """Every dict file of a folder we did not write has NumPy's values, as views of the file."""
    expected = np.load(path, allow_pickle=True).item()
    assert_same(as_values(path), expected)
    with DictFile(str(path)) as opened:
        assert all(isinstance(v, MappedArray) for v in opened.values.values())


WIDE = ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", "U5")
DTYPES = ["|b1", "|i1", "|u1", "|S3", *(order + name for name in WIDE for order in "<>")]  # all that we accept


@pytest.mark.slow
@pytest.mark.at_length
@settings(max_examples=rounds(100, 400), deadline=None)
@given(st.data(), st.sampled_from([2, 3, 4, 5]), st.booleans(), st.booleans(), st.sampled_from(DTYPES))
def test_agrees_with_numpy(data: st.DataObject, protocol: int, old: bool, fortran: bool, dtype: str) -> None:
    """Any dtype, order, protocol and NumPy module name reads as numpy.load reads it."""
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
    array = data.draw(hnp.arrays(np.dtype(dtype), shape, elements={"allow_nan": False} if dtype[1] in "fc" else None))
    values = {
        "a": np.asfortranarray(array) if fortran else array,
        "n": data.draw(st.integers(-(2**70), 2**70)),
        "x": data.draw(st.floats(allow_nan=False)),
        "s": data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=300)),
        "scalar": np.float64(0.5) if dtype[1] == "S" else np.dtype(dtype).type(1),  # bytes mean nothing in a session
        "again": array,
    }
    pickled = pickle.dumps(np.array(values, dtype=object), protocol=protocol)
    if old:
        pickled = with_numpy_1_names(pickled)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        path.write_bytes(npy(pickled))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # NumPy 2 says so of NumPy 1's names
            expected = np.load(path, allow_pickle=True).item()
        assert_same(as_values(path), expected)


def test_numpy_1_names_with_protocol_4(tmp_path: Path) -> None:
    """The module names of NumPy 1, framed and memoized as protocol 4 has them, are understood."""
    values = {"ts": np.arange(5), "samples": np.arange(5.0)}
    pickled = pickle.dumps(np.array(values, dtype=object), protocol=4)
    new, old = b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray"
    size = int.from_bytes(pickled[3:11], "little") - 1
    path = tmp_path / "a.npy"
    path.write_bytes(npy(pickled[:3] + size.to_bytes(8, "little") + pickled[11:].replace(new, old)))
    assert_same(as_values(path), np.load(path, allow_pickle=True).item())


class _Calls:
    """Pickles as a call of something."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def _inside(value: Any, protocol: int = 4) -> bytes:
    return npy(pickle.dumps(np.array({"ts": value}, dtype=object), protocol=protocol))


def _raw(body: bytes) -> bytes:
    return npy(b"\x80\x04" + body)


RECONSTRUCT = b"\x8c\x16numpy._core.multiarray\x8c\x0c_reconstruct\x93\x8c\x05numpy\x8c\x07ndarray\x93"
HOSTILE = {
    "system": _inside(_Calls(os.system, "touch mark")),
    "system, protocol 2": _inside(_Calls(os.system, "touch mark"), 2),
    "eval": _inside(_Calls(eval, "open('mark', 'w')")),
    "open": _inside(_Calls(open, "mark", "w")),
    "getattr": _inside(_Calls(getattr, "text", "upper")),
    "codecs": _inside(_Calls(__import__("codecs").decode, b"41", "hex")),
    "fromfile": _inside(_Calls(np.fromfile, "/etc/hostname")),
    "nested pickle": _inside(_Calls(pickle.loads, pickle.dumps(_Calls(os.system, "touch mark")))),
    "8 GiB": _raw(RECONSTRUCT + b"\x8a\x05\x00\x00\x00\x00\x02\x85C\x01b\x87R."),
    "dotted name": _raw(b"\x8c\x05numpy\x8c\x0dndarray.dumps\x93."),
    "dotted module": _raw(b"\x8c\x09numpy.lib\x8c\x04load\x93."),
    "EXT1": _raw(b"\x82\x01."),
    "EXT2": _raw(b"\x83\x01\x00."),
    "EXT4": _raw(b"\x84\x01\x00\x00\x00."),
    "INST": _raw(b"(ios\nsystem\n."),
    "OBJ": _raw(b"(\x8c\x02os\x8c\x06system\x93o."),
    "NEWOBJ": _raw(b"\x8c\x05numpy\x8c\x07ndarray\x93)\x81."),
    "NEWOBJ_EX": _raw(b"\x8c\x05numpy\x8c\x07ndarray\x93)}\x92."),
    "PERSID": _raw(b"Pabc\n."),
    "BINPERSID": _raw(b"NQ."),
    "out-of-band buffer": npy(b"\x80\x05\x97."),
    "no PROTO": npy(b"N."),
    "protocol 0": npy(pickle.dumps(np.array({"ts": 1}, dtype=object), protocol=0)),
    "protocol 6": npy(b"\x80\x06N."),
    "empty": npy(b""),
    "a list": npy(pickle.dumps(np.array([None], dtype=object))),
    "int keys": _inside(1).replace(b"\x8c\x02ts", b"K\x01K\x02"),
    "not an array": _raw(b"}."),
    "two values": _raw(b"NN."),
    "MARK left": _raw(b"N(."),
    "deep": _raw(b"(" * 1000 + b"."),
    "endless": _raw(b"N" * 100_000 + b"."),
    "memo of nothing": _raw(b"h\x07."),
    "stack underflow": _raw(b"R."),
    "tuple over a mark": _raw(b"N(\x85."),
    "long string": _raw(b"X\xff\xff\xff\x7fab."),
    "huge bytes": _raw(b"\x8e" + b"\xff" * 8 + b"."),
    "huge LONG4": _raw(b"\x8b\xff\xff\xff\x7f."),
    "bad utf-8": _raw(b"\x8c\x02\xff\xfe."),
    "text opcodes": _raw(b"I1\n."),
    "trailing bytes": _inside(1) + b"x",
    "two pickles": _inside(1) + pickle.dumps(1),
    "array as text": npy(pickle.dumps(np.array("text", dtype=object))),
    "structured": _inside(np.zeros(2, dtype=[("a", "i4")])),
    "datetime": _inside(np.zeros(2, dtype="M8[ms]")),
    "subclass": _inside(np.ma.masked_array([1])),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a file is executed, nothing large is allocated, and the error names the file."""
    mark = tmp_path / "mark"
    path = tmp_path / "x.npy"
    path.write_bytes(HOSTILE[name])
    monkeypatch.chdir(tmp_path)
    tracemalloc.start()
    began = time.perf_counter()
    try:
        with pytest.raises(BadFileError, match=r"x\.npy: expected .*; found .*\."), DictFile(str(path)):
            pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20e6
    assert time.perf_counter() - began < 2
    assert not mark.exists()


LATIN1 = b"X\x06\x00\x00\x00latin1"
FROMBUFFER = b"cnumpy.core.numeric\n_frombuffer\n"
REFUSED = {
    "anything but text and latin1": b"c_codecs\nencode\n\x8c\x01a\x8c\x05utf-8\x86R.",
    "something other than text": b"c_codecs\nencode\nK\x01" + LATIN1 + b"\x86R.",
    "text that is not latin1": b"c_codecs\nencode\n\x8c\x02\xc4\x80" + LATIN1 + b"\x86R.",
    "with arguments": b"c__builtin__\nbytes\nK\x01\x85R.",
    "an array without a dtype": FROMBUFFER + b"(C\x01aNK\x01\x85\x8c\x01CtR.",
    "unknown meaning": FROMBUFFER + b"(C\x01aNK\x01\x85\x8c\x01AtR.",
    "a dict key that is not a short string": b"}K\x01K\x02s.",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_refused_is_said(words: str, tmp_path: Path) -> None:
    """Each call that is not what NumPy writes is refused where it stands, by what is wrong with it."""
    path = tmp_path / "x.npy"
    path.write_bytes(_raw(REFUSED[words]))
    with pytest.raises(BadFileError, match=re.escape(words)):
        DictFile(str(path))


@pytest.mark.parametrize(
    ("array", "n", "found"),
    [
        (np.array([None]), 2**60 - 1, "something else"),  # than one dict
        (np.array([None]), 2**60, "an array of impossible shape"),
        (np.zeros(1, "i1"), 2**60, "1 bytes of data"),
        (np.zeros(1), 2**60 - 1, "8 bytes of data"),
        (np.zeros(1), 2**60, "an array of impossible shape"),
        (np.zeros(1, "c16"), 2**59, "an array of impossible shape"),
    ],
)
def test_how_large_an_array_may_say_it_is(array: np.ndarray, n: int, found: str, tmp_path: Path) -> None:
    """A shape of more bytes than there are addresses is impossible; of others the bytes are missed."""
    spelled, one = pickle.dumps(array, 2), b"K\x01K\x01\x85"
    assert spelled.count(one) == 1
    path = tmp_path / "x.npy"
    path.write_bytes(npy(spelled.replace(one, b"K\x01\x8a\x08" + n.to_bytes(8, "little") + b"\x85")))
    with pytest.raises(BadFileError, match=re.escape(found)):
        DictFile(str(path))


@pytest.mark.parametrize("n", [0, 255, 256, 70_000])
def test_texts_of_any_length_are_written(n: int, tmp_path: Path) -> None:
    """Keys and texts are spelled with 1 or 4 bytes for their length, and NumPy reads them too."""
    path = tmp_path / "x.npy"
    path.write_bytes(b"".join(map(bytes, dict_file({"text": "ü" * (n // 2) + "x" * (n % 2), "a": np.arange(3)}))))
    found, known = as_values(path), np.load(path, allow_pickle=True).item()
    assert found["text"] == known["text"] if n < 60_000 else len(known["text"].encode()) == n
    assert found["a"].tolist() == known["a"].tolist() == [0, 1, 2]


def test_truncation_at_every_byte_is_refused(tmp_path: Path) -> None:
    """A file cut anywhere is an error, never another value."""
    path = tmp_path / "x.npy"
    for whole in (_inside(np.arange(3)), b"".join(bytes(c) for c in dict_file({"ts": np.arange(3), "gain": 0.5}))):
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(BadFileError), DictFile(str(path)):
                pass


@pytest.mark.slow
def test_every_changed_byte_is_refused_or_changes_only_data(tmp_path: Path) -> None:
    """Any single byte changed gives an error or a well-formed dict, never another exception."""
    whole = bytearray(_inside(np.arange(3, dtype=np.int16)))
    path = tmp_path / "x.npy"
    for place in range(len(whole)):
        for change in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= change
            path.write_bytes(damaged)
            try:
                as_values(path)
            except BadFileError:
                continue


def test_arrays_are_not_read(tmp_path: Path) -> None:
    """Opening a file whose array is 64 GiB (a sparse file) takes no time and no memory."""
    head = b"".join(bytes(c) for c in dict_file({"ts": np.arange(0)}))
    cut = head.index(b"\x8e")
    path, size = tmp_path / "big.npy", 1 << 36
    with open(path, "wb") as file:
        shape = b"(\x8a\x05" + (size // 8).to_bytes(5, "little") + b"t"
        start = head[: head.rindex(b"(\x8a\x01\x00t", 0, cut)] + shape + head[head.rindex(b"h\x02", 0, cut) : cut]
        file.write(start + b"\x8e" + size.to_bytes(8, "little"))
        begin = file.tell()
        file.seek(begin + size)
        file.write(b"tbuatb.")
    tracemalloc.start()
    with DictFile(str(path)) as opened:
        array = opened.values["ts"]
        assert array.shape == (size // 8,)
        assert opened.window.ends(array) == (0, 0)
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_every_way_to_spell_text(tmp_path: Path) -> None:
    """Text is the same by whichever of pickle's opcodes it comes: with 1, 4 or 8 bytes for its length."""
    path, text = tmp_path / "x.npy", "ü" * 9
    data = text.encode()
    whole = npy(pickle.dumps(np.array({"a": text, "n": 3}, dtype=object), 3))
    spelled = [op + len(data).to_bytes(size, "little") + data for op, size in ((b"X", 4), (b"\x8c", 1), (b"\x8d", 8))]
    assert spelled[0] in whole
    for one in spelled:
        path.write_bytes(whole.replace(spelled[0], one))
        assert as_values(path) == {"a": text, "n": 3}


def test_values_of_no_use_are_not_decoded(tmp_path: Path) -> None:
    """Nested containers and object arrays stand as Opaque and hurt nobody."""
    path = tmp_path / "x.npy"
    path.write_bytes(npy(pickle.dumps(np.array({"a": [1, {"b": (2,)}], "o": np.array([None]), "n": 3}, dtype=object))))
    assert as_values(path) == {"a": Opaque, "o": Opaque, "n": 3}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_short_text_is_counted(protocol: int, tmp_path: Path) -> None:
    """1 MiB of text in one file is refused, a little less is not, however many strings it is in: docs/security.rst."""
    path = tmp_path / "x.npy"
    for total, is_too_much in ((MAX_SPELLED - 300, False), (MAX_SPELLED + 1, True)):  # NumPy's names are below 300
        texts = [f"{k:0250d}" for k in range(total // 250)] + ["x" * (total % 250)]
        path.write_bytes(npy(pickle.dumps(np.array({"a": texts}, dtype=object), protocol)))
        with pytest.raises(BadFileError, match="at most 1048576 bytes of text") if is_too_much else nullcontext():
            as_values(path)


def test_short_text_of_python_2_is_counted(tmp_path: Path) -> None:
    """So is that of Python 2, in strings of 64 bytes at most."""
    path, text = tmp_path / "x.npy", b"U" + bytes([64]) + b"x" * 64
    path.write_bytes(npy(b"\x80\x02]" + (b"(" + text * 200 + b"e") * (MAX_SPELLED // 12_800 + 1) + b"."))
    with pytest.raises(BadFileError, match="at most 1048576 bytes of text"):
        as_values(path)


def test_text_is_not_decoded_again_and_again(tmp_path: Path) -> None:
    """Characters that are made bytes are as many as the file has bytes, at most: a text of 5000, twice, in 10,000."""
    path, text = tmp_path / "x.npy", b"X\x88\x13\x00\x00" + b"a" * 5000 + b"q\x00"
    twice = b"c_codecs\nencode\nh\x00U\x06latin1\x86R" * 2
    for size, is_refused in ((10_000, False), (9999, True)):
        rest = size - len(npy(b"\x80\x02" + text + twice + b"."))
        more = b"X" + (rest - 5).to_bytes(4, "little") + b"b" * (rest - 5)
        path.write_bytes(npy(b"\x80\x02" + text + more + twice + b"."))
        assert path.stat().st_size == size
        with pytest.raises(BadFileError) as error:
            as_values(path)
        assert ("again and again" in str(error.value)) == is_refused


def test_python_2_file(tmp_path: Path) -> None:
    """A protocol 2 pickle whose bytes are Python 2 strings, as old tools wrote it, is mapped."""
    data = np.arange(100.0).tobytes()
    dtype = b"cnumpy\ndtype\n(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    objects = b"cnumpy\ndtype\n(U\x02O8K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    make = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01"
    array = make + b"(K\x64t" + dtype + b"\x89T" + len(data).to_bytes(4, "little") + data + b"tb"
    path = tmp_path / "x.npy"
    path.write_bytes(npy(b"\x80\x02" + make + b")" + objects + b"\x89]}U\x02ts" + array + b"satb."))
    np.testing.assert_array_equal(as_values(path)["ts"], np.arange(100.0))


@pytest.mark.parametrize(
    "content",
    [b"", b"x", MAGIC, MAGIC + b"\x01\x00\xff\xff", MAGIC + b"\x09\x00\x00\x00", b"PK\x03\x04" + b"0" * 100],
)
def test_not_npy(content: bytes, tmp_path: Path) -> None:
    """Something that is no .npy file is an error that says so."""
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=r"x\.npy"), DictFile(str(path)):
        pass


class Spelled(Interpreter):
    """An interpreter that knows nothing by heart."""

    _begin = Interpreter._proto

    def _own_array(self) -> bool:
        return False


def state(machine: Interpreter) -> bytes:
    """Return all that an interpreter has read, from whatever window; a pickle tells types and identities too."""
    content = {key: value for key, value in vars(machine).items() if key not in ("window", "known")}
    return pickle.dumps(content, protocol=2)


@pytest.mark.parametrize("before", [0, 5])
def test_the_opening_known_by_heart_is_what_it_spells(before: int, tmp_path: Path) -> None:
    """What our own writer begins with leaves stack, memo and marks as running it opcode by opcode does."""
    path = tmp_path / "opening"
    path.write_bytes(b"x" * before + OPENING + b"?")
    with FileWindow(str(path)) as window:
        known, spelled = Interpreter(window, before), Spelled(window, before)
        known._begin()
        with pytest.raises(BadFileError, match=rf"opcode 0x3f at byte {before + len(OPENING)}\."):
            spelled.run()
        assert state(known) == state(spelled)
        assert len(known.stack) == 7


def test_nothing_of_an_opening_is_shared(tmp_path: Path) -> None:
    """Two files that begin alike have nothing in common: what one puts into its list is not in the other's."""
    path = tmp_path / "opening"
    path.write_bytes(OPENING)
    with FileWindow(str(path)) as window:
        one, other = (Interpreter(window, 0) for _ in range(2))
        one._begin()
        other._begin()
        for mine, others in zip(one.stack, other.stack, strict=True):
            assert mine is not others or type(mine) in (int, bool, tuple)
        assert one.memo is not other.memo


def outcome(kind: type[Interpreter], path: Path, start: int) -> str:
    """Return what an interpreter makes of a file: keys, arrays and where they lie, or its complaint."""
    with FileWindow(str(path)) as window:
        try:
            content = kind(window, start).run().payload[0]
        except BadFileError as error:
            return str(error)
    return str([(key, pickle.dumps(value, protocol=2)) for key, value in content.items()])


def test_an_opening_that_differs_in_one_byte(tmp_path: Path) -> None:
    """With any byte of the opening changed, a file is read as the interpreter that knows nothing reads it."""
    values = {"ts": np.arange(5), "gain": 0.5, "units": "uV"}
    whole = b"".join(bytes(chunk) for chunk in dict_file(values))
    start, path = whole.index(OPENING), tmp_path / "a.npy"
    for cut in range(start, start + len(OPENING)):
        path.write_bytes(whole[:cut] + bytes([whole[cut] ^ 1]) + whole[cut + 1 :])
        assert outcome(Interpreter, path, start) == outcome(Spelled, path, start), cut


ARRAYS = [np.arange(70_000), np.zeros((300, 2), ">i2"), np.ones((2, 3, 1), "<f4"), np.array(3.0), np.zeros(0, "u1")]


@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_what_is_before_an_array_is_what_it_spells(array: np.ndarray, tmp_path: Path) -> None:
    """An array and what our own writer puts before it leave an interpreter as running it opcode by opcode does."""
    path = tmp_path / "a.npy"
    path.write_bytes(b"".join(bytes(chunk) for chunk in dict_file({"one": 1, "a": array})))
    whole = path.read_bytes()
    start = whole.index(OPENING)
    stop = whole.index(size := b"\x8e" + array.nbytes.to_bytes(8, "little")) + len(size) + array.nbytes
    (tmp_path / "cut").write_bytes(whole[:stop] + b"?")
    states = []
    with FileWindow(str(tmp_path / "cut")) as window:
        for machine in (Interpreter(window, start), Spelled(window, start)):
            with pytest.raises(BadFileError, match=rf"opcode 0x3f at byte {stop}\."):
                machine.run()
            states.append(state(machine))
    assert states[0] == states[1]
    assert outcome(Interpreter, path, start) == outcome(Spelled, path, start)


@pytest.mark.parametrize("other", [1, 0x80])
def test_an_array_that_differs_in_one_byte(other: int, tmp_path: Path) -> None:
    """With any byte before an array changed, a file is read as the interpreter that knows nothing reads it."""
    whole = b"".join(bytes(chunk) for chunk in dict_file({"a": np.zeros((500, 3), "<i2"), "gain": 0.5}))
    start, path = whole.index(OPENING), tmp_path / "a.npy"
    places = [*range(start + len(OPENING), whole.index(b"\x8e") + 9), *range(len(whole) - 30, len(whole))]
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ other]) + whole[place + 1 :])
        assert outcome(Interpreter, path, start) == outcome(Spelled, path, start), place


@pytest.mark.parametrize("index", range(3))
def test_another_memo_is_not_our_own(index: int, tmp_path: Path) -> None:
    """A file that begins as ours do and then keeps something else for its arrays gets what it kept."""
    whole = b"".join(bytes(chunk) for chunk in dict_file({"ts": np.arange(5)}))
    path = tmp_path / "a.npy"
    path.write_bytes(whole.replace(b"\x8c\x02ts", b"\x8c\x02tsq" + bytes([index])))
    assert "REDUCE" in (said := outcome(Spelled, path, whole.index(OPENING))) or "_reconstruct" in said
    assert outcome(Interpreter, path, whole.index(OPENING)) == said
