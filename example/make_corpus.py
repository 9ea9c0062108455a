"""
Make many sessions on a cluster
===============================

Two processes make sessions, are stopped and go on; one of the sessions is read lazily.

Run it with a folder to keep the sessions there, and with the address of a Dask scheduler to have
its workers make them, or with nothing for a temporary folder and a cluster on this machine::

    python example/make_corpus.py [ROOT [tcp://HOST:PORT]]
"""

import itertools
import sys
import tempfile

from mockrawio import MockSessionRawIO, SessionSpec
from mockrawio.ground.extras import by_extra
from mockrawio.interop.dask import generate_corpus, to_dask_array, to_xarray

with by_extra("this example", "dask"):
    from distributed import Client, LocalCluster


def specs(n_patients, n_sessions):
    """Yield the specs one by one: a corpus of millions is never held whole."""
    for patient_id, session_nr in itertools.product(range(1, n_patients + 1), range(1, n_sessions + 1)):
        who = {"patient_id": patient_id, "session_nr": session_nr}
        yield SessionSpec.broadband(**who, probe="bundles", n_channels=16, duration_s=2.0, n_units=3)


def make_corpus(root, client):
    """Make a part of the corpus, then all of it: what is there already is not made again."""
    begun = generate_corpus(itertools.islice(specs(2, 4), 5), root, client, progress=False, seed=0)
    print("begun:   ", begun.summary())
    report = generate_corpus(specs(2, 4), root, client, progress=False, seed=0)
    print("complete:", report)


def read_one(folder):
    """Compute from a session's signals without having them in memory."""
    with MockSessionRawIO(dirname=folder) as reader:
        raw = to_dask_array(reader, stream_index=1, chunks=(16000, -1))
        recording = to_xarray(reader, stream_index=1, scaled=True)
    print(raw)
    print("largest count:", raw.max().compute())
    region = recording.sel(time=slice(0.5, 1.0)).groupby("region").std(...)
    for name, value in zip(region.region.values, region.values, strict=True):
        print(f"{name}: SD {value:.1f} {recording.units} from 0.5 s to 1 s")


def run(root, client):
    make_corpus(root, client)
    read_one(f"{root}/patient_data/2/session_4")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run(sys.argv[1], sys.argv[2])
    else:
        with (
            LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
            Client(cluster) as client,
            tempfile.TemporaryDirectory() as temporary,
        ):
            run(sys.argv[1] if len(sys.argv) > 1 else temporary, client)
