"""Where the answers of two ways of decoding part, and how close the choice was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gpt.model import GPT


@dataclass(frozen=True)
class Parting:
    """Where two answers to one prompt part: after `said` ids; `gap` of their next ids' logits.

    The logits are those of the forward pass over the whole text, in the model's precision. A gap
    within its rounding is a tie, which either order of summation may break.
    """

    prompt: int
    said: int
    gap: float


@torch.inference_mode()
def partings(
    model: GPT,
    prompts: Sequence[Sequence[int]],
    ours: Sequence[Sequence[int]],
    theirs: Sequence[Sequence[int]],
) -> list[Parting]:
    """Of answers by two ways (ids, with MASK where they ended), those that differ.

    Raises: ValueError if one answer is the beginning of the other, which no tie explains.
    """
    device = next(model.parameters()).device
    found = []
    for index, (prompt, a, b) in enumerate(zip(prompts, ours, theirs, strict=True)):
        if list(a) == list(b):
            continue
        same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        if same is None:
            raise ValueError(f"answers to prompt {index} have {len(a)} and {len(b)} ids")
        logits = model(torch.tensor([[*prompt, *a[:same]]], device=device))[0, -1]
        gap = float((logits[a[same]] - logits[b[same]]).abs())
        found.append(Parting(index, same, gap))
    return found
