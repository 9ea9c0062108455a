"""Artifacts of electrical stimulation: each pulse drives the amplifiers to their rails, and they come back slowly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from ....ground.arrays import Floats, Ints
from ....ground.checks import require
from ....ground.shown import Argument
from ....session.probe import ContactMap
from ...draws import Draws
from ...incidents import FaultRow, Incident, Rig
from ...layers import Counts, Layer
from ..form import real, reals, whole
from .part import Fault, check_most

_SPREAD = 0.1  # standard deviation of what single contacts have more or less
_LEFT = 0.2  # what is left of a pulse when it has ended


@dataclass(frozen=True)
class StimulationArtifact(Fault):
    """Pulses of two phases, up and down, and what is left of them, which decays.

    Attributes
    ----------
    at_s : float or tuple of float
        When they come, in seconds from the start of the recording, gaps included.
    code : int or None
        Beside that: at each of the session's events with this code.
    pulses : int
        How many there are each time.
    pulse_hz : float
        How many of these a second.
    channel : int or None
        The column of the stream whose contact is next to the stimulating electrode; None: all contacts have the same.
    length_um : float
        How far from that contact a pulse is half as large.
    uV : float
        How large pulses are; what is beyond the converter is cut off.
    width_ms : float
        The length of each of the two phases.
    decay_ms : float
        The time constant with which a fifth of the pulse, what is left at its end, decays.
    """

    name: ClassVar[str] = "stimulation"

    at_s: tuple[float, ...] = reals((), 0.0, 1e8)
    _: KW_ONLY
    code: int | None = whole(None, 0, 2**31)
    pulses: int = whole(1, 1, 10_000)
    pulse_hz: float = real(100.0, 0.01, 10_000.0)
    channel: int | None = whole(None, 0, 99_999)
    length_um: float = real(500.0, 0.1, 1e6)
    uV: float = real(10_000.0, 0.01, 1e6)
    width_ms: float = real(0.2, 0.001, 10.0)
    decay_ms: float = real(4.0, 0.001, 20.0)

    def __post_init__(self) -> None:
        """Check all fields, and that it says when pulses come."""
        super().__post_init__()
        some = len(self.at_s) > 0 or self.code is not None
        require(
            some, Argument("at_s", of="StimulationArtifact"), "times, or the code of events", (), "Give at_s or code."
        )

    def check(self, contacts: ContactMap) -> None:
        """Raise a MockSessionError unless the channel is there."""
        name, expected = Argument("channel", of="StimulationArtifact"), f"a column of the stream, 0 to {contacts.n - 1}"
        require((self.channel or 0) < contacts.n, name, expected, self.channel)

    def incident(self, name: str, rig: Rig) -> Incident:
        """Return what it comes to in a session."""
        return _Stimulation(_PulseLayer(name, rig, self), rig)

    def times_ms(self, rig: Rig) -> Floats:
        """Return when pulses come, float64 (n,), ms from the start of the session."""
        times = np.array(self.at_s) * 1000
        if self.code is not None:
            events = rig.events()
            times = np.concatenate([times, events[events[:, 1] == self.code, 0]])
        pulses: Floats = np.add.outer(times, np.arange(self.pulses) * (1000 / self.pulse_hz)).ravel()
        return pulses


class _PulseLayer(Layer):
    """Pulses of a session, each the same whole counts, from the sample next to its time on."""

    def __init__(self, name: str, rig: Rig, part: StimulationArtifact) -> None:
        self.name, self.frames, self._rig = name, rig.frames(part.times_ms(rig)), rig
        pulse = _pulse(name, rig, part)
        overlap = max((_overlap(frames, len(pulse)) for frames in self.frames), default=0)
        self.most = overlap * int(np.abs(pulse).max(initial=0))
        check_most(type(part).__name__, self.most)
        self.counts = pulse.astype(np.int32)

    def within(self, seg_index: int, start: int, stop: int) -> list[int]:
        """Return the first samples of pulses with a sample from `start` to `stop` of a segment."""
        frames = self.frames[seg_index]
        low, high = np.searchsorted(frames, [start - len(self.counts) + 1, stop]).tolist()
        found: list[int] = frames[low:high].tolist()
        return found if start < stop else []

    def add(self, out: Counts, seg_index: int, i_start: int) -> None:
        """Add samples of a segment to `out`."""
        for frame in self.within(seg_index, i_start, i_start + len(out)):
            first = frame - i_start
            part = self.counts[max(0, -first) : len(out) - first]
            out[max(0, first) : max(0, first) + len(part)] += part


class _Stimulation(Incident):
    def __init__(self, layer: _PulseLayer, rig: Rig) -> None:
        self.layer: _PulseLayer = layer
        self._lengths = rig.setting.lengths
        seen = rig.probe.order[layer.counts.any(axis=0)]
        self._channels = tuple(np.sort(seen).tolist())

    def rows(self, seg_index: int, start: int, stop: int) -> Iterator[FaultRow]:
        """Yield the pulses."""
        for frame in self.layer.within(seg_index, start, stop):
            end = min(frame + len(self.layer.counts), self._lengths[seg_index])
            yield FaultRow(StimulationArtifact.name, seg_index, self._channels, frame, end, layer=self.layer.name)


def _pulse(name: str, rig: Rig, part: StimulationArtifact) -> Floats:
    """Return a pulse on all contacts in whole counts, (n, n_contacts), as long as any of it is half a count or more."""
    setting = rig.setting
    normals = Draws.of(setting.bits(name)).normals(2 * setting.n_contacts).reshape(2, -1)
    sizes = (1 + _SPREAD * normals[0]) * (part.uV / setting.gain_uV)
    if part.channel is not None:
        x, y, z = (setting.places - setting.places[rig.contacts([part.channel])]).T
        sizes /= 1 + np.sqrt(x * x + y * y + z * z) / part.length_um
    decays = part.decay_ms * (1 + _SPREAD * normals[1])
    longest = float(decays.max()) * np.log(max(2.0, 2 * _LEFT * float(sizes.max()))) + 2 * part.width_ms
    step_ms = float(1000 / setting.sampling_rate)
    shifts = np.zeros(setting.n_contacts) if setting.shifts is None else setting.shifts
    times = (np.arange(int(longest / step_ms) + 2)[:, None] + shifts) * step_ms
    wave = _on(times, step_ms) - 2 * _on(times - part.width_ms, step_ms) + _on(times - 2 * part.width_ms, step_ms)
    after = times - 2 * part.width_ms
    # rounded, so that the last bit of a machine's exp does not matter
    wave += _LEFT * _on(after, step_ms) * np.round(np.exp(-np.maximum(after, 0) / decays), 9)
    pulse: Floats = np.rint(wave * sizes)
    seen = np.flatnonzero(pulse.any(axis=1))
    return pulse[: int(seen.max(initial=0)) + 1]


def _on(times: Floats, step_ms: float) -> Floats:
    """Return for how much of the sample before each time something was on that is on from time 0."""
    share: Floats = np.clip(times / step_ms, 0.0, 1.0)
    return share


def _overlap(frames: Ints, n: int) -> int:
    """Return how many of events of `n` samples a sample has at most."""
    reached = np.searchsorted(frames, frames + n)
    return int((reached - np.arange(len(frames))).max(initial=0))
