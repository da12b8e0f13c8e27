"""How the cost of attention grows with the length: exponents, crossings and floors of a record."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.record import Scaling, ScalingRow
from reports.studies import Scaled

LINEAR = 1.1
"""A fitted exponent of at most this much is called linear."""

Turns = Mapping[int, tuple[float, ...]]
"""Seconds by length, one value a turn."""


@dataclass(frozen=True)
class Power:
    """exponent a of y ∝ L^a from length `first` to `last`, with its standard error."""

    exponent: float
    error: float
    first: int
    last: int

    @property
    def linear(self) -> bool:
        return self.exponent <= LINEAR


def power(points: Mapping[int, float]) -> Power | None:
    """Least squares on logarithms over the upper half of the lengths; None for fewer than three."""
    lengths = sorted(points)[len(points) // 2 :]
    if len(lengths) < 3:
        return None
    x, y = [math.log(n) for n in lengths], [math.log(points[n]) for n in lengths]
    slope, intercept = statistics.linear_regression(x, y)
    squares = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    spread = sum((a - statistics.fmean(x)) ** 2 for a in x)
    error = math.sqrt(squares / (len(x) - 2) / spread)
    return Power(slope, error, lengths[0], lengths[-1])


@dataclass(frozen=True)
class Crossing:
    """From which length on a way is faster than the opponent, up to `longest`, the last compared.

    length: None if it is not faster at `longest`; least, most: the same of single turns, most None
    if in some turn it is not; all are at least `shortest`, the first length compared
    """

    length: float | None
    least: float | None
    most: float | None
    shortest: int
    longest: int

    @property
    def always(self) -> bool:
        """Whether it is faster at all lengths, so that the crossing may lie before them."""
        return self.length == self.shortest


def crossing(way: Turns, opponent: Turns) -> Crossing | None:
    """At the lengths where both were measured; None if there are none."""
    lengths = sorted(set(way) & set(opponent))
    if not lengths:
        return None
    median = [statistics.median(way[n]) / statistics.median(opponent[n]) for n in lengths]
    turns = zip(
        *([a / b for a, b in zip(way[n], opponent[n], strict=True)] for n in lengths), strict=True
    )
    found = [_crossed(lengths, ratios) for ratios in turns]
    reached = [length for length in found if length is not None]
    least, most = min(reached, default=None), max(reached, default=None)
    return Crossing(
        _crossed(lengths, median),
        least,
        most if len(reached) == len(found) else None,
        lengths[0],
        lengths[-1],
    )


def _crossed(lengths: Sequence[int], ratios: Sequence[float]) -> float | None:
    """Where the ratio falls below 1 for good, its logarithm taken as straight in that of L."""
    slower = [i for i, ratio in enumerate(ratios) if ratio >= 1]
    if not slower:
        return float(lengths[0])
    last = slower[-1]
    if last == len(lengths) - 1:
        return None
    before, after = math.log(ratios[last]), math.log(ratios[last + 1])
    share = before / (before - after)
    return float(lengths[last] * (lengths[last + 1] / lengths[last]) ** share)


# ------------------------------------------------------------------------------- by record


@dataclass(frozen=True)
class Growth:
    """How one way's cost of one work grows.

    at, seconds, peak: at the longest length measured; floor: the seconds in which the machine's
    fastest matrix products would do the multiply-adds there; crossing: None for the opponent
    """

    way: str
    work: str
    time: Power | None
    memory: Power | None
    crossing: Crossing | None
    at: int
    seconds: float
    floor: float
    peak: int


def growths(scaling: Scaling) -> list[Growth]:
    """Way by way as recorded, the opponent first; those measured at no length are left out."""
    opponent = scaling.rows[0].way
    tasks = dict.fromkeys((row.way, row.work) for row in scaling.rows)
    found = []
    for way, work in tasks:
        measured = _measured(scaling, way, work)
        if not measured:
            continue
        against = None
        if way != opponent:
            against = crossing(_turns(measured), _turns(_measured(scaling, opponent, work)))
        last = measured[-1]
        found.append(
            Growth(
                way,
                work,
                power({row.length: statistics.median(row.seconds) for row in measured}),
                power({row.length: row.peak for row in measured if row.peak is not None}),
                against,
                last.length,
                statistics.median(last.seconds),
                last.multiply_adds / scaling.matrix_rate,
                last.peak or 0,
            )
        )
    return found


def _measured(scaling: Scaling, way: str, work: str) -> list[ScalingRow]:
    """The shortest first."""
    rows = [r for r in scaling.rows if (r.way, r.work) == (way, work) and r.skipped is None]
    return sorted(rows, key=lambda row: row.length)


def _turns(rows: Sequence[ScalingRow]) -> Turns:
    return {row.length: row.seconds for row in rows}


@dataclass(frozen=True)
class Cell:
    """One way at one length: median milliseconds, forward and both, and the MiB of both."""

    forward: float | None
    both: float | None
    memory: float | None


@dataclass(frozen=True)
class Grown:
    """One precision of a record as the report shows it.

    cells: by length, then by way; reasons: why rows are missing, each once
    """

    scaled: Scaled
    scaling: Scaling
    growths: list[Growth]
    ways: list[str]
    cells: dict[int, list[Cell]]
    reasons: list[str]

    @property
    def key(self) -> str:
        return f"{self.scaled.provenance.device}-{self.scaling.precision}"


def weigh(scalings: Sequence[Scaled]) -> list[Grown]:
    """Every precision of every record."""
    return [_grown(scaled, scaling) for scaled in scalings for scaling in scaled.record.precisions]


def _grown(scaled: Scaled, scaling: Scaling) -> Grown:
    rows = {(row.way, row.work, row.length): row for row in scaling.rows}
    ways = list(dict.fromkeys(row.way for row in scaling.rows))
    lengths = sorted({row.length for row in scaling.rows})
    cells = {n: [_cell(rows[way, "forward", n], rows[way, "both", n]) for way in ways]
             for n in lengths}  # fmt: skip
    reasons = dict.fromkeys(
        f"{row.way}, {row.work}: {row.skipped}" for row in scaling.rows if row.skipped
    )
    return Grown(scaled, scaling, growths(scaling), ways, cells, list(reasons))


def _cell(forward: ScalingRow, both: ScalingRow) -> Cell:
    return Cell(
        _milliseconds(forward.seconds),
        _milliseconds(both.seconds),
        None if both.peak is None else both.peak / 2**20,
    )


def _milliseconds(seconds: Sequence[float]) -> float | None:
    return 1000 * statistics.median(seconds) if seconds else None
