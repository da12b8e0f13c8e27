"""How many values lie between fixed edges, below the first and above the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.tallies.cumulative import Cumulative
from simulate.tallies.tally import Tally

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True, eq=False)
class Histogram(Tally):
    """counts[i]: how many values are above edge i-1 and at most edge i.

    The first count is of the values at most the first edge, the last of those above the last edge:
    one more count than edges, and together they are all trials.
    """

    counts: Int[np.ndarray, " edges+1"]

    @classmethod
    def of(
        cls, values: Float[np.ndarray, " trials"], edges: Float[np.ndarray, " edges"]
    ) -> Histogram:
        """edges: ascending."""
        return cls.of_cumulative(Cumulative.of(values, edges))

    @classmethod
    def of_cumulative(cls, cumulative: Cumulative) -> Histogram:
        """The counts between the edges of a tally whose edges ascend."""
        counts = np.diff(cumulative.at_most, prepend=0, append=cumulative.trials)
        return cls(cumulative.trials, cumulative.invalid, counts)

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(
            self.trials + other.trials, self.invalid + other.invalid, self.counts + other.counts
        )

    @property
    def below(self) -> int:
        """How many values are at most the first edge."""
        return int(self.counts[0])

    @property
    def above(self) -> int:
        """How many values are above the last edge."""
        return int(self.counts[-1])

    @property
    def inside(self) -> Int[np.ndarray, " bins"]:
        """Counts of the bins between neighbouring edges."""
        return self.counts[1:-1]

    def density(self, edges: Float[np.ndarray, " edges"]) -> Float[np.ndarray, " bins"]:
        """Share of all trials per unit of the axis, bin by bin; NaN before the first trial.

        edges: those of the tally, all different
        """
        if self.trials == 0:
            return np.full(len(edges) - 1, np.nan)
        return np.asarray(self.inside / self.trials / np.diff(edges), dtype=float)
