"""``settings.xml``: the GUI's signal chain, and in it what a Neuropixels probe reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

import numpy as np

from ..recorded import RecordedSignals
from ..spikeglx.gains import USUAL_V
from ..spikeglx.probe import BANK, Wired, contact_places
from .structure import GUI, IN_UV, NODE_ID, PXI, SOURCE, NodeFolder

Streams = Sequence[tuple[NodeFolder, RecordedSignals]]
_SHANK_UM = 250


def settings(streams: Streams, probe: Wired | None, date: str) -> bytes:
    """Return the file; `probe` is that of the streams of Neuropix-PXI."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<SETTINGS>",
        f"  <INFO><VERSION>{GUI}</VERSION><PLUGIN_API_VERSION>8</PLUGIN_API_VERSION><DATE>{date}</DATE></INFO>",
        "  <SIGNALCHAIN>",
        *_processor(streams, SOURCE, None),
        *_processor(streams, PXI, probe),
        f'    <PROCESSOR name="Record Node" insertionPoint="1" pluginName="Record Node" type="5" nodeId="{NODE_ID}">',
        "      <CUSTOM_PARAMETERS>",
        *_states(streams, probe),
        "      </CUSTOM_PARAMETERS>",
        "    </PROCESSOR>",
        "  </SIGNALCHAIN>",
        "</SETTINGS>",
        "",
    ]
    return "\n".join(lines).encode()


def _processor(streams: Streams, name: str, probe: Wired | None) -> Iterator[str]:
    mine = [(one, signals) for one, signals in streams if one.processor[0] == name]
    if not mine:
        return
    said = f'name="{name}" insertionPoint="0" pluginName="{name}" type="2" nodeId="{mine[0][0].processor[1]}"'
    yield f'    <PROCESSOR {said} libraryVersion="0.6.0">'
    for one, signals in mine:
        n = len(signals.channels) if probe is None else probe.part.channels
        yield f'      <STREAM name={quoteattr(one.stream)} sample_rate="{signals.rate!r}" channel_count="{n}"/>'
    if probe is not None:
        yield "      <EDITOR>"
        yield from _probe(probe, _gains(mine, probe))
        yield "      </EDITOR>"
    yield "    </PROCESSOR>"


def _gains(streams: Streams, probe: Wired) -> str:
    """Return how much the probe amplifies, of one whose gains can be set."""
    said = ""
    for one, signals in streams:
        first = signals.channels[0]
        volts = first.gain * IN_UV.get(first.units, 1e6) * 1e-6
        band = "ap" if one.stream.endswith("AP") else "lfp"
        said += f' {band}GainValue="{USUAL_V / probe.part.max_int / abs(volts):g}x"' if probe.part.gain is None else ""
    return said


def _probe(probe: Wired, gains: str) -> Iterator[str]:
    """Yield which contact each channel reads, and where that is."""
    part, many = probe.part, probe.part.n_shanks > 1
    yield (
        f'        <NP_PROBE slot="2" bs_firmware_version="2.0169" port="1" dock="1" probe_serial_number="0"'
        f' probe_part_number="{part.number}" isEnabled="1" referenceChannel="Ext"{gains}>'
    )
    pairs = zip((probe.electrodes // BANK).tolist(), probe.shanks.tolist(), strict=True)
    places = contact_places(part, probe.electrodes) + np.stack([_SHANK_UM * probe.shanks, 0 * probe.shanks], axis=1)
    x, y = ([f"{value:g}" for value in column] for column in places.T.tolist())
    banks = [f"{bank}:{shank}" if many else str(bank) for bank, shank in pairs]
    for name, values in (("CHANNELS", banks), ("ELECTRODE_XPOS", x), ("ELECTRODE_YPOS", y)):
        yield f"          <{name} {' '.join(f'CH{k}={quoteattr(value)}' for k, value in enumerate(values))}/>"
    yield "        </NP_PROBE>"


def _states(streams: Streams, probe: Wired | None) -> Iterator[str]:
    """Yield which channels of each stream are recorded."""
    for one, _ in streams:
        state = "ALL"
        if one.processor[0] == PXI and probe is not None and len(probe.saved) < probe.part.channels:
            state = "".join(map(str, np.isin(np.arange(probe.part.channels), probe.saved).astype(int).tolist()))
        yield f'        <STREAM name={quoteattr(one.stream)} recording_state="{state}"/>'
