"""
Make spike rasters of functional groups
=======================================

Spikes of groups of units, written as SONATA, drawn, and made a session of.

Run it with a folder to keep the files there, or with nothing for a temporary folder::

    python example/make_rasters.py [FOLDER]

It needs ``pip install 'mockrawio[sonata,plot]'``. The groups are those of groups.toml beside it.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from mockrawio import SessionSpec, generate_session
from mockrawio.generate import Units
from mockrawio.rasters import RasterSpec, generate_raster, read_sonata, write_sonata
from mockrawio.rasters.bridges import session_to_sonata, to_spiketrains
from mockrawio.rasters.figure import save_raster_figure


def make_rasters(folder):
    """Make the groups' spikes, and everything that can be made of them, in `folder`."""
    spec = RasterSpec.from_toml(Path(__file__).with_name("groups.toml"))
    raster = generate_raster(spec)
    for name, ids in raster.groups.items():
        n_spikes = len(raster.group(name))
        print(f"{name}: nodes {ids.start} to {ids.stop - 1}, {n_spikes / len(ids) / spec.duration_s:.2f} Hz per unit")
    path = write_sonata(Path(folder) / "spikes.h5", raster, overwrite=True)
    print(f"{path}: {len(read_sonata(path))} spikes, as SONATA")
    print(f"{save_raster_figure(raster, Path(folder) / 'spikes.png')}: the figure")
    trains = to_spiketrains(raster)
    print(f"{len(trains)} Neo spike trains; the first: {len(trains[0])} spikes until {trains[0].t_stop}")
    make_session(path, raster, folder)


def make_session(path, raster, folder):
    """Make a session of one group's spikes, and compare what it holds."""
    inhibitory = raster.group("inhibitory")
    path = write_sonata(path.with_name("inhibitory.h5"), inhibitory, overwrite=True)
    spec = SessionSpec.tiny(spikes=path, units=Units(refractory_ms=0.0), seed=1)
    session = generate_session(spec, folder, overwrite=True)
    back = read_sonata(session_to_sonata(session, path.with_name("units.h5"), overwrite=True))
    print(f"{session}: a session of {back.n_units} units")
    print(f"its spikes, from SONATA and back, differ by {np.abs(back.times_ms - inhibitory.times_ms).max():.1e} ms")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make_rasters(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as temporary:
            make_rasters(temporary)
