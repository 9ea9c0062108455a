"""What SpikeInterface's own export to phy has, sparse and dense, is read with the right times and templates."""

from __future__ import annotations

import logging
import sys
import warnings

import numpy as np
import pytest

from mockrawio.ground.errors import BadFileError
from mockrawio.hybrid import load_sorting, load_templates

pytestmark = pytest.mark.slow

si = pytest.importorskip("spikeinterface")
core = pytest.importorskip("spikeinterface.core")
exporters = pytest.importorskip("spikeinterface.exporters")

UNITS = ("first", "silent", "second", "third")
FRAMES = [[500, 3000, 9000], [], [700, 5000], [1200, 2500, 7777, 9300]]


@pytest.fixture(scope="module")
def analyzer():
    """An analyzer of noise on 6 channels and of four units, one without spikes; none fires at frame 0."""
    rng = np.random.default_rng(4)
    recording = core.NumpyRecording([rng.normal(0, 10, (10_000, 6)).astype("float32")], 10_000.0)
    recording.set_dummy_probe_from_locations(np.column_stack([np.zeros(6), 20.0 * np.arange(6)]))
    recording.annotate(is_filtered=True)
    trains = dict(zip(UNITS, map(np.array, FRAMES), strict=True))
    sorting = core.NumpySorting.from_unit_dict([trains], 10_000.0)
    analyzer = core.create_sorting_analyzer(sorting, recording, sparse=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analyzer.compute(["random_spikes", "waveforms", "templates"], verbose=False, progress_bar=False)
    return analyzer


@pytest.fixture(scope="module", params=["dense", "sparse"])
def export(request, tmp_path_factory, analyzer):
    """The folder of an export, and its templates of all channels, worked out from SpikeInterface's own."""
    folder = tmp_path_factory.mktemp("phy") / request.param
    mask = np.ones((4, 6), bool)
    sparsity = None
    if request.param == "sparse":  # of three, two and one channel: fewer columns than channels, some of them padding
        mask = np.array([[0, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1], [0, 0, 1, 0, 0, 0]], bool)
        sparsity = core.ChannelSparsity(mask, analyzer.unit_ids, analyzer.channel_ids)
    similarity = sys.modules["spikeinterface.postprocessing.template_similarity"]
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        # A file that is not read here: by its twin in NumPy, as numba's takes seconds to be compiled.
        patch.setattr(similarity, "_compute_similarity_matrix", similarity._compute_similarity_matrix_numpy)
        exporters.export_to_phy(
            analyzer,
            folder,
            sparsity=sparsity,
            compute_pc_features=False,
            compute_amplitudes=False,
            copy_binary=False,
            verbose=False,
        )
    templates = analyzer.get_extension("templates").get_templates() * mask[:, None, :]
    return folder, templates[[0, 2, 3]].astype(np.float32)


def test_times_count_from_zero(export, caplog):
    """An export of SpikeInterface is known by its files: its first sample is 0, and nothing is guessed."""
    with caplog.at_level(logging.WARNING):
        sorting = load_sorting(export[0])
    assert sorting.phy_base == 0
    assert sorting.timestep.tolist() == sorted(frame for frames in FRAMES for frame in frames)
    assert caplog.text == ""
    for label, frames in zip((1, 3, 4), (FRAMES[0], *FRAMES[2:]), strict=True):  # the file's plus 1
        assert sorting.times_of(label).tolist() == frames


def test_a_base_that_is_given_counts(export):
    """What the caller says is not overruled."""
    assert load_sorting(export[0], phy_base=1).timestep[0] == 499


def test_templates_of_all_channels(export):
    """Templates of a sparse export stand in the columns that template_ind.npy lists; the rest are 0."""
    folder, templates = export
    assert (folder / "template_ind.npy").exists() == (folder.name == "sparse")
    if folder.name == "sparse":
        assert np.load(folder / "templates.npy").shape[2] == 3
    found = load_templates(folder)
    assert found.shape == templates.shape
    np.testing.assert_array_equal(found, templates)


def test_each_spike_has_the_template_of_its_unit(export):
    """A unit without spikes has no template, and those after it have their own all the same."""
    sorting, templates = load_sorting(export[0]), load_templates(export[0])
    owner = {frame: k for k, frames in enumerate((FRAMES[0], *FRAMES[2:])) for frame in frames}
    assert sorting.template.tolist() == [owner[frame] for frame in sorting.timestep.tolist()]
    assert sorting.template.max() < len(templates)


def test_other_folders_are_guessed_as_before(export, tmp_path, caplog):
    """Without what SpikeInterface leaves, the first time says what samples count from."""
    for name in ("spike_times.npy", "spike_templates.npy", "spike_clusters.npy", "params.py"):
        (tmp_path / name).write_bytes((export[0] / name).read_bytes())
    assert load_sorting(tmp_path).phy_base == 1
    assert "a guess" in caplog.text


def sparse(folder, listed, channels=None, name="template_ind.npy"):
    """Write two templates of two columns."""
    np.save(folder / "templates.npy", np.arange(8.0).reshape(2, 2, 2))
    np.save(folder / name, np.asarray(listed))
    if channels is not None:
        np.save(folder / "channel_map.npy", np.arange(channels))
    return folder


@pytest.mark.parametrize("name", ["template_ind.npy", "templates_ind.npy"])
def test_both_names(tmp_path, name):
    """phy's name for the list does as well, and its numbers may be floats, as MATLAB writes them."""
    found = load_templates(sparse(tmp_path, [[2.0, 0.0], [1.0, -1.0]], 4, name), "phy")
    assert found.tolist() == [[[1, 0, 0, 0], [3, 0, 2, 0]], [[0, 4, 0, 0], [0, 6, 0, 0]]]


def test_channels_without_a_map(tmp_path):
    """Without a channel map there are as many channels as the list goes to."""
    assert load_templates(sparse(tmp_path, [[2, 0], [1, -1]]), "phy").shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("listed", "channels", "message"),
    [
        ([[0, 1]], 4, r"the shape \(2, 2\), of templates.npy; found \(1, 2\)"),
        ([[0, 4], [1, 2]], 4, "channels 0 to 3, or -1 for none; found 0 to 4"),
        ([[0, -2], [1, 2]], 4, "found -2 to 2"),
        ([[0, 10**12], [1, 2]], None, "channels 0 to 65535"),
        ([[0, 0], [1, 2]], 4, "each channel once in a template; found one twice"),
        ([[0, 0.5], [1, 2]], 4, "whole numbers"),
    ],
)
def test_lists_that_do_not_fit(tmp_path, listed, channels, message):
    """A list that does not go with the templates is refused by its name."""
    with pytest.raises(BadFileError, match=message) as caught:
        load_templates(sparse(tmp_path, listed, channels), "phy")
    assert caught.value.subject.endswith("template_ind.npy")
