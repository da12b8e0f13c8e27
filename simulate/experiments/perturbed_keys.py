"""Question 2b: how far the output moves when every key moves a little."""

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

N, D = 5, 3


def experiments(alpha: float) -> list[Experiment]:
    """One bound for all keys and values; noise of variance `alpha` plays no part."""
    return [
        Experiment(
            key="gram.perturbed",
            claim="gram.perturbed",
            question="2b",
            title="the output moves no further than its bound when the keys do",
            law="perturbed_keys.moved",
            parameters={"n": N, "d": D},
            measure=_moved,
            check=Bound(reach=1 - 1e-9),
        )
    ]


def _moved(draw: Draw) -> Float[np.ndarray, " trials"]:
    """In every other trial the first key moves up along the query and all others down.

    The other values are equal then, and the first key has the weight for which that matters most.
    """
    rng = draw.generator()
    query = rng.standard_normal((D, draw.trials))
    values = rng.standard_normal((N, D, draw.trials))
    moves = rng.standard_normal((N, D, draw.trials))
    shift, norm = rng.uniform(0.1, 1, draw.trials), length(query)
    scores = rng.uniform(-3, 3, (N, draw.trials))
    moves[0, :, ::2] = query[:, ::2]
    moves[1:, :, ::2] = -query[:, ::2]
    values[1:, :, ::2] = values[1, :, ::2]
    scores[0, ::2] = (special.logsumexp(scores[1:], axis=0) - shift * norm)[::2]
    along = np.einsum("idt,dt->it", moves, query) / length(moves)
    change = weights(scores + shift * along) - weights(scores)
    moved = length(np.einsum("it,idt->dt", change, values))
    return moved / law("perturbed_keys.moved")(shift, norm, _diameter(values))


def _diameter(values: Float[np.ndarray, "n d trials"]) -> Float[np.ndarray, " trials"]:
    """The largest distance of two values."""
    squares = [((values - v) ** 2).sum(axis=1).max(axis=0) for v in values]
    return np.sqrt(np.max(squares, axis=0))
