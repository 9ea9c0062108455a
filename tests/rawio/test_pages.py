"""Reading touches the part of a file that is asked for, and not much more.

What the kernel reads ahead of that is its own affair and the disk's setting; here the pages that
this process has mapped are counted, of which it has those that it touched and a few about them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionRawIO
from tests.benchmarks.inputs import write_stream
from tests.handmade import T0, Handmade

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mapped pages are counted in /proc")

ABOUT = 2 << 20  # the pages about each stretch: 64 KiB on most kernels, one huge page at most


def mapped(path: Path) -> int:
    """Return how many bytes of a file this process has in its page tables."""
    total, counting = 0, False
    with open("/proc/self/smaps") as maps:
        for line in maps:
            fields = line.split()
            if not fields[0].endswith(":"):
                counting = fields[-1] == str(path)
            elif counting and fields[0] == "Rss:":
                total += int(fields[1]) * 1024
    return total


def test_a_second_of_a_long_recording(tmp_path: Path) -> None:
    """A second of an 82 MB stream is a second of it; four channels of 1024 samples are but those rows."""
    folder = write_stream(tmp_path / "session_1", 640_000, [0.25] * 64, sparse=True)
    path = folder / "raw_data" / "broadband.npy"
    with MockSessionRawIO(folder) as reader:
        assert mapped(path) == 0  # the header maps nothing
        chunk = reader.get_analogsignal_chunk(i_start=320_000, i_stop=321_024, channel_indexes=[3, 17, 40, 63])
        assert chunk.shape == (1024, 4) and 0 < mapped(path) <= 1024 * 128 + ABOUT
        second = np.array(reader.get_analogsignal_chunk(i_start=320_000, i_stop=352_000))
        assert second.nbytes <= mapped(path) <= second.nbytes + 2 * ABOUT
    assert mapped(path) == 0


def test_a_few_spikes_of_many(handmade: Handmade) -> None:
    """The first window has all stamps checked, and no waveforms; later ones touch but what they give."""
    n = 200_000
    path = handmade.unit(times=T0 + np.arange(n, dtype=float), amps=np.zeros((n, 64), np.int16))
    with MockSessionRawIO(handmade.folder) as reader:
        reader.time_origin_ms = float(T0)
        assert mapped(path) == 0
        assert reader.get_spike_timestamps(t_start=100.0, t_stop=100.009).size == 10
        assert mapped(path) <= 8 * n + ABOUT
        reader._open.release()
        waveforms = reader.get_spike_raw_waveforms(t_start=100.0, t_stop=100.009)
        assert np.array(waveforms).shape == (10, 1, 64)
        assert 0 < mapped(path) <= 4 * ABOUT < path.stat().st_size / 3
