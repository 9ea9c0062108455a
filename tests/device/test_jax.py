"""What is particular to JAX; not collected where it is not installed."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.device import stream_scaled


def test_arrays_stay(gains):
    """JAX's arrays are its own: all of them may be kept."""
    with stream_scaled(gains, stream_index=0, chunk_size=100, device="cpu", out="jax", depth=1) as chunks:
        found = np.concatenate(list(chunks))
    raw = gains.get_analogsignal_chunk()
    np.testing.assert_array_equal(found, gains.rescale_signal_raw_to_float(raw, "float32"))


def test_float64_must_be_switched_on(gains):
    """Without its switch JAX would make float32 of float64: an error says so."""
    with pytest.raises(MockSessionError, match="jax_enable_x64"):
        stream_scaled(gains, stream_index=0, chunk_size=100, device="cpu", out="jax", dtype="float64")
