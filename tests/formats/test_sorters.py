"""What sorters' folders hold, array by array: phy, KiloSort and JRCLUST."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio.formats.firings import load_firings
from mockrawio.formats.sorters import formats, infer_output_type, load_sorting, load_templates
from mockrawio.formats.sorters.jrclust import load_jrc_binary
from mockrawio.formats.sorters.phy import channel_map
from mockrawio.formats.sorters.sorting import Sorting, check_least, check_times, whole_numbers
from mockrawio.ground.errors import BadFileError, MockSessionError

TIMES, TEMPLATES, CLUSTERS = np.array([1, 5, 5, 9]), np.array([0, 2, 1, 0]), np.array([0, 3, 1, 0])


def phy(folder: Path, times: Any = TIMES, templates: Any = TEMPLATES, clusters: Any = CLUSTERS, **more: Any) -> Path:
    """Write a folder for phy."""
    folder.mkdir(exist_ok=True)
    names = {"spike_times": times, "spike_templates": templates, "spike_clusters": clusters, **more}
    for name, array in names.items():
        np.save(folder / f"{name}.npy", np.asarray(array))
    return folder


def mat(path: Path, **arrays: Any) -> Path:
    """Write a file as MATLAB does, with the axes in its order; "__" stands for a group."""
    h5py = pytest.importorskip("h5py")
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = np.asarray(array).T
    return path.parent


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize(("base", "found"), [(0, [1, 5, 5, 9]), (1, [0, 4, 4, 8]), (None, [0, 4, 4, 8])])
def test_phy(base: int | None, found: list[int], column: bool, tmp_path: Path, caplog: Any) -> None:
    """Times count from 0 by the base, or from 1 where no time is 0, which is said; clusters are one more."""
    arrays = (one[:, None] if column else one for one in (TIMES, TEMPLATES.astype("u4"), CLUSTERS.astype("i4")))
    with caplog.at_level(logging.WARNING):
        sorting = load_sorting(phy(tmp_path / "a", *arrays), phy_base=base)
    assert (sorting.timestep.tolist(), sorting.cluster.tolist()) == (found, [1, 4, 2, 1])
    assert (sorting.template.tolist(), sorting.channel_index) == ([0, 2, 1, 0], None)
    assert (sorting.kind, sorting.phy_base) == ("phy", 1 if base is None else base)
    said = [record.getMessage() for record in caplog.records]
    assert bool(said) is (base is None)
    assert all(one.startswith(f"{tmp_path / 'a' / 'spike_times.npy'}: ") for one in said)
    assert all("the earliest time is 1, so samples are counted from 1 (a guess: give phy_base" in one for one in said)
    assert (sorting.units.tolist(), sorting.times_of(1).tolist()) == ([1, 2, 4], [found[0], found[3]])
    assert (len(sorting), sorting.in_files(4), sorting.times_of(9).tolist()) == (4, 3, [])
    for array in (sorting.timestep, sorting.cluster, sorting.template):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_phy_that_counts_from_0(tmp_path: Path, caplog: Any) -> None:
    """Where a time is 0 samples count from 0, which is no guess; without a spike nothing need be told."""
    with caplog.at_level(logging.WARNING):
        assert load_sorting(phy(tmp_path / "a", TIMES - 1)).timestep.tolist() == [0, 4, 4, 8]
    assert caplog.records[0].getMessage().endswith("the earliest time is 0, so samples are counted from 0")
    caplog.clear()
    none = np.zeros(0, int)
    with caplog.at_level(logging.WARNING):
        sorting = load_sorting(phy(tmp_path / "b", none, none, none))
    assert (len(sorting), sorting.phy_base, caplog.records) == (0, None, [])
    assert load_sorting(phy(tmp_path / "b", none, none, none), phy_base=1).phy_base == 1


def test_phy_of_spikeinterface(tmp_path: Path, caplog: Any) -> None:
    """An export of SpikeInterface counts from 0, and its templates are those of units with spikes, in order."""
    folder = phy(tmp_path / "a", templates=[3, 7, 5, 3])
    for name in ("cluster_si_unit_ids.tsv", "channel_map_si.npy"):
        (folder / name).touch()
    assert load_sorting(folder, phy_base=0).template.tolist() == [3, 7, 5, 3]
    (folder / "params.py").touch()
    with caplog.at_level(logging.WARNING):
        sorting = load_sorting(folder)
    assert (sorting.template.tolist(), sorting.timestep.tolist(), sorting.phy_base) == ([0, 2, 1, 0], TIMES.tolist(), 0)
    assert not caplog.records


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"times": [1, 5, 4, 9]}, "times in ascending order; found event 2 before event 1"),
        ({"times": [-1, 5, 5, 9], "phy_base": 0}, "no time before the first sample; found -1, counted from 0. Export"),
        ({"times": [0, 5, 5, 9], "phy_base": 1}, "found -1, counted from 0. Give phy_base=0 if the file counts"),
        ({"times": [-2, 5, 5, 9], "phy_base": 1}, "found -3, counted from 0. Export"),
        ({"times": [1, 5, 5]}, "as many times as labels; found 3 in spike_times.npy, 4 in spike_templates.npy, 4 in"),
        ({"times": [1.0, 5.5, 6, 9]}, "whole numbers in the array; found float64, some of them not whole"),
        ({"templates": [0, -1, 0, 0]}, "templates of 0 or more; found -1 at event 1"),
        ({"clusters": [0, 0, -2, -1]}, "clusters of 0 or more; found -2 at event 2"),
    ],
)
def test_phy_that_is_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Arrays of other lengths or numbers are refused, with the first event that is not in order."""
    base = change.pop("phy_base", None)
    with pytest.raises(BadFileError) as caught:
        load_sorting(phy(tmp_path / "a", **change), phy_base=base)
    assert said in str(caught.value)
    name = next(iter(change)) if "whole" not in said else "times"
    assert str(caught.value).startswith(f"{tmp_path / 'a' / f'spike_{name}.npy'}: ")


@pytest.mark.parametrize("wrong", [2, -1, "1"])
def test_bases(wrong: Any, tmp_path: Path) -> None:
    """A base is 0 or 1."""
    with pytest.raises(MockSessionError, match="0, 1, or None to infer it"):
        load_sorting(phy(tmp_path / "a"), phy_base=wrong)


@pytest.mark.parametrize(
    ("values", "fits"),
    [
        ([1, 2], True),
        (np.array([1, 2], "u1"), True),
        ([1.0, -2.0], True),
        ([2.0**53 - 1], True),
        ([2.0**53], False),
        ([-(2.0**53)], False),
        ([0.5], False),
        ([np.nan], False),
        (np.array([2**63 - 1], "u8"), True),
        (np.array([2**63], "u8"), False),
        ([True], False),
        (["1"], False),
        (np.zeros(0), True),
    ],
)
def test_whole_numbers(values: Any, fits: bool) -> None:
    """Numbers of any type are whole if none has a fraction, or is beyond what its type tells apart."""
    if fits:
        found = whole_numbers("a", "x", np.asarray(values))
        assert found.dtype == np.int64
        assert found.tolist() == np.asarray(values).tolist()
        return
    with pytest.raises(BadFileError, match="whole numbers in x"):
        whole_numbers("a", "x", np.asarray(values))


def test_checks_at_their_edges() -> None:
    """Times that are equal, a time of 0, and the least number are in order; nothing is, too."""
    check_times("a", np.array([0, 0, 3]))
    check_times("a", np.zeros(0, int))
    check_least("a", "x", np.array([5, 4]), 4)
    check_least("a", "x", np.zeros(0, int), 4)
    with pytest.raises(BadFileError, match="x of 4 or more; found 3 at event 1"):
        check_least("a", "x", np.array([5, 3, 3]), 4)
    assert Sorting(TIMES.copy(), CLUSTERS.copy(), None, None, "jrc").in_files(4) == 4


def test_channel_maps(tmp_path: Path) -> None:
    """Raw rows are whole numbers, each once; without a map there are none."""
    folder = phy(tmp_path / "a")
    assert channel_map(str(folder)) is None
    np.save(folder / "channel_map.npy", np.array([[3], [0]], "i4"))
    assert channel_map(str(folder)).tolist() == [3, 0]
    for wrong, found in ((np.array([3, 3]), "int64, 2 of them"), (np.array([3.0]), "float64, 1 of them")):
        np.save(folder / "channel_map.npy", wrong)
        with pytest.raises(BadFileError, match=f"raw rows, each once; found {found}"):
            channel_map(str(folder))


SHAPES = np.arange(1.0, 13.0).reshape(2, 3, 2)


def test_templates_of_phy(tmp_path: Path) -> None:
    """Templates are those of all channels, as float32; those of listed channels are put there."""
    folder = phy(tmp_path / "a")
    np.save(folder / "templates.npy", SHAPES)
    found = load_templates(folder)
    assert (found.dtype, found.tolist()) == (np.float32, SHAPES.tolist())
    found[0] = 0  # its own
    np.save(folder / "templates_ind.npy", np.array([[3, 0], [-1, 1]]))
    assert load_templates(folder)[:, 0].tolist() == [[2, 0, 0, 1], [0, 8, 0, 0]]
    np.save(folder / "channel_map.npy", np.arange(6))
    assert load_templates(folder)[:, 0].tolist() == [[2, 0, 0, 1, 0, 0], [0, 8, 0, 0, 0, 0]]
    np.save(folder / "template_ind.npy", np.array([[0, 1], [0, 1]]))
    assert load_templates(folder)[0, 0].tolist() == [1, 2, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"templates": SHAPES[0]}, r"floats (T, samples, channels); found float64 (3, 2)"),
        ({"templates": SHAPES.astype(int)}, r"floats (T, samples, channels); found int64 (2, 3, 2)"),
        ({"templates_ind": np.zeros((2, 3), int)}, "the shape (2, 2), of templates.npy; found (2, 3)"),
        ({"templates_ind": [[0, 0], [0, 1]]}, "each channel once in a template; found one twice"),
        ({"templates_ind": [[0, -2], [0, 1]]}, "channels 0 to 65535, or -1 for none; found -2 to 1"),
        ({"templates_ind": [[0, 65536], [0, 1]]}, "channels 0 to 65535, or -1 for none; found 0 to 65536"),
        ({"templates_ind": [[0, 2], [0, 1]], "channel_map": [0, 1]}, "channels 0 to 1, or -1 for none; found 0 to 2"),
        ({"templates_ind": [[0.5, 2], [0, 1]]}, "whole numbers in the array"),
    ],
)
def test_templates_of_phy_that_are_refused(arrays: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Other axes and types, and channels that are twice or not there, are refused."""
    folder = phy(tmp_path / "a")
    for name, array in {"templates": SHAPES, **arrays}.items():
        np.save(folder / f"{name}.npy", np.asarray(array))
    with pytest.raises(BadFileError) as caught:
        load_templates(folder)
    assert said in str(caught.value)


def test_channels_that_are_none(tmp_path: Path) -> None:
    """Several columns of a template may be of no channel."""
    folder = phy(tmp_path / "a")
    np.save(folder / "templates.npy", SHAPES)
    np.save(folder / "templates_ind.npy", np.array([[-1, -1], [0, 65535]]))
    assert load_templates(folder).shape == (2, 3, 65536)
    np.save(folder / "templates_ind.npy", np.full((2, 2), -1))
    assert load_templates(folder).shape == (2, 3, 0)


ST3 = np.array([[1, 2, 5, 9, 4], [8, 1, 5, 9, 0], [8, 2, 5, 9, 7]])


@pytest.mark.parametrize(("columns", "clusters"), [(5, [4, 0, 7]), (4, [2, 1, 2])])
def test_kilosort(columns: int, clusters: list[int], tmp_path: Path) -> None:
    """Times and templates count from 1 in the file; clusters are the fifth column, else the templates."""
    folder = mat(tmp_path / "a" / "rez.mat", rez__st3=ST3[:, :columns])
    sorting = load_sorting(folder)
    assert (sorting.timestep.tolist(), sorting.template.tolist()) == ([0, 7, 7], [1, 0, 1])
    assert (sorting.cluster.tolist(), sorting.kind, sorting.phy_base) == (clusters, "kilosort", None)
    assert infer_output_type(folder) == "kilosort"


@pytest.mark.parametrize(
    ("st3", "said"),
    [
        (ST3[:, :3], "rez/st3 with events as rows, 4 columns or more; found shape (3, 3)"),
        (ST3[0], "4 columns or more; found shape (5,)"),
        (ST3[::-1], "times in ascending order; found event 2 before event 1"),
        (ST3 - [[1, 0, 0, 0, 0]], "no time before the first sample; found -1"),
        (ST3 - [[0, 1, 0, 0, 0]], "templates (counted from 1) of 1 or more; found 0 at event 1"),
        (ST3 - [[0, 0, 0, 0, 1]], "clusters of 0 or more; found -1 at event 1"),
        (ST3 + 0.5, "whole numbers in rez/st3 times"),
    ],
)
def test_kilosort_that_is_refused(st3: np.ndarray, said: str, tmp_path: Path) -> None:
    """Other shapes, and numbers that are too small, are refused."""
    with pytest.raises(BadFileError) as caught:
        load_sorting(mat(tmp_path / "a" / "rez.mat", rez__st3=st3))
    assert said in str(caught.value)


def test_templates_of_kilosort(tmp_path: Path) -> None:
    """A template is the sum of its ranks, in time and over channels, from Wphy where there is one."""
    rng = np.random.default_rng(0)
    u, w, wphy = rng.normal(size=(4, 3, 2)), rng.normal(size=(5, 3, 2)), rng.normal(size=(6, 3, 2))
    none = mat(tmp_path / "n" / "rez.mat", rez__st3=np.zeros((0, 5)))
    assert len(load_sorting(none)) == 0
    for given in ({"rez__W": w}, {"rez__W": w, "rez__Wphy": wphy}):
        folder = mat(tmp_path / "a" / "rez.mat", rez__U=u, rez__ops__Nchan=[[4]], **given)
        found, time = load_templates(folder, "kilosort"), given.get("rez__Wphy", w)
        wanted = [
            [[sum(time[s, k, r] * u[c, k, r] for r in range(2)) for c in range(4)] for s in range(len(time))]
            for k in range(3)
        ]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
        assert found.dtype == np.float32
    for change in ({"rez__ops__Nchan": [[5]]}, {"rez__U": u[:, :2]}, {"rez__W": w[..., :1]}, {"rez__U": u[0]}):
        folder = mat(tmp_path / "b" / "rez.mat", **{"rez__U": u, "rez__W": w, "rez__ops__Nchan": [[4]], **change})
        with pytest.raises(BadFileError, match=r"U \(Nchan, T, rank\) and W \(samples, T, rank\)"):
            load_templates(folder, "kilosort")


def jrc(folder: Path, **change: Any) -> Path:
    arrays = {"viTime_spk": [1, 4, 4], "viSite_spk": [3, 1, 2], "S_clu__viClu": [2, -7, 0], **change}
    return mat(folder / "a_jrc.mat", **{name: one for name, one in arrays.items() if one is not None})


def test_jrclust(tmp_path: Path) -> None:
    """Times and sites count from 1 in the file; what is no cluster is -1; there are no templates."""
    folder = jrc(tmp_path / "a")
    sorting = load_sorting(folder)
    assert (sorting.timestep.tolist(), sorting.channel_index.tolist()) == ([0, 3, 3], [2, 0, 1])
    assert (sorting.cluster.tolist(), sorting.template, sorting.kind) == ([2, -1, 0], None, "jrc")
    with pytest.raises(MockSessionError, match="expected phy or KiloSort output; found jrc"):
        load_templates(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"viTime_spk": [4, 1, 4]}, "times in ascending order; found event 1 before event 0"),
        ({"viTime_spk": [0, 1, 4]}, "no time before the first sample; found -1"),
        ({"viTime_spk": [1, 4]}, "as many times as labels; found 2 in viTime_spk, 3 in viSite_spk, 3 in S_clu/viClu"),
        ({"viSite_spk": [1, 0, 1]}, "sites (counted from 1) of 1 or more; found 0 at event 1"),
        ({"viSite_spk": None}, "an array of numbers, viSite_spk; found none"),
    ],
)
def test_jrclust_that_is_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    """Other lengths, order and numbers are refused."""
    with pytest.raises(BadFileError) as caught:
        load_sorting(jrc(tmp_path / "a", **change))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("which", "dims", "descr"), [("raw", "dimm_raw", "<i2"), ("wav", "dimm_spk", "<i2"), ("fet", "dimm_fet", "<f4")]
)
def test_binary_files_of_jrclust(which: Any, dims: str, descr: str, tmp_path: Path) -> None:
    """They have the shape that the .mat says, in Fortran order, and just its bytes."""
    folder = jrc(tmp_path / "a", **{dims: [2, 3, 4]})
    path = folder / f"a_spk{which}.jrc"
    values = np.arange(24, dtype=descr)
    values.tofile(path)
    found = load_jrc_binary(folder, which)
    np.testing.assert_array_equal(found, values.reshape(2, 3, 4, order="F"))
    assert (found.dtype, found.flags.writeable) == (np.dtype(descr), False)
    path.write_bytes(path.read_bytes()[:-1])
    size = values.nbytes
    with pytest.raises(BadFileError, match=rf"{size} bytes for the shape \(2, 3, 4\), {descr}; found {size - 1} bytes"):
        load_jrc_binary(folder, which)
    path.unlink()
    with pytest.raises(BadFileError, match="found no such file"):
        load_jrc_binary(folder, which)
    jrc(tmp_path / "a", **{dims: [2, 0, 4]})
    path.touch()
    assert load_jrc_binary(folder, which).shape == (2, 0, 4)
    for wrong in ([2, 3], [2, -3, -4], [1, 2, 3, 4]):
        jrc(tmp_path / "a", **{dims: wrong})
        values.tofile(path)
        with pytest.raises(BadFileError, match="bytes for the shape"):
            load_jrc_binary(folder, which)
    with pytest.raises(MockSessionError, match="'raw', 'wav' or 'fet'; found 'x'"):
        load_jrc_binary(folder, "x")  # type: ignore[arg-type]


def test_one_sorting_to_a_folder(tmp_path: Path) -> None:
    """A folder of two sortings of JRCLUST, or of none, is none."""
    folder = jrc(tmp_path / "a")
    (folder / "b_jrc.mat").touch()
    with pytest.raises(BadFileError, match=r"exactly one \*_jrc\.mat; found a_jrc\.mat, b_jrc\.mat. Keep one"):
        load_sorting(folder)
    with pytest.raises(BadFileError, match=r"exactly one \*_jrc\.mat; found none. Give the folder"):
        load_sorting(phy(tmp_path / "b"), "jrc")


def test_which_sorter_it_is(tmp_path: Path) -> None:
    """A folder that several recognise is the first one's: phy, KiloSort, JRCLUST; one of none says what would be."""
    folder = tmp_path / "a"
    assert list(formats()) == ["phy", "kilosort", "jrc"]
    jrc(folder)
    assert infer_output_type(folder) == "jrc"
    (folder / "rez.mat").touch()
    assert infer_output_type(folder) == "kilosort"
    assert infer_output_type(phy(folder)) == "phy"
    (folder / "spike_clusters.npy").unlink()
    assert infer_output_type(folder) == "kilosort"
    with pytest.raises(BadFileError, match=r"rez\.mat \(KiloSort\) or \*_jrc\.mat \(JRCLUST\); found no such folder"):
        infer_output_type(tmp_path / "b")
    with pytest.raises(MockSessionError, match="'phy', 'kilosort', 'jrc', or None to infer it; found 'x'"):
        load_sorting(folder, "x")


def test_files_that_are_no_mat(tmp_path: Path) -> None:
    """An older .mat, and what is no HDF5, are told apart; an empty array of MATLAB has no item."""
    h5py = pytest.importorskip("h5py")
    folder = mat(tmp_path / "a" / "rez.mat", rez__st3=[0, 5])
    with h5py.File(folder / "rez.mat", "a") as file:
        file["rez/st3"].attrs["MATLAB_empty"] = 1
    assert len(load_sorting(folder)) == 0
    for data, found in ((b"MATLAB 5.0 MAT-file", "an older .mat file"), (b"nothing", "signature")):
        (folder / "rez.mat").write_bytes(data)
        with pytest.raises(BadFileError, match=rf"a MATLAB v7.3 \(HDF5\) file; found .*{found}"):
            load_sorting(folder)
    with h5py.File(folder / "rez.mat", "w") as file:
        file["rez/st3"] = h5py.Empty("f8")
    with pytest.raises(BadFileError, match="an array of numbers, rez/st3"):
        load_sorting(folder)


@pytest.mark.parametrize("shape", [(2, 4), (4, 3), (3,), (3, 4, 1)])
def test_firings(shape: tuple[int, ...], tmp_path: Path) -> None:
    """True events are three rows: channel, sample, unit."""
    np.save(tmp_path / "a.npy", np.arange(12.0).reshape(3, 4))
    assert load_firings(tmp_path / "a.npy").tolist() == np.arange(12).reshape(3, 4).tolist()
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(BadFileError, match="three rows: channel, sample, unit; found shape"):
        load_firings(tmp_path / "a.npy")
