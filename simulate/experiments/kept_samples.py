"""Question 2d.2 where q_1ᵀk_a is not negative: the samples that the question lets one keep."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulate.arrays import namespace
from simulate.attention import largest, logit, weights
from simulate.experiment import Experiment, at_most, exactly
from simulate.experiments.multi_head import BETA
from simulate.keys import A, B, Scores
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Distribution, Mean, Probability, UnboundedMean
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Bool, Float

    Choice = Callable[[Float[np.ndarray, "2 n trials"]], Bool[np.ndarray, " trials"]]

N = 16
NOISY = 0.2
"""Variance at which noise, not the gain, decides how much head 2 loses."""
LARGEST_VARIANCE = 1.0
"""Of a difference of two weights."""
SPARE = 14
"""Roots of the number of samples wanted that are drawn besides twice that number."""


def experiments(alpha: float) -> list[Experiment]:
    """Head 1 given a score that is not negative, head 2, and both together."""
    many, noisy = Setting(alpha, BETA, N, RADIAL), Setting(NOISY, 60.0, 2, RADIAL)
    return [
        density(Setting(10 * alpha, 10.0, 2, RADIAL)),
        miss(replace(many, alpha=10 * alpha)),
        loss(many),
        second_loss(noisy),
        _less_where_negative(noisy),
        error(noisy),
    ]


def density(setting: Setting) -> Experiment:
    """Head 1's logit with two keys, its density integrated by the trapezoidal rule."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    reach = 9 * beta * np.sqrt(radial + 2 * alpha)
    grid = np.linspace(beta - reach, beta + reach, 2**15)

    @functools.cache
    def cumulative() -> Float[np.ndarray, " x"]:
        density = law("kept_samples.kept_density")(grid, alpha, beta, radial)
        pieces = (density[1:] + density[:-1]) / 2 * np.diff(grid)
        return np.concatenate([[0.0], np.cumsum(pieces)])

    scores = setting.two_heads()

    return Experiment(
        key="multi_head.kept_density",
        claim="multi_head.kept_density",
        question="2d.2",
        title="head 1's logit, given a score that is not negative, has its derived density",
        law="kept_samples.kept_density",
        parameters=setting.parameters,
        on_keys=True,
        measure=lambda draw: logit(_kept(draw, scores)[0], A, B),
        check=Distribution(lambda x: np.interp(x, grid, cumulative()), grid=grid),
    )


def miss(setting: Setting) -> Experiment:
    """P(another score of head 1 is larger than k_a's) among the samples kept."""
    law = setting.two_heads()

    def misses(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = _kept(draw, law)[0]
        return indicator(~largest(scores, A), scores.sum(axis=0))

    return Experiment(
        key="multi_head.kept_miss",
        claim="multi_head.kept_miss",
        question="2d.2",
        title="how often head 1 misses, given a score that is not negative",
        law="kept_samples.kept_miss",
        parameters=setting.parameters,
        on_keys=True,
        measure=misses,
        check=Probability(
            exactly("kept_samples.kept_miss", setting.alpha, setting.n, setting.radial)
        ),
    )


def loss(setting: Setting) -> Experiment:
    """E[1 - w_1] among the samples kept against its bound."""
    alpha, beta, n, radial = setting.alpha, setting.beta, setting.n, setting.radial
    scores = setting.two_heads()
    return Experiment(
        key="multi_head.kept_loss",
        claim="multi_head.kept_loss",
        question="2d.2",
        title="the mean weight of head 1 on other values, given a score that is not negative",
        law="kept_samples.kept_loss",
        parameters=setting.parameters,
        on_keys=True,
        measure=lambda draw: 1 - weights(_kept(draw, scores)[0])[A],
        check=Mean(
            at_most("kept_samples.kept_loss", alpha, beta, n, radial),
            width=1.0,
            reach=0.1,
        ),
    )


def second_loss(setting: Setting) -> Experiment:
    """E[1 - w_2] among the samples kept against its bound."""
    alpha, beta, n = setting.alpha, setting.beta, setting.n
    scores = setting.two_heads()
    return Experiment(
        key="multi_head.second_head",
        claim="multi_head.second_head",
        question="2d.2",
        title="the mean weight of head 2 on other values is bounded, whatever head 1 sees",
        law="both_heads.second_loss",
        parameters=setting.parameters,
        on_keys=True,
        measure=lambda draw: 1 - weights(_kept(draw, scores)[1])[B],
        check=Mean(at_most("both_heads.second_loss", alpha, beta, n), width=1.0, reach=0.1),
    )


def _less_where_negative(setting: Setting) -> Experiment:
    """By how much E[1 - w_2] over all samples exceeds that where q_2ᵀk_a < 0: between 0 and all."""
    alpha, beta, n = setting.alpha, setting.beta, setting.n
    law = setting.two_heads()

    def difference(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = draw.twins()
        negative = _first(other, law, lambda scores: ~(scores[1, A] >= 0))
        return weights(negative[1])[B] - weights(one.scores(law)[1])[B]

    return Experiment(
        key="multi_head.second_head.negative",
        claim="multi_head.second_head",
        question="2d.2",
        title=r"head 2 gives other values no more where $q_2^\top k_a$ is negative: how much less",
        law="both_heads.second_loss",
        parameters=setting.parameters,
        on_keys=True,
        measure=difference,
        check=UnboundedMean(
            at_most("both_heads.second_loss", alpha, beta, n),
            lambda: LARGEST_VARIANCE,
        ),
    )


def error(setting: Setting) -> Experiment:
    """Values on a line, all but v_a at one end of it: D = 1."""
    alpha, beta, n, radial = setting.alpha, setting.beta, setting.n, setting.radial
    scores = setting.two_heads()

    def distance(draw: Draw) -> Float[np.ndarray, " trials"]:
        both = weights(_kept(draw, scores)).mean(axis=0)
        return abs(both[A] - 0.5)

    return Experiment(
        key="multi_head.kept_error",
        claim="multi_head.kept_error",
        question="2d.2",
        title="the output is near the average, given a score that is not negative",
        law="both_heads.kept_error",
        parameters=setting.parameters,
        on_keys=True,
        measure=distance,
        check=Mean(
            at_most("both_heads.kept_error", alpha, beta, n, radial, 1.0),
            width=1.0,
            reach=0.1,
        ),
    )


def _kept(draw: Draw, law: Scores) -> Float[np.ndarray, "2 n trials"]:
    """Scores under q_1 and q_2 of the first samples of a block in which q_1ᵀk_a ≥ 0."""
    return _first(draw, law, lambda scores: ~(scores[0, A] < 0))


def _first(draw: Draw, law: Scores, wanted: Choice) -> Float[np.ndarray, "2 n trials"]:
    """Scores of the first samples of a block that are wanted.

    At least half are wanted in the mean. Of 2T + SPARE·√T, fewer than the T that are needed are
    wanted with probability below 1e-19 in a block (Hoeffding), however much noise there is; should
    they not suffice, the rest are no numbers, which no check passes. Nor does a score that is none.
    """
    needed = draw.trials
    scores = draw.scores(law, 2 * needed + math.ceil(SPARE * math.sqrt(needed)))
    xp = namespace(scores)
    places = xp.where(wanted(scores))[0][:needed]
    found = xp.full_like(scores[:, :, :needed], xp.nan)
    found[:, :, : len(places)] = scores[:, :, places]
    return found
