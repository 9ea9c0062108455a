"""The keys of a session's dict files and of its streams' descriptions, and the values they may have.

They are those of Epiphyte's generator and, for the int16 encoding, our own (docs/format.rst). What writes these files
(:mod:`.content`) and what reads them (:mod:`.files`, :mod:`.streams`) have them from here.
"""

from __future__ import annotations

import sys
from typing import NamedTuple

WAVEFORM_RATE_HZ = 32_000.0  # the rate of the recordings Epiphyte's units come from
LEFT_SWEEP = 20  # samples up to and with the peak, which stands at sample 19


class Limits(NamedTuple):
    """Limits, ends included, of a number, or of its size where it may be negative."""

    low: float
    high: float
    by_size: bool = False

    def hold(self, value: object) -> bool:
        """Return True if a value is a number within the limits."""
        if type(value) not in (int, float):
            return False
        return self.low <= (abs(value) if self.by_size else value) <= self.high  # type: ignore[arg-type, operator, no-any-return]  # a number

    def __str__(self) -> str:
        if self.by_size:
            return f" other than 0 ({self.low:g} to {self.high:g} in size)"
        if self.low > 0:
            return f" above 0 ({self.low:g} to {self.high:g})"
        return "" if self is ANY else f" ({self.low:g} to {self.high:g})"


# Wider than anything recorded, and such that int16 counts in physical units fit float32. A negative gain turns a
# signal round, as Neuralynx's amplifiers do.
GAINS, OFFSETS, RATES = Limits(1e-15, 1e15, by_size=True), Limits(-1e15, 1e15), Limits(1e-6, 1e9)
ANY = Limits(-sys.float_info.max, sys.float_info.max)


class Number(NamedTuple):
    """A number's key, its default, and its limits."""

    key: str
    default: float
    limits: Limits


class Stored(NamedTuple):
    """An array's key, and its number of dimensions."""

    key: str
    ndim: int


SPIKE_TIMES, SPIKE_AMPS = Stored("spike_times", 1), Stored("spike_amps", 2)  # of a unit
TS, SAMPLES = Stored("ts", 1), Stored("samples", 1)  # of an LFP channel
GAIN, OFFSET, UNITS = Number("gain", 1.0, GAINS), Number("offset", 0.0, OFFSETS), "units"  # of either, and of a stream
WAVEFORM_RATE = Number("sampling_rate", WAVEFORM_RATE_HZ, RATES)
LFP_RATE = Number("sampling_rate", 1000.0, RATES)  # the LFP of Epiphyte's generator
SWEEP = Number("left_sweep", LEFT_SWEEP, ANY)
PATIENT, SESSION, DATE, TIME = "patient_id", "session_nr", "date", "time"  # of session_info.npy
CHANNELS, IDS, NAMES, SEGMENTS, T_START, LENGTH = "channels", "ids", "names", "segments", "t_start_ms", "n_samples"
LFP_TAPS = "lfp"  # of the ground truth: how the LFP is made of the stream
GROUND_TRUTH, LOCATIONS, PROBE = "ground_truth", "locations", "probe"  # of a stream, where there are any
# of a stream: by which part of a sample each channel is sampled later than the sample's time, by SpikeInterface's name
SHIFTS = "inter_sample_shift"
# of a manifest: how a converted session was made, what its units are called where they come from, and where they are
MADE_FROM, SOURCE_UNITS, UNIT_LOCATIONS = "made_from", "units", "unit_locations"
