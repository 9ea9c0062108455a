"""A recording as the files of a SpikeGLX run: a probe's ``ap`` and ``lf``, and ``nidq`` with events as digital lines.

Each segment is a trigger (``_t0``, ``_t1``), whose ``firstSample`` says when it began. The stream called "lfp" is the
probe's LF band, the fastest of the others its AP band, and the next one ``nidq``'s analog channels; those that are
called "imec1.ap" or "nidq" are that. Every probe's stream ends with the channel SY0, of which bit 6 is the sync wave;
so is the last line of ``nidq``. It is the stream "sync" of the source, or a square wave of 1 Hz.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...ground.arrays import Array, Ints
from ...ground.errors import MockSessionError
from ..pulses import Pulses, clock_of, level, pulses
from ..recorded import BLOCK, Counts, Recorded, RecordedSignals
from ..rig import Below, Holds, Opening, RigFolder, RigFormat, register_rig
from .faults import FAULTS
from .gains import VOLTS, Range, fixed, solved
from .metadata import SYNC_S, RunFile, common, imec, nidq, text
from .probe import Wired, wired

_Last = Callable[[int, int], Array]  # what the last channel has from a sample to another

_SYNC_BIT = 64  # of SY0
_LINES = 16  # of a digital word
_ROLE = re.compile(r"(?:.*#)?(imec\d+\.(?:ap|lf)|nidq)")
_LF, _SYNC = {"lfp", "lf"}, "sync"
_USUAL_NI_V = 5.0


def _write(recorded: Recorded, out: RigFolder) -> Sequence[Opening]:
    streams = _roles(recorded, out)
    analog = streams.get("nidq")
    has_nidq = analog is not None or bool(recorded.events)
    run = _Run(recorded, out, has_nidq)
    probes = sorted({role.split(".")[0] for role in streams if role != "nidq"})
    for device in probes:
        kinds = {kind: streams[f"{device}.{kind}"] for kind in ("ap", "lf") if f"{device}.{kind}" in streams}
        run.write_probe(device, kinds)
    if has_nidq:
        run.write_nidq(analog, analog or clock_of(recorded, list(streams.values())))
    return [{"dirname": Below("")}]


def _roles(recorded: Recorded, out: RigFolder) -> dict[str, RecordedSignals]:
    """Return the streams that are written, by SpikeGLX's names; the rest is left out."""
    roles: dict[str, RecordedSignals] = {}
    for stream in sorted(recorded.signals, key=lambda one: -one.rate):
        role, why = _role(stream, roles), _fault(stream)
        if why is None and role in roles:
            why = "a run has a probe's ap and lf, and one nidq"
        if why is None and role == "nidq" and len(set(stream.gains.tolist())) > 1:
            why = "the analog channels of nidq have one gain"
        if why is None:
            roles[role] = stream
        else:
            out.leave(f"stream {stream.id}", why)
    if recorded.signals and not roles:
        remedy = 'Choose another format, such as "openephys_binary".'
        refused = [line for line in out.left_out if line.startswith("stream ")]
        raise MockSessionError("source", "a stream that SpikeGLX holds", "; ".join(refused), remedy)
    return roles


def _role(stream: RecordedSignals, taken: dict[str, RecordedSignals]) -> str:
    for name in (stream.name, stream.id):
        match = _ROLE.fullmatch(name)
        if match:
            return match[1]
    if {stream.id.lower(), stream.name.lower()} & _LF:
        return "imec0.lf"
    return "nidq" if "imec0.ap" in taken else "imec0.ap"


def _fault(stream: RecordedSignals) -> str | None:
    """Return why a stream cannot be written, if it cannot."""
    if not stream.channels:
        return "it has no channels"
    if stream.name.endswith("-SYNC"):
        return "it is the channel SY0 of what it belongs to"
    if _SYNC in (stream.id, stream.name):
        return "it is bit 6 of SY0, and the last line of nidq"
    if any(channel.units not in VOLTS for channel in stream.channels):
        return "its units are no volts"
    if (stream.gains < 0).any():
        return "it has a gain below 0"
    one_gain = len(set(stream.gains.tolist())) == 1
    if wired(stream, one_gain=one_gain, has_lf=False) is None:
        return "a probe has at most 384 channels, or 1536 if they have one gain"
    return None


class _Run:
    """A run that is being written."""

    def __init__(self, recorded: Recorded, out: RigFolder, has_nidq: bool) -> None:
        self._recorded, self._out = recorded, out
        self._folder = f"{recorded.title}_g0"
        self._origin = min([0.0, *(start for one in recorded.signals for start in one.t_starts)])
        self._has_nidq = has_nidq
        self._syncs = {stream.name: stream for stream in recorded.signals if len(stream.channels) == 1}
        if self._origin < 0:
            out.leave("t_start", "a run begins at 0 s: times are counted from the first sample")

    def write_probe(self, device: str, kinds: dict[str, RecordedSignals]) -> None:
        """Write a probe's streams, by kind."""
        probes = self._probes(kinds)
        ranges = _ranges({kind: kinds[kind] for kind in probes}, probes)
        amplified = [ranges[kind].amplified if kind in ranges else np.zeros(0, np.int64) for kind in ("ap", "lf")]
        for kind, probe in probes.items():
            stream = kinds[kind]
            values = imec(probe, kind, ranges[kind], amplified, stream.rate)
            for part in self._parts(f"{self._folder}/{self._folder}_{device}", f"{device}.{kind}", stream):
                self._put(part, values, self._word_of(part, f"{device}.{kind}"))

    def _probes(self, kinds: dict[str, RecordedSignals]) -> dict[str, Wired]:
        """Return the probe of each kind that can be written, the same for all."""
        one_gain = all(len(set(one.gains.tolist())) == 1 for one in kinds.values())
        probes: dict[str, Wired] = {}
        for kind, stream in kinds.items():
            probe = wired(stream, one_gain=one_gain, has_lf="lf" in kinds)
            if probe is None or any(probe.part != one.part for one in probes.values()):
                self._out.leave(f"stream {stream.id}", "no probe has an ap and an lf of such channels and gains")
                continue
            probes[kind] = probe
            self._out.leave_instants([stream], probe.part.number)
            if probe.places is not None:
                self._out.leave("probe", f"snsGeomMap has its places, and imroTbl those of a {probe.part.number}")
            if stream.positions is not None and stream.positions.shape[1] > 2:
                self._out.leave("places", "a probe has two axes")
        return probes

    def write_nidq(self, analog: RecordedSignals | None, clock: RecordedSignals) -> None:
        """Write the analog channels, if any, and a word of digital lines."""
        most = _LINES - 1
        for more in self._recorded.events[most:]:
            self._out.leave(f"events of {more.name}", f"a digital word has {most} lines beside the sync wave's")
        events = self._recorded.events[:most]
        n_lines = 8 if len(events) < 8 else _LINES
        volts, n = 0.0, 0
        if analog is not None:
            volts, n = float(analog.gains[0]) * VOLTS[analog.channels[0].units] * 32768, len(analog.channels)
        values = nidq(volts or _USUAL_NI_V, n, n_lines, clock.rate)
        stream = clock if analog is not None else replace(clock, channels=())
        for part in self._parts(self._folder, "nidq", stream):
            lines = [pulses(one, part.seg_index, clock, self._out, levels=True) for one in events]
            self._put(part, values, _words(self._wave(part), lines, n_lines))

    def _parts(self, folder: str, kind: str, stream: RecordedSignals) -> Iterator[RunFile]:
        for k, t_start in enumerate(stream.t_starts):
            first = round((t_start - self._origin) * stream.rate)
            name = f"{folder}/{self._folder}_t{k}.{kind}"
            yield RunFile(name, stream, k, first, len(stream.channels) + 1)

    def _put(self, part: RunFile, values: dict[str, object], last: _Last) -> None:
        """Write a file of samples, each with a last channel, and its ``.meta``."""
        stream, n = part.stream, part.n_saved - 1
        with self._out.file(f"{part.name}.bin") as file:
            whole = np.empty((0, part.n_saved), "<i2")
            for start, counts in _blocks(stream, part.seg_index):
                whole = whole if len(whole) >= len(counts) else np.empty((len(counts), part.n_saved), "<i2")
                some = whole[: len(counts)]
                some[:, :n] = counts
                some[:, n] = last(start, start + len(counts))
                file.write(some)
                self._out.tick(counts.size)
        general = common(part, self._recorded.start, self._recorded.about, self._has_nidq)
        self._out.write(f"{part.name}.meta", [text(general | values)])

    def _word_of(self, part: RunFile, role: str) -> _Last:
        """Return SY0: that of the source, if it has one, or the sync wave."""
        known = self._syncs.get(f"{role}-SYNC")
        if known is not None and known.sizes == part.stream.sizes:
            return lambda start, stop: known.read(part.seg_index, start, stop)[:, 0]
        wave = self._wave(part)
        return lambda start, stop: wave(start, stop) * _SYNC_BIT

    def _wave(self, part: RunFile) -> _Last:
        source = self._syncs.get(_SYNC)
        return _square(part) if source is None else _resampled(part, source)


def _square(part: RunFile) -> _Last:
    def wave(start: int, stop: int) -> Ints:
        frames = np.arange(part.first + start, part.first + stop)
        halves: Ints = np.floor(frames * (2 / (part.stream.rate * SYNC_S))).astype(np.int64)
        return halves & 1

    return wave


def _resampled(part: RunFile, source: RecordedSignals) -> _Last:
    """Return a source's level at the samples of a file, 0 where it is not above 0."""
    k, stream = part.seg_index, part.stream
    ahead = stream.t_starts[k] - source.t_starts[k]

    def wave(start: int, stop: int) -> Ints:
        at = (ahead + np.arange(start, stop) / stream.rate) * source.rate
        samples = np.clip(np.floor(at + 1e-6).astype(np.int64), 0, source.sizes[k] - 1)
        low = int(samples[0])
        levels = source.read(k, low, int(samples[-1]) + 1)[:, 0] > 0
        return levels[samples - low].astype(np.int64)

    return wave


def _words(wave: _Last, lines: Sequence[Pulses], n_lines: int) -> _Last:
    def words(start: int, stop: int) -> Ints:
        word = wave(start, stop) << (n_lines - 1)
        for k, line in enumerate(lines):
            word |= level(line, start, stop) << k
        return word.astype("<u2").view("<i2")

    return words


def _blocks(stream: RecordedSignals, seg_index: int) -> Iterator[tuple[int, Counts]]:
    """Yield a segment's samples in blocks; of a stream without channels blocks of none."""
    if stream.channels:
        yield from stream.blocks(seg_index)
        return
    for start in range(0, stream.sizes[seg_index], BLOCK):
        yield start, np.zeros((min(BLOCK, stream.sizes[seg_index] - start), 0), np.int16)


def _ranges(kinds: dict[str, RecordedSignals], probes: dict[str, Wired]) -> dict[str, Range]:
    """Return the voltage range of each kind, and what its channels amplify: the same range, if the probe has gains."""
    if not probes:
        return {}
    part = next(iter(probes.values())).part
    volts = {kind: stream.gains * [VOLTS[one.units] for one in stream.channels] for kind, stream in kinds.items()}
    if part.gain is not None:
        return {kind: Range(fixed(float(some[0]), part), np.zeros(0, np.int64)) for kind, some in volts.items()}
    both = solved(np.concatenate(list(volts.values())), part)
    ends = np.cumsum([len(some) for some in volts.values()])[:-1]
    return {
        kind: both._replace(amplified=some) for kind, some in zip(volts, np.split(both.amplified, ends), strict=True)
    }


register_rig(
    RigFormat(
        name="spikeglx",
        title="SpikeGLX",
        files="{run}_g0/{run}_g0_imec0/{run}_g0_t0.imec0.ap.bin, .lf.bin, .nidq.bin, each with a .meta",
        neo="SpikeGLXRawIO",
        holds=Holds(
            "ap and lf of each probe, and nidq",
            gains="one a channel, or one a probe",
            t_start=True,
            segments=True,
            events=True,
            durations=True,
            probe=True,
            date=True,
        ),
        write=_write,
        faults=FAULTS,
        extractor="read_spikeglx",
        source="SpikeGLX, User Manual and Metadata guide; IMEC's and B. Karsh's tables of probes",
        rank=10,
    )
)
