"""Attention as question 2a defines it, for many trials at once: no 1/√d in the scores."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float


def log_weights(scores: Float[np.ndarray, "*batch n"]) -> Float[np.ndarray, "*batch n"]:
    """Logarithms of the softmax over the last axis; finite however far apart the scores are."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def weights(scores: Float[np.ndarray, "*batch n"]) -> Float[np.ndarray, "*batch n"]:
    """Softmax over the last axis."""
    return np.exp(log_weights(scores))


def orthonormal(
    generator: np.random.Generator, trials: int, n: int, d: int
) -> Float[np.ndarray, "trials n d"]:
    """n orthonormal rows in R^d, uniformly oriented up to signs: the Q of a Gaussian matrix."""
    return np.linalg.qr(generator.standard_normal((trials, d, n))).Q.swapaxes(1, 2)
