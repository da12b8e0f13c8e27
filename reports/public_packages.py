"""Our layers beside those of public packages: ratios of times with intervals, by length."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from reports.record import PackageRow
from reports.studies import Beside

COVERAGE = 0.95
"""An interval covers the median with at least this probability, where there are turns enough."""


@dataclass(frozen=True)
class Ratio:
    """The median of paired ratios, and an interval for the median of their law.

    The interval is from the r-th smallest to the r-th largest of n ratios, whatever their law: the
    median lies outside if fewer than r of them fall on one side of it, so inside with probability
    1 − 2·P(Binomial(n, 1/2) < r) for independent turns. (David and Nagaraja 2003, Order
    Statistics, section 7.1.)
    """

    median: float
    least: float
    most: float
    coverage: float


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Of ours to theirs, turn by turn; r is the largest of which the interval covers enough, or 1.

    Raises: ValueError if there are no turns, or not as many on both sides.
    """
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    if not ratios:
        raise ValueError("no turns, so no ratio")
    n, r = len(ratios), 1
    while _coverage(n, r + 1) >= COVERAGE:
        r += 1
    return Ratio(statistics.median(ratios), ratios[r - 1], ratios[-r], _coverage(n, r))


def _coverage(n: int, r: int) -> float:
    """Of the median by the r-th smallest and the r-th largest of n."""
    return 1 - sum(math.comb(n, i) for i in range(r)) / 2.0 ** (n - 1)


@dataclass(frozen=True)
class AtLength:
    """time: ratio of ours to theirs; memory: the same of the peaks"""

    length: int
    time: Ratio
    memory: float


@dataclass(frozen=True)
class Compared:
    """One pair, work and precision at all lengths measured; reasons: why others are missing."""

    layer: str
    work: str
    precision: str
    ratios: list[AtLength]
    reasons: list[str]

    @property
    def slower_at(self) -> list[int]:
        """The lengths at which the whole interval of the ratio is above 1."""
        return [found.length for found in self.ratios if found.time.least > 1]

    @property
    def faster_at(self) -> list[int]:
        """The lengths at which the whole interval is below 1."""
        return [found.length for found in self.ratios if found.time.most < 1]

    def at(self, length: int) -> AtLength | None:
        return next((found for found in self.ratios if found.length == length), None)


@dataclass(frozen=True)
class Shown:
    """A record as the report shows it: by precision its pairs, lengths and least coverage."""

    beside: Beside
    compared: dict[str, list[Compared]]
    lengths: list[int]

    @property
    def coverage(self) -> float:
        """The least of all intervals."""
        every = (c for compared in self.compared.values() for c in compared)
        return min((found.time.coverage for c in every for found in c.ratios), default=0.0)


def weigh(records: Sequence[Beside]) -> list[Shown]:
    """Every record."""
    return [_shown(beside) for beside in records]


def weigh_rows(rows: Sequence[PackageRow]) -> list[Compared]:
    """Pair by pair and work by work in each precision, as recorded."""
    kinds = dict.fromkeys((row.layer, row.work, row.precision) for row in rows)
    return [
        _compared([row for row in rows if (row.layer, row.work, row.precision) == kind])
        for kind in kinds
    ]


def _shown(beside: Beside) -> Shown:
    rows = beside.record.rows
    precisions: dict[str, None] = dict.fromkeys(row.precision for row in rows)
    compared = {p: weigh_rows([row for row in rows if row.precision == p]) for p in precisions}
    return Shown(beside, compared, sorted({row.length for row in rows}))


def _compared(rows: Sequence[PackageRow]) -> Compared:
    first = rows[0]
    ratios = [
        AtLength(
            row.length,
            ratio(row.ours.seconds, row.theirs.seconds),
            row.ours.peak / row.theirs.peak,
        )
        for row in sorted(rows, key=lambda row: row.length)
        if row.ours is not None and row.theirs is not None
    ]
    reasons = dict.fromkeys(row.skipped for row in rows if row.skipped is not None)
    return Compared(first.layer, first.work, first.precision, ratios, list(reasons))
