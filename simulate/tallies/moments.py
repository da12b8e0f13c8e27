"""Mean and sum of squares, merged without cancellation.

Chan, Golub, LeVeque 1979 (STAN-CS-79-773): the tally of two parts follows from the tallies of the
parts. With a part of one value it is the update of Welford 1962. How far rounding carries both
numbers away at most:

Let u = 2⁻⁵³ be the unit roundoff, |xᵢ| ≤ R all n values, σ² = (exact sum of squares)/n. A value
passes through at most h additions while its block is summed, and its block through at most g
merges. As usual γₖ = ku/(1 - ku) bounds k rounding errors in a product (Higham, Accuracy and
Stability of Numerical Algorithms, lemma 3.1). Nothing overflows or underflows.

Mean. Summed and divided, a block's mean is wrong by at most γₕ₊₁R. A merge of two computed means
adds at most γ₃·2R + uR to the weighted average of their errors: three roundings of the shift,
which is at most 2R, and one of the result. Hence after g merges, while (h + 8g)u ≤ 10⁻³,

    |error of the mean| ≤ e = (h + 2 + 8g)uR,                                                   (1)

where 2 and 8 for 1 and 7 pay for the terms of second order.

Squares. The computed sum is Σ t(1 + θ) over non-negative terms t: the squared deviations of each
block, and (shift)²n₁n₂/n of each merge; |θ| ≤ γ_K with K = h + 2g + 6, for a term is rounded at
most six times before it is added and then at most h + 2g times. With exact means the terms would
add up to the exact sum S (Chan, Golub, LeVeque). Deviations taken from a mean that is wrong by e
are too large in sum by ne² at most; a shift wrong by 2e changes its term by
(4e|shift| + 4e²)n₁n₂/n. The sum of n₁n₂/n over the merges of one level is at most n/4, hence over
all at most gn/4, and Cauchy's inequality gives, with r = e/σ,

    |error of the sum of squares| ≤ S(γ_K + (1 + γ_K)(2r√g + (1 + g)r²)).                       (2)

Both grow with the number of merges in sequence, not with n: merged as a balanced tree, 2³⁰ blocks
cost no more than 30 in a row. What is lost by a large mean, R/σ, is lost to the first power;
the formula Σx² - n·mean² would lose its square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.tallies.count import Count
from simulate.tallies.tally import Tally, finite

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Moments(Tally):
    """mean; squares: sum of squared deviations from the mean."""

    mean: float
    squares: float

    @classmethod
    def none(cls) -> Moments:
        """The tally of no trial."""
        return cls(0, 0, 0.0, 0.0)

    @classmethod
    def of(cls, values: Float[np.ndarray, " trials"]) -> Moments:
        """In two passes, the second over the deviations from the mean of the first."""
        valid, invalid = finite(values)
        if len(valid) == 0:
            return cls(0, invalid, 0.0, 0.0)
        mean = float(valid.sum()) / len(valid)
        deviations = valid - mean
        deviations *= deviations
        return cls(len(valid), invalid, mean, float(deviations.sum()))

    @classmethod
    def of_count(cls, count: Count) -> Moments:
        """Those of the indicator: an event is a value that is 0 or 1."""
        n, hits = count.trials, count.hits
        if n == 0:
            return cls(0, count.invalid, 0.0, 0.0)
        return cls(n, count.invalid, hits / n, hits * (n - hits) / n)

    def variance(self) -> float:
        """Of the law, without bias, from the sample; NaN for fewer than two trials."""
        return self.squares / (self.trials - 1) if self.trials > 1 else math.nan

    def __add__(self, other: Moments) -> Moments:
        trials = self.trials + other.trials
        invalid = self.invalid + other.invalid
        if trials == 0:
            return Moments(0, invalid, 0.0, 0.0)
        shift = other.mean - self.mean
        between = shift * shift * self.trials * other.trials / trials
        return Moments(
            trials,
            invalid,
            self.mean + shift * other.trials / trials,
            self.squares + other.squares + between,
        )
