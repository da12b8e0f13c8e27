"""Keys of any norms and angles: exact scores, what perturbed keys change, what is refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize

from reports.record import InputError
from theory import averaging
from theory.keys import gram, perturbed_keys, unreachable_scores
from theory.matrices.fredholm import RefusalError


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    weights: np.ndarray = powers / powers.sum()
    return weights


# ------------------------------------------------------------------------------- exact scores


def test_scores_are_exact_and_no_query_is_shorter() -> None:
    random = np.random.default_rng(0)
    for n, d in ((2, 2), (3, 7), (6, 6), (9, 20)):
        keys = random.standard_normal((n, d)) * random.uniform(0.2, 5, (n, 1))
        scores = random.normal(0, 9, n)
        query = gram.query(keys, scores)
        assert keys @ query == pytest.approx(scores, rel=1e-8, abs=1e-8)
        table = keys @ keys.T
        squared = scores @ np.linalg.solve(table, scores)
        assert query @ query == pytest.approx(squared, rel=1e-8)
        assert query == pytest.approx(keys.T @ np.linalg.solve(table, scores), rel=1e-6, abs=1e-8)
        bound = gram.norm(float(np.linalg.norm(scores)), float(np.linalg.eigvalsh(table)[0]))
        assert np.linalg.norm(query) <= bound * (1 + 1e-9)
        for _ in range(20):
            free = random.standard_normal(d)
            other = query + free - np.linalg.pinv(keys) @ (keys @ free)
            assert keys @ other == pytest.approx(scores, rel=1e-7, abs=1e-7)
            assert np.linalg.norm(other) >= np.linalg.norm(query) * (1 - 1e-12)


def test_an_average_over_keys_that_are_not_orthogonal() -> None:
    """The wanted weights of a subset, exactly but for the leak of orthonormal keys."""
    keys = np.random.default_rng(1).standard_normal((7, 10))
    wanted = np.array([0.5, 0.2, 0.3])
    scores = np.zeros(7)
    scores[[4, 0, 2]] = averaging.subset_scores(wanted, averaging.subset_gain(1e-3, 7, 3))
    alpha = softmax(keys @ gram.query(keys, scores))
    assert alpha[[4, 0, 2]] == pytest.approx(0.999 * wanted, rel=1e-9)


def test_two_keys_in_fractions() -> None:
    """Keys (3, 4) and (5, 12): norms 5 and 13, cosine 63/65; the law against Cramer's rule."""
    (a, b), (c, d) = (3, 4), (5, 12)
    for s_a, s_b in ((1, 1), (2, -3), (0, 7)):
        determinant = Fraction(a * d - b * c)
        q = ((s_a * d - s_b * b) / determinant, (a * s_b - c * s_a) / determinant)
        assert (a * q[0] + b * q[1], c * q[0] + d * q[1]) == (s_a, s_b)
        squared = q[0] ** 2 + q[1] ** 2
        assert gram.two_keys(s_a, s_b, 5, 13, 63 / 65) == pytest.approx(float(squared), rel=1e-11)


def test_equal_cosines_against_the_gram_matrix() -> None:
    for n in (2, 3, 8):
        for cosine in (-0.9 / (n - 1), 0.0, 0.3, 0.99):
            table = np.full((n, n), cosine) + (1 - cosine) * np.eye(n)
            scores = np.where(np.arange(n) < 2, 4.0, 0.0)
            squared = scores @ np.linalg.solve(table, scores)
            assert gram.equal_cosines(4, n, cosine) == pytest.approx(squared, rel=1e-9)
    with pytest.raises(InputError, match=r"must hold, got cosine = -0\.5, n = 3"):
        gram.equal_cosines(1, 3, -0.5)


# ------------------------------------------------------------------------------- dependent keys


def test_scores_that_no_query_has_are_refused_with_a_certificate() -> None:
    """Exactly for whole numbers: 2 k_0 − 3 k_1 + k_2 = 0, but the scores give 5."""
    keys = np.array([[1, 2, 0], [0, 1, 1], [-2, -1, 3], [0, 0, 1]], dtype=float)
    relation = [2, -3, 1, 0]
    assert not np.any(relation @ keys)
    with pytest.raises(RefusalError) as raised:
        gram.query(keys, np.array([1.0, 1.0, 6.0, 9.0]))
    assert str(raised.value) == (
        "no query has these scores: the keys times (2, -3, 1, 0) sum to 0, the scores to 5"
    )
    (certificate,) = raised.value.certificates
    assert certificate.combination == (2, -3, 1, 0)
    assert certificate.left == [5]
    assert certificate.holds
    query = gram.query(keys, np.array([1.0, 1.0, 1.0, 9.0]))
    assert keys @ query == pytest.approx([1, 1, 1, 9])


def test_random_dependent_keys_are_refused_just_when_no_query_fits() -> None:
    random = np.random.default_rng(2)
    for trial in range(40):
        keys = random.standard_normal((6, 4)) @ random.standard_normal((4, 5))
        reachable = keys @ random.standard_normal(5)
        assert keys @ gram.query(keys, reachable) == pytest.approx(reachable, rel=1e-7, abs=1e-7)
        wanted = reachable + (1e-3 if trial % 2 else 1.0) * random.standard_normal(6)
        found = unreachable_scores.unreachable(keys, wanted)
        assert found is not None
        w = np.array(found.combination, dtype=float)
        assert np.abs(w @ keys).max() < 1e-9
        assert abs(w @ wanted) > 1e-7
        with pytest.raises(RefusalError, match="no query has these scores"):
            gram.query(keys, wanted)


def test_no_query_comes_nearer_than_the_bound() -> None:
    """The least error by linear programming; equal to the bound where there is one relation."""
    random = np.random.default_rng(3)
    for _ in range(10):
        keys = np.vstack([np.eye(4), random.standard_normal((1, 4))])
        scores = random.standard_normal(5)
        w = np.append(keys[4], -1.0)
        bound = unreachable_scores.missed(abs(float(w @ scores)), float(np.abs(w).sum()))
        table = np.block([[keys, -np.ones((5, 1))], [-keys, -np.ones((5, 1))]])
        found = optimize.linprog(
            [0, 0, 0, 0, 1], table, np.concatenate([scores, -scores]),
            bounds=[(None, None)] * 4 + [(0, None)],
        )  # fmt: skip
        assert found.fun == pytest.approx(bound, rel=1e-7)


def test_more_keys_than_dimensions_are_refused_whatever_the_weights() -> None:
    """The third key half way between the others cannot be left out of their average."""
    keys = np.array([[2.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    with pytest.raises(RefusalError, match=r"\(1, 1, -2\) sum to 0, the scores to 18"):
        gram.query(keys, np.array([9.0, 9.0, 0.0]))


def test_nearly_dependent_keys_are_refused_where_floats_do_not_suffice() -> None:
    keys = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])
    with pytest.raises(InputError):
        gram.query(keys, np.array([1.0, 0.0]))


@pytest.mark.parametrize(
    ("keys", "scores", "message"),
    [
        (np.eye(1), np.zeros(2), "keys must have at least 2 rows, got 1; scores must be an array"),
        (np.ones(3), np.zeros((2, 2)), r"keys must be an array of shape \(n, d\).*; scores must"),
        (np.diag([1, math.nan]), np.zeros(2), "keys must be finite, got nan"),
        (np.eye(2), np.array([1, math.inf]), "scores must be finite, got inf"),
        (np.eye(3), np.zeros(2), r"scores must be an array of shape \(3,\), got shape \(2,\)"),
    ],
)
def test_all_that_is_wrong_is_said_in_one_line(
    keys: np.ndarray, scores: np.ndarray, message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        gram.query(keys, scores)
    assert "\n" not in str(raised.value)


# ------------------------------------------------------------------------------- perturbed keys


@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.0])
def test_perturbed_keys_change_no_more_than_the_bounds_allow(scale: float) -> None:
    random = np.random.default_rng(4)
    largest = 0.0
    for _ in range(300):
        n, d = 5, 8
        keys, values = random.standard_normal((n, d)), random.standard_normal((n, 3))
        scores = np.where(np.arange(n) < 2, 3.0, 0.0)
        query = gram.query(keys, scores)
        moves = random.standard_normal((n, d)) if random.random() < 0.5 else np.outer(
            random.choice([-1.0, 1.0], n), query
        )  # fmt: skip
        moves *= scale / np.linalg.norm(query) / np.linalg.norm(moves, axis=1, keepdims=True)
        before, after = softmax(keys @ query), softmax((keys + moves) @ query)
        reach = float(np.linalg.norm(moves, axis=1).max() * np.linalg.norm(query))
        assert reach == pytest.approx(scale)
        ratios = after / before
        assert math.exp(-2 * reach) <= ratios.min()
        assert ratios.max() <= math.exp(2 * reach)
        diameter = max(np.linalg.norm(v - w) for v in values for w in values)
        bound = perturbed_keys.moved(scale, 1.0, float(diameter))
        change = float(np.linalg.norm((after - before) @ values))
        assert change <= bound * (1 + 1e-9)
        largest = max(largest, change / bound)
        squared = np.linalg.eigvalsh(keys @ keys.T)
        relative = scale / np.linalg.norm(query) / np.linalg.norm(keys, axis=1).max()
        limit = perturbed_keys.condition(
            float(relative), float(squared[-1] / squared[0]), float(np.linalg.norm(scores))
        )
        assert reach <= limit * (1 + 1e-9)
    assert largest > 0.4  # the bound is of the right size


def test_the_bound_on_the_output_is_attained_in_fractions() -> None:
    """e^x = 3: weight 1/4 becomes 3/4 when one score rises by log 3 and the other falls by it."""
    before = Fraction(1, 1 + 3)
    after = before * 3 / (before * 3 + (1 - before) / 3)
    assert (after - before) * 10 == 5
    assert perturbed_keys.moved(math.log(3) / 2, 2, 10) == pytest.approx(5.0, rel=1e-14)


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_a_wrong_value_disagrees_with_the_definition(factor: float) -> None:
    """Each direct computation accepts its law's value and rejects one that is 1 % off."""
    for claim in (*gram.CLAIMS, *perturbed_keys.CLAIMS, *unreachable_scores.CLAIMS):
        numbers = {name: float(value) for name, value in claim.example.items()}
        value = claim.law(**numbers)
        assert claim.direct(value, **numbers).agrees
        assert not claim.direct(factor * value, **numbers).agrees, claim.key


@pytest.mark.parametrize(
    ("key", "numbers"),
    [
        ("gram.perturbed", {"shift": 0, "length": 3, "diameter": 2}),
        ("gram.perturbed", {"shift": 50, "length": 300, "diameter": 1e9}),
        ("gram.condition", {"relative": 0, "condition": 1, "scores": 0}),
        ("gram.condition", {"relative": 5, "condition": 1e12, "scores": 1e6}),
        ("gram.norm", {"scores": 0, "eigenvalue": 1e-9}),
        ("gram.query", {"s_a": 0, "s_b": 0, "length_a": 1e-3, "length_b": 1e3, "cosine": 0.999}),
        ("gram.equal_cosines", {"beta": 0, "n": 2, "cosine": 0.5}),
        ("gram.equal_cosines", {"beta": 9, "n": 100, "cosine": -0.01}),
        ("gram.unreachable", {"remainder": 0, "total": 1e-3}),
        ("gram.unreachable", {"remainder": 1e6, "total": 1e-3}),
    ],
)
def test_direct_computations_survive_the_ends_of_their_ranges(
    key: str, numbers: dict[str, float]
) -> None:
    claims = {c.key: c for m in (gram, perturbed_keys, unreachable_scores) for c in m.CLAIMS}
    found = claims[key].verify(numbers)
    assert found is not None
    assert found.agrees, found.sentence
