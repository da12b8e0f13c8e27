"""Comparisons against independent references: scipy's binomial test, brute-force counting."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from scipy import stats

from reports.comparison import mcnemar, most_frequent, outcome, paired, separation
from reports.shelf import Prediction


def prediction(
    correct: bool, probability: float = 0.5, answer: str = "A", question: str = "q"
) -> Prediction:
    return Prediction(1, answer, correct, probability, question, None)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (5, 0), (6, 0), (30, 15), (15, 30), (7, 7)])
def test_mcnemar_is_the_exact_binomial_test(b: int, c: int) -> None:
    first = [True] * b + [False] * c + [True, False]
    second = [False] * b + [True] * c + [True, False]
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (b, c)
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert found.p == pytest.approx(expected, rel=1e-12)


def test_mcnemar_refuses_lists_of_different_length() -> None:
    with pytest.raises(ValueError):
        mcnemar([True], [])


def test_only_the_same_questions_are_paired() -> None:
    right, wrong = prediction(True), prediction(False)
    assert paired([right], [wrong]) is not None
    assert paired([right], [prediction(False, question="another")]) is None
    assert paired([right], [wrong, wrong]) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((80, 100), (20, 100), "above"), ((20, 100), (80, 100), "below"),
        ((21, 100), (20, 100), "leaning above"), ((20, 100), (21, 100), "leaning below"),
        ((20, 100), (20, 100), "level"),
    ],
)  # fmt: skip
def test_outcome_follows_the_intervals(
    fake: Any, first: tuple[int, int], second: tuple[int, int], expected: str
) -> None:
    assert outcome(fake.count(*first), fake.count(*second)) == expected


def test_touching_intervals_do_not_separate(fake: Any) -> None:
    below, above = fake.count(20, 100), fake.count(60, 100)
    touching = type(above)(100, 60, 0.6, (below.interval[1], 0.7))
    assert outcome(touching, below) == "leaning above"


def test_separation_is_the_share_of_ordered_pairs() -> None:
    right, wrong = [0.9, 0.5, 0.5], [0.5, 0.1]
    found = separation([prediction(True, p) for p in right] + [prediction(False, p) for p in wrong])
    pairs = list(itertools.product(right, wrong))
    expected = sum(1.0 if r > w else 0.5 if r == w else 0.0 for r, w in pairs) / len(pairs)
    assert found == expected
    assert separation([prediction(True)]) is None


def test_ties_among_the_commonest_answers_are_alphabetical() -> None:
    answers = [prediction(False, answer=a) for a in "CABBCA" + "D"]
    assert most_frequent(answers, 3) == [("A", 2), ("B", 2), ("C", 2)]
