"""Question 2d with any number of heads: the variance of the weight of v_a in the mean output."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import largest, weights
from simulate.experiment import Experiment, Measure, exactly, number
from simulate.experiments.multi_head import RADIAL
from simulate.keys import A, two_heads
from simulate.samplers import Draw
from simulate.statistics import Mean
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

N = 16
UNEVEN = 0.75
"""Share of the heads that ask for v_a."""
WIDTH = 0.5
"""The largest value of half a squared difference of weights."""


def experiments(alpha: float) -> list[Experiment]:
    """In the limit of a large gain, at finite gains, and against a single head."""
    noise = 10 * alpha
    found = [_share(noise), *(_finite(noise, beta) for beta in (1.0, 3.0, 10.0))]
    return [*found, _bound(noise), _ratio(noise)]


def _share(alpha: float) -> Experiment:
    return Experiment(
        key="multi_head.share",
        claim="multi_head.share",
        question="2d.2",
        title="three quarters of many heads ask for $v_a$: the variance of its weight",
        law="heads.share_variance",
        parameters=_parameters(alpha, RADIAL, UNEVEN) | {"n": N},
        on_keys=True,
        measure=_half_squared_difference(alpha, None, N, UNEVEN),
        check=Mean(exactly("heads.share_variance", alpha, N, RADIAL, UNEVEN), width=WIDTH),
    )


def _finite(alpha: float, beta: float) -> Experiment:
    half = 0.5
    return Experiment(
        key=f"multi_head.finite_variance.beta{beta:g}",
        claim="multi_head.finite_variance",
        question="2d.2",
        title="the variance of the weight of $v_a$ at a finite gain, with two keys",
        law="heads.finite_variance",
        parameters=_parameters(alpha, RADIAL, half) | {"beta": beta, "n": 2},
        on_keys=True,
        measure=_half_squared_difference(alpha, beta, 2, half),
        check=Mean(exactly("heads.finite_variance", alpha, beta, RADIAL, half), width=WIDTH),
    )


def _bound(alpha: float) -> Experiment:
    beta = 30.0
    return Experiment(
        key="multi_head.variance_bound",
        claim="multi_head.variance_bound",
        question="2d.2",
        title="the variance of the weight of $v_a$ stays below its bound at a finite gain",
        law="heads.variance_bound",
        parameters=_parameters(alpha, RADIAL, UNEVEN) | {"beta": beta, "n": N},
        on_keys=True,
        measure=_half_squared_difference(alpha, beta, N, UNEVEN),
        check=Mean(
            lambda: (0.0, number("heads.variance_bound", alpha, beta, N, RADIAL, UNEVEN)),
            width=WIDTH,
            reach=0.25,
        ),
    )


def _ratio(alpha: float) -> Experiment:
    """The variance of a share is at most that of a fair coin, so the ratio bounds the variance."""
    beta, half, coin = 30.0, 0.5, 0.25
    return Experiment(
        key="multi_head.ratio",
        claim="multi_head.ratio",
        question="2d.2",
        title="the variance of the weight of $v_a$ against that of a coin",
        law="heads.ratio",
        parameters=_parameters(alpha, RADIAL, half) | {"beta": beta, "n": N},
        on_keys=True,
        measure=_half_squared_difference(alpha, beta, N, half),
        check=Mean(
            lambda: (0.0, coin * number("heads.ratio", alpha, beta, RADIAL, half)),
            width=WIDTH,
            reach=0.1,
        ),
    )


def _half_squared_difference(alpha: float, beta: float | None, n: int, share: float) -> Measure:
    """Of the weights of v_a in two independent outputs: its mean is the variance of one.

    beta: the gain; None for the limit, in which a head gives everything to its largest score
    """
    law = two_heads(n, alpha, 1.0 if beta is None else beta, RADIAL)

    def weight(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)
        if beta is None:
            first, second = indicator(largest(scores, A), scores.sum(axis=1))
        else:
            first, second = weights(scores)[:, A]
        return share * first + (1 - share) * second

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = (weight(twin) for twin in draw.twins())
        return (one - other) ** 2 / 2

    return measure


def _parameters(alpha: float, radial: float, share: float) -> dict[str, float]:
    return {"alpha": alpha, "radial": radial, "h": share}
