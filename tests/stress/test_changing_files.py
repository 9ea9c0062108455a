"""Files that shrink, are replaced or are written over under a reader: an error where there can be one."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.rawio import open_session as opened_session
from mockrawio.session.manifest import manifest_bytes
from tests.handmade import T0, Handmade
from tests.processes import python

# Reads everything, cuts every array file, and says what each further request comes to.
SHRINK = """
import json, os, sys
from mockrawio import MockSessionError, MockSessionRawIO

folder, again = sys.argv[1], sys.argv[2] == "again"
reader = MockSessionRawIO(folder)
reader.parse_header()
requests = {
    "several files": lambda: reader.get_analogsignal_chunk(stream_index=0),
    "view": lambda: reader.get_analogsignal_chunk(stream_index=1).sum(),
    "channels": lambda: reader.get_analogsignal_chunk(stream_index=1, channel_indexes=[0, 2]),
    "spikes": lambda: reader.get_spike_timestamps(spike_channel_index=0).sum(),
    "limits": lambda: reader.get_spike_timestamps(spike_channel_index=0, t_start=0.01),
    "waveforms": lambda: reader.get_spike_raw_waveforms(spike_channel_index=0).sum(),
    "events": lambda: reader.get_event_timestamps(event_channel_index=0),
}
if again:
    for name in requests:
        if name != "events":
            requests[name]()
for below, _, names in os.walk(folder):
    for name in names:
        if name.endswith(".npy"):
            os.truncate(os.path.join(below, name), 64)
answers = {}
for _ in range(2):
    for name, request in requests.items():
        try:
            answers[name] = f"no error: {request()!r}"
        except MockSessionError as error:
            answers[name] = str(error)
print(json.dumps(answers))
"""


def large(handmade: Handmade) -> Path:
    """Write a session whose arrays are many pages long."""
    for channel in (1, 2):
        handmade.lfp(channel, np.arange(20_000).astype(np.int16), gain=0.5)
    handmade.unit(times=T0 + np.arange(2000.0), gain=0.5)
    handmade.stream(samples=np.ones((40_000, 3), np.int16))
    handmade.events([[T0 + 1.0 * k, 1] for k in range(2000)])
    return handmade.folder


@pytest.mark.parametrize("before", ["first", "again"])
def test_files_that_shrink(before: str, handmade: Handmade) -> None:
    """Whatever is asked for after files were cut, first or again, is an error with both sizes, never a crash."""
    run = python(SHRINK, large(handmade), before)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    assert len(answers) == 7
    for name, answer in answers.items():
        assert "bytes" in answer or "header" in answer, (name, answer)
        assert "expected" in answer and "no error" not in answer, (name, answer)


def test_a_view_given_before_is_beyond_help(handmade: Handmade) -> None:
    """A chunk that is a view of a file cut since ends the process when it is touched: what the documentation says."""
    code = (
        "import os, sys; from mockrawio import MockSessionRawIO\n"
        "reader = MockSessionRawIO(sys.argv[1]); reader.parse_header()\n"
        "chunk = reader.get_analogsignal_chunk(stream_index=1)\n"
        "os.truncate(reader.get_analogsignal_buffer_description(buffer_id='broadband')['file_path'], 64)\n"
        "print(chunk[-1])"
    )
    assert python(code, large(handmade)).returncode == -signal.SIGBUS


def test_a_copy_is_safe(handmade: Handmade) -> None:
    """A chunk read with out= does not care what becomes of the file."""
    large(handmade)
    out = np.empty((40_000, 3), np.int16)
    with MockSessionRawIO(handmade.folder) as reader:
        reader.get_analogsignal_chunk(stream_index=1, out=out)
        os.truncate(handmade.folder / "raw_data" / "broadband.npy", 64)
        assert out.all()


def test_a_file_replaced(handmade: Handmade) -> None:
    """A file renamed over one in use is served as it was; over one not yet read from, it is an error."""
    path = handmade.lfp(samples=np.full(500, 1, np.int16))
    used, fresh = MockSessionRawIO(handmade.folder), MockSessionRawIO(handmade.folder)
    used.parse_header()
    fresh.parse_header()
    assert used.get_analogsignal_chunk().sum() == 500
    new = path.rename(path.with_name("old.bin"))
    path = handmade.lfp(samples=np.full(500, 2, np.int16))
    os.utime(path, ns=(1, 1))
    assert used.get_analogsignal_chunk().sum() == 500
    with pytest.raises(MockSessionError, match=r"lfp\.npy: expected the file as it was .* has changed since"):
        fresh.get_analogsignal_chunk()
    new.unlink()
    fresh.parse_header()
    assert fresh.get_analogsignal_chunk().sum() == 1000


def test_a_file_written_over(handmade: Handmade) -> None:
    """Other bytes in the same file, before it is first read from: what the header said no longer holds."""
    path = handmade.unit()
    with MockSessionRawIO(handmade.folder) as reader:
        handmade.unit(times=T0 + np.array([1.0, 2.0, 3.0]))
        os.utime(path, ns=(1, 1))
        with pytest.raises(MockSessionError, match=r"Call parse_header\(\) again"):
            reader.get_spike_timestamps()
        reader.parse_header()
        assert reader.get_spike_timestamps().tolist() == [T0 + 1.0, T0 + 2.0, T0 + 3.0]


HANDLES = """
import os, resource, sys
import numpy as np
from mockrawio import MockSessionError, MockSessionRawIO
from mockrawio.verify import verify_session

soft = len(os.listdir("/dev/fd")) + 100
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))
for strict in (False, True):
    with MockSessionRawIO(sys.argv[1], strict=strict) as reader:
        held = len(os.listdir("/dev/fd"))
        reader.get_analogsignal_chunk(0, 1)
        assert len(os.listdir("/dev/fd")) - held == 32, "more than a quarter, which is less than 32 here"
        for _ in range(2):
            chunk = reader.get_analogsignal_chunk(0, 1)
            assert (chunk == np.arange(300)).all() and chunk.shape == (20, 300)
            assert reader.get_analogsignal_chunk(0, 0, channel_indexes=[299, 0, 150])[0].tolist() == [299, 0, 150]
            assert [int(reader.get_spike_timestamps(0, 1, k).size) for k in range(200)] == [1] * 200
            assert reader.segment_t_stop(0, 1) == 0.05
        if not strict:
            taken = []
            try:
                while True:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                pass
            for call in (
                lambda: reader.get_analogsignal_chunk(0, 0, channel_indexes=[250]),
                lambda: reader.get_event_timestamps(0, 0, 0),
                lambda: MockSessionRawIO(sys.argv[1]),
            ):
                try:
                    call()
                except MockSessionError as error:
                    print(error)
            for handle in taken:
                os.close(handle)
assert verify_session(sys.argv[1]).ok
"""


FIRST_READS = {
    "lfp_data/CSC1_lfp.npy": lambda reader: reader.get_analogsignal_chunk(stream_index=0),
    "raw_data/broadband.npy": lambda reader: reader.get_analogsignal_chunk(stream_index=1),
    "raw_data/broadband.json": lambda reader: reader.stream(1).ground_truth(),
    "spiking_data/CSC1_SU1.npy": lambda reader: reader.get_spike_timestamps(),
    "spiking_data/CSC2_MU1.npy": lambda reader: reader.get_spike_raw_waveforms(spike_channel_index=1),
    "event_file/Events.npy": lambda reader: reader.get_event_timestamps(),
    "daq_files/timedDAQ-log-2022-07-01_02-41-18.log": lambda reader: reader.event_count(event_channel_index=1),
    "watchlogs/ffplay-watchlog-2022-07-01_02-41-18.log": lambda reader: reader.get_event_timestamps(0, 0, 3),
    "session_manifest.json": lambda reader: reader.manifest(),
}


@pytest.mark.parametrize("how", ["exchanged", "shortened", "gone"])
@pytest.mark.parametrize("name", FIRST_READS)
def test_any_file_before_its_first_read(name: str, how: str, handmade: Handmade) -> None:
    """Exchanged for a copy of the same times, shortened to what can still be read, or gone: it is not served."""
    handmade.all()
    handmade.stream()
    (handmade.folder / "session_manifest.json").write_bytes(manifest_bytes({}, {}))
    path = handmade.folder / name
    reader = MockSessionRawIO(handmade.folder)
    reader.parse_header()
    if how == "exchanged":
        shutil.copy2(path, path.with_name("other"))
        path.with_name("other").replace(path)
    elif how == "shortened":
        text = path.read_bytes()
        os.truncate(path, text.rindex(b"\n", 0, -1) + 1 if path.suffix == ".log" else len(text) - 1)
    else:
        path.unlink()
    with pytest.raises(MockSessionError, match=name):
        FIRST_READS[name](reader)


@pytest.mark.slow
def test_more_channels_than_handles(handmade: Handmade) -> None:
    """300 LFP channels and 200 units are read with 100 handles; with none at all the error names the limit."""
    ts = T0 + np.array([*range(20), *range(30, 50)])
    for k in range(300):
        handmade.lfp(k + 1, np.full(40, k, np.int16), ts, gain=0.5)
    for k in range(200):
        handmade.unit(f"CSC{k + 1}_SU1", T0 + np.array([5.0, 35.0]), gain=0.5)
    handmade.events([(T0 + 5.0, 1)])
    run = python(HANDLES, handmade.folder)
    assert run.returncode == 0, run.stderr
    assert "CSC251_lfp.npy: expected a readable file; found Too many open files." in run.stdout
    assert "expected a folder that may be read; found Too many open files." in run.stdout
    assert [line.count("ulimit -n") for line in run.stdout.splitlines()] == [1, 1, 1]


@pytest.mark.parametrize("use_cache", [False, True])
@pytest.mark.parametrize("how", ["gone", "shorter", "another"])
def test_a_file_that_changes_while_the_gains_are_found(
    how: str, use_cache: bool, handmade: Handmade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a float file's header and the pass through its samples anything may happen to it: an error says so."""
    path = handmade.lfp(samples=np.linspace(-1.0, 1.0, 5000))
    listing = opened_session._counts

    def change(*arguments: object) -> object:
        if how == "gone":
            path.unlink()
        elif how == "shorter":
            os.truncate(path, 1000)
        else:
            handmade.lfp(samples=np.full(9000, 1e30))
            os.utime(path, ns=(1, 1))
        return listing(*arguments)

    monkeypatch.setattr(opened_session, "_counts", change)
    reader = MockSessionRawIO(handmade.folder, use_cache=use_cache, cache_path=str(tmp_path))
    with pytest.raises(MockSessionError, match="No such file|as when it was opened|has changed since"):
        reader.parse_header()


def test_bounds_are_those_of_the_session_that_is_open(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment's ends that one thread works out while another opens the changed session do not outlive that."""
    handmade.lfp(samples=np.zeros(1000, np.int16))
    reader = MockSessionRawIO(handmade.folder)
    reader.parse_header()
    spans = opened_session.span_ms

    def meanwhile(*arguments: object) -> object:
        monkeypatch.setattr(opened_session, "span_ms", spans)
        handmade.lfp(samples=np.zeros(3000, np.int16))
        reader.parse_header()  # as another thread may
        return spans(*arguments)

    monkeypatch.setattr(opened_session, "span_ms", meanwhile)
    assert reader.segment_t_stop(0, 0) == 1.0
    assert reader.segment_t_stop(0, 0) == 3.0
