"""Plain .npy files are read as NumPy reads them, as views of the file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mockrawio.formats.npy import MappedArray, open_array
from mockrawio.ground.errors import BadFileError
from tests.length import rounds
from tests.session.test_pickled import DTYPES


@pytest.mark.slow
@pytest.mark.at_length
@settings(max_examples=rounds(60, 200), deadline=None)
@given(st.data(), st.sampled_from([(1, 0), (2, 0), (3, 0)]), st.booleans(), st.sampled_from(DTYPES))
def test_agrees_with_numpy(data: st.DataObject, version: tuple[int, int], fortran: bool, dtype: str) -> None:
    """Any dtype, byte order, layout, shape and header version that we accept reads as numpy.load reads it."""
    array = data.draw(hnp.arrays(np.dtype(dtype), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        with open(path, "wb") as file:
            np.lib.format.write_array(file, np.asfortranarray(array) if fortran else array, version)
        found = open_array(str(path))
        expected = np.load(path)
        assert isinstance(found, MappedArray)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(found.view(), expected)
        assert not found.view().flags.writeable


@pytest.mark.parametrize("dtype", ["M8[ms]", "m8[s]", "V3", "O", "i2,i2", np.longdouble])
def test_other_dtypes_are_refused(dtype: object, tmp_path: Path) -> None:
    """What a session never holds, or what is not the same on every machine, is an error."""
    path = tmp_path / "x.npy"
    np.save(path, np.zeros(3, dtype))  # type: ignore[call-overload]
    with pytest.raises(BadFileError, match="dtype"):
        open_array(str(path))
