"""What a record of a benchmark holds: rates of ways, cost against length, ours beside others."""

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


@dataclass(frozen=True)
class Side:
    """One of two layers timed in turns: seconds of one call, one value a turn, and its peak.

    peak: bytes held at most at a time, beyond those held before the call

    Raises: ValueError if there are no seconds, or any number is not above 0.
    """

    seconds: tuple[float, ...]
    peak: int

    def __post_init__(self) -> None:
        if not (self.seconds and min(self.seconds) > 0 and self.peak > 0):
            raise ValueError("expected seconds and a peak, all above 0")


@dataclass(frozen=True)
class PackageRow:
    """Our layer and a public package's of the same formula, on the same inputs, at one length.

    skipped: why they were not measured, and both sides are missing

    Raises: ValueError for a row that is neither measured in as many turns on both sides nor
    skipped, or both.
    """

    layer: str
    precision: Literal["fp32", "bf16"]
    work: Literal["forward", "both"]
    length: int
    ours: Side | None
    theirs: Side | None
    skipped: str | None

    def __post_init__(self) -> None:
        what = f"{self.layer}, {self.precision}, {self.work}, length {self.length}"
        turns = {0 if side is None else len(side.seconds) for side in (self.ours, self.theirs)}
        if len(turns) != 1:
            raise ValueError(f"{what}: both sides need the same number of turns")
        if (turns == {0}) != (self.skipped is not None):
            raise ValueError(f"{what}: expected to be either measured or said to be skipped")


@dataclass(frozen=True)
class PackageRecord(Staged):
    """Our layers beside those of public packages, each pair in turns in one process.

    heads, size: how many and of how many numbers; packages: their versions, by name;
    options: of our layer, by the pair's name; threads: that the libraries may use

    Raises: ValueError if a pair lacks a row of one precision, work and length, or has two.
    """

    stage: ClassVar[str] = "packages"
    provenance: Provenance
    threads: int
    batch: int
    heads: int
    size: int
    packages: dict[str, str]
    options: dict[str, dict[str, Any]]
    rows: tuple[PackageRow, ...]

    def __post_init__(self) -> None:
        found = [(row.layer, row.precision, row.work, row.length) for row in self.rows]
        layers, precisions, lengths = ({row[i] for row in found} for i in (0, 1, 3))
        complete = 2 * len(layers) * len(precisions) * len(lengths)
        if len(set(found)) < len(found) or len(found) != complete:
            raise ValueError("rows: expected each layer, precision and work once at each length")
