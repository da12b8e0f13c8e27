"""What a study is: its entries, and the questions that they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gpt.corpus import Pair
from gpt.recipe import Recipe, Stage
from reports.record import InputError

EVERY = 5
SPLIT = f"a split of the training pairs (every {EVERY}th)"
DEV = "birth_dev.tsv"


@dataclass(frozen=True)
class Entry:
    """One recipe of a study.

    sentence: what it changes, for the report; finetunes: whether training goes on, on the
    questions alone, after pretraining
    """

    name: str
    sentence: str
    recipe: Recipe
    variant: str = "rope"
    finetunes: bool = True


@dataclass(frozen=True)
class Study:
    """A list of entries that are asked the same questions; the first is the one compared with.

    asked: SPLIT (for choosing: held out of every training of the study) or DEV (for reporting)
    asked_twice: also before finetuning
    """

    name: str
    title: str
    asked: str
    asked_twice: bool
    entries: tuple[Entry, ...]

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
