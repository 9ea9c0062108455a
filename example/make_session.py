"""
Generate a session
==================

Generate a session with a gap from a seed, and look at its files.

Pass a folder for the session; by default a new temporary one is used. The session is
kept, and the script prints where::

    python example/make_session.py [ROOT]

The figure needs matplotlib (extra ``plot``).
"""

# %%
# A :class:`~mockrawio.SessionSpec` describes the session. This one has two
# segments, of 6 s and 4 s, with a gap between them. Printing it shows the defaults of
# all other fields:

import sys
from pathlib import Path
from pprint import pprint
from tempfile import mkdtemp

from mockrawio import MockSessionRawIO, SessionSpec, generate_session

root = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))

spec = SessionSpec(
    patient_id=1, session_nr=1, segments=(6.0, 4.0), n_channels=16, n_units=5, seed=2
)
pprint(spec)

# %%
# Write the files
# ---------------
#
# The session is a folder below the root, in the layout of :doc:`Epiphyte's data
# </format>`. The same spec and seed give the same bytes on any machine.

folder = generate_session(spec, root, overwrite=True)
print(folder)
for path in sorted(folder.rglob("*")):
    if path.is_file():
        print(f"{path.stat().st_size:>10,d}  {path.relative_to(folder)}")

# %%
# Plot the data
# -------------
#
# The local field potential with events, the spikes below, and the gap in both.

from mockrawio.ground.extras import by_extra
from mockrawio.report import plots

with by_extra("the figure", "plot"):
    from matplotlib.figure import Figure

figure = Figure(figsize=(9, 6), layout="constrained")
above, below = figure.subplots(2, 1, sharex=True)
with MockSessionRawIO(folder) as reader:
    plots.plot_traces(reader, 0, above)
    plots.plot_spikes(reader, below)
above.label_outer()
print("the figure:", plots.save_figure(figure, root / "session.png", dpi=100))
print("the session:", folder)
