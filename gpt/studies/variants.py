"""The variants of attention in one recipe, that of the ablations, asked a split of the pairs.

Their records hold all options of a variant, those with their defaults too. Learned positions cost
much in this recipe, so a variant that can rotate queries and keys has entries for either way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gpt.attention.options import resolved
from gpt.studies.ablations import BASE
from gpt.studies.entry import SPLIT, Entry, Study

# BigBird's first five blocks see every block before them: by default 80 positions. Of the views of
# the practical's text that are trained on, 0.02 % are longer; longer than 40 are 31 %.
BLOCK, SMALL = 8, 4


def _entry(variant: str, sentence: str, suffix: str = "", **options: Any) -> Entry:
    recipe = replace(BASE, attention=resolved(variant, options))
    return Entry(variant + suffix, sentence, recipe, variant)


VARIANTS = Study(
    name="variants",
    title="The variants of attention",
    asked=SPLIT,
    asked_twice=False,
    entries=(
        _entry("vanilla", "Softmax attention, learned positions."),
        _entry("rope", "Softmax attention, rotary positions."),
        _entry("performer", "Random features in place of the softmax."),
        _entry("performer", "As performer, rotary positions.", "-rotary", rotary=True),
        _entry("linformer", "Finished blocks in few projections, the block at hand exactly."),
        _entry("linformer", "As linformer, rotary positions.", "-rotary", rotary=True),
        _entry("bigbird", "A window of blocks, a global one and a random one.", block=BLOCK),
        _entry("bigbird", "As bigbird, rotary positions.", "-rotary", block=BLOCK, rotary=True),
        _entry("bigbird", "As bigbird-rotary, smaller blocks.", "-small", block=SMALL, rotary=True),
        _entry("synthesizer", "Weights from the query alone, without keys."),
        _entry("perceiver", "A bottleneck of latents that end at the first positions."),
        _entry("perceiver", "As perceiver, latents all over the block.", "-spread", mask="spread"),
    ),
)
