"""A distribution function, and the edges at which a sample is compared with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simulate.statistics.judgement import Check
from simulate.tallies import Cumulative

if TYPE_CHECKING:
    from jaxtyping import Float

EDGES = 2000


@dataclass(frozen=True, eq=False)
class LawOnEdges(Check[Cumulative]):
    """Values against their cumulative distribution function F, compared with F_n edge by edge.

    grid: ascending points from one end of the law to the other, between which edges are chosen
    """

    law: Callable[[Float[np.ndarray, " x"]], Float[np.ndarray, " x"]]
    grid: Float[np.ndarray, " x"]

    @cached_property
    def edges(self) -> Float[np.ndarray, " edges"]:
        """About EDGES points that cut the law into nearly equal parts."""
        levels = np.arange(0.5, EDGES) / EDGES
        return np.unique(np.interp(levels, self.law(self.grid), self.grid))

    @cached_property
    def law_at_edges(self) -> Float[np.ndarray, " edges"]:
        return np.asarray(self.law(self.edges), dtype=float)

    def tally(self, values: Float[np.ndarray, " trials"]) -> Cumulative:
        return Cumulative.of(values, self.edges)

    def gaps(self, tally: Cumulative) -> Float[np.ndarray, " edges"]:
        """F_n - F at the edges."""
        return np.asarray(tally.at_most / tally.trials - self.law_at_edges, dtype=float)
