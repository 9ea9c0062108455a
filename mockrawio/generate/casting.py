"""The cells of a session from its spec, and the noise that they are measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..ground.arrays import Floats
from . import timing
from .amplitudes import Amplitudes
from .cast import Cast
from .course import Course
from .given import GivenTrains
from .incidents import Incidents, Rig
from .layers import NoiseLayer, Setting
from .masked import Silenced
from .parts.firing import Cues
from .parts.form import numbered
from .parts.units import Units
from .patient import cells_of
from .planted import SpikeTrains
from .renewal import JITTER
from .source import SpikeSource
from .spec import SessionSpec
from .timing import Segment


def setting_of(spec: SessionSpec, seed: int, segments: Sequence[Segment]) -> Setting:
    """Return what a session gives its layers; one without a stream has spikes at 32 kHz."""
    rate = spec.sampling_rate or Fraction(timing.WAVEFORM_RATE)
    positions = spec.contacts.positions[spec.contacts.order]
    places = np.pad(positions, ((0, 0), (0, 3 - positions.shape[1])))
    lengths = tuple(int(segment.n_ms * rate / 1000) for segment in segments)
    shifts = spec.contacts.sample_shifts if spec.acquisition.sample_shift else None
    shifts = None if shifts is None else shifts[spec.contacts.order]
    outside = np.flatnonzero(np.isin(spec.contacts.order, spec.acquisition.outside(spec.contacts)))
    return Setting(seed, rate, spec.acquisition.gain_uV, places, lengths, shifts, tuple(outside.tolist()))


def noise_layers(spec: SessionSpec, setting: Setting, floor: bool = False) -> list[NoiseLayer]:
    """Return the layers of a session's noise, or only those that units are measured against."""
    layers = []
    for name, part in zip(numbered(f"noise.{part.name}" for part in spec.noise), spec.noise, strict=True):
        if part.floor or not floor:
            layer = part.layer(name, setting)
            layers.append(Silenced(layer, setting.outside) if part.of_tissue and setting.outside else layer)
    return layers


def incidents(spec: SessionSpec, rig: Rig) -> Incidents:
    """Return what the faults of a session's rig come to."""
    faults = spec.acquisition.faults
    names = numbered(f"fault.{one.name}" for one in faults)
    return Incidents(one.incident(name, rig) for name, one in zip(names, faults, strict=True))


def floor_uV(spec: SessionSpec, setting: Setting, band: bool = True) -> Floats:
    """Return the standard deviation of what units are measured against, in its band or in all, on each contact, µV."""
    variance = np.zeros(setting.n_contacts)
    for layer in noise_layers(spec, setting, floor=True):
        variance += (layer.band_uV if band else layer.sd_uV) ** 2
    return np.sqrt(variance)


def cast_of(
    spec: SessionSpec, setting: Setting, segments: tuple[Segment, ...], source: SpikeSource | None, cues: Cues
) -> Cast:
    """Return the cells of a session, and what they follow; those of a `source` of spikes are one for each node."""
    assert isinstance(spec.units, Units)
    units = spec.units if source is None else replace(spec.units, n=len(source), multi=0.0)
    cells = cells_of(spec, units, setting, floor_uV(spec, setting))
    jitter = JITTER if spec.is_broadband and units.jitter else (0.0,)
    firing: SpikeTrains
    amplitudes = Amplitudes(setting, units.amplitude_sd)
    if source is None:
        rates = [cell.rate_hz for cell in cells]
        firing = spec.firing.trains(rates, units.refractory_ms, amplitudes, len(jitter) > 1, cues)
    else:
        starts_ms = np.array([float(segment.start_ms - segments[0].start_ms) for segment in segments])
        firing = GivenTrains(source, starts_ms, amplitudes, len(jitter) > 1)
    starts_s = [(segment.start_ms - segments[0].start_ms) / 1000 for segment in segments]
    course = Course(setting, starts_s, spec.motion)
    firing = course.changed(firing, [cell.label for cell in cells])
    before = cells[0].window(setting.sampling_rate).before if cells else 0
    exact, around = None if spec.is_broadband else source, floor_uV(spec, setting, band=False)
    return Cast(setting, segments, cells, before, firing, course, jitter, exact, around)
