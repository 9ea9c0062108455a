"""Every line of Neo's RawIO page ("Basic usage") runs as it is printed there.

The class name and the file are ours; two lines with one bracket too many have it taken off,
and the two lines that stand in the wrong order are kept in it, as the first only prints.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mockrawio import SessionSpec, generate_session

USAGE = """
from neo.rawio import MockSessionRawIO
reader = MockSessionRawIO(dirname=folder)
reader.parse_header()
print(reader)
for k, v in reader.header.items():
    print(k, v)
channel_indexes = None  #could be channel_indexes = [0]
raw_sigs = reader.get_analogsignal_chunk(block_index=0, seg_index=0,
            i_start=1024, i_stop=2048, channel_indexes=channel_indexes)
float_sigs = reader.rescale_signal_raw_to_float(raw_sigs, dtype='float64')
sampling_rate = reader.get_signal_sampling_rate()
t_start = reader.get_signal_t_start(block_index=0, seg_index=0)
units =reader.header['signal_channels'][0]['units']
print(raw_sigs.shape, raw_sigs.dtype)
print(float_sigs.shape, float_sigs.dtype)
print(sampling_rate, t_start, units)
"""

SELECTION = """
raw_sigs = reader.get_analogsignal_chunk(channel_indexes=None) #Take all channels
raw_sigs1 = reader.get_analogsignal_chunk(channel_indexes=[0, 2, 4]) #Take 0 2 and 4
raw_sigs2 = reader.get_analogsignal_chunk(channel_ids=[1, 3, 5]) # Same but with there id (1 based)
raw_sigs3 = reader.get_analogsignal_chunk(channel_names=['chan1', 'chan3', 'chan5']) # Same but with there name
print(raw_sigs1.shape[1], raw_sigs2.shape[1], raw_sigs3.shape[1])
"""

UNITS = """
nb_unit = reader.unit_channels_count()
print('nb_unit', nb_unit)
for unit_index in range(nb_unit):
    nb_spike = reader.spike_count(block_index=0, seg_index=0, unit_index=unit_index)
    print('unit_index', unit_index, 'nb_spike', nb_spike)
spike_timestamps = reader.spike_timestamps(block_index=0, seg_index=0, unit_index=0,
                    t_start=0., t_stop=10.)
print(spike_timestamps.shape, spike_timestamps.dtype, spike_timestamps[:5])
spike_times = reader.rescale_spike_timestamp( spike_timestamps, dtype='float64')
print(spike_times.shape, spike_times.dtype, spike_times[:5])
raw_waveforms = reader.spike_raw_waveforms( block_index=0, seg_index=0, unit_index=0,
                    t_start=0., t_stop=10.)
print(raw_waveforms.shape, raw_waveforms.dtype, raw_waveforms[0,0,:4])
float_waveforms = reader.rescale_waveforms_to_float(raw_waveforms, dtype='float32', unit_index=0)
print(float_waveforms.shape, float_waveforms.dtype, float_waveforms[0,0,:4])
"""

EVENTS = """
reader = MockSessionRawIO(dirname=folder)
reader.parse_header()
nb_event_channel = reader.event_channels_count()
print('nb_event_channel', nb_event_channel)
for chan_index in range(nb_event_channel):
    nb_event = reader.event_count(block_index=0, seg_index=0, event_channel_index=chan_index)
    print('chan_index',chan_index, 'nb_event', nb_event)
ev_timestamps, ev_durations, ev_labels = reader.event_timestamps(block_index=0, seg_index=0, event_channel_index=0,
                    t_start=None, t_stop=None)
print(ev_timestamps, ev_durations, ev_labels)
ev_times = reader.rescale_event_timestamp(ev_timestamps, dtype='float64')
print(ev_times)
"""


@pytest.mark.parametrize("encoding", ["int16", "float64"])
def test_basic_usage_runs_as_printed(encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page's code runs on a session, and what it prints has the page's shapes, dtypes and meaning."""
    spec = SessionSpec.tiny(patient_id=1, session_nr=1, seed=3, n_lfp_channels=6, encoding=encoding)
    folder = generate_session(spec, tmp_path)
    names = (folder / "ChannelNames.txt").read_text().splitlines()
    chans = [f"chan{k + 1}.ncs\n" for k in range(len(names))]
    (folder / "ChannelNames.txt").write_text("".join(chans))
    scope: dict[str, object] = {"folder": folder}
    for part in (USAGE, SELECTION, UNITS, EVENTS):
        exec(part, scope)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"MockSessionRawIO: {folder}"
    assert "nb_block: 1" in printed
    assert "nb_segment:  [1]" in printed
    assert any(line.startswith("unit_channels [('CSC") for line in printed)
    assert "(1024, 6) int16" in printed
    assert "(1024, 6) float64" in printed
    assert "1000.0 0.0 uV" in printed
    assert "3 3 3" in printed
    np.testing.assert_array_equal(scope["raw_sigs1"], scope["raw_sigs2"])
    np.testing.assert_array_equal(scope["raw_sigs1"], scope["raw_sigs3"])
    count, times = len(scope["spike_timestamps"]), scope["spike_times"]
    assert f"({count}, 1, 64) int16" in "\n".join(printed)
    assert f"({count}, 1, 64) float32" in "\n".join(printed)
    assert count > 0
    assert ((times >= 0) & (times <= 10)).all()
    assert scope["ev_durations"] is None
    np.testing.assert_array_equal(scope["ev_labels"][:4], ["1", "2", "4", "8"])


def test_old_and_new_names_agree(epiphyte: Path) -> None:
    """unit_index and spike_channel_index, and the old and new method names, mean the same."""
    from neo.rawio import MockSessionRawIO

    reader = MockSessionRawIO(dirname=epiphyte)
    reader.parse_header()
    assert reader.header["unit_channels"] is reader.header["spike_channels"]
    for index in (0, 3):
        assert reader.spike_count(0, 0, index) == reader.spike_count(unit_index=index)
        window = {"t_start": 5.0, "t_stop": 30.0}
        old = reader.spike_timestamps(unit_index=index, **window)
        np.testing.assert_array_equal(old, reader.get_spike_timestamps(0, 0, index, **window))
        old = reader.spike_raw_waveforms(unit_index=index, **window)
        np.testing.assert_array_equal(old, reader.get_spike_raw_waveforms(0, 0, index, **window))
        new = reader.rescale_waveforms_to_float(old, spike_channel_index=index)
        np.testing.assert_array_equal(reader.rescale_waveforms_to_float(old, unit_index=index), new)
    for old, new in zip(reader.event_timestamps(0, 0, 1), reader.get_event_timestamps(0, 0, 1), strict=True):
        np.testing.assert_array_equal(old, new)
