"""A sorter held against the truth: whole folders in, tables and figures out."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.core import NumpySorting

from mockrawio import MockSessionError
from mockrawio.ground.errors import BadFileError
from mockrawio.hybrid import HybridParams, generate_hybrid, load_sorting, load_templates
from mockrawio.hybrid.raw_probe import Probe
from mockrawio.hybrid.run_manifest import listed_files, read_run_manifest
from mockrawio.hybrid.text_tables import validation_lines
from mockrawio.hybrid.truth import AddedUnit, RunTruth, load_truth
from mockrawio.hybrid.validate import validate
from tests.hybrid.samples import HYBRID
from tests.hybrid.sorter import annotated, write_phy

RATE = 30_000


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory):
    """The sample's hybrid data: units 6 and 9, as 11 and 12."""
    params = HybridParams.load(HYBRID / "params_phy.py")
    folder = tmp_path_factory.mktemp("hybrid")
    return generate_hybrid(replace(params, output_directory=folder, phy_base=1)).folder


@pytest.fixture(scope="module")
def templates(hybrid):
    """What a sorter's templates would be: the source's, and two that were moved as the events were."""
    source = load_templates(HYBRID / "sort_phy")
    new = np.zeros((12, *source.shape[1:]), np.float32)
    new[:10] = source
    for unit in json.loads((hybrid / "manifest-bench.json").read_text())["units"]:
        new[unit["new_unit"] - 1][:, unit["channels"]] = source[unit["true_unit"] - 1][:, unit["source_channels"]]
    return new


@pytest.fixture(scope="module")
def perfect(hybrid, templates, tmp_path_factory):
    """The folder of a sorter that makes no mistake."""
    return write_phy(tmp_path_factory.mktemp("perfect"), annotated(hybrid), templates)


def truths(folder):
    return {unit.true_unit: unit.times for unit in load_truth(folder).units}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_perfect_sorter(hybrid, perfect):
    """All that was added is found, the templates are the moved ones, and the matrix is diagonal."""
    found = validate(hybrid, perfect, phy_base=1)
    assert [(unit.label, unit.n_true, unit.found_unit, unit.n_found, unit.n_matched) for unit in found.units] == [
        ("6", 163, 11, 163, 163),
        ("9", 229, 12, 229, 229),
    ]
    for unit in found.units:
        assert (unit.accuracy, unit.recall, unit.precision, unit.best_agreement) == (1, 1, 1, 1)
    assert (found.confusion.true_labels, found.confusion.hybrid_labels) == (("6", "9"), (11, 12))
    assert found.confusion.counts.tolist() == [[163, 0, 0], [0, 229, 0], [0, 0, 0]]
    for score in found.templates:
        assert score.found_template == score.best_pearson_template == score.best_frobenius_template
        assert score.pearson == pytest.approx(1) and score.frobenius == 0
    assert [(score.n_near, score.n_best) for score in found.templates] == [(163, 163), (229, 229)]
    assert (found.window, found.n_clusters, found.n_unassigned, found.notes) == (30, 12, 0, ())


def test_degraded_sorter(hybrid, tmp_path):
    """Lost, moved and added events show in the numbers as they were made; what moved too far is not found."""
    truth, trains = truths(hybrid), annotated(hybrid)
    trains[11] = truth[6][:-40] + 30
    wrong = np.arange(1000, 170_000, 2000)
    wrong = wrong[np.abs(wrong[:, None] - truth[9]).min(axis=1) > 60][:20]
    trains[12] = np.sort(np.concatenate([truth[9][:200] - 30, wrong]))
    six, nine = validate(hybrid, write_phy(tmp_path / "a", trains), phy_base=1).units
    assert (six.n_matched, six.recall, six.precision, six.accuracy) == (123, 123 / 163, 1.0, 123 / 163)
    assert (nine.n_matched, nine.n_found, nine.precision) == (200, 220, 200 / 220)
    assert nine.accuracy == 200 / (229 + 220 - 200)
    trains[11] = truth[6] + 31
    six, _ = validate(hybrid, write_phy(tmp_path / "b", trains), phy_base=1).units
    assert (six.found_unit, six.n_matched, six.accuracy) == (None, 0, 0.0)
    six, _ = validate(hybrid, tmp_path / "b", phy_base=1, window_ms=1.04).units
    assert (six.found_unit, six.accuracy) == (11, 1.0)
    six, _ = validate(hybrid, tmp_path / "b", phy_base=1, offset=-31).units
    assert six.accuracy == 1.0


def test_merged_and_split(hybrid, tmp_path):
    """A cluster of two units stands for one of them at most; the matrix shows where the other's events are."""
    truth, trains = truths(hybrid), annotated(hybrid)
    merged = np.sort(np.concatenate([trains.pop(11), trains.pop(12)]))
    found = validate(hybrid, write_phy(tmp_path, {20: merged}), phy_base=1)
    assert [(unit.found_unit, unit.best_unit) for unit in found.units] == [(None, 20), (20, 20)]
    assert found.confusion.hybrid_labels == (20,)
    assert found.confusion.counts.tolist() == [[163, 0], [229, 0], [0, 0]]
    parts = {30: truth[6][:100], 31: truth[6][100:], 32: truth[9]}
    found = validate(hybrid, write_phy(tmp_path, parts), phy_base=1)
    assert found.confusion.counts[:2].tolist() == [[100, 0, 63, 0], [0, 229, 0, 0]]
    assert found.confusion.hybrid_labels == (30, 32, 31)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_spikeinterfaces(hybrid, seed):
    """On hybrid data every number per unit is SpikeInterface's, for an object of theirs as well."""
    random = np.random.default_rng(seed)
    trains = {
        label: np.sort(train[random.random(len(train)) > 0.2] + random.integers(-45, 46))
        for label, train in annotated(hybrid).items()
    }
    trains[12] = np.sort(np.concatenate([trains[12], trains[10], trains[12][::7]]))
    tested = NumpySorting.from_unit_dict([trains], RATE)
    theirs = compare_sorter_to_ground_truth(
        NumpySorting.from_unit_dict([truths(hybrid)], RATE), tested, delta_time=1.0, exhaustive_gt=False
    )
    ours = validate(hybrid, tested)
    for unit, (_, expected) in zip(ours.units, theirs.get_performance().iterrows(), strict=True):
        assert unit.accuracy == expected["accuracy"]
        assert (unit.recall, unit.precision) == (expected["recall"], expected["precision"])
    for unit, (_, count) in zip(ours.units, theirs.count_score.iterrows(), strict=True):
        assert (unit.n_true, unit.n_found, unit.n_matched) == (count["num_gt"], count["num_tested"], count["tp"])
        assert unit.found_unit == (None if count["tested_id"] == -1 else count["tested_id"])
    assert ours.templates == ()
    assert "no folder" in ours.notes[0]


def test_confusion_adds_up(hybrid, tmp_path):
    """Rows add up to the events of their unit, columns to those of their cluster."""
    random = np.random.default_rng(1)
    trains = {label: np.sort(t + random.integers(-60, 61, len(t))) for label, t in annotated(hybrid).items()}
    found = validate(hybrid, write_phy(tmp_path, trains), phy_base=1, match_score=0.1)
    counts = found.confusion.counts
    assert counts[:-1].sum(axis=1).tolist() == [unit.n_true for unit in found.units]
    assert counts[:, :-1].sum(axis=0).tolist() == [len(trains[label]) for label in found.confusion.hybrid_labels]
    for row, unit in enumerate(found.units):
        assert counts[row, found.confusion.hybrid_labels.index(unit.found_unit)] == unit.n_matched


@pytest.mark.parametrize("kind", ["ks", "jrc"])
def test_other_sorters(hybrid, kind):
    """KiloSort and JRCLUST folders are read too; they are the source's sortings, which lack the new units."""
    found = validate(hybrid, HYBRID / f"sort_{kind}")
    assert [unit.found_unit for unit in found.units] == [None, None]
    assert (found.n_clusters, len(found.templates)) == (10, 0 if kind == "jrc" else 2)
    if kind == "jrc":
        assert found.notes == ("templates were not compared: JRCLUST stores none",)
    else:
        assert all(score.pearson is None for score in found.templates)


def test_our_own_sorting(hybrid, perfect):
    """A Sorting will do; without a folder it has no templates."""
    found = validate(hybrid, load_sorting(perfect, phy_base=1))
    assert [unit.accuracy for unit in found.units] == [1, 1]
    assert found.sorter == "a sorting (phy)"


def test_what_the_original_wrote(perfect):
    """The original's own folder can be validated; its centre, no raw row, is refused where it does not fit."""
    found = validate(HYBRID / "original_output", perfect, phy_base=1, source_directory=HYBRID / "sort_phy")
    assert [(unit.true_unit, unit.new_unit, unit.n_true) for unit in found.units] == [(6, 11, 163), (9, 12, 229)]
    assert found.sample_rate == RATE
    assert found.notes[0].startswith("the template of unit 9 was not compared: template: expected rows 0 to 31; found")
    assert "source_directory" in validate(HYBRID / "original_output", perfect, phy_base=1).notes[0]


@pytest.mark.slow
def test_one_unit_twice(tmp_path):
    """Where a unit was asked for twice the new labels tell its two lots apart, in the tables too."""
    params = HybridParams.load(HYBRID / "params_phy.py")
    params = replace(params, output_directory=tmp_path / "out", phy_base=1, ground_truth_units=(9, 9))
    folder = generate_hybrid(params).folder
    found = validate(folder, write_phy(tmp_path / "sorted", annotated(folder)), phy_base=1)
    assert [(unit.label, unit.found_unit, unit.accuracy) for unit in found.units] == [("9/11", 11, 1), ("9/12", 12, 1)]
    found.save(tmp_path / "tables", figures=False)
    assert [row[0] for row in rows(tmp_path / "tables" / "confusion.csv")[1:]] == ["9/11", "9/12", "unmatched"]


def test_where_events_went(tmp_path):
    """A unit's rows are those of its own report, which may have none, as where the original wrote the folder."""
    rows = ((11, [3, 4], [7, 8]), (12, [], []), (13, [5], [6]))
    reports = [{"new_unit": new, "source_channels": came, "channels": went} for new, came, went in rows]
    truth = RunTruth(tmp_path, RATE, (), None, {"units": reports})
    units = [AddedUnit("1", 1, new, 0, np.empty(0, np.int64)) for new in (11, 12, 13, None)]
    moved = [truth.moved(unit) for unit in units]
    assert [rows and [some.tolist() for some in rows] for rows in moved] == [[[3, 4], [7, 8]], None, [[5], [6]], None]


def test_where_events_are(tmp_path):
    """A unit is where the contact of its raw row is, and nowhere if that row has none or there is no probe."""
    probe = Probe(np.array([2, 0, 1]), np.ones(3, bool), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]), "three")
    truth = RunTruth(tmp_path, RATE, (), probe, {})
    places = [truth.place(AddedUnit("1", 1, 2, row, np.empty(0, np.int64))) for row in range(4)]
    assert places[:3] == [(2, 3), (4, 5), (0, 1)] and np.isnan(places[3]).all()
    assert np.isnan(replace(truth, probe=None).place(AddedUnit("1", 1, 2, 0, np.empty(0, np.int64)))).all()


def test_negative_events(tmp_path):
    """Events before the first sample are none, and the file that has them is named."""
    np.save(tmp_path / "firings_true.npy", np.array([[1], [-1], [6]], np.int64))
    with pytest.raises(BadFileError, match="firings_true.npy: expected no negative numbers; found -1"):
        load_truth(tmp_path)


def test_a_source_without_templates(hybrid, perfect):
    """Where the events were made from a sorting that has no templates, what was found is told without them."""
    found = validate(hybrid, perfect, phy_base=1, source_directory=HYBRID / "sort_jrc")
    assert found.notes == ("templates were not compared: JRCLUST, which the events were made from, stores none",)
    assert found.units[0].accuracy == 1 and found.templates == ()


def test_firings_alone(hybrid, perfect, tmp_path):
    """``firings_true.npy`` and the sample rate are enough; the new labels are then not known."""
    for name in ("firings_true.npy", "dtype-bench.npy"):
        shutil.copy(hybrid / name, tmp_path)
    found = validate(tmp_path, perfect, phy_base=1)
    assert [(unit.label, unit.new_unit, unit.accuracy) for unit in found.units] == [("6", None, 1), ("9", None, 1)]


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.slow
def test_nothing_added(hybrid, perfect, tmp_path):
    """A run that added nothing validates to empty tables, and figures without bars."""
    np.save(tmp_path / "firings_true.npy", np.zeros((3, 0), np.uint64))
    shutil.copy(hybrid / "dtype-bench.npy", tmp_path)
    found = validate(tmp_path, perfect, phy_base=1)
    assert (found.units, found.confusion.counts.tolist()) == ((), [[0]])
    assert len(found.save(tmp_path / "out")) == 4
    assert validation_lines(found)


def test_unassigned(hybrid, templates, tmp_path):
    """KiloSort's cluster 0 is no unit: its events are counted and left out."""
    trains = annotated(hybrid)
    times = np.concatenate(list(trains.values()))
    labels = np.repeat(list(trains), [len(train) for train in trains.values()])
    labels[labels == 5] = 0
    order = np.argsort(times, kind="stable")
    st3 = np.column_stack([times + 1, np.maximum(labels, 1), times, times, labels])[order].astype(float)
    with h5py.File(tmp_path / "rez.mat", "w") as file:
        file["rez/st3"] = st3.T
    found = validate(hybrid, tmp_path)
    assert (found.n_unassigned, found.n_clusters) == (len(trains[5]), 11)
    assert f"{len(trains[5])} events of no cluster left out" in validation_lines(found)
    assert "templates were not compared" in found.notes[0]


@pytest.mark.parametrize("name", ["units.csv", "confusion.csv", "templates.csv"])
def test_tables_of_others_stay(hybrid, perfect, tmp_path, name):
    """Tables of an earlier validation are replaced, those of anyone else are not."""
    found = validate(hybrid, perfect, phy_base=1)
    (tmp_path / name).write_text("label,mine\n")
    with pytest.raises(MockSessionError, match=f"{name}: expected nothing there, or tables of an earlier validation"):
        found.save(tmp_path, figures=False)
    assert (tmp_path / name).read_text() == "label,mine\n"
    assert len(list(tmp_path.iterdir())) == 1
    assert found.save(tmp_path / "new", figures=False) == found.save(tmp_path / "new", figures=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_is_no_table(hybrid, perfect, tmp_path):
    """A pipe where a table is to go is another's file, and is not waited for."""
    os.mkfifo(tmp_path / "units.csv")
    with pytest.raises(MockSessionError, match="units.csv: expected nothing there, or tables of an earlier"):
        validate(hybrid, perfect, phy_base=1).save(tmp_path, figures=False)


@pytest.mark.slow
def test_files(hybrid, perfect, tmp_path):
    """The tables hold what the object holds, and the figures are pictures with something in them."""
    from matplotlib.image import imread

    found = validate(hybrid, perfect, phy_base=1)
    files = found.save(tmp_path / "deep" / "out")
    names = ["units.csv", "confusion.csv", "templates.csv"]
    names += ["confusion.png", "units.png", "template_6.png", "template_9.png"]
    assert [path.name for path in files] == names
    head, *units = rows(files[0])
    assert head[:6] == ["label", "true_unit", "new_unit", "center_channel", "n_true", "found_unit"]
    assert [unit[:6] for unit in units] == [["6", "6", "11", "3", "163", "11"], ["9", "9", "12", "22", "229", "12"]]
    assert rows(files[1]) == [
        [r"true label\hybrid label", "11", "12", "unmatched"],
        ["6", "163", "0", "0"],
        ["9", "0", "229", "0"],
        ["unmatched", "0", "0", "0"],
    ]
    assert rows(files[2])[0][:5] == ["label", "source_template", "found_template", "pearson", "frobenius"]
    for path in files[3:]:
        picture = imread(path)
        assert min(picture.shape[:2]) > 150
        if path.name in ("confusion.png", "units.png"):  # of two units each; 120 pixels an inch
            assert picture.shape[:2] == ((354, 498) if path.name == "confusion.png" else (408, 504))
        colours = np.rint(picture[:, :, :3] * 255) @ (1 << 16, 1 << 8, 1)
        assert len(np.unique(colours)) > 20
    assert json.loads(json.dumps(found.as_dict()))["confusion"]["counts"] == found.confusion.counts.tolist()


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.slow
def test_labels_of_text(hybrid, tmp_path):
    """Labels of a SpikeInterface sorting may be text, with commas too."""
    trains = {f"unit, {label}": train for label, train in annotated(hybrid).items()}
    found = validate(hybrid, NumpySorting.from_unit_dict([trains], RATE))
    assert [unit.found_unit for unit in found.units] == ["unit, 11", "unit, 12"]
    files = found.save(tmp_path)
    assert rows(files[1])[0] == [r"true label\hybrid label", "unit, 11", "unit, 12", "unmatched"]


def test_without_matplotlib(hybrid, perfect, tmp_path, monkeypatch):
    """Without matplotlib figures are refused before anything is written, with what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = validate(hybrid, perfect, phy_base=1)
    with pytest.raises(MockSessionError, match=r"pip install .*\[plot\]'"):
        found.save(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert len(found.save(tmp_path / "out", figures=False)) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window_ms": -1}, "window_ms.*0 or more"),
        ({"window_ms": float("nan")}, "window_ms"),
        ({"match_score": 0}, "match_score"),
        ({"offset": 0.5}, "offset"),
        ({"session_name": "other"}, "artificial_units-other.csv"),
        ({"source_directory": "absent"}, "absent"),
    ],
    ids=str,
)
def test_bad_arguments(hybrid, perfect, options, words):
    """An argument that cannot be meant is refused by name."""
    with pytest.raises(MockSessionError, match=words):
        validate(hybrid, perfect, **{"phy_base": 1, **options})


def test_bad_sortings(hybrid):
    """What is no sorting of the hybrid data is refused: another rate, several segments, any object."""
    train = {1: np.array([5])}
    for sorting in (NumpySorting.from_unit_dict([train], 20_000), NumpySorting.from_unit_dict([train, train], RATE)):
        with pytest.raises(MockSessionError, match="one segment at 30000 Hz"):
            validate(hybrid, sorting)
    with pytest.raises(MockSessionError, match=r"sorter_directory.*found 'int'"):
        validate(hybrid, 3)


def spoil_firings(folder):
    np.save(folder / "firings_true.npy", np.array([[1], [2], [6]], np.uint64))


def spoil_table(folder):
    path = folder / "artificial_units-bench.csv"
    path.write_text(path.read_text().replace("9,12", "9,x", 1))


def spoil_manifest(folder):
    (folder / "manifest-bench.json").write_text('{"sample_rate": 30000}')


def lose_rate(folder):
    (folder / "manifest-bench.json").unlink()
    (folder / "dtype-bench.npy").unlink()


def overflow_rate(folder):
    (folder / "manifest-bench.json").unlink()
    np.save(folder / "dtype-bench.npy", np.array([-25_536], np.int16))


def add_session(folder):
    shutil.copy(folder / "artificial_units-bench.csv", folder / "artificial_units-two.csv")


def lose_firings(folder):
    (folder / "firings_true.npy").unlink()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_firings, "the events of artificial_units-bench.csv"),
        (spoil_table, "artificial_units-bench.csv: expected whole numbers"),
        (spoil_manifest, "the manifest of a hybrid run"),
        (lose_rate, "for the rate"),
        (overflow_rate, "dtype-bench.npy.*above 0"),
        (add_session, "session_name"),
        (lose_firings, "firings_true.npy"),
    ],
)
def test_bad_folders(hybrid, perfect, tmp_path, spoil, words):
    """Files that are missing, damaged, or of two runs are named in the error."""
    folder = shutil.copytree(hybrid, tmp_path / "copy")
    spoil(folder)
    with pytest.raises(MockSessionError, match=words):
        validate(folder, perfect, phy_base=1)
    with pytest.raises(MockSessionError, match="no such folder"):
        validate(tmp_path / "absent", perfect)


NUMBERS = {
    "sample_rate": [0, -1, "30000", True, None, 1e300, 10**400, []],
    "n_channels": [0, -1, 32.0, True, None, 10**400],
    "n_events": [-1, 1.5, "3", 10**400],
    "n_clipped": [-1, None],
    "format": ["mockrawio session", 1],
    "format_version": [2, 1.0, True],
}
RECORDS = {
    "sources": [None, {}, [1], [{"path": "a", "size": -1, "sha256": "0" * 64}]],
    "results": [[{"path": 3, "size": 1, "sha256": "0" * 64}], [{"path": "a", "size": 1, "sha256": "z" * 64}]],
    "files": [None, [], {"a": 1}, {"a": {"size": 1.0, "sha256": "0" * 64}}],
    "parameters": [None, {}, {"data_directory": 3}, {"data_directory": None, "phy_base": 2}],
    "units": [None, [1], [{}]],
}
UNIT = {
    "true_unit": [None, 1.0, 10**400, True],
    "new_unit": [1.0, "11", 10**400],
    "channels": [None, [-1], [10**9], [1.0], [True], "abc", []],
    "source_channels": [None, [10**9], {"0": 1}],
    "n_events": [-1, None, 1e3],
    "n_over_cap": [10**400],
}


def hostile_manifests():
    """Manifests of which one value is not what it must be."""
    for key, values in {**NUMBERS, **RECORDS}.items():
        yield from (
            (f"{key}={str(value)[:30]}", key, lambda said, key=key, v=value: {**said, key: v}) for value in values
        )
    for key, values in UNIT.items():
        for value in values:
            yield (
                f"unit {key}={str(value)[:30]}",
                "units",
                lambda said, key=key, v=value: {**said, "units": [{**said["units"][0], key: v}, *said["units"][1:]]},
            )


@pytest.mark.parametrize(
    ("key", "change"), [case[1:] for case in hostile_manifests()], ids=[case[0] for case in hostile_manifests()]
)
def test_numbers_of_a_manifest(hybrid, tmp_path, key, change):
    """A number of another kind, NaN or out of bounds in a manifest is an error that names the file and the key."""
    said = json.loads((hybrid / "manifest-bench.json").read_text())
    path = tmp_path / "manifest-bench.json"
    path.write_text(json.dumps(said))
    assert read_run_manifest(path) == said
    path.write_text(json.dumps(change(said)))
    with pytest.raises(BadFileError, match=f"manifest-bench.json: expected the manifest of a hybrid run, '{key}'"):
        read_run_manifest(path)
    assert listed_files(path) == {}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "[" * 100_000, "{}", '{"a": 1, "a": 2}', "\xff"])
def test_texts_of_a_manifest(hybrid, tmp_path, text):
    """What JSON lacks, nests without end or says twice is no manifest, wherever it stands."""
    whole = (hybrid / "manifest-bench.json").read_text()
    for content in (text, whole.replace('"sample_rate": 30000', f'"sample_rate": {text}', 1)):
        (tmp_path / "manifest-bench.json").write_bytes(content.encode("latin-1"))
        with pytest.raises(BadFileError, match="the manifest of a hybrid run"):
            read_run_manifest(tmp_path / "manifest-bench.json")


@pytest.mark.parametrize("rate", [np.inf, np.nan, 0.0, -1.0, 1e300])
def test_a_stored_rate_is_a_rate(hybrid, perfect, tmp_path, rate):
    """The sample rate of a folder without a manifest is a finite number above 0."""
    shutil.copy(hybrid / "firings_true.npy", tmp_path)
    np.save(tmp_path / "dtype-bench.npy", np.array([rate]))
    with pytest.raises(BadFileError, match="dtype-bench.npy: expected the sample rate above 0"):
        validate(tmp_path, perfect, phy_base=1)


def test_one_of_several_sessions(hybrid, perfect, tmp_path):
    """Of several sessions in a folder one can be named."""
    folder = shutil.copytree(hybrid, tmp_path / "copy")
    add_session(folder)
    assert [unit.accuracy for unit in validate(folder, perfect, phy_base=1, session_name="bench").units] == [1, 1]


def test_many_columns(hybrid, tmp_path):
    """In text the clusters that do not fit a line are added up."""
    truth = truths(hybrid)
    trains = {label: truth[6][label::20] for label in range(1, 20)}
    lines = validation_lines(validate(hybrid, write_phy(tmp_path, trains), phy_base=1))
    (head,) = (line for line in lines if line.startswith("true label"))
    assert head.split()[2:] == [*map(str, range(1, 13)), "others", "unmatched"]
