"""A session in a bucket of a real S3 server on loopback, moto's; not collected where moto or s3fs is not installed."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from mockrawio import MockSessionError, MockSessionRawIO
from tests.remote.test_faults import SECRET
from tests.remote.test_http import BLOCK, any_window, same

pytestmark = pytest.mark.slow

PREFIX = "lab/patient_data/1/session_1"
ADDRESS = f"s3://{PREFIX}"


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


@settings(max_examples=20)
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
