"""A sample against a distribution function, by the largest distance between the two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.statistics.judgement import MISS, Judgement, verdict
from simulate.statistics.law_on_edges import LawOnEdges
from simulate.tallies import Cumulative


@dataclass(frozen=True, eq=False)
class Distribution(LawOnEdges):
    """Values against their cumulative distribution function, by Kolmogorov-Smirnov.

    The distance is the largest |F_n - F| over the edges: never more than the supremum over all
    points, so the threshold of Dvoretzky, Kiefer and Wolfowitz holds for it too. The p-value is
    their bound: below a tenth, and for thirty thousand trials or more, it exceeds the exact one of
    that supremum by less than 8 %.
    """

    name = "Kolmogorov-Smirnov"

    def compare(self, tally: Cumulative, false_alarm: float) -> Judgement:
        n = tally.trials
        gaps = np.abs(self.gaps(tally))
        worst = int(np.argmax(gaps))
        distance = float(gaps[worst])
        threshold = dkw(n, false_alarm)
        between_edges = float(np.max(np.diff(self.law_at_edges, prepend=0.0, append=1.0)))
        seen = threshold + unseen(n) + between_edges
        observed = float(tally.at_most[worst] / n)
        return Judgement(
            observed=observed,
            expected=float(self.law_at_edges[worst]),
            interval=(max(0.0, observed - threshold), min(1.0, observed + threshold)),
            distance=distance,
            threshold=threshold,
            detectable=seen if seen <= 1 else None,
            p_value=dkw_tail(n, distance),
            verdict=verdict(distance > threshold, tested=True),
        )


def dkw(n: int, false_alarm: float) -> float:
    """ε with P(sup |F_n - F| > ε) ≤ false_alarm (Massart 1990, corollary 1)."""
    return math.sqrt(math.log(2 / false_alarm) / (2 * n))


def dkw_tail(n: int, distance: float) -> float:
    """Bound on P(sup |F_n - F| ≥ distance), the inverse of `dkw`."""
    return min(1.0, 2 * math.exp(-2 * n * distance**2))


def unseen(n: int) -> float:
    """By how much the sample may hide a discrepancy, but with probability MISS.

    At the point where the laws G of the sample and F differ most, F_n - G is the mean of n centred
    indicators: one of its tails is at most exp(-2nε²) (Hoeffding 1963).
    """
    return math.sqrt(math.log(1 / MISS) / (2 * n))
