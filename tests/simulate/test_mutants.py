"""Planted mistakes: the real experiments must reject each of them, and only them.

Every run here has 2^16 trials at the family-wise false alarm of 1e-6 that `python -m simulate` has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from simulate import (
    averaging,
    copying,
    experiment,
    identity_attention,
    key_query_value,
    multi_head,
    streams,
)
from simulate.attention import weights
from simulate.catalogue import catalogue
from simulate.experiment import Experiment, false_alarm_share, run
from simulate.samplers import A, B, RandomKeys, Sampler, reduced
from simulate.statistics import Bound, Identity, Probability
from simulate.streams import SIZE, Block
from theory import law

TRIALS = 4 * SIZE
CATALOGUE = catalogue()
SHARE = false_alarm_share(CATALOGUE)
ON_RANDOM_KEYS = [e for e in CATALOGUE if "alpha" in e.parameters]
WITHOUT_NOISE = [e for e in CATALOGUE if "alpha" not in e.parameters]


def verdicts(
    experiments: Iterable[Experiment], sampler: Sampler = reduced, trials: int = TRIALS
) -> dict[str, str]:
    results = run(list(experiments), SHARE, sampler, trials=trials, seed=1)
    return {r.experiment.key: r.judgement.verdict for r in results}


def contradicted(found: dict[str, str]) -> set[str]:
    return {key for key, verdict in found.items() if verdict == "contradicted"}


Noise = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]


def planted(
    deviation: Callable[[np.ndarray], np.ndarray] = np.sqrt,
    noise: Noise = lambda rng, shape: rng.standard_normal(shape),
    alpha: Callable[[float], float] = lambda alpha: alpha,
    radial_key: int = A,
) -> Sampler:
    """A sampler written down a second time, for queries along different means, to be spoilt."""

    def sampler(
        rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
    ) -> np.ndarray:
        along = keys.means @ queries.T
        variance = np.tile(alpha(keys.alpha) * (queries**2).sum(axis=1), (len(along), 1))
        variance[radial_key] += keys.radial * along[radial_key] ** 2
        shape = (trials, *along.shape)
        scores: np.ndarray = along + deviation(variance) * noise(rng, shape)
        return np.moveaxis(scores, 2, 0)

    return sampler


def uniform(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Mean 0 and variance 1, but not normal."""
    return rng.uniform(-(3**0.5), 3**0.5, shape)


SPOILT_SAMPLERS: dict[str, tuple[Sampler, set[str]]] = {
    "variance for deviation": (
        planted(deviation=lambda variance: variance),
        {"single_head.split.isotropic.beta10", "single_head.score.radial"},
    ),
    "root of alpha for alpha": (
        planted(alpha=np.sqrt),
        {"single_head.split.isotropic.beta10", "multi_head.head.isotropic"},
    ),
    "absolute noise": (
        planted(noise=lambda rng, shape: np.abs(rng.standard_normal(shape))),
        {"single_head.score.isotropic", "multi_head.negative_score.alpha0.001"},
    ),
    "uniform noise of the same variance": (
        planted(noise=uniform),
        {"single_head.split.radial.beta10", "multi_head.miss.alpha0.01.n2"},
    ),
    "noise shared by the keys": (
        planted(noise=lambda rng, shape: rng.standard_normal((shape[0], 1, shape[2]))),
        {"single_head.split.isotropic.beta1", "multi_head.head.isotropic"},
    ),
    "noise shared by all blocks": (
        planted(noise=lambda rng, shape: np.random.default_rng(0).standard_normal(shape)),
        {"single_head.neighbours", "multi_head.variance.alpha0.001"},
    ),
    "radial noise on key b": (
        planted(radial_key=B),
        {"multi_head.negative_score.alpha0.001", "single_head.score.radial"},
    ),
}


@pytest.fixture(scope="module")
def honest() -> dict[str, str]:
    return verdicts(CATALOGUE)


def test_every_experiment_is_consistent_with_the_real_thing(honest: dict[str, str]) -> None:
    assert set(honest.values()) == {"consistent"}, honest


def test_the_unspoilt_copy_of_the_sampler_is_accepted() -> None:
    assert set(verdicts(ON_RANDOM_KEYS, planted()).values()) == {"consistent"}


@pytest.mark.parametrize("name", SPOILT_SAMPLERS)
def test_spoilt_sampler_is_rejected(name: str) -> None:
    sampler, expected = SPOILT_SAMPLERS[name]
    assert expected <= contradicted(verdicts(ON_RANDOM_KEYS, sampler))


def test_noise_shared_by_the_heads_is_rejected() -> None:
    """What one head picks must not tell what the other picks: seen where the noise is large."""

    def shared(
        rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
    ) -> np.ndarray:
        means = queries @ keys.means.T
        noise = reduced(rng, trials, keys, queries[:1]) - means[:1, None]
        scores: np.ndarray = noise + means[:, None]
        return scores

    assert "multi_head.variance.alpha0.1" in contradicted(verdicts(ON_RANDOM_KEYS, shared))


def test_one_key_fewer_is_rejected() -> None:
    """A sixteenth key matters by 0.004 at most: 2^21 trials tell 16 keys from 15."""

    def fewer(
        rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
    ) -> np.ndarray:
        return reduced(rng, trials, keys, queries)[..., :-1]

    counted = [e for e in CATALOGUE if e.key == multi_head.miss_key(0.1, 16)]
    assert set(verdicts(counted, fewer, trials=2**21).values()) == {"contradicted"}


def _replaced(e: Experiment, change: Callable[[np.ndarray], np.ndarray]) -> Experiment:
    return dataclasses.replace(e, measure=lambda b, s: change(np.asarray(e.measure(b, s))))


def test_flipped_inequalities_are_rejected() -> None:
    """A fair coin looks the same from both sides: the one exception."""
    events = [_replaced(e, lambda v: 1 - v) for e in CATALOGUE if isinstance(e.check, Probability)]
    assert {e.key for e in events} - contradicted(verdicts(events)) == {"single_head.coin"}
    bounds = [_replaced(e, lambda v: 1 / v) for e in CATALOGUE if isinstance(e.check, Bound)]
    assert contradicted(verdicts(bounds)) == {e.key for e in bounds}


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_estimators_never_pass(value: float) -> None:
    """But for exact checks: for them, see the constant weights below."""
    statistical = [e for e in CATALOGUE if e.check.statistical]
    constant = [_replaced(e, lambda v: np.full(v.shape, value)) for e in statistical]
    assert "consistent" not in verdicts(constant).values()


def _spoil_everywhere(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Any) -> None:
    for module in (copying, averaging, multi_head, identity_attention, key_query_value):
        monkeypatch.setattr(module, name, wrong, raising=False)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda scores: np.full(scores.shape, 1 / scores.shape[-1]), id="constant"),
        pytest.param(lambda scores: weights(scores / np.sqrt(6)), id="scaled by the root of d"),
        pytest.param(lambda scores: weights(-scores), id="sign of the score"),
        pytest.param(lambda scores: weights(scores.astype(np.float32)), id="half the digits"),
    ],
)
def test_wrong_attention_weights_break_every_exact_check(
    monkeypatch: pytest.MonkeyPatch, wrong: Callable[[np.ndarray], np.ndarray]
) -> None:
    """But for the hull, which holds whatever the weights are."""
    _spoil_everywhere(monkeypatch, "weights", wrong)
    found = verdicts(WITHOUT_NOISE, trials=SIZE)
    assert {k for k, v in found.items() if v == "consistent"} == {"identity_attention.hull"}


def test_one_key_fewer_in_a_law_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def fewer(name: str) -> Callable[..., Any]:
        def value(*arguments: Any) -> Any:
            given = found.bind(*arguments)
            return found(**given | {"n": given["n"] - 1})

        found: Any = law(name)
        return value

    _spoil_everywhere(monkeypatch, "law", fewer)
    counted = [e for e in WITHOUT_NOISE if e.question in ("2a", "2b", "2d.1")]
    assert len(counted) == 9
    assert contradicted(verdicts(counted, trials=SIZE)) == {e.key for e in counted}


@pytest.mark.parametrize("factor", [0.99, 1.01])
def test_a_law_that_is_one_percent_off_never_passes_an_exact_check(
    monkeypatch: pytest.MonkeyPatch, factor: float
) -> None:
    def off(name: str) -> Callable[..., Any]:
        exact: Any = law(name)
        if name.endswith("matrices"):
            return lambda *u: tuple(factor * matrix for matrix in exact(*u))
        return lambda *arguments: factor * exact(*arguments)

    _spoil_everywhere(monkeypatch, "law", off)
    assert any(isinstance(e.check, Identity) for e in WITHOUT_NOISE)
    assert "consistent" not in verdicts(WITHOUT_NOISE, trials=SIZE).values()


@pytest.mark.parametrize("kept", [slice(None, -1), slice(1, None)], ids=["last", "first"])
def test_a_dropped_block_never_passes(monkeypatch: pytest.MonkeyPatch, kept: slice) -> None:
    def dropped(seed: int, key: str, trials: int) -> Iterator[tuple[Block, int]]:
        yield from list(streams.blocks(seed, key, trials))[kept]

    monkeypatch.setattr(experiment, "blocks", dropped)
    found = verdicts(e for e in CATALOGUE if e.most is None)
    assert set(found.values()) == {"inconclusive"}


def test_trials_without_a_value_never_pass() -> None:
    def spoilt(values: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(values)) == 5, np.nan, values)

    found = verdicts((_replaced(e, spoilt) for e in CATALOGUE), trials=SIZE)
    assert set(found.values()) == {"inconclusive"}


def test_scores_that_are_no_numbers_never_pass() -> None:
    def spoilt(
        rng: np.random.Generator, trials: int, keys: RandomKeys, queries: np.ndarray
    ) -> np.ndarray:
        scores = reduced(rng, trials, keys, queries)
        scores[:, 7, A] = np.nan
        return scores

    assert set(verdicts(ON_RANDOM_KEYS, spoilt, trials=SIZE).values()) == {"inconclusive"}
