"""Orthonormal rows in random directions, and lengths; trials lie along the last axis."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float


def orthonormal(
    generator: np.random.Generator, trials: int, n: int, d: int
) -> Float[np.ndarray, "n d trials"]:
    """n orthonormal rows in R^d, uniformly oriented: Gram-Schmidt of Gaussian vectors."""
    rows = generator.standard_normal((n, d, trials))
    orthonormalise(rows)
    return rows


def orthonormalise(rows: Float[np.ndarray, "n d trials"]) -> None:
    """Gram-Schmidt, in place.

    Each row is made orthogonal twice: once leaves what rounding has left of vectors that are nearly
    dependent, twice is enough (Giraud, Langou, Rozložník 2005). A third of the time of LAPACK's QR,
    which takes matrices so small one by one.
    """
    for i, row in enumerate(rows):
        for earlier in (*rows[:i], *rows[:i]):
            row -= np.einsum("dt,dt->t", earlier, row) * earlier
        row /= length(row)


def length(vectors: Float[np.ndarray, "*n d trials"]) -> Float[np.ndarray, "*n trials"]:
    """Euclidean norms."""
    return np.sqrt(np.einsum("...dt,...dt->...t", vectors, vectors))
