"""Contacts that share noise: each is a sum of sources with whole weights, exact in float32.

A product of matrices of whole numbers is the same on any machine, in whatever order and with however many threads it
is summed, as long as no sum in it can reach 2**24: :attr:`Mixing.room` says how large the sources may be.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ....ground.arrays import Array, Floats, Ints
from .normal import after_rounding, before_rounding, whole_type

WEIGHT = 256  # the weights of a contact are as one of this size
_LEFT = 0.02  # how much of a contact's variance its sources may leave out, which are then fewer than contacts
_COLUMNS = 64  # contacts whose sums are made at once, from the sources that any of them has
_ONE_THREAD = 1 << 18  # products of numbers, for up to which OpenBLAS takes one thread
EXACT = 1 << 24  # whole numbers up to this are exact in float32

Floats32 = npt.NDArray[np.float32]


class _Band(NamedTuple):
    contacts: slice  # in the order of the mixing
    sources: slice
    weights: Floats32  # (sources, contacts)

    def add_up(self, sources: Floats32, out: Floats32) -> None:
        """Write the sums of (n, sources) for each contact, (n, contacts).

        They are made a few samples at a time, too few for a library to wake more threads for: chunks are made by
        several threads already, and those of two libraries that wait for each other are slow.
        """
        n = max(1, _ONE_THREAD // self.weights.size)
        whole = len(sources) // n * n
        np.matmul(_in_parts(sources[:whole], n), self.weights, out=_in_parts(out[:whole], n))
        np.matmul(sources[whole:], self.weights, out=out[whole:])


def _in_parts(values: Floats32, n: int) -> Floats32:
    """Return a view of whole parts of `n` rows each, (parts, n, columns)."""
    strides = values.strides[0] * n, *values.strides
    return np.lib.stride_tricks.as_strided(values, (len(values) // n, n, values.shape[1]), strides)


class Mixing:
    """Makes the counts of contacts from sources.

    Parameters
    ----------
    weights : Ints
        (n_contacts, n_sources), whole numbers.
    sd : Floats
        (n_contacts,), the standard deviation asked of each contact, in counts.
    order : Ints, optional
        An order of the contacts in which neighbours have the same sources, so that few have to be summed.
    rounded : bool
        Whether `sd` is that of the counts, once they are rounded.
    """

    def __init__(self, weights: Ints, sd: Floats, order: Ints | None = None, *, rounded: bool = True) -> None:
        order = np.arange(len(weights)) if order is None else order
        self.n_sources = weights.shape[1]
        self._most = np.abs(weights).sum(axis=1)
        self._norms: Floats = np.sqrt((weights**2).sum(axis=1))
        self._asked: Floats = np.array([before_rounding(one) for one in sd.tolist()]) if rounded else sd
        self._bands = _bands(weights[order])
        self._order = order
        self._back = np.argsort(order, kind="stable") if np.any(np.diff(order) != 1) else None

    @property
    def room(self) -> int:
        """The largest size at which sources can be mixed."""
        return (EXACT - 1) // max(1, int(self._most.max()))

    def scale(self, sd: float, most: int) -> None:
        """Take sources of that standard deviation, and at most that size; contacts get the one asked of them."""
        factors: Floats = self._asked / (self._norms * sd)
        self._factors = factors.astype(np.float32)
        real = self._factors.astype(np.float64)
        self.sd: Floats = real * self._norms * sd  # before rounding
        self.rounded: Floats = np.array([after_rounding(one) for one in self.sd.tolist()])
        self.most = int(np.ceil((real * self._most).max() * most))
        self._dtype = whole_type(self.most)
        self._factors = self._factors[self._order]

    def counts(self, sources: Floats32) -> Array:
        """Return the counts, int16 or int32 (n, n_contacts), of sources (n, n_sources)."""
        sums = np.empty((len(sources), len(self._order)), np.float32)
        for band in self._bands:
            band.add_up(sources[:, band.sources], sums[:, band.contacts])
        sums *= self._factors
        counts: Array = np.rint(sums, out=sums).astype(self._dtype)
        return counts if self._back is None else np.take(counts, self._back, axis=1, mode="wrap")


def weights_of(n_contacts: int, correlation: Callable[[int], Floats]) -> Ints:
    """Return whole weights with which contacts are correlated as asked, int64 (n_contacts, n_sources).

    `correlation` gives that of one contact with all, (n_contacts,). It is a Cholesky decomposition which always takes
    the contact next of which the most is left, and ends when that is little: where contacts lie close, sources are
    fewer. Weights are whole as soon as they are found, so all that is subtracted is exact.
    """
    found = np.empty((n_contacts, n_contacts))
    left = np.full(n_contacts, float(WEIGHT**2))
    for n in range(n_contacts + 1):
        at = int(np.argmax(left))
        if left[at] <= _LEFT * WEIGHT**2:
            break
        column = np.rint(correlation(at) * WEIGHT**2) - found[:n, at] @ found[:n]
        found[n] = np.rint(column / np.sqrt(column[at]))
        left -= found[n] ** 2
    return found[:n].T.astype(np.int64)


def weights_by_distance(places: Floats, length_um: float) -> tuple[Ints, Ints]:
    """Return weights with which the correlation of contacts is a Gaussian of their distance, 1/e at `length_um`.

    With them the contacts in order along where they reach furthest; sources are in that order too.
    """
    along = places[:, np.argmax(np.ptp(places, axis=0))]

    def correlation(at: int) -> Floats:
        x, y, z = ((places - places[at]) / length_um).T
        near: Floats = np.round(np.exp(-(x * x + y * y + z * z)), 9)
        return near

    weights = weights_of(len(places), correlation)
    # a source lies where the contact does that has the most of it
    sources = np.argsort(along[np.argmax(weights, axis=0)], kind="stable")
    return weights[:, sources], np.argsort(along, kind="stable")


def _bands(weights: Ints) -> list[_Band]:
    """Cut weights into bands of contacts, each with the run of sources that it has."""
    n = len(weights)
    edges = np.linspace(0, n, -(-n // _COLUMNS) + 1).astype(int).tolist()
    return [_band(weights, slice(*pair)) for pair in pairwise(edges)]


def _band(weights: Ints, contacts: slice) -> _Band:
    used = np.flatnonzero(weights[contacts].any(axis=0))
    sources = slice(int(used[0]), int(used[-1]) + 1)
    return _Band(contacts, sources, np.ascontiguousarray(weights[contacts, sources].T, np.float32))
