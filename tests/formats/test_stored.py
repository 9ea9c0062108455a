"""Files of templates, array by array: what is taken as it is, what is left out, and where each limit lies."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats.templates import read_templates, template_files, templates_sha256
from mockrawio.formats.templates import stored as stored_module
from mockrawio.formats.templates import zarr as zarr_module
from mockrawio.formats.templates.stored import StoredTemplates, check_size, dense, ids_of, places_um, stored
from mockrawio.ground.errors import BadFileError

PLACE = "a.npz"


def shapes(n: int = 3, samples: int = 4, channels: int = 2) -> np.ndarray:
    """Return templates (units, samples, channels) of the numbers from 1 on."""
    return np.arange(1, n * samples * channels + 1, dtype=np.float32).reshape(n, samples, channels)


@pytest.mark.parametrize(
    ("shape", "itemsize", "fits"),
    [
        ((1, 1, 1, 1), 4, True),
        ((1 << 17, 1, 1, 1), 16, True),
        ((1 << 17, 1, 1, 1), 17, False),
        (((1 << 17) + 1, 1, 1, 1), 4, False),
        ((1, 1 << 17, 1, 1), 4, True),
        ((1, (1 << 17) + 1, 1, 1), 4, False),
        ((1, 1, 1 << 13, 1 << 13), 4, True),
        ((1, 1, (1 << 13) + 1, 1), 4, False),
        ((1, 1, 1, (1 << 13) + 1), 4, False),
        ((2, 1, 1 << 13, 1 << 12), 4, True),
        ((3, 1, 1 << 13, 1 << 12), 4, False),
        ((0, 1, 1, 1), 4, False),
        ((1, 1, 1, 0), 4, False),
        ((2, 3, 4), 4, False),
    ],
)
def test_sizes(shape: tuple[int, ...], itemsize: int, fits: bool) -> None:
    """So many values, units, samples and channels are taken as the limits say, and one more is not."""
    if fits:
        check_size(PLACE, shape, itemsize)
        return
    empty = len(shape) < 4 or not min(shape)
    with pytest.raises(BadFileError, match="none empty" if empty else "Give fewer") as caught:
        check_size(PLACE, shape, itemsize)
    assert "at most 67108864 values, 8192 samples, 8192 channels" in str(caught.value)


def test_all_that_is_known() -> None:
    """Templates that are 0 are left out, with their ids, types and places; others are as they are."""
    values = shapes(4)
    values[1] = 0
    values[3] = 0
    values[3, 2, 1] = -5
    found = stored(
        PLACE,
        values,
        24414.0625,
        3,
        [[1, 2], [3, 4]],
        ["a", "b", "c", "d" * 70],
        locations=np.arange(12).reshape(4, 3),
        kinds=("P", "Q", "R", "S"),
        in_uV=True,
    )
    assert found.waveforms.shape == (3, 1, 4, 2)
    np.testing.assert_array_equal(found.waveforms[:, 0], values[[0, 2, 3]])
    assert found.sampling_rate == Fraction(390625, 16)
    assert (found.before, found.unit_ids, found.kinds) == (3, ("a", "c", "d" * 64), ("P", "R", "S"))
    assert found.positions.tolist() == [[1, 2, 0], [3, 4, 0]]
    assert found.locations.tolist() == [[[0, 1, 2]], [[6, 7, 8]], [[9, 10, 11]]]
    assert (len(found), repr(found), found.to_dict()) == (3, "<3 templates of 1 x 4 samples on 2 channels>", None)


def test_nothing_but_waveforms() -> None:
    """What a file does not say is None, and ids count from 0; cells that drift have steps."""
    found = stored(PLACE, shapes())
    assert (found.sampling_rate, found.before, found.positions, found.locations) == (None, None, None, None)
    assert (found.kinds, found.in_uV, found.unit_ids) == (None, None, ("0", "1", "2"))
    moving = stored(PLACE, shapes()[:, None].repeat(2, 1), locations=np.arange(18).reshape(3, 2, 3))
    assert moving.waveforms.shape == (3, 2, 4, 2)
    assert moving.locations[1].tolist() == [[6, 7, 8], [9, 10, 11]]


def test_what_is_equal() -> None:
    """Templates are equal if every number of theirs is, and nothing else is equal to them."""
    one = stored(PLACE, shapes(), 30_000, 1, [[0, 0], [0, 20]], locations=np.zeros((3, 3)))
    more = {"locations": np.zeros((3, 3))}
    assert one == stored("b", shapes(), 30_000.0, 1, [[0, 0, 0], [0, 20, 0]], **more)
    assert hash(one) == hash(stored("b", shapes(), 30_000.0, 1, [[0, 0], [0, 20]], **more))
    others = [
        stored(PLACE, shapes() + 1, 30_000, 1, [[0, 0], [0, 20]], **more),
        stored(PLACE, shapes(), 30_001, 1, [[0, 0], [0, 20]], **more),
        stored(PLACE, shapes(), 30_000, 2, [[0, 0], [0, 20]], **more),
        stored(PLACE, shapes(), 30_000, 1, [[0, 0], [0, 21]], **more),
        stored(PLACE, shapes(), 30_000, 1, [[0, 0], [0, 20]], "xyz", **more),
        stored(PLACE, shapes(), 30_000, 1, [[0, 0], [0, 20]], locations=np.ones((3, 3))),
        stored(PLACE, shapes(), 30_000, 1, [[0, 0], [0, 20]], in_uV=True, **more),
        stored(PLACE, shapes(), 30_000, 1, [[0, 0], [0, 20]], kinds="abc", **more),
        stored(PLACE, shapes(), 30_000, 1, None, **more),
        stored(PLACE, shapes().reshape(3, 2, 4), 30_000, 1, **more),
    ]
    assert [other == one for other in others] == [False] * len(others)
    assert one != one.sha256
    assert StoredTemplates.__eq__(one, one) is True


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sampling_rate": 100}, None),
        ({"sampling_rate": 1e6}, None),
        ({"sampling_rate": 99.9}, "a sampling rate from 100 Hz to 1 MHz; found 99.9"),
        ({"sampling_rate": 1_000_001}, "a sampling rate from 100 Hz to 1 MHz; found 1000001"),
        ({"sampling_rate": np.inf}, "found inf"),
        ({"sampling_rate": True}, "found True"),
        ({"before": 0}, None),
        ({"before": 4}, "a sample of a spike's time, 0 to 3; found 4"),
        ({"before": -1}, "a sample of a spike's time, 0 to 3; found -1"),
        ({"waveforms": shapes() * 0}, "a template with a value other than 0; found none"),
        ({"waveforms": shapes().astype(complex)}, "templates that are real numbers; found values of type complex128"),
        ({"waveforms": shapes() > 2}, "templates that are real numbers; found values of type bool"),
        ({"waveforms": np.full((1, 1, 1), -1e9)}, None),
        ({"waveforms": np.full((1, 1, 1), -1.001e9)}, "values that are finite, at most 1e[+]09 in size"),
        ({"waveforms": np.full((1, 1, 1), np.nan)}, "found nan"),
        ({"positions": [[0.0, 1e6], [-1e6, 0.0]]}, None),
        ({"positions": [[0.0, 1e6], [-1.1e6, 0.0]]}, "positions of contacts within 1e[+]06 µm; found others"),
        (
            {"positions": [[0.0], [1.0]]},
            r"2 positions of contacts, each two or three numbers; found the shape \(2, 1\)",
        ),
        ({"positions": [[0.0] * 4] * 2}, r"found the shape \(2, 4\), float64"),
        ({"positions": [[0.0, 1.0]]}, r"found the shape \(1, 2\), float64"),
        ({"positions": [["a", "b"]] * 2}, r"found the shape \(2, 2\), <U1"),
        ({"positions": [0.0, 1.0]}, r"found the shape \(2,\), float64"),
        ({"unit_ids": ["a", "b"]}, "3 ids or types of units; found 2"),
        ({"kinds": ["a"] * 4}, "3 ids or types of units; found 4"),
        ({"locations": np.zeros((2, 3))}, r"3 locations, each two or three numbers; found the shape \(2, 3\)"),
    ],
)
def test_what_is_refused(change: dict[str, Any], said: str | None) -> None:
    """Each part is taken up to its limit, and refused beyond it with what was expected and what there is."""
    given = {"waveforms": shapes(), **change}
    if said is None:
        assert len(stored(PLACE, **given))
        return
    with pytest.raises(BadFileError, match=said):
        stored(PLACE, **given)


def test_places() -> None:
    """Points of two numbers lie at 0 in the third axis."""
    assert places_um(PLACE, [[1, 2]], 1, "x").tolist() == [[1, 2, 0]]
    assert places_um(PLACE, [[1, 2, 3.5]], 1, "x").tolist() == [[1, 2, 3.5]]


def test_sparse_templates() -> None:
    """The columns of a sparse template are those of its mask, in order; others are 0."""
    sparse = np.array([[[1, 2], [3, 4]], [[5, 9], [6, 9]]])
    mask = np.array([[False, True, True], [True, False, False]])
    assert dense(PLACE, sparse, mask).tolist() == [[[0, 1, 2], [0, 3, 4]], [[5, 0, 0], [6, 0, 0]]]
    for wrong in (mask[0], mask.astype(int), mask[:1]):
        with pytest.raises(BadFileError, match=r"a sparsity_mask \(units, channels\)"):
            dense(PLACE, sparse, wrong)
    with pytest.raises(BadFileError, match=r"a sparsity_mask \(units, channels\)"):
        dense(PLACE, sparse[0], mask)
    with pytest.raises(BadFileError, match=r"as many channels as the mask has; found \(2, 2, 1\)"):
        dense(PLACE, sparse[:, :, :1], mask)
    with pytest.raises(BadFileError, match="Give fewer"):
        dense(PLACE, sparse, np.zeros((2, 8193), bool))


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (np.array([3, -1]), ["3", "-1"]),
        (np.array([[3], [4]], "u1"), ["3", "4"]),
        (np.array([b"a", b"\xff"]), ["a", "\ufffd"]),
        (np.array(["a", "Straße"], "<U6"), ["a", "Straße"]),
        (np.array(["a", "Straße"], ">U6"), ["a", "Straße"]),
    ],
)
def test_ids(ids: np.ndarray, found: list[str]) -> None:
    """Ids are numbers or text of any kind."""
    assert ids_of(PLACE, ids) == found


def test_ids_that_are_none() -> None:
    """Other types, too many, and text that is none are refused."""
    for wrong in (np.array([1.0]), np.zeros((1 << 17) + 1, "u1")):
        with pytest.raises(BadFileError, match="ids of units"):
            ids_of(PLACE, wrong)
    assert len(ids_of(PLACE, np.zeros(1 << 17, "u1"))) == 1 << 17
    broken = np.array([0x110000], "<u4").view("<U1")
    with pytest.raises(BadFileError, match="ids of units"):
        ids_of(PLACE, broken)


# -- the files ----------------------------------------------------------------------------------


def test_npz(tmp_path: Path) -> None:
    """All arrays of an .npz are read by their names, of several values none; µV unless it says otherwise."""
    known = {
        "templates_array": shapes(),
        "sampling_frequency": np.array([25_000.0]),
        "nbefore": np.array(2),
        "channel_locations": np.array([[0, 0], [0, 20]]),
        "unit_ids": np.array([7, 8, 9]),
        "is_in_uV": np.array(False),
        "unit_locations": np.arange(9).reshape(3, 3),
    }
    np.savez(tmp_path / "a.NPZ", **known, other=np.zeros(3))
    Path(f"{tmp_path}/a.NPZ.npz").rename(tmp_path / "a.NPZ")
    found = read_templates(tmp_path / "a.NPZ")
    assert (found.sampling_rate, found.before, found.in_uV, found.unit_ids) == (25_000, 2, False, ("7", "8", "9"))
    assert found.locations[2].tolist() == [[6, 7, 8]]
    mask = np.array([[True, False, True]] * 3)
    odd = {"nbefore": np.array(2.0), "sampling_frequency": np.array([1e4, 1e4]), "sparsity_mask": mask}
    np.savez(tmp_path / "b.npz", templates_array=shapes(), **odd)
    found = read_templates(tmp_path / "b.npz")
    assert (found.sampling_rate, found.before, found.in_uV) == (None, None, True)
    assert found.waveforms[0, 0].tolist() == [[1, 0, 2], [3, 0, 4], [5, 0, 6], [7, 0, 8]]
    np.savez(tmp_path / "c.npz", other=np.zeros(3))
    with pytest.raises(BadFileError, match="an array templates_array; found nothing"):
        read_templates(tmp_path / "c.npz")


@pytest.mark.parametrize("steps", [False, True])
def test_npy(steps: bool, tmp_path: Path) -> None:
    """An array alone is templates, of three axes or four."""
    values = shapes()[:, None] if steps else shapes()
    np.save(tmp_path / "a.npy", values)
    assert read_templates(tmp_path / "a.npy").waveforms.tolist() == shapes()[:, None].tolist()


def zarr(folder: Path, name: str, array: np.ndarray, chunks: list[int], **about: Any) -> None:
    """Write an array of zarr 2, its chunks as they are."""
    (folder / name).mkdir(parents=True)
    order, between = about.get("order", "C"), about.get("dimension_separator", ".")
    said = {"zarr_format": 2, "dtype": array.dtype.str, "shape": list(array.shape), "chunks": chunks, "order": order}
    said |= {"filters": None, "compressor": None, "fill_value": 0, **about}
    (folder / name / ".zarray").write_text(json.dumps(said))
    for index in np.ndindex(*(-(-n // c) for n, c in zip(array.shape, chunks, strict=True))):
        whole = np.zeros(chunks, array.dtype)
        part = array[tuple(slice(k * c, (k + 1) * c) for k, c in zip(index, chunks, strict=True))]
        whole[tuple(slice(0, n) for n in part.shape)] = part
        path = folder / name / between.join(map(str, index))
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(whole.tobytes(order))


def zarr_folder(folder: Path, about: dict[str, Any], **how: Any) -> Path:
    zarr(folder, "templates_array", shapes(), how.pop("chunks", [2, 3, 2]), **how)
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (folder / ".zattrs").write_text(json.dumps(about))
    return folder


@pytest.mark.parametrize(
    "how", [{}, {"order": "F"}, {"chunks": [1, 1, 1]}, {"chunks": [3, 4, 2]}, {"dimension_separator": "/"}]
)
def test_zarr(how: dict[str, Any], tmp_path: Path) -> None:
    """Chunks of any size and order are put together; attributes and arrays beside them are read."""
    folder = zarr_folder(tmp_path / "a", {"sampling_frequency": 25_000, "nbefore": 1, "is_scaled": False}, **how)
    for axis, values in (("x", [1.0, 2.0]), ("y", [3.0, 4.0]), ("z", [5.0, 6.0])):
        zarr(folder, f"probe/{axis}", np.array(values), [2])
    zarr(folder, "unit_ids", np.array(["a", "b", "c"]), [2])
    found = read_templates(folder)
    np.testing.assert_array_equal(found.waveforms[:, 0], shapes())
    assert (found.sampling_rate, found.before, found.in_uV, found.unit_ids) == (25_000, 1, False, ("a", "b", "c"))
    assert found.positions.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert len(template_files(folder)) == len([path for path in folder.rglob("*") if path.is_file()])


def test_zarr_of_little(tmp_path: Path) -> None:
    """A chunk that is not there is 0; one axis is no place; what is no whole number is no sample; µV by default."""
    folder = zarr_folder(tmp_path / "a", {"nbefore": 1.0})
    (folder / "templates_array" / "1.1.0").unlink()
    zarr(folder, "probe/x", np.array([1.0, 2.0]), [2])
    found = read_templates(folder)
    assert (found.positions, found.before, found.in_uV, found.unit_ids) == (None, None, True, ("0", "1", "2"))
    wanted = shapes()
    wanted[2:, 3:] = 0
    np.testing.assert_array_equal(found.waveforms[:, 0], wanted)
    sparse = zarr_folder(tmp_path / "b", {"is_in_uV": False, "is_scaled": True})
    zarr(sparse, "sparsity_mask", np.array([[True, False, True]] * 3), [3, 3])
    found = read_templates(sparse)
    assert found.in_uV is False
    assert found.waveforms[0, 0].tolist() == [[1, 0, 2], [3, 0, 4], [5, 0, 6], [7, 0, 8]]


@pytest.mark.parametrize(
    "about",
    [
        {"zarr_format": 3},
        {"filters": []},
        {"dtype": 3},
        {"dtype": "|V3"},
        {"shape": [3, 4, -2]},
        {"shape": "342"},
        {"shape": 3},
        {"chunks": None},
        {"order": "A"},
        {"chunks": [2, 3]},
        {"chunks": [0, 3, 2]},
        {"chunks": [4, 3, 2]},
        {"chunks": [2, 3, 3]},
        {"fill_value": 1},
        {"compressor": {"id": "zlib"}},
        {"compressor": "pickle"},
        {"dtype": "<f8"},  # and so chunks of another length
    ],
)
def test_zarr_that_is_refused(about: dict[str, Any], tmp_path: Path) -> None:
    """Other formats, types, shapes, chunks, fillings and packings are refused."""
    folder = zarr_folder(tmp_path / "a", {})
    place = folder / "templates_array" / ".zarray"
    place.write_text(json.dumps({**json.loads(place.read_text()), **about}))
    with pytest.raises(BadFileError):
        read_templates(folder)


@pytest.mark.parametrize("fill", [None, 0, 0.0, False, ""])
def test_fillings_of_zarr(fill: Any, tmp_path: Path) -> None:
    """Nothing, 0, false and an empty text are 0."""
    assert len(read_templates(zarr_folder(tmp_path / "a", {}, fill_value=fill))) == 3


def phy(folder: Path, templates: np.ndarray, **arrays: np.ndarray) -> Path:
    folder.mkdir()
    for name, array in {"templates": templates, **arrays}.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def test_phy(tmp_path: Path) -> None:
    """Templates of a folder for phy are those of all channels, without whitening where that is told."""
    mixing = np.array([[1.0, 2.0], [0.0, 1.0]])
    folder = phy(tmp_path / "a", shapes(), whitening_mat_inv=mixing, channel_positions=np.array([[0.0, 1], [2, 3]]))
    found = read_templates(folder)
    np.testing.assert_allclose(found.waveforms[:, 0], shapes() @ mixing)
    assert found.positions.tolist() == [[0, 1, 0], [2, 3, 0]]
    assert (found.sampling_rate, found.in_uV, found.before) == (None, None, None)
    listed = np.array([[2, 0], [1, -1], [0, 1]])
    for k, name in enumerate(("template_ind", "templates_ind")):
        some = phy(tmp_path / f"b{k}", shapes(), channel_map=np.arange(3), **{name: listed})
        values = read_templates(some).waveforms[:, 0, 0]
        assert values.tolist() == [[2, 0, 1], [0, 9, 0], [17, 18, 0]]


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ("sample_rate = 30000.", 30_000),
        ("sample_rate=24414.0625", Fraction(390625, 16)),
        ("sample_rate = 123456789", None),
        ("sample_rate = 1234567890", None),
        ("x = 1\nsample_rate  =  2e4", None),
        ("#sample_rate = 20000", None),
        ("a = 1\nsample_rate = 20000  \nsample_rate = 1", 20_000),
    ],
)
def test_rates_of_phy(line: str, rate: Any, tmp_path: Path) -> None:
    """The rate is read as text where a line says it, in digits."""
    folder = phy(tmp_path / "a", shapes())
    (folder / "params.py").write_text(line)
    if line.endswith("123456789"):
        with pytest.raises(BadFileError, match="from 100 Hz to 1 MHz; found 123456789"):
            read_templates(folder)
        return
    assert read_templates(folder).sampling_rate == rate


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"whitening_mat_inv": np.eye(3)}, r"the shape \(2, 2\); found \(3, 3\)"),
        ({"whitening_mat_inv": np.eye(2, dtype=int)}, r"the shape \(2, 2\); found \(2, 2\)"),
        ({"templates_ind": np.zeros((3, 2), int)}, "channel_map.npy beside the channels of each template; found none"),
        (
            {"templates_ind": np.zeros((3, 2), int), "channel_map": np.arange(3)},
            "each channel once in a template; found one twice",
        ),
        ({"templates_ind": np.full((3, 2), -1), "channel_map": np.arange(3)}, "a value other than 0"),
        (
            {"templates_ind": np.array([[0, 3]] * 3), "channel_map": np.arange(3)},
            "channels 0 to 2, or -1 for none; found 0 to 3",
        ),
        (
            {"templates_ind": np.array([[0, -2]] * 3), "channel_map": np.arange(3)},
            "channels 0 to 2, or -1 for none; found -2 to 0",
        ),
        (
            {"templates_ind": np.zeros((3, 3), int), "channel_map": np.arange(3)},
            r"the shape \(3, 2\), of templates.npy; found \(3, 3\)",
        ),
    ],
)
def test_phy_that_is_refused(arrays: dict[str, np.ndarray], said: str, tmp_path: Path) -> None:
    """Arrays of other shapes, and channels that are not there or twice, are refused."""
    with pytest.raises(BadFileError, match=said):
        read_templates(phy(tmp_path / "a", shapes(), **arrays))


@pytest.mark.parametrize("kind", ["npy", "steps", "npz", "zarr", "phy"])
def test_how_many_values(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates of as many values as may be are read, whatever their axes, and of one more refused."""
    values = shapes(2, 4, 3)
    if kind == "zarr":
        zarr(tmp_path / "a", "templates_array", values, [1, 4, 3])
        (tmp_path / "a" / ".zgroup").write_text("{}")
        (tmp_path / "a" / ".zattrs").write_text("{}")
    elif kind == "phy":
        phy(tmp_path / "a", values, channel_map=np.arange(3))
    elif kind == "npz":
        np.savez(tmp_path / "a.npz", templates_array=values)
    else:
        np.save(tmp_path / "a.npy", values[:, None] if kind == "steps" else values)
    path = next(iter(tmp_path.iterdir()))
    monkeypatch.setattr(stored_module, "MOST_VALUES", 24)
    assert len(read_templates(path)) == 2
    monkeypatch.setattr(stored_module, "MOST_VALUES", 23)
    with pytest.raises(BadFileError, match=r"at most 23 values.*found the shape \(2, 1, 4, 3\)\. Give fewer"):
        read_templates(path)


@pytest.mark.parametrize(("limit", "most"), [("_MOST_BYTES", 96), ("_MOST_FILES", 5)])
def test_how_much_of_zarr(limit: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array of as many bytes, and a folder of as many files, as may be is read."""
    folder = zarr_folder(tmp_path / "a", {}, chunks=[3, 2, 2])
    monkeypatch.setattr(zarr_module, limit, most)
    assert (len(template_files(folder)), len(read_templates(folder))) == (5, 3)
    monkeypatch.setattr(zarr_module, limit, most - 1)
    with pytest.raises(BadFileError, match=f"at most {most - 1}"):
        read_templates(folder)
        template_files(folder)


def test_large_chunks_of_zarr(tmp_path: Path) -> None:
    """A chunk is read as a whole."""
    folder = tmp_path / "a"
    zarr(folder, "templates_array", shapes(3, 4000, 2), [3, 4000, 2])
    (folder / ".zgroup").write_text("{}")
    (folder / ".zattrs").write_text("{}")
    np.testing.assert_array_equal(read_templates(folder).waveforms[:, 0], shapes(3, 4000, 2))


def test_sha256_of_files(tmp_path: Path) -> None:
    """A file's is its own, a folder's that of a line for each of its files."""
    np.save(tmp_path / "a.npy", shapes())
    data = (tmp_path / "a.npy").read_bytes()
    assert templates_sha256(tmp_path / "a.npy") == hashlib.sha256(data).hexdigest()
    folder = phy(tmp_path / "b", shapes(), channel_map=np.arange(2))
    names = ("channel_map.npy", "templates.npy")
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    assert templates_sha256(folder) == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_limits_of_files(tmp_path: Path) -> None:
    """An array of zarr has 512 MiB at most, one of an .npz a MiB more for its header; a folder 131,072 files."""
    folder = zarr_folder(tmp_path / "a", {})
    place = folder / "templates_array" / ".zarray"
    large = {"dtype": "<f8", "shape": [8192, 8192, 2], "chunks": [8192, 8192, 2]}
    place.write_text(json.dumps({**json.loads(place.read_text()), **large}))
    with pytest.raises(BadFileError, match="at most 536870912 bytes, in chunks"):
        read_templates(folder)
    np.savez(tmp_path / "a.npz", templates_array=shapes())
    data = bytearray((tmp_path / "a.npz").read_bytes())
    entry = data.index(b"PK\x01\x02")
    for size, fits in ((537_919_489, False), (537_919_488, True)):
        data[entry + 24 : entry + 28] = size.to_bytes(4, "little")
        (tmp_path / "a.npz").write_bytes(data)
        if fits:
            assert len(read_templates(tmp_path / "a.npz")) == 3
            continue
        with pytest.raises(BadFileError, match="at most 537919488 bytes in templates_array"):
            read_templates(tmp_path / "a.npz")
    assert zarr_module._MOST_FILES == 131_072
