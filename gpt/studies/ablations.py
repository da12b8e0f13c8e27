"""What each part of recipe `best` is worth: one change an entry, asked a split of the pairs.

All entries are trained for EPOCHS epochs, fewer than the recipe itself, so that many can be.
"""

from __future__ import annotations

from dataclasses import replace

from gpt.recipe import BEST
from gpt.studies.entry import SPLIT, Entry, Study, with_stage

EPOCHS = 60
BASE = BEST.with_epochs("pretrain", EPOCHS)

ABLATIONS = Study(
    name="ablations",
    title="What each part of the recipe is worth",
    asked=SPLIT,
    asked_twice=True,
    entries=(
        Entry("base", f"The recipe “best” with {EPOCHS} epochs.", BASE),
        Entry("vanilla", "Learned positions in place of rotary ones.", BASE, variant="vanilla"),
        Entry(
            "text-alone",
            "No questions in pretraining: the practical’s own rule.",
            replace(BASE, question_share=0.0),
        ),
        Entry(
            "adamw",
            "AdamW for all weights in place of Muon for the matrices.",
            with_stage(BASE, "pretrain", matrix_rate=None),
        ),
        Entry(
            "truncated",
            "Lines truncated to a random length, as the course does.",
            replace(BASE, whole_lines=False),
        ),
        Entry(
            "open-span",
            "No third MASK after the masked span.",
            replace(BASE, closing_mask=False),
        ),
        Entry("dropout", "Dropout 0.1, as the course has it.", replace(BASE, dropout=0.1)),
        Entry(
            "course-finetuning",
            "Finetuned with the course’s epochs and rate.",
            with_stage(BASE, "finetune", epochs=10, rate=6e-4),
        ),
    ),
)
