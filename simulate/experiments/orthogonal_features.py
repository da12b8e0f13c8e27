"""Question 3h: orthogonal directions and what they gain."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulate.experiment import Experiment, exactly, number
from simulate.experiments.feature_variance import kernel
from simulate.experiments.random_features import APART, TOTAL
from simulate.feature_moments import orthogonal_draws, orthogonal_pair
from simulate.features import POSITIVE, D, estimates, orthogonal, pair, products
from simulate.samplers import Draw
from simulate.statistics import Range, UnboundedMean

if TYPE_CHECKING:
    from jaxtyping import Float

LONGER = 1.0
"""‖x + y‖ where the covariance is to be seen."""

PLANE = 2
"""The dimension in which the error is known exactly."""

REST = 2
"""Directions beyond one complete block."""


def experiments(alpha: float) -> list[Experiment]:
    """Series, covariance and errors; noise of variance `alpha` plays no part."""
    return [_series(), _covariance(), _plane(), _complete(), _share(), _blocks()]


def _series() -> Experiment:
    law = "orthogonal_series.largest_overlap"
    return Experiment(
        key="performer.orthogonal_series",
        claim="performer.orthogonal_series",
        question="3h",
        title=r"mean of $(\omega_1^\top e)^2 (\omega_2^\top e)^2$ for two orthogonal directions "
        "and a unit vector $e$",
        law=law,
        parameters={"dimension": D},
        measure=_squares_along,
        check=UnboundedMean(
            exactly(law, D),
            lambda: 9 * D * (D + 2) / ((D + 4) * (D + 6)) - (D / (D + 2)) ** 2,
        ),
    )


def _covariance() -> Experiment:
    """In the plane, and for longer z than elsewhere: there the bound is farthest from 0."""
    law = "orthogonal_series.covariance"
    return Experiment(
        key="performer.orthogonal_covariance",
        claim="performer.orthogonal_covariance",
        question="3h",
        title="covariance of the estimates of two orthogonal directions in the plane: at most",
        law=law,
        parameters={"total": LONGER, "apart": APART, "dimension": PLANE},
        measure=_product_of_deviations,
        check=UnboundedMean(
            lambda: (-math.inf, number(law, LONGER, APART, PLANE)),
            lambda: orthogonal_pair(LONGER, APART, PLANE)[1],
        ),
    )


def _plane() -> Experiment:
    law = "orthogonal_limits.plane_error"
    return _error(
        law,
        "orthogonal_plane",
        "mean squared error of two orthogonal directions in the plane",
        {"draws": PLANE, "dimension": PLANE},
        exactly(law, TOTAL, APART),
    )


def _complete() -> Experiment:
    law = "orthogonal_features.orthogonal_error"
    return _error(
        law,
        "orthogonal",
        "mean squared error of as many orthogonal directions as dimensions: at most",
        {"draws": D, "dimension": D},
        lambda: (-math.inf, number(law, TOTAL, APART, D, D)),
    )


def _share() -> Experiment:
    law = "orthogonal_limits.share"

    def least() -> float:
        independent = number("feature_variance.positive_error", TOTAL, APART, D)
        return number(law, TOTAL, D, D) * independent

    return _error(
        law,
        "orthogonal_share",
        "mean squared error of as many orthogonal directions as dimensions: at least",
        {"draws": D, "dimension": D},
        lambda: (least(), math.inf),
    )


def _blocks() -> Experiment:
    law = "orthogonal_features.block_error"
    return _error(
        law,
        "orthogonal_blocks",
        "mean squared error of one orthogonal block and a part of another: at most",
        {"draws": D + REST, "dimension": D},
        lambda: (-math.inf, number(law, TOTAL, APART, 1, REST, D)),
    )


def _error(
    law: str, name: str, title: str, drawn: dict[str, int], bounds: Callable[[], Range]
) -> Experiment:
    """drawn: how many directions, and in how many dimensions."""
    draws, d = drawn.values()
    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question="3h",
        title=title,
        law=law,
        parameters={"total": TOTAL, "apart": APART, **drawn},
        measure=partial(_squared_errors, draws, d),
        check=UnboundedMean(bounds, lambda: orthogonal_draws(TOTAL, APART, draws, d).of_square),
    )


def _squares_along(draw: Draw) -> Float[np.ndarray, " trials"]:
    """e has equal coordinates."""
    directions = orthogonal(draw.generator(), draw.trials, 2)
    return (directions.sum(axis=2) ** 2 / D).prod(axis=1)


def _product_of_deviations(draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = orthogonal(draw.generator(), draw.trials, 2, PLANE)
    found = products(POSITIVE.features, pair(LONGER, APART, PLANE), directions)
    return (found - kernel(LONGER, APART)).prod(axis=1)


def _squared_errors(draws: int, d: int, draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = orthogonal(draw.generator(), draw.trials, draws, d)
    found = estimates(POSITIVE.features, pair(TOTAL, APART, d), directions)
    return (found - kernel(TOTAL, APART)) ** 2
