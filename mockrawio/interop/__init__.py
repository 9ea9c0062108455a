"""Sessions as the objects of other libraries; each module needs its own extra, and says so.

- :mod:`mockrawio.interop.spikeinterface`: recordings, sortings and events of SpikeInterface
- :mod:`mockrawio.interop.probe`: the bundles of microwires as a probe of ProbeInterface
- :mod:`mockrawio.interop.dask`: lazy arrays of Dask and xarray
- :mod:`mockrawio.interop.corpus`: many sessions, here or on a cluster
"""

from __future__ import annotations


def missing(extra: str, error: ImportError) -> ImportError:
    """Return the error for a package that is not installed: it says which command brings it.

    Parameters
    ----------
    extra : str
        The extra of mockrawio that has the package.
    error : ImportError
        What importing the package raised.
    """
    return ImportError(f"{error}. Install it with: pip install 'mockrawio[{extra}]'", name=error.name)
