"""What a record of a benchmark holds: rates of ways side by side, or cost against length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from reports.provenance import Provenance, Staged


@dataclass(frozen=True)
class Way:
    """One way of doing a benchmark's work: units a second, one value a turn."""

    name: str
    rates: tuple[float, ...]


@dataclass(frozen=True)
class BenchmarkRecord(Staged):
    """Ways of doing one thing, timed in turns; the first is what the others are compared with.

    unit: of the work, in the plural; threads: that the libraries may use
    """

    stage: ClassVar[str] = "benchmark"
    provenance: Provenance
    benchmark: str
    unit: str
    threads: int
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class ScalingRow:
    """What one way of attention costs at one length: forward alone, or forward and backward.

    multiply_adds: that the work needs, however it is done; seconds: of one call, one value a turn,
    the rows of one length by turns; peak: bytes held at most at a time, beyond those held before
    the call; skipped: why it was not measured, and seconds and peak are missing

    Raises: ValueError for a row that is neither measured nor skipped, or both.
    """

    way: str
    work: Literal["forward", "both"]
    length: int
    multiply_adds: int
    seconds: tuple[float, ...]
    peak: int | None
    skipped: str | None

    def __post_init__(self) -> None:
        what = f"{self.way}, {self.work}, length {self.length}"
        if self.length < 1 or self.multiply_adds < 1:
            raise ValueError(f"{what}: length and multiply_adds must be at least 1")
        if self.skipped is not None and (self.seconds or self.peak is not None):
            raise ValueError(f"{what}: measured, but said to be skipped")
        if self.skipped is None and not (self.seconds and self.peak is not None):
            raise ValueError(f"{what}: neither measured nor said to be skipped")
        if min(self.seconds, default=1.0) <= 0 or (self.peak is not None and self.peak < 1):
            raise ValueError(f"{what}: seconds and peak must be above 0")


@dataclass(frozen=True)
class Scaling:
    """The rows of one precision; matrix_rate: multiply-adds a second of the fastest product.

    Raises: ValueError if a way lacks a row of one work at one of the lengths, or has two.
    """

    precision: Literal["fp32", "bf16"]
    matrix_rate: float
    rows: tuple[ScalingRow, ...]

    def __post_init__(self) -> None:
        if not self.matrix_rate > 0:
            raise ValueError(f"matrix_rate is {self.matrix_rate}, expected above 0")
        found = [(row.way, row.work, row.length) for row in self.rows]
        ways, lengths = ({row[i] for row in found} for i in (0, 2))
        if len(set(found)) < len(found) or len(found) != 2 * len(ways) * len(lengths):
            raise ValueError("rows: expected each way and work once at each length")


@dataclass(frozen=True)
class ScalingRecord(Staged):
    """Ways of attention against the length, the opponent first, each precision in one run.

    heads, size: how many and of how many numbers; options: of each variant, by name;
    crossings: by way, the length from which on it needs no more multiply-adds than the opponent,
    None where it needs more at the longest; threads: that the libraries may use
    """

    stage: ClassVar[str] = "scaling"
    provenance: Provenance
    threads: int
    batch: int
    heads: int
    size: int
    causal: bool
    options: dict[str, dict[str, Any]]
    crossings: dict[str, int | None]
    precisions: tuple[Scaling, ...]
