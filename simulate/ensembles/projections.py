"""Random projections for many trials at once: Linformer's R, and the little of it that counts.

R is k × n with independent N(0, 1/k) entries. Inner products (Rx)ᵀRy need RᵀR alone, which has the
law of L Lᵀ for a triangular L of n(n + 1)/2 independent numbers (Bartlett, "On the theory of
statistical regression", 1933): their cost does not grow with k. Trials lie along the last axis.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float


def projections(
    rng: np.random.Generator, k: int, n: int, trials: int
) -> Float[np.ndarray, "k n trials"]:
    """Matrices R, entry by entry."""
    drawn = rng.standard_normal((k, n, trials))
    drawn /= np.sqrt(k)
    return drawn


def project(
    matrices: Float[np.ndarray, "k n trials"], vectors: Float[np.ndarray, "n trials"]
) -> Float[np.ndarray, "k trials"]:
    """Rx, trial by trial."""
    return np.einsum("knt,nt->kt", matrices, vectors)


def factors(
    rng: np.random.Generator, k: int, n: int, trials: int
) -> Float[np.ndarray, "n n trials"]:
    """Lᵀ with L Lᵀ in law equal to RᵀR: Lᵀ stands for R wherever only inner products are read.

    The diagonal of √k·L holds roots of χ² with k, k − 1, … degrees of freedom, standard normals
    lie below it. Raises: ValueError if k < n.
    """
    if k < n:
        raise ValueError(f"k must be at least n, got k = {k} and n = {n}")
    triangular = np.zeros((n, n, trials))
    for i in range(n):
        triangular[i, i] = np.sqrt(rng.chisquare(k - i, trials))
        triangular[i, i + 1 :] = rng.standard_normal((n - i - 1, trials))
    triangular /= np.sqrt(k)
    return triangular
