"""The probes that have names; a new one is one module more, and one entry here."""

from __future__ import annotations

from . import bundles, linear, mea, neuropixels_1, neuropixels_2, tetrodes, utah
from .named import NamedProbe

PROBES: dict[str, NamedProbe] = {
    module.PROBE.name: module.PROBE for module in (bundles, tetrodes, linear, utah, mea, neuropixels_1, neuropixels_2)
}
