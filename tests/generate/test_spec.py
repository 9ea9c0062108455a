"""SessionSpec: what it takes, what it refuses, and that it comes back from JSON."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.generate import EpiphyteUnits, Hum, SessionSpec, Uniform, Units
from mockrawio.generate.draws import Draws, Kind
from mockrawio.generate.plan import plan_session
from mockrawio.generate.stimulus import daq_log, events, watchlog
from mockrawio.ground.errors import MockSessionError
from tests.length import rounds

BAD = [
    ({"patient_id": -1}, "patient_id: expected a whole number from 0"),
    ({"patient_id": 1.5}, "found 1.5"),
    ({"session_nr": True}, "found True"),
    ({"patient_id": None}, "found None"),
    ({"duration_s": 0.5}, "duration_s: expected None, or a number from 1"),
    ({"duration_s": float("nan")}, "found nan"),
    ({"duration_s": 1.00001}, "a whole number of ms"),
    ({"duration_s": "60"}, "found '60'"),
    ({"segments": (), "duration_s": None}, "segments: expected a tuple of seconds"),
    ({"segments": (1.0, -1.0)}, "found -1.0"),
    ({"segments": 5.0}, "found 5.0"),
    ({"segments": (0.2, 0.2)}, "at least 1 s in all"),
    ({"segments": (6.0, 4.0), "duration_s": 11.0}, "the sum of segments"),
    ({"gap_s": 0.0}, "gap_s: expected a number from 0.001"),
    ({"gap_s": 0.0015}, "gap_s: expected a whole number of ms"),
    ({"seed": -1}, "seed: expected None, or a whole number"),
    ({"n_channels": 0}, "n_channels"),
    ({"n_lfp_channels": 81}, "at most n_channels, 80"),
    ({"encoding": "float32"}, "'int16' or 'float64'"),
    ({"movie_pauses": 1}, "True or False"),
    ({"start_ms": 1_656_643_278}, "start_ms"),
    ({"duration_s": 60.0, "stimulus_len": 1.0}, "stimulus_len=None for the longest movie that fits"),
    ({"rate_hz": (5.0, 1.0)}, "rate_hz: expected at least low, 5; found 1.0"),
    ({"rate_hz": "fast"}, "rate_hz: expected rates of units, a number, or the lowest and the highest"),
    ({"rate_hz": (1.0, 400.0)}, "Give lower rates or a shorter refractory_ms"),
    ({"snr": 5.0}, "snr: expected the lowest and the highest of them"),
    ({"n_units": -1}, "n_units: expected None, or a whole number"),
    ({"n_units": 3, "units": EpiphyteUnits(), "snr": (5, 6)}, "units that have snr, which EpiphyteUnits have not"),
    ({"units": EpiphyteUnits(), "sampling_rate": 30_000}, "sampling_rate: expected None with units as Epiphyte's"),
    ({"units": Units(n=None)}, "n_units: expected a number, where no spikes are given"),
    ({"units": 5}, "units: expected the units: Units, EpiphyteUnits"),
    ({"units": {"part": "Unit"}}, "units: expected 'part' as one of Units, EpiphyteUnits; found 'Unit'"),
    ({"noise": 5.0}, "noise: expected a tuple of parts: White"),
    ({"noise": ()}, "noise: expected a part that units are measured against; found (). Give White()"),
    ({"noise": (Hum(),)}, "noise: expected a part that units are measured against"),
    ({"acquisition": 0.195}, "acquisition: expected the acquisition: Acquisition"),
    ({"sampling_rate": 0.5}, "sampling_rate: expected None, or a rate from 1000 to 100000 Hz"),
    ({"sampling_rate": 100_001}, "found 100001"),
    ({"sampling_rate": 1e5 / 3}, "text such as '100000/3'; found 33333.333333333336"),
    ({"sampling_rate": float("nan")}, "found nan"),
    ({"sampling_rate": True}, "found True"),
    ({"sampling_rate": "30 kHz"}, "found 30 kHz"),
    ({"sampling_rate": "1/0"}, "found '1/0'"),
    ({"sampling_rate": "1e999999999"}, "found '1e999999999'"),
    ({"probe": "utha"}, "probe: expected one of 'bundles'"),
    ({"probe": "utah", "n_channels": 97}, "n_channels: expected"),
    ({"channel_names": ("A", "B")}, "expected 80 names; found 2 of them. Give n_channels= to match."),
    ({"channel_names": ("A", "A"), "n_channels": 2}, "every name once; found ['A']"),
    ({"channel_names": ("A\n",), "n_channels": 1}, "printable"),
    ({"channel_names": "A", "n_channels": 1}, "a tuple of names"),
]


@pytest.mark.parametrize(("fields", "message"), BAD, ids=lambda value: str(value)[:50])
def test_a_bad_field_is_refused_by_name(fields, message):
    """The error names the field, what is expected, what was found and what to do."""
    with pytest.raises(MockSessionError) as caught:
        SessionSpec(**fields)
    assert message in str(caught.value)
    assert str(caught.value).startswith("SessionSpec.")
    assert str(caught.value)[-1] in ".?"


FIELDS = [field.name for field in dataclasses.fields(SessionSpec)] + ["n_units", "snr", "rate_hz"]
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
PARTS = st.dictionaries(
    st.sampled_from(["part", "n", "uV", "rate_hz", "gain_uV", "probes"]),
    st.one_of(PLAIN, st.sampled_from(["Units", "White"])),
)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.sampled_from(FIELDS), st.one_of(PLAIN, PARTS, st.lists(st.one_of(PLAIN, PARTS), max_size=3)))
def test_whatever_a_field_is_given_it_is_taken_or_refused_in_our_words(name, value):
    """No value of a field leads to any error but ours, and what is taken goes through JSON and back."""
    try:
        spec = SessionSpec(**{name: value})
    except MockSessionError:
        return
    assert SessionSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


UNITS = st.one_of(
    st.builds(
        Units,
        st.integers(0, 3),
        rate_hz=st.sampled_from([0.5, 5.0, 40.0]),
        multi=st.sampled_from([0.0, 1.0]),
        refractory_ms=st.sampled_from([0.0, 0.01, 3.0, 10.0]),
    ),
    st.builds(EpiphyteUnits, st.integers(0, 3), refractory_ms=st.sampled_from([0.0, 0.01, 3.0, 10.0])),
)
SHORT = st.builds(
    SessionSpec,
    segments=st.lists(st.integers(1, 90_000), min_size=1, max_size=4)
    .filter(lambda ms: sum(ms) >= 1000)
    .map(lambda ms: tuple(n / 1000 for n in ms)),
    gap_s=st.sampled_from([0.001, 0.002, 2.0, 100.0]),
    seed=st.integers(0, 2**64),
    units=UNITS,
    n_events=st.one_of(st.none(), st.integers(0, 50)),
    movie_pauses=st.booleans(),
)


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(SHORT)
def test_all_of_a_short_session_lies_within_its_recording(spec):
    """Events, DAQ rows and frames lie between start and end, and every spike in a segment."""
    plan = plan_session(spec)
    assert plan.recorded_ms == spec.recorded_ms
    assert plan.length_ms == spec.length_ms
    daq, frames = daq_log(plan), watchlog(plan, spec.movie_pauses)
    for stamps in (events(plan)[:, 0], daq.pre, daq.post, frames.clock):
        assert ((stamps >= plan.start_ms) & (stamps < plan.end_ms)).all()
    assert plan.start_ms < plan.stim_on_ms <= plan.stim_off_ms < plan.end_ms
    assert ((frames.pts > 0) & (frames.pts <= plan.n_frames * 0.04 + 1e-9)).all()
    assert (np.diff(frames.clock) >= (35 if frames.pauses.size else 41)).all()
    assert not frames.pauses.size or frames.clock[-1] <= plan.stim_off_ms
    for unit in plan.units:
        times = unit.times_ms()
        inside = [(times >= s.start_ms) & (times < s.start_ms + s.n_ms) for s in plan.segments]
        assert (np.sum(inside, axis=0) == 1).all()
        apart = np.diff(times)
        if isinstance(spec.units, EpiphyteUnits) or unit.name.unit_type == "SU":
            assert (apart > 0).all()
            assert (apart >= spec.units.refractory_ms).all()
        else:  # of several cells
            assert (apart >= 0).all()


def test_duration_and_segments_that_agree_may_both_be_given():
    """A duration that is the sum of the segments is no error."""
    assert SessionSpec(duration_s=10.0, segments=(6, 4)).segments == (6.0, 4.0)


def test_numpy_numbers_and_lists_become_plain_ones():
    """A spec holds Python's own numbers and tuples, whatever it was given."""
    spec = SessionSpec(patient_id=np.int32(4), duration_s=np.float32(2.5), rate_hz=[np.float64(1), 2])
    assert spec.units.rate_hz == Uniform(1.0, 2.0)
    assert json.loads(json.dumps(spec.to_dict()))["units"]["rate_hz"] == {"part": "Uniform", "low": 1.0, "high": 2.0}
    assert type(spec.patient_id) is int
    assert type(spec.duration_s) is float
    assert hash(spec) == hash(dataclasses.replace(spec))


def test_a_spec_is_frozen():
    """A field of a spec cannot be set."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        SessionSpec().seed = 3


def test_from_dict_names_what_it_does_not_know():
    """A key that is not a field is refused by its name."""
    with pytest.raises(MockSessionError, match="found n_unitz"):
        SessionSpec.from_dict({"n_unitz": 3})


def test_epiphyte_draws_within_its_generators_ranges():
    """Length, start, units, spikes, events, onset and frames lie where Epiphyte's generator draws them."""
    plans = [plan_session(SessionSpec.epiphyte(seed=seed)) for seed in range(40)]
    for plan in plans:
        assert 5_700_000 <= plan.length_ms <= 6_300_000
        assert 1_347_982_266_000 <= plan.start_ms <= 1_695_051_066_000
        assert 20 <= len(plan.units) <= 100
        assert 4000 <= plan.n_events <= 5400
        assert 12_000 <= plan.stim_on_ms - plan.start_ms <= 18_000
        assert plan.n_frames == int(83.33 * 60 / 0.04)
        assert all(50 <= unit.n_spikes <= 5000 and 1 <= unit.name.channel <= 80 for unit in plan.units)
    assert min(len(plan.units) for plan in plans) < 35 < 85 < max(len(plan.units) for plan in plans)


def test_a_longer_movie_lengthens_epiphytes_recording():
    """A movie of two hours gets a recording that holds it."""
    plan = plan_session(SessionSpec.epiphyte(seed=0, stimulus_len=120.0))
    assert watchlog(plan, movie_pauses=True).clock[-1] < plan.end_ms
    assert plan.length_ms > 120 * 60_000 * 41 / 40


def test_epiphyte_takes_a_length_of_ones_own():
    """Counts and movie shrink with the length that is given."""
    plan = plan_session(SessionSpec.epiphyte(seed=0, duration_s=54.0))
    assert 40 <= plan.n_events <= 54
    assert all(1 <= unit.n_spikes <= 50 for unit in plan.units)
    assert plan.n_frames < 54 * 25


def test_one_more_unit_changes_no_other():
    """Units are drawn one by one: the first ones stay what they are when there are more."""
    few, more = (plan_session(SessionSpec.tiny(seed=3, n_units=n)) for n in (5, 6))
    assert set(few.units) < set(more.units)
    assert few.stim_on_ms == more.stim_on_ms


def test_units_spread_over_channels_and_types():
    """Over 4000 units, channels and types come up evenly, and numbers count from 1 within both."""
    plan = plan_session(SessionSpec.epiphyte(seed=1, n_units=4000))
    channels = np.bincount([unit.name.channel for unit in plan.units], minlength=81)[1:]
    assert abs(channels - 50).max() < 5 * np.sqrt(50)
    assert abs(sum(unit.name.unit_type == "SU" for unit in plan.units) - 2000) < 5 * np.sqrt(1000)
    for channel in (1, 80):
        for kind in ("MU", "SU"):
            numbers = [u.name.number for u in plan.units if u.name[:2] == (channel, kind)]
            assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(("n", "last"), [(1, "LA1"), (16, "LAH8"), (80, "RPHC8"), (81, "LA9"), (200, "LPHC24")])
def test_channels_are_named_by_region_and_wire(n, last):
    """Names go through ten regions of 8, then on to wire 9, and none comes twice."""
    names = SessionSpec(n_channels=n).names
    assert len(set(names)) == n
    assert names[-1] == last


def test_without_a_seed_each_plan_has_another():
    """A spec without a seed is not the same session twice, and each plan knows its seed."""
    first, second = plan_session(SessionSpec.tiny()), plan_session(SessionSpec.tiny())
    assert first.seed != second.seed
    assert first.spec.seed == first.seed
    assert plan_session(first.spec) == first


def test_counts_are_drawn_from_the_range_given():
    """`spikes_per_unit` stands in place of rates, both ends included."""
    units = EpiphyteUnits(60, spikes_per_unit=(3, 5))
    counts = {unit.n_spikes for unit in plan_session(SessionSpec.tiny(seed=0, units=units)).units}
    assert counts == {3, 4, 5}
    assert Kind.PLACE == 4
    assert Draws(0, Kind.PLACE, 0).integer(7, 7) == 7
