"""Accuracy against minutes: recipe `best` with ever more epochs, asked the questions once each."""

from __future__ import annotations

from gpt.recipe import BEST
from gpt.studies.entry import DEV, Entry, Study

EPOCHS = (10, 20, 40, 80, 150)

MINUTES = Study(
    name="minutes",
    title="Accuracy against minutes",
    asked=DEV,
    asked_twice=False,
    entries=tuple(
        Entry(f"epochs-{n}", f"{n} epochs of pretraining.", BEST.with_epochs("pretrain", n))
        for n in EPOCHS
    ),
)
