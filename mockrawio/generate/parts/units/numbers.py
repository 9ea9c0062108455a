"""Draws of the properties of units: from spans, and on the scale of ratios."""

from __future__ import annotations

import math

Span = tuple[float, float]


def digits(value: float) -> float:
    """Return a number to seven digits, so that the last bit of a machine's ``exp`` does not matter."""
    return float(f"{value:.7g}")


def between(low_high: Span, share: float) -> float:
    """Return what lies at a share of the way from the lowest to the highest."""
    low, high = low_high
    return digits(low + (high - low) * share)


def log_between(low_high: Span, share: float) -> float:
    """Return what lies at a share of the way on the scale of ratios; the lowest is above 0."""
    low, high = low_high
    return digits(low * math.exp(math.log(high / low) * share))
