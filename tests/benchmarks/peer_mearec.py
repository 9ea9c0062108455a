"""A recording of MEArec's, as a peer for ``python -m tests.benchmarks.realism --mearec OUT.npz``.

``python tests/benchmarks/peer_mearec.py OUT.npz`` makes it, in an environment of its own: it needs nothing of this
package, but ``pip install MEArec LFPy "neuron<9"`` and a C++ compiler, by which NEURON compiles the mechanisms of the
13 cell models that MEArec brings. Some five minutes.

MEArec's defaults, but for 32 contacts 25 µm apart in a line, 20 units, 60 s, the seed, noise that neighbours share, and
no filter.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

PROBE = """
electrode_name: linear-32
description: "32 contacts in a line"
sortlist: null
pitch: 25
dim: [32, 1]
size: 7.5
plane: yz
shape: circle
type: mea
"""
N_EXCITATORY, N_INHIBITORY, SECONDS, SEED = 14, 6, 60, 1


def main(out: Path) -> None:
    """Simulate the templates, then the recording, and write what is known about it."""
    # where nrnivmodl is, which MEArec calls by its name
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    import MEArec
    import MEAutility

    models = MEArec.get_default_cell_models_folder()
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "linear-32.yaml"
        probe.write_text(PROBE)
        MEAutility.add_mea(str(probe))
        about = MEArec.get_default_templates_params()
        about |= {"probe": "linear-32", "n": 10, "ncontacts": 1, "seed": SEED}
        made = MEArec.gen_templates(models, params=about, templates_tmp_folder=folder, parallel=True, n_jobs=2)
        whole, silent = (MEArec.gen_recordings(params=asked(uV), tempgen=made, verbose=False) for uV in (10, 0))
        save(whole, silent, out)


def asked(noise_uV: float) -> dict:
    """Return MEArec's defaults for a recording, and what we ask otherwise."""
    import MEArec

    about = MEArec.get_default_recordings_params()
    about["spiketrains"] |= {"n_exc": N_EXCITATORY, "n_inh": N_INHIBITORY, "duration": SECONDS}
    about["recordings"] |= {"noise_mode": "distance-correlated", "noise_level": noise_uV, "filter": False}
    about["seeds"] = dict.fromkeys(about["seeds"], SEED)
    return about


def save(recording, silent, out: Path) -> None:
    """Write the recording as :func:`tests.benchmarks.recorded.of_mearec` reads it."""
    fs = float(recording.info["recordings"]["fs"])
    trains = [np.rint(np.asarray(train.times.rescale("s")) * fs).astype("int64") for train in recording.spiketrains]
    # (units, jitters, contacts, samples): a unit is the mean of its copies, moved by parts of a sample
    templates = np.mean(recording.templates, axis=1).transpose(0, 2, 1)
    np.savez(
        out,
        fs=fs,
        traces=recording.recordings,
        noise=recording.recordings - silent.recordings,
        places=recording.channel_positions,
        cells=recording.template_locations,
        templates=templates,
        frames=np.concatenate(trains),
        counts=[len(train) for train in trains],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
