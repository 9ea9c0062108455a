"""Where the contacts of a stream are, and which column of it each one is.

A :class:`ContactMap` holds what ProbeInterface's JSON form says, which is also how a stream's description and a
manifest have it. Where nothing is said, channels called CSCk are bundles of 8 microwires, one behind another. The
documents give no geometry for these. Ours: the wires of a bundle end on a circle of 40 µm radius, near enough that a
cell is seen on its neighbours; bundles lie 1 mm apart, too far for that.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ground.arrays import Floats, Ints
from ..ground.once import once
from . import keys
from .content import csc_numbers
from .files import is_number
from .layout import BUNDLE
from .probe_form import UM, Form, checked_form, make_probe, plain_form, wiring_of

BUNDLE_RADIUS_UM = 40.0
BUNDLE_PITCH_UM = 1000.0
WIRE_RADIUS_UM = 10.0  # as drawn; neighbours on a bundle's circle are 30.6 µm apart


@dataclass(frozen=True, eq=False, repr=False)
class ContactMap:
    """The contacts that a stream records, in the order of its columns, and the probes that they are on.

    A value: equal to another one that says the same of the same probes. :meth:`from_dict` makes it.
    """

    _form: Form  # checked; never changed

    @classmethod
    def from_dict(cls, content: object) -> ContactMap:
        """Return the contacts of probes in ProbeInterface's JSON form.

        The contact whose ``device_channel_indices`` is c is column c, and one with -1 is not recorded. Probes none of
        which is wired are wired in the order of their contacts.

        Parameters
        ----------
        content : dict
            As ``ProbeGroup.to_dict()`` returns it or a file of ProbeInterface holds it; it is copied.

        Raises
        ------
        MockSessionError
            If it is not of this form, or its wiring not to channels 0, 1, 2, ...
        """
        return cls.of_json(plain_form(content))

    @classmethod
    def of_json(cls, content: object) -> ContactMap:
        """Return the same as :meth:`from_dict` of what a JSON file holds, which nobody else may change."""
        form = checked_form(content)
        return cls(_wired(form, wiring_of(form)))

    @classmethod
    def of_probes(cls, *probes: Form) -> ContactMap:
        """Return the contacts of probes that :func:`~.probe_form.make_probe` has made."""
        return cls.of_json({"probes": list(probes)})

    def to_dict(self) -> dict[str, Any]:
        """Return the probes in ProbeInterface's JSON form, wired, for ``ProbeGroup.from_dict()`` or a file."""
        return copy.deepcopy(self._form)

    def description(self) -> dict[str, object]:
        """Return what a stream's description says of its contacts."""
        return {keys.LOCATIONS: self.positions.tolist(), keys.PROBE: self.to_dict()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ContactMap) and self._form == other._form

    def __hash__(self) -> int:
        return hash((self.positions.tobytes(), self.contact_ids))

    def __repr__(self) -> str:
        probes, shanks = len(self._form["probes"]), len(set(self.shanks.tolist()))
        return f"ContactMap: channels {self.n}, probes {probes}, shanks {shanks}"

    @once
    def _places(self) -> list[tuple[int, int]]:
        """For each column the probe of its contact, and which of its contacts that is."""
        pairs = ((p, k) for p, probe in enumerate(self._form["probes"]) for k in range(len(probe["contact_positions"])))
        wiring = (c for probe in self._form["probes"] for c in probe["device_channel_indices"])
        by_column = sorted((c, pair) for c, pair in zip(wiring, pairs, strict=True) if c >= 0)
        return [pair for _, pair in by_column]

    def _of_contacts(self, key: str, default: Any = "") -> list[Any]:
        probes = self._form["probes"]
        return [probes[p][key][k] if key in probes[p] else default for p, k in self._places]

    @property
    def _units(self) -> Floats:
        """For each column how many µm the unit of its probe is."""
        return np.array([UM[self._form["probes"][p]["si_units"]] for p, _ in self._places])

    @property
    def n(self) -> int:
        """How many channels there are."""
        return len(self._places)

    @once
    def positions(self) -> Floats:
        """Where each channel's contact is: float64 (n, 2 or 3), µm, read-only."""
        found: Floats = np.array(self._of_contacts("contact_positions"), dtype=np.float64) * self._units[:, None]
        found.flags.writeable = False
        return found

    @once
    def xyz(self) -> Floats:
        """The same with three axes, z 0 where the probes have two: float64 (n, 3), µm, read-only."""
        found = np.zeros((self.n, 3))
        found[:, : self.positions.shape[1]] = self.positions
        found.flags.writeable = False
        return found

    @once
    def contact_ids(self) -> tuple[str, ...]:
        """What each channel's contact is called; two probes may each have one of the same name."""
        return tuple(self._of_contacts("contact_ids"))

    @once
    def shank_ids(self) -> tuple[str, ...]:
        """What each channel's shank is called, "" on a probe that has no shanks."""
        return tuple(self._of_contacts("shank_ids"))

    @once
    def shapes(self) -> tuple[str, ...]:
        """Each channel's contact as "circle", "square" or "rect"."""
        return tuple(self._of_contacts("contact_shapes"))

    @once
    def sizes(self) -> Floats:
        """How wide and how high each channel's contact is: float64 (n, 2), µm."""
        each = zip(self.shapes, self._of_contacts("contact_shape_params"), strict=True)
        found: Floats = np.array([_size(*one) for one in each]) * self._units[:, None]
        return found

    @once
    def probes(self) -> tuple[int, ...]:
        """Which of the probes each channel's contact is on."""
        return tuple(p for p, _ in self._places)

    @once
    def shanks(self) -> Ints:
        """Each channel's shank, numbered through all probes as SpikeInterface numbers groups: int64 (n,)."""
        each = list(zip(self.probes, self.shank_ids, self._of_contacts("contact_sides"), strict=True))
        number = {one: k for k, one in enumerate(sorted(set(each)))}
        return np.array([number[one] for one in each], dtype=np.int64)

    @once
    def order(self) -> Ints:
        """The columns by where their contacts are, x first, then y and z, then by id: int64 (n,).

        It does not depend on the wiring: ``xyz[order]`` is the same whichever column each contact is.
        """
        keyed = zip(self.xyz.tolist(), self.contact_ids, self.probes, range(self.n), strict=True)
        return np.array([column for *_, column in sorted(keyed)], dtype=np.int64)

    @once
    def sample_shifts(self) -> Floats | None:
        """By which part of a sample each channel is sampled later than a sample's time: float64 (n,), from 0 to 1.

        None unless all probes say in which order their converters sample, as those of Neuropixels probes do: by
        ``adc_sample_order`` of the contacts, of ``num_channels_per_adc`` channels, and so many more for the LFP as its
        rate has it (``lf_sample_frequency_hz`` of ``ap_sample_frequency_hz``). docs/probes.rst, *Multiplexed sampling*.
        """
        probes = self._form["probes"]
        turns = [_turns_of(probe) for probe in probes]
        shifts = np.array([turns[p][k] for p, k in self._places])
        return shifts if bool(((shifts >= 0) & (shifts < 1)).all()) else None

    @property
    def contours(self) -> list[Floats]:
        """The outline of each probe that has one, (points, 2 or 3) in µm."""
        probes = [probe for probe in self._form["probes"] if probe.get("probe_planar_contour")]
        return [np.array(probe["probe_planar_contour"]) * UM[probe["si_units"]] for probe in probes]

    def select(self, columns: Sequence[int]) -> ContactMap:
        """Return the contacts of some columns, in their order; those of the others are not recorded."""
        new = {column: k for k, column in enumerate(columns)}
        wiring = [c for probe in self._form["probes"] for c in probe["device_channel_indices"]]
        return ContactMap(_wired(self._form, [new.get(c, -1) for c in wiring]))


def _turns_of(probe: Form) -> list[float]:
    """Return when in a sample each contact of a probe is sampled, as a part of it; -1 where it does not say."""
    said, unknown = probe["annotations"], [-1.0] * len(probe["contact_positions"])
    names = "num_channels_per_adc", "ap_sample_frequency_hz", "lf_sample_frequency_hz"
    n_channels, fast, slow = (said.get(name, 0) for name in names)
    order = probe["contact_annotations"].get("adc_sample_order", unknown)
    if not (keys.RATES.hold(n_channels) and keys.RATES.hold(fast) and (keys.RATES.hold(slow) or slow == 0)):
        return unknown
    turns = round(n_channels * (1 + slow / fast))
    return [k / turns for k in order] if turns > 0 and all(map(is_number, order)) else unknown


def _size(shape: str, params: dict[str, float]) -> tuple[float, float]:
    if shape == "circle":
        return 2 * params["radius"], 2 * params["radius"]
    return params["width"], params["height" if shape == "rect" else "width"]


def _wired(form: Form, wiring: Sequence[int]) -> Form:
    """Return a form with the channel of every contact, the probes' contacts one after another."""
    probes, first = [], 0
    for probe in form["probes"]:
        stop = first + len(probe["contact_positions"])
        probes.append({**probe, "device_channel_indices": list(wiring[first:stop])})
        first = stop
    return {**form, "probes": probes}


def bundles(channels: Sequence[int]) -> Ints:
    """Return the bundle of each channel, by the k of its CSCk: 0 for CSC1 to CSC8, 1 for CSC9 to CSC16, ..."""
    return (np.asarray(channels, dtype=np.int64) - 1) // BUNDLE


def contact_positions(channels: Sequence[int]) -> Floats:
    """Return where each channel's contact is, by the k of its CSCk: (n, 2) in µm, x along the bundles, y across."""
    wire = (np.asarray(channels, dtype=np.int64) - 1) % BUNDLE
    angle = 2 * np.pi * wire / BUNDLE
    around: npt.NDArray[Any] = np.stack([np.cos(angle), np.sin(angle)], axis=1) * BUNDLE_RADIUS_UM
    around[:, 0] += bundles(channels) * BUNDLE_PITCH_UM
    return np.round(around, 3)


def microwires(channels: Sequence[int]) -> ContactMap:
    """Return microwires as a probe, by the k of their CSCk: a shank a bundle, columns in the order given."""
    shanks = bundles(channels).tolist()
    width = max(2, len(str(max(shanks))))  # padded, so that shanks come in the order of bundles
    ids = [f"CSC{k}" for k in channels]
    names = [f"{shank:0{width}d}" for shank in shanks]
    shape = ("circle", {"radius": WIRE_RADIUS_UM})
    return ContactMap.of_probes(
        make_probe(contact_positions(channels), shape, ids=ids, shanks=names, name="microwire bundles")
    )


def microwire_numbers(contacts: ContactMap) -> list[int] | None:
    """Return the k of each channel's CSCk if the contacts are those of :func:`microwires`, else None."""
    numbers = csc_numbers(contacts.contact_ids)
    return numbers if numbers and contacts == microwires(numbers) else None


def assumed_contacts(ids: Sequence[str], locations: Floats | None = None, name: str = "") -> ContactMap | None:
    """Return the contacts of channels of which no probe is known: at their locations, (n, 2 or 3) in µm, on no shank.

    Without locations, or at those that microwires have, channels called CSCk are microwires. None if others have no
    location, or two the same one.
    """
    numbers = csc_numbers(ids)
    if locations is None or (numbers and np.array_equal(locations, contact_positions(numbers))):
        return microwires(numbers) if numbers else None
    if len(np.unique(locations, axis=0)) != len(locations):
        return None
    return ContactMap.of_probes(make_probe(locations, ("circle", {"radius": WIRE_RADIUS_UM}), ids=ids, name=name))
