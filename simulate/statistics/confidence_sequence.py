"""An interval for a mean that may be looked at as often as one likes, and stopped at any time.

Waudby-Smith and Ramdas 2023, Estimating means of bounded random variables by betting, J. R. Stat.
Soc. B 86, arXiv:2010.09686, theorem 2: the predictable plug-in empirical-Bernstein confidence
sequence. For values Xᵢ in [0, 1] of expectation μ, and for λᵢ in [0, 1) and guesses μ̂ᵢ that depend
on X₁, ..., Xᵢ₋₁ alone, put ψ(λ) = -log(1 - λ) - λ. Both processes

    E±ₜ = exp(±Σ λᵢ(Xᵢ - μ) - Σ ψ(λᵢ)(Xᵢ - μ̂ᵢ)²),    i ≤ t,

start at 1 and are nonnegative supermartingales: by an inequality of Fan, Grama and Liu (2015),
exp(λy - ψ(λ)y²) ≤ 1 + λy for y ≥ -1, so that with y = Xᵢ - μ̂ᵢ every factor has expectation at most
exp(λ(μ̂ᵢ - μ))·(1 + λ(μ - μ̂ᵢ)) ≤ 1. By Ville's inequality each of them ever reaches 2/miss with
probability at most miss/2. Except with probability `miss`, therefore, at all times t at once

    |μ - Σλᵢxᵢ/Σλᵢ| ≤ (log(2/miss) + Σψ(λᵢ)(Xᵢ - μ̂ᵢ)²) / Σλᵢ.

Stretches. Here λᵢ and μ̂ᵢ are constant over a stretch of trials and chosen from earlier stretches:
that is predictable, trial by trial. The sums over a stretch of n trials then follow from its
moments: Σλxᵢ = λn·mean, and Σ(xᵢ - μ̂)² = squares + n(mean - μ̂)². Intervals are taken at the ends
of stretches, some of all the times of the theorem.

Choice of λ. To make the half-width at most ε takes the fewest trials n if n(λε - σ²ψ(λ)) grows as
fast as it can: its derivative vanishes at λ = ε/(ε + σ²). With the variance guessed from earlier
stretches, 1/4 before the first, the sequence aims at the half-width where it is to stop, whatever
the length of the stretches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Generic

from simulate.statistics.judgement import (
    MISS,
    UNTRIED,
    Check,
    Judgement,
    Range,
    T,
    outside,
    unless_idle,
    verdict,
)
from simulate.tallies import Count, Moments, from_json, to_json


@dataclass(frozen=True)
class ConfidenceSequence:
    """The mean of values in [0, width], known at all times but with probability `miss`.

    target: half the width of the interval that is aimed at, in the unit of the values;
    seen: moments of all trials so far; bets: Σλᵢ; won: Σλᵢxᵢ; paid: Σψ(λᵢ)(xᵢ - μ̂ᵢ)², with the x
    in units of `width`; low, high: intersection of the intervals so far, in that unit too

    Raises: ValueError unless 0 < width, 0 < miss < 1 and 0 < target, all finite.
    """

    name: ClassVar[str] = "empirical-Bernstein confidence sequence"

    width: float
    miss: float
    target: float
    seen: Moments = field(default_factory=Moments.none)
    bets: float = 0.0
    won: float = 0.0
    paid: float = 0.0
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.width < math.inf and 0 < self.miss < 1 and 0 < self.target < math.inf):
            raise ValueError(f"no sequence of width {self.width}, {self.miss}, {self.target}")

    def after(self, stretch: Moments | Count) -> ConfidenceSequence:
        """The sequence after the next stretch of trials."""
        moments = Moments.of_count(stretch) if isinstance(stretch, Count) else stretch
        seen = self.seen + moments
        if moments.trials == 0:
            return replace(self, seen=seen)
        n, mean, squares = (
            moments.trials,
            moments.mean / self.width,
            moments.squares / self.width**2,
        )
        bet, guess = self.bet(), self.guess()
        bets = self.bets + bet * n
        won = self.won + bet * n * mean
        paid = self.paid + penalty(bet) * (squares + n * (mean - guess) ** 2)
        radius = (math.log(2 / self.miss) + paid) / bets
        return replace(
            self,
            seen=seen,
            bets=bets,
            won=won,
            paid=paid,
            low=max(self.low, won / bets - radius),
            high=min(self.high, won / bets + radius),
        )

    def guess(self) -> float:
        """The mean of what was seen and of one trial more, at ½, in units of the width."""
        n = self.seen.trials
        return (self.seen.mean / self.width * n + 0.5) / (n + 1)

    def bet(self) -> float:
        """λ of the next stretch, from the variance of what was seen and of one trial more.

        A target above half the width asks for nothing, and is taken for one of half the width.
        """
        variance = (self.seen.squares / self.width**2 + 0.25) / (self.seen.trials + 1)
        aim = min(self.target / self.width, 0.5)
        return aim / (aim + variance)

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds on the mean; the lower above the upper if no mean explains what was seen."""
        return self.width * self.low, self.width * self.high

    @property
    def half_width(self) -> float:
        """Half the interval's width, in the unit of the values."""
        return self.width * (self.high - self.low) / 2

    @property
    def reached(self) -> bool:
        """Whether the interval is as narrow as was aimed at; never before the first trial."""
        return self.seen.trials > 0 and self.half_width <= self.target

    def radius(self, miss: float) -> float:
        """Half the width of the interval at this time alone, were `miss` its probability."""
        if self.bets == 0:
            return self.width
        return self.width * (math.log(2 / miss) + self.paid) / self.bets

    def p_value(self, lower: float, upper: float) -> float:
        """Of a mean from `lower` to `upper`, in the unit of the values, at any stopping time.

        2 exp(-x) for the larger of both log E, at the nearest mean of the range: an E stopped at
        any time has expectation at most 1 (Markov). It looks at this time alone, the interval at
        all times so far: so the interval may exclude a law whose p-value has become larger again.
        """
        too_high = self.won - upper / self.width * self.bets - self.paid
        too_low = lower / self.width * self.bets - self.won - self.paid
        return min(1.0, 2 * math.exp(-max(too_high, too_low, 0.0)))

    def to_json(self) -> dict[str, Any]:
        """What `json.dumps` takes, every number exactly."""
        return {**asdict(self), "seen": to_json(self.seen)}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> ConfidenceSequence:
        """The sequence that `to_json` made `saved` of.

        Raises: ValueError if there is no such sequence.
        """
        if set(saved) != set(cls.__dataclass_fields__) - {"name"}:
            raise ValueError(f"not a confidence sequence: {sorted(saved)}")
        return cls(**{**saved, "seen": from_json(saved["seen"])})


def penalty(bet: float) -> float:
    """ψ(λ) = -log(1 - λ) - λ."""
    return -math.log1p(-bet) - bet


class Sequential(Check[T], Generic[T]):
    """A check of the mean of values in [0, width], which a confidence sequence can judge too."""

    law: Callable[[], Range]
    width: float = 1.0
    reach: float = 0.0

    def sequence(self, miss: float, target: float) -> ConfidenceSequence:
        """The sequence before the first trial, to stop at a half-width of `target`."""
        return ConfidenceSequence(self.width, miss, target)

    def judge_sequence(self, sequence: ConfidenceSequence, trials: int) -> Judgement:
        """Judge a sequence that was stopped, for whatever reason, after `trials` trials.

        The law is contradicted when no mean that it allows lies in the interval: the distance of
        the interval's middle from the law's range is then above half the interval's width, the
        threshold. The detectable discrepancy is what this and a second interval, missing with
        probability MISS, leave room for. The statistic is `sequence.name`.
        """
        if sequence.seen.trials == 0:
            return UNTRIED
        lower, upper = (min(max(bound, 0.0), self.width) for bound in self.law())
        low, high = sequence.interval
        middle = (low + high) / 2
        distance = outside(middle, lower, upper)
        above = lower <= 0 or middle > (lower + upper) / 2
        seen = sequence.radius(sequence.miss) + sequence.radius(MISS)
        outcome = Judgement(
            observed=middle,
            expected=upper if above else lower,
            interval=(low, high),
            distance=distance,
            threshold=sequence.half_width,
            detectable=seen if seen <= self.width else None,
            p_value=sequence.p_value(lower, upper),
            verdict=verdict(
                max(low, lower) > min(high, upper), sequence.seen.mean >= self.reach * upper
            ),
        )
        return unless_idle(outcome, sequence.seen, trials)
