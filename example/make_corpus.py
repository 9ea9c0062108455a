"""
Generate many sessions on a cluster
===================================

Generate sessions with two workers, interrupt and continue the run, and read one
session lazily.

Pass a folder for the sessions, by default a new temporary one, and optionally the
address of a Dask scheduler::

    python example/make_corpus.py [ROOT [tcp://HOST:PORT]]

It needs the extras ``dask`` and ``plot``.
"""

# %%
# Workers
# -------
#
# Without an address the workers are threads of this process, which is enough for a
# script. For a cluster use its ``Client("tcp://...")``; its workers must have access
# to the folder.

import itertools
import sys
from pathlib import Path
from tempfile import mkdtemp

from mockrawio import MockSessionRawIO, SessionSpec
from mockrawio.ground.extras import by_extra
from mockrawio.interop.dask import generate_corpus, to_dask_array, to_xarray
from mockrawio.report import plots

with by_extra("this example", "dask"):
    from distributed import Client

with by_extra("this example", "plot"):
    from matplotlib.figure import Figure

root = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp(prefix="mockrawio-"))
if len(sys.argv) > 2:
    client = Client(sys.argv[2])
else:
    client = Client(
        processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None
    )

# %%
# Sessions
# --------
#
# Specs are generated one by one, so even millions of them take no memory.


def specs(n_patients, n_sessions):
    """Yield the specs of all sessions of all patients."""
    patients, sessions = range(1, n_patients + 1), range(1, n_sessions + 1)
    for patient_id, session_nr in itertools.product(patients, sessions):
        yield SessionSpec.broadband(
            patient_id=patient_id,
            session_nr=session_nr,
            probe="bundles",
            n_channels=16,
            duration_s=2.0,
            n_units=3,
        )


# %%
# Generate a part of the corpus, as if the power had failed, and then all of it:
# existing sessions are kept. Each session gets its own seed, derived from the
# corpus's.

begun = generate_corpus(
    itertools.islice(specs(2, 4), 5), root, client, progress=False, seed=0
)
print("begun:   ", begun.summary())
report = generate_corpus(specs(2, 4), root, client, progress=False, seed=0)
print("complete:", report)

# %%
# Lazy reading
# ------------
#
# Dask processes a session's signals without loading all of them; xarray selects
# channels by region.

with MockSessionRawIO(root / "patient_data" / "2" / "session_4") as reader:
    raw = to_dask_array(reader, stream_index=1, chunks=(16000, -1))
    recording = to_xarray(reader, stream_index=1, scaled=True)
print(raw)
print("largest count:", raw.max().compute())
region = recording.sel(time=slice(0.5, 1.0)).groupby("region").std(...)
for name, value in zip(region.region.values, region.values, strict=True):
    print(f"{name}: SD {value:.1f} {recording.units} from 0.5 s to 1 s")

# %%
# Plot the standard deviation of each channel, coloured by region:

spread = recording.std("time").compute()
figure = Figure(figsize=(9, 3.5), layout="constrained")
axes = figure.subplots()
for name in region.region.values:
    own = spread[spread.region == name]
    axes.bar(own.channel.values, own.values, label=str(name))
axes.set(title="spread of the channels", ylabel=f"SD ({recording.units})")
axes.tick_params("x", rotation=60)
axes.legend()
print("the figure:", plots.save_figure(figure, root / "spread.png", dpi=100))
print("the sessions are below", root)
client.close()
