"""What a study is: its entries, and the questions that they are asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gpt.corpus import Pair
from gpt.model import GPT
from gpt.recipe import BEST, Recipe, Stage
from gpt.vocabulary import Vocabulary
from reports.record import InputError

EVERY = 5
SPLIT = f"a split of the training pairs (every {EVERY}th)"
DEV = "birth_dev.tsv"
FIRST = replace(
    BEST,
    names_amid_words=0.0,
    undated_views=0.0,
    finetune=Stage(epochs=4, batch_size=32, rate=3e-4),
)
"""Recipe `best` as it was at first: every name first in its view, and finetuning ten times as fast.

With it the ablations were begun; where pretraining is short, it is the better one.
"""


@dataclass(frozen=True)
class Entry:
    """One recipe of a study.

    sentence: what it changes, for the report; finetunes: whether training goes on, on the
    questions alone, after pretraining; corpus: its own, a folder beside the study's
    """

    name: str
    sentence: str
    recipe: Recipe
    variant: str = "rope"
    finetunes: bool = True
    corpus: str | None = None

    def folder(self, of_study: Path) -> Path:
        """The folder of the entry's corpus."""
        return of_study if self.corpus is None else of_study.with_name(self.corpus)


@dataclass(frozen=True)
class Study:
    """A list of entries that are asked the same questions; the first is the one compared with.

    asked: SPLIT (for choosing: held out of every training of the study) or DEV (for reporting)
    asked_twice: also before finetuning; measure: what else is measured of a trained model on the
    corpus in a folder, by name
    """

    name: str
    title: str
    asked: str
    asked_twice: bool
    entries: tuple[Entry, ...]
    measure: Callable[[GPT, Vocabulary, Path], dict[str, float]] | None = None

    def entry(self, name: str) -> Entry:
        """The entry `name`.

        Raises: InputError listing the known ones.
        """
        found = next((e for e in self.entries if e.name == name), None)
        if found is None:
            known = ", ".join(e.name for e in self.entries)
            raise InputError(f"study {self.name}: unknown entry {name!r}; known: {known}")
        return found


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pairs to train on and those held out to be asked: every fifth, from the fifth on."""
    kept = [pair for i, pair in enumerate(pairs, start=1) if i % EVERY]
    return kept, list(pairs[EVERY - 1 :: EVERY])


def with_stage(recipe: Recipe, run: str, **changes: Any) -> Recipe:
    """The recipe with some numbers of one kind of run changed."""
    stage: Stage = replace(recipe.stage(run), **changes)
    return replace(recipe, **{run: stage})  # type: ignore[arg-type]
