"""How many bits of the text a model recalls, in the answers to its questions.

After Allen-Zhu and Li 2024 (Physics of Language Models 3.3, arXiv:2404.05405), who count what a
model saves in describing the facts of its text: the place of a person takes −log₂ π(place) bits
for somebody who knows how frequent each place is among the people of the text, and no more; less
with the model's help. What is saved is recalled. Names, dates and all else that the text says are
not counted, so it is a lower bound on what the model holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional

from gpt.corpus import Pair
from gpt.dataset import NameDataset
from gpt.model import GPT
from gpt.vocabulary import MASK_ID, PAD_ID, Vocabulary

ROWS = 256  # questions read at a time
TRUST = np.arange(100) / 100
"""How far the model may be believed. Not wholly: one wrong answer it is sure of would cost all."""


@torch.inference_mode()
def probabilities(
    model: GPT, vocabulary: Vocabulary, pairs: list[Pair], source: Path
) -> Float[np.ndarray, " n"]:
    """The model's probability of each question's place, the closing MASK included.

    Raises: InputError naming the line in `source` of a pair that does not fit the block.
    """
    model.eval()
    device = next(model.parameters()).device
    names = NameDataset(vocabulary, pairs, model.config.block_size, source, ascii_only=False)
    found = []
    for start in range(0, len(names), ROWS):
        rows = [names[i] for i in range(start, min(len(names), start + ROWS))]
        x, y = (torch.stack(part).to(device) for part in zip(*rows, strict=True))
        losses = functional.cross_entropy(
            model(x).float().transpose(1, 2), y, ignore_index=PAD_ID, reduction="none"
        )
        opening = (y == MASK_ID) & (y == MASK_ID).cumsum(1).eq(1)  # given with the question
        found.append(losses.masked_fill(opening, 0.0).sum(1).neg().exp().cpu().double().numpy())
    return np.concatenate(found)


def frequencies(places: Sequence[str], among: Sequence[str]) -> Float[np.ndarray, " n"]:
    """The relative frequency of each of `places` in the list `among`."""
    counts = Counter(among)
    return np.array([counts[place] / len(among) for place in places])


def recalled_bits(
    model: Float[np.ndarray, " n"], prior: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Bits that the model saves on each place: log₂ of ((1−t)·π + t·p) / π.

    model, prior: probabilities p and π of the right places; π > 0
    The trust t in the model is chosen on every other place for those between, and the other way
    round, so that no place has a say in its own code; where the model knows nothing, t is 0.
    """
    saved = np.log2(1.0 + TRUST[:, None] * (model / prior - 1.0))
    bits = np.empty(len(model))
    for half in (0, 1):
        best = saved[:, 1 - half :: 2].sum(1).argmax()
        bits[half::2] = saved[best, half::2]
    return bits
