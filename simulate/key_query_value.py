"""Question 2e.2: attention through K, Q and V against the exact errors."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import orthonormal, weights
from simulate.experiment import Experiment, Measure, law
from simulate.samplers import Sampler
from simulate.statistics import Identity
from simulate.streams import SIZE, Block

if TYPE_CHECKING:
    from jaxtyping import Float

D = 6
LARGEST_GAP = 8.0
"""Largest gap between scores: an error of e^(-8) is still exact to nine digits in float64."""


def experiments(alpha: float) -> list[Experiment]:
    """Exact weights and errors; noise of variance `alpha` plays no part."""
    return [
        _on_matrices("synthesis", "attended", "$x_2$ and $x_1$ attend as planned, with the exact"
                     " weight", _attended),
        _on_matrices("error", "error", "with $K$, $Q$, $V$ the errors of $c_1$ and $c_2$ are exact",
                     _with_matrices),
        _on_matrices("gain", "gain", "at the gain for a tolerance the larger error equals it",
                     _tolerance),
    ]  # fmt: skip


def _on_matrices(key: str, formula: str, title: str, measure: Measure) -> Experiment:
    return Experiment(
        key=f"key_query_value.{key}",
        claim=f"key_query_value.{key}",
        question="2e.2",
        title=title,
        law=f"key_query_value.{formula}",
        parameters={"d": D},
        measure=measure,
        check=Identity(),
        most=SIZE,
        small_by_design="the answer's own function builds K, Q and V one trial at a time",
    )


def _attended(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
    rng = block.generator()
    beta = rng.uniform(0.1, 3, SIZE)
    gain = rng.uniform(0, LARGEST_GAP, SIZE) / beta**2
    alpha, _ = _apply_matrices(rng, beta, gain)
    measured = np.stack([alpha[:, 1, 0], alpha[:, 0, 2]])
    return np.abs(measured / law("key_query_value.attended")(gain, beta) - 1).max(axis=0)


def _with_matrices(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
    rng = block.generator()
    beta = rng.uniform(0.1, 3, SIZE)
    gain = rng.uniform(0, LARGEST_GAP, SIZE) / beta**2
    _, errors = _apply_matrices(rng, beta, gain)
    exact = [law(f"key_query_value.{name}")(gain, beta) for name in ("error", "error_second")]
    return np.abs(errors / np.stack(exact) - 1).max(axis=0)


def _tolerance(block: Block, sampler: Sampler) -> Float[np.ndarray, " trials"]:
    """Tolerances below what a gain of 0 leaves, √5β/3."""
    rng = block.generator()
    beta = rng.uniform(0.1, 3, SIZE)
    tolerance = beta * rng.uniform(1e-3, 0.7, SIZE)
    _, errors = _apply_matrices(rng, beta, law("key_query_value.gain")(tolerance, beta))
    return np.abs(errors.max(axis=0) / tolerance - 1)


def _apply_matrices(
    rng: np.random.Generator,
    beta: Float[np.ndarray, " trials"],
    gain: Float[np.ndarray, " trials"],
) -> tuple[Float[np.ndarray, "trials 3 3"], Float[np.ndarray, "2 trials"]]:
    """Weights of every word on every word, and the errors of c_1 and c_2."""
    u_a, u_b, u_c, u_d = directions(rng, beta)
    x = np.stack([u_d + u_b, u_a, u_c + u_b], axis=1)
    matrices = law("key_query_value.matrices")
    built = [matrices(*u, g) for *u, g in zip(u_a, u_b, u_c, u_d, gain, strict=True)]
    K, Q, V = (np.stack(matrix) for matrix in zip(*built, strict=True))
    keys, queries, values = (np.einsum("tij,tnj->tni", M, x) for M in (K, Q, V))
    alpha = weights(np.einsum("tnd,tmd->tmn", keys, queries))
    errors = [
        np.linalg.norm(np.einsum("tn,tnd->td", alpha[:, word], values - wanted[:, None]), axis=1)
        for word, wanted in ((0, u_b - u_c), (1, u_b))
    ]
    return alpha, np.stack(errors)


def directions(
    rng: np.random.Generator, beta: Float[np.ndarray, " trials"]
) -> tuple[Float[np.ndarray, "trials d"], ...]:
    """u_a, u_b, u_c, u_d: orthogonal, of norm β."""
    scaled = beta[:, None, None] * orthonormal(rng, len(beta), 4, D)
    return tuple(scaled.swapaxes(0, 1))
