"""Projections and Linformer against scipy, samples, loops and fractions written out by hand.

A test on random draws states with which probability it would fail although the law is right.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from reports.record import InputError
from theory import linformer
from theory.projections import chi_squared, johnson_lindenstrauss, linformer_proofs
from theory.proof.claim import Claim

SURE = 1e-9
MODULES = (chi_squared, johnson_lindenstrauss, linformer, linformer_proofs)
CLAIMS = {c.key: c for m in MODULES for c in m.CLAIMS if isinstance(c, Claim)}


def plausible(hits: int, trials: int, probability: float) -> bool:
    """Whether a count is one that its law leaves with a probability above SURE on both sides."""
    law = stats.binom(trials, probability)
    return bool(law.cdf(hits) > SURE and law.sf(hits - 1) > SURE)


# ------------------------------------------------------------------------- projections

GRID = list(itertools.product((0.05, 0.3, 0.7, 0.95), (1, 3, 20, 400, 5000)))


@pytest.mark.parametrize(("epsilon", "k"), GRID)
def test_tails_are_above_the_exact_ones(epsilon: float, k: int) -> None:
    law = stats.chi2(k)
    chernoff = ((1 + epsilon) * math.exp(-epsilon)) ** (k / 2)
    assert law.sf(k * (1 + epsilon)) <= chernoff <= chi_squared.upper_tail(epsilon, k)
    assert law.cdf(k * (1 - epsilon)) <= chi_squared.lower_tail(epsilon, k)


def test_no_better_constant_would_do() -> None:
    """A fifth more in either rate is false for many rows and a small distortion."""
    epsilon, k = 0.05, 50_000
    law = stats.chi2(k)
    upper, lower = law.logsf(k * (1 + epsilon)), law.logcdf(k * (1 - epsilon))
    assert upper > 1.2 * math.log(chi_squared.upper_tail(epsilon, k))
    assert lower > 1.2 * math.log(chi_squared.lower_tail(epsilon, k))


@pytest.mark.parametrize(("rho", "sigma"), [(3, 4), (4, 3), (5, 0), (0, 5)])
def test_variance_by_exact_quadrature_in_fractions(rho: int, sigma: int) -> None:
    """Points −√3, 0, √3 of weights 1/6, 2/3, 1/6 have the normal's moments up to the fifth."""
    cosine, sine = Fraction(rho, 5), Fraction(sigma, 5)
    masses = {-1: Fraction(1, 6), 0: Fraction(2, 3), 1: Fraction(1, 6)}
    products = [
        (masses[i] * masses[j], 3 * i * (cosine * i + sine * j))
        for i, j in itertools.product(masses, repeat=2)
    ]
    first = sum(mass * value for mass, value in products)
    second = sum(mass * value**2 for mass, value in products)
    assert first == cosine
    for k in (1, 7):
        law = johnson_lindenstrauss.variance(float(cosine), k)
        assert law == pytest.approx(float((second - first**2) / k), rel=1e-14)


def test_dimension_against_drawn_projections() -> None:
    """300 draws; the law allows a failure in a tenth of them: false alarm below 1e-9."""
    epsilon, delta, n, trials = 0.6, 0.1, 30, 300
    k = math.ceil(johnson_lindenstrauss.dimension(epsilon, delta, n))
    vectors = np.random.default_rng(1).standard_normal((n, 40))
    squares = (vectors**2).sum(axis=1)
    failures = 0
    for seed in range(trials):
        kept = ((vectors @ johnson_lindenstrauss.projection(k, 40, seed).T) ** 2).sum(axis=1)
        failures += bool(np.any(np.abs(kept / squares - 1) > epsilon))
    assert failures <= stats.binom.isf(SURE, trials, delta)
    fewer = stats.chi2(k // 4)
    tails = fewer.sf(k // 4 * (1 + epsilon)) + fewer.cdf(k // 4 * (1 - epsilon))
    assert n * tails > delta  # a quarter of the rows is not promised to do


@pytest.mark.parametrize(
    ("k", "cosine", "epsilon"), [(1, 0.5, 0.5), (2, 0.0, 0.3), (8, 0.7, 0.4), (20, 1.0, 0.5)]
)
def test_probability_of_a_pair_against_a_sample(k: int, cosine: float, epsilon: float) -> None:
    """False alarm 2e-9 in each of four cases."""
    drawn = np.random.default_rng(2).normal(0, 1 / math.sqrt(k), (100_000, k, 2))
    along = drawn[:, :, 0]
    other = drawn @ np.array([cosine, math.sqrt(1 - cosine**2)])
    hits = int(np.sum(np.abs((along * other).sum(axis=1) - cosine) > epsilon))
    exact = johnson_lindenstrauss.pair_failure(epsilon, k, cosine)
    assert plausible(hits, 100_000, exact)
    assert not plausible(hits, 100_000, exact * 1.2)
    assert exact <= johnson_lindenstrauss.inner_product(epsilon, k)


# --------------------------------------------------------------------------- linformer


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return weights


def test_rows_of_attention_are_kept_and_the_printed_bound_is_not() -> None:
    """Twenty draws at δ = 1e-10 each: false alarm 2e-9."""
    epsilon, n, d, random = 0.9, 64, 4, np.random.default_rng(3)
    k = math.ceil(linformer.rows(epsilon, 1e-10, n, d))
    weights, values = softmax(random.normal(0, 3, (n, n))), random.standard_normal((n, d))
    values[:, 0] -= weights[0] * (weights[0] @ values[:, 0]) / (weights[0] @ weights[0])
    printed_fails = 0
    lengths = np.outer(np.linalg.norm(weights, axis=1), np.linalg.norm(values, axis=0))
    for seed in range(20):
        projection = johnson_lindenstrauss.projection(k, n, seed)
        error = np.abs(weights @ projection.T @ projection @ values - weights @ values)
        assert np.all(error <= epsilon * lengths)
        printed_fails += bool(np.any(error > epsilon * np.abs(weights @ values)))
    assert printed_fails == 20


def test_a_counterexample_written_by_hand() -> None:
    """R = (1/2, 3/2), x = (1, 1), y = (1, −1): xᵀy = 0 but Rx·Ry = 2·(−1)."""
    row = (Fraction(1, 2), Fraction(3, 2))
    left, right = (Fraction(1), Fraction(1)), (Fraction(1), Fraction(-1))
    assert left[0] * right[0] + left[1] * right[1] == 0
    image = [row[0] * v[0] + row[1] * v[1] for v in (left, right)]
    assert image[0] * image[1] == -2


@pytest.mark.parametrize(("k", "n"), [(1, 2), (1, 3), (2, 3), (2, 4), (3, 4)])
def test_counterexamples_are_what_they_claim(k: int, n: int) -> None:
    matrix, left, right = linformer_proofs.counterexample(k, n)
    exact = np.array(matrix)
    assert exact.shape == (k, n)
    assert np.array_equal(exact @ exact.T, np.diag((exact**2).sum(axis=1)))
    assert np.dot(left, right) == 0
    assert (exact @ left) @ (exact @ right) == linformer_proofs.projected(matrix, left, right) != 0


def test_a_square_matrix_with_orthonormal_rows_has_no_counterexample() -> None:
    identity = ((1, 0), (0, 1))
    vectors = list(itertools.product((-1, 0, 1), repeat=2))
    pairs = [(u, v) for u in vectors for v in vectors if np.dot(u, v) == 0]
    assert all(linformer_proofs.projected(identity, u, v) == 0 for u, v in pairs)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_worst_orthogonal_pair(k: int) -> None:
    """By angles in the plane of the extreme eigenvectors; equality for orthonormal rows."""
    random = np.random.default_rng(4)
    drawn = random.standard_normal((k, 10))
    orthonormal = np.linalg.qr(random.standard_normal((10, k)))[0].T
    for matrix, tight in ((drawn, False), (orthonormal, True)):
        gram = matrix.T @ matrix
        vectors = np.linalg.eigh(gram)[1][:, [0, -1]]
        angles = np.linspace(0, math.pi, 2001)
        left = vectors @ np.array([np.cos(angles), np.sin(angles)])
        right = vectors @ np.array([-np.sin(angles), np.cos(angles)])
        worst = float(np.abs((left * (gram @ right)).sum(axis=0)).max())
        law = linformer_proofs.orthogonal(float(np.trace(gram)), k)
        assert worst >= law * (1 - 1e-5)
        assert not tight or worst == pytest.approx(law, rel=1e-5)


def test_zero_query_against_a_sample() -> None:
    """False alarm 2e-9: 20 000 outputs of Linformer with the matrices of the paper's proof."""
    epsilon, k, n, eta = 0.5, 4, 16, 0.1
    matrices = np.random.default_rng(5).normal(0, 1 / math.sqrt(k), (20_000, k, n))
    outputs = (math.exp(-eta) * matrices.sum(axis=2)).mean(axis=1)
    law = linformer_proofs.zero_query(epsilon, k, n, eta)
    hits = int(np.sum(np.abs(outputs - 1) <= epsilon))
    assert plausible(hits, 20_000, law)
    assert law < 0.5
    one = linformer.attend(
        np.zeros((1, 1)), np.ones((n, 1)), np.ones((n, 1)), eta * matrices[0],
        math.exp(-eta) * matrices[0],
    )  # fmt: skip
    assert one[0, 0] == pytest.approx(outputs[0], rel=1e-12)
    apart = ((1 - matrices.sum(axis=2)) ** 2).sum(axis=1)  # of the two rows in the paper's (23)
    assert apart.mean() == pytest.approx(k + n, rel=0.05)  # over six standard errors: below 2e-9


def test_without_projection_it_is_full_attention() -> None:
    random = np.random.default_rng(6)
    queries, keys, values = (random.standard_normal((n, 3)) for n in (4, 7, 7))
    full = softmax(queries @ keys.T) @ values
    found = linformer.attend(queries, keys, values, np.eye(7), np.eye(7))
    assert found == pytest.approx(full, rel=1e-12)
    random_matrix = johnson_lindenstrauss.projection(7, 7, seed=0)
    other = linformer.attend(queries, keys, values, random_matrix, random_matrix)
    assert float(np.abs(other - full).max()) > 0.01


@pytest.mark.parametrize("eta", [0.0, 0.05, 0.5, 2.0])
def test_pooling_is_within_its_bound(eta: float) -> None:
    random = np.random.default_rng(7)
    for k, m in ((1, 5), (3, 4), (6, 1)):
        noise = random.uniform(-1, 1, (k, m)) if m > 1 else np.zeros((k, m))
        noise -= noise.mean(axis=1, keepdims=True)
        noise *= eta / max(1.0, float(np.abs(noise).max()))
        keys = (random.standard_normal((k, 1)) + noise).reshape(-1, 1)
        values = random.standard_normal((k * m, 2))
        pool, query = linformer.block_means(k, k * m), np.ones((1, 1))
        pooled = linformer.attend(query, keys, values, pool, pool)
        full = softmax(query @ keys.T) @ values
        apart = max(float(np.linalg.norm(u - v)) for u in values for v in values)
        error = float(np.linalg.norm(pooled - full))
        assert error <= linformer.pooling(eta, apart) + 1e-12
        assert eta > 0 or error < 1e-12


def test_pooling_by_fractions() -> None:
    """Scores log 2, log 2 | 0, 0 and values 1, 3 | 5, 9: both give (2·4 + 14)/6."""
    full = Fraction(2 * 1 + 2 * 3 + 5 + 9, 2 + 2 + 1 + 1)
    slots = Fraction(2 * 2 + 1 * 7, 3)
    assert full == slots
    keys = np.log([2.0, 2.0, 1.0, 1.0])[:, None]
    values = np.array([1.0, 3.0, 5.0, 9.0])[:, None]
    pool = linformer.block_means(2, 4)
    found = linformer.attend(np.ones((1, 1)), keys, values, pool, pool)
    assert found[0, 0] == pytest.approx(float(full), rel=1e-14)


# --------------------------------------------------------------- bad input, direct checks


def test_all_arrays_of_the_wrong_shape_are_named() -> None:
    with pytest.raises(InputError) as raised:
        linformer.attend(
            np.zeros((2, 3)), np.zeros((4, 2)), np.zeros((5, 1)), np.zeros((2, 3)), np.zeros(3)
        )
    assert str(raised.value) == (
        "queries must be an array of shape (m, 2), got shape (2, 3); "
        "values must be an array of shape (4, v), got shape (5, 1); "
        "key_projection must be an array of shape (k, 4), got shape (2, 3); "
        "value_projection must be an array of shape (2, 4), got shape (3,)"
    )


def test_sizes_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match=r"k must be .* got 0; n must be .* got 0"):
        johnson_lindenstrauss.projection(0, 0, 0)
    with pytest.raises(InputError, match="k must divide n, got k = 2 and n = 3"):
        linformer.block_means(2, 3)
    with pytest.raises(InputError, match="below n, got k = 2 and n = 2"):
        linformer_proofs.counterexample(2, 2)
    with pytest.raises(InputError, match=r"epsilon must be .* got 1; delta must be .* got 0"):
        linformer.rows(1, 0, 2, 1)


ELSEWHERE: list[tuple[str, dict[str, float]]] = [
    ("chi_squared.upper_tail", {"epsilon": 0.99, "k": 1}),
    ("chi_squared.lower_tail", {"epsilon": 0.01, "k": 10**6}),
    ("johnson_lindenstrauss.dimension", {"epsilon": 0.01, "delta": 1e-12, "n": 10**9}),
    ("johnson_lindenstrauss.variance", {"cosine": -1, "k": 1}),
    ("johnson_lindenstrauss.inner_product", {"epsilon": 0.02, "k": 10**6}),
    ("linformer.rows", {"epsilon": 0.05, "delta": 0.5, "n": 2, "d": 1}),
    ("linformer.pooling", {"eta": 0, "diameter": 1}),
    ("linformer.pooling", {"eta": 30, "diameter": 0}),
    ("linformer.printed", {"k": 1000}),
    ("linformer.orthogonal", {"energy": 1e-6, "k": 1000}),
    ("linformer.zero_query", {"epsilon": 0.5, "k": 1, "n": 2, "eta": 0}),
    ("linformer.zero_query", {"epsilon": 0.9, "k": 5000, "n": 5000, "eta": 3}),
]  # fmt: skip
LOOSE = {  # bounds that are not attained, and factors that make them false
    "chi_squared.upper_tail": 100, "chi_squared.lower_tail": 10**6,
    "johnson_lindenstrauss.inner_product": 10**3, "johnson_lindenstrauss.dimension": 3,
    "linformer.rows": 3, "linformer.pooling": 3,
}  # fmt: skip


@pytest.mark.parametrize(("key", "numbers"), ELSEWHERE)
def test_direct_checks_survive_other_parameters(key: str, numbers: dict[str, float]) -> None:
    found = CLAIMS[key].verify(numbers)
    assert found is not None
    assert found.agrees, found.sentence


@pytest.mark.parametrize("key", sorted(CLAIMS))
def test_direct_checks_contradict_a_wrong_law(key: str) -> None:
    claim = CLAIMS[key]
    numbers = {name: float(value) for name, value in claim.example.items()}
    value = claim.law(**numbers)
    upwards = claim.law.relation == r"\ge" and claim.law.symbol != "k"
    factor = LOOSE.get(key, 1.05)
    assert not claim.direct(factor * value if upwards else value / factor, **numbers).agrees
