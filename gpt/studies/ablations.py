"""What each part of recipe `best` is worth: one change an entry, asked a split of the pairs.

All entries are trained for EPOCHS epochs, fewer than the recipe itself, so that many can be.
"""

from __future__ import annotations

from dataclasses import replace

from gpt.recipe import BEST, PRACTICAL
from gpt.studies.entry import FIRST, SPLIT, Entry, Study, with_stage

EPOCHS = 20
BASE = FIRST.with_epochs("pretrain", EPOCHS)

ABLATIONS = Study(
    name="ablations",
    title="What each part of the recipe is worth",
    asked=SPLIT,
    asked_twice=True,
    entries=(
        Entry(
            "base",
            f"The recipe “best” as it was at first, with {EPOCHS} epochs.",
            BASE,
        ),
        Entry(
            "spans-alone",
            "Span corruption in place of the views of entities.",
            replace(BASE, entity_views=False, document_share=1.0),
        ),
        Entry("spans-too", "Span corruption beside the views.", replace(BASE, document_share=1.0)),
        Entry("no-context", "Views without the words before.", replace(BASE, view_words=0)),
        Entry("more-context", "Up to six words before.", replace(BASE, view_words=6)),
        Entry(
            "questions-too",
            "Training questions mixed into pretraining, a fifth of the examples.",
            replace(BASE, question_share=0.2),
        ),
        Entry(
            "names-amid-words",
            f"Of the names, {100 * BEST.names_amid_words:.0f} % amid other words of the text.",
            replace(BASE, names_amid_words=BEST.names_amid_words),
        ),
        Entry(
            "undated-views",
            f"Of the views, {100 * BEST.undated_views:.0f} % leave out dates.",
            replace(BASE, undated_views=BEST.undated_views),
        ),
        Entry(
            "gentle-finetuning",
            "Finetuned at a tenth of the rate for twice the epochs.",
            replace(BASE, finetune=BEST.finetune),
        ),
        Entry("vanilla", "Learned positions in place of rotary ones.", BASE, variant="vanilla"),
        Entry(
            "adamw",
            "AdamW for all weights in place of Muon for the matrices.",
            with_stage(BASE, "pretrain", matrix_rate=None),
        ),
        Entry("dropout", "Dropout 0.1, as the course has it.", replace(BASE, dropout=0.1)),
        Entry(
            "course-finetuning",
            "Finetuned with the course’s epochs, batches and rate.",
            replace(BASE, finetune=PRACTICAL.finetune),
        ),
    ),
)
