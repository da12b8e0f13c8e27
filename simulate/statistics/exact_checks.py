"""Bounds and identities that hold in every single trial: no statistics, no false alarm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.statistics.judgement import MISS, Check, Judgement, verdict
from simulate.tallies import Greatest

if TYPE_CHECKING:
    from jaxtyping import Float

ROUNDING = 1e-9
"""Relative room for float64 in checks of exact identities and bounds; it is no statistics."""


@dataclass(frozen=True)
class Bound(Check[Greatest]):
    """Ratios of a quantity to its proved bound: none may exceed 1, up to rounding.

    The detectable discrepancy is a share of trials: those with a ratio above the threshold.
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
            detectable=smallest_share_met(tally.trials),
            p_value=None,
            verdict=verdict(crossed, tested),
        )


@dataclass(frozen=True)
class Identity(Check[Greatest]):
    """Relative differences between a quantity and its exact formula: rounding alone.

    The detectable discrepancy is a share of trials: those with a difference above the threshold.
    """

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
            detectable=smallest_share_met(tally.trials),
            p_value=None,
            verdict=verdict(tally.value > ROUNDING, tested=True),
        )


def smallest_share_met(n: int) -> float:
    """p with (1 - p)ⁿ = MISS: of what happens in that share of trials, n of them show one."""
    return -math.expm1(math.log(MISS) / n)
