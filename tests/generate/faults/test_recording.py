"""What a recording with faults is made of: its layers, and what the truth lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import SessionSpec, generate_session, truth
from mockrawio.generate import Acquisition, DroppedPackets, StimulationArtifact
from mockrawio.generate.parts.faults import FAULTS
from mockrawio.session.streams import open_stream
from mockrawio.verify import verify_session
from tests.generate.faults.sessions import EVERY, by_hand, spec


@pytest.fixture(scope="module")
def every():
    """The truth about a session with every fault."""
    return truth(spec(*EVERY))


@pytest.fixture(scope="module")
def whole(every):
    """Its segments."""
    return [every.recording(0), every.recording(1)]


def test_every_fault_is_there():
    """The session has all faults of the registry that a stream can have."""
    assert {type(fault) for fault in EVERY} == {kind for kind in FAULTS.values() if kind.in_stream}


def test_layers_and_faults_are_the_recording(every, whole):
    """The sum of the layers, cut off, with what the list has in its place, is the recording, count for count."""
    for seg_index, recorded in enumerate(whole):
        assert np.array_equal(by_hand(every, seg_index), recorded)
    assert {"fault.noisy", "fault.noisy.2", "fault.out", "fault.stimulation", "fault.movement"} < set(every.layers)


@pytest.fixture(scope="module")
def clipped(every):
    """All values that were cut off, of each segment."""
    return [every.faults.clipped(0), every.faults.clipped(1)]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seg_index=st.integers(0, 1), edges=st.tuples(st.integers(0, 60_000), st.integers(0, 12_000)))
def test_any_piece_is_one_of_the_whole(every, whole, clipped, seg_index, edges):
    """A piece, made alone or by hand from pieces of layers, is that piece of the whole; so is what was cut off."""
    i_start = min(edges[0], len(whole[seg_index]))
    i_stop = min(i_start + edges[1], len(whole[seg_index]))
    piece = every.recording(seg_index, i_start, i_stop)
    assert np.array_equal(piece, whole[seg_index][i_start:i_stop])
    assert np.array_equal(by_hand(every, seg_index, i_start, i_stop), piece)
    everything = clipped[seg_index]
    inside = (everything[:, 0] >= i_start) & (everything[:, 0] < i_stop)
    assert np.array_equal(every.faults.clipped(seg_index, i_start, i_stop), everything[inside])
    rows = [row for row in every.faults if row.seg_index == seg_index]
    touching = [row for row in rows if row.i_start < i_stop and row.i_stop > i_start and i_start < i_stop]
    assert list(every.faults.within(seg_index, i_start, i_stop)) == touching


def test_a_piece_that_begins_in_a_lost_packet(every, whole):
    """Cut anywhere in a lost packet, on its edges and beside them, the pieces are those of the whole."""
    rows = [row for row in every.faults.within(0) if row.kind == "dropped"][:6]
    assert {row.fill for row in rows} == {"zeros", "held"}
    for row in rows:
        for cut in (row.i_start - 1, row.i_start, row.i_start + 1, (row.i_start + row.i_stop) // 2, row.i_stop - 1):
            assert np.array_equal(every.recording(0, cut, row.i_stop + 5), whole[0][cut : row.i_stop + 5])


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_what_was_cut_off_is_listed(bits):
    """The values listed are those where the layers' sum is beyond the converter; the recording has its end there."""
    pulses = StimulationArtifact((0.4, 1.9), uV=40_000.0)
    made = truth(spec(pulses, DroppedPackets(2.0), bits=bits, segments=(2.0,)))
    top = 2 ** (bits - 1) - 1
    recorded, listed = made.recording(0), made.faults.clipped(0)
    total = sum(made.layer(name).read(0).astype(np.int64) for name in made.layers)
    lost = np.zeros(len(total), bool)
    for row in made.faults.within(0):
        lost[row.i_start : row.i_stop] |= row.kind == "dropped"
    beyond = ((total > top) | (total < -top - 1)) & ~lost[:, None]
    assert np.array_equal(np.argwhere(beyond), listed)
    assert len(listed) > 100
    assert set(recorded[tuple(listed.T)].tolist()) == {top, -top - 1}
    assert (recorded.min(), recorded.max()) == (-top - 1, top)


@pytest.mark.parametrize("n_workers", [1, 8])
def test_the_files_are_the_recording(every, whole, tmp_path, n_workers):
    """Written by one worker or by eight, the stream's file holds the recording, and says what of it was cut off."""
    folder = generate_session(every.spec, tmp_path, n_workers=n_workers)
    counts = np.load(folder / "raw_data" / "broadband.npy")
    assert np.array_equal(counts, np.concatenate(whole))
    said = open_stream(str(folder / "raw_data" / "broadband.npy")).ground_truth
    assert said["clipped"] == sum(len(every.faults.clipped(k)) for k in (0, 1))
    assert said["faults"] == every.faults.description()
    assert truth(folder).faults.description() == every.faults.description()
    assert verify_session(folder).ok


def test_the_description_lists_every_fault(every):
    """What the json says of faults is the list: kinds, channels, layers, fills and samples."""
    rows = []
    for entry in every.faults.description():
        ids = [f"CSC{k + 1}" for k in range(24)] if entry["channel_ids"] == "all" else entry["channel_ids"]
        channels = tuple(int(one[3:]) - 1 for one in ids)
        for seg_index, i_start, i_stop in entry["samples"]:
            rows.append(
                (entry["kind"], seg_index, channels, i_start, i_stop, entry.get("layer", ""), entry.get("fill", ""))
            )
    assert sorted(rows) == sorted(tuple(row) for row in every.faults)


def test_without_faults_nothing_is_as_it_was_with_them():
    """A session of a rig without faults has the layers of before, to the byte, and an empty list."""
    plain, faulty = truth(spec()), truth(spec(*EVERY[:3], *EVERY[4:]))  # outside the tissue some layers are silent
    assert list(plain.faults) == []
    assert plain.faults.labels.tolist() == ["good"] * 24
    for name in plain.layers:
        assert np.array_equal(plain.layer(name).read(1), faulty.layer(name).read(1))


@pytest.mark.parametrize("drop", range(len(EVERY)))
def test_a_fault_changes_no_other(every, drop):
    """Without one of the faults the others' layers and samples are the same, but for the numbers of their names."""
    kept = [fault for k, fault in enumerate(EVERY) if k != drop]
    other = truth(spec(*kept))
    kinds = {fault.name for fault in kept} - {EVERY[drop].name}
    assert [row for row in other.faults if row.kind in kinds] == [row for row in every.faults if row.kind in kinds]
    for kind in kinds & {"noisy", "out", "stimulation", "movement"}:
        assert np.array_equal(other.layer(f"fault.{kind}").read(1), every.layer(f"fault.{kind}").read(1))


def test_a_longer_session_begins_with_the_shorter_one():
    """A segment that goes on for longer begins with the same samples, faults at random among them."""
    parts = [fault for fault in EVERY if not isinstance(fault, StimulationArtifact)]
    parts.append(StimulationArtifact((0.5, 1.25)))
    short, long = (truth(spec(*parts, segments=(seconds,))) for seconds in (1.5, 2.5))
    assert np.array_equal(short.recording(0), long.recording(0, 0, 45_000))


def test_a_spec_with_faults_is_one_that_files_hold(tmp_path):
    """A spec with every fault comes back from JSON and from TOML as it was."""
    made = spec(*EVERY)
    assert SessionSpec.from_dict(made.to_dict()) == made
    (tmp_path / "session.toml").write_text(made.to_toml())
    assert SessionSpec.from_file(tmp_path / "session.toml") == made
    assert Acquisition(faults=DroppedPackets()).faults == (DroppedPackets(),)
