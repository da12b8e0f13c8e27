"""What the report says of the studies: rows of tables, compared where they may be."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reports.comparison import Paired, mcnemar
from reports.formats import counted, duration, short
from reports.learning_curves import Compared, compare
from reports.studies import Entry, Made, Studies, Timed

BASE = "base"
CLEAR = 0.05


@dataclass(frozen=True)
class EntryRow:
    """One entry and seed beside the base of the same seed, on the same questions.

    paired: None for the base itself and where there is no such base; adjusted: its p over all
    comparisons of the table (Holm 1979); clear: whether that settles it
    """

    entry: Entry
    made: Made
    paired: Paired | None
    adjusted: float | None

    @property
    def clear(self) -> bool:
        return self.adjusted is not None and self.adjusted < CLEAR


def compared(entries: Sequence[Entry], base: str) -> list[EntryRow]:
    """The base first, then the entries by their mean accuracy, the best first."""
    bases = {made.seed: made for entry in entries if entry.name == base for made in entry.runs}
    ordered = sorted(entries, key=lambda entry: (entry.name != base, -entry.mean, entry.name))
    rows = [
        EntryRow(entry, made, _paired(made, bases.get(made.seed)), None)
        for entry in ordered
        for made in entry.runs
    ]
    adjusted = iter(holm([row.paired.p for row in rows if row.paired is not None]))
    return [row if row.paired is None else replace(row, adjusted=next(adjusted)) for row in rows]


def _paired(made: Made, base: Made | None) -> Paired | None:
    if base is None or base is made or len(base.last.right) != len(made.last.right):
        return None
    first, second = ([digit == "1" for digit in m.last.right] for m in (made, base))
    return mcnemar(first, second)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values: all below a level err together with at most its probability."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def by_minutes(entries: Sequence[Entry]) -> list[Made]:
    """All runs of a study, the shortest first."""
    return sorted((m for entry in entries for m in entry.runs), key=lambda m: m.record.seconds)


def stages(made: Made) -> str:
    """What an entry's time went into: pretraining 3 min 5 s, asking 2.0 s."""
    record = made.record
    names = {"pretrain": "pretraining", "finetune": "finetuning", "scratch": "finetuning"}
    parts = [(names[run.run], run.seconds) for run in record.runs]
    parts.append(("asking", sum(found.seconds for found in record.answers)))
    return ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts)


# -------------------------------------------------------------------------------- capacity


@dataclass(frozen=True)
class CapacityRow:
    """A model and its corpus. bits_a_person: with the standard error of its mean."""

    made: Made
    people: int
    width: int
    bits_a_person: float
    error: float
    bits_a_parameter: float
    control: float


def capacity(entries: Sequence[Entry]) -> list[CapacityRow]:
    """The models by people, then width, then seed."""
    rows = [
        CapacityRow(
            made,
            int(made.record.measures["people"]),
            int(made.record.hyperparameters["width"]),
            made.record.measures["bits_a_person"],
            made.record.measures["bits_a_person_error"],
            made.record.measures["bits_a_parameter"],
            made.record.measures["control"],
        )
        for entry in entries
        for made in entry.runs
    ]
    return sorted(rows, key=lambda row: (row.people, row.width, row.made.seed))


@dataclass(frozen=True)
class Growth:
    """exponent a of seconds ∝ tokens^a, of the models of one width on one device."""

    width: int
    device: str
    models: int
    exponent: float


def growth(rows: Sequence[CapacityRow]) -> list[Growth]:
    """The growth of the cost for each width and device with at least three sizes of corpus."""
    groups: dict[tuple[int, str, int], list[CapacityRow]] = {}
    for row in rows:
        record = row.made.record
        key = (row.width, record.provenance.device_name, record.threads)
        groups.setdefault(key, []).append(row)
    found = []
    for (width, device, _), group in sorted(groups.items()):
        if len({row.people for row in group}) >= 3:
            runs = [row.made.record.runs[0] for row in group]
            tokens, seconds = ([math.log(v) for v in column] for column in zip(
                *((run.tokens, run.seconds) for run in runs), strict=True))  # fmt: skip
            slope = statistics.linear_regression(tokens, seconds).slope
            found.append(Growth(width, device, len(group), slope))
    return found


# ------------------------------------------------------------------- curves and benchmarks


def losses(entries: Sequence[Entry], name: str) -> list[tuple[float, ...]]:
    """The losses of one entry's pretrainings, one curve a seed."""
    return [m.record.runs[0].losses for e in entries if e.name == name for m in e.runs]


def learned_alike(entries: Sequence[Entry]) -> Compared | None:
    """Recipe `practical` against the plain reference, None without two seeds of each."""
    plain, ours = losses(entries, "plain"), losses(entries, "practical")
    if len({len(curve) for curve in (*plain, *ours)}) > 1:
        return None
    return compare(plain, ours)


@dataclass(frozen=True)
class WayRow:
    """A way of a benchmark: its median rate, and the ratios of rates of one turn.

    ratio, least, most: to the first way, over the turns; gain: median ratio to the way before
    """

    name: str
    rate: float
    ratio: float | None
    least: float | None
    most: float | None
    gain: float | None


def ways(timed: Timed) -> list[WayRow]:
    """The ways of a benchmark in its order."""
    rows = []
    for before, way in zip((None, *timed.record.ways), timed.record.ways, strict=False):
        rate = statistics.median(way.rates)
        if before is None:
            rows.append(WayRow(way.name, rate, None, None, None, None))
            continue
        first, last = (_ratios(way.rates, other.rates) for other in (timed.record.ways[0], before))
        rows.append(
            WayRow(way.name, rate, statistics.median(first), min(first), max(first),
                   statistics.median(last))
        )  # fmt: skip
    return rows


def _ratios(rates: Sequence[float], of: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(rates, of, strict=True)]


# ------------------------------------------------------------------------------- the whole


@dataclass(frozen=True)
class StudyEvidence:
    """Everything that the sections on studies and speed show."""

    ablations: list[EntryRow]
    minutes: list[Made]
    capacity: list[CapacityRow]
    growth: list[Growth]
    alike: Compared | None
    curves: list[Made]
    benchmarks: list[tuple[Timed, list[WayRow]]]


def weigh(studies: Studies) -> StudyEvidence:
    rows = capacity(studies["capacity"])
    return StudyEvidence(
        ablations=compared(studies["ablations"], BASE),
        minutes=by_minutes(studies["minutes"]),
        capacity=rows,
        growth=growth(rows),
        alike=learned_alike(studies["curves"]),
        curves=[made for entry in studies["curves"] for made in entry.runs],
        benchmarks=[(timed, ways(timed)) for timed in studies.benchmarks],
    )


def origin(made: Iterable[Any]) -> str:
    """Devices, threads and commits of records; a star where the code has moved on since."""
    records = list(made)
    plural = ", 1 cores", ", 1 core"  # the first stands in the earliest records
    machines = [m.provenance.device_name.replace(*plural) for m in records]
    threads = [counted(m.record.threads, "thread") for m in records]
    devices = _distinct(map("{}, {}".format, machines, threads))
    commits = _distinct(short(m.provenance.commit) + "*" * m.moved_on for m in records)
    return f"{devices}; commit {commits}"


def _distinct(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))


def consecutive(rows: Sequence[EntryRow]) -> list[tuple[Entry, list[EntryRow]]]:
    """The rows of each entry together."""
    return [
        (part[0].entry, part)
        for _, group in itertools.groupby(rows, key=lambda row: row.entry.name)
        if (part := list(group))
    ]
