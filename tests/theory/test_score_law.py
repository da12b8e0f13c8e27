"""The Gaussian law of the scores against loops in fractions, samples of keys, and special cases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from reports.record import InputError
from theory import single_head
from theory.noise import score_law
from theory.noise.score_law import logit_law, positive


def random_case(
    seed: int, n: int = 4, d: int = 5, heads: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, covariances of rank d − 1 that commute with nothing, and queries."""
    random = np.random.default_rng(seed)
    roots = random.standard_normal((n, d, d - 1))
    means, queries = random.standard_normal((n, d)), random.standard_normal((heads, d))
    return means, roots @ roots.swapaxes(1, 2), queries


def by_loops(
    means: np.ndarray, covariances: np.ndarray, queries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Every sum written out."""
    n, d = means.shape
    heads = len(queries)
    centres, spreads = np.zeros((n, heads)), np.zeros((n, heads, heads))
    for i, g in itertools.product(range(n), range(heads)):
        centres[i, g] = math.fsum(means[i, u] * queries[g, u] for u in range(d))
        for h in range(heads):
            spreads[i, g, h] = math.fsum(
                queries[g, u] * covariances[i, u, v] * queries[h, v]
                for u in range(d)
                for v in range(d)
            )
    return centres, spreads


@pytest.mark.parametrize("seed", range(5))
def test_score_law_by_loops(seed: int) -> None:
    case = random_case(seed)
    for found, wanted in zip(score_law.score_law(*case), by_loops(*case), strict=True):
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_the_loops_reject_wrong_twins() -> None:
    """Forgetting what is off the diagonal, or taking one query twice, is seen."""
    means, covariances, queries = random_case(1)
    _, wanted = by_loops(means, covariances, queries)
    diagonal = covariances * np.eye(5)
    assert abs(score_law.score_law(means, diagonal, queries)[1] - wanted).max() > 0.1
    twice = np.einsum("gd,ide,ge->ig", queries, covariances, queries)[:, :, None]
    assert abs(twice - wanted).max() > 0.1


def test_a_sample_of_keys_has_this_law() -> None:
    """2·10⁵ keys. With six standard errors a false alarm has probability below 1e-7: 9 checks."""
    means, covariances, queries = random_case(7)
    random = np.random.default_rng(11)
    keys = random.multivariate_normal(means[0], covariances[0], 200_000)
    scores = keys @ queries.T
    centres, spreads = score_law.score_law(means, covariances, queries)
    centred = scores - centres[0]
    errors = np.sqrt(np.diag(spreads[0]) / len(keys))
    assert (abs(centred.mean(axis=0)) < 6 * errors).all()
    for g, h in itertools.combinations_with_replacement(range(3), 2):
        products = centred[:, g] * centred[:, h]
        room = 6 * products.std() / math.sqrt(len(keys))
        assert products.mean() == pytest.approx(spreads[0, g, h], abs=room)


def test_laws_of_two_coordinates_in_fractions() -> None:
    """q = (3, −2): 9·½ − 12·⅕ + 4·¾ = 51/10, exactly; the other key adds 9·1 + 12/6 + 4·⅓."""
    first = Fraction(9, 2) - Fraction(12, 5) + 3
    found = score_law.variance(3, -2, 0.5, 0.2, 0.75)
    assert found == pytest.approx(float(first), rel=1e-14)
    second = 9 + Fraction(12, 6) + Fraction(4, 3)
    both = score_law.logit_variance(3, -2, 0.5, 0.2, 0.75, 1, -1 / 6, 1 / 3)
    assert both == pytest.approx(float(first + second), rel=1e-14)


@pytest.mark.parametrize(("radial", "factor"), [(0.0, Fraction(1, 25)), (0.5, Fraction(27, 50))])
def test_the_practicals_logit_in_a_random_basis(radial: float, factor: Fraction) -> None:
    """4αβ² and (½ + 4α)β² at α = 1/100, in R^7."""
    means = np.linalg.qr(np.random.default_rng(5).standard_normal((7, 7)))[0][:4]
    covariances = np.tile(0.01 * np.eye(7), (4, 1, 1))
    covariances[0] += radial * np.outer(means[0], means[0])
    mean, variance = logit_law(means, covariances, 6.0)
    assert mean == pytest.approx(0, abs=1e-12)
    assert variance == pytest.approx(float(36 * factor), rel=1e-12)
    assert variance == pytest.approx(single_head.split_variance(0.01, 6, radial), rel=1e-12)


def test_the_logit_of_correlated_noise() -> None:
    """Noise along μ_a − μ_b cannot be seen by q = β(μ_a + μ_b); along μ_a + μ_b it counts twice."""
    means = np.eye(3)
    apart, along = np.array([1.0, -1.0, 0.0]), np.array([1.0, 1.0, 0.0])
    for direction, wanted in ((apart, 0.0), (along, 4 * 9.0)):
        covariances = np.zeros((3, 3, 3))
        covariances[0] = np.outer(direction, direction)
        assert logit_law(means, covariances, 3.0)[1] == pytest.approx(wanted, abs=1e-12)


WRONG: list[tuple[Callable[[], object], str]] = [
    (
        lambda: score_law.score_law(np.zeros(3), -np.ones((2, 2, 2)), np.zeros((1, 1, 1))),
        r"means must be .* \(3,\); covariances must be positive semidefinite, got the eigenvalue "
        r"-2 of covariances\[0\]; queries must be an array of shape \(H, d\)",
    ),
    (
        lambda: score_law.score_law(np.eye(2), np.zeros((2, 3, 3)), np.zeros((1, 3))),
        r"covariances must be an array of shape \(2, 2, 2\), got shape \(2, 3, 3\); queries must "
        r"be an array of shape \(H, 2\), got shape \(1, 3\)",
    ),
    (
        lambda: logit_law(np.array([[1, 0], [0.6, 0.8]]), np.array([np.eye(2), -np.eye(2)]), 0),
        r"means must be orthonormal, .* = 0\.6; covariances must be positive .* the eigenvalue -1 "
        r"of covariances\[1\]; beta must be a number above 0, got 0",
    ),
    (
        lambda: logit_law(np.eye(2)[:1], np.array([[[1, 0.5], [0, 1]]]), 1),
        r"means must have at least 2 rows, got 1; covariances must be symmetric, got covariances"
        r"\[0\] that differs from its transpose",
    ),
    (
        lambda: score_law.variance(1, 1, 1, 2, 1),
        r"S_12\*\*2 <= S_11\*S_22 must hold, got S_11 = 1, S_12 = 2, S_22 = 1",
    ),
    (
        lambda: score_law.logit_variance(1, 1, -1, 0, 1, 1, 0, -2),
        "A_11 must be a number of at least 0, got -1; B_22 must be a number of at least 0, got -2",
    ),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_all_that_is_wrong_is_named_in_one_line(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_covariances_on_the_edge_are_accepted_and_those_beyond_are_not() -> None:
    """Rank one in rotated coordinates has an eigenvalue of about −1e-16."""
    random = np.random.default_rng(0)
    for _ in range(20):
        root = random.standard_normal((1, 6, 1))
        assert positive("covariances", root @ root.swapaxes(1, 2)) is None
        beyond = root @ root.swapaxes(1, 2) - 1e-6 * np.eye(6)
        assert positive("covariances", beyond) is not None
