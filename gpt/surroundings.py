"""Words around a name, drawn anew for every view: a name is then known wherever it stands.

A name that always begins a view is known there alone, and not where a question has it. So of some
views the name stands amid words: up to two of the text's small words before it, and after it up to
two more, or one of the words that the text has before the view's entity.

    with a Eduard Ender 1822⁇March 1822 ⁇Rome⁇

What stands there is drawn for all names alike. `where` is no such word, so that no view is a birth
question by chance.
"""

from __future__ import annotations

import re

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

SMALL = re.compile(r"(?<= )(?!where )[^\W\d_A-Z]{1,10}(?= )")
MOST = 2  # small words on one side of a name
NEAR, STOPPED = 0.5, 0.3  # of names amid words: followed by a word near the entity, by a stop
DRAWS = 6 + 2 * MOST
"""Uniform numbers that decide what stands around one name."""


class Surroundings:
    """The small words of a corpus, to put around names."""

    def __init__(self, documents: list[str], offset: int, share: float) -> None:
        """offset: where the documents begin, one behind the other, in the array of symbols

        share: of the names, those that stand amid words
        """
        self.share = share
        spans = []
        for document in documents:
            spans += [(offset + m.start(), m.end() - m.start()) for m in SMALL.finditer(document)]
            offset += len(document)
        self.small: Int[Tensor, "n 2"] = torch.tensor(spans, dtype=torch.long).reshape(-1, 2)
        self.draws = DRAWS if spans and share else 0

    def around(
        self, u: Float[Tensor, "n draws"], near: Int[Tensor, "n words 2"]
    ) -> tuple[Int[Tensor, "n most 2"], Int[Tensor, "n most 2"], Bool[Tensor, " n"]]:
        """Pieces before and after each name, and whether it keeps its stop.

        near: the words before each entity, each with the space before it
        """
        there = u.device
        small = self.small[(u[:, 6:] * len(self.small)).long()]
        before = small[:, :MOST] + torch.tensor([0, 1], device=there)  # with the space after it
        after = small[:, MOST:] + torch.tensor([-1, 1], device=there)  # with the space before it
        before = _some(before, u[:, 1])
        after = _some(after, u[:, 2])
        if near.shape[1]:
            which = (u[:, 4] * near.shape[1]).long()
            one = near[torch.arange(len(near), device=there), which]
            alone = torch.cat((one[:, None], torch.zeros_like(after[:, 1:])), 1)
            after = torch.where((u[:, 3] < NEAR)[:, None, None], alone, after)
        amid = u[:, 0] < self.share
        shown = amid[:, None, None]
        return before * shown, after * shown, ~amid | (u[:, 5] < STOPPED)


def _some(pieces: Int[Tensor, "n most 2"], u: Float[Tensor, " n"]) -> Int[Tensor, "n most 2"]:
    """The first 0 … most of each, all numbers alike."""
    number = (u * (pieces.shape[1] + 1)).long()
    shown = torch.arange(pieces.shape[1], device=u.device) < number[:, None]
    return pieces * shown[..., None]
