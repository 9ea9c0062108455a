"""A session in a bucket of a real S3 server on loopback, moto's; not collected where moto or s3fs is not installed."""

from __future__ import annotations

import pickle
import traceback

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec
from mockrawio.cli import main
from mockrawio.interop.corpus import generate_corpus
from tests.length import rounds
from tests.remote.proxy import proxied, replaced, shifted, short, silent, status
from tests.remote.reads import read_until
from tests.remote.served import reset as reset_connection
from tests.remote.test_faults import SECRET
from tests.remote.test_http import BLOCK, any_window, same

pytestmark = pytest.mark.slow

PREFIX = "lab/patient_data/1/session_1"
ADDRESS = f"s3://{PREFIX}"


def reset_by_proxy(handler, answer):
    """Break the connection off."""
    return reset_connection(handler)


class Counting:
    """An application that notes the requests that it passes on."""

    def __init__(self, application) -> None:
        self.application, self.asked = application, []

    def __call__(self, environ, start_response):
        """Answer."""
        sent = {}

        def start(status, headers, *more):
            sent.update(headers)
            return start_response(status, headers, *more)

        answer = self.application(environ, start)
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], int(sent.get("Content-Length", 0))))
        return answer

    def taken(self):
        """Return what was asked for since the last time."""
        taken, self.asked = self.asked, []
        return taken


@pytest.fixture(scope="module")
def moto():
    """The server, and what it was asked."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    counting = Counting(server._server.app)
    server._server.app = counting
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}", counting
    server.stop()


@pytest.fixture(scope="module")
def bucket(moto, broadband):
    """Options for a bucket with the session in it."""
    import boto3

    url, _ = moto
    how = {"aws_access_key_id": "me", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=url, **how)
    client.create_bucket(Bucket="lab")
    for file in broadband.rglob("*.*"):
        name = file.relative_to(broadband).as_posix()
        client.upload_file(str(file), "lab", f"{PREFIX[4:]}/{name}")
    yield {"endpoint_url": url, "key": "me", "secret": SECRET, "client_kwargs": {"region_name": "us-east-1"}}, client
    client.close()


def test_all_of_it_is_the_same(moto, bucket, broadband):
    """What a bucket has is what the folder has; the header is one request, a chunk another."""
    moto[1].taken()
    with MockSessionRawIO(ADDRESS, storage_options=bucket[0]) as far, MockSessionRawIO(broadband) as near:
        assert len(moto[1].taken()) == 1
        chunk = far.get_analogsignal_chunk(0, 0, 1000, 30_000, 1)
        ((method, path, sent),) = moto[1].taken()
        assert (method, path.rpartition("/")[2]) == ("GET", "broadband.npy")
        assert sent <= 1.1 * chunk.nbytes + BLOCK
        same(far, near)


@pytest.mark.at_length
@settings(max_examples=rounds(10, 20))
@given(data=st.data())
def test_any_window_is_the_local_one(data, windows):
    """Whatever samples, channels and times are asked for, a bucket gives what the folder gives."""
    any_window(data, windows)


@pytest.fixture(scope="module")
def windows(bucket, broadband):
    """A reader of a bucket and one of the folder."""
    with MockSessionRawIO(ADDRESS, storage_options=bucket[0]) as far, MockSessionRawIO(broadband) as near:
        yield far, near


def test_without_a_manifest_too(bucket, broadband):
    """Without a manifest the bucket says what there is."""
    options, client = bucket
    for file in broadband.rglob("*.*"):
        if file.name != "session_manifest.json":
            client.upload_file(str(file), "lab", f"bare/session_1/{file.relative_to(broadband).as_posix()}")
    where = "s3://lab/bare/session_1"
    with MockSessionRawIO(where, storage_options=options) as far, MockSessionRawIO(broadband) as near:
        same(far, near)


def test_an_object_that_is_replaced(bucket, broadband, tmp_path):
    """An object of another ETag than before is an error."""
    options, client = bucket
    with MockSessionRawIO(ADDRESS, storage_options=options) as reader:
        reader.get_analogsignal_chunk(0, 0, 0, 20_000, 1)
        array = broadband / "raw_data" / "broadband.npy"
        key = f"{PREFIX[4:]}/raw_data/broadband.npy"
        client.put_object(Bucket="lab", Key=key, Body=array.read_bytes()[:-1] + b"\x07")
        try:
            with pytest.raises(MockSessionError, match="has changed since"):
                reader.get_analogsignal_chunk(0, 0, 30_000, 50_000, 1)
        finally:
            client.upload_file(str(array), "lab", key)


@pytest.fixture
def faulty(moto, bucket, soon):
    """A proxy before the server, and options that go through it."""
    with proxied(moto[0]) as proxy:
        waits = {"config_kwargs": {"read_timeout": 0.2, "connect_timeout": 5}}
        yield proxy, {**bucket[0], "endpoint_url": proxy.url, **waits}


@pytest.mark.at_length
def test_100_faults(faulty, broadband):
    """With one of six kinds of fault in three answers of ten, what is read is right, or an error says why not."""
    proxy, options = faulty
    kinds = [reset_by_proxy, short, silent, shifted, status(500), status(503)]
    draws, hit, most = np.random.default_rng(3), [0], rounds(30, 100)

    def fault(number, path):
        if draws.random() >= 0.3:
            return None
        hit[0] += 1
        return kinds[hit[0] % len(kinds)]

    with MockSessionRawIO(broadband) as near, MockSessionRawIO(ADDRESS, storage_options=options) as far:
        proxy.fault = fault
        failed, right = read_until(lambda: hit[0] >= most, near, far, draws)
    # A read fails with 0.3 ** 5 = 0.24 %: of some 240 reads more than 6 are a chance of 1e-5, of fewer a lesser one.
    assert failed <= 6
    assert right > most


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (reset_by_proxy, "5 times"),
        (short, "5 times"),
        (silent, "Timeout.*5 times"),
        (shifted, "another range than was asked for, 5 times"),
        (status(503), "status 503 InternalError, 5 times"),
        (status(403), "may not be read: AccessDenied"),
        (replaced, "has changed since"),
    ],
    ids=["reset", "short", "silent", "shifted", "503", "403", "replaced"],
)
def test_what_stays_is_an_error(faulty, fault, said):
    """A fault that stays is an error after five requests, with the place and the fault, and nothing secret."""
    proxy, options = faulty
    with MockSessionRawIO(ADDRESS, storage_options=options) as reader:
        reader.get_analogsignal_chunk(0, 0, 0, 20_000, 1)
        proxy.asked.clear()
        proxy.fault = lambda number, path: fault
        with pytest.raises(MockSessionError, match=said) as caught:
            reader.get_analogsignal_chunk(0, 0, 30_000, 50_000, 1)
    most = 10 if fault is reset_by_proxy else 5  # aiohttp asks once more where a connection that was kept is gone
    assert 5 <= len(proxy.asked) <= most if "5 times" in said else len(proxy.asked) == 1
    assert ADDRESS in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_the_command_writes_to_a_bucket(moto, bucket, monkeypatch):
    """``mockrawio generate s3://...`` has keys from the environment; what it makes is read and verified."""
    given = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": moto[0]}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    moto[1].taken()
    run, place = CliRunner().invoke, "s3://lab/made"
    made = run(main, ["generate", place, "--duration", "1", "--units", "1", "--seed", "1", "--no-progress"])
    session = f"{place}/patient_data/1/session_1"
    assert (made.exit_code, made.output.strip()) == (0, session)
    asked = [method for method, _, _ in moto[1].taken()]
    for command in (["info", session], ["verify", session]):
        done = run(main, command)
        assert done.exit_code == 0, done.output
    many = ["generate", place, "--duration", "1", "--units", "1", "--seed", "1", "--no-progress", "--sessions", "2-3"]
    assert run(main, many).exit_code == 0
    assert "2 there already" in run(main, many).output
    with MockSessionRawIO(f"{place}/patient_data/1/session_3") as reader:
        assert reader.spike_channels_count() == 1
    keys = [one["Key"] for one in bucket[1].list_objects_v2(Bucket="lab", Prefix="made/")["Contents"]]
    assert not any("unfinished" in key or "failures" in key for key in keys)
    # Whether there is a manifest, what else there is (s3fs asks thrice), and the note, put and removed.
    assert len(asked) <= sum("session_1/" in key for key in keys) + 6


def test_a_bucket_that_is_not_there(bucket):
    """Writing to a bucket that there is none of is an error that says where, and tells no key."""
    how = {"progress": False, "retries": 0, "storage_options": bucket[0]}
    with pytest.warns(UserWarning, match=r"corpus_failures\.csv: could not be written") as caught:
        (failure,) = generate_corpus([SessionSpec.tiny(seed=1)], "s3://nowhere/x", **how).failed
    assert "s3://nowhere/x" in failure.error
    assert SECRET not in failure.error + str(caught[0].message)


def test_nothing_secret_is_told(bucket, monkeypatch):
    """Keys are in no pickle and no message; what is not there is said to be so."""
    options, _ = bucket
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    reader = MockSessionRawIO(ADDRESS, storage_options=options)
    reader.parse_header()
    held = pickle.dumps(reader)
    assert SECRET.encode() not in held
    np.testing.assert_array_equal(
        pickle.loads(held).get_analogsignal_chunk(0, 0, 0, 10, 1), reader.get_analogsignal_chunk(0, 0, 0, 10, 1)
    )
    with pytest.raises(MockSessionError, match="found none of them"):
        MockSessionRawIO("s3://lab/none", storage_options=options).parse_header()
