"""Templates as files of every format, of waveforms that are ours."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from mockrawio.generate.parts.units import Units

from . import floor, linear

RATE, N_CONTACTS, N_UNITS = 30_000, 12, 4
STEPS_UM = (-6.0, 0.0, 6.0)  # where cells that drift are, from home


@cache
def library():
    """Return the setting of a probe, and cells that lie near it."""
    probe = linear(3, N_CONTACTS, RATE)
    return probe, Units(N_UNITS, multi=0, amplitude_uV=(80, 200)).cells(probe, floor(probe))


@cache
def waveforms():
    """Return the spikes of the cells, float32 (units, samples, channels), µV."""
    probe, cells = library()
    return np.stack([cell.waveforms(probe) for cell in cells]).astype(np.float32)


@cache
def drifting():
    """Return them at each step of a drift, float32 (units, steps, samples, channels), µV."""
    probe, cells = library()
    moved = [[cell.waveforms(probe, 0.0, np.array([0.0, um, 0.0])) for um in STEPS_UM] for cell in cells]
    return np.array(moved, np.float32)


def before():
    """Return the sample at which the spikes stand."""
    return library()[1][0].window(Fraction(RATE)).before


def positions():
    """Return where the contacts are, (m, 2), µm, their centre at 0."""
    return library()[0].places[:, :2] - [0.0, (N_CONTACTS - 1) * 12.5]


def locations():
    """Return where the cells are, (units, 3), in the coordinates of :func:`positions`."""
    return np.array([cell.location for cell in library()[1]]) - [0.0, (N_CONTACTS - 1) * 12.5, 0.0]


class Made(NamedTuple):
    """Templates as a source, and what the source does not say itself."""

    path: Any
    fields: dict[str, Any]


def object_(place):
    """Return SpikeInterface's Templates."""
    from probeinterface import Probe
    from spikeinterface.core.template import Templates

    probe = Probe(ndim=2)
    probe.set_contacts(positions(), shapes="circle", shape_params={"radius": 5})
    probe.set_device_channel_indices(np.arange(N_CONTACTS))
    ids = np.array(["0", "1", "2", "3"])
    return Made(Templates(waveforms(), float(RATE), before(), probe=probe, unit_ids=ids), {})


def zarr(place):
    """Write them as SpikeInterface does."""
    object_(place).path.to_zarr(place / "a.zarr")
    return Made(place / "a.zarr", {})


def sparse_zarr(place):
    """Write them as SpikeInterface does, on channels where a sample is half a count or more."""
    templates = object_(place).path
    mask = np.abs(waveforms()).max(axis=1) >= 0.05
    assert not mask.all()
    templates.to_sparse(_sparsity(mask, templates)).to_zarr(place / "s.zarr")
    return Made(place / "s.zarr", {})


def _sparsity(mask, templates):
    from spikeinterface.core import ChannelSparsity

    return ChannelSparsity(mask, templates.unit_ids, templates.channel_ids)


def npz(place):
    """Write them with the names of SpikeInterface's fields."""
    about = {"sampling_frequency": float(RATE), "nbefore": before(), "channel_locations": positions()}
    np.savez(place / "a.npz", templates_array=waveforms(), **about)
    return Made(place / "a.npz", {})


def npy(place):
    """Write the array alone."""
    np.save(place / "a.npy", waveforms())
    about = {"sampling_rate": RATE, "before": before(), "positions_um": positions()}
    return Made(place / "a.npy", about)


def phy(place):
    """Write a folder as KiloSort does: whitened, each on channels that it lists."""
    folder = place / "phy"
    folder.mkdir()
    np.save(folder / "templates.npy", waveforms() * np.float32(0.5))
    np.save(folder / "templates_ind.npy", np.tile(np.arange(N_CONTACTS), (N_UNITS, 1)))
    np.save(folder / "whitening_mat_inv.npy", 2 * np.eye(N_CONTACTS))  # exactly what takes it back
    np.save(folder / "channel_positions.npy", positions())
    np.save(folder / "channel_map.npy", np.arange(N_CONTACTS, dtype=np.int32))
    (folder / "params.py").write_text(f"dat_path = 'a.bin'\nsample_rate = {RATE}.\nimport os; os.abort()\n")
    return Made(folder, {"before": before()})


def mearec(place, drift=False):
    """Write them as MEArec 1.11 does: transposed, contacts as a grid, x, y and z those of its plane yz."""
    import h5py

    with h5py.File(place / f"a{drift}.h5", "w") as file:
        array = drifting() if drift else waveforms()
        file["templates"] = np.swapaxes(array, -1, -2)
        file["celltypes"] = [f"L5_{k}".encode() for k in range(N_UNITS)]
        where = locations()
        if drift:
            where = where[:, None] + np.array([[0.0, um, 0.0] for um in STEPS_UM])
        file["locations"] = where[..., [2, 0, 1]]
        file["rotations"] = np.zeros((N_UNITS, 3))
        file["info/params/dt"] = 1000 / RATE
        file["info/params/cut_out"] = np.array([before() * 1000 / RATE, 2.0])
        file["info/electrodes/dim"] = np.array([N_CONTACTS, 1])
        file["info/electrodes/pitch"] = np.array([25.0, 32.0])
        file["info/electrodes/plane"] = "yz"
        file["info/electrodes/sortlist"] = "null"
    return Made(place / f"a{drift}.h5", {})


STILL = {
    "object": object_,
    "zarr": zarr,
    "sparse zarr": sparse_zarr,
    "npz": npz,
    "npy": npy,
    "phy": phy,
    "MEArec": mearec,
}


def needs(name):
    """Return what must be installed for a format."""
    return {"MEArec": "h5py"}.get(name, "spikeinterface" if name in ("object", "zarr", "sparse zarr") else "numpy")


def probe():
    """Return the probe of the templates, as ProbeInterface writes it."""
    contacts = {
        "ndim": 2,
        "si_units": "um",
        "contact_positions": positions().tolist(),
        "contact_shapes": ["circle"] * N_CONTACTS,
        "contact_shape_params": [{"radius": 5}] * N_CONTACTS,
        "device_channel_indices": list(range(N_CONTACTS)),
    }
    return {"specification": "probeinterface", "version": "0.2.21", "probes": [contacts]}
