"""Question 3g.1: Linformer on random attention weights, keys and values."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import weights
from simulate.ensembles.projections import factors, project, projections
from simulate.experiment import Experiment, number
from simulate.experiments.chi_squared import SELDOM_REACHED
from simulate.samplers import Draw
from simulate.statistics import Bound, Distribution, Mean
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

GAIN = 2.0
BLOCKS, BLOCK = 2, 6
SELDOM = 1e-4
"""A probability of failure for which half as many rows as the claim has would be too few."""


def experiments(alpha: float) -> list[Experiment]:
    """Projected and pooled attention; noise of variance `alpha` plays no part."""
    seldom = replace(rows(0.25, SELDOM, 2, 1, reach=0.0), key="linformer.rows.seldom")
    return [entry(4, 8), rows(0.25, 0.1, 4, 2), seldom, _pooling()]


def entry(k: int, n: int) -> Experiment:
    """R has k rows. A row p of weights, a column w of values and R, all drawn anew in each trial.

    w is a multiple of p and a rest z that is orthogonal to p: so is (Rp)ᵀRw a multiple of ‖Rp‖²
    and (Rp)ᵀRz. Given Rp the latter is normal with variance ‖Rp‖²‖z‖² times that of claim
    linformer.printed, E[(xᵀRᵀRy)²] for orthogonal unit vectors. Φ of it over its deviation is
    uniform.
    """

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        p = weights(GAIN * rng.standard_normal((n, draw.trials)))
        w = rng.standard_normal((n, draw.trials))
        matrices = projections(rng, k, n, draw.trials)
        image, other = project(matrices, p), project(matrices, w)
        multiple = (p * w).sum(axis=0) / (p * p).sum(axis=0)
        length = (image**2).sum(axis=0)
        rest = ((w - multiple * p) ** 2).sum(axis=0)
        variance = length * rest * number("linformer_proofs.printed", k)
        error = (image * other).sum(axis=0) - multiple * length
        return special.ndtr(error / np.sqrt(variance))

    return Experiment(
        key="linformer.entry",
        claim="linformer.rows",
        question="3g.1",
        title="an entry of $P R^\\top R V$ errs by a normal number whose variance is derived",
        law="linformer_proofs.printed",
        parameters={"k": k, "n": n},
        measure=measure,
        check=Distribution(lambda u: u, grid=np.linspace(0, 1, 2)),
    )


def rows(epsilon: float, delta: float, n: int, columns: int, reach: float = 0.0005) -> Experiment:
    """All entries at once; the first column of V is the first row of P, the worst there is.

    Only RᵀR matters, which Bartlett's factors give at a cost that does not grow with k.
    """
    k = math.ceil(number("linformer.rows", epsilon, delta, n, columns))

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        attention = weights(GAIN * rng.standard_normal((n, n, draw.trials)))
        values = rng.standard_normal((n, columns, draw.trials))
        values[:, 0] = attention[0]
        matrices = factors(rng, k, n, draw.trials)
        rows = np.einsum("ant,int->iat", matrices, attention)
        images = np.einsum("ant,nvt->avt", matrices, values)
        change = np.einsum("iat,avt->ivt", rows, images)
        change -= np.einsum("int,nvt->ivt", attention, values)
        lengths = np.sqrt((attention**2).sum(axis=1))[:, None] * np.sqrt((values**2).sum(axis=0))
        worst = (np.abs(change) / lengths).max(axis=(0, 1))
        return indicator(worst > epsilon, worst)

    return Experiment(
        key="linformer.rows",
        claim="linformer.rows",
        question="3g.1",
        title="with so many rows of $R$ any entry of $P R^\\top R V$ errs by more than ε, relative "
        "to the lengths, with probability at most δ",
        law="linformer.rows",
        parameters={"epsilon": epsilon, "delta": delta, "n": n, "d": columns, "k": k},
        measure=measure,
        check=Mean(lambda: (0.0, delta), width=1.0, reach=reach),
        untested=SELDOM_REACHED,
    )


def _pooling() -> Experiment:
    """Blocks of keys that are averaged, attended and compared with attention to all keys.

    In every other trial one key of each block lies far below the others, and so does its value:
    there the error comes nearest to its bound.
    """
    n, d, largest = BLOCKS * BLOCK, 2, 3.0

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        keys = rng.standard_normal((BLOCKS, BLOCK, d, draw.trials))
        keys *= rng.uniform(1e-3, largest, draw.trials)
        values = rng.standard_normal((BLOCKS, BLOCK, draw.trials))
        keys[:, 1:, :, ::2] = keys[:, 1:2, :, ::2]
        values[..., ::2] = np.arange(BLOCK)[:, None] == 0
        query = rng.standard_normal((d, draw.trials))
        query[:, ::2] *= np.sign((query * (keys[0, 1] - keys[0, 0])).sum(axis=0))[::2]
        scores = (keys * query).sum(axis=2)
        pooled = (keys.mean(axis=1) * query).sum(axis=1)
        excess = (scores - pooled[:, None]).max(axis=(0, 1))
        full = weights(scores.reshape(n, draw.trials)) * values.reshape(n, draw.trials)
        fewer = weights(pooled) * values.mean(axis=1)
        error = np.abs(full.sum(axis=0) - fewer.sum(axis=0))
        diameter = values.max(axis=(0, 1)) - values.min(axis=(0, 1))
        return error / law("linformer.pooling")(excess, diameter)

    return Experiment(
        key="linformer.pooling",
        claim="linformer.pooling",
        question="3g.1",
        title="pooling blocks of keys changes the output by no more than its bound",
        law="linformer.pooling",
        parameters={"n": n, "k": BLOCKS, "d": d},
        measure=measure,
        check=Bound(reach=0.7),
    )
