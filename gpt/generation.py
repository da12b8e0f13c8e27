"""Greedy decoding of many questions at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gpt.model import GPT
from gpt.vocabulary import MASK, MASK_ID, PAD_ID, Vocabulary

ANSWER_LENGTH = 32


@dataclass(frozen=True)
class Answer:
    """`text`: between the question's MASK and the next, newlines as spaces.

    probability: the product of the greedy characters' probabilities, the closing MASK included;
    finished: whether a closing MASK came within the 32 characters
    """

    text: str
    probability: float
    finished: bool


@torch.inference_mode()
def answer(
    model: GPT, vocabulary: Vocabulary, questions: Sequence[str], batch_size: int = 128
) -> list[Answer]:
    """Greedy answers to `questions`, of at most 32 characters each, in their order.

    Questions of similar length are decoded together, padded on the right: a position sees only
    those before it, so padding changes nothing. The context is never cropped.

    Raises: InputError for an unknown character; ValueError for a question beyond the block.
    """
    model.eval()
    device = next(model.parameters()).device
    encoded = [vocabulary.encode(question + MASK) for question in questions]
    longest, block = max(map(len, encoded), default=0), model.config.block_size
    if longest > block:
        raise ValueError(
            f"a question of {longest - 1} characters and {MASK} exceed a block of {block}"
        )
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), batch_size):
        chunk = order[start : start + batch_size]
        found = _decode(model, vocabulary, [encoded[i] for i in chunk], device)
        answers.update(zip(chunk, found, strict=True))
    return [answers[i] for i in range(len(questions))]


def _decode(
    model: GPT, vocabulary: Vocabulary, prompts: list[list[int]], device: torch.device
) -> list[Answer]:
    rows = torch.arange(len(prompts), device=device)
    lengths = torch.tensor([len(p) for p in prompts], device=device)
    width = min(int(lengths.max()) + ANSWER_LENGTH, model.config.block_size)
    ids = torch.full((len(prompts), width), PAD_ID, device=device)
    for row, prompt in enumerate(prompts):
        ids[row, : len(prompt)] = torch.tensor(prompt, device=device)
    log_probability = torch.zeros(len(prompts), dtype=torch.float64, device=device)
    open_rows = torch.ones(len(prompts), dtype=torch.bool, device=device)
    ends = lengths.clone()
    for _ in range(ANSWER_LENGTH):
        open_rows = open_rows & (ends < width)
        if not bool(open_rows.any()):
            break
        logits = model(ids[:, : int(ends.max())])[rows, ends - 1].double()
        best = logits.log_softmax(-1).max(-1)
        log_probability += torch.where(open_rows, best.values, 0.0)
        position = ends.clamp(max=width - 1)
        ids[rows, position] = torch.where(open_rows, best.indices, ids[rows, position])
        ends = ends + open_rows.long()
        open_rows = open_rows & (best.indices != MASK_ID)
    return [
        _answer(vocabulary, ids[row, length:end].tolist(), log_p)
        for row, (length, end, log_p) in enumerate(
            zip(lengths.tolist(), ends.tolist(), log_probability.tolist(), strict=True)
        )
    ]


def _answer(vocabulary: Vocabulary, ids: list[int], log_probability: float) -> Answer:
    finished = MASK_ID in ids
    text = vocabulary.decode(ids[: ids.index(MASK_ID)] if finished else ids)
    probability = float(torch.tensor(log_probability, dtype=torch.float64).exp())
    return Answer(text.replace("\n", " "), probability, finished)
