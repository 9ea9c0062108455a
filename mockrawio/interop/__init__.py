"""Sessions as the objects of other libraries; each module needs its own extra, and says so.

- :mod:`mockrawio.interop.spikeinterface`: recordings, sortings and events of SpikeInterface
- :mod:`mockrawio.interop.probe`: the bundles of microwires as a probe of ProbeInterface
- :mod:`mockrawio.interop.dask`: lazy arrays of Dask and xarray
- :mod:`mockrawio.interop.corpus`: many sessions, here or on a cluster
"""
