"""
Make many sessions on a cluster
===============================

Two workers make sessions, are stopped and go on; one of the sessions is read lazily.

Run it with a folder for the sessions, or with nothing for a new temporary one, and
with the address of a Dask scheduler to have its workers make them::

    python example/make_corpus.py [ROOT [tcp://HOST:PORT]]

It needs the extras ``dask`` and ``plot``.
"""

# %%
# The workers
# -----------
#
# Without an address they are threads of this process, which is enough for a script.
# A cluster's own ``Client("tcp://...")`` takes their place; its workers must see the
# folder.

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
# The sessions
# ------------
#
# Specs come one by one: a corpus of millions is never held whole.


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
# A part of the corpus, as if the power had failed, and then all of it: what is there
# already is not made again. Each session gets a seed of its own from the corpus's.

begun = generate_corpus(
    itertools.islice(specs(2, 4), 5), root, client, progress=False, seed=0
)
print("begun:   ", begun.summary())
report = generate_corpus(specs(2, 4), root, client, progress=False, seed=0)
print("complete:", report)

# %%
# One of them, lazily
# -------------------
#
# Dask computes from a session's signals without having them in memory; xarray knows
# the channels by their regions.

with MockSessionRawIO(root / "patient_data" / "2" / "session_4") as reader:
    raw = to_dask_array(reader, stream_index=1, chunks=(16000, -1))
    recording = to_xarray(reader, stream_index=1, scaled=True)
print(raw)
print("largest count:", raw.max().compute())
region = recording.sel(time=slice(0.5, 1.0)).groupby("region").std(...)
for name, value in zip(region.region.values, region.values, strict=True):
    print(f"{name}: SD {value:.1f} {recording.units} from 0.5 s to 1 s")

# %%
# The spread of each channel, coloured by its region:

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
