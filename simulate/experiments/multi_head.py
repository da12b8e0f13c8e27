"""Question 2d: two heads with q_1 = βμ_a and q_2 = βμ_b, their outputs averaged."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import largest, orthonormal, weights
from simulate.experiment import Experiment, Measure, exactly, number
from simulate.experiments import averaging
from simulate.keys import SETTINGS, A, B, first_head, two_heads
from simulate.samplers import Draw
from simulate.statistics import Distribution, Identity, Mean, Probability, Range
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

SIZES = (2, 16)
BETA = 30.0
RADIAL = 0.5


def noises(alpha: float) -> tuple[float, ...]:
    """The variances at which head 1's misses are counted."""
    return tuple(factor * alpha for factor in (1, 3, 10, 30, 100))


def experiments(alpha: float) -> list[Experiment]:
    """The laws of one head's weight and of head 1's misses, and the variance of the output."""
    found = [_error()]
    for setting, radial in SETTINGS:
        found += [_head(setting, radial, alpha), _loss(setting, radial, alpha)]
    decades = noises(alpha)[::2]
    found += [_negative_score(noise) for noise in decades]
    found += [_miss(noise, n) for n in SIZES for noise in noises(alpha)]
    found += [_miss_bound(alpha / 10), *(_kept_miss(noise) for noise in decades[:2])]
    return [*found, _limit(alpha), *(_variance(noise, SIZES[-1]) for noise in decades)]


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
        scores = beta[:, None, None] * np.einsum("thd,tnd->thn", keys[:, : B + 1], keys)
        centred = averaging.about_average(rng.standard_normal((draw.trials, n, d)))
        both = weights(scores, axis=-1).mean(axis=1)
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


def _head(setting: str, radial: float, alpha: float) -> Experiment:
    beta, n = 10.0, 2
    return Experiment(
        key=f"multi_head.head.{setting}",
        claim="multi_head.finite",
        question=_question(radial),
        title="head 1's weight on $v_a$ follows its logit-normal law",
        law="multi_head.head_cdf",
        parameters=_parameters(alpha, beta, n, radial),
        on_keys=True,
        measure=_first_weight(alpha, beta, n, radial),
        check=Distribution(
            lambda w: law("multi_head.head_cdf")(w, alpha, beta, radial),
            grid=special.expit(np.linspace(-30, 30, 2**14)),
        ),
    )


def _loss(setting: str, radial: float, alpha: float) -> Experiment:
    """With radial noise the bound says something for few keys and a small gain only."""
    n, beta = (16, 3.0) if radial == 0 else (2, 2.0)
    weight = _first_weight(alpha, beta, n, radial)
    return Experiment(
        key=f"multi_head.loss.{setting}",
        claim="multi_head.noise",
        question=_question(radial),
        title="the mean weight of head 1 on other values stays below its bound",
        law="multi_head.loss_bound",
        parameters=_parameters(alpha, beta, n, radial),
        on_keys=True,
        measure=lambda draw: 1 - weight(draw),
        check=Mean(
            lambda: (0.0, number("multi_head.loss_bound", alpha, beta, n, radial)),
            width=1.0,
            reach=0.25,
        ),
    )


def _negative_score(alpha: float) -> Experiment:
    scores = first_head(2, alpha, BETA, RADIAL)

    def negative(draw: Draw) -> Float[np.ndarray, " trials"]:
        score = draw.scores(scores)[0, A]
        return indicator(score < 0, score)

    return Experiment(
        key=f"multi_head.negative_score.alpha{alpha:g}",
        claim="multi_head.negative_score",
        question="2d.2",
        title=r"how often $q_1^\top k_a$ is negative",
        law="multi_head.negative_score",
        parameters=_parameters(alpha, BETA, 2, RADIAL),
        on_keys=True,
        measure=negative,
        check=Probability(exactly("multi_head.negative_score", alpha, RADIAL)),
    )


def _miss(alpha: float, n: int) -> Experiment:
    return Experiment(
        key=miss_key(alpha, n),
        claim="multi_head.miss",
        question="2d.2",
        title="how often head 1 gives another value more weight than $v_a$",
        law="missing.miss",
        parameters=_parameters(alpha, BETA, n, RADIAL),
        on_keys=True,
        measure=_misses(alpha, n),
        check=Probability(exactly("missing.miss", alpha, n, RADIAL)),
    )


def _miss_bound(alpha: float) -> Experiment:
    """Nearly all that is missed are negative scores: p lies above its value at n = 2."""
    n = SIZES[-1]
    return Experiment(
        key="multi_head.miss_bound",
        claim="multi_head.miss_bound",
        question="2d.2",
        title="with little noise misses are hardly more frequent than with two keys",
        law="missing.miss_bound",
        parameters=_parameters(alpha, BETA, n, RADIAL),
        on_keys=True,
        measure=_misses(alpha, n),
        check=Probability(
            lambda: (
                number("missing.miss", alpha, 2, RADIAL),
                number("missing.miss_bound", alpha, n, RADIAL),
            )
        ),
    )


def _kept_miss(alpha: float) -> Experiment:
    """Misses that remain when trials with q_1ᵀk_a < 0 are left out, as the question allows.

    A negative score takes away at most its own probability, so P(miss, score ≥ 0) lies between
    P(miss) - P(score < 0) and P(miss).
    """
    n = SIZES[-1]

    law = first_head(n, alpha, BETA, RADIAL)

    def kept(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)[0]
        return (1 - _wins(scores)) * (scores[A] >= 0)

    def value() -> Range:
        miss = number("missing.miss", alpha, n, RADIAL)
        return miss - number("multi_head.negative_score", alpha, RADIAL), miss

    return Experiment(
        key=f"multi_head.kept_miss.alpha{alpha:g}",
        claim="multi_head.miss",
        question="2d.2",
        title=r"how often head 1 misses $v_a$ although $q_1^\top k_a$ is not negative",
        law="missing.miss",
        parameters=_parameters(alpha, BETA, n, RADIAL),
        on_keys=True,
        measure=kept,
        check=Probability(value),
    )


def _limit(alpha: float) -> Experiment:
    """The mean of |w_1 - 1|, or of w_1 where another key wins, falls with the gain."""
    beta, n = 100.0, SIZES[-1]

    law = first_head(n, alpha, beta, RADIAL)

    def distance(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)[0]
        return abs(weights(scores)[A] - _wins(scores))

    return Experiment(
        key="multi_head.limit",
        claim="multi_head.limit",
        question="2d.2",
        title="head 1's weight on $v_a$ is as near to all or nothing as its bound says",
        law="missing.limit_bound",
        parameters=_parameters(alpha, beta, n, RADIAL),
        on_keys=True,
        measure=distance,
        check=Mean(
            lambda: (0.0, number("missing.limit_bound", alpha, beta, n, RADIAL)),
            width=1.0,
            reach=0.1,
        ),
    )


def _variance(alpha: float, n: int) -> Experiment:
    """Half the squared difference of two independent outputs has the variance as its mean."""

    law = two_heads(n, alpha, 1.0, RADIAL)

    def half_squared_difference(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = (_wins(twin.scores(law)).mean(axis=0) for twin in draw.twins())
        return (one - other) ** 2 / 2

    return Experiment(
        key=f"multi_head.variance.alpha{alpha:g}",
        claim="multi_head.variance",
        question="2d.2",
        title=r"the variance of the output's weight on $v_a$ as $\beta$ grows without end",
        law="multi_head.limit_variance",
        parameters={"alpha": alpha, "n": n, "radial": RADIAL},
        on_keys=True,
        measure=half_squared_difference,
        check=Mean(exactly("multi_head.limit_variance", alpha, n, RADIAL), width=0.5),
    )


def _misses(alpha: float, n: int) -> Measure:
    scores = first_head(n, alpha, BETA, RADIAL)
    return lambda draw: 1 - _wins(draw.scores(scores)[0])


def _wins(scores: Float[np.ndarray, "*heads n trials"]) -> Float[np.ndarray, "*heads trials"]:
    """1 where key a has the largest score, 0 where another has."""
    return indicator(largest(scores, A), scores.sum(axis=-2))


def _first_weight(alpha: float, beta: float, n: int, radial: float) -> Measure:
    scores = first_head(n, alpha, beta, radial)
    return lambda draw: weights(draw.scores(scores)[0])[A]


def _question(radial: float) -> str:
    return "2d.1" if radial == 0 else "2d.2"


def _parameters(alpha: float, beta: float, n: int, radial: float) -> dict[str, float]:
    return {"alpha": alpha, "beta": beta, "n": n, "radial": radial}
