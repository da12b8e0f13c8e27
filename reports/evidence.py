"""What the records say about the questions that the prose answers: sentences are chosen by it."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports import comparison
from reports.comparison import Outcome, Paired
from reports.formats import short
from reports.record import TrainingRecord
from reports.shelf import Evaluated, Prediction, Reference, Shelf, Trained
from reports.training_figures import Bar

EXAMPLES = 8
"""Right and wrong answers shown side by side."""
CLEAR = 0.65
"""From this separation on, the report says that the model's probability tells something."""


@dataclass(frozen=True)
class Evidence:
    """Comparisons of the pretrained model, and examples of its answers.

    against_control: against itself on people who are not in the text; separation: see
    comparison.separation; guesses: its commonest answers about the control group;
    changes: how the runs differ from the course's recipe, each sentence once.
    """

    against_scratch: Outcome
    paired: Paired | None
    against_london: Outcome
    against_most_frequent: Outcome
    scratch_against_most_frequent: Outcome
    against_control: Outcome | None
    separation: float | None
    right: tuple[Prediction, ...]
    wrong: tuple[Prediction, ...]
    guesses: tuple[tuple[str, int], ...]
    different_guesses: int
    changes: tuple[str, ...]

    @property
    def pretraining_helps(self) -> bool:
        """Whether the intervals support that pretraining beats both no pretraining and guessing."""
        outcomes = (self.against_scratch, self.against_london, self.against_most_frequent)
        return all(o == "above" for o in outcomes)

    @property
    def side_by_side(self) -> list[tuple[Prediction | None, Prediction | None]]:
        """Right and wrong answers in rows; None where one of the two runs out."""
        return list(itertools.zip_longest(self.right, self.wrong))

    @property
    def probability_tells(self) -> bool:
        """Whether right answers carry clearly higher probabilities than wrong ones."""
        return self.separation is not None and self.separation >= CLEAR


def weigh(shelf: Shelf) -> Evidence:
    """Compare what the report compares."""
    pretrained, scratch = shelf.pretrained_evaluation, shelf.scratch_evaluation
    ours, baseline = pretrained.record.result, shelf.baseline.record
    control = pretrained.record.control
    asked = pretrained.predictions
    return Evidence(
        against_scratch=comparison.outcome(ours, scratch.record.result),
        paired=comparison.paired(asked, scratch.predictions),
        against_london=comparison.outcome(ours, baseline.london),
        against_most_frequent=comparison.outcome(ours, baseline.most_frequent),
        scratch_against_most_frequent=comparison.outcome(
            scratch.record.result, baseline.most_frequent
        ),
        against_control=comparison.outcome(ours, control) if control else None,
        separation=comparison.separation(asked),
        right=_examples([p for p in asked if p.correct]),
        wrong=_examples([p for p in asked if not p.correct]),
        guesses=tuple(comparison.most_frequent(pretrained.control_predictions, EXAMPLES)),
        different_guesses=len({p.answer for p in pretrained.control_predictions}),
        changes=_changes([t.record for t in (shelf.pretrain, shelf.finetune, shelf.scratch)]),
    )


def _examples(predictions: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """Up to EXAMPLES answers spread evenly over the list: no choice of ours."""
    if len(predictions) <= EXAMPLES:
        return tuple(predictions)
    return tuple(predictions[i * len(predictions) // EXAMPLES] for i in range(EXAMPLES))


def _changes(records: Sequence[TrainingRecord]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(change for record in records for change in record.changes))


def bars(shelf: Shelf) -> list[Bar]:
    """The accuracies made here, each model's control group below it, and the baselines."""
    found = []
    for shown in shelf.evaluations:
        record = shown.record
        found.append(Bar(label(shelf, shown), record.result, record.model))
        if record.control is not None:
            found.append(Bar("    people not in the text", record.control, record.model))
    baseline = shelf.baseline.record
    place = f"always “{baseline.most_frequent_place}”"
    return [
        *found,
        Bar("always “London”", baseline.london, "baseline"),
        Bar(place, baseline.most_frequent, "baseline"),
    ]


def label(shelf: Shelf, shown: Evaluated) -> str:
    """What tells an evaluation from the others: variant, model, recipe or corpus if another."""
    record, main = shown.record, shelf.pretrained_evaluation.record
    parts = [record.variant, model_name(record.model)]
    if record.recipe != main.recipe:
        parts.append(f"recipe {record.recipe}")
    if record.corpus != main.corpus:
        parts.append(f"corpus {record.corpus}")
    return ", ".join(parts)


def model_name(model: str) -> str:
    """What an evaluation's `model` means, in words."""
    return {"pretrain": "with pretraining", "scratch": "without pretraining"}.get(model, model)


@dataclass(frozen=True)
class Spread:
    """One recipe and model over training seeds; the runs in the order of their seeds."""

    recipe: str
    variant: str
    model: str
    runs: tuple[Reference, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(r.evaluation.record.result.accuracy for r in self.runs)

    @property
    def questions(self) -> str:
        """How many questions each run was asked."""
        return _distinct(str(r.evaluation.record.result.n) for r in self.runs)

    @property
    def devices(self) -> str:
        return _distinct(r.evaluation.provenance.device_name for r in self.runs)

    @property
    def commits(self) -> str:
        """The commits of the runs; a star where the code has moved on since."""
        return _distinct(
            short(r.evaluation.provenance.commit) + "*" * r.moved_on for r in self.runs
        )


def _distinct(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(texts))


def reference_spreads(shelf: Shelf) -> list[Spread]:
    """The reference runs by recipe, variant and model."""
    groups: dict[tuple[str, str, str], list[Reference]] = {}
    for reference in shelf.references:
        record = reference.evaluation.record
        key = (reference.recipe, record.variant, record.model)
        groups.setdefault(key, []).append(reference)
    return [Spread(*key, tuple(runs)) for key, runs in groups.items()]


@dataclass(frozen=True)
class RecipeShown:
    """The hyperparameters that some runs share; settings are (name, value), nested names joined."""

    name: str
    hash: str
    runs: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]


def recipes(shelf: Shelf) -> list[RecipeShown]:
    """The recipes of all training runs made here, each once."""
    groups: dict[str, list[Trained]] = {}
    for shown in shelf.trainings:
        groups.setdefault(shown.record.recipe_hash, []).append(shown)
    return [
        RecipeShown(
            runs[0].record.recipe,
            digest,
            tuple(run.name for run in runs),
            tuple(settings(runs[0].record.hyperparameters)),
        )
        for digest, runs in groups.items()
    ]


def settings(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Hyperparameters and their values in words, nested names joined."""
    words = {None: "none", True: "yes", False: "no"}
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping):
            yield from settings(value, f"{prefix}{name}: ")
        else:
            known = isinstance(value, bool) or value is None
            yield f"{prefix}{name}".replace("_", " "), words[value] if known else str(value)


def versions(shelf: Shelf) -> list[tuple[list[tuple[str, str]], list[str]]]:
    """Sets of library versions, each with the records that were made with it."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for shown in shelf.shown:
        groups.setdefault(tuple(sorted(shown.provenance.versions.items())), []).append(shown.name)
    return [(list(found), names) for found, names in groups.items()]
