"""Moving and comparing templates, against what the original computed."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio import MockSessionError
from mockrawio.hybrid import Probe, load_templates
from mockrawio.hybrid.figures import mismatch
from mockrawio.hybrid.templates import compare_templates, move_template, raw_rows, score_events, shift_template
from tests.hybrid.samples import HYBRID


@pytest.fixture(scope="module")
def templates():
    return load_templates(HYBRID / "sort_phy")


@pytest.fixture(scope="module")
def original():
    with np.load(HYBRID / "original_intermediates.npz", allow_pickle=False) as members:
        return dict(members)


def test_shift_template_is_the_originals(templates, original):
    """Template 5 moved to row 16 is, value for value, what the original made of it."""
    np.testing.assert_array_equal(shift_template(templates[5], 16), original["shift_template_t5_to_16"])


def test_a_fifth_of_the_values_is_kept():
    """Of a hundred sizes, each on a channel of its own, those above the 80th percentile are moved, and no more."""
    template = np.zeros((1, 300))
    template[0, :100] = -np.geomspace(1.0, 1000.0, 100)
    assert np.flatnonzero(shift_template(template, 250)).tolist() == list(range(231, 251))
    assert np.flatnonzero(shift_template(template, 250, percentile=50)).tolist() == list(range(201, 251))


def test_frobenius_is_the_originals(templates, original):
    """The norms of the differences are the original's, and so is their order."""
    scores = compare_templates(templates[5], templates, "frobenius")
    order = np.argsort(scores)
    np.testing.assert_array_equal(order, original["cmp_norm_index"])
    np.testing.assert_allclose(scores[order], original["cmp_norm_scores"], rtol=1e-5)


def test_pearson_is_a_correlation(templates, original):
    """The correlation is NumPy's, whatever the size; the original's inner product put another template first."""
    scores = compare_templates(templates[5], templates * 10)
    expected = [np.corrcoef(templates[5].ravel(), other.ravel())[0, 1] for other in templates]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert scores.argmax() == 5 and original["cmp_dot_index"][0] == 1
    inner = (templates[5] * templates).sum(axis=(1, 2))
    np.testing.assert_allclose(np.sort(inner)[::-1], original["cmp_dot_scores"], rtol=1e-5, atol=1e-3)


def test_compare_with_nothing(templates):
    """A template that does not vary has correlation 0 with any; one of zeros has no relative norm."""
    still = np.ones((1, *templates[0].shape))
    assert compare_templates(templates[0], still).tolist() == [0.0]
    assert compare_templates(still[0], templates).tolist() == [0.0] * 10
    with pytest.raises(MockSessionError, match="other than 0"):
        compare_templates(still[0] * 0, templates, "frobenius")
    with pytest.raises(MockSessionError, match="82 samples and 32 channels.*\\(1, 82, 31\\)"):
        compare_templates(templates[0], still[:, :, 1:])
    with pytest.raises(MockSessionError, match="'pearson' or 'frobenius'"):
        compare_templates(templates[0], templates, "corr")


@pytest.mark.parametrize(
    ("center", "words"),
    [
        (0, "rows -3 to 4"),
        (31, "rows 28 to 35"),
        (32, "a raw row, 0 to 31"),
        (-1, "a raw row, 0 to"),
        (3.5, "a raw row, 0 to"),
    ],
)
def test_shift_out_of_range(templates, center, words):
    """A template that would leave the probe is refused, with the rows that it would take."""
    with pytest.raises(MockSessionError, match=words):
        shift_template(templates[5], center)


def test_shift_ties():
    """Of channels that are equally deep the lowest row is the centre; values of one size are all kept."""
    template = np.zeros((3, 6))
    template[1, [1, 2]] = -4.0
    assert np.flatnonzero(shift_template(template, 3).any(axis=0)).tolist() == [3, 4]
    with pytest.raises(MockSessionError, match="other than 0"):
        shift_template(template * 0, 3)


def test_move_template(templates):
    """Rows go where they are told, in any order; what is not moved is 0."""
    moved = move_template(templates[5], np.array([21, 23]), np.array([4, 1]))
    np.testing.assert_array_equal(moved[:, [4, 1]], templates[5][:, [21, 23]])
    assert np.flatnonzero(moved.any(axis=0)).tolist() == [1, 4]
    with pytest.raises(MockSessionError, match="rows 40 to 40"):
        move_template(templates[5], np.array([40]), np.array([4]))


def test_rows_of_templates():
    """A template's rows may go to the first and the last row there are, and no further."""
    template = np.arange(1, 9.0).reshape(2, 4)
    assert move_template(template, np.array([3, 0]), np.array([0, 3])).tolist() == [[4, 0, 0, 1], [8, 0, 0, 5]]
    for source, target in (([0], [-1]), ([0], [4]), ([-1], [0]), ([4], [0])):
        with pytest.raises(MockSessionError, match="template: expected rows 0 to 3; found rows"):
            move_template(template, np.array(source), np.array(target))
    assert not move_template(template, np.array([], int), np.array([], int)).any()


def test_rows_beyond_the_probe(tmp_path):
    """A map of the sorter's has rows of the probe, from the first to the last."""
    probe, templates = Probe([0, 1, 2], [True] * 3, np.zeros((3, 2))), np.arange(1, 3).reshape(1, 1, 2)
    for rows, fits in (([0, 2], True), ([0, 3], False), ([-1, 0], False)):
        np.save(tmp_path / "channel_map.npy", np.array(rows))
        if fits:
            assert raw_rows(templates, probe, tmp_path).tolist() == [[[1, 0, 2]]]
            continue
        with pytest.raises(MockSessionError):
            raw_rows(templates, probe, tmp_path)


def test_small_templates(templates):
    """The correlation of templates does not depend on how large they are."""
    whole = compare_templates(templates[5], templates)
    np.testing.assert_allclose(compare_templates(templates[5] / 1e4, templates / 1e4), whole, atol=1e-6)
    norms = compare_templates(templates[5], templates, "frobenius")
    np.testing.assert_allclose(compare_templates(templates[5] / 1e4, templates / 1e4, "frobenius"), norms, rtol=1e-5)


def test_a_size_that_is_the_percentile():
    """What is exactly as large as the percentile is not kept."""
    template = np.zeros((1, 10))
    template[0, :5] = -(10.0 ** np.arange(5))
    assert np.flatnonzero(shift_template(template, 9, percentile=50)).tolist() == [8, 9]


def test_raw_rows(tmp_path):
    """Columns of connected channels go to their raw rows, by the probe or by the sorter's own map."""
    probe = Probe([3, 1, 0, 2], [True, False, True, True], [[0, 0], [0, 20], [0, 40], [0, 60]])
    templates = np.arange(1, 4).reshape(1, 1, 3)
    assert raw_rows(templates, probe, tmp_path).tolist() == [[[2, 0, 3, 1]]]
    np.save(tmp_path / "channel_map.npy", np.array([[1], [0], [2]]))
    assert raw_rows(templates, probe, tmp_path).tolist() == [[[2, 1, 3, 0]]]
    whole = np.arange(4).reshape(1, 1, 4)
    assert raw_rows(whole, probe, tmp_path).tolist() == [[[0, 1, 2, 3]]]
    assert raw_rows(templates, None, tmp_path) is templates
    with pytest.raises(MockSessionError, match="4 rows.*5 channels"):
        raw_rows(np.zeros((1, 1, 5)), probe, tmp_path)
    np.save(tmp_path / "channel_map.npy", np.array([0, 0, 1]))
    with pytest.raises(MockSessionError, match="each once"):
        raw_rows(templates, probe, tmp_path)


def test_score_events():
    """The best template in the window counts, of one template the nearest spike; the window's ends belong to it."""
    spikes, templates = np.array([70, 99, 104, 129, 131, 500]), np.array([1, 0, 0, 2, 1, 1])
    best, offset, score = score_events(np.array([100, 300]), spikes, templates, np.array([0.5, 0.9, 0.1]), 30)
    assert (best.tolist(), offset.tolist(), score[0]) == ([1, -1], [-30, 0], 0.9)
    best, offset, _ = score_events(np.array([100]), spikes, templates, np.array([0.5, 0.2, 0.1]), 30)
    assert (best.tolist(), offset.tolist()) == ([0], [-1])
    assert np.isnan(score[1])


def test_mismatch():
    """The block holds all that differs; where nothing does, all that is not 0."""
    one = np.zeros((10, 6))
    one[3:5, 2] = -9.0
    other = one.copy()
    other[7, 4] = 3.0
    assert mismatch(one, other) == (slice(7, 8), slice(4, 5))
    assert mismatch(one, one) == (slice(3, 5), slice(2, 3))
    assert mismatch(one * 0, one * 0) == (slice(0, 10), slice(0, 6))
