"""Merging tallies of parts gives the tally of the whole, and numpy agrees."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from simulate.tallies import Count, Cumulative, Greatest, Moments

VALUES = np.random.default_rng(5).normal(1e6, 1.0, 1000)
CUTS = ([0, 1000], [0, 1, 1000], [0, 300, 300, 999, 1000])


@pytest.mark.parametrize("cuts", CUTS)
def test_moments_merge(cuts: list[int]) -> None:
    total = Moments.none()
    for start, stop in itertools.pairwise(cuts):
        total += Moments.of(VALUES[start:stop])
    assert total.trials == 1000
    assert total.mean == pytest.approx(VALUES.mean(), rel=1e-14)
    assert total.squares == pytest.approx(999 * VALUES.var(ddof=1), rel=1e-8)
    assert total.standard_error() == pytest.approx(VALUES.std(ddof=1) / 1000**0.5, rel=1e-8)


@pytest.mark.parametrize("cuts", CUTS)
def test_counts_and_extremes_merge(cuts: list[int]) -> None:
    edges = np.quantile(VALUES, [0.1, 0.5, 0.9])
    parts = [VALUES[a:b] for a, b in itertools.pairwise(cuts)]
    at_most, hits, greatest = Cumulative.of(VALUES[:0], edges), Count(0, 0, 0), -np.inf
    for part in parts:
        at_most += Cumulative.of(part, edges)
        hits += Count.of(part > 1e6)
        greatest = max(greatest, Greatest.of(part).value)
    assert at_most.at_most.tolist() == [(edge >= VALUES).sum() for edge in edges]
    assert hits == Count(1000, 0, int((VALUES > 1e6).sum()))
    assert greatest == VALUES.max()


def test_values_at_an_edge_count_as_at_most_it() -> None:
    assert Cumulative.of(np.array([0.0, 0.5, 1.0]), np.array([0.5])).at_most.tolist() == [2]


def test_what_is_no_number_is_invalid_and_nothing_else() -> None:
    spoilt = np.array([1.0, np.nan, 0.0, np.inf])
    assert Count.of(spoilt) == Count(2, 2, 1)
    assert Moments.of(spoilt) == Moments(2, 2, 0.5, 0.5)
    assert Greatest.of(spoilt) == Greatest(2, 2, 1.0)
    assert Cumulative.of(spoilt, np.array([0.5])).invalid == 2
    assert (Count.of(spoilt) + Count.of(spoilt)).invalid == 4
