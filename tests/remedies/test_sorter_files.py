"""Files of sorters, probes, parameters and hybrid runs: what the error says is done, and they are read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spikeinterface.core import NumpyRecording, NumpySorting

from mockrawio import MockSessionError, SessionSpec, generate_session
from mockrawio.hybrid import (
    HybridParams,
    Probe,
    generate_hybrid,
    hybrid_from_session,
    hybrid_from_spikeinterface,
    load_firings,
    load_sorting,
    load_templates,
    validate,
)
from mockrawio.hybrid.truth import load_truth
from tests.hybrid.samples import HYBRID
from tests.hybrid.test_sorters import JRC, ST3, mat, phy
from tests.remedies.files import Case, check, text


def templates(shape=(2, 3, 2), listed=None):
    """Return what makes templates of a phy folder."""

    def make(folder):
        phy(folder)
        np.save(folder / "templates.npy", np.zeros(shape))
        if listed is not None:
            np.save(folder / "template_ind.npy", np.array(listed))
        return folder

    return make


def sorted_by(folder):
    """Make a phy folder whose arrays are all sorted by time."""
    times = np.array([9, 4, 7, 9])
    order = np.argsort(times, kind="stable")
    return phy(folder, times[order], np.array([0, 1, 0, 1])[order], np.array([3, 1, 3, 1])[order])


def rez(**arrays):
    """Return what makes a rez.mat."""
    return lambda folder: mat(folder / "rez.mat", **arrays)


def jrc(*names, **changes):
    """Return what makes JRCLUST's files."""
    return lambda folder: [mat(folder / name, **{**JRC, **changes}) for name in names or ["x_jrc.mat"]][-1]


EXPORT = "Export the sorting again."
CASES = [
    Case(
        "not sorted",
        load_sorting,
        lambda p: phy(p, times=[9, 4, 7, 9]),
        "Sort the events by time, all arrays alike.",
        sorted_by,
    ),
    Case("lengths of phy", load_sorting, lambda p: phy(p, times=[5, 7]), EXPORT, phy),
    Case("negative times of phy", load_sorting, lambda p: phy(p, times=[-1, 7, 7, 9]), EXPORT, phy),
    Case(
        "negative, and a base",
        lambda p: load_sorting(p, phy_base=1),
        lambda p: phy(p, times=[-1, 7, 7, 9]),
        EXPORT,
        phy,
    ),
    Case("times of phy", load_sorting, lambda p: phy(p, times=[5, 7, 7.5, 9]), EXPORT, phy),
    Case("labels of phy", load_sorting, lambda p: phy(p, clusters=[0, 0, 0, -2]), EXPORT, phy),
    Case("templates of phy", load_sorting, lambda p: phy(p, templates=[0, -1, 0, 0]), EXPORT, phy),
    Case("flat templates", load_templates, templates((2, 3)), EXPORT, templates()),
    Case(
        "templates listed",
        load_templates,
        templates(listed=[[0, 0], [0, 1]]),
        EXPORT,
        templates(listed=[[0, 1], [0, -1]]),
    ),
    Case("jrc has none", load_templates, jrc(), "Give one of those: JRCLUST stores no templates.", templates()),
    Case(
        "rez without st3", load_sorting, rez(rez__x=[[1.0]]), "Give the file as the sorter wrote it.", rez(rez__st3=ST3)
    ),
    Case("rez of three columns", load_sorting, rez(rez__st3=ST3[:, :3]), EXPORT, rez(rez__st3=ST3)),
    Case(
        "rez backwards",
        load_sorting,
        rez(rez__st3=ST3[::-1]),
        "Sort the events by time",
        rez(rez__st3=ST3[np.argsort(ST3[:, 0], kind="stable")]),
    ),
    Case("an older rez", load_sorting, text("MATLAB 5.0".ljust(600), "rez.mat"), "", rez(rez__st3=ST3)),
    Case(
        "two sortings",
        lambda p: load_sorting(p, "jrc"),
        jrc("a_jrc.mat", "b_jrc.mat"),
        "Keep one sorting to a folder.",
        jrc("a_jrc.mat"),
    ),
    Case("no sorting", lambda p: load_sorting(p, "jrc"), lambda p: p, "Give the folder of JRCLUST's output.", jrc()),
    Case(
        "firings of two rows",
        load_firings,
        lambda p: np.save(p / "f.npy", np.zeros((2, 5), int)) or p / "f.npy",
        "Give firings_true.npy.",
        lambda p: HYBRID / "original_output" / "firings_true.npy",
    ),
    Case(
        "a probe without members",
        Probe.load,
        lambda p: np.savez(p / "p.npz", name="a") or p / "p.npz",
        "Save the probe again.",
        lambda p: probe().save(p / "p.npz") or p / "p.npz",
    ),
    Case(
        "text for a probe",
        Probe.load,
        text("probe", "p.npz"),
        "Save the probe again.",
        lambda p: probe().save(p / "p.npz") or p / "p.npz",
    ),
    Case(
        "parameters of no kind",
        HybridParams.load,
        text("", "params.txt"),
        "Give it the suffix of its form.",
        lambda p: HYBRID / "params_phy.py",
    ),
    Case(
        "parameters that are no TOML",
        HybridParams.load,
        text("a = [", "p.toml"),
        "Correct that line.",
        lambda p: HYBRID / "params_phy.py",
    ),
    Case(
        "parameters that compute",
        HybridParams.load,
        text("import os\nx = os.getpid()\n", "p.py"),
        "Write plain values, or use the TOML form.",
        lambda p: HYBRID / "params_phy.py",
    ),
]


def probe():
    """Return a probe of three sites."""
    return Probe(np.arange(3), np.ones(3, bool), np.column_stack([np.zeros(3), 20.0 * np.arange(3)]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file(tmp_path, case):
    """What the error says is done to a file, and it is taken."""
    check(case, tmp_path)


@pytest.fixture(scope="module")
def sources():
    """A recording with a probe, and a sorting whose unit can be added to it."""
    rng = np.random.default_rng(1)
    traces = rng.normal(0, 20, (60_000, 4)).astype("int16")
    frames = np.arange(500, 59_000, 1000)
    for frame in frames:
        traces[frame - 20 : frame + 20, 1] -= (300 * np.hanning(40)).astype("int16")
    made = NumpyRecording([traces], 30_000.0)
    made.set_dummy_probe_from_locations(np.column_stack([np.zeros(4), 20.0 * np.arange(4)]))
    made.set_channel_gains(np.ones(4))
    made.set_channel_offsets(np.zeros(4))
    return made, NumpySorting.from_unit_dict([{"a": frames}], 30_000.0)


@pytest.mark.filterwarnings("ignore")
def test_objects_for_a_hybrid(sources, tmp_path):
    """What is refused of SpikeInterface's objects is given as the error says, and the run is made."""
    made, units = sources
    options = {"units": ["a"], "seed": 1, "dry_run": True, "num_singular_values": 2}
    bare = NumpyRecording([made.get_traces()], 30_000.0)
    twice = made.clone()
    twice.set_channel_gains(-np.ones(4))
    none = NumpySorting.from_unit_dict([{"a": np.array([], np.int64)}], 30_000.0)
    late = NumpySorting.from_unit_dict([{"a": np.array([10**6])}], 30_000.0)
    slow = NumpySorting.from_unit_dict([{"a": np.array([500])}], 1000.0)
    for wrong, remedy in (
        ({"recording": bare}, "recording.set_dummy_probe_from_locations(...)"),
        ({"recording": "a file"}, "Give an object"),
        ({"recording": made.astype("float32")}, "dtype='int16'"),
        ({"sorting": none}, "Give a sorting that has some."),
        ({"sorting": late}, "leave those spikes out."),
        ({"sorting": slow}, "Give the recording that was sorted."),
        ({"output_format": "nwb"}, "Give 'raw' or 'session'."),
        ({"units": ["b"]}, ""),
    ):
        with pytest.raises(MockSessionError) as caught:
            hybrid_from_spikeinterface(
                **{"recording": made, "sorting": units, "output": tmp_path / "a", **options, **wrong}
            )
        assert remedy in caught.value.remedy
    hybrid_from_spikeinterface(made, units, output=tmp_path / "a", **options)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_hybrid_run_and_its_truth(tmp_path):
    """What is refused of a run's folder is mended as the error says, and the truth is read."""
    params = replace(HybridParams.load(HYBRID / "params_phy.py"), output_directory=tmp_path / "run", phy_base=1)
    folder = generate_hybrid(params).folder
    truth = load_truth(folder)
    with pytest.raises(MockSessionError, match="Check the session's name."):
        load_truth(folder, "other")
    with pytest.raises(MockSessionError, match="Check the path."):
        load_truth(tmp_path / "none")
    (folder / "artificial_units-other.csv").write_bytes(next(folder.glob("artificial_units-*.csv")).read_bytes())
    with pytest.raises(MockSessionError, match="Say which with session_name."):
        load_truth(folder)
    assert len(load_truth(folder, "bench").units) == len(truth.units)
    (folder / "artificial_units-other.csv").unlink()
    for path in folder.glob("manifest-*.json"):
        path.unlink()
    np.save(folder / "dtype-bench.npy", np.array([-25_536], np.int16))
    with pytest.raises(MockSessionError, match="Save the rate there as float64"):
        load_truth(folder)
    np.save(folder / "dtype-bench.npy", np.array([40_000.0]))
    assert load_truth(folder).sample_rate == 40_000
    for wrong in ({"window_ms": -1}, {"match_score": 2}, {"offset": 0.5}):
        with pytest.raises(MockSessionError, match="Give "):
            validate(folder, HYBRID / "sort_phy", phy_base=1, **wrong)


@pytest.mark.filterwarnings("ignore")
def test_sessions_for_a_hybrid(tmp_path):
    """A session without a stream has nothing to add to; one with broadband, as the error says, has."""
    lfp_only = generate_session(SessionSpec.tiny(), tmp_path / "a")
    with pytest.raises(MockSessionError, match="LFP has no spikes: give a session with broadband."):
        hybrid_from_session(lfp_only, ["CSC6_SU1"], output=tmp_path / "out", seed=1, dry_run=True)
    made = generate_session(SessionSpec.broadband(duration_s=10, n_channels=4, n_units=3, seed=2), tmp_path / "b")
    unit = next((made / "spiking_data").glob("*.npy")).stem
    hybrid_from_session(made, [unit], output=tmp_path / "out", seed=1, dry_run=True)
