"""Planted mistakes in the experiments on kept samples, on many heads and on other queries."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from simulate.experiment import Experiment, Measure
from simulate.experiments import heads, kept_samples, query_pairs
from simulate.keys import A, B, Covariance, RandomKeys, Scores
from simulate.samplers import Draw, full, reduced
from simulate.setting import Setting
from simulate.streams import SIZE, Block
from tests.simulate.verdicts import verdicts
from theory.noise import both_heads
from theory.noise import query_pairs as queries

ALPHA = 1e-3


def named(module: ModuleType, *keys: str) -> list[Experiment]:
    found = {e.key: e for e in module.experiments(ALPHA)}
    return [found[key] for key in keys]


@pytest.mark.parametrize("module", [kept_samples, query_pairs])
def test_keys_drawn_in_full_are_consistent(module: ModuleType) -> None:
    found = verdicts(module.experiments(ALPHA), full, trials=4 * SIZE)
    assert set(found.values()) == {"consistent"}


def test_negative_scores_that_are_kept_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_samples, "_kept", lambda draw, law: draw.scores(law))
    found = named(kept_samples, "multi_head.kept_density", "multi_head.kept_miss")
    assert set(verdicts(found).values()) == {"contradicted"}


def test_positive_scores_for_negative_ones_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept_samples._first
    monkeypatch.setattr(kept_samples, "_first", lambda d, law, w: first(d, law, lambda s: ~w(s)))
    key = "multi_head.second_head.negative"
    assert verdicts(named(kept_samples, key)) == {key: "contradicted"}


def test_half_of_the_samples_are_kept_at_the_least() -> None:
    """With noise far above the mean score just half are kept: 64 blocks all have enough of them.

    With twice as many drawn as are wanted, each block would fail with probability one half.
    """
    noisy = kept_samples.miss(Setting(1e6, 1.0, 2))
    values = [noisy.measure(Draw(Block(1, noisy.key, number), reduced)) for number in range(64)]
    assert np.isfinite(values).all()


def test_too_few_kept_samples_never_pass() -> None:
    """Keys of a that nearly all point away from q_1 and along q_2: a block has not enough left."""

    def away(block: Block, trials: int, scores: Scores) -> np.ndarray:
        found = reduced(block, trials, scores)
        found[0, A] -= 2 * scores.queries[0, A]
        found[1, A] += 2 * scores.queries[1, B]
        return found

    found = verdicts(kept_samples.experiments(ALPHA), away, trials=SIZE)
    assert "consistent" not in found.values()


@pytest.mark.parametrize(
    ("place", "name", "module", "key"),
    [
        (both_heads, "second_loss", kept_samples, "multi_head.second_head"),
        (queries, "plane_miss", query_pairs, "query_pairs.plane"),
    ],
)
def test_the_false_twin_of_a_bound_is_noticed(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, module: ModuleType, key: str
) -> None:
    """At these numbers the bounds come so near that the twins of theory/ do not hold."""
    claim = next(c for c in place.CLAIMS if c.law is getattr(place, name))
    monkeypatch.setattr(place, name, dataclasses.replace(claim.law, expression=claim.twin))
    assert verdicts(named(module, key)) == {key: "contradicted"}


def test_another_share_of_heads_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = heads._half_squared_difference

    def fewer(setting: Setting, share: float) -> Measure:
        return honest(setting, 0.9 * share)

    monkeypatch.setattr(heads, "_half_squared_difference", fewer)
    found = named(heads, "multi_head.share", "multi_head.finite_variance.beta10")
    assert set(verdicts(found).values()) == {"contradicted"}


def test_outputs_that_are_not_independent_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twins that are one and the same do not differ at all."""
    monkeypatch.setattr(Draw, "twins", lambda self: (self, self))
    found = named(heads, "multi_head.share")
    assert set(verdicts(found).values()) == {"contradicted"}


@pytest.mark.parametrize(
    ("towards", "keys"),
    [(1, ["query_pairs.miss.2.1"]), (2, ["query_pairs.plane", "query_pairs.blind"])],
)
def test_radial_noise_along_another_mean_is_noticed(towards: int, keys: list[str]) -> None:
    """Key a is of uncertain length along μ_b in place of μ_a, or along a third mean."""

    def turned(block: Block, trials: int, scores: Scores) -> np.ndarray:
        first, *others = scores.keys.covariances
        assert first.factor is not None
        means = scores.keys.means
        factor = np.linalg.norm(first.factor) * means[towards][:, None]
        noise = (Covariance(first.isotropic, factor), *others)
        return reduced(block, trials, Scores(RandomKeys(means, noise), scores.queries))

    found = verdicts(named(query_pairs, *keys), turned)
    assert set(found.values()) == {"contradicted"}
