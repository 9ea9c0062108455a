"""How hard a broadband session is to sort, in five steps: each is a preset of parts (docs/difficulty.rst)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..ground.checks import is_whole
from ..session.probe import ContactMap
from .agreement import must
from .parts.firing import Bursts, Firing, Synchrony
from .parts.motion import ByDepth, Jump, Zigzag
from .parts.motion.part import Move
from .parts.noise import FarUnits, Spatial, White
from .parts.units import Classes, LogNormal, Units
from .probes.given import probe_of

_NAME = "difficulty"
_FAR, _MOST_FAR = 6, 5000  # far units a contact, and all of them
_JUMPS_S = 20.0, 40.0  # when cells go up, and down again


class _Step(NamedTuple):
    """One step; what is named as a field of a part goes there."""

    snr: tuple[float, float]
    density: float  # units a contact
    min_distance_um: float
    median_hz: float
    sd: float  # of the rates' logarithm
    positive: float  # share of the cells
    multi: float
    amplitude_sd: float
    bursts: float  # share of the spikes
    synchrony_hz: float
    far_uV: float
    drift_um: float  # from the lowest to the highest place
    period_s: float
    deepest: float  # how far the deepest cells drift, as a part of how far the highest do
    jump_um: float


# fmt: off
_STEPS = (
    #     snr        density  apart  Hz   sd   pos.  multi  ampl.  bursts  sync.  far  drift  s   deepest  jump
    _Step((14, 30),  0.25,    45,    6.0, 0.3, 0.00, 0.0,   0.05,  0.0,    0.0,   50,  0,     60, 1.0,     0),
    _Step((6, 20),   0.50,    30,    5.0, 0.6, 0.00, 0.0,   0.08,  0.0,    0.0,   70,  0,     60, 1.0,     0),
    _Step((4.5, 16), 0.70,    20,    4.0, 0.8, 0.05, 0.1,   0.10,  0.1,    0.0,   90,  6,     60, 1.0,     0),
    _Step((4, 13),   1.00,    15,    3.5, 0.9, 0.05, 0.2,   0.12,  0.2,    0.5,   120, 15,    40, 0.6,     0),
    _Step((3, 8),    1.50,    10,    3.0, 1.0, 0.10, 0.3,   0.15,  0.3,    1.0,   160, 30,    30, 0.3,     15),
)
# fmt: on


def with_difficulty(given: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """Return the fields of a spec: those given, those that their difficulty says, and defaults for the rest.

    MockSessionError if there is no such difficulty, or no stream that could have it.
    """
    level, given = given.get(_NAME), {name: value for name, value in given.items() if name != _NAME}
    if level is None:
        return {**defaults, **given}
    known = is_whole(level) and 1 <= level <= len(_STEPS)
    must(known, _NAME, f"None, or a whole number from 1, the easiest, to {len(_STEPS)}, the hardest", level)
    fields = {**defaults, **given}
    streams = fields.get("sampling_rate") is not None
    must(streams, _NAME, "None in a session without a stream", level, "Give sampling_rate, or leave it out.")
    parts = _parts(_STEPS[level - 1], probe_of(fields.get("probe", "bundles"), fields.get("n_channels")))
    if fields.get("spikes") is not None:
        del parts["firing"]  # the file says when cells fire
    return {**fields, **parts, **given}


def _parts(step: _Step, contacts: ContactMap) -> dict[str, Any]:
    return {
        "units": _units(step, contacts.n),
        "firing": _firing(step),
        "noise": (White(), Spatial(), FarUnits(min(_FAR * contacts.n, _MOST_FAR), amplitude_uV=step.far_uV)),
        "motion": tuple(_motion(step, contacts)),
    }


def _units(step: _Step, n_contacts: int) -> Units:
    return Units(
        max(1, round(step.density * n_contacts)),
        snr=step.snr,
        rate_hz=LogNormal(step.median_hz, sd=step.sd),
        classes=Classes(positive=step.positive),
        min_distance_um=step.min_distance_um,
        multi=step.multi,
        amplitude_sd=step.amplitude_sd,
    )


def _firing(step: _Step) -> Firing:
    synchrony = Synchrony(step.synchrony_hz, share=0.3) if step.synchrony_hz else None
    return Firing(bursts=Bursts(step.bursts) if step.bursts else None, synchrony=synchrony)


def _motion(step: _Step, contacts: ContactMap) -> Iterator[Move]:
    depths = contacts.xyz[:, 1]
    low, high = float(depths.min()), float(depths.max())
    if step.drift_um:
        drift = Zigzag(step.drift_um, period_s=step.period_s)
        rigid = step.deepest == 1 or low == high
        yield drift if rigid else ByDepth(drift, depths_um=(low, high), factors=(step.deepest, 1.0))
    if step.jump_um:
        up, down = _JUMPS_S
        yield from (Jump(up, step.jump_um), Jump(down, -step.jump_um))
