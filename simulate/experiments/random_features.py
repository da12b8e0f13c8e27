"""Question 3h: random features estimate the softmax kernel without bias."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from simulate.ensembles.feature_moments import one_draw, orthogonal_draws
from simulate.ensembles.features import (
    HYPERBOLIC,
    POSITIVE,
    TRIGONOMETRIC,
    Case,
    D,
    Kind,
    estimates,
    independent,
    orthogonal,
    pair,
)
from simulate.experiment import Experiment, exactly
from simulate.samplers import Draw
from simulate.statistics import UnboundedMean

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

TOTAL, APART = 0.75, 1.5
"""‖x + y‖ and ‖x − y‖: short, as the tails of e^(ωᵀz) grow fast with ‖z‖."""

CASE = Case(TOTAL, APART, draws=1)


def experiments(alpha: float) -> list[Experiment]:
    """Means of one draw, and of orthogonal ones; noise of variance `alpha` plays no part."""
    return [
        *means(CASE),
        _orthogonal_mean(),
    ]


def question(kind: Kind) -> str:
    """The part of the question that is about these features."""
    return "3h.2" if kind is TRIGONOMETRIC else "3h.3"


def means(case: Case) -> list[Experiment]:
    """Of one draw of each kind of features."""
    return [
        _mean(POSITIVE, "performer.positive", "positive_mean", case),
        _mean(HYPERBOLIC, "performer.hyperbolic_error", "positive_mean", case),
        _mean(TRIGONOMETRIC, "performer.trigonometric", "trigonometric_mean", case),
    ]


def _mean(kind: Kind, claim: str, mean: str, case: Case) -> Experiment:
    return Experiment(
        key=f"{claim}.mean",
        claim=claim,
        question=question(kind),
        title=f"mean of one draw of {kind.name} features: $e^{{x^\\top y}}$",
        law=f"random_features.{mean}",
        parameters={"total": case.total, "apart": case.apart, "dimension": case.d},
        measure=partial(one_estimate, kind, case),
        check=UnboundedMean(
            exactly(f"random_features.{mean}", case.total, case.apart),
            lambda: one_draw(kind, case.total, case.apart).second,
        ),
    )


def _orthogonal_mean() -> Experiment:
    mean = "random_features.positive_mean"
    return Experiment(
        key="performer.orthogonal.mean",
        claim="performer.orthogonal",
        question="3h.4",
        title=r"mean of positive features of orthogonal directions: still $e^{x^\top y}$",
        law=mean,
        parameters={"total": TOTAL, "apart": APART, "draws": D, "dimension": D},
        measure=_orthogonal_estimate,
        check=UnboundedMean(
            exactly(mean, TOTAL, APART), lambda: orthogonal_draws(TOTAL, APART, D, D).second
        ),
    )


def one_estimate(kind: Kind, case: Case, draw: Draw) -> Float[np.ndarray, " trials"]:
    """φ(x)ᵀφ(y) from one direction in each trial, whatever case.draws is."""
    directions = independent(draw.generator(), draw.trials, 1, case.d)
    return estimates(kind.features, pair(case.total, case.apart, case.d), directions)


def _orthogonal_estimate(draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = orthogonal(draw.generator(), draw.trials, D)
    return estimates(POSITIVE.features, pair(TOTAL, APART), directions)
