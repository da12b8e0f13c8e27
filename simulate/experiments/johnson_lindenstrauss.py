"""Question 3g.1: inner products and whole sets of vectors after a random projection."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.projections import factors, projections
from simulate.experiment import Experiment, at_most, exactly, number
from simulate.experiments.chi_squared import SELDOM_REACHED
from simulate.samplers import Draw
from simulate.statistics import Mean, Probability, Range
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

X = np.array([1.0, 1.0, 1.0, 1.0]) / 2
Y = np.array([3.0, 3.0, 1.0, -1.0]) / math.sqrt(20)
COSINE = float(X @ Y)
CUT = 2.0


def experiments(alpha: float) -> list[Experiment]:
    """Two vectors, then several; noise of variance `alpha` plays no part."""
    return [_variance(), _failure(), failure_of_many_rows(0.25, 64), _bound(), _dimension()]


def products(
    matrices: Float[np.ndarray, "k n trials"],
    x: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " trials"]:
    """(Rx)ᵀRy for fixed x and y."""
    return (np.einsum("knt,n->kt", matrices, x) * np.einsum("knt,n->kt", matrices, y)).sum(axis=0)


def pair(cosine: float) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
    """Two unit vectors of the plane with this inner product."""
    return np.array([1.0, 0.0]), np.array([cosine, math.sqrt(1 - cosine**2)])


def _variance() -> Experiment:
    """Squared errors, cut off at CUT², so that they are bounded and Hoeffding's theorem applies.

    Their mean is the claim's variance less what is cut off, ∫ 2t P(error > t) dt from CUT on. The
    probability falls with t, so its values at the left ends of short pieces bound the integral; at
    the last end it is below rounding.
    """
    k = 16

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        matrices = projections(draw.generator(), k, 2, draw.trials)
        error = products(matrices, *pair(COSINE)) - COSINE
        return np.minimum(error**2, CUT**2)

    @functools.cache
    def bounds() -> Range:
        ends = CUT + np.arange(21) / 4
        tails = [number("johnson_lindenstrauss.pair_failure", t, k, COSINE) for t in ends[:-1]]
        variance = number("johnson_lindenstrauss.variance", COSINE, k)
        return variance - float(np.sum(tails * np.diff(ends**2))), variance

    return Experiment(
        key="johnson_lindenstrauss.variance",
        claim="johnson_lindenstrauss.variance",
        question="3g.1",
        title="the variance of a projected inner product",
        law="johnson_lindenstrauss.variance",
        parameters={"k": k, "n": 2, "cosine": COSINE},
        measure=measure,
        check=Mean(bounds, width=CUT**2),
    )


def _failure() -> Experiment:
    """R itself is drawn, for two vectors of R^4."""
    epsilon, k = 0.5, 8

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        product = products(projections(draw.generator(), k, len(X), draw.trials), X, Y)
        return indicator(np.abs(product - COSINE) > epsilon, product)

    return Experiment(
        key="johnson_lindenstrauss.failure",
        claim="johnson_lindenstrauss.inner_product",
        question="3g.1",
        title="how often the inner product of two unit vectors changes by more than ε",
        law="johnson_lindenstrauss.pair_failure",
        parameters={"epsilon": epsilon, "k": k, "n": len(X), "cosine": COSINE},
        measure=measure,
        check=Probability(exactly("johnson_lindenstrauss.pair_failure", epsilon, k, COSINE)),
    )


def _changed(k: int, cosine: float, epsilon: float, draw: Draw) -> Float[np.ndarray, " trials"]:
    """Whether the inner product of two vectors changes by more than ε, by Bartlett's factors."""
    product = products(factors(draw.generator(), k, 2, draw.trials), *pair(cosine))
    return indicator(np.abs(product - cosine) > epsilon, product)


def failure_of_many_rows(epsilon: float, k: int) -> Experiment:
    """The same for any k ≥ 2, at a cost that does not grow with k."""
    return Experiment(
        key="johnson_lindenstrauss.failure_of_many_rows",
        claim="johnson_lindenstrauss.inner_product",
        question="3g.1",
        title="how often an inner product changes by more than ε, in many dimensions",
        law="johnson_lindenstrauss.pair_failure",
        parameters={"epsilon": epsilon, "k": k, "cosine": COSINE},
        measure=lambda draw: _changed(k, COSINE, epsilon, draw),
        check=Probability(exactly("johnson_lindenstrauss.pair_failure", epsilon, k, COSINE)),
    )


def _bound() -> Experiment:
    """With k so large, and vectors so near each other, that the false twin is contradicted."""
    epsilon, k, cosine = 0.25, 384, 0.9
    return Experiment(
        key="johnson_lindenstrauss.inner_product",
        claim="johnson_lindenstrauss.inner_product",
        question="3g.1",
        title="how often an inner product changes by more than ε stays below its bound",
        law="johnson_lindenstrauss.inner_product",
        parameters={"epsilon": epsilon, "k": k, "cosine": cosine},
        measure=lambda draw: _changed(k, cosine, epsilon, draw),
        check=Mean(
            at_most("johnson_lindenstrauss.inner_product", epsilon, k),
            width=1.0,
            reach=0.005,
        ),
        untested=SELDOM_REACHED,
    )


def _dimension() -> Experiment:
    """Orthogonal vectors: their images are independent, as R's entries are along any axes."""
    epsilon, delta, n = 0.25, 0.01, 8
    k = math.ceil(number("johnson_lindenstrauss.dimension", epsilon, delta, n))

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        shares = draw.generator().chisquare(k, (n, draw.trials)) / k
        worst = np.abs(shares - 1).max(axis=0)
        return indicator(worst > epsilon, worst)

    return Experiment(
        key="johnson_lindenstrauss.dimension",
        claim="johnson_lindenstrauss.dimension",
        question="3g.1",
        title="in so many dimensions any of $n$ vectors changes its squared length by more than "
        "the share ε with probability at most δ",
        law="johnson_lindenstrauss.dimension",
        parameters={"epsilon": epsilon, "delta": delta, "n": n, "k": k},
        measure=measure,
        check=Mean(lambda: (0.0, delta), width=1.0, reach=0.01),
        untested=SELDOM_REACHED,
    )
