"""Cramér-von Mises: constants by brute force, the bound against the law, the limit's p-value."""

from __future__ import annotations

import math

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from scipy import optimize, special, stats

from simulate.statistics import CramerVonMises, Distribution, cramer_von_mises
from simulate.statistics.cramer_von_mises import largest_variance
from simulate.statistics.kolmogorov_smirnov import dkw

UNIFORM = CramerVonMises(lambda u: u, grid=np.linspace(0, 1, 2))
COARSE = CramerVonMises(lambda x: x**2, grid=np.array([0.1, 0.2, 0.5, 0.7, 0.95]))


def coarse(check: CramerVonMises) -> CramerVonMises:
    """The same law on few edges, put where the property would compute 2000."""
    check.__dict__["edges"] = check.grid
    return check


def vectors(check: CramerVonMises, x: np.ndarray) -> np.ndarray:
    """√wⱼ(1{xᵢ ≤ eⱼ} - F(eⱼ)), one row a value, from their definition."""
    steps = (x[:, None] <= check.edges).astype(float) - check.law_at_edges
    return np.asarray(np.sqrt(check.weights) * steps)


def assert_constants_are_those_of_the_law(check: CramerVonMises) -> None:
    """Against the covariance and all the values that Y takes, with their probabilities."""
    cells = np.diff(check.law_at_edges, prepend=0.0, append=1.0)
    between = np.concatenate((check.edges, [np.inf]))
    y = vectors(check, between)
    covariance = (y * cells[:, None]).T @ y
    c, mean_square, variance = check.constants
    assert np.abs(cells @ y).max() < 1e-12
    assert c == pytest.approx(np.linalg.norm(y, axis=1).max(), rel=1e-12)
    assert mean_square == pytest.approx(np.trace(covariance), rel=1e-12)
    eigenvalue = np.linalg.eigvalsh(covariance)[-1]
    assert eigenvalue * (1 - 1e-12) <= variance <= eigenvalue * (1 + 1e-6)


@pytest.mark.parametrize("law", [lambda x: x, lambda x: x**2, lambda x: np.clip(2 * x - 0.5, 0, 1)])
@pytest.mark.parametrize("edges", [[0.5], [0.1, 0.2, 0.5, 0.7, 0.95], np.linspace(0.01, 1, 100)])
def test_constants_by_brute_force(law: object, edges: np.ndarray) -> None:
    check = coarse(CramerVonMises(law, grid=np.asarray(edges)))  # type: ignore[arg-type]
    assert_constants_are_those_of_the_law(check)


def test_a_wrong_constant_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def mean_instead(law: np.ndarray, weights: np.ndarray) -> float:
        return 0.9 * largest_variance(law, weights)

    monkeypatch.setattr(cramer_von_mises, "largest_variance", mean_instead)
    with pytest.raises(AssertionError):
        assert_constants_are_those_of_the_law(coarse(CramerVonMises(lambda x: x, COARSE.grid)))


def test_fine_edges_have_the_constants_of_the_continuous_law() -> None:
    assert UNIFORM.constants == pytest.approx((1 / 3**0.5, 1 / 6, 1 / math.pi**2), rel=1e-3)


@pytest.mark.parametrize("n", [10, 400, 20_000])
def test_distance_is_scipys(n: int) -> None:
    """scipy's statistic is n∫(F_n - F)²dF; ours is the trapezoid sum on 2000 edges."""
    sample = np.random.default_rng(3).beta(1.1, 1.0, n)
    reference = stats.cramervonmises(sample, "uniform").statistic
    found = UNIFORM.judge(UNIFORM.tally(sample), n, 1e-3)
    assert n * found.distance**2 == pytest.approx(reference, rel=0.01)


def limiting_p_value(statistic: float) -> float:
    """P(∫B² > statistic) for the Brownian bridge B, the limit of P(n·ω² > statistic).

    By Smirnov's alternating series (1936) of integrals between the zeros of the sine, which loses
    no digits however small the probability:

        P = (2/π) Σₖ (-1)ᵏ⁺¹ ∫ exp(-s·z²/2) / √(-z·sin z) dz,    (2k - 1)π < z < 2kπ.
    """
    if statistic <= 0:
        return 1.0
    angles = (np.arange(64) + 0.5) * np.pi / 64
    total = 0.0
    for k in range(1, 4 + math.ceil(math.sqrt(80 / statistic) / (2 * math.pi))):
        # z = (2k - ½)π + (π/2)·cos(angle): both ends are then smooth, and the rule exact at once.
        z = (2 * k - 0.5) * np.pi + np.pi / 2 * np.cos(angles)
        heights = np.exp(-statistic * z**2 / 2) / np.sqrt(-z * np.sin(z))
        integral = float(np.sum(heights * np.sin(angles))) * np.pi / 2 * np.pi / 64
        total -= (-1) ** k * integral
    return min(1.0, 2 / math.pi * total)


def shifted_grid(n: int, shift: float) -> np.ndarray:
    """An even sample of the uniform law, pushed to the right."""
    return np.asarray((np.arange(n) + 0.5) / n * (1 - shift) + shift)


@pytest.mark.parametrize("target", [0.9999, 0.99, 0.7, 0.3, 1e-2, 1e-4, 1e-6])
def test_limiting_p_value_is_scipys(target: float) -> None:
    """Both for n = 200 000; scipy's series is cut off at 1e-10, so its small values say little."""
    n = 200_000
    wanted = optimize.brentq(lambda s: limiting_p_value(s) - target, 1e-3, 20)
    reference = stats.cramervonmises(shifted_grid(n, math.sqrt(3 * wanted / n)), "uniform")
    assert limiting_p_value(reference.statistic) == pytest.approx(
        reference.pvalue, rel=1e-4, abs=2e-10
    )


@pytest.mark.parametrize("statistic", [0.01, 0.02, 0.1, 0.46136, 1.0, 3.0, 5.3, 10.0])
def test_limiting_p_value_is_that_of_anderson_and_darling(statistic: float) -> None:
    """From 1 to 1e-22: their series (1952, formula 4.35) in 60 digits, quite another one."""
    with mpmath.workdps(60):
        total = mpmath.mpf(0)
        for j in range(60):
            x = (4 * j + 1) ** 2 / (16 * mpmath.mpf(statistic))
            total += (
                mpmath.binomial(-0.5, j) * (-1) ** j * mpmath.sqrt(4 * j + 1)
                * mpmath.exp(-x) * mpmath.besselk(0.25, x)
            )  # fmt: skip
        reference = float(1 - total / (mpmath.pi * mpmath.sqrt(statistic)))
    assert limiting_p_value(statistic) == pytest.approx(reference, rel=1e-11)


def test_limiting_p_value_has_the_tail_of_its_largest_eigenvalue() -> None:
    """Zolotarev's asymptote, to 1e-300: P ~ √2·P(Z²/π² > s), as ∏(1 - 1/k²)^(-½) = √2."""
    for statistic in (5.0, 20.0, 100.0):
        asymptote = math.sqrt(2) * math.erfc(math.pi * math.sqrt(statistic / 2))
        assert limiting_p_value(statistic) == pytest.approx(asymptote, rel=1 / statistic)
    assert limiting_p_value(0.0) == 1
    assert limiting_p_value(1e-3) == pytest.approx(1, abs=1e-12)


def test_the_bound_holds_for_a_single_trial() -> None:
    """By enumeration, up to what the ends of 2000 cells add."""
    lengths = np.linalg.norm(vectors(UNIFORM, UNIFORM.edges), axis=1)
    for r in np.linspace(0, UNIFORM.constants[0], 50):
        assert UNIFORM.tail(1, r) >= np.mean(lengths >= r) - 1e-3


@pytest.mark.parametrize("n", [2, 5, 100])
def test_the_bound_holds_for_few_trials(n: int) -> None:
    """In 4000 samples; false alarm 1e-7 at each of three levels."""
    sample = np.random.default_rng(n).random((4000, n))
    found = [UNIFORM.compare(UNIFORM.tally(row), 0.01).p_value for row in sample]
    for level in (0.5, 0.1, 0.01):
        below = sum(p is not None and p <= level for p in found)
        assert below <= stats.binom.isf(1e-7, 4000, level)


def test_the_bound_holds_for_a_million_trials() -> None:
    """Where the law of the statistic is its limit."""
    for statistic in np.geomspace(1e-3, 20, 50):
        assert UNIFORM.tail(10**6, math.sqrt(statistic / 10**6)) >= limiting_p_value(statistic)


@pytest.mark.parametrize(("alarm", "price"), [(1e-3, 1.5), (1e-8, 1.3), (1e-11, 1.25)])
def test_the_price_of_a_theorem(alarm: float, price: float) -> None:
    """At a million trials: the threshold over that of the limiting law, which has no theorem."""
    n = 10**6
    limit = math.sqrt(optimize.brentq(lambda s: limiting_p_value(s) / alarm - 1, 0.01, 20) / n)
    threshold = UNIFORM.threshold(n, alarm)
    assert limit < threshold < price * limit
    assert UNIFORM.tail(n, threshold) == pytest.approx(alarm, rel=1e-6)
    pinelis = math.sqrt(2 * UNIFORM.constants[0] ** 2 * math.log(2 / alarm) / n)
    assert threshold < pinelis
    assert threshold < dkw(n, alarm)


def test_few_trials_contradict_nothing() -> None:
    assert UNIFORM.threshold(3, 1e-6) == 1
    judgement = UNIFORM.judge(UNIFORM.tally(np.zeros(3)), 3, 1e-6)
    assert (judgement.verdict, judgement.detectable) == ("inconclusive", None)


def test_a_broad_deviation_is_seen_sooner_than_by_the_largest_distance() -> None:
    """F_n - F is 0.018 everywhere: the largest distance is no larger than the average one."""
    n = 20_000
    even = shifted_grid(n, 0.0)
    sample = np.where(even > 1 - 0.018, 0.0, even)
    supremum = Distribution(lambda u: u, grid=np.linspace(0, 1, 2))
    verdicts = [check.judge(check.tally(sample), n, 1e-6).verdict for check in (UNIFORM, supremum)]
    assert verdicts == ["contradicted", "consistent"]


def test_an_unbounded_law() -> None:
    n = 50_000
    check = CramerVonMises(special.ndtr, grid=np.linspace(-8, 8, 4001))
    sample = np.random.default_rng(9).normal(0, 1, n)
    assert check.judge(check.tally(sample), n, 1e-6).verdict == "consistent"
    assert check.judge(check.tally(1.05 * sample), n, 1e-6).verdict == "contradicted"
