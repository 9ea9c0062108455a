"""How much tests look at that repeat something many times: a part of it, or all with ``pytest --at-length``.

Tests that ask are marked ``at_length``; those marked ``at_length(only=True)`` are run with it alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
Number = TypeVar("Number", int, float)

_NAME = "TESTS_AT_LENGTH"  # of the environment, for what tests start


def say(at_length: bool) -> None:
    """Say how much tests look at from now on, in this process and in what it starts."""
    os.environ[_NAME] = str(int(at_length))


def rounds(short: Number, long: Number) -> Number:
    """Return how many times, or how long, a test does something: the second if it is at length."""
    return long if os.environ.get(_NAME) == "1" else short


def part(whole: Sequence[Item], step: int, first: int = 0) -> Sequence[Item]:
    """Return every `step`-th, from the `first` on, and one at least; or all."""
    every = min(rounds(step, 1), len(whole) or 1)
    return whole[first % every :: every]
