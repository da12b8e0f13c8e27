"""Question 3h: the error of random features against the number of directions."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.feature_moments import one_draw, orthogonal_draws
from simulate.ensembles.features import (
    HYPERBOLIC,
    POSITIVE,
    TRIGONOMETRIC,
    independent,
    orthogonal,
    pair,
    products,
)
from simulate.experiment import number
from simulate.experiments.feature_variance import FAR_APART, kernel
from simulate.experiments.random_features import TOTAL
from simulate.samplers import Draw
from simulate.statistics import UnboundedMean
from simulate.streams import SIZE
from simulate.tables.table import Run, Table
from simulate.tallies import Moments

if TYPE_CHECKING:
    from jaxtyping import Float

NEAR = 0.25
"""A length of x − y at which the kernel is above 1."""

D = 8
DRAWS = (1, 2, 4, 8, 16, 32)
BLOCKS = 8
RISK = 1e-6
FREE = {kind.name: kind for kind in (POSITIVE, HYPERBOLIC, TRIGONOMETRIC)}
ORTHOGONAL = "orthogonal"


@dataclass(frozen=True)
class Point:
    """A kind of features, or ORTHOGONAL; ‖x − y‖; and a number of directions."""

    features: str
    apart: float
    draws: int

    @property
    def law_is(self) -> str:
        return "bound" if self.features == ORTHOGONAL else "exact"

    @property
    def law(self) -> float:
        """Mean squared error over the square of the kernel, or the bound on it."""
        lengths = (TOTAL, self.apart)
        if self.features != ORTHOGONAL:
            error = number(f"feature_variance.{self.features}_error", *lengths, self.draws)
        elif self.draws <= D:
            error = number("orthogonal_features.orthogonal_error", *lengths, self.draws, D)
        else:
            blocks = divmod(self.draws, D)
            error = number("orthogonal_features.block_error", *lengths, *blocks, D)
        return error / kernel(*lengths) ** 2

    @cached_property
    def check(self) -> UnboundedMean:
        """For the interval about the measured error."""
        if self.features == ORTHOGONAL:
            spread = orthogonal_draws(TOTAL, self.apart, self.draws, D)
        else:
            spread = one_draw(FREE[self.features], TOTAL, self.apart).mean_of(self.draws)
        variance = spread.times(1 / kernel(TOTAL, self.apart)).of_square
        return UnboundedMean(lambda: (self.law, self.law), lambda: variance, BLOCKS * SIZE)


def table(run: Run) -> Table:
    """Mean squared errors over the square of the kernel, where it is small and where it is large.

    features: 'positive', 'hyperbolic' or 'trigonometric' of independent directions, or 'orthogonal'
    (positive, of directions in orthogonal blocks); a trial takes the first of the same directions
    for every number of draws; lower, upper: interval that misses the error with probability `risk`
    at most; law: the error ('exact') or what it does not exceed ('bound')
    """
    rows = []
    for apart in (FAR_APART, NEAR):
        for point, tally in _measured(run, apart).items():
            found = point.check.compare(tally, RISK)
            assert found.interval is not None
            place = (TOTAL, apart, kernel(TOTAL, apart), D, point.features, point.draws)
            measured = (tally.trials, found.observed, *found.interval, RISK)
            rows.append((*place, *measured, point.law_is, point.law))
    names = ("total", "apart", "kernel", "dimension", "features", "draws", "trials", "measured")
    return (*names, "lower", "upper", "risk", "law_is", "law"), rows


def _measured(run: Run, apart: float) -> dict[Point, Moments]:
    points = [Point(features, apart, m) for features in (*FREE, ORTHOGONAL) for m in DRAWS]
    found = {point: Moments.none() for point in points}
    for draw in run.draws(f"feature_error.apart{apart:g}", BLOCKS):
        estimated = _products(draw, apart)
        for point in points:
            estimates = estimated[point.features][:, : point.draws].mean(axis=1)
            errors = estimates / kernel(TOTAL, apart) - 1
            found[point] += point.check.tally(errors**2)
    return found


def _products(draw: Draw, apart: float) -> dict[str, Float[np.ndarray, "trials draws"]]:
    """What each direction alone estimates, by features."""
    rng, rows = draw.generator(), pair(TOTAL, apart, D)
    free = independent(rng, draw.trials, DRAWS[-1], D)
    found = {name: products(kind.features, rows, free) for name, kind in FREE.items()}
    bound = orthogonal(rng, draw.trials, DRAWS[-1], D)
    return {**found, ORTHOGONAL: products(POSITIVE.features, rows, bound)}
