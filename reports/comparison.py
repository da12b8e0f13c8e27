"""Comparing two models on the same questions, so that sentences of the report follow the data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reports.record import Count
from reports.shelf import Prediction

Outcome = Literal["above", "leaning above", "below", "leaning below", "level"]


@dataclass(frozen=True)
class Paired:
    """McNemar's exact test: `only_first` questions only the first model answered right, ...

    p: two-sided probability of so uneven a split if each discordant question were a fair coin.
    """

    only_first: int
    only_second: int
    p: float


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """McNemar's exact test on paired answers (Psychometrika 12, 1947; exact binomial form).

    Raises: ValueError if the two sequences differ in length.
    """
    pairs = list(zip(first, second, strict=True))
    b = sum(x and not y for x, y in pairs)
    c = sum(y and not x for x, y in pairs)
    tail = sum(math.comb(b + c, i) for i in range(min(b, c) + 1)) / 2 ** (b + c)
    return Paired(b, c, min(1.0, 2 * tail))


def paired(first: Sequence[Prediction], second: Sequence[Prediction]) -> Paired | None:
    """McNemar's test of two prediction lists, None unless they answer the same questions."""
    if not first or len(first) != len(second):
        return None
    if any(a.question != b.question for a, b in zip(first, second, strict=True)):
        return None
    return mcnemar([a.correct for a in first], [b.correct for b in second])


def outcome(first: Count, second: Count) -> Outcome:
    """Where the first proportion stands: 'above' or 'below' only if the intervals are disjoint."""
    if first.interval[0] > second.interval[1]:
        return "above"
    if first.interval[1] < second.interval[0]:
        return "below"
    if first.accuracy == second.accuracy:
        return "level"
    return "leaning above" if first.accuracy > second.accuracy else "leaning below"


def separation(predictions: Sequence[Prediction]) -> float | None:
    """Probability that a right answer carries a higher model probability than a wrong one.

    The area under the ROC curve, ties counted half; None if all answers are right or all wrong.
    """
    right = [p.probability for p in predictions if p.correct]
    wrong = [p.probability for p in predictions if not p.correct]
    if not right or not wrong:
        return None
    wins = sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
    return wins / (len(right) * len(wrong))


def most_frequent(predictions: Sequence[Prediction], count: int) -> list[tuple[str, int]]:
    """The `count` answers given most often, ties in alphabetical order."""
    tally = Counter(p.answer for p in predictions)
    return sorted(tally.items(), key=lambda item: (-item[1], item[0]))[:count]
