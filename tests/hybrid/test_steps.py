"""The steps of a run as calls: what each gives, and that together they make what a run makes."""

from __future__ import annotations

from dataclasses import fields, replace
from inspect import signature

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.hybrid import (
    HybridDraft,
    HybridParams,
    construct_events,
    generate_hybrid,
    jitter_events,
    load_firings,
    planted_events,
    plot_windows,
    scale_events,
    shift_channels,
    undo_hybrid,
    unit_channels,
    unit_firing_times,
    unit_windows,
    validate,
)
from mockrawio.hybrid.recipe import Recipe
from mockrawio.hybrid.tables import csv_bytes
from tests.hybrid.samples import HYBRID
from tests.hybrid.sorter import annotated, write_phy

SEED = 10191


@pytest.fixture(scope="module")
def params():
    """The sample's parameters: units 6 and 9."""
    return replace(HybridParams.load(HYBRID / "params_phy.py"), phy_base=1, random_seed=SEED)


@pytest.fixture(scope="module")
def source(params):
    """The sample, opened."""
    return params.open()


def insert(draft, unit, order=0, window=(40, 40), rank=6, scale=(1.0, 1.0)):
    """Take all steps for one unit, as a run does."""
    channels = unit_channels(draft, unit, *window)
    goal = shift_channels(draft, channels, seed=SEED, order=order)
    times = jitter_events(draft, unit, 100, *window, seed=SEED, order=order).times
    how = {"num_events": len(times), "seed": SEED, "order": order}
    events = scale_events(construct_events(draft, unit, channels, rank, *window, **how), *scale, seed=SEED, order=order)
    kept = {"source_channels": channels, "samples_before": window[0]}
    return draft.insert_unit(events, times, goal, true_unit=unit, **kept)


@pytest.mark.slow
def test_steps_make_a_run(params, source, tmp_path):
    """Taken from the source, unit by unit, the steps make every count and every table that a run makes."""
    how = {"amplitude_scale_min": 0.5, "amplitude_scale_max": 1.5, "samples_before": 30, "samples_after": 35}
    result = generate_hybrid(replace(params, output_directory=tmp_path / "run", **how))
    draft, singles = HybridDraft(source), []
    for order, unit in enumerate(params.ground_truth_units):
        alone = HybridDraft(source)  # a run reads each unit from the source
        insert(alone, unit, order, (30, 35), scale=(0.5, 1.5))
        singles += alone.planted
    for one, other in zip(singles, result.planted, strict=True):
        assert np.array_equal(one.times, other.times) and np.array_equal(one.channels, other.channels)
        assert (one.center, one.before) == (other.center, other.before)
        assert np.array_equal(one.events.counts(0, len(one.times)), other.events.counts(0, len(one.times)))
    for unit in result.planted:
        draft.insert_unit(
            unit.events.counts(0, len(unit.times)), unit.times, unit.channels,
            true_unit=unit.true_unit, samples_before=30,
        )  # fmt: skip
    made = draft.write(tmp_path / "hand", "bench")
    assert made.results == result.results
    for name in ("annotations-bench.csv", "artificial_units-bench.csv", "firings_true.npy", "probe-bench.npz"):
        assert (made.folder / name).read_bytes() == (result.folder / name).read_bytes()


def test_windows(source):
    """A unit's windows are the file's samples around its spikes, on all channels or some."""
    raw = np.fromfile(source.recording.files[0].path, "<i2").reshape(-1, 32)
    times = unit_firing_times(source, 6)
    windows = unit_windows(source, 6)
    assert windows.shape == (len(times), 81, 32)
    for k in (0, 7, len(times) - 1):
        assert np.array_equal(windows[k], raw[times[k] - 40 : times[k] + 41])
    assert np.array_equal(unit_windows(source, 6, 10, 5, channels=np.array([3, 1]))[:, 10], raw[times][:, [3, 1]])
    assert len(unit_firing_times(source, 6, 40_000, 40_000)) < len(times)


def test_events_are_found_in_the_draft(source):
    """An inserted unit has its label, its spikes and its windows in the draft, and reset takes them out again."""
    draft = HybridDraft(source)
    label = insert(draft, 9)
    assert label == source.sorting.cluster.max() + 1
    (unit,) = draft.planted
    assert np.array_equal(unit_firing_times(draft, label), unit.times)
    added = draft.recording.read(0, draft.recording.stop).astype(int) - source.recording.read(0, source.recording.stop)
    for time, event in zip(unit.times - unit.before, unit.events.counts(0, len(unit.times)), strict=True):
        added[time : time + len(event), unit.channels] -= event
    assert not added.any()
    whole = draft.recording.read(0, draft.recording.stop)
    windows = unit_windows(draft, label, 40, 12)
    assert all(np.array_equal(w, whole[t - 40 : t + 13]) for w, t in zip(windows, unit.times, strict=True))
    assert np.array_equal(draft.artificial_units["timestep"], unit.times)
    assert set(draft.artificial_units["center_channel"].tolist()) == {unit.center}
    assert np.array_equal(draft.recording.read(100, 5000, [5, 2]), whole[100:5000, [5, 2]])
    assert set(unit_channels(draft, label).tolist()) & set(unit.channels.tolist())
    draft.reset()
    assert draft.planted == () and draft.recording is source.recording
    assert np.array_equal(draft.sorting.timestep, source.sorting.timestep)


@pytest.mark.slow
def test_events_of_a_unit_that_was_inserted(source):
    """Events of an inserted unit can be taken in turn: they are the ones that were inserted, in the main."""
    draft = HybridDraft(source)
    label = insert(draft, 9)
    again = insert(draft, label, order=1)
    one, two = draft.planted
    assert (two.true_unit, two.new_unit) == (label, again)
    means = [unit.events.counts(0, len(unit.times)).mean(axis=0) for unit in (one, two)]
    assert np.abs(means[0]).max() == pytest.approx(np.abs(means[1]).max(), rel=0.2)


@pytest.mark.slow
def test_written_by_hand(source, tmp_path):
    """What is written is the draft's recording, with the tables; it validates, and undoes to the source."""
    draft = HybridDraft(source)
    labels = [insert(draft, unit, order) for order, unit in enumerate((9, 6))]
    result = draft.write(tmp_path / "out", "mine")
    made = np.fromfile(result.targets[0], "<i2").reshape(-1, 32)
    assert np.array_equal(made, draft.recording.read(0, len(made)))
    assert (tmp_path / "out" / "artificial_units-mine.csv").read_bytes() == csv_bytes(draft.artificial_units)
    assert np.array_equal(load_firings(tmp_path / "out" / "firings_true.npy")[1], draft.artificial_units["timestep"])
    assert [unit.new_unit for unit in planted_events(tmp_path / "out")] == labels
    found = validate(result.folder, write_phy(tmp_path / "sorted", annotated(result.folder)), phy_base=1)
    assert [unit.accuracy for unit in found.units] == [1, 1]
    undone = undo_hybrid(tmp_path / "out")
    assert undone.files[0].read_bytes() == (HYBRID / "raw" / undone.files[0].name).read_bytes()
    assert not (tmp_path / "out" / "hfparams_mine.toml").exists()


def test_plain_arrays(source):
    """Events may be any array: they are rounded, put in order of time with their times, and centred on their peak."""
    draft, channels = HybridDraft(source), np.array([7, 3])
    events = np.zeros((2, 20, 2))
    events[0, 10] = (-40.4, -90.6)
    events[1, 10] = (-1.5, -70.2)
    label = draft.insert_unit(events, np.array([3000, 2000]), channels, true_unit=6, samples_before=10)
    (unit,) = draft.planted
    assert unit.times.tolist() == [2000, 3000] and unit.center == 3
    added = unit_windows(draft, label, 10, 9).astype(int) - source.recording.gather(unit.times, 10, 9, np.arange(32))
    assert added[:, 10, [7, 3]].tolist() == [[-2, -70], [-40, -91]]
    assert np.count_nonzero(added) == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": np.array([50])}, "times: expected one for each of 2 events"),
        ({"times": np.array([5, 3000])}, "times: expected windows inside the recording's files; found one at 5"),
        ({"channels": np.array([1, 1])}, "channels: expected 2 different raw rows, 0 to 31"),
        ({"channels": np.array([1, 32])}, "channels"),
        ({"samples_before": 20}, "samples_before: expected 0 to 19; found 20"),
        ({"events": np.full((2, 20, 2), np.nan)}, "events: expected finite counts, .K, n, m."),
        ({"events": np.zeros((2, 20))}, "events"),
    ],
    ids=str,
)
def test_bad_events(source, change, words):
    """Events, times and channels that do not go together are refused by name."""
    given = {"events": np.zeros((2, 20, 2)), "times": np.array([3000, 2000]), "channels": np.array([7, 3])}
    with pytest.raises(MockSessionError, match=words):
        HybridDraft(source).insert_unit(**{"samples_before": 10, **given, **change}, true_unit=6)


def test_defaults_are_those_of_a_run():
    """A step that is called by itself does what a whole run does, where neither is told otherwise."""
    run = {one.name: one.default for one in fields(Recipe) if one.name != "synthetic_rate"}
    steps = unit_firing_times, unit_windows, unit_channels, shift_channels, jitter_events, construct_events
    told = [(name, parameter.default) for step in steps for name, parameter in signature(step).parameters.items()]
    assert [(name, default) for name, default in told if name in run and default != run[name]] == []
    assert sum(name in run for name, _ in told) == 14


def test_units_that_cannot_be_made(source):
    """A step that a unit does not allow says why, and what to do."""
    with pytest.raises(MockSessionError, match="the sorting has no spikes of unit 99. Choose another unit"):
        unit_windows(source, 99)
    with pytest.raises(MockSessionError, match="the windows of all its spikes leave the recording"):
        unit_channels(source, 6, 100_000, 100_000)
    with pytest.raises(MockSessionError, match="channel_shift 31 does not fit"):
        shift_channels(source, np.array([3, 4]), 31)
    with pytest.raises(MockSessionError, match="leaves less than 2 ms"):
        jitter_events(source, 6, synthetic_rate=600)
    with pytest.raises(MockSessionError, match="too few for 500 singular values"):
        construct_events(source, 6, np.array([3]), 500)
    events = construct_events(source, 6, np.array([3]))
    assert len(events) == len(unit_firing_times(source, 6))
    with pytest.raises(
        MockSessionError, match="scale_min: expected a factor above 0, up to scale_max; found 2.0 and 1.0"
    ):
        scale_events(events, 2.0, 1.0)
    with pytest.raises(MockSessionError, match="Insert one first"):
        HybridDraft(source).write("nowhere", "a")


def test_figure_of_windows(source):
    """A figure has a heat map of each window to one scale, and lines of the channels that were asked for."""
    windows, channels = unit_windows(source, 9), unit_channels(source, 9)
    figure = plot_windows(windows[0], windows.mean(axis=0), channels=channels, titles=["a spike", "the mean"])
    above, below = figure.axes[:2], figure.axes[2:4]
    peak = max(np.abs(windows[0]).max(), np.abs(windows.mean(axis=0)).max())
    assert above[0].images[0].get_clim() == above[1].images[0].get_clim() == pytest.approx((-peak, peak))
    assert np.array_equal(above[0].images[0].get_array(), windows[0].T)
    assert [len(axes.lines) for axes in below] == [len(channels)] * 2
    assert np.array_equal(below[0].lines[0].get_ydata(), windows[0][:, channels[0]])
    assert [axes.get_title() for axes in above] == ["a spike", "the mean"]
    with pytest.raises(MockSessionError, match="windows of one shape"):
        plot_windows(windows[0], windows[1][:5])
    with pytest.raises(MockSessionError, match="none of them"):
        plot_windows()
