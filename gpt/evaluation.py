"""Scoring answers: exact match, Wilson's interval, and the practical's one line of output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpt.corpus import Pair
from gpt.generation import Answer, answer
from gpt.model import GPT
from gpt.vocabulary import Vocabulary
from reports.record import Count, InputError, printable, write_text

ROOM = 2  # characters that a question must leave in the block: one of an answer, and MASK


def count(right: Sequence[bool]) -> Count:
    """The proportion of right answers with its 95 % interval (Wilson 1927)."""
    from scipy.stats import binomtest  # takes seconds to load, and training never needs it

    n, correct = len(right), sum(right)
    interval = binomtest(correct, n).proportion_ci(confidence_level=0.95, method="wilson")
    return Count(n, correct, correct / n, (float(interval.low), float(interval.high)))


def practical_line(result: Count) -> str:
    """The line that the practical's code prints, e.g. `Correct: 125.0 out of 500.0: 25.0%`."""
    return (
        f"Correct: {float(result.correct)} out of {float(result.n)}: "
        f"{result.correct / result.n * 100}%"
    )


@dataclass(frozen=True)
class Answers:
    """A model's answers to a list of questions; `unknown_characters` were left out of them."""

    pairs: list[Pair]
    answers: list[Answer]
    unknown_characters: int

    @property
    def right(self) -> list[bool]:
        """Whether each answer equals its place, character by character."""
        return [a.text == p.place for a, p in zip(self.answers, self.pairs, strict=True)]

    def write_table(self, path: Path) -> None:
        """One JSON object a line: question, gold, answer, correct, probability."""
        rows = [
            {
                "question": pair.question,
                "gold": pair.place,
                "answer": found.text,
                "correct": right,
                "probability": round(found.probability, 6),
            }
            for pair, found, right in zip(self.pairs, self.answers, self.right, strict=True)
        ]
        lines = (json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)
        write_text(path, "\n".join(lines) + "\n")

    def write_predictions(self, path: Path) -> None:
        """One answer a line, as the practical's code writes them."""
        write_text(path, "".join(a.text + "\n" for a in self.answers))


def ask(model: GPT, vocabulary: Vocabulary, pairs: list[Pair], path: Path) -> Answers:
    """Ask the questions of `pairs`, which were read from `path`.

    Raises: InputError naming file and line for a question that does not fit the block.
    """
    block = model.config.block_size
    questions, unknown = [], 0
    for pair in pairs:
        known = "".join(c for c in pair.question if c in vocabulary.stoi)
        unknown += len(pair.question) - len(known)
        if len(known) + 1 + ROOM > block:
            raise InputError(
                f"{path}:{pair.line}: the question has {len(known)} characters and leaves no room "
                f"for an answer in a block of {block}: {printable(known)!r:.60}"
            )
        questions.append(known)
    return Answers(pairs, answer(model, vocabulary, questions), unknown)
