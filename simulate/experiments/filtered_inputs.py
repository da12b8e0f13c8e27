"""Question 2e.2 with noise: attention through K, Q and V over noisy inputs, drawn in R^d."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.experiment import Experiment, at_most, exactly
from simulate.experiments import noisy_inputs
from simulate.samplers import Draw
from simulate.statistics import Mean, Probability
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

D = 6


def experiments(alpha: float) -> list[Experiment]:
    """Who wins given the query, and what is lost; `alpha` plays no part: their noise is large."""
    return [
        _misled(along=1.5, astray=-0.5, alpha=1.0, beta=2.0),
        _lost(t=0.2, alpha=0.1, beta=2.0),
    ]


def vectors(beta: float) -> tuple[Float[np.ndarray, "4 d"], Float[np.ndarray, "3 d"]]:
    """u_a, …, u_d of norm β along no axis of R^d, and x_1, x_2, x_3."""
    u = beta * np.linalg.qr(np.vander(np.linspace(-1, 1, D))).Q.T[:4]
    return u, noisy_inputs.DIRECTIONS @ u


def _misled(along: float, astray: float, alpha: float, beta: float) -> Experiment:
    """The query has these two coordinates in every trial; what else it is does not matter."""
    u, inputs = vectors(beta)
    K, Q, _ = law("key_query_value.matrices")(*u, gain=1.0)
    query = Q @ (along * u[0] + astray * u[3] + u[1]) / beta

    def misled(draw: Draw) -> Float[np.ndarray, " trials"]:
        x = noisy_inputs.noisy(draw.generator(), inputs[[0, 2]], alpha, draw.trials)
        first, third = np.einsum("d,idt->it", query, K @ x)
        return indicator(third > first, first + third)

    return Experiment(
        key="filtered_inputs.misled",
        claim="filtered_inputs.misled",
        question="2e.2",
        title="how often a noisy query gives position 3 more weight than position 1",
        law="filtered_inputs.misled",
        parameters={"a": along, "e": astray, "alpha": alpha, "beta": beta, "d": D},
        measure=misled,
        check=Probability(exactly("filtered_inputs.misled", along, astray, alpha, beta)),
    )


def _lost(t: float, alpha: float, beta: float) -> Experiment:
    """At the smallest gain for which the bound holds."""
    gain, ratio = t / alpha, beta**2 / alpha
    u, inputs = vectors(beta)
    K, Q, _ = law("key_query_value.matrices")(*u, gain=gain)

    def lost(draw: Draw) -> Float[np.ndarray, " trials"]:
        x = noisy_inputs.noisy(draw.generator(), inputs, alpha, draw.trials)
        return 1 - weights(np.einsum("dt,idt->it", Q @ x[1], K @ x))[0]

    return Experiment(
        key="filtered_inputs.lost",
        claim="filtered_inputs.lost",
        question="2e.2",
        title="the mean weight that $x_2$ gives to positions 2 and 3 stays below its bound",
        law="filtered_inputs.lost",
        parameters={"gamma": gain, "alpha": alpha, "beta": beta, "d": D},
        measure=lost,
        check=Mean(at_most("filtered_inputs.lost", t, ratio), width=1.0, reach=0.7),
    )
