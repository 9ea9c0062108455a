"""The numbers that faults are made of: pulses, movements, stretches of time and clocks, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec
from mockrawio.generate import (
    Acquisition,
    ClockSkew,
    DroppedPackets,
    MovementArtifact,
    NoisyChannel,
    OutOfBrain,
    StimulationArtifact,
    Sync,
    Units,
)
from mockrawio.generate.clocks import EXACT, ComputerClock, SyncLine
from mockrawio.generate.incidents import FaultRow, Incident, Incidents, Rig
from mockrawio.generate.layers import Setting
from mockrawio.generate.parts.faults.bouts import Bouts, check_bouts
from mockrawio.generate.parts.faults.part import check_most
from mockrawio.generate.plan import plan_session
from mockrawio.generate.probes.given import probe_of
from mockrawio.generate.renewal import BLOCK
from tests.generate.pins import held

RATE = 20_000
EVENTS = np.array([[100.0, 4], [250, 8], [400, 4]])


def rig(n=4, gain_uV=1.0, shifts=None, order=None, length=20_000):
    """Return a rig of contacts in a column 25 µm apart, with two segments, a second and a half apart."""
    probe = probe_of("linear", n)
    places = np.pad(probe.positions, ((0, 0), (0, 1)))
    here = Setting(5, Fraction(RATE), gain_uV, places, (length, length // 2), shifts)
    return Rig(here, probe, (0.0, 2500.0), lambda: EVENTS)


def added(layer, i_start, i_stop, n=4, seg_index=0):
    """Return what a layer adds to some samples."""
    out = np.zeros((i_stop - i_start, n), np.int32)
    layer.add(out, seg_index, i_start)
    return out


def pulses(part=None, **more):
    """Return the pulses of a fault."""
    return (part or StimulationArtifact((0.1, 0.1005, 2.6), uV=1000.0)).incident("fault.stimulation", rig(**more))


def test_when_pulses_come():
    """At the times that are given, and at each event of a code, so many of them, a period apart."""
    part = StimulationArtifact((0.1, 3.0), code=4, pulses=3, pulse_hz=50.0)
    expected = [t + 20.0 * k for t in (100.0, 3000.0, 100.0, 400.0) for k in range(3)]
    assert part.times_ms(rig()).tolist() == expected
    assert StimulationArtifact(0.5).times_ms(rig()).tolist() == [500.0]
    assert StimulationArtifact(code=8).times_ms(rig()).tolist() == [250.0]
    # the nearest samples of each segment; none beyond its ends
    times = np.array([-0.026, -0.024, 999.97, 999.976, 2499.98, 2500.02, 2500.03, 2999.97, 3000.0])
    assert [some.tolist() for some in rig().frames(times)] == [[0, 19_999], [0, 0, 1, 9999]]


@pytest.mark.parametrize("gain_uV", [1.0, 50.0])
@pytest.mark.parametrize("shifts", [None, (0.0, 0.25, 0.5, 12 / 13)])
def test_what_a_pulse_is(gain_uV, shifts):
    """Two phases of .2 ms, and a fifth of it that decays; it ends with its last sample of half a count or more."""
    made = pulses(gain_uV=gain_uV, shifts=None if shifts is None else np.array(shifts))
    counts = made.layer.counts
    held(f"pulse.{gain_uV}.{shifts is None}", counts, made.layer.most, made.layer.frames, made._channels)
    assert counts[-1].any()
    top, low = counts.max(axis=0), counts.min(axis=0)
    assert (top / (1000 / gain_uV)).tolist() == pytest.approx([1] * 4, abs=0.3)
    assert low == pytest.approx(-top, abs=max(2, 0.1 * top.max()))
    assert made.layer.most == 2 * np.abs(counts).max()  # two of the three pulses overlap


def test_what_a_pulse_is_next_to_one_contact():
    """It falls from the stimulating contact on; a contact that has nothing of it is not listed."""
    part = StimulationArtifact(0.1, channel=1, length_um=10.0, uV=3.0, decay_ms=0.001, width_ms=1.0)
    made = part.incident("fault.stimulation", rig(40))
    sizes = made.layer.counts.max(axis=0)
    assert sizes.argmax() == 1
    listed = [row.channels for row in made.rows(0, 0, 20_000)]
    assert listed == [tuple(np.flatnonzero(made.layer.counts.any(axis=0)).tolist())]
    assert 1 < len(listed[0]) < 40
    held("pulse.near", made.layer.counts, listed)


def test_pulses_that_are_long_and_pulses_of_nothing():
    """A pulse has both its phases however short its tail is; one of less than half a count is a sample of nothing."""
    part = StimulationArtifact(0.1, uV=1000.0, width_ms=10.0, decay_ms=0.001)
    counts = part.incident("fault.stimulation", rig()).layer.counts
    assert counts.shape == (401, 4)
    assert (np.sign(counts) == np.sign(np.repeat([0, 1, -1], [1, 200, 200]))[:, None]).all()
    made = StimulationArtifact(0.1, uV=0.01).incident("fault.stimulation", rig())
    assert made.layer.counts.tolist() == [[0] * 4]
    assert [(row.channels, row.i_start, row.i_stop) for row in made.rows(0, 0, 9000)] == [((), 2000, 2001)]


def test_pulses_in_pieces():
    """Any piece of a layer of pulses is a cut of the whole, and lists what has a sample in it, to the segment's end."""
    part = StimulationArtifact((0.1, 0.1005, 0.9995), uV=1000.0)
    made = part.incident("fault.stimulation", rig())
    whole, n = added(made.layer, 0, 20_000), len(made.layer.counts)
    first, second, third = made.layer.frames[0].tolist()
    assert (first, second, third) == (2000, 2010, 19_990)
    expected = np.zeros((20_000 + n, 4), int)
    for frame in (first, second, third):
        expected[frame : frame + n] += made.layer.counts
    assert np.array_equal(whole, expected[:20_000])
    for start, stop in (
        (0, 2000),
        (1999, 2001),
        (2005, 2012),
        (2009 + n, 2011 + n),
        (2010 + n, 3000),
        (19_995, 20_000),
    ):
        assert np.array_equal(added(made.layer, start, stop), whole[start:stop])
        rows = list(made.rows(0, start, stop))
        assert [row.i_start for row in rows] == [f for f in (first, second, third) if f < stop and f + n > start]
        assert all(row.i_stop == min(row.i_start + n, 20_000) for row in rows)
    assert list(made.rows(0, 2005, 2005)) == []
    assert made.layer.most == 2 * np.abs(made.layer.counts).max()
    late = StimulationArtifact(5.0).incident("fault.stimulation", rig())
    assert (late.layer.most, list(late.rows(0, 0, 20_000))) == (0, [])


def test_where_pulses_can_be():
    """The stimulating channel is a column of the stream."""
    StimulationArtifact(0.5, channel=3).check(probe_of("linear", 4))
    StimulationArtifact(0.5).check(probe_of("linear", 1))
    with pytest.raises(MockSessionError, match="0 to 3; found 4"):
        StimulationArtifact(0.5, channel=4).check(probe_of("linear", 4))


def test_the_most_that_an_artifact_adds():
    """It is below 2**30 counts."""
    check_most("MovementArtifact", (1 << 30) - 1)
    with pytest.raises(MockSessionError, match="MovementArtifact.uV: expected an artifact of less than 1073741824"):
        check_most("MovementArtifact", 1 << 30)


# -- stretches of time ---------------------------------------------------------------------------


def bouts(rate_hz=20.0, length_ms=(1.0, 15.0), n_shares=2, length=3 * BLOCK):
    """Return stretches of a session of two blocks and more."""
    return Bouts("fault.some", rig(length=length).setting, rate_hz, length_ms, n_shares)


def test_stretches_of_a_seed():
    """They are as long as asked, end with the segment, and are listed in any piece that has a sample of them."""
    some, n = bouts(), 3 * BLOCK
    every = list(some.within(0, 0, n))
    held("bouts", [every[k] for k in range(0, len(every), 97)], len(every), some.longest)
    lengths = {bout.n for bout in every}
    assert (min(lengths), max(lengths), some.longest) == (20, 300, 300)
    assert all(one.i_start + one.n < other.i_start for one, other in pairwise(every))
    assert all(bout.i_stop == bout.i_start + bout.n for bout in every[:-1])
    edge = next(bout for bout in every if bout.i_start > BLOCK)
    for start, stop in (
        *((edge.i_start, edge.i_start + 1), (edge.i_stop - 1, edge.i_stop), (edge.i_stop, edge.i_stop + 1)),
        *((edge.i_start - 1, edge.i_start), (0, 40_000), (BLOCK - 9000, BLOCK + 9000), (n - 4000, n + 4000)),
    ):
        expected = [bout for bout in every if bout.i_start < stop and bout.i_stop > start]
        assert list(some.within(0, start, stop)) == expected
    assert list(some.within(0, edge.i_start + 1, edge.i_start + 1)) == []
    assert list(some.within(0, 500, 500)) == list(bouts(0.0).within(0, 0, n)) == []
    short = bouts(length=every[4].i_start + 5)
    assert [bout.i_stop for bout in short.within(0, 0, 10**9)][-1] == every[4].i_start + 5
    assert [bout.n for bout in short.within(0, 0, 10**9)] == [bout.n for bout in every[:5]]
    tiny = bouts(length_ms=(0.001, 0.001))
    assert {bout.n for bout in tiny.within(0, 0, 90_000)} == {1}


def test_stretches_leave_half_of_the_time():
    """At most half of it may be taken by stretches of the longest kind."""
    check_bouts("DroppedPackets", 50.0, (1.0, 10.0))
    for kind in (DroppedPackets, MovementArtifact):
        assert kind(5.0, length_ms=(1.0, 100.0)).rate_hz == 5.0
        with pytest.raises(MockSessionError, match="half of the time free with 100 ms each; found 5.01 Hz"):
            kind(5.01, length_ms=(1.0, 100.0))


@pytest.mark.parametrize("shifts", [None, (0.0, 0.25, 0.5, 12 / 13)])
@pytest.mark.parametrize("muscle_uV", [0.0, 50.0])
def test_movements_of_a_seed(shifts, muscle_uV, monkeypatch):
    """What they add, in pieces and in any number of rows at once, what none is beyond and what is listed are these."""
    part = MovementArtifact(3.0, length_ms=(20.0, 100.0), muscle_uV=muscle_uV)
    monkeypatch.setattr("mockrawio.generate.parts.faults.movement._ROWS", 300)
    here = rig(shifts=None if shifts is None else np.array(shifts))
    made = part.incident("fault.movement", here)
    whole = added(made.layer, 0, 20_000)
    rows = list(made.rows(0, 0, 20_000))
    held(f"movement.{muscle_uV}.{shifts is None}", whole, made.layer.most, rows)
    assert np.abs(whole).max() <= made.layer.most
    first = rows[0]
    assert (first.channels, first.layer, first.fill) == ((0, 1, 2, 3), "fault.movement", "")
    monkeypatch.setattr("mockrawio.generate.parts.faults.movement._ROWS", 7)
    for start, stop in ((first.i_start + 3, first.i_start + 50), (first.i_stop - 1, first.i_stop + 9)):
        assert np.array_equal(added(made.layer, start, stop), whole[start:stop])


def test_movements_tilt_along_the_contacts():
    """Along what contacts reach furthest a movement differs; of one contact, and of those at one place, it does not."""
    one = MovementArtifact(3.0, length_ms=(20.0, 100.0), muscle_uV=0.0)
    for n in (1, 3):
        here = rig(n)
        here = replace(here, setting=replace(here.setting, places=np.zeros((n, 3))))
        held(f"movement.place.{n}", added(one.incident("fault.movement", here).layer, 0, 20_000, n))
    fast = replace(rig(2), setting=replace(rig(2).setting, sampling_rate=Fraction(1000)))
    layer = MovementArtifact(3.0, length_ms=(20.0, 100.0)).incident("fault.movement", fast).layer
    held("movement.slow", added(layer, 0, 9000, 2), layer.most)


# -- contacts, clocks, and what stands in the place of samples ---------------------------------


def test_contacts_outside():
    """Those above a depth are outside, one at it is not; some are, and not all of them."""
    probe = probe_of("linear", 4)
    assert list(OutOfBrain(50.0).outside(probe)) == [3]
    assert list(OutOfBrain(49.9).outside(probe)) == [2, 3]
    for above_um in (-25.0, 75.0):
        with pytest.raises(MockSessionError, match="some of 4 contacts"):
            OutOfBrain(above_um).check(probe)
    for above_um in (0.0, 74.9):
        OutOfBrain(above_um).check(probe)
    OutOfBrain(channels=(1, 3)).check(probe)
    OutOfBrain(channels=(0, 1, 2)).check(probe)
    with pytest.raises(MockSessionError, match="found 4"):
        OutOfBrain(channels=(0, 1, 2, 3)).check(probe)
    rig_ = Acquisition(faults=(OutOfBrain(50.0), OutOfBrain(channels=(3, 0))))
    assert rig_.outside(probe) == [0, 3]
    rig_.check(probe)


@pytest.mark.parametrize("part", [NoisyChannel((2, 0), uV=30.0), OutOfBrain(channels=(3, 1), uV=4.0)], ids=str)
def test_noise_of_some_channels(part):
    """It is heard on them alone, is listed for a whole segment, and is that of a seed."""
    made = part.incident("fault.some", rig(shifts=np.arange(4) / 4))
    found = added(made.layer, 100, 160, seg_index=1)
    assert np.flatnonzero(found.any(axis=0)).tolist() == list(part.channels)
    kind = type(part).name
    assert list(made.rows(1, 3, 4)) == [FaultRow(kind, 1, part.channels, 0, 10_000, "fault.some")]
    assert list(made.rows(0, 3, 3)) == []
    held(f"some.{kind}", found, made.layer.most, made.layer.sd_uV, made.layer.band_uV)


def clocked(*faults, sync=None):
    """Return the plan of a session of two segments with a gap."""
    fields = {"segments": (1.0, 0.5), "gap_s": 0.3, "sampling_rate": "24414.0625", "n_channels": 1, "noise": ()}
    units = Units(0, amplitude_uV=(1, 2))
    return plan_session(
        SessionSpec.broadband(seed=1, units=units, acquisition=Acquisition(faults=faults, sync=sync), **fields)
    )


def test_the_computers_clock():
    """Rates multiply and leads add up, as exact fractions; stamps are whole ms, and those of an exact clock its own."""
    plan = clocked(ClockSkew(200.0, offset_ms=12.5), ClockSkew(-50.5, offset_ms=0.1))
    clock = ComputerClock.of(plan)
    assert clock.rate == (1 + Fraction(200, 10**6)) * (1 - Fraction(505, 10**7))
    assert clock.ahead_ms == Fraction(126, 10)
    assert ClockSkew(20.0).rate == Fraction(1_000_020, 1_000_000)
    stamps = plan.start_ms + np.array([0, 1000, 10_000, 100_000])
    late = np.array([0, 1000, 10_000, 100_000]) * float(clock.rate - 1) + 12.6
    assert (clock.stamps(plan, stamps) - stamps).tolist() == np.rint(late).tolist()
    assert clock.amplifier_ms(Fraction(126, 10) + 7 * clock.rate) == 7
    assert ComputerClock.of(clocked()) == EXACT == ComputerClock(Fraction(1), Fraction(0))
    assert EXACT.stamps(plan, stamps) is stamps


@pytest.mark.parametrize(("period_ms", "offset_ms"), [(100.0, 0.0), (33.0, 3.7), (100.0, -40.0)])
def test_levels_of_the_sync_line(period_ms, offset_ms):
    """A sample is high where the computer's clock is in the second half of a period; its log has every edge within."""
    plan = clocked(ClockSkew(300.0, offset_ms=offset_ms), sync=Sync(period_ms))
    line, clock = SyncLine(plan), ComputerClock.of(plan)
    half, rate = Fraction(repr(period_ms)) / 2, Fraction("24414.0625") / 1000
    assert line.lengths == (24_414, 12_207)
    for seg_index, gap in ((0, 0), (1, 1300)):
        levels = line.levels(seg_index, 0, line.lengths[seg_index])[:, 0]
        samples = range(0, line.lengths[seg_index], 17)
        shown = [(gap + i / rate) * clock.rate + clock.ahead_ms for i in samples]
        assert levels[::17].tolist() == [int(at // half) % 2 for at in shown]
        for start, stop in ((5, 6), (1220, 1900), (9000, 12_207)):
            assert np.array_equal(line.levels(seg_index, start, stop)[:, 0], levels[start:stop])
    whole = [line.levels(seg_index, 0, n) for seg_index, n in enumerate(line.lengths)]
    assert np.array_equal(np.concatenate(list(line.chunks())), np.concatenate(whole))
    log = line.log()
    ends = [clock.ahead_ms, clock.ahead_ms + 1800 * clock.rate]
    numbers = [k for k in range(-100, 200) if ends[0] < k * half < ends[1]]
    assert log.tolist() == [[plan.start_ms + float(k * half), k % 2] for k in numbers]
    held(f"sync.{offset_ms}.{period_ms}", repr(line.description()))


class Given(Incident):
    """Faults that are given."""

    def __init__(self, *rows):
        self._rows = rows

    def rows(self, seg_index, start, stop):
        return [row for row in self._rows if row.i_start < stop and row.i_stop > start]


def test_what_stands_in_the_place_of_sums():
    """Zeros, or the sample before the first, on the columns of a fault, in the order of their first samples."""
    rows = FaultRow("a", 0, (0,), 4, 7, fill="held"), FaultRow("b", 0, (2, 1), 2, 5, fill="zeros")
    more = FaultRow("c", 0, (1,), 0, 2, fill="held"), FaultRow("d", 0, (0, 1), 8, 9, layer="fault.d")
    every, places = Incidents([Given(*rows), Given(*more)]), np.array([2, 0, 1])
    made = {3: np.array([30, 31, 32])}
    total = np.arange(30).reshape(10, 3) + 100
    expected = total.copy()
    expected[4:7, 2] = 32  # column 0 is the third contact
    expected[2:5, [1, 0]] = 0
    expected[0:2, 0] = 0  # nothing comes before the segment
    found = total.copy()
    every.fill(found, 0, 0, made.__getitem__, places)
    assert np.array_equal(found, expected)
    for start, stop in ((1, 3), (4, 6), (5, 10), (7, 8)):
        piece = total[start:stop].copy()
        every.fill(piece, 0, start, made.__getitem__, places)
        assert np.array_equal(piece, expected[start:stop])
    assert [row.kind for row in every.rows(0, 0, 10)] == ["c", "b", "a", "d"]
    assert every.layers == []
    assert Incidents().rows(0, 0, 5) == []
