"""Faults that come and go: lost packets, movements, and pulses of stimulation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mockrawio import MockSessionRawIO, generate_session, truth
from mockrawio.generate import DroppedPackets, MovementArtifact, StimulationArtifact
from tests.generate.faults.sessions import RATE, spec

COUNT_UV = 0.195


def quiet(*faults, **more):
    """Return the truth about a session of four channels without noise."""
    parts = {"n_channels": 4, "units": {"n": 1, "rate_hz": 1.0, "amplitude_uV": (50.0, 60.0)}, "n_units": None}
    return truth(spec(*faults, **{**parts, "noise": (), **more}))


@pytest.mark.parametrize("fill", ["zeros", "held"])
def test_lost_packets_are_listed_exactly(fill):
    """Where a packet is listed all channels have zeros, or one sample over and over; nowhere else is it so."""
    made = truth(spec(DroppedPackets(5.0, length_ms=(1.0, 20.0), fill=fill), segments=(20.0,)))
    recorded = made.recording(0)
    rows = made.faults.within(0)
    lost = np.zeros(len(recorded) + 1, bool)
    for row in rows:
        assert (row.kind, row.fill, len(row.channels)) == ("dropped", fill, 24)
        lost[row.i_start : row.i_stop] = True
        wanted = recorded[row.i_start - 1] if fill == "held" else 0
        assert (recorded[row.i_start : row.i_stop] == wanted).all()
    still = (np.diff(recorded, axis=0) == 0).all(axis=1) if fill == "held" else ~recorded.any(axis=1)[1:]
    assert np.array_equal(np.flatnonzero(still) + 1, np.flatnonzero(lost[1:-1]) + 1)
    assert 70 <= len(rows) <= 130  # 100 on the mean, and less for the time that they take themselves
    lengths = [row.i_stop - row.i_start for row in rows]
    assert min(lengths) >= 30
    assert max(lengths) <= 600
    assert all(row.i_stop < later.i_start for row, later in pairwise(rows))


def test_packets_are_lost_at_the_rate_asked_for():
    """In 400 s at 5 a second there are 2000 of them, to four standard deviations of as many Poisson events."""
    made = quiet(DroppedPackets(5.0, length_ms=(0.5, 2.0)), segments=(400.0,))
    assert len(made.faults.within(0)) == pytest.approx(2000, abs=4 * np.sqrt(2000))
    assert len(made.faults.within(0, 0, 30_000)) < 20


def test_a_movement_is_slow_large_and_listed():
    """Where none is listed the layer is silent; where one is, it swings as far as asked, and next to nothing a sample.

    The muscles' noise is left out. A swing of 3 mV, three times in .1 s, moves by less than 30 µV a sample.
    """
    made = quiet(MovementArtifact(0.5, length_ms=(100.0, 400.0), muscle_uV=0.0), segments=(60.0,))
    layer = made.layer("fault.movement").read(0)
    rows = made.faults.within(0)
    assert 12 <= len(rows) <= 45
    for row in rows:
        swing = layer[row.i_start : row.i_stop] * COUNT_UV
        assert 150 < abs(swing).max() < 6000
        assert abs(np.diff(swing, axis=0)).max() < 30
        assert abs(swing[[0, -1]]).max() < 5
        assert np.corrcoef(swing.T).min() > 0.95  # all channels move together
        assert 3000 <= row.i_stop - row.i_start <= 12_000
        layer[row.i_start : row.i_stop] = 0
    assert not layer.any()


def test_muscles_are_heard_while_it_lasts():
    """Beyond what moves slowly there is noise below 1 kHz, on all channels alike, strongest in the middle."""
    calm, tense = (
        quiet(MovementArtifact(0.5, length_ms=(400.0, 400.0), muscle_uV=uV), segments=(60.0,)) for uV in (0.0, 50.0)
    )
    noise = (tense.layer("fault.movement").read(0) - calm.layer("fault.movement").read(0)) * COUNT_UV
    middles = [noise[row.i_start + 5400 : row.i_start + 6600, 0] for row in tense.faults.within(0)]
    assert np.std(middles) == pytest.approx(50, rel=0.15)  # some 70 independent values in each of 25
    power = np.mean([np.abs(np.fft.rfft(middle)) ** 2 for middle in middles], axis=0)
    assert power[1:40].mean() > 50 * power[80:].mean()  # below 1 kHz, above 2 kHz
    assert np.corrcoef(noise.T).min() > 0.999


def test_pulses_stand_at_their_times(tmp_path):
    """Each pulse begins at the sample next to its time: those given, and the session's events of a code."""
    pulses = StimulationArtifact((0.25, 4.0), code=4, pulses=2, pulse_hz=50.0)
    made = quiet(pulses, segments=(3.0, 2.0), gap_s=1.0, n_events=40)
    folder = generate_session(made.spec, tmp_path)
    with MockSessionRawIO(folder) as reader:
        events = [reader.get_event_timestamps(0, k, 0) for k in (0, 1)]
    starts = [segment.start_ms for segment in made.plan.segments]
    wanted = set()
    for times, _, labels in events:
        wanted |= {float(t) for t in times[labels == "4"]}
    wanted |= {starts[0] + 250.0, starts[0] + 4000.0}
    wanted = {t + late for t in wanted for late in (0.0, 20.0)}
    found = [starts[row.seg_index] + row.i_start / 30 for row in made.faults]
    expected = [t for t in sorted(wanted) if any(s <= t < s + n for s, n in zip(starts, (3000, 2000), strict=True))]
    assert sorted(found) == pytest.approx(expected, abs=1 / 60 + 1e-3)
    for row in made.faults:
        layer = made.layer("fault.stimulation").read(row.seg_index, row.i_start, min(row.i_start + 6, row.i_stop))
        assert (layer[1:] > 9000 / COUNT_UV / 2).all()


def test_a_pulse_saturates_and_decays():
    """It drives a converter of 10 bits to both its ends, and its tail falls with the time constant asked for."""
    pulse = StimulationArtifact(0.5, decay_ms=5.0)
    made = quiet(pulse, segments=(2.0,), bits=10)
    recorded = made.recording(0)
    (row,) = made.faults.within(0)
    assert row.i_start == 0.5 * RATE
    assert recorded[row.i_start + 2 : row.i_start + 6].min() == 511
    assert recorded[row.i_start + 8 : row.i_start + 12].max() == -512
    tail = made.layer("fault.stimulation").read(0, row.i_start + 15, row.i_start + 15 + 300)
    assert np.log(tail[0] / tail[150]) * 5.0 == pytest.approx([5.0] * 4, rel=0.5)  # 5 ms on; contacts differ by 10 %
    assert set(made.faults.clipped(0)[:, 1].tolist()) == {0, 1, 2, 3}


def test_a_pulse_falls_with_the_distance():
    """Near the stimulating contact it is largest; 100 µm on it is half as large, but for what contacts differ by."""
    pulse = StimulationArtifact(0.5, channel=0, length_um=100.0)
    made = quiet(pulse, segments=(1.0,), n_channels=24)
    sizes = made.layer("fault.stimulation").read(0, 15_000, 15_010).max(axis=0)
    away = np.hypot(*(made.probe.positions - made.probe.positions[0]).T)
    at_once = sizes * (1 + away / 100)
    assert at_once.std() / at_once.mean() == pytest.approx(0.1, abs=0.05)  # of 24 values
    assert abs(np.corrcoef(at_once, away)[0, 1]) < 0.5
    assert away[sizes.argmax()] < 50


def test_all_of_it_is_read_at_each_channels_own_time():
    """A pulse begins as much earlier as a channel is sampled later: its first sample has risen by that part."""
    made = quiet(StimulationArtifact(0.5), segments=(1.0,), n_channels=24)
    first, second = made.layer("fault.stimulation").read(0, 15_000, 15_002)
    assert first / second == pytest.approx(made.probe.sample_shifts, abs=1e-3)
