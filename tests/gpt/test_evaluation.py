"""Scores, intervals and the London baseline."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from gpt import london_baseline
from gpt.corpus import Pair
from gpt.evaluation import Answers, ask, count, practical_line
from gpt.generation import Answer
from gpt.model import GPT
from gpt.vocabulary import Vocabulary
from reports.record import BaselineRecord, InputError, read

Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution


@pytest.mark.parametrize(("correct", "n"), [(0, 1), (1, 1), (0, 500), (125, 500), (7, 8)])
def test_the_interval_is_wilsons(correct: int, n: int) -> None:
    """Wilson 1927: the p with |p̂ − p| ≤ z √(p(1 − p)/n), in closed form."""
    share = correct / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    found = count([True] * correct + [False] * (n - correct))
    assert (found.n, found.correct, found.accuracy) == (n, correct, share)
    assert found.interval == pytest.approx((middle - half, middle + half), abs=1e-12)


@pytest.mark.parametrize(
    ("correct", "line"),
    [
        (125, "Correct: 125.0 out of 500.0: 25.0%"),
        (25, "Correct: 25.0 out of 500.0: 5.0%"),
        (0, "Correct: 0.0 out of 500.0: 0.0%"),
        (35, "Correct: 35.0 out of 500.0: 7.000000000000001%"),  # as the course's code prints it
    ],
)
def test_the_line_is_the_practicals(correct: int, line: str) -> None:
    assert practical_line(count([True] * correct + [False] * (500 - correct))) == line


def test_only_an_exact_answer_is_right(tmp_path: Path) -> None:
    said = ["Oslo", "Osl", "oslo", "Oslo ", " Oslo", ""]
    pairs = [Pair(f"Where was {i} born?", "Oslo", i) for i in range(len(said))]
    found = Answers(pairs, [Answer(text, 0.5, True) for text in said], 0)
    assert found.right == [True, False, False, False, False, False]
    found.write_predictions(tmp_path / "predictions")
    assert (tmp_path / "predictions").read_bytes().decode().split("\n") == [*said, ""]
    found.write_table(tmp_path / "table.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "table.jsonl").read_text().splitlines()]
    assert [row["answer"] for row in rows] == said
    assert rows[0] == {
        "question": "Where was 0 born?", "gold": "Oslo", "answer": "Oslo", "correct": True,
        "probability": 0.5,
    }  # fmt: skip


# ---------------------------------------------------------------------------------- asking


def test_unknown_characters_are_counted_and_the_question_is_answered(
    tiny: Callable[..., GPT], vocabulary: Vocabulary
) -> None:
    model = tiny("vanilla", len(vocabulary))
    pairs = [Pair("Where was Łódź Żak born?", "Oslo", 1), Pair("Where was Bo born?", "Rome", 2)]
    known = [Pair("Where was d ak born?", "Oslo", 1), pairs[1]]
    found = ask(model, vocabulary, pairs, Path("dev.tsv"))
    assert found.unknown_characters == 4
    assert found.answers == ask(model, vocabulary, known, Path("dev.tsv")).answers
    assert found.pairs == pairs


def test_a_question_must_leave_room_for_an_answer(
    tiny: Callable[..., GPT], vocabulary: Vocabulary
) -> None:
    """The question, MASK, one character and the MASK that ends the answer: 125 + 3 = 128."""
    model = tiny("vanilla", len(vocabulary))
    assert len(ask(model, vocabulary, [Pair("W" * 125, "Oslo", 1)], Path("dev.tsv")).answers) == 1
    long = [Pair("Where?", "Oslo", 1), Pair("W" * 126, "Oslo", 2)]
    with pytest.raises(InputError, match=r"^dev.tsv:2: .* 126 characters .* block of 128: 'WWW"):
        ask(model, vocabulary, long, Path("dev.tsv"))


# --------------------------------------------------------------------------------- baseline


def baseline(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert london_baseline.main(list(arguments)) == 0
    return capsys.readouterr().out


def test_the_baseline_answers_london(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = "Correct: 2.0 out of 8.0: 25.0%\n"
    assert baseline(capsys) == wanted
    assert baseline(capsys, "--eval_corpus_path", "birth_places_train.tsv").startswith(
        "Correct: 4.0 out of 16.0"
    )
    (folder / "birth_dev.tsv").write_text("Where was A born?\tLondon, Ontario\n")
    assert baseline(capsys) == "Correct: 0.0 out of 1.0: 0.0%\n"


def test_the_baselines_record_holds_the_most_frequent_place_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "birth_places_train.tsv").open("a") as file:
        file.write("Where was Z born?\tRome\nWhere was Y born?\tOslo\n")
    baseline(capsys, "--record", "baseline.json")
    record = read(folder / "baseline.json", BaselineRecord)
    assert record.most_frequent_place == "Oslo"  # as frequent as Rome, and before it
    assert (record.london.correct, record.most_frequent.correct, record.london.n) == (2, 2, 8)
    assert len(record.provenance.inputs) == 2


@pytest.mark.parametrize("file", ["birth_dev.tsv", "birth_places_train.tsv"])
def test_the_baseline_needs_places(folder: Path, file: str) -> None:
    (folder / file).write_text("Where was A born?\n")
    with pytest.raises(InputError, match=f"^{file}: no places to compare with"):
        london_baseline.main(["--record", "baseline.json"])
    assert not (folder / "baseline.json").exists()


def test_the_practicals_baseline_is_five_per_cent(
    practical: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = (practical / "birth_dev.tsv").read_bytes()
    copies = {
        "as it is": raw,
        "CRLF": raw.replace(b"\n", b"\r\n"),
        "mark": b"\xef\xbb\xbf" + raw,
        "no final newline": raw.removesuffix(b"\n"),
    }
    for name, content in copies.items():
        (tmp_path / name).write_bytes(content)
        printed = baseline(capsys, "--eval_corpus_path", str(tmp_path / name))
        assert printed == "Correct: 25.0 out of 500.0: 5.0%\n", name
