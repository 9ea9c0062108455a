"""The spec of a session: :class:`SessionSpec`, a value that makes the same session every time."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ..formats.spikes import any_format
from ..ground.errors import MockSessionError
from ..ground.shown import Argument, Text
from . import timing
from .checks import REAL, WHOLE, bounds, durations, is_whole_ms, must, names_of, pair, real, sha256, whole
from .draws import fresh_seed
from .parts import NOISE_FIELDS, noise_parts
from .parts.part import NoisePart

REGIONS = ("LA", "LAH", "LEC", "LMH", "LPHC", "RA", "RAH", "REC", "RMH", "RPHC")
BUNDLE = 8
ENCODINGS = ("int16", "float64")
# Fields only of a session with a broadband stream; the manifests of others leave them out.
_BROADBAND = ("broadband_hz", "noise_uV", *NOISE_FIELDS, "snr", "amplitude_sd", "jitter")
_SPIKES = ("spikes", "spikes_sha256")  # left out too in a session that draws its spikes
_DRAWN = ("n_units", "rate_hz")  # what a session with the spikes of a file does not draw
_MOST_SNR = 100.0  # so that a template fits int16, whatever the noise and the spike's own amplitude


@dataclass(frozen=True, kw_only=True)
class SessionSpec:
    """What a session is made from; with a seed it decides every byte.

    The defaults of what is drawn are those of Epiphyte's generator (docs/epiphyte.rst), scaled
    to the length of the recording.

    Parameters
    ----------
    patient_id, session_nr : int
        Which session it is; both name its folder.
    duration_s : float, optional
        Recorded seconds, a whole number of ms and at least 1 s. None: 95 to 105 minutes.
    segments : tuple of float, optional
        Recorded seconds of each segment, in place of `duration_s`.
    gap_s : float
        Seconds without samples between segments; 0.001 is one missing sample at 1 kHz.
    seed : int, optional
        None draws one when the session is made, and records it.
    n_channels : int
        Number of channels that have a name and may have units.
    n_units : int, optional
        Number of units, each on a channel drawn evenly. None: 20 to 100.
    n_lfp_channels : int
        How many of the channels have an LFP file.
    encoding : {"int16", "float64"}
        Counts with gain and offset beside them, or what Epiphyte writes.
    stimulus_len : float, optional
        Movie length in minutes. None: the longest that fits, up to 83.33.
    start_ms : int, optional
        Start in ms since the Unix epoch. None: between September 2012 and September 2023.
    lfp_noise_uV : float
        Standard deviation of 1/f noise on the LFP, in µV.
    n_events : int, optional
        Rows of events and of the DAQ log. None: 4000 to 5400, fewer below 90 minutes.
    artifacts : bool
        Whether the watchlog has pauses and skips.
    refractory_ms : float
        Least time between two spikes of a unit; the spike clock ticks 32 times a ms.
    rate_hz : tuple of two floats, optional
        Lowest and highest firing rate. None: 50 to 5000 spikes a unit, fewer below 90 minutes.
    spikes_per_unit : tuple of two ints, optional
        Lowest and highest number of spikes, in place of `rate_hz`.
    channel_names : tuple of str, optional
        Names without ``.ncs``. None: ten regions by 8, ``LA1`` to ``RPHC8``.
    broadband_hz : float, optional
        Sampling rate of the broadband stream, 32000. None: no such stream, and none of the
        fields below.
    noise_uV : float
        Standard deviation of a channel's noise, in µV; each channel's own lies within a
        fifth of it.
    pink_share : float
        How much of the variance of a channel's own noise is 1/f-coloured; the rest is white.
    common_share : float
        How much of the mean variance of the noise is common to all channels.
    snr : tuple of two floats
        Lowest and highest peak of a unit, in standard deviations of its own channel's noise.
    amplitude_sd : float
        Standard deviation of a unit's amplitude from spike to spike, as a fraction.
    jitter : bool
        Whether spikes fall between samples, in steps of an eighth of one, or on them.
    spikes : str or PathLike, optional
        A SONATA file of one population, or bmtk's ``.csv``, that the spikes come from, in place of
        being drawn; the path stays as it is given. Each node with a spike is a unit, and times count from the
        start of the recording. `n_units` and `rate_hz` are left to the file. Spikes in no
        segment, or, in a broadband session, too near to an end of one for their waveform, are
        left out; those closer than `refractory_ms` are kept. Warnings and the manifest count both.
    spikes_sha256 : str, optional
        What the SHA-256 of that file must be. None: whatever it is; the manifest records it.

    Raises
    ------
    MockSessionError
        If a field is not what it must be, or the fields do not go together.

    Examples
    --------
    >>> SessionSpec(patient_id=1, session_nr=1, segments=(6.0, 4.0), seed=2).recorded_ms
    10000
    """

    patient_id: int = 1
    session_nr: int = 1
    duration_s: float | None = None
    segments: tuple[float, ...] | None = None
    gap_s: float = 2.0
    seed: int | None = None
    n_channels: int = 80
    n_units: int | None = 40
    n_lfp_channels: int = 1
    encoding: str = "int16"
    stimulus_len: float | None = None
    start_ms: int | None = None
    lfp_noise_uV: float = 0.0
    n_events: int | None = None
    artifacts: bool = True
    refractory_ms: float = 3.0
    rate_hz: tuple[float, float] | None = (0.5, 10.0)
    spikes_per_unit: tuple[int, int] | None = None
    channel_names: tuple[str, ...] | None = None
    broadband_hz: float | None = None
    noise_uV: float = 10.0
    pink_share: float = 0.3
    common_share: float = 0.1
    snr: tuple[float, float] = (5.0, 15.0)
    amplitude_sd: float = 0.1
    jitter: bool = True
    spikes: str | os.PathLike[str] | None = None
    spikes_sha256: str | None = None

    def __post_init__(self) -> None:
        for name in WHOLE:
            self._set(name, whole(name, getattr(self, name)))
        for name in REAL:
            self._set(name, real(name, getattr(self, name)))
        for name in ("artifacts", "jitter"):
            must(isinstance(getattr(self, name), bool), name, "True or False", getattr(self, name))
        must(self.encoding in ENCODINGS, "encoding", "'int16' or 'float64'", self.encoding)
        self._set("segments", durations(self.segments))
        self._set("rate_hz", pair("rate_hz", self.rate_hz, numbers.Real))
        self._set("spikes_per_unit", pair("spikes_per_unit", self.spikes_per_unit, numbers.Integral))
        self._set("channel_names", names_of(self.channel_names, self.n_channels))
        self._check_source()
        self._check_broadband()
        self._check_lengths()
        self._check_spikes()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_broadband(self) -> None:
        expected = f"the lowest and the highest of them, two numbers from 0 to {_MOST_SNR:g}"
        self._set("snr", bounds("snr", self.snr, numbers.Real, _MOST_SNR, expected))
        if self.is_broadband:
            return
        defaults = {field.name: field.default for field in fields(self)}
        for name in _BROADBAND:
            given = getattr(self, name)
            remedy = Text("Use ", Argument("broadband", of="SessionSpec"), ", or leave it out.")
            must(given == defaults[name], name, "a session with a broadband stream", given, remedy)

    def _check_source(self) -> None:
        if self.spikes is None:
            must(self.spikes_sha256 is None, "spikes_sha256", "None without spikes", self.spikes_sha256)
            return
        is_path = isinstance(self.spikes, (str, os.PathLike))
        must(is_path, "spikes", f"the path of a {any_format()} file", self.spikes)
        self._set("spikes", os.fsdecode(self.spikes))
        self._set("spikes_sha256", sha256("spikes_sha256", self.spikes_sha256))
        defaults = {field.name: field.default for field in fields(self)}
        for name in (*_DRAWN, "spikes_per_unit"):
            given = getattr(self, name)
            must(given in (None, defaults[name]), name, "None where spikes come from a file", given, "Leave it out.")
            self._set(name, None)

    def _check_lengths(self) -> None:
        most = f"at most n_channels, {self.n_channels}"
        must(self.n_lfp_channels <= self.n_channels, "n_lfp_channels", most, self.n_lfp_channels)
        for name in ("duration_s", "gap_s"):
            seconds = getattr(self, name)
            must(seconds is None or is_whole_ms(seconds), name, "a whole number of ms", seconds)
        recorded = self.recorded_ms
        if recorded is None:
            return
        if self.duration_s is not None:
            agree = recorded == round(self.duration_s * 1000)
            must(agree, "duration_s", "the sum of segments", self.duration_s, "Give only one of the two.")
        must(recorded >= 1000, "segments", "at least 1 s in all", self.segments)
        length = self.length_ms or recorded
        if self.stimulus_len is not None:
            fits = timing.room_for(timing.frame_count(self.stimulus_len), length) <= length
            remedy = "Give a longer recording, or stimulus_len=None for the longest movie that fits."
            must(fits, "stimulus_len", f"a movie that fits {length / 60000:.4g} minutes", self.stimulus_len, remedy)

    def _check_spikes(self) -> None:
        if self.spikes is not None:
            return
        recorded = self.recorded_ms or timing.LENGTH_MS
        most = self.spike_range(recorded)[1]
        lengths = [round(s * 1000) for s in self.segments or ()] or [recorded]
        room = 0.9 * sum(timing.spike_room(n_ms, self.is_broadband) for n_ms in lengths)
        name = "rate_hz" if self.spikes_per_unit is None else "spikes_per_unit"
        expected = f"spikes that leave a tenth of {recorded / 1000:g} s free with {self.refractory_ms} ms between them"
        remedy = "Give fewer spikes or a shorter refractory_ms."
        must(most * self.refractory_ticks <= room, name, expected, f"up to {most} a unit", remedy)

    @classmethod
    def epiphyte(cls, **fields: Any) -> SessionSpec:
        """Return a spec as Epiphyte's generator draws it: the seed decides all that is not given.

        Parameters
        ----------
        **fields
            Any field of the class. With a `duration_s` or `segments` of one's own the movie
            is as long as fits, else 83.33 minutes.
        """
        own_length = {"duration_s", "segments"} & fields.keys()
        stimulus_len = None if own_length else timing.STIMULUS_MIN
        return cls(**{"n_units": None, "rate_hz": None, "stimulus_len": stimulus_len, **fields})

    @classmethod
    def tiny(cls, **fields: Any) -> SessionSpec:
        """Return ten seconds of 16 channels, 4 units and one LFP, below 300 kB: for tests and examples.

        Parameters
        ----------
        **fields
            Any field of the class.
        """
        return cls._with_defaults({"n_channels": 16, "n_units": 4, "rate_hz": (2.0, 8.0)}, 10.0, fields)

    @classmethod
    def broadband(cls, **fields: Any) -> SessionSpec:
        """Return a minute of 16 channels with a 32 kHz stream that has the spikes of 10 units.

        Parameters
        ----------
        **fields
            Any field of the class.

        Examples
        --------
        >>> SessionSpec.broadband(segments=(6.0, 4.0), n_units=5, seed=2).broadband_hz
        32000.0
        """
        defaults = {"broadband_hz": timing.WAVEFORM_RATE, "n_channels": 16, "n_units": 10}
        return cls._with_defaults(defaults, 60.0, fields)

    @classmethod
    def _with_defaults(cls, defaults: dict[str, Any], duration_s: float, fields: dict[str, Any]) -> SessionSpec:
        """Return a spec of some fields, with defaults for the rest where they go with these."""
        if not {"duration_s", "segments"} & fields.keys():
            defaults = {"duration_s": duration_s, **defaults}
        if fields.get("spikes") is not None:
            defaults = {name: value for name, value in defaults.items() if name not in _DRAWN}
        return cls(**{**defaults, **fields})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SessionSpec:
        """Return the spec of a dict as :meth:`to_dict` gives it and manifests have it.

        Raises
        ------
        MockSessionError
            If a key is not a field, or a value not what the field takes.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            expected = f"the fields {', '.join(sorted(known))}"
            raise MockSessionError("SessionSpec", expected, ", ".join(unknown), "Remove it.")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict that JSON takes, tuples as lists; those of a stream only if there is one."""
        left_out = (() if self.is_broadband else _BROADBAND) + (() if self.spikes is not None else _SPIKES)
        values = {k: v for k, v in asdict(self).items() if k not in left_out}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def seeded(self) -> SessionSpec:
        """Return this spec with its seed, or with one drawn if it has none."""
        return self if self.seed is not None else replace(self, seed=fresh_seed())

    @property
    def recorded_ms(self) -> int | None:
        """Recorded ms in all, gaps left out; None if it is drawn."""
        if self.segments is not None:
            return sum(round(s * 1000) for s in self.segments)
        return None if self.duration_s is None else round(self.duration_s * 1000)

    @property
    def length_ms(self) -> int | None:
        """Ms from start to end, gaps included; None if it is drawn."""
        gaps = len(self.segments or (0,)) - 1
        return None if self.recorded_ms is None else self.recorded_ms + gaps * round(self.gap_s * 1000)

    @property
    def is_broadband(self) -> bool:
        """Whether the session has a broadband stream."""
        return self.broadband_hz is not None

    @property
    def noise_parts(self) -> tuple[NoisePart, ...]:
        """What the noise of the broadband stream is the sum of."""
        return noise_parts(self)

    @property
    def refractory_ticks(self) -> int:
        """The refractory period on the spike clock, rounded up; at least one tick.

        Spikes between samples are up to a tick nearer to each other than the samples are.
        """
        ticks = max(1, math.ceil(self.refractory_ms * timing.SPIKE_CLOCK))
        return ticks + (self.is_broadband and self.jitter)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every channel, without ``.ncs``."""
        return self.channel_names or tuple(_default_name(k) for k in range(self.n_channels))

    def spike_range(self, recorded_ms: int) -> tuple[int, int]:
        """Return the lowest and highest number of spikes a unit may have in that many ms."""
        if self.spikes_per_unit is not None:
            return self.spikes_per_unit
        if self.rate_hz is None:
            return timing.scaled_range(timing.SPIKES, timing.share(recorded_ms))
        low, high = (rate * recorded_ms / 1000 for rate in self.rate_hz)
        return math.ceil(low), max(math.ceil(low), math.floor(high))


def _default_name(k: int) -> str:
    """Name channel `k` (from 0): wires of a region go on counting after the tenth region."""
    bundle, wire = divmod(k, BUNDLE)
    round_, region = divmod(bundle, len(REGIONS))
    return f"{REGIONS[region]}{round_ * BUNDLE + wire + 1}"
