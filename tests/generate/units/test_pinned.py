"""The numbers that cells are made of: ranges, footprints, rooms and windows, to the last digit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.generate.draws import Draws
from mockrawio.generate.parts.units import Classes, Exponential, LogNormal, Power, Templates, Uniform, Units, Window
from mockrawio.generate.parts.units.classes import drawn_shape
from mockrawio.generate.parts.units.crowd import banks_of, crowd_of
from mockrawio.generate.parts.units.footprint import Footprint
from mockrawio.generate.parts.units.numbers import between, digits, log_between
from mockrawio.generate.parts.units.resampled import Resampled
from mockrawio.generate.parts.units.room import Room
from mockrawio.generate.parts.units.shapes import Shape
from mockrawio.generate.parts.units.spread import Spread
from mockrawio.generate.parts.units.template import Template
from mockrawio.generate.renewal import JITTER
from tests.generate.pins import held

from . import floor, linear, setting


class Even:
    """Draws that are all the same."""

    def __init__(self, share):
        self._share = share

    def uniform(self, n):
        return np.full(n, self._share)


def bits(key=0):
    """Return draws of a seed."""
    return Draws.of(np.random.SFC64(np.random.SeedSequence(3, spawn_key=(key,))))


@pytest.mark.parametrize("name", ["broad", "narrow", "triphasic", "axonal", "positive"])
def test_the_ranges_of_a_class(name):
    """The least, the middle and the most of each number of a spike are those that they have been."""
    held(f"classes.{name}", [drawn_shape(name, Even(share)) for share in (0.0, 0.5, 1.0)])


def test_where_classes_begin():
    """A class begins at the sum of the weights before it, and ends below its own; positive ones may be left out."""
    some = Classes(broad=1, narrow=1, triphasic=0, axonal=0, positive=2)
    below = np.nextafter(0.5, 0)
    assert [some.name(share) for share in (0, 0.25 - 1e-9, 0.25, below, 0.5, 1 - 1e-9)] == [
        *("broad", "broad", "narrow", "narrow", "positive", "positive")
    ]
    assert [some.name(share, positive=False) for share in (0, below, 0.5, 1 - 1e-9)] == ["broad"] * 2 + ["narrow"] * 2
    assert Classes(broad=0, narrow=0, triphasic=0, axonal=0, positive=1e-9).name(0.5) == "positive"


def test_numbers_between():
    """Shares are of the way, or of the ratio; seven digits are kept."""
    assert (between((1, 3), 0), between((1, 3), 0.25), between((1, 3), 1)) == (1.0, 1.5, 3.0)
    assert (log_between((1, 16), 0), log_between((1, 16), 0.25), log_between((2, 16), 1)) == (1.0, 2.0, 16.0)
    assert (digits(1 / 3), digits(2e6 / 3)) == (0.3333333, 666666.7)


@pytest.mark.parametrize("law", [Exponential(), Power()], ids=lambda law: type(law).__name__)
def test_footprints_that_are_drawn(law):
    """The footprints of a seed are these: principal cells are seen from farther away than the other two classes."""
    drawn = [law.drawn(bits(), kind) for kind in ("broad", "narrow", "axonal")]
    assert [one.length_um / drawn[0].length_um for one in drawn] == pytest.approx([1, 0.85, 0.65], rel=1e-6)
    x, y, z = drawn[0].axis
    assert max(abs(x), abs(z)) <= 0.7 * y
    assert [one[1:] for one in drawn] == [drawn[0][1:]] * 3
    held(f"footprint.{type(law).__name__}", drawn, [law.drawn(bits(k), "broad") for k in (1, 2)])


def test_distances_along_and_across_an_axis():
    """Along its axis a cell is seen from `elongation` times as far; delays are at a speed, and 0.6 ms at most."""
    foot = Footprint(10.0, 2.0, (0.6, 0.8, 0.0), 2.0, 0.5)
    places = np.array([[7.0, 10, 3], [9, -4, 3], [1, 2, 8], [2, 4, 6]])
    away, along = foot.distances(places, np.array([1.0, 2, 3]))
    assert along == pytest.approx([10, 0, 0, 2.2])
    assert away == pytest.approx([5, 10, 5, np.sqrt(14 - 2.2**2 * 0.75)])
    assert foot.sizes(np.array([0.0, 5, 10, 20])) == pytest.approx([1, 0.8, 0.5, 0.2])
    assert foot._replace(power=None).sizes(np.array([0.0, 10, 20])) == pytest.approx(np.exp([0, -1, -2]))
    assert foot.delays(np.array([10.0, 60, 310, 311, 400]), 10.0) == pytest.approx([0, 0.1, 0.6, 0.6, 0.6])
    assert foot.distances(places[:1], places[0])[0].tolist() == [0.0]


@pytest.mark.parametrize("axis", [(0.0, 1.0, 0.0), (0.6, 0.8, 0.0), (0.48, 0.6, 0.64)])
@pytest.mark.parametrize("span", [(-20.0, 35.0), (0.0, 0.0), (-90.0, -60.0)])
def test_the_nearest_that_a_moving_cell_comes(axis, span):
    """It is the least of its distances at a thousand places on its way."""
    foot, home = Footprint(30.0, None, axis, 1.7, 0.3), np.array([3.0, -2.0, 12.0])
    places = np.array([[0.0, 25.0 * k - 60, 0] for k in range(6)] + [[40.0, 0, 5]])
    way = [foot.distances(places - [0, um, 0], home)[0] for um in np.linspace(*span, 1001)]
    assert foot.nearest(places, home, *span) == pytest.approx(np.min(way, axis=0), abs=1e-3)


def test_points_are_spread():
    """The points of the first units of a seed are these."""
    held("spread", [Spread(linear(1)).point(k) for k in (0, 1, 2, 99)])


@pytest.mark.parametrize(
    ("rate", "before", "n"),
    [(1000, 1, 5), (1250, 1, 5), (1251, 2, 6), (5000, 4, 16), (30_000, 24, 91), (32_000, 26, 98), (100_000, 80, 301)],
)
def test_windows(rate, before, n):
    """A spike has 0.8 ms before its peak and 2.2 ms after it, or a sample more, and its times are those of a rate."""
    window = Window.at(Fraction(rate))
    assert (window.before, window.n, window.step_ms) == (before, n, 1000 / rate)
    assert window.times[[0, before, -1]] == pytest.approx([-before / rate * 1e3, 0, (n - 1 - before) / rate * 1e3])


def test_spikes_come_in_sight_and_go():
    """They are whole from .25 ms after the window's begin to .9 ms before its end, each as late as it comes."""
    window = Window.at(Fraction(20_000))
    spikes, late = np.ones((window.n, 3)), np.array([0.0, 0.1, -0.1])
    window.fade(spikes, late)
    for k, one in enumerate(late.tolist()):
        since, left = window.times - window.times[0] - one, window.times[-1] + one - window.times
        opened, closing = np.clip(since / 0.25, 0, 1), np.clip(left / 0.9, 0, 1)
        expected = opened**2 * (3 - 2 * opened) * closing**2 * (3 - 2 * closing)
        assert spikes[:, k] == pytest.approx(expected, abs=1e-12)


SHAPE = Shape(0.08, 0.12, 0.4, 0.5, 0.2, 0.3, 0.3, 0.25, 0.09, 0.5, 0.8)


def bump(height, at, before, after, step_ms):
    """Return how high a bump is at most, and at time 0."""
    blur = 0.4 * step_ms
    high = 2 * height * before / np.hypot(before, blur)
    width = np.hypot(before if at > 0 else after, blur)
    return high, high * np.exp(-0.5 * (at / width) ** 2)


@pytest.mark.parametrize("step_ms", [1 / 30, 1.0])
@pytest.mark.parametrize("humps", [(0.4, 0.3), (0.9, 0.5), (0.0, 0.0)])
def test_no_spike_is_beyond_its_bound(step_ms, humps):
    """It is 1 and what both bumps have at time 0, or their sum, if that is more; each twice as high as at the cell."""
    shape = SHAPE._replace(hump=humps[0], bump=humps[1])
    hump = bump(humps[0], 0.5, 0.2, 0.3, step_ms)
    lead = bump(humps[1], -0.25, 0.09, 0.09, step_ms)
    assert shape.most(step_ms) == pytest.approx(max(hump[0] + lead[0], 1 + hump[1] + lead[1]), rel=1e-12)


def test_the_middle_of_a_spike():
    """Half a step before and after it a spike is equally high, to a 64th of a step, and it is as large as it is there.

    A step of a millisecond is longer than the way on which it is looked for, to .1 ms from the trough.
    """
    away, along = np.array([20.0]), np.array([-15.0])
    for step_ms in (1 / 30, 0.1, 0.2):
        found = SHAPE.middle(away, along, step_ms)

        def value(time, step_ms=step_ms):
            return float(SHAPE.at(np.array([[time]]), away, along, step_ms)[0, 0])

        assert found.size == pytest.approx(-value(found.at_ms), abs=1e-9)
        before, after = (value(found.at_ms + k * step_ms / 2) for k in (-1, 1))
        earlier = [value(found.at_ms - step_ms / 64 + k * step_ms / 2) for k in (-1, 1)]
        assert before <= after
        assert earlier[0] > earlier[1]
    assert SHAPE.at(np.zeros((4, 1)), np.arange(3.0), np.arange(3.0), 0.03) == pytest.approx(np.full((4, 3), -1.0))
    held("shape.middle", [SHAPE.middle(away, along, step_ms) for step_ms in (1 / 30, 0.1, 0.2, 1.0)])


def probe(n=6, outside=(), flat=True):
    """Return the setting of two columns of contacts, the second behind the first unless they are `flat`."""
    places = np.array([[30.0 * (k % 2), 25.0 * (k // 2), 0 if flat else 40.0 * (k % 2)] for k in range(n)])
    return replace(setting(places), outside=outside)


@pytest.mark.parametrize(("flat", "outside"), [(True, ()), (False, ()), (True, (0, 3))])
def test_places_of_a_room(flat, outside):
    """Cells of a seed lie in these places, near any contact or a given one, and none has its largest spike outside."""
    room, draws, foot = Room(probe(6, outside, flat), (5.0, 45.0), 12.0, "Units"), bits(4), Exponential()
    found = [room.place(draws, foot.drawn(draws, "broad"), contact) for contact in (None, None, 1, 1, 4, None)]
    assert not {peak for _, peak in found} & set(outside)
    assert flat == all(place[2] >= 0 for place, _ in found)
    assert [peak for _, peak in found][2:5] == [1, 1, 4]
    held(f"room.{flat}.{len(outside)}", found)


def test_a_room_in_which_another_contact_is_nearer():
    """Where a cell near a given contact is always nearer to another, it stays there after 500 tries."""
    here = setting([[0.0, 0, 0], [0.0, 0, 1.0]])
    room, draws, turns = Room(here, (30.0, 31.0), 1.0, "Units"), bits(5), []
    foot = Footprint(20.0, None, (0.0, 1.0, 0.0), 1.0, 0.3)

    class Counted:
        def uniform(self, n):
            turns.append(n)
            x, y, z, far = draws.uniform(n).tolist()
            return np.array([x, y, 0.75 + z / 4, far])  # above both contacts

    place, peak = room.place(Counted(), foot, 0)
    assert (peak, len(turns) > 500, place[2] > 0) == (1, True, True)
    held("room.turns", len(turns), place)


def test_a_full_room_says_what_there_is():
    """The error counts the cells that had room, and leaves the distance out where none is asked for."""
    alone = setting([[0.0, 0, 0]])
    foot = Footprint(20.0, None, (0.0, 1.0, 0.0), 1.0, 0.3)
    room = Room(alone, (5.0, 6.0), 100.0, "Units")
    room.place(bits(), foot)
    with pytest.raises(MockSessionError, match=r"100 µm apart near 1 contacts; found no more after 1\. .*min_distance"):
        room.place(bits(1), foot)
    outside = Room(replace(alone, outside=(0,)), (5.0, 6.0), 0.0, "FarUnits")
    with pytest.raises(MockSessionError, match=r"found no more after 0\. Give fewer units, a wider FarUnits\.distance"):
        outside.place(bits(1), foot)


def test_rates_of_units():
    """A rate is a quantile of its distribution, within what a cell can do; one at either end is that of a millionth."""
    law = LogNormal(2.0, sd=0.9)
    assert (law.rate(0.5), law.typical_hz) == (2.0, 2.0)
    assert law.rate(0.0) == law.rate(1e-6) < law.rate(2e-6)
    assert law.rate(1.0) == law.rate(1 - 1e-6) > law.rate(1 - 2e-6)
    even = Uniform(1.0, 5.0)
    assert (even.rate(0.0), even.rate(0.25), even.rate(1.0), even.typical_hz) == (1.0, 2.0, 5.0, 5.0)
    held("rates", [law.rate(k / 7) for k in range(8)])
    units = Units(rate_hz=LogNormal(1.0, sd=3.0), refractory_ms=5.0)
    assert (units.rate(1.0), units.rate(1e-6)) == (100.0, 0.01)
    assert Units(rate_hz=LogNormal(1e3, sd=3.0), refractory_ms=0.0).rate(1 - 1e-6) > 1e9
    for refractory_ms, fits in ((5.0, True), (5.000001, False)):
        if fits:
            Units(rate_hz=100.0, refractory_ms=refractory_ms)
            continue
        with pytest.raises(MockSessionError, match="with 5 ms after each spike; found 100 Hz"):
            Units(rate_hz=100.0, refractory_ms=refractory_ms)


def numbers(cells):
    """Return what cells are, without what only their spikes have."""
    return [
        (c.index, c.label, c.multi, c.kind, c.location, c.peak_contact, c.amplitude_uV, c.snr, c.rate_hz) for c in cells
    ]


@pytest.mark.parametrize("amplitude_uV", [None, (40.0, 90.0)], ids=["snr", "uV"])
def test_cells_of_a_seed(amplitude_uV):
    """The cells of multi-units and of single ones, their places, sizes and rates, are these of a seed."""
    here = linear(9, 16)
    cells = Units(6, multi=0.6, cells_per_multi=(2, 4), amplitude_uV=amplitude_uV).cells(here, floor(here))
    assert {cell.multi for cell in cells} == {True, False}
    held(f"cells.{amplitude_uV is None}", numbers(cells), [cell.shape for cell in cells])
    held(f"cells.moved.{amplitude_uV is None}", numbers([one.settled(here, 31.0625, floor(here)) for one in cells]))


def test_cells_that_point_upwards():
    """The main peak of a positive cell is above 0, that of any other class below; weights are numbers from 0 on."""
    here = linear(9, 8)
    for name in Classes().to_dict().keys() - {"part"}:
        only = Classes(**{**dict.fromkeys(Classes().to_dict().keys() - {"part"}, 0.0), name: 1.0})
        for cell in Units(2, classes=only).cells(here, floor(here)):
            spike = cell.waveforms(here)[:, cell.peak_contact]
            assert (cell.kind, cell.amplitude_uV > 0) == (name, name == "positive")
            assert spike[np.abs(spike).argmax()] == pytest.approx(cell.amplitude_uV, rel=1e-5)


def test_cells_without_noise():
    """Where there is no noise a cell is infinitely larger than it, drawn or with a template, moved or not."""
    here = linear(9, 8)
    part = Templates(RAMP[None, :, None] * np.ones(2, np.float32), sampling_rate=30_000, positions_um=[[0, 0], [0, 25]])
    for units in (Units(1, amplitude_uV=(50, 60)), Units(1, templates=replace(part, before=3, rescale=False))):
        (cell,) = units.cells(here, floor(here, 0))
        assert cell.snr == cell.settled(here, 30.0, floor(here, 0)).snr == np.inf
        assert cell.settled(here, 30.0, floor(here)).snr < 1e3


def test_where_a_moving_cell_is_seen():
    """The contacts that see a cell on its way are those that see it at one of its places, and no count is beyond."""
    here = replace(linear(9, 12), outside=(7,))
    for cell in Units(2, footprint=Power()).cells(here, floor(here)):
        near, sizes = cell.near(here, -30.0, 20.0)
        reached, most = cell.reach(here, -30.0, 20.0)
        assert reached.tolist() == [contact for contact in near.tolist() if contact != 7]
        places = [np.array([0.0, um, 0.0]) for um in np.arange(-30.0, 21, 2)]
        seen = set().union(*(cell.contacts(here, moved).tolist() for moved in places))
        assert seen == set(reached.tolist())
        largest = [np.abs(cell.waveforms(here, 0.0, moved, reached)).max(axis=0) for moved in places]
        assert (np.max(largest, axis=0) / here.gain_uV <= most * (1 + 1e-9)).all()
        assert most.max() < 3 * np.max(largest) / here.gain_uV
        assert sizes.max() <= 1.5


def test_banks_together_are_those_of_each(monkeypatch):
    """Banks of several cells, made some at a time and of some values at once, are what each cell says, to the bit."""
    here = replace(linear(2, 12), outside=(3,), shifts=np.arange(12) / 13)
    cells = Units(3, multi=0.6, cells_per_multi=(2, 2)).cells(here, floor(here))
    for cells_at_once, values in ((64, 1 << 15), (2, 200), (1, 1)):
        monkeypatch.setattr("mockrawio.generate.parts.units.crowd._CELLS", cells_at_once)
        monkeypatch.setattr("mockrawio.generate.parts.units.crowd._VALUES", values)
        for smallest in (0.01, 0.1):
            for bank, cell in zip(banks_of(cells, here, JITTER[:3], smallest), cells, strict=True):
                contacts = cell.contacts(here, smallest=smallest)
                assert np.array_equal(bank.contacts, contacts)
                assert np.array_equal(bank.counts, cell.bank(here, JITTER[:3], contacts=contacts).counts)
                assert not np.isin(3, bank.contacts)
    assert banks_of([], here, (0.0,)) == []


# -- templates ---------------------------------------------------------------------------------

RAMP = np.array([0.0, 1, 4, -30, -12, 6, 3, 1, 0, 0], np.float32)


def template(n_steps=1, pitch_um=20.0, sizes=(0.2, 1.0, 0.6), locations=None):
    """Return a template on contacts in a row."""
    waveforms = np.stack([RAMP[:, None] * np.array(sizes, np.float32) * (1 + k) for k in range(n_steps)])
    positions = np.array([[0.0, pitch_um * k, 0.0] for k in range(len(sizes))])
    return Template("a", "template", Fraction(30_000), 3, waveforms.astype(np.float32), positions, locations)


def test_where_a_template_is():
    """It is at home in its middle step, and its place is the centre of its squared peaks, of those within 75 µm."""
    one = template(sizes=(0.5, 1.0, 0.0, 0.0, 0.25, 0.5, 0.9), pitch_um=18.75)
    assert (one.home, one.peak) == (0, 1)
    weights = np.array([0.25, 1.0, 0, 0, 0.0625, 0.25])  # the last one lies 75 µm away, one more is farther
    assert one.location == pytest.approx([0, (weights * 18.75 * np.arange(6)).sum() / weights.sum(), 0])
    steps = template(3, locations=np.array([[0.0, 10, 5], [1, 20, 5], [0, 30, 5]]))
    assert (steps.home, steps.location.tolist()) == (1, [1.0, 20.0, 5.0])
    assert (template(2).home, template(4).home) == (1, 2)


def kriged(one, points, step=0, length=None):
    """Return what simple kriging finds with a Matern covariance, contact by contact."""
    near = [p for p in range(len(one.positions)) if np.linalg.norm(one.positions[p] - one.positions[one.peak]) <= 250]
    known = one.positions[near]
    apart = np.linalg.norm(known[:, None] - known, axis=2)
    nearest = np.median((apart + 1e9 * np.eye(len(near))).min(axis=1)) if len(near) > 1 else 0
    length = float(np.clip(2 * nearest, 30, 60)) if len(near) > 1 else 30.0

    def covariance(distance):
        scaled = np.sqrt(3) * distance / length
        return (1 + scaled) * np.exp(-scaled)

    weights = np.linalg.solve(covariance(apart) + 1e-9 * np.eye(len(near)), one.waveforms[step][:, near].T)
    found = covariance(np.linalg.norm(points[:, None] - known, axis=2)) @ weights
    away = np.linalg.norm(points - one.positions[one.peak], axis=1)
    return np.where(away <= 250, found.T, 0.0)


@pytest.mark.parametrize("pitch_um", [10.0, 20.0, 45.0, 130.0])
def test_a_template_between_its_contacts(pitch_um):
    """At its contacts it is as given; elsewhere what kriging finds, with twice the contacts' distance, 30 to 60 µm."""
    one = template(pitch_um=pitch_um, sizes=(0.2, 1.0, 0.6, 0.3))
    points = one.positions[one.peak] + np.array(
        [[0.0, 0, 0], [0, 5e-4, 0], [0, 2e-3, 0], [7.0, 3, 2], [0, pitch_um, 0], [0, 250.0, 0], [250.01, 0, 0]]
    )
    found, expected = one.at(points), kriged(one, points)
    for exact in (0, 1):
        expected[:, exact] = one.waveforms[0][:, 1]
    expected[:, 4] = one.waveforms[0][:, 2]
    assert np.array_equal(found[:, [0, 1, 4]], expected[:, [0, 1, 4]])
    assert found == pytest.approx(expected, abs=1e-5)
    assert not np.array_equal(found[:, 2], found[:, 0])
    assert not found[:, 6].any()
    assert found[:, 3].any()


def test_a_template_of_one_contact():
    """One contact alone has a length of 30 µm."""
    one = template(sizes=(1.0,))
    points = np.array([[0.0, 12.0, 0.0]])
    assert one.at(points) == pytest.approx(kriged(one, points), abs=1e-6)


def test_a_template_that_drifts():
    """It is that of the nearest of its steps; beyond the first and the last of them it is moved on by the rest."""
    one = template(3, locations=np.array([[0.0, -20, 0], [0, 0, 0], [0, 20, 0]]))
    at = one.positions
    for moved, step, rest in ((0.0, 1, 0), (-9.0, 1, 0), (-11.0, 0, 0), (30.0, 2, 10), (-40.0, 0, -20), (20.0, 2, 0)):
        assert np.array_equal(
            one.at(at, moved), replace(one, waveforms=one.waveforms[[step]], locations=None).at(at, rest)
        )


def test_steps_of_a_cell_that_is_nowhere():
    """Where nobody knows where a cell is in its steps, it is in the middle one, and moved on from there."""
    one = template(3)
    alone = replace(one, waveforms=one.waveforms[[1]])
    for moved in (-7.0, 0.0, 30.0):
        assert np.allclose(one.at(one.positions, moved), alone.at(one.positions, moved))


def sinc_resampled(samples, how, late):
    """Return samples at another rate, each a sum of sines cardinal in Lanczos' window of eight lobes."""
    step = float(how.given / how.wanted)
    wide, window, found = max(1.0, step), how.window, []
    for k in range(window.n):
        place = (k - window.before - late) * step + how.before
        taps = np.arange(int(place - 8 * wide) - 2, int(place + 8 * wide) + 3)
        apart = (place - taps) / wide
        parts = np.where(abs(apart) < 8, np.sinc(apart) * np.sinc(apart / 8), 0.0)
        found.append(parts @ samples[np.clip(taps, 0, how.n - 1)] / parts.sum())
    return np.array(found)


@pytest.mark.parametrize("wanted", [30_000, 32_000, 15_000, 25_000, 7000])
@pytest.mark.parametrize("late", [0.0, 0.4375, -0.3])
def test_samples_at_another_rate(wanted, late):
    """Each is the sum that the module says, taken step by step, of what is beyond the ends as of what is there."""
    how = Resampled(3, 10, Fraction(30_000), Fraction(wanted))
    before, after = 3 * wanted // 30_000, 6 * wanted // 30_000
    assert (how.window.before, how.window.n, how.window.step_ms) == (before, before + 1 + after, 1000 / wanted)
    found = how.at(np.stack([RAMP, 2 * RAMP], axis=1).astype(np.float64), late)
    assert found[:, 0] == pytest.approx(sinc_resampled(RAMP, how, late), abs=1e-9)
    assert found[:, 1] == pytest.approx(2 * found[:, 0], abs=1e-9)
    shifted = how.at(np.stack([RAMP, RAMP], axis=1).astype(np.float64), late, np.array([0.0, 0.25]))
    assert shifted[:, 0] == pytest.approx(found[:, 0], abs=1e-9)
    assert shifted[:, 1] == pytest.approx(sinc_resampled(RAMP, how, late - 0.25), abs=1e-9)


def test_how_large_resampled_spikes_become():
    """The bound is that of the worst of sixteen phases, and 2 % more; without a change of rate and phase it is 1.02."""
    for wanted in (30_000, 32_000, 15_000):
        how = Resampled(3, 10, Fraction(30_000), Fraction(wanted))
        ends = [np.abs(sinc_resampled(np.eye(10), how, k / 16)).sum(axis=1).max() for k in range(16)]
        assert how.most == pytest.approx(1.02 * max(1.0 if wanted == 30_000 else 0.0, *ends), rel=1e-9)


@pytest.mark.parametrize("shifts", [None, np.arange(8) / 13])
def test_cells_with_templates_together(shifts):
    """What is made of many spikes at once is what each cell has there, read in turn or not."""
    waveforms = np.stack([RAMP[:, None] * np.array(row, np.float32) for row in ((9.0, 4, 1), (2, 8, 5))])
    how = {"sampling_rate": 30_000, "positions_um": [[0, 0], [0, 25], [0, 50]]}
    assert Templates(waveforms, before=9, **how).library()[0].before == 9
    with pytest.raises(MockSessionError, match="a sample of the templates, 0 to 9; found .?10"):
        Templates(waveforms, before=10, **how)
    here = replace(linear(3, 8), shifts=shifts)
    cells = Units(2, templates=Templates(waveforms, before=3, **how), multi=0.0).cells(here, floor(here))
    asked = [np.array(some) for some in ([0, 1, 1], [0, 4, 0], [0, 1, 0])]
    batches = list(crowd_of(cells, here, JITTER[:2], (0, 4), 0.5).spikes(*asked))
    for k, (batch, cell, step, phase) in enumerate(zip(batches, *asked, strict=True)):
        moved = np.array([0.0, step * 0.5, 0.0])
        bank = cells[cell].bank(here, JITTER[phase : phase + 1], moved)
        assert np.array_equal(batch.contacts, bank.contacts)
        assert batch.which.tolist() == [k] * len(bank.contacts)
        assert np.allclose(batch.counts, bank.counts[0], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("relocate", [True, False])
@pytest.mark.parametrize("rescale", [True, False])
def test_cells_with_templates(relocate, rescale):
    """Which template each cell has, where it stands and how large it is are these of a seed."""
    waveforms = np.stack([RAMP[:, None] * np.array(row, np.float32) for row in ((9.0, 4, 1), (2, 8, 5), (1, 3, 7))])
    part = Templates(
        waveforms,
        sampling_rate=30_000,
        positions_um=[[0, 0], [0, 25], [0, 50]],
        before=3,
        gain_uV=0.5,
        relocate=relocate,
        rescale=rescale,
    )
    here = replace(linear(3, 8), outside=(5,))
    units = Units(3 if not relocate else 7, templates=part, multi=0.5, min_distance_um=30.0)
    cells = units.cells(here, floor(here))
    assert relocate == any(cell.multi for cell in cells)
    assert 5 not in {cell.peak_contact for cell in cells}
    held(f"templates.{relocate}.{rescale}", numbers(cells), [(c.template.id, c.shift, c.smallest) for c in cells])
    for cell in cells[:2]:
        assert cell.waveforms(here).shape == (10, 8)
        assert np.allclose(cell.waveforms(here)[:, [2, 6]], cell.waveforms(here, contacts=np.array([2, 6])))
        places = [np.array([0.0, um, 0.0]) for um in np.arange(-6.0, 9.5, 0.5)]
        seen = set().union(*(cell.contacts(here, moved).tolist() for moved in places))
        reached, most = cell.reach(here, -6.0, 9.0)
        assert seen == set(reached.tolist())
        largest = np.max([np.abs(cell.waveforms(here, 0.25, moved, reached)).max(axis=0) for moved in places], axis=0)
        assert (largest / here.gain_uV <= most).all()
        assert (most <= 3 * largest / here.gain_uV + 1).all()
    settled = [cell.settled(here, 40.0625, floor(here)) for cell in cells]
    held(f"templates.moved.{relocate}.{rescale}", numbers(settled), [cell.shift for cell in settled])
