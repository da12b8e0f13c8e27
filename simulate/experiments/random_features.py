"""Question 3h: random features estimate the softmax kernel without bias."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from simulate.experiment import Experiment, exactly
from simulate.feature_moments import one_draw, orthogonal_draws
from simulate.features import (
    HYPERBOLIC,
    POSITIVE,
    TRIGONOMETRIC,
    D,
    Kind,
    estimates,
    independent,
    orthogonal,
    pair,
)
from simulate.samplers import Draw
from simulate.statistics import UnboundedMean

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

TOTAL, APART = 0.75, 1.5
"""‖x + y‖ and ‖x − y‖: short, as the tails of e^(ωᵀz) grow fast with ‖z‖."""


def experiments(alpha: float) -> list[Experiment]:
    """Means of one draw, and of orthogonal ones; noise of variance `alpha` plays no part."""
    return [
        _mean(POSITIVE, "performer.positive", "positive_mean"),
        _mean(HYPERBOLIC, "performer.hyperbolic_error", "positive_mean"),
        _mean(TRIGONOMETRIC, "performer.trigonometric", "trigonometric_mean"),
        _orthogonal_mean(),
    ]


def _mean(kind: Kind, claim: str, mean: str) -> Experiment:
    return Experiment(
        key=f"{claim}.mean",
        claim=claim,
        question="3h",
        title=f"mean of one draw of {kind.name} features: $e^{{x^\\top y}}$",
        law=f"random_features.{mean}",
        parameters={"total": TOTAL, "apart": APART, "dimension": D},
        measure=partial(one_estimate, kind),
        check=UnboundedMean(
            exactly(f"random_features.{mean}", TOTAL, APART),
            lambda: one_draw(kind, TOTAL, APART).second,
        ),
    )


def _orthogonal_mean() -> Experiment:
    mean = "random_features.positive_mean"
    return Experiment(
        key="performer.orthogonal.mean",
        claim="performer.orthogonal",
        question="3h",
        title=r"mean of positive features of orthogonal directions: still $e^{x^\top y}$",
        law=mean,
        parameters={"total": TOTAL, "apart": APART, "draws": D, "dimension": D},
        measure=_orthogonal_estimate,
        check=UnboundedMean(
            exactly(mean, TOTAL, APART), lambda: orthogonal_draws(TOTAL, APART, D, D).second
        ),
    )


def one_estimate(kind: Kind, draw: Draw) -> Float[np.ndarray, " trials"]:
    """φ(x)ᵀφ(y) from one direction in each trial."""
    directions = independent(draw.generator(), draw.trials, 1)
    return estimates(kind.features, pair(TOTAL, APART), directions)


def _orthogonal_estimate(draw: Draw) -> Float[np.ndarray, " trials"]:
    directions = orthogonal(draw.generator(), draw.trials, D)
    return estimates(POSITIVE.features, pair(TOTAL, APART), directions)
