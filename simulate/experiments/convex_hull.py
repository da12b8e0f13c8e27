"""Question 2a: a key in the convex hull of the others, under random queries.

In every other trial the keys are moved along the query until no other query gives the first key
more weight: there the bounds are attained.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import weights
from simulate.ensembles.frames import length
from simulate.experiment import Experiment
from simulate.samplers import Draw
from simulate.statistics import Bound
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

OTHERS, D = 5, 4


def experiments(alpha: float) -> list[Experiment]:
    """Bounds that no query crosses; noise of variance `alpha` plays no part."""
    size: dict[str, float] = {"n": OTHERS + 1, "d": D}
    return [
        Experiment(
            key="convex_hull.ceiling",
            claim="convex_hull.ceiling",
            question="2a",
            title="the weight of a key among the others stays below its bound",
            law="convex_hull.ceiling",
            parameters=size,
            measure=_ceiling,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="convex_hull.miss",
            claim="convex_hull.miss",
            question="2a",
            title="the least distance from the value of such a key, over the distance found",
            law="convex_hull.miss",
            parameters=size,
            measure=_miss,
            check=Bound(reach=1 - 1e-9),
        ),
    ]


def _ceiling(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    mixed = mixtures(rng, OTHERS, draw.trials)
    found = weights(scores_in_hull(rng, mixed))
    return found[0] / law("convex_hull.ceiling")(_entropy(mixed))


def _miss(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Values of the other keys in a plane, that of the first one D above a point of their hull.

    Where the bound is attained that point is the mean of the values by the weights of the mixture.
    """
    rng = draw.generator()
    mixed = mixtures(rng, OTHERS, draw.trials)
    found = weights(scores_in_hull(rng, mixed))
    foot = mixtures(rng, OTHERS, draw.trials)
    foot[:, ::2] = mixed[:, ::2]
    distance = rng.uniform(0.1, 2, draw.trials)
    in_plane = rng.standard_normal((OTHERS, D, draw.trials))
    along = np.einsum("it,idt->dt", found[1:] - (1 - found[0]) * foot, in_plane)
    missed = np.hypot((1 - found[0]) * distance, length(along))
    return law("convex_hull.miss")(_entropy(mixed), distance) / missed


def scores_in_hull(
    rng: np.random.Generator, mixed: Float[np.ndarray, "others trials"]
) -> Float[np.ndarray, "n trials"]:
    """Scores of a key that is the mixture of the others, then theirs, under a random query."""
    trials = mixed.shape[1]
    keys = rng.standard_normal((OTHERS, D, trials))
    query = 3 * rng.standard_normal((D, trials))
    best = np.log(mixed) - np.einsum("idt,dt->it", keys, query)
    best[:, 1::2] = 0
    keys += best[:, None] * query / (query**2).sum(axis=0)
    first = np.einsum("it,idt->dt", mixed, keys)
    return np.einsum("idt,dt->it", np.concatenate([first[None], keys]), query)


def mixtures(
    rng: np.random.Generator, others: int, trials: int
) -> Float[np.ndarray, "others trials"]:
    """Weights λ_i, uniform among all that sum to 1."""
    drawn = rng.standard_exponential((others, trials))
    return drawn / drawn.sum(axis=0)


def _entropy(mixed: Float[np.ndarray, "others trials"]) -> Float[np.ndarray, " trials"]:
    return special.entr(mixed).sum(axis=0)
