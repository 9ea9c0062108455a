"""Files of templates that are not what they should be: each is refused with our error, and nothing else happens."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from mockrawio.formats.templates import StoredTemplates, read_templates, templates_sha256
from mockrawio.ground.errors import BadFileError, MockSessionError
from tests.generate.units import template_files as files

FOLDERS = {"zarr": "spikeinterface", "phy": "numpy"}


def zarr_of(place, name="templates_array", **changes):
    """Change what the metadata of an array of a zarr folder says."""
    pytest.importorskip("spikeinterface")
    folder = files.zarr(place).path
    path = folder / name / ".zarray"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return folder


def npz_of(place, **changes):
    """Write an .npz with other arrays; None leaves one out."""
    with np.load(files.npz(place).path) as whole:
        arrays = {name: value for name, value in {**whole, **changes}.items() if value is not None}
    np.savez(place / "b.npz", **arrays)
    return place / "b.npz"


def h5_of(place, **changes):
    """Write a file as MEArec's with other datasets; None leaves one out."""
    h5py = pytest.importorskip("h5py")
    path = files.mearec(place).path
    with h5py.File(path, "a") as file:
        for name, value in changes.items():
            del file[name.replace("__", "/")]
            if value is not None:
                file[name.replace("__", "/")] = value
    return path


def phy_of(place, **changes):
    """Write a folder for phy with other arrays; None leaves one out."""
    folder = files.phy(place).path
    for name, value in changes.items():
        os.remove(folder / f"{name}.npy")
        if value is not None:
            np.save(folder / f"{name}.npy", value)
    return folder


def array_of(place, array):
    """Write an array."""
    np.save(place / "c.npy", array)
    return place / "c.npy"


def bomb(place):
    """Write an .npz that says to become more than may be."""
    path = npz_of(place)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")  # of the first array, templates_array
    data[entry + 24 : entry + 28] = b"\xfe\xff\xff\xff"
    path.write_bytes(data)
    return path


def text(place, name):
    """Write a text by a name."""
    (place / name).write_text("no templates")
    return place / name


def linked(place):
    """Write a file as MEArec's whose templates lie in another one."""
    h5py = pytest.importorskip("h5py")
    path = files.mearec(place).path
    with h5py.File(place / "other.h5", "w") as other:
        other["templates"] = np.ones((2, 12, 50))
    with h5py.File(path, "a") as file:
        del file["templates"]
        file["templates"] = h5py.ExternalLink(str(place / "other.h5"), "/templates")
    return path


HOSTILE = {
    "nothing": lambda p: p / "nothing.npz",
    "a folder that is none": lambda p: p,
    "text as npz": lambda p: text(p, "a.npz"),
    "text as npy": lambda p: text(p, "a.npy"),
    "text as h5": lambda p: text(p, "a.h5"),
    "objects": lambda p: npz_of(p, templates_array=np.array([{}, None], object)),
    "no array": lambda p: npz_of(p, templates_array=None),
    "one axis": lambda p: npz_of(p, templates_array=np.ones(5)),
    "none": lambda p: npz_of(p, templates_array=np.ones((0, 5, 12))),
    "text": lambda p: npz_of(p, templates_array=np.full((2, 5, 12), "a")),
    "nan": lambda p: npz_of(p, templates_array=np.full((2, 90, 12), np.nan)),
    "silence": lambda p: npz_of(p, templates_array=np.zeros((2, 90, 12))),
    "no rate": lambda p: npz_of(p, sampling_frequency=np.array(np.nan)),
    "a time beyond": lambda p: npz_of(p, nbefore=np.array(10**9)),
    "too few positions": lambda p: npz_of(p, channel_locations=np.zeros((3, 2))),
    "positions nowhere": lambda p: npz_of(p, channel_locations=np.full((12, 2), np.inf)),
    "too few ids": lambda p: npz_of(p, unit_ids=np.arange(3)),
    "another mask": lambda p: npz_of(p, sparsity_mask=np.ones((2, 9), bool)),
    "a bomb": bomb,
    "too many": lambda p: Path(np.lib.format.open_memmap(p / "d.npy", "w+", "i1", (1 << 15, 1 << 12, 1)).filename),
    "a matrix": lambda p: array_of(p, np.ones((3, 4))),
    "a filter": lambda p: zarr_of(p, filters=[{"id": "pickle"}]),
    "objects in zarr": lambda p: zarr_of(p, dtype="|O"),
    "a packer": lambda p: zarr_of(p, compressor={"id": "pickle"}),
    "a shape": lambda p: zarr_of(p, shape=[1 << 40, 1 << 20, 16]),
    "chunks": lambda p: zarr_of(p, chunks=[1 << 30, 1 << 20, 16]),
    "chunks of nothing": lambda p: zarr_of(p, chunks=[0, 0, 0]),
    "another length": lambda p: zarr_of(p, chunks=[2, 90, 12]),
    "format 3": lambda p: zarr_of(p, zarr_format=3),
    "ids": lambda p: zarr_of(p, "unit_ids", shape=[3], chunks=[3]),
    "another file's": linked,
    "no step": lambda p: h5_of(p, info__params__dt=None),
    "no time": lambda p: h5_of(p, info__params__dt=0.0),
    "words": lambda p: h5_of(p, info__params__cut_out="null"),
    "a plane": lambda p: h5_of(p, info__electrodes__plane="\x1b[2J"),
    "a grid": lambda p: h5_of(p, info__electrodes__dim=np.full(100, 10)),
    "no pitch": lambda p: h5_of(p, info__electrodes__pitch=np.array([np.nan])),
    "templates as a group": lambda p: h5_of(p, templates=None),
    "scalar templates": lambda p: h5_of(p, templates=3.0),
    "locations": lambda p: h5_of(p, locations=np.zeros((9, 3))),
    "no map": lambda p: phy_of(p, channel_map=None),
    "channels far off": lambda p: phy_of(p, templates_ind=np.full((4, 12), 60_000)),
    "whitening": lambda p: phy_of(p, whitening_mat_inv=np.eye(3)),
    "a wide map": lambda p: phy_of(p, channel_map=np.arange(1 << 16)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_file_of_templates_is_refused(tmp_path, name):
    """Each is a BadFileError that can be shown; none is unpickled, followed elsewhere, or given much memory."""
    path = HOSTILE[name](tmp_path)
    with pytest.raises(BadFileError) as error:
        read_templates(path)
    assert str(error.value).isprintable() and len(str(error.value)) < 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["npz", "npy", "zarr", "phy"])
def test_changed_bytes_are_refused_or_read(tmp_path, name):
    """A file with bytes changed, or cut off, is refused with our error, or is templates."""
    pytest.importorskip("spikeinterface" if name == "zarr" else "numpy")
    whole = files.STILL[name](tmp_path).path
    parts = [whole] if whole.is_file() else sorted(path for path in whole.rglob("*") if path.is_file())
    draws, outcomes = np.random.default_rng(1), set()
    for k in range(60):
        path = parts[int(draws.integers(len(parts)))]
        data = path.read_bytes()
        changed = bytearray(data)
        for at in draws.integers(0, min(len(data), 200 if k % 2 else len(data)), 3).tolist():
            changed[at] = int(draws.integers(256))
        path.write_bytes(changed[: int(draws.integers(len(data)))] if k % 5 == 0 else changed)
        try:
            found = read_templates(whole)
            assert isinstance(found, StoredTemplates) and np.isfinite(found.waveforms).all()
            outcomes.add("read")
        except MockSessionError as error:
            assert str(error).isprintable()
            outcomes.add("refused")
        path.write_bytes(data)
    assert outcomes == ({"refused"} if name == "npz" else {"read", "refused"})  # which has sums of its own


@pytest.mark.parametrize("name", FOLDERS)
def test_the_sha256_of_a_folder_is_that_of_what_is_read(tmp_path, name):
    """It is that of the lines of sha256sum; a change of what is read changes it, that of another file does not."""
    pytest.importorskip(FOLDERS[name])
    folder = files.STILL[name](tmp_path).path
    before = templates_sha256(folder)
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert templates_sha256(moved) == before
    if name == "phy":
        (moved / "spike_times.npy").write_bytes(b"any")
        assert templates_sha256(moved) == before
    one = sorted(path for path in Path(moved).rglob("*") if path.is_file() and path.name != "spike_times.npy")[0]
    one.write_bytes(one.read_bytes() + b" ")
    assert templates_sha256(moved) != before


def test_positions_of_mearec_are_where_its_own_library_has_them(tmp_path):
    """Columns that are staggered, of different lengths, or a square, are centred as MEAutility 1.5 does."""
    h5py = pytest.importorskip("h5py")
    poly = {"dim": np.array([10, 12, 10]), "pitch": np.array([25.0, 18.0]), "stagger": -12.5}
    diamond = {"dim": np.array([1, 2, 1]), "pitch": np.array([32, 16]), "stagger": -16}
    square = {"dim": 2, "pitch": 16, "plane": "xy"}
    for layout, k, expected in (
        (poly, [8, 9, 10], [[-18, 82.8125], [-18, 107.8125], [0, -129.6875]]),
        (diamond, [0, 1, 2, 3], [[-16, 0], [0, -16], [0, 16], [16, 0]]),
        (square, [0, 1, 2, 3], [[-8, -8], [-8, 8], [8, -8], [8, 8]]),
    ):
        path = tmp_path / "a.h5"
        with h5py.File(path, "w") as file:
            n = int(np.sum(layout["dim"])) if np.ndim(layout["dim"]) else 4
            file["templates"], file["info/params/dt"] = np.ones((1, n, 30)), 0.03125
            file["info/params/cut_out"] = np.array([0.5, 0.5])
            for name, value in layout.items():
                file[f"info/electrodes/{name}"] = value
        found = read_templates(path)
        assert found.positions[k, :2].tolist() == expected and not found.positions[:, 2].any()
        assert (found.sampling_rate, found.before) == (32_000, 16)


@pytest.mark.parametrize("missing", ["dim", "pitch"])
def test_a_layout_of_mearec_that_is_not_whole(missing, tmp_path):
    """Without the number of contacts or their distance nobody knows where they are; the templates are read."""
    found = read_templates(h5_of(tmp_path, **{f"info__electrodes__{missing}": None}))
    assert found.positions is None
    assert len(found.waveforms)
