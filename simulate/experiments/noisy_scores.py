"""Question 2a with noise: how far a margin decides if the keys are noisy.

Keys about unit vectors under q = βμ_a: the score of k_a leads by the margin β in the mean, and all
scores carry noise of deviation √α β. The noise is so large here that it shows.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import weights
from simulate.experiment import Experiment, Measure, at_most, exactly, number
from simulate.experiments.multi_head import wins
from simulate.keys import A
from simulate.samplers import Draw
from simulate.setting import Setting
from simulate.statistics import Distribution, Mean, Probability
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float


def experiments(alpha: float) -> list[Experiment]:
    """Laws of the weight and of losing, bounds on the rest of the weight.

    `alpha` plays no part: their noise is large.
    """
    return [
        _weight(Setting(alpha=0.2, beta=3.0, n=2)),
        _lost(Setting(alpha=0.2, beta=3.0, n=2)),
        _lost(Setting(alpha=0.1, beta=2.0, n=16)),
        _rest("little", Setting(alpha=1 / 64, beta=4.0, n=4), reach=0.8),
        _rest("much", Setting(alpha=9 / 64, beta=8.0, n=2), reach=0.1),
        _margin(alpha=0.04, epsilon=0.1, delta=0.2, n=2),
    ]


def deviation(setting: Setting) -> float:
    """Of the noise in every score: √α times the length of the query."""
    return math.sqrt(setting.alpha) * setting.beta


def _weight(setting: Setting) -> Experiment:
    margin, sigma = setting.beta, deviation(setting)
    ends = margin + 8 * math.sqrt(2) * sigma * np.linspace(-1, 1, 2**14)
    return Experiment(
        key="noisy_scores.weight",
        claim="noisy_scores.weight",
        question="2a",
        title="with noisy scores the weight of the better of two keys is logistic-normal",
        law="noisy_scores.distribution",
        parameters=setting.parameters,
        on_keys=True,
        measure=_weight_of_a(setting),
        check=Distribution(
            lambda w: law("noisy_scores.distribution")(w, margin, sigma), grid=special.expit(ends)
        ),
    )


def _lost(setting: Setting) -> Experiment:
    scores = setting.first_head()

    def lost(draw: Draw) -> Float[np.ndarray, " trials"]:
        return 1 - wins(draw.scores(scores)[0])

    return Experiment(
        key=f"noisy_scores.lost.n{setting.n}",
        claim="noisy_scores.lost",
        question="2a",
        title="how often noise gives another key the largest score",
        law="noisy_scores.lost",
        parameters=setting.parameters,
        on_keys=True,
        measure=lost,
        check=Probability(
            exactly("noisy_scores.lost", setting.beta, deviation(setting), setting.n)
        ),
    )


def _rest(name: str, setting: Setting, reach: float) -> Experiment:
    """With the θ that the claim names as the best."""
    margin, sigma = setting.beta, deviation(setting)
    theta = min(1.0, margin / (2 * sigma**2))
    weight = _weight_of_a(setting)
    return Experiment(
        key=f"noisy_scores.rest.{name}",
        claim="noisy_scores.rest",
        question="2a",
        title=f"the mean weight of the other keys stays below its bound, with {name} noise",
        law="noisy_scores.rest",
        parameters=setting.parameters | {"theta": theta},
        on_keys=True,
        measure=lambda draw: 1 - weight(draw),
        check=Mean(
            at_most("noisy_scores.rest", theta, margin, sigma, setting.n),
            width=1.0,
            reach=reach,
        ),
    )


def _margin(alpha: float, epsilon: float, delta: float, n: int) -> Experiment:
    """At the margin that the claim asks for, by a query of just that length.

    A longer query has more noise: the margin is what it is without, plus a multiple of √α times
    itself.
    """
    without = number("copying.margin", epsilon, n)
    added = number("noisy_scores.margin", epsilon, delta, 1.0, n) - without
    margin = without / (1 - math.sqrt(alpha) * added)
    setting = Setting(alpha, margin, n)
    weight = _weight_of_a(setting)

    def failed(draw: Draw) -> Float[np.ndarray, " trials"]:
        rest = 1 - weight(draw)
        return indicator(rest > epsilon, rest)

    return Experiment(
        key="noisy_scores.margin",
        claim="noisy_scores.margin",
        question="2a",
        title=r"at the margin asked for, $1 - \alpha_j$ exceeds ε with probability at most δ",
        law="noisy_scores.margin",
        parameters=setting.parameters | {"epsilon": epsilon, "delta": delta},
        on_keys=True,
        measure=failed,
        check=Mean(lambda: (0.0, delta), width=1.0, reach=0.3),
    )


def _weight_of_a(setting: Setting) -> Measure:
    """The weight of k_a under q = βμ_a."""
    scores = setting.first_head()
    return lambda draw: weights(draw.scores(scores)[0])[A]
