"""Sessions with gaps: their header is one request too, and gives the segments that the files give."""

from __future__ import annotations

import json
import shutil
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec
from mockrawio.formats.said import Knots
from mockrawio.ground.disk import DiskFolder
from mockrawio.ground.folder import File
from mockrawio.ground.writing import file_record
from mockrawio.session import indexing
from mockrawio.session.files import open_lfp
from mockrawio.session.layout import MANIFEST
from mockrawio.session.manifest import manifest_bytes
from mockrawio.verify import verify_session
from tests.handmade import T0, Handmade, save_dict
from tests.length import rounds
from tests.manifests import rewrite, unsealed
from tests.remote.served import serving
from tests.remote.test_http import address

SPEC = SessionSpec.broadband(
    segments=(2.0, 1.5, 1.0), gap_s=1.0, n_channels=4, n_units=3, n_lfp_channels=4, movie_pauses=True, seed=5
)


@pytest.fixture(scope="module")
def gaps(mock_session) -> Path:
    """A session of three segments, with logs."""
    return mock_session(SPEC)


def alike(far: MockSessionRawIO, near: MockSessionRawIO) -> None:
    """Hold that two readers have the same segments, and the same in each."""
    assert far.segment_count(0) == near.segment_count(0)
    for seg in range(near.segment_count(0)):
        ends = [(one.segment_t_start(0, seg), one.segment_t_stop(0, seg)) for one in (far, near)]
        assert ends[0] == ends[1]
        for stream in range(near.signal_streams_count()):
            facts = [
                (one.get_signal_size(0, seg, stream), one.get_signal_t_start(0, seg, stream)) for one in (far, near)
            ]
            assert facts[0] == facts[1]
        for unit in range(near.spike_channels_count()):
            assert far.spike_count(0, seg, unit) == near.spike_count(0, seg, unit)


def read_alike(far: MockSessionRawIO, near: MockSessionRawIO) -> None:
    """Hold that two readers read the same signals, spikes and events of each segment."""
    for seg in range(near.segment_count(0)):
        for stream in range(near.signal_streams_count()):
            np.testing.assert_array_equal(
                *(one.get_analogsignal_chunk(0, seg, stream_index=stream) for one in (far, near))
            )
        for unit in range(near.spike_channels_count()):
            np.testing.assert_array_equal(*(one.get_spike_timestamps(0, seg, unit) for one in (far, near)))
        for channel in range(near.event_channels_count()):
            np.testing.assert_array_equal(*(one.get_event_timestamps(0, seg, channel)[0] for one in (far, near)))


@pytest.mark.parametrize("exclude", [(), "lfp_data/CSC2_*", ("raw_data/*", "spiking_data/CSC1_*")])
def test_the_header_is_one_request(gaps, exclude):
    """Segments, sizes, times and counts of spikes come with the manifest, whatever is left out."""
    with (
        serving(gaps.parent) as server,
        MockSessionRawIO(address(server, gaps), exclude=exclude) as far,
        MockSessionRawIO(gaps, exclude=exclude) as near,
    ):
        alike(far, near)
        (only,) = server.taken()
        assert only.path.endswith(MANIFEST)
        assert near.segment_count(0) == 3
        read_alike(far, near)


def test_without_an_index(gaps, tmp_path):
    """Without a manifest, and where there are more gaps than an index takes, the files say the same."""
    folder = Path(shutil.copytree(gaps, tmp_path / "session_1"))
    with serving(tmp_path) as server, MockSessionRawIO(gaps) as near:
        content = unsealed(folder)
        for said in (*content["index"].values(),):
            for array in said.get("values", {}).values():
                if isinstance(array, dict) and "steps" in array:
                    array["steps"] = None
        rewrite(folder, index=content["index"])
        with MockSessionRawIO(address(server, folder)) as far:
            alike(far, near)
        asked = server.taken()
        files = {one.path for one in asked}
        assert len(files) == 1 + 4 + 3  # the manifest, the LFPs, the units
        assert len(asked) <= 1 + 3 * 4 + 3 * 2
        (folder / MANIFEST).unlink()
        with MockSessionRawIO(address(server, folder)) as far:
            alike(far, near)
            read_alike(far, near)


def test_more_gaps_than_an_index_takes(gaps, monkeypatch):
    """An index has so many steps in all, or none: with two gaps, four channels and three units they are 14."""
    folder = DiskFolder(str(gaps))
    names = [name for name, _ in folder.walk()]
    for most, there in ((14, True), (13, False)):
        monkeypatch.setattr(indexing, "MOST_STEPS", most)
        index = indexing.index_of(folder, names)
        steps = [index[name]["values"]["ts"]["steps"] for name in index if name.startswith("lfp_data")]
        assert [one is not None for one in steps] == [there] * 4
        assert all(indexing.is_so(File(folder, name), said) for name, said in index.items())


class Said(DiskFolder):
    """A folder of which something is said."""

    what = None

    def said(self, name):
        """Return it."""
        return self.what


def stamps(draw) -> tuple[np.ndarray, float]:
    """Draw stamps with gaps, lost samples, ticks of a clock that is off, and jitter; and their rate in Hz."""
    rate = draw(st.sampled_from([1000.0, 500.0, 30000.0, 1234.5]))
    off = draw(st.sampled_from([0.0, 0.0, 1e-4, -1e-4, 1.5e-3]))
    steps = np.full(draw(st.integers(2, 3000)), 1000 / rate * (1 + off))
    for at in draw(st.lists(st.integers(1, len(steps) - 1), max_size=6)):
        steps[at] *= draw(st.sampled_from([0.0, 0.5, 2.0, 3.0, 700.0]))
    steps[0] = 0.0
    found = T0 + np.cumsum(steps)
    kind = draw(st.sampled_from(["float", "int", "micro"]))
    return (found if kind == "float" else np.rint(found * (1000 if kind == "micro" else 1)).astype(np.int64)), rate


@pytest.mark.at_length
@settings(max_examples=rounds(30, 60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_said_of_stamps_is_what_they_say(data, tmp_path):
    """Whatever a channel's stamps are, steps in the index give the runs, rate, drift or error that all of them give."""
    ts, rate = stamps(data.draw)
    save_dict(
        tmp_path / "lfp_data" / "CSC1_lfp.npy",
        {"ts": ts, "samples": np.zeros(ts.size, np.int16), "sampling_rate": rate},
    )
    near, far = DiskFolder(str(tmp_path)), Said(str(tmp_path))
    far.what = json.loads(json.dumps(indexing.entry_of(File(near, "lfp_data/CSC1_lfp.npy"))))
    tolerance = data.draw(st.sampled_from([None, 0.2, 5.0]))
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for folder in (near, far):
            try:
                one = open_lfp(File(folder, "lfp_data/CSC1_lfp.npy"), tolerance_ms=tolerance)
                found.append((one.runs, one.sampling_rate, one.drift_ms, one.divisor))
            except MockSessionError as error:
                found.append(str(error))
    assert found[0] == found[1]


def test_a_day_with_gaps_needs_few_numbers(tmp_path):
    """Of 5 million stamps with 20 gaps the index has 20 steps."""
    ts = T0 + np.arange(5_000_000)
    for k in range(1, 21):
        ts[k * 200_000 :] += 1000 * k
    save_dict(tmp_path / "lfp_data" / "CSC1_lfp.npy", {"ts": ts, "samples": np.zeros(ts.size, np.int16)})
    entry = indexing.entry_of(File(DiskFolder(str(tmp_path)), "lfp_data/CSC1_lfp.npy"))
    assert [step[0] for step in entry["values"]["ts"]["steps"]] == list(range(200_000, 4_200_000, 200_000))


def test_knots():
    """Items that were said are given as they are, others between them; a place between two of them is not known."""
    knots = Knots(10, (0.0, 18.0), [(4, 6.0, 10.0)])
    assert [knots[k] for k in range(10)] == [0.0, 2.0, 4.0, 6.0, 10.0, 11.6, 13.2, 14.8, 16.4, 18.0]
    assert [knots.known(k) for k in (0, 1, 3, 4, 9)] == [0.0, None, 6.0, 10.0, 18.0]
    assert [knots.place(x, 1) for x in (-1, 0, 0.5, 6.5, 10, 12, 18.5)] == [0, 0, None, 4, 4, None, 10]


@pytest.mark.parametrize(
    "steps",
    [
        {},
        [1],
        [[0, 1, 1]],
        [[2000, T0, T0 + 9], [1000, T0, T0 + 9]],
        [[10**9, T0, T0]],
        [[1.0, T0, T0]],
        [[True, T0, T0]],
        [[2000, "x", T0]],
        [[2000, T0, 2**65]],
        [[2000, T0]],
    ],
)
def test_steps_that_cannot_be(gaps, tmp_path, steps):
    """Steps that are none, out of order, of other numbers or beyond the array are refused, by their file."""
    folder = Path(shutil.copytree(gaps, tmp_path / "session_1"))
    content = unsealed(folder)
    content["index"]["lfp_data/CSC1_lfp.npy"]["values"]["ts"]["steps"] = steps
    rewrite(folder, index=content["index"])
    with serving(tmp_path) as server, pytest.raises(MockSessionError, match=r"CSC1_lfp.*as its manifest says it"):
        MockSessionRawIO(address(server, folder)).parse_header()


@pytest.mark.parametrize(
    ("name", "key"), [("lfp_data/CSC3_lfp.npy", "ts"), ("spiking_data/CSC1_SU1.npy", "spike_times")]
)
def test_verify_finds_steps_that_are_not_so(gaps, tmp_path, name, key):
    """A step that the file does not have is told; those that it has are not."""
    assert verify_session(gaps).ok
    folder = Path(shutil.copytree(gaps, tmp_path / "session_1"))
    content = unsealed(folder)
    content["index"][name]["values"][key]["steps"][0][2] += 1
    rewrite(folder, index=content["index"])
    assert any("an 'index' that says" in problem and name in problem for problem in verify_session(folder).problems)


@pytest.mark.at_length
@settings(max_examples=rounds(15, 40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hostile_steps(data, gaps, tmp_path):
    """Whatever steps an index says, reading gives data within the files, or our own error."""
    folder = tmp_path / "session_1"
    if not folder.exists():
        shutil.copytree(gaps, folder)
    index = unsealed(gaps)["index"]
    stepped = [array for said in index.values() for array in said.get("values", {}).values() if isinstance(array, dict)]
    stepped = [array for array in stepped if "steps" in array]
    for _ in range(data.draw(st.integers(1, 4))):
        step = data.draw(st.sampled_from(data.draw(st.sampled_from(stepped))["steps"] or [[0, 0, 0]]))
        place = data.draw(st.integers(0, 2))
        step[place] += data.draw(st.sampled_from([-(10**12), -5000, -1, 1, 3, 1000, 10**12]))
    shutil.copy(gaps / MANIFEST, folder / MANIFEST)
    rewrite(folder, index=index)
    with serving(tmp_path) as server, suppress(MockSessionError), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with MockSessionRawIO(address(server, folder)) as reader:
            for seg in range(reader.segment_count(0)):
                reader.segment_t_stop(0, seg)
                for stream in range(reader.signal_streams_count()):
                    reader.get_analogsignal_chunk(0, seg, stream_index=stream)
                for unit in range(reader.spike_channels_count()):
                    assert reader.spike_count(0, seg, unit) >= 0
                    reader.get_spike_timestamps(0, seg, unit)


def test_what_other_people_wrote(tmp_path):
    """Channels with gaps of their own, in µs and in ms, and a unit, have an index that a reader agrees with."""
    made = Handmade(tmp_path / "session_1")
    ts = T0 + np.arange(4000)
    ts[2500:] += 300
    made.lfp(1, samples=np.arange(4000, dtype=np.int16), ts=ts)
    made.lfp(2, samples=np.arange(4000, dtype=np.int16), ts=(ts + 40 * (np.arange(4000) >= 1000)) * 1000)
    made.unit(times=T0 + np.sort(np.random.default_rng(1).uniform(0, 4000, 50)))
    folder = DiskFolder(str(made.folder))
    names = [name for name, _ in folder.walk()]
    records = {name: file_record(made.folder / name) for name in names}
    (made.folder / MANIFEST).write_bytes(manifest_bytes({}, records, index=indexing.index_of(folder, names)))
    with (
        serving(tmp_path) as server,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UserWarning)
        far, near = MockSessionRawIO(address(server, made.folder)), MockSessionRawIO(made.folder)
        for reader in (far, near):
            reader.parse_header()
        alike(far, near)
        assert near.segment_count(0) == 3
        assert len(server.taken()) == 1
