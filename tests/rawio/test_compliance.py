"""Every kind of folder keeps Neo's rules, and has the values that NumPy reads."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mockrawio import MockSessionRawIO, SessionSpec, generate_session
from mockrawio.testing import assert_rawio_compliant
from tests.handmade import T0, Handmade


def opened(folder: Path, **kwargs: Any) -> MockSessionRawIO:
    reader = MockSessionRawIO(dirname=folder, **kwargs)
    reader.parse_header()
    return reader


def agree_with_numpy(reader: MockSessionRawIO, folder: Path) -> None:
    """Compare every signal, spike time and waveform with ``numpy.load`` of its file."""
    segments = range(reader.segment_count(0))
    ids = reader.header["signal_channels"]["id"]
    for number, path in sorted((int(p.stem[3:-4]), p) for p in (folder / "lfp_data").glob("*.npy")):
        values = np.load(path, allow_pickle=True).item()
        gain = reader.header["signal_channels"]["gain"][ids == f"CSC{number}"][0]
        chunks = [reader.get_analogsignal_chunk(seg_index=k, stream_index=0, channel_ids=[number]) for k in segments]
        assert chunks[0].dtype == np.int16
        found = np.concatenate(chunks)[:, 0] * gain
        close(found, values["samples"], values.get("gain"), gain)
    for index, unit in enumerate(reader.header["spike_channels"]):
        values = np.load(folder / "spiking_data" / f"{unit['id']}.npy", allow_pickle=True).item()
        times = [reader.get_spike_timestamps(seg_index=k, spike_channel_index=index) for k in segments]
        np.testing.assert_array_equal(np.concatenate(times), values["spike_times"])
        waveforms = [reader.get_spike_raw_waveforms(seg_index=k, spike_channel_index=index) for k in segments]
        assert waveforms[0].dtype == np.int16
        found = np.concatenate(waveforms)[:, 0] * unit["wf_gain"]
        close(found, values["spike_amps"], values.get("gain"), unit["wf_gain"])
    rows = np.load(folder / "event_file" / "Events.npy")
    events = [reader.get_event_timestamps(seg_index=k, event_channel_index=0) for k in segments]
    np.testing.assert_array_equal(np.concatenate([e[0] for e in events]), rows[:, 0])
    np.testing.assert_array_equal(np.concatenate([e[2] for e in events]).astype(float), rows[:, 1])


def close(found: np.ndarray, stored: np.ndarray, gain: float | None, count: float) -> None:
    if gain is None:  # a float source: within half a count
        assert np.abs(found - stored).max() <= count / 2 * (1 + 1e-9)
    else:
        np.testing.assert_array_equal(found, stored * gain)


@pytest.mark.parametrize("kwargs", [{}, {"strict": True}, {"raw_dtype": "source"}], ids=str)
def test_epiphyte_folder(kwargs: dict[str, Any], epiphyte: Path) -> None:
    """A folder written by Epiphyte's generator keeps every rule, also after a pickle."""
    reader = opened(epiphyte, **kwargs)
    assert_rawio_compliant(reader)
    assert_rawio_compliant(pickle.loads(pickle.dumps(reader)))
    if "raw_dtype" not in kwargs:
        agree_with_numpy(reader, epiphyte)


@pytest.fixture(scope="module", params=["int16", "float64"])
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ours with several LFP channels and a gap, in each encoding."""
    spec = SessionSpec.tiny(
        patient_id=1, session_nr=1, seed=5, segments=(3.0, 2.0), n_lfp_channels=3, encoding=request.param
    )
    return generate_session(spec, tmp_path_factory.mktemp(request.param))


def test_generated_folder(generated: Path) -> None:
    """Ours keep every rule in both encodings, gap and all, and agree with NumPy."""
    for kwargs in ({}, {"raw_dtype": "source"}, {"strict": True}):
        assert_rawio_compliant(opened(generated, **kwargs))
    reader = opened(generated)
    assert reader.header["nb_segment"] == [2]
    agree_with_numpy(reader, generated)


def test_default_size_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A session of the default spec, a minute of 80 channels and 40 units, keeps every rule in both encodings."""
    for encoding in ("int16", "float64"):
        spec = SessionSpec(patient_id=1, session_nr=1, duration_s=60, seed=0, encoding=encoding)
        folder = generate_session(spec, tmp_path_factory.mktemp("default"), n_workers=2)
        reader = opened(folder)
        assert_rawio_compliant(reader)
        agree_with_numpy(reader, folder)


PARTS = ["info", "names", "lfp", "unit", "events", "daq", "watchlog", "stream"]


@pytest.mark.parametrize("part", PARTS)
def test_folder_with_one_file(part: str, handmade: Handmade) -> None:
    """A folder that has only one of a session's files opens, with empty lists for the rest."""
    getattr(handmade, part)()
    reader = opened(handmade.folder)
    assert_rawio_compliant(reader)
    counts = {
        "lfp": reader.signal_streams_count(),
        "stream": reader.signal_streams_count(),
        "unit": reader.unit_channels_count(),
        "watchlog": reader.event_channels_count() // 2,
    }
    assert counts.get(part, 1) == 1
    assert sum(len(reader.header[k]) for k in ("signal_channels", "spike_channels", "event_channels")) <= 3


@pytest.mark.parametrize("part", PARTS)
def test_folder_without_one_file(part: str, handmade: Handmade) -> None:
    """Any file may be missing; what it held is an empty list, not an error."""
    for other in set(PARTS) - {part}:
        getattr(handmade, other)()
    assert_rawio_compliant(opened(handmade.folder))


def test_two_streams_and_two_segments(handmade: Handmade) -> None:
    """LFP and a broadband stream side by side, each in two segments, keep every rule."""
    handmade.all()
    ts = T0 + np.r_[0:50, 100:200]
    handmade.lfp(samples=np.arange(150, dtype=np.int16), ts=ts)
    segments = [{"t_start_ms": T0, "n_samples": 1600}, {"t_start_ms": T0 + 100, "n_samples": 3200}]
    handmade.stream(samples=np.arange(4800 * 3, dtype=np.int16).reshape(-1, 3), segments=segments)
    reader = opened(handmade.folder)
    assert_rawio_compliant(reader)
    assert [reader.get_signal_size(0, k, 1) for k in (0, 1)] == [1600, 3200]
    assert [reader.get_signal_size(0, k, 0) for k in (0, 1)] == [50, 100]
