"""Two sets of learning curves: Student's test at every epoch, with the false alarms it states."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, t, ttest_ind

from reports.learning_curves import compare

EPOCHS = 20


def drawn(rng: np.random.Generator, seeds: int, shift: float = 0.0) -> list[list[float]]:
    """Curves from 5 down to 1 with a spread of 0.01 nats between seeds."""
    mean = np.linspace(5, 1, EPOCHS) + shift
    curves: list[list[float]] = (mean + 0.01 * rng.standard_normal((seeds, EPOCHS))).tolist()
    return curves


def test_an_epoch_is_allowed_what_students_test_allows() -> None:
    rng = np.random.default_rng(0)
    first, second = drawn(rng, 3), drawn(rng, 4)
    found = compare(first, second, false_alarm=0.02)
    assert found is not None
    test = ttest_ind(second, first)
    error = np.array(found.differences) / test.statistic
    p = 2 * t.sf(np.array(found.allowed) / error, test.df)
    assert p == pytest.approx(0.02 / EPOCHS)
    assert (found.first, found.second) == (3, 4)


def test_equal_programs_alarm_as_seldom_as_stated() -> None:
    """300 pairs of equal programs at 5 %; more alarms than this have probability below 1e-6."""
    rng = np.random.default_rng(1)
    pairs = [compare(drawn(rng, 3), drawn(rng, 3), 0.05) for _ in range(300)]
    alarms = sum(found is not None and found.verdict == "contradicted" for found in pairs)
    assert 0 < alarms <= binom.isf(1e-6, 300, 0.05)


def test_a_difference_of_ten_spreads_is_seen_and_counted() -> None:
    rng = np.random.default_rng(2)
    first, second = drawn(rng, 3), drawn(rng, 3)
    same = compare(first, second)
    assert same is not None
    assert (same.verdict, same.outside) == ("consistent", 0)
    second = [[*curve[:-1], curve[-1] + 0.2] for curve in second]
    other = compare(first, second)
    assert other is not None
    assert (other.verdict, other.outside) == ("contradicted", 1)
    assert other.largest == pytest.approx(0.2, abs=0.04)


def test_one_seed_says_nothing_and_curves_of_two_lengths_are_refused() -> None:
    assert compare([[1.0]], [[1.0], [2.0]]) is None
    assert compare([], []) is None
    with pytest.raises(ValueError, match="different numbers of epochs"):
        compare([[1.0], [1.0]], [[1.0], [1.0, 2.0]])
