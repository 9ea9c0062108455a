"""Arrays in files: headers, maps and parts, what is said of them elsewhere, and the bytes that are written."""

from __future__ import annotations

import io
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats import npy
from mockrawio.formats.dict_npy import DictFile, Opaque
from mockrawio.formats.file_window import HEAD, FileWindow, Items
from mockrawio.formats.npy import (
    HeldArray,
    MappedFile,
    checked_shape,
    header_bytes,
    held_array,
    open_array,
    read_header,
    text_of,
)
from mockrawio.formats.npy_out import OPENING, Blocks, array_file, dict_file
from mockrawio.formats.said import Knots, said_array, said_dict, say_array, say_dict
from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.folder import File


class Apart(DiskFolder):
    """A folder whose files cannot be mapped: each part of one is read."""

    maps = False
    asked: list[tuple[int, int]]

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked = []

    def open(self, name: str) -> Any:
        """Open a file that notes what is read of it."""
        file, identity = super().open(name)
        asked = self.asked

        class Noted(io.RawIOBase):
            def seek(self, offset: int, whence: int = 0) -> int:
                return file.seek(offset, whence)

            def read(self, count: int = -1) -> bytes:
                asked.append((file.tell(), count))
                return file.read(count)

            def close(self) -> None:
                file.close()

        return Noted(), identity


ARRAY = np.arange(24, dtype=">i2").reshape(6, 4)


def saved(folder: Path, array: np.ndarray = ARRAY, name: str = "a.npy") -> Path:
    np.save(folder / name, array)
    return folder / name


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_views_and_rows(order: str, apart: bool, tmp_path: Path) -> None:
    """Rows are those of the whole array, for any two ends, read-only, of files that are mapped or read in parts."""
    saved(tmp_path, np.asarray(ARRAY, order=order))
    found = open_array(File((Apart if apart else DiskFolder)(tmp_path), "a.npy"))
    assert (found.order, found.nbytes, found.dtype) == (order, 48, np.dtype(">i2"))
    np.testing.assert_array_equal(found.view(), ARRAY)
    assert not found.view().flags.writeable
    for start, stop in ((0, 6), (2, 5), (-3, -1), (4, 2), (0, 99), (7, 9), (-99, 1)):
        rows = found.rows(start, stop)
        np.testing.assert_array_equal(rows, ARRAY[start:stop])
        assert rows.shape == ARRAY[start:stop].shape
        assert not rows.flags.writeable


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    """Of a file that cannot be mapped rows cost their bytes alone; the whole is read once until it is released."""
    saved(tmp_path, np.zeros((2000, 4), "i2"))
    folder = Apart(tmp_path)
    found = open_array(File(folder, "a.npy"))
    folder.asked.clear()
    found.rows(1500, 1502)
    found.items()[1501]
    assert folder.asked == [(128 + 8 * 1500, 16), (128 + 8 * 1501, 8)]
    with FileWindow(File(folder, "a.npy")) as window:
        folder.asked.clear()
        window.read(HEAD - 8, 8)
        window.read(0, 8)
        assert folder.asked == [(0, HEAD)]
        window.read(HEAD - 8, 9)
        window.read(HEAD, 1)
        assert folder.asked[1:] == [(HEAD - 8, 9), (HEAD, 1)]
    whole = open_array(File(folder, "a.npy"))
    folder.asked.clear()
    whole.view()
    whole.view()
    assert len(folder.asked) == 1
    whole.release()
    whole.view()
    assert len(folder.asked) == 2


@pytest.mark.parametrize(("most", "fits"), [(48, True), (47, False)])
def test_how_much_is_read_at_once(most: int, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array that cannot be mapped is read as a whole if it is not too large."""
    saved(tmp_path)
    monkeypatch.setattr(npy, "MOST_WHOLE", most)
    found = open_array(File(Apart(tmp_path), "a.npy"))
    if fits:
        np.testing.assert_array_equal(found.view(), ARRAY)
        return
    with pytest.raises(BadFileError, match=r"to be read at once from where it lies; found 48 bytes"):
        found.view()
    np.testing.assert_array_equal(found.rows(0, 6), ARRAY)


def test_nothing_is_read_of_nothing(tmp_path: Path) -> None:
    """For an array of no items its file is not opened again where it cannot be mapped."""
    np.save(tmp_path / "a.npy", np.empty((0,), "<f8"))
    found = open_array(File(Apart(tmp_path), "a.npy"))
    (tmp_path / "a.npy").unlink()
    assert found.rows(0, 5).shape == (0,)


def test_the_limit_of_what_is_read_at_once() -> None:
    """It is 4 GiB."""
    assert npy.MOST_WHOLE == 4 << 30


def test_items(tmp_path: Path) -> None:
    """Single items and slices of an array that cannot be mapped are an ndarray's."""
    saved(tmp_path, np.array([3, 5, 8, 13]))
    found = open_array(File(Apart(tmp_path), "a.npy")).items()
    assert isinstance(found, Items)
    assert [found[k] for k in (0, 3, -1, -4)] == [3, 13, 13, 3]
    assert [found[cut].tolist() for cut in (slice(1, 3), slice(None), slice(-2, None), slice(3, 1))] == [
        *([5, 8], [3, 5, 8, 13], [8, 13], []),
    ]
    assert (found.size, found.shape, found.dtype) == (4, (4,), np.dtype("i8"))
    for beyond in (4, -5):
        with pytest.raises(IndexError):
            found[beyond]
    assert isinstance(open_array(tmp_path / "a.npy").items(), np.ndarray)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,)])
def test_arrays_of_nothing(shape: tuple[int, ...], tmp_path: Path) -> None:
    """An array without items has its shape and dtype, wherever it lies."""
    saved(tmp_path, np.zeros(shape, "f4"))
    for folder in (DiskFolder(tmp_path), Apart(tmp_path)):
        found = open_array(File(folder, "a.npy"))
        assert (found.view().shape, found.rows(0, 2).shape, found.view().dtype) == (
            shape,
            np.zeros(shape)[:2].shape,
            "f4",
        )
        assert not found.view().flags.writeable
    data = (tmp_path / "a.npy").read_bytes()
    assert held_array("x", data).shape == shape


def test_an_array_elsewhere(tmp_path: Path) -> None:
    """A mapped array is pickled as where it lies, and says so."""
    path = saved(tmp_path)
    found = open_array(path)
    found.view()
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.view(), ARRAY)
    assert (again.order, again.offset, again.file.identity) == ("C", 128, found.file.identity)
    assert repr(found) == f"MappedArray({str(path)!r}, >i2, (6, 4), offset=128)"
    assert open_array(saved(tmp_path, np.asfortranarray(ARRAY), "f.npy")).order == "F"
    held = HeldArray(np.arange(5))
    assert (held.rows(1, 3).tolist(), held.items().tolist(), held.nbytes, held.shape) == (
        [1, 2],
        [0, 1, 2, 3, 4],
        40,
        (5,),
    )
    assert not held.view().flags.writeable


def test_files_that_change(tmp_path: Path) -> None:
    """A file that became shorter, or another one, is an error when it is mapped, and while it is."""
    path = saved(tmp_path)
    found = open_array(path)
    view = found.view()
    os.truncate(path, 175)
    with pytest.raises(BadFileError, match="176 bytes, as when it was opened; found 175 bytes"):
        found.view()
    os.truncate(path, 176)
    assert view.shape == found.view().shape
    found.release()
    os.utime(path, ns=(1, 1))
    with pytest.raises(BadFileError, match="changed"):
        found.view()
    again = open_array(path)
    path.unlink()
    with pytest.raises(BadFileError, match="changed"):
        again.view()
    saved(tmp_path, name="b.npy")
    (tmp_path / "b.npy").rename(path)
    with pytest.raises(BadFileError, match="changed"):
        again.view()
    nobody = MappedFile(path, 177)
    with pytest.raises(BadFileError, match="177 bytes, as when it was opened; found 176 bytes"):
        nobody.buffer()
    assert MappedFile(path, 176).read(170, 6) == path.read_bytes()[170:]
    with pytest.raises(BadFileError, match="7 bytes from byte 170; found 6"):
        MappedFile(path, 176).read(170, 7)
    with pytest.raises(BadFileError, match=r"c\.npy"):
        MappedFile(tmp_path / "c.npy", 1).buffer()


def test_reading_into_a_buffer(tmp_path: Path) -> None:
    """All bytes that a buffer asks for must be there."""
    (tmp_path / "a").write_bytes(b"0123456789")
    with FileWindow(tmp_path / "a") as window:
        buffer = bytearray(4)
        window.read_into(6, memoryview(buffer))
        assert buffer == b"6789"
        with pytest.raises(BadFileError, match="3 more bytes; found the end of the file"):
            window.read_into(9, memoryview(buffer))
        assert (window.read(8, 5), window.size) == (b"89", 10)
    (tmp_path / "b").write_bytes(b"")
    with pytest.raises(BadFileError, match="an empty file"):
        FileWindow(tmp_path / "b")


# -- headers ------------------------------------------------------------------------------------


def file_of(text: bytes, version: bytes = b"\x01\x00", length: int | None = None, data: bytes = b"") -> bytes:
    size = len(text) if length is None else length
    return b"\x93NUMPY" + version + size.to_bytes(2 if version[0] == 1 else 4, "little") + text + data


def header_of(path: Path, data: bytes) -> Any:
    path.write_bytes(data)
    with FileWindow(path) as window:
        return read_header(window)


@pytest.mark.parametrize("version", [b"\x01\x00", b"\x02\x00", b"\x03\x00"])
@pytest.mark.parametrize("size", [60, 244, 245, 246, 247, 300, 9999, 10_000])
def test_headers_of_any_length(size: int, version: bytes, tmp_path: Path) -> None:
    """A header of up to 10,000 bytes is read, of each version, as NumPy reads it."""
    text = b"{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }".ljust(size - 1) + b"\n"
    begin = 10 if version[0] == 1 else 12
    assert header_of(tmp_path / "a", file_of(text, version)) == ("<i2", True, (2, 3), begin + size)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x93NUMPx\x01\x00", "a file that begins with b'\\x93NUMPx'"),
        (b"\x93NUMPY", "version 0.0"),
        (b"\x93NUMPY\x01", "version 0.0"),
        (file_of(b"", b"\x00\x00"), "version 0.0"),
        (file_of(b"", b"\x04\x00"), "version 4.0"),
        (file_of(b"", b"\x01\x01"), "version 1.1"),
        (file_of(b" " * 10_001), "a length of 10001 in a file of 10011 bytes"),
        (file_of(b" " * 20, length=21), "a length of 21 in a file of 30 bytes"),
    ],
)
def test_headers_that_are_none(data: bytes, said: str, tmp_path: Path) -> None:
    """Another beginning, version or length is refused, with what was found."""
    with pytest.raises(BadFileError, match=re.escape(said)):
        header_of(tmp_path / "a", data)


GOOD = ("<i2", False, (2,))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", GOOD),
        ("{'shape': (2,), 'descr': '<i2', 'fortran_order': False}", GOOD),
        ('{"shape":(2,),"descr":"<i2","fortran_order":False}', GOOD),
        (" \t{ 'descr' : '<i2' , 'fortran_order' : False , 'shape' : ( 2 , ) , } \n", GOOD),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (), }", ("<i2", False, ())),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 30), }", ("<i2", False, (2, 30))),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (0,), }", ("<i2", False, (0,))),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (2), }", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (02,), }", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (2,,), }", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (,), }", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (1" + "0" * 19 + ",), }", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (1" + "0" * 18 + ",), }", ("<i2", False, (10**18,))),
        ("{'shape': (" + "1, " * 9 + "), 'descr': '<i2', 'fortran_order': False, }", None),
        ("{'descr': '<i2', 'fortran_order': False}", None),
        ("{'descr': '<i2', 'descr': '<i2', 'fortran_order': False, 'shape': (2,)}", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (2,), 'more': 1}", None),
        ("{'descr': True, 'fortran_order': False, 'shape': (2,)}", None),
        ("{'descr': '<i2', 'fortran_order': 0, 'shape': (2,)}", None),
        ("'descr': '<i2', 'fortran_order': False, 'shape': (2,)", None),
        ("{'descr': '<i2', 'fortran_order': False, 'shape': (2,)", None),
        ("('descr': '<i2', 'fortran_order': False, 'shape': (2,)}", None),
        ("{'descr': '<i2' 'fortran_order': False, 'shape': (2,)}", None),
    ],
)
def test_what_headers_say(text: str, found: Any, tmp_path: Path) -> None:
    """A header's three entries may be laid out in any way that Python reads; nothing else is taken."""
    data = file_of(text.encode())
    if found is None:
        with pytest.raises(BadFileError):
            descr, _, shape, _ = header_of(tmp_path / "a", data)
            assert checked_shape(shape, 2) is not None
            raise AssertionError(descr)
        return
    assert header_of(tmp_path / "a", data) == (*found, len(data))


@pytest.mark.parametrize(
    ("shape", "itemsize", "fits"),
    [
        ((), 8, True),
        ((1,) * 8, 8, True),
        ((1,) * 9, 8, False),
        ((0,), 8, True),
        ((-1,), 8, False),
        ((True,), 8, False),
        ([1], 8, False),
        ((2**60 - 1,), 8, True),
        ((2**60,), 8, False),
        ((2**60, 0), 8, False),  # as large as NumPy takes it to be
        ((2**63 - 1,), 0, True),
        ((2**63,), 0, False),
        ((2**31, 2**31), 1, True),
        ((2**31, 2**31), 2, False),
    ],
)
def test_shapes(shape: Any, itemsize: int, fits: bool) -> None:
    """A shape has up to eight sizes from 0, and less than 2**63 bytes."""
    assert (checked_shape(shape, itemsize) is not None) is fits


@pytest.mark.parametrize("shape", [(), (3,), (10, 200), (1, 2, 3, 4, 5, 6, 7, 8), (123456789,) * 2])
@pytest.mark.parametrize("descr", ["<f8", "|b1", "<U999999"])
def test_headers_that_are_written(descr: str, shape: tuple[int, ...]) -> None:
    """Headers are NumPy's own, but for blanks; they end at a multiple of 64."""
    made, own = header_bytes(descr, shape), io.BytesIO()
    np.lib.format.write_array_header_1_0(own, {"descr": descr, "fortran_order": False, "shape": shape})
    assert made.split() == own.getvalue().split() or made[10:].split() == own.getvalue()[10:].split()
    assert len(made) % 64 == 0
    assert made[-1:] == b"\n" and made[-2:-1] in b" }"
    assert int.from_bytes(made[8:10], "little") == len(made) - 10 < len(f"{descr}{shape}") + 128


def test_texts() -> None:
    """Text is that of its byte order, without the zeros at its end."""
    for order in "<>":
        array = np.array(["ä\0b", "c"], f"{order}U5")
        assert [text_of(array[k : k + 1].tobytes(), array.dtype) for k in range(2)] == ["ä\0b", "c"]
    with pytest.raises(ValueError, match="utf-32"):
        text_of(b"\xff" * 4, np.dtype("<U1"))


@pytest.mark.parametrize(
    ("array", "change", "said"),
    [
        (np.zeros(3, "V3"), None, r"an array of numbers; found dtype '\|V3'"),
        (np.zeros(3, "i2"), b"x", r"6 bytes of data for shape \(3,\), int16; found 7"),
        (np.zeros(3, "i2"), -1, r"6 bytes of data for shape \(3,\), int16; found 5"),
    ],
)
def test_arrays_that_are_refused(array: np.ndarray, change: Any, said: str, tmp_path: Path) -> None:
    """Other types, and other bytes than a shape needs, are refused, of a file and in memory."""
    data = saved(tmp_path, array).read_bytes()
    data = data[:change] if isinstance(change, int) else data + (change or b"")
    (tmp_path / "a.npy").write_bytes(data)
    with pytest.raises(BadFileError, match=said):
        open_array(tmp_path / "a.npy")
    with pytest.raises(BadFileError, match=said):
        held_array("x", data)
    for shape in (b"(9000000000000000000,)", b"(1, 1, 1, 1, 1, 1, 1, 1, 1)"):
        large = file_of(b"{'descr': '<i2', 'fortran_order': False, 'shape': %s, }" % shape)
        with pytest.raises(BadFileError, match="a shape that NumPy can hold"):
            held_array("x", large)


# -- what is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 7, 8, 9, 24, 1 << 20])
def test_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array is written in blocks of so many bytes, an item at least."""
    from mockrawio.formats import npy_out

    monkeypatch.setattr(npy_out, "BLOCK", block)
    array = np.arange(10.0).reshape(2, 5)
    blocks = Blocks.of(array)
    parts = list(blocks)
    assert [part.nbytes for part in parts] == [8 * max(block // 8, 1)] * (10 // max(block // 8, 1)) + (
        [8 * (10 % max(block // 8, 1))] if 10 % max(block // 8, 1) else []
    )
    assert b"".join(parts) == array.tobytes()
    assert (blocks.nbytes, blocks.shape, blocks.dtype) == (80, (2, 5), np.dtype("f8"))
    assert b"".join(array_file(array)) == header_bytes("<f8", (2, 5)) + array.tobytes()


def test_blocks_that_do_not_fit() -> None:
    """Blocks of another type, or not as many items as the shape needs, are a mistake of ours."""
    with pytest.raises(TypeError, match="a block of float32 in an array of float64"):
        list(Blocks("<f8", (2,), [np.zeros(2, "f4")]))
    for n in (1, 3):
        with pytest.raises(ValueError, match=f"blocks hold {8 * n} bytes, the shape needs 16"):
            list(Blocks("<f8", (2,), [np.zeros(n)]))
    assert b"".join(Blocks("<i2", (0, 3), [np.zeros((0, 3), "<i2")])) == b""


@pytest.mark.parametrize("n", [0, 1, 63, 64, 200, 255, 256, 300])
def test_where_arrays_of_dicts_begin(n: int, tmp_path: Path) -> None:
    """Every array begins at a multiple of 64, whatever stands before it, and is read back by NumPy and by us."""
    values = {"t" * n: 1, "a": np.arange(5), "b": "x" * n, "c": np.zeros((2, 3), "f4"), "d": np.zeros(0)}
    path = tmp_path / "a.npy"
    path.write_bytes(b"".join(dict_file(values)))
    expected = np.load(path, allow_pickle=True).item()
    assert list(expected) == list(values)
    with DictFile(path) as opened:
        for key in ("a", "c", "d"):
            np.testing.assert_array_equal(expected[key], values[key])
            np.testing.assert_array_equal(opened.values[key].view(), values[key])
            assert opened.values[key].offset % 64 == 0
        assert (opened.values["t" * n], opened.values["b"]) == (1, "x" * n)
    assert path.read_bytes()[128:].startswith(OPENING)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, -1, -128, -129, 2**31, -(2**63), 2**64])
def test_numbers_that_are_written(number: int) -> None:
    """A whole number takes the bytes that it needs, with its sign."""
    item = b"".join(dict_file({"n": number}))
    size = (number.bit_length() + 8) // 8
    assert item.endswith(b"\x8c\x01n\x8a" + bytes([size]) + number.to_bytes(size, "little", signed=True) + b"uatb.")
    assert -(2 ** (8 * size - 1)) <= number < 2 ** (8 * size - 1)


@pytest.mark.parametrize("value", [True, None, b"x", [1]])
def test_values_that_are_not_written(value: Any) -> None:
    """Other values have no place in a session's file."""
    with pytest.raises(TypeError, match="a session file holds ints, floats, strings and arrays"):
        list(dict_file({"a": value}))


# -- what is said -------------------------------------------------------------------------------


def dict_of(folder: Path, **values: Any) -> Path:
    path = folder / "d.npy"
    path.write_bytes(b"".join(dict_file(values)))
    return path


def test_what_is_said_of_a_dict(tmp_path: Path) -> None:
    """What is said of a dict is its values, where its arrays lie, and their ends if they are numbers of 8 bytes."""
    arrays = {
        "t": np.array([1.5, 2.5]),
        "i": np.array([7, 9]),
        "s": np.zeros(2, "i2"),
        "e": np.zeros(0),
        "n": np.array([1.0, np.nan]),
        "m": np.zeros((2, 2)),
    }
    path = dict_of(tmp_path, **arrays, rate=2.0, count=3, name="x")
    with DictFile(path) as opened:
        said = say_dict(opened.window, opened.values)
        offsets = {key: opened.values[key].offset for key in arrays}
    assert said == {
        "values": {
            "t": {"array": ["<f8", [2], "C", offsets["t"]], "ends": [1.5, 2.5]},
            "i": {"array": ["<i8", [2], "C", offsets["i"]], "ends": [7, 9]},
            "s": {"array": ["<i2", [2], "C", offsets["s"]]},
            "e": {"array": ["<f8", [0], "C", offsets["e"]]},
            "n": {"array": ["<f8", [2], "C", offsets["n"]]},
            "m": {"array": ["<f8", [2, 2], "C", offsets["m"]]},
            "rate": 2.0,
            "count": 3,
            "name": "x",
        }
    }
    window, values = said_dict(File(DiskFolder(tmp_path), "d.npy"), said)
    assert (values["rate"], values["count"], values["name"]) == (2.0, 3, "x")
    for key, array in arrays.items():
        np.testing.assert_array_equal(values[key].view(), array)
    assert (window.ends(values["t"]), window.ends(values["i"]), window.ends(values["s"])) == (
        (1.5, 2.5),
        (7, 9),
        (0, 0),
    )
    assert window.knots(values["t"]) is None
    for odd in (float("nan"), float("inf"), Opaque()):
        assert say_dict(window, {"a": odd}) is None
    assert say_dict(window, {"a": True, "b": None}) == {"values": {"a": True, "b": None}}


def test_ends_of_a_file(tmp_path: Path) -> None:
    """The ends of an array are its first and last item, of a file and of what is held."""
    with DictFile(dict_of(tmp_path, t=np.array([1.5, 9.0, 2.5], ">f8"), i=np.array([4], "u1"))) as opened:
        assert opened.window.ends(opened.values["t"]) == (1.5, 2.5)
        assert opened.window.ends(opened.values["i"]) == (4, 4)
        assert opened.window.ends(HeldArray(np.array([3, 5]))) == (3, 5)
        assert opened.window.knots(opened.values["t"]) is None


def test_ends_cost_two_items(tmp_path: Path) -> None:
    """Of a long array that cannot be mapped the ends are read alone."""
    path = dict_of(tmp_path, t=np.arange(2000.0))
    folder = Apart(tmp_path)
    with DictFile(File(folder, path.name)) as opened:
        array = opened.values["t"]
        folder.asked.clear()
        assert opened.window.ends(array) == (0.0, 1999.0)
        assert folder.asked == [(array.offset + 8 * 1999, 8)]  # the first one is in the beginning, which is held


SAID = ["<f8", [3], "C", 0]


@pytest.mark.parametrize(
    "array",
    [
        None,
        [],
        ["<f8", [3], "C"],
        [*SAID, 1],
        [3, [3], "C", 0],
        ["O", [3], "C", 0],
        ["<f8", 3, "C", 0],
        ["<f8", [-3], "C", 0],
        ["<f8", ["3"], "C", 0],
        ["<f8", [3], "A", 0],
        ["<f8", [3], "C", -1],
        ["<f8", [3], "C", 0.0],
        ["<f8", [3], "C", True],
        ["<f8", [3], "C", 1],  # and so a byte beyond the end
        ["<f8", [4], "C", 0],
        ["<f8", [2], "C", 0],  # of a file that is an array, it is all of it
    ],
)
def test_arrays_that_are_said_and_cannot_be(array: Any, tmp_path: Path) -> None:
    """An array is of plain numbers, has a shape and an order, and lies within its file."""
    (tmp_path / "a.npy").write_bytes(bytes(24))
    file = File(DiskFolder(tmp_path), "a.npy")
    found = said_array(file, {"array": SAID})
    assert (found.dtype, found.shape, found.offset, say_array(found)) == (np.dtype("f8"), (3,), 0, {"array": SAID})
    with pytest.raises(BadFileError, match="an array within the file, as its manifest says it"):
        said_array(file, {"array": array})


@pytest.mark.parametrize(
    ("n", "offset", "fits"), [(3, 0, True), (4, 0, False), (3, 1, False), (2, 8, True), (2, 9, False)]
)
def test_arrays_of_a_dict_that_are_beyond_the_file(n: int, offset: int, fits: bool, tmp_path: Path) -> None:
    """An array of a dict may end with its file, and not after it."""
    (tmp_path / "a.npy").write_bytes(bytes(24))
    file, said = File(DiskFolder(tmp_path), "a.npy"), {"values": {"t": {"array": ["<f8", [n], "C", offset]}}}
    if fits:
        assert said_dict(file, said)[1]["t"].shape == (n,)
        return
    with pytest.raises(BadFileError, match="an array within the file, as its manifest says it"):
        said_dict(file, said)


def said_of(tmp_path: Path, **more: Any) -> Any:
    (tmp_path / "a.npy").write_bytes(bytes(80))
    array = {"array": ["<f8", [10], "C", 0], "ends": [0.0, 18.0], **more}
    return said_dict(File(DiskFolder(tmp_path), "a.npy"), {"values": {"t": array}})


@pytest.mark.parametrize(
    "more",
    [
        {"ends": [0.0]},
        {"ends": (0.0, 1.0)},
        {"ends": [0, 1]},
        {"ends": [0.0, 2.0**64]},
        {"ends": [-(2.0**64), 0.0]},
        {"array": ["<f8", [2, 5], "C", 0]},
        {"array": ["<f8", [0], "C", 0]},
        {"steps": [[4, 6.0, 10.0], [4, 10.0, 11.0]]},
        {"steps": [[0, 0.0, 1.0]]},
        {"steps": [[10, 0.0, 1.0]]},
        {"steps": [[1, 1.0, 2.0]]},  # before it is the first item, which is another
        {"steps": [[9, 6.0, 17.0]]},  # at it is the last
        {"steps": [[4, 6.0, 10.0], [5, 11.0, 12.0]]},
        {"steps": [[4, 6, 10]]},
        {"steps": [[4, 6, 10.0]]},
        {"steps": [[4, 6.0, 10]]},
        {"steps": [[True, 6.0, 10.0]]},
        {"steps": [[4, 6.0]]},
        {"steps": [4]},
        {"steps": {}},
    ],
)
def test_items_that_are_said_and_cannot_be(more: dict[str, Any], tmp_path: Path) -> None:
    """Ends are two of the array's own numbers, and steps in order, within it, and agree with each other."""
    with pytest.raises(BadFileError, match="an array within the file"):
        said_of(tmp_path, **more)


def test_items_that_are_said(tmp_path: Path) -> None:
    """Ends up to 2**64, and steps next to each other and to both ends, are taken."""
    window, values = said_of(tmp_path, ends=[0.0, 18.0], steps=[[1, 0.0, 2.0], [2, 2.0, 3.0], [9, 5.0, 18.0]])
    knots = window.knots(values["t"])
    assert [knots.known(k) for k in range(10)] == [0.0, 2.0, 3.0, None, None, None, None, None, 5.0, 18.0]
    assert window.ends(values["t"]) == (0.0, 18.0)
    assert [knots[k] for k in (2, 3, 8, 9)] == [3.0, 3.0 + 2.0 * (1 / 6), 5.0, 18.0]
    large = float(np.nextafter(2.0**64, 0))
    assert said_of(tmp_path, ends=[-large, large])[0].ends(said_of(tmp_path)[1]["t"]) == (-large, large)
    assert said_of(tmp_path, steps=None)[0].knots(values["t"]) is None
    plain = {"values": {"a": 1, "b": True, "c": None, "d": "x", "e": 1.5}}
    assert said_dict(File(DiskFolder(tmp_path), "a.npy"), plain)[1] == plain["values"]
    for wrong in ({}, {"values": []}, {"values": {"a": [1]}}):
        with pytest.raises(BadFileError, match="an array within the file"):
            said_dict(File(DiskFolder(tmp_path), "a.npy"), wrong)


@pytest.mark.parametrize(
    ("least", "divisor", "place"),
    [
        (-1, 1, 0),
        (0, 1, 0),
        (1, 1, None),
        (6, 1, None),
        (6.5, 1, 4),
        (10, 1, 4),
        (17, 1, None),
        (18, 1, None),
        (18.5, 1, 10),
        (0.0065, 1000, 4),
    ],
)
def test_places_among_knots(least: float, divisor: int, place: int | None) -> None:
    """The first item that is as large is known where those on both sides of it are."""
    assert Knots(10, (0.0, 18.0), [(4, 6.0, 10.0)]).place(least, divisor) == place


def test_knots_of_one_item() -> None:
    """An array of one item has both ends there."""
    knots = Knots(1, (5.0, 5.0), [])
    assert (knots[0], knots.known(0), knots.place(5.0, 1), knots.place(6.0, 1)) == (5.0, 5.0, 0, 1)
    with pytest.raises(ValueError, match="a step at 0"):
        Knots(1, (5.0, 6.0), [])
