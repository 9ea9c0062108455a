"""MEArec's ``.h5`` of templates: of cells that stay, (cells, contacts, samples), or drift, (cells, steps, ...).

Its ``info/params`` has the step of time and where a spike's peak is, ``info/electrodes`` how contacts are laid out:
columns of equally many µm, one beside the other, their common centre at 0, in a plane of the cells' coordinates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ground.arrays import Array, Floats
from ...ground.errors import BadFileError
from ...ground.extras import extra_module
from ...ground.regular import check_regular
from . import TemplateFormat, register
from .stored import EXPORT, MOST_CHANNELS, MOST_VALUES, StoredTemplates, check_size, stored

# In which order the coordinates of a plane are x, across the probe, y, along it, and z, away from it.
_PLANES = {"yz": [1, 2, 0], "xy": [0, 1, 2], "xz": [0, 2, 1]}
_SMALL = 1 << 16  # values of what is no template


def _read(path: str) -> StoredTemplates:
    h5py = extra_module("h5py", "templates of MEArec", "sonata")
    try:
        check_regular(path)
        with h5py.File(path, "r") as file:
            return _of_file(path, file)
    except (OSError, KeyError, AttributeError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        if isinstance(error, BadFileError):
            raise
        raise BadFileError(path, "an HDF5 file of MEArec's templates", f"{error}"[:200], EXPORT) from None


def _of_file(path: str, file: Any) -> StoredTemplates:
    dataset = _plain(path, file, "templates", MOST_VALUES)
    shape = tuple(dataset.shape)
    check_size(path, (*shape[:1], *(shape[1:-2] or (1,)), *shape[:-3:-1]))
    step_ms, cut_ms = (_numbers(path, file, f"info/params/{name}", n) for name, n in (("dt", 1), ("cut_out", 2)))
    ids = kinds = None
    if "celltypes" in file:
        names = _plain(path, file, "celltypes", _SMALL)[()].reshape(-1).tolist()
        kinds = [one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in names]
        ids = [f"{k} {kind}" for k, kind in enumerate(kinds)]
    axes = _axes(path, file)
    contacts = _contacts(path, file, shape[-2])
    locations = _plain(path, file, "locations", MOST_VALUES)[()][..., axes] if "locations" in file else None
    waveforms = np.swapaxes(dataset[()], -1, -2)
    before = round(cut_ms[0] / step_ms[0])
    placed = contacts if contacts is None else contacts[:, axes]
    more = {"locations": locations, "kinds": kinds, "in_uV": True}
    return stored(path, waveforms, 1000 / step_ms[0], before, placed, ids, **more)


def _plain(path: str, file: Any, name: str, most: int) -> Any:
    """Return a dataset that lies in the file itself, and has not too many values."""
    found = file.get(name)
    shape = getattr(found, "shape", None)
    if shape is None or found.size > most or found.file.filename != file.filename:
        raise BadFileError(path, f"a dataset {name} of at most {most} values, in the file", f"{shape}", EXPORT)
    if found.external or found.is_virtual:
        raise BadFileError(path, f"{name} in the file itself", "a link to another file", EXPORT)
    return found


def _numbers(path: str, file: Any, name: str, n: int) -> list[float]:
    """Return the `n` first numbers of a dataset, all of them above 0."""
    found = np.asarray(_plain(path, file, name, _SMALL)[()]).reshape(-1)[:n]
    if found.dtype.kind not in "fiu" or len(found) != n or not np.all((found > 0) & (found < 1e6)):
        raise BadFileError(path, f"{n} numbers above 0 in {name}", f"{found}"[:80], EXPORT)
    values: list[float] = found.astype(np.float64).tolist()
    return values


def _axes(path: str, file: Any) -> list[int]:
    plane = _text(file, "info/electrodes/plane") or "yz"
    if plane not in _PLANES:
        raise BadFileError(path, f"a plane {', '.join(_PLANES)}", plane[:20], EXPORT)
    return _PLANES[plane]


def _text(file: Any, name: str) -> str:
    value = file[name][()] if getattr(file.get(name), "size", 2) == 1 else b""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _contacts(path: str, file: Any, n: int) -> Floats | None:
    """Return where the contacts are, (n, 3), in the file's own coordinates; None where they cannot be told."""
    layout = file.get("info/electrodes")
    if not hasattr(layout, "keys") or _is_sorted(file, layout):
        return None
    across = _axes(path, file)
    if "pos" in layout:
        found = np.asarray(_plain(path, file, "info/electrodes/pos", 3 * MOST_CHANNELS)[()], np.float64)
        found = found.reshape(n, -1)
        flat = found if found.shape[1] == 3 else _in_plane(found, across)
    elif "dim" in layout and "pitch" in layout:
        grid = _grid(path, file, n)
        if grid is None:
            return None
        flat = _in_plane(grid, across)
    else:
        return None
    placed: Floats = flat - flat.mean(axis=0)
    return placed


def _is_sorted(file: Any, layout: Any) -> bool:
    """Return True if contacts are in another order than that of their columns."""
    several = getattr(layout.get("sortlist"), "size", 1) != 1
    return several or _text(file, "info/electrodes/sortlist") not in ("", "null")


def _in_plane(pairs: Array, axes: list[int]) -> Floats:
    """Return points whose two coordinates lie in the plane of the probe."""
    whole = np.zeros((len(pairs), 3))
    whole[:, axes[:2]] = pairs
    return whole


def _grid(path: str, file: Any, n: int) -> Floats | None:
    """Return the contacts of columns, (n, 2); None if they are not as many as the templates have."""
    dims, pitch = (_small(path, file, f"info/electrodes/{name}") for name in ("dim", "pitch"))
    along, across = (float(pitch[0]), float(pitch[-1]))
    lengths = [int(d) for d in dims]
    if len(lengths) == 2:
        lengths = [lengths[0]] * lengths[1]
    elif len(lengths) == 1:
        lengths = lengths * lengths[0]
    if sum(lengths) != n:
        return None
    late = _small(path, file, "info/electrodes/stagger") if "info/electrodes/stagger" in file else np.zeros(1)
    shifts = late if len(late) == len(lengths) > 1 else [late[0] * (k % 2) for k in range(len(lengths))]
    columns = [
        np.column_stack([np.full(length, across * k), np.arange(length) * along + shift])
        for k, (length, shift) in enumerate(zip(lengths, shifts, strict=True))
    ]
    return np.concatenate(columns)


def _small(path: str, file: Any, name: str) -> Floats:
    found = np.asarray(_plain(path, file, name, 64)[()]).reshape(-1)
    if found.dtype.kind not in "fiu" or not len(found) or not np.all(np.abs(found) <= 1e5):
        raise BadFileError(path, f"a few numbers in {name}", f"{found}"[:80], EXPORT)
    return found.astype(np.float64)


register(TemplateFormat("MEArec's .h5", lambda path: path.lower().endswith((".h5", ".hdf5")), _read))
