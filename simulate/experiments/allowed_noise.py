"""Question 2c.1: the noise that is allowed does give the accuracy and probability wanted.

The noise of these experiments, but for one, is the law's own, whatever the smallest of the run is.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import logit, share, weights
from simulate.experiment import Experiment, Measure, at_most, number
from simulate.keys import A, B
from simulate.samplers import Draw
from simulate.setting import Setting
from simulate.statistics import Mean, Probability
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

N = 16
BETA = 8.0
HALF_WIDTH = 0.1
FAILURE = 0.2
QUANTILE = 1.5
TOLERANCE = 0.2
DIVISION = 0.03125


def experiments(alpha: float) -> list[Experiment]:
    """For the split alone, by the sufficient and by the exact noise; for the whole output."""
    return [_sufficient(), _largest(), _failure(alpha), _near_average()]


def _off_half(alpha: float) -> Measure:
    """How far the share of v_a against v_b is from one half."""
    scores = Setting(alpha, BETA, N).one_head()
    return lambda draw: abs(share(logit(draw.scores(scores)[0], A, B)) - 0.5)


def _sufficient() -> Experiment:
    alpha = number("allowed_noise.sufficient", HALF_WIDTH, FAILURE, BETA)

    off_half = _off_half(alpha)

    def fails(draw: Draw) -> Float[np.ndarray, " trials"]:
        off = off_half(draw)
        return indicator(off > HALF_WIDTH, off)

    return Experiment(
        key="single_head.allowed_noise",
        claim="single_head.allowed_noise",
        question="2c.1",
        title="with the noise allowed the share is off one half no more often than wanted",
        law="allowed_noise.sufficient",
        parameters={"alpha": alpha, "beta": BETA, "delta": HALF_WIDTH, "eta": FAILURE, "n": N},
        on_keys=True,
        measure=fails,
        check=Mean(lambda: (0.0, FAILURE), width=1.0, reach=0.25),
    )


def _largest() -> Experiment:
    alpha = number("allowed_noise.largest", HALF_WIDTH, QUANTILE, BETA)

    off_half = _off_half(alpha)

    def near(draw: Draw) -> Float[np.ndarray, " trials"]:
        off = off_half(draw)
        return indicator(off <= HALF_WIDTH, off)

    return Experiment(
        key="single_head.largest_noise",
        claim="single_head.largest_noise",
        question="2c.1",
        title="with the largest noise the share is near one half exactly as often as wanted",
        law="allowed_noise.largest",
        parameters={"alpha": alpha, "beta": BETA, "delta": HALF_WIDTH, "z": QUANTILE, "n": N},
        on_keys=True,
        measure=near,
        check=Probability(lambda: (1 - 2 * float(special.ndtr(-QUANTILE)),) * 2),
    )


def _far(alpha: float, beta: float) -> Measure:
    """Values are the unit vectors, at distance √2: the output is the vector of weights."""
    scores = Setting(alpha, beta, N).one_head()

    def far(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = weights(draw.scores(scores)[0])
        found[[A, B]] -= 0.5
        squared = (found**2).sum(axis=0)
        return indicator(squared > 2 * TOLERANCE**2, squared)

    return far


def _failure(alpha: float) -> Experiment:
    beta = 12.0
    return Experiment(
        key="single_head.failure",
        claim="single_head.failure",
        question="2c.1",
        title="the output is far from the average no more often than the bound says",
        law="near_average.failure",
        parameters={
            "alpha": alpha, "beta": beta, "epsilon": TOLERANCE, "n": N, "theta": DIVISION,
        },
        on_keys=True,
        measure=_far(alpha, beta),
        check=Mean(
            at_most("near_average.failure", TOLERANCE, alpha, beta, N, DIVISION),
            width=1.0,
            reach=0.05,
        ),
    )  # fmt: skip


def _near_average() -> Experiment:
    beta = number("near_average.gain", TOLERANCE, FAILURE, N, DIVISION)
    alpha = number("near_average.noise", TOLERANCE, FAILURE, N, DIVISION)
    return Experiment(
        key="single_head.near_average",
        claim="single_head.near_average",
        question="2c.1",
        title="with the gain and noise proved enough the output is near the average",
        law="near_average.noise",
        parameters={
            "alpha": alpha, "beta": beta, "epsilon": TOLERANCE, "eta": FAILURE, "n": N,
            "theta": DIVISION,
        },
        on_keys=True,
        measure=_far(alpha, beta),
        check=Mean(lambda: (0.0, FAILURE), width=1.0, reach=0.05),
    )  # fmt: skip
