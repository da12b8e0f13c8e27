"""What a record holds: one class a kind of record, its fields with their units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from reports.benchmark_schema import BenchmarkRecord, PackageRecord, ScalingRecord
from reports.provenance import Provenance, Staged

ROUNDING = 1e-9  # by how much a recorded proportion may differ from the one computed again


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


@dataclass(frozen=True)
class TheoryRecord(Staged):
    stage: ClassVar[str] = "theory"
    provenance: Provenance
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class SimulateRecord(Staged):
    stage: ClassVar[str] = "simulate"
    provenance: Provenance
    family_false_alarm: float
    sampler: str
    experiments: tuple[Experiment, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class CorpusRecord(Staged):
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
class TrainingRecord(Staged):
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
class EvaluationRecord(Staged):
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
class BaselineRecord(Staged):
    """What a constant answer scores: 'London', and the most frequent training place."""

    stage: ClassVar[str] = "baseline"
    provenance: Provenance
    corpus: str
    london: Count
    most_frequent: Count
    most_frequent_place: str


@dataclass(frozen=True)
class HeadSpectrum:
    """Share of the largest 1, 2, … T singular values of a head's attention in the sum of all.

    Means over documents, of the trained model and of the same model before training.
    """

    layer: int
    head: int
    trained: tuple[float, ...]
    untrained: tuple[float, ...]


@dataclass(frozen=True)
class SpectrumRecord(Staged):
    """How near a model's attention is to low rank, on the beginnings of documents of its text.

    run: the training that the model comes from; positions: T, of each document
    """

    stage: ClassVar[str] = "spectrum"
    provenance: Provenance
    variant: str
    run: str
    recipe: str
    corpus: str
    documents: int
    positions: int
    heads: tuple[HeadSpectrum, ...]

    def __post_init__(self) -> None:
        for head in self.heads:
            for curve in (head.trained, head.untrained):
                if len(curve) != self.positions:
                    raise ValueError(f"{len(curve)} shares, expected {self.positions}")


@dataclass(frozen=True)
class StudyRun:
    """One training of a study's entry; losses: mean of each epoch, in nats a target character.

    tokens: characters trained on that are not PAD; seconds: of the training loop alone
    """

    run: Literal["pretrain", "finetune", "scratch"]
    epochs: int
    steps: int
    tokens: int
    seconds: float
    precision: Literal["fp32", "bf16"]
    losses: tuple[float, ...]


@dataclass(frozen=True)
class StudyAnswers:
    """What the model of an entry answered after one of its trainings.

    right: one digit a question in the order asked, 1 for a right answer; seconds: of asking

    Raises: ValueError if `right` is not what `result` counts.
    """

    after: Literal["pretrain", "finetune", "scratch"]
    result: Count
    right: str
    seconds: float

    def __post_init__(self) -> None:
        if set(self.right) - {"0", "1"} or len(self.right) != self.result.n:
            raise ValueError(f"right is {self.right!r:.40}, expected {self.result.n} digits 0 or 1")
        if self.right.count("1") != self.result.correct:
            raise ValueError(
                f"right holds {self.right.count('1')} ones, the result counts {self.result.correct}"
            )


@dataclass(frozen=True)
class StudyRecord(Staged):
    """One entry of a study with one seed: a recipe, what its trainings cost, what it answered.

    sentence: what the entry changes; asked: where the questions are from, None if there are none;
    threads: of the processor, one process; measures: further results by name, such as bits
    """

    stage: ClassVar[str] = "study"
    provenance: Provenance
    study: str
    entry: str
    sentence: str
    variant: str
    recipe: str
    recipe_hash: str
    hyperparameters: dict[str, Any]
    corpus: str
    documents: int
    parameters: int
    threads: int
    asked: str | None
    runs: tuple[StudyRun, ...]
    answers: tuple[StudyAnswers, ...]
    measures: dict[str, float]

    @property
    def seconds(self) -> float:
        """All trainings and askings together; start-up is not counted."""
        return sum(r.seconds for r in self.runs) + sum(a.seconds for a in self.answers)


Record = (
    TheoryRecord
    | SimulateRecord
    | CorpusRecord
    | TrainingRecord
    | EvaluationRecord
    | BaselineRecord
    | SpectrumRecord
    | StudyRecord
    | BenchmarkRecord
    | ScalingRecord
    | PackageRecord
)
