"""Laws against references that share nothing with the derivations: loops, mpmath, scipy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, optimize, stats

from reports.record import InputError
from theory import averaging, copying, identity_attention, key_query_value, multi_head, single_head
from theory.noise import background, missing, regimes, share_variance
from theory.proof.law import Law, Parameter

DIGITS = 50


def grid(*axes: Iterable[float]) -> list[tuple[float, ...]]:
    return list(itertools.product(*axes))


def attend(
    scores: list[mpmath.mpf], values: list[list[mpmath.mpf]] | None = None
) -> list[mpmath.mpf]:
    """Softmax weights, or the output for these values, by a loop with 50 digits."""
    with mpmath.workdps(DIGITS):
        powers = [mpmath.exp(s) for s in scores]
        weights = [p / mpmath.fsum(powers) for p in powers]
        if values is None:
            return weights
        columns = zip(*values, strict=True)
        return [mpmath.fsum(w * v for w, v in zip(weights, c, strict=True)) for c in columns]


def norm(vector: list[mpmath.mpf]) -> mpmath.mpf:
    with mpmath.workdps(DIGITS):
        return mpmath.sqrt(mpmath.fsum(v * v for v in vector))


# ------------------------------------------------------------------------------- 2a, 2b


@pytest.mark.parametrize(("margin", "n"), grid((-3, 0, 0.5, 7, 40), (2, 3, 16)))
def test_copying_equal_margins(margin: float, n: int) -> None:
    weights = attend([mpmath.mpf(margin)] + [mpmath.mpf(0)] * (n - 1))
    assert copying.weight(margin, n) == pytest.approx(float(weights[0]), rel=1e-13)
    values = [[mpmath.mpf(0)]] + [[mpmath.mpf(3)]] * (n - 1)
    error = attend([mpmath.mpf(margin)] + [mpmath.mpf(0)] * (n - 1), values)[0]
    assert copying.error(margin, n, 3) == pytest.approx(float(error), rel=1e-13)


def test_copying_bounds_hold_for_arbitrary_scores_and_values() -> None:
    random = np.random.default_rng(5)
    for n in (2, 3, 10):
        scores, values = random.normal(0, 3, n), random.normal(size=(n, 4))
        best = int(np.argmax(scores))
        gap = float(scores[best] - np.delete(scores, best).max())
        weights = np.exp(scores) / np.exp(scores).sum()
        spread = float(np.linalg.norm(values - values[best], axis=1).max())
        distance = float(np.linalg.norm(weights @ values - values[best]))
        assert weights[best] >= copying.weight(gap, n) - 1e-15
        assert distance <= copying.error(gap, n, spread) + 1e-15


@pytest.mark.parametrize("n", [2, 5, 1000])
def test_copying_margin_is_where_the_weight_crosses(n: int) -> None:
    def excess(margin: float) -> float:
        return 1 / (1 + (n - 1) * math.exp(-margin)) - 0.99

    assert copying.margin(0.01, n) == pytest.approx(optimize.brentq(excess, -5, 50, xtol=1e-13))


@pytest.mark.parametrize(("beta", "n"), grid((0, 1, 12), (2, 3, 16)))
def test_averaging_leak(beta: float, n: int) -> None:
    weights = attend([mpmath.mpf(beta)] * 2 + [mpmath.mpf(0)] * (n - 2))
    leak = mpmath.fsum(weights[2:])
    assert averaging.leak(beta, n) == pytest.approx(float(leak), rel=1e-12, abs=1e-40)


def test_averaging_leak_is_rational_where_the_exponential_is() -> None:
    """At β = log 6 and n = 16 the leak is 14/(2·6 + 14) exactly."""
    assert averaging.leak(math.log(6), 16) == pytest.approx(float(Fraction(14, 26)), rel=1e-14)


def test_averaging_gain_is_where_the_leak_crosses() -> None:
    gain = averaging.gain(1e-3, 16)
    assert averaging.leak(gain + 1e-9, 16) < 1e-3 < averaging.leak(gain - 1e-9, 16)


@pytest.mark.parametrize("weights", [[1.0], [0.5, 0.5], [0.7, 0.2, 0.1]])
def test_subset_by_a_loop(weights: list[float]) -> None:
    n, beta = 7, 5.0
    scores = averaging.subset_scores(np.array(weights), beta)
    exact = attend([*map(mpmath.mpf, scores), *[mpmath.mpf(0)] * (n - len(weights))])
    leak = averaging.subset_leak(beta, n, len(weights))
    for wanted, got in zip(weights, exact, strict=False):
        assert float(got) == pytest.approx((1 - leak) * wanted, rel=1e-12)


def test_a_subset_of_all_keys_has_no_leak() -> None:
    assert averaging.subset_leak(3, 5, 5) == 0


@pytest.mark.parametrize("weights", [[0.5, 0.6], [1.5, -0.5], [1.0, 0.0]])
def test_subset_weights_must_be_a_distribution(weights: list[float]) -> None:
    with pytest.raises(InputError, match="weights must be positive and sum to 1"):
        averaging.subset_scores(np.array(weights), 1.0)


# ------------------------------------------------------------------------------- 2c, 2d

NOISES = grid((1e-4, 0.01, 0.3), (0.0, 0.5))


@pytest.mark.parametrize(("alpha", "radial"), NOISES)
def test_split_variance_by_full_matrices(alpha: float, radial: float) -> None:
    """Means in a random orthonormal basis of R^6; the variance of (k_a − k_b)ᵀq by matrices."""
    basis = np.linalg.qr(np.random.default_rng(3).standard_normal((6, 6)))[0]
    q = 4.0 * (basis[0] + basis[1])
    sigma_b = alpha * np.eye(6)
    sigma_a = sigma_b + radial * np.outer(basis[0], basis[0])
    assert single_head.score_variance(alpha, 4, radial) == pytest.approx(q @ sigma_a @ q)
    assert single_head.split_variance(alpha, 4, radial) == pytest.approx(
        q @ sigma_a @ q + q @ sigma_b @ q
    )


@pytest.mark.parametrize(("alpha", "radial"), NOISES)
def test_split_distribution_against_scipy(alpha: float, radial: float) -> None:
    beta = 3.0
    tau = math.sqrt(single_head.split_variance(alpha, beta, radial))
    for s in (1e-9, 0.1, 0.5, 0.8):
        reference = stats.norm.cdf(math.log(s / (1 - s)), scale=tau)
        assert single_head.split_cdf(s, alpha, beta, radial) == pytest.approx(reference, rel=1e-11)
    inside = stats.norm.cdf(math.log(9), scale=tau) - stats.norm.cdf(-math.log(9), scale=tau)
    assert regimes.undecided(0.1, alpha, beta, radial) == pytest.approx(inside, rel=1e-11)
    isotropic = 2 * beta * math.sqrt(alpha)
    near = stats.norm.cdf(math.log(1.5), scale=isotropic)
    assert regimes.near_half(0.1, alpha, beta) == pytest.approx(2 * near - 1, rel=1e-11)


@pytest.mark.parametrize("tau", [0.5, 3.0, 30.0])
def test_variance_of_the_split_by_quadrature(tau: float) -> None:
    def squared(x: float) -> float:
        return float((1 / (1 + math.exp(-tau * x)) - 0.5) ** 2 * stats.norm.pdf(x))

    variance = 2 * integrate.quad(squared, 0, 20, epsabs=1e-13)[0]
    bound = share_variance.variance_bound(0.01, tau / math.sqrt(0.54), 0.5)
    assert bound <= variance <= 0.25
    assert tau < 30 or variance - bound < 1e-3


def direct_miss(alpha: float, n: int, radial: float) -> float:
    """1 − ∫ density of k_aᵀμ_a × P(all others below), the other order of integration."""

    def wins(x: float) -> float:
        density = stats.norm.pdf(x, 1, math.sqrt(radial + alpha))
        return float(density * stats.norm.cdf(x / math.sqrt(alpha)) ** (n - 1))

    step = [k * math.sqrt(alpha) for k in (-6, -3, 0, 3, 6)]
    won: float = integrate.quad(wins, -6, 8, points=step, epsabs=1e-12, limit=500)[0]
    return 1 - won


@pytest.mark.parametrize(
    ("alpha", "n", "radial"), grid((1e-4, 0.01, 0.2), (2, 3, 16, 200), (0.0, 0.5))
)
def test_miss_by_the_other_order_of_integration(alpha: float, n: int, radial: float) -> None:
    value = missing.miss(alpha, n, radial)
    assert value == pytest.approx(direct_miss(alpha, n, radial), abs=1e-9)
    if radial:
        assert multi_head.negative_score(alpha, radial) < value
        assert value <= missing.miss_bound(alpha, n, radial)


@pytest.mark.parametrize(("alpha", "radial"), NOISES)
def test_miss_of_two_keys_is_one_normal_probability(alpha: float, radial: float) -> None:
    reference = stats.norm.cdf(-1 / math.sqrt(radial + 2 * alpha))
    assert missing.miss(alpha, 2, radial) == pytest.approx(reference, rel=1e-10)
    assert multi_head.head_cdf(0.5, alpha, 7, radial) == pytest.approx(reference, rel=1e-10)


def test_missing_tends_to_the_negative_score() -> None:
    limit = stats.norm.cdf(-math.sqrt(2))
    assert missing.miss(1e-10, 16, 0.5) == pytest.approx(limit, abs=1e-4)
    assert multi_head.negative_score(1e-10, 0.5) == pytest.approx(limit, abs=1e-9)


def test_limit_variance_by_enumerating_the_heads() -> None:
    """What the two heads pick is independent: sum over the four outcomes of (head 1, head 2)."""
    p, q = direct_miss(0.01, 4, 0.5), direct_miss(0.01, 4, 0.0) / 3
    outcomes = [((1 - p) * q, 1.0), ((1 - p) * (1 - q), 0.5), (p * q, 0.5), (p * (1 - q), 0.0)]
    mean = sum(probability * w for probability, w in outcomes)
    variance = sum(probability * (w - mean) ** 2 for probability, w in outcomes)
    assert multi_head.limit_variance(0.01, 4, 0.5) == pytest.approx(variance, abs=1e-9)


@pytest.mark.parametrize(("beta", "radial"), [(2.0, 0.5), (30.0, 0.5), (10.0, 0.0)])
def test_head_weight_is_within_its_bounds_for_two_keys(beta: float, radial: float) -> None:
    alpha, spread = 0.02, beta * math.sqrt(radial + 0.04)

    def weight(x: float) -> float:
        return float(stats.norm.pdf(x) / (1 + math.exp(-beta - spread * x)))

    mean = integrate.quad(weight, -15, 15, points=[-beta / spread], epsabs=1e-13)[0]
    gap = abs(mean - (1 - missing.miss(alpha, 2, radial)))
    assert gap <= missing.limit_bound(alpha, beta, 2, radial)
    assert 1 - mean <= multi_head.loss_bound(alpha, beta, 2, radial)


def test_background_bound_against_a_large_sample() -> None:
    """The bound exceeds the sample mean; it would fail if a term were lost (n − 3 keys)."""
    alpha, beta, n = 0.01, 4.0, 6
    random = np.random.default_rng(9)
    scores = random.normal(0, beta * math.sqrt(2 * alpha), (200_000, n)) + np.array(
        [beta, beta] + [0] * (n - 2)
    )
    powers = np.exp(scores)
    leak = powers[:, 2:].sum(axis=1) / powers.sum(axis=1)
    assert leak.mean() <= background.mean_bound(alpha, beta, n)
    assert (powers[:, 2:].sum(axis=1) / powers[:, 1]).mean() == pytest.approx(
        background.mean_bound(alpha, beta, n), rel=0.02
    )  # six standard errors are 0.5 %: a false alarm has probability below 1e-9


# ----------------------------------------------------------------------------------- 2e


def inputs(beta: float, add_c: float, add_d: float) -> list[list[mpmath.mpf]]:
    """x₁, x₂, x₃ in the basis u_a, u_b, u_c, u_d over β."""
    rows: list[list[float]] = [[0, 1, 0, 1], [1, 0, add_c, add_d], [0, 1, 1, 0]]
    return [[mpmath.mpf(v) * beta for v in row] for row in rows]


@pytest.mark.parametrize(("beta", "add_c", "add_d"), grid((0.7, 2, 6), (0, 1, 0.3), (0, 1)))
def test_identity_attention_by_a_loop(beta: float, add_c: float, add_d: float) -> None:
    x = inputs(beta, add_c, add_d)
    scores = [mpmath.fsum(a * b for a, b in zip(row, x[1], strict=True)) for row in x]
    output = attend(scores, x)
    from_b = norm([o - b for o, b in zip(output, [0, beta, 0, 0], strict=True)])
    law = identity_attention.output_distance(beta, add_c, add_d)
    assert law == pytest.approx(float(from_b), rel=1e-12)
    if add_c == add_d == 0:
        from_a = norm([o - a for o, a in zip(output, [beta, 0, 0, 0], strict=True)])
        assert identity_attention.error(beta) == pytest.approx(float(from_a), rel=1e-9)


@pytest.mark.parametrize(("add_c", "add_d"), grid((0, 1), (0, 1)))
def test_hull_distance_by_numerical_minimisation(add_c: int, add_d: int) -> None:
    corners = np.array(inputs(3.0, add_c, add_d), dtype=float)
    target = np.array([0, 3.0, 0, 0])

    def squared(weights: np.ndarray) -> float:
        return float(np.sum((weights @ corners - target) ** 2))

    found = optimize.minimize(
        squared, np.full(3, 1 / 3), bounds=[(0, 1)] * 3, method="SLSQP",
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, options={"ftol": 1e-14},
    )  # fmt: skip
    law = identity_attention.hull_distance(3, add_c, add_d)
    assert law == pytest.approx(math.sqrt(found.fun), rel=1e-6)
    assert law < identity_attention.output_distance(3, add_c, add_d)


@pytest.mark.parametrize(("gain", "beta"), grid((0.1, 1, 3), (0.5, 2)))
def test_key_query_value_errors_by_a_loop(gain: float, beta: float) -> None:
    u = np.linalg.qr(np.random.default_rng(2).standard_normal((7, 4)))[0].T * beta
    K, Q, V = key_query_value.matrices(u[0], u[1], u[2], u[3], gain)
    x = np.stack([u[3] + u[1], u[0], u[2] + u[1]])
    scores = (x @ Q.T) @ (x @ K.T).T
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    output = weights @ (x @ V.T)
    first = np.linalg.norm(output[0] - (u[1] - u[2]))
    assert key_query_value.error(gain, beta) == pytest.approx(first, abs=1e-12)
    second = np.linalg.norm(output[1] - u[1])
    assert key_query_value.error_second(gain, beta) == pytest.approx(second, abs=1e-12)
    assert key_query_value.attended(gain, beta) == pytest.approx(weights[1, 0], rel=1e-12)


def test_key_query_value_gain_is_where_the_error_crosses() -> None:
    gain = key_query_value.gain(1e-3, 2)
    assert key_query_value.error(gain, 2) == pytest.approx(1e-3, rel=1e-12)
    assert key_query_value.error(gain * 1.01, 2) < 1e-3 < key_query_value.error(gain * 0.99, 2)


# ------------------------------------------------------------------------- the Law type


def test_a_law_takes_arrays_and_names() -> None:
    betas = np.array([0.0, 2.0, 800.0])
    assert averaging.leak(betas, 16) == pytest.approx([averaging.leak(b, 16) for b in betas])
    assert averaging.leak(n=16, beta=2.0) == averaging.leak(2.0, 16)
    with pytest.raises(TypeError, match="takes numbers, not arrays"):
        missing.miss(np.array([0.1, 0.2]), 3, 0.5)


def test_a_bound_beyond_the_largest_float_is_infinite() -> None:
    assert multi_head.loss_bound(0.1, 300, 16, 0.5) == math.inf


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((0, 1), {}, "epsilon must be .* between 0 and 1, got 0; n must be an integer of at"),
        ((2, 1.5), {}, "epsilon must .*, got 2; n must be an integer of at least 2, got 1.5"),
        ((math.nan, 16), {}, "epsilon must be .*, got nan"),
        ((0.1,), {}, "n is missing"),
        ((0.1, 16, 3), {}, "3 values for 2 parameters"),
        ((0.1, 16), {"m": 3}, "m is not a parameter"),
    ],
)
def test_all_violated_premises_are_named_at_once(
    arguments: tuple[float, ...], named: dict[str, float], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        averaging.gain(*arguments, **named)


def test_a_relation_between_parameters_is_a_premise() -> None:
    with pytest.raises(InputError, match="size <= n must hold, got n = 3, size = 4"):
        averaging.subset_leak(1, 3, 4)
    with pytest.raises(InputError, match="must hold, got beta = 1, epsilon = 5"):
        key_query_value.gain(5, 1)


def test_numbers_written_into_a_formula_keep_their_signs_and_powers() -> None:
    base = sp.Symbol("b", real=True)
    law = Law("f", base**2, (Parameter("b", base),))
    assert law.shown({"b": sp.Integer(-1)}) == r"\left(-1\right)^{2}"
    assert law.shown({"b": sp.Integer(10) ** 6}) == "1000000^{2}"
    assert law.shown({"b": sp.Rational(5, 2 * 10**7)}) == r"\left(2.5 \cdot 10^{-7}\right)^{2}"
    assert law.shown({"b": sp.Rational(1, 10**6)}) == r"\left(10^{-6}\right)^{2}"
