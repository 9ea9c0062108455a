"""Start + time in what Neo, neuroconv and SpikeInterface write is the instant of the session's stamp, and back."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import neo
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mockrawio import MockSessionIO, write_session, write_session_from_block
from mockrawio.interop.spikeinterface import read_mocksession
from tests.length import rounds
from tests.test_instants import MICROSECOND, A, B, assert_same, exact_ms, foreign, instants, stamps, starts, write

# Neo and neuroconv call what pynwb and hdmf have since renamed; a pause or a name may have no place in a session.
pytestmark = pytest.mark.filterwarnings("ignore")
few = settings(max_examples=rounds(1, 5), deadline=None, suppress_health_check=list(HealthCheck))


def as_nwb(block, path):
    """Write a Block as NWB, epochs of different segments named apart."""
    for segment in block.segments:
        for epoch in segment.epochs:
            epoch.name = f"{epoch.name} {segment.index}"
    neo.io.NWBIO(str(path), "w").write_block(block)
    return path


def in_ms(start, seconds):
    """Return start + seconds as ms since the Unix epoch."""
    return np.array(
        [float(exact_ms(start - (start.utcoffset() or timedelta(0))) + Fraction(float(t)) * 1000) for t in seconds]
    )


@pytest.mark.at_length
@pytest.mark.slow
@few
@given(zero=starts)
def test_nwbio(tmp_path_factory, zero):
    """NWBIO's file has every spike, event, epoch and sample at its stamp, and a session made of it has it too."""
    from pynwb import NWBHDF5IO

    root = tmp_path_factory.mktemp("any")
    folder = write(root / "s", zero, early=4000.0)
    right = stamps(folder)
    path = as_nwb(MockSessionIO(folder).read_block(), root / "session.nwb")
    with NWBHDF5IO(path, "r") as file:
        nwb = file.read()
        assert nwb.session_start_time == nwb.timestamps_reference_time
        start = nwb.timestamps_reference_time
        found = {name: [] for name in right}
        for name, times in zip(nwb.units["_name"][:], nwb.units["spike_times"], strict=True):
            found[name].extend(in_ms(start, times))
        for name, series in nwb.acquisition.items():
            for kind in ("Events", "movie_frames"):
                if kind in name:
                    found[kind].extend(in_ms(start, series.timestamps[:]))
        rows = zip(nwb.epochs["_name"][:], nwb.epochs["start_time"][:], strict=True)
        found["DAQ"] = in_ms(start, [time for name, time in rows if name.startswith("DAQ")])
        begins = [in_ms(start, [s.starting_time])[0] for s in nwb.acquisition.values() if s.rate]
    assert_same({name: np.sort(times) for name, times in found.items()}, right)
    assert sorted(begins) == pytest.approx([zero, zero + 2500.125], rel=0, abs=MICROSECOND)
    reader = neo.io.NWBIO(str(path), "r")
    again = write_session_from_block(reader.read_block(), root / "t", skip_unsupported=True)
    reader.close()
    for name in ("CSC1_SU1", "CSC2_MU1"):
        times = np.load(again / "spiking_data" / f"{name}.npy", allow_pickle=True).item()["spike_times"]
        assert np.abs(times - right[name]).max() <= MICROSECOND
    assert_same(
        instants(MockSessionIO(again).read_block()),
        {name: times for name, times in right.items() if name.startswith("CSC")},
    )


@pytest.mark.at_length
@pytest.mark.slow
@few
@given(zero=starts)
def test_nix(tmp_path_factory, zero):
    """NixIO's file has the exact instant of 0 s beside its own whole second, and a session made of it every stamp."""
    from nixio import File, FileMode

    root = tmp_path_factory.mktemp("any")
    folder = write(root / "s", zero, early=4000.0)
    block = MockSessionIO(folder).read_block()
    with neo.io.NixIO(str(root / "session.nix"), "ow") as file:
        file.write_block(block)
    with File.open(str(root / "session.nix"), FileMode.ReadOnly) as file:
        noted = file.blocks[0].metadata
        assert noted["time_origin_ms"] == zero
        assert noted["session_start_time"] == block.rec_datetime.strftime("%Y-%m-%dT%H:%M:%S.%f")
    with neo.io.NixIO(str(root / "session.nix"), "ro") as file:
        again = file.read_block()
    seconds = {(one.rec_datetime, one.rec_datetime.microsecond) for one in (again, *again.segments)}
    assert seconds == {(block.rec_datetime.replace(microsecond=0), 0)}
    made = write_session_from_block(again, root / "t", skip_unsupported=True)
    assert_same(stamps(made), stamps(folder))
    assert_same(instants(MockSessionIO(made).read_block()), stamps(folder))


@pytest.mark.slow
def test_the_time_of_writing_is_no_start(tmp_path):
    """NixIO gives segments without a rec_datetime that of writing: it is not used, and a warning says so."""
    block = foreign((None, 0.0), (None, 9.0), start=A.replace(microsecond=0))
    with neo.io.NixIO(str(tmp_path / "session.nix"), "ow") as file:
        file.write_block(block)
    with neo.io.NixIO(str(tmp_path / "session.nix"), "ro") as file:
        again = file.read_block()
    assert (again.segments[0].rec_datetime - A).days > 300
    with pytest.warns(UserWarning, match="rec_datetime of its segments is not used"):
        folder = write_session_from_block(again, tmp_path / "s")
    assert MockSessionIO(folder).read_block().rec_datetime == A.replace(microsecond=0)


@pytest.mark.slow
def test_segments_that_nix_kept(tmp_path):
    """What NixIO has of segments' own clocks, whole seconds, is used by the remedy that the warning names."""
    whole = [instant.replace(microsecond=0) for instant in (A, B)]
    with neo.io.NixIO(str(tmp_path / "session.nix"), "ow") as file:
        file.write_block(foreign(*[(instant, 0.0) for instant in whole], start=whole[0]))
    with neo.io.NixIO(str(tmp_path / "session.nix"), "ro") as file:
        again = file.read_block()
    del again.annotations["nix_name"]
    found = MockSessionIO(write_session_from_block(again, tmp_path / "s")).read_block()
    begins = [segment.rec_datetime + timedelta(seconds=float(segment.t_start)) for segment in found.segments]
    assert begins == whole


def test_neuroconv(gaps, tmp_path):
    """neuroconv's file, its start taken from the Block, has each spike and sample within half a sample of its stamp."""
    from pynwb import NWBHDF5IO

    from .to_nwb import convert

    convert(gaps, tmp_path / "session.nwb")
    right = stamps(gaps)
    block = MockSessionIO(gaps).read_block(lazy=True)
    with NWBHDF5IO(tmp_path / "session.nwb", "r") as file:
        nwb = file.read()
        for name, times in zip(nwb.units["unit_name"][:], nwb.units["spike_times"], strict=True):
            assert np.abs(in_ms(nwb.timestamps_reference_time, times) - right[name]).max() <= 0.5 / 32 + MICROSECOND
        for segment, series in zip(block.segments, nwb.acquisition.values(), strict=True):
            begin = in_ms(nwb.timestamps_reference_time, [series.starting_time])
            ours = in_ms(segment.rec_datetime, [float(segment.analogsignals[1].t_start)])
            assert begin == pytest.approx(ours, rel=0, abs=MICROSECOND)


@pytest.mark.at_length
@pytest.mark.slow
@few
@given(zero=starts)
def test_spikeinterface(tmp_path_factory, zero):
    """Extractors' times count from the annotation time_origin_ms, which survives saving, and make the session again."""
    root = tmp_path_factory.mktemp("any")
    folder = write(root / "s", zero)
    recording, sorting, events = read_mocksession(folder, load_sorting=True, load_events=True)
    right = stamps(folder)
    for one in (recording, sorting, events):
        assert one.get_annotation("time_origin_ms") == zero
    begins = [zero + recording.get_start_time(k) * 1000 for k in range(2)]
    assert begins == pytest.approx([zero, zero + 2500.125], rel=0, abs=MICROSECOND)
    assert [zero + recording.get_times(k)[0] * 1000 for k in range(2)] == pytest.approx(begins, rel=0, abs=MICROSECOND)
    codes = np.concatenate([events.get_events("Events", k)["time"] for k in range(2)])
    assert np.abs(zero + codes * 1000 - right["Events"]).max() <= MICROSECOND
    again = write_session(recording=recording, sorting=sorting, folder=root / "t")
    saved = recording.save(folder=root / "saved", verbose=False)
    assert {
        MockSessionIO(made).time_origin_ms for made in (again, write_session(recording=saved, folder=root / "u"))
    } == {zero}
    alone = write_session(sorting=sorting, folder=root / "v")
    moved = write_session(recording=recording, folder=root / "w", start=A)
    assert MockSessionIO(moved).time_origin_ms == float(exact_ms(A))
    for made in (again, alone):
        for unit in sorting.unit_ids:
            times = np.load(made / "spiking_data" / f"{unit}.npy", allow_pickle=True).item()["spike_times"]
            assert times.size == right[unit].size
            assert np.abs(times - right[unit]).max() <= 0.5 / 32 + MICROSECOND
