"""Question 3g.2: the spectral gap of random graphs, and how fast averaging over them mixes."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.experiment import Experiment
from simulate.samplers import Draw
from simulate.statistics import Bound, Check
from theory import law

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float, Int

    Graphs = Int[np.ndarray, "trials n n"]

TOKENS, DEGREE = 16, 4
MANY_KEYS = 12
"""Keys of each of two tokens, the same one several times: few others make a small gap."""
HALF_LENGTH = 8
GRAPHS = 20_000
FEW_GRAPHS = "each trial finds all eigenvalues of a graph, and the bounds hold without exception"


def experiments(alpha: float) -> list[Experiment]:
    """Graphs of random permutations, both ways; noise of variance `alpha` plays no part."""
    return [
        _experiment(
            "random",
            "random",
            "closed walks bound the second eigenvalue of every random graph",
            "spectral_gap.gap",
            _second_eigenvalue,
            Bound(reach=0.99),
            half_length=HALF_LENGTH,
        ),
        _layers("layers", 0.01, Bound(reach=0.3)),
        _layers("layers.two_tokens", 0.2, Bound(reach=0.45), tokens=2, degree=MANY_KEYS),
    ]


def _layers(
    name: str, epsilon: float, check: Bound, tokens: int = TOKENS, degree: int = DEGREE
) -> Experiment:
    """With two tokens the distance is the second eigenvalue's alone, and the bound nearest."""
    return _experiment(
        name,
        "layers",
        "after as many layers as the gap asks for, averaging is as near to uniform as it says",
        "spectral_gap.layers",
        partial(_distance, epsilon),
        check,
        tokens,
        degree,
        epsilon=epsilon,
    )


def _experiment(
    name: str,
    claim: str,
    title: str,
    law_name: str,
    statistic: Callable[[Graphs], Float[np.ndarray, " trials"]],
    check: Check[Any],
    tokens: int = TOKENS,
    degree: int = DEGREE,
    **parameters: float,
) -> Experiment:
    return Experiment(
        key=f"spectral_gap.{name}",
        claim=f"spectral_gap.{claim}",
        question="3g.2",
        title=title,
        law=law_name,
        parameters={"n": tokens, "degree": degree, **parameters},
        measure=lambda draw: statistic(_graphs(draw, tokens, degree)),
        check=check,
        most=GRAPHS,
        small_by_design=FEW_GRAPHS,
    )


def _graphs(draw: Draw, tokens: int = TOKENS, degree: int = DEGREE) -> Graphs:
    """Matrices in which token i has the keys σ(i) and σ⁻¹(i) for degree/2 random permutations σ.

    A matrix to a trial, as the routines for eigenvalues want it.
    """
    rng, trials, rows = draw.generator(), np.arange(draw.trials)[:, None], np.arange(tokens)
    found = np.zeros((draw.trials, tokens, tokens), dtype=np.int64)
    for _ in range(degree // 2):
        keys = rng.permuted(np.tile(rows, (draw.trials, 1)), axis=1)
        found[trials, rows, keys] += 1
        found[trials, keys, rows] += 1
    return found


def _averages(graphs: Graphs) -> Float[np.ndarray, "trials n n"]:
    """Matrices of the weights: every token gives its keys the same weight."""
    return graphs / graphs.sum(axis=2, keepdims=True)


def _second_eigenvalue(graphs: Graphs) -> Float[np.ndarray, " trials"]:
    """|λ₂| over the bound that the closed walks of 2p steps, counted in integers, give."""
    half = np.linalg.matrix_power(graphs, HALF_LENGTH)
    returning = (half**2).sum(axis=(1, 2)) / (TOKENS * float(DEGREE) ** (2 * HALF_LENGTH))
    gap = law("spectral_gap.gap")(TOKENS, returning, HALF_LENGTH)
    spectrum = np.sort(np.abs(np.linalg.eigvalsh(_averages(graphs))), axis=1)
    return spectrum[:, -2] / (1 - gap)


def _distance(epsilon: float, graphs: Graphs) -> Float[np.ndarray, " trials"]:
    """Total variation between token 0's weights after so many layers and 1/n, over the tolerance.

    A graph in two parts has no gap and nothing is promised for it; one of gap 1 is uniform after
    a layer. Their value is 0.
    """
    tokens = graphs.shape[1]
    values, vectors = np.linalg.eigh(_averages(graphs))
    gap = 1 - np.sort(np.abs(values), axis=1)[:, -2]
    slow = (gap > 1e-9) & (gap < 1 - 1e-9)
    layers = np.ceil(law("spectral_gap.layers")(epsilon, tokens, np.where(slow, gap, 0.5)))
    row = np.einsum("tk,tk,tik->ti", vectors[:, 0], values ** layers[:, None], vectors)
    distance = np.abs(row - 1 / tokens).sum(axis=1) / 2
    return np.where(slow, distance, 0.0) / epsilon
