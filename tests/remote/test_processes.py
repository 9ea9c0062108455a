"""Real clients that read an address from several processes: each opens it for itself, and none is told a secret."""

from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from tests.processes import fresh
from tests.remote.served import status
from tests.remote.test_faults import SECRET
from tests.remote.test_http import address

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # Python 3.12 warns of threads beside a fork
]
HOW = {"n_jobs": 2, "pool_engine": "process", "chunk_duration": "0.5s", "progress_bar": False}


@pytest.fixture
def locked(server):
    """A server that wants a password, a header and a signed query; ones that have not got them are sent away."""

    def fault(number, name):
        headers = server.asked[number].headers
        right = headers.get("X-Key") == SECRET and "Authorization" in headers
        return None if right else status(403)

    server.fault = fault
    return server


def secret_place(server, folder: Path) -> str:
    """Return the address of a session with all that is secret in it."""
    return f"{address(server, folder)}?sig={SECRET}".replace("http://", f"http://me:{SECRET}@")


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="a system without fork")
def test_spikeinterface_in_two_processes(locked, broadband, tmp_path):
    """SpikeInterface's noise levels and its own copy of a recording, in two processes, are those of the folder."""
    interop = pytest.importorskip("mockrawio.interop.spikeinterface")
    core = pytest.importorskip("spikeinterface.core")
    how = {"storage_options": {"headers": {"X-Key": SECRET}}}
    far = interop.read_mocksession(secret_place(locked, broadband), stream_id="broadband", **how)
    near = interop.read_mocksession(broadband, stream_id="broadband")
    drawn = {"return_in_uV": False, "force_recompute": True, "random_slices_kwargs": {"seed": 0}}
    expected = core.get_noise_levels(near, **drawn, n_jobs=1, progress_bar=False)
    np.testing.assert_array_equal(core.get_noise_levels(far, **drawn, **HOW), expected)
    locked.taken()
    kept = far.save(folder=tmp_path / "kept", verbose=False, **HOW)
    np.testing.assert_array_equal(kept.get_traces(), near.get_traces())
    assert locked.taken()
    written = [path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in data for data in written)


def test_dask_in_two_processes(server, broadband):
    """Dask's processes, which are new ones, compute of an address what the folder has, after the reader was closed."""
    dask = pytest.importorskip("dask")
    from mockrawio.interop.dask import to_dask_array

    with MockSessionRawIO(address(server, broadband)) as far, MockSessionRawIO(broadband) as near:
        lazy = to_dask_array(far, 1, chunks=(32_000, -1))
        expected = near.get_analogsignal_chunk(stream_index=1)
    server.taken()
    with dask.config.set({"multiprocessing.context": fresh()}):
        np.testing.assert_array_equal(lazy.compute(scheduler="processes", num_workers=2), expected)
    asked = [one for one in server.taken() if one.path.endswith("broadband.npy")]
    assert sum(one.sent for one in asked) <= 1.1 * expected.nbytes + (1 << 16) * len(asked)


def test_what_is_secret_does_not_travel(locked, broadband):
    """What is sent to another process has no secret in it."""
    how = {"storage_options": {"headers": {"X-Key": SECRET}}}
    with MockSessionRawIO(secret_place(locked, broadband), **how) as reader:
        from mockrawio.interop.dask import to_dask_array

        for sent in (reader, reader.stream(1), reader.unit(0), to_dask_array(reader, 1)):
            assert SECRET.encode() not in pickle.dumps(sent)
