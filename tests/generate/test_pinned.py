"""The numbers that sessions are planned by: durations, logs, specs, probes and limits, to the last digit."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest

from mockrawio import MockSessionError, SessionSpec
from mockrawio.generate import (
    Acquisition,
    Days,
    EpiphyteUnits,
    FarUnits,
    Firing,
    Jump,
    Nested,
    Pink,
    Profile,
    Rhythm,
    Sine,
    Sync,
    Units,
    White,
    stimulus,
    timing,
)
from mockrawio.generate.annotations import generate_annotations
from mockrawio.generate.casting import setting_of
from mockrawio.generate.checks import durations, names_of
from mockrawio.generate.cues import SessionCues
from mockrawio.generate.curve import Curve
from mockrawio.generate.draws import Draws, Kind
from mockrawio.generate.gain import counts, fitting_gain
from mockrawio.generate.lfp import lfp_times
from mockrawio.generate.marks import marks_of
from mockrawio.generate.parts.form import choice, numbered, real, reals, span, whole, whole_span, wholes, word, yes
from mockrawio.generate.patient import day_seed, days_ms, patient_seed
from mockrawio.generate.plan import nominal_length, plan_session
from mockrawio.generate.probes import PROBES, probe_of
from mockrawio.generate.schedule import Schedule
from mockrawio.generate.sine import SineLfp
from mockrawio.generate.taps import lfp_lowpass
from mockrawio.generate.timing import Segment
from mockrawio.generate.virtual_spec import check_virtual
from mockrawio.ground.shown import Argument
from tests.generate.pins import held

NAME = Argument("field", of="Case")


def schedule(segments=((1000, 90_000), (92_500, 60_000)), n_events=37, n_frames=2500, seed=3, on_ms=4000, ms=110_000):
    """Return when things are in a session of two and a half minutes."""
    runs = tuple(Segment(*one) for one in segments)
    return Schedule(seed, runs, n_events, n_frames, 1000 + on_ms, 1000 + on_ms + ms)


def test_when_things_are():
    """A schedule tells its start and end, its length with gaps and without."""
    plan = schedule()
    assert (plan.start_ms, plan.end_ms, plan.length_ms, plan.recorded_ms) == (1000, 152_500, 151_500, 150_000)


@pytest.mark.parametrize("n_frames", [2500, 50, 49, 2])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_logs_of_a_seed(n_frames, seed):
    """The DAQ log and the watchlog, with pauses and skips and without, are these; a movie of 49 frames has neither."""
    plan = schedule(n_frames=n_frames, seed=seed, ms=44 * n_frames)
    daq, logs = stimulus.daq_log(plan), [stimulus.watchlog(plan, pauses) for pauses in (True, False)]
    held(f"logs.{n_frames}.{seed}", *daq.__dict__.values(), *(list(vars(log).values()) for log in logs))
    assert (len(logs[0].pauses) > 0) == (n_frames >= 50)
    assert logs[1].clock.tolist() == (5000 + 41 * np.arange(1, n_frames + 1)).tolist()


def test_pauses_and_skips_of_many_seeds():
    """Where they are, how many and how long is this of forty seeds."""
    logs = [stimulus.watchlog(schedule(n_frames=120, seed=seed, ms=9000), True) for seed in range(40)]
    held("logs.many", [(log.pts, log.clock, log.pauses) for log in logs])


def test_events_and_steps():
    """Events lie evenly from the first sample to the last; rows of the DAQ log are a whole number of ms apart."""
    plan = schedule(n_events=4)
    assert stimulus.events(plan).tolist() == [[1000 + k * 151_499 / 3, 2**k] for k in range(3)] + [[152_499, 8]]
    assert stimulus.events(schedule(n_events=1)).tolist() == [[1000, 1]]
    assert stimulus.events(schedule(n_events=2)).tolist() == [[1000, 1], [152_499, 2]]
    assert (stimulus.daq_interval(plan), stimulus.daq_interval(schedule(n_events=0))) == (27_500, 110_000)
    assert stimulus.events(schedule(n_events=3)).dtype == "<f8"


def test_what_counts_come_to():
    """Ranges of counts are rounded; the pauses of a short movie are half of it; half a frame is none."""
    assert timing.scaled_range((5, 15), 0.3) == (2, 4)
    assert timing.scaled_range((0, 0), 1.0) == (1, 1)
    assert timing.pause_range(600_000, 120_000) == (6000, 60_000)
    assert timing.pause_range(600_000, 119_999) == (5999, 59_999)
    assert [timing.frame_count(minutes) for minutes in (0.0, 1 / 60, 0.1, 83.33)] == [0, 25, 150, 124_995]
    assert timing.room_for(100, 60_000) == 4100 + 7800 + 41
    assert (timing.fitting_frames(60_000), timing.fitting_frames(7882), timing.fitting_frames(100)) == (1271, 165, 0)
    assert (timing.START_MS, timing.EXTRA_MS) == ((1_347_982_266_000, 1_695_051_066_000), (300_000, 900_000))


def test_how_long_a_recording_is_meant_to_be():
    """It is the spec's length with gaps, or 90 minutes, or more if the movie needs it."""
    assert nominal_length(SessionSpec(segments=(1.0, 2.0), gap_s=0.5)) == 3500
    assert nominal_length(SessionSpec()) == 5_400_000
    assert nominal_length(SessionSpec(stimulus_len=83.33)) == 5_400_000
    frames = int(100 * 60 / 0.04)
    assert nominal_length(SessionSpec(stimulus_len=100.0)) == frames * 41 + 78_000 + 41
    plan = plan_session(SessionSpec(seed=1, n_units=0))
    assert 5_700_000 <= plan.length_ms <= 6_300_000
    short = plan_session(SessionSpec(seed=1, n_units=0, segments=(2.0, 1.5), gap_s=0.25))
    assert [segment.n_ms for segment in short.segments] == [2000, 1500]
    assert short.segments[1].start_ms - short.segments[0].start_ms == 2250


PLANS = {
    "epiphyte": SessionSpec.epiphyte(seed=5, n_units=3),
    "tiny": SessionSpec.tiny(seed=5),
    "movie": SessionSpec(seed=5, n_units=1, duration_s=120.0, stimulus_len=1.0, n_events=7),
    "broadband": SessionSpec.broadband(seed=5, segments=(1.0, 0.5), n_channels=3, n_units=2, noise=(White(),)),
    "day": SessionSpec.broadband(
        seed=5, session_nr=3, days=Days(), duration_s=1.0, n_channels=4, n_units=3, noise=(White(),)
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_plans_of_a_seed(name):
    """When things are in a session, and its units and their spikes, are these of a seed."""
    plan = plan_session(PLANS[name])
    spikes = [(unit.name, unit.index, unit.n_expected, unit.times_ms()) for unit in plan.units]
    held(f"plan.{name}", plan.segments, plan.n_events, plan.n_frames, plan.stim_on_ms, plan.stim_off_ms, spikes)


def test_seeds_of_a_patient():
    """Sessions of a patient have children of one seed, and the same cells; without days the seed is the spec's."""
    spec = SessionSpec.broadband(seed=9, patient_id=2, session_nr=4)
    assert (day_seed(spec), patient_seed(spec), days_ms(spec)) == (9, 9, 0)
    days = replace(spec, days=Days())
    assert days_ms(days) == 3 * 86_400_000
    held("patient", day_seed(days), patient_seed(days), day_seed(replace(days, session_nr=5)))
    assert patient_seed(days) == patient_seed(replace(days, session_nr=5))
    assert day_seed(replace(spec, seed=None)) == 0


def test_waveforms_of_epiphytes_units():
    """The curve of a unit goes through its peak, and is the sum of its two flanks; those of a seed are these."""
    curves = [Curve.drawn(4, k) for k in range(3)]
    held("curves", [[round(number, 9) for number in curve] for curve in curves], [curve.at() for curve in curves])
    curve = Curve(30.0, 32.0, 8.0, 3.0, 5.0, 40.0, 7.0, 8.0)
    for x, width in ((18.0, 3.0), (19.0, 5.0), (21.0, 5.0), (40.0, 5.0)):
        expected = 32 * np.exp(-0.5 * ((x - 19) / width) ** 2) - 8 * np.exp(-0.5 * ((x - 40) / 7) ** 2)
        assert curve.value(x) == pytest.approx(expected, rel=1e-12)
    drawn = Curve.drawn(4, 0)
    assert drawn.value(19) == pytest.approx(drawn.peak)
    assert drawn.at().shape == (64,)


def test_counts():
    """They are the nearest whole numbers of a gain, and cut off at the ends of int16."""
    assert counts(np.array([0.0, 0.24, 0.26, 0.75, 1e6, -1e6, 16_383.5, -16_384.0]), 0.5).tolist() == [
        *(0, 0, 1, 2, 32_767, -32_768, 32_767, -32_768)
    ]
    assert (fitting_gain(32_767.0), fitting_gain(32_766.9), fitting_gain(32_768.0)) == (2.0, 1.0, 2.0)


def test_epiphytes_units():
    """They have so many spikes as rates or counts say; a tenth of the time has to be left."""
    units = EpiphyteUnits(rate_hz=(1.5, 2.5))
    assert units.spike_range(3000) == (5, 7)
    assert units.spike_range(100) == (1, 1)
    assert EpiphyteUnits().spike_range(540_000) == (5, 500)
    assert EpiphyteUnits(spikes_per_unit=(3, 9)).spike_range(1) == (3, 9)
    assert [EpiphyteUnits(refractory_ms=ms).refractory_ticks for ms in (0, 0.001, 1 / 32, 0.04, 3.0)] == [
        1,
        1,
        1,
        2,
        96,
    ]
    EpiphyteUnits(spikes_per_unit=(0, 300)).check(None, [400, 600])
    with pytest.raises(MockSessionError, match=r"EpiphyteUnits.spikes_per_unit: .* tenth of 1 s free with 3.0 ms"):
        EpiphyteUnits(spikes_per_unit=(0, 301)).check(None, [400, 600])
    with pytest.raises(MockSessionError, match=r"EpiphyteUnits.rate_hz: .*; found up to 301 a unit"):
        EpiphyteUnits(rate_hz=(0.0, 301.0)).check(None, [1000])


# -- specs ---------------------------------------------------------------------------------------

SPECS = {
    "default": lambda: SessionSpec(),
    "epiphyte": lambda: SessionSpec.epiphyte(),
    "epiphyte.length": lambda: SessionSpec.epiphyte(duration_s=5.0),
    "tiny": lambda: SessionSpec.tiny(),
    "tiny.probe": lambda: SessionSpec.tiny(probe="tetrodes", segments=(2.0,)),
    "broadband": lambda: SessionSpec.broadband(),
    "neuropixels": lambda: SessionSpec.neuropixels(),
    "neuropixels.linear": lambda: SessionSpec.neuropixels(probe="linear"),
}


@pytest.mark.parametrize("name", SPECS)
def test_specs_by_name(name):
    """A spec by name has these fields."""
    spec = SPECS[name]()
    held(f"spec.{name}", spec.to_dict(), spec.names, spec.lfp_width, spec.recorded_ms, spec.length_ms)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_steps_of_difficulty(step):
    """What a step stands for, on a probe of one depth and on others, is this."""
    specs = [SessionSpec.broadband(difficulty=step, n_channels=n) for n in (1, 7)]
    specs += [SessionSpec.broadband(difficulty=step, probe=probe, n_channels=None) for probe in ("utah", "tetrodes")]
    held(f"difficulty.{step}", [spec.to_dict() for spec in specs])
    far = SessionSpec.broadband(difficulty=step, probe="mea", n_channels=29**2).noise[2]
    assert far.n == 5000


@pytest.mark.parametrize("name", PROBES)
def test_probes_by_name(name):
    """A probe by name is this, at its own number of channels and at the fewest, and says how many it can have."""
    probe = PROBES[name]
    held(f"probe.{name}", probe_of(name).to_dict(), probe.make(probe.numbers[0]).to_dict(), probe.range, probe.default)
    assert (probe.numbers[0], probe.numbers[-1]) == {
        "bundles": (1, 100_000),
        "tetrodes": (4, 100_000),
        "linear": (1, 4096),
        "utah": (96, 96),
        "mea": (1, 4096),
        "neuropixels-1.0": (1, 384),
        "neuropixels-2.0": (4, 384),
    }[name]


def test_how_many_channels_a_probe_says_it_can_have():
    """A few numbers are listed; many are a range, or the first two and the last."""
    said = {name: probe.range for name, probe in PROBES.items()}
    assert said["utah"] == "96"
    assert said["linear"] == "1 to 4096"
    assert said["mea"] == "1, 4, ..., 4096"
    assert replace(PROBES["utah"], numbers=(2, 4, 9)).range == "2 or 4 or 9"
    assert replace(PROBES["utah"], numbers=(2, 4, 9, 12)).range == "2, 4, ..., 12"


def test_lengths_and_widths():
    """Lengths are with gaps and without, and there are as many files of LFP as asked for, or one, or one a channel."""
    assert [SessionSpec(**fields).length_ms for fields in ({}, {"duration_s": 3.5}, {"segments": (1, 2, 3)})] == [
        *(None, 3500, 10_000)
    ]
    assert SessionSpec(segments=(1.0, 0.001), gap_s=0.25).length_ms == 1251
    assert [spec.lfp_width for spec in (SessionSpec(), SessionSpec(n_lfp_channels=5), SessionSpec.broadband())] == [
        *(1, 5, 16)
    ]
    assert SessionSpec(n_lfp_channels=0).lfp_width == 0
    assert SessionSpec(n_lfp_channels=80).lfp_width == 80


def refused(fields, says):
    """Look that a spec with these fields is an error."""
    with pytest.raises(MockSessionError, match=says):
        SessionSpec(**fields)


def test_lengths_that_go_together():
    """A second in all is enough, segments of a ms are, and a movie that just fits."""
    assert SessionSpec(segments=(0.999, 0.001)).recorded_ms == 1000
    refused({"segments": (0.998, 0.001)}, "at least 1 s in all")
    refused({"segments": (1.0, 0.0004)}, "above 0; found 0.0004")
    assert durations(NAME, [0.001, 5, 9e7]) == (0.001, 5.0, 9e7)
    for bad in (0.0005, 1e8, 0.0015, "1"):
        with pytest.raises(MockSessionError, match="Case.field: expected a tuple of seconds"):
            durations(NAME, (1.0, bad))
    frames = 1000
    length = frames * 41 + int(78_000 * 0.1) + 41
    minutes = frames * 0.04 / 60 + 1e-9
    assert timing.frame_count(minutes) == frames
    low = next(ms for ms in range(length - 2000, length + 2000) if timing.room_for(frames, ms) <= ms)
    assert SessionSpec(duration_s=low / 1000, stimulus_len=minutes).recorded_ms == low
    refused({"duration_s": (low - 1) / 1000, "stimulus_len": minutes}, "a movie that fits")


def test_names_of_channels():
    """They may be any that are printable, once each."""
    assert names_of(NAME, ["A b", "ü", "x.ncs.y"]) == ("A b", "ü", "x.ncs.y")
    with pytest.raises(MockSessionError, match=r"every name once; found \['c'\]"):
        names_of(NAME, ["a", "c", "b", "c", "b"])
    for bad in (["a.ncs"], [" a"], ["a "], [""], ["a\n"], [3], ["a", "a"]):
        with pytest.raises(MockSessionError, match="Case.field: expected"):
            names_of(NAME, bad)


def test_what_does_not_go_together():
    """Motion, days, rigs and fields are refused where there is nothing that has them."""
    stream = {"sampling_rate": 30_000}
    refused({"motion": (Jump(),)}, "motion: expected .* in a session without a stream")
    for number, ok in ((1, True), (1000, True), (0, False), (1001, False)):
        if ok:
            assert SessionSpec(days=Days(), session_nr=number).session_nr == number
        else:
            refused({"days": Days(), "session_nr": number}, f"1 to 1000, where there are days; found {number}")
    refused({"days": Days(), "units": EpiphyteUnits()}, "days: expected None, where units are not Units")
    refused({"days": Days(), "spikes": "a.h5"}, "days: expected None, where units are not Units")
    refused({"acquisition": Acquisition(sync=Sync())}, "Acquisition.sync: expected none of a stream")
    refused({"firing": Firing(locked=Profile()), "units": EpiphyteUnits()}, "firing: expected Firing")
    refused({"firing": Firing(locked=Profile()), "spikes": "a.h5"}, "firing: expected Firing")
    refused({"spikes_sha256": "0" * 64}, "spikes_sha256: expected None without spikes")
    refused({"spikes": "a.h5", "n_units": 3}, "n_units: expected None where spikes come from a file")
    assert SessionSpec(field=(Sine(),)).field == (Sine(),)
    refused({"field": (Sine(),), **stream}, "Sine.. alone")
    refused({"field": (Sine(), Pink())}, "Sine.. alone")
    refused({"field": (Nested("a", carrier="b"), Nested("b", carrier="a"))}, "a Rhythm by the name of each carrier")
    refused({"field": (Rhythm("a"), Nested("a", carrier="a"))}, "names that differ")
    refused({"noise": (FarUnits(),)}, "a part that units are measured against")
    assert SessionSpec(noise=(FarUnits(),), units=Units(3, amplitude_uV=(1, 2))).noise == (FarUnits(),)


def check(field, value):
    """Return what the check of a field makes of a value."""
    return field.metadata["check"](NAME, value)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (wholes((), 0, 5), [(5, (5,)), ((), ()), ([4, 0], (0, 4))], [6, -1, (1, 1), 1.0, True, "1", (0, 6)]),
        (wholes((1,), 0, 5), [(0, (0,))], [()]),
        (reals((), 0.0, 5.0), [(5, (5.0,)), ((), ()), ([4, 0.5, 0.5], (4.0, 0.5, 0.5))], [5.1, -0.1, "1", (0, 6)]),
        (reals((1.0,), 0.0, 5.0), [(0, (0.0,))], [()]),
        (whole_span((1, 2), 0, 5), [((0, 5), (0, 5)), ((3, 3), (3, 3))], [(0, 6), (-1, 2), (3, 2), (1,), (1, 2, 3), 4]),
        (real(0.5, -1.0, 2.0), [(-1, -1.0), (2, 2.0), (0.5, 0.5)], [-1.1, 2.1, None, "1", True]),
        (real(None, -1.0, 2.0), [(None, None), (-1, -1.0)], [-1.1]),
        (whole(3, 0, 9), [(0, 0), (9, 9)], [-1, 10, 1.0, None, True]),
        (whole(3, 0, 9, optional=True), [(None, None), (9, 9)], [10]),
        (
            span((0.0, 1.0), 0.0, 5.0),
            [((0, 5), (0.0, 5.0)), ((2, 2), (2.0, 2.0))],
            [(0, 5.1), (-0.1, 1), (3, 2), (1,), None],
        ),
        (span(None, 0.0, 5.0), [(None, None)], [(3, 2)]),
        (yes(True), [(False, False)], [0, None, "True"]),
        (choice("a", "a", "b"), [("b", "b")], ["c", None, 0]),
        (word("a"), [("b_2", "b_2"), ("B", "B")], ["_a", "2a", "a b", "ü", "", 3]),
    ],
)
def test_fields_of_parts(field, good, bad):
    """Both ends of a range are in it, and what is beyond them is not."""
    for value, kept in good:
        assert check(field, value) == kept
    for value in bad:
        with pytest.raises(MockSessionError, match=r"Case\.field: expected"):
            check(field, value)


# -- events, movies and LFP ----------------------------------------------------------------------


def test_when_a_session_is_marked():
    """Its events are in the time of the segment that they are in, or of the one before the gap that they are in."""
    plan = schedule(n_events=6)
    stamps = stimulus.events(plan)
    marks = marks_of(plan)
    first = [(stamp - 1000) / 1000 for stamp in stamps[:, 0] if stamp < 92_500]
    second = [(stamp - 92_500) / 1000 for stamp in stamps[:, 0] if stamp >= 92_500]
    assert [part.tolist() for part in marks(None)] == [first, second]
    assert [part.tolist() for part in marks(4)] == [[(stamps[2, 0] - 1000) / 1000], []]
    assert sum(map(len, marks(3))) == 0


def cues(plan, **fields):
    """Return what cells can follow at 1 kHz."""
    spec = SessionSpec.broadband(**{"duration_s": 150.0, "seed": 1, "noise": (White(),), **fields})
    return SessionCues(plan, replace(setting_of(spec, 1, plan.segments), sampling_rate=Fraction(1000)), spec)


def test_what_cells_can_follow():
    """They know when segments begin, all events from each of these on, and up to which time the movie is shown."""
    plan = schedule(n_events=6, n_frames=100, ms=4400)
    some = cues(plan, movie_pauses=False)
    assert list(some.starts_s) == [0.0, 91.5]
    stamps = stimulus.events(plan)[:, 0]
    assert [part.tolist() for part in some.events("Events", None)] == [
        [(stamp - start) / 1000 for stamp in stamps] for start in (1000, 92_500)
    ]
    assert [part.tolist() for part in some.events("Events", 2)] == [[(stamps[1] - s) / 1000] for s in (1000, 92_500)]
    with pytest.raises(MockSessionError, match="EventLocked.events: expected 'Events'; found .?Clicks"):
        some.events("Clicks", None)
    frames = np.array([0, 3999, 4000, 4001, 4020, 4041, 4042, 8100, 8101, 9000])
    found = some.movie(0, frames)
    assert np.isnan(found).tolist() == [True, True, True, *[False] * 5, True, True]
    assert found[3:8] == pytest.approx([0.0, 0.019, 0.04, 0.04, 4.0])
    assert np.isnan(cues(schedule(n_frames=0)).movie(0, frames)).all()
    with pytest.raises(MockSessionError, match="a rhythm of the field: 'theta', 'gamma'; found .?delta"):
        some.phase("delta")


def test_stamps_of_the_lfp(monkeypatch):
    """They are a ms apart in each segment, in blocks of any size."""
    monkeypatch.setattr("mockrawio.generate.lfp._BLOCK", 7)
    plan = plan_session(SessionSpec(segments=(1.0, 0.021), gap_s=0.5, seed=0, n_units=0))
    found = np.concatenate(list(lfp_times(plan)))
    expected = [np.arange(n) + segment.start_ms for n, segment in zip((1000, 21), plan.segments, strict=True)]
    assert np.array_equal(found, np.concatenate(expected))
    assert found.dtype == "<i8"


@pytest.mark.parametrize("rate", ["30000", "24414.0625", "1000", "100000"])
def test_taps_of_the_lfp(rate):
    """The taps at a rate are these, three ms to each side, symmetric, and their sum is 2048."""
    lowpass = lfp_lowpass(Fraction(rate))
    assert (lowpass.shift, sum(lowpass.taps), len(lowpass.taps)) == (11, 2048, 2 * int(Fraction(rate) * 3 / 1000) + 1)
    assert lowpass.taps == lowpass.taps[::-1]
    assert Fraction(*lowpass.frames) == Fraction(rate) / 1000
    held(f"taps.{rate}", lowpass.taps)


@pytest.mark.parametrize("noise_uV", [0.0, 30.0])
def test_sines_of_a_seed(noise_uV):
    """The LFP of a sine, with noise and without, cut anywhere, in counts and µV, is this; no sample can clip."""
    spec = SessionSpec(field=Sine(noise_uV=noise_uV), n_units=0, seed=5, segments=(66.0, 2.0), gap_s=0.033)
    lfp = SineLfp(plan_session(spec), spec.field[0])
    most = 100 + noise_uV * np.sqrt(51)
    assert most / lfp.gain_uV < 32_767 < 2 * most / lfp.gain_uV
    for encoding in ("float64", "int16"):
        whole = np.concatenate(list(lfp.samples(2, encoding)))
        held(f"sine.{noise_uV}.{encoding}", whole)
        for start, stop in (
            (0, 5),
            (120, 130),
            (249, 251),
            (65_530, 65_540),
            (65_990, 66_020),
            (66_000, 66_001),
            (67_999, 68_000),
        ):
            assert np.array_equal(np.concatenate(list(lfp.part(2, encoding, start, stop))), whole[start:stop])
    first = np.concatenate(list(lfp.part(1, "float64", 0, 300)))
    if not noise_uV:
        assert first == pytest.approx(100 * np.sin(2 * np.pi * np.arange(300) / 125), abs=1e-8)


def test_annotations_of_a_seed(tmp_path):
    """Files of a movie of a minute are these: stretches of 2 to 60 s, on and off in turn."""
    files = generate_annotations(tmp_path, stimulus_len=1.0, seed=4, date="20260102")
    made = [np.load(file) for file in files]
    held("annotations", [file.name for file in files], made)
    for values, starts, stops in made:
        assert (starts[0], stops[-1]) == (0.0, 60.0)
        assert starts[1:].tolist() == stops[:-1].tolist()
        assert (np.abs(np.diff(values)) == 1).all()
    spec = SessionSpec(duration_s=60.0, seed=4, n_units=0)
    of_spec = [np.load(file) for file in generate_annotations(tmp_path, spec=spec, overwrite=True)]
    assert [values.tolist() for values in of_spec] == [
        np.load(file).tolist() for file in generate_annotations(tmp_path, spec=spec, seed=4, overwrite=True)
    ]
    for seed in range(6):
        alone = generate_annotations(tmp_path, stimulus_len=1.0, seed=seed, annotators=["one"], overwrite=True)
        assert [file.name.split("_")[2] for file in alone] == ["one"] * 3
    for minutes in (0.0, 0.0006, -1.0, 1e6, float("nan")):
        with pytest.raises(MockSessionError, match="a movie of at least one frame, 0.04 s"):
            generate_annotations(tmp_path, stimulus_len=minutes, seed=4, overwrite=True)
    assert np.load(generate_annotations(tmp_path, stimulus_len=0.0007, seed=1, overwrite=True)[0]).shape == (3, 1)


# -- draws -----------------------------------------------------------------------------------------


def test_draws_are_made_of_the_bits():
    """Numbers are 53 bits of a word, ranges include both ends, and words may be skipped."""
    draws = Draws(7, Kind.NOISE, 2)
    words = np.random.PCG64(np.random.SeedSequence(7, spawn_key=(16, 2))).random_raw(6)
    assert draws.uniform(2).tolist() == [float(word >> np.uint64(11)) / 2**53 for word in words[:2]]
    assert draws.real(-2.0, 6.0) == -2 + 8 * float(words[2] >> np.uint64(11)) / 2**53
    assert draws.integer(3, 12) == 3 + int(10 * float(words[3] >> np.uint64(11)) / 2**53)
    assert Draws(7, Kind.NOISE, 2).skipping(4).words16(4).tolist() == [
        int(words[4]) >> 16 * k & 0xFFFF for k in range(4)
    ]
    assert len(Draws(7, Kind.NOISE).words16(5)) == 5


# -- what a virtual session may have -------------------------------------------------------------

STREAM = {"duration_s": 10.0, "seed": 1, "n_channels": 1}
LIMITS = {
    "n_events": (lambda n: {"n_events": n}, 1_000_000),
    "noise": (lambda n: {"units": Units(n, multi=0.0, rate_hz=0.01), "noise": (White(),)}, 10_000),
    "n_channels": (lambda n: {"n_channels": n, "probe": "bundles", "noise": (White(),)}, 5000),
    "field": (lambda n: {"noise": (White(),) * (n - 1), "field": (Pink(),)}, 2000),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_virtual_sessions(name):
    """As much as a limit says may be there, and no more."""
    fields, most = LIMITS[name]
    check_virtual(SessionSpec.broadband(**{**STREAM, **fields(most)}))
    with pytest.raises(MockSessionError, match=f"^{name}: .*{most:,}.*; found .?{most + 1:,}"):
        check_virtual(SessionSpec.broadband(**{**STREAM, **fields(most + 1)}))


def test_limits_of_what_is_reckoned():
    """Cells of multi-units and far ones count, by channels and by their rates; movies and sync lines by their edges."""
    units = Units(2000, multi=0.5, cells_per_multi=(2, 6), rate_hz=0.01)  # 8000 cells
    far = FarUnits(1999, rate_hz=0.01)
    check_virtual(SessionSpec.broadband(**STREAM, units=units, noise=(White(), far)))
    with pytest.raises(MockSessionError, match="^noise: .*10,000 cells in a virtual session; found .?10,001"):
        check_virtual(SessionSpec.broadband(**STREAM, units=units, noise=(White(), replace(far, n=2001))))
    wide = {**STREAM, "n_channels": 500}
    check_virtual(SessionSpec.broadband(**wide, units=units, noise=(White(),)))
    with pytest.raises(MockSessionError, match="^units: .*4,000,000 cells, times channels .*; found .?4,000,500"):
        check_virtual(SessionSpec.broadband(**wide, units=units, noise=(White(), FarUnits(1))))
    # 20 million spikes in 2**20 samples at 1 kHz: 19073.486 a second
    loud = {**STREAM, "sampling_rate": 1000, "units": Units(200, multi=0.0, rate_hz=95.36, refractory_ms=3.0)}
    check_virtual(SessionSpec.broadband(**loud, noise=(White(),)))
    with pytest.raises(MockSessionError, match="^rate_hz: .*20,000,000 spikes in a block of time"):
        check_virtual(SessionSpec.broadband(**loud, noise=(White(), FarUnits(2, rate_hz=0.8))))
    line = {**STREAM, "duration_s": 1000.0}
    check_virtual(SessionSpec.broadband(**line, acquisition=Acquisition(sync=Sync(1.0))))
    with pytest.raises(MockSessionError, match="^acquisition: .*2,000,000 edges of the sync line"):
        check_virtual(
            SessionSpec.broadband(**{**line, "duration_s": 1000.001}, acquisition=Acquisition(sync=Sync(1.0)))
        )
    with pytest.raises(MockSessionError, match="^encoding: expected 'int16' in a virtual session"):
        check_virtual(SessionSpec.broadband(**STREAM, encoding="float64"))


def test_plans_say_what_tells_them_apart():
    """Two plans of a spec are equal, and so are their units; shown, they leave out what they were made from."""
    for spec in (PLANS["tiny"], PLANS["epiphyte"]):
        plan, again = plan_session(spec), plan_session(spec)
        assert plan == again
        assert plan.units == again.units
        assert "cast=" not in repr(plan)
        assert "source=" not in repr(plan)
        assert not {"cast=", "trains="} & set(repr(plan.units[0]).replace("(", " ").split())
        assert len(repr(plan.units[0])) < 300


def test_the_fields_of_a_spec():
    """What each field may be is this, in the words of its error."""
    said = {}
    for one in fields(SessionSpec):
        with pytest.raises(MockSessionError) as error:
            one.metadata["check"](NAME, object())
        said[one.name] = error.value.expected
    held("spec.fields", {name: str(text) for name, text in said.items()})


def test_names_that_come_again():
    """The second of a kind has its number after it, and so on."""
    assert numbered(["a", "b", "a", "a", "b"]) == ["a", "b", "a.2", "a.3", "b.2"]
    assert numbered([]) == []
