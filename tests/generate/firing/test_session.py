"""Firing in sessions: cells follow what the session's files say, and the truth has what spikes are drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mockrawio import SessionSpec
from mockrawio.generate import (
    EventLocked,
    Firing,
    MovieLocked,
    PhaseLocked,
    Profile,
    Rhythm,
    Units,
    generate_session,
    truth,
)
from mockrawio.generate.plan import plan_session
from mockrawio.generate.stimulus import events, watchlog
from mockrawio.generate.tissue import waves
from mockrawio.ground.errors import BoundsError, MockSessionError
from mockrawio.rawio import MockSessionRawIO
from tests.generate.folders import FEW_FAR

from .test_trains import ALL

SESSION = SessionSpec.broadband(
    segments=(6.0, 5.0), gap_s=0.5, n_channels=4, n_units=3, noise=FEW_FAR, seed=3, n_events=40
)
PARTS = replace(ALL, locked=tuple(part for part in ALL.locked if not isinstance(part, PhaseLocked)))


def spec_of(firing, **fields):
    """Return the spec of a session of two segments whose cells fire so."""
    return replace(SESSION, firing=firing, **fields)


def spikes(session):
    """Return the trains of all units, by id."""
    return {name: (unit.frames(), unit.jitter(), unit.factors()) for name, unit in truth(session).units.items()}


def test_toml(tmp_path):
    """A spec with all parts of firing is the same after it went through TOML and through a dict."""
    spec = spec_of(ALL)
    (tmp_path / "spec.toml").write_text(spec.to_toml())
    assert SessionSpec.from_file(tmp_path / "spec.toml") == spec
    assert SessionSpec.from_dict(spec.to_dict()) == spec


def test_off_changes_no_byte():
    """A session whose locks are off has the spikes and amplitudes of one without firing."""
    off = Firing(locked=(EventLocked(gain=1.0), MovieLocked(), Profile()))
    for one, other in zip(spikes(SESSION).values(), spikes(spec_of(off)).values(), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_layers_of_all_else_stay():
    """How cells fire changes the layer of spikes alone."""
    still, moved = truth(SESSION), truth(spec_of(PARTS))
    for name in still.layers:
        same = np.array_equal(still.layer(name).read(1, 0, 20_000), moved.layer(name).read(1, 0, 20_000))
        assert same == (name != "spikes")


def test_recording_and_files(tmp_path):
    """A session on disk has the spikes of the truth, and the recording is what the truth makes again."""
    spec = spec_of(PARTS)
    reader = MockSessionRawIO(generate_session(spec, tmp_path))
    reader.parse_header()
    made = truth(spec)
    stream_index = [str(name) for name in reader.header["signal_streams"]["id"]].index("broadband")
    chunk = reader.get_analogsignal_chunk(0, 1, 100, 30_000, stream_index)
    assert np.array_equal(chunk, made.recording(1, 100, 30_000))
    for index, name in enumerate(reader.header["spike_channels"]["name"]):
        unit = made.units[str(name)]
        assert reader.spike_count(0, 0, index) + reader.spike_count(0, 1, index) == unit.n_spikes


def test_responses_are_at_the_events_of_the_file():
    """The intensity is highest a latency and a third of the duration after each event of the code, in both segments."""
    lock = EventLocked(code=4, gain=9.0, latency_ms=20.0, duration_ms=60.0)
    spec = spec_of(Firing(locked=lock), n_events=80)
    plan, made = plan_session(spec), truth(spec)
    stamps = events(plan)[events(plan)[:, 1] == 4, 0]
    unit = next(iter(made.units.values()))
    seen = 0
    for seg_index, segment in enumerate(plan.segments):
        intensity, rate = unit.intensity(seg_index), made.sampling_rate
        assert intensity.shape == (made.n_samples[seg_index],)
        peaks = (stamps - segment.start_ms) / 1000 + 0.02 + 0.02
        inside = peaks[(peaks > 0.1) & (peaks < segment.n_ms / 1000 - 0.1)]
        seen += len(inside)
        for peak in inside.tolist():
            around = intensity[round((peak - 0.06) * rate) : round((peak + 0.06) * rate)]
            assert around.max() == pytest.approx(9 * unit.rate_hz, rel=0.01)
            assert abs(around.argmax() / rate - 0.06) < 0.0015
    assert seen >= 8


def test_phases_are_those_of_the_field():
    """Spikes follow the rhythm of the session's own field: the mean cosine of its phase is I1/I0, in 4 errors."""
    spec = SessionSpec.broadband(
        duration_s=60.0,
        n_channels=4,
        units=Units(4, rate_hz=20.0, multi=0.0),
        field=(Rhythm("theta", 8.0),),
        firing=Firing(locked=PhaseLocked("theta", kappa=1.0)),
        seed=5,
    )
    made, rhythm = truth(spec), waves(spec, plan_session(spec).cast.setting)["theta"]
    frames = np.sort(np.concatenate([unit.frames() for unit in made.units.values()]))
    cosines = np.cos(rhythm.phase(0, frames))
    expected = 0.446398  # I1(1) / I0(1)
    assert cosines.mean() == pytest.approx(expected, abs=4 * np.sqrt((1 - expected - expected**2) / len(frames)))


def test_movie_is_the_watchlogs():
    """The factor at each sample is that of the movie's time in the watchlog, through its skips and pauses."""
    lock = MovieLocked(((0.0, 1.0), (100.0, 101.0)))
    spec = SessionSpec.broadband(duration_s=70.0, n_channels=2, n_units=1, seed=4, firing=Firing(locked=lock))
    plan, made = plan_session(spec), truth(spec)
    log = watchlog(plan, spec.movie_pauses)
    assert len(log.pauses)
    unit = next(iter(made.units.values()))
    factors = unit.intensity(0)[:: round(made.sampling_rate / 1000)] / unit.rate_hz
    at_ms = log.clock - plan.start_ms - 5  # while each frame is shown
    shown = factors[at_ms[at_ms < len(factors)]]
    free = shown < 0.25 * 1000 / (3.0 * unit.rate_hz)
    assert free.sum() > 100
    assert np.abs(shown - (1 + log.pts[: len(shown)] - 0.005))[free].max() < 0.002
    begins = log.clock[log.pauses] - plan.start_ms  # the frames that come after a pause
    ends = log.clock[log.pauses - 1] - plan.start_ms
    for low, high in zip(ends.tolist(), begins.tolist(), strict=True):
        assert high - low > 100
        assert factors[low + 2 : high - 45] == pytest.approx(1)


def test_a_longer_session_begins_with_the_shorter_one():
    """Spikes of a longer session begin with those of the shorter one, where nothing depends on its length."""
    firing = replace(PARTS, locked=PARTS.locked[2:])
    some = truth(SessionSpec.broadband(duration_s=5.0, n_channels=4, n_units=3, seed=3, firing=firing))
    more = truth(SessionSpec.broadband(duration_s=60.0, n_channels=4, n_units=3, seed=3, firing=firing))
    n = some.n_samples[0]
    assert np.array_equal(some.layer("spikes").read(0), more.layer("spikes").read(0, 0, n))


def test_multi_units_add_up():
    """A multi-unit's intensity is the sum of its cells'."""
    made = truth(SessionSpec.broadband(duration_s=2.0, n_channels=16, n_units=6, seed=3, units={"n": 6, "multi": 1.0}))
    unit = next(iter(made.units.values()))
    assert len(unit.cells) > 1
    assert unit.intensity(0, 5, 10) == pytest.approx(sum(cell.rate_hz for cell in unit.cells))


def test_refused(tmp_path):
    """What a session has not is refused when it is planned, and samples beyond it when they are asked for."""
    with pytest.raises(MockSessionError, match=r"PhaseLocked.rhythm"):
        plan_session(spec_of(Firing(locked=PhaseLocked("delta"))))
    with pytest.raises(MockSessionError, match=r"EventLocked.events"):
        plan_session(spec_of(Firing(locked=EventLocked("Clicks"))))
    with pytest.raises(MockSessionError, match=r"SessionSpec.firing"):
        SessionSpec.epiphyte(firing=ALL)
    unit = next(iter(truth(SESSION).units.values()))
    with pytest.raises(BoundsError):
        unit.intensity(0, 0, 10**9)
    with pytest.raises(BoundsError):
        unit.intensity(2)
