"""Accuracy against minutes: recipe `best` on its way, with ever more epochs, each asked once."""

from __future__ import annotations

from dataclasses import replace

from gpt.recipe import BEST
from gpt.studies.entry import DEV, FIRST, Entry, Study

AMID = replace(FIRST, names_amid_words=BEST.names_amid_words)
GENTLE = replace(AMID, finetune=BEST.finetune)
UNDATED = f"{100 * BEST.undated_views:g} % of the views without dates, too"
WAYS = {
    "epochs": (FIRST, (10, 20, 40, 80, 150), "every name first in its view"),
    "amid": (AMID, (150,), "names amid words"),
    "best": (GENTLE, (150,), "names amid words, finetuned gently"),
    "undated": (
        BEST,
        (40, 80, 150, 300),
        f"{100 * BEST.undated_views:g} % of the views without dates, too",
    ),
}

MINUTES = Study(
    name="minutes",
    title="Accuracy against minutes",
    asked=DEV,
    asked_twice=False,
    entries=tuple(
        Entry(
            f"{name}-{epochs}",
            f"{epochs} epochs of pretraining, {way}.",
            recipe.with_epochs("pretrain", epochs),
        )
        for name, (recipe, numbers, way) in WAYS.items()
        for epochs in numbers
    ),
)
