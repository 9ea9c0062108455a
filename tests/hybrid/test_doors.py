"""What the doors to hybrid data hand on, by default and when told, with stand-ins for what is behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.errors import BadFileError, MockSessionError, SessionExistsError
from mockrawio.ground.writing import FileRecord
from mockrawio.hybrid import RawFile, as_session, doors, undo, undo_session  # all of them are imported
from mockrawio.hybrid.doors import (
    OPTIONS,
    generate_hybrid,
    hybrid_from_session,
    hybrid_from_spikeinterface,
    plan_hybrid,
    planted_events,
)
from mockrawio.hybrid.planned import HybridResult
from mockrawio.hybrid.recipe import Recipe
from mockrawio.hybrid.store import events_bytes
from mockrawio.hybrid.tables import npy_bytes
from mockrawio.hybrid.undo import undo_hybrid
from mockrawio.session.layout import UnitName

# -- planning --------------------------------------------------------------------------------------


def test_which_plan_is_made(monkeypatch):
    """A recipe is checked against the source's rate, and nothing is left open; compat's plan is the original's."""
    asked = []
    monkeypatch.setattr(doors, "plan_original", lambda recipe, source: asked.append((recipe, None)))
    monkeypatch.setattr(doors, "plan_units", lambda recipe, source, *, n_workers: asked.append((recipe, n_workers)))
    source = SimpleNamespace(recording=SimpleNamespace(sample_rate=1000))
    recipe = Recipe(ground_truth_units=[1], synthetic_rate=[1000])
    plan_hybrid(recipe, source)
    plan_hybrid(recipe, source, n_workers=3)
    plan_hybrid(replace(recipe, compat=True), source)
    assert [workers for _, workers in asked] == [1, 3, None]
    assert all(one.random_seed is not None and len(one.session_name) == 8 for one, _ in asked)
    with pytest.raises(MockSessionError, match="synthetic_rate: expected at most the sample_rate, 1000"):
        plan_hybrid(replace(recipe, synthetic_rate=[1000.5]), source)


class Folder:
    """A stand-in for the folder of raw results."""

    made: ClassVar[list[Folder]] = []

    def __init__(self, folder, recipe, source):
        self.done = [folder, recipe, source]
        Folder.made.append(self)

    def prepare(self):
        self.done.append("prepare")

    def result(self, plan):
        self.done.append(("result", plan))
        return "result"

    def write(self, plan, *, progress):
        self.done.append(("write", plan, progress))
        return "written"


@pytest.fixture
def behind(monkeypatch):
    """Stand-ins for what the doors open, plan and write; it has what they were asked."""
    asked = SimpleNamespace(plans=[], opened=[], contents=[], written=[], own=[])
    Folder.made = []
    result = SimpleNamespace(folder="/out")
    source = SimpleNamespace(read_from=["/in"], labels=lambda units: [10 + int(unit) for unit in units])

    def opened(*given, **how):
        asked.opened.append((given, how))
        return source

    def planned(recipe, held, *, n_workers):
        assert held is source
        asked.plans.append((recipe, n_workers))
        return f"plan {len(asked.plans)}"

    def content(plan, held, target):
        asked.contents.append((plan, target))
        return SimpleNamespace(result=result)

    monkeypatch.setattr(doors, "open_session", opened)
    monkeypatch.setattr(doors, "open_extractors", opened)
    monkeypatch.setattr(doors, "plan_hybrid", planned)
    for name in ("content_of_session", "content_of_extractors"):
        monkeypatch.setattr(doors, name, content)
    monkeypatch.setattr(doors, "write_content", lambda content, *given: asked.written.append(given))
    monkeypatch.setattr(doors, "refuse_own", lambda *given: asked.own.append(given))
    monkeypatch.setattr(doors, "RawFolder", Folder)
    asked.result = result
    return asked


def test_the_door_of_files(behind):
    """A run of files is planned and written, by one worker and without a bar; a dry run writes nothing."""
    params = SimpleNamespace(open=lambda: source)
    source = doors.open_session()
    resolved = SimpleNamespace(output_directory="/out")
    params.told_by = lambda held: SimpleNamespace(resolved=lambda: resolved) if held is source else None
    assert generate_hybrid(params) == "written"
    assert generate_hybrid(params, progress=True, n_workers=4) == "written"
    assert generate_hybrid(params, dry_run=True) == "result"
    told = [folder.done[3:] for folder in Folder.made]
    assert told == [
        ["prepare", ("write", "plan 1", False)], ["prepare", ("write", "plan 2", True)], [("result", "plan 3")],
    ]  # fmt: skip
    assert behind.plans == [(resolved, 1), (resolved, 4), (resolved, 1)]


def test_the_door_of_sessions(behind, monkeypatch):
    """A session is read from the stream that is named, and another is written, unless it is a dry run."""
    monkeypatch.setattr(doors.secrets, "randbelow", lambda most: most - 1)
    assert hybrid_from_session("/in", ["1"], output="out") is behind.result
    told = {"stream": "s", "seed": 7, "overwrite": True, "progress": True, "n_workers": 3, "session_name": "n"}
    hybrid_from_session("/in", ("2", "1"), output="/out", **told, jitter_factor=5)
    assert hybrid_from_session("/in", ["1"], output="/out", dry_run=True) is behind.result
    assert behind.opened == [(("/in", None), {}), (("/in", "s"), {}), (("/in", None), {})]
    first, second, _ = (recipe for recipe, _ in behind.plans)
    assert (first.ground_truth_units, first.random_seed, first.session_name) == ((11,), 2**31 - 1, f"seed{2**31 - 1}")
    assert (second.ground_truth_units, second.random_seed, second.session_name, second.jitter_factor) == (
        (12, 11), 7, "n", 5,
    )  # fmt: skip
    assert [workers for _, workers in behind.plans] == [1, 3, 1]
    assert behind.written == [("/out", False, False, "hybrid"), ("/out", True, True, "hybrid")]
    assert behind.contents[0][1] == Path("out").absolute() and behind.own[0] == (Path("out").absolute(), "/in")


def test_the_door_of_spikeinterface(behind, tmp_path):
    """Raw files are the default; results that are there are replaced only if that is asked for."""
    assert hybrid_from_spikeinterface("r", "s", [1], output=tmp_path, seed=3) == "written"
    assert hybrid_from_spikeinterface("r", "s", [1], output=tmp_path, output_format="session") is behind.result
    assert hybrid_from_spikeinterface("r", "s", [1], output=tmp_path, output_format="session", dry_run=True)
    assert [how for _, how in behind.opened] == [{"as_int16": False}, {"as_int16": True}, {"as_int16": True}]
    assert behind.written == [("/out", False, False, "hybrid")] and len(behind.own) == 2
    assert Folder.made[0].done[3:] == ["prepare", ("write", "plan 1", False)]
    for name in ("recording_t1.GT.bin", "recording_t0.GT.bin"):
        (tmp_path / name).touch()
    with pytest.raises(SessionExistsError, match="no result there; found recording_t0.GT.bin"):
        hybrid_from_spikeinterface("r", "s", [1], output=tmp_path)
    assert hybrid_from_spikeinterface("r", "s", [1], output=tmp_path, overwrite=True, progress=True) == "written"
    assert Folder.made[-1].done[-1][2] is True
    assert hybrid_from_spikeinterface("r", "s", [1], output=tmp_path, dry_run=True, n_workers=5) == "result"
    assert behind.plans[-1][1] == 5
    with pytest.raises(MockSessionError, match="output_format: expected 'raw' or 'session'; found 'other'"):
        hybrid_from_spikeinterface("r", "s", [1], output=tmp_path, output_format="other")


@pytest.mark.parametrize("units", [[], "CSC1", b"x", {"a": 1}, 3, None, np.array([])], ids=str)
def test_units_that_are_no_list(behind, units):
    """Units are a list of one at least."""
    with pytest.raises(MockSessionError, match="units: expected a list of units, one at least"):
        hybrid_from_session("/in", units, output="/out")


def test_options_by_name(behind):
    """Options are the recipe's, but for its units, its seed and compat; any other name is told."""
    fields = [
        name for name in Recipe.__dataclass_fields__ if name not in ("ground_truth_units", "random_seed", "compat")
    ]
    assert list(OPTIONS) == fields and len(fields) == 11
    with pytest.raises(
        MockSessionError, match="options: expected any of .*; found compat, zz. Correct the name."
    ) as raised:
        hybrid_from_session("/in", ["1"], output="/out", zz=1, compat=True)
    assert raised.value.found == "compat, zz"
    assert hybrid_from_session("/in", iter(["1"]), output="/out", max_events=3)
    assert behind.plans[0][0].max_events == 3


def test_events_of_a_folder(tmp_path):
    """Events are those of a result, of a file, or of the one file that a folder, or its tables, has."""
    assert planted_events(HybridResult(params=None, units=(), planted=(1, 2), folder=None, targets=())) == (1, 2)
    with pytest.raises(MockSessionError, match=r"one events-\*.npz; found none. Give the path of one"):
        planted_events(tmp_path)
    (tmp_path / "hybrid_2").mkdir()
    for path in (tmp_path / "hybrid_2" / "events-b.npz", tmp_path / "events-a.npz"):
        path.write_bytes(events_bytes([]))
        assert planted_events(path) == () == planted_events(path.parent)
        path.rename(path.with_suffix(".kept")) if "hybrid" in str(path.parent.name) else None
    (tmp_path / "hybrid_2" / "events-b.kept").rename(tmp_path / "hybrid_2" / "events-b.npz")
    with pytest.raises(MockSessionError, match="found events-a.npz, events-b.npz"):
        planted_events(tmp_path)


# -- undoing ---------------------------------------------------------------------------------------


def test_the_door_of_undoing(tmp_path, monkeypatch):
    """Of files the source goes beside the results by default; of a session a place has to be named."""
    asked = []
    monkeypatch.setattr(undo, "_raw", lambda *given: asked.append(given))
    monkeypatch.setattr(undo, "undone_session", lambda *given: asked.append(given))
    undo_hybrid(tmp_path)
    undo_hybrid(tmp_path, "out", session_name="s", overwrite=True, progress=True)
    out = Path("out").absolute()
    assert asked == [(tmp_path, tmp_path, None, False, False), (tmp_path, out, "s", True, True)]
    (tmp_path / "session_manifest.json").touch()
    with pytest.raises(MockSessionError, match="output: expected a folder for the session without the events"):
        undo_hybrid(tmp_path)
    asked.clear()
    undo_hybrid(tmp_path, "out")
    undo_hybrid(tmp_path, "out", overwrite=True, progress=True)
    assert asked == [(tmp_path, out, False, False), (tmp_path, out, True, True)]


RUN = {"session_name": "s", "stream": "broadband", "tables": "hybrid", "names": {"1": "CSC1_SU1"}}


@pytest.mark.parametrize(
    "change",
    [
        {"session_name": 3},
        {"stream": None},
        {"tables": 3},
        {"tables": "a/b"},
        {"names": []},
        {"names": None},
        None,
    ],
    ids=str,
)
def test_what_a_session_says_of_its_run(change):
    """A session's manifest names the run's stream, tables, session and units."""
    assert undo_session._run(Path("/s"), {"hybrid": RUN}) == RUN
    said = {} if change is None else {"hybrid": {**RUN, **change}}
    for manifest in (said, {"hybrid": [RUN]}):
        with pytest.raises(BadFileError, match="session_manifest.json: expected a session that a hybrid run made"):
            undo_session._run(Path("/s"), manifest)


def test_the_manifest_before():
    """What is not of the run stays, and what an earlier run said is there again."""
    manifest = {"format": 1, "format_version": 2, "files": 3, "hybrid": 4, "spec": 5, "x": 6}
    assert undo_session._manifest_before(manifest, {}) == {"spec": 5, "x": 6}
    assert undo_session._manifest_before(manifest, {"before": 7}) == {"spec": 5, "x": 6, "hybrid": 7}


def test_a_session_is_undone(monkeypatch):
    """The last run's stream is written again without its events and new units, apart from what is read."""
    asked = []
    said = {
        "session_name": "s",
        "sources": [{"size": 3, "sha256": "a"}],
        "units": [{"new_unit": 9}, {"new_unit": None}],
    }
    source = SimpleNamespace(
        name="broadband", stream=SimpleNamespace(path="/s/raw_data/broadband.npy"), read_from=["/s"]
    )
    run = {**RUN, "names": {"9": "CSC1_SU2", "None": "none"}}
    monkeypatch.setattr(undo_session, "read_manifest", lambda path: asked.append(path) or {"hybrid": run, "x": 1})
    monkeypatch.setattr(undo_session, "read_run_manifest", lambda path: asked.append(path) or said)
    monkeypatch.setattr(undo_session, "open_session", lambda *given: asked.append(given) or source)
    source.recording = "recording"
    without = SimpleNamespace(n_events=7)
    monkeypatch.setattr(undo_session, "WithoutEvents", lambda *given: asked.append(given) or without)
    monkeypatch.setattr(undo_session, "refuse_own", lambda *given: asked.append(given))
    for name in ("_stream", "_files", "write_content"):
        monkeypatch.setattr(undo_session, name, lambda *given, name=name: asked.append(given) or name)
    record = FileRecord(3, "a")
    for overwrite, progress in ((False, True), (True, False)):
        asked.clear()
        found = undo_session.undone_session(Path("/s"), Path("/out"), overwrite, progress)
        assert (found.folder, found.files, found.records, found.n_events) == (
            Path("/out"), (Path("/out/raw_data/broadband.npy"),), (record,), 7,
        )  # fmt: skip
        assert asked[:5] == [
            Path("/s/session_manifest.json"), Path("/s/hybrid/manifest-s.json"), (Path("/s"), "broadband"),
            (Path("/out"), "/s"), ("recording", Path("/s/hybrid/events-s.npz")),
        ]  # fmt: skip
        assert asked[5:7] == [(source, without, {"CSC1_SU2"}), (source, "hybrid", {"CSC1_SU2"})]
        content, *rest = asked[7]
        assert rest == [Path("/out"), overwrite, progress, "undo"] and content.said == {"x": 1}
        assert (content.info_ms, content.streams, content.files) == (None, ["_stream"], "_files")
        assert (content.result, content.source, content.units(None)) == (Path(source.stream.path), record, ())


# -- sessions --------------------------------------------------------------------------------------


def test_a_free_folder():
    """Tables go to ``hybrid``, or to the next of that name that the source does not have."""
    for names, expected in (
        ([], "hybrid"),
        (["hybridx/a", "raw_data/hybrid"], "hybrid"),
        (["hybrid/a"], "hybrid_2"),
        (["hybrid/a", "hybrid_2/b", "hybrid_4/c"], "hybrid_3"),
    ):
        assert as_session._free_folder(SimpleNamespace(files=dict.fromkeys(names))) == expected


def test_what_a_stream_begins_with(tmp_path, monkeypatch):
    """A file begins with what it has before its samples, one that is made with the header that it would have."""
    (tmp_path / "b.npy").write_bytes(b"headsamples")
    samples = SimpleNamespace(offset=4, shape=(3, 2))
    stream = SimpleNamespace(path=str(tmp_path / "b.npy"), samples=samples)
    assert as_session._head(stream) == b"head"
    monkeypatch.setattr(as_session, "MadeArray", SimpleNamespace)
    assert as_session._head(stream) == npy_bytes(np.zeros((3, 2), "<i2"))[:-12]


def test_files_of_a_session(tmp_path):
    """All plain files are taken, by name; a link to nowhere is none."""
    (tmp_path / "in").mkdir()
    for name in ("in/b", "a"):
        (tmp_path / name).write_text(name)
    (tmp_path / "lost").symlink_to("none")
    found = as_session.files_of(SimpleNamespace(folder=tmp_path, root=DiskFolder(tmp_path)))
    assert [(name, file.path) for name, file in found] == [(name, str(tmp_path / name)) for name in ("a", "in/b")]


@pytest.mark.parametrize(
    ("kinds", "floats"), [("", False), ("-", False), ("-f", True), ("if", False), ("fi", True), ("-i", False)]
)
def test_waveforms_of_a_session(kinds, floats, monkeypatch):
    """Whether waveforms are floats is told by the first unit that has any."""
    waveforms = {"-": None, "f": SimpleNamespace(dtype=np.dtype("f4")), "i": SimpleNamespace(dtype=np.dtype("i2"))}
    monkeypatch.setattr(as_session, "open_unit", lambda kind: SimpleNamespace(waveforms=waveforms[kind[1]]))
    units = {k: (k, kind) for k, kind in enumerate(kinds)}
    assert as_session._has_float_waveforms(SimpleNamespace(files=SimpleNamespace(units=units))) is floats


def test_samples_of_a_source():
    """Each file of a recording is a piece of samples, counted from its own beginning."""
    files = (RawFile("a", 0, 10), RawFile("b", 100, 20))
    recording = SimpleNamespace(files=files, dtype="d", sample_rate=7, read=lambda start, stop: (start, stop))
    found = as_session._source(recording, ("x",), np.ones(1), np.zeros(1))
    assert [piece.n_samples for piece in found.pieces] == [10, 20] and (found.channels, found.dtype) == (("x",), "d")
    assert [piece.read(2, 5) for piece in found.pieces] == [(2, 5), (102, 105)]


def test_names_of_new_units():
    """A new unit has the next free number on the channel of its centre, by its id or by its row."""
    files = (SimpleNamespace(start=0, stop=100), SimpleNamespace(start=200, stop=300))
    units = [SimpleNamespace(center=center, times=np.array([5, 99, 200, 299])) for center in (1, 1, 0)]
    plan = SimpleNamespace(planted=units, source=SimpleNamespace(recording=SimpleNamespace(files=files)))
    taken = [UnitName(7, "SU", 1), UnitName(7, "SU", 4), UnitName(7, "MU", 9), UnitName(2, "SU", 3)]
    for ids, names in ((("CSC5", "CSC7"), [(7, 5), (7, 6), (5, 1)]), (("x", "y"), [(2, 4), (2, 5), (1, 1)])):
        places = as_session._new_units(SimpleNamespace(ids=ids, plan=plan), taken)
        assert [(place.name.channel, place.name.number) for place in places] == names
        assert {place.name.unit_type for place in places} == {"SU"}
        assert [[part.tolist() for part in place.frames] for place in places] == [[[5, 99], [0, 99]]] * 3


def test_what_is_said_of_new_units():
    """The stream's description has of each new unit whose events it has, where, and how many."""
    events = SimpleNamespace(new_unit=9, true_unit=1, center=2, times=[1, 2, 3], before=4, n_samples=11)
    events.channels = np.array([2, 0])
    reports = [SimpleNamespace(made=False), SimpleNamespace(made=True, source_channels=(1, 2))]
    stream = SimpleNamespace(plan=SimpleNamespace(planted=[events], units=reports), ids=("a", "b", "c"))
    assert as_session._added(stream, {1: "one", 9: "nine"}) == {
        "nine": {
            "true_unit": "one",
            "n_events": 3,
            "center_channel": "c",
            "source_channels": ["b", "c"],
            "channels": ["c", "a"],
            "samples_before": 4,
            "n_samples": 11,
        }
    }


def test_tables_of_a_session(monkeypatch):
    """The run's tables are in a folder of their own, under a manifest of the whole stream as one file."""
    asked, written = [], {}

    class Writer:
        files: ClassVar[dict[str, object]] = {}

        def write(self, name, chunks):
            written[name] = b"".join(chunks)
            self.files[name] = f"record of {name}"

    def manifest(source, result, files, origin, whole):
        asked.append((files, origin, whole))
        return b"manifest"

    monkeypatch.setattr(as_session, "run_manifest_bytes", manifest)
    source = SimpleNamespace(recording=SimpleNamespace(files=[1, 2]))
    plan = SimpleNamespace(source=source, small_files=lambda paths, clipped: {"x": f"{paths} {clipped}".encode()})
    stream = SimpleNamespace(plan=plan, file="raw_data/b.npy", name="b", source=SimpleNamespace(n_samples=77))
    content = as_session.HybridContent.__new__(as_session.HybridContent)
    content.result = SimpleNamespace(params=SimpleNamespace(session_name="s"), names={4: "four"})
    content._write_tables(Writer(), stream, "hybrid_2", "clipped")
    assert written == {
        "hybrid_2/x": b"['raw_data/b.npy', 'raw_data/b.npy'] clipped", "hybrid_2/manifest-s.json": b"manifest",
    }  # fmt: skip
    assert asked == [
        (
            {"x": "record of hybrid_2/x"},
            {"kind": "session", "stream": "b", "names": {"4": "four"}},
            [RawFile("raw_data/b.npy", 0, 77)],
        )
    ]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"CSC1_SU1": 1, "CSC1_SU2": 2}, {"hybrid": {"CSC1_SU1": 1}}),
        ({"CSC1_SU2": 2}, {}),
        ({}, {}),
        (None, {}),
        ("text", {}),
    ],
    ids=str,
)
def test_the_stream_before(told, kept, monkeypatch):
    """A stream's description is without the new units, if it has any; its samples are those without the events."""
    said = {"x": 1, **({} if told is None else {"hybrid": told})}
    monkeypatch.setattr(undo_session, "read_json", lambda *_: dict(said))
    scales = [type("Scale", (tuple,), {"units": "uV"})((0.5 + k, 3.0 * k, 9)) for k in range(2)]
    opened = SimpleNamespace(
        path="/s/b.npy", scales=scales, ids=("a", "b"), names=("A", "B"), runs=[SimpleNamespace(t_start_ms=7.0)]
    )
    files = (RawFile("b", 100, 20),)
    recording = SimpleNamespace(files=files, dtype=np.dtype("<i2"), sample_rate=1000)
    source = SimpleNamespace(stream=opened, recording=recording, name="b")
    before = undo_session._stream(source, SimpleNamespace(read=lambda start, stop: (start, stop)), {"CSC1_SU2"})
    assert before.description(None) == {"x": 1, **kept} and before.starts_ms == [7.0] and before.units == "uV"
    assert before.source.gains.tolist() == [0.5, 1.5] and before.source.offsets.tolist() == [0.0, 3.0]
    (piece,) = before.source.pieces
    assert piece.read(2, 5) == (102, 105) and piece.n_samples == 20


def test_what_a_session_says_of_a_run():
    """Its manifest has the run, its stream, both digests, and what it said before."""
    result = SimpleNamespace(
        params=SimpleNamespace(session_name="s", random_seed=7),
        sources=(FileRecord(1, "a"),),
        results=(FileRecord(2, "b"),),
        n_clipped=3,
        n_events=4,
        names={1: "x"},
    )
    for said, more in (({}, {}), ({"hybrid": {"old": 1}}, {"before": {"old": 1}})):
        content = as_session.HybridContent.__new__(as_session.HybridContent)
        content.said, content.result = said, result
        assert content._described(SimpleNamespace(name="broadband"), "hybrid_2") == {
            "session_name": "s",
            "random_seed": 7,
            "stream": "broadband",
            "tables": "hybrid_2",
            "source": {"size": 1, "sha256": "a"},
            "result": {"size": 2, "sha256": "b"},
            "n_clipped": 3,
            "n_events": 4,
            "names": {"1": "x"},
            **more,
        }
