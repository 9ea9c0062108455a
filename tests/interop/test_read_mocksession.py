"""read_mocksession: a session in one call, and what it says where a package is missing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.ground.extras import install_command
from mockrawio.interop.spikeinterface import (
    MockSessionEventExtractor,
    MockSessionRecordingExtractor,
    MockSessionSortingExtractor,
    read_mocksession,
)
from tests.handmade import T0, Handmade


def test_recording(session):
    """By itself it is the recording of the broadband stream."""
    recording = read_mocksession(session)
    assert isinstance(recording, MockSessionRecordingExtractor)
    assert recording.stream_id == "broadband"


@pytest.mark.parametrize("given", [{"stream_id": "lfp"}, {"stream_name": "lfp"}])
def test_a_stream(one, given):
    """Another stream may be chosen."""
    assert read_mocksession(one, **given).stream_id == "lfp"


def test_all(session):
    """Recording, sorting and events come in this order; sorting and recording belong together."""
    recording, sorting, events = read_mocksession(session, load_sorting=True, load_events=True)
    assert sorting.has_recording()
    assert sorting.sampling_frequency == recording.sampling_frequency
    assert isinstance(events, MockSessionEventExtractor)


def test_replaced_meanwhile(handmade, monkeypatch):
    """Recording and sorting of two sessions, one in the other's place, are an error that says so."""
    handmade.lfp(gain=0.5)
    handmade.unit(gain=0.5)

    def late(*arguments):
        handmade.folder.rename(handmade.folder.with_name("old"))
        Handmade(handmade.folder).unit(gain=0.25)
        return MockSessionSortingExtractor(handmade.folder)

    monkeypatch.setattr("mockrawio.interop.spikeinterface._sorting_of", late)
    with pytest.raises(MockSessionError, match="another in its place: it was replaced"):
        read_mocksession(handmade.folder, load_sorting=True)


def test_some(one):
    """What is one object is not in a tuple."""
    assert isinstance(read_mocksession(one, load_recording=False, load_sorting=True), MockSessionSortingExtractor)
    assert isinstance(read_mocksession(one, load_recording=False, load_events=True), MockSessionEventExtractor)
    with pytest.raises(MockSessionError, match="something to read"):
        read_mocksession(one, load_recording=False)


def test_lfp_alone(epiphyte):
    """Beside LFP, spikes keep frames of 32 kHz, and are not tied to a recording of 1 kHz."""
    recording, sorting = read_mocksession(epiphyte, load_sorting=True)
    assert (recording.stream_id, recording.sampling_frequency) == ("lfp", 1000)
    assert sorting.sampling_frequency == 32_000
    assert not sorting.has_recording()


def test_another_raw_stream(handmade):
    """A sorting beside a raw stream is in that stream's frames, broadband or not."""
    handmade.unit(times=T0 + np.array([1.0]))
    handmade.stream(samples=np.zeros((1600, 2), np.int16))
    handmade.stream("macro", np.zeros((100, 2), np.int16), sampling_rate=2000.0)
    recording, sorting = read_mocksession(handmade.folder, "macro", load_sorting=True)
    assert (recording.sampling_frequency, sorting.sampling_frequency) == (2000, 2000)
    assert sorting.get_unit_spike_train("CSC1_SU1").tolist() == [2]


def test_no_signals(handmade):
    """A session without signals has no recording, and says so; its sorting can be read."""
    handmade.unit()
    with pytest.raises(MockSessionError, match="expected signals"):
        read_mocksession(handmade.folder)
    assert read_mocksession(handmade.folder, load_recording=False, load_sorting=True).get_num_units() == 1


NEEDED = {"spikeinterface": "spikeinterface", "extractors": "spikeinterface", "probe": "probeinterface"}
MISSING = """
import importlib, sys
for named in sys.argv[1:]:
    module, _, package = named.partition(" needs ")
    sys.modules[package] = None
    try:
        importlib.import_module(f"mockrawio.interop.{module}")
    except ImportError as error:
        print(f"{module} {type(error).__name__}: {error}")
"""


@pytest.fixture(scope="module")
def missing():
    """What a process says of importing each module without the package that it needs."""
    named = [f"{module} needs {package}" for module, package in NEEDED.items()]
    done = subprocess.run([sys.executable, "-c", MISSING, *named], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("module", NEEDED)
def test_missing_package(module, missing):
    """Without the package, the import says which command brings it."""
    assert missing[module].startswith("MissingExtraError")
    assert missing[module].endswith(f"Run {install_command('spikeinterface')}")
