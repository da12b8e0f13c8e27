"""Answers and places never slip: each answer is scored by the question it was given to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gpt import evaluation
from gpt.corpus import Pair
from gpt.dataset import NameDataset
from gpt.evaluation import Answers, ask
from gpt.generation import Answer
from gpt.model import GPT
from gpt.vocabulary import MASK, Vocabulary
from reports.record import InputError

DEV = Path("dev.tsv")
NAMES = ("Ada", "Bo Ek", "Cy", "Flo Lim", "Gus Tan K", "Hal", "Ada")


def pairs(names: Sequence[str] = NAMES) -> list[Pair]:
    return [Pair(f"Where was {name} born?", f"in {name}", i) for i, name in enumerate(names, 1)]


def oracle(_: GPT, __: Vocabulary, questions: Sequence[str]) -> list[Answer]:
    """Answers every question rightly, as `pairs` has it."""
    names = (question.removeprefix("Where was ").removesuffix(" born?") for question in questions)
    return [Answer(f"in {name}", 1.0, True) for name in names]


def by_length(model: GPT, vocabulary: Vocabulary, questions: Sequence[str]) -> list[Answer]:
    """The false twin: leaves its answers in the order in which it decoded them."""
    return oracle(model, vocabulary, sorted(questions, key=len))


def a_row_late(model: GPT, vocabulary: Vocabulary, questions: Sequence[str]) -> list[Answer]:
    found = oracle(model, vocabulary, questions)
    return [*found[1:], found[0]]


def test_every_answer_meets_its_own_place(
    tiny: Callable[..., GPT], vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny("vanilla", len(vocabulary))
    for order in (pairs(), pairs()[::-1]):
        monkeypatch.setattr(evaluation, "answer", oracle)
        assert all(ask(model, vocabulary, order, DEV).right)
        for slipped in (by_length, a_row_late):
            monkeypatch.setattr(evaluation, "answer", slipped)
            assert not all(ask(model, vocabulary, order, DEV).right)


def test_a_models_answers_follow_their_questions_in_any_order(
    tiny: Callable[..., GPT], vocabulary: Vocabulary
) -> None:
    model = tiny("rope", len(vocabulary))
    straight = ask(model, vocabulary, pairs(), DEV).answers
    assert ask(model, vocabulary, pairs()[::-1], DEV).answers[::-1] == straight
    assert straight[0] == straight[-1]  # the question asked twice


@pytest.mark.parametrize("rows", [-1, 1])
def test_an_answer_too_few_or_too_many_is_never_scored(tmp_path: Path, rows: int) -> None:
    said = [Answer("in Ada", 1.0, True)] * (len(NAMES) + rows)
    found = Answers(pairs(), said, 0)
    with pytest.raises(ValueError, match="zip"):
        print(found.right)
    with pytest.raises(ValueError, match="zip"):
        found.write_table(tmp_path / "table.jsonl")
    assert not list(tmp_path.iterdir())


def test_a_quote_is_a_character_and_opens_nothing(tmp_path: Path) -> None:
    """As it would in a reader of CSV, which would swallow the lines up to the next one."""
    from gpt.corpus import read_pairs

    (tmp_path / "dev.tsv").write_text('Where was "Bo born?\tRome\nWhere was Cy born?\t"Oslo\n')
    read = read_pairs(tmp_path / "dev.tsv")
    assert [pair.place for pair in read] == ["Rome", '"Oslo']
    assert read[0].question == 'Where was "Bo born?'


def test_an_example_fills_the_block_to_the_last_character_and_no_further(
    vocabulary: Vocabulary,
) -> None:
    """`question MASK place MASK`: 127 and 128 characters are kept whole, 129 are refused."""
    exact = Pair("W" * 122, "Rome", 1)
    for pair in (replace(exact, question="W" * 121), exact):
        example = NameDataset(vocabulary, [pair], 128, DEV)
        x, y = example[0]
        text = vocabulary.decode([*x.tolist(), int(y[-1])]).rstrip("□")
        assert text == pair.question + MASK + "Rome" + MASK
    with pytest.raises(InputError, match=r"^dev\.tsv:1: .* needs 129 characters .* block's 128$"):
        NameDataset(vocabulary, [replace(exact, question="W" * 123)], 128, DEV)
