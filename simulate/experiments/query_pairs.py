"""Question 2d with other queries: which of them miss v_a, which are coins, and which do neither.

The noise of these experiments is their own, whatever the smallest one of the run is.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.attention import largest, logit, share, weights
from simulate.experiment import Experiment, Measure, at_most, exactly, number
from simulate.keys import A, B, RandomKeys, Scores
from simulate.samplers import Draw
from simulate.setting import RADIAL, Setting
from simulate.statistics import Mean, Probability
from simulate.tallies import indicator

if TYPE_CHECKING:
    from jaxtyping import Float

ALPHA = 0.01
TINY = 1e-6
MANY = 16


def experiments(alpha: float) -> list[Experiment]:
    """Queries in the plane of μ_a and μ_b, heads that tie, and queries beyond the plane."""
    plane = [_miss(x, y) for x, y in ((1.0, -1.0), (2.0, 1.0))]
    return [*plane, _plane(), _tie(), _best(), _blind()]


def _miss(x: float, y: float) -> Experiment:
    return Experiment(
        key=f"query_pairs.miss.{x:g}.{y:g}",
        claim="query_pairs.miss",
        question="2d.2",
        title=r"how often a head with $q = \beta (x \mu_a + y \mu_b)$ prefers $v_b$ to $v_a$",
        law="query_pairs.pair_miss",
        parameters=_parameters(ALPHA, 2) | {"along_a": x, "along_b": y},
        on_keys=True,
        measure=_misses([x, y]),
        check=Probability(exactly("query_pairs.pair_miss", x, y, ALPHA, RADIAL)),
    )


def _plane() -> Experiment:
    """Losing to one of two other keys is at most as likely as both together.

    A query that pushes v_b down misses hardly more often than claimed.
    """
    x, y, n = 1.0, -0.5, 3
    deviation = np.sqrt(RADIAL * x**2 + 2 * ALPHA * (x**2 + y**2))
    union = special.ndtr(-x / deviation) + special.ndtr((y - x) / deviation)
    return Experiment(
        key="query_pairs.plane",
        claim="query_pairs.plane",
        question="2d.2",
        title=r"a query along $\mu_a$ and $\mu_b$ misses at least as often as claimed",
        law="query_pairs.plane_miss",
        parameters=_parameters(ALPHA, n) | {"along_a": x, "along_b": y},
        on_keys=True,
        measure=_misses([x, y, 0.0]),
        check=Probability(lambda: (number("query_pairs.plane_miss", ALPHA, RADIAL), float(union))),
    )


def _tie() -> Experiment:
    """A head of twice the scale has twice the logit of the head of least scale."""
    beta, coin = 30.0, 0.25
    scores = Setting(ALPHA, beta, 2, RADIAL).one_head()

    def squared(draw: Draw) -> Float[np.ndarray, " trials"]:
        least = logit(draw.scores(scores)[0], A, B)
        return ((share(least) + share(2 * least)) / 2 - 0.5) ** 2

    return Experiment(
        key="query_pairs.tie",
        claim="query_pairs.tie",
        question="2d.2",
        title="two heads that tie vary like one coin",
        law="query_pairs.tie_variance",
        parameters=_parameters(ALPHA, 2) | {"beta": beta, "scale": 1.0},
        on_keys=True,
        measure=squared,
        check=Mean(
            lambda: (number("query_pairs.tie_variance", 1.0, ALPHA, beta, RADIAL), coin),
            width=coin,
        ),
    )


def _best() -> Experiment:
    query = [2 * ALPHA * (MANY - 1), *[-(RADIAL + 2 * ALPHA)] * (MANY - 1)]
    return Experiment(
        key="query_pairs.best",
        claim="query_pairs.best",
        question="2d.2",
        title="a query that pushes all other keys down hardly ever misses",
        law="safe_queries.least_miss",
        parameters=_parameters(ALPHA, MANY),
        on_keys=True,
        measure=_misses(query),
        check=Mean(
            at_most("safe_queries.least_miss", ALPHA, MANY, RADIAL),
            width=1.0,
            reach=0.25,
        ),
    )


def _blind() -> Experiment:
    """Values on a line, all but v_a at one end of it: D = 1."""
    beta = 10.0
    scores = _scores([0.0, 0.0, *[-beta] * (MANY - 2)], TINY)

    def distance(draw: Draw) -> Float[np.ndarray, " trials"]:
        return abs(weights(draw.scores(scores)[0])[A] - 0.5)

    return Experiment(
        key="query_pairs.blind",
        claim="query_pairs.blind",
        question="2d.2",
        title="two equal queries that do not meet the radial noise average",
        law="safe_queries.blind_error",
        parameters=_parameters(TINY, MANY) | {"beta": beta},
        on_keys=True,
        measure=distance,
        check=Mean(
            at_most("safe_queries.blind_error", TINY, beta, MANY, 1.0),
            width=1.0,
            reach=0.25,
        ),
    )


def _misses(query: Sequence[float]) -> Measure:
    """Whether v_a has not the largest weight, under a query of these coordinates."""
    law = _scores(query, ALPHA)

    def measure(draw: Draw) -> Float[np.ndarray, " trials"]:
        scores = draw.scores(law)[0]
        return indicator(~largest(scores, A), scores.sum(axis=0))

    return measure


def _scores(query: Sequence[float], alpha: float) -> Scores:
    return Scores(RandomKeys.of(len(query), alpha, RADIAL), np.array([query]))


def _parameters(alpha: float, n: int) -> dict[str, float]:
    return {"alpha": alpha, "n": n, "radial": RADIAL}
