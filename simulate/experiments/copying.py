"""Question 2a: random keys, queries and values against the copying bounds."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.ensembles.frames import length
from simulate.experiment import Experiment
from simulate.samplers import Draw
from simulate.statistics import Bound
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N, D = 8, 6
LARGEST_MARGIN = 8.0


@dataclass(frozen=True)
class Size:
    """n keys in R^d whose best score leads by `margin`; None for one drawn in each trial."""

    n: int
    d: int
    margin: float | None = None

    def margins(self, rng: np.random.Generator, trials: int) -> Float[np.ndarray, " trials"]:
        if self.margin is None:
            return rng.uniform(0, LARGEST_MARGIN, trials)
        return np.full(trials, self.margin)

    @property
    def parameters(self) -> dict[str, float]:
        """As a record holds them."""
        found: dict[str, float] = {"n": self.n, "d": self.d}
        return found if self.margin is None else found | {"margin": self.margin}


def experiments(alpha: float) -> list[Experiment]:
    """Bounds that no keys, query and values cross; noise of variance `alpha` plays no part."""
    size = Size(N, D)
    return [weight(size), tolerance(size), error(size)]


def weight(size: Size) -> Experiment:
    """The weight of the best key against its bound."""

    def ratio(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        margin = size.margins(rng, draw.trials)
        scores = leading_scores(rng, margin, size.n, size.d)
        return _rest_of_weight(scores) / (1 - law("copying.weight")(margin, size.n))

    return Experiment(
        key="copying.weight",
        claim="copying.weight",
        question="2a",
        title="the weight that is left for the other values stays below its bound",
        law="copying.weight",
        parameters=size.parameters,
        measure=ratio,
        check=Bound(reach=1 - 1e-9),
    )


def tolerance(size: Size) -> Experiment:
    """The margin follows from a tolerance that is drawn in each trial, whatever size.margin is."""

    def ratio(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        allowed = rng.uniform(1e-3, 0.5, draw.trials)
        margin = law("copying.margin")(allowed, size.n)
        scores = leading_scores(rng, margin, size.n, size.d)
        return _rest_of_weight(scores) / allowed

    return Experiment(
        key="copying.margin",
        claim="copying.margin",
        question="2a",
        title="the margin that a tolerance asks for keeps the rest of the weight below it",
        law="copying.margin",
        parameters={"n": size.n, "d": size.d},
        measure=ratio,
        check=Bound(reach=1 - 1e-9),
    )


def error(size: Size) -> Experiment:
    """The output against the value of the best key; where keys coincide their values do too."""

    def ratio(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        margin = size.margins(rng, draw.trials)
        scores = leading_scores(rng, margin, size.n, size.d)
        values = rng.standard_normal((size.n, size.d, draw.trials))
        values[2:, :, ::2] = values[1, :, ::2]
        best = np.argmax(scores, axis=0)
        from_best = values - values[best, :, np.arange(draw.trials)].T
        diameter = length(from_best).max(axis=0)
        error = length(np.einsum("nt,ndt->dt", weights(scores), from_best))
        return error / law("copying.error")(margin, size.n, diameter)

    return Experiment(
        key="copying.error",
        claim="copying.error",
        question="2a",
        title="the distance of the output from the copied value stays below its bound",
        law="copying.error",
        parameters=size.parameters,
        measure=ratio,
        check=Bound(reach=1 - 1e-9),
    )


def _rest_of_weight(scores: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, " trials"]:
    return np.sort(weights(scores), axis=0)[:-1].sum(axis=0)


def leading_scores(
    rng: np.random.Generator, margin: Float[np.ndarray, " trials"], n: int, d: int
) -> Float[np.ndarray, "n trials"]:
    """Scores k_iᵀq of Gaussian keys and query, less the best one.

    The query's length is such that the best score leads by `margin`. In every other trial the keys
    of all but the first coincide: there the bounds are attained.
    """
    trials = len(margin)
    keys = rng.standard_normal((n, d, trials))
    keys[2:, :, ::2] = keys[1, :, ::2]
    scores = np.einsum("ndt,dt->nt", keys, rng.standard_normal((d, trials)))
    scores[:, ::2] *= np.sign(scores[0] - scores[1])[::2]
    ranked = np.sort(scores, axis=0)
    return (scores - ranked[-1]) * (margin / (ranked[-1] - ranked[-2]))
