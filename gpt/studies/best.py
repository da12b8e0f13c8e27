"""Recipe `best` with the linear variants in place of softmax attention, each asked dev once.

The one compared with, softmax attention with rotary positions, is the recipe itself: the last
entry of the study of minutes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gpt.attention.options import resolved
from gpt.recipe import BEST
from gpt.studies.entry import DEV, Entry, Study
from gpt.studies.variants import BLOCK


def _entry(variant: str, sentence: str, **options: Any) -> Entry:
    recipe = replace(BEST, attention=resolved(variant, {"rotary": True, **options}))
    return Entry(variant, sentence, recipe, variant)


BEST_VARIANTS = Study(
    name="best",
    title="The record's recipe with linear attention",
    asked=DEV,
    asked_twice=False,
    entries=(
        _entry("bigbird", "A window of blocks, a global one and a random one.", block=BLOCK),
        _entry("linformer", "Finished blocks in few projections, the block at hand exactly."),
        _entry("performer", "Random features in place of the softmax."),
    ),
)
