"""MEArec's files of templates, dataset by dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats.templates import mearec, read_templates
from mockrawio.ground.errors import BadFileError

h5py = pytest.importorskip("h5py")

SHAPES = np.arange(1.0, 25.0).reshape(2, 4, 3)  # cells, contacts, samples
LAYOUT: dict[str, Any] = {"electrodes__dim": np.array([2, 2]), "electrodes__pitch": np.array([20.0, 30.0])}


def made(folder: Path, templates: Any = SHAPES, **changes: Any) -> Path:
    """Write a file as MEArec does, "__" for "/" below info; None leaves a dataset out."""
    known = {"params__dt": 0.05, "params__cut_out": np.array([0.1, 0.05]), **LAYOUT, **changes}
    with h5py.File(folder / "a.h5", "w") as file:
        if templates is not None:
            file["templates"] = templates
        for name, value in known.items():
            place = name.replace("__", "/") if name in ("celltypes", "locations") else f"info/{name.replace('__', '/')}"
            if value is not None:
                file[place] = value
    return folder / "a.h5"


def test_all_of_a_file(tmp_path: Path) -> None:
    """Samples, rate, the sample of the spike, cells, their places and the contacts are read."""
    path = made(tmp_path, celltypes=np.array([b"PC", b"IN"]), locations=np.array([[1.0, 2, 3], [4, 5, 6]]))
    found = read_templates(path)
    np.testing.assert_array_equal(found.waveforms[:, 0], SHAPES.transpose(0, 2, 1))
    assert (found.sampling_rate, found.before, found.in_uV) == (20_000, 2, True)
    assert (found.unit_ids, found.kinds) == (("0 PC", "1 IN"), ("PC", "IN"))
    assert found.locations[:, 0].tolist() == [[2, 3, 1], [5, 6, 4]]  # the plane of y and z is x and y here
    # two columns 30 µm apart of two contacts 20 µm apart, their centre at 0
    assert found.positions.tolist() == [[-15, -10, 0], [-15, 10, 0], [15, -10, 0], [15, 10, 0]]


def test_cells_that_drift(tmp_path: Path) -> None:
    """Steps of a drift are kept."""
    steps = np.stack([SHAPES, 2 * SHAPES], axis=1)
    found = read_templates(made(tmp_path, steps, locations=np.arange(12.0).reshape(2, 2, 3)))
    assert found.waveforms.shape == (2, 2, 3, 4)
    np.testing.assert_array_equal(found.waveforms[:, 1], 2 * SHAPES.transpose(0, 2, 1))
    assert found.locations[1].tolist() == [[7, 8, 6], [10, 11, 9]]
    assert (found.unit_ids, found.kinds) == (("0", "1"), None)


@pytest.mark.parametrize(
    ("plane", "places"),
    [
        ("yz", [[-15, -10, 0], [15, 10, 0]]),
        ("xy", [[-15, -10, 0], [15, 10, 0]]),
        ("xz", [[-15, -10, 0], [15, 10, 0]]),
    ],
)
def test_planes(plane: str, places: list[list[float]], tmp_path: Path) -> None:
    """Contacts lie in a plane of the cells' coordinates, which are x, y and z by it."""
    found = read_templates(made(tmp_path, electrodes__plane=plane, locations=np.array([[1.0, 2, 3], [4, 5, 6]])))
    assert found.positions[[0, 3]].tolist() == places
    first = {"yz": [2, 3, 1], "xy": [1, 2, 3], "xz": [1, 3, 2]}[plane]
    assert found.locations[0, 0].tolist() == first


def test_contacts_that_are_told(tmp_path: Path) -> None:
    """Places of contacts are taken as they are, of three numbers or two, about their centre."""
    pairs = np.array([[0.0, 0], [0, 10], [0, 20], [8, 30]])
    found = read_templates(made(tmp_path, electrodes__pos=pairs)).positions
    assert found.tolist() == [[-2, -15, 0], [-2, -5, 0], [-2, 5, 0], [6, 15, 0]]
    triples = np.array([[1.0, 0, 0], [3, 0, 10], [1, 0, 20], [3, 8, 30]])
    found = read_templates(made(tmp_path, electrodes__pos=triples)).positions
    assert found.tolist() == [[-2, -15, -1], [-2, -5, 1], [-2, 5, -1], [6, 15, 1]]


@pytest.mark.parametrize(
    ("layout", "places"),
    [
        ({"dim": 2, "pitch": 16}, [[-8, -8], [-8, 8], [8, -8], [8, 8]]),
        ({"dim": np.array([4, 1]), "pitch": 10}, [[0, -15], [0, -5], [0, 5], [0, 15]]),
        ({"dim": np.array([1, 4]), "pitch": np.array([10, 4])}, [[-6, 0], [-2, 0], [2, 0], [6, 0]]),
        ({"dim": np.array([1, 2, 1]), "pitch": np.array([10, 4])}, [[-4, -2.5], [0, -2.5], [0, 7.5], [4, -2.5]]),
        ({"dim": np.array([2, 2]), "pitch": np.array([10, 4]), "stagger": 6}, [[-2, -8], [-2, 2], [2, -2], [2, 8]]),
        (
            {"dim": np.array([2, 2]), "pitch": np.array([10, 4]), "stagger": np.array([1, 3])},
            [[-2, -6], [-2, 4], [2, -4], [2, 6]],
        ),
        ({"dim": np.array([2, 3]), "pitch": 10}, None),
        ({"dim": 3, "pitch": 10}, None),
        ({"dim": None, "pitch": 10}, None),
        ({"dim": 2, "pitch": None}, None),
        ({"dim": 2, "pitch": 10, "sortlist": np.array([1, 0])}, None),
        ({"dim": 2, "pitch": 10, "sortlist": "x"}, None),
        ({"dim": 2, "pitch": 10, "sortlist": "null"}, [[-5, -5], [-5, 5], [5, -5], [5, 5]]),
        ({"dim": 2, "pitch": 10, "sortlist": ""}, [[-5, -5], [-5, 5], [5, -5], [5, 5]]),
    ],
)
def test_columns(layout: dict[str, Any], places: Any, tmp_path: Path) -> None:
    """Columns have their lengths, distances and shifts; contacts that are none of such, or sorted, are not known."""
    changes = {f"electrodes__{name}": value for name, value in layout.items()}
    found = read_templates(made(tmp_path, **changes)).positions
    if places is None:
        assert found is None
    else:
        np.testing.assert_allclose(found[:, :2], places, atol=1e-12)
        assert not found[:, 2].any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"templates": None}, "a dataset templates of at most 67108864 values, in the file; found None"),
        ({"params__dt": None}, "a dataset info/params/dt of at most 65536 values"),
        ({"params__dt": 0.0}, "1 numbers above 0 in info/params/dt"),
        ({"params__dt": 1e6}, "1 numbers above 0 in info/params/dt"),
        ({"params__dt": "x"}, "an HDF5 file of MEArec's templates|1 numbers above 0"),
        ({"params__cut_out": np.array([1.0])}, "2 numbers above 0 in info/params/cut_out"),
        ({"params__cut_out": np.array([1.0, -1.0])}, "2 numbers above 0 in info/params/cut_out"),
        ({"electrodes__plane": "zz"}, "a plane yz, xy, xz; found zz"),
        ({"electrodes__plane": 3}, "a plane yz, xy, xz; found 3"),
        ({"electrodes__pitch": np.array([np.nan])}, "a few numbers in info/electrodes/pitch"),
        ({"electrodes__pitch": np.array([1.1e5])}, "a few numbers in info/electrodes/pitch"),
        ({"electrodes__pitch": np.zeros(0)}, "a few numbers in info/electrodes/pitch"),
        ({"electrodes__dim": np.ones(65)}, "a dataset info/electrodes/dim of at most 64 values"),
        ({"celltypes": np.array([b"PC"])}, "2 ids or types of units; found 1"),
        ({"celltypes": np.full((1 << 16) + 1, b"P")}, "a dataset celltypes of at most 65536 values"),
        ({"locations": np.zeros((3, 3))}, "2 locations"),
        ({"templates": np.ones((2, 3))}, "templates"),
        ({"templates": np.zeros((2, 4, 3))}, "a value other than 0"),
    ],
)
def test_files_that_are_refused(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    """What is not there, of another size, or no number that can be, is named."""
    templates = changes.pop("templates", SHAPES)
    with pytest.raises(BadFileError, match=said):
        read_templates(made(tmp_path, templates, **changes))


@pytest.mark.parametrize(
    ("changes", "before"),
    [
        ({"params__dt": np.array([0.05, 7.0])}, 2),
        ({"params__cut_out": np.array([0.124, 9.0, 9.0])}, 2),
        ({"params__cut_out": np.array([0.076, 9.0])}, 2),
        ({"params__dt": 0.999999e6, "params__cut_out": np.array([1.0, 1.0])}, None),
        ({"electrodes__pitch": np.array([1e5])}, 2),
        ({"electrodes__dim": np.ones(64)}, 2),
    ],
)
def test_numbers_that_are_taken(changes: dict[str, Any], before: int | None, tmp_path: Path) -> None:
    """The first numbers count, and a spike is at the nearest sample; limits are taken."""
    if before is None:
        with pytest.raises(BadFileError, match="a sampling rate from 100 Hz"):
            read_templates(made(tmp_path, **changes))
        return
    assert read_templates(made(tmp_path, **changes)).before == before


@pytest.mark.parametrize(("most", "fits"), [(24, True), (23, False)])
def test_how_many_values(most: int, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates of as many values as may be are read."""
    monkeypatch.setattr(mearec, "MOST_VALUES", most)
    if fits:
        assert len(read_templates(made(tmp_path))) == 2
        return
    with pytest.raises(BadFileError, match=r"at most 23 values, in the file; found \(2, 4, 3\)"):
        read_templates(made(tmp_path))


def test_datasets_elsewhere(tmp_path: Path) -> None:
    """A dataset that lies in another file is refused, whatever way it is linked; no file is no HDF5 file."""
    path = made(tmp_path, None)
    with h5py.File(path, "a") as file:
        file.create_dataset("templates", (2, 4, 3), "f8", external=[(str(tmp_path / "raw"), 0, 192)])
    with pytest.raises(BadFileError, match="templates in the file itself; found a link to another file"):
        read_templates(path)
    (tmp_path / "b.hdf5").write_bytes(b"no")
    with pytest.raises(BadFileError, match="an HDF5 file of MEArec's templates"):
        read_templates(tmp_path / "b.hdf5")
