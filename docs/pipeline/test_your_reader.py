"""Test readers on every format that mockrawio writes, offline."""

import gc

import numpy as np
import pytest
from neo.test.rawiotest import rawio_compliance

from mockrawio import MockSessionRawIO, SessionSpec, export, generate_session
from mockrawio.exporting import format_names

RULES = [
    rawio_compliance.header_is_total,
    rawio_compliance.count_element,
    rawio_compliance.read_analogsignals,
    rawio_compliance.read_spike_times,
    rawio_compliance.read_spike_waveforms,
    rawio_compliance.read_events,
    rawio_compliance.has_annotations,
]
# phy's reader returns no samples, NWB's is not a RawIO, and MEArec's needs MEArec.
FORMATS = [name for name in format_names() if name not in ("phy", "nwb", "mearec")]
# Bugs that tests like this find: Neo 0.14 counts more events than it returns.
KNOWN = {("spikeglx", "read_events"), ("edf", "read_events")}
# Neo 0.14 takes count 0 of MaxWell for 0 V, and multiplies by Alpha Omega's gain
# instead of dividing.
NO_UV = ("maxwell", "alphaomega")
# For Plexon it does not say that signals are in mV.
IN_UV = {"nV": 1e-3, "uV": 1.0, "mV": 1e3, "V": 1e6, "": 1e3}


def microvolts(reader):
    """Return samples of the fastest stream's first channel, and its gain, in µV."""
    streams = reader.header["signal_streams"]
    rates = [reader.get_signal_sampling_rate(k) for k in range(len(streams))]
    index = int(np.argmax(rates))
    counts = reader.get_analogsignal_chunk(
        i_start=0, i_stop=29_000, stream_index=index
    )
    channels = reader.header["signal_channels"]
    channel = channels[channels["stream_id"] == streams["id"][index]][0]
    samples = reader.rescale_signal_raw_to_float(counts, "float64", stream_index=index)
    unit = IN_UV[channel["units"]]
    return samples[:, 0] * unit, channel["gain"] * unit


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A session of two channels, three units and events."""
    wanted = {"duration_s": 1, "sampling_rate": 30_000, "n_channels": 2, "n_units": 3}
    spec = SessionSpec.broadband(**wanted, snr=(8, 20), seed=1)
    return generate_session(spec, tmp_path_factory.mktemp("session"))


@pytest.fixture
def collected():
    """Neo's readers leave files open: close them within the test."""
    yield
    gc.collect()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("name", FORMATS)
def test_reader(name, session, tmp_path):
    """The reader passes Neo's rules, and returns the samples that were written."""
    exported = export(session, tmp_path / name, name)
    reader = exported.open()  # or MyReader(**exported.arguments()), and parse_header()
    for rule in RULES:
        if (name, rule.__name__) not in KNOWN:
            rule(reader)
    if name in NO_UV:
        return
    with MockSessionRawIO(session) as source:
        written, gain = microvolts(source)
    read, _ = microvolts(reader)
    # Neo takes EDF's zero for half a count.
    np.testing.assert_allclose(read, written, atol=0.6 * gain)
