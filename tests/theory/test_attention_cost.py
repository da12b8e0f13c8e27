"""The counting loops give attention, and their counts are the laws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from reports.record import InputError
from theory.features.attention_cost import (
    causal_crossing,
    cost,
    exact_causal_cost,
    exact_cost,
    paired_crossing,
    speedup,
)
from theory.features.attention_loops import counted, exact_attention, performer_attention
from theory.performer import hyperbolic_features, positive_features

SIZES = list(itertools.product((1, 2, 7), (1, 3, 4), (1, 2, 5)))


def arrays(length: int, width: int, draws: int) -> list[np.ndarray]:
    random = np.random.default_rng(4)
    return [random.normal(0, 0.5, (n, width)) for n in (length, length, length, draws)]


@pytest.mark.parametrize("causal", [False, True])
def test_loops_are_attention(causal: bool) -> None:
    queries, keys, values, directions = arrays(6, 3, 4)
    mask = np.tril(np.ones((6, 6))) if causal else np.ones((6, 6))
    rows, _ = exact_attention(queries, keys, values, causal)
    assert rows == pytest.approx((np.exp(queries @ keys.T) * mask) @ values, rel=1e-12)
    for features, paired in ((positive_features, False), (hyperbolic_features, True)):
        table = (features(queries, directions) @ features(keys, directions).T) * mask
        rows, _ = performer_attention(queries, keys, values, directions, causal, paired)
        assert rows == pytest.approx(table @ values, rel=1e-12)


def test_a_column_of_ones_gives_the_row_sums() -> None:
    queries, keys, values, _ = arrays(5, 3, 1)
    with_ones = np.concatenate([values, np.ones((5, 1))], axis=1)
    rows, operations = exact_attention(queries, keys, with_ones)
    weights = np.exp(queries @ keys.T)
    weights /= weights.sum(axis=1, keepdims=True)
    assert rows[:, :-1] / rows[:, -1:] == pytest.approx(weights @ values, rel=1e-12)
    assert operations == 5 * 5 * (3 + 4)


@pytest.mark.parametrize(("length", "width", "draws"), SIZES)
def test_counts_are_the_laws(length: int, width: int, draws: int) -> None:
    assert counted(length, width) == exact_cost(length, width)
    assert counted(length, width, causal=True) == exact_causal_cost(length, width)
    for causal in (False, True):
        assert counted(length, width, draws, causal) == cost(length, draws, width)
        assert counted(length, width, draws, causal, paired=True) == 6 * length * draws * width
    ratio = counted(length, width) / counted(length, width, draws)
    assert speedup(length, draws) == pytest.approx(ratio, rel=1e-14)


@pytest.mark.parametrize("draws", [1, 2, 6])
def test_crossings_by_search(draws: int) -> None:
    """The least length at which exact attention costs at least as much."""

    def least(causal: bool, paired: bool) -> int:
        return next(
            length
            for length in range(1, 99)
            if counted(length, 2, causal=causal) >= counted(length, 2, draws, causal, paired)
        )

    assert least(causal=True, paired=False) == causal_crossing(draws)
    assert least(causal=False, paired=True) == paired_crossing(draws)
    assert speedup(least(causal=False, paired=False), draws) == 1


def test_counts_without_the_feature_maps_are_too_small() -> None:
    """The wrong twin of the cost: 2Lmd."""
    assert counted(7, 3, 5) != 2 * 7 * 5 * 3
    assert counted(7, 3, causal=True) != 7 * 6 * 3


def test_bad_input_is_named_at_once() -> None:
    with pytest.raises(InputError, match=r"keys must be .* shape \(2,\); values must be finite"):
        exact_attention(np.zeros((2, 1)), np.zeros(2), np.full((2, 1), np.inf))
    with pytest.raises(InputError, match=r"width must .* queries 1, keys 2; the number of rows"):
        exact_attention(np.zeros((2, 1)), np.zeros((2, 2)), np.zeros((3, 1)))
    rows = np.zeros((2, 1))
    with pytest.raises(InputError, match=r"the width must .*, directions 2$"):
        performer_attention(rows, rows, rows, np.zeros((1, 2)))
    with pytest.raises(InputError, match=r"length must be .*; dimension must be"):
        exact_cost(0, 0)
