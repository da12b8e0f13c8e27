"""Merged moments against rational arithmetic, on data that are hard to sum.

The bounds (1) and (2) of simulate/tallies/moments.py hold for every block size and every tree of
merges; formulas that are known to be worse break them.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from simulate.tallies import Moments

UNIT = 2.0**-53
"""Unit roundoff u of float64, rounding to nearest."""


def depth(size: int) -> int:
    """Additions that any of `size` values passes through in numpy's pairwise sum.

    Up to 128 values are summed in eight columns of at most 16: 15 additions, 3 to join the columns
    and 7 for those left over. Longer arrays are halved, at multiples of eight, until they are so
    short.
    """
    return 25 + math.ceil(math.log2(max(1.0, size / 64)))


def mean_error(size: int, merges: int, largest: float) -> float:
    """Bound (1): how far from the exact mean the computed one can be, in the unit of the values.

    size: values in a block; merges: how many merges a block passes through at most, for blocks
    added one after the other the number of blocks less one; largest: greatest |value|
    """
    roundings = depth(size) + 2 + 8 * merges
    assert roundings * UNIT <= 1e-3
    return roundings * UNIT * largest


def squares_error(size: int, merges: int, largest: float, deviation: float) -> float:
    """Bound (2): relative error of the computed sum of squares.

    deviation: σ, the root of the exact sum of squares over the number of values
    """
    r = mean_error(size, merges, largest) / deviation
    k = depth(size) + 2 * merges + 6
    gamma = k * UNIT / (1 - k * UNIT)
    return gamma + (1 + gamma) * (2 * r * math.sqrt(merges) + (1 + merges) * r * r)


RNG = np.random.default_rng(41)
HOSTILE = {
    "far from 0": RNG.normal(1e6, 1.0, 3000),
    "farther": RNG.normal(1e9, 1e-3, 3000),
    "two clusters": np.where(RNG.random(3000) < 0.5, 1e8, 1e8 + 1) + RNG.normal(0, 1e-6, 3000),
    "all scales": RNG.normal(0, 1, 3000) * 10.0 ** RNG.integers(-12, 12, 3000),
    "ascending": np.linspace(1e5, 1e5 + 1, 3000),
    "cancelling": np.ravel([[x, -x * (1 - 1e-12)] for x in RNG.normal(0, 1e8, 1500)]),
}
Tree = Callable[[list[Moments]], tuple[Moments, int]]


def in_a_row(parts: list[Moments]) -> tuple[Moments, int]:
    return functools.reduce(lambda one, other: one + other, parts), len(parts) - 1


def from_the_end(parts: list[Moments]) -> tuple[Moments, int]:
    return functools.reduce(lambda one, other: other + one, reversed(parts)), len(parts) - 1


def balanced(parts: list[Moments]) -> tuple[Moments, int]:
    if len(parts) == 1:
        return parts[0], 0
    one, m = balanced(parts[: len(parts) // 2])
    other, k = balanced(parts[len(parts) // 2 :])
    return one + other, 1 + max(m, k)


TREES: list[Tree] = [in_a_row, from_the_end, balanced]


@functools.cache
def exact(name: str) -> tuple[Fraction, Fraction]:
    """Mean and sum of squares of the float64 values, without rounding."""
    values = [Fraction(float(x)) for x in HOSTILE[name]]
    mean = sum(values, Fraction(0)) / len(values)
    return mean, sum(((x - mean) ** 2 for x in values), Fraction(0))


def assert_within_bounds(name: str, size: int, tree: Tree) -> tuple[float, float]:
    """The errors as shares of their bounds, which they must not exceed."""
    values = HOSTILE[name]
    starts = range(0, len(values), size)
    total, merges = tree([Moments.of(values[start : start + size]) for start in starts])
    mean, squares = exact(name)
    largest, deviation = float(np.abs(values).max()), math.sqrt(squares / len(values))
    off_mean = abs(Fraction(total.mean) - mean) / Fraction(mean_error(size, merges, largest))
    allowed = Fraction(squares_error(size, merges, largest, deviation)) * squares
    off_squares = abs(Fraction(total.squares) - squares) / allowed
    assert off_mean <= 1
    assert off_squares <= 1
    return float(off_mean), float(off_squares)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("size", [1, 7, 100, 1000, 3000])
@pytest.mark.parametrize("name", HOSTILE)
def test_rounding_stays_within_the_stated_bounds(name: str, size: int, tree: Tree) -> None:
    assert_within_bounds(name, size, tree)


def test_the_bounds_are_not_idle() -> None:
    """Where nothing is merged the worst data come within a factor of 1000 of each bound."""
    shares = [assert_within_bounds(name, 3000, in_a_row) for name in HOSTILE]
    assert max(mean for mean, _ in shares) > 1e-3
    assert max(squares for _, squares in shares) > 1e-3


def test_a_difference_of_squares_breaks_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: Σx² - n·mean², the formula of the textbooks."""

    def of(values: np.ndarray) -> Moments:
        mean = float(values.mean())
        return Moments(len(values), 0, mean, float((values**2).sum() - len(values) * mean**2))

    monkeypatch.setattr(Moments, "of", staticmethod(of))
    with pytest.raises(AssertionError):
        assert_within_bounds("farther", 3000, in_a_row)


def test_a_merge_of_plain_means_breaks_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: squares are added, and what lies between the means is forgotten."""

    def add(self: Moments, other: Moments) -> Moments:
        n = self.trials + other.trials
        mean = (self.trials * self.mean + other.trials * other.mean) / n
        return Moments(n, 0, mean, self.squares + other.squares)

    monkeypatch.setattr(Moments, "__add__", add)
    with pytest.raises(AssertionError):
        assert_within_bounds("ascending", 100, in_a_row)


def test_values_one_by_one_are_welfords_update() -> None:
    values = HOSTILE["far from 0"][:200]
    mean = squares = 0.0
    total = Moments.none()
    for k, x in enumerate(values.tolist(), start=1):
        mean, before = mean + (x - mean) / k, mean
        squares += (x - before) * (x - mean)
        total += Moments.of(np.array([x]))
    assert total.mean == pytest.approx(mean, rel=200 * UNIT)
    assert total.squares == pytest.approx(squares, rel=1e-9)


def assert_variance_without_bias() -> None:
    """Over all 3⁴ samples of four values from {0, 1, 3} the variance is right on average: 14/9."""
    samples = list(itertools.product([0.0, 1.0, 3.0], repeat=4))
    found = [Moments.of(np.array(sample)).variance() for sample in samples]
    assert math.fsum(found) / len(samples) == pytest.approx(14 / 9, rel=1e-12)


def test_the_variance_has_no_bias() -> None:
    assert_variance_without_bias()
    assert math.isnan(Moments.of(np.ones(1)).variance())


def test_n_for_n_minus_1_has_a_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Moments, "variance", lambda self: self.squares / self.trials)
    with pytest.raises(AssertionError):
        assert_variance_without_bias()


def pairwise_depth(n: int) -> int:
    """Additions on the longest way through numpy's pairwise sum of n values, counted on its code.

    numpy/_core/src/umath/loops_utils.h.src: eight accumulators below 129 values, else two halves,
    the first a multiple of eight long.
    """
    if n < 8:
        return n
    if n <= 128:
        return (n // 8 - 1) + 3 + n % 8
    half = n // 2 - n // 2 % 8
    return 1 + max(pairwise_depth(half), pairwise_depth(n - half))


def test_the_depth_of_numpys_sum_is_not_understated() -> None:
    sizes = [*range(1, 3000), 2**13, 2**16 + 5, 10**6, 10**8 + 7]
    assert all(pairwise_depth(n) <= depth(n) for n in sizes)
