"""Question 2d with any number of heads: the variance of the weight of v_a in the mean output."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.experiment import Experiment, Measure, at_most, exactly, number
from simulate.experiments.multi_head import wins
from simulate.keys import A
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Mean

if TYPE_CHECKING:
    from jaxtyping import Float

N = 16
HALF, UNEVEN = 0.5, 0.75
"""Shares of the heads that ask for v_a."""
WIDTH = 0.5
"""The largest value of half a squared difference of weights."""
COIN = 0.25
"""The variance of a fair coin."""


def experiments(alpha: float) -> list[Experiment]:
    """In the limit of a large gain, at finite gains, and against a single head."""
    noisy = Setting(10 * alpha, 30.0, N, RADIAL)
    gains = [replace(noisy, beta=beta, n=2) for beta in (1.0, 3.0, 10.0)]
    found = [_share(noisy), *(finite_variance(setting) for setting in gains)]
    found += [_without_radial_noise(Setting(100 * alpha, 10.0, 2))]
    return [*found, variance_bound(noisy, UNEVEN), ratio(noisy)]


def _share(setting: Setting) -> Experiment:
    alpha, n, radial = setting.alpha, setting.n, setting.radial
    return Experiment(
        key="multi_head.share",
        claim="multi_head.share",
        question="2d.2",
        title="three quarters of many heads ask for $v_a$: the variance of its weight",
        law="heads.share_variance",
        parameters={"alpha": alpha, "radial": radial, "n": n, "h": UNEVEN},
        on_keys=True,
        measure=_half_squared_difference(replace(setting, beta=math.inf), UNEVEN),
        check=Mean(exactly("heads.share_variance", alpha, n, radial, UNEVEN), width=WIDTH),
    )


def finite_variance(setting: Setting) -> Experiment:
    """Of the weight of v_a in the output of evenly many heads, exactly, for two keys."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    return Experiment(
        key=f"multi_head.finite_variance.beta{beta:g}",
        claim="multi_head.finite_variance",
        question=setting.part("2d"),
        title="the variance of the weight of $v_a$ at a finite gain, with two keys",
        law="heads.finite_variance",
        parameters=setting.parameters | {"h": HALF},
        on_keys=True,
        measure=_half_squared_difference(setting, HALF),
        check=Mean(exactly("heads.finite_variance", alpha, beta, radial, HALF), width=WIDTH),
    )


def _without_radial_noise(setting: Setting) -> Experiment:
    """The same where both heads matter: radial noise hides what head 2 adds."""
    return replace(finite_variance(setting), key="multi_head.finite_variance.isotropic")


def variance_bound(setting: Setting, share: float) -> Experiment:
    """The same for any number of keys, against its bound; share: of the heads, asks for v_a."""
    alpha, beta, n, radial = setting.alpha, setting.beta, setting.n, setting.radial
    return Experiment(
        key="multi_head.variance_bound",
        claim="multi_head.variance_bound",
        question="2d.2",
        title="the variance of the weight of $v_a$ stays below its bound at a finite gain",
        law="heads.variance_bound",
        parameters=setting.parameters | {"h": share},
        on_keys=True,
        measure=_half_squared_difference(setting, share),
        check=Mean(
            at_most("heads.variance_bound", alpha, beta, n, radial, share),
            width=WIDTH,
            reach=0.25,
        ),
    )


def ratio(setting: Setting) -> Experiment:
    """The variance of a share is at most that of a fair coin, so the ratio bounds the variance."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    return Experiment(
        key="multi_head.ratio",
        claim="multi_head.ratio",
        question="2d.2",
        title="the variance of the weight of $v_a$ against that of a coin",
        law="heads.ratio",
        parameters=setting.parameters | {"h": HALF},
        on_keys=True,
        measure=_half_squared_difference(setting, HALF),
        check=Mean(
            lambda: (0.0, COIN * number("heads.ratio", alpha, beta, radial, HALF)),
            width=WIDTH,
            reach=0.1,
        ),
    )


def _half_squared_difference(setting: Setting, share: float) -> Measure:
    """Of the weights of v_a in two independent outputs: its mean is the variance of one.

    An infinite gain stands for the limit, in which a head gives everything to its largest score.
    """
    endless = math.isinf(setting.beta)
    law = (replace(setting, beta=1.0) if endless else setting).two_heads()

    def weight(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)
        first, second = wins(scores) if endless else weights(scores)[:, A]
        return share * first + (1 - share) * second

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = (weight(twin) for twin in draw.twins())
        return (one - other) ** 2 / 2

    return measure
