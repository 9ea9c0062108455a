"""What the description of a session's stream says, which is known from its plan."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import numpy as np

from ..session import keys
from ..session.clock import Run
from ..session.content import stream_description
from ..session.files import Scale
from .plan import Plan


def stream_lengths(plan: Plan) -> tuple[int, ...]:
    """Return the samples of each segment of the stream."""
    assert plan.cast is not None
    return plan.cast.setting.lengths


def stream_content(plan: Plan, ground_truth: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the content of the stream's json; None leaves out what was planted."""
    spec, n = plan.spec, plan.spec.contacts.n
    stops = list(accumulate(stream_lengths(plan)))
    runs = map(Run, [0, *stops], stops, (segment.start_ms for segment in plan.segments))
    more: dict[str, Any] = spec.contacts.description()
    more |= {} if ground_truth is None else {keys.GROUND_TRUTH: ground_truth}
    shifts = plan.cast.setting.shifts if plan.cast else None  # in the order of the places
    more |= {} if shifts is None else {keys.SHIFTS: shifts[np.argsort(spec.contacts.order)].tolist()}
    ids, scales = [f"CSC{k + 1}" for k in range(n)], [Scale(spec.acquisition.gain_uV)] * n
    return stream_description(float(spec.sampling_rate or 0), scales, ids, spec.names, runs, more)
