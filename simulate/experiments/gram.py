"""Question 2b: the shortest query with given scores, for random keys of any norms and angles."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.frames import length
from simulate.experiment import Experiment
from simulate.samplers import Draw
from simulate.statistics import Bound, Identity
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N, D = 4, 5
EIGENVALUES = 131_072
WHY_FEWER = "each needs eigenvalues, and a bound that no trial may break needs no million of them"


def experiments(alpha: float) -> list[Experiment]:
    """Norms of queries and misses of scores; noise of variance `alpha` plays no part."""
    size: dict[str, float] = {"n": N, "d": D}
    return [
        Experiment(
            key="gram.query",
            claim="gram.query",
            question="2b",
            title="the norm of the shortest query with given scores of two keys is exact",
            law="gram.two_keys",
            parameters={"n": 2, "d": D},
            measure=_two_keys,
            check=Identity(),
        ),
        Experiment(
            key="gram.norm",
            claim="gram.norm",
            question="2b",
            title="the shortest query is no longer than the least eigenvalue of $G$ allows",
            law="gram.norm",
            parameters=size,
            measure=_norm,
            check=Bound(reach=1 - 1e-9),
            most=EIGENVALUES,
            small_by_design=WHY_FEWER,
        ),
        Experiment(
            key="gram.condition",
            claim="gram.condition",
            question="2b",
            title="the scores move no further than the condition number of $G$ allows",
            law="perturbed_keys.condition",
            parameters=size,
            measure=_condition,
            check=Bound(reach=1 - 1e-9),
            most=EIGENVALUES,
            small_by_design=WHY_FEWER,
        ),
        Experiment(
            key="gram.unreachable",
            claim="gram.unreachable",
            question="2b",
            title="the least miss of scores that no query has, over the miss of a random query",
            law="unreachable_scores.missed",
            parameters=size,
            measure=_unreachable,
            check=Bound(reach=1 - 1e-9),
        ),
    ]


def _two_keys(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The query is built up: along the first key, then along what the second adds to it."""
    rng = draw.generator()
    first, second = rng.standard_normal((2, D, draw.trials))
    s_a, s_b = rng.standard_normal((2, draw.trials))
    square = (first**2).sum(axis=0)
    rest = second - (first * second).sum(axis=0) / square * first
    query = s_a / square * first
    query += (s_b - (query * second).sum(axis=0)) / (rest**2).sum(axis=0) * rest
    lengths = np.sqrt(square), length(second)
    cosine = (first * second).sum(axis=0) / (lengths[0] * lengths[1])
    expected = law("gram.two_keys")(s_a, s_b, *lengths, cosine)
    return np.abs((query**2).sum(axis=0) / expected - 1)


def _norm(draw: Draw) -> Float[np.ndarray, " trials"]:
    _, query, scores, eigenvalues = _shortest(draw.generator(), draw.trials)
    longest = law("gram.norm")(np.linalg.norm(scores, axis=1), eigenvalues[:, 0])
    return np.linalg.norm(query, axis=1) / longest


def _condition(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Every key moves as far as it may, in every other trial along the query."""
    rng = draw.generator()
    keys, query, scores, eigenvalues = _shortest(rng, draw.trials)
    directions = rng.standard_normal(keys.shape)
    directions[::2] = query[::2, None]
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    relative = rng.uniform(0.01, 1, draw.trials)
    furthest = relative * np.linalg.norm(keys, axis=2).max(axis=1)
    moved = furthest[:, None] * np.abs(np.einsum("tnd,td->tn", directions, query))
    condition = np.maximum(eigenvalues[:, -1] / eigenvalues[:, 0], 1)
    allowed = law("perturbed_keys.condition")(relative, condition, np.linalg.norm(scores, axis=1))
    return moved.max(axis=1) / allowed


def _shortest(
    rng: np.random.Generator, trials: int
) -> tuple[
    Float[np.ndarray, "trials n d"],
    Float[np.ndarray, "trials d"],
    Float[np.ndarray, "trials n"],
    Float[np.ndarray, "trials n"],
]:
    """Gaussian keys, the shortest query with random scores, the scores, the eigenvalues of G.

    In every other trial the keys are orthogonal and all scores but that of the shortest key are 0:
    there the bounds are attained.
    """
    keys = rng.standard_normal((trials, N, D))
    keys[::2] = rng.uniform(0.2, 2, (len(keys[::2]), N, 1)) * np.eye(N, D)
    scores = rng.standard_normal((trials, N))
    least = np.linalg.norm(keys[::2], axis=2).argmin(axis=1)
    scores[::2] *= least[:, None] == np.arange(N)
    gram = keys @ keys.swapaxes(1, 2)
    query = np.einsum("tnd,tn->td", keys, np.linalg.solve(gram, scores[..., None])[..., 0])
    return keys, query, scores, np.linalg.eigvalsh(gram)


def _unreachable(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The last key is a combination of the others.

    In every other trial the keys are moved along the query until all scores are missed by as much,
    each on the side of its coefficient's sign: no query comes closer.
    """
    rng = draw.generator()
    keys = rng.standard_normal((N - 1, D, draw.trials))
    query = rng.standard_normal((D, draw.trials))
    wanted = rng.standard_normal((N, draw.trials))
    combined = rng.standard_normal((N, draw.trials))
    combined[-1] = -1
    remainder = (combined * wanted).sum(axis=0)
    total = np.abs(combined).sum(axis=0)
    best = wanted - np.sign(combined) * remainder / total
    change = best[:-1] - np.einsum("idt,dt->it", keys, query)
    change[:, 1::2] = 0
    keys += change[:, None] * query / (query**2).sum(axis=0)
    last = np.einsum("it,idt->dt", combined[:-1], keys)
    found = np.einsum("idt,dt->it", np.concatenate([keys, last[None]]), query)
    least = law("unreachable_scores.missed")(np.abs(remainder), total)
    return least / np.abs(found - wanted).max(axis=0)
