"""Greedy decoding of many questions at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.utils.rnn import pad_sequence

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
    model: GPT, vocabulary: Vocabulary, questions: Sequence[str], batch_size: int | None = None
) -> list[Answer]:
    """Greedy answers to `questions`, of at most 32 characters each, in their order.

    Questions of similar length are decoded together, padded on the right: a position sees only
    those before it, so padding changes nothing. All positions of a question are computed at once,
    then one position a step; rows whose answer has ended are dropped. The context is never
    cropped: where the block ends, so does the answer.

    batch_size: questions decoded together; None means what suits the device
    Raises: InputError for an unknown character; ValueError for a question beyond the block.
    """
    model.eval()
    encoded = [vocabulary.encode(question + MASK) for question in questions]
    longest, block = max(map(len, encoded), default=0), model.config.block_size
    if longest > block:
        raise ValueError(
            f"a question of {longest - 1} characters and {MASK} exceed a block of {block}"
        )
    pace = PACES[next(model.parameters()).device.type]
    size = batch_size or pace.batch_size
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
    answers: dict[int, Answer] = {}
    for start in range(0, len(order), size):
        chunk = order[start : start + size]
        said = _decode(model, [encoded[i] for i in chunk], pace.steps_between_looks)
        answers.update(zip(chunk, (_answer(vocabulary, *row) for row in said), strict=True))
    return [answers[i] for i in range(len(questions))]


@dataclass(frozen=True)
class Pace:
    """How a device likes its work: questions together, steps between looks at what has ended.

    On a CPU a look costs nothing, and a batch's keys and values should stay in the caches; on
    CUDA a look waits for the device, and a step of many rows takes as long as one of few.
    """

    batch_size: int
    steps_between_looks: int


PACES = {"cpu": Pace(batch_size=64, steps_between_looks=1), "cuda": Pace(2048, 8)}
CROWDED = 0.8  # rows are dropped once fewer than this share are still open


def _decode(
    model: GPT, prompts: list[list[int]], steps_between_looks: int
) -> list[tuple[list[int], float]]:
    """The ids said after each prompt, and the logarithm of their probability."""
    device = next(model.parameters()).device
    n, block = len(prompts), model.config.block_size
    padded = pad_sequence(
        [torch.tensor(prompt) for prompt in prompts], batch_first=True, padding_value=PAD_ID
    ).to(device)
    ends = torch.tensor([len(prompt) for prompt in prompts], device=device)
    said = torch.full((n, ANSWER_LENGTH), PAD_ID, device=device)
    counts = torch.zeros(n, dtype=torch.long, device=device)
    log_probability = torch.zeros(n, dtype=torch.float64, device=device)
    rows, unfinished = torch.arange(n, device=device), ends < block  # rows still decoded
    room = min(ANSWER_LENGTH - 1, block - padded.shape[1])
    logits, states = model.start(padded, ends, room)
    for step in range(ANSWER_LENGTH):
        best, ids = logits.double().log_softmax(-1).max(-1)
        said[rows, step] = ids
        log_probability[rows] += torch.where(unfinished, best, 0.0)
        counts[rows] += unfinished
        ends = ends + unfinished
        unfinished = unfinished & (ids != MASK_ID) & (ends < block)
        if (step + 1) % steps_between_looks == 0:
            kept = unfinished.nonzero()[:, 0]
            if len(kept) == 0:
                break
            if len(kept) < CROWDED * len(rows):
                rows, ends, unfinished = rows[kept], ends[kept], unfinished[kept]
                ids, states = ids[kept], [state.keep(kept) for state in states]
        if step + 1 < ANSWER_LENGTH:
            # A row that has ended stays at its last position, and nothing reads it.
            logits = model.extend(ids, ends - 1, states)
    spoken = zip(said.tolist(), counts.tolist(), log_probability.tolist(), strict=True)
    return [(ids[:count], log_p) for ids, count, log_p in spoken]


def _answer(vocabulary: Vocabulary, ids: list[int], log_probability: float) -> Answer:
    finished = MASK_ID in ids
    text = vocabulary.decode(ids[: ids.index(MASK_ID)] if finished else ids)
    probability = float(torch.tensor(log_probability, dtype=torch.float64).exp())
    return Answer(text.replace("\n", " "), probability, finished)
