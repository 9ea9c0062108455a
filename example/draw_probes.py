"""
Draw the named probes
=====================

Draw each probe with its default number of channels: contacts to scale, coloured by
shank. This needs no session and no network.

Pass a file for the figure; by default it is in a new temporary folder::

    python example/draw_probes.py [FIGURE]

It needs matplotlib, which the extra ``plot`` brings. ``mockrawio plot SESSION -o
probe.png --what probe`` draws the probe of a session in the same way.
"""

# %%
# These are the names for ``SessionSpec(probe=...)``:

import sys
from pathlib import Path
from tempfile import mkdtemp

from mockrawio.generate.probes import PROBES, probe_of

for name, probe in PROBES.items():
    print(f"{name}: {probe.what}; {probe.range} channels, {probe.default} by default")

# %%
# All probes
# ----------
#
# One panel for each, with its own scale.

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

if len(sys.argv) > 1:
    target = Path(sys.argv[1])
else:
    target = Path(mkdtemp(prefix="mockrawio-")) / "probes.png"

figure = Figure(figsize=(14, 8), layout="constrained")
panels = figure.subplots(2, -(-len(PROBES) // 2)).flat
for axes, name in zip(panels, PROBES, strict=False):
    plots.plot_contacts(probe_of(name), name, axes)
for axes in figure.axes[len(PROBES) :]:
    axes.remove()
figure.suptitle("The probes that have names")
print("the figure:", plots.save_figure(figure, target, dpi=100))

# %%
# One probe with different numbers of channels
# --------------------------------------------
#
# Choose the number of channels within the probe's range.

figure = Figure(figsize=(5, 6), layout="constrained")
plots.plot_contacts(
    probe_of("neuropixels-1.0", 24), "24 of Neuropixels 1.0", figure.subplots()
)
print("the figure:", plots.save_figure(figure, target.with_stem(f"{target.stem}_one")))
