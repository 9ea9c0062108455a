"""Objects of SpikeInterface and Neo: what the error says is done, and a session or raster is made of them."""

from __future__ import annotations

import json
import warnings

import neo
import numpy as np
import pytest
import quantities as pq
from spikeinterface.core import NumpyRecording, NumpySorting, append_recordings

from mockrawio import MockSessionError, write_session, write_session_from_block
from mockrawio.rasters import from_spiketrains


def recording(gains=(1.0, 1.0), dtype="int16", ids=None, rate=1000.0, times=None, size=3000):
    """Return a recording of two channels."""
    traces = (np.arange(2 * size) % 1000).reshape(size, 2).astype(dtype)
    made = NumpyRecording([traces], rate, channel_ids=ids)
    if gains is not None:
        made.set_channel_gains(gains)
        made.set_channel_offsets([0.0, 0.0])
    if times is not None:
        made.set_times(times)
    return made


def sorting(frames=(500, 900, 2000), rate=1000.0, segments=1):
    """Return a sorting of one unit."""
    return NumpySorting.from_unit_dict([{"a": np.array(frames, np.int64)}] * segments, rate)


TIMES = np.r_[0:2000, 2100:3100] / 1000
HALF = np.where(np.arange(3000)[:, None] % 7 == 0, np.nan, 1.0) * np.ones(2)


def cut(made):
    """Return a recording cut where its times jump, as two segments that have their times."""
    times = made.get_times()
    frame = int(np.flatnonzero(np.diff(times) > 0.0015)[0]) + 1
    parts = append_recordings([made.frame_slice(0, frame), made.frame_slice(frame, len(times))])
    for segment, its_times in enumerate((times[:frame], times[frame:])):
        parts.set_times(its_times, segment_index=segment)
    return parts


def reset(made):
    """Return a recording whose times are forgotten."""
    made.reset_times()
    return made


def block(*signals, events=()):
    """Return a Neo Block."""
    segment, made = neo.Segment(), neo.Block()
    segment.analogsignals.extend(signals)
    segment.events.extend(events)
    made.segments.append(segment)
    return made


def signal(samples, **options):
    """Return a signal of Neo's."""
    return neo.AnalogSignal(samples, units="uV", sampling_rate=1 * pq.kHz, **options)


RAMP = np.arange(200.0).reshape(100, 2)
OBJECTS = [
    (
        write_session,
        {"recording": recording(times=TIMES)},
        "cut the recording with frame_slice(), join the parts",
        {"recording": cut(recording(times=TIMES))},
    ),
    (
        write_session,
        {"recording": recording(times=TIMES)},
        "otherwise call reset_times() first.",
        {"recording": reset(recording(times=TIMES))},
    ),
    (write_session, {}, "Give at least one.", {"sorting": sorting()}),
    (write_session, {"recording": "a file"}, "Give an object, as spikeinterface.load", {"recording": recording()}),
    (
        write_session,
        {"recording": recording(), "start": 0},
        "Give the instant of 0 s as start=.",
        {"recording": recording(), "start": 1.6e12},
    ),
    (
        write_session,
        {"recording": recording(), "start": "now"},
        "Give one.",
        {"recording": recording(), "start": 1.6e12},
    ),
    (
        write_session,
        {"recording": recording((0.0, 1.0))},
        "Set gains other than 0",
        {"recording": recording((-0.5, 1.0))},
    ),
    (
        write_session,
        {"recording": recording(), "stream_name": "a/b"},
        "Give another.",
        {"recording": recording(), "stream_name": "ab"},
    ),
    (
        write_session,
        {"recording": recording(), "patient_id": -3},
        "Give one.",
        {"recording": recording(), "patient_id": 3},
    ),
    (
        write_session,
        {"recording": recording(ids=["a", " "])},
        "Rename the channel",
        {"recording": recording(ids=["a", "b"])},
    ),
    (
        write_session,
        {"recording": recording(), "sorting": sorting(rate=500.0)},
        "Give the recording that was sorted.",
        {"recording": recording(), "sorting": sorting()},
    ),
    (
        write_session,
        {"recording": recording(), "sorting": sorting(segments=2)},
        "Give the recording that was sorted.",
        {"recording": recording(), "sorting": sorting()},
    ),
    (
        write_session,
        {"recording": recording(), "sorting": sorting([9000])},
        "or leave those spikes out.",
        {"recording": recording(), "sorting": sorting([])},
    ),
    (
        write_session,
        {"recording": NumpyRecording([HALF.astype("float32")], 1000.0)},
        "Replace it, or take the channel out.",
        {"recording": NumpyRecording([np.nan_to_num(HALF).astype("float32")], 1000.0)},
    ),
    (
        write_session,
        {"sorting": sorting(range(1000), 5e6), "start": 1.6e12},
        "give a start= nearer to 1970",
        {"sorting": sorting(range(1000), 5e6), "start": 6.4e11},
    ),
    (write_session_from_block, {"block": "a block"}, "Give a Block.", {"block": block(signal(RAMP))}),
    (write_session_from_block, {"block": neo.Block()}, "Add some.", {"block": block(signal(RAMP))}),
    (
        write_session_from_block,
        {"block": block(signal(np.full((100, 2), np.inf)))},
        "Replace it, or take the channel out.",
        {"block": block(signal(RAMP))},
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", OBJECTS, ids=lambda row: row[2])
def test_an_object(tmp_path, row):
    """What the error says is done to an object, and a session is written of it."""
    write, wrong, remedy, right = row
    with pytest.raises(MockSessionError) as caught:
        write(**wrong, folder=tmp_path / "a")
    assert remedy in caught.value.remedy
    assert write(**right, folder=tmp_path / "b").is_dir()


@pytest.mark.filterwarnings("ignore")
def test_a_gap_is_kept(tmp_path):
    """A recording that is cut at its gap, as the error says, keeps it: the second part starts 100 ms late."""
    folder = write_session(recording=cut(recording(times=TIMES)), folder=tmp_path / "s")
    first, second = json.loads((folder / "raw_data" / "broadband.json").read_text())["segments"]
    assert second["t_start_ms"] - first["t_start_ms"] == pytest.approx(2100)
    assert (first["n_samples"], second["n_samples"]) == (2000, 1000)


def test_trains_of_neo():
    """Trains that are none, or of one number, are refused; as the error says, they are taken."""
    trains = [neo.SpikeTrain([1.0], units="ms", t_stop=5.0, node_id=k) for k in (0, 1)]
    with pytest.raises(MockSessionError, match="Give spike trains."):
        from_spiketrains([1.0, 2.0])
    with pytest.raises(MockSessionError, match="Number them anew."):
        from_spiketrains([trains[0], trains[0]])
    assert len(from_spiketrains(trains)) == 2


def test_what_a_block_has_beside(tmp_path):
    """What a session cannot hold is refused; with skip_unsupported=True, as the error says, it is left out."""
    made = block(signal(RAMP))
    made.segments[0].imagesequences.append(
        neo.ImageSequence(np.zeros((2, 3, 4)), units="V", sampling_rate=1 * pq.Hz, spatial_scale=1 * pq.um)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(MockSessionError, match="pass skip_unsupported=True"):
            write_session_from_block(made, tmp_path / "a")
        assert write_session_from_block(made, tmp_path / "a", skip_unsupported=True).is_dir()
