"""What the report reads: every record of a profile, or one clear line why one cannot be used."""

from __future__ import annotations

import csv
import json
import math
import reprlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from reports.provenance import sha256_or_none
from reports.record import (
    ROOT,
    BaselineRecord,
    CorpusRecord,
    Count,
    EvaluationRecord,
    Provenance,
    RecordError,
    SimulateRecord,
    SpectrumRecord,
    TheoryRecord,
    TrainingRecord,
    read,
    stage_of,
    stale,
)
from reports.studies import Studies, collect

R = TypeVar(
    "R",
    TheoryRecord,
    SimulateRecord,
    CorpusRecord,
    TrainingRecord,
    EvaluationRecord,
    BaselineRecord,
    SpectrumRecord,
)
TARGETS = {
    "corpus.json": "data", "theory.json": "theory", "simulate.json": "simulate",
    "baseline.json": "baseline", "pretrain.json": "pretrain", "finetune.json": "finetune",
    "scratch.json": "finetune", "evaluate.json": "evaluate",
    "spectrum.json": "spectrum",
}  # fmt: skip
WITH_MATRIX = ("vanilla", "rope")
"""Variants whose attention is a matrix, and so has a spectrum."""


def command(path: Path) -> str:
    """The make command that writes the record at `path`, `PROFILE/[VARIANT.]NAME.json`."""
    settings = {"PROFILE": (path.parent.name, "quick")}
    if path.name not in TARGETS:
        settings["VARIANT"] = (path.name.partition(".")[0], "vanilla")
    changed = [f"{name}={value}" for name, (value, default) in settings.items() if value != default]
    targets = (make for ending, make in TARGETS.items() if path.name.endswith(ending))
    return " ".join(["make", *changed, next(targets, "report")])


@dataclass(frozen=True)
class Prediction:
    """One answer of a model; probability: what the model gave its whole answer, in [0, 1].

    number: of the question, from 1; question and gold are None where the record may not repeat
    them.
    """

    number: int
    answer: str
    correct: bool
    probability: float
    question: str | None
    gold: str | None


@dataclass(frozen=True)
class Shown:
    """A record as the report shows it: its name on the shelf, and the tables beside it."""

    name: str
    record: Any
    path: str

    @property
    def provenance(self) -> Provenance:
        found: Provenance = self.record.provenance
        return found


@dataclass(frozen=True)
class Evaluated(Shown):
    """An evaluation with its predictions."""

    record: EvaluationRecord
    predictions: tuple[Prediction, ...]
    control_predictions: tuple[Prediction, ...]


@dataclass(frozen=True)
class Trained(Shown):
    """A training run with its learning curve: rows of step, loss, learning_rate, ..."""

    record: TrainingRecord
    curve: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Simulated(Shown):
    """The experiments with the tables that figures are drawn from, by key."""

    record: SimulateRecord
    tables: dict[str, tuple[dict[str, str], ...]]

    def table(self, key: str) -> tuple[dict[str, str], ...]:
        """The rows of one table.

        Raises: RecordError naming the table that is not there.
        """
        if key not in self.tables:
            raise RecordError(f"{self.path}: no table {key!r}; run `{command(Path(self.path))}`")
        return self.tables[key]


@dataclass(frozen=True)
class Reference:
    """An evaluation of results/reference, made elsewhere or earlier; never mixed with ours.

    moved_on: whether the code has changed since
    """

    recipe: str
    seed: str
    evaluation: Evaluated
    moved_on: bool


@dataclass(frozen=True)
class Shelf:
    """Everything one report is made of. `left_out` names further runs that are stale.

    spectrum: None for a variant whose attention is no matrix
    """

    profile: str
    variant: str
    corpus: Shown
    theory: Shown
    simulate: Simulated
    baseline: Shown
    pretrain: Trained
    finetune: Trained
    scratch: Trained
    pretrained_evaluation: Evaluated
    scratch_evaluation: Evaluated
    spectrum: Shown | None
    further_training: tuple[Trained, ...]
    further_evaluations: tuple[Evaluated, ...]
    references: tuple[Reference, ...]
    studies: Studies
    left_out: tuple[str, ...]

    @property
    def evaluations(self) -> tuple[Evaluated, ...]:
        """All evaluations made here, the two of the practical first."""
        return (self.scratch_evaluation, self.pretrained_evaluation, *self.further_evaluations)

    @property
    def trainings(self) -> tuple[Trained, ...]:
        return (self.pretrain, self.finetune, self.scratch, *self.further_training)

    @property
    def shown(self) -> tuple[Shown, ...]:
        """Every record made here, in the order in which it was made."""
        return (
            self.corpus, self.theory, self.simulate, *self.trainings, *self.evaluations,
            self.baseline, *([self.spectrum] if self.spectrum else []),
        )  # fmt: skip


def gather(results: Path, profile: str, variant: str, root: Path = ROOT) -> Shelf:
    """Read and check all records of `results`/`profile` and the reference runs.

    Args: root: the folder that the paths in a record's provenance are relative to.
    Raises: RecordError (one line, with the make target) for what is missing, stale or malformed.
    """
    reader = _Reader(results / profile, root)
    theory = reader.shown("theory.json", TheoryRecord)
    simulate = reader.simulated()
    corpus = reader.shown("corpus.json", CorpusRecord)
    training = {
        run: reader.trained(f"{variant}.{run}.json") for run in ("pretrain", "finetune", "scratch")
    }
    evaluation = {
        run: reader.evaluated(f"{variant}.{run}.evaluate.json") for run in ("pretrain", "scratch")
    }
    baseline = reader.shown("baseline.json", BaselineRecord)
    spectrum = None
    if variant in WITH_MATRIX:
        spectrum = reader.shown(f"{variant}.spectrum.json", SpectrumRecord)
    further_training, further_evaluations, left_out = reader.further()
    return Shelf(
        profile=profile, variant=variant, corpus=corpus, theory=theory, simulate=simulate,
        baseline=baseline, **training, pretrained_evaluation=evaluation["pretrain"],
        scratch_evaluation=evaluation["scratch"], spectrum=spectrum,
        further_training=further_training, further_evaluations=further_evaluations,
        references=_references(results / "reference", root),
        studies=collect(results / "reference", root), left_out=left_out,
    )  # fmt: skip


class _Reader:
    """Reads one folder of records and remembers which files it has used."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self.used: set[str] = set()

    def record(self, name: str, kind: type[R]) -> R:
        path = self.folder / name
        if not path.is_file():
            raise RecordError(f"{path}: no such record; run `{command(path)}`")
        record = read(path, kind)
        if changed := stale(record, self.root):
            raise RecordError(
                f"{path}: stale, {changed[0]} has changed since; run `{command(path)}`"
            )
        self.used.add(name)
        return record

    def shown(self, name: str, kind: type[R]) -> Shown:
        return Shown(name.removesuffix(".json"), self.record(name, kind), self._path(name))

    def trained(self, name: str) -> Trained:
        record = self.record(name, TrainingRecord)
        path = self.folder / record.curve
        curve = tuple(
            {column: _number(row, column, path) for column in ("step", "loss", "seconds")}
            for row in _rows(path, command(self.folder / name))
        )
        return Trained(name.removesuffix(".json"), record, self._path(name), curve)

    def evaluated(self, name: str) -> Evaluated:
        record = self.record(name, EvaluationRecord)
        make = command(self.folder / name)
        answers = _predictions(self.folder / record.predictions, record.result, make)
        control: tuple[Prediction, ...] = ()
        if record.control is not None and record.control_predictions is not None:
            control = _predictions(self.folder / record.control_predictions, record.control, make)
        return Evaluated(name.removesuffix(".json"), record, self._path(name), answers, control)

    def simulated(self) -> Simulated:
        record = self.record("simulate.json", SimulateRecord)
        make = command(self.folder / "simulate.json")
        for figure in record.figures:
            if sha256_or_none(self.folder / figure.file) != figure.sha256:
                raise RecordError(
                    f"{self.folder / figure.file}: not the table that simulate.json was written "
                    f"with; run `{make}`"
                )
        tables = {f.key: tuple(_rows(self.folder / f.file, make)) for f in record.figures}
        return Simulated("simulate", record, self._path("simulate.json"), tables)

    def further(self) -> tuple[tuple[Trained, ...], tuple[Evaluated, ...], tuple[str, ...]]:
        """Records of other runs that lie in the folder; stale ones are named, not shown."""
        trained, evaluated, left_out = [], [], []
        for path in sorted(self.folder.glob("*.json")):
            if path.name in self.used:
                continue
            stage = stage_of(path)
            if stage not in ("training", "evaluation"):
                continue
            record: TrainingRecord | EvaluationRecord = (
                read(path, TrainingRecord) if stage == "training" else read(path, EvaluationRecord)
            )
            if stale(record, self.root):
                left_out.append(path.name)
            elif stage == "training":
                trained.append(self.trained(path.name))
            else:
                evaluated.append(self.evaluated(path.name))
        return tuple(trained), tuple(evaluated), tuple(left_out)

    def _path(self, name: str) -> str:
        path = (self.folder / name).resolve()
        return (
            str(path.relative_to(ROOT))
            if path.is_relative_to(ROOT)
            else f"{self.folder.name}/{name}"
        )


def _references(folder: Path, root: Path) -> tuple[Reference, ...]:
    """The reference runs, by recipe and seed.

    Raises: RecordError for another schema, or seeds of one recipe with different recipe hashes.
    """
    found = []
    hashes: dict[tuple[str, str], tuple[str, Path]] = {}
    for seed in sorted(folder.glob("*/seed*"), key=lambda p: (p.parent.name, len(p.name), p.name)):
        reader = _Reader(seed, root)
        for path in sorted(seed.glob("*.json")):
            if stage_of(path) == "training":
                training = read(path, TrainingRecord)
                first = hashes.setdefault(
                    (seed.parent.name, path.name), (training.recipe_hash, path)
                )
                if first[0] != training.recipe_hash:
                    raise RecordError(f"{path}: its recipe is not the one of {first[1]}")
        for path in sorted(seed.glob("*.evaluate.json")):
            record = read(path, EvaluationRecord)
            answers = _predictions(seed / record.predictions, record.result, "make reference")
            name = f"{seed.parent.name}/{seed.name}/{path.name}"
            shown = Evaluated(name, record, f"results/reference/{name}", answers, ())
            found.append(
                Reference(
                    seed.parent.name,
                    seed.name.removeprefix("seed"),
                    shown,
                    bool(stale(record, reader.root)),
                )
            )
    return tuple(found)


def _rows(path: Path, make: str) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such table; run `{make}`") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise RecordError(f"{path}: not a table: {problem}; run `{make}`") from None
    if not rows:
        raise RecordError(f"{path}: an empty table; run `{make}`")
    return rows


def _number(row: dict[str, str], column: str, path: Path) -> float:
    try:
        number = float(row[column])
    except (KeyError, TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise RecordError(f"{path}: column {column!r} holds {row.get(column)!r}, not a number")
    return number


def _predictions(path: Path, count: Count, make: str) -> tuple[Prediction, ...]:
    """The answers in the table at `path`; as many of them, and of right ones, as were counted."""
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except FileNotFoundError:
        raise RecordError(f"{path}: no such predictions; run `{make}`") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise RecordError(f"{path}: not predictions: {problem}; run `{make}`") from None
    found = tuple(_prediction(line, i, f"{path}:{i}") for i, line in enumerate(lines, start=1))
    correct = sum(p.correct for p in found)
    if len(found) != count.n:
        raise RecordError(f"{path}: {len(found)} predictions for {count.n} questions; run `{make}`")
    if correct != count.correct:
        raise RecordError(
            f"{path}: {correct} predictions are correct, the record has {count.correct}; "
            f"run `{make}`"
        )
    return found


def _prediction(line: str, number: int, where: str) -> Prediction:
    try:
        row = json.loads(line)
        answer, correct, probability = row["answer"], row["correct"], row["probability"]
        question, gold = row.get("question"), row.get("gold")
    except (KeyError, TypeError, ValueError, RecursionError) as problem:
        raise RecordError(f"{where}: not a prediction: {problem!r}") from None
    if type(correct) is not bool:
        raise RecordError(f"{where}: correct: expected true or false, got {reprlib.repr(correct)}")
    if type(probability) not in (int, float) or not 0 <= probability <= 1:
        raise RecordError(f"{where}: probability: expected 0 to 1, got {reprlib.repr(probability)}")
    return Prediction(number, str(answer), correct, float(probability), question, gold)
