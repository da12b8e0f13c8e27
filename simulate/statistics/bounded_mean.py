"""The mean of bounded values against its expectation, by Hoeffding's inequality (1963)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from simulate.arrays import namespace
from simulate.statistics.confidence_sequence import Sequential
from simulate.statistics.judgement import MISS, Judgement, Range, outside, verdict
from simulate.tallies import Moments

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Mean(Sequential[Moments]):
    """The mean of values in [0, width] against their expectation, or bounds on it.

    The p-value is Hoeffding's bound on the exact one, which depends on more of the law than its
    mean: at most the false alarm exactly where the law is contradicted. For values that are 0 or
    width it exceeds the exact one by a factor below √(2πn); for values that vary less, by more.
    reach: the mean must come to this share of the upper bound, or the sample never put the bound
    to the test and the verdict is 'inconclusive'
    """

    law: Callable[[], Range]
    width: float
    reach: float = 0.0
    name = "mean (Hoeffding)"

    def tally(self, values: Float[np.ndarray, " trials"]) -> Moments:
        """Values outside [0, width] are invalid: for them the inequality says nothing."""
        xp = namespace(values)
        allowed = (values >= 0) & (values <= self.width)
        return Moments.of(values if allowed.all() else xp.where(allowed, values, xp.nan))

    def compare(self, tally: Moments, false_alarm: float) -> Judgement:
        lower, upper = (min(max(bound / self.width, 0.0), 1.0) for bound in self.law())
        n, mean = tally.trials, min(tally.mean / self.width, 1.0)
        spent, missed = math.log(2 / false_alarm) / n, math.log(1 / MISS) / n
        high = furthest(lambda x: divergence(x, upper), upper, 1.0, spent)
        low = furthest(lambda x: divergence(x, lower), lower, 0.0, spent) if lower > 0 else 0.0
        seen = max(
            furthest(lambda true: divergence(high, true), high, 1.0, missed) - upper,
            lower - furthest(lambda true: divergence(low, true), low, 0.0, missed),
        )
        noticed = (high < 1 or seen > 1 - upper) and (low > 0 or seen > lower)
        above = lower <= 0 or mean > (lower + upper) / 2
        return Judgement(
            observed=self.width * mean,
            expected=self.width * (upper if above else lower),
            interval=(
                self.width * furthest(lambda true: divergence(mean, true), mean, 0.0, spent),
                self.width * furthest(lambda true: divergence(mean, true), mean, 1.0, spent),
            ),
            distance=self.width * outside(mean, lower, upper),
            threshold=self.width * (high - upper if above else lower - low),
            detectable=self.width * seen if noticed else None,
            p_value=hoeffding(n, mean, lower, upper),
            verdict=verdict(not low <= mean <= high, mean >= self.reach * upper),
        )


def hoeffding(n: int, mean: float, lower: float, upper: float) -> float:
    """Bound on the p-value of an expectation from `lower` to `upper`, all values in [0, 1]."""
    if lower <= mean <= upper:
        return 1.0
    nearest = upper if mean > upper else lower
    return min(1.0, 2 * math.exp(-n * divergence(mean, nearest)))


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
