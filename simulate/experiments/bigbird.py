"""Question 3g.2: one layer of full attention finds the furthest of random unit vectors."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

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

N, D = 8, 3
TOLERANCE = 0.01


def experiments(alpha: float) -> list[Experiment]:
    """The claim's gain; noise of variance `alpha` plays no part."""
    return [
        Experiment(
            key="bigbird.furthest",
            claim="bigbird.furthest",
            question="3g.2",
            title="the output is within ε of the vector furthest from a token's own",
            law="bigbird.furthest_gain",
            parameters={"n": N, "d": D, "epsilon": TOLERANCE},
            measure=_error,
            check=Bound(reach=0.8),
        )
    ]


def _error(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Random vectors, and the least gain that the lead of the furthest one allows.

    In every other trial all but the first and the furthest are opposite to the furthest: there the
    error is near its bound.
    """
    vectors = draw.generator().standard_normal((N, D, draw.trials))
    vectors /= length(vectors)[:, None]
    vectors[1, :, ::2] *= -np.sign((vectors[0] * vectors[1]).sum(axis=0))[::2]
    vectors[2:, :, ::2] = -vectors[1, :, ::2]
    products = (vectors[0] * vectors).sum(axis=1)
    least, next_least = np.partition(products, 1, axis=0)[:2]
    gain = law("bigbird.furthest_gain")(TOLERANCE, N, next_least - least)
    output = (weights(-gain * products)[:, None] * vectors).sum(axis=0)
    furthest = np.take_along_axis(vectors, products.argmin(axis=0)[None, None], axis=0)[0]
    return length(output - furthest) / TOLERANCE
