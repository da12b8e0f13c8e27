"""Question 3h: the mean squared errors of positive, hyperbolic and trigonometric features."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.experiment import Experiment, exactly, number
from simulate.experiments.random_features import APART, TOTAL
from simulate.feature_moments import one_draw
from simulate.features import (
    HYPERBOLIC,
    POSITIVE,
    TRIGONOMETRIC,
    D,
    Kind,
    estimates,
    independent,
    pair,
)
from simulate.samplers import Draw
from simulate.statistics import UnboundedMean

if TYPE_CHECKING:
    from jaxtyping import Float

DRAWS = 4

FAR_APART = 3.0
"""A length of x − y at which the kernel is about a tenth."""


def experiments(alpha: float) -> list[Experiment]:
    """Errors, and errors relative to the kernel; noise of variance `alpha` plays no part."""
    return [
        *(_error(kind) for kind in (POSITIVE, HYPERBOLIC, TRIGONOMETRIC)),
        _relative(POSITIVE, TOTAL, FAR_APART, TOTAL),
        _relative(HYPERBOLIC, TOTAL, FAR_APART, TOTAL),
        _relative(TRIGONOMETRIC, TOTAL / 3, APART, APART),
    ]


def _error(kind: Kind) -> Experiment:
    name = f"{kind.name}_error"
    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question="3h",
        title=f"mean squared error of {DRAWS} draws of {kind.name} features",
        law=f"feature_variance.{name}",
        parameters={"total": TOTAL, "apart": APART, "draws": DRAWS, "dimension": D},
        measure=lambda draw: squared_errors(kind, draw.generator(), draw.trials, TOTAL, APART),
        check=UnboundedMean(
            exactly(f"feature_variance.{name}", TOTAL, APART, DRAWS),
            lambda: one_draw(kind, TOTAL, APART).mean_of(DRAWS).of_square,
        ),
    )


def _relative(kind: Kind, total: float, apart: float, seen: float) -> Experiment:
    """seen: the one length that the law depends on."""
    name = f"{kind.name}_relative"

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        errors = squared_errors(kind, draw.generator(), draw.trials, total, apart)
        return errors / kernel(total, apart) ** 2

    def variance() -> float:
        spread = one_draw(kind, total, apart).mean_of(DRAWS)
        return spread.times(1 / kernel(total, apart)).of_square

    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question="3h",
        title=f"mean squared error of {DRAWS} draws of {kind.name} features over the square of a "
        "small kernel",
        law=f"relative_error.{name}",
        parameters={"total": total, "apart": apart, "draws": DRAWS, "dimension": D},
        measure=measure,
        check=UnboundedMean(exactly(f"relative_error.{name}", seen, DRAWS), variance),
    )


def squared_errors(
    kind: Kind,
    rng: np.random.Generator,
    trials: int,
    total: float,
    apart: float,
    draws: int = DRAWS,
) -> Float[np.ndarray, " trials"]:
    """Squared errors of estimates from so many independent directions each."""
    directions = independent(rng, trials, draws)
    found = estimates(kind.features, pair(total, apart), directions)
    return (found - kernel(total, apart)) ** 2


def kernel(total: float, apart: float) -> float:
    """e^(xᵀy), the mean that theory derives."""
    return number("random_features.positive_mean", total, apart)
