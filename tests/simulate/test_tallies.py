"""Merging tallies of parts gives the tally of the whole; numpy, torch and JSON agree on it."""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from simulate.tallies import (
    Count,
    Cumulative,
    Greatest,
    Histogram,
    Moments,
    Tally,
    from_json,
    indicator,
    to_json,
)

VALUES = np.random.default_rng(5).normal(1e6, 1.0, 1000)
EDGES = np.quantile(VALUES, [0.1, 0.5, 0.9])
CUTS = ([0, 1000], [0, 1, 1000], [0, 300, 300, 999, 1000])
KINDS: dict[str, Callable[[Any], Tally]] = {
    "Count": lambda values: Count.of(indicator(values > 1e6, values)),
    "Cumulative": lambda values: Cumulative.of(values, EDGES),
    "Histogram": lambda values: Histogram.of(values, EDGES),
    "Moments": Moments.of,
    "Greatest": Greatest.of,
}


def same(one: Tally, other: Tally) -> bool:
    return type(one) is type(other) and all(
        np.array_equal(value, getattr(other, name)) for name, value in vars(one).items()
    )


@pytest.mark.parametrize("cuts", CUTS)
def test_moments_merge(cuts: list[int]) -> None:
    total = Moments.none()
    for start, stop in itertools.pairwise(cuts):
        total += Moments.of(VALUES[start:stop])
    assert total.trials == 1000
    assert total.mean == pytest.approx(VALUES.mean(), rel=1e-14)
    assert total.variance() == pytest.approx(VALUES.var(ddof=1), rel=1e-8)


@pytest.mark.parametrize("cuts", CUTS)
def test_counts_and_extremes_merge(cuts: list[int]) -> None:
    parts = [VALUES[a:b] for a, b in itertools.pairwise(cuts)]
    at_most, hits, greatest = Cumulative.of(VALUES[:0], EDGES), Count(0, 0, 0), -np.inf
    histogram = Histogram.of(VALUES[:0], EDGES)
    for part in parts:
        at_most += Cumulative.of(part, EDGES)
        histogram += Histogram.of(part, EDGES)
        hits += Count.of(part > 1e6)
        greatest = max(greatest, Greatest.of(part).value)
    assert at_most.at_most.tolist() == [(edge >= VALUES).sum() for edge in EDGES]
    inside = np.histogram(VALUES, EDGES)[0].tolist()
    assert histogram.counts.tolist() == [100, *inside, 100]
    assert hits == Count(1000, 0, int((VALUES > 1e6).sum()))
    assert greatest == VALUES.max()


def test_values_at_an_edge_count_as_at_most_it() -> None:
    values = np.array([0.0, 0.5, 1.0, 1.5])
    edges = np.array([0.5, 1.0])
    assert Cumulative.of(values, edges).at_most.tolist() == [2, 3]
    assert Histogram.of(values, edges).counts.tolist() == [2, 1, 1]


def test_a_histogram_counts_all_that_is_a_number() -> None:
    edges = np.array([0.0, 1.0, 3.0])
    found = Histogram.of(np.array([-5.0, 0.5, 1.5, 2.5, 9.0, np.nan, 2.0, 1.2]), edges)
    assert found.counts.tolist() == [1, 1, 4, 1]
    assert (found.trials, found.invalid) == (7, 1)


def test_what_is_no_number_is_invalid_and_nothing_else() -> None:
    spoilt = np.array([1.0, np.nan, 0.0, np.inf])
    assert Count.of(spoilt) == Count(2, 2, 1)
    assert Moments.of(spoilt) == Moments(2, 2, 0.5, 0.5)
    assert Greatest.of(spoilt) == Greatest(2, 2, 1.0)
    assert Greatest.of(np.array([1.0, -np.inf])) == Greatest(1, 1, 1.0)
    assert Cumulative.of(spoilt, np.array([0.5])).invalid == 2
    assert (Count.of(spoilt) + Count.of(spoilt)).invalid == 4


def test_what_is_neither_0_nor_1_does_not_say_whether_an_event_happened() -> None:
    assert Count.of(np.array([0.0, 0.5, 1.0, -1.0, 2.0])) == Count(2, 3, 1)


def test_an_event_is_a_value_of_0_or_1() -> None:
    happened = np.array([1.0, 0.0, 0.0, 1.0, 1.0, np.nan])
    direct, counted = Moments.of(happened), Moments.of_count(Count.of(happened))
    assert (direct.trials, direct.invalid) == (counted.trials, counted.invalid) == (5, 1)
    assert (direct.mean, direct.squares) == pytest.approx((counted.mean, counted.squares))
    assert Moments.of_count(Count(0, 3, 0)) == Moments(0, 3, 0.0, 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spoilt", [False, True])
def test_a_tensor_is_tallied_as_an_array_is(kind: str, spoilt: bool) -> None:
    """Counts and extremes alike to the last digit, sums up to the order of their terms."""
    values = np.append(VALUES, [np.nan, np.inf, -np.inf]) if spoilt else VALUES
    array, tensor = KINDS[kind](values), KINDS[kind](torch.from_numpy(values))
    if kind == "Moments":
        assert vars(array) == pytest.approx(vars(tensor), rel=1e-9)
    else:
        assert same(array, tensor)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
@pytest.mark.parametrize("kind", ["Cumulative", "Moments", "Greatest"])
def test_numbers_of_other_types_are_tallied_in_float64(kind: str, dtype: type) -> None:
    values: np.ndarray = (VALUES > 1e6).astype(dtype)
    expected = KINDS[kind](values.astype(float))
    assert same(KINDS[kind](values), expected)
    assert same(KINDS[kind](torch.from_numpy(values)), expected)


def test_numpy_values_need_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for tally in KINDS.values():
        assert tally(VALUES).trials == 1000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_tally_reads_back_from_json_exactly(kind: str, size: int) -> None:
    tally = KINDS[kind](VALUES[:size] / 3)
    saved = json.loads(json.dumps(to_json(tally), allow_nan=False))
    assert same(from_json(saved), tally)
    assert same(from_json(saved) + tally, tally + tally)


def test_infinite_sums_read_back_too() -> None:
    for value in (math.inf, -math.inf):
        saved = json.loads(json.dumps(to_json(Greatest(3, 1, value)), allow_nan=False))
        assert from_json(saved) == Greatest(3, 1, value)


@pytest.mark.parametrize(
    "saved",
    [{}, {"kind": "Tally"}, {"kind": "Count", "trials": 1, "invalid": 0}, {"trials": 1}],
)
def test_what_is_no_tally_is_refused(saved: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a tally"):
        from_json(saved)
