"""Dict and plain .npy files are written in blocks, aligned, as NumPy would read them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mockrawio.formats.dict_npy import DictFile
from mockrawio.formats.npy import ALIGN, MappedArray, open_array
from mockrawio.formats.npy_out import BLOCK, Blocks, array_file, dict_file


def write(path: Path, chunks: object) -> Path:
    path.write_bytes(b"".join(bytes(chunk) for chunk in chunks))  # type: ignore[attr-defined]
    return path


@given(st.integers(-(2**80), 2**80), st.floats(allow_nan=False), st.text(max_size=300))
def test_scalars_survive(number: int, real: float, text: str) -> None:
    """Ints, floats and strings of any size come back from NumPy as they were."""
    import io

    text = text.encode("utf-8", "replace").decode()
    assume(text not in ("n", "x"))
    content = b"".join(bytes(c) for c in dict_file({"n": number, "x": real, text: text}))
    loaded = np.load(io.BytesIO(content), allow_pickle=True).item()
    assert loaded == {"n": number, "x": real, text: text}
    assert type(loaded["x"]) is float


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i8", "<f8", "<f4", "|b1", "|u1"])
def test_arrays_survive_and_are_aligned(dtype: str, tmp_path: Path) -> None:
    """Every array loads with NumPy to the value, and begins at a multiple of 64 bytes."""
    values = {"a": np.arange(7).astype(dtype), "gain": 0.5, "b": np.ones((3, 64), dtype), "c": np.zeros((0, 64), dtype)}
    path = write(tmp_path / "x.npy", dict_file(values))
    loaded = np.load(path, allow_pickle=True).item()
    with DictFile(str(path)) as opened:
        for key in "abc":
            np.testing.assert_array_equal(loaded[key], values[key])
            assert loaded[key].dtype.newbyteorder("=") == np.dtype(dtype).newbyteorder("=")
            mapped = opened.values[key]
            assert isinstance(mapped, MappedArray)
            assert mapped.offset % ALIGN == 0
            np.testing.assert_array_equal(mapped.view(), values[key])


def test_blocks_make_the_same_bytes_as_an_array(tmp_path: Path) -> None:
    """An array handed over in pieces, of whatever size, is written as the whole would be."""
    array = np.arange(BLOCK, dtype=np.int64).reshape(-1, 4)
    whole = write(tmp_path / "a.npy", array_file(array)).read_bytes()
    for size in (1 << 15, array.shape[0]):
        pieces = (array[i : i + size] for i in range(0, array.shape[0], size))
        assert write(tmp_path / "b.npy", array_file(Blocks("<i8", array.shape, pieces))).read_bytes() == whole
    np.testing.assert_array_equal(open_array(str(tmp_path / "a.npy")).view(), array)


@pytest.mark.parametrize("pieces", [[], [np.zeros(3)], [np.zeros(9)]])
def test_blocks_that_do_not_fill_the_shape_are_an_error(pieces: list[np.ndarray], tmp_path: Path) -> None:
    """Too few or too many blocks is the writer's fault, and does not pass."""
    with pytest.raises(ValueError, match="the shape needs 64"):
        list(dict_file({"a": Blocks("<f8", (8,), pieces)}))


def test_what_has_no_place_in_a_session_file_is_refused() -> None:
    """A value that readers would not understand is not written."""
    with pytest.raises(TypeError, match="not list"):
        list(dict_file({"a": [1]}))


def test_bytes_are_pinned(tmp_path: Path) -> None:
    """The bytes of a small file never change: sessions are compared by their SHA-256."""
    values = {"ts": np.arange(4), "samples": np.arange(4, dtype="<i2"), "gain": 0.5, "units": "uV"}
    content = write(tmp_path / "x.npy", dict_file(values)).read_bytes()
    assert len(content) == 489
    assert hashlib.sha256(content).hexdigest() == "9deb52a511672e1f30fcb1de376ca34315b67574bd3d6219e6f19da051980673"
