"""Question 3h: directions of one length √d estimate a kernel just below the softmax kernel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.features import (
    HYPERBOLIC,
    POSITIVE,
    D,
    Kind,
    estimates,
    half_squares,
    on_sphere,
    pair,
)
from simulate.experiment import Experiment, number
from simulate.experiments.feature_variance import kernel
from simulate.samplers import Draw
from simulate.statistics import UnboundedMean
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

LAW, QUADRATURE = "regularised_kernel.regularised", "regularised_kernel.sphere_mean"
PLANE = 2
"""The dimension in which the lower bound is nearest."""


def experiments(alpha: float) -> list[Experiment]:
    """Between the bounds, and at the exact mean; noise of variance `alpha` plays no part."""
    return [_bounds(0.7), _exactly(1.0)]


def _bounds(length: float) -> Experiment:
    """With pairs of opposite directions, hyperbolic features: the same mean, a smaller spread."""

    def variance() -> float:
        square = (_mean(2 * length, PLANE) + 1) / 2  # cosh² x = (1 + cosh 2x)/2
        return square * _factor(length) ** 2 - (_mean(length, PLANE) * _factor(length)) ** 2

    return _experiment(
        "bounds",
        r"mean of features with directions of length $\sqrt{d}$: between the bounds",
        LAW,
        HYPERBOLIC,
        length,
        PLANE,
        UnboundedMean(
            lambda: (number(LAW, length, length, PLANE), kernel(length, length)), variance
        ),
    )


def _exactly(length: float) -> Experiment:
    def moment(power: int) -> float:
        return _mean(power * length, D) * _factor(length) ** power

    return _experiment(
        "mean",
        r"mean of features with directions of length $\sqrt{d}$: the quadrature that theory uses",
        QUADRATURE,
        POSITIVE,
        length,
        D,
        UnboundedMean(lambda: (moment(1),) * 2, lambda: moment(2) - moment(1) ** 2),
    )


def _experiment(
    name: str, title: str, law_name: str, kind: Kind, length: float, d: int, check: UnboundedMean
) -> Experiment:
    """‖x + y‖ = ‖x − y‖ = length."""

    def estimate(draw: Draw) -> Float[np.ndarray, " trials"]:
        directions = on_sphere(draw.generator(), draw.trials, 1, d)
        return estimates(kind.features, pair(length, length, d), directions)

    return Experiment(
        key=f"performer.regularised.{name}",
        claim="performer.regularised",
        question="3h.3",
        title=title,
        law=law_name,
        parameters={"total": length, "apart": length, "dimension": d},
        measure=estimate,
        check=check,
    )


def _mean(length: float, d: int) -> float:
    """E[e^(ωᵀz)] for ‖z‖ = length."""
    return float(law(QUADRATURE)(length, d))


def _factor(length: float) -> float:
    """e^(−(‖x‖² + ‖y‖²)/2)."""
    return math.exp(-half_squares(length, length))
