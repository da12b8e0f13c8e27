"""Random keys k_i ~ N(μ_i, Σ_i) of questions 2c and 2d, and their scores against fixed queries.

Two samplers with one law. `full` draws the keys, vectors of R^d, as the question defines them. The
weights depend on key i through its H scores (q_1ᵀk_i, ..., q_Hᵀk_i) alone, which are jointly
Gaussian with mean q_gᵀμ_i and covariance q_gᵀΣ_i q_h; `reduced` draws those, n·H numbers for n·d.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

A, B = 0, 1
"""Positions of the keys k_a and k_b among the n."""

SETTINGS = (("isotropic", 0.0), ("radial", 0.5))
"""Name and radial variance of Σ_a in questions 2c.1 and 2c.2."""


@dataclass(frozen=True, eq=False)
class RandomKeys:
    """The law of the keys: Σ_a = αI + radial·μ_aμ_aᵀ, and Σ_i = αI for all others.

    means: orthonormal rows μ_1, ..., μ_n, those of a and b first
    """

    means: Float[np.ndarray, "n d"]
    alpha: float
    radial: float

    @classmethod
    def of(cls, n: int, alpha: float, radial: float) -> RandomKeys:
        """n keys about the first n unit vectors of R^n."""
        return cls(np.eye(n), alpha, radial)

    def covariance(self, i: int) -> Float[np.ndarray, "d d"]:
        """Σ_i."""
        d = self.means.shape[1]
        along = self.radial * np.outer(self.means[A], self.means[A]) if i == A else np.zeros((d, d))
        return self.alpha * np.eye(d) + along


def average_query(n: int, beta: float) -> Float[np.ndarray, "1 n"]:
    """q = β(μ_a + μ_b) of question 2c, for keys about the unit vectors."""
    query = np.zeros((1, n))
    query[0, [A, B]] = beta
    return query


def head_queries(n: int, beta: float) -> Float[np.ndarray, "2 n"]:
    """q_1 = βμ_a and q_2 = βμ_b of question 2d, for keys about the unit vectors."""
    queries = np.zeros((2, n))
    queries[0, A] = queries[1, B] = beta
    return queries


Sampler = Callable[
    [np.random.Generator, int, RandomKeys, "Float[np.ndarray, 'heads d']"],
    "Float[np.ndarray, 'heads trials n']",
]
"""(generator, number of trials, keys, queries) to the scores q_gᵀk_i."""


def reduced(
    generator: np.random.Generator,
    trials: int,
    keys: RandomKeys,
    queries: Float[np.ndarray, "heads d"],
) -> Float[np.ndarray, "heads trials n"]:
    """Scores drawn from their own Gaussian law, without ever forming a key."""
    heads, n = len(queries), len(keys.means)
    covariances = np.stack([queries @ keys.covariance(i) @ queries.T for i in range(n)])
    roots = _roots(covariances)
    noise = generator.standard_normal((heads, trials, n))
    scores = np.empty((heads, trials, n))
    for g in range(heads):
        scores[g] = keys.means @ queries[g]
        for h in range(heads):
            if roots[:, g, h].any():  # heads along different means are independent
                scores[g] += roots[:, g, h] * noise[h]
    return scores


def full(
    generator: np.random.Generator,
    trials: int,
    keys: RandomKeys,
    queries: Float[np.ndarray, "heads d"],
) -> Float[np.ndarray, "heads trials n"]:
    """Scores of keys drawn in R^d: isotropic noise on each, and noise along μ_a on key a."""
    n, d = keys.means.shape
    drawn = keys.means + np.sqrt(keys.alpha) * generator.standard_normal((trials, n, d))
    length = np.sqrt(keys.radial) * generator.standard_normal((trials, 1))
    drawn[:, A] += length * keys.means[A]
    return np.einsum("tnd,hd->htn", drawn, queries)


SAMPLERS: dict[str, Sampler] = {"reduced": reduced, "full": full}


def _roots(
    covariances: Float[np.ndarray, "n heads heads"],
) -> Float[np.ndarray, "n heads heads"]:
    """Symmetric square roots; by eigenvalues, because equal queries make a covariance singular."""
    values, vectors = np.linalg.eigh(covariances)
    return (vectors * np.sqrt(np.clip(values, 0, None))[:, None, :]) @ vectors.swapaxes(1, 2)
