"""Mean and sum of squares, merged without cancellation.

Chan, Golub, LeVeque 1979 (STAN-CS-79-773): the tally of two parts follows from the tallies of the
parts. With a part of one value it is the update of Welford 1962. How far rounding can carry both
numbers away is bounded in `simulate.tallies.rounding`.
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

    def standard_error(self) -> float:
        """Of the mean, from the sample's variance; NaN for fewer than two trials."""
        return math.sqrt(self.variance() / self.trials) if self.trials > 1 else math.nan

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
