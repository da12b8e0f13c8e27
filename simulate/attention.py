"""Attention as question 2a defines it, for many trials at once: no 1/√d in the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float


def weights(scores: Float[np.ndarray, "*batch n"]) -> Float[np.ndarray, "*batch n"]:
    """Softmax over the last axis, shifted by the largest score so that nothing overflows."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    normal: np.ndarray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return normal


def attend(
    queries: Float[np.ndarray, "trials d"],
    keys: Float[np.ndarray, "trials n d"],
    values: Float[np.ndarray, "trials n d"],
) -> Float[np.ndarray, "trials d"]:
    """c = Σ α_i v_i, one query a trial."""
    scores = np.einsum("tnd,td->tn", keys, queries)
    return np.einsum("tn,tnd->td", weights(scores), values)


def orthonormal(
    generator: np.random.Generator, trials: int, n: int, d: int
) -> Float[np.ndarray, "trials n d"]:
    """n orthonormal rows in R^d, uniformly oriented up to signs: the Q of a Gaussian matrix."""
    return np.linalg.qr(generator.standard_normal((trials, d, n))).Q.swapaxes(1, 2)
