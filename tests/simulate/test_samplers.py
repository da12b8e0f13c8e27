"""The two samplers have one law, and the comparison that says so notices when they have not.

Twelve functionals of the scores are compared by the two-sample Kolmogorov-Smirnov distance. Each
sample's distribution function is within dkw(m, 1e-6/24) of its own law, so a distance above twice
that is a false alarm with probability 1e-6 at most over all twelve. A functional whose laws differ
by `POWER` is missed with probability 1e-6 at most.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulate.samplers import (
    A,
    B,
    RandomKeys,
    Sampler,
    average_query,
    full,
    head_queries,
    reduced,
)
from simulate.statistics import dkw

M = 2**17
THRESHOLD = 2 * dkw(M, 1e-6 / 24)
POWER = THRESHOLD + 2 * dkw(M, 1e-6)
ROTATION = stats.ortho_group(6, seed=1).rvs()
KEYS = RandomKeys(ROTATION[:3], alpha=0.3, radial=0.5)
QUERIES = np.array([ROTATION[0] + ROTATION[1], 2 * ROTATION[0] - 0.7 * ROTATION[2]])


def functionals(scores: np.ndarray) -> dict[str, np.ndarray]:
    """One number a trial in twelve ways, from scores of shape (2, M, 3)."""
    first, second = scores
    return {
        **{f"score {g}{i}": scores[g, :, i] for g in range(2) for i in range(3)},
        **{f"heads summed {i}": first[:, i] + second[:, i] for i in range(3)},
        "heads crossed": first[:, A] - second[:, B],
        "keys compared": first[:, A] - first[:, B],
        "keys multiplied": (first[:, A] - 1) * (first[:, B] - 1),
    }


def distances(sampler: Sampler) -> dict[str, float]:
    """Two-sample distance of each functional between `sampler` and whole keys."""
    one = functionals(sampler(np.random.default_rng(1), M, KEYS, QUERIES))
    other = functionals(full(np.random.default_rng(2), M, KEYS, QUERIES))
    assert len(one) == 12
    return {
        name: float(stats.ks_2samp(one[name], other[name], method="asymp").statistic)
        for name in one
    }


def test_scores_and_whole_keys_have_one_law() -> None:
    assert POWER < 0.04
    found = distances(reduced)
    assert max(found.values()) <= THRESHOLD, found


def _without_covariance(
    rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
) -> np.ndarray:
    """Each head's scores drawn on their own."""
    return np.concatenate([reduced(rng, trials, keys, q[None]) for q in queries])


def _without_radial(
    rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
) -> np.ndarray:
    return reduced(rng, trials, RandomKeys(keys.means, keys.alpha, 0.0), queries)


def _shared(
    rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
) -> np.ndarray:
    """The noise of key a on all keys."""
    means = queries @ keys.means.T
    noise = full(rng, trials, keys, queries)[:, :, :1] - means[:, None, :1]
    scores: np.ndarray = noise + means[:, None]
    return scores


@pytest.mark.parametrize("wrong", [_without_covariance, _without_radial, _shared])
def test_wrong_samplers_are_told_apart(wrong: Sampler) -> None:
    assert max(distances(wrong).values()) > THRESHOLD


def test_equal_queries_give_equal_scores() -> None:
    twice = np.stack([QUERIES[0], QUERIES[0]])
    scores = reduced(np.random.default_rng(0), 100, KEYS, twice)
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-7)


def test_queries_are_those_of_the_questions() -> None:
    assert average_query(3, 2.0).tolist() == [[2, 2, 0]]
    assert head_queries(3, 2.0).tolist() == [[2, 0, 0], [0, 2, 0]]
