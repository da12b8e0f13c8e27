"""Answering questions: the course's loop, one at a time, against ours, all at once."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from benchmarks import course
from benchmarks.measure import compare
from gpt.corpus import find, read_documents, read_pairs
from gpt.device import choose, describe
from gpt.generation import ANSWER_LENGTH, greedy
from gpt.model import GPT, build
from gpt.partings import partings
from gpt.recipe import PRACTICAL
from gpt.vocabulary import MASK, MASK_ID, Vocabulary

QUESTIONS = 500
ASKED_OF_THE_COURSE = 20  # of them a turn: it takes as long for each
REPETITIONS = 2


def run() -> None:
    """Questions a second of both, on an untrained model of the practical's size.

    An untrained model seldom ends its answers, so this is the worst case of ours.
    """
    vocabulary = Vocabulary.of_text(read_documents(find("wiki.txt", "embedded")))
    device = choose("auto")
    prompts = _prompts(vocabulary)
    model = build("vanilla", len(vocabulary), dropout=PRACTICAL.dropout).eval().to(device)
    reference = as_the_course_has_it(model).to(device)
    few = prompts[:: max(1, len(prompts) // ASKED_OF_THE_COURSE)]

    _compare_answers(model, few, [one_at_a_time(reference, prompt) for prompt in few])
    begin = time.perf_counter()
    greedy(model, prompts)
    print(f"generation: {len(prompts)} questions in {time.perf_counter() - begin:.2f} s")
    ways = {
        "the course: one question at a time, all positions again for each character": lambda: float(
            len([one_at_a_time(reference, prompt) for prompt in few])
        ),
        "ours: batches with a key-value cache": lambda: float(len(greedy(model, prompts))),
    }
    compare("generation", "questions", ways, REPETITIONS, describe(device))


def _prompts(vocabulary: Vocabulary) -> list[list[int]]:
    """The questions of the embedded corpus, those of its training pairs last."""
    files = ("birth_dev.tsv", "birth_control.tsv", "birth_places_train.tsv")
    pairs = [pair for name in files for pair in read_pairs(find(name, "embedded"))]
    return [vocabulary.encode(pair.question + MASK) for pair in pairs[:QUESTIONS]]


def _compare_answers(model: GPT, prompts: list[list[int]], theirs: list[list[int]]) -> None:
    """Print how many answers differ, and for each by how little its characters' logits did."""
    ours = [spoken.ids for spoken in greedy(model, prompts)]
    different = partings(model, prompts, ours, theirs)
    print(f"generation: {len(different)} of {len(prompts)} greedy answers differ")
    for parting in different:
        print(
            f"generation: question {parting.prompt + 1} parts at character {parting.said + 1}, "
            f"where the two logits are {parting.gap:.2g} apart"
        )


def as_the_course_has_it(model: GPT) -> course.Model:
    """The course's model with the weights of ours."""
    c = model.config
    settings = course.Settings(c.layers, c.heads, c.width, c.block_size, c.dropout)
    theirs = course.Model(c.vocabulary_size, settings)
    state: dict[str, Tensor] = theirs.state_dict()  # of the masks, which are no parameters
    for name, tensor in model.state_dict().items():
        state[name.replace("norm", "ln")] = tensor.view(state[name.replace("norm", "ln")].shape)
    theirs.load_state_dict(state)
    return theirs.eval()


@torch.inference_mode()
def one_at_a_time(model: course.Model, prompt: list[int]) -> list[int]:
    """The course's `sample`: 32 greedy characters, all positions computed again for each.

    What the course would then cut off behind the first MASK is left out.
    """
    ids = torch.tensor([prompt], device=next(model.parameters()).device)
    for _ in range(ANSWER_LENGTH):
        hidden = model.tokens(ids) + model.positions[:, : ids.size(1)]
        probabilities = model.head(model.ln(model.blocks(hidden)))[:, -1].softmax(-1)
        ids = torch.cat([ids, probabilities.topk(1).indices], dim=1)
    said = ids[0, len(prompt) :].tolist()
    return said[: said.index(MASK_ID) + 1] if MASK_ID in said else said
