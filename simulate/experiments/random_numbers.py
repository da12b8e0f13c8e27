"""Laws of question 2c that only good random numbers obey: tails, digits and independence.

No other law of these questions would show coarse or repeated normals.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import logit, share
from simulate.experiment import Experiment, Measure, exactly, number
from simulate.keys import A, B
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Distribution, Probability, Range
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

FAR = 4.0
"""Deviations of the logit from 0: so far out are 32 trials of a million."""

PLACES = 16
"""Binary places left out: normals of half precision fill only thousands of values of the rest."""

DIGITS = 29
"""Binary digits of the number of a trial, of which those of its offset in its block come first."""


def experiments(alpha: float) -> list[Experiment]:
    """At the smallest noise of the run."""
    setting = Setting(alpha, beta=10.0, n=4, radial=RADIAL)
    return [_tail(setting), _digits(setting), _neighbours(setting)]


def _tail(setting: Setting) -> Experiment:
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    scores = setting.one_head()
    far = -FAR * number("single_head.split_variance", alpha, beta, radial) ** 0.5

    def below(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = logit(draw.scores(scores)[0], A, B)
        return indicator(found <= far, found)

    return Experiment(
        key="single_head.tail",
        claim="single_head.split",
        question="2c.2",
        title="how often the logit of the share is four deviations or more below its mean",
        law="single_head.logit_cdf",
        parameters=setting.parameters | {"deviations": FAR},
        on_keys=True,
        measure=below,
        check=Probability(exactly("single_head.logit_cdf", far, alpha, beta, radial)),
    )


def _digits(setting: Setting) -> Experiment:
    """The law's distribution function at the score is uniform, so its later digits are too."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    scores = setting.one_head()
    deviation = number("single_head.score_variance", alpha, beta, radial) ** 0.5

    def later(draw: Draw) -> Float[np.ndarray, " trials"]:
        uniform = special.ndtr((draw.scores(scores)[0, A] - beta) / deviation)
        return 2**PLACES * uniform % 1

    return Experiment(
        key="single_head.digits",
        claim="single_head.scores",
        question="2c.2",
        title="the score of $k_a$ is normal down to its last digits",
        law="single_head.score_variance",
        parameters=setting.parameters | {"places": PLACES},
        measure=later,
        check=Distribution(lambda x: np.clip(x, 0, 1), grid=np.linspace(0, 1, 2**11)),
    )


def _neighbours(setting: Setting) -> Experiment:
    """Both of two independent trials have a share below one half a quarter of the time."""
    alpha, beta, radial = setting.alpha, setting.beta, setting.radial
    scores = setting.one_head()

    def shares(draw: Draw) -> Float[np.ndarray, " trials"]:
        return share(logit(draw.scores(scores)[0], A, B))

    def both(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = _pairs(draw, shares)
        return indicator((one <= 0.5) & (other <= 0.5), one + other)

    def square() -> Range:
        half = number("single_head.split_cdf", 0.5, alpha, beta, radial)
        return half**2, half**2

    return Experiment(
        key="single_head.neighbours",
        claim="single_head.coin",
        question="2c.2",
        title="the shares of trials whose numbers differ in one binary digit are independent",
        law="single_head.split_cdf",
        parameters=setting.parameters,
        measure=both,
        check=Probability(square),
    )


def _pairs(
    draw: Draw, values: Measure
) -> tuple[Float[np.ndarray, " trials"], Float[np.ndarray, " trials"]]:
    """Values of trials whose numbers differ in one binary digit: of each pair those with 0 and 1.

    Each block looks at the next digit, in a part of the stream that no other digit looks at: no
    trial is in two pairs.
    """
    index, digit = divmod(draw.block.number, DIGITS)
    offset_digits = (draw.trials - 1).bit_length()

    def block(number: int) -> Float[np.ndarray, " trials"]:
        return values(replace(draw, block=replace(draw.block, number=number + (digit << 32))))

    if digit < offset_digits:
        halves = np.stack([block(2 * index), block(2 * index + 1)]).reshape(-1, 2, 2**digit)
        return halves[:, 0].ravel(), halves[:, 1].ravel()
    one = 2 ** (digit - offset_digits)
    above, below = divmod(index, one)
    return block(2 * above * one + below), block((2 * above + 1) * one + below)
