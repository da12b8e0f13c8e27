"""Question 3h: orthogonal directions and what they gain."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.feature_moments import orthogonal_draws, orthogonal_pair
from simulate.ensembles.features import (
    HYPERBOLIC,
    POSITIVE,
    Case,
    D,
    Kind,
    estimates,
    orthogonal,
    pair,
    products,
)
from simulate.experiment import Experiment, exactly, number
from simulate.experiments.feature_variance import kernel
from simulate.experiments.random_features import APART, TOTAL
from simulate.samplers import Draw
from simulate.statistics import Range, UnboundedMean

if TYPE_CHECKING:
    from jaxtyping import Float

SHORTER, LONGER = 0.5, 1.0
"""‖x + y‖ where the covariance is to be seen from below and from above."""

PLANE = 2
"""The dimension in which the error is known exactly."""

REST = 2
"""Directions beyond one complete block."""


def experiments(alpha: float) -> list[Experiment]:
    """Series, covariance and errors; noise of variance `alpha` plays no part."""
    case = Case(TOTAL, APART, draws=D)
    beyond = replace(case, draws=D + REST)
    bounds = [at_most(case), at_least(case), _least_covariance(), blocks(beyond)]
    return [_series(), _covariance(), _plane(), *bounds]


def _series() -> Experiment:
    law = "orthogonal_series.largest_overlap"
    return Experiment(
        key="performer.orthogonal_series",
        claim="performer.orthogonal_series",
        question="3h.4",
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
        question="3h.4",
        title="covariance of the estimates of two orthogonal directions in the plane: at most",
        law=law,
        parameters={"total": LONGER, "apart": APART, "dimension": PLANE},
        measure=partial(_product_of_deviations, POSITIVE, LONGER),
        check=UnboundedMean(
            lambda: (-math.inf, number(law, LONGER, APART, PLANE)),
            lambda: orthogonal_pair(LONGER, APART, PLANE)[1],
        ),
    )


def _least_covariance() -> Experiment:
    """The share of the error, as two orthogonal directions in the plane have it.

    Of m = 2 estimates it is 1 + covariance/variance. Hyperbolic features have the same covariance
    as positive ones, but products that spread far less.
    """
    law = "orthogonal_limits.share"

    def least() -> float:
        error = number("feature_variance.positive_error", SHORTER, APART, 1)
        return (number(law, SHORTER, 2, PLANE) - 1) * error

    return Experiment(
        key="performer.orthogonal_share.covariance",
        claim="performer.orthogonal_share",
        question="3h.4",
        title="covariance of the estimates of two orthogonal directions in the plane: at least",
        law=law,
        parameters={"total": SHORTER, "apart": APART, "draws": 2, "dimension": PLANE},
        measure=partial(_product_of_deviations, HYPERBOLIC, SHORTER),
        check=UnboundedMean(
            lambda: (least(), math.inf),
            lambda: orthogonal_pair(SHORTER, APART, PLANE, paired=True)[1],
        ),
    )


def _plane() -> Experiment:
    law = "orthogonal_limits.plane_error"
    return _error(
        law,
        "orthogonal_plane",
        "mean squared error of two orthogonal directions in the plane",
        Case(TOTAL, APART, PLANE, PLANE),
        exactly(law, TOTAL, APART),
    )


def at_most(case: Case) -> Experiment:
    """The error of no more orthogonal directions than dimensions against its bound."""
    law = "orthogonal_features.orthogonal_error"
    return _error(
        law,
        "orthogonal",
        f"mean squared error of {case.draws} orthogonal directions, {case.d} dimensions: at most",
        case,
        lambda: (-math.inf, number(law, case.total, case.apart, case.draws, case.d)),
    )


def at_least(case: Case) -> Experiment:
    """The same error against a share of that of independent directions."""
    law = "orthogonal_limits.share"

    def least() -> float:
        error = number("feature_variance.positive_error", case.total, case.apart, case.draws)
        return number(law, case.total, case.draws, case.d) * error

    return _error(
        law,
        "orthogonal_share",
        f"mean squared error of {case.draws} orthogonal directions, {case.d} dimensions: at least",
        case,
        lambda: (least(), math.inf),
    )


def blocks(case: Case) -> Experiment:
    """The error of more orthogonal directions than dimensions: complete blocks and a last one."""
    complete = (case.draws - 1) // case.d
    last = case.draws - complete * case.d
    law = "orthogonal_features.block_error"
    return _error(
        law,
        "orthogonal_blocks",
        f"mean squared error of {case.draws} directions in orthogonal blocks of {case.d}: at most",
        case,
        lambda: (-math.inf, number(law, case.total, case.apart, complete, last, case.d)),
    )


def _error(law: str, name: str, title: str, case: Case, bounds: Callable[[], Range]) -> Experiment:
    total, apart, draws, d = case.total, case.apart, case.draws, case.d
    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question="3h.4",
        title=title,
        law=law,
        parameters=case.parameters,
        measure=partial(_squared_errors, case),
        check=UnboundedMean(bounds, lambda: orthogonal_draws(total, apart, draws, d).of_square),
    )


def _squares_along(draw: Draw) -> Float[np.ndarray, " trials"]:
    """e has equal coordinates."""
    directions = orthogonal(draw.generator(), draw.trials, 2)
    return (directions.sum(axis=2) ** 2 / D).prod(axis=1)


def _product_of_deviations(kind: Kind, total: float, draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = orthogonal(draw.generator(), draw.trials, 2, PLANE)
    found = products(kind.features, pair(total, APART, PLANE), directions)
    return (found - kernel(total, APART)).prod(axis=1)


def _squared_errors(case: Case, draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = orthogonal(draw.generator(), draw.trials, case.draws, case.d)
    found = estimates(POSITIVE.features, pair(case.total, case.apart, case.d), directions)
    return (found - kernel(case.total, case.apart)) ** 2
