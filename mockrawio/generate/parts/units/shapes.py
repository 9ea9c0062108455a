"""The spike of a cell in time: a trough between two bumps, all of them flanks of Gaussians, in closed form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ....ground.arrays import Floats

# How wide the filter before a converter blurs a spike, in samples: half of what is at half the sampling rate passes.
_BLUR = 0.4
_LONGEST = 2.0  # times as long a spike becomes far away, and as high its bumps
_LOWEST = 0.3  # times as high its bumps become
_FAR = 6.3  # of what times are multiplied to be, where nothing is left of a flank
_NEAR_MS, _STEPS = 0.1, 64  # how far from its trough a spike's middle is, and parts of a sample that it is found in


class Middle(NamedTuple):
    """Where the middle of a spike is, and how large it is there."""

    at_ms: float
    size: float


TROUGH = Middle(0.0, 1.0)  # of a shape that nothing pulls aside


class Shape(NamedTuple):
    """The spike of a cell in units of its trough, and how it changes with the place.

    Times are ms around the trough, widths the standard deviations of flanks, in ms. The shapes of many cells are one
    too, each number an array, with one for each contact that :meth:`at` is asked for.
    """

    fall: float  # width of the trough before
    rise: float  # and after
    hump: float  # height of the bump that comes after it
    hump_at: float
    hump_rise: float
    hump_fall: float
    bump: float  # height of the bump before it
    bump_at: float  # so many ms before
    bump_width: float
    stretch: float  # by which share the spike is longer 100 µm away than at the cell
    tilt: float  # by which share the hump is higher, and the bump lower, 100 µm along the cell's axis

    def at(self, times: Floats, away: Floats, along: Floats, step_ms: float) -> Floats:
        """Return the spike at several times on several contacts.

        Parameters
        ----------
        times : ndarray of float64, shape (..., n, m)
            ms after the trough.
        away, along : ndarray of float64, shape (m,)
            How far from the cell each contact is, and how far along the cell's axis, µm.
        step_ms : float
            From one sample to the next.

        Returns
        -------
        ndarray of float64, shape (..., n, m)
            At time 0 it is -1 on each contact.
        """
        return self.bells(away, along, step_ms).total(times)

    def bells(self, away: Floats, along: Floats, step_ms: float) -> Bells:
        """Return what the spike is the sum of on several contacts, (3, m); the parameters are those of :meth:`at`."""
        longer = np.minimum(1 + self.stretch * away / 100, _LONGEST)
        bells = [_Bell(0.0, self.fall, self.rise).seen(longer, step_ms)]
        deep = np.ones_like(longer)
        for (height, bell), tilt in zip(self._bumps(), (self.tilt, -self.tilt), strict=True):
            high = height * np.clip(1 + tilt * along / 100, _LOWEST, _LONGEST) * bell.kept(step_ms)
            bells.append(bell.seen(longer, step_ms).times(high))
            deep += bells[-1].at(np.zeros(1))  # as much as the bump has at time 0, where the sum so remains -1
        bells[0] = bells[0].times(-deep)
        return Bells(*map(np.stack, zip(*bells, strict=True)))

    def most(self, step_ms: float) -> float:
        """Return what its values are not beyond, in size, wherever it is seen from."""
        raised, lowered, now = 0.0, 1.0, np.zeros(1)
        for height, bell in self._bumps():
            high = height * _LONGEST * bell.kept(step_ms)
            raised += high
            lowered += high * float(bell.seen(np.ones(1), step_ms).at(now)[0])
        return float(max(raised, lowered))

    def _bumps(self) -> tuple[tuple[float, _Bell], tuple[float, _Bell]]:
        """Return the heights of the bumps after and before the trough, and what they look like."""
        hump = _Bell(self.hump_at, self.hump_rise, self.hump_fall)
        bump = _Bell(-self.bump_at, self.bump_width, self.bump_width)
        return (self.hump, hump), (self.bump, bump)

    def middle(self, away: Floats, along: Floats, step_ms: float) -> Middle:
        """Return where the spike is equally high half a sample before and after, near its largest value.

        The sample next to that is the largest, wherever between two samples the spike comes. `away` and `along` are
        those of one contact, as :meth:`at` has them.
        """
        bells = self.bells(away, along, step_ms)

        def value(times: Floats) -> Floats:  # in which the last bit of a machine's exp does not matter
            return np.round(bells.total(times[:, None])[:, 0], 9)

        around = np.linspace(-_NEAR_MS, _NEAR_MS, 2 * _STEPS + 1)
        steps = np.arange(-_STEPS // 2, _STEPS // 2 + 1) * (step_ms / _STEPS) + around[value(around).argmin()]
        before, after = value(steps - step_ms / 2), value(steps + step_ms / 2)
        at_ms = steps[np.argmax(before <= after)]  # before the middle the flank of the trough falls
        return Middle(float(at_ms), float(-value(at_ms[None])[0]))


class Bells(NamedTuple):
    """Flanks of Gaussians, two on each contact: arrays (m,), or (k, m) of several."""

    centres: Floats  # ms
    before: Floats  # what times before the centre are multiplied by,
    after: Floats  # and those after it
    heights: Floats

    def at(self, times: Floats) -> Floats:
        """Return their values at times, (..., m)."""
        apart = times - self.centres
        apart = np.maximum(apart * self.after, apart * -self.before)
        values: Floats = self.heights * np.exp(-apart * apart)
        return values

    def total(self, times: Floats) -> Floats:
        """Return the sum of several at times, (..., m)."""
        return sum((self.only(k).at(times) for k in range(len(self.centres))), np.zeros(1))

    def times(self, heights: Floats) -> Bells:
        """Return them so many times as high."""
        return self._replace(heights=self.heights * heights)

    def only(self, which: Any) -> Bells:
        """Return some of them."""
        return Bells(*(part[which] for part in self))

    def add(self, out: Floats, times: Floats, work: Floats) -> None:
        """Add to `out`, (n, m), what they are at times, ascending, (n,); `work`, (2, n, m), is written over.

        What is less than 1e-17 of their height is left out.
        """
        low = (self.centres - _FAR / self.before).min(initial=np.inf)
        high = (self.centres + _FAR / self.after).max(initial=-np.inf)
        rows = slice(*np.searchsorted(times, [low, high]).tolist())
        apart, other = work[:, rows]
        np.subtract(times[rows, None], self.centres, out=apart)
        np.multiply(apart, -self.before, out=other)
        apart *= self.after
        np.maximum(apart, other, out=apart)
        np.negative(apart, out=other)
        apart *= other
        np.exp(apart, out=apart)
        apart *= self.heights
        out[rows] += apart


class _Bell(NamedTuple):
    """Two flanks of a Gaussian, 1 at their centre."""

    centre: float
    before: float
    after: float

    def seen(self, longer: Floats, step_ms: float) -> Bells:
        """Return them on contacts where they are so many times as long as they say."""
        widths = (np.sqrt(2 * ((width * longer) ** 2 + (_BLUR * step_ms) ** 2)) for width in (self.before, self.after))
        before, after = (1 / width for width in widths)
        return Bells(self.centre * longer, before, after, np.ones_like(longer))

    def kept(self, step_ms: float) -> float:
        """Return how much of its height is left where samples blur it."""
        return self.before / np.hypot(self.before, _BLUR * step_ms)  # type: ignore[no-any-return]  # as it is
