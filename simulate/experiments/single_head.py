"""Question 2c: one head with q = β(μ_a + μ_b) on random keys."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from simulate.attention import logit, share
from simulate.experiment import Experiment, Measure, exactly, number
from simulate.keys import A, B, RandomKeys, Scores
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import (
    Check,
    CramerVonMises,
    Distribution,
    Mean,
    Probability,
    Range,
)
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N = 4
GAINS = (1.0, 3.0, 10.0, 30.0)
HALF_WIDTH = 0.1
LARGEST_VARIANCE = 0.25
DEVIATIONS = np.linspace(-9, 9, 2**14)
"""Points from one end of a normal law to the other, in units of its deviation."""
STANDARD_NORMAL = Distribution(special.ndtr, grid=DEVIATIONS)


def experiments(alpha: float) -> list[Experiment]:
    """The exact law of the share s = α_a/(α_a + α_b), and what follows from it."""
    isotropic, radial = (Setting(alpha, 10.0, N, r) for r in (0.0, RADIAL))
    found = [split(Setting(alpha, beta, N, r)) for r in (0.0, RADIAL) for beta in GAINS]
    found += [_standardised(setting) for setting in (isotropic, radial)]
    found += [score(isotropic), score(radial), joint(radial), logit_of_share(radial, 6.0)]
    found += [near_half(isotropic), undecided(radial), coin(radial)]
    found += [variance(replace(radial, beta=30.0)), exact_variance(replace(radial, beta=3.0))]
    return found


def split(setting: Setting) -> Experiment:
    """The logit of the share follows its law, at its worst point."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    return _split(
        "split",
        "logit_cdf",
        _logits(setting),
        Distribution(
            lambda x: law("single_head.logit_cdf")(x, alpha, beta, radial),
            grid=spread(setting) * DEVIATIONS,
        ),
        setting,
    )


def _standardised(setting: Setting) -> Experiment:
    """The logit of the share over its derived deviation is standard normal, all in all."""
    logits, deviation = _logits(setting), spread(setting)
    return _split(
        "split_all_in_all",
        "split_variance",
        lambda draw: logits(draw) / deviation,
        CramerVonMises(special.ndtr, grid=DEVIATIONS),
        setting,
    )


def _split(
    name: str, law_name: str, measure: Measure, check: Check[Any], setting: Setting
) -> Experiment:
    return Experiment(
        key=f"single_head.{name}.{setting.name}.beta{setting.beta:g}",
        claim="single_head.split",
        question=setting.part("2c"),
        title="the share of $v_a$ against $v_b$ follows the logit-normal law",
        law=f"single_head.{law_name}",
        parameters=setting.parameters,
        on_keys=True,
        measure=measure,
        check=check,
    )


def score(setting: Setting) -> Experiment:
    """The standardised score of key a is standard normal."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    scores = setting.one_head()
    deviation = number("single_head.score_variance", alpha, beta, radial) ** 0.5

    return Experiment(
        key=f"single_head.score.{setting.name}",
        claim="single_head.scores",
        question=setting.part("2c"),
        title="the score of $k_a$ is normal with the derived variance",
        law="single_head.score_variance",
        parameters=setting.parameters,
        on_keys=True,
        measure=lambda draw: (draw.scores(scores)[0, A] - beta) / deviation,
        check=STANDARD_NORMAL,
    )


def joint(setting: Setting) -> Experiment:
    """The sum of key a's scores under both queries of 2d is its score under the sum of the two."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    scores = setting.two_heads()
    deviation = number("score_law.variance", beta, beta, alpha + radial, 0.0, alpha) ** 0.5

    return Experiment(
        key="single_head.joint",
        claim="single_head.joint",
        question=setting.part("2c"),
        title="the sum of $k_a$'s scores under two queries is normal with the derived variance",
        law="score_law.variance",
        parameters=setting.parameters,
        on_keys=True,
        measure=lambda draw: (draw.scores(scores)[:, A].sum(axis=0) - beta) / deviation,
        check=STANDARD_NORMAL,
    )


def logit_of_share(setting: Setting, lower: float) -> Experiment:
    """The query βμ_a + lower·μ_b favours a: the logit's mean is no longer 0."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    keys = RandomKeys.of(setting.n, alpha, radial, setting.d)
    scores = Scores(keys, beta * keys.means[[A]] + lower * keys.means[[B]])
    first, second = (alpha + radial, 0.0, alpha), (alpha, 0.0, alpha)
    deviation = number("score_law.logit_variance", beta, lower, *first, *second) ** 0.5

    return Experiment(
        key="single_head.logit",
        claim="single_head.logit",
        question="2c.2",
        title="the logit of the share is normal for a query that favours $v_a$",
        law="score_law.logit_variance",
        parameters=setting.parameters | {"lower": lower},
        on_keys=True,
        measure=lambda draw: (logit(draw.scores(scores)[0], A, B) - (beta - lower)) / deviation,
        check=STANDARD_NORMAL,
    )


def near_half(setting: Setting) -> Experiment:
    """For isotropic noise, the only one of which the claim speaks."""
    shares = _shares(setting)

    def near(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = shares(draw)
        return indicator(abs(found - 0.5) <= HALF_WIDTH, found)

    return Experiment(
        key="single_head.near_half",
        claim="single_head.average",
        question="2c.1",
        title="how often the share is within δ of one half",
        law="regimes.near_half",
        parameters=setting.parameters | {"delta": HALF_WIDTH},
        on_keys=True,
        measure=near,
        check=Probability(exactly("regimes.near_half", HALF_WIDTH, setting.alpha, setting.beta)),
    )


def undecided(setting: Setting) -> Experiment:
    """The share is neither near 0 nor near 1."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    shares = _shares(setting)

    def between(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = shares(draw)
        return indicator(abs(found - 0.5) < 0.5 - HALF_WIDTH, found)

    return Experiment(
        key="single_head.undecided",
        claim="single_head.coin",
        question="2c.2",
        title="how often neither value takes all but δ of the share",
        law="regimes.undecided",
        parameters=setting.parameters | {"delta": HALF_WIDTH},
        on_keys=True,
        measure=between,
        check=Probability(exactly("regimes.undecided", HALF_WIDTH, alpha, beta, radial)),
    )


def coin(setting: Setting) -> Experiment:
    """Both values are as likely to have the smaller share."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    shares = _shares(setting)

    def smaller(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = shares(draw)
        return indicator(found <= 0.5, found)

    return Experiment(
        key="single_head.coin",
        claim="single_head.coin",
        question="2c.2",
        title="the coin is fair: $v_a$ has the smaller share half of the time",
        law="single_head.split_cdf",
        parameters=setting.parameters,
        on_keys=True,
        measure=smaller,
        check=Probability(exactly("single_head.split_cdf", 0.5, alpha, beta, radial)),
    )


def variance(setting: Setting) -> Experiment:
    """The share's mean is one half by symmetry, so its variance is the mean of (s - 1/2)²."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial

    def bounds() -> Range:
        lower = number("share_variance.variance_bound", alpha, beta, radial)
        return lower, number("share_variance.variance_above", spread(setting))

    return Experiment(
        key="single_head.variance",
        claim="single_head.variance",
        question="2c.2",
        title="the variance of the share lies between its bounds",
        law="share_variance.variance_bound",
        parameters=setting.parameters,
        on_keys=True,
        measure=_squares(setting),
        check=Mean(bounds, width=LARGEST_VARIANCE),
    )


def exact_variance(setting: Setting) -> Experiment:
    """The same mean against the integral that it equals."""

    def value() -> Range:
        return (number("logistic_normal.variance", spread(setting)),) * 2

    return Experiment(
        key="single_head.exact_variance",
        claim="logistic_normal.variance",
        question="2c.2",
        title="the variance of the share is the integral",
        law="logistic_normal.variance",
        parameters=setting.parameters,
        on_keys=True,
        measure=_squares(setting),
        check=Mean(value, width=LARGEST_VARIANCE),
    )


def spread(setting: Setting) -> float:
    """The deviation of the share's logit."""
    arguments = setting.alpha, setting.beta, setting.radial
    return number("single_head.split_variance", *arguments) ** 0.5


def _squares(setting: Setting) -> Measure:
    shares = _shares(setting)
    return lambda draw: (shares(draw) - 0.5) ** 2


def _shares(setting: Setting) -> Measure:
    logits = _logits(setting)
    return lambda draw: share(logits(draw))


def _logits(setting: Setting) -> Measure:
    """Of the share of v_a against v_b."""
    scores = setting.one_head()
    return lambda draw: logit(draw.scores(scores)[0], A, B)
