"""Question 3g.1: the squared length of a vector after a random projection."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.projections import project, projections
from simulate.experiment import Experiment, at_most
from simulate.samplers import Draw
from simulate.statistics import Distribution, Mean
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

ROWS, COLUMNS = 4, 8
SELDOM_REACHED = (
    "Chernoff's bound exceeds the probability several times: few trials may come too far below it"
)


def experiments(alpha: float) -> list[Experiment]:
    """Its exact law and the bounds on its tails; noise of variance `alpha` plays no part."""
    upper, lower = _tail("upper", 0.5, 64, reach=0.06), _tail("lower", 0.1, 1000, reach=0.1)
    return [_length(), upper, lower]


def _length() -> Experiment:
    """R and a vector x, both drawn anew in each trial; x is neither Gaussian nor of mean 0.

    The first step of the claim: whatever x is, ‖Rx‖²/‖x‖² has the law of χ²_k/k.
    """

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        x = rng.standard_exponential((COLUMNS, draw.trials))
        image = project(projections(rng, ROWS, COLUMNS, draw.trials), x)
        return (image**2).sum(axis=0) / (x**2).sum(axis=0)

    return Experiment(
        key="chi_squared.length",
        claim="chi_squared.upper_tail",
        question="3g.1",
        title="a random projection multiplies the squared length by a chi-squared number over $k$",
        law="chi_squared.length_cdf",
        parameters={"k": ROWS, "n": COLUMNS},
        measure=measure,
        check=Distribution(
            lambda share: law("chi_squared.length_cdf")(share, ROWS), grid=np.linspace(0, 12, 2**14)
        ),
    )


def _tail(side: str, epsilon: float, k: int, reach: float) -> Experiment:
    """The squared length itself is drawn, not R: the experiment above shows that its law is χ²_k/k.

    k is so large that the claim's false twin would be contradicted.
    """

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        share = draw.generator().chisquare(k, draw.trials) / k
        outside = share >= 1 + epsilon if side == "upper" else share <= 1 - epsilon
        return indicator(outside, share)

    name = f"chi_squared.{side}_tail"
    done = "lengthens" if side == "upper" else "shortens"
    return Experiment(
        key=name,
        claim=name,
        question="3g.1",
        title=f"how often a random projection {done} a vector by the share ε stays below its bound",
        law=name,
        parameters={"epsilon": epsilon, "k": k},
        measure=measure,
        check=Mean(at_most(name, epsilon, k), width=1.0, reach=reach),
        untested=SELDOM_REACHED,
    )
