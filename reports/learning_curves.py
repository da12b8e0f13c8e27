"""Whether two programs learn alike: their losses, epoch by epoch, against the spread of seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FALSE_ALARM = 0.01


@dataclass(frozen=True)
class Compared:
    """Differences of mean losses, second minus first, an epoch each, in nats.

    allowed: the largest difference that each epoch may show; false_alarm: probability that any
    epoch of two equal programs shows more; first, second: seeds of each
    """

    first: int
    second: int
    differences: tuple[float, ...]
    allowed: tuple[float, ...]
    false_alarm: float

    @property
    def verdict(self) -> Literal["consistent", "contradicted"]:
        pairs = zip(self.differences, self.allowed, strict=True)
        return "consistent" if all(abs(d) <= a for d, a in pairs) else "contradicted"

    @property
    def outside(self) -> int:
        """Epochs whose difference is larger than allowed."""
        pairs = zip(self.differences, self.allowed, strict=True)
        return sum(abs(d) > a for d, a in pairs)

    @property
    def largest(self) -> float:
        """The largest difference of any epoch, in nats."""
        return max(abs(d) for d in self.differences)


def compare(
    first: Sequence[Sequence[float]],
    second: Sequence[Sequence[float]],
    false_alarm: float = FALSE_ALARM,
) -> Compared | None:
    """Student's t test of two sets of curves at every epoch, one curve a seed.

    If both programs draw their losses from one normal law, an epoch's difference of means over its
    standard error, with the variance pooled over both sets, has Student's distribution with
    n + m − 2 degrees of freedom; the probability of a false alarm is shared evenly by the epochs
    (Bonferroni). None if there are fewer than two curves in either set.

    Raises: ValueError if the curves have different numbers of epochs.
    """
    if min(len(first), len(second)) < 2:
        return None
    if len({len(curve) for curve in (*first, *second)}) != 1:
        raise ValueError("the curves have different numbers of epochs")
    from scipy.stats import t  # takes seconds to load

    n, m, epochs = len(first), len(second), len(first[0])
    limit = float(t.isf(false_alarm / epochs / 2, n + m - 2))
    differences, allowed = [], []
    for a, b in zip(zip(*first, strict=True), zip(*second, strict=True), strict=True):
        squares = statistics.variance(a) * (n - 1) + statistics.variance(b) * (m - 1)
        error = math.sqrt(squares / (n + m - 2) * (1 / n + 1 / m))
        differences.append(statistics.fmean(b) - statistics.fmean(a))
        allowed.append(limit * error)
    return Compared(n, m, tuple(differences), tuple(allowed), false_alarm)
