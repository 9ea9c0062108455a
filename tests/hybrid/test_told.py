"""What is told of a run and of its validation: lines of text, manifest, truth and templates, value for value."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError, MockSessionError
from mockrawio.ground.writing import FileRecord
from mockrawio.hybrid import Probe, pairs, truth
from mockrawio.hybrid.pairs import compare_units
from mockrawio.hybrid.params import PARAMETERS
from mockrawio.hybrid.planned import UnitReport
from mockrawio.hybrid.recipe import Recipe
from mockrawio.hybrid.recording import RawFile
from mockrawio.hybrid.run_manifest import listed_files, read_run_manifest, run_manifest_bytes
from mockrawio.hybrid.tables import npy_bytes
from mockrawio.hybrid.text_tables import generation_lines, validation_lines
from mockrawio.hybrid.truth import AddedUnit, RunTruth, load_truth, only_one
from mockrawio.hybrid.validate import _HEAD, _refuse_foreign_tables

SHA = "0" * 64

# -- lines of text ---------------------------------------------------------------------------------


def made(*units, **more):
    """A result of these units."""
    told = {"files": (), "n_clipped": 0, "params": SimpleNamespace(drawn_with="seed 7"), **more}
    return SimpleNamespace(units=units, n_events=sum(unit.n_events for unit in units), **told)


def test_lines_of_a_run():
    """Each unit has a line: what was made and what was left out, or why nothing; then the files, and the sum."""
    whole = UnitReport(3, 12, channels=(4, 5), center_channel=5, n_events=1)
    part = UnitReport(4, 13, channels=(9,), center_channel=9, n_events=20, n_edge=1, n_refractory=2, n_over_cap=3)
    part = replace(part, n_source_edge=4)
    none = UnitReport(5, reason="it is silent")
    lines = [
        "unit 3 -> 12: 1 event on 2 channels around row 5",
        "unit 4 -> 13: 20 events on 1 channel around row 9; left out: 1 at a file's edge, 2 too close to other spikes, "
        "3 over max_events, 4 of its spikes at a file's edge not used",
        "unit 5: skipped: it is silent",
    ]
    result = made(whole, part, none, files=(Path("/a"), Path("/b")), n_clipped=1)
    assert generation_lines(result) == [
        *lines, "wrote /a", "wrote /b", "made 2 of 3 units, 21 events, 1 sample clipped (seed 7)",
    ]  # fmt: skip
    assert generation_lines(result, dry_run=True) == [
        *lines, "would make 2 of 3 units, 21 events (seed 7); nothing was written",
    ]  # fmt: skip
    assert generation_lines(made(whole))[-1] == "made 1 of 1 unit, 1 event, 0 samples clipped (seed 7)"


def validated(n_clusters, **more):
    """A validation of one unit against so many clusters; the unit's events are in all of them."""
    counts = np.vstack([np.arange(n_clusters + 1), np.full(n_clusters + 1, 2)])
    scores = {"n_true": 9, "found_unit": None, "n_found": 0, "n_matched": 0, "accuracy": 0.0, "recall": 0.5}
    scores |= {"precision": 1.0, "best_unit": "x", "best_agreement": 0.25}
    told = {
        "units": [SimpleNamespace(label="3", causes={}, **scores)],
        "confusion": SimpleNamespace(true_labels=["3"], hybrid_labels=range(n_clusters), counts=counts),
        "sorter": "/s",
        "n_clusters": n_clusters,
        "window_ms": 0.4,
        "templates": [],
        "n_unassigned": 0,
        "notes": (),
    }
    return SimpleNamespace(**{**told, **more})


def test_lines_of_a_validation():
    """Scores come first, then what was missed, who is in which cluster, templates, and notes."""
    plain = [
        "/s: 2 clusters against 1 true unit, within ±0.4 ms",
        "",
        "true_unit  n_true  found_unit  n_found  n_matched  accuracy  recall  precision  best_unit  best_agreement",
        "        3       9           -        0          0     0.000   0.500      1.000          x           0.250",
        "",
        "events of true units (rows) by hybrid label (columns):",
        "true label  0  1  unmatched",
        "         3  0  1          2",
        " unmatched  2  2          2",
    ]
    assert validation_lines(validated(2)) == plain
    missed = validated(2)
    missed.units[0].causes = {"overlap": 2, "other": 3}
    assert validation_lines(missed) == [*plain[:4], "", "unit 3: missed other 3, overlap 2", *plain[4:]]
    names = ("source_template", "found_template", "pearson", "frobenius", "best_pearson_template", "best_pearson")
    score = SimpleNamespace(label="3", **dict(zip(names, (1, None, 0.5, 2.0, 4, 0.75), strict=True)))
    assert validation_lines(validated(2, templates=[score], n_unassigned=1, notes=("a note",))) == [
        *plain,
        "",
        "templates:",
        "true_unit  source_template  found_template  pearson  frobenius  best_pearson_template  best_pearson",
        "        3                1               -    0.500      2.000                      4         0.750",
        "",
        "1 event of no cluster left out",
        "a note",
    ]
    assert validation_lines(validated(2, notes=("a note",)))[len(plain) :] == ["", "a note"]
    assert validation_lines(validated(2, n_unassigned=3))[len(plain) :] == ["", "3 events of no cluster left out"]


@pytest.mark.parametrize(
    ("n_clusters", "labels", "row"),
    [
        (13, [*range(13)], [*range(13)]),
        (14, [*range(12), "others"], [*range(12), 12 + 13]),
        (20, [*range(12), "others"], [*range(12), sum(range(12, 20))]),
    ],
)
def test_columns_of_clusters(n_clusters, labels, row):
    """Thirteen clusters fit a line; of more the first twelve are there, and the sum of the others."""
    found = validation_lines(validated(n_clusters))
    head = next(k for k, line in enumerate(found) if line.startswith("true label"))
    assert found[head].split()[2:] == [*map(str, labels), "unmatched"]
    assert found[head + 1].split()[1:] == [*map(str, row), str(n_clusters)]


# -- the manifest ----------------------------------------------------------------------------------


def run(**more):
    """A source and a result of two files, of which one unit was made."""
    files = (RawFile("/in/a.bin", 5, 10), RawFile("/in/b.bin", 15, 20))
    recording = SimpleNamespace(files=files, dtype=np.dtype("<u2"), sample_rate=30_000.0, n_channels=8)
    source = SimpleNamespace(recording=recording, probe=SimpleNamespace(name="a probe"))
    recipe = Recipe(ground_truth_units=[3], session_name="s", random_seed=7, compat=True)
    units = (UnitReport(3, 12, channels=(1,), source_channels=(0,), center_channel=1, n_events=4), UnitReport(4))
    told = {"params": recipe, "units": units, "n_clipped": 2, "n_events": 4, **more}
    told |= {"sources": (FileRecord(160, SHA), FileRecord(320, SHA)), "targets": (Path("/out/a"), Path("/out/b"))}
    return source, SimpleNamespace(results=(FileRecord(160, "1" * 64), FileRecord(320, SHA)), **told)


def test_what_a_manifest_says():
    """It has the run, its files, all parameters and what was made of each unit, in this order, as ASCII."""
    source, result = run()
    data = run_manifest_bytes(source, result, {"z": FileRecord(1, SHA), "a": FileRecord(2, SHA)})
    said = json.loads(data.decode("ascii"))
    assert data == (json.dumps(said, indent=1) + "\n").encode()
    parameters = said.pop("parameters")
    assert said == {
        "format": "mockrawio hybrid",
        "format_version": 1,
        "session_name": "s",
        "random_seed": 7,
        "compat": True,
        "sample_rate": 30_000.0,
        "data_type": "uint16",
        "n_channels": 8,
        "sources": [
            {"path": "/in/a.bin", "start": 5, "n_frames": 10, "size": 160, "sha256": SHA},
            {"path": "/in/b.bin", "start": 15, "n_frames": 20, "size": 320, "sha256": SHA},
        ],
        "results": [
            {"path": "a", "size": 160, "sha256": "1" * 64},
            {"path": "b", "size": 320, "sha256": SHA},
        ],
        "n_clipped": 2,
        "n_events": 4,
        "units": json.loads(json.dumps([unit.as_dict() for unit in result.units])),
        "files": {"a": {"size": 2, "sha256": SHA}, "z": {"size": 1, "sha256": SHA}},
    }
    assert list(said)[-1] == "files" and list(said["files"]) == ["a", "z"] and list(parameters) == list(PARAMETERS)
    given = {name: value for name, value in parameters.items() if value is not None}
    assert given == {
        "data_type": "uint16", "sample_rate": 30_000, "ground_truth_units": [3], "probe": "a probe",
        "session_name": "s", "random_seed": 7, "num_singular_values": 6, "synthetic_rate": [], "jitter_factor": 100,
        "amplitude_scale_min": 1.0, "amplitude_scale_max": 1.0, "samples_before": 40, "samples_after": 40,
        "compat": True, "allow_skips": False,
    }  # fmt: skip
    assert type(parameters["sample_rate"]) is int and said["units"][1]["made"] is False


def test_a_manifest_of_another_source():
    """What is said of another source, and files other than the recording's, take their places."""
    source, result = run()
    result.sources = (FileRecord(9, SHA),)
    said = json.loads(run_manifest_bytes(source, result, {}, {"kind": "k"}, [RawFile("c", 1, 2)]))
    assert said["origin"] == {"kind": "k"}
    assert said["sources"] == [{"path": "c", "start": 1, "n_frames": 2, "size": 9, "sha256": SHA}]


@pytest.fixture
def manifest(tmp_path):
    """A manifest, to be written with changes and read again."""
    source, result = run()
    path = tmp_path / "manifest-s.json"
    said = json.loads(run_manifest_bytes(source, result, {"f": FileRecord(3, SHA)}))
    said["parameters"] |= {"output_type": None, "phy_base": None, "data_directory": None}

    def read(**changes):
        path.write_text(json.dumps({**said, **changes}))
        return read_run_manifest(path)

    read.said, read.path = said, path
    return read


MOST = 2**63 - 1


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("n_channels", [8, 2**31 - 1], [1, 2**31, 0, True]),  # with 1 the unit's row 1 is none
        ("n_clipped", [0, MOST], [-1, MOST + 1, 0.0, True]),
        ("n_events", [0, MOST], [-1, MOST + 1, None]),
        ("format_version", [1], [0, 2, 1.0, True]),
        ("sample_rate", [30_000, 0.5], [0, -1, True]),
    ],
)
def test_limits_of_a_manifest(manifest, key, good, bad):
    """Each number of a manifest may be as small and as large as it can be meant, and no more."""
    for value in good:
        assert manifest(**{key: value})[key] == value
    for value in bad:
        with pytest.raises(BadFileError, match="manifest-s.json: expected the manifest of a hybrid run") as raised:
            manifest(**{key: value})
        assert raised.value.found == repr(value) or (key, value) == ("n_channels", 1)
    assert manifest(n_channels=1, units=[])["n_channels"] == 1


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("true_unit", [-(2**63), MOST], [-(2**63) - 1, MOST + 1]),
        ("new_unit", [-(2**63), MOST, None], [-(2**63) - 1, MOST + 1, 1.0]),
        ("channels", [[0], [7]], [[-1], [8], [0, 1], [True]]),
        ("source_channels", [[0], [7], []], [[-1], [8], [0, 1], None]),
        *((key, [0, MOST], [-1, MOST + 1]) for key in ("n_source", "n_source_edge", "n_events", "n_edge")),
        *((key, [0, MOST], [-1, MOST + 1]) for key in ("n_refractory", "n_over_cap")),
    ],
)
def test_limits_of_a_unit(manifest, key, good, bad):
    """So may each number of a unit; its rows are as many from as to, if it was made."""
    unit = manifest.said["units"][0]
    for value in good:
        assert manifest(units=[{**unit, key: value}])["units"][0][key] == value
    for value in bad:
        with pytest.raises(BadFileError, match="'units' as") as raised:
            manifest(units=[{**unit, key: value}])
        assert raised.value.found.startswith("[") and "{" not in raised.value.found  # what is wrong, not the unit
    assert manifest(units=[{**unit, "new_unit": None, "source_channels": [1, 2], "channels": []}])
    for value in (None, {}, [1], "x"):
        with pytest.raises(BadFileError, match="'units' as a list of objects") as raised:
            manifest(units=value)
        assert raised.value.found == repr(value)
    with pytest.raises(BadFileError, match="'format' as mockrawio hybrid"):
        manifest(format="another")


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({"data_directory": "/a"}, True),
        ({"data_directory": 3}, False),
        ({"output_type": "phy"}, True),
        ({"output_type": "none such"}, False),
        ({"output_type": []}, False),
        ({"phy_base": 0}, True),
        ({"phy_base": 1}, True),
        ({"phy_base": 2}, False),
        ({"phy_base": -1}, False),
        ({"phy_base": True}, False),
        ({"phy_base": 1.0}, False),
    ],
    ids=str,
)
def test_parameters_of_a_manifest(manifest, changes, good):
    """What is used of the parameters is checked."""
    parameters = {**manifest.said["parameters"], **changes}
    if good:
        assert manifest(parameters=parameters)["parameters"] == parameters
        return
    with pytest.raises(BadFileError, match="'parameters' as"):
        manifest(parameters=parameters)


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"path": "a", "size": 1},
        {"path": "a", "sha256": SHA},
        {"path": 3, "size": 1, "sha256": SHA},
        {"path": "a", "size": -1, "sha256": SHA},
        {"path": "a", "size": 1, "sha256": SHA[1:]},
        {"path": "a", "size": 1, "sha256": SHA + "0"},
        {"path": "a", "size": 1, "sha256": "A" * 64},
        {"path": "a", "size": 1, "sha256": 3},
    ],
    ids=str,
)
def test_records_of_a_manifest(manifest, record):
    """A file has a path, a size, and a SHA-256 of 64 digits; if any has not, no file is listed."""
    whole = {"path": "a", "size": 1, "sha256": SHA}
    for key in ("sources", "results"):
        assert manifest(**{key: [whole]})
        with pytest.raises(BadFileError, match=f"'{key}' as"):
            manifest(**{key: [whole, record]})
    for files in ({"x": record}, [record]):
        if record != {"path": 3, "size": 1, "sha256": SHA} or files == [record]:
            with pytest.raises(BadFileError, match="'files' as"):
                manifest(files=files)
            assert listed_files(manifest.path) == {}
    manifest()
    assert listed_files(manifest.path) == {
        "f": FileRecord(3, SHA), "a": FileRecord(160, "1" * 64), "b": FileRecord(320, SHA),
    }  # fmt: skip


# -- the truth -------------------------------------------------------------------------------------


def folder_of(path, firings, table=None, **files):
    """Write what a run leaves: true firings, a table of events if there is one, other files."""
    path.mkdir(exist_ok=True, parents=True)
    np.save(path / "firings_true.npy", np.array(firings, np.uint64).reshape(3, -1))
    if table is not None:
        rows = "".join(",".join(map(str, row)) + "\n" for row in table)
        (path / "artificial_units-s.csv").write_text("timestep,true_unit,new_unit,center_channel\n" + rows)
    for name, data in files.items():
        (path / name.replace("__", "-").replace("_npy", ".npy")).write_bytes(data)
    return path


FIRINGS = [[4, 9, 4, 9], [50, 20, 10, 40], [2, 1, 2, 1]]
RATE = {"dtype__s_npy": npy_bytes(np.array([1000], np.int64))}


def trains(found):
    return [(unit.label, unit.true_unit, unit.new_unit, unit.center, unit.times.tolist()) for unit in found.units]


def test_truth_of_firings_alone(tmp_path):
    """Without a table the units are those whose events were used, each with its centre and its times in order."""
    found = load_truth(folder_of(tmp_path, FIRINGS, **RATE))
    assert trains(found) == [("1", 1, None, 9, [20, 40]), ("2", 2, None, 4, [10, 50])]
    assert (found.sample_rate, found.probe, found.manifest, found.folder) == (1000.0, None, {}, tmp_path)
    assert load_truth(folder_of(tmp_path / "none", [[], [], []], **RATE)).units == ()


def test_truth_of_a_table(tmp_path):
    """With a table each lot of events is a unit; those of one true unit are told apart by their labels."""
    table = [(10, 2, 12, 4), (20, 1, 11, 9), (40, 1, 13, 8), (50, 2, 12, 4)]
    found = load_truth(folder_of(tmp_path, FIRINGS, table, **RATE))
    assert trains(found) == [
        ("1/11", 1, 11, 9, [20]), ("1/13", 1, 13, 8, [40]), ("2", 2, 12, 4, [10, 50]),
    ]  # fmt: skip
    for other in ([*table[:3], (51, 2, 12, 4)], table[:3], [*table, table[0]], [(10, 1, 12, 4), *table[1:]]):
        with pytest.raises(BadFileError, match=r"firings_true.npy: expected the events of artificial_units-s.csv"):
            load_truth(folder_of(tmp_path, FIRINGS, other, **RATE))
    for bad in ("1,2,3", "1,2,3,x", "1,2,3,1e3", f"{2**63},1,1,1"):
        (tmp_path / "artificial_units-s.csv").write_text(f"timestep,true_unit,new_unit,center_channel\n{bad}\n")
        with pytest.raises(BadFileError, match="whole numbers in columns timestep, true_unit, new_unit, center_chan"):
            load_truth(tmp_path)


def test_truth_of_a_session(tmp_path):
    """A session's tables are in its one folder of a run; of several one has to be given."""
    folder_of(tmp_path / "hybrid", FIRINGS, **RATE)
    assert load_truth(tmp_path).folder == tmp_path / "hybrid"
    folder_of(tmp_path / "hybrid_2", FIRINGS, **RATE)
    with pytest.raises(BadFileError, match="the tables of one run; found hybrid, hybrid_2. Give the folder"):
        load_truth(tmp_path)
    assert load_truth(folder_of(tmp_path, FIRINGS, **RATE)).folder == tmp_path
    with pytest.raises(BadFileError, match="no such folder"):
        load_truth(tmp_path / "none")


def test_the_only_file_of_a_kind(tmp_path):
    """It is the one there is, or the session's; of several one has to be named."""
    assert only_one(tmp_path, "a", "x", None) is None
    (tmp_path / "a-1.x").touch()
    assert only_one(tmp_path, "a", "x", None) == only_one(tmp_path, "a", "x", "1") == tmp_path / "a-1.x"
    with pytest.raises(BadFileError, match=r"a-2\.x: expected a file of the session '2'; found none"):
        only_one(tmp_path, "a", "x", "2")
    (tmp_path / "a-2.x").touch()
    with pytest.raises(BadFileError, match=r"one a-\*\.x; found a-1\.x, a-2\.x. Say which with session_name"):
        only_one(tmp_path, "a", "x", None)


@pytest.mark.parametrize(
    ("stored", "rate"),
    [
        (np.array([30_000], np.int16), 30_000.0),
        (np.array([[24_414.0625]]), 24_414.0625),
        (np.array([0.001]), 0.001),
        (np.array([1, 2]), "[1, 2]"),
        (np.array([1, 2, 3]), "[1, 2]"),
        (np.array([], np.int16), "[]"),
        (np.array([-1], np.int16), "[-1]"),
        (np.array([0]), "[0]"),
        (np.array([True]), "1 of bool"),
        (np.array(["a", "b"]), "2 of <U1"),
    ],
    ids=str,
)
def test_a_stored_rate(tmp_path, stored, rate):
    """Without a manifest the rate is the one number of its file; anything else is told."""
    folder_of(tmp_path, FIRINGS)
    np.save(tmp_path / "dtype-s.npy", stored)
    if isinstance(rate, float):
        assert load_truth(tmp_path).sample_rate == load_truth(tmp_path, None).sample_rate == rate
        return
    with pytest.raises(BadFileError, match="dtype-s.npy: expected the sample rate") as raised:
        load_truth(tmp_path)
    assert raised.value.found == rate


def test_a_rate_of_a_manifest(tmp_path, manifest):
    """A manifest's rate comes first; a session without one is what the original wrote."""
    folder_of(tmp_path, FIRINGS, [(10, 2, 12, 4), (20, 1, 11, 9), (40, 1, 11, 9), (50, 2, 12, 4)], **RATE)
    Probe([0], [True], [[1, 2]]).save(tmp_path / "probe-s.npz")
    manifest(sample_rate=2000)
    assert load_truth(tmp_path).probe.channel_positions.tolist() == [[1, 2]]
    assert load_truth(tmp_path).sample_rate == load_truth(tmp_path, "s").sample_rate == 2000.0
    manifest.path.rename(tmp_path / "manifest-t.json")
    assert load_truth(tmp_path, "s").sample_rate == 1000.0 and load_truth(tmp_path, "s").manifest == {}
    assert load_truth(tmp_path).manifest["sample_rate"] == 2000
    for path in (tmp_path / "manifest-t.json", tmp_path / "dtype-s.npy"):
        path.unlink()
    with pytest.raises(MockSessionError, match="for the rate; found none. Validate the whole output folder"):
        load_truth(tmp_path)


def test_negative_firings(tmp_path):
    """No number of the true firings is negative."""
    folder_of(tmp_path, FIRINGS, **RATE)
    np.save(tmp_path / "firings_true.npy", np.array(FIRINGS) - 2)
    with pytest.raises(BadFileError, match="firings_true.npy: expected no negative numbers; found -1"):
        load_truth(tmp_path)


def unit_at(center, new_unit=12):
    return AddedUnit("1", 1, new_unit, center, np.array([5]))


def test_where_a_unit_is():
    """The place of its centre is the probe's, by raw row; without a probe, or beyond it, there is none."""
    probe = Probe([2, 0, 1], [True] * 3, [[0, 1], [2, 3], [4, 5]])
    told = RunTruth(Path("."), 1.0, (), probe, {})
    assert [told.place(unit_at(row)) for row in (0, 1, 2)] == [(2, 3), (4, 5), (0, 1)]
    assert np.isnan(told.place(unit_at(3))).all() and len(told.place(unit_at(3))) == 2
    assert np.isnan(replace(told, probe=None).place(unit_at(0))).tolist() == [True, True]


def test_where_its_events_went():
    """The manifest says from which rows to which; of a unit that it does not have, or has no rows of, none."""
    reports = [{"new_unit": 11, "source_channels": [1], "channels": [5]}]
    reports += [{"new_unit": 12, "source_channels": [2, 3], "channels": [7, 6]}]
    reports += [{"new_unit": 13, "source_channels": [], "channels": [7]}]
    told = RunTruth(Path("."), 1.0, (), None, {"units": reports})
    assert [rows.tolist() for rows in told.moved(unit_at(0))] == [[2, 3], [7, 6]]
    assert [told.moved(unit_at(0, new)) for new in (13, 14, None)] == [None] * 3
    assert replace(told, manifest={}).moved(unit_at(0)) is None and truth.COLUMNS[0] == "timestep"


def test_whose_tables_are_there(tmp_path):
    """Tables are replaced where the first is one of ours, by its first line, to its end."""
    head = ",".join(_HEAD).encode()
    _refuse_foreign_tables(tmp_path)
    for line in (head, head + b"\n1,2\n", head + b"\r\n"):
        (tmp_path / "units.csv").write_bytes(line)
        _refuse_foreign_tables(tmp_path)
    for line in (b"", head[:-1] + b"\n", head + b"x\n", head + b"\rx\n"):
        (tmp_path / "units.csv").write_bytes(line)
        with pytest.raises(MockSessionError, match="units.csv: expected nothing there, or tables of an earlier"):
            _refuse_foreign_tables(tmp_path)
    (tmp_path / "units.csv").rename(tmp_path / "templates.csv")
    with pytest.raises(MockSessionError, match="templates.csv: expected nothing there"):
        _refuse_foreign_tables(tmp_path)


# -- templates -------------------------------------------------------------------------------------


@pytest.fixture
def compared(monkeypatch):
    """A function that compares a unit's templates, whose sortings and templates are stand-ins."""
    columns = 4
    true = np.zeros((3, 2, columns))
    true[0, 0, 0], true[1, 0, 1], true[2, 1, 2] = -5.0, -7.0, 9.0
    found = np.zeros((3, 2, columns))
    found[0, 0, 3], found[1, 0, 2], found[2, 1, 2] = -7.0, -8.0, 9.0
    source = SimpleNamespace(
        cluster=np.array([1, 1, 1, 2]), template=np.array([1, 1, 0, 2]), kind="phy", __len__=lambda: 4
    )
    sorting = SimpleNamespace(
        cluster=np.array([8, 8, 9, 9, 9]),
        template=np.array([2, 1, 1, 1, 0]),
        timestep=np.array([95, 205, 305, 306, 411]),
        kind="phy",
    )
    monkeypatch.setattr(pairs, "load_sorting", lambda *_, **__: source)
    monkeypatch.setattr(pairs, "load_templates", lambda folder, kind: true if folder == "/true" else found)

    def compare(partner=9, *, window=10, offset=1, given="/true", manifest=None, **changes):
        probe = Probe(np.arange(columns), np.ones(columns, bool), np.zeros((columns, 2)))
        unit = AddedUnit("1", 1, 12, 2, np.array([100, 200, 300, 400, 900]))
        told = RunTruth(Path("."), 1000.0, (unit,), probe, {})
        held = SimpleNamespace(**{"sorting": sorting, "directory": "/found", **changes})
        told.manifest.update(manifest or {})
        return compare_units(told, held, [partner], given, window, offset)

    compare.source, compare.sorting = source, sorting
    return compare


def test_templates_side_by_side(compared):
    """The unit's most used template, moved to its centre, is held against its cluster's and against all others."""
    (score,), notes = compared()
    assert notes == () and (score.source_template, score.found_template) == (1, 1)
    assert np.argwhere(score.source_samples).tolist() == [[0, 2]] and score.source_samples[0, 2] == -7.0
    np.testing.assert_array_equal(score.found_samples[0], [0, 0, -8, 0])
    assert score.pearson == score.best_pearson == pytest.approx(1.0)
    assert score.frobenius == score.best_frobenius == pytest.approx(1 / 7)
    assert (score.best_pearson_template, score.best_frobenius_template) == (1, 1)
    # Events at 100, 200, 300, 400, 900; spikes a sample later than told: 96, 206, 306, 307 and 412, too late.
    assert (score.n_near, score.n_best) == (3, 2)
    (score,), _ = compared(None)
    assert (score.found_template, score.pearson, score.frobenius, score.found_samples) == (None,) * 4
    (score,), _ = compared(8, window=12)
    assert (score.found_template, score.n_near, score.n_best) == (1, 4, 2)
    assert "found_samples" not in score.as_dict() and score.as_dict()["n_near"] == 4


def test_templates_that_cannot_be_compared(compared, tmp_path, monkeypatch):
    """What is missing is told, of a unit or of all; what was asked for by its folder is an error."""
    compared.source.cluster = np.array([2, 2, 2, 2])
    assert compared()[1] == ("the template of unit 1 was not compared: the source's sorting has no events of it",)
    compared.sorting.template = np.array([3, 0, 0, 0, 0])
    with pytest.raises(MockSessionError, match="/found: expected templates 0 to 2; found events of template 3"):
        compared()
    compared.sorting.template = None
    assert compared()[1][0].startswith("templates were not compared: ") and compared()[1][0].endswith(" stores none")
    compared.sorting.template, compared.source.template = np.zeros(5, int), None
    assert compared()[1][0].endswith("which the events were made from, stores none")
    assert "is unknown (source_directory)" in compared(given=None)[1][0]
    for change in ({"sorting": None}, {"directory": None}):
        assert compared(**change) == ((), ("templates were not compared: the sorting has no folder that holds them",))
    compared.source.template = np.array([1, 1, 0, 3])
    with pytest.raises(MockSessionError, match="/true: expected templates 0 to 2; found events of template 3"):
        compared()
    none = {"parameters": {"data_directory": str(tmp_path / "none")}}
    assert "none, the sorting that events were made from, is not there" in compared(given=None, manifest=none)[1][0]
    there = {"parameters": {"data_directory": str(tmp_path)}}
    for wrong in (BadFileError("/d", "e", "f", "r"), OSError("gone")):

        def load(*given, wrong=wrong, **how):
            raise wrong

        monkeypatch.setattr(pairs, "load_sorting", load)
        assert compared(given=None, manifest=there) == ((), (f"templates were not compared: {wrong}",))
        with pytest.raises(type(wrong)):
            compared()
    pairs._Comparison._check_template_numbers(np.array([], int), np.zeros((0, 2, 4)), "d")


def test_where_the_sources_sorting_is():
    """It is where it is said to be, or where the manifest says, of the kind and with the base that it has."""
    told = RunTruth(Path("."), 1.0, (), None, {"parameters": {"data_directory": "/d", "output_type": "phy"}})
    assert pairs._source(told, Path("/given")) == ("/given", None, None)
    assert pairs._source(told, None) == ("/d", "phy", None)
    told.manifest["parameters"]["phy_base"] = 1
    assert pairs._source(told, None) == ("/d", "phy", 1)
    for manifest in ({}, {"parameters": {"data_directory": None}}):
        with pytest.raises(pairs._Unfit, match="is unknown"):
            pairs._source(replace(told, manifest=manifest), None)
