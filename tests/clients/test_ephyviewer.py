"""ephyviewer shows a session, in a window that is drawn but not on a screen.

In a process of its own: where PySide6 has been imported, nothing can be sent to another process any more.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from mockrawio import MockSessionRawIO

pytestmark = [pytest.mark.slow, pytest.mark.at_length(only=True)]

SHOW = """
import json
import sys
import ephyviewer
from mockrawio import MockSessionRawIO

reader = MockSessionRawIO(sys.argv[1])
reader.parse_header()
sources = ephyviewer.get_sources_from_neo_rawio(reader)
(signal,), (spikes,), (epochs,) = sources["signal"], sources["spike"], sources["epoch"]
found = {
    "signal": [signal.nb_channel, signal.get_length(), signal.sample_rate],
    "chunk": signal.get_chunk(i_start=5, i_stop=10).tolist(),
    "spikes": spikes.get_chunk_by_time(chan=0, t_start=2.0, t_stop=9.0).tolist(),
    "epochs": epochs.nb_channel,
}
application = ephyviewer.mkQApp()
window = ephyviewer.compose_mainviewer_from_sources(sources)
window.show()
for view in window.viewers.values():
    view["widget"].seek(1.0)
for _ in range(50):
    application.processEvents()
window.grab().save(sys.argv[2])
window.close()
print(json.dumps(found))
"""


@pytest.fixture
def shown(session, tmp_path, monkeypatch):
    """What ephyviewer's sources gave, and the picture of its window."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    picture = tmp_path / "window.png"
    done = subprocess.run([sys.executable, "-c", SHOW, session, picture], capture_output=True, text=True, timeout=120)
    if "cannot open shared object file" in done.stderr or "No module named 'PySide6" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])  # of the system's, libEGL among them, which a bare machine may lack
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout.splitlines()[-1]), picture


def test_window(session, shown):
    """The window that ephyviewer composes of a session is drawn; its sources have the reader's values."""
    found, picture = shown
    assert picture.stat().st_size > 10_000
    with MockSessionRawIO(session) as reader:
        chunk = reader.get_analogsignal_chunk(0, 0, 5, 10, stream_index=0)
        spikes = reader.rescale_spike_timestamp(reader.get_spike_timestamps(0, 0, 0, 2.0, 9.0))
        assert found["epochs"] == len(reader.header["event_channels"])
    assert found["signal"] == [2, 20000, 1000.0]
    assert found["chunk"] == chunk.tolist()
    assert spikes.size
    np.testing.assert_array_equal(found["spikes"], spikes)
