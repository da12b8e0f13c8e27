"""Question 2c: one head with q = β(μ_a + μ_b) on random keys."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import logit, share
from simulate.experiment import Experiment, Measure, exactly, number
from simulate.keys import SETTINGS, A, B, RandomKeys, Scores, one_head, two_heads
from simulate.samplers import Draw
from simulate.statistics import Distribution, Mean, Probability, Range
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N = 4
GAINS = (1.0, 3.0, 10.0, 30.0)
BINS = 50
HALF_WIDTH = 0.1
STANDARD_NORMAL = Distribution(special.ndtr, grid=np.linspace(-9, 9, 2**14))


def experiments(alpha: float) -> list[Experiment]:
    """The exact law of the share s = α_a/(α_a + α_b), and what follows from it."""
    found = [_split(name, radial, alpha, beta) for name, radial in SETTINGS for beta in GAINS]
    found += [_score(name, radial, alpha) for name, radial in SETTINGS]
    found += [_joint(alpha), _logit(alpha), _near_half(alpha), *_coin(alpha)]
    return [*found, *_variances(alpha), _neighbours(alpha)]


def split_key(setting: str, beta: float) -> str:
    """Key of the experiment that samples the share in a setting at a gain."""
    return f"single_head.split.{setting}.beta{beta:g}"


def _split(setting: str, radial: float, alpha: float, beta: float) -> Experiment:
    return Experiment(
        key=split_key(setting, beta),
        claim="single_head.split",
        question=_question(radial),
        title="the share of $v_a$ against $v_b$ follows the logit-normal law",
        law="single_head.logit_cdf",
        parameters=_parameters(alpha, beta, radial),
        on_keys=True,
        measure=_logits(alpha, beta, radial),
        check=Distribution(
            lambda x: law("single_head.logit_cdf")(x, alpha, beta, radial),
            grid=np.sinh(np.linspace(-7, 7, 2**14)),
            marks=tuple(special.logit(np.arange(1, BINS) / BINS)),
        ),
    )


def _score(setting: str, radial: float, alpha: float) -> Experiment:
    """The standardised score of key a is standard normal."""
    beta = 10.0
    scores = one_head(N, alpha, beta, radial)
    deviation = number("single_head.score_variance", alpha, beta, radial) ** 0.5

    return Experiment(
        key=f"single_head.score.{setting}",
        claim="single_head.scores",
        question=_question(radial),
        title="the score of $k_a$ is normal with the derived variance",
        law="single_head.score_variance",
        parameters=_parameters(alpha, beta, radial),
        on_keys=True,
        measure=lambda draw: (draw.scores(scores)[0, A] - beta) / deviation,
        check=STANDARD_NORMAL,
    )


def _joint(alpha: float) -> Experiment:
    """The sum of key a's scores under both queries of 2d is its score under the sum of the two."""
    beta, radial = 10.0, 0.5
    scores = two_heads(N, alpha, beta, radial)
    deviation = number("score_law.variance", beta, beta, alpha + radial, 0.0, alpha) ** 0.5

    return Experiment(
        key="single_head.joint",
        claim="single_head.joint",
        question="2c.2",
        title="the scores of $k_a$ under two queries sum to one with the derived variance",
        law="score_law.variance",
        parameters=_parameters(alpha, beta, radial),
        on_keys=True,
        measure=lambda draw: (draw.scores(scores)[:, A].sum(axis=0) - beta) / deviation,
        check=STANDARD_NORMAL,
    )


def _logit(alpha: float) -> Experiment:
    """A query that favours a: the logit's mean is no longer 0."""
    beta, radial, lower = 10.0, 0.5, 6.0
    keys = RandomKeys.of(N, alpha, radial)
    scores = Scores(keys, np.array([[beta, lower, *[0.0] * (N - 2)]]))
    first, second = (alpha + radial, 0.0, alpha), (alpha, 0.0, alpha)
    deviation = number("score_law.logit_variance", beta, lower, *first, *second) ** 0.5

    return Experiment(
        key="single_head.logit",
        claim="single_head.logit",
        question="2c.2",
        title="the logit of the share is normal for a query that favours $v_a$",
        law="score_law.logit_variance",
        parameters=_parameters(alpha, beta, radial) | {"lower": lower},
        on_keys=True,
        measure=lambda draw: (logit(draw.scores(scores)[0], A, B) - (beta - lower)) / deviation,
        check=STANDARD_NORMAL,
    )


def _near_half(alpha: float) -> Experiment:
    beta = 10.0
    shares = _shares(alpha, beta, 0.0)

    def near(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = shares(draw)
        return indicator(abs(found - 0.5) <= HALF_WIDTH, found)

    return Experiment(
        key="single_head.near_half",
        claim="single_head.average",
        question="2c.1",
        title="how often the share is within δ of one half",
        law="regimes.near_half",
        parameters=_parameters(alpha, beta, 0.0) | {"delta": HALF_WIDTH},
        on_keys=True,
        measure=near,
        check=Probability(exactly("regimes.near_half", HALF_WIDTH, alpha, beta)),
    )


def _coin(alpha: float) -> list[Experiment]:
    beta, radial = 10.0, 0.5
    shares = _shares(alpha, beta, radial)

    def undecided(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = shares(draw)
        return indicator(abs(found - 0.5) < 0.5 - HALF_WIDTH, found)

    def smaller(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = shares(draw)
        return indicator(found <= 0.5, found)

    return [
        Experiment(
            key="single_head.undecided",
            claim="single_head.coin",
            question="2c.2",
            title="how often neither value takes all but δ of the share",
            law="regimes.undecided",
            parameters=_parameters(alpha, beta, radial) | {"delta": HALF_WIDTH},
            on_keys=True,
            measure=undecided,
            check=Probability(exactly("regimes.undecided", HALF_WIDTH, alpha, beta, radial)),
        ),
        Experiment(
            key="single_head.coin",
            claim="single_head.coin",
            question="2c.2",
            title="the coin is fair: $v_a$ has the smaller share half of the time",
            law="single_head.split_cdf",
            parameters=_parameters(alpha, beta, radial),
            on_keys=True,
            measure=smaller,
            check=Probability(exactly("single_head.split_cdf", 0.5, alpha, beta, radial)),
        ),
    ]


def _variances(alpha: float) -> list[Experiment]:
    """The share's mean is one half by symmetry, so its variance is the mean of (s - 1/2)²."""
    radial, largest = 0.5, 0.25

    def bounds(beta: float) -> Range:
        spread = _spread(alpha, beta, radial)
        lower = number("share_variance.variance_bound", alpha, beta, radial)
        return lower, number("share_variance.variance_above", spread)

    def exact(beta: float) -> Range:
        return (number("logistic_normal.variance", _spread(alpha, beta, radial)),) * 2

    def experiment(
        key: str, claim: str, title: str, law: str, beta: float, value: Callable[[float], Range]
    ) -> Experiment:
        shares = _shares(alpha, beta, radial)
        return Experiment(
            key=key,
            claim=claim,
            question="2c.2",
            title=title,
            law=law,
            parameters=_parameters(alpha, beta, radial),
            on_keys=True,
            measure=lambda draw: (shares(draw) - 0.5) ** 2,
            check=Mean(lambda: value(beta), width=largest),
        )

    return [
        experiment(
            "single_head.variance",
            "single_head.variance",
            "the variance of the share lies between its bounds",
            "share_variance.variance_bound",
            30.0,
            bounds,
        ),
        experiment(
            "single_head.exact_variance",
            "logistic_normal.variance",
            "the variance of the share is the integral",
            "logistic_normal.variance",
            3.0,
            exact,
        ),
    ]


def _spread(alpha: float, beta: float, radial: float) -> float:
    """The deviation of the share's logit."""
    return number("single_head.split_variance", alpha, beta, radial) ** 0.5


def _neighbours(alpha: float) -> Experiment:
    """A check of the random streams: neighbouring blocks are independent.

    Trial i has a share below one half in both of two neighbouring blocks a quarter of the time.
    """
    beta, radial = 10.0, 0.5
    shares = _shares(alpha, beta, radial)

    def both(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = (shares(twin) for twin in draw.twins())
        return indicator((one <= 0.5) & (other <= 0.5), one + other)

    def square() -> Range:
        half = number("single_head.split_cdf", 0.5, alpha, beta, radial)
        return half**2, half**2

    return Experiment(
        key="single_head.neighbours",
        claim="single_head.coin",
        question="2c.2",
        title="the shares of neighbouring blocks of trials are independent",
        law="single_head.split_cdf",
        parameters=_parameters(alpha, beta, radial),
        on_keys=True,
        measure=both,
        check=Probability(square),
    )


def _shares(alpha: float, beta: float, radial: float) -> Measure:
    logits = _logits(alpha, beta, radial)
    return lambda draw: share(logits(draw))


def _logits(alpha: float, beta: float, radial: float) -> Measure:
    """Of the share of v_a against v_b."""
    scores = one_head(N, alpha, beta, radial)
    return lambda draw: logit(draw.scores(scores)[0], A, B)


def _question(radial: float) -> str:
    return "2c.1" if radial == 0 else "2c.2"


def _parameters(alpha: float, beta: float, radial: float) -> dict[str, float]:
    return {"alpha": alpha, "beta": beta, "radial": radial, "n": N}
