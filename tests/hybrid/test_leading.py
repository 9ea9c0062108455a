"""The leading eigenvectors: those of ``eigh``, whatever the matrix is like."""

from __future__ import annotations

import numpy as np
import pytest

from mockrawio.hybrid import leading
from mockrawio.hybrid.leading import leading_vectors


def gram(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return a matrix with these eigenvalues."""
    vectors = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
    made = (vectors * values) @ vectors.T
    return (made + made.T) / 2


def noisy(n: int, spikes: tuple[float, ...]) -> np.ndarray:
    """Return the eigenvalues of spikes in noise, as far apart as those of a recording."""
    return np.array([*spikes, *(0.02 * np.linspace(1, 0, n - len(spikes)) ** 2 + 0.001)])


@pytest.mark.parametrize("spikes", [(1.0,), (1.0, 0.5, 0.1), (1.0, 0.4, 0.3, 0.2, 0.1, 0.05)], ids=len)
def test_found_without_eigh(spikes, monkeypatch):
    """They are eigh's to 1e-9, and are found by products with vectors alone."""
    matrix = gram(noisy(480, spikes))
    expected = np.linalg.eigh(matrix)[1][:, :-7:-1]
    eigh = np.linalg.eigh
    monkeypatch.setattr(leading.np.linalg, "eigh", lambda one: eigh(one) if len(one) < 480 else pytest.fail("eigh"))
    found = leading_vectors(matrix, 6)
    assert np.abs((found * expected).sum(axis=0)) == pytest.approx(np.ones(6), abs=1e-12)
    assert np.abs(found).max(axis=0) == pytest.approx(found.max(axis=0))
    assert np.abs(np.abs(found) - np.abs(expected)).max() < 1e-9


ODD = {
    "twice": np.array([1.0, 1.0, 0.5, *np.linspace(0.1, 0.0, 197)]),
    "alike": np.full(200, 3.0),
    "of rank 2": np.array([2.0, 1.0, *np.zeros(198)]),
    "nothing": np.zeros(200),
    "small": np.linspace(1.0, 0.1, 20),
    "close": np.linspace(1.0, 0.9, 200),  # too many products would be needed
}


@pytest.mark.parametrize("values", ODD.values(), ids=ODD)
def test_odd_matrices(values):
    """Eigenvalues that come twice, or are all alike, or zero: vectors at right angles, and of the largest there are."""
    matrix = gram(values)
    found = leading_vectors(matrix, 3)
    assert found.T @ found == pytest.approx(np.eye(3), abs=1e-10)
    assert np.diag(found.T @ matrix @ found) == pytest.approx(np.sort(values)[:-4:-1], abs=1e-10)


@pytest.mark.parametrize(("n", "axes"), [(200, 2), (128, 1)])
def test_the_largest_twice(n, axes):
    """Of a value that comes twice a vector between the two is found by products, and eigh's first in a small matrix."""
    found = leading_vectors(np.diag([1.0, 1.0, *np.linspace(0.0, 0.3, n - 2)]), 1)[:, 0]
    assert np.linalg.norm(found[:2]) == pytest.approx(1)
    assert np.sum(np.abs(found[:2]) > 0.1) == axes


def test_one_that_was_passed_over(monkeypatch):
    """A start that lies at right angles to the largest one's vector finds it none the less."""
    values = np.array([5.0, *noisy(299, (1.0, 0.5))])
    matrix = np.diag(values)

    class Start:
        def random(self, n):
            return np.where(np.arange(n) == 0, 0.5, np.linspace(0.6, 0.9, n))

    monkeypatch.setattr(leading.np.random, "Generator", lambda bits: Start())
    assert np.abs(leading_vectors(matrix, 2)).argmax(axis=0).tolist() == [0, 1]
