"""Tables of the variants of attention, each beside one of them: of studies, of runs made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.comparison import Paired, paired
from reports.options import in_words
from reports.record import Count, StudyRecord, TrainingRecord
from reports.shelf import Evaluated, Shelf
from reports.studies import Entry, Studies
from reports.study_tables import CLEAR, EntryRow, compared, holm

VANILLA = "vanilla"


@dataclass(frozen=True)
class VariantRow:
    """A model of one variant: pretrained, finetuned, asked.

    tokens_per_second: of its pretraining; paired: with the table's first entry of the same seed,
    on the same questions, None for the first itself and where there is no such; adjusted: its p
    over all comparisons of the table (Holm 1979)
    """

    name: str
    sentence: str
    options: str
    seed: int | None
    parameters: int
    tokens_per_second: float
    result: Count
    paired: Paired | None
    adjusted: float | None

    @property
    def clear(self) -> bool:
        """Whether the comparison with the first is settled."""
        return self.adjusted is not None and self.adjusted < CLEAR


def of_study(entries: Sequence[Entry]) -> list[VariantRow]:
    """Vanilla first, then the entries by their mean accuracy, the best first."""
    return [_row(row, row.entry.name) for row in compared(entries, VANILLA)]


def with_best(studies: Studies) -> list[VariantRow]:
    """Recipe `best` with softmax attention first, then the entries of its study; none if empty.

    Softmax attention is the entry of the study of minutes that differs in the attention alone.
    """
    others = studies["best"]
    alike = [_but_attention(other) for other in others]
    softmax = [entry for entry in studies["minutes"] if _but_attention(entry) in alike]
    base = softmax[0].name if softmax else ""
    return [_row(row, row.made.record.variant) for row in compared((*softmax, *others), base)]


def _but_attention(entry: Entry) -> tuple[object, ...]:
    """What was trained, on what, and what was asked."""
    record = entry.runs[0].record
    rest = {name: v for name, v in record.hyperparameters.items() if name != "attention"}
    return rest, record.corpus, record.asked


def _row(row: EntryRow, name: str) -> VariantRow:
    record = row.made.record
    return VariantRow(
        name, row.entry.sentence, _options(record), row.made.seed, record.parameters,
        row.made.tokens_per_second, row.made.last.result, row.paired, row.adjusted,
    )  # fmt: skip


def made_here(shelf: Shelf) -> list[VariantRow]:
    """The pretrained models of the profile's folder, as `of_study` orders them; none if it is one.

    Only those of the recipe and corpus that the report is about.
    """
    main = shelf.pretrained_evaluation.record
    kind = (main.model, main.recipe, main.corpus)
    asked = {
        shown.record.variant: shown
        for shown in shelf.evaluations
        if (shown.record.model, shown.record.recipe, shown.record.corpus) == kind
    }
    rows = []
    for shown in shelf.trainings:
        record, evaluation = shown.record, asked.get(shown.record.variant)
        if record.run == "pretrain" and evaluation is not None:
            rows.append(
                VariantRow(
                    record.variant, "", _options(record), shown.provenance.seed,
                    record.parameters, record.tokens_per_second, evaluation.record.result,
                    _paired(evaluation, asked.get(VANILLA)), None,
                )
            )  # fmt: skip
    rows.sort(key=lambda row: (row.name != VANILLA, -row.result.accuracy, row.name))
    return _adjusted(rows) if len(rows) > 1 else []


def _paired(evaluation: Evaluated, vanilla: Evaluated | None) -> Paired | None:
    if vanilla is None or vanilla is evaluation:
        return None
    if vanilla.provenance.seed != evaluation.provenance.seed:
        return None
    return paired(evaluation.predictions, vanilla.predictions)


def _adjusted(rows: Sequence[VariantRow]) -> list[VariantRow]:
    p_values = iter(holm([row.paired.p for row in rows if row.paired is not None]))
    return [row if row.paired is None else replace(row, adjusted=next(p_values)) for row in rows]


def _options(record: TrainingRecord | StudyRecord) -> str:
    """Those of the attention."""
    return in_words(record.hyperparameters.get("attention", {}))
