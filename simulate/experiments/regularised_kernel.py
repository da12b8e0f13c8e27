"""Question 3h: directions of one length √d estimate a kernel just below the softmax kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.features import POSITIVE, D, estimates, half_squares, on_sphere, pair
from simulate.experiment import Experiment, number
from simulate.experiments.feature_variance import kernel
from simulate.samplers import Draw
from simulate.statistics import Range, UnboundedMean
from theory.features.regularised_kernel import sphere_mean

if TYPE_CHECKING:
    from jaxtyping import Float

TOTAL = APART = 1.0
LAW = "regularised_kernel.regularised"


def experiments(alpha: float) -> list[Experiment]:
    """Between the bounds, and at the exact mean; noise of variance `alpha` plays no part."""
    return [
        _mean(
            "bounds",
            r"mean of positive features with directions of length $\sqrt{d}$: between the bounds",
            lambda: (number(LAW, TOTAL, APART, D), kernel(TOTAL, APART)),
        ),
        _mean(
            "mean",
            r"mean of positive features with directions of length $\sqrt{d}$, by quadrature",
            lambda: (_moment(1), _moment(1)),
        ),
    ]


def _mean(name: str, title: str, bounds: Callable[[], Range]) -> Experiment:
    return Experiment(
        key=f"performer.regularised.{name}",
        claim="performer.regularised",
        question="3h.3",
        title=title,
        law=LAW,
        parameters={"total": TOTAL, "apart": APART, "dimension": D},
        measure=_estimate,
        check=UnboundedMean(bounds, lambda: _moment(2) - _moment(1) ** 2),
    )


def _estimate(draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = on_sphere(draw.generator(), draw.trials, 1)
    return estimates(POSITIVE.features, pair(TOTAL, APART), directions)


def _moment(power: int) -> float:
    """Of e^(ωᵀz − (‖x‖² + ‖y‖²)/2), by quadrature over the sphere."""
    return sphere_mean(power * TOTAL, D) * math.exp(-power * half_squares(TOTAL, APART))
