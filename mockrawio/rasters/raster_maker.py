"""The SONATA raster maker's writer and its way to make spikes, by their names there (docs/rasters.rst)."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from ..formats.spikes.sonata_out import extend, mark_sonata, new_dataset
from ..ground.arrays import Array, Floats
from ..ground.checks import require
from ..ground.errors import MockSessionError
from ..ground.extras import h5py_module
from .checks import float_array, generator, whole_in
from .poisson import checked_profile
from .trains import Options, filled_bins, source_for

BUFFERED = 1 << 20  # values held of a dataset before they go to the file
N_BINS = 4999  # of 1 ms, where no profile says how many: `make_noise`'s own


class SonataWriter:
    """Writes datasets of an HDF5 file piece by piece; a context manager.

    Parameters
    ----------
    f_name : str or PathLike
        The file to make; one that is there is replaced.
    groups : sequence of str
        The groups to make, each inside the one before; the datasets are in the last.
    datasets : sequence of str
        The datasets' names.
    types : sequence of dtype-like
        What each of them holds.

    Raises
    ------
    MockSessionError
        If there are not as many types as datasets, or h5py is not installed.

    Notes
    -----
    What is appended is held until there is enough of it, so that the file does not grow for each
    unit. `file`, `group` and `datasets` write out what is held first. With groups "spikes" and a
    population, and SONATA's two datasets, the file has the attributes too that SONATA asks for.
    """

    def __init__(
        self, f_name: str | PathLike[str], groups: Sequence[str], datasets: Sequence[str], types: Sequence[Any]
    ) -> None:
        require(len(datasets) == len(types), "types", f"{len(datasets)}, one for each dataset", len(types))
        self._file = h5py_module().File(f_name, "w")
        self._group = self._file
        for name in groups:
            self._group = self._group.create_group(name)
        kinds = zip(datasets, types, strict=True)
        self._datasets = {name: new_dataset(self._group, name, dtype) for name, dtype in kinds}
        if [*groups][:-1] == ["spikes"] and {"timestamps", "node_ids"} <= set(datasets):
            mark_sonata(self._file, self._group, "none")
        self._held: dict[str, list[Array]] = {name: [] for name in datasets}
        self._sizes = dict.fromkeys(datasets, 0)

    @property
    def file(self) -> Any:
        """The file being worked on, an h5py.File."""
        self.flush()
        return self._file

    @property
    def group(self) -> Any:
        """The h5py.Group where the datasets are."""
        self.flush()
        return self._group

    @property
    def datasets(self) -> dict[str, Any]:
        """The h5py.Dataset of each name."""
        self.flush()
        return dict(self._datasets)

    def append_ds(self, vals: Any, ds: str) -> None:
        """Append values to a dataset.

        Parameters
        ----------
        vals : array_like, shape (n,)
            The values; a copy is kept.
        ds : str
            The dataset's name.

        Raises
        ------
        MockSessionError
            If there is no such dataset, the values have more than one dimension, or the writer
            is closed.
        """
        self._hold(ds, np.array(vals, self._dtype(ds), ndmin=1))

    def append_repeat(self, ds: str, val: Any, N: int) -> None:
        """Append one value several times to a dataset.

        Parameters
        ----------
        ds : str
            The dataset's name.
        val : scalar
            The value.
        N : int
            How many times.

        Raises
        ------
        MockSessionError
            As `append_ds`, or if `N` is negative.
        """
        self._hold(ds, np.full(whole_in("N", N, 0, 2**40), val, self._dtype(ds)))

    def flush(self) -> None:
        """Write out what is held."""
        for name in self._held:
            self._write(name)

    def close(self) -> None:
        """Write out what is held and close the file; a second time does nothing."""
        if self._file:
            self.flush()
            self._file.close()

    def __enter__(self) -> SonataWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _dtype(self, ds: str) -> Any:
        known = ", ".join(self._held)
        require(ds in self._held, "ds", f"one of the datasets {known}", ds, "Choose one of them.")
        if not self._file:
            raise MockSessionError(ds, "an open writer", "a closed one", "Append before close().")
        return self._datasets[ds].dtype

    def _hold(self, ds: str, values: Array) -> None:
        require(values.ndim == 1, "vals", "values in one dimension", f"shape {values.shape}")
        self._held[ds].append(values)
        self._sizes[ds] += values.size
        if self._sizes[ds] >= BUFFERED:
            self._write(ds)

    def _write(self, ds: str) -> None:
        held, self._held[ds], self._sizes[ds] = self._held[ds], [], 0
        if held:
            extend(self._datasets[ds], np.concatenate(held))


def make_save_spikes(
    writer: Any,
    exp: bool,
    dist: Any,
    numUnits: int = 100,
    rateProf: Any = None,
    start_id: int = 0,
    start_time: float = 0,
    *,
    seed: Any = None,
    rng: np.random.Generator | None = None,
) -> None:
    """Draw spikes of units and append them to the datasets ``timestamps`` and ``node_ids``.

    Parameters
    ----------
    writer : SonataWriter
        Where they go, unit by unit, each in order of time.
    exp : bool
        Whether `dist` gives logarithms of rates.
    dist : array_like, shape (numUnits,) or (numUnits, 1), or distribution
        The units' rates in Hz; or a function of the number of units, or an object with a method
        ``rvs(size=, random_state=)`` as those of scipy.stats, which returns them.
    numUnits : int
        How many units.
    rateProf : array_like, shape (numUnits, n_bins) or (n_bins,), or None
        What the rate is multiplied with in each bin of 1 ms. Below 0 counts as 0; the array is
        not changed. None is 1 for 4999 bins.
    start_id : int
        The first unit's id.
    start_time : float
        What is added to all times, in ms.
    seed : int or None
        The same seed gives the same spikes.
    rng : numpy.random.Generator or None
        In place of `seed`.

    Raises
    ------
    MockSessionError
        If a shape does not fit, or a number is not finite.

    Notes
    -----
    A bin holds a spike with chance ``1 - exp(-rate / 1000)``, at most one, and its time is the
    bin's start: as in the raster maker. Shapes are checked before anything is drawn.
    """
    n_units = whole_in("numUnits", numUnits, 0, 10**9)
    draws = generator(seed, rng)
    shift, first_id = float(float_array("start_time", start_time, (0,))), whole_in("start_id", start_id, 0, 2**62)
    factors = checked_profile(np.ones(N_BINS) if rateProf is None else rateProf, n_units, None, 1.0)
    assert factors is not None  # for the type checker
    hertz = _rates(dist, exp, n_units, draws)
    points = source_for(hertz, factors, 1.0, Options(), draws).until(float(factors.shape[-1]))
    units, bins = filled_bins(points, 1.0, factors.shape[-1])
    writer.append_ds(units + first_id, "node_ids")
    writer.append_ds(bins + shift, "timestamps")


def _rates(dist: Any, exp: bool, n_units: int, rng: np.random.Generator) -> Floats:
    """Return the units' rates in Hz, from an array or a distribution."""
    if hasattr(dist, "rvs"):
        dist = dist.rvs(size=n_units, random_state=rng)
    elif callable(dist):
        dist = dist(n_units)
    values = float_array("dist", dist, (1, 2))
    fits = values.shape in ((n_units,), (n_units, 1))
    require(fits, "dist", f"{n_units} values, one for each unit", f"shape {values.shape}", "Give numUnits of them.")
    values = values.ravel()
    with np.errstate(over="ignore"):
        return np.maximum(float_array("exp(dist)", np.exp(values), (1,)) if exp else values, 0.0)
