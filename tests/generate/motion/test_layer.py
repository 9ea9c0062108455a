"""Spikes of cells that move: each is that of its cell where the cell is, and nothing else of a recording moves."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import SessionSpec, generate_session, truth
from mockrawio.generate import ByDepth, Fading, Jump, Power, RandomWalk, Templates, Units, Vanishing, White, Zigzag
from mockrawio.generate.layers import CHUNK
from mockrawio.generate.moving import MovingLayer
from mockrawio.generate.planted import PlantedLayer
from mockrawio.generate.renewal import BLOCK, JITTER
from tests.generate.folders import FEW_FAR, contents, recorded, unit_file
from tests.length import part, rounds

PITCH_UM = 25.0  # of a linear probe
LOUD = Units(8, amplitude_uV=(40.0, 200.0), rate_hz=(5.0, 40.0), multi=0.3)
DRIFT = (
    Zigzag(40.0, period_s=1.0),
    ByDepth(RandomWalk(15.0, slowest_s=2, fastest_s=0.2), depths_um=(0, 200), factors=(-0.5, 1.5)),
    Jump(1.1, -12.5),
)
SPEC = SessionSpec.broadband(
    segments=(0.9, 0.7), gap_s=0.1, n_channels=16, units=LOUD, sampling_rate=30_000, n_events=0, seed=3, motion=DRIFT,
    noise=FEW_FAR,
)  # fmt: skip
STILL = replace(SPEC, motion=())


@lru_cache
def known(spec=SPEC):
    """Return the truth about a spec."""
    return truth(spec)


@lru_cache
def spikes(spec=SPEC, seg_index=0):
    """Return the layer of spikes of a segment; the caller changes none."""
    return known(spec).layer("spikes").read(seg_index)


def test_spikes_at_once_are_those_one_by_one():
    """What is known of a unit's spikes, drawn once, is what each method gives, where cells move."""
    units = known(SPEC).units.values()
    assert any(unit.displacements().any() for unit in units)
    for unit in units:
        each = unit.segments(), unit.frames(), unit.factors(), unit.cell_indexes(), unit.displacements()
        for found, wanted in zip(unit.spikes(), each, strict=True):
            np.testing.assert_array_equal(found, wanted)


def slow(made, seg_index):
    """Return the layer of spikes of a segment, spike by spike, each of a cell that lives where the cell is then."""
    cast = made.plan.cast
    setting, n = cast.setting, made.n_samples[seg_index]
    ends = cast.banks[0].counts.shape[1]
    out = np.zeros((n + 2 * ends, made.n_channels), np.int64)
    for unit in made.units.values():
        chosen = np.flatnonzero(unit.segments() == seg_index)
        each = (part[chosen] for part in (unit.frames(), unit.jitter(), unit.factors(), unit.cell_indexes()))
        for frame, late, factor, index in zip(*each, strict=True):
            cell = unit.cells[index]
            depth = cell.location[1]
            (um,) = made.motion.displacement(seg_index, [frame / 30_000], depth).tolist()
            moved = np.array([0, um, 0])
            contacts = cell.contacts(setting, moved)
            mean = np.float32(cell.waveforms(setting, late, moved, contacts) / setting.gain_uV)
            begin = frame - cast.before + ends
            columns = made.probe.order[contacts]
            out[begin : begin + ends, columns] += np.rint(mean * factor).astype(np.int64)
    return out[ends:-ends]


# -- where spikes are ------------------------------------------------------------------------


@pytest.mark.parametrize("seg_index", [0, 1])
def test_each_spike_is_evaluated_where_its_cell_is(seg_index):
    """In both segments the layer is the sum of every spike's own waveform, from where the cell is at its frame.

    The last ms is left out: a spike that comes after a segment's end has its rise there.
    """
    made = known()
    moved = np.concatenate([unit.displacements() for unit in made.units.values()])
    assert np.ptp(moved) > 30 and len(set(moved.tolist())) > 40
    assert np.array_equal(spikes(SPEC, seg_index)[:-30], slow(made, seg_index)[:-30])


@pytest.mark.slow
def test_a_tetrode_and_neuropixels_contacts_move_cells_too():
    """Contacts that are not in one column, and cells whose footprint is a power of the distance, are no other case."""
    for fields in ({"probe": "tetrodes", "n_channels": 8}, {"probe": "neuropixels-1.0", "n_channels": 48}):
        units = replace(LOUD, footprint=Power())
        spec = replace(SPEC, **{"n_channels": None, **fields}, units=units, segments=(1.0,))
        assert spikes(spec).any()
        assert np.array_equal(spikes(spec)[:-30], slow(known(spec), 0)[:-30])


def test_the_units_templates_make_the_layer():
    """What each unit says of its spikes, at the channels that it says it is seen on, adds up to the layer."""
    for seg_index, n in enumerate(known().n_samples):
        total = np.zeros((n, 16), np.int64)
        for unit in known().units.values():
            templates, first = unit.templates(), unit.frames() - unit.before
            for i in np.flatnonzero(unit.segments() == seg_index):
                low, high = max(0, first[i]), min(n, first[i] + templates.shape[1])
                total[low:high, unit.channels] += templates[i, low - first[i] : high - first[i]]
        assert np.array_equal(total[:-30], spikes(SPEC, seg_index)[:-30])


def test_some_templates_are_some_of_all():
    """Templates of chosen spikes, by a slice or by numbers, are those of all."""
    unit = max(known().units.values(), key=lambda unit: unit.n_spikes)
    every = unit.templates()
    for some in (slice(3, 9), slice(0, 0), np.array([5, 2, 2]), np.arange(unit.n_spikes) % 3 == 0):
        assert np.array_equal(unit.templates(some), every[some])


@pytest.mark.parametrize("um", [400.0, -3000.0])
def test_templates_that_leave_the_probe_are_silent(um):
    """Where no contact sees a cell with a template any more its spikes add nothing, and the others' are as ever."""
    spike = -np.bartlett(40)[None, :, None] * np.array([100.0, 60.0, 20.0])
    templates = Templates(spike, sampling_rate=30_000, positions_um=[[0, 0], [0, 25], [0, 50]], before=19)
    units = Units(2, templates=templates, rate_hz=20.0)
    made = SessionSpec.broadband(
        duration_s=4.0, n_channels=4, seed=1, units=units, noise=(White(),), motion=(Jump(2.0, um=um),)
    )
    counts = spikes(made)
    half = len(counts) // 2
    assert np.abs(counts[:half]).max() > 50
    assert not counts[half + 64 :].any()


def test_a_bank_at_any_place():
    """A bank says what a spike is there; at home it is the bank; on other columns it is what these see."""
    made = known()
    for unit in made.units.values():
        assert np.array_equal(unit.bank_at(0.0), unit.bank)
        away = unit.bank_at(-7.5, np.arange(16))
        for row, cell in zip(away, unit.cells, strict=True):
            expected = cell.bank(made.plan.cast.setting, JITTER, np.array([0, -7.5, 0]))
            assert np.array_equal(row[..., made.probe.order[expected.contacts]], expected.counts)
            assert np.count_nonzero(row.any(axis=(0, 1))) <= len(expected.contacts)
        assert np.array_equal(unit.bank_at(-7.4), away[..., unit.channels])


@pytest.mark.slow
def test_a_shift_by_the_pitch_moves_columns_exactly():
    """Cells in the middle of a column that move by its pitch are seen one contact farther on, count for count."""
    spec = replace(
        STILL, segments=(1.0,), n_channels=64, units=Units(4, amplitude_uV=(40, 200), rate_hz=(20.0, 40.0)), seed=1
    )
    cells = known(spec).plan.cast.cells
    assert all(12 < cell.peak_contact < 52 for cell in cells)
    for pitches in (1, -2):
        moved = replace(spec, motion=Jump(0.0, PITCH_UM * pitches))
        assert known(spec).probe.positions[1, 1] == PITCH_UM
        assert np.array_equal(spikes(moved), np.roll(spikes(spec), pitches, axis=1))


# -- what stays as it is ---------------------------------------------------------------------


def test_a_drifting_session_and_its_twin_differ_by_their_spikes():
    """The difference of the two recordings is that of the two layers of spikes, and large; no other layer moves."""
    drifting, still = known(), known(STILL)
    assert drifting.layers == still.layers
    for seg_index in (0, 1):
        layers = spikes(SPEC, seg_index) - spikes(STILL, seg_index)
        assert np.abs(layers).max() > 50
        recordings = [made.recording(seg_index).astype(np.int64) for made in (drifting, still)]
        assert np.array_equal(recordings[0] - recordings[1], layers)
        for name in set(still.layers) - {"spikes"}:
            assert np.array_equal(drifting.layer(name).read(seg_index), still.layer(name).read(seg_index))
    assert [unit.id for unit in drifting.units.values()] == [unit.id for unit in still.units.values()]
    for one, other in zip(drifting.units.values(), still.units.values(), strict=True):
        assert np.array_equal(one.frames(), other.frames())
        assert np.array_equal(one.factors(), other.factors())


def test_no_motion_is_none():
    """A motion that moves nothing while it is recorded, made spike by spike, has the bytes of the spec without it."""
    later = replace(SPEC, motion=(Jump(1e6, 50.0), Zigzag(0.0)))
    assert isinstance(known(later)._mix.layers["spikes"], MovingLayer)
    assert isinstance(known(STILL)._mix.layers["spikes"], PlantedLayer)
    for seg_index in (0, 1):
        assert np.array_equal(known(later).recording(seg_index), known(STILL).recording(seg_index))


def test_a_part_more_leaves_walks_as_they_were():
    """A jump before a walk changes where cells are by that jump alone."""
    walk = RandomWalk(20.0, slowest_s=1, fastest_s=0.1)
    one, two = (known(replace(SPEC, motion=motion)) for motion in ((walk,), (Jump(0.0, 5.0), walk)))
    times = np.linspace(0, 0.9, 50)
    assert np.array_equal(two.motion.displacement(0, times), one.motion.displacement(0, times) + 5.0)


# -- any piece -------------------------------------------------------------------------------


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.integers(0, 1), st.sampled_from([np.int16, np.int32]), st.data())
def test_any_piece_is_a_cut_of_the_whole(seg_index, dtype, data):
    """A piece is the same samples wherever it begins and ends, in int16 as in int32."""
    whole = spikes(SPEC, seg_index)
    borders = st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
    start = data.draw(st.one_of(st.integers(0, len(whole)), borders).filter(lambda at: at <= len(whole)))
    stop = data.draw(st.integers(start, min(len(whole), start + 400)))
    out = np.zeros((stop - start, 16), dtype)
    known()._mix.layers["spikes"].add(out, seg_index, start)
    assert np.array_equal(out[:, np.argsort(known().probe.order)], whole[start:stop])


def test_a_piece_across_two_blocks_of_time():
    """Spikes around a border between two blocks are there once each, in pieces that end there and that do not."""
    spec = replace(SPEC, segments=(36.0,), motion=(RandomWalk(30.0),), units=replace(LOUD, n=3))
    layer = known(spec).layer("spikes")
    whole = layer.read(0, BLOCK - 3000, BLOCK + 3000)
    assert whole[2900:3100].any()
    pieces = [layer.read(0, BLOCK + start, BLOCK + stop) for start, stop in ((-3000, -40), (-40, 0), (0, 3000))]
    assert np.array_equal(np.concatenate(pieces), whole)
    alone = truth(spec).layer("spikes").read(0, BLOCK, BLOCK + 500)
    assert np.array_equal(alone, whole[3000:3500])


def test_a_longer_session_begins_with_the_shorter_one():
    """A second more at the end changes no sample before it."""
    longer = replace(SPEC, segments=(0.9, 1.7))
    for seg_index, n in enumerate(known().n_samples):
        assert np.array_equal(known(longer).recording(seg_index, 0, n), known().recording(seg_index))


@pytest.mark.at_length
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_no_count_is_beyond_the_layers_bound(seed):
    """However near to contacts cells are moved, no sum is beyond what the layer says; one spike comes near its own."""
    spec = replace(SPEC, seed=seed, segments=(1.0,), motion=(Zigzag(60.0, period_s=1.0),), units=replace(LOUD, n=12))
    made = known(spec)
    assert np.abs(spikes(spec)).max() <= made._mix.layers["spikes"].most
    cast, ratios = made.plan.cast, []
    for index, cell in enumerate(cast.cells):
        contacts, bounds = cell.reach(cast.setting, *cast.course.span_um)
        peaks = np.zeros(16)
        first, last = cast.course.span
        for steps in (*part(range(first, last), 4), last):
            bank = cast.bank(index, steps)
            peaks[bank.contacts] = np.maximum(peaks[bank.contacts], bank.peaks)
        assert set(np.flatnonzero(peaks)) <= set(contacts.tolist())
        assert np.all(peaks[contacts] <= bounds + 1e-3)
        ratios.append((bounds / peaks[contacts]).min())
    assert np.median(ratios) < 1.3


# -- files -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_session_of_moving_cells_is_the_same_by_any_number_of_workers(tmp_path):
    """Its files are the same, the stream is the recording of the truth, and waveforms are cut out of it."""
    spec = replace(SPEC, motion=(*DRIFT, Fading(0.5, end_s=1.0), Vanishing(0.3, between_s=(0.2, 1.0), over_s=0.2)))
    folders = [generate_session(spec, tmp_path / str(n), n_workers=n) for n in (1, 8)]
    assert contents(folders[0]) == contents(folders[1])
    made, streams = truth(folders[0]), recorded(folders[0])
    for seg_index in (0, 1):
        assert np.array_equal(made.recording(seg_index), streams[seg_index])
    for unit in made.units.values():
        file = unit_file(folders[0], unit.id)
        assert np.array_equal(file["spike_times"], unit.times_ms())
        for k in range(unit.n_spikes):
            frame, counts = unit.frames()[k], streams[unit.segments()[k]][:, unit.peak_channel]
            low = max(0, 19 - frame)
            seen = counts[max(0, frame - 19) : frame + 45]
            assert np.array_equal(file["spike_amps"][k, low : low + len(seen)], seen)


def test_the_json_says_how_far_cells_get(tmp_path):
    """The stream's description has the step and the span; that of a still session has no word of motion."""
    spec = replace(SPEC, segments=(1.0,), n_channels=4, units=Units(1), noise=White(), motion=(Jump(0.5, 10.2),))
    assert truth(spec).description(0)["ground_truth"]["motion"] == {"step_um": 0.5, "span_um": [0.0, 10.5]}
    assert "motion" not in truth(replace(spec, motion=())).description(0)["ground_truth"]
