"""What other people's tests are given: sessions made once, readers, strategies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from mockrawio import MockSessionError, MockSessionRawIO, SessionSpec
from mockrawio.testing import SessionMaker, assert_rawio_compliant
from mockrawio.testing.strategies import sessions, specs


def test_made_once(mock_session: SessionMaker) -> None:
    """The same spec and seed give the same folder, which is not made again; another field makes another."""
    first = mock_session(n_units=2, seed=3)
    made = first.stat().st_mtime_ns
    assert mock_session("broadband", seed=3, n_units=2) == first
    assert first.stat().st_mtime_ns == made
    assert mock_session(n_units=3, seed=3) != first
    assert mock_session(n_units=2, seed=3, virtual=True) != first


def test_kinds(mock_session: SessionMaker) -> None:
    """Any field of the spec may be given, or the spec itself."""
    spec = SessionSpec.broadband(duration_s=1, n_channels=2, n_units=1)
    with MockSessionRawIO(mock_session(spec)) as reader:
        assert reader.signal_channels_count(1) == 2
    with MockSessionRawIO(mock_session("tiny", n_units=2)) as reader:
        assert reader.spike_channels_count() == 2
    with MockSessionRawIO(mock_session(segments=(1.0, 1.5), probe="tetrodes", n_units=1)) as reader:
        assert reader.segment_count(0) == 2
    for wrong in ({"kind": "big"}, {"kind": spec, "seed": 1}, {"nothing": 1}):
        with pytest.raises((MockSessionError, TypeError)):
            mock_session(**wrong)


def test_all_views_agree(
    mock_reader: Any, mock_recording: Any, mock_sorting: Any, mock_block: Any, mock_rig_files: Any
) -> None:
    """Reader, recording, sorting, Block and rig files are of one session."""
    reader = mock_reader(seed=4)
    raw = reader.get_analogsignal_chunk(stream_index=1)
    np.testing.assert_array_equal(mock_recording(seed=4).get_traces(), raw)
    assert mock_sorting(seed=4).unit_ids.tolist() == reader.header["spike_channels"]["id"].tolist()
    trains = mock_block(seed=4).segments[0].spiketrains
    assert [len(train) for train in trains] == [reader.spike_count(0, 0, k) for k in range(len(trains))]
    exported = mock_rig_files("brainvision", seed=4)
    np.testing.assert_array_equal(exported.open().get_analogsignal_chunk(), raw)
    assert mock_rig_files("brainvision", seed=4) is exported


@settings(max_examples=5)
@given(specs(most_seconds=1, most_channels=3, most_units=2))
def test_specs(spec: SessionSpec) -> None:
    """Drawn specs have a seed and are within their limits."""
    assert spec.seed is not None
    assert spec.contacts.n <= 3


@settings(max_examples=3)
@given(sessions(most_seconds=1, most_channels=2, most_units=2))
def test_sessions(folder: Path) -> None:
    """Drawn sessions keep Neo's rules."""
    with MockSessionRawIO(folder) as reader:
        assert_rawio_compliant(reader)


def test_a_reader_that_breaks_a_rule(mock_reader: Any) -> None:
    """A reader whose header lacks a table is not compliant."""
    reader = mock_reader(seed=5)
    del reader.header["spike_channels"]
    with pytest.raises(AssertionError):
        assert_rawio_compliant(reader)


def test_the_plugin_is_cheap() -> None:
    """What pytest imports in every run imports neither mockrawio nor Neo."""
    code = "import pytest_mockrawio, sys; sys.exit(bool({'mockrawio', 'neo', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
