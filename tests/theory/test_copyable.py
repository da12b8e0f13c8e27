"""Which keys can be copied: against floating-point linear programmes, and by maximising α_j."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from scipy.special import logsumexp

from reports.record import InputError
from theory.keys.copyable import Combination, Separation, copyable
from theory.keys.nearest_point import nearest_weights


def inside_by_linear_programme(keys: np.ndarray, j: int) -> bool:
    """Whether weights ≥ 0 with sum 1 give key j, by HiGHS."""
    others = np.delete(keys, j, axis=0)
    found = optimize.linprog(
        np.zeros(len(others)),
        A_eq=np.vstack([others.T, np.ones(len(others))]),
        b_eq=np.append(keys[j], 1),
    )
    return bool(found.status == 0)


def largest_weight(keys: np.ndarray, j: int) -> float:
    """The maximum of α_j over queries: log Σ exp((k_i − k_j)ᵀq) is convex, so descent finds it."""
    away = np.delete(keys, j, axis=0) - keys[j]

    def height(q: np.ndarray) -> float:
        return float(logsumexp(np.append(away @ q, 0)))

    found = optimize.minimize(height, np.zeros(keys.shape[1]), method="BFGS")
    return math.exp(-found.fun)


def weight(keys: np.ndarray, j: int, query: np.ndarray) -> float:
    return float(np.exp(keys[j] @ query - logsumexp(keys @ query)))


def key_sets() -> list[np.ndarray]:
    """Few integers in few dimensions, so that duplicates and keys on faces are common."""
    random = np.random.default_rng(11)
    shapes = [(2, 1), (3, 1), (4, 2), (6, 2), (9, 2), (7, 3), (12, 3), (5, 6)]
    return [random.integers(-2, 3, size=shape) for shape in shapes for _ in range(8)]


@pytest.mark.parametrize("keys", key_sets(), ids=lambda keys: "x".join(map(str, keys.shape)))
def test_decisions_agree_with_a_linear_programme_and_hold_for_the_best_query(
    keys: np.ndarray,
) -> None:
    for j in range(len(keys)):
        found = copyable(keys, j)
        assert isinstance(found, Combination) == inside_by_linear_programme(keys, j)
        best = largest_weight(keys, j)
        if isinstance(found, Separation):
            scaled = found.gain(0.01) * np.array(found.query, dtype=float)
            assert weight(keys, j, scaled) >= 0.99 - 1e-12
            assert best > 0.99
        else:
            assert best <= found.ceiling + 1e-9 <= 0.5 + 1e-9
            assert sum(w > 0 for w in found.weights) <= keys.shape[1] + 1


def test_both_decisions_and_boundary_cases_occur_among_the_key_sets() -> None:
    found = [copyable(keys, j) for keys in key_sets() for j in range(len(keys))]
    combinations = [c for c in found if isinstance(c, Combination)]
    assert len(combinations) > 50
    assert len(found) - len(combinations) > 50
    assert any(max(c.weights) == 1 for c in combinations), "a twin"
    assert any(max(c.weights) < 1 for c in combinations)


def test_the_margin_is_the_largest_for_the_norm() -> None:
    """No query of norm 1 has a larger margin than the distance: hard-margin separation by SLSQP."""
    random = np.random.default_rng(4)
    for _ in range(10):
        keys = random.integers(-3, 4, size=(8, 3)).astype(float)
        keys[0] += 4
        found = copyable(keys, 0)
        assert isinstance(found, Separation)
        away = keys[0] - keys[1:]
        shortest = optimize.minimize(
            lambda q: q @ q, np.array(found.query, dtype=float) * 2, method="SLSQP",
            constraints={"type": "ineq", "fun": lambda q, away=away: away @ q - 1},
            options={"ftol": 1e-14},
        )  # fmt: skip
        assert float(found.margin) == pytest.approx(1 / shortest.fun, rel=1e-6)
        assert found.margin == sum(x * x for x in found.query)


def test_a_lone_twin_has_exactly_half_at_every_query() -> None:
    found = copyable([[3, -1], [3, -1]], 1)
    assert isinstance(found, Combination)
    assert found.weights == (1, 0)
    assert found.ceiling == 0.5
    for query in np.random.default_rng(1).normal(size=(20, 2)):
        assert weight(np.array([[3, -1], [3, -1]]), 1, query) == pytest.approx(0.5, abs=1e-15)


def test_a_twin_outside_the_hull_of_other_keys_approaches_half_and_one_inside_does_not() -> None:
    outside = np.array([[1, 0], [1, 0], [0, 1], [0, -1]])
    assert isinstance(copyable(outside, 0), Combination)
    assert 0.5 - 1e-9 < weight(outside, 0, np.array([30.0, 0.0])) < 0.5
    inside = np.array([[1, 0], [1, 0], [0, 0], [2, 0]])
    assert largest_weight(inside, 0) == pytest.approx(0.25, abs=1e-9)  # three equal shares beside


def test_the_smallest_difference_of_floats_decides() -> None:
    """A key on the edge between two others, and the same key one unit in the last place outside."""
    edge = [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    assert isinstance(copyable(edge, 0), Combination)
    edge[0][0] = math.nextafter(0.5, 1)
    outside = copyable(edge, 0)
    assert isinstance(outside, Separation)
    assert outside.margin == Fraction(1, 2**107)
    edge[0][0] = math.nextafter(0.5, 0)
    assert isinstance(copyable(edge, 0), Combination)


def test_tenths_are_read_as_the_floats_that_they_are() -> None:
    """3 · 0.1 is not 0.3 in floating point, and in fractions it is."""
    assert isinstance(copyable([[0.1 * 3], [0.3], [0.2]], 0), Separation)
    tenths = [[Fraction(3, 10)], [Fraction(3, 10)], [Fraction(1, 5)]]
    assert isinstance(copyable(tenths, 0), Combination)


def test_every_key_on_a_circle_is_copyable_and_none_within() -> None:
    """Pythagorean points have rational coordinates; 64 of them and the centre."""
    triples = [(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41)]
    circle = [
        (Fraction(x * s, r), Fraction(y * t, r))
        for a, b, r in triples
        for x, y in ((a, b), (b, a))
        for s, t in itertools.product((1, -1), repeat=2)
    ]
    keys = [*circle, (Fraction(0), Fraction(0)), (Fraction(1, 3), Fraction(1, 7))]
    decided = [isinstance(copyable(keys, j), Separation) for j in range(len(keys))]
    assert decided == [True] * len(circle) + [False, False]


def test_a_gain_beyond_the_largest_float_is_infinite() -> None:
    found = copyable([[1e-200], [0.0]], 0)
    assert isinstance(found, Separation)
    assert found.margin > 0
    assert found.gain(1e-3) == math.inf


def test_no_gain_is_needed_where_half_is_enough() -> None:
    found = copyable([[1], [0]], 0)
    assert isinstance(found, Separation)
    assert found.gain(0.9) == 0


def test_nearest_weights_of_many_random_points_are_optimal() -> None:
    """By the variational inequality, in fractions: no corner lies on the near side of the point."""
    random = np.random.default_rng(8)
    for n, d in ((1, 3), (2, 3), (10, 2), (30, 6), (20, 20)):
        points = [[Fraction(x) for x in row] for row in random.normal(size=(n, d)).tolist()]
        target = [Fraction(x) for x in random.normal(size=d).tolist()]
        weights = nearest_weights(points, target)
        assert min(weights) >= 0
        assert sum(weights) == 1
        nearest = [
            sum(w * x for w, x in zip(weights, c, strict=True)) for c in zip(*points, strict=True)
        ]
        away = [t - p for t, p in zip(target, nearest, strict=True)]
        for point in points:
            assert sum(a * (x - p) for a, x, p in zip(away, point, nearest, strict=True)) <= 0


ZERO, HALF = Fraction(0), Fraction(1, 2)
KEYS = tuple(tuple(map(Fraction, row)) for row in ((1, 1), (0, 0), (2, 2), (3, 0)))


@pytest.mark.parametrize("query", [(0, 0), (1, 0), (1, 1), (1,), (0, 0, 1)])
def test_a_query_that_does_not_separate_is_no_certificate(query: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"the query .* does not separate key 0"):
        Separation(KEYS, 0, tuple(map(Fraction, query)))


@pytest.mark.parametrize(
    "weights",
    [
        (0, "1/2", "1/2"), (0, "1/3", "2/3", 0), (1, 0, 0, 0), (0, "3/2", "-1/2", 0),
        (0, "1/2", "1/4", 0), (0, "1/2", "1/2", "1/2"), (0, 1, "1/2", "-1/2"),
    ],
)  # fmt: skip
def test_weights_that_do_not_give_the_key_are_no_certificate(weights: tuple[Any, ...]) -> None:
    assert Combination(KEYS, 0, (ZERO, HALF, HALF, ZERO)).ceiling == pytest.approx(1 / 3)
    with pytest.raises(InputError, match=r"the weights \(.* do not give key 0"):
        Combination(KEYS, 0, tuple(map(Fraction, weights)))


def test_a_wrong_algorithm_cannot_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal weights in place of the nearest point's give no certificate of either kind."""

    def wrong(points: list[Any], target: Any) -> list[Fraction]:
        return [Fraction(1, len(points))] * len(points)

    monkeypatch.setattr("theory.keys.copyable.nearest_weights", wrong)
    with pytest.raises(InputError, match="does not separate key 0"):
        copyable(KEYS, 0)


@pytest.mark.parametrize(
    ("keys", "j", "message"),
    [
        ([[1, 2]], 0, "keys must have at least 2 rows, got 1"),
        ([], 0, "keys must have at least 2 rows, got 0; j must be a position"),
        ([[1, 2], [3]], 5, r"rows of one length, got lengths \[1, 2\]; j must be .* 0 to 1, got 5"),
        ([[1, math.nan], [3, 4]], -1, "keys must be finite, got nan; j must be .*, got -1"),
        ([[math.inf]], 2, "at least 2 rows, got 1; keys must be finite, got inf; j must be"),
        ([[], []], 0, "keys must have at least 1 column, got 0"),
        ([["1", "2"], [3, 4]], 0, "keys must be rows of numbers, got"),
        ([[1, 2j], [3, 4]], 0, "keys must be rows of numbers, got"),
        ("keys", 0, "keys must be rows of numbers, got 'keys'"),
        (np.zeros(3), 0, r"keys must be rows of numbers, got array\(\[0"),
        (7, 0, "keys must be rows of numbers, got 7"),
        ([[1, 2], [3, 4]], 0.5, "j must be a position from 0 to 1, got 0.5"),
    ],
)
def test_all_that_is_wrong_with_the_input_is_named_in_one_line(
    keys: Any, j: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        copyable(keys, j)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("epsilon", [0, 1, -0.1, math.nan])
def test_a_gain_needs_a_tolerance_between_0_and_1(epsilon: float) -> None:
    found = copyable([[1], [0]], 0)
    assert isinstance(found, Separation)
    with pytest.raises(InputError, match="epsilon must be a number strictly between 0 and 1"):
        found.gain(epsilon)
