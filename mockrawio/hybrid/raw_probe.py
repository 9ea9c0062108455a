"""Where a probe's sites are, and which row of the raw file each of them is.

Entry k of the three arrays describes the site whose raw row is ``channel_map[k]``; rows that
are not connected (references, sync) are listed too, so that C is the number of raw rows.
"""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats.npy import text_of
from ..ground.arrays import Array, Bools, Floats, Ints
from ..ground.checks import require
from ..ground.errors import BadFileError, MockSessionError, unreadable
from ..ground.once import once
from ..ground.places import AnyPath
from ..ground.regular import only_regular
from ..ground.writing import write_file

MAX_BYTES = 1 << 26  # of an .npz, unpacked: 400,000 sites and more
_MEMBERS = ("channel_map", "connected", "channel_positions", "name")
_REMEDY = "Save the probe again."

# Option 3 Phase 3A: every 38th or so site is a reference (docs/hybridfactory.rst, *The probe*).
_NEUROPIXELS_REFERENCES = (36, 75, 112, 151, 188, 227, 264, 303, 340, 379)
# The eMouse probe of KiloSort's simulation, in steps of 20 µm.
_EMOUSE_X = "10010101010101011010101010101010"
_EMOUSE_Y = (7, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15,
             16, 17, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22, 22, 23, 23, 24)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Probe:
    """The layout of a probe: a value, whose arrays are read-only.

    Parameters
    ----------
    channel_map : (C,) array of int
        The raw row of each site: every row 0..C-1 once.
    connected : (C,) array of bool
        Whether the site was used in the sorting.
    channel_positions : (C, 2 or more) array of float
        Where the site is, in µm; NaN is for sites that are not connected.
    name : str
        What the probe is called; plays no part in equality.

    Raises
    ------
    MockSessionError
        If an array is not as above.

    Examples
    --------
    >>> probe = Probe([2, 0, 1], [True, True, False], [[0, 0], [0, 20], [float("nan")] * 2])
    >>> probe.n_channels, probe.inverse_map.tolist()
    (3, [1, 2, 0])
    """

    channel_map: Ints
    connected: Bools
    channel_positions: Floats
    name: str = "Custom"

    def __post_init__(self) -> None:
        require(isinstance(self.name, str), "Probe.name", "a str", self.name)
        channel_map = _checked_map(self.channel_map)
        connected = _checked_connected(self.connected, len(channel_map))
        positions = _checked_positions(self.channel_positions, connected)
        for field, array in (("channel_map", channel_map), ("connected", connected), ("channel_positions", positions)):
            array.flags.writeable = False
            object.__setattr__(self, field, array)

    @property
    def n_channels(self) -> int:
        """Number of rows of the raw file, C."""
        return len(self.channel_map)

    @once
    def inverse_map(self) -> Ints:
        """The entry of each raw row, (C,): ``inverse_map[channel_map[k]] == k``."""
        inverse = np.argsort(self.channel_map).astype(np.int64)
        inverse.flags.writeable = False
        return inverse

    def save(self, path: AnyPath) -> None:
        """Write the probe as an ``.npz`` with the members that hybridfactory's have.

        Parameters
        ----------
        path : str or PathLike
            The file, taken as it is: no suffix is added. Replaced if it exists.
        """
        write_file(path, [self.npz_bytes()])

    def npz_bytes(self) -> bytes:
        """Return the bytes of the file that :meth:`save` writes."""
        buffer = io.BytesIO()
        np.savez(buffer, **{member: np.asarray(getattr(self, member)) for member in _MEMBERS})  # type: ignore[arg-type,unused-ignore]  # NumPy 2.2 to 2.4 differ
        return buffer.getvalue()

    @classmethod
    def load(cls, path: AnyPath) -> Probe:
        """Read an ``.npz`` that :meth:`save`, or the original, wrote; nothing is unpickled.

        Raises
        ------
        BadFileError
            If it is not an ``.npz`` with all four members, or they do not make a probe.
        """
        path = os.fspath(path)
        members = _read_npz(path)
        missing = [member for member in _MEMBERS if member not in members]
        if missing:
            raise BadFileError(path, f"the members {', '.join(_MEMBERS)}", f"no {', '.join(missing)}", _REMEDY)
        name = _read_name(path, members.pop("name"))
        try:
            return cls(**members, name=name)
        except MockSessionError as error:
            raise BadFileError(path, "a probe", str(error), _REMEDY) from None

    def _key(self) -> tuple[bytes, bytes, bytes, tuple[int, ...]]:
        arrays = (self.channel_map, self.connected, self.channel_positions)
        a, b, c = (array.tobytes() for array in arrays)
        return a, b, c, self.channel_positions.shape

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Probe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[type[Probe], tuple[Any, ...]]:
        return Probe, (self.channel_map, self.connected, self.channel_positions, self.name)

    def __repr__(self) -> str:
        return f"<Probe {self.name!r}: {self.n_channels} channels, {int(self.connected.sum())} connected>"


def _array(name: str, value: Any) -> Array:
    try:
        return np.asarray(value)
    except ValueError:
        raise MockSessionError(f"Probe.{name}", "an array", "rows of unequal length", "Give equal ones.") from None


def _checked_map(value: Any) -> Ints:
    array = _array("channel_map", value)
    require(array.dtype.kind in "iu", "Probe.channel_map", "whole numbers", f"dtype {array.dtype}")
    array = array.reshape(1) if array.size == 1 else array.squeeze()
    require(array.ndim == 1 and array.size > 0, "Probe.channel_map", "one dimension", f"the shape {array.shape}")
    whole = np.array_equal(np.sort(array), np.arange(array.size))
    remedy = "List unconnected and sync rows too, and count from 0."
    require(whole, "Probe.channel_map", f"every raw row 0 to {array.size - 1} once", _shown(array), remedy)
    return array.astype(np.int64)


def _shown(array: Array) -> str:
    return f"the rows {np.array2string(array, threshold=12, edgeitems=4)}"


def _checked_connected(value: Any, n_channels: int) -> Bools:
    array = _array("connected", value)
    require(array.dtype.kind == "b", "Probe.connected", "bools", f"dtype {array.dtype}", "Use dtype=bool.")
    array = array.reshape(1) if array.size == 1 else array.squeeze()
    expected = f"one bool a row of channel_map, the shape ({n_channels},)"
    require(array.shape == (n_channels,), "Probe.connected", expected, f"the shape {array.shape}")
    return array.astype(np.bool_)


def _checked_positions(value: Any, connected: Bools) -> Floats:
    array = _array("channel_positions", value)
    require(array.dtype.kind in "iuf", "Probe.channel_positions", "numbers", f"dtype {array.dtype}")
    expected = f"a row of two or more coordinates a channel, ({len(connected)}, 2)"
    fits = array.ndim == 2 and len(array) == len(connected) and array.shape[1] >= 2
    require(fits, "Probe.channel_positions", expected, f"the shape {array.shape}")
    positions = array.astype(np.float64, order="C") + 0.0  # -0.0 becomes 0.0: equal positions have equal bytes
    positions[np.isnan(positions)] = np.nan
    unplaced = np.flatnonzero(connected & ~np.isfinite(positions).all(axis=1))
    remedy = "Give the position, or mark the site as not connected."
    found = f"none at entry {unplaced[0]}" if unplaced.size else ""
    require(not unplaced.size, "Probe.channel_positions", "a position for every connected site", found, remedy)
    return positions


def _read_npz(path: str) -> dict[str, Array]:
    try:
        with open(path, "rb", opener=only_regular) as file:
            with zipfile.ZipFile(file) as archive:
                size = sum(info.file_size for info in archive.infolist())
            if size > MAX_BYTES:
                expected = f"a probe of at most {MAX_BYTES} bytes"
                raise BadFileError(path, expected, f"{size}", "Give the .npz of a probe.")
            file.seek(0)
            with np.load(file, allow_pickle=False) as members:
                return {name: members[name] for name in _MEMBERS if name in members.files}
    except OSError as error:
        raise unreadable(path, error) from None
    except BadFileError:
        raise
    # NotImplementedError is zipfile's, of a packing it does not know; the others are NumPy's and of broken ones.
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, MemoryError, NotImplementedError) as error:
        raise BadFileError(path, "an .npz of plain arrays", str(error) or type(error).__name__, _REMEDY) from None


def _read_name(path: str, stored: Array) -> str:
    if stored.dtype.kind != "U":
        return str(stored[()])
    try:
        return text_of(stored.tobytes(), stored.dtype)
    except ValueError as error:
        raise BadFileError(path, "text as the name", str(error), _REMEDY) from None


def custom_probe(
    channel_map: npt.ArrayLike, connected: npt.ArrayLike, channel_positions: npt.ArrayLike, name: str = "Custom"
) -> Probe:
    """Return the probe that these arrays describe.

    Parameters
    ----------
    channel_map, connected, channel_positions, name
        As for :class:`Probe`.

    Raises
    ------
    MockSessionError
        If an array is not as :class:`Probe` says.
    """
    return Probe(channel_map, connected, channel_positions, name)  # type: ignore[arg-type]  # checked there


def neuropixels3a(sync_channel: bool = True) -> Probe:
    """Return a Neuropixels Phase 3A probe, option 3, with its ten reference sites.

    Parameters
    ----------
    sync_channel : bool
        Whether the raw file has the sync row, number 384.
    """
    sites = np.arange(384)
    positions = np.column_stack((np.tile([43.0, 11.0, 59.0, 27.0], 96), 20.0 * (sites // 2 + 1)))
    connected = ~np.isin(sites, _NEUROPIXELS_REFERENCES)
    if sync_channel:
        positions = np.vstack((positions, [np.nan, np.nan]))
        connected = np.append(connected, False)
    return Probe(np.arange(len(connected)), connected, positions, "Neuropixels Phase 3A")


def eMouse() -> Probe:
    """Return the probe of KiloSort's eMouse simulation: 32 sites, and two rows that are not connected."""
    rows = np.r_[32, 33, 7:32:2, 6:31:2, 0:6]
    steps = np.column_stack(([float(x) for x in _EMOUSE_X], _EMOUSE_Y))
    positions = np.vstack((np.full((2, 2), np.nan), 20.0 * steps))
    return Probe(rows, rows < 32, positions, "eMouse")
