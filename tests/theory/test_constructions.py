"""The table of constructions: numpy and 50-digit arithmetic stay within every proved bound."""

from __future__ import annotations

import dataclasses

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from jaxtyping import Float

from theory.constructions import Construction, constructions

CASES = [case for seed in (0, 1, 2) for case in constructions(seed)]
ROUNDING = 1e-13
each = pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)


def outputs(case: Construction) -> Float[np.ndarray, "m d"]:
    """Softmax attention in numpy, heads averaged."""
    scores = case.queries @ case.keys.T
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    rows = weights / weights.sum(axis=1, keepdims=True) @ case.values
    averaged: np.ndarray = rows.reshape(-1, case.heads, rows.shape[1]).mean(axis=1)
    return averaged


def errors(case: Construction) -> Float[np.ndarray, " m"]:
    distances: np.ndarray = np.linalg.norm(outputs(case) - case.target, axis=1)
    return distances


@each
def test_the_bound_holds_in_float64(case: Construction) -> None:
    assert case.bound.shape == (len(case.target),)
    assert np.all(errors(case) <= case.bound + ROUNDING)
    assert np.all(case.bound < np.linalg.norm(case.target, axis=1) / 10), "the bound says something"


@each
def test_the_bound_holds_with_fifty_digits(case: Construction) -> None:
    with mpmath.workdps(50):
        queries, keys, values, target = (
            mpmath.matrix(a.tolist()) for a in (case.queries, case.keys, case.values, case.target)
        )
        scores = queries * keys.T
        powers = scores.apply(mpmath.exp)
        for row in range(target.rows):
            heads = range(row * case.heads, (row + 1) * case.heads)
            weights = mpmath.zeros(1, keys.rows)
            for h in heads:
                weights += powers[h, :] / mpmath.fsum(powers[h, :]) / case.heads
            distance = mpmath.norm(weights * values - target[row, :])
            assert distance <= mpmath.mpf(float(case.bound[row])) + ROUNDING


EXACT = ("averaging", "subset", "two heads", "identity", "key, query, value")


@each
def test_an_exact_error_is_met_and_not_just_bounded(case: Construction) -> None:
    if case.name in EXACT:
        assert errors(case) == pytest.approx(case.bound, abs=ROUNDING)


@pytest.mark.parametrize("factor", [0.5, 1 / np.sqrt(8)], ids=["half the gain", "1/sqrt(d)"])
@each
def test_a_weaker_query_breaks_the_bound(case: Construction, factor: float) -> None:
    """The bounds belong to scores without 1/√d: a warmer softmax must be noticed."""
    weaker = dataclasses.replace(case, queries=case.queries * factor)
    assert np.any(errors(weaker) > case.bound + ROUNDING)
