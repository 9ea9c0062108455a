"""A session's score: from its truth, from its units, from the command; in every form that a sorting comes in."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from spikeinterface.comparison import compare_sorter_to_ground_truth
from spikeinterface.core import NumpySorting

import mockrawio
from mockrawio import MockSessionError, NotASessionError, SessionSpec, corrupt_sorting, generate_session
from mockrawio.cli import main
from mockrawio.generate import DeadChannel, Jump, StimulationArtifact
from mockrawio.hybrid import hybrid_from_session
from mockrawio.interop.spikeinterface import MockSessionSortingExtractor
from mockrawio.scoring.figure import plot_score
from mockrawio.scoring.text import score_lines
from tests.hybrid.sorter import write_phy

SPEC = SessionSpec.broadband(patient_id=1, session_nr=1, segments=(12.0, 8.0), n_channels=16, n_units=6, seed=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A session of two segments, 6 units."""
    return generate_session(SPEC, tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="module")
def sorting(folder):
    """Its true sorting."""
    return MockSessionSortingExtractor(folder)


@pytest.fixture(scope="module")
def worse(sorting):
    """The same with spikes missed, added and moved."""
    return corrupt_sorting(sorting, miss=0.1, add=0.05, jitter=8, split=1, seed=2)


@pytest.fixture(scope="module")
def phy(worse, folder, tmp_path_factory):
    """What a sorter of the concatenated segments would have written of it: clusters 0, 1, 2, ..."""
    sizes = mockrawio.truth(folder).n_samples
    trains = {}
    for label, unit in enumerate(worse.sorting.unit_ids, 1):
        parts = [worse.sorting.get_unit_spike_train(unit, segment_index=k) for k in range(2)]
        trains[label] = np.concatenate([parts[0], parts[1] + sizes[0]])
    return write_phy(tmp_path_factory.mktemp("phy"), trains, base=0)


def numbers(score):
    """Return what does not depend on how clusters are called."""
    return [(u.id, u.n_true, u.n_found, u.n_matched, u.causes, u.false_causes, u.n_elsewhere) for u in score.units]


@pytest.mark.slow
def test_the_truth_itself(folder, sorting):
    """The true sorting has nothing missed and nothing false, whichever way the truth is given."""
    for session in (folder, str(folder), mockrawio.truth(folder), mockrawio.truth(SPEC)):
        score = mockrawio.score(session, sorting)
        assert [unit.id for unit in score.units] == sorting.unit_ids.tolist()
        assert all((u.accuracy, u.found_unit, u.causes) == (1.0, u.id, {}) for u in score.units)
        assert {cluster.kind for cluster in score.clusters} == {"matched"}
        assert all(np.isfinite(score.snr))


@pytest.mark.slow
def test_agrees_with_spikeinterface(folder, sorting, worse):
    """The totals are SpikeInterface's, segment by segment."""
    theirs = compare_sorter_to_ground_truth(sorting, worse.sorting, exhaustive_gt=True)
    score = mockrawio.score(folder, worse.sorting)
    assert score.counts == theirs.count_units_categories().to_dict()
    assert [u.n_matched for u in score.units] == theirs.count_score["tp"].tolist()
    assert [u.accuracy for u in score.units] == theirs.get_performance()["accuracy"].tolist()
    left = {u.id: u.n_true - len(worse.corruption.missed[u.id]) for u in score.units}
    assert all(u.n_matched == left[u.id] for u in score.units if u.id not in worse.corruption.split)


@pytest.mark.slow
def test_any_form(folder, worse, phy):
    """A folder, trains, and one segment for all give what the sorting gives; clusters are called as the files do."""
    score = mockrawio.score(folder, worse.sorting)
    ids = worse.sorting.unit_ids.tolist()
    sizes = mockrawio.truth(folder).n_samples
    trains = {unit: worse.sorting.get_unit_spike_train(unit, segment_index=0) for unit in ids}
    later = {unit: worse.sorting.get_unit_spike_train(unit, segment_index=1) + sizes[0] for unit in ids}
    joined = {unit: np.concatenate([trains[unit], later[unit]]) for unit in ids}
    single = NumpySorting.from_unit_dict([joined], worse.sorting.sampling_frequency)
    written = mockrawio.score(folder, phy, phy_base=0)
    for other in (mockrawio.score(folder, joined), mockrawio.score(folder, single), written):
        assert numbers(other) == numbers(score)
    assert [unit.found_unit for unit in written.units] == [ids.index(unit.found_unit) for unit in score.units]
    assert [cluster.id for cluster in written.clusters] == list(range(len(ids)))


def test_low_amplitude_and_its_place(folder, sorting):
    """The smallest spikes of a session are missed for their amplitude, and each is told by segment and frame."""
    truth = mockrawio.truth(folder)
    unit_id, unit = min(truth.units.items(), key=lambda item: item[1].snr)
    small = np.argsort(unit.factors())[:20]
    gone = np.abs(unit.factors()[small] * unit.snr) < 5
    parts = []
    for k in range(2):
        trains = {u: sorting.get_unit_spike_train(u, segment_index=k) for u in sorting.unit_ids}
        trains[unit_id] = np.delete(unit.frames(), small)[np.delete(unit.segments(), small) == k]
        parts.append(trains)
    score = mockrawio.score(truth, NumpySorting.from_unit_dict(parts, truth.sampling_rate))
    (row,) = (u for u in score.units if u.id == unit_id)
    assert gone.any() and row.causes["low amplitude"] == gone.sum()
    missed = score.missed(unit_id)
    places = sorted(zip(unit.segments()[small].tolist(), unit.frames()[small].tolist(), strict=True))
    assert list(zip(missed.segments.tolist(), missed.frames.tolist(), strict=True)) == places


@pytest.mark.slow
def test_what_was_added(folder, tmp_path):
    """In a session that a hybrid run made, the units that it added are true ones as well."""
    units = [*mockrawio.truth(folder).units]
    result = hybrid_from_session(folder, units, output=tmp_path / "h", seed=1, num_singular_values=2, allow_skips=True)
    score = mockrawio.score(tmp_path / "h", MockSessionSortingExtractor(tmp_path / "h"))
    assert result.planted and len(score.units) == len(units) + len(result.planted)
    assert {unit.accuracy for unit in score.units} == {1.0}


def test_without_a_stream(tmp_path):
    """A session without a stream has its units for truth, on samples of the sorting's rate."""
    spec = SessionSpec(patient_id=1, session_nr=1, duration_s=20.0, n_channels=8, n_units=3, seed=1)
    folder = generate_session(spec, tmp_path)
    sorting = MockSessionSortingExtractor(folder, sampling_frequency=24_000.0)
    made, done = corrupt_sorting(sorting, miss=0.2, seed=1)
    score = mockrawio.score(folder, made)
    assert score.sampling_rate == 24_000
    assert [u.n_true - u.n_matched for u in score.units] == [len(done.missed[u.id]) for u in score.units]
    assert not np.isfinite(score.snr).any()


@pytest.mark.slow
def test_wrong_sortings(folder, sorting, tmp_path):
    """A sorting of another rate, of other segments or past the end is refused; so is what is no session."""
    rate = sorting.sampling_frequency
    train = {"a": np.array([5])}
    for wrong in (NumpySorting.from_unit_dict([train, train], 20_000), NumpySorting.from_unit_dict([train] * 3, rate)):
        with pytest.raises(MockSessionError, match=f"one segment, or 2, at {rate:g} Hz"):
            mockrawio.score(folder, wrong)
    with pytest.raises(MockSessionError, match="spikes at frames 0 to"):
        mockrawio.score(folder, {"a": np.array([10**8])})
    with pytest.raises(MockSessionError, match="spikes at frames 0 to.*offset"):
        mockrawio.score(folder, {"a": np.array([3])}, offset=-4)
    with pytest.raises(MockSessionError, match="sorting: expected a folder.*found 'int'"):
        mockrawio.score(folder, 3)
    with pytest.raises(NotASessionError):
        mockrawio.score(tmp_path, sorting)


def run(*words):
    """Run the command."""
    return CliRunner().invoke(main, ["score", *map(str, words)])


def test_command(folder, phy, worse):
    """The command prints a row a unit, the means, and a row a cause; with --json all of it."""
    score = mockrawio.score(folder, phy, phy_base=0)
    result = run(folder, phy, "--phy-base", 0)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == score_lines(score)
    assert "1 split" in result.stdout
    said = json.loads(run(folder, phy, "--phy-base", 0, "--json").stdout)
    assert said == json.loads(json.dumps({**score.as_dict(), "files": []}))
    assert [unit["id"] for unit in said["units"]] == [unit.id for unit in score.units]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_figures")
def test_command_writes(folder, phy, tmp_path):
    """The table has the rows with a column a cause, and the figure is a picture; neither is replaced unasked."""
    from matplotlib.image import imread

    words = (folder, phy, "--csv", tmp_path / "u.csv", "--figure", tmp_path / "s.png")
    assert run(*words).exit_code == 0
    score = mockrawio.score(folder, phy)
    with open(tmp_path / "u.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [unit.id for unit in score.units]
    for row, unit in zip(rows, score.units, strict=True):
        assert float(row["accuracy"]) == unit.accuracy
        assert {name: int(row[f"causes: {name}"]) for name in unit.causes} == unit.causes
        assert sum(int(n) for key, n in row.items() if key.startswith("causes: ")) == unit.n_true - unit.n_matched
    picture = imread(tmp_path / "s.png")
    assert len(np.unique(picture[:, :, :3].reshape(-1, 3), axis=0)) > 20
    refused = run(*words)
    assert refused.exit_code == 1 and "--overwrite" in refused.stderr
    assert run(*words, "--overwrite").exit_code == 0
    assert run(folder, phy, "--csv", folder / "u.csv").exit_code == 1


def test_drift_and_artifacts():
    """Where cells have moved, and where a channel is dead or artifacts are, misses are told so, spike by spike."""
    faults = (DeadChannel(channels=8), StimulationArtifact(at_s=(3.0, 12.5), pulses=5, pulse_hz=20.0))
    spec = replace(SPEC, motion=(Jump(at_s=15.0, um=25.0),), acquisition=replace(SPEC.acquisition, faults=faults))
    truth = mockrawio.truth(spec)
    score = mockrawio.score(truth, {})
    seen = Counter()
    for unit in truth.units.values():
        rows = [row for row in truth.faults if unit.peak_channel in row.channels and row.kind != "clock"]
        spikes = list(zip(unit.segments().tolist(), unit.frames().tolist(), strict=True))
        faulty = [any(r.seg_index == k and r.i_start <= f < r.i_stop for r in rows) for k, f in spikes]
        moved = np.abs(unit.displacements() - np.median(unit.displacements())) >= 10
        causes = score.missed(unit.id).causes
        assert [cause == "artifact" for cause in causes] == faulty
        assert all(far for cause, far in zip(causes, moved, strict=True) if cause == "drift")
        assert not any(far for cause, far in zip(causes, moved, strict=True) if cause == "none of these")
        seen.update(causes)
    assert seen["artifact"] and seen["drift"] and seen["none of these"]


def test_figure(folder, worse):
    """A bar of a unit is as long as its spikes, found and missed; each unit has a point, and no cluster is no error."""
    score = mockrawio.score(folder, worse.sorting)
    bars, points = plot_score(score).axes
    widths = sum(patch.get_width() for patch in bars.patches)
    assert widths == pytest.approx(len(score.units))
    assert len(points.lines[0].get_xdata()) == len(score.units)
    assert len(plot_score(mockrawio.score(folder, {})).axes) == 2
