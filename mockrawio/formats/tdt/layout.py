"""What the files of a tank are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ...ground.arrays import Array

INDEX = np.dtype(
    [
        ("size", "<i4"),  # words of 4 bytes, with this record
        ("type", "<i4"),
        ("store", "S4"),
        ("channel", "<u2"),
        ("sort", "<u2"),
        ("time", "<f8"),  # s since the Unix epoch
        ("offset", "<i8"),  # in the .tev, or a strobe's float64
        ("format", "<i4"),
        ("rate", "<f4"),
    ]
)
STROBE_ON, STROBE_OFF, STREAM, SNIPPET, MARK = 0x101, 0x102, 0x8101, 0x8201, 0x8801
APART = 0x10  # of a stream: it is not in the .tev, but has a .sev for each channel
SEV_HEAD = np.dtype(
    [
        ("size", "<u8"),
        ("kind", "S3"),
        ("version", "u1"),
        ("store", "S4"),
        ("channel", "<u2"),
        ("channels", "<u2"),
        ("width", "<u2"),
        ("reserved", "<u2"),
        ("format", "u1"),
        ("decimate", "u1"),  # the rate is 25 MHz by this, times 2 ** (rate - 12)
        ("rate", "<u2"),
        ("unused", "V12"),
    ]
)
FLOATS, DOUBLES = 0, 4  # formats: float32, and float64 of strobes


class Store(NamedTuple):
    """A store, as the ``.Tbk`` has it."""

    name: str
    kind: int
    channels: int = 1
    points: int = 0
    rate: float = 0.0  # Hz
    buddy: str = ""  # the store of epochs' ends, or that of their beginnings

    @property
    def format(self) -> int:
        """What its values are."""
        return DOUBLES if self.kind in (STROBE_ON, STROBE_OFF) else FLOATS

    def records(self, times: Array, channels: Array | int, offsets: Array) -> Array:
        """Return index records, of one time, channel and offset each."""
        made = np.zeros(len(times), INDEX)
        made["size"], made["type"] = INDEX.itemsize // 4 + self.points, self.kind
        made["store"], made["channel"], made["time"] = self.name.encode(), channels, times
        made["offset"], made["format"], made["rate"] = offsets, self.format, self.rate
        return made

    def lines(self) -> list[str]:
        """Return what the ``.Tbk`` says of it."""
        said: Mapping[str, tuple[str, object]] = {
            "StoreName": ("S", self.name),
            "HeadName": ("S", f"{self.name}|"),
            "Enabled": ("B", 1),
            "CircType": ("L", 0),
            "NumChan": ("L", self.channels),
            "StrobeMode": ("L", 1 if self.kind == STROBE_ON else 0),
            "StrobeBuddy": ("S", self.buddy or "none"),
            "TankEvType": ("L", self.kind),
            "NumPoints": ("L", self.points),
            "DataFormat": ("L", self.format),
            "SampleFreq": ("D", repr(float(self.rate))),
        }
        return [f"NAME={name};TYPE={kind};VALUE={value};" for name, (kind, value) in said.items()]


def bytes_of(records: Array) -> Array:
    """Return index records as rows of bytes."""
    return np.ascontiguousarray(records).view(np.uint8).reshape(len(records), INDEX.itemsize)


def mark(code: int, time: float) -> Array:
    """Return the record of a block's start (1) or stop (2)."""
    made = np.zeros(1, INDEX)
    made["size"], made["type"], made["time"] = INDEX.itemsize // 4, MARK, time
    made["store"] = code.to_bytes(1, "little")
    return made


def sev_head(store: Store, channel: int, samples: int) -> bytes:
    """Return the header of a channel's ``.sev``; of rates that it cannot say the nearest, as the index has them."""
    head = np.zeros((), SEV_HEAD)
    head["size"], head["kind"], head["version"] = SEV_HEAD.itemsize + 4 * samples, b"SEV", 3
    head["store"], head["channel"], head["channels"] = store.name.encode(), channel, store.channels
    head["width"], head["format"] = 4, FLOATS
    powers, divisors = np.meshgrid(np.arange(13), np.arange(1, 256))
    errors = np.abs(25e6 / divisors * 2.0 ** (powers - 12) / store.rate - 1)
    best = int(np.argmin(errors))
    head["rate"], head["decimate"] = powers.flat[best], divisors.flat[best]
    return head.tobytes()


def block_notes(stores: Sequence[Store], notes: str) -> bytes:
    """Return a ``.Tbk``: notes, and all stores, each begun by a mark in its first line."""
    end, line = "[USERNOTEDELIMITER]", "\r\n"
    listed = "[STOREHDRITEM]".join(line.join([*store.lines(), ""]) for store in stores)
    return f"[BLOCKNOTES]{line}{end}{line}{notes}{line}{end}{listed}{end}{line}".encode("ascii")
