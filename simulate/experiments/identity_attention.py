"""Question 2e.1: attention without matrices, random orthogonal u of random norm."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import weights
from simulate.ensembles.frames import length
from simulate.experiment import Experiment
from simulate.experiments.key_query_value import LARGEST_GAP, D, directions
from simulate.samplers import Draw
from simulate.statistics import Bound, Identity
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

NEAREST = (
    (0.0, 0.0, (0.4, 0.2, 0.4)),
    (1.0, 0.0, (0.5, 0.0, 0.5)),
    (1.0, 1.0, (0.5, 0.0, 0.5)),
)
"""Multiples of u_c and u_d in x_2, and the weights of the point of the hull nearest to u_b."""


def experiments(alpha: float) -> list[Experiment]:
    """Exact distances from u_a and u_b; noise of variance `alpha` plays no part."""
    return [
        Experiment(
            key="identity_attention.limit",
            claim="identity_attention.limit",
            question="2e.1",
            title="without matrices $c_2$ is $u_a$ up to the exact error",
            law="identity_attention.error",
            parameters={"d": D},
            measure=_without_matrices,
            check=Identity(),
        ),
        *(_hull(*case) for case in NEAREST),
        Experiment(
            key="identity_attention.output",
            claim="identity_attention.output",
            question="2e.1",
            title="with multiples of $u_c$, $u_d$ added, $c_2$ is exactly so far from $u_b$",
            law="identity_attention.output_distance",
            parameters={"d": D},
            measure=_with_additions,
            check=Identity(),
        ),
    ]


def _hull(add_c: float, add_d: float, nearest: tuple[float, float, float]) -> Experiment:
    """Weights uniform on the simplex, in every other trial those of the nearest point."""

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        rng = draw.generator()
        beta = rng.uniform(0.1, 3, draw.trials)
        x, u_b = _inputs(rng, beta, np.full((draw.trials, 2), (add_c, add_d)).T)
        alpha = rng.dirichlet(np.ones(3), draw.trials).T
        alpha[:, ::2] = np.array(nearest)[:, None]
        distance = length(np.einsum("nt,ndt->dt", alpha, x) - u_b)
        return law("identity_attention.hull_distance")(beta, add_c, add_d) / distance

    return Experiment(
        key=f"identity_attention.hull.{add_c:g}.{add_d:g}",
        claim="identity_attention.hull",
        question="2e.1",
        title="no weighted average of the inputs comes nearer to $u_b$ than the hull",
        law="identity_attention.hull_distance",
        parameters={"d": D, "add_c": add_c, "add_d": add_d},
        measure=measure,
        check=Bound(reach=1 - 1e-9),
    )


def _without_matrices(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    beta = rng.uniform(0.1, np.sqrt(LARGEST_GAP), draw.trials)
    u_a, u_b, u_c, u_d = directions(rng, beta)
    x = np.stack([u_d + u_b, u_a, u_c + u_b])
    alpha = weights(np.einsum("ndt,dt->nt", x, x[1]))
    error = length(np.einsum("nt,ndt->dt", alpha, x - u_a))
    return np.abs(error / law("identity_attention.error")(beta) - 1)


def _with_additions(draw: Draw) -> Float[np.ndarray, " trials"]:
    rng = draw.generator()
    beta = rng.uniform(0.1, 3, draw.trials)
    added = rng.uniform(0, 2, (2, draw.trials))
    x, u_b = _inputs(rng, beta, added)
    alpha = weights(np.einsum("ndt,dt->nt", x, x[1]))
    distance = length(np.einsum("nt,ndt->dt", alpha, x) - u_b)
    return np.abs(distance / law("identity_attention.output_distance")(beta, *added) - 1)


def _inputs(
    rng: np.random.Generator,
    beta: Float[np.ndarray, " trials"],
    added: Float[np.ndarray, "2 trials"],
) -> tuple[Float[np.ndarray, "3 d trials"], Float[np.ndarray, "d trials"]]:
    """x_1, x_2, x_3, where x_2 is u_a with multiples of u_c and u_d added; and u_b."""
    u_a, u_b, u_c, u_d = directions(rng, beta)
    x_2 = u_a + added[0] * u_c + added[1] * u_d
    return np.stack([u_d + u_b, x_2, u_c + u_b]), u_b
