"""A day of 384 channels: what costs its own samples wherever it lies, and what is not made until it is asked for."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from mockrawio import MockSessionRawIO, SessionSpec, generate_session, truth
from mockrawio.generate.cast import Cast
from mockrawio.generate.parts.firing.drawn import DrawnTrains
from mockrawio.generate.renewal import BLOCK
from mockrawio.generate.truth import Truth
from mockrawio.session.layout import find_files

SECONDS, RATE = 86_400, 30_000
LAST = SECONDS * RATE


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A Neuropixels probe that sees 300 units for 24 hours."""
    spec = SessionSpec.neuropixels(duration_s=SECONDS, n_units=300, seed=8)
    return generate_session(spec, tmp_path_factory.mktemp("day"), virtual=True)


@pytest.fixture(scope="module")
def reader(day):
    """A reader of it."""
    opened = MockSessionRawIO(day)
    opened.parse_header()
    return opened


@pytest.fixture(scope="module")
def known(day):
    """The truth about it."""
    return truth(day)


def broadband(reader):
    """The index of the stream."""
    return reader.header["signal_streams"]["id"].tolist().index("broadband")


@pytest.mark.slow
def test_less_than_fifty_kilobytes(day):
    """A folder that stands for two terabytes is below 50 kB."""
    assert sum(path.stat().st_size for path in day.rglob("*") if path.is_file()) < 50_000


@pytest.mark.slow
def test_nothing_is_made_when_it_is_opened(day, monkeypatch):
    """Opening draws no train, makes no bank of a cell and no layer: the header needs the plan alone."""
    drawn = []
    monkeypatch.setattr(DrawnTrains, "fired", lambda *where: drawn.append(where))
    monkeypatch.setattr(Cast, "banks", property(drawn.append))
    monkeypatch.setattr(Truth, "__init__", lambda *where: drawn.append(where))
    with MockSessionRawIO(day) as opened:
        stream = broadband(opened)
        assert opened.get_signal_size(0, 0, stream) == LAST
        assert len(opened.header["spike_channels"]) == 300
        assert opened.signal_channels_count(stream) == 384
    assert not drawn


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 5 * BLOCK - 50, 1_234_567_890, LAST - 3000])
def test_any_samples_of_it(start, known, reader):
    """Wherever samples lie, they are those that the truth has there, and the same in one piece or in many."""
    stop = min(start + 9000, LAST)
    whole = reader.get_analogsignal_chunk(0, 0, start, stop, broadband(reader))
    assert np.array_equal(whole[:500], known.recording(0, start, start + 500))
    stream = reader.stream(broadband(reader))
    pieces = [stream.read(0, low, min(low + 1777, stop)) for low in range(start, stop, 1777)]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.slow
def test_spikes_cost_their_own_blocks(reader, monkeypatch):
    """Spikes of a second are found in the block that it lies in, and the ends of a segment in few."""
    blocks, fired = [], DrawnTrains.fired
    monkeypatch.setattr(DrawnTrains, "fired", lambda self, *where: blocks.append(where) or fired(self, *where))
    unit, second = 17, SECONDS / 3
    stamps = reader.get_spike_timestamps(0, 0, unit, second, second + 1)
    waveforms = reader.get_spike_raw_waveforms(0, 0, unit, second, second + 1)
    assert len(stamps) == len(waveforms)
    assert len({(index, start // BLOCK) for index, _, start, _ in blocks}) < 1000  # of 300 cells, in 3 of 2472 blocks
    blocks.clear()
    assert reader.segment_t_start(0, 0) == 0
    assert reader.segment_t_stop(0, 0) >= SECONDS
    assert len(blocks) < 300 * 20


@pytest.mark.slow
def test_counts_of_a_unit(reader):
    """A unit of a day has about as many spikes as its rate says, those of any two halves of it."""
    unit = reader.unit(5)
    (count,) = unit.counts
    instants = reader.get_spike_timestamps(0, 0, 5, 40_000, 40_010)
    halves = [len(reader.get_spike_timestamps(0, 0, 5, *limits)) for limits in ((None, 50_000), (50_000, None))]
    assert sum(halves) == count
    assert (np.diff(instants) > 0).all()


@pytest.mark.slow
def test_pickles_are_small(reader):
    """A view of the stream goes to another process in 128 bytes a channel, and no samples go with it."""
    assert len(pickle.dumps(reader.stream(broadband(reader)))) < 384 * 128
    assert len(pickle.dumps(reader.unit(0))) < 300 * 400


@pytest.mark.slow
def test_the_description_is_a_file(day):
    """The description of the stream is read as a file, and says where all units are."""
    file = find_files(day).streams["broadband"].with_ending(".json")
    opened, known = file.open()
    content = json.loads(opened.read(known.size))
    assert len(content["ground_truth"]["units"]) == 300
    assert content["ground_truth"]["clipped"] is None
