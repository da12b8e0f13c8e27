"""Question 2d: two heads with q_1 = βμ_a and q_2 = βμ_b, their outputs averaged."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate import output_law
from simulate.attention import largest, weights
from simulate.ensembles.frames import orthonormal
from simulate.experiment import Experiment, Measure, at_most, exactly, number
from simulate.experiments import averaging
from simulate.keys import A, B
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Distribution, Identity, Mean, Probability, Range
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

SIZES = (2, 16)
BETA = 30.0
WIDE = 100.0
"""Radial variance at which the bound on how far head 1 is from its limit is nearly attained."""
TOLERANCE = 0.1


def noises(alpha: float) -> tuple[float, ...]:
    """The variances at which head 1's misses are counted."""
    return tuple(factor * alpha for factor in (1, 3, 10, 30, 100))


def experiments(alpha: float) -> list[Experiment]:
    """The laws of one head's weight and of head 1's misses, and the variance of the output.

    With radial noise the bound on the loss says something for few keys and a small gain only.
    """
    found = [_error()]
    for radial, few, gain in ((0.0, 16, 3.0), (RADIAL, 2, 2.0)):
        found += [head(Setting(alpha, 10.0, 2, radial)), loss(Setting(alpha, gain, few, radial))]
    many = [Setting(noise, BETA, SIZES[-1], RADIAL) for noise in noises(alpha)]
    found += [negative_score(replace(setting, n=2)) for setting in many[::2]]
    found += [miss(replace(setting, n=n)) for n in SIZES for setting in many]
    found += [miss_bound(replace(many[0], alpha=alpha / 10))]
    found += [missed_though_kept(setting) for setting in many[:3:2]]
    found += [limit(replace(many[0], beta=3.0, radial=WIDE))]
    found += [near_average(Setting(10 * alpha, 10.0, 2, RADIAL))]
    return [*found, *(limit_variance(setting) for setting in many[::2])]


def miss_key(alpha: float, n: int) -> str:
    """Key of the experiment that counts head 1's misses."""
    return f"multi_head.miss.alpha{alpha:g}.n{n}"


def _error() -> Experiment:
    """Both heads on the same random orthonormal keys, q_1 = βk_a and q_2 = βk_b."""
    n, d = 5, 6

    def relative(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        beta = rng.uniform(0, averaging.LARGEST_GAIN, draw.trials)
        keys = orthonormal(rng, draw.trials, n, d)
        scores = beta * np.einsum("hdt,ndt->hnt", keys[: B + 1], keys)
        centred = averaging.about_average(rng.standard_normal((n, d, draw.trials)))
        both = weights(scores).mean(axis=0)
        return averaging.difference(both, centred, B + 1, law("multi_head.leak")(beta, n))

    return Experiment(
        key="multi_head.error",
        claim="multi_head.average",
        question="2d.1",
        title="without noise the error of two heads is exact",
        law="multi_head.leak",
        parameters={"n": n, "d": d},
        measure=relative,
        check=Identity(),
    )


def head(setting: Setting) -> Experiment:
    """Head 1's weight on v_a, with two keys."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    return Experiment(
        key=f"multi_head.head.{setting.name}",
        claim="multi_head.finite",
        question=setting.part("2d"),
        title="head 1's weight on $v_a$ follows its logit-normal law",
        law="multi_head.head_cdf",
        parameters=setting.parameters,
        on_keys=True,
        measure=_first_weight(setting),
        check=Distribution(
            lambda w: law("multi_head.head_cdf")(w, alpha, beta, radial),
            grid=special.expit(np.linspace(-30, 30, 2**14)),
        ),
    )


def near_average(setting: Setting) -> Experiment:
    """P(W_a within TOLERANCE of one half) for two keys, where all that is not W_a is W_b."""
    scores = setting.two_heads()

    def near(draw: Draw) -> Float[np.ndarray, " trials"]:
        output = weights(draw.scores(scores)).mean(axis=0)
        place = output[A] - output[B]
        return indicator(abs(place) <= 2 * TOLERANCE, place)

    def value() -> Range:
        lower, upper = output_law.two_heads(setting, 2 * TOLERANCE * np.array([-1.0, 1.0]))
        return float(lower[1] - upper[0]), float(upper[1] - lower[0])

    return Experiment(
        key="multi_head.near_average",
        claim="multi_head.finite",
        question=setting.part("2d"),
        title="how often the output of two heads is within δ of the average",
        law="multi_head.head_cdf",
        parameters=setting.parameters | {"delta": TOLERANCE},
        on_keys=True,
        measure=near,
        check=Probability(value),
    )


def loss(setting: Setting) -> Experiment:
    """E[1 - w_1] against its bound."""
    alpha, beta, n, radial = setting.alpha, setting.beta, setting.n, setting.radial
    weight = _first_weight(setting)
    return Experiment(
        key=f"multi_head.loss.{setting.name}",
        claim="multi_head.noise",
        question=setting.part("2d"),
        title="the mean weight of head 1 on other values stays below its bound",
        law="multi_head.loss_bound",
        parameters=setting.parameters,
        on_keys=True,
        measure=lambda draw: 1 - weight(draw),
        check=Mean(
            at_most("multi_head.loss_bound", alpha, beta, n, radial),
            width=1.0,
            reach=0.25,
        ),
    )


def negative_score(setting: Setting) -> Experiment:
    """P(q_1ᵀk_a < 0), which depends on neither gain nor number of keys."""
    scores = setting.first_head()

    def negative(draw: Draw) -> Float[np.ndarray, " trials"]:
        score = draw.scores(scores)[0, A]
        return indicator(score < 0, score)

    return Experiment(
        key=f"multi_head.negative_score.alpha{setting.alpha:g}",
        claim="multi_head.negative_score",
        question="2d.2",
        title=r"how often $q_1^\top k_a$ is negative",
        law="multi_head.negative_score",
        parameters=setting.parameters,
        on_keys=True,
        measure=negative,
        check=Probability(exactly("multi_head.negative_score", setting.alpha, setting.radial)),
    )


def miss(setting: Setting) -> Experiment:
    """P(another score of head 1 is larger than k_a's) exactly."""
    return Experiment(
        key=miss_key(setting.alpha, setting.n),
        claim="multi_head.miss",
        question="2d.2",
        title="how often head 1 gives another value more weight than $v_a$",
        law="missing.miss",
        parameters=setting.parameters,
        on_keys=True,
        measure=_misses(setting),
        check=Probability(exactly("missing.miss", setting.alpha, setting.n, setting.radial)),
    )


def miss_bound(setting: Setting) -> Experiment:
    """Nearly all that is missed are negative scores: p lies above its value at n = 2."""
    alpha, n, radial = setting.alpha, setting.n, setting.radial
    return Experiment(
        key="multi_head.miss_bound",
        claim="multi_head.miss_bound",
        question="2d.2",
        title="with little noise misses are hardly more frequent than with two keys",
        law="missing.miss_bound",
        parameters=setting.parameters,
        on_keys=True,
        measure=_misses(setting),
        check=Probability(
            lambda: (
                number("missing.miss", alpha, 2, radial),
                number("missing.miss_bound", alpha, n, radial),
            )
        ),
    )


def missed_though_kept(setting: Setting) -> Experiment:
    """Misses that remain when trials with q_1ᵀk_a < 0 are left out, as the question allows.

    A negative score takes away at most its own probability, so P(miss, score ≥ 0) lies between
    P(miss) - P(score < 0) and P(miss).
    """
    alpha, n, radial = setting.alpha, setting.n, setting.radial
    law = setting.first_head()

    def kept(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)[0]
        return (1 - wins(scores)) * (scores[A] >= 0)

    def value() -> Range:
        miss = number("missing.miss", alpha, n, radial)
        return miss - number("multi_head.negative_score", alpha, radial), miss

    return Experiment(
        key=f"multi_head.kept_miss.alpha{alpha:g}",
        claim="multi_head.miss",
        question="2d.2",
        title=r"that head 1 misses $v_a$ although $q_1^\top k_a$ is not negative, between bounds",
        law="missing.miss",
        parameters=setting.parameters,
        on_keys=True,
        measure=kept,
        check=Probability(value),
    )


def limit(setting: Setting) -> Experiment:
    """The mean of |w_1 - 1|, or of w_1 where another key wins, falls with the gain."""
    alpha, beta, n, radial = setting.alpha, setting.beta, setting.n, setting.radial
    law = setting.first_head()

    def distance(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)[0]
        return abs(weights(scores)[A] - wins(scores))

    return Experiment(
        key="multi_head.limit",
        claim="multi_head.limit",
        question="2d.2",
        title="head 1's weight on $v_a$ is as near to all or nothing as its bound says",
        law="missing.limit_bound",
        parameters=setting.parameters,
        on_keys=True,
        measure=distance,
        check=Mean(
            at_most("missing.limit_bound", alpha, beta, n, radial),
            width=1.0,
            reach=0.1,
        ),
    )


def limit_variance(setting: Setting) -> Experiment:
    """Half the squared difference of two independent outputs has the variance as its mean.

    In the limit of a large gain the largest score alone matters, and the gain no longer.
    """
    alpha, n, radial = setting.alpha, setting.n, setting.radial
    law = replace(setting, beta=1.0).two_heads()

    def half_squared_difference(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = (wins(twin.scores(law)).mean(axis=0) for twin in draw.twins())
        return (one - other) ** 2 / 2

    return Experiment(
        key=f"multi_head.variance.alpha{alpha:g}",
        claim="multi_head.variance",
        question="2d.2",
        title=r"the variance of the output's weight on $v_a$ as $\beta$ grows without end",
        law="multi_head.limit_variance",
        parameters={name: x for name, x in setting.parameters.items() if name != "beta"},
        on_keys=True,
        measure=half_squared_difference,
        check=Mean(exactly("multi_head.limit_variance", alpha, n, radial), width=0.5),
    )


def _misses(setting: Setting) -> Measure:
    scores = setting.first_head()
    return lambda draw: 1 - wins(draw.scores(scores)[0])


def wins(scores: Float[np.ndarray, "*heads n trials"]) -> Float[np.ndarray, "*heads trials"]:
    """1 where key a has the largest score, 0 where another has."""
    return indicator(largest(scores, A), scores.sum(axis=-2))


def _first_weight(setting: Setting) -> Measure:
    scores = setting.first_head()
    return lambda draw: weights(draw.scores(scores)[0])[A]
