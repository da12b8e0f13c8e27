"""Planted mistakes in the experiments on kept samples, on many heads and on other queries."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from simulate import heads, kept_samples, query_pairs
from simulate.catalogue import catalogue
from simulate.experiment import Experiment, false_alarm_share, run
from simulate.multi_head import RADIAL
from simulate.samplers import A, RandomKeys, Sampler, full, head_queries, reduced
from simulate.streams import SIZE, Block

ALPHA = 1e-3
SHARE = false_alarm_share(catalogue())
MODULES = (kept_samples, heads, query_pairs)


def verdicts(experiments: Iterable[Experiment], sampler: Sampler = reduced) -> dict[str, str]:
    results = run(list(experiments), SHARE, sampler, trials=4 * SIZE, seed=2)
    return {r.experiment.key: r.judgement.verdict for r in results}


def contradicted(found: dict[str, str]) -> set[str]:
    return {key for key, verdict in found.items() if verdict == "contradicted"}


@pytest.mark.parametrize("module", [kept_samples, query_pairs], ids=lambda m: m.__name__)
def test_keys_drawn_in_full_are_consistent(module: object) -> None:
    found = [e for e in catalogue() if e.measure.__module__ == getattr(module, "__name__", "")]
    assert found
    assert set(verdicts(found, full).values()) == {"consistent"}


def test_negative_scores_that_are_kept_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def everything(block: Block, sampler: Sampler, alpha: float, beta: float, n: int) -> np.ndarray:
        keys = RandomKeys.of(n, alpha, RADIAL)
        return sampler(block.generator(), SIZE, keys, head_queries(n, beta))

    monkeypatch.setattr(kept_samples, "_kept", everything)
    found = contradicted(verdicts(kept_samples.experiments(ALPHA)))
    assert {"multi_head.kept_density", "multi_head.kept_miss"} <= found


def test_too_few_kept_samples_never_pass() -> None:
    """Keys that nearly all point away: what is left of a block is not enough."""

    def away(
        rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
    ) -> np.ndarray:
        scores = reduced(rng, trials, keys, queries)
        scores[0, :, A] -= 2 * queries[0, A]
        return scores

    found = verdicts(kept_samples.experiments(ALPHA), away)
    assert "consistent" not in found.values()


def test_another_share_of_heads_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = heads._half_squared_difference

    def swapped(alpha: float, beta: float | None, n: int, share: float) -> object:
        return honest(alpha, beta, n, 0.9 * share)

    monkeypatch.setattr(heads, "_half_squared_difference", swapped)
    found = contradicted(verdicts(heads.experiments(ALPHA)))
    assert {"multi_head.share", "multi_head.finite_variance.beta10"} <= found


def test_radial_noise_along_another_mean_is_noticed() -> None:
    """Key a is of uncertain length along μ_b in place of μ_a, or along a third mean."""

    def turned(towards: int) -> Sampler:
        def sampler(
            rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
        ) -> np.ndarray:
            plain = RandomKeys(keys.means, keys.alpha, 0.0)
            scores = reduced(rng, trials, plain, queries)
            length = np.sqrt(keys.radial) * rng.standard_normal(trials)
            scores[:, :, A] += np.outer(queries[:, towards % len(keys.means)], length)
            return scores

        return sampler

    experiments = query_pairs.experiments(ALPHA)
    assert contradicted(verdicts(experiments, turned(1))) >= {"query_pairs.miss.2.1"}
    third = contradicted(verdicts(experiments, turned(2)))
    assert {"query_pairs.plane", "query_pairs.blind"} <= third
