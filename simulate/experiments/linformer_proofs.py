"""Question 3g.1: where the paper's proofs fail, on random projections."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import weights
from simulate.ensembles.projections import factors, project, projections
from simulate.experiment import Experiment, Measure, exactly, number
from simulate.experiments.johnson_lindenstrauss import pair, products
from simulate.samplers import Draw
from simulate.statistics import Bound, Distribution, Probability
from simulate.tallies import indicator
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float


def experiments(alpha: float) -> list[Experiment]:
    """What fails, as often as theory says; noise of variance `alpha` plays no part."""
    return [_orthogonal_product(), _relative(), *_orthogonal_pairs(), _zero_query()]


def _orthogonal_product() -> Experiment:
    """Orthogonal x and y: given Rx the product (Rx)ᵀRy is normal, and so it is never exactly 0.

    The vectors are those of the claim, weights (1/2, 1/2) and values (1, -1) made unit vectors.
    """
    k = 8
    x, y = np.array([1.0, 1.0]) / np.sqrt(2), np.array([1.0, -1.0]) / np.sqrt(2)

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        matrices = projections(draw.generator(), k, 2, draw.trials)
        length = (np.einsum("knt,n->kt", matrices, x) ** 2).sum(axis=0)
        deviation = np.sqrt(length * number("linformer_proofs.printed", k))
        return special.ndtr(products(matrices, x, y) / deviation)

    return Experiment(
        key="linformer.printed.orthogonal",
        claim="linformer.printed",
        question="3g.1",
        title="the projected product of orthogonal vectors, which would have to be 0, is normal",
        law="linformer_proofs.printed",
        parameters={"k": k, "n": 2},
        measure=measure,
        check=Distribution(lambda u: u, grid=np.linspace(0, 1, 2)),
    )


def _relative() -> Experiment:
    """An error of at most ε|xᵀy|, as the paper prints it, asks for ε times the cosine.

    With so many rows the paper promises that it fails in a sixth of all draws at most.
    """
    k, epsilon, cosine = 80, 0.5, 0.1

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        product = products(factors(draw.generator(), k, 2, draw.trials), *pair(cosine))
        return indicator(np.abs(product - cosine) > epsilon * cosine, product)

    return Experiment(
        key="linformer.printed",
        claim="linformer.printed",
        question="3g.1",
        title="how often the printed bound, relative to the inner product, fails",
        law="johnson_lindenstrauss.pair_failure",
        parameters={"k": k, "epsilon": epsilon, "cosine": cosine},
        measure=measure,
        check=Probability(
            exactly("johnson_lindenstrauss.pair_failure", epsilon * cosine, k, cosine)
        ),
    )


def _orthogonal_pairs() -> list[Experiment]:
    """R is 2 × 3, where a vector with Rz = 0 is the cross product of the rows of R."""
    k, n = 2, 3

    def experiment(key: str, title: str, measure: Measure, reach: float) -> Experiment:
        return Experiment(
            key=key,
            claim="linformer.orthogonal",
            question="3g.1",
            title=title,
            law="linformer_proofs.orthogonal",
            parameters={"k": k, "n": n},
            measure=measure,
            check=Bound(reach=reach),
        )

    return [
        experiment(
            "linformer.orthogonal",
            "for every $R$ the projected product of some orthogonal unit vectors is as large as "
            "its bound",
            _worst_pair,
            1 - 1e-9,
        ),
        experiment(
            "linformer.orthogonal_rows",
            "no orthogonal pair has a larger product where the rows of $R$ are orthogonal and of "
            "equal length",
            _any_pair,
            0.99,
        ),
    ]


def _worst_pair(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The bound over the product of the pair that the claim's proof names.

    In every other trial the rows of R are orthogonal and equally long: there it is attained.
    """
    matrices = projections(draw.generator(), 2, 3, draw.trials)
    matrices[..., ::2] = _with_orthogonal_rows(matrices[..., ::2])
    first, second = matrices
    null = _unit(np.cross(first, second, axis=0))
    along, across = (first**2).sum(axis=0), (second**2).sum(axis=0)
    angle = np.arctan2(2 * (first * second).sum(axis=0), along - across) / 2
    top = _unit(np.cos(angle) * first + np.sin(angle) * second)
    x, y = (top + null) / np.sqrt(2), (top - null) / np.sqrt(2)
    product = (project(matrices, x) * project(matrices, y)).sum(axis=0)
    return law("linformer_proofs.orthogonal")(along + across, 2) / np.abs(product)


def _any_pair(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The product of two random orthogonal unit vectors over the bound."""
    rng = draw.generator()
    matrices = _with_orthogonal_rows(projections(rng, 2, 3, draw.trials))
    x, other = _unit(rng.standard_normal((3, draw.trials))), rng.standard_normal((3, draw.trials))
    y = _unit(other - (x * other).sum(axis=0) * x)
    product = (project(matrices, x) * project(matrices, y)).sum(axis=0)
    energy = (matrices**2).sum(axis=(0, 1))
    return np.abs(product) / law("linformer_proofs.orthogonal")(energy, 2)


def _with_orthogonal_rows(
    matrices: Float[np.ndarray, "2 3 trials"],
) -> Float[np.ndarray, "2 3 trials"]:
    """The first rows, with seconds at right angles to them and as long."""
    first, second = matrices
    squares = (first**2).sum(axis=0)
    across = _unit(second - (first * second).sum(axis=0) / squares * first)
    return np.stack([first, np.sqrt(squares) * across])


def _unit(vectors: Float[np.ndarray, "n trials"]) -> Float[np.ndarray, "n trials"]:
    return vectors / np.sqrt((vectors**2).sum(axis=0))


def _zero_query() -> Experiment:
    """Linformer's attention with E = ηR and F = e^(-η)R, for any keys, values 1 and the query 0."""
    epsilon, k, n, eta = 0.5, 4, 8, 0.1
    keys = np.linspace(-1, 1, n)

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        matrices = projections(draw.generator(), k, n, draw.trials)
        scores = 0.0 * eta * np.einsum("knt,n->kt", matrices, keys)
        values = np.exp(-eta) * matrices.sum(axis=1)
        output = (weights(scores) * values).sum(axis=0)
        return indicator(np.abs(output - 1) <= epsilon, output)

    return Experiment(
        key="linformer.zero_query",
        claim="linformer.zero_query",
        question="3g.1",
        title="how often the bound of the paper's Theorem 2 holds for a query of zero",
        law="linformer_proofs.zero_query",
        parameters={"epsilon": epsilon, "k": k, "n": n, "eta": eta},
        measure=measure,
        check=Probability(exactly("linformer_proofs.zero_query", epsilon, k, n, eta)),
    )
