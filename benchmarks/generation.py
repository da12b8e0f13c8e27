"""Answering questions: the course's loop, one at a time, against the batched decoder."""

from __future__ import annotations

import torch

from benchmarks.measure import alternate, report
from gpt.corpus import find, read_documents, read_pairs
from gpt.generation import ANSWER_LENGTH, answer
from gpt.model import GPT, build
from gpt.recipe import PRACTICAL
from gpt.vocabulary import MASK, Vocabulary

QUESTIONS = 20
REPETITIONS = 2


@torch.inference_mode()
def one_at_a_time(model: GPT, vocabulary: Vocabulary, questions: list[str]) -> list[str]:
    """The course's `sample`: 32 greedy characters each, all positions computed again for each."""
    found = []
    for question in questions:
        ids = torch.tensor([vocabulary.encode(question + MASK)])
        for _ in range(ANSWER_LENGTH):
            ids = torch.cat([ids, model(ids)[:, -1].argmax(-1, keepdim=True)], dim=1)
        found.append(vocabulary.decode(ids[0].tolist()).split(MASK)[1].replace("\n", " "))
    return found


def run() -> None:
    """Questions a second of both, on an untrained model of the practical's size.

    An untrained model seldom ends its answers early, so this is the worst case of the second.
    """
    vocabulary = Vocabulary.of_text(read_documents(find("wiki.txt", "embedded")))
    pairs = read_pairs(find("birth_dev.tsv", "embedded"))[:QUESTIONS]
    questions = [pair.question for pair in pairs]
    model = build("vanilla", len(vocabulary), dropout=PRACTICAL.dropout).eval()
    batched = [a.text for a in answer(model, vocabulary, questions)]
    different = sum(
        a != b for a, b in zip(one_at_a_time(model, vocabulary, questions), batched, strict=True)
    )
    print(f"generation: {different} of {len(questions)} greedy answers differ")

    def course() -> float:
        return len(one_at_a_time(model, vocabulary, questions))

    def ours() -> float:
        return len(answer(model, vocabulary, questions))

    report(
        "generation",
        "questions",
        alternate({"one at a time": course, "batched": ours}, REPETITIONS),
    )
