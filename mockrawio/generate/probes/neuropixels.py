"""What the Neuropixels probes of IMEC have in common; the two that have names are in modules of their own.

Their contacts come in the order of the readout channels, as recordings have them. The numbers are those of IMEC's
data sheets, and of ProbeInterface, which the tests compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ground.arrays import Ints
from ...session.probe import ContactMap
from ...session.probe_form import make_probe

CHANNELS = 384
_LENGTH_UM = 10_000.0  # of a shank, without its tip
_BELOW_UM = 11.0  # from the lowest contacts to where the tip begins
_WIDTH_UM = 70.0  # of a shank


class Model(NamedTuple):
    """What tells one kind of probe from another."""

    part: str  # IMEC's number of it
    description: str
    left_um: float  # the left edge of the shank
    tip_um: float  # how far the tip reaches
    n_shanks: int
    shank_pitch_um: float
    slots: int  # channels that a converter samples one after another
    more: dict[str, Any]  # annotations


def neuropixels(model: Model, places: Any, shanks: Ints, ids: Sequence[str], channels: Ints) -> ContactMap:
    """Return a probe of contacts at places, (n, 2) in µm, that are read out by these channels."""
    adc, order = converters(channels, model.slots)
    outlines = [_outline(model, shank) for shank in range(model.n_shanks)]
    probe = make_probe(
        places,
        ("square", {"width": 12.0}),
        ids=ids,
        shanks=[str(shank) for shank in shanks.tolist()] if model.n_shanks > 1 else None,
        contour=[point for outline in outlines for point in outline],
        contact_annotations={"adc_group": adc.tolist(), "adc_sample_order": order.tolist()},
        model_name=model.part,
        manufacturer="imec",
        description=model.description,
        shank_tips=[list(outline[2]) for outline in outlines],
        num_readout_channels=CHANNELS,
        ap_sample_frequency_hz=30000.0,
        shank_thickness_um=24.0,
        adc_sampling_table=_table(model.slots),
        num_adcs=CHANNELS // model.slots,
        num_channels_per_adc=model.slots,
        **model.more,
    )
    return ContactMap.of_probes(probe)


def converters(channels: Ints, slots: int) -> tuple[Ints, Ints]:
    """Return which converter samples each channel, and in which of its slots.

    Converters come in pairs: of the channels that a pair samples, which are neighbours, one has the even ones.
    """
    pair, within = np.divmod(channels, 2 * slots)
    slot, odd = np.divmod(within, 2)
    return 2 * pair + odd, slot


def _table(slots: int) -> str:
    """Return which channels are sampled together, slot by slot, as ProbeInterface writes it."""
    adc, slot = converters(np.arange(CHANNELS), slots)
    rows = [" ".join(str(c) for c in np.flatnonzero(slot == k)[np.argsort(adc[slot == k])]) for k in range(slots)]
    return f"({CHANNELS // slots},{slots})" + "".join(f"({row})" for row in rows)


def _outline(model: Model, shank: int) -> list[tuple[float, float]]:
    """Return the outline of a shank; the third point is its tip."""
    left = model.left_um + shank * model.shank_pitch_um
    right, top, tip = left + _WIDTH_UM, _LENGTH_UM - _BELOW_UM, -_BELOW_UM - model.tip_um
    return [(left, top), (left, -_BELOW_UM), (left + _WIDTH_UM / 2, tip), (right, -_BELOW_UM), (right, top)]
