"""The LFP that is made of the field: of the stream that has the field in it, or where there is none, of it alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..ground.progress import Tick
from ..session.lowpass import Lowpass
from .casting import setting_of
from .chunks import Chunk, made_ahead
from .layers import Int16s
from .lfp import Lfp, SpooledLfp
from .marks import marks_of
from .mix import Mix
from .parts.field import Sine
from .plan import Plan
from .sine import SineLfp
from .spool import Spool
from .timing import LFP_RATE
from .tissue import field_layers


class LfpOfStream:
    """Makes the LFP of a stream whose chunks come one after another; `put` takes its rows, int16 (n, width).

    `lengths` are the stream's samples of each segment, `n_ms` the LFP's.
    """

    def __init__(
        self, lowpass: Lowpass, lengths: Sequence[int], n_ms: Sequence[int], width: int, put: Callable[[Int16s], None]
    ) -> None:
        self._lowpass, self._lengths, self._n_ms, self._width, self._put = lowpass, lengths, n_ms, width, put
        self._rows: Int16s = np.empty((0, width), "<i2")  # those that are still needed
        self._first, self._done = 0, 0  # the frame of the first of them; samples of the segment that have been made

    def take(self, chunk: Chunk) -> None:
        """Take the next chunk, and make what can be made."""
        lowpass, half, stop = self._lowpass, self._lowpass.half, chunk.i_start + len(chunk.samples)
        parts = [self._rows, chunk.samples[:, : self._width]]
        if chunk.i_start == 0:
            self._first, self._done = -half, 0
            parts[0] = np.repeat(parts[1][:1], half, axis=0)
        made = int(np.searchsorted(lowpass.middles(self._done, self._most(stop)), stop - half)) + self._done
        if stop == self._lengths[chunk.seg_index]:
            made = self._n_ms[chunk.seg_index]
            parts.append(np.repeat(parts[1][-1:], half + 1, axis=0))
        rows = np.concatenate(parts)
        self._put(lowpass.samples(rows, self._first, self._done, made))
        (middle,) = lowpass.middles(made, made + 1).tolist()
        begin = max(0, middle - half - self._first)
        self._rows, self._first, self._done = rows[begin:].copy(), self._first + begin, made

    def _most(self, stop: int) -> int:
        return max(self._done, self._lowpass.length(stop))


@contextmanager
def lfp_of_plan(
    plan: Plan, folder: Path | None = None, n_workers: int = 1, tick: Tick = lambda size: None
) -> Iterator[Lfp]:
    """Make the LFP of a session without a stream; what is made lies in a folder until the context is left.

    `tick` is called with the bytes that are made.
    """
    sine = sine_lfp(plan)
    if sine is not None:
        yield sine
        return
    lengths, n, width = [segment.n_ms for segment in plan.segments], plan.spec.contacts.n, plan.spec.lfp_width
    with Spool(folder or Path(tempfile.gettempdir()), width) as spool:
        for chunk in made_ahead(field_mix(plan).fill, lengths if width else (), n, n_workers):
            spool.put(chunk.samples[:, :width])
            tick(len(chunk.samples) * width * 2)
        yield SpooledLfp(spool, plan.spec.acquisition.gain_uV)


def sine_lfp(plan: Plan) -> SineLfp | None:
    """Return the LFP of a session whose field is a sine, None of any other."""
    part = plan.spec.field[0] if plan.spec.field else None
    return SineLfp(plan, part) if isinstance(part, Sine) else None


def field_mix(plan: Plan) -> Mix:
    """Return the sum of a session's field as its LFP has it where there is no stream: at 1 kHz, on all contacts."""
    setting = setting_of(plan.spec, plan.seed, plan.segments)
    lengths = tuple(segment.n_ms for segment in plan.segments)
    setting = replace(setting.at_once, sampling_rate=Fraction(LFP_RATE), lengths=lengths)
    layers = field_layers(plan.spec, setting, marks_of(plan))
    return Mix(layers, plan.spec.contacts.order, plan.spec.acquisition.bits)
