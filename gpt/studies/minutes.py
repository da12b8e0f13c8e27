"""Accuracy against minutes: recipe `best` with ever more epochs, asked the questions once each."""

from __future__ import annotations

from gpt.recipe import BEST
from gpt.studies.entry import DEV, NAMES_FIRST, Entry, Study

NAMES_FIRST_EPOCHS, EPOCHS = (10, 20, 40, 80, 150), (40, 80, 150)

MINUTES = Study(
    name="minutes",
    title="Accuracy against minutes",
    asked=DEV,
    asked_twice=False,
    entries=(
        *(
            Entry(
                f"epochs-{n}",
                f"{n} epochs of pretraining, every name first in its view.",
                NAMES_FIRST.with_epochs("pretrain", n),
            )
            for n in NAMES_FIRST_EPOCHS
        ),
        *(
            Entry(f"amid-{n}", f"{n} epochs of pretraining.", BEST.with_epochs("pretrain", n))
            for n in EPOCHS
        ),
    ),
)
