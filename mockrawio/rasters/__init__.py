"""Spike rasters of functional groups, and SONATA files.

A raster is made from a `RasterSpec` by `generate_raster`, or by `poisson_raster` alone. SONATA files, and bmtk's text
files, are written and read in bounded memory; SONATA needs the extra ``sonata``. The names of the SONATA raster maker
are here too, with its arguments; those that draw random numbers also take ``seed=`` and ``rng=``.
"""

from __future__ import annotations

from typing import Any

from ..formats.spikes.csv import write_spikes_csv
from ..formats.spikes.sonata import sonata_populations
from ..formats.spikes.sonata_out import append_sonata, write_sonata
from ..ground.extras import by_extra
from .bridges import from_spiketrains, session_raster, session_to_sonata, to_spiketrains
from .files import iter_sonata, iter_spikes_csv, read_sonata, read_spikes_csv
from .generate import generate_raster, group_profile, group_rates, iter_raster
from .noise import make_noise, minmax, shift_exc_noise, zscore
from .poisson import poisson_raster
from .raster import Raster
from .raster_maker import SonataWriter, make_save_spikes
from .spec import FunctionalGroup, RasterSpec

__all__ = [
    "FunctionalGroup",
    "Raster",
    "RasterSpec",
    "SonataWriter",
    "append_sonata",
    "from_spiketrains",
    "generate_raster",
    "group_profile",
    "group_rates",
    "iter_raster",
    "iter_sonata",
    "iter_spikes_csv",
    "make_noise",
    "make_save_spikes",
    "minmax",
    "plot_raster",
    "poisson_raster",
    "read_sonata",
    "read_spikes_csv",
    "session_raster",
    "session_to_sonata",
    "shift_exc_noise",
    "sonata_populations",
    "to_spiketrains",
    "write_sonata",
    "write_spikes_csv",
    "zscore",
]


def __getattr__(name: str) -> Any:
    """Import the figure when it is asked for: only it needs matplotlib."""
    if name != "plot_raster":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with by_extra("plot_raster", "plot"):
        from .figure import plot_raster
    return plot_raster
