"""Records of studies and benchmarks in results/reference, as the report shows them.

They were made elsewhere or earlier, like the reference runs: that the code has moved on since is
shown, not an error; a record of another schema is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.record import (
    BenchmarkRecord,
    PackageRecord,
    Provenance,
    Record,
    RecordError,
    ScalingRecord,
    StudyAnswers,
    StudyRecord,
    read,
    stage_of,
    stale,
)


@dataclass(frozen=True)
class Made:
    """A record of an entry and a seed; moved_on: whether the code has changed since."""

    record: StudyRecord
    moved_on: bool

    @property
    def provenance(self) -> Provenance:
        return self.record.provenance

    @property
    def seed(self) -> int:
        return self.record.provenance.seed or 0

    @property
    def last(self) -> StudyAnswers:
        """What the finished model answered.

        Raises: RecordError if the entry was asked nothing.
        """
        if not self.record.answers:
            raise RecordError(f"{self.record.study}/{self.record.entry}: no answers in the record")
        return self.record.answers[-1]

    @property
    def first(self) -> StudyAnswers | None:
        """What the model answered before finetuning, None if it was not asked then."""
        answers = self.record.answers
        return answers[0] if len(answers) > 1 else None

    @property
    def tokens_per_second(self) -> float:
        """Of the pretraining."""
        pretraining = self.record.runs[0]
        return pretraining.tokens / pretraining.seconds


@dataclass(frozen=True)
class Entry:
    """The records of one entry, in the order of their seeds."""

    name: str
    runs: tuple[Made, ...]

    @property
    def sentence(self) -> str:
        return self.runs[0].record.sentence

    @property
    def mean(self) -> float:
        """Mean accuracy of the finished models."""
        return sum(run.last.result.accuracy for run in self.runs) / len(self.runs)


@dataclass(frozen=True)
class Timed:
    """A benchmark's record."""

    record: BenchmarkRecord
    moved_on: bool

    @property
    def provenance(self) -> Provenance:
        return self.record.provenance


@dataclass(frozen=True)
class Scaled:
    """A record of cost against length."""

    record: ScalingRecord
    moved_on: bool

    @property
    def provenance(self) -> Provenance:
        return self.record.provenance


@dataclass(frozen=True)
class Beside:
    """A record of our layers beside those of public packages."""

    record: PackageRecord
    moved_on: bool

    @property
    def provenance(self) -> Provenance:
        return self.record.provenance


@dataclass(frozen=True)
class Studies:
    """The entries of each study by its name, and the benchmarks."""

    entries: dict[str, tuple[Entry, ...]]
    benchmarks: tuple[Timed, ...]
    scalings: tuple[Scaled, ...]
    packages: tuple[Beside, ...]

    def __getitem__(self, study: str) -> tuple[Entry, ...]:
        """The entries of a study, none if it was not made."""
        return self.entries.get(study, ())


def collect(folder: Path, root: Path) -> Studies:
    """All records of studies and benchmarks in `folder`, results/reference.

    Raises: RecordError for another schema, or seeds of one entry that differ in more than that.
    """
    by_entry: dict[str, dict[str, list[Made]]] = {}
    benchmarks, scalings, packages = [], [], []
    for path in sorted(folder.glob("*/*.json"), key=lambda p: (p.parent.name, len(p.name), p.name)):
        stage = stage_of(path)
        if stage == StudyRecord.stage:
            record = read(path, StudyRecord)
            made = by_entry.setdefault(record.study, {}).setdefault(record.entry, [])
            if made and _kind(made[0].record) != _kind(record):
                raise RecordError(f"{path}: its recipe or its questions are not those of seed "
                                  f"{made[0].seed}; remove the older record")  # fmt: skip
            made.append(Made(record, _moved_on(record, root)))
        elif stage == BenchmarkRecord.stage:
            timed = read(path, BenchmarkRecord)
            benchmarks.append(Timed(timed, _moved_on(timed, root)))
        elif stage == ScalingRecord.stage:
            scaled = read(path, ScalingRecord)
            scalings.append(Scaled(scaled, _moved_on(scaled, root)))
        elif stage == PackageRecord.stage:
            beside = read(path, PackageRecord)
            packages.append(Beside(beside, _moved_on(beside, root)))
    return Studies(
        {
            study: tuple(Entry(name, _by_seed(runs)) for name, runs in entries.items())
            for study, entries in by_entry.items()
        },
        tuple(benchmarks),
        tuple(scalings),
        tuple(packages),
    )


def _kind(record: StudyRecord) -> tuple[str, str, str, str | None]:
    return record.recipe_hash, record.variant, record.corpus, record.asked


def _moved_on(record: Record, root: Path) -> bool:
    """Whether the code has changed; the files of the practical need not be here."""
    provenance = dataclasses.replace(record.provenance, inputs={})
    return bool(stale(dataclasses.replace(record, provenance=provenance), root))


def _by_seed(runs: Sequence[Made]) -> tuple[Made, ...]:
    return tuple(sorted(runs, key=lambda run: run.seed))
