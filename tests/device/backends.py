"""The libraries that are installed here, and what their arrays are as NumPy's."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from mockrawio.device.choose import choose_engine

HAS_COMPAT = find_spec("array_api_compat") is not None
NEEDS = {"torch": HAS_COMPAT, "jax": True, "array_api_strict": True}
OPTIONAL = [name for name, able in NEEDS.items() if able and find_spec(name)]
BACKENDS = ["numpy", *OPTIONAL]


@lru_cache
def no_cuda(library: str = "torch") -> str:
    """Return why there is no CUDA to test with; nothing if there is."""
    try:
        choose_engine("cuda", library)
    except (ImportError, ValueError) as error:
        return str(error)
    return ""


# torch, which is skipped where it has no device, and whichever others have one
CUDA = [
    pytest.param("cuda", "torch", marks=pytest.mark.skipif(bool(no_cuda()), reason=no_cuda())),
    *(("cuda", name) for name in ("cupy", "jax") if not no_cuda(name)),
]


def as_numpy(array: Any) -> np.ndarray:
    """Return a copy in memory, made when the array is valid."""
    if hasattr(array, "get"):  # CuPy's
        return np.array(array.get())
    if type(array).__module__.startswith("jax"):
        return np.array(array)
    return np.array(np.from_dlpack(array.cpu() if hasattr(array, "cpu") else array))
