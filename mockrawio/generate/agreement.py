"""What the fields of a spec must be together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ground.checks import require
from ..ground.shown import Argument
from . import timing
from .checks import is_whole_ms
from .parts.field import Nested, Rhythm, Sine
from .parts.units import Units

if TYPE_CHECKING:
    from .spec import SessionSpec

LAST_DAY = 1000  # that a patient can have


def must(ok: bool, name: str, expected: str, found: object, remedy: str | None = None) -> None:
    """Raise the error of a field unless it is valid."""
    require(ok, field_of_spec(name), expected, found, remedy)


def field_of_spec(name: str) -> Argument:
    """Return a field as an error names it."""
    return Argument(name, of="SessionSpec")


def check_motion(spec: SessionSpec) -> None:
    """Refuse motion and days where there is nothing that could move."""
    remedy = "Give sampling_rate, or leave motion out."
    must(spec.is_broadband or not spec.motion, "motion", "() in a session without a stream", spec.motion, remedy)
    if spec.days is None:
        return
    drawn = isinstance(spec.units, Units) and spec.spikes is None
    must(drawn, "days", "None, where units are not Units that are drawn", spec.days, "Leave days out.")
    must(1 <= spec.session_nr <= LAST_DAY, "session_nr", f"1 to {LAST_DAY}, where there are days", spec.session_nr)


def check_acquisition(spec: SessionSpec) -> None:
    """Refuse a rig that the session has not got, or its probe."""
    rig, remedy = spec.acquisition, "Give a sampling_rate, or leave it out."
    for name in () if spec.is_broadband else ("sample_shift", "faults", "sync"):
        found = getattr(rig, name)
        none = not found or (name == "faults" and not any(fault.in_stream for fault in found))
        argument = Argument(name, of=type(rig).__name__)
        require(none, argument, "none of a stream, in a session that has none", found, remedy)
    rig.check(spec.contacts)


def check_field(spec: SessionSpec) -> None:
    """Refuse a field of which two parts have one name, or one has no carrier."""
    names = [part.name for part in spec.field if isinstance(part, (Rhythm, Nested))]
    must(len(set(names)) == len(names), "field", "rhythms with names that differ", names, "Give name= to one.")
    rhythms = [part.name for part in spec.field if isinstance(part, Rhythm)]
    for part in spec.field:
        ok = not isinstance(part, Nested) or part.carrier in rhythms
        must(ok, "field", "a Rhythm by the name of each carrier", part, "Add it, or remove the parts that it carries.")
    if any(isinstance(part, Sine) for part in spec.field):
        alone = len(spec.field) == 1 and not spec.is_broadband
        must(alone, "field", "Sine() alone, in a session without a stream", spec.field, "Leave it out.")


def check_durations(spec: SessionSpec) -> None:
    """Refuse lengths that do not go together, or have no room for the movie."""
    for name in ("duration_s", "gap_s"):
        seconds = getattr(spec, name)
        must(seconds is None or is_whole_ms(seconds), name, "a whole number of ms", seconds)
    recorded = spec.recorded_ms
    if recorded is None:
        return
    if spec.duration_s is not None:
        agree = recorded == round(spec.duration_s * 1000)
        must(agree, "duration_s", "the sum of segments", spec.duration_s, "Give only one of the two.")
    must(recorded >= 1000, "segments", "at least 1 s in all", spec.segments)
    length = spec.length_ms or recorded
    if spec.stimulus_len is not None:
        fits = timing.room_for(timing.frame_count(spec.stimulus_len), length) <= length
        remedy = "Give a longer recording, or stimulus_len=None for the longest movie that fits."
        must(fits, "stimulus_len", f"a movie that fits {length / 60000:.4g} minutes", spec.stimulus_len, remedy)
