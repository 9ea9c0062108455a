"""Templates of the user's, from a file, a folder or memory, which cells have in place of spikes that are drawn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from ....formats.templates import StoredTemplates, read_templates, templates_sha256
from ....formats.templates.stored import places_um, stored
from ....ground.checks import require
from ....ground.errors import BadFileError, MockSessionError
from ....ground.shown import Argument, Text
from ...checks import rational, sha256
from ..form import Family, Part, checked, real, whole, yes
from ..motion.curves import series
from .template import Template

_SPIKEINTERFACES = ("templates_array", "sampling_frequency", "nbefore", "get_dense_templates")


def _source(name: Argument, value: Any) -> str | StoredTemplates:
    """Return a path, or what is in memory as templates of a file are."""
    if isinstance(value, StoredTemplates):
        return value
    if isinstance(value, np.ndarray):
        return stored(name, value)
    if all(hasattr(value, one) for one in _SPIKEINTERFACES):
        return _of_spikeinterface(name, value)
    expected = "a path, SpikeInterface's Templates, or an array (units, samples, channels)"
    require(isinstance(value, (str, os.PathLike)), name, expected, value)
    return os.fsdecode(value)


def _of_spikeinterface(name: Argument, templates: Any) -> StoredTemplates:
    array, ids = templates.get_dense_templates(), np.asarray(templates.unit_ids).tolist()
    places = None if templates.probe is None else templates.get_channel_locations()
    more = {"in_uV": bool(getattr(templates, "is_in_uV", True))}
    return stored(name, array, float(templates.sampling_frequency), int(templates.nbefore), places, ids, **more)


@dataclass(frozen=True)
class Templates(Part):
    """Templates that cells have in place of spikes that are drawn (docs/templates.rst).

    Attributes
    ----------
    source : str, PathLike, spikeinterface Templates or ndarray
        A file or folder: SpikeInterface's zarr, ``.npz``, MEArec's ``.h5``, a folder for phy, ``.npy``. Or what is in
        memory: an array is (units, samples, channels), or (units, steps, samples, channels).
    sampling_rate : number, Fraction or str, optional
        Hz, where the source does not say it, or is wrong.
    positions_um : sequence of sequences of float, optional
        x and y, or x, y and z, of each channel, where the source does not say it, or is wrong.
    before : int, optional
        The sample at a spike's time. None: as the source says, or else where most templates are largest.
    gain_uV : float, optional
        µV of one in the source. None: 1, if it is in µV, or sizes are not kept.
    relocate : bool
        Whether each is moved to a contact that is drawn. Without, they lie where they are, and the units have them
        in their order, none of them several.
    rescale : bool
        Whether sizes are those that ``snr`` or ``amplitude_uV`` ask for. Without, they are what they are.
    sha256 : str, optional
        What the SHA-256 of the source must be. None: whatever it is; the manifest records it.
    """

    source: Any = checked(None, _source)
    _: KW_ONLY
    sampling_rate: Fraction | None = checked(None, rational)
    positions_um: tuple[tuple[float, ...], ...] | None = checked(None, series("rows of µm, one a channel", n_axes=2))
    before: int | None = whole(None, 0, 10**6)
    gain_uV: float | None = real(None, 1e-9, 1e9)
    relocate: bool = yes(True)
    rescale: bool = yes(True)
    sha256: str | None = checked(None, sha256)

    def __post_init__(self) -> None:
        """Check every field, and what is in memory."""
        super().__post_init__()
        self._check(self.source is not None or self.sha256 is not None, "source", "templates", None)
        if isinstance(self.source, StoredTemplates):
            self._completed(self.source)

    def pinned(self) -> Templates:
        """Return the part with the SHA-256 of its source.

        Raises
        ------
        BadFileError
            If it is another one than is known, or the source cannot be read.
        MockSessionError
            If it was in memory, and is there no more.
        """
        remedy = Text("Give those it was made from: ", Argument("source", of="Templates"), ".")
        self._check(self.source is not None, "source", f"the templates with SHA-256 {self.sha256}", None, remedy)
        in_memory = isinstance(self.source, StoredTemplates)
        found = self.source.sha256 if in_memory else templates_sha256(self.source)
        if self.sha256 not in (None, found):
            name = Argument("source", of="Templates") if in_memory else self.source
            restore = "Restore the templates that the session was made from, or leave sha256 out."
            raise BadFileError(name, f"SHA-256 {self.sha256}", found, restore)
        return replace(self, sha256=found)

    def library(self) -> tuple[Template, ...]:
        """Return the templates, in the order of the source.

        Raises
        ------
        BadFileError
            If the source is not as it must be, or another one.
        MockSessionError
            If something is not known that must be.
        """
        self.pinned()
        source = self.source if isinstance(self.source, StoredTemplates) else read_templates(self.source)
        return self._completed(source)

    def _completed(self, found: StoredTemplates) -> tuple[Template, ...]:
        """Return templates with what the source does not say."""
        rate = self.sampling_rate or found.sampling_rate
        self._check(
            rate is not None, "sampling_rate", "the rate in Hz, which the templates do not say", None, "Give it."
        )
        places = found.positions
        if self.positions_um is not None:
            name = Argument("positions_um", of=type(self).__name__)
            places = places_um(name, np.array(self.positions_um), found.waveforms.shape[3], "positions of contacts")
        self._check(places is not None, "positions_um", "where the channels are, in µm", None, "Give it.")
        assert rate is not None and places is not None
        apart = len(np.unique(np.round(places, 1), axis=0)) == len(places)
        self._check(apart, "positions_um", "contacts at different places", "two at one", "Give others.")
        in_uV = self.gain_uV is not None or self.rescale or found.in_uV is not False
        self._check(in_uV, "gain_uV", "the µV of one in the templates, whose sizes are kept", None, "Give it.")
        before = self._before(found)
        waveforms = found.waveforms if self.gain_uV is None else found.waveforms * np.float32(self.gain_uV)
        kinds = found.kinds or ("template",) * len(found)
        wheres = (None,) * len(found) if found.locations is None else tuple(found.locations)
        rows = zip(found.unit_ids, kinds, waveforms, wheres, strict=True)
        return tuple(Template(id_, kind, rate, before, own, places, where) for id_, kind, own, where in rows)

    def _before(self, found: StoredTemplates) -> int:
        before, n = self.before if self.before is not None else found.before, found.waveforms.shape[2]
        if before is None:
            before = int(np.bincount(np.abs(found.waveforms).max(axis=(1, 3)).argmax(axis=1)).argmax())
        self._check(before < n, "before", f"a sample of the templates, 0 to {n - 1}", before)
        return before

    def _check(self, ok: bool, name: str, expected: str, found: object, remedy: str = "Change it.") -> None:
        require(ok, Argument(name, of=type(self).__name__), expected, found, remedy)


_FAMILY = Family("templates", Templates)


def templates_of(name: Argument, value: Any) -> Templates:
    """Return the part from itself, its mapping, or its source alone; this checks a field."""
    if isinstance(value, (Templates, Mapping)):
        part: Templates = _FAMILY.one(name, value)
        return part
    try:
        return Templates(value)
    except MockSessionError as error:
        raise MockSessionError(name, *error.args[1:]) if error.argument == "Templates.source" else error from None
