"""Greedy decoding of many questions at once, each position computed once."""

from __future__ import annotations

import math
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
    encoded = [vocabulary.encode(question + MASK) for question in questions]
    said = greedy(model, encoded, batch_size)
    return [_answer(vocabulary, spoken) for spoken in said]


@dataclass(frozen=True)
class Spoken:
    """The ids said after a prompt, up to and with MASK, and their log-probability in nats."""

    ids: list[int]
    log_probability: float


@torch.inference_mode()
def greedy(
    model: GPT, prompts: Sequence[Sequence[int]], batch_size: int | None = None
) -> list[Spoken]:
    """The likeliest id after each prompt, and so on until MASK, 32 ids or the end of the block.

    Raises: ValueError for a prompt beyond the block.
    """
    model.eval()
    longest, block = max(map(len, prompts), default=0), model.config.block_size
    if longest > block:
        raise ValueError(
            f"a question of {longest - 1} characters and {MASK} exceed a block of {block}"
        )
    pace = PACES[next(model.parameters()).device.type]
    size = batch_size or pace.batch_size
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    said: dict[int, Spoken] = {}
    for start in range(0, len(order), size):
        chunk = order[start : start + size]
        spoken = _decode(model, [prompts[i] for i in chunk], pace.steps_between_looks)
        said.update(zip(chunk, spoken, strict=True))
    return [said[i] for i in range(len(prompts))]


@dataclass(frozen=True)
class Pace:
    """How a device likes its work: questions together, steps between looks at what has ended.

    On a CPU a look costs nothing, and a batch's keys and values should stay in the caches; on
    CUDA a look waits for the device, and a step of many rows takes as long as one of few.
    """

    batch_size: int
    steps_between_looks: int


PACES = {"cpu": Pace(batch_size=128, steps_between_looks=1), "cuda": Pace(2048, 8)}
CROWDED = 0.8  # rows are dropped once fewer than this share are still open


def _decode(model: GPT, prompts: Sequence[Sequence[int]], steps_between_looks: int) -> list[Spoken]:
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
    columns = zip(said.tolist(), counts.tolist(), log_probability.tolist(), strict=True)
    return [Spoken(ids[:count], log_p) for ids, count, log_p in columns]


def _answer(vocabulary: Vocabulary, spoken: Spoken) -> Answer:
    finished = MASK_ID in spoken.ids
    text = vocabulary.decode(spoken.ids[:-1] if finished else spoken.ids)
    probability = math.exp(spoken.log_probability)
    return Answer(text.replace("\n", " "), probability, finished)
