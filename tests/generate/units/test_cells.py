"""Cells: where they lie, how large they are, and their spikes at any sampling rate."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError
from mockrawio.generate.parts.units import Classes, Exponential, Power, Units, Window
from mockrawio.generate.renewal import JITTER
from tests.length import rounds

from . import PITCH_UM, floor, linear, setting

RATES = (1000, 1500, 5000, 8000, 10_000, Fraction(48828125, 2000), 30_000, 100_000)
EVERY_CLASS = Classes(broad=1, narrow=1, triphasic=1, axonal=1, positive=1)
TETRODE = [(0, 0, 0), (0, 25, 0), (25, 0, 0), (25, 25, 0)]


def slow(cell, probe, contact, late):
    """Return the mean spike that a contact sees, as the modules say it in words, sample by sample."""
    (x, y, z), foot, shape = cell.location, cell.footprint, cell.shape

    def seen(place):
        apart = [a - b for a, b in zip(place.tolist(), (x, y, z), strict=True)]
        along = sum(a * b for a, b in zip(apart, foot.axis, strict=True))
        across = sum(a * a for a in apart) - along * along
        return math.sqrt(across + (along / foot.elongation) ** 2), along

    def size(away):
        ratio = away / foot.length_um
        return math.exp(-ratio) if foot.power is None else 1 / (1 + ratio**foot.power)

    (away, along), home = seen(probe.places[contact]), seen(probe.places[cell.peak_contact])[0]
    step = 1000 / float(probe.sampling_rate)
    longer = min(1 + shape.stretch * away / 100, 2)
    delay = min((away - min(seen(place)[0] for place in probe.places)) / foot.speed_m_s / 1000, 0.6)

    def bell(time, centre, before, after):
        width = math.hypot((before if time < centre * longer else after) * longer, 0.4 * step)
        return math.exp(-0.5 * ((time - centre * longer) / width) ** 2)

    def bump(time, height, tilt, centre, before, after):
        height *= min(max(1 + tilt * along / 100, 0.3), 2) * before / math.hypot(before, 0.4 * step)
        trough = bell(time, 0, shape.fall, shape.rise)
        return height * (bell(time, centre, before, after) - bell(0, centre, before, after) * trough)

    def value(sample):
        at = (sample - window.before - late) * step + cell.middle.at_ms
        hump = bump(at - delay, shape.hump, shape.tilt, shape.hump_at, shape.hump_rise, shape.hump_fall)
        lead = bump(at - delay, shape.bump, -shape.tilt, -shape.bump_at, shape.bump_width, shape.bump_width)
        share = min((at + window.before * step) / 0.25, ((window.n - 1 - window.before) * step - at) / 0.9)
        share = min(max(share, 0), 1)
        return (hump + lead - bell(at - delay, 0, shape.fall, shape.rise)) * share**2 * (3 - 2 * share)

    window = Window.at(probe.sampling_rate)
    factor = -cell.amplitude_uV * size(away) / size(home) / cell.middle.size
    return [value(sample) * factor for sample in range(window.n)]


@pytest.mark.at_length
@settings(max_examples=rounds(10, 30))
@given(
    st.integers(0, 10**6),
    st.sampled_from(RATES),
    st.sampled_from(JITTER),
    st.sampled_from([Exponential(), Power(), Power((10, 200), power=(1, 3), elongation=(2, 3))]),
)
def test_spikes_are_what_the_modules_say(seed, rate, late, footprint):
    """Any cell's spike on any contact is that of the slow twin, to a millionth of its peak."""
    probe = linear(seed, 8, rate)
    for cell in Units(2, footprint=footprint, classes=EVERY_CLASS).cells(probe, floor(probe)):
        bank = cell.bank(probe, (late,))
        for contact, spike in zip(bank.contacts.tolist(), bank.counts[0].T, strict=True):
            expected = np.array(slow(cell, probe, contact, late)) / probe.gain_uV
            assert np.abs(spike - expected).max() <= 2e-6 * abs(cell.amplitude_uV) / probe.gain_uV


@pytest.mark.parametrize("rate", RATES)
def test_the_nearest_sample_is_the_largest(rate):
    """Wherever between two samples a spike comes, its main peak stands at its own sample, with the sign it should."""
    probe = linear(1, 32, rate)
    before = Window.at(probe.sampling_rate).before
    for cell in Units(40, classes=EVERY_CLASS).cells(probe, floor(probe)):
        spikes = cell.waveforms(probe, (*JITTER, 0), contacts=np.array([cell.peak_contact]))[..., 0]
        assert set(np.abs(spikes).argmax(axis=1)) == {before}
        assert np.all(np.sign(spikes[:, before]) == np.sign(cell.amplitude_uV))
        assert spikes[-1, before] == pytest.approx(cell.amplitude_uV, rel=2e-6)


@pytest.mark.parametrize("rate", RATES)
def test_spikes_begin_and_end_at_nothing(rate):
    """A spike has its 3 ms at any rate and no step at their ends; below 8 kHz a sample is as long as its rise."""
    probe = linear(2, 32, rate)
    window = Window.at(probe.sampling_rate)
    assert 3 <= window.n * window.step_ms <= 3 + 3 * window.step_ms
    for cell in Units(20).cells(probe, floor(probe)):
        spikes = np.abs(cell.waveforms(probe, JITTER)) / abs(cell.amplitude_uV)
        assert spikes[:, -1].max() <= 0.02
        assert spikes[:, 0].max() <= (0.01 if rate >= 8000 else 0.5)


@pytest.mark.parametrize("rate", (15_000, Fraction(48828125, 2000), 30_000, 50_000))
def test_the_snr_is_that_of_the_band(rate):
    """After SpikeInterface's band-pass, by SciPy, the main peak is as many times the noise as the cell says."""
    probe = linear(3, 32, rate)
    noise = np.linspace(3, 6, 32)
    signal = pytest.importorskip("scipy.signal")
    band = signal.butter(5, (300, 6000), "band", fs=float(rate), output="sos")
    for cell in Units(20, snr=(3, 30)).cells(probe, noise):
        spike = np.pad(cell.waveforms(probe)[:, cell.peak_contact], 6000)
        peak = np.abs(signal.sosfiltfilt(band, spike)).max()
        assert peak / noise[cell.peak_contact] == pytest.approx(cell.snr, rel=0.01)
        assert 3 <= cell.snr <= 30


def test_sizes_may_be_asked_for_in_uV():
    """Where units have an amplitude it is their main peak, and the SNR follows from it."""
    probe = linear(3)
    cells = Units(20, amplitude_uV=(50, 200)).cells(probe, floor(probe))
    weak = Units(20, amplitude_uV=(50, 200)).cells(probe, floor(probe, 10))
    for cell, other in zip(cells, weak, strict=True):
        assert 50 <= abs(cell.amplitude_uV) <= 200
        assert np.abs(cell.waveforms(probe)).max() == pytest.approx(abs(cell.amplitude_uV), rel=2e-6)
        assert cell.snr == pytest.approx(2 * other.snr, rel=1e-6)


def test_snr_needs_noise():
    """Units of an SNR where there is no noise are an error that says what to give."""
    probe = linear(1)
    with pytest.raises(MockSessionError, match=r"Units.snr: .* Give Units.amplitude_uV"):
        Units(1).cells(probe, floor(probe, 0))
    assert Units(1, amplitude_uV=(50, 50)).cells(probe, floor(probe, 0))[0].snr == np.inf


@pytest.mark.parametrize(("places", "n"), [(TETRODE, 20), (None, 40), ([(0, 0, 0)], 5)])
def test_cells_keep_their_distance(places, n):
    """No two cells are nearer to each other than asked, nor to a contact; none is too far, or behind the probe."""
    probe = linear(4) if places is None else setting(places)
    cells = Units(n, min_distance_um=18, distance_um=(6, 50)).cells(probe, floor(probe))
    locations = np.array([cell.location for cell in cells])
    apart = np.linalg.norm(locations[:, None] - locations, axis=2)
    away = np.linalg.norm(locations[:, None] - probe.places, axis=2).min(axis=1)
    assert (apart + 1e9 * np.eye(len(cells))).min() >= 18
    assert away.min() >= 6
    assert away.max() <= 50.001
    assert locations[:, 2].min() >= 0


def test_a_full_room_says_so():
    """More cells than have room are an error that says what to change."""
    probe = setting([(0, 0, 0)])
    with pytest.raises(MockSessionError, match=r"Units.n: .* 30 µm apart near 1 contacts.*Units.min_distance_um"):
        Units(50, min_distance_um=30).cells(probe, floor(probe))


def test_cells_lie_anywhere_near_the_contacts():
    """Cells lie on both sides of a linear probe, most of them away from the contacts' heights."""
    probe = linear(5, 128)
    locations = np.array([cell.location for cell in Units(100, multi=0).cells(probe, floor(probe))])
    assert 0.35 <= np.mean(locations[:, 0] > 0) <= 0.65  # 100 halves: three standard deviations
    assert 0.35 <= np.mean(np.abs((locations[:, 1] + 12.5) % 25 - 12.5) > 6.25) <= 0.65
    assert np.ptp(locations[:, 1]) > 0.9 * 127 * 25


def test_multi_units_are_several_cells():
    """A tenth of the units are three to five cells near the same contact, each with a spike and a rate of its own."""
    probe = linear(6, 128)
    cells = Units(100).cells(probe, floor(probe))
    assert [cell.index for cell in cells] == list(range(len(cells)))
    together = [[cell for cell in cells if cell.label == label] for label in range(100)]
    several = [some for some in together if some[0].multi]
    assert 8 <= len(several) <= 12
    assert all(len(some) == 1 for some in together if not some[0].multi)
    for some in several:
        assert 3 <= len(some) <= 5
        assert {cell.peak_contact for cell in some} == {some[0].peak_contact}
        assert len({cell.rate_hz for cell in some}) == len({cell.shape for cell in some}) == len(some)
        assert max(cell.snr for cell in some) <= 1.5 * min(cell.snr for cell in some)


def test_multi_units_point_downwards():
    """No cell of a multi-unit is a positive one, which would stand out; those that are positive stay single units."""
    probe = linear(7, 64)
    cells = Units(20, multi=1.0, classes=EVERY_CLASS).cells(probe, floor(probe))
    assert {cell.kind for cell in cells if cell.multi} == {"broad", "narrow", "triphasic", "axonal"}
    assert {cell.kind for cell in cells if not cell.multi} == {"positive"}
    assert sum(not cell.multi for cell in cells) == 4


@pytest.mark.at_length
@given(st.integers(0, 2**64), st.integers(0, 12))
@settings(max_examples=rounds(7, 20))
def test_more_units_leave_the_first_as_they_were(seed, n):
    """The first units are the same however many follow."""
    probe = linear(seed, 16)
    many, few = (Units(count).cells(probe, floor(probe)) for count in (12, n))
    assert few == many[: len(few)]


def test_where_a_cell_moves_its_spike_follows():
    """A cell moved by a contact's distance is seen as it was, to the last bit, one contact farther on; its own less."""
    probe = linear(7)
    cells = [cell for cell in Units(20).cells(probe, floor(probe)) if 6 < cell.peak_contact < 24]
    for cell in cells:
        moved = np.array([0, PITCH_UM, 0])
        at_home, away = cell.waveforms(probe), cell.waveforms(probe, moved=moved)
        assert np.array_equal(away[:, 1:], at_home[:, :-1])
        assert np.abs(away[:, cell.peak_contact]).max() < np.abs(at_home[:, cell.peak_contact]).max()
        contacts = cell.contacts(probe)
        assert np.array_equal(cell.contacts(probe, moved), contacts + 1)
        assert np.array_equal(cell.bank(probe, (0,), moved, contacts).counts[0], np.float32(away[:, contacts] / 0.195))


def test_a_bank_leaves_out_what_is_too_small():
    """A bank has the contacts that see a hundredth of the peak, if that is half a count; no others reach as much."""
    for gain in (0.195, 5.0):
        probe = linear(8, 64, gain_uV=gain)
        for cell in Units(20).cells(probe, floor(probe)):
            sizes = np.abs(cell.waveforms(probe)).max(axis=0)
            contacts = cell.contacts(probe)
            assert cell.peak_contact in contacts
            assert np.delete(sizes, contacts).max() < 1.05 * max(0.01 * abs(cell.amplitude_uV), gain / 2)
            assert sizes[contacts].min() > 0.9 * max(0.01 * abs(cell.amplitude_uV), gain / 2)


def test_banks_have_the_bytes_that_they_had():
    """The banks of three cells, one of a multi-unit, are the same bytes on any machine."""
    probe = linear(1, 8)
    banks = [cell.bank(probe, JITTER).counts for cell in Units(3, multi=0.5).cells(probe, floor(probe))]
    digest = hashlib.sha256(b"".join(bank.astype("<f4").tobytes() for bank in banks))
    assert digest.hexdigest() == "cb34c961439ffe46d26cba941a9604bc53ad0cf473915d6752691ecdfdae282f"
