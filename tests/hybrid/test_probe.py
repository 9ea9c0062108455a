"""Probes: the built-in ones, what is refused, equality, and their files."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockrawio.ground.errors import BadFileError, MockSessionError
from mockrawio.hybrid import Probe, custom_probe, eMouse, neuropixels3a
from tests.hybrid.samples import HYBRID
from tests.length import rounds

NAN = float("nan")


def small(**changes):
    fields = {
        "channel_map": [2, 0, 1],
        "connected": [True, True, False],
        "channel_positions": [[0, 0], [0, 20], [NAN, NAN]],
        **changes,
    }
    return custom_probe(**fields)


@pytest.mark.parametrize(
    ("probe", "prefix"),
    [(eMouse(), "emouse"), (neuropixels3a(), "np3a"), (neuropixels3a(sync_channel=False), "np3a_nosync")],
    ids=["eMouse", "3A", "3A without sync"],
)
def test_built_in_probes_are_the_originals(probe, prefix):
    """Map, connected sites and positions are those that the original's constructors gave."""
    with np.load(HYBRID / "original_intermediates.npz") as original:
        np.testing.assert_array_equal(probe.channel_map, original[f"{prefix}_map"])
        np.testing.assert_array_equal(probe.connected, original[f"{prefix}_connected"])
        np.testing.assert_array_equal(probe.channel_positions, original[f"{prefix}_pos"])


def test_built_in_names():
    """The names are hybridfactory's."""
    assert (neuropixels3a().name, eMouse().name, small().name) == ("Neuropixels Phase 3A", "eMouse", "Custom")


@pytest.mark.at_length
@settings(max_examples=rounds(35, 100))
@given(st.permutations(range(6)))
def test_inverse_map(rows):
    """The inverse map undoes the channel map."""
    probe = custom_probe(rows, [True] * 6, np.zeros((6, 2)))
    np.testing.assert_array_equal(probe.inverse_map[probe.channel_map], np.arange(6))
    assert probe.inverse_map.dtype == np.int64


def test_arrays_are_own_and_read_only():
    """The probe keeps copies in fixed types that nobody can change, after unpickling too."""
    rows = np.array([[1], [0]], np.uint8)
    probe = Probe(rows, np.array([True, False]), np.zeros((2, 3), np.float32))
    rows[:] = 7
    for one in (probe, pickle.loads(pickle.dumps(probe))):
        arrays = (one.channel_map, one.connected, one.channel_positions, one.inverse_map)
        assert [a.dtype.str[1:] for a in arrays] == ["i8", "b1", "f8", "i8"]
        assert not any(a.flags.writeable for a in arrays)
        assert one.channel_map.tolist() == [1, 0]
    assert probe.n_channels == 2


BAD = [
    ({"channel_map": [0, 1, 1]}, "channel_map: expected every raw row 0 to 2 once"),
    ({"channel_map": [1, 2, 3]}, "count from 0"),
    ({"channel_map": [0.0, 1.0, 2.0]}, "whole numbers"),
    ({"channel_map": [[0, 1], [2, 3]]}, "one dimension"),
    ({"channel_map": []}, "channel_map"),
    ({"channel_map": [[0], [1, 2]]}, "rows of unequal length"),
    ({"connected": [1, 1, 0]}, "connected: expected bools"),
    ({"connected": [True, True]}, "one bool a row"),
    ({"channel_positions": [[0, 0], [0, 1]]}, "channel_positions"),
    ({"channel_positions": [[0], [1], [2]]}, "two or more coordinates"),
    ({"channel_positions": [["a", "b"]] * 3}, "numbers"),
    ({"channel_positions": [[0, 0], [NAN, 0], [0, 0]]}, "found none at entry 1"),
    ({"name": 3}, "name: expected a str"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_array_is_refused_by_name(changes, message):
    """The error names the array and what it must be."""
    with pytest.raises(MockSessionError) as caught:
        small(**changes)
    assert message in str(caught.value)
    assert str(caught.value).startswith("Probe.")


def test_equality_and_hash():
    """NaN equals NaN, -0.0 equals 0.0, and the name does not matter; everything else does."""
    same = small(channel_positions=[[0, -0.0], [0, 20], [-NAN, NAN]], name="other")
    assert small() == same
    assert hash(small()) == hash(same)
    others = [{"channel_map": [0, 1, 2]}, {"connected": [True, False, False]}, {"channel_positions": np.ones((3, 2))}]
    assert all(small() != small(**changes) for changes in others)
    assert small() != "a probe"
    flat = np.zeros((2, 3)), np.zeros((2, 3)).reshape(2, 3)[:, :2]
    assert custom_probe([0, 1], [True, True], flat[0]) != custom_probe([0, 1], [True, True], flat[1])


def test_files_come_back(tmp_path):
    """A saved probe has the original's members and comes back equal, name and all."""
    path = tmp_path / "no_suffix"
    eMouse().save(path)
    assert Probe.load(path) == eMouse()
    assert Probe.load(path).name == "eMouse"
    with np.load(path) as ours, np.load(HYBRID / "original_output" / "probe-bench.npz") as original:
        assert {k: (v.dtype.kind, v.ndim) for k, v in ours.items()} == {
            k: (v.dtype.kind, v.ndim) for k, v in original.items()
        }
    first = path.read_bytes()
    eMouse().save(path)
    assert path.read_bytes() == first


def test_the_originals_file():
    """A file that the original wrote is read."""
    probe = Probe.load(HYBRID / "original_output" / "probe-bench.npz")
    assert (probe.n_channels, probe.name) == (32, "bench32")


def members(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def bomb():
    """Return a file of 130 kB whose member would be 128 MiB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("channel_map.npy", bytes(1 << 27))
    return buffer.getvalue()


GOOD = {"channel_map": np.arange(2), "connected": np.ones(2, bool), "channel_positions": np.zeros((2, 2))}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip", "an .npz of plain arrays"),
        (members(**GOOD), "found no name"),
        (members(**{**GOOD, "channel_map": np.array([0, 5])}, name="x"), "found Probe.channel_map"),
        (members(**{**GOOD, "connected": np.array([None, object])}, name="x"), "an .npz of plain arrays"),
        (bomb, "a probe of at most"),
        (None, "No such file"),
    ],
    ids=["text", "member missing", "no probe", "objects", "bomb", "no file"],
)
def test_bad_files(tmp_path, content, message):
    """A file that is no probe is refused, with its path, and nothing in it is unpickled."""
    path = tmp_path / "probe.npz"
    if content is not None:
        path.write_bytes(content() if callable(content) else content)
    with pytest.raises(BadFileError) as caught:
        Probe.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
