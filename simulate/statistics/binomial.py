"""An event against its probability, by the exact binomial law (Clopper, Pearson 1934)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special, stats

from simulate.statistics.confidence_sequence import Sequential
from simulate.statistics.judgement import MISS, Judgement, Range, outside, verdict
from simulate.tallies import Count

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Probability(Sequential[Count]):
    """An event against its exact probability, or bounds on it.

    The p-value is twice the smaller tail, the upper one at the upper bound and the lower one at the
    lower bound: at most the false alarm exactly where the law is contradicted.
    """

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
        above = lower <= 0 or observed > (lower + upper) / 2
        seen_above = special.bdtri(high, n, MISS) - upper if high < n else 1 - upper
        seen_below = lower - special.bdtri(low - 1, n, 1 - MISS) if low > 0 else lower
        seen = float(max(seen_above, seen_below))
        noticed = (high < n or seen > 1 - upper) and (low > 0 or seen > lower)
        return Judgement(
            observed=observed,
            expected=upper if above else lower,
            interval=clopper_pearson(hits, n, false_alarm),
            distance=outside(observed, lower, upper),
            threshold=high / n - upper if above else lower - low / n,
            detectable=seen if noticed else None,
            p_value=two_sided(hits, n, lower, upper),
            verdict=verdict(not low <= hits <= high, tested=True),
        )


def two_sided(hits: int, n: int, lower: float, upper: float) -> float:
    """Exact p-value of a probability from `lower` to `upper`: twice the smaller tail, at most 1."""
    from_here_up = stats.binom.sf(hits - 1, n, upper)
    from_here_down = stats.binom.cdf(hits, n, lower)
    return float(min(1.0, 2 * from_here_up, 2 * from_here_down))


def clopper_pearson(hits: int, n: int, miss: float) -> tuple[float, float]:
    """Interval that holds the probability of the event, except with probability `miss`."""
    low = float(stats.beta.ppf(miss / 2, hits, n - hits + 1)) if hits > 0 else 0.0
    high = float(stats.beta.isf(miss / 2, hits + 1, n - hits)) if hits < n else 1.0
    return low, high


def acceptance(n: int, probability: float, false_alarm: float) -> tuple[int, int]:
    """Counts that do not contradict `probability`: each tail outside has at most half the alarm."""
    binomial = stats.binom(n, probability)
    return int(binomial.ppf(false_alarm / 2)), int(binomial.isf(false_alarm / 2))
