"""The mean of values without bounds, of which only a bound on the variance is known.

A plain mean of such values may stray far because of a single one. Catoni (2012) damps each value's
influence: with ψ(x) = sign(x) log(1 + |x| + x²/2) and a scale a fixed beforehand,
T = Σ ψ(a(X_i − c)) is a sum over the trials, hence mergeable, and for independent X_i of mean c + δ
and variance at most v both

    P(T/n ≥ log(1 + aδ + a²(v + δ²)/2) + L/n) ≤ e^(−L) and
    P(T/n ≤ −log(1 − aδ + a²(v + δ²)/2) − L/n) ≤ e^(−L)

for every n, a > 0 and L, because −log(1 − x + x²/2) ≤ ψ(x) ≤ log(1 + x + x²/2) bounds E[e^(±T)].
The better a suits n and the variance, the nearer the thresholds are to those of normal numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from simulate.arrays import namespace
from simulate.statistics.judgement import MISS, Check, Judgement, Range, outside, verdict
from simulate.tallies import Moments

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

EXPONENT = 19.0
"""L for which the scale is best: a false alarm of e^(−19), about 1e-8. It is valid for any."""


@dataclass(frozen=True)
class UnboundedMean(Check[Moments]):
    """The mean of values without bounds against their expectation, or bounds on it.

    law: lower and upper bound on the expectation, not both infinite
    variance: a bound on the variance of one value, which is part of what is tested
    planned: number of trials for which thresholds are lowest; they are valid for any other

    >>> import numpy as np
    >>> check = UnboundedMean(lambda: (0.0, 0.0), lambda: 2.0)
    >>> values = np.random.default_rng(0).standard_t(4, 100_000)
    >>> check.judge(check.tally(values), 100_000, 1e-6).verdict
    'consistent'
    >>> check.judge(check.tally(values + 0.1), 100_000, 1e-6).verdict
    'contradicted'
    """

    law: Callable[[], Range]
    variance: Callable[[], float]
    planned: int = 1_000_000
    name = "mean (Catoni)"

    @cached_property
    def centre(self) -> float:
        """c: the middle of the bounds, or the one that is finite."""
        bounds = [bound for bound in self.law() if math.isfinite(bound)]
        return sum(bounds) / len(bounds)

    @cached_property
    def scale(self) -> float:
        """a, in the inverse unit of the values."""
        return math.sqrt(2 * self.damping / self.variance())

    @property
    def damping(self) -> float:
        """a²v/2."""
        return EXPONENT / self.planned

    def tally(self, values: Float[np.ndarray, " trials"]) -> Moments:
        """Moments of the damped values c + ψ(a(X − c))/a."""
        xp = namespace(values)
        scaled = self.scale * (values - self.centre)
        size = xp.abs(scaled)
        damped = xp.copysign(xp.log1p(size * (1 + size / 2)), scaled)
        return Moments.of(self.centre + damped / self.scale)

    def compare(self, tally: Moments, false_alarm: float) -> Judgement:
        n = tally.trials
        spent, missed = math.log(2 / false_alarm) / n, math.log(1 / MISS) / n
        at = self.scale * (tally.mean - self.centre)
        lower, upper = (self.scale * (bound - self.centre) for bound in self.law())
        low, high = -self._exponent(-lower), self._exponent(upper)
        above = math.isfinite(upper) and (at > 0 or not math.isfinite(lower))
        seen = [
            self._least_excluded(high + spent + missed) - upper if math.isfinite(upper) else 0.0,
            self._least_excluded(spent + missed - low) + lower if math.isfinite(lower) else 0.0,
        ]
        below, beyond = self._least_excluded(spent - at), self._least_excluded(spent + at)
        return Judgement(
            observed=tally.mean,
            expected=self._value(upper if above else lower),
            interval=(self._value(-below), self._value(beyond))
            if math.isfinite(below + beyond)
            else None,
            distance=outside(at, lower, upper) / self.scale,
            threshold=(high - upper if above else lower - low) / self.scale + spent / self.scale,
            detectable=max(seen) / self.scale if math.isfinite(max(seen)) else None,
            p_value=min(1.0, 2 * math.exp(-n * outside(at, low, high))),
            verdict=verdict(outside(at, low, high) > spent, tested=True),
        )

    def _value(self, scaled: float) -> float:
        return self.centre + scaled / self.scale

    def _exponent(self, x: float) -> float:
        """log(1 + x + x²/2 + a²v/2) at x = aδ, infinite where x is."""
        return math.log1p(x + x * x / 2 + self.damping) if x < math.inf else math.inf

    def _least_excluded(self, level: float) -> float:
        """The x from which on −log(1 − x + x²/2 + a²v/2) is at least the level; infinite if never.

        A larger mean makes T larger, as ψ rises, so whatever excludes this x excludes all beyond.
        """
        rest = 2 * math.exp(-level) - 1 - 2 * self.damping
        return 1 - math.sqrt(rest) if rest > 0 else math.inf
