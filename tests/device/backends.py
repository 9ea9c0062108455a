"""The libraries that are installed here, and what their arrays are as NumPy's."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

HAS_COMPAT = find_spec("array_api_compat") is not None
NEEDS = {"torch": HAS_COMPAT, "jax": True, "array_api_strict": True}
OPTIONAL = [name for name, able in NEEDS.items() if able and find_spec(name)]
BACKENDS = ["numpy", *OPTIONAL]


def no_cuda() -> str:
    """Return why there is no CUDA to test with; nothing if there is."""
    if not find_spec("torch"):
        return "torch is not installed"
    import torch

    return "" if torch.cuda.is_available() else f"torch {torch.__version__} sees no CUDA device"


def as_numpy(array: Any) -> np.ndarray:
    """Return a copy in memory, made when the array is valid."""
    return np.array(np.from_dlpack(array.cpu() if hasattr(array, "cpu") else array))
