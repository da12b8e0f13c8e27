"""The two samplers have one law, for any covariances, and what says so notices when they have not.

Functionals of the scores are compared by the two-sample Kolmogorov-Smirnov distance. Each sample's
distribution function is within dkw(M, 1e-6/(2·COMPARISONS)) of its own law except with that
probability, so a distance above twice that is a false alarm with probability 1e-6 at most over all
comparisons. A functional whose laws differ by POWER is missed with probability 1e-6 at most.
"""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from simulate import samplers
from simulate.attention import weights
from simulate.catalogue import catalogue
from simulate.keys import Covariance, RandomKeys, Scores
from simulate.runner import run
from simulate.samplers import Sampler, full, reduced
from simulate.setting import Setting
from simulate.statistics.kolmogorov_smirnov import dkw
from simulate.streams import SIZE, Block

M = 2**17
COMPARISONS = 256
THRESHOLD = 2 * dkw(M, 1e-6 / (2 * COMPARISONS))
POWER = THRESHOLD + 2 * dkw(M, 1e-6)
N, D = 3, 6
RNG = np.random.default_rng(1)
MEANS = RNG.standard_normal((N, D))
QUERIES = RNG.standard_normal((3, D))


# ------------------------------------------------------------------------------ the same law


def wishart() -> Covariance:
    """A dense covariance matrix, drawn at random."""
    matrix: np.ndarray = stats.wishart(df=D + 2, scale=np.eye(D) / D).rvs(random_state=RNG)
    return Covariance.of(matrix)


def low_rank() -> Covariance:
    return Covariance(0.2, RNG.standard_normal((D, 2)))


def radial() -> Covariance:
    return Covariance(0.3, np.sqrt(0.5) * MEANS[0][:, None])


def law(covariances: list[Covariance], queries: np.ndarray) -> Scores:
    return Scores(RandomKeys(MEANS, tuple(covariances)), queries)


MIXED = [wishart(), low_rank(), radial()]
EQUAL = QUERIES[[0, 1, 0]]
LAWS = {
    "isotropic": law([Covariance(0.3)] * N, QUERIES[:2]),
    "radial": law([radial(), Covariance(0.3), Covariance(0.3)], QUERIES[:2]),
    "low rank plus isotropic": law([low_rank() for _ in range(N)], QUERIES[:2]),
    "dense": law([wishart() for _ in range(N)], QUERIES[:2]),
    "orthogonal queries": law([Covariance(0.3)] * N, 2 * np.eye(2, D)),
    "one query": law(MIXED, QUERIES[:1]),
    "two queries": law(MIXED, QUERIES[:2]),
    "three queries": law(MIXED, QUERIES),
    "equal queries": law(MIXED, EQUAL),
}


def functionals(scores: np.ndarray) -> dict[str, np.ndarray]:
    """One number a trial in many ways: scores, contrasts of keys, sums over heads, products."""
    heads, n, _ = scores.shape
    found = {f"score {g}{i}": scores[g, i] for g in range(heads) for i in range(n)}
    for i, j in combinations(range(n), 2):
        found |= {f"keys {i}{j} in head {g}": scores[g, i] - scores[g, j] for g in range(heads)}
    for g, h in combinations(range(heads), 2):
        found |= {f"heads {g}{h} on key {i}": scores[g, i] + scores[h, i] for i in range(n)}
    centred = scores - scores.mean(axis=2, keepdims=True)
    return found | {
        "key 0 in one head, key 1 in another": scores[0, 0] - scores[-1, 1],
        "product of keys": centred[0, 0] * centred[0, 1],
        "product of heads": centred[0, 0] * centred[-1, 0],
    }


def distances(sampler: Sampler, scores: Scores) -> dict[str, float]:
    """Two-sample distance of each functional between `sampler` and whole keys."""
    one = functionals(sampler(Block(1, "one", 0), M, scores))
    other = functionals(full(Block(1, "other", 0), M, scores))
    return {
        name: float(stats.ks_2samp(values, other[name], method="asymp").statistic)
        for name, values in one.items()
    }


@pytest.mark.parametrize("name", LAWS)
def test_reduced_scores_and_whole_keys_have_one_law(name: str) -> None:
    found = distances(reduced, LAWS[name])
    assert max(found.values()) <= THRESHOLD, found


def test_comparisons_are_counted_and_powerful() -> None:
    values = {name: functionals(reduced(Block(0, name, 0), 10, LAWS[name])) for name in LAWS}
    assert sum(map(len, values.values())) <= COMPARISONS
    assert POWER < 0.04


# --------------------------------------------------------------------------- another law


def heads_apart(block: Block, trials: int, scores: Scores) -> np.ndarray:
    """Each head's scores drawn on their own."""
    alone = [Scores(scores.keys, q[None]) for q in scores.queries]
    drawn = [reduced(replace(block, number=g), trials, one) for g, one in enumerate(alone)]
    return np.concatenate(drawn)


def noise_shared(block: Block, trials: int, scores: Scores) -> np.ndarray:
    """The noise of key 0 on all keys."""
    noise = full(block, trials, scores)[:, :1] - scores.means[:, :1, None]
    found: np.ndarray = noise + scores.means[:, :, None]
    return found


def changed(change: Callable[[tuple[Covariance, ...]], list[Covariance]]) -> Sampler:
    """The reduced sampler for other covariances than were asked for."""

    def sampler(block: Block, trials: int, scores: Scores) -> np.ndarray:
        keys = RandomKeys(scores.keys.means, tuple(change(scores.keys.covariances)))
        return reduced(block, trials, Scores(keys, scores.queries))

    return sampler


def transposed(covariance: Covariance) -> Covariance:
    factor = covariance.factor
    square = factor is not None and factor.shape[0] == factor.shape[1]
    return Covariance(covariance.isotropic, factor.T if square and factor is not None else factor)


WRONG: dict[str, Sampler] = {
    "heads apart": heads_apart,
    "noise shared by the keys": noise_shared,
    "without the factors": changed(lambda c: [Covariance(one.isotropic + 0.1) for one in c]),
    "factors transposed": changed(lambda c: [transposed(one) for one in c]),
    "covariances of the next key": changed(lambda c: [*c[1:], c[0]]),
    "tenth more noise": changed(lambda c: [Covariance(1.1 * c[0].isotropic, c[0].factor), *c[1:]]),
}


@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"tenth more noise"}))
def test_wrong_samplers_are_told_apart(name: str) -> None:
    assert max(distances(WRONG[name], LAWS["two queries"]).values()) > THRESHOLD


def test_a_tenth_more_noise_on_one_key_is_told_apart() -> None:
    """Near the limit of what is seen: variances of 1.1 and 1 differ by 0.023 in distribution."""
    assert max(distances(WRONG["tenth more noise"], LAWS["isotropic"]).values()) > THRESHOLD


# ------------------------------------------------------------------------- trial by trial


def one_trial(scores: Scores, z: np.ndarray, w: list[np.ndarray | None]) -> list[list[float]]:
    """Attention of each head, written down key by key: k_i = μ_i + √a_i z_i + F_i w_i."""
    found = []
    for q in scores.queries:
        exponentials = []
        for i, covariance in enumerate(scores.keys.covariances):
            key = scores.keys.means[i] + math.sqrt(covariance.isotropic) * z[i]
            drawn = w[i]
            if covariance.factor is not None and drawn is not None:
                for column, normal in zip(covariance.factor.T, drawn, strict=True):
                    key = key + normal * column
            exponentials.append(math.exp(math.fsum(key * q)))
        found.append([e / math.fsum(exponentials) for e in exponentials])
    return found


def test_whole_keys_are_those_of_a_loop_over_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop reads the same normals, in the stretches of two in which they were drawn."""
    monkeypatch.setattr(samplers, "CACHED", 2 * N * D)
    scores, trials = LAWS["three queries"], 7
    block = Block(3, "loop", 5)
    rng = block.generator()
    expected = []
    for start in range(0, trials, 2):
        size = min(2, trials - start)
        z = rng.standard_normal((size, N, D))
        factors = [c.factor for c in scores.keys.covariances]
        w = [None if f is None else rng.standard_normal((size, f.shape[1])) for f in factors]
        expected += [
            one_trial(scores, z[t], [None if own is None else own[t] for own in w])
            for t in range(size)
        ]
    found = weights(full(block, trials, scores))
    np.testing.assert_allclose(np.moveaxis(found, 2, 0), expected, rtol=1e-12)


# -------------------------------------------------------------------------------- the parts


def test_covariance_between_queries_is_that_of_the_matrix() -> None:
    root = RNG.standard_normal((D, D))
    matrix = root @ root.T
    for covariance, dense in (
        (Covariance.of(matrix), matrix),
        (Covariance(0.5, root[:, :2]), 0.5 * np.eye(D) + root[:, :2] @ root[:, :2].T),
        (Covariance(0.5), 0.5 * np.eye(D)),
    ):
        np.testing.assert_allclose(
            covariance.between(QUERIES), QUERIES @ dense @ QUERIES.T, rtol=1e-12
        )


def test_a_matrix_that_is_no_covariance_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        Covariance.of(-np.eye(2))


@pytest.mark.parametrize("sampler", [reduced, full])
def test_equal_queries_give_equal_scores(sampler: Sampler) -> None:
    """Up to the root of float64's rounding, which is what a variance of 0 comes out as."""
    scores = sampler(Block(0, "equal", 0), 100, LAWS["equal queries"])
    np.testing.assert_allclose(scores[0], scores[2], atol=1e-6)


def test_queries_are_those_of_the_questions() -> None:
    assert Setting(0.1, 2.0, 3).one_head().queries.tolist() == [[2, 2, 0]]
    assert Setting(0.1, 2.0, 3, d=4).two_heads().queries.tolist() == [[2, 0, 0, 0], [0, 2, 0, 0]]
    assert Setting(0.1, 2.0, 3).first_head().queries.tolist() == [[2, 0, 0]]


# ------------------------------------------------------------------------------------ memory


def peak(work: Callable[[], object]) -> int:
    """Most bytes that were allocated at one time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sampler", [reduced, full])
def test_low_rank_noise_forms_no_square_matrix(sampler: Sampler) -> None:
    d = 4096
    means = np.eye(2, d)
    keys = RandomKeys(means, (Covariance(0.1, RNG.standard_normal((d, 2))), Covariance(0.1)))
    scores = Scores(keys, 3 * means)
    assert peak(lambda: sampler(Block(0, "wide", 0), 64, scores)) < 0.02 * 8 * d**2


def test_whole_keys_of_a_block_are_never_all_in_memory() -> None:
    n, d = 16, 64
    scores = Setting(0.1, 1.0, n, d=d).two_heads()
    found = peak(lambda: full(Block(0, "keys", 0), SIZE, scores))
    assert found < 8 * scores.means.size * SIZE + 4 * 8 * samplers.CACHED
    assert found < 0.1 * 8 * n * d * SIZE


def test_memory_does_not_grow_with_the_trials() -> None:
    chosen = [e for e in catalogue() if e.key == "single_head.background"]

    def used(trials: int) -> int:
        return peak(lambda: run(chosen, 1e-8, reduced, trials=trials))

    used(SIZE)
    assert used(64 * SIZE) < 1.1 * used(16 * SIZE)
