"""NumPy's ``.npz``, with the names of the fields of SpikeInterface's ``Templates``.

It has ``templates_array`` (units, samples, channels), ``sampling_frequency``, ``nbefore`` and ``channel_locations``;
``unit_ids``, ``is_in_uV``, ``sparsity_mask`` and ``unit_locations`` where they are known.
"""

from __future__ import annotations

import struct
import zipfile
import zlib

from ...ground.arrays import Array
from ...ground.errors import BadFileError, unreadable
from ...ground.regular import only_regular
from ..npy import held_array
from . import TemplateFormat, register
from .stored import MOST_VALUES, StoredTemplates, dense, ids_of, stored

_NAMES = (
    "templates_array",
    "sampling_frequency",
    "nbefore",
    "channel_locations",
    "unit_ids",
    "is_in_uV",
    "sparsity_mask",
    "unit_locations",
)
_MOST_BYTES = MOST_VALUES * 8 + (1 << 20)
_SAVE = "Save templates_array, sampling_frequency, nbefore and channel_locations in it with numpy.savez."


def _read(path: str) -> StoredTemplates:
    found = _members(path)
    if "templates_array" not in found:
        raise BadFileError(path, "an array templates_array", ", ".join(found)[:80] or "nothing", _SAVE)
    array = found["templates_array"]
    if "sparsity_mask" in found:
        array = dense(path, array, found["sparsity_mask"])
    one = {
        name: found[name].reshape(-1)[0].item()
        for name in ("sampling_frequency", "nbefore", "is_in_uV")
        if _one(found, name)
    }
    before, ids = one.get("nbefore"), found.get("unit_ids")
    return stored(
        path,
        array,
        one.get("sampling_frequency"),
        before if isinstance(before, int) else None,
        found.get("channel_locations"),
        None if ids is None else ids_of(path, ids),
        locations=found.get("unit_locations"),
        in_uV=bool(one.get("is_in_uV", True)),
    )


def _one(found: dict[str, Array], name: str) -> bool:
    return name in found and found[name].size == 1 and found[name].dtype.kind in "fiub"


def _members(path: str) -> dict[str, Array]:
    """Return the arrays of the file that have a name of ours."""
    try:
        with open(path, "rb", opener=only_regular) as file, zipfile.ZipFile(file) as archive:
            there = [name for name in _NAMES if f"{name}.npy" in archive.namelist()]
            return {name: _member(path, archive, name) for name in there}
    except OSError as error:
        raise unreadable(path, error) from None
    # What zipfile raises of a broken one, of a packing it does not know, and of one with a password.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
        raise BadFileError(path, "an .npz of plain arrays", str(error) or type(error).__name__, _SAVE) from None


def _member(path: str, archive: zipfile.ZipFile, name: str) -> Array:
    long = archive.getinfo(f"{name}.npy").file_size
    if long > _MOST_BYTES:
        raise BadFileError(path, f"at most {_MOST_BYTES} bytes in {name}", f"{long}", "Give fewer templates.")
    with archive.open(f"{name}.npy") as member:
        data = member.read(long)
    return held_array(f"{path}: {name}", data)


register(TemplateFormat(".npz", lambda path: path.lower().endswith(".npz"), _read))
