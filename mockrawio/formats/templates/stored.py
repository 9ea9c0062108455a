"""The one form that templates of every format become, and the checks of its arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, prod
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ground.arrays import Array, Floats
from ...ground.checks import is_real
from ...ground.errors import BadFileError
from ...ground.shown import Argument, visible
from ..npy import text_of

MOST_VALUES = 1 << 26  # in all: 256 MiB as they are held
MOST_CHANNELS = 1 << 13
MOST_SAMPLES = 1 << 13
MOST_UNITS = 1 << 17
_FARTHEST_UM, _LARGEST = 1e6, 1e9
_FINEST = 10**6  # into how many parts a Hz is divided
EXPORT = "Export the templates again."

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StoredTemplates:
    """Templates as a file has them; what it does not say is None.

    Two are equal if all their arrays and numbers are. In JSON they are null: a manifest holds no templates.

    Attributes
    ----------
    waveforms : ndarray of float32, shape (n_units, n_steps, n_samples, n_channels)
        There is one step but for templates of cells that drift.
    sampling_rate : Fraction or None
        Hz.
    before : int or None
        The sample that stands at a spike's time.
    positions : ndarray of float64, shape (n_channels, 3), or None
        µm: x across the probe, y along it, z away from it.
    unit_ids : tuple of str
        What the file calls them.
    locations : ndarray of float64, shape (n_units, n_steps, 3), or None
        Where the cells are, µm.
    kinds : tuple of str or None
        The classes of the cells.
    in_uV : bool or None
        Whether the values are µV.
    """

    waveforms: Floats32
    sampling_rate: Fraction | None
    before: int | None
    positions: Floats | None
    unit_ids: tuple[str, ...]
    locations: Floats | None = None
    kinds: tuple[str, ...] | None = None
    in_uV: bool | None = None

    def __len__(self) -> int:
        return len(self.waveforms)

    @property
    def sha256(self) -> str:
        """Of all that there is."""
        digest = hashlib.sha256(repr((self.waveforms.shape, self._said)).encode())
        for array in self._arrays:
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def to_dict(self) -> None:
        """Return what JSON has of them: nothing."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredTemplates) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self._said)

    def __repr__(self) -> str:
        n, steps, samples, channels = self.waveforms.shape
        return f"<{n} templates of {steps} x {samples} samples on {channels} channels>"

    @property
    def _said(self) -> tuple[Any, ...]:
        return self.sampling_rate, self.before, self.unit_ids, self.kinds, self.in_uV

    @property
    def _arrays(self) -> tuple[Array | None, ...]:
        return self.waveforms, self.positions, self.locations


def check_size(path: str | PathLike[str], shape: tuple[int, ...], itemsize: int = 4) -> None:
    """Refuse templates of (units, steps, samples, channels), before any is read, that are none, or too many."""
    limits = MOST_UNITS, MOST_UNITS, MOST_SAMPLES, MOST_CHANNELS
    ok = len(shape) == 4 and all(0 < n <= most for n, most in zip(shape, limits, strict=True))
    if not ok or prod(shape) > MOST_VALUES or itemsize > 16:
        most = f"{MOST_VALUES} values, {MOST_SAMPLES} samples, {MOST_CHANNELS} channels"
        expected = f"templates (units, samples, channels), or (units, steps, ...), of at most {most}"
        remedy = "Give fewer of them." if len(shape) == 4 and min(shape) else "Give an array of these axes, none empty."
        raise BadFileError(path, expected, f"the shape {shape}"[:80], remedy)


def stored(
    path: str | PathLike[str],
    waveforms: Array,
    sampling_rate: Any = None,
    before: int | None = None,
    positions: Any = None,
    unit_ids: Iterable[Any] | None = None,
    **more: Any,
) -> StoredTemplates:
    """Return templates, each part of which is checked; those that are 0 throughout are left out.

    Parameters
    ----------
    path : str or PathLike
        What an error names.
    waveforms : ndarray, shape (n_units, n_samples, n_channels) or (n_units, n_steps, n_samples, n_channels)
    sampling_rate, before, positions, unit_ids, **more
        As :class:`StoredTemplates` has them, or as a file does.

    Raises
    ------
    BadFileError
        If one is not as it must be.
    """
    values = _values(path, waveforms)
    n, steps, n_samples, n_channels = values.shape
    used = np.flatnonzero(values.any(axis=(1, 2, 3)))
    _check(path, len(used) > 0, "a template with a value other than 0", "none")
    ids, kinds, at = _texts(path, range(n) if unit_ids is None else unit_ids, n), more.pop("kinds", None), before
    locations = more.pop("locations", None)
    if locations is not None:
        flat = places_um(path, np.asarray(locations).reshape(-1, 3), n * steps, "locations")
        locations = flat.reshape(n, steps, 3)[used]
    _check(path, at is None or 0 <= at < n_samples, f"a sample of a spike's time, 0 to {n_samples - 1}", at)
    return StoredTemplates(
        values[used],
        None if sampling_rate is None else _rate(path, sampling_rate),
        at,
        None if positions is None else places_um(path, positions, n_channels, "positions of contacts"),
        tuple(ids[k] for k in used.tolist()),
        locations,
        None if kinds is None else tuple(_texts(path, kinds, n)[k] for k in used.tolist()),
        **more,
    )


def _values(path: str | PathLike[str], waveforms: Array) -> Floats32:
    """Return waveforms as (units, steps, samples, channels), all of them finite."""
    whole = waveforms[:, None] if waveforms.ndim == 3 else waveforms
    _check(path, whole.dtype.kind in "fiu", "templates that are real numbers", f"values of type {whole.dtype}")
    check_size(path, whole.shape, whole.dtype.itemsize)
    values: Floats32 = np.ascontiguousarray(whole, np.float32)
    most = float(np.abs(values).max())
    _check(path, most <= _LARGEST, f"values that are finite, at most {_LARGEST:g} in size", most)
    return values


def _texts(path: str | PathLike[str], words: Iterable[Any], n: int) -> list[str]:
    """Return a word for each unit, as it may be shown."""
    found = [visible(one)[:64] for one in words]
    _check(path, len(found) == n, f"{n} ids or types of units", len(found))
    return found


def places_um(path: str | PathLike[str], values: Any, n: int, what: str) -> Floats:
    """Return points in space, float64 (n, 3), of such with two or three coordinates in µm."""
    array = np.asarray(values)
    ok = array.ndim == 2 and len(array) == n and array.shape[1] in (2, 3) and array.dtype.kind in "fiu"
    _check(path, ok, f"{n} {what}, each two or three numbers", f"the shape {array.shape}, {array.dtype}")
    found: Floats = np.pad(array.astype(np.float64), ((0, 0), (0, 3 - array.shape[1])))
    _check(path, bool(np.all(np.abs(found) <= _FARTHEST_UM)), f"{what} within {_FARTHEST_UM:g} µm", "others")
    return found


def dense(path: str | PathLike[str], sparse: Array, mask: Array) -> Array:
    """Return SpikeInterface's templates on all channels, from those of the channels that `mask` has for each unit."""
    ok = mask.ndim == 2 and mask.dtype == bool and sparse.ndim == 3 and len(mask) == len(sparse)
    _check(path, ok, "a sparsity_mask (units, channels)", f"the shape {mask.shape}, {mask.dtype}")
    check_size(path, (len(sparse), 1, sparse.shape[1], mask.shape[1]))
    _check(path, int(mask.sum(axis=1).max()) <= sparse.shape[2], "as many channels as the mask has", sparse.shape)
    whole = np.zeros((*sparse.shape[:2], mask.shape[1]), sparse.dtype)
    for full, some, channels in zip(whole, sparse, mask, strict=True):
        full[:, channels] = some[:, : int(channels.sum())]
    return whole


def ids_of(path: str | PathLike[str], ids: Array) -> list[str]:
    """Return the ids of units as text; those that are numbers, or text."""
    flat = ids.reshape(-1)
    _check(path, flat.dtype.kind in "iuUS" and len(flat) <= MOST_UNITS, "ids of units", f"{flat.dtype}")
    if flat.dtype.kind != "U":
        values = flat.tolist()
        return [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in values]
    try:
        return [text_of(one.tobytes(), flat.dtype) for one in flat.view(f"V{flat.dtype.itemsize}")]
    except ValueError as error:
        raise BadFileError(path, "ids of units", f"{error}"[:80], EXPORT) from None


def _rate(path: str | PathLike[str], value: Any) -> Fraction:
    ok = is_real(value) and isfinite(value) and 100 <= value <= 1e6
    _check(path, ok, "a sampling rate from 100 Hz to 1 MHz", value)
    return Fraction(repr(float(value))).limit_denominator(_FINEST)


def _check(path: str | PathLike[str], ok: bool, expected: str, found: object) -> None:
    if not ok:
        raise BadFileError(
            path, expected, f"{found}"[:80], f"Give {expected}." if isinstance(path, Argument) else EXPORT
        )
