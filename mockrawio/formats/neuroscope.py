"""Neuroscope: int16 samples (``.dat``, ``.lfp``), all that is to be known of them in XML, spikes and events as text.

The layout is that of NeuroScope and its neighbours (NDManager, Klusters): channels in turn, one gain for all of them by
a range and an amplification, which are whole numbers there; an LFP of the same channels as ``.lfp``; ``.res.1`` and
``.clu.1`` with the samples and the clusters of all spikes, clusters from 2 on, as 0 and 1 are for what is no unit; and
``.NNN.evt`` with an event's time in ms and its label, an epoch as two of them.

Neo reads the XML file and one of the files of samples, of which it takes ``.lfp`` to be of the rate of the ``.dat``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from xml.sax.saxutils import escape

from ..ground.errors import MockSessionError
from ..ground.shown import Argument, Text
from .recorded import Recorded, RecordedEvents, RecordedSignals
from .rig import Below, FileFault, Holds, Opening, RigFolder, RigFormat, each_segment, first_stream, register_rig
from .scaling import TOLERANCE, gains_uV, has_gain, with_gain

TITLE = "Neuroscope"
FIRST_CLUSTER = 2  # 0 is for artefacts, 1 for what is not sorted
_BITS = 16


def _write(recorded: Recorded, out: RigFolder, *, requantise: bool = False) -> Sequence[Opening]:
    first_stream(recorded, TITLE)
    fast, *others = sorted(recorded.signals, key=lambda one: -one.rate)
    stream = with_gain(fast, None, out, TITLE, requantise)
    streams = [stream, *_lfp(stream, others, out)]
    return each_segment(recorded.only(streams), lambda part, prefix: _one(part, f"{prefix}{part.title}", out))


def _lfp(stream: RecordedSignals, others: Sequence[RecordedSignals], out: RigFolder) -> list[RecordedSignals]:
    """Return the other stream if it can be the LFP: of as many channels, and of the same gain."""
    for other in others:
        if len(other.channels) == len(stream.channels) and has_gain(other, gains_uV(stream, out)[0][0], out):
            return [other]
        out.leave(f"stream {other.id}", "an LFP has the channels and the gain of the samples beside it")
    return []


def _one(recorded: Recorded, name: str, out: RigFolder) -> Opening:
    out.write(f"{name}.xml", [_description(recorded, out).encode("utf-8")])
    for stream, ending in zip(recorded.signals, ("dat", "lfp"), strict=False):
        with out.file(f"{name}.{ending}") as file:
            for _, counts in stream.blocks(0):
                file.write(counts)
                out.tick(counts.size)
    if recorded.units:
        _spikes(recorded, name, out)
    for number, events in enumerate(recorded.events, 1):
        text = "".join(_events(events, recorded.signals[0].t_starts[0]))
        out.write(f"{name}.{number:03d}.evt", [text.encode("utf-8")])
    return {"filename": Below(f"{name}.xml"), "binary_file": Below(f"{name}.dat")}


def _scale(gain: float) -> tuple[int, int]:
    """Return the range in V and the amplification, as whole numbers, that make a count so many µV."""
    wanted = Fraction(gain) * 2**_BITS / 10**6
    for digits in range(1, 10):
        near = min(wanted, 1 / wanted).limit_denominator(10**digits)  # 0 where it takes more digits
        near = 1 / near if near and wanted > 1 else near
        if near and abs(near / wanted - 1) < Fraction(TOLERANCE) / 10:
            return near.numerator, near.denominator
    remedy = Text("Give other ", Argument("streams"), ", or another format.")
    raise MockSessionError("gain", "1.6e-8 to 1.5e10 µV", f"{gain:.3g} µV", remedy)


def _description(recorded: Recorded, out: RigFolder) -> str:
    stream = recorded.signals[0]
    volts, amplification = _scale(float(gains_uV(stream, out)[0][0]))
    when = recorded.start + timedelta(seconds=stream.t_starts[0])
    lfp = recorded.signals[1].rate if len(recorded.signals) > 1 else stream.rate
    numbers = range(len(stream.channels))
    anatomical = "\n".join(f'    <channel skip="0">{number}</channel>' for number in numbers)
    sorted_ = "\n".join(f"     <channel>{number}</channel>" for number in numbers)
    return f"""<?xml version='1.0'?>
<parameters version="1.0" creator="neuroscope-2.0.0">
 <generalInfo>
  <date>{when:%Y-%m-%d}</date>
  <experimenters></experimenters>
  <description>{escape(recorded.about)}</description>
  <notes></notes>
 </generalInfo>
 <acquisitionSystem>
  <nBits>{_BITS}</nBits>
  <nChannels>{len(stream.channels)}</nChannels>
  <samplingRate>{_number(stream.rate)}</samplingRate>
  <voltageRange>{volts}</voltageRange>
  <amplification>{amplification}</amplification>
  <offset>0</offset>
 </acquisitionSystem>
 <fieldPotentials>
  <lfpSamplingRate>{_number(lfp)}</lfpSamplingRate>
 </fieldPotentials>
 <anatomicalDescription>
  <channelGroups>
   <group>
{anatomical}
   </group>
  </channelGroups>
 </anatomicalDescription>
 <spikeDetection>
  <channelGroups>
   <group>
    <channels>
{sorted_}
    </channels>
    <nSamples>32</nSamples>
    <peakSampleIndex>16</peakSampleIndex>
    <nFeatures>3</nFeatures>
   </group>
  </channelGroups>
 </spikeDetection>
</parameters>
"""


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else repr(value)


def _spikes(recorded: Recorded, name: str, out: RigFolder) -> None:
    """Write the samples and the clusters of all spikes, a line each; the first one says how many clusters there are."""
    stream = recorded.signals[0]
    out.leave("names of units", f"clusters have numbers, from {FIRST_CLUSTER}")
    trains = (out.frames("spikes", unit.times(0, None, None), stream, 0) for unit in recorded.units)
    n_clusters = sum(bool(inside.any()) for _, inside in trains)
    with out.file(f"{name}.res.1") as res, out.file(f"{name}.clu.1") as clu:
        clu.write(f"{n_clusters}\n".encode())
        for spikes in recorded.spikes(0):
            frames, inside = out.frames("spikes", spikes.times, stream, 0)
            res.write(_lines(frames[inside].tolist()))
            clu.write(_lines((spikes.units[inside] + FIRST_CLUSTER).tolist()))


def _lines(numbers: Sequence[int]) -> bytes:
    return "".join(f"{number}\n" for number in numbers).encode()


def _events(events: RecordedEvents, zero: float) -> Iterator[str]:
    """Yield the lines of an event file, in order of time."""
    times, durations, labels = events.read(0, None, None)
    marks = [(1000 * (time - zero), _text(str(label))) for time, label in zip(times, labels, strict=True)]
    if durations is not None:
        ends = 1000 * (times + durations - zero)
        marks = [(time, f"{label} start") for time, label in marks]
        marks += [(end, f"{_text(str(label))} stop") for end, label in zip(ends, labels, strict=True)]
    yield from (f"{time:.4f}\t{label}\n" for time, label in sorted(marks, key=lambda mark: mark[0]))


def _text(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _rewritten(folder: Path, old: str, new: str) -> None:
    for path in folder.rglob("*.xml"):
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")


def _ungrouped(folder: Path) -> None:
    _rewritten(folder, '    <channel skip="0">0</channel>\n', "")


def _one_more(folder: Path) -> None:
    for path in folder.rglob("*.xml"):
        n = path.read_text("utf-8").count("<channel skip")
        _rewritten(path.parent, f"<nChannels>{n}<", f"<nChannels>{n + 1}<")


def _without_xml(folder: Path) -> None:
    for path in folder.rglob("*.xml"):
        path.unlink()


register_rig(
    RigFormat(
        name="neuroscope",
        title=TITLE,
        files=".xml, .dat, .lfp, .res.1, .clu.1, .001.evt, ...",
        neo="NeuroScopeRawIO",
        holds=Holds(
            "one stream, and an LFP of the same channels",
            most_streams=2,
            gains="one of all channels",
            units=True,
            events=True,
            labels=True,
            durations=True,
            date=True,
        ),
        write=_write,
        faults=(
            FileFault(
                "ungrouped-channel",
                "a channel is in no group, as if it were discarded",
                "read all channels, and say which has no group",
                "python-neo 1077",
                _ungrouped,
            ),
            FileFault(
                "one-channel-more",
                "the XML file counts one channel more than the samples have, as after one was taken out",
                "say that the size of the file is no multiple of a sample's, where it is not",
                "python-neo 865",
                _one_more,
            ),
            FileFault(
                "missing-xml",
                "the XML file is not there",
                "name the file that is missing, and what it would tell",
                "nwb-guide 881",
                _without_xml,
            ),
        ),
        extractor="read_neuroscope_recording",
        source="NeuroSuite, File formats (neurosuite.sourceforge.net/formats.html)",
    )
)
