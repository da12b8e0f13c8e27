"""The question pairs as the course's NameDataset makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gpt import dataset as command
from gpt.corpus import Pair
from gpt.dataset import NameDataset
from gpt.vocabulary import MASK, PAD, Vocabulary
from reports.record import InputError

# The first two examples that the course's docstring and the handout's command show.
EXAMPLES = [
    ("Where was Khatchig Mouradian born?", "Lebanon"),
    ("Where was Jacob Henry Studer born?", "Columbus"),
]
VOCABULARY = Vocabulary.of_text("".join(q + p for q, p in EXAMPLES) + "áz")


def pairs(*examples: tuple[str, str]) -> list[Pair]:
    return [Pair(question, place, line) for line, (question, place) in enumerate(examples, start=1)]


@pytest.mark.parametrize(("question", "place"), EXAMPLES)
def test_x_and_y_are_those_of_the_course(question: str, place: str) -> None:
    x, y = NameDataset(VOCABULARY, pairs((question, place)))[0]
    written = f"{question}{MASK}{place}{MASK}".ljust(128, PAD)
    assert x.shape == y.shape == (127,)
    assert x.dtype == y.dtype == torch.long
    assert VOCABULARY.decode(x.tolist()) == written[:-1]
    assert VOCABULARY.decode(y.tolist()) == PAD * (len(question) - 1) + written[len(question) :]
    assert VOCABULARY.decode(y.tolist()).index(MASK) == len(question) - 1 == 33


def test_examples_are_not_changed_by_reading_them() -> None:
    names = NameDataset(VOCABULARY, pairs(*EXAMPLES))
    first = [part.tolist() for part in names[0]]
    names[0][1].fill_(5)
    assert [part.tolist() for part in names[0]] == first
    assert len(names) == 2


def test_other_characters_are_dropped_from_training_pairs_as_the_course_does() -> None:
    given = pairs(("Where was áz born?", "Lábno"))
    dropped = NameDataset(VOCABULARY, given)[0][0]
    kept = NameDataset(VOCABULARY, given, ascii_only=False)[0][0]
    assert VOCABULARY.decode(dropped.tolist()).startswith("Where was z born?⁇Lbno⁇□")
    assert VOCABULARY.decode(kept.tolist()).startswith("Where was áz born?⁇Lábno⁇□")


def test_a_pair_of_the_blocks_length_fits_and_one_character_more_does_not() -> None:
    question = "W" * 126 + "?"
    with pytest.raises(InputError, match=r"^a.tsv:1: .* needs 130 characters .* block's 128$"):
        NameDataset(VOCABULARY, pairs((question, "a")), source=Path("a.tsv"))
    with pytest.raises(InputError, match="needs 129 characters"):
        NameDataset(VOCABULARY, pairs((question[1:], "a")))
    x, y = NameDataset(VOCABULARY, pairs((question[2:], "a")))[0]
    assert VOCABULARY.decode(y.tolist()) == PAD * 124 + MASK + "a" + MASK
    assert PAD not in VOCABULARY.decode(x.tolist())


def test_an_unknown_character_is_refused_by_file_and_line() -> None:
    given = pairs(*EXAMPLES, ("Where was Q born?", "a"))
    with pytest.raises(InputError, match=r"^a.tsv:3: character 'Q' of 'Where was Q born"):
        NameDataset(VOCABULARY, given, source=Path("a.tsv"))


def test_a_question_without_place_is_refused() -> None:
    with pytest.raises(InputError, match=r"^a.tsv:7: no tab"):
        NameDataset(VOCABULARY, [Pair("Where?", None, 7)], source=Path("a.tsv"))


def test_the_command_prints_examples(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["namedata"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"data has {len((folder / 'wiki.txt').read_text())} characters")
    assert lines[1].startswith("x: Where was Ada Moss J born?⁇Oslo⁇□")
    assert lines[2].startswith("y: □□□□□□□□□□□□□□□□□□□□□□□□□⁇Oslo⁇□")
    assert len(lines) == 1 + 2 * 4
    assert {len(line) for line in lines[1:]} == {len("x: ") + 127}
    assert command.main(["charcorruption", "--examples", "99"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 2 * 25  # every document once, where there are fewer than asked for
    for x, y in zip(lines[1::2], lines[2::2], strict=True):
        assert x[4:] == y[3:-1]
        assert x.count(MASK) == 2
