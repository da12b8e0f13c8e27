"""A sample against a distribution function, by their distance in the mean square.

The statistic is ω = √(Σⱼ wⱼ(F_n(eⱼ) - F(eⱼ))²) over the edges eⱼ, with the weights wⱼ that the
trapezoid rule gives ∫(F_n - F)²dF. It is the length of the mean of n independent vectors
Y = (1{X ≤ eⱼ} - F(eⱼ))ⱼ, centred and bounded, in the inner product Σⱼ wⱼxⱼyⱼ. So its tail is
bounded for every n by the theorem of Bousquet (2002, C. R. Acad. Sci. 334, theorem 2.3; also
Boucheron, Lugosi, Massart, Concentration Inequalities, theorem 12.5), whose three constants belong
to the law on the edges and are computed, not estimated:

    c = max ‖Y‖,    v₁ = E‖Y‖² = Σⱼ wⱼFⱼ(1 - Fⱼ),    λ = largest variance of ⟨h, Y⟩ over ‖h‖ = 1.

With Z = n·ω/c, the supremum of Σᵢ⟨h, Yᵢ⟩/c over the unit ball, E Z ≤ m = √(n·v₁)/c, and
v = nλ/c² + 2m,

    P(Z ≥ m + x) ≤ exp(-v·((1 + x/v)·log(1 + x/v) - x/v)),    x ≥ 0.

For fine edges c² = 1/3, v₁ = 1/6 and λ = 1/π². The exponent per trial tends to π²ω²/2 for small ω,
that of the limiting law: the price of a theorem is the shift m alone. The Hilbert-space form of
Hoeffding's inequality (Pinelis 1994, theorem 3.5) has the exponent 3ω²/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from simulate.statistics.judgement import Judgement, verdict
from simulate.statistics.kolmogorov_smirnov import unseen
from simulate.statistics.law_on_edges import LawOnEdges
from simulate.tallies import Cumulative

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class CramerVonMises(LawOnEdges):
    """Values against their cumulative distribution function, by Cramér-von Mises.

    Blind where `Distribution` sees a narrow deviation, sharper where a broad one adds up. The
    distance is ω; the detectable one is that of the laws themselves, in the same norm on the same
    edges. For if u is the direction of their difference, the sample's component along u is a mean
    of values Σ wⱼuⱼ1{x ≤ eⱼ}, which vary by at most ‖u‖ = 1 because the weights sum to at most 1:
    Hoeffding's inequality applies to it as it does for `Distribution`.
    """

    name = "Cramér-von Mises"

    @cached_property
    def weights(self) -> Float[np.ndarray, " edges"]:
        """Of the trapezoid rule in F from 0 to 1; at both ends the integrand is 0."""
        padded = np.concatenate(([0.0], self.law_at_edges, [1.0]))
        return np.asarray((padded[2:] - padded[:-2]) / 2, dtype=float)

    @cached_property
    def constants(self) -> tuple[float, float, float]:
        """(c, v₁, λ): largest length, mean square and largest variance in one direction of Y."""
        law, w = self.law_at_edges, self.weights
        below = np.concatenate(([0.0], np.cumsum(w * law**2)))
        above = np.concatenate((np.cumsum((w * (1 - law) ** 2)[::-1])[::-1], [0.0]))
        largest = math.sqrt(float(np.max(below + above)))
        return largest, float(np.sum(w * law * (1 - law))), largest_variance(law, w)

    def tail(self, n: int, distance: float) -> float:
        """Bound on P(ω ≥ distance) under the law, for any number n of trials."""
        largest, mean_square, variance = self.constants
        mean = math.sqrt(n * mean_square) / largest
        v = n * variance / largest**2 + 2 * mean
        x = n * distance / largest - mean
        if x <= 0:
            return 1.0
        return math.exp(-v * ((1 + x / v) * math.log1p(x / v) - x / v))

    def threshold(self, n: int, false_alarm: float) -> float:
        """ω with P(ω_n > ω) ≤ false_alarm; 1, which none can reach, for too few trials."""
        largest = self.constants[0]
        if self.tail(n, largest) > false_alarm:
            return 1.0
        return float(
            optimize.bisect(lambda r: self.tail(n, r) - false_alarm, 0.0, largest, xtol=1e-15)
        )

    def compare(self, tally: Cumulative, false_alarm: float) -> Judgement:
        n = tally.trials
        distance = float(np.sqrt(np.sum(self.weights * self.gaps(tally) ** 2)))
        threshold = self.threshold(n, false_alarm)
        seen = threshold + unseen(n)
        return Judgement(
            observed=distance,
            expected=0.0,
            interval=None,
            distance=distance,
            threshold=threshold,
            detectable=seen if seen <= 1 else None,
            p_value=self.tail(n, distance),
            verdict=verdict(distance > threshold, tested=True),
        )


def largest_variance(
    law: Float[np.ndarray, " edges"], weights: Float[np.ndarray, " edges"]
) -> float:
    """Upper bound on the greatest eigenvalue of the covariance of Y, close to it.

    The covariance min(Fᵢ, Fⱼ) - FᵢFⱼ is not negative, so for any positive f the greatest ratio of
    its image to f is such a bound (Collatz, Wielandt); from f = sin(πF), the eigenfunction of the
    continuous law, a few steps of the power method close in on it.
    """
    inner = (law > 0) & (law < 1)
    law, weights = law[inner], weights[inner]
    if len(law) == 0:
        return 0.0
    f = np.sin(np.pi * law)
    ratio = math.inf
    for _ in range(20):
        below = np.cumsum(weights * law * f)
        above = np.cumsum((weights * (1 - law) * f)[::-1])[::-1]
        image = (1 - law) * below + law * np.append(above[1:], 0.0)
        ratio = min(ratio, float(np.max(image / f)))
        f = image / np.max(image)
    return ratio
