"""Question 2b: random queries that average two values more or less, over keys of any kind."""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import weights
from simulate.experiment import Experiment
from simulate.experiments.convex_hull import mixtures
from simulate.keys import A, B
from simulate.samplers import Draw
from simulate.statistics import Bound, Identity
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

N, D, SUBSET = 6, 4, 3
LARGEST_GAIN = 8.0


def experiments(alpha: float) -> list[Experiment]:
    """Identities and bounds for any query; noise of variance `alpha` plays no part."""
    size: dict[str, float] = {"n": N, "d": D}
    return [
        Experiment(
            key="averaging.queries",
            claim="averaging.queries",
            question="2b",
            title=r"the difference of the weights of $v_a$ and $v_b$ is exact for any query",
            law="averaging_queries.difference",
            parameters=size,
            measure=_difference,
            check=Identity(),
        ),
        Experiment(
            key="averaging.enough",
            claim="averaging.enough",
            question="2b",
            title=r"leak and difference stay below their tolerances where the scores suffice",
            law="averaging_queries.enough",
            parameters=size,
            measure=_enough,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="averaging.most",
            claim="averaging.most",
            question="2b",
            title="the other scores of a query lie no higher than its leak and difference allow",
            law="averaging_queries.most",
            parameters=size,
            measure=_most,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="averaging.shortest",
            claim="averaging.shortest",
            question="2b",
            title=r"the least $\lVert q \rVert^2$ for the leak of a random query, over its own",
            law="shortest_average.shortest",
            parameters=size,
            measure=_shortest,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="averaging.line",
            claim="averaging.line",
            question="2b",
            title="the least leak if the line through two keys meets the hull of the others, "
            "over the leak found",
            law="averageable.elsewhere",
            parameters=size,
            measure=_line,
            check=Bound(reach=1 - 1e-9),
        ),
        Experiment(
            key="averaging.subset_gain",
            claim="averaging.subset_gain",
            question="2b",
            title="the gain that a tolerance asks for leaves just that off the subset",
            law="averaging.subset_gain",
            parameters={"n": N, "size": SUBSET},
            measure=_subset_gain,
            check=Identity(),
        ),
    ]


def _difference(draw: Draw) -> Float[np.ndarray, " trials"]:
    scores = _scores(draw.generator(), draw.trials)
    found = weights(scores)
    leak = found[2:].sum(axis=0)
    expected = law("averaging_queries.difference")(leak, scores[A] - scores[B])
    return np.abs(found[A] - found[B] - expected)


def _scores(rng: np.random.Generator, trials: int) -> Float[np.ndarray, "n trials"]:
    """Scores of Gaussian keys under Gaussian queries, those of a and b first."""
    keys = rng.standard_normal((N, D, trials))
    return np.einsum("idt,dt->it", keys, rng.standard_normal((D, trials)))


def _enough(draw: Draw) -> Float[np.ndarray, " trials"]:
    """In every other trial the other scores are as high as allowed, and every fourth attains it."""
    rng = draw.generator()
    tolerance, uneven = rng.uniform(0.01, 0.5, (2, draw.trials))
    apart = law("averaging_queries.enough")(uneven) * rng.uniform(-1, 1, draw.trials)
    apart[::4] = 0
    below = rng.standard_exponential((N - 2, draw.trials))
    below[:, ::2] = 0
    scores = np.concatenate([[apart / 2, -apart / 2], -law("averaging.gain")(tolerance, N) - below])
    found = weights(scores)
    leak, difference = found[2:].sum(axis=0), np.abs(found[A] - found[B])
    return np.maximum(leak / tolerance, difference / uneven)


def _most(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Any scores; in every other trial leak and difference are just what is tolerated."""
    rng = draw.generator()
    scores = rng.uniform(-4, 4, (N, draw.trials))
    found = weights(scores)
    leak, difference = found[2:].sum(axis=0), np.abs(found[A] - found[B])
    room = rng.uniform(0, 0.4, (2, draw.trials)) * (1 - leak - difference)
    room[:, ::2] = 0
    leak, difference = leak + room[0], difference + room[1]
    height = special.logsumexp(scores[2:], axis=0) - (scores[A] + scores[B]) / 2
    highest = law("averaging_queries.most")(leak, difference)
    furthest = law("averaging_queries.enough")(difference / (1 - leak))
    return np.maximum(np.exp(height - highest), np.abs(scores[A] - scores[B]) / furthest)


def _shortest(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Orthonormal keys: the scores are the query's coordinates. Some queries are nearly shortest.

    Where the claim's premise fails the law is taken at its end, u^2/2: that is always a bound.
    """
    rng = draw.generator()
    apart = rng.uniform(-1, 1, draw.trials)
    scores = np.where(np.arange(N) < 2, (N - 2) / N, -2 / N)[:, None] * rng.uniform(
        1, LARGEST_GAIN, draw.trials
    )
    scores[A] += apart / 2
    scores[B] -= apart / 2
    scores += rng.uniform(0, 1, draw.trials) ** 8 * rng.standard_normal(scores.shape)
    apart = scores[A] - scores[B]
    gain = law("averaging.gain")(weights(scores)[2:].sum(axis=0), N)
    least = np.log(np.cosh(apart / 2))
    shortest = law("shortest_average.shortest")(np.maximum(gain, least), N, apart)
    return shortest / (scores**2).sum(axis=0)


def _line(draw: Draw) -> Float[np.ndarray, " trials"]:
    """The other keys are moved so that a mixture of them is a point of the line.

    In every other trial the point lies on the side of the lower score, and the keys are moved along
    the query until it has the least leak: there the bound is attained.
    """
    rng = draw.generator()
    mixed = mixtures(rng, N - 2, draw.trials)
    keys = rng.standard_normal((N, D, draw.trials))
    query = rng.standard_normal((D, draw.trials))
    between = keys[A] - keys[B]
    apart = np.einsum("dt,dt->t", between, query)
    offset = rng.uniform(-1.5, 1.5, draw.trials)
    offset[::2] = -np.abs(offset[::2]) * np.sign(apart[::2])
    point = (keys[A] + keys[B]) / 2 + offset * between
    keys[2:] += point - np.einsum("it,idt->dt", mixed, keys[2:])
    entropy = special.entr(mixed).sum(axis=0)
    best = np.log(mixed) + entropy + np.einsum("idt,dt->it", point - keys[2:], query)
    best[:, 1::2] = 0
    keys[2:] += best[:, None] * query / (query**2).sum(axis=0)
    leak = weights(np.einsum("idt,dt->it", keys, query))[2:].sum(axis=0)
    return law("averageable.elsewhere")(entropy, np.abs(apart), np.abs(offset)) / leak


def _subset_gain(draw: Draw) -> Float[np.ndarray, " trials"]:
    """Orthonormal keys: the scores are the query's coordinates."""
    rng = draw.generator()
    tolerance = rng.uniform(1e-3, 0.5, draw.trials)
    scores = np.zeros((N, draw.trials))
    scores[:SUBSET] = np.log(mixtures(rng, SUBSET, draw.trials))
    scores[:SUBSET] += law("averaging.subset_gain")(tolerance, N, SUBSET)
    return np.abs(weights(scores)[SUBSET:].sum(axis=0) / tolerance - 1)
