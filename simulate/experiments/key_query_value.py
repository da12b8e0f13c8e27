"""Question 2e.2: attention through K, Q and V against the exact errors."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.ensembles.frames import length, orthonormal
from simulate.experiment import Experiment
from simulate.samplers import Draw
from simulate.statistics import Identity
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

D = 6
LARGEST_GAP = 8.0
"""Largest gap between scores: an error of e^(-8) is still exact to nine digits in float64."""


def experiments(alpha: float) -> list[Experiment]:
    """Exact weights and errors; noise of variance `alpha` plays no part."""
    return [
        Experiment(
            key="key_query_value.error",
            claim="key_query_value.error",
            question="2e.2",
            title="with $K$, $Q$, $V$ the weights and the errors of $c_1$ and $c_2$ are exact",
            law="key_query_value.error",
            parameters={"d": D},
            measure=_with_matrices,
            check=Identity(),
            most=16_384,
            small_by_design="the answer's own function builds K, Q and V one trial at a time",
        )
    ]


def _with_matrices(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The largest of four differences: of the weights on x_1 and x_3, and of the two errors."""
    rng = draw.generator()
    beta = rng.uniform(0.1, 3, draw.trials)
    gain = rng.uniform(0, LARGEST_GAP, draw.trials) / beta**2
    u = directions(rng, beta)
    u_a, u_b, u_c, u_d = u
    x = np.stack([u_d + u_b, u_a, u_c + u_b])
    matrices = law("key_query_value.matrices")
    built = [matrices(*u[..., trial], gain[trial]) for trial in range(draw.trials)]
    K, Q, V = (np.stack(matrix, axis=-1) for matrix in zip(*built, strict=True))
    keys, queries, values = (np.einsum("ijt,njt->nit", M, x) for M in (K, Q, V))
    alpha = weights(np.einsum("ndt,mdt->mnt", keys, queries))
    expected = law("key_query_value.attended")(gain, beta)
    differences = [alpha[1, 0] / expected - 1, alpha[0, 2] / expected - 1]
    for word, wanted, name in ((0, u_b - u_c, "error"), (1, u_b, "error_second")):
        error = length(np.einsum("nt,ndt->dt", alpha[word], values - wanted))
        differences.append(error / law(f"key_query_value.{name}")(gain, beta) - 1)
    return np.abs(differences).max(axis=0)


def directions(
    rng: np.random.Generator, beta: Float[np.ndarray, " trials"]
) -> Float[np.ndarray, "4 d trials"]:
    """u_a, u_b, u_c, u_d: orthogonal, of norm β."""
    return beta * orthonormal(rng, len(beta), 4, D)
