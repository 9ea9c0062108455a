"""
Generate spike rasters of functional groups
===========================================

Generate spikes of groups of units, write them as SONATA, draw them, and use them in a
session.

Pass a folder for the files; by default a new temporary one is used. The files are
kept, and the script prints where::

    python example/make_rasters.py [FOLDER]

It needs the extras ``sonata`` and ``plot``. The groups are those of groups.toml
in the same folder.
"""

# %%
# Groups
# ------
#
# A file lists the groups with their names, numbers of units and firing:

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from mockrawio import SessionSpec, generate_session
from mockrawio.generate import Units
from mockrawio.rasters import RasterSpec, generate_raster, read_sonata, write_sonata
from mockrawio.rasters.bridges import session_to_sonata, to_spiketrains
from mockrawio.rasters.figure import save_raster_figure

folder = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))

groups = Path(__file__).with_name("groups.toml")
print(groups.read_text())

# %%
# Spikes
# ------

spec = RasterSpec.from_toml(groups)
raster = generate_raster(spec)
for name, ids in raster.groups.items():
    rate = len(raster.group(name)) / len(ids) / spec.duration_s
    print(f"{name}: nodes {ids.start} to {ids.stop - 1}, {rate:.2f} Hz per unit")
print("the figure:", save_raster_figure(raster, folder / "spikes.png"))

# %%
# Files and Neo objects
# ---------------------

path = write_sonata(folder / "spikes.h5", raster, overwrite=True)
print(f"{path}: {len(read_sonata(path))} spikes, as SONATA")
trains = to_spiketrains(raster)
print(len(trains), "Neo spike trains")
print(f"the first: {len(trains[0])} spikes until {trains[0].t_stop}")

# %%
# Session
# -------
#
# Use the spikes of one group as the units of a session. Exported again, their times in
# ms are the same to the last digit.

inhibitory = raster.group("inhibitory")
path = write_sonata(folder / "inhibitory.h5", inhibitory, overwrite=True)
spec = SessionSpec.tiny(spikes=path, units=Units(refractory_ms=0.0), seed=1)
session = generate_session(spec, folder, overwrite=True)
back = read_sonata(session_to_sonata(session, folder / "units.h5", overwrite=True))
print(f"{session}: a session of {back.n_units} units")
off = np.abs(back.times_ms - inhibitory.times_ms).max()
print(f"its spikes, from SONATA and back, differ by {off:.1e} ms")
print("the figure:", save_raster_figure(back, folder / "units.png"))
print("all files are in", folder)
