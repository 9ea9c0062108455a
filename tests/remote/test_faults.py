"""What goes wrong on the way: the right data or an error that says what it was, and nothing that is secret."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
import time
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.ground.errors import BadFileError
from mockrawio.ground.remote.folder import RemoteFolder
from tests.length import rounds
from tests.remote.reads import read_until
from tests.remote.served import redirect, reset, serving, short, status
from tests.remote.test_http import address

pytestmark = pytest.mark.usefixtures("soon")
SECRET = "hunter2"


@pytest.mark.at_length
@pytest.mark.slow
def test_500_faults(server, broadband):
    """With one of five kinds of fault in three answers of ten, what is read is right, or an error says why not."""
    kinds = [reset, short, status(500), status(503), status(429)]
    draws, hit, most = np.random.default_rng(20), [0], rounds(100, 500)

    def fault(number, name):
        if draws.random() >= 0.3:
            return None
        hit[0] += 1
        return kinds[draws.integers(len(kinds))]

    with MockSessionRawIO(broadband) as near, MockSessionRawIO(address(server, broadband)) as far:
        server.fault = fault
        failed, right = read_until(lambda: hit[0] >= most, near, far, draws)
    # A read fails with 0.3 ** 5 = 0.24 %: of some 1200 reads more than 15 are a chance of 1e-7, of 240 more than 6 of
    # 1e-5.
    assert failed <= rounds(6, 15)
    assert right > most


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (reset, "5 times"),
        (short, "5 times"),
        (status(503), "status 503, 5 times"),
        (status(403), "status 403.*storage_options"),
        (redirect("file:///etc/passwd"), "a redirect to what is no HTTP"),
        (redirect("/again"), "redirects"),
    ],
    ids=["reset", "short", "503", "403", "file", "loop"],
)
def test_what_stays_is_an_error(server, broadband, fault, said):
    """A fault that stays, and what a hostile server may answer, is an error with the place, the fault and a remedy."""
    server.fault = lambda number, name: fault
    with pytest.raises(MockSessionError, match=said) as caught:
        MockSessionRawIO(address(server, broadband))
    assert server.url in str(caught.value)


def answer(start, stop, size, data, **more):
    """Return a fault that answers any range as it says."""
    headers = {"Content-Range": f"bytes {start}-{stop - 1}/{size}", "Content-Length": str(len(data)), **more}
    return lambda handler: handler.reply(206, data, headers)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (answer(0, 10, 10, b"x" * (5 << 20)), "more than the 4194304 bytes"),
        (answer(7, 17, 4096, b"x" * 10), "another range.*5 times"),
        (answer(0, 10, 10, b"x" * 10, **{"Content-Encoding": "gzip"}), "an encoded answer"),
        (answer("a", 1, 1, b"x"), "no Content-Range"),
        (answer(0, 1 << 22, 10**17, b"x" * (1 << 22)), "at most 64 MiB of text"),
    ],
    ids=["more", "other", "gzip", "none", "huge"],
)
def test_hostile_answers(server, broadband, fault, said):
    """What a server says is not believed: other ranges, more bytes, packed ones, and sizes without end are refused."""
    server.fault = lambda number, name: fault
    with pytest.raises(MockSessionError, match=said):
        MockSessionRawIO(address(server, broadband))


@pytest.mark.at_length
@settings(max_examples=rounds(20, 60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_hostile_index(data, manifest, broadband, tmp_path):
    """Whatever the index says, reading gives what the files hold, other data within them, or our own error."""
    folder = tmp_path / "session_1"
    if not folder.exists():
        shutil.copytree(broadband, folder)
    said = copy.deepcopy(manifest)
    for _ in range(data.draw(st.integers(1, 3))):
        at, key = said["index"], data.draw(st.sampled_from(sorted(said["index"])))
        while isinstance(at[key], (dict, list)) and at[key] and data.draw(st.integers(0, 9)):
            at = at[key]
            key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        at[key] = copy.deepcopy(data.draw(ODD))  # what is drawn may be drawn again
    (folder / "session_manifest.json").write_text(json.dumps(said), "utf-8")
    with serving(tmp_path) as server, suppress(MockSessionError), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with MockSessionRawIO(address(server, folder)) as reader:
            for stream in range(reader.signal_streams_count()):
                reader.get_analogsignal_chunk(0, 0, 0, 10, stream)
            for unit in range(reader.spike_channels_count()):
                reader.get_spike_timestamps(0, 0, unit)
                reader.get_spike_raw_waveforms(0, 0, unit)
            for channel in range(reader.event_channels_count()):
                reader.get_event_timestamps(0, 0, channel)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(0, 3000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "<i8", "<f8", "<i2", ">i2", "|O", "<M8", "F", "text", "1e999", "\x1b[2J", "{}"]),
    st.just({}),
    st.just([]),
    st.just({"array": ["<i2", [2**40], "C", 0]}),
    st.just({"array": ["<f8", [3], "C", 128], "ends": [1e18, 5]}),
    st.just({"values": {}}),
    st.just({"array": ["<f8", [9], "C", 128], "ends": [0.0, 1.0], "steps": [[3, 5.0, 1.0]]}),
    st.just([[1, 2.0, 3.0], [1, 2.0, 3.0]]),
    st.just({"text": "[]"}),
)


@pytest.fixture(scope="module")
def manifest(broadband):
    """What the manifest of the session says."""
    said = json.loads((broadband / "session_manifest.json").read_text("ascii"))
    said.pop("manifest_sha256")  # a stranger can leave it out
    return said


def test_a_folder_below(server, broadband):
    """A folder in an address is asked for with what was given for that, and shows none of it."""
    place = f"{server.url}?sig={SECRET}".replace("http://", f"http://me:{SECRET}@")
    root = RemoteFolder(place, storage_options={"headers": {"X-Key": SECRET}})
    inner = root.below("session_1").below("raw_data")
    assert inner.hold("broadband.json")
    (asked,) = server.taken()
    assert (asked.path, asked.headers["X-Key"]) == ("session_1/raw_data/broadband.json", SECRET)
    assert "Authorization" in asked.headers
    assert SECRET not in f"{inner}{vars(inner)}{pickle.dumps(inner)}"
    assert str(pickle.loads(pickle.dumps(inner))) == f"{server.url}/session_1/raw_data"


def test_a_damaged_index(broadband, tmp_path):
    """A digit of the index that has changed on the way is told before anything is read by it."""
    folder = Path(shutil.copytree(broadband, tmp_path / "session_1"))
    manifest = folder / "session_manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"C", 128]', b'"C", 120]', 1))
    with serving(tmp_path) as server, pytest.raises(BadFileError, match="'manifest_sha256'"):
        MockSessionRawIO(address(server, folder))


def test_a_silent_server(server, broadband):
    """A server that does not answer is given up after the time that storage_options give it."""
    aiohttp = pytest.importorskip("aiohttp")
    server.fault = lambda number, name: lambda handler: time.sleep(0.5) or True
    with pytest.raises(BadFileError, match=r"Timeout.*5 times"):
        MockSessionRawIO(address(server, broadband), storage_options={"timeout": aiohttp.ClientTimeout(total=0.05)})


def test_a_fault_in_between_is_not_seen(server, broadband):
    """One fault in the middle of a header is tried again."""
    server.fault = lambda number, name: reset if number == 0 else None
    with MockSessionRawIO(address(server, broadband)) as reader:
        assert reader.signal_streams_count() == 2


def test_nothing_secret_is_told(server, broadband):
    """A password, a signed query and a header reach the server, and neither a message, a pickle nor what is shown."""
    plain = address(server, broadband)
    signed = f"{plain}?sig={SECRET}".replace("http://", f"http://me:{SECRET}@")
    reader = MockSessionRawIO(signed, storage_options={"headers": {"X-Key": SECRET}})
    reader.parse_header()
    (asked,) = server.taken()
    assert asked.headers["X-Key"] == SECRET
    assert asked.headers["Authorization"].startswith("Basic ")
    held = pickle.dumps(reader)
    other = pickle.loads(held)
    server.fault = lambda number, name: status(500)
    with pytest.raises(MockSessionError) as caught:
        other.get_analogsignal_chunk(0, 0, 0, 100, 1)
    assert server.taken()[0].headers["X-Key"] == SECRET  # in this process, a pickle still has what was given
    said = "".join(traceback.format_exception(caught.value))
    for text in (held.decode("latin-1"), said, str(reader), repr(reader), reader.dirname, str(vars(reader))):
        assert SECRET not in text
    with pytest.raises(MockSessionError) as caught:
        MockSessionRawIO(signed)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
