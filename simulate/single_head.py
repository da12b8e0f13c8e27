"""Question 2c: one head with q = β(μ_a + μ_b) on random keys."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import log_weights, weights
from simulate.experiment import Experiment, Measure, exactly, law, number
from simulate.samplers import SETTINGS, A, B, RandomKeys, Sampler, average_query
from simulate.statistics import Distribution, Mean, Probability, Range
from simulate.streams import SIZE, Block
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

N = 4
GAINS = (1.0, 3.0, 10.0, 30.0)
BINS = 50
HALF_WIDTH = 0.1


def experiments(alpha: float) -> list[Experiment]:
    """The exact law of the share s = α_a/(α_a + α_b), and what follows from it."""
    found = [_split(name, radial, alpha, beta) for name, radial in SETTINGS for beta in GAINS]
    found += [_score(name, radial, alpha) for name, radial in SETTINGS]
    return [*found, _near_half(alpha), *_coin(alpha), _variance(alpha), _background(alpha),
            _neighbours(alpha)]  # fmt: skip


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
        measure=_logits(alpha, beta, radial),
        check=Distribution(
            lambda x: law("single_head.logit_cdf")(x, alpha, beta, radial),
            grid=np.sinh(np.linspace(-7, 7, 2**14)),
            marks=tuple(special.logit(np.arange(1, BINS) / BINS)),
        ),
    )


def _score(setting: str, radial: float, alpha: float) -> Experiment:
    """Φ of the standardised score of key a is uniform on [0, 1]."""
    beta = 10.0

    def measure(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        score = _scores(block, sampler, alpha, beta, radial)[:, A]
        deviation = np.sqrt(number("single_head.score_variance", alpha, beta, radial))
        return special.ndtr((score - beta) / deviation)

    return Experiment(
        key=f"single_head.score.{setting}",
        claim="single_head.scores",
        question=_question(radial),
        title="the score of $k_a$ is normal with the derived variance",
        law="single_head.score_variance",
        parameters=_parameters(alpha, beta, radial),
        measure=measure,
        check=Distribution(lambda u: u, grid=np.linspace(0, 1, 2)),
    )


def _near_half(alpha: float) -> Experiment:
    beta = 10.0
    shares = _shares(alpha, beta, 0.0)

    def near(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        share = shares(block, sampler)
        return indicator(np.abs(share - 0.5) <= HALF_WIDTH, share)

    return Experiment(
        key="single_head.near_half",
        claim="single_head.average",
        question="2c.1",
        title="how often the share is within δ of one half",
        law="single_head.near_half",
        parameters=_parameters(alpha, beta, 0.0) | {"delta": HALF_WIDTH},
        measure=near,
        check=Probability(exactly("single_head.near_half", HALF_WIDTH, alpha, beta)),
    )


def _coin(alpha: float) -> list[Experiment]:
    beta, radial = 10.0, 0.5
    shares = _shares(alpha, beta, radial)

    def undecided(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        share = shares(block, sampler)
        return indicator(np.minimum(share, 1 - share) > HALF_WIDTH, share)

    def smaller(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        share = shares(block, sampler)
        return indicator(share <= 0.5, share)

    return [
        Experiment(
            key="single_head.undecided",
            claim="single_head.coin",
            question="2c.2",
            title="how often neither value takes all but δ of the share",
            law="single_head.undecided",
            parameters=_parameters(alpha, beta, radial) | {"delta": HALF_WIDTH},
            measure=undecided,
            check=Probability(exactly("single_head.undecided", HALF_WIDTH, alpha, beta, radial)),
        ),
        Experiment(
            key="single_head.coin",
            claim="single_head.coin",
            question="2c.2",
            title="the coin is fair: $v_a$ has the smaller share half of the time",
            law="single_head.split_cdf",
            parameters=_parameters(alpha, beta, radial),
            measure=smaller,
            check=Probability(exactly("single_head.split_cdf", 0.5, alpha, beta, radial)),
        ),
    ]


def _variance(alpha: float) -> Experiment:
    """The share's mean is one half by symmetry, so its variance is the mean of (s - 1/2)²."""
    beta, radial = 30.0, 0.5
    shares = _shares(alpha, beta, radial)
    largest = 0.25
    return Experiment(
        key="single_head.variance",
        claim="single_head.variance",
        question="2c.2",
        title="the variance of the share lies between its bound and a fair coin's",
        law="single_head.variance_bound",
        parameters=_parameters(alpha, beta, radial),
        measure=lambda block, sampler: (shares(block, sampler) - 0.5) ** 2,
        check=Mean(
            lambda: (number("single_head.variance_bound", alpha, beta, radial), largest),
            width=largest,
        ),
    )


def _background(alpha: float) -> Experiment:
    beta, n = 4.0, 16

    def rest(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        return weights(_scores(block, sampler, alpha, beta, 0.0, n))[:, B + 1 :].sum(axis=1)

    return Experiment(
        key="single_head.background",
        claim="single_head.background",
        question="2c.1",
        title="the mean weight on neither $v_a$ nor $v_b$ stays below its bound",
        law="single_head.background",
        parameters=_parameters(alpha, beta, 0.0, n),
        measure=rest,
        check=Mean(
            lambda: (0.0, number("single_head.background", alpha, beta, n)),
            width=1.0,
            reach=0.25,
        ),
    )


def _neighbours(alpha: float) -> Experiment:
    """A check of the random streams: neighbouring blocks are independent.

    Trial i has a share below one half in both of two neighbouring blocks a quarter of the time.
    """
    beta, radial = 10.0, 0.5
    shares = _shares(alpha, beta, radial)

    def both(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        larger = np.maximum(*(shares(b, sampler) for b in block.pair()))
        return indicator(larger <= 0.5, larger)

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
        measure=both,
        check=Probability(square),
    )


def _shares(alpha: float, beta: float, radial: float) -> Measure:
    logits = _logits(alpha, beta, radial)
    return lambda block, sampler: special.expit(logits(block, sampler))


def _logits(alpha: float, beta: float, radial: float) -> Measure:
    """log(α_a/α_b), the logit of the share, which is never rounded to 0 or 1."""

    def measure(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
        logarithms = log_weights(_scores(block, sampler, alpha, beta, radial))
        return logarithms[:, A] - logarithms[:, B]

    return measure


def _scores(
    block: Block, sampler: Sampler, alpha: float, beta: float, radial: float, n: int = N
) -> Float[np.ndarray, "trials n"]:
    keys = RandomKeys.of(n, alpha, radial)
    return sampler(block.generator(), SIZE, keys, average_query(n, beta))[0]


def _question(radial: float) -> str:
    return "2c.1" if radial == 0 else "2c.2"


def _parameters(alpha: float, beta: float, radial: float, n: int = N) -> dict[str, float]:
    return {"alpha": alpha, "beta": beta, "radial": radial, "n": n}
