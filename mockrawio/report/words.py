"""Counts and lengths of time in words, for figures and page alike."""

from __future__ import annotations


def counted(n: int, what: str) -> str:
    """Return a number with what it counts, in the plural where there is not just one."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def in_words(seconds: float) -> str:
    """Return a length of time in words, in two units at most."""
    if seconds < 120:
        return f"{seconds:.4g} s"
    if seconds < 7200:
        return "{:.0f} min {:.0f} s".format(*divmod(round(seconds), 60))
    return "{:.0f} h {:.0f} min".format(*divmod(round(seconds / 60), 60))


def of_all(shown: int, n: int, what: str) -> str:
    """Return how many of some things are shown, which may be all."""
    return counted(n, what) if shown == n else f"{shown:,} of {counted(n, what)}"
