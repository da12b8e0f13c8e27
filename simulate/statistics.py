"""A tally against a law: how far they are apart, from where on that cannot be chance, and what
difference would have been noticed.

Every threshold is a theorem for any sample size, not an approximation for large ones: the exact
binomial law (Clopper, Pearson 1934), the inequality of Dvoretzky, Kiefer and Wolfowitz with
Massart's constant (1990), Hoeffding's inequality (1963).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
from scipy import optimize, special, stats

from simulate.tallies import Count, Cumulative, Greatest, Moments, Tally

if TYPE_CHECKING:
    from jaxtyping import Float

MISS = 1e-6
"""Probability at most of not noticing a discrepancy of the size called detectable."""

ROUNDING = 1e-9
"""Relative room for float64 in checks of exact identities and bounds; it is no statistics."""

T = TypeVar("T", bound=Tally)
Range = tuple[float, float]
"""Lower and upper bound on a law's value; equal where the law is exact."""

Verdict = Literal["consistent", "contradicted", "inconclusive"]


@dataclass(frozen=True)
class Judgement:
    """Outcome of one check; the fields are those of `reports.record.Experiment`."""

    observed: float | None
    expected: float | None
    interval: tuple[float, float] | None
    distance: float
    threshold: float
    detectable: float | None
    verdict: Verdict


class Check(Generic[T]):
    """What one experiment compares: how its trials are tallied and how the tally is judged."""

    name: str
    statistical: bool = True

    def tally(self, values: Float[np.ndarray, " trials"]) -> T:
        """Sums over the trials of one block."""
        raise NotImplementedError

    def compare(self, tally: T, false_alarm: float) -> Judgement:
        """Judge a tally of at least one trial, all trials taken as valid."""
        raise NotImplementedError

    def judge(self, tally: T, trials: int, false_alarm: float) -> Judgement:
        """Judge the tally of an experiment that was to have `trials` trials.

        With trials missing or invalid the rest is a selection, from which nothing follows about a
        law: the verdict is 'inconclusive', but for a bound or identity that a trial has broken.
        """
        if tally.trials == 0:
            return Judgement(None, None, None, 0.0, 0.0, None, "inconclusive")
        outcome = self.compare(tally, false_alarm)
        complete = tally.trials == trials and tally.invalid == 0
        if complete or (outcome.verdict == "contradicted" and not self.statistical):
            return outcome
        return replace(outcome, verdict="inconclusive")


@dataclass(frozen=True)
class Probability(Check[Count]):
    """An event against its exact probability, or bounds on it, by the binomial law."""

    law: Callable[[], Range]
    name = "exact binomial"

    def tally(self, values: Float[np.ndarray, " trials"]) -> Count:
        return Count.of(values)

    def compare(self, tally: Count, false_alarm: float) -> Judgement:
        n, hits = tally.trials, tally.hits
        lower, upper = (min(max(bound, 0.0), 1.0) for bound in self.law())
        low = acceptance(n, lower, false_alarm)[0]
        high = acceptance(n, upper, false_alarm)[1]
        observed = hits / n
        above = observed > (lower + upper) / 2
        seen_above = special.bdtri(high, n, MISS) - upper if high < n else 1 - upper
        seen_below = lower - special.bdtri(low - 1, n, 1 - MISS) if low > 0 else lower
        return Judgement(
            observed=observed,
            expected=upper if above else lower,
            interval=clopper_pearson(hits, n, false_alarm),
            distance=_outside(observed, lower, upper),
            threshold=high / n - upper if above else lower - low / n,
            detectable=float(max(seen_above, seen_below)),
            verdict="consistent" if low <= hits <= high else "contradicted",
        )


@dataclass(frozen=True, eq=False)
class Distribution(Check[Cumulative]):
    """Values against their cumulative distribution function, by Kolmogorov-Smirnov.

    The distance is the largest |F_n - F| over fixed edges, about equally likely under the law:
    never more than the supremum over all points, so the DKW threshold holds for it too.
    grid: ascending points from one end of the law to the other, between which edges are chosen;
    marks: edges wanted besides, for a figure
    """

    law: Callable[[Float[np.ndarray, " x"]], Float[np.ndarray, " x"]]
    grid: Float[np.ndarray, " x"]
    marks: tuple[float, ...] = ()
    name = "Kolmogorov-Smirnov"

    @cached_property
    def edges(self) -> Float[np.ndarray, " edges"]:
        """About 2000 points that cut the law into nearly equal parts."""
        levels = np.arange(0.5, 2000) / 2000
        return np.unique(np.append(np.interp(levels, self.law(self.grid), self.grid), self.marks))

    @cached_property
    def law_at_edges(self) -> Float[np.ndarray, " edges"]:
        return np.asarray(self.law(self.edges), dtype=float)

    def tally(self, values: Float[np.ndarray, " trials"]) -> Cumulative:
        return Cumulative.of(values, self.edges)

    def compare(self, tally: Cumulative, false_alarm: float) -> Judgement:
        n = tally.trials
        gaps = np.abs(tally.at_most / n - self.law_at_edges)
        worst = int(np.argmax(gaps))
        threshold = dkw(n, false_alarm)
        unseen = math.sqrt(math.log(1 / MISS) / (2 * n))
        between_edges = float(np.max(np.diff(self.law_at_edges, prepend=0.0, append=1.0)))
        observed = float(tally.at_most[worst] / n)
        return Judgement(
            observed=observed,
            expected=float(self.law_at_edges[worst]),
            interval=(max(0.0, observed - threshold), min(1.0, observed + threshold)),
            distance=float(gaps[worst]),
            threshold=threshold,
            detectable=min(1.0, threshold + unseen + between_edges),
            verdict="consistent" if gaps[worst] <= threshold else "contradicted",
        )


@dataclass(frozen=True)
class Mean(Check[Moments]):
    """The mean of values in [0, width] against their expectation, or bounds on it, by Hoeffding.

    reach: the mean must come to this share of the upper bound, or the sample never put the bound
    to the test and the verdict is 'inconclusive'
    """

    law: Callable[[], Range]
    width: float
    reach: float = 0.0
    name = "mean (Hoeffding)"

    def tally(self, values: Float[np.ndarray, " trials"]) -> Moments:
        """Values outside [0, width] are invalid: for them the inequality says nothing."""
        allowed = (values >= 0) & (values <= self.width)
        return Moments.of(np.where(allowed, values, np.nan))

    def compare(self, tally: Moments, false_alarm: float) -> Judgement:
        lower, upper = (min(bound / self.width, 1.0) for bound in self.law())
        n, mean = tally.trials, tally.mean / self.width
        spent, missed = math.log(2 / false_alarm) / n, math.log(1 / MISS) / n
        high = furthest(lambda x: divergence(x, upper), upper, 1.0, spent)
        low = furthest(lambda x: divergence(x, lower), lower, 0.0, spent) if lower > 0 else 0.0
        seen = max(
            furthest(lambda true: divergence(high, true), high, 1.0, missed) - upper,
            lower - furthest(lambda true: divergence(low, true), low, 0.0, missed),
        )
        above = lower <= 0 or mean > (lower + upper) / 2
        return Judgement(
            observed=self.width * mean,
            expected=self.width * (upper if above else lower),
            interval=(
                self.width * furthest(lambda true: divergence(mean, true), mean, 0.0, spent),
                self.width * furthest(lambda true: divergence(mean, true), mean, 1.0, spent),
            ),
            distance=self.width * _outside(mean, lower, upper),
            threshold=self.width * (high - upper if above else lower - low),
            detectable=self.width * seen,
            verdict=_verdict(not low <= mean <= high, mean >= self.reach * upper),
        )


@dataclass(frozen=True)
class Bound(Check[Greatest]):
    """Ratios of a quantity to its proved bound: none may exceed 1, up to rounding.

    reach: the largest ratio must come at least so near to 1, or the sample never put the bound
    to the test and the verdict is 'inconclusive'
    """

    reach: float
    name = "largest ratio to the bound"
    statistical = False

    def tally(self, values: Float[np.ndarray, " trials"]) -> Greatest:
        return Greatest.of(values)

    def compare(self, tally: Greatest, false_alarm: float) -> Judgement:
        crossed = tally.value > 1 + ROUNDING
        tested = tally.value >= self.reach
        return Judgement(
            observed=tally.value,
            expected=None,
            interval=None,
            distance=tally.value,
            threshold=1 + ROUNDING,
            detectable=None,
            verdict=_verdict(crossed, tested),
        )


@dataclass(frozen=True)
class Identity(Check[Greatest]):
    """Relative differences between a quantity and its exact formula: rounding alone."""

    name = "largest relative difference"
    statistical = False

    def tally(self, values: Float[np.ndarray, " trials"]) -> Greatest:
        return Greatest.of(values)

    def compare(self, tally: Greatest, false_alarm: float) -> Judgement:
        return Judgement(
            observed=tally.value,
            expected=0.0,
            interval=None,
            distance=tally.value,
            threshold=ROUNDING,
            detectable=None,
            verdict="consistent" if tally.value <= ROUNDING else "contradicted",
        )


def clopper_pearson(hits: int, n: int, miss: float) -> tuple[float, float]:
    """Interval that holds the probability of the event, except with probability `miss`."""
    low = float(stats.beta.ppf(miss / 2, hits, n - hits + 1)) if hits > 0 else 0.0
    high = float(stats.beta.isf(miss / 2, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def acceptance(n: int, probability: float, false_alarm: float) -> tuple[int, int]:
    """Counts that do not contradict `probability`: each tail outside has at most half the alarm."""
    binomial = stats.binom(n, probability)
    return int(binomial.ppf(false_alarm / 2)), int(binomial.isf(false_alarm / 2))


def dkw(n: int, false_alarm: float) -> float:
    """ε with P(sup |F_n - F| > ε) ≤ false_alarm (Massart 1990, corollary 1)."""
    return math.sqrt(math.log(2 / false_alarm) / (2 * n))


def divergence(mean: float, expectation: float) -> float:
    """Relative entropy of a coin of one mean to a coin of another.

    For the mean M of n values in [0, 1] with expectation μ, P(M ≥ x) ≤ exp(-n divergence(x, μ))
    where x > μ, and likewise below (Hoeffding 1963, theorem 1).
    """
    return float(special.rel_entr(mean, expectation) + special.rel_entr(1 - mean, 1 - expectation))


def furthest(
    divergence_at: Callable[[float], float], start: float, end: float, budget: float
) -> float:
    """How far from `start`, where the divergence is 0, towards `end` it stays within `budget`."""
    if divergence_at(end) <= budget:
        return end
    return float(optimize.bisect(lambda x: divergence_at(x) - budget, start, end, xtol=1e-14))


def _verdict(contradicted: bool, tested: bool) -> Verdict:
    return "contradicted" if contradicted else "consistent" if tested else "inconclusive"


def _outside(value: float, lower: float, upper: float) -> float:
    """Distance of a value from the interval between two bounds."""
    return max(lower - value, value - upper, 0.0)
