"""Question 2e.1 with noise: attention without matrices over noisy inputs, drawn in R^d."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.experiment import Experiment, at_most, exactly, number
from simulate.samplers import Draw
from simulate.statistics import Distribution, Mean, UnboundedMean
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

DIRECTIONS = np.array([[0.0, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 0]])
"""x_1, x_2 and x_3 along u_a, u_b, u_c and u_d."""

STEP, HIGHEST = 0.1, 100.0
"""Of the rule that inverts the characteristic function, which is below 1e-10 from there on."""


def experiments(alpha: float) -> list[Experiment]:
    """Law of a score and bounds on the others; `alpha` plays no part: their noise is large."""
    return [
        _score(alpha=0.25, beta=1.5, d=8),
        _lead(alpha=0.25, beta=1.5, d=8),
        _outdone(alpha=0.9, beta=0.3, d=6),
        _odds(alpha=0.1, beta=2.0, d=8),
    ]


def noisy(
    rng: np.random.Generator, inputs: Float[np.ndarray, "n d"], alpha: float, trials: int
) -> Float[np.ndarray, "n d trials"]:
    """The inputs with independent normal noise of variance alpha in every coordinate."""
    found = rng.standard_normal((*inputs.shape, trials))
    found *= math.sqrt(alpha)
    found += inputs[:, :, None]
    return found


def _scores(draw: Draw, alpha: float, beta: float, d: int) -> Float[np.ndarray, "3 trials"]:
    """Scores of all three noisy inputs for the second as the query."""
    inputs = np.pad(beta * DIRECTIONS, ((0, 0), (0, d - 4)))
    x = noisy(draw.generator(), inputs, alpha, draw.trials)
    return np.einsum("idt,dt->it", x, x[1])


def _score(alpha: float, beta: float, d: int) -> Experiment:
    """The whole distribution of x̃_1ᵀx̃_2: its characteristic function, inverted.

    F(x) = 1/2 + 1/π ∫ sin(tx)/t E[cos(t s)] dt from 0 on (Gil-Pelaez 1951), by the trapezoidal
    rule: its error is of the size of the tails of s beyond 2π/STEP - |x|.
    """
    frequencies = np.arange(0, HIGHEST, STEP)

    def cumulative(x: Float[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
        heights = law("noisy_inputs.characteristic")(frequencies, alpha, beta, d)
        heights[0] /= 2
        waves = x[:, None] * np.sinc(np.outer(x, frequencies) / math.pi)
        return 0.5 + STEP / math.pi * waves @ heights

    return Experiment(
        key="noisy_inputs.score",
        claim="noisy_inputs.characteristic",
        question="2e.1",
        title="the score between two noisy inputs has the distribution of its exact cosines",
        law="noisy_inputs.characteristic",
        parameters={"alpha": alpha, "beta": beta, "d": d},
        measure=lambda draw: _scores(draw, alpha, beta, d)[0],
        check=Distribution(cumulative, grid=np.linspace(-15, 15, 2**11)),
    )


def _lead(alpha: float, beta: float, d: int) -> Experiment:
    """Half the squared difference of two independent leads has the variance as its mean."""

    def half_squared_difference(draw: Draw) -> Float[np.ndarray, " trials"]:
        one, other = (_scores(twin, alpha, beta, d) for twin in draw.twins())
        return ((one[1] - one[0]) - (other[1] - other[0])) ** 2 / 2

    return Experiment(
        key="noisy_inputs.lead",
        claim="noisy_inputs.lead",
        question="2e.1",
        title="the variance of the lead of the query's own position over another",
        law="noisy_inputs.lead_variance",
        parameters={"alpha": alpha, "beta": beta, "d": d},
        measure=half_squared_difference,
        check=UnboundedMean(
            exactly("noisy_inputs.lead_variance", alpha, beta, d),
            lambda: _spread_of_squares(alpha, beta, d),
        ),
    )


def _spread_of_squares(alpha: float, beta: float, d: int) -> float:
    """Variance of half the squared difference of two leads: κ₄/2 + 2κ₂² of one lead.

    A lead is the sum over coordinates of wᵀMw for w = (x, y) of x̃_1 and x̃_2, all normal with
    variance α, and κ_p = 2^(p-1) (p-1)! α^p (d tr Mᵖ + p Σ E[w]ᵀ Mᵖ E[w]/α) (Mathai and Provost
    1992).
    """
    form, means = np.array([[0.0, -0.5], [-0.5, 1.0]]), beta * DIRECTIONS[:2]

    def cumulant(order: int) -> float:
        power = np.linalg.matrix_power(form, order)
        about = d * np.trace(power) + order * np.sum(means * (power @ means)) / alpha
        return float(2 ** (order - 1) * math.factorial(order - 1) * alpha**order * about)

    return cumulant(4) / 2 + 2 * cumulant(2) ** 2


def _outdone(alpha: float, beta: float, d: int) -> Experiment:
    def outdone(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = _scores(draw, alpha, beta, d)
        return indicator(scores[0] >= scores[1], scores[0] + scores[1])

    return Experiment(
        key="noisy_inputs.outdone",
        claim="noisy_inputs.lead",
        question="2e.1",
        title="another position seldom outdoes the query's own: Cantelli's bound",
        law="noisy_inputs.outdone",
        parameters={"alpha": alpha, "beta": beta, "d": d},
        measure=outdone,
        check=Mean(at_most("noisy_inputs.outdone", alpha, beta, d), width=1.0, reach=0.05),
    )


def _odds(alpha: float, beta: float, d: int) -> Experiment:
    """The other two positions' weight is at most the sum of their odds, which have one mean."""
    return Experiment(
        key="noisy_inputs.odds",
        claim="noisy_inputs.odds",
        question="2e.1",
        title="the mean weight off the query's own position stays below twice the mean odds",
        law="noisy_inputs.odds",
        parameters={"alpha": alpha, "beta": beta, "d": d},
        measure=lambda draw: 1 - weights(_scores(draw, alpha, beta, d))[1],
        check=Mean(
            lambda: (0.0, 2 * number("noisy_inputs.odds", alpha, beta, d)), width=1.0, reach=0.7
        ),
    )
