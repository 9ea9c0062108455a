"""The Neuropixels probes as a ``.meta`` has them: which contacts the channels read, and the tables that say so.

From SpikeGLX's *Metadata* guides and *imRo tables*, and IMEC's data sheets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ground.arrays import Floats, Ints
from ..recorded import RecordedSignals

BANK = 384  # contacts that the channels of a shank can read at once


class ProbePart(NamedTuple):
    """What tells a probe from another."""

    number: str  # IMEC's
    kind: int  # SpikeGLX's number for its imRo table
    n_shanks: int
    channels: int  # that read it
    max_int: int  # count of the largest voltage
    gain: int | None  # of all channels; None if each has its own
    slots: int  # channels that a converter samples one after another
    z_um: float  # between two rows


PARTS = (
    ProbePart("NP1000", 0, 1, 384, 512, None, 12, 20.0),
    ProbePart("NP2000", 21, 1, 384, 8192, 80, 16, 15.0),
    ProbePart("NP2010", 24, 4, 384, 8192, 80, 16, 15.0),
    ProbePart("NP2003", 2003, 1, 384, 2048, 100, 16, 15.0),
    ProbePart("NP2004", 2003, 1, 384, 2048, 100, 16, 15.0),
    ProbePart("NP2013", 2013, 4, 384, 2048, 100, 16, 15.0),
    ProbePart("NP2014", 2013, 4, 384, 2048, 100, 16, 15.0),
    ProbePart("NP2020", 2020, 4, 1536, 2048, 100, 16, 15.0),
)
_BY_NUMBER = {part.number: part for part in PARTS}
_ONE_GAIN, _GAINS, _QUAD = (_BY_NUMBER[number] for number in ("NP2000", "NP1000", "NP2020"))
_CONTACT = re.compile(r"(?:s(\d)|)e(\d{1,4})")


class Wired(NamedTuple):
    """A probe, and what each of its channels reads."""

    part: ProbePart
    shanks: Ints  # (part.channels,)
    electrodes: Ints  # (part.channels,), on the shank
    saved: Ints  # the channels that are written, ascending
    places: Floats | None  # where the saved ones are, (n, 2) µm, if not where those contacts are


def wired(stream: RecordedSignals, *, one_gain: bool, has_lf: bool) -> Wired | None:
    """Return the probe that a stream is written as; None if there is none with as many channels.

    That is its own, where it has one of IMEC's. Else it is one that fits the gains, read by its lowest contacts:
    one that has an LF band, if that is written.
    """
    return own_probe(stream, one_gain=one_gain) or _stand_in(stream, one_gain, has_lf)


def own_probe(stream: RecordedSignals, *, one_gain: bool = True) -> Wired | None:
    """Return the probe that a stream has, if it is one of IMEC's that can be written."""
    probes: Any = (stream.probe or {}).get("probes", [])
    part = _BY_NUMBER.get(probes[0].get("annotations", {}).get("model_name", "")) if len(probes) == 1 else None
    if part is None or (part.gain is not None and not one_gain):
        return None
    found = [_CONTACT.fullmatch(one) for one in _in_order(probes[0], "contact_ids")]
    if len(found) != len(stream.channels) or not all(found):
        return None
    shanks, electrodes = (np.array([int(one[k] or 0) for one in found if one]) for k in (1, 2))
    saved = _read_by(part, probes[0], electrodes)
    in_turn = saved is not None and np.all(np.diff(saved) > 0) and saved[-1] < part.channels
    # of channels with gains of their own readers take the first rows of the table, whichever are saved
    if saved is None or not in_turn or not (one_gain or saved[-1] == len(saved) - 1):
        return None
    whole = _lowest(part)
    if part.n_shanks > 1:  # those that are not saved read contacts which none of the others does
        whole = whole._replace(shanks=0 * whole.shanks, electrodes=BANK + np.arange(part.channels) % BANK)
    whole.shanks[saved], whole.electrodes[saved] = shanks, electrodes
    return whole._replace(saved=saved)


def _in_order(probe: Mapping[str, Any], key: str) -> list[Any]:
    """Return what a probe says of its contacts, in order of their columns."""
    columns = probe["device_channel_indices"]
    return [value for column, value in sorted(zip(columns, probe.get(key, []), strict=False)) if column >= 0]


def _read_by(part: ProbePart, probe: Mapping[str, Any], electrodes: Ints) -> Ints | None:
    """Return the channels that read a probe's contacts, if they can be told."""
    if part.kind == 0:
        return electrodes % BANK
    said = {"device_channel_indices": probe["device_channel_indices"], **probe.get("contact_annotations", {})}
    if not {"adc_group", "adc_sample_order"} <= said.keys():
        return np.arange(part.channels) if len(electrodes) == part.channels else None
    adc, slot = (np.array(_in_order(said, key), np.int64) for key in ("adc_group", "adc_sample_order"))
    return 2 * part.slots * (adc // 2) + 2 * slot + adc % 2


def _stand_in(stream: RecordedSignals, one_gain: bool, has_lf: bool) -> Wired | None:
    n = len(stream.channels)
    fitting = (_GAINS if has_lf else _ONE_GAIN, _QUAD) if one_gain else (_GAINS,)
    part = next((part for part in fitting if n <= part.channels), None)
    if part is None:
        return None
    places = None if stream.positions is None else stream.positions[:, :2]
    return _lowest(part)._replace(saved=np.arange(n), places=places)


def _lowest(part: ProbePart) -> Wired:
    shanks, electrodes = np.divmod(np.arange(part.channels), BANK)
    return Wired(part, shanks, electrodes, np.arange(part.channels), None)


def tables(probe: Wired, gains: Sequence[Ints]) -> dict[str, str]:
    """Return the tables of contacts by key; `gains` are those of ap and lf of each saved channel, for a part of many.

    ``snsGeomMap`` has where the contacts are, on the shank's left edge and the lowest row.
    """
    part, all_channels = probe.part, np.arange(probe.part.channels)
    columns = [all_channels, probe.electrodes // BANK, 0 * all_channels]
    if part.kind == 0:
        columns += [_all_of(values, probe) for values in gains] + [0 * all_channels + 1]
    elif part.n_shanks > 1:
        columns[1:1] = [probe.shanks]
        columns.append(probe.electrodes)
    else:
        columns[1] = 1 << columns[1]
        columns.append(probe.electrodes)
    shanks, electrodes = probe.shanks[probe.saved], probe.electrodes[probe.saved]
    row, side = np.divmod(electrodes, 2)
    places = contact_places(part, electrodes) if probe.places is None else probe.places
    geometry = [f"({s}:{x:g}:{z:g}:1)" for s, (x, z) in zip(shanks.tolist(), places.tolist(), strict=True)]
    shank_map = [f"({s}:{a}:{b}:1)" for s, a, b in zip(shanks.tolist(), side.tolist(), row.tolist(), strict=True)]
    pitch, rows = (250 if part.n_shanks > 1 else 0), (480 if part.kind == 0 else 640)
    return {
        "~imroTbl": f"({part.kind},{part.channels})" + "".join(map(_row, np.stack(columns, axis=1))),
        "~muxTbl": _mux(part),
        "~snsGeomMap": f"({part.number},{part.n_shanks},{pitch},70)" + "".join(geometry),
        "~snsShankMap": f"({part.n_shanks},2,{rows})" + "".join(shank_map),
    }


def _row(values: Ints) -> str:
    return f"({' '.join(map(str, values.tolist()))})"


def _all_of(values: Ints, probe: Wired) -> Ints:
    """Return a value of each channel; those that are not saved have the first one's."""
    every = np.full(probe.part.channels, values[0] if len(values) else 500)
    every[probe.saved[: len(values)]] = values[: len(probe.saved)]
    return every


def contact_places(part: ProbePart, electrodes: Ints) -> Floats:
    """Return where contacts are, (n, 2) µm from the left edge of their shank and its lowest row."""
    row, side = np.divmod(electrodes, 2)
    left = np.where(row % 2 == 0, 27.0, 11.0) if part.kind == 0 else 27.0
    return np.stack([left + 32.0 * side, part.z_um * row], axis=1)


def _mux(part: ProbePart) -> str:
    """Return which channels are sampled together: converters come in pairs, one has the even ones of neighbours."""
    pairs = part.channels // (2 * part.slots)
    together = np.arange(part.channels).reshape(pairs, part.slots, 2).swapaxes(0, 1).reshape(part.slots, -1)
    return f"({2 * pairs},{part.slots})" + "".join(map(_row, together))
