"""NumPy's texts and HDF5's that are none: code points beyond Unicode, halves of pairs, bytes that are no UTF-8."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.formats.dict_npy import DictFile
from mockrawio.formats.firings import load_firings
from mockrawio.formats.npy import text_of
from mockrawio.formats.sorters import load_sorting, load_templates
from mockrawio.hybrid import Probe, generate_hybrid, neuropixels3a
from mockrawio.hybrid.store import load_events
from mockrawio.hybrid.truth import load_truth
from mockrawio.rasters import read_sonata, sonata_populations
from mockrawio.session.files import open_events, open_label
from mockrawio.verify import verify_session
from tests.handmade import Handmade
from tests.hybrid.synthetic import make

CODES = {"beyond Unicode": 0x110000, "all ones": 0xFFFFFFFF, "half a pair": 0xD800, "the other half": 0xDFFF}
MARK = "\U0001f9ea"  # stands where the text is to be exchanged


@pytest.fixture(params=CODES)
def code(request: pytest.FixtureRequest) -> int:
    """A number that is no character."""
    return CODES[request.param]


def exchanged(data: bytes, code: int, order: str = "little") -> bytes:
    """Return bytes with the mark in them made a number that is no character."""
    mark = ord(MARK).to_bytes(4, order)  # type: ignore[arg-type]
    assert mark in data
    return data.replace(mark, code.to_bytes(4, order))  # type: ignore[arg-type]


def npz(path: Path, code: int, **arrays: Any) -> Path:
    """Write an .npz as NumPy does, but for the text."""
    np.savez(path, **arrays)
    with np.load(path) as stored:
        members = {name: stored[name] for name in stored.files}
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        for name, array in members.items():
            file = io.BytesIO()
            np.lib.format.write_array(file, array)
            data = file.getvalue()
            archive.writestr(f"{name}.npy", exchanged(data, code) if array.dtype.kind == "U" else data)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("key", ["x", "date", "patient_id"])
def test_a_scalar_of_a_dict(key: str, order: str, code: int, handmade: Handmade) -> None:
    """The reader and verify say that it is no text; without its fault it is the text that NumPy reads."""
    handmade.all()
    text = np.array(f"a{MARK}\0b\0", f"{order}U6")[()]
    scalar = np.frombuffer(np.array(f"a{MARK}b", f"{order}U3").tobytes(), f"{order}U3")[0]
    path = handmade.info(x=np.str_(f"a{MARK}b"))
    with DictFile(str(path)) as opened:
        assert opened.values["x"] == str(scalar) == f"a{MARK}b"
    assert text_of(np.array(text, f"{order}U6").tobytes(), np.dtype(f"{order}U6")) == f"a{MARK}\0b"
    path = handmade.info(**{key: np.str_(f"a{MARK}b")})
    path.write_bytes(exchanged(path.read_bytes(), code))
    with pytest.raises(MockSessionError, match="bytes that are no <U3"):
        MockSessionRawIO(handmade.folder).parse_header()
    assert any("bytes that are no <U3" in problem for problem in verify_session(handmade.folder).problems)


def test_arrays_of_text(code: int, tmp_path: Path) -> None:
    """Where numbers belong, an array of text is refused by its dtype; nothing looks at what it says."""
    for name, shape in (("events", (2, 2)), ("labels", (3, 2)), ("spike_times", (3,)), ("firings_true", (3, 2))):
        path = tmp_path / f"{name}.npy"
        np.save(path, np.full(shape, MARK))
        path.write_bytes(exchanged(path.read_bytes(), code))
    for name in ("spike_templates", "spike_clusters", "templates"):
        shutil.copy(tmp_path / "spike_times.npy", tmp_path / f"{name}.npy")
    reads: list[tuple[Callable[..., Any], Any]] = [
        (open_events, str(tmp_path / "events.npy")),
        (open_label, str(tmp_path / "labels.npy")),
        (load_firings, tmp_path / "firings_true.npy"),
        (lambda folder: load_sorting(folder, "phy"), tmp_path),
        (lambda folder: load_templates(folder, "phy"), tmp_path),
    ]
    for read, place in reads:
        with pytest.raises(MockSessionError, match="<U1"):
            read(place)


def test_arrays_of_text_in_a_session(code: int, handmade: Handmade) -> None:
    """The same for the arrays of a dict file."""
    for path in (handmade.lfp(samples=np.full(5, MARK)), handmade.unit(times=np.full(3, MARK))):
        path.write_bytes(exchanged(path.read_bytes(), code))
        with pytest.raises(MockSessionError, match="<U1"):
            MockSessionRawIO(handmade.folder).parse_header()
        path.unlink()


@pytest.mark.parametrize("member", ["name", "channel_map", "connected", "channel_positions"])
def test_a_probe(member: str, code: int, tmp_path: Path) -> None:
    """A probe's name, or any other of its arrays."""
    probe = neuropixels3a()
    arrays = {name: getattr(probe, name) for name in ("channel_map", "connected", "channel_positions", "name")}
    whole = tmp_path / "whole.npz"
    np.savez(whole, **{**arrays, "name": f"a{MARK}"})
    assert Probe.load(whole).name == f"a{MARK}"
    with pytest.raises(MockSessionError):
        Probe.load(npz(tmp_path / "probe.npz", code, **{**arrays, "name": MARK, member: np.array([MARK, MARK])}))


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's output."""
    return generate_hybrid(make(tmp_path_factory.mktemp("made"), seconds=2.0, counts=(20, 20, 20)).params).folder


@pytest.mark.parametrize("member", ["units", "times", "channels", "basis", "weights"])
def test_the_events_of_a_run(member: str, hybrid: Path, code: int, tmp_path: Path) -> None:
    """Each array of events-*.npz."""
    (path,) = hybrid.glob("events-*.npz")
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    (name,) = [name for name in arrays if name == member or name.endswith(f"_{member}")][:1]
    arrays[name] = np.full(arrays[name].shape, MARK)
    with pytest.raises(MockSessionError, match="events of a hybrid run"):
        load_events(npz(tmp_path / "events.npz", code, **arrays))


def test_the_rate_of_a_run(hybrid: Path, code: int, tmp_path: Path) -> None:
    """Where the original wrote the folder, the rate is an array of its own."""
    folder = shutil.copytree(hybrid, tmp_path / "copy")
    for path in folder.glob("manifest-*.json"):
        path.unlink()
    path = folder / "dtype-s.npy"
    np.save(path, np.array([MARK]))
    path.write_bytes(exchanged(path.read_bytes(), code))
    with pytest.raises(MockSessionError, match="<U1"):
        load_truth(folder)


@pytest.mark.parametrize("where", ["units", "sorting", "groups", "population"])
def test_texts_of_hdf5(where: str, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in a SONATA file's texts are refused or passed over, and can be shown."""
    path, bad = tmp_path / "spikes.h5", b"m\xff\x1b[2J"
    with h5py.File(path, "w") as file:
        group = file.create_group(b"spikes/p\xff\x1b[2J" if where == "population" else "spikes/p")
        group["timestamps"], group["node_ids"] = np.array([1.0, 2.0]), np.array([0, 1], np.uint64)
        if where == "units":
            group["timestamps"].attrs["units"] = np.bytes_(bad)
        elif where != "population":
            group.attrs[where] = np.bytes_(bad)
    if where == "units":
        with pytest.raises(MockSessionError) as caught:
            read_sonata(path)
        assert str(caught.value).isprintable()
        return
    assert read_sonata(path).times_ms.tolist() == [1.0, 2.0]
    with pytest.raises(MockSessionError) as caught:
        read_sonata(path, population="\x1b[2J")
    assert str(caught.value).isprintable()
    assert len(sonata_populations(path)) == 1


def test_groups_nested_too_deep(tmp_path: Path) -> None:
    """Another program's attribute is passed over, whatever it is."""
    path = tmp_path / "spikes.h5"
    for text in ("[" * 50_000, json.dumps({"a\x1b\ud800": [0, 2]}), "1", '{"a": "bc"}'):
        with h5py.File(path, "w") as file:
            group = file.create_group("spikes/p")
            group["timestamps"], group["node_ids"] = np.array([1.0, 2.0]), np.array([0, 1], np.uint64)
            group.attrs["groups"] = text
        assert set(read_sonata(path).groups) <= {"a\x1b\ud800"}
