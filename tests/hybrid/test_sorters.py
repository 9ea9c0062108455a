"""Sorters' output: three formats of one sorting agree, and what is not one is refused."""

import shutil
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
from spikeinterface.core import NumpySorting

from mockrawio.formats.sorters import infer_output_type
from mockrawio.formats.sorters.jrclust import load_jrc_binary
from mockrawio.ground.errors import BadFileError, MockSessionError
from mockrawio.hybrid import (
    HybridParams,
    Sorting,
    generate_hybrid,
    load_firings,
    load_sorting,
    load_templates,
    validate,
)
from tests.hybrid.samples import HYBRID

FOLDERS = {"phy": HYBRID / "sort_phy", "kilosort": HYBRID / "sort_ks", "jrc": HYBRID / "sort_jrc"}


@pytest.fixture(scope="module")
def truth():
    with np.load(HYBRID / "truth.npz") as stored:
        return dict(stored)


def phy(folder, times=(5, 7, 7, 9), templates=(0, 1, 0, 1), clusters=(3, 1, 3, 1)):
    """Write a small phy folder."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "spike_times.npy", np.asarray(times))
    np.save(folder / "spike_templates.npy", np.asarray(templates))
    np.save(folder / "spike_clusters.npy", np.asarray(clusters))
    return folder


def mat(path, **arrays):
    """Write arrays as MATLAB's v7.3 files have them: transposed, `__` for a group."""
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name.replace("__", "/")] = np.asarray(values).T
    return path.parent


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("given", [True, False], ids=["given", "inferred"])
def test_the_samples_agree_with_the_truth(truth, kind, given):
    """Each format gives the true times from 0, and labels that count from 1."""
    sorting = load_sorting(FOLDERS[kind], kind if given else None)
    np.testing.assert_array_equal(sorting.timestep, truth["times"])
    np.testing.assert_array_equal(sorting.cluster, truth["units"] + 1)
    assert (sorting.kind, len(sorting)) == (kind, 1338)
    assert sorting.phy_base == (1 if kind == "phy" else None)
    if kind == "jrc":
        assert sorting.template is None
        np.testing.assert_array_equal(sorting.channel_index, peak_rows(truth))
    else:
        assert sorting.channel_index is None
        np.testing.assert_array_equal(sorting.template, truth["units"])
    for array in (sorting.timestep, sorting.cluster):
        assert array.dtype == np.int64
        assert not array.flags.writeable


def peak_rows(truth):
    """Return the row where the template of each event's unit is deepest."""
    peaks = truth["templates"].min(axis=1).argmin(axis=1)
    return peaks[truth["units"]]


def test_units_and_times(truth):
    """A unit's times are those of its events; an unknown label has none."""
    sorting = load_sorting(FOLDERS["kilosort"])
    assert sorting.units.tolist() == list(range(1, 11))
    np.testing.assert_array_equal(sorting.times_of(6), truth["times"][truth["units"] == 5])
    assert sorting.times_of(99).size == 0


def test_templates_agree():
    """phy's templates.npy and the product of KiloSort's U and Wphy are the same templates."""
    one, two = load_templates(FOLDERS["phy"], "phy"), load_templates(FOLDERS["kilosort"])
    assert one.dtype == two.dtype == np.float32
    assert one.shape == (10, 82, 32)
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_templates_come_from_w_without_wphy(tmp_path):
    """Where there is no Wphy, W is used."""
    W, U = np.arange(12.0).reshape(3, 2, 2), np.arange(20.0).reshape(5, 2, 2)
    templates = load_templates(mat(tmp_path / "rez.mat", rez__U=U, rez__W=W, rez__ops__Nchan=[[5.0]]))
    expected = [[[W[t, k] @ U[c, k] for c in range(5)] for t in range(3)] for k in range(2)]
    np.testing.assert_array_equal(templates, np.float32(expected))


def test_bad_templates(tmp_path):
    """JRCLUST has none; flat ones, and shapes that do not go together, are refused."""
    with pytest.raises(MockSessionError, match="JRCLUST stores no templates"):
        load_templates(FOLDERS["jrc"])
    np.save(tmp_path / "templates.npy", np.zeros((2, 3)))
    with pytest.raises(BadFileError, match=r"\(T, samples, channels\)"):
        load_templates(tmp_path, "phy")
    mat(tmp_path / "rez.mat", rez__U=np.zeros((5, 2, 3)), rez__W=np.zeros((4, 3, 3)), rez__ops__Nchan=[[5.0]])
    with pytest.raises(BadFileError, match=r"U \(5, 2, 3\), W \(4, 3, 3\), Nchan 5"):
        load_templates(tmp_path, "kilosort")


def test_inference_order(tmp_path):
    """phy comes before KiloSort, that before JRCLUST; an empty folder is none of them."""
    with pytest.raises(BadFileError, match="spike_times.npy.*rez.mat.*_jrc.mat.*found none of them"):
        infer_output_type(tmp_path)
    with pytest.raises(BadFileError, match="no such folder"):
        infer_output_type(tmp_path / "none")
    for make, kind in (
        (lambda: (tmp_path / "x_jrc.mat").touch(), "jrc"),
        (lambda: (tmp_path / "rez.mat").touch(), "kilosort"),
        (lambda: phy(tmp_path), "phy"),
    ):
        make()
        assert infer_output_type(tmp_path) == kind


@pytest.mark.parametrize(
    ("first", "given", "base"), [(0, None, 0), (1, None, 1), (9, None, 1), (9, 0, 0), (1, 1, 1)], ids=str
)
def test_phy_base(tmp_path, caplog, first, given, base):
    """A time of 0 means that samples count from 0, else from 1 as MATLAB does; what is inferred is said."""
    sorting = load_sorting(phy(tmp_path, times=[first, 20, 20, 30]), phy_base=given)
    assert (sorting.timestep[0], sorting.phy_base) == (first - base, base)
    assert sorting.cluster.tolist() == [4, 2, 4, 2]
    assert (f"samples are counted from {base}" in caplog.text) == (given is None)
    assert ("a guess" in caplog.text) == (given is None and base == 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"times": [5, 4, 7, 9]}, "spike_times.npy: expected times in ascending order; found event 1 before event 0"),
        ({"times": [5, 7, 9]}, "3 in spike_times.npy, 4 in spike_templates.npy"),
        ({"times": [-1, 7, 7, 9]}, "no time before the first sample; found -1"),
        ({"times": [5, 7, 7.5, 9]}, "whole numbers"),
        ({"times": [5, 7, np.nan, 9]}, "whole numbers"),
        ({"times": np.array([5, 7, 7, 2**63], np.uint64)}, "whole numbers"),
        ({"templates": [0, -1, 0, 0]}, "templates of 0 or more; found -1 at event 1"),
        ({"clusters": [0, 0, 0, -2]}, "clusters of 0 or more; found -2 at event 3"),
        ({"clusters": ["a"] * 4}, "whole numbers"),
    ],
    ids=str,
)
def test_bad_phy(tmp_path, changes, message):
    """Arrays that make no sorting are refused, with the file and the event."""
    with pytest.raises(BadFileError, match=message):
        load_sorting(phy(tmp_path, **changes), "phy")


def nothing_found(folder, kind):
    """The output of a sorter that found nothing; MATLAB writes the size of what is empty, and says so."""
    if kind == "phy":
        return phy(folder, [], [], [])
    empty = {"kilosort": ("rez.mat", "rez/st3"), "jrc": ("x_jrc.mat", "viTime_spk", "viSite_spk", "S_clu/viClu")}
    file_name, *names = empty[kind]
    folder.mkdir()
    with h5py.File(folder / file_name, "w") as file:
        for name in names:
            file[name] = np.array([0, 5], np.uint64)
            file[name].attrs["MATLAB_empty"] = np.uint8(1)
    return folder


@pytest.mark.parametrize("kind", FOLDERS)
def test_nothing_found(tmp_path, kind):
    """A sorter that found nothing made a sorting without events; a run that needs some says so."""
    sorting = load_sorting(nothing_found(tmp_path / "sorter", kind))
    assert (len(sorting), sorting.units.tolist(), sorting.kind) == (0, [], kind)
    params = replace(HybridParams.load(HYBRID / "params_phy.py"), output_type=None, output_directory=tmp_path / "out")
    with pytest.raises(MockSessionError, match="sorting: expected events to take; found none"):
        generate_hybrid(replace(params, data_directory=tmp_path / "sorter", phy_base=None))


@pytest.mark.slow
@pytest.mark.parametrize("kind", FOLDERS)
def test_nothing_found_scores_nothing(tmp_path, kind):
    """A sorter that found nothing has recall 0 for every unit, as an object or as a folder."""
    made = generate_hybrid(
        replace(HybridParams.load(HYBRID / "params_phy.py"), output_directory=tmp_path / "out", phy_base=1)
    )
    folder = nothing_found(tmp_path / "sorter", kind)
    silent = NumpySorting.from_unit_dict([{}], made.params.sample_rate)
    scored = [validate(made.folder, given) for given in (silent, folder, load_sorting(folder))]
    assert [unit.n_true for unit in scored[0].units] == [unit.n_events for unit in made.units]
    for found in scored:
        assert [unit.recall for unit in found.units] == [0.0] * len(made.units)
        assert found.units == scored[0].units
        assert found.save(tmp_path / "tables", figures=False)


def test_phy_base_that_cannot_be(tmp_path):
    """A file that holds time 0 does not count from 1."""
    with pytest.raises(BadFileError, match="found -1, counted from 0. Give phy_base=0"):
        load_sorting(phy(tmp_path, times=[0, 1, 2, 3]), phy_base=1)


def test_phy_objects_are_not_unpickled(tmp_path):
    """An array of objects is refused."""
    np.save(phy(tmp_path) / "spike_times.npy", np.array([1, None, 2, 3]), allow_pickle=True)
    with pytest.raises(BadFileError, match="an array of numbers"):
        load_sorting(tmp_path)


def test_bad_arguments(tmp_path):
    """An unknown kind or base is refused; a missing file has its name in the error."""
    with pytest.raises(MockSessionError, match="output_type: expected 'phy'"):
        load_sorting(tmp_path, "klusta")
    with pytest.raises(MockSessionError, match="phy_base"):
        load_sorting(tmp_path, phy_base=2)
    for kind, name in (("phy", "spike_times.npy"), ("kilosort", "rez.mat"), ("jrc", "exactly one")):
        with pytest.raises(BadFileError, match=name):
            load_sorting(tmp_path, kind)


ST3 = np.array([[5.0, 1, 0, 0, 0], [7, 2, 0, 0, 4], [7, 1, 0, 0, 1]])


def test_rez_columns(tmp_path):
    """With five columns the last is the cluster, 0 (garbage) too; with four it is the template, from 1."""
    five = load_sorting(mat(tmp_path / "rez.mat", rez__st3=ST3))
    assert (five.timestep.tolist(), five.template.tolist(), five.cluster.tolist()) == ([4, 6, 6], [0, 1, 0], [0, 4, 1])
    assert load_sorting(mat(tmp_path / "rez.mat", rez__st3=ST3[:, :4])).cluster.tolist() == [1, 2, 1]


def with_cell(row, column, value):
    changed = ST3.copy()
    changed[row, column] = value
    return changed


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"rez__st3": ST3[:, :3]}, "4 columns or more; found shape"),
        ({"rez__st3": ST3[:, :3]}, "events as rows"),
        ({"rez__st3": ST3[::-1]}, "ascending order"),
        ({"rez__st3": with_cell(0, 0, 0)}, "no time before the first sample"),
        ({"rez__st3": with_cell(0, 0, 0.5)}, "whole numbers in rez/st3 times"),
        ({"rez__st3": with_cell(1, 1, 0)}, "templates .counted from 1. of 1 or more; found 0 at event 1"),
        ({"rez__st3": with_cell(2, 4, -1)}, "clusters of 0 or more"),
        ({"rez__x": [[1.0]]}, "an array of numbers, rez/st3; found none"),
        ({"rez__st3__x": [[1.0]]}, "an array of numbers, rez/st3; found <HDF5 group"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_rez(tmp_path, arrays, message):
    """A rez.mat without events in order is refused."""
    with pytest.raises(BadFileError, match=message):
        load_sorting(mat(tmp_path / "rez.mat", **arrays), "kilosort")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "an older .mat file.*'-v7.3'"), (b"text", "a MATLAB v7.3")],
    ids=["v5", "text"],
)
def test_older_mat(tmp_path, content, message):
    """A .mat file that is no HDF5 is refused, with what to do in MATLAB."""
    (tmp_path / "rez.mat").write_bytes(content.ljust(600, b"\0"))
    with pytest.raises(BadFileError, match=message):
        load_sorting(tmp_path)


def test_links_out_of_the_file_are_not_followed(tmp_path):
    """A rez.mat cannot have another file read in its place."""
    mat(tmp_path / "other.mat", rez__st3=ST3)
    with h5py.File(tmp_path / "rez.mat", "w") as file:
        file["rez/st3"] = h5py.ExternalLink("other.mat", "/rez/st3")
    with pytest.raises(BadFileError, match="a link to another file"):
        load_sorting(tmp_path)


def test_without_h5py(monkeypatch):
    """A missing h5py is named, with the extra that brings it."""
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MockSessionError, match=r"pip install .*\[hybrid\]'"):
        load_sorting(FOLDERS["kilosort"])


JRC = {"viTime_spk": [[5], [7]], "viSite_spk": [[1], [3]], "S_clu__viClu": [[-7], [2]]}


def test_jrc_values(tmp_path):
    """Times and sites count from 1, clusters are as stored, and all below 0 become -1."""
    sorting = load_sorting(mat(tmp_path / "x_jrc.mat", **JRC))
    assert sorting.timestep.tolist() == [4, 6]
    assert sorting.channel_index.tolist() == [0, 2]
    assert sorting.cluster.tolist() == [-1, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"viSite_spk": [[0], [1]]}, "sites .counted from 1. of 1 or more"),
        ({"viTime_spk": [[7], [5]]}, "ascending"),
        ({"viTime_spk": [[7]]}, "1 in viTime_spk, 2 in viSite_spk"),
    ],
    ids=str,
)
def test_bad_jrc(tmp_path, changes, message):
    """A _jrc.mat whose arrays do not go together is refused."""
    with pytest.raises(BadFileError, match=message):
        load_sorting(mat(tmp_path / "x_jrc.mat", **{**JRC, **changes}))


def test_two_jrc_files(tmp_path):
    """Two sortings in one folder are refused."""
    for name in ("a_jrc.mat", "b_jrc.mat"):
        mat(tmp_path / name, **JRC)
    with pytest.raises(BadFileError, match="exactly one .*found a_jrc.mat, b_jrc.mat"):
        load_sorting(tmp_path, "jrc")


def test_jrc_binaries(tmp_path):
    """The binary files are mapped in Fortran order, with the shapes that the .mat has."""
    folder = FOLDERS["jrc"]
    assert load_jrc_binary(folder, "wav").shape == (32, 7, 1338)
    assert load_jrc_binary(folder, "fet").dtype == np.float32
    mat(tmp_path / "x_jrc.mat", dimm_raw=[[2.0], [3], [4]], dimm_spk=[[0.0], [3], [4]])
    with pytest.raises(BadFileError, match="x_spkraw.jrc: expected 48 bytes .* found no such file"):
        load_jrc_binary(tmp_path, "raw")
    values = np.arange(24, dtype="<i2")
    values.tofile(tmp_path / "x_spkraw.jrc")
    np.testing.assert_array_equal(load_jrc_binary(tmp_path, "raw"), values.reshape(2, 3, 4, order="F"))
    (tmp_path / "x_spkwav.jrc").touch()
    assert load_jrc_binary(tmp_path, "wav").shape == (0, 3, 4)
    with pytest.raises(MockSessionError, match="which: expected 'raw', 'wav' or 'fet'"):
        load_jrc_binary(tmp_path, "lfp")


def test_firings():
    """The original's firings_true.npy is read as int64, rows channel, sample and unit."""
    firings = load_firings(HYBRID / "original_output" / "firings_true.npy")
    assert firings.dtype == np.int64
    assert set(firings[2].tolist()) == {6, 9}


def test_bad_firings(tmp_path):
    """An array of another shape is refused."""
    np.save(tmp_path / "f.npy", np.zeros((2, 5), np.uint64))
    with pytest.raises(BadFileError, match="three rows"):
        load_firings(tmp_path / "f.npy")


def test_a_folder_with_brackets(tmp_path):
    """A folder's name is never taken for a glob."""
    folder = tmp_path / "sort [1]"
    shutil.copytree(FOLDERS["jrc"], folder)
    assert isinstance(load_sorting(folder), Sorting)
