"""Question 2b against exact fractions, brute force over queries, and numerical minimisation."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from reports.record import InputError
from theory import averaging
from theory.keys import attended, averageable, averaging_queries, shortest_average
from theory.keys.copyable import Combination, Separation

TOLERANCES = [Fraction(1, 1000), Fraction(1, 7), Fraction(1, 2), Fraction(9, 10)]


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    weights: np.ndarray = powers / powers.sum()
    return weights


def basis(n: int, d: int, seed: int) -> np.ndarray:
    """n orthonormal keys in d dimensions."""
    keys: np.ndarray = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0][:n]
    return keys


# ------------------------------------------------------------------ the least gain, in fractions


def share_off(powers: list[Fraction], wanted: int) -> Fraction:
    """Weight off the first keys, whose exponentials are given; by a loop."""
    total = Fraction(0)
    for power in powers:
        total += power
    return sum(powers[wanted:], Fraction(0)) / total


@pytest.mark.parametrize(("epsilon", "n"), list(itertools.product(TOLERANCES, (2, 3, 4, 16))))
def test_least_gain_of_a_pair_in_fractions(epsilon: Fraction, n: int) -> None:
    """e^β = E is rational: on a grid of E ≥ 1 the leak is at most ε just where the law says."""
    gain = averaging.gain(float(epsilon), n)
    for power in {Fraction(k, 8) for k in range(8, 80)} | {Fraction(10**4)}:
        lost = share_off([power, power, *[Fraction(1)] * (n - 2)], 2)
        if abs(math.log(power) - gain) > 1e-12:
            assert (lost <= epsilon) == (math.log(power) > gain)
    least = math.exp(gain)
    odds = (n - 2) * (1 - epsilon) / (2 * epsilon)
    assert least == pytest.approx(max(float(odds), 1.0), rel=1e-12)
    if odds >= 1:
        assert share_off([odds, odds, *[Fraction(1)] * (n - 2)], 2) == epsilon


@pytest.mark.parametrize(
    ("epsilon", "n", "wanted"),
    list(itertools.product(TOLERANCES, (2, 5, 16), ([1], [2, 1], [1, 5], [3, 1, 2, 4, 7]))),
)
def test_least_gain_of_a_subset_in_fractions(epsilon: Fraction, n: int, wanted: list[int]) -> None:
    """Exponentials E·w_i: on a grid of E ≥ 1 the leak is at most ε just where the law says."""
    if len(wanted) > n:
        with pytest.raises(InputError, match="size <= n must hold"):
            averaging.subset_gain(float(epsilon), n, len(wanted))
        return
    shares = [Fraction(w, sum(wanted)) for w in wanted]
    gain = averaging.subset_gain(float(epsilon), n, len(wanted))
    for power in {Fraction(k, 8) for k in range(8, 80)} | {Fraction(10**5)}:
        rest = [Fraction(1)] * (n - len(wanted))
        lost = share_off([*(power * w for w in shares), *rest], len(wanted))
        if abs(math.log(power) - gain) > 1e-12:
            assert (lost <= epsilon) == (math.log(power) > gain)
        leak = averaging.subset_leak(math.log(power), n, len(wanted))
        assert leak == pytest.approx(float(lost), rel=1e-12)


def test_two_keys_need_no_gain() -> None:
    assert averaging.gain(1e-9, 2) == 0.0
    assert averaging.leak(0.0, 2) == 0.0
    assert averaging.subset_gain(1e-9, 7, 7) == 0.0


# ----------------------------------------------------------------------- queries for any subset


def test_the_query_of_a_subset_on_random_keys() -> None:
    random = np.random.default_rng(1)
    for seed in range(20):
        n, size = 9, 1 + seed % 6
        keys, subset = basis(n, 12, seed), random.permutation(n)[:size]
        wanted = random.dirichlet(np.ones(size))
        beta = averaging.subset_gain(1e-4, n, size)
        alpha = softmax(keys @ averaging.query(keys, subset.tolist(), wanted, beta))
        assert 1 - alpha[subset].sum() == pytest.approx(1e-4, rel=1e-8)
        assert alpha[subset] == pytest.approx((1 - 1e-4) * wanted, rel=1e-9)


def test_all_that_is_wrong_with_a_subset_is_said_at_once() -> None:
    with pytest.raises(InputError) as raised:
        averaging.query(np.ones((3, 3)), [0, 0], np.array([0.5, 0.6]), math.nan)
    assert str(raised.value) == (
        "keys must be orthonormal, got keys[0]ᵀkeys[0] = 3; "
        "subset must be different integers from 0 to 2, got [0, 0]; "
        "weights must be positive and sum to 1, got [0.5, 0.6]; beta must be finite, got nan"
    )
    with pytest.raises(InputError, match=r"keys must have at least 2 rows, got 1"):
        averaging.query(np.eye(1), [0], np.array([1.0]), 1.0)
    with pytest.raises(InputError, match=r"weights must be an array of shape \(2,\), got"):
        averaging.query(np.eye(4), [0, 1], np.array([0.5, 0.25, 0.25]), 1.0)


# ------------------------------------------------------------------ all queries, both directions


def members(random: np.random.Generator, n: int, number: int) -> np.ndarray:
    """Random scores: some near β(k_a + k_b), some anything, shifted at will."""
    scores = random.normal(0, 1, (number, n)) * random.uniform(0, 4, (number, 1))
    scores[:, :2] += random.uniform(0, 9, (number, 1))
    return scores + random.normal(0, 5, (number, 1))


@pytest.mark.parametrize(("epsilon", "delta", "n"), [(0.05, 0.1, 6), (0.3, 0.5, 3), (0.01, 0.4, 9)])
def test_the_set_of_queries_by_brute_force(epsilon: float, delta: float, n: int) -> None:
    """Membership by softmax against the conditions; sufficient inside, necessary outside."""
    scores = members(np.random.default_rng(7), n, 20_000)
    powers = np.exp(scores)
    alpha = powers / powers.sum(axis=1, keepdims=True)
    inside = (alpha[:, 2:].sum(axis=1) <= epsilon) & (abs(alpha[:, 0] - alpha[:, 1]) <= delta)
    apart, middle = scores[:, 0] - scores[:, 1], scores[:, :2].mean(axis=1)
    rest = np.log(powers[:, 2:].sum(axis=1))
    lost = 1 - alpha[:, :2].sum(axis=1)
    exact = (powers[:, 2:].sum(axis=1) <= epsilon / (1 - epsilon) * powers[:, :2].sum(axis=1)) & (
        abs(averaging_queries.difference(np.clip(lost, 1e-300, 1 - 1e-16), apart)) <= delta
    )
    simple = (middle - scores[:, 2:].max(axis=1) >= averaging.gain(epsilon, n)) & (
        abs(apart) <= averaging_queries.enough(delta)
    )
    needed = (rest - middle <= averaging_queries.most(epsilon, delta)) & (
        abs(apart) <= math.log((1 - epsilon + delta) / (1 - epsilon - delta))
    )
    assert np.array_equal(exact, inside)
    assert not np.any(simple & ~inside)
    assert not np.any(inside & ~needed)
    assert 0 < simple.sum() < inside.sum() < needed.sum() < len(scores)


def test_the_predicate_agrees_with_the_definition_and_the_set_is_not_bounded() -> None:
    random = np.random.default_rng(3)
    keys = random.standard_normal((5, 8))
    decided = set()
    for scores in members(random, 5, 300):
        query = np.linalg.pinv(keys) @ scores
        alpha = softmax(keys @ query)
        wanted = bool(alpha[2:].sum() <= 0.1 and abs(alpha[0] - alpha[1]) <= 0.2)
        decided.add(wanted)
        free = random.standard_normal(8)
        free -= np.linalg.pinv(keys) @ (keys @ free)
        shift = np.linalg.pinv(keys) @ np.ones(5)
        for moved in (query, query + 100 * free, query + 50 * shift):
            assert averaging_queries.averages(keys, moved, 0, 1, 0.1, 0.2) == wanted
    assert decided == {True, False}


def test_two_keys_and_huge_scores_are_decided_without_overflow() -> None:
    assert averaging_queries.averages(np.eye(2), np.array([3.0, 3.0]), 0, 1, 1e-9, 1e-9)
    assert not averaging_queries.averages(np.eye(2), np.array([3.0, 2.0]), 0, 1, 1e-9, 0.4)
    assert averaging_queries.averages(np.eye(3), np.array([1e5, 1e5, 0.0]), 0, 1, 1e-9, 1e-9)
    assert not averaging_queries.averages(np.eye(3), np.array([0.0, 0.0, 1e5]), 0, 1, 0.5, 0.9)


# ------------------------------------------------------------------------------ the shortest one


@pytest.mark.parametrize(
    ("epsilon", "delta", "n"),
    [
        (1e-3, 0.0, 16),
        (1e-3, 0.1, 16),
        (0.1, 0.6, 5),
        (0.4, 0.3, 6),
        (0.05, 0.99, 4),
        (0.9, 0.2, 4),
    ],
)
def test_the_shortest_query_against_numerical_minimisation(
    epsilon: float, delta: float, n: int
) -> None:
    """SLSQP over all scores from several starts finds nothing shorter, and finds as short."""

    def slack(scores: np.ndarray) -> np.ndarray:
        rest, pair = (np.logaddexp.reduce(part) for part in (scores[2:], scores[:2]))
        lost = np.exp(rest - np.logaddexp(rest, pair))
        uneven = (1 - lost) * np.tanh((scores[0] - scores[1]) / 2)
        return np.array(
            [math.log(epsilon / (1 - epsilon)) - rest + pair, delta - uneven, delta + uneven]
        )

    random = np.random.default_rng(4)
    best = math.inf
    for _ in range(6):
        start = np.where(np.arange(n) < 2, 5.0, -1.0) + random.normal(0, 0.5, n)
        found = optimize.minimize(
            lambda s: s @ s, start, jac=lambda s: 2 * s, method="SLSQP",
            constraints={"type": "ineq", "fun": slack}, options={"maxiter": 500, "ftol": 1e-12},
        )  # fmt: skip
        if slack(found.x).min() > -1e-7:
            best = min(best, math.sqrt(found.fun))
    keys = basis(n, n + 2, 0)
    query = shortest_average.query(keys, 0, 1, epsilon, delta)
    assert averaging_queries.averages(keys, query, 0, 1, epsilon * (1 + 1e-9), delta + 1e-9)
    assert float(np.linalg.norm(query)) == pytest.approx(best, rel=1e-5, abs=1e-4)


def test_no_random_query_of_the_set_is_shorter() -> None:
    epsilon, delta, n = 0.05, 0.3, 5
    least = np.linalg.norm(shortest_average.query(np.eye(n), 0, 1, epsilon, delta))
    equal = np.linalg.norm(shortest_average.query(np.eye(n), 0, 1, epsilon, 0.0))
    beta = averaging.gain(epsilon, n)
    assert equal == pytest.approx(math.sqrt(2 * (n - 2) / n) * beta)
    assert least < equal < math.sqrt(2) * beta
    centre = shortest_average.query(np.eye(n), 0, 1, epsilon, delta)
    scores = centre + np.random.default_rng(5).normal(0, 0.3, (50_000, n))
    powers = np.exp(scores)
    alpha = powers / powers.sum(axis=1, keepdims=True)
    inside = (alpha[:, 2:].sum(axis=1) <= epsilon) & (abs(alpha[:, 0] - alpha[:, 1]) <= delta)
    assert inside.sum() > 1000
    assert np.linalg.norm(scores[inside], axis=1).min() >= least


@pytest.mark.parametrize("beta", [1.0, 1.6, 2.0, 9.0])
def test_where_unequal_weights_are_shorter(beta: float) -> None:
    """The best difference by a fine grid, at n = 5, where the threshold is β = 5/3."""
    grid = np.linspace(0, 2 * math.acosh(math.exp(beta)) - 1e-9, 20_001)
    norms = shortest_average.shortest(beta, 5, grid)
    best = shortest_average.best_difference(beta, 5)
    assert grid[norms.argmin()] == pytest.approx(best, abs=2 * grid[1])
    assert (best > 0) == (beta > 5 / 3) == (shortest_average.curvature(beta, 5) < 0)


def test_all_that_is_wrong_with_an_average_is_said_at_once() -> None:
    expected = (
        "keys must be orthonormal, got keys[0]ᵀkeys[0] = 4; a and b must be different integers "
        "from 0 to 2, got [1, 1]; epsilon must be a number strictly between 0 and 1, got 0; "
        "delta must be a number strictly between 0 and 1, got 1"
    )
    with pytest.raises(InputError) as raised:
        shortest_average.query(2 * np.eye(3), 1, 1, 0.0, 1.0)
    assert str(raised.value) == expected
    with pytest.raises(InputError) as raised:
        averaging_queries.averages(np.eye(3), np.ones(2), 0, 3, 2.0, 0.5)
    assert str(raised.value) == (
        "query must be an array of shape (3,), got shape (2,); a and b must be different integers "
        "from 0 to 2, got [0, 3]; epsilon must be a number strictly between 0 and 1, got 2"
    )
    with pytest.raises(InputError, match=r"keys must be an array of shape \(n, d\)"):
        averaging_queries.averages(np.ones(3), np.ones(2), 0, 1, 0.1, 0.5)
    with pytest.raises(InputError, match=r"keys must be an array of shape \(n, d\)"):
        shortest_average.query(np.array(1.0), 0, 1, 0.1, 0.5)
    with pytest.raises(InputError, match=r"must hold, got beta = 1, difference = 9"):
        shortest_average.shortest(1.0, 5, 9.0)


# ----------------------------------------------------------------- which keys can be averaged


def line_meets_hull(keys: np.ndarray) -> bool:
    """Whether k_0 + t (k_1 − k_0) = Σ w_i k_i has a solution, by linear programming."""
    others = keys[2:]
    equations = np.vstack([
        np.hstack([others.T, (keys[0] - keys[1])[:, None]]),
        np.append(np.ones(len(others)), 0.0),
    ])  # fmt: skip
    found = optimize.linprog(
        np.zeros(len(others) + 1), A_eq=equations, b_eq=np.append(keys[0], 1.0),
        bounds=[(0, None)] * len(others) + [(None, None)],
    )  # fmt: skip
    return bool(found.status == 0)


def test_which_keys_can_be_averaged() -> None:
    """Both certificates occur, agree with linear programming, and do what they promise."""
    random = np.random.default_rng(6)
    seen = []
    for _ in range(60):
        n, d = int(random.integers(3, 7)), int(random.integers(2, 4))
        keys = random.integers(-4, 5, (n, d)).astype(float)
        found = averageable.averageable(keys, 0, 1)
        seen.append(isinstance(found, Combination))
        assert seen[-1] == line_meets_hull(keys)
        if isinstance(found, Separation):
            query = np.array([float(v) for v in found.query])
            scores = keys @ query * averaging.gain(1e-3, n) / float(found.margin)
            assert scores[0] == pytest.approx(scores[1], abs=1e-9)
            assert softmax(scores)[2:].sum() <= 1e-3 * (1 + 1e-9)
            continue
        along = keys[0] - keys[1]
        for query in random.normal(0, 10, (200, d)):
            level = query - along * (query @ along) / max(along @ along, 1e-9)
            bound = averageable.elsewhere(found.entropy, 0, 0)
            assert softmax(keys @ level)[2:].sum() >= bound - 1e-9 >= 1 / 3 - 2e-9
    assert 10 < sum(seen) < 50


def test_the_leak_of_unequal_weights_when_the_line_meets_the_hull() -> None:
    """Random queries against the law: k_2 and k_3 average to k_1 + (k_1 − k_0), so r = 3/2."""
    random = np.random.default_rng(8)
    keys = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [3.0, 2.0, -1.0], [1.0, -2.0, 1.0]])
    nearest = math.inf
    for query in random.normal(0, 1.5, (3000, 3)):
        scores = keys @ query
        apart = abs(scores[0] - scores[1])
        bound = averageable.elsewhere(math.log(2), apart, 1.5)
        lost = softmax(scores)[2:].sum()
        assert lost >= bound * (1 - 1e-9)
        nearest = min(nearest, lost / bound)
    assert nearest < 1.05


@pytest.mark.parametrize(
    ("keys", "a", "message"),
    [
        ([[1, 2], [3]], 0, "keys must be an array of numbers"),
        (np.eye(2), 1, "keys must have at least 3 rows, got 2; a and b must be different integers"),
        ([[0, 1], [1, 0], [math.inf, 0]], 0, "keys must be finite, got inf"),
    ],
)
def test_keys_that_cannot_be_decided_are_refused(keys: Any, a: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        averageable.averageable(keys, a, 1)


# ---------------------------------------------------------------- computing from the definition


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_a_wrong_value_disagrees_with_the_definition(factor: float) -> None:
    """Each direct computation accepts its law's value and rejects one that is 1 % off."""
    cases = [
        claim
        for module in (averageable, averaging, averaging_queries, shortest_average)
        for claim in module.CLAIMS
    ]
    for claim in cases:
        numbers = {name: float(value) for name, value in claim.example.items()}
        value = claim.law(**numbers)
        assert claim.direct(value, **numbers).agrees
        if not (claim.law.relation == r"\le" and factor > 1):
            assert not claim.direct(factor * value, **numbers).agrees, claim.key


def test_too_many_keys_to_build_are_said_to_be() -> None:
    found = attended.gain_directly(20.0, epsilon=1e-3, n=10**6)
    assert found.agrees
    assert found.sentence == "1e+06 keys are not built here, only up to 512."
