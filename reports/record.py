"""The shelf: typed records, written atomically and validated whenever written or read.

This is the ground floor, built of the standard library alone, and the only module of `reports/`
that theory, simulate, gpt and data import. A record is JSON with sorted keys; bulky tables lie
beside it as CSV or JSONL and are named in it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import reprlib
import sys
import tempfile
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from reports.provenance import ROOT, Clock, Provenance, processor, sha256, sha256_or_none
from reports.terminal import ArgumentParser, InputError, exit_on_input_error, printable

__all__ = [
    "ROOT", "SCHEMA", "ArgumentParser", "BaselineRecord", "Claim", "Clock", "CorpusRecord", "Count",
    "EvaluationRecord", "Experiment", "Figure", "InputError", "Provenance", "Record", "RecordError",
    "SimulateRecord", "Step", "TheoryRecord", "TrainingRecord", "exit_on_input_error", "printable",
    "processor", "read", "require_writable", "sha256", "stale", "write", "write_bytes",
    "write_text",
]  # fmt: skip

SCHEMA = 3
ROUNDING = 1e-9  # by how much a recorded proportion may differ from the one computed again


class RecordError(InputError):
    """A record that is missing, stale or not of its schema."""


# ---------------------------------------------------------------------------------- schema


@dataclass(frozen=True)
class Step:
    """One checked step of a derivation; `latex` is an equality or inequality in LaTeX."""

    latex: str
    reason: str
    check: str


@dataclass(frozen=True)
class Claim:
    """One statement about attention that a program decided (see theory/proof/claim.py).

    result: LaTeX of the law; directly: what the definition itself gives at the example. A cited
    theorem has neither, nor steps, twin and example.
    """

    key: str
    question: str
    title: str
    statement: str
    assumptions: tuple[str, ...]
    steps: tuple[Step, ...]
    result: str
    verdict: Literal["proved", "refuted", "unknown", "cited"]
    twin: str
    twin_verdict: Literal["proved", "refuted", "unknown"] | None
    example: str
    directly: str
    source: str
    seconds: float


@dataclass(frozen=True)
class Figure:
    """A table of numbers that a figure of the report is drawn from, beside the record."""

    key: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Experiment:
    """One law of theory/ against one Monte Carlo sample (see simulate/experiment.py).

    statistic: name of the distance, e.g. 'Kolmogorov-Smirnov'; distance: its value;
    threshold: the value above which the verdict is 'contradicted', at false_alarm probability;
    detectable: a discrepancy of this size or more is seen (miss probability 1e-6), in the
    unit of `distance`; for an exact bound or identity, which no trial may break, the share of
    trials that break it; p_value: None for those
    may_be_inconclusive: why the sample may fail to put the law to the test; None: it must not
    """

    key: str
    claim: str
    question: str
    title: str
    law: str
    parameters: dict[str, float]
    n: int
    statistic: str
    observed: float | None
    expected: float | None
    interval: tuple[float, float] | None
    distance: float
    threshold: float
    false_alarm: float
    detectable: float | None
    p_value: float | None
    verdict: Literal["consistent", "contradicted", "inconclusive"]
    may_be_inconclusive: str | None
    small_by_design: str | None
    seconds: float


@dataclass(frozen=True)
class Count:
    """A proportion: right answers among n, with its Wilson 95 % interval.

    Raises: ValueError if the four numbers contradict each other.
    """

    n: int
    correct: int
    accuracy: float
    interval: tuple[float, float]

    def __post_init__(self) -> None:
        low, high = self.interval
        if self.n < 1:
            raise ValueError(f"n is {self.n}, expected at least 1")
        if not 0 <= self.correct <= self.n:
            raise ValueError(f"correct is {self.correct}, expected 0 to {self.n}")
        if not abs(self.accuracy - self.correct / self.n) <= ROUNDING:
            raise ValueError(f"accuracy is {self.accuracy}, not {self.correct}/{self.n}")
        if not -ROUNDING <= low <= self.accuracy + ROUNDING:
            raise ValueError(f"interval begins at {low}, expected 0 to {self.accuracy}")
        if not self.accuracy - ROUNDING <= high <= 1 + ROUNDING:
            raise ValueError(f"interval ends at {high}, expected {self.accuracy} to 1")


class _Stage:
    stage: ClassVar[str]


@dataclass(frozen=True)
class TheoryRecord(_Stage):
    stage: ClassVar[str] = "theory"
    provenance: Provenance
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class SimulateRecord(_Stage):
    stage: ClassVar[str] = "simulate"
    provenance: Provenance
    family_false_alarm: float
    sampler: str
    experiments: tuple[Experiment, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class CorpusRecord(_Stage):
    """A corpus under data/corpora/: what it is, how it was made, how large it is.

    source: 'embedded' or 'practical'; credit: whose data it is; arguments: how it was generated
    """

    stage: ClassVar[str] = "corpus"
    provenance: Provenance
    name: str
    source: Literal["embedded", "practical"]
    credit: str
    arguments: dict[str, int]
    files: dict[str, str]
    documents: int
    characters: int
    symbols: int
    people: int
    training_pairs: int
    evaluation_pairs: int
    control_pairs: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class TrainingRecord(_Stage):
    """One training run. Losses are nats a character that is not PAD.

    run: 'pretrain', 'finetune' (after pretraining) or 'scratch' (finetuned without pretraining);
    curve: CSV beside the record with columns step, epoch, loss, learning_rate, tokens, seconds;
    documents: of the pretraining corpus, whose number the course's schedule goes by;
    tokens: characters trained on that are not PAD; recipe_hash: SHA-256 of `hyperparameters`.
    """

    stage: ClassVar[str] = "training"
    provenance: Provenance
    run: str
    variant: str
    recipe: str
    recipe_hash: str
    hyperparameters: dict[str, Any]
    changes: tuple[str, ...]
    corpus: str
    parameters: int
    documents: int
    epochs: int
    steps: int
    tokens: int
    tokens_per_second: float
    precision: Literal["fp32", "bf16"]
    final_loss: float
    curve: str
    weights_sha256: str


@dataclass(frozen=True)
class EvaluationRecord(_Stage):
    """Accuracy of one model on one list of questions.

    model: 'pretrain' (pretrained, then finetuned) or 'scratch'; predictions: JSONL beside the
    record, one object an answer with `answer`, `correct`, `probability` and, for the embedded
    corpus, `question` and `gold`; unknown_characters: characters of the questions that the
    vocabulary lacks, dropped before asking; control: the same for people who are not in the
    pretraining text; None where the corpus has none.
    """

    stage: ClassVar[str] = "evaluation"
    provenance: Provenance
    model: str
    variant: str
    recipe: str
    corpus: str
    result: Count
    control: Count | None
    unknown_characters: int
    predictions: str
    control_predictions: str | None


@dataclass(frozen=True)
class BaselineRecord(_Stage):
    """What a constant answer scores: 'London', and the most frequent training place."""

    stage: ClassVar[str] = "baseline"
    provenance: Provenance
    corpus: str
    london: Count
    most_frequent: Count
    most_frequent_place: str


Record = (
    TheoryRecord
    | SimulateRecord
    | CorpusRecord
    | TrainingRecord
    | EvaluationRecord
    | BaselineRecord
)
R = TypeVar("R", bound=_Stage)


# ------------------------------------------------------------------------- reading, writing


def write(path: Path, record: Record) -> None:
    """Validate `record` and write it atomically as JSON with sorted keys.

    Raises: RecordError if a field is not of its type (NaN and infinity included) or the folder
    cannot be written.
    """
    body = {"stage": record.stage, "schema": SCHEMA} | dataclasses.asdict(record)
    _parse(type(record), {k: v for k, v in body.items() if k not in ("stage", "schema")}, str(path))
    write_text(path, json.dumps(body, sort_keys=True, indent=1, ensure_ascii=False) + "\n")


def read(path: Path, kind: type[R]) -> R:
    """Read a record and validate it against its schema.

    Raises: RecordError naming file, field and value; for a missing file, RecordError naming it.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such record") from None
    except (OSError, ValueError, RecursionError) as problem:
        raise RecordError(f"{path}: not a record: {problem}") from None
    if not isinstance(body, dict) or body.get("stage") != kind.stage:
        found = body.get("stage") if isinstance(body, dict) else type(body).__name__
        raise RecordError(f"{path}: stage is {found!r}, expected {kind.stage!r}")
    if body.get("schema") != SCHEMA:
        raise RecordError(
            f"{path}: schema is {body.get('schema')!r}, expected {SCHEMA}: another version wrote "
            "it; `make clean` removes it"
        )
    fields = {k: v for k, v in body.items() if k not in ("stage", "schema")}
    return typing.cast(R, _parse(kind, fields, str(path)))


def stale(record: Record, root: Path = ROOT) -> list[str]:
    """Paths of the sources and inputs that changed since the record was made, or are gone."""
    made_from = record.provenance.sources | record.provenance.inputs
    return sorted(p for p, sha in made_from.items() if sha256_or_none(root / p) != sha)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8.

    Raises: InputError if the folder cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: temporary file, fsync, rename; nothing is left on failure.

    Raises: InputError if the folder cannot be written or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as problem:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from None


def require_writable(path: Path) -> None:
    """Find out before a long run, not after it, whether `path` can be written.

    Raises: InputError if its folder cannot be made or written, or `path` is a folder.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from None


def _parse(kind: Any, value: Any, where: str) -> Any:
    """Convert JSON `value` to `kind`, checking every field; `where` names the place in errors."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        return _parse_fields(kind, value, where)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _parse(next(a for a in arguments if a is not type(None)), value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        if arguments[-1] is not Ellipsis and len(arguments) != len(value):
            raise RecordError(f"{where}: expected {len(arguments)} values, got {len(value)}")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else arguments
        return tuple(
            _parse(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is dict and isinstance(value, Mapping):
        return {str(k): _parse(arguments[1], v, f"{where}.{k}") for k, v in value.items()}
    if kind is float and type(value) in (int, float) and abs(value) <= sys.float_info.max:
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    expected = getattr(kind, "__name__", str(kind)) if origin is None else str(kind)
    raise RecordError(f"{where}: expected {expected}, got {reprlib.repr(value)}")


def _parse_fields(kind: Any, value: Mapping[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(kind)
    names = {f.name for f in dataclasses.fields(kind)}
    for problem, keys in (("missing", names - set(value)), ("unknown", set(value) - names)):
        if keys:
            raise RecordError(f"{where}: {problem} field {sorted(keys)[0]!r}")
    parsed = {name: _parse(hints[name], value[name], f"{where}: {name}") for name in names}
    try:
        return kind(**parsed)
    except ValueError as problem:
        raise RecordError(f"{where}: {problem}") from None
