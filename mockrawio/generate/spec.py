"""The spec of a session: :class:`SessionSpec`, a value that makes the same session every time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, fields, replace
from fractions import Fraction
from typing import Any

from ..ground.errors import BadFileError, MockSessionError
from ..ground.jsontext import read_json
from ..ground.once import once
from ..ground.shown import Text
from ..ground.tomltext import read_toml, toml_document
from ..session.clock import EARLIEST_MS, LATEST_MS
from ..session.probe import ContactMap
from . import timing
from .agreement import check_acquisition, check_durations, check_field, check_motion, field_of_spec, must
from .checks import durations, names_of, path, rational, sha256
from .difficulty import with_difficulty
from .draws import fresh_seed
from .parts.acquisition import Acquisition
from .parts.field import FIELDS, FieldPart, Nested, Pink, Rhythm, Ripples, Sine
from .parts.firing import Firing
from .parts.form import Family, Part, checked, choice, fields_in_json, from_fields, real, whole, yes
from .parts.motion import DAYS, Days, MotionPart, motions
from .parts.noise import NOISES, FarUnits, NoisePart, Spatial, White
from .parts.sync import Sync
from .parts.units import UNITS, EpiphyteUnits, Units
from .probes import PROBES
from .probes.bundles import wire_name
from .probes.given import probe_of, probe_value

ENCODINGS = ("int16", "float64")
SPEC_VERSION = 2  # of what a spec's fields mean; a manifest has it
_FIRINGS = Family("how cells fire", Firing)
_ACQUISITIONS = Family("the acquisition", Acquisition)
# The fields of a file that say nothing any more when another one is given instead of the file's.
_WITH = {
    "duration_s": ("segments", "stimulus_len"),
    "segments": ("duration_s", "stimulus_len"),
    "probe": ("n_channels", "channel_names"),
    "spikes": ("spikes_sha256",),
    "difficulty": ("units", "firing", "noise", "motion"),
}
_SHORTHANDS = {"n_units": "n", "snr": "snr", "rate_hz": "rate_hz", "templates": "templates"}  # of fields of `units`


@dataclass(frozen=True, kw_only=True)
class SessionSpec(Part):
    """The specification of a session; with a seed it determines every byte.

    It is made of parts (docs/parts.rst), each a value with fields of its own.

    Parameters
    ----------
    patient_id, session_nr : int
        Numbers of the session, which are part of its path.
    duration_s : float, optional
        Recorded seconds, a whole number of ms and at least 1 s. None: 95 to 105 minutes.
    segments : tuple of float, optional
        Recorded seconds of each segment, instead of `duration_s`.
    gap_s : float
        Seconds without samples between segments; 0.001 is one missing sample at 1 kHz.
    seed : int, optional
        None draws one, which the manifest records.
    probe : str, ContactMap, PathLike, or ProbeInterface's Probe or ProbeGroup
        The name of a probe (docs/probes.rst), or your own probe, from memory or a file, whose contents the spec keeps.
    n_channels : int, optional
        Number of contacts, each a channel. None: as many as the probe has.
    channel_names : tuple of str, optional
        Names without ``.ncs``. Default: ten regions by 8, ``LA1`` to ``RPHC8``, for bundles; ``CH1``, ``CH2``, ...
        else.
    sampling_rate : number, Fraction or str, optional
        Of the broadband stream, 1 to 100 kHz: any rational number of Hz, such as ``24414.0625`` or ``"100000/3"``.
        None: no stream.
    acquisition : Acquisition
        How µV are converted to counts.
    units : Units or EpiphyteUnits
        The units with their waveforms and rates.
    firing : Firing
        Their firing patterns: Poisson processes by default.
    noise : tuple of parts
        The parts of the noise: White, Spatial, FarUnits, Hum, NoiseFrom. In a session without a broadband stream,
        waveforms have as much white noise.
    motion : tuple of parts, or SpikeInterface's Motion
        Drift and amplitude changes in a broadband session: Zigzag, Jump, RandomWalk, ByDepth, Given, Fading, Vanishing,
        Appearing; displacements add up (docs/motion.rst). Noise, far units and field do not move. Empty: no motion.
    days : Days, optional
        Changes of a patient's cells from one session to the next; session 1 is the first day. All of them have the
        spec's seed. None: sessions are unrelated.
    field : tuple of parts
        The local field, from which the LFP is computed: Pink, Rhythm, Nested, Ripples, Evoked.
    n_lfp_channels : int, optional
        How many channels have an LFP file, starting with the first. None: all if there is a stream, else one.
    encoding : {"int16", "float64"}
        Counts with gain and offset, or floats as Epiphyte writes.
    stimulus_len : float, optional
        Movie length in minutes. None: the longest that fits, up to 83.33.
    start_ms : int, optional
        Start in ms since the Unix epoch. None: between September 2012 and September 2023.
    n_events : int, optional
        Rows of events and of the DAQ log. None: 4000 to 5400, fewer below 90 minutes.
    movie_pauses : bool
        Whether the watchlog has pauses and skips.
    spikes : str or PathLike, optional
        A SONATA file of one population, or bmtk's ``.csv``, with the spikes, instead of drawing them; the path is
        stored as given. Each node with a spike is a unit, and times count from the start of the recording. The file
        determines the number and rates of units. Spikes outside segments are omitted; those closer than the refractory
        period are kept. Warnings and the manifest count both.
    spikes_sha256 : str, optional
        Required SHA-256 of that file. None: any; the manifest records it.
    n_units, snr, rate_hz, templates : optional
        Shorthands of ``units=Units(n=..., snr=..., rate_hz=..., templates=...)``.

    Raises
    ------
    MockSessionError
        If a field is invalid, or fields conflict.

    Examples
    --------
    >>> SessionSpec(patient_id=1, session_nr=1, segments=(6.0, 4.0), seed=2).recorded_ms
    10000
    """

    patient_id: int = whole(1, 0, 10**9)
    session_nr: int = whole(1, 0, 10**9)
    duration_s: float | None = real(None, 1.0, 1e8)
    segments: tuple[float, ...] | None = checked(None, durations)
    gap_s: float = real(2.0, 0.001, 1e8)
    seed: int | None = whole(None, 0, 2**128 - 1)
    probe: str | ContactMap = checked("bundles", probe_value)
    n_channels: int | None = whole(None, 1, 100_000)
    channel_names: tuple[str, ...] | None = checked(None, names_of)
    sampling_rate: Fraction | None = checked(None, rational)
    acquisition: Acquisition = checked(Acquisition(), _ACQUISITIONS.one)
    units: Units | EpiphyteUnits = checked(Units(40), UNITS.one)
    firing: Firing = checked(Firing(), _FIRINGS.one)
    noise: tuple[NoisePart, ...] = checked((White(), Spatial(), FarUnits()), NOISES.several)
    motion: tuple[MotionPart, ...] = checked((), motions)
    days: Days | None = checked(None, DAYS.one)
    field: tuple[FieldPart | Sine, ...] = checked((Pink(), Rhythm(), Nested(), Ripples()), FIELDS.several)
    n_lfp_channels: int | None = whole(None, 0, 100_000)
    encoding: str = choice("int16", *ENCODINGS)
    stimulus_len: float | None = real(None, 0.0, 1e6)
    start_ms: int | None = whole(None, EARLIEST_MS, LATEST_MS)
    n_events: int | None = whole(None, 0, 10**8)
    movie_pauses: bool = yes(True)
    spikes: str | None = checked(None, path)
    spikes_sha256: str | None = checked(None, sha256)
    n_units: InitVar[int | None] = None
    snr: InitVar[tuple[float, float] | None] = None
    rate_hz: InitVar[Any] = None
    templates: InitVar[Any] = None

    def __post_init__(self, n_units: int | None, snr: Any, rate_hz: Any, templates: Any) -> None:  # type: ignore[override]  # InitVars
        """Check every field, and that they go together."""
        super().__post_init__()
        self._take_shorthands({"n_units": n_units, "snr": snr, "rate_hz": rate_hz, "templates": templates})
        self._check_source({"n_units": n_units, "rate_hz": rate_hz})
        self._check_channels()
        for check in (check_motion, check_acquisition, check_field, check_durations):
            check(self)
        lengths = [round(s * 1000) for s in self.segments or ()] or [self.recorded_ms or timing.LENGTH_MS]
        if isinstance(self.units, EpiphyteUnits) and self.spikes is None:
            self.units.check(self.sampling_rate, lengths)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _take_shorthands(self, given: Mapping[str, Any]) -> None:
        """Put what is given for the units into them."""
        for name, value in given.items():
            if value is None:
                continue
            field, kind = _SHORTHANDS[name], type(self.units).__name__
            known = field in {one.name for one in fields(self.units)}
            must(known, name, f"units that have {field}, which {kind} have not", value, "Leave it out.")
            try:
                self._set("units", replace(self.units, **{field: value}))
            except MockSessionError as error:
                raise MockSessionError(field_of_spec(name), *error.args[1:]) from None

    def _check_source(self, given: Mapping[str, Any]) -> None:
        drawn = isinstance(self.units, Units) and self.spikes is None
        expected = "Firing(), where cells fire as Epiphyte's generator or a file says"
        must(drawn or self.firing == Firing(), "firing", expected, self.firing, "Leave it out.")
        if self.spikes is None:
            must(self.spikes_sha256 is None, "spikes_sha256", "None without spikes", self.spikes_sha256)
            drawn = isinstance(self.units, EpiphyteUnits)
            must(drawn or self.units.n is not None, "n_units", "a number, where no spikes are given", None, "Give it.")
            return
        for name, value in given.items():
            must(value is None, name, "None where spikes come from a file", value, "Leave it out.")
        self._set("units", replace(self.units, n=None))

    def _check_channels(self) -> None:
        n = self.contacts.n
        self._set("n_channels", n)
        most = f"at most n_channels, {n}"
        must((self.n_lfp_channels or 0) <= n, "n_lfp_channels", most, self.n_lfp_channels)
        named = self.channel_names
        remedy = "Give n_channels= to match."
        must(named is None or len(named) == n, "channel_names", f"{n} names", f"{len(named or ())} of them", remedy)
        measured = isinstance(self.units, EpiphyteUnits) or self.units.amplitude_uV or any(n.floor for n in self.noise)
        remedy = "Give White() among them, or Units(amplitude_uV=...)."
        must(bool(measured), "noise", "a part that units are measured against", self.noise, remedy)

    @classmethod
    def epiphyte(cls, **fields: Any) -> SessionSpec:
        """Return a spec as Epiphyte's generator draws and saves it, as float64: the seed decides all that is not given.

        Parameters
        ----------
        **fields
            Any field of the class. With a `duration_s` or `segments` of one's own the movie
            is as long as fits, else 83.33 minutes.
        """
        own_length = {"duration_s", "segments"} & fields.keys()
        stimulus_len = None if own_length else timing.STIMULUS_MIN
        drawn: dict[str, Any] = {"units": EpiphyteUnits(), "stimulus_len": stimulus_len, "n_lfp_channels": 1}
        drawn["encoding"] = "float64"
        if fields.get("sampling_rate") is None:
            drawn["field"] = (Sine(),)
        return cls(**{**drawn, **fields})

    @classmethod
    def tiny(cls, **fields: Any) -> SessionSpec:
        """Return ten seconds of 16 channels, 4 units and one LFP, below 300 kB: for tests and examples.

        Parameters
        ----------
        **fields
            Any field of the class.
        """
        return cls(**_defaults(fields, 10.0, probe="bundles", n_channels=16, units=Units(4)))

    @classmethod
    def broadband(cls, *, difficulty: int | None = None, **fields: Any) -> SessionSpec:
        """Return a minute of a linear probe with 16 contacts, sampled at 32 kHz, that sees 10 units.

        Parameters
        ----------
        difficulty : int, optional
            How hard it is to sort, from 1 to 5: what units, firing, noise and motion are where they are not given
            (docs/difficulty.rst). It is in files of specs too; a manifest has what it stands for.
        **fields
            Any field of the class.

        Examples
        --------
        >>> SessionSpec.broadband(segments=(6.0, 4.0), n_units=5, seed=2).units.n
        5
        """
        parts = {"sampling_rate": timing.WAVEFORM_RATE, "probe": "linear", "n_channels": 16, "units": Units(10)}
        return cls(**_defaults({"difficulty": difficulty, **fields}, 60.0, **parts))

    @classmethod
    def neuropixels(cls, **fields: Any) -> SessionSpec:
        """Return a minute as a rig with a Neuropixels 1.0 probe has it, which sees 100 units.

        384 channels are sampled at 30 kHz in 10 bits, one after another by each converter, beside a sync line with a
        period of a second. Far units are as many along the probe as make their hash 2.4 µV in the band of spikes.

        Parameters
        ----------
        **fields
            Any field of the class, and `difficulty` as :meth:`broadband` has it. With an `acquisition` of one's own
            nothing is left of that rig.
        """
        probe = fields.get("probe", "neuropixels-1.0")
        in_turn = probe_of(probe).sample_shifts is not None
        rig = Acquisition(2.34375, bits=10, sample_shift=in_turn, sync=Sync())
        noise = White(), Spatial(), FarUnits(600, amplitude_uV=150.0)
        parts = {"probe": probe, "acquisition": rig, "units": Units(100), "noise": noise}
        return cls(**_defaults(fields, 60.0, sampling_rate=30_000, **parts))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SessionSpec:
        """Return the spec of a dict as :meth:`to_dict` gives it and manifests and TOML files have it.

        Raises
        ------
        MockSessionError
            If a key is not a field, or a value not what the field takes.
        """
        return from_fields(cls, with_difficulty(values))

    @classmethod
    def recorded(cls, values: Mapping[str, Any]) -> SessionSpec:
        """Return the spec that a manifest records, of which no file is opened because its probe is called like one.

        Raises
        ------
        MockSessionError
            As :meth:`from_dict`, or if the probe is a text and no name of one.
        """
        return cls.from_dict(_without_files(values))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict that JSON takes: parts as dicts, tuples as lists."""
        return fields_in_json(self)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **fields: Any) -> SessionSpec:
        """Return the spec that a file holds.

        Parameters
        ----------
        path : str or PathLike
            TOML, by its name's end ``.toml``; else JSON, as of :meth:`to_dict`, or a session's manifest.
        **fields
            Any field of the class, in place of the file's and of what goes with it: the number of channels and their
            names go with a probe, segments and the movie's length with a duration.

        Raises
        ------
        BadFileError
            If the file cannot be read, is neither, has a key that is not a field, or a value that a field cannot have.
        MockSessionError
            If a field that is given cannot have its value.
        """
        is_toml = os.fspath(path).lower().endswith(".toml")
        content = read_toml(path) if is_toml else read_json(path, "a spec", "Correct the file.")
        manifests = content.get("spec")
        try:
            values = _without_files(manifests) if isinstance(manifests, dict) else content
            spec = cls.from_dict(values)
        except MockSessionError as error:
            raise BadFileError(Text(path, ": ", error.args[0]), *error.args[1:]) from None
        left_out = {name for field in fields for name in _WITH.get(field, ())}
        kept = {name: value for name, value in values.items() if name not in left_out}
        return cls.from_dict({**kept, **fields}) if fields else spec

    def to_toml(self) -> str:
        """Return the fields as TOML, which :meth:`from_file` reads; what is None is left out."""
        return toml_document(self.to_dict())

    def seeded(self) -> SessionSpec:
        """Return this spec with its seed, or with one drawn if it has none."""
        return self if self.seed is not None else replace(self, seed=fresh_seed())

    @once
    def contacts(self) -> ContactMap:
        """Where the contacts are, and what they are wired to."""
        return probe_of(self.probe, self.n_channels)

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
    def lfp_width(self) -> int:
        """How many channels have an LFP file."""
        if self.n_lfp_channels is not None:
            return self.n_lfp_channels
        return self.contacts.n if self.is_broadband else 1

    @property
    def is_broadband(self) -> bool:
        """Whether the session has a broadband stream."""
        return self.sampling_rate is not None

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every channel, without ``.ncs``."""
        name = wire_name if self.probe == "bundles" else "CH{}".format
        return self.channel_names or tuple(name(k + 1) for k in range(self.contacts.n))


def _without_files(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that a manifest records, which names no file of a probe: a spec holds what is in it."""
    probe = values.get("probe")
    named = not isinstance(probe, str) or probe in PROBES
    must(named, "probe", "the name of a probe, or its contacts", probe, "Restore the manifest.")
    return values


def _defaults(given: dict[str, Any], duration_s: float, **defaults: Any) -> dict[str, Any]:
    """Return the fields of a spec: those given, with defaults for the rest where they go with these."""
    if not {"duration_s", "segments"} & given.keys():
        defaults["duration_s"] = duration_s
    if "probe" in given:
        defaults.pop("n_channels", None)  # it has as many as it has
    return with_difficulty(given, **defaults)
