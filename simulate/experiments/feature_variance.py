"""Question 3h: the mean squared errors of positive, hyperbolic and trigonometric features."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.feature_moments import one_draw
from simulate.ensembles.features import (
    HYPERBOLIC,
    POSITIVE,
    TRIGONOMETRIC,
    Case,
    Kind,
    estimates,
    independent,
    pair,
)
from simulate.experiment import Experiment, exactly, number
from simulate.experiments.random_features import APART, TOTAL, question
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
        *errors(Case(TOTAL, APART, DRAWS)),
        _relative(POSITIVE, Case(TOTAL, FAR_APART, DRAWS), TOTAL),
        _relative(HYPERBOLIC, Case(TOTAL, FAR_APART, DRAWS), TOTAL),
        _relative(TRIGONOMETRIC, Case(TOTAL / 3, APART, DRAWS), APART),
    ]


def errors(case: Case) -> list[Experiment]:
    """Of independent draws of each kind of features."""
    return [_error(kind, case) for kind in (POSITIVE, HYPERBOLIC, TRIGONOMETRIC)]


def _error(kind: Kind, case: Case) -> Experiment:
    name = f"{kind.name}_error"
    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question=question(kind),
        title=f"mean squared error of {case.draws} draws of {kind.name} features",
        law=f"feature_variance.{name}",
        parameters=case.parameters,
        measure=lambda draw: squared_errors(kind, draw.generator(), draw.trials, case),
        check=UnboundedMean(
            exactly(f"feature_variance.{name}", case.total, case.apart, case.draws),
            lambda: one_draw(kind, case.total, case.apart).mean_of(case.draws).of_square,
        ),
    )


def _relative(kind: Kind, case: Case, seen: float) -> Experiment:
    """seen: the one length that the law depends on."""
    name = f"{kind.name}_relative"

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        errors = squared_errors(kind, draw.generator(), draw.trials, case)
        return errors / kernel(case.total, case.apart) ** 2

    def variance() -> float:
        spread = one_draw(kind, case.total, case.apart).mean_of(case.draws)
        return spread.times(1 / kernel(case.total, case.apart)).of_square

    return Experiment(
        key=f"performer.{name}",
        claim=f"performer.{name}",
        question=question(kind),
        title=f"mean squared error of {case.draws} draws of {kind.name} features over the square "
        "of a small kernel",
        law=f"relative_error.{name}",
        parameters=case.parameters,
        measure=measure,
        check=UnboundedMean(exactly(f"relative_error.{name}", seen, case.draws), variance),
    )


def squared_errors(
    kind: Kind, rng: np.random.Generator, trials: int, case: Case
) -> Float[np.ndarray, " trials"]:
    """Squared errors of estimates from independent directions."""
    directions = independent(rng, trials, case.draws, case.d)
    found = estimates(kind.features, pair(case.total, case.apart, case.d), directions)
    return (found - kernel(case.total, case.apart)) ** 2


def kernel(total: float, apart: float) -> float:
    """e^(xᵀy), the mean that theory derives."""
    return number("random_features.positive_mean", total, apart)
