"""Question 2a: a key outside the convex hull of the others, at a known distance from it.

The first key lies at the distance ℓ above a mixture of the others, none of which lies higher than
that mixture: it is the nearest point of their hull.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.ensembles.frames import length
from simulate.experiment import Experiment
from simulate.experiments.convex_hull import OTHERS, D, mixtures
from simulate.samplers import Draw
from simulate.statistics import Bound
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

FACE = 3
"""Other keys of which the nearest point is a mixture: no lower than it."""

FAR = 1e4
"""So far below, a key gets no weight at all in float64."""


def experiments(alpha: float) -> list[Experiment]:
    """How long a query copies such a key; noise of variance `alpha` plays no part."""
    size: dict[str, float] = {"n": OTHERS + 1, "d": D}
    return [
        Experiment(
            key="separation.norm",
            claim="separation.norm",
            question="2a",
            title="a query of the norm asked for keeps the rest of the weight below its tolerance",
            law="separation.norm",
            parameters=size,
            measure=_tolerance,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="separation.least_norm",
            claim="separation.least_norm",
            question="2a",
            title="the least norm for the weight that a random query gives, over its norm",
            law="separation.least_norm",
            parameters=size,
            measure=_least_norm,
            check=Bound(reach=1 - 1e-9),
        ),
    ]


def _tolerance(draw: Draw) -> Float[np.ndarray, " trials"]:
    """In every other trial the other keys are all as high as the nearest point."""
    rng = draw.generator()
    distance, tolerance = rng.uniform([[0.1], [1e-3]], [[2.0], [0.5]], (2, draw.trials))
    keys = _keys(rng, distance)
    keys[1:, 0, ::2] = keys[1, 0, ::2]
    query = law("separation.norm")(tolerance, OTHERS + 1, distance)
    return weights(keys[:, 0] * query)[1:].sum(axis=0) / tolerance


def _least_norm(draw: Draw) -> Float[np.ndarray, " trials"]:
    """In every other trial the query points away from the others, all but one of which are far."""
    rng = draw.generator()
    distance, leaning = rng.uniform([[0.1], [0.0]], [[2.0], [1.0]], (2, draw.trials))
    leaning[::2] = 0
    keys = _keys(rng, distance)
    keys[1, :, ::2] = keys[0, :, ::2]
    keys[1, 0, ::2] -= distance[::2]
    keys[2:, 0, ::2] -= FAR
    query = leaning * rng.standard_normal((D, draw.trials))
    query[0] += rng.uniform(1, 5, draw.trials)
    rest = weights(np.einsum("idt,dt->it", keys, query))[1:].sum(axis=0)
    seen = np.clip(rest, 1e-300, 1 - 1e-12)
    return law("separation.least_norm")(seen, distance) / length(query)


def _keys(
    rng: np.random.Generator, distance: Float[np.ndarray, " trials"]
) -> Float[np.ndarray, "n d trials"]:
    """Gaussian keys; the first axis points from the nearest point of the hull to the first key."""
    trials = len(distance)
    keys = rng.standard_normal((OTHERS + 1, D, trials))
    height = keys[0, 0].copy()
    keys[1:, 0] = height - np.abs(keys[1:, 0])
    keys[1 : FACE + 1, 0] = height
    keys[0] = np.einsum("it,idt->dt", mixtures(rng, FACE, trials), keys[1 : FACE + 1])
    keys[0, 0] += distance
    return keys
