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
        cumulative = Cumulative.of(values, edges)
        counts = np.diff(cumulative.at_most, prepend=0, append=cumulative.trials)
        return cls(cumulative.trials, cumulative.invalid, counts)

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(
            self.trials + other.trials, self.invalid + other.invalid, self.counts + other.counts
        )
