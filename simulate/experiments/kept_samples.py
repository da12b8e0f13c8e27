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
from simulate.experiment import Experiment, exactly, number
from simulate.experiments.multi_head import BETA
from simulate.keys import A, B, Scores
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Distribution, Mean, Probability
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N = 16
NOISY = 0.2
"""Variance at which noise, not the gain, decides how much head 2 loses."""
SPARE = 14
"""Roots of the number of samples wanted that are drawn besides twice that number."""


def experiments(alpha: float) -> list[Experiment]:
    """Head 1 given a score that is not negative, head 2, and both together."""
    many = Setting(alpha, BETA, N, RADIAL)
    return [
        density(Setting(10 * alpha, 10.0, 2, RADIAL)),
        miss(replace(many, alpha=10 * alpha)),
        loss(many),
        second_loss(Setting(NOISY, 60.0, 2, RADIAL)),
        error(many),
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
            lambda: (0.0, number("kept_samples.kept_loss", alpha, beta, n, radial)),
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
        check=Mean(
            lambda: (0.0, number("both_heads.second_loss", alpha, beta, n)), width=1.0, reach=0.1
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
            lambda: (0.0, number("both_heads.kept_error", alpha, beta, n, radial, 1.0)),
            width=1.0,
            reach=0.1,
        ),
    )


def _kept(draw: Draw, law: Scores) -> Float[np.ndarray, "2 n trials"]:
    """Scores under q_1 and q_2 of the first samples of a block in which q_1ᵀk_a ≥ 0.

    At least half are kept in the mean. Of 2T + SPARE·√T, fewer than the T wanted are kept with
    probability below 1e-19 in a block (Hoeffding), however much noise there is; should they not
    suffice, the rest are no numbers, which no check passes. Nor does a score that is none.
    """
    wanted = draw.trials
    scores = draw.scores(law, 2 * wanted + math.ceil(SPARE * math.sqrt(wanted)))
    xp = namespace(scores)
    places = xp.where(~(scores[0, A] < 0))[0][:wanted]
    kept = xp.full_like(scores[:, :, :wanted], xp.nan)
    kept[:, :, : len(places)] = scores[:, :, places]
    return kept
