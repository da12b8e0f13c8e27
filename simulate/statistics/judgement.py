"""What a check is, and what it says of a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np

from simulate.tallies import Tally

if TYPE_CHECKING:
    from jaxtyping import Float

MISS = 1e-6
"""Probability at most of not noticing a discrepancy of the size called detectable."""

T = TypeVar("T", bound=Tally)
Range = tuple[float, float]
"""Lower and upper bound on a law's value; equal where the law is exact."""

Verdict = Literal["consistent", "contradicted", "inconclusive"]


@dataclass(frozen=True)
class Judgement:
    """Outcome of one check; the fields are those of `reports.record.Experiment`.

    distance: between sample and law; threshold: above it the law is contradicted;
    detectable: a discrepancy of this size or more would have been noticed but with probability
    MISS, in the unit of the distance; for a bound or identity a share of trials, those that violate
    it; None where so few trials, or so wide a law, would let some discrepancy of any size pass
    p_value: P(p_value ≤ x) ≤ x under the law, for every x and every number of trials; None for a
    bound or identity, which no trial may break
    """

    observed: float | None
    expected: float | None
    interval: tuple[float, float] | None
    distance: float
    threshold: float
    detectable: float | None
    p_value: float | None
    verdict: Verdict


UNTRIED = Judgement(
    observed=None,
    expected=None,
    interval=None,
    distance=0.0,
    threshold=0.0,
    detectable=None,
    p_value=None,
    verdict="inconclusive",
)
"""What can be said without a single valid trial."""


class Check(Generic[T]):
    """What one experiment compares: how its trials are tallied and how the tally is judged.

    reach: what is measured must come to this share of the law's bound, or the sample never put it
    to the test and the verdict is 'inconclusive'
    """

    name: str
    statistical: bool = True
    reach: float = 0.0

    def tally(self, values: Float[np.ndarray, " trials"]) -> T:
        """Sums over the trials of one block."""
        raise NotImplementedError

    def compare(self, tally: T, false_alarm: float) -> Judgement:
        """Judge a tally of at least one trial, all trials taken as valid."""
        raise NotImplementedError

    def judge(self, tally: T, trials: int, false_alarm: float) -> Judgement:
        """Judge the tally of an experiment that was to have `trials` trials.

        The verdict is 'inconclusive' if so few trials could not have contradicted any law, and if
        trials are missing or invalid: the rest is a selection, from which nothing follows, but for
        a bound or identity that a trial has broken.
        """
        if tally.trials == 0:
            return UNTRIED
        outcome = self.compare(tally, false_alarm)
        broken = outcome.verdict == "contradicted" and not self.statistical
        return outcome if broken else unless_idle(outcome, tally, trials)


def unless_idle(outcome: Judgement, tally: Tally, trials: int) -> Judgement:
    """The outcome; 'inconclusive' if trials are missing or invalid, or nothing is detectable."""
    complete = tally.trials == trials and tally.invalid == 0
    idle = outcome.verdict == "consistent" and outcome.detectable is None
    return replace(outcome, verdict="inconclusive") if idle or not complete else outcome


def verdict(contradicted: bool, tested: bool) -> Verdict:
    """tested: whether the sample came near enough to a bound to say anything about it."""
    return "contradicted" if contradicted else "consistent" if tested else "inconclusive"


def outside(value: float, lower: float, upper: float) -> float:
    """Distance of a value from the interval between two bounds."""
    return max(lower - value, value - upper, 0.0)
