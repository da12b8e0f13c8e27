"""Every interval on a thousand problems of known truth, every verdict on a thousand true laws.

Each is judged by an exact binomial test of its own with a false alarm of 1e-6. Known mistakes of
the statistics, planted one by one, fail the same test.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from simulate.statistics import (
    ConfidenceSequence,
    CramerVonMises,
    Distribution,
    Mean,
    Probability,
    binomial,
    bounded_mean,
    cramer_von_mises,
    kolmogorov_smirnov,
)
from simulate.statistics.judgement import Check, Judgement, Verdict
from simulate.tallies import Count, Cumulative, Moments

PROBLEMS, MISS = 1000, 0.05
ALLOWED = int(stats.binom.isf(1e-6, PROBLEMS, MISS))
"""Misses that a coin of probability MISS exceeds with probability 1e-6 at most: 87 of 1000."""

Misses = Callable[[np.random.Generator], bool]
"""One problem of known truth: whether the interval missed it."""


def interval(judgement: Judgement) -> tuple[float, float]:
    assert judgement.interval is not None
    return judgement.interval


def coin(rng: np.random.Generator) -> tuple[float, int, int]:
    """A coin of known probability, small ones among them: probability, tosses, heads."""
    truth, tosses = float(rng.beta(0.5, 2.0)), int(rng.integers(20, 2000))
    return truth, tosses, int(rng.binomial(tosses, truth))


def clopper_pearson(rng: np.random.Generator) -> bool:
    truth, n, hits = coin(rng)
    low, high = binomial.clopper_pearson(hits, n, MISS)
    return not low <= truth <= high


def hoeffding(rng: np.random.Generator) -> bool:
    truth, n, hits = coin(rng)
    check = Mean(lambda: (0.5, 0.5), width=1.0)
    low, high = interval(check.compare(Moments(n, 0, hits / n, 0.0), MISS))
    return not low <= truth <= high


def dkw_band(rng: np.random.Generator) -> bool:
    """Whether the uniform law leaves, at any point, the band around a sample of it."""
    n = int(rng.integers(20, 2000))
    sample = np.sort(rng.random(n))
    width = kolmogorov_smirnov.dkw(n, MISS)
    above = np.arange(1, n + 1) / n - sample
    below = sample - np.arange(n) / n
    return bool(max(above.max(), below.max()) > width)


def sequence(rng: np.random.Generator) -> bool:
    """At the worst of twenty looks."""
    truth = float(rng.beta(0.5, 2.0))
    found = ConfidenceSequence(1.0, MISS, 0.03)
    for _ in range(20):
        n = int(rng.integers(20, 200))
        found = found.after(Count(n, 0, int(rng.binomial(n, truth))))
    low, high = found.interval
    return not low <= truth <= high


def wald(rng: np.random.Generator) -> bool:
    """The textbook's p ± 1.96 standard errors."""
    truth, n, hits = coin(rng)
    p = hits / n
    return abs(p - truth) > 1.96 * math.sqrt(p * (1 - p) / n)


def constant(rng: np.random.Generator) -> bool:
    """An estimator that does not look at the sample."""
    truth, _, _ = coin(rng)
    return not 0.1 <= truth <= 0.9


def assert_covers(misses: Misses) -> None:
    rng = np.random.default_rng(11)
    assert sum(misses(rng) for _ in range(PROBLEMS)) <= ALLOWED


@pytest.mark.parametrize("misses", [clopper_pearson, hoeffding, dkw_band, sequence])
def test_intervals_cover_as_often_as_they_promise(misses: Misses) -> None:
    assert_covers(misses)


@pytest.mark.parametrize("misses", [wald, constant])
def test_intervals_that_promise_too_much_do_not(misses: Misses) -> None:
    with pytest.raises(AssertionError):
        assert_covers(misses)


def flipped(contradicted: bool, tested: bool) -> Verdict:
    return "consistent" if contradicted else "contradicted"


def never(contradicted: bool, tested: bool) -> Verdict:
    return "consistent"


CHECKS: dict[str, Check] = {
    "Kolmogorov-Smirnov": Distribution(lambda u: u, grid=np.linspace(0, 1, 2)),
    "Cramér-von Mises": CramerVonMises(lambda u: u, grid=np.linspace(0, 1, 2)),
    "mean": Mean(lambda: (0.5, 0.5), width=1.0),
    "probability": Probability(lambda: (0.3, 0.3)),
}
TRIALS = 300


def judged(name: str, sample: np.ndarray, alarm: float) -> Judgement:
    """What the check says of values in [0, 1]; the event is that a value is below 0.3."""
    check = CHECKS[name]
    return check.judge(
        check.tally(sample < 0.3 if name == "probability" else sample), len(sample), alarm
    )


def assert_true_laws_are_seldom_contradicted(name: str) -> None:
    """1000 samples of the uniform law at a false alarm of 5 %; neither verdict nor p-value."""
    rng = np.random.default_rng(17)
    found = [judged(name, rng.random(TRIALS), MISS) for _ in range(PROBLEMS)]
    assert sum(f.verdict == "contradicted" for f in found) <= ALLOWED
    p_values = np.array([f.p_value for f in found], dtype=float)
    for level in (0.5, 0.2, 0.05, 0.01):
        assert (p_values <= level).sum() <= stats.binom.isf(1e-6, PROBLEMS, level)


def assert_detectable_discrepancies_are_detected(name: str) -> None:
    """200 samples of a law that is detectably different, none of which may pass.

    Each is missed with probability 1e-6 at most: false alarm 2e-4 of a seed that is fixed. The
    other law puts a share of the values at 0, chosen so that the discrepancy is the detectable one.
    """
    n, alarm, rng = 20_000, 1e-6, np.random.default_rng(23)
    detectable = judged(name, rng.random(n), alarm).detectable
    assert detectable is not None
    assert 0.01 < detectable < 0.1
    per_share = {
        "Kolmogorov-Smirnov": 1.0, "Cramér-von Mises": 1 / 3**0.5, "mean": 0.5, "probability": 0.7,
    }  # fmt: skip
    share = 1.001 * detectable / per_share[name]
    for _ in range(200):
        other = np.where(rng.random(n) < share, 0.0, rng.random(n))
        assert judged(name, other, alarm).verdict == "contradicted"


@pytest.mark.parametrize("name", CHECKS)
def test_true_laws_are_contradicted_as_seldom_as_promised(name: str) -> None:
    assert_true_laws_are_seldom_contradicted(name)


@pytest.mark.parametrize("name", CHECKS)
def test_what_is_called_detectable_is_detected(name: str) -> None:
    assert_detectable_discrepancies_are_detected(name)


MODULES = {
    "Kolmogorov-Smirnov": kolmogorov_smirnov,
    "Cramér-von Mises": cramer_von_mises,
    "mean": bounded_mean,
    "probability": binomial,
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_flipped_inequality_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULES[name], "verdict", flipped)
    with pytest.raises(AssertionError):
        assert_true_laws_are_seldom_contradicted(name)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_that_never_contradicts_is_noticed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULES[name], "verdict", never)
    with pytest.raises(AssertionError):
        assert_detectable_discrepancies_are_detected(name)


def typical(name: str, n: int) -> Count | Moments | Cumulative:
    """What a constant estimator says: the tally of a perfect sample, whatever the values."""
    check = CHECKS[name]
    even = (np.arange(n) + 0.5) / n
    tally: Count | Moments | Cumulative = check.tally(even < 0.3 if name == "probability" else even)
    return tally


@pytest.mark.parametrize("name", CHECKS)
def test_a_constant_estimator_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check = CHECKS[name]
    perfect = typical(name, 20_000)
    monkeypatch.setattr(type(check), "tally", lambda self, values: perfect)
    with pytest.raises(AssertionError):
        assert_detectable_discrepancies_are_detected(name)


MISTAKES: dict[str, tuple[str, object, str, object]] = {
    "DKW without its 2": (
        "Kolmogorov-Smirnov", kolmogorov_smirnov, "dkw",
        lambda n, alarm: math.sqrt(math.log(2 / alarm) / (4 * n)),
    ),
    "a p-value of DKW with the square of its exponent": (
        "Kolmogorov-Smirnov", kolmogorov_smirnov, "dkw_tail",
        lambda n, distance: min(1.0, math.exp(-4 * n * distance**2)),
    ),
    "one tail of the binomial law for two": (
        "probability", binomial, "two_sided",
        lambda hits, n, lower, upper: min(
            1.0, stats.binom.sf(hits - 1, n, upper), stats.binom.cdf(hits, n, lower)
        ),
    ),
    "a normal interval of one standard error": (
        "probability", binomial, "acceptance",
        lambda n, p, alarm: (
            math.ceil(n * p - math.sqrt(n * p * (1 - p))), int(n * p + math.sqrt(n * p * (1 - p)))
        ),
    ),
    "a divergence sixteen times too large": (
        "mean", bounded_mean, "divergence", lambda mean, expectation: 32 * (mean - expectation)**2,
    ),
    "the limit's exponent without its half": (
        "Cramér-von Mises", CramerVonMises, "tail",
        lambda self, n, distance: math.exp(-math.pi**2 * n * distance**2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_level_that_is_not_kept_is_noticed(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, where, attribute, wrong = MISTAKES[mistake]
    monkeypatch.setattr(where, attribute, wrong)
    with pytest.raises(AssertionError):
        assert_true_laws_are_seldom_contradicted(name)


def test_a_discrepancy_called_detectable_too_soon_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: the threshold itself is called detectable; half of the samples then miss it."""
    monkeypatch.setattr(kolmogorov_smirnov, "unseen", lambda n: -5e-4)
    with pytest.raises(AssertionError):
        assert_detectable_discrepancies_are_detected("Kolmogorov-Smirnov")
