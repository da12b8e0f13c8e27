"""Question 2e.2: how large a matrix M = KᵀQ must be for the margin with which it attends.

Random matrices about the smallest one: in some trials they are nearly it.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.experiment import Experiment
from simulate.samplers import Draw
from simulate.statistics import Bound
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float, Int

N, POSITIONS, D = 4, 3, 5


def experiments(alpha: float) -> list[Experiment]:
    """Least norms that no matrix falls short of; noise of variance `alpha` plays no part."""
    size: dict[str, float] = {"n": N, "positions": POSITIONS, "d": D}
    few = 131_072
    why = "each needs singular values, and a bound that no trial may break needs no million of them"
    return [
        Experiment(
            key="least_norm.orthonormal",
            claim="least_norm.orthonormal",
            question="2e.2",
            title=r"the least $\lVert M \rVert_F^2$ for the margin of a matrix, over its own",
            law="least_norm.orthonormal",
            parameters=size,
            measure=_orthonormal,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="conditioning.correlated",
            claim="conditioning.correlated",
            question="2e.2",
            title="the least norm for inputs that resemble one another, over that of a matrix",
            law="conditioning.correlated",
            parameters={"n": N},
            measure=_correlated,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="conditioning.singular_values.most",
            claim="conditioning.singular_values",
            question="2e.2",
            title="the least matrix is no larger than the smallest singular value allows",
            law="conditioning.singular_values",
            parameters=size,
            measure=_largest,
            check=Bound(reach=1 - 1e-9),
            most=few,
            small_by_design=why,
        ),
        Experiment(
            key="conditioning.singular_values.least",
            claim="conditioning.singular_values",
            question="2e.2",
            title="no matrix is smaller than the largest singular value asks for",
            law="conditioning.singular_values",
            parameters=size,
            measure=_smallest,
            check=Bound(reach=1 - 1e-9),
            most=few,
            small_by_design=why,
        ),
    ]


def _orthonormal(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The inputs are the first axes, so the scores are entries of M."""
    rng = draw.generator()
    target = rng.integers(0, N, (POSITIONS, draw.trials))
    scores = _about(rng, smallest(target))
    rest = rng.uniform(0, 1, draw.trials) ** 16 * rng.standard_exponential(draw.trials)
    margin = np.maximum(margins(scores, target), 0)
    return law("least_norm.orthonormal")(margin, N, POSITIONS) / ((scores**2).sum((0, 1)) + rest)


def smallest(
    target: Int[np.ndarray, "positions trials"],
) -> Float[np.ndarray, "n positions trials"]:
    """The smallest scores with margin 1: 1 - 1/n at the target, -1/n elsewhere."""
    return (np.arange(N)[:, None, None] == target) - 1 / N


def margins(
    scores: Float[np.ndarray, "n positions trials"], target: Int[np.ndarray, "positions trials"]
) -> Float[np.ndarray, " trials"]:
    """By how much every target leads in its column, at the least."""
    at_target = np.arange(N)[:, None, None] == target
    lead = np.where(at_target, scores, 0).sum(axis=0)
    return (lead - np.where(at_target, -np.inf, scores).max(axis=0)).min(axis=0)


def _about(
    rng: np.random.Generator, matrices: Float[np.ndarray, "rows columns trials"]
) -> Float[np.ndarray, "rows columns trials"]:
    """The same matrices with noise of very different sizes."""
    size = rng.uniform(0, 1, matrices.shape[-1]) ** 16
    return matrices + size * rng.standard_normal(matrices.shape)


def _correlated(draw: Draw) -> Float[np.ndarray, " trials"]:
    """x_j = e_j + s(1, ..., 1) up to a common factor has norm 1 and products ρ for some s.

    The matrix is then a multiple of the permutation of targets less its mean, with noise.
    """
    rng = draw.generator()
    rho = rng.uniform(-0.3, 0.9, draw.trials)
    target = rng.random((N, draw.trials)).argsort(axis=0)
    matrix = _about(rng, smallest(target))
    own = np.sqrt(1 - rho)
    shared = (np.sqrt(1 + (N - 1) * rho) - own) / N
    rows = own * matrix + shared * matrix.sum(axis=0)
    scores = own * rows + shared * rows.sum(axis=1, keepdims=True)
    margin = np.maximum(margins(scores, target), 0)
    return law("conditioning.correlated")(margin, N, rho) / (matrix**2).sum(axis=(0, 1))


def _largest(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The least matrix with scores that have the margin 1: the least of all is no larger."""
    rng = draw.generator()
    inputs, eigenvalues = _inputs(rng, draw.trials)
    target = rng.integers(0, N, (POSITIONS, draw.trials))
    matrix = _with_scores(inputs, smallest(target))
    allowed = law("conditioning.singular_values")(1.0, N, POSITIONS, np.sqrt(eigenvalues[:, 0]))
    return (matrix**2).sum(axis=(1, 2)) / allowed


def _smallest(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Random matrices about the one with those scores."""
    rng = draw.generator()
    inputs, eigenvalues = _inputs(rng, draw.trials)
    target = rng.integers(0, N, (POSITIONS, draw.trials))
    matrix = _about(rng, np.moveaxis(_with_scores(inputs, smallest(target)), 0, 2))
    scores = np.einsum("tjd,det,tie->jit", inputs, matrix, inputs[:, :POSITIONS], optimize=True)
    margin = np.maximum(margins(scores, target), 0)
    sigma = np.sqrt(eigenvalues[:, -1])
    return law("conditioning.singular_values")(margin, N, POSITIONS, sigma) / (
        (matrix**2).sum(axis=(0, 1))
    )


def _with_scores(
    inputs: Float[np.ndarray, "trials n d"], scores: Float[np.ndarray, "n positions trials"]
) -> Float[np.ndarray, "trials d d"]:
    """The least matrix with these scores, from dual bases of all inputs and of the positions'."""
    of_all, of_positions = (
        np.linalg.solve(x @ x.swapaxes(1, 2), x) for x in (inputs, inputs[:, :POSITIONS])
    )
    return np.einsum("tjd,jit,tie->tde", of_all, scores, of_positions, optimize=True)


def _inputs(
    rng: np.random.Generator, trials: int
) -> tuple[Float[np.ndarray, "trials n d"], Float[np.ndarray, "trials n"]]:
    """Gaussian inputs, and the squares of their singular values in rising order.

    In every other trial they are orthogonal and of one length: there the bounds are attained.
    """
    inputs = rng.standard_normal((trials, N, D))
    inputs[::2] = rng.uniform(0.2, 2, (len(inputs[::2]), 1, 1)) * np.eye(N, D)
    return inputs, np.linalg.eigvalsh(inputs @ inputs.swapaxes(1, 2))
