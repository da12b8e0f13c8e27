"""Laws of keys inside and outside the hull of the others, by enumeration and in fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize
from scipy.special import logsumexp, softmax

from theory import copying
from theory.keys import convex_hull, separation


def entropy(weights: np.ndarray) -> float:
    return float(-np.sum(weights * np.log(weights)))


@pytest.mark.parametrize("n", [3, 5, 9])
def test_the_largest_weight_is_the_ceiling_of_the_largest_entropy(n: int) -> None:
    """Both sides are maximised numerically: α_j over queries, the entropy over combinations."""
    random = np.random.default_rng(n)
    others = random.normal(size=(n, 2))
    key = np.full(n, 1 / n) @ others + 0.05 * (others[0] - others[1])
    found = optimize.minimize(lambda q: logsumexp((others - key) @ q), np.zeros(2), method="BFGS")
    largest = 1 / (1 + math.exp(found.fun))
    most = optimize.minimize(
        lambda w: np.sum(w * np.log(w)), np.full(n, 1 / n), method="SLSQP",
        bounds=[(1e-9, 1)] * n, options={"ftol": 1e-14},
        constraints={"type": "eq", "fun": lambda w: np.append(w @ others - key, w.sum() - 1)},
    )  # fmt: skip
    assert largest == pytest.approx(convex_hull.ceiling(-most.fun), rel=1e-6)
    attended = softmax((others - key) @ found.x)
    assert convex_hull.ceiling(entropy(attended)) == pytest.approx(largest, rel=1e-6)


def test_no_query_passes_the_ceiling_of_any_combination() -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        n, d = random.integers(2, 8), random.integers(1, 5)
        others, shares = random.normal(size=(n, d)), random.dirichlet(np.ones(n))
        query = 3 * random.normal(size=d)
        weight = 1 / (1 + np.exp((others - shares @ others) @ query).sum())
        assert weight <= convex_hull.ceiling(entropy(shares)) + 1e-15


def test_the_ceiling_is_met_in_fractions() -> None:
    """For m equal weights e^H is m: at q = 0 each of m + 1 keys has the same weight."""
    for m in (1, 2, 7):
        assert convex_hull.ceiling(math.log(m)) == pytest.approx(float(Fraction(1, m + 1)))
        missed = 3 * Fraction(m, m + 1)
        assert convex_hull.miss(math.log(m), 3) == pytest.approx(float(missed))


def test_values_may_be_copied_with_any_weights() -> None:
    """A key in the middle whose value lies between the others' is copied with the weight 1/3."""
    weights = softmax(np.zeros(3))
    values = np.array([[1.0, 1.0], [0.0, 2.0], [2.0, 0.0]])
    assert weights @ values == pytest.approx(values[0])
    assert convex_hull.miss(math.log(2), 0) == 0


@pytest.mark.parametrize("epsilon", [Fraction(1, 1000), Fraction(1, 3), Fraction(9, 10)])
@pytest.mark.parametrize("n", [2, 3, 50])
def test_margin_and_norms_in_fractions(epsilon: Fraction, n: int) -> None:
    """At these exponentials of minus the margin the weight is 1 − ε as a fraction."""
    worst = epsilon / (1 - epsilon) / (n - 1)
    assert 1 / (1 + (n - 1) * worst) == 1 - epsilon
    assert math.exp(-copying.margin(float(epsilon), n)) == pytest.approx(float(worst))
    assert math.exp(-separation.norm(float(epsilon), n, 2.5) * 2.5) == pytest.approx(float(worst))
    best = epsilon / (1 - epsilon)
    assert 1 / (1 + best) == 1 - epsilon
    assert math.exp(-separation.least_norm(float(epsilon), 4) * 4) == pytest.approx(float(best))


def test_the_least_norm_lies_between_the_two_bounds() -> None:
    """The shortest query with α_j ≥ 1 − ε, by SLSQP, for random keys outside the hull."""
    random = np.random.default_rng(6)
    for _ in range(10):
        others = random.normal(size=(6, 3))
        key = 4 + random.normal(size=3)
        away = others - key
        hull = optimize.minimize(
            lambda w, away=away: np.sum((w @ away) ** 2), np.full(6, 1 / 6), method="SLSQP",
            bounds=[(0, 1)] * 6, options={"ftol": 1e-15},
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        )  # fmt: skip
        distance = math.sqrt(hull.fun)
        shortest = optimize.minimize(
            lambda q: q @ q, -hull.x @ away * 10, method="SLSQP", options={"ftol": 1e-14},
            constraints={
                "type": "ineq", "fun": lambda q, away=away: -math.log(99) - logsumexp(away @ q)
            },
        )  # fmt: skip
        norm = math.sqrt(shortest.fun)
        assert separation.least_norm(0.01, distance) <= norm * (1 + 1e-6)
        assert norm <= separation.norm(0.01, 7, distance) * (1 + 1e-6)


def test_a_margin_far_below_zero_bounds_the_weight_by_zero_and_the_error_by_the_diameter() -> None:
    """Where e^(−Δ) exceeds the largest float."""
    assert copying.weight(-1000, 5) == 0
    assert copying.error(-1000, 5, 3) == pytest.approx(3)
    assert copying.weight(1000, 5) == 1
    assert copying.error(1000, 5, 3) == 0
