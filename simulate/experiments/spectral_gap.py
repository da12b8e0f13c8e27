"""Question 3g.2: the spectral gap of random graphs, and how fast averaging over them mixes."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simulate.experiment import Experiment
from simulate.experiments.attention_graph import NEAR_THE_BOUND
from simulate.samplers import Draw
from simulate.statistics import Bound, Check
from theory import law

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float, Int

TOKENS, DEGREE = 16, 4
HALF_LENGTH = 8
DISTANCE = 0.01
GRAPHS = 20_000
FEW_GRAPHS = "each trial finds all eigenvalues of a graph, and the bounds hold without exception"


def experiments(alpha: float) -> list[Experiment]:
    """Graphs of random permutations, both ways; noise of variance `alpha` plays no part."""
    return [
        _experiment(
            "random",
            "closed walks bound the second eigenvalue of every random graph",
            "spectral_gap.gap",
            _second_eigenvalue,
            Bound(reach=0.99),
            half_length=HALF_LENGTH,
        ),
        _experiment(
            "layers",
            "after as many layers as the gap asks for, averaging is as near to uniform as it says",
            "spectral_gap.layers",
            _distance,
            Bound(reach=0.3),
            epsilon=DISTANCE,
        ),
    ]


def _experiment(
    name: str,
    title: str,
    law_name: str,
    statistic: Callable[[Int[np.ndarray, "trials n n"]], Float[np.ndarray, " trials"]],
    check: Check[Any],
    **parameters: float,
) -> Experiment:
    return Experiment(
        key=f"spectral_gap.{name}",
        claim=f"spectral_gap.{name}",
        question="3g.2",
        title=title,
        law=law_name,
        parameters={"n": TOKENS, "degree": DEGREE, **parameters},
        measure=lambda draw: statistic(_graphs(draw)),
        check=check,
        most=GRAPHS,
        small_by_design=FEW_GRAPHS,
        untested=NEAR_THE_BOUND,
    )


def _graphs(draw: Draw) -> Int[np.ndarray, "trials n n"]:
    """Matrices in which token i has the keys σ(i) and σ⁻¹(i) for DEGREE/2 random permutations σ.

    A matrix to a trial, as the routines for eigenvalues want it.
    """
    rng, trials = draw.generator(), np.arange(draw.trials)[:, None]
    found = np.zeros((draw.trials, TOKENS, TOKENS), dtype=np.int64)
    for _ in range(DEGREE // 2):
        keys = rng.permuted(np.tile(np.arange(TOKENS), (draw.trials, 1)), axis=1)
        found[trials, np.arange(TOKENS), keys] += 1
        found[trials, keys, np.arange(TOKENS)] += 1
    return found


def _second_eigenvalue(graphs: Int[np.ndarray, "trials n n"]) -> Float[np.ndarray, " trials"]:
    """|λ₂| over the bound that the closed walks of 2p steps, counted in integers, give."""
    half = np.linalg.matrix_power(graphs, HALF_LENGTH)
    returning = (half**2).sum(axis=(1, 2)) / (TOKENS * float(DEGREE) ** (2 * HALF_LENGTH))
    gap = law("spectral_gap.gap")(TOKENS, returning, HALF_LENGTH)
    spectrum = np.sort(np.abs(np.linalg.eigvalsh(graphs / DEGREE)), axis=1)
    return spectrum[:, -2] / (1 - gap)


def _distance(graphs: Int[np.ndarray, "trials n n"]) -> Float[np.ndarray, " trials"]:
    """Total variation between token 0's weights after so many layers and 1/n, over the tolerance.

    A graph in two parts has no gap and nothing is promised for it: its value is 0.
    """
    values, vectors = np.linalg.eigh(graphs / DEGREE)
    gap = 1 - np.sort(np.abs(values), axis=1)[:, -2]
    mixing = gap > 1e-9
    layers = np.ceil(law("spectral_gap.layers")(DISTANCE, TOKENS, np.where(mixing, gap, 0.5)))
    row = np.einsum("tk,tk,tik->ti", vectors[:, 0], values ** layers[:, None], vectors)
    distance = np.abs(row - 1 / TOKENS).sum(axis=1) / 2
    return np.where(mixing, distance, 0.0) / DISTANCE
