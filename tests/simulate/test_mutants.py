"""Planted mistakes: experiments of the catalogue must reject each of them at the default size.

Every run has 10^6 trials and the share of the family-wise false alarm that the experiment has in a
run of the whole catalogue. SPOILT holds the wrong samplers and says which experiment notices each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulate import runner
from simulate.catalogue import catalogue
from simulate.experiment import Experiment
from simulate.experiments import general_covariance
from simulate.keys import A, B, Covariance, RandomKeys, Scores
from simulate.runner import STRETCH, Stretch, run
from simulate.samplers import Sampler, full, reduced
from simulate.statistics import ConfidenceSequence, Distribution, Mean, Probability
from simulate.statistics.binomial import clopper_pearson
from simulate.streams import SIZE, Block
from simulate.tallies import Count, Moments
from tests.simulate.verdicts import results, verdicts

CATALOGUE = {e.key: e for e in catalogue()}

Noise = Callable[[np.random.Generator, tuple[int, int, int]], np.ndarray]
Numbering = Callable[[int], int]


# ------------------------------------------------------------------------------ samplers


def normal(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    return rng.standard_normal(shape)


def planted(
    deviation: Callable[[np.ndarray], np.ndarray] = np.sqrt,
    noise: Noise = normal,
    covariances: Callable[[RandomKeys], Iterable[Covariance]] = lambda keys: keys.covariances,
    number: Numbering = lambda number: number,
) -> Sampler:
    """The reduced sampler written down a second time, to be spoilt.

    number: the number of the block of which the random numbers are used
    """

    def sampler(block: Block, trials: int, scores: Scores) -> np.ndarray:
        between = [c.between(scores.queries) for c in covariances(scores.keys)]
        variances, axes = np.linalg.eigh(between)
        roots = axes * deviation(np.maximum(variances, 0))[:, None] @ axes.swapaxes(1, 2)
        rng = dataclasses.replace(block, number=number(block.number)).generator()
        drawn = np.einsum("igh,hit->git", roots, noise(rng, (*scores.shape, trials)))
        found: np.ndarray = drawn + (scores.queries @ scores.keys.means.T)[..., None]
        return found

    return sampler


def root_of_alpha(keys: RandomKeys) -> list[Covariance]:
    return [Covariance(float(np.sqrt(c.isotropic)), c.factor) for c in keys.covariances]


def swapped(keys: RandomKeys) -> list[Covariance]:
    """The radial noise on k_b, along its own mean, and none on k_a."""
    found = list(keys.covariances)
    if (factor := found[A].factor) is not None:
        radial = np.linalg.norm(factor) * keys.means[B][:, None]
        found[:2] = found[B], Covariance(found[A].isotropic, radial)
    return found


def uniform(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Mean 0 and variance 1, but not normal."""
    return rng.uniform(-(3**0.5), 3**0.5, shape)


def half_precision(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float16).astype(float)


def of_coarse_uniforms(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Box and Muller's normals of uniforms with eleven binary places: none is beyond 3.9."""
    radius = np.sqrt(-2 * np.log(1 - rng.integers(0, 2**11, shape) / 2**11))
    found: np.ndarray = radius * np.cos(2 * np.pi * rng.random(shape))
    return found


def used_twice(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """The second half of the trials of a block are those of the first half again."""
    *rest, trials = shape
    half = rng.standard_normal((*rest, -(-trials // 2)))
    return np.concatenate([half, half], axis=-1)[..., :trials]


def of_rank(number: int) -> int:
    """Two ranks take stretches in turn, and each draws its own as if it were alone."""
    stretch, place = divmod(number, STRETCH)
    return stretch // 2 * STRETCH + place


def one_key_fewer(block: Block, trials: int, scores: Scores) -> np.ndarray:
    return reduced(block, trials, scores)[:, :-1]


def shared(by: int) -> Noise:
    """One draw for all heads (axis 0) or for all keys (axis 1)."""

    def noise(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
        once = list(shape)
        once[by] = 1
        return np.broadcast_to(rng.standard_normal(once), shape)

    return noise


SPLIT = "single_head.split.radial.beta10"
NEIGHBOURS = "single_head.neighbours"

SPOILT: dict[str, tuple[Sampler, str]] = {
    "variance for deviation": (planted(deviation=lambda variance: variance), SPLIT),
    "root of alpha for alpha": (planted(covariances=root_of_alpha), SPLIT),
    "absolute noise": (planted(noise=lambda rng, shape: abs(normal(rng, shape))), SPLIT),
    "uniform noise of the same variance": (planted(noise=uniform), SPLIT),
    "noise shared by the keys": (planted(noise=shared(by=1)), SPLIT),
    "noise shared by the heads": (planted(noise=shared(by=0)), "single_head.joint"),
    "noise shared by all blocks": (planted(number=lambda number: 0), NEIGHBOURS),
    "noise shared by neighbouring blocks": (planted(number=lambda number: number // 2), NEIGHBOURS),
    "noise shared by two ranks": (planted(number=of_rank), NEIGHBOURS),
    "half of the trials used twice": (planted(noise=used_twice), NEIGHBOURS),
    "the wrong key perturbed": (planted(covariances=swapped), "single_head.score.radial"),
    "normals of half precision": (planted(noise=half_precision), "single_head.digits"),
    "normals of coarse uniforms": (planted(noise=of_coarse_uniforms), "single_head.tail"),
    "one key fewer": (one_key_fewer, "single_head.outranked.n4"),
}
"""Spoilt samplers, each with an experiment that notices."""


def test_the_unspoilt_copy_of_the_sampler_is_accepted() -> None:
    named = [CATALOGUE[key] for key in dict.fromkeys(key for _, key in SPOILT.values())]
    assert set(verdicts(named, planted()).values()) == {"consistent"}
    assert set(verdicts(named).values()) == {"consistent"}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_sampler_is_rejected(name: str) -> None:
    sampler, key = SPOILT[name]
    assert verdicts([CATALOGUE[key]], sampler) == {key: "contradicted"}


def test_the_split_alone_does_not_see_which_key_is_perturbed() -> None:
    """k_a and k_b play one part in it: head 1's law tells them apart, as the score of k_a does."""
    split, head = CATALOGUE[SPLIT], CATALOGUE["multi_head.head.radial"]
    found = verdicts([split, head], SPOILT["the wrong key perturbed"][0])
    assert found == {split.key: "consistent", head.key: "contradicted"}


# ------------------------------------------------------------------------- Lᵀz in place of Lz


def transposed(block: Block, trials: int, scores: Scores) -> np.ndarray:
    """Whole keys with the factors of dense covariances transposed."""

    def spoilt(c: Covariance) -> Covariance:
        if c.factor is None or c.factor.shape[0] != c.factor.shape[1]:
            return c
        return Covariance(c.isotropic, c.factor.T)

    keys = RandomKeys(scores.keys.means, tuple(map(spoilt, scores.keys.covariances)))
    return full(block, trials, Scores(keys, scores.queries))


@pytest.mark.parametrize("key", ["single_head.general_pair", "single_head.general_logit"])
def test_a_transposed_factor_is_rejected(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """In whole keys, and in what the reduced sampler makes of the factors."""
    assert verdicts([CATALOGUE[key]], transposed) == {key: "contradicted"}
    whole = f"{key}.whole_keys"
    monkeypatch.setattr("simulate.experiments.general_covariance.full", transposed)
    assert verdicts([CATALOGUE[whole]]) == {whole: "contradicted"}

    def between(self: Covariance, queries: np.ndarray) -> np.ndarray:
        factor = np.zeros((queries.shape[1], 1)) if self.factor is None else self.factor
        square = factor.shape[0] == factor.shape[1]
        seen = queries @ (factor.T if square else factor)
        found: np.ndarray = self.isotropic * (queries @ queries.T) + seen @ seen.T
        return found

    monkeypatch.setattr(Covariance, "between", between)
    fresh = {e.key: e for e in general_covariance.experiments(0.0)}
    assert verdicts([fresh[key]]) == {key: "contradicted"}


# ------------------------------------------------------------- mistakes in estimators


def replaced(e: Experiment, change: Callable[[np.ndarray], np.ndarray]) -> Experiment:
    return dataclasses.replace(e, measure=lambda draw: change(np.asarray(e.measure(draw))))


@pytest.mark.parametrize(
    ("key", "other_side"),
    [
        ("single_head.near_half", lambda v: 1 - v),
        ("multi_head.miss.alpha0.001.n2", lambda v: 1 - v),
        ("single_head.outranked_above", lambda v: 1 - v),
        ("single_head.background", lambda v: 1 - v),
        ("single_head.variance", lambda v: 0.25 - v),
        ("copying.weight", lambda v: 1 / v),
    ],
)
def test_a_flipped_inequality_is_rejected(
    key: str, other_side: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Events, means below a bound, and bounds that no trial may cross."""
    assert verdicts([replaced(CATALOGUE[key], other_side)]) == {key: "contradicted"}


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_constant_estimator_never_passes_for_a_law(value: float) -> None:
    """Where the law is one number or one distribution, not a bound.

    For exact checks, see the constant weights below.
    """
    constant = [
        dataclasses.replace(e, measure=lambda draw: np.full(draw.trials, value))
        for e in CATALOGUE.values()
        if isinstance(e.check, Distribution)
        or (isinstance(e.check, Probability | Mean) and len(set(e.check.law())) == 1)
    ]
    assert len(constant) > 40
    assert {k for k, v in verdicts(constant).items() if v == "consistent"} == set()


# -------------------------------------------------------------------- mistakes in the runner


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda all_: all_[:-1], id="last dropped"),
        pytest.param(lambda all_: all_[1:], id="first dropped"),
        pytest.param(lambda all_: [*all_, all_[-1]], id="last duplicated"),
    ],
)
def test_missing_and_repeated_stretches_fail_the_run(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[list[Stretch]], list[Stretch]]
) -> None:
    """The trials are then not those that were asked for, and say nothing about the law."""
    stretches = runner.stretches

    def spoilt(*arguments: Any) -> Iterator[Stretch]:
        yield from change(list(stretches(*arguments)))

    monkeypatch.setattr(runner, "stretches", spoilt)
    named = (SPLIT, "single_head.coin", "single_head.background", "copying.weight")
    found = results((CATALOGUE[key] for key in named), trials=3 * STRETCH * SIZE)
    assert {r.judgement.verdict for r in found.values()} == {"inconclusive"}
    assert all(r.failed for r in found.values())


@pytest.mark.parametrize("key", [SPLIT, "single_head.coin", "single_head.background"])
def test_trials_without_a_value_fail_the_run_even_if_they_are_left_out(key: str) -> None:
    def without(draw: Block, trials: int, scores: Scores) -> np.ndarray:
        found = reduced(draw, trials, scores)
        found[:, A, 5] = np.nan
        return found

    e = CATALOGUE[key]
    for measured in (e, replaced(e, lambda values: values[np.isfinite(values)])):
        (result,) = results([measured], without).values()
        assert result.failed
        assert result.judgement.verdict == "inconclusive"


@dataclass(frozen=True)
class Peeking(ConfidenceSequence):
    """The exact interval for a fixed number of trials, looked at after every stretch."""

    def after(self, stretch: Moments | Count) -> ConfidenceSequence:
        assert isinstance(stretch, Count)
        seen = self.seen + Moments.of_count(stretch)
        low, high = clopper_pearson(round(seen.mean * seen.trials), seen.trials, self.miss)
        return dataclasses.replace(
            self, seen=seen, bets=1.0, low=max(self.low, low), high=min(self.high, high)
        )


def test_peeking_with_an_interval_for_a_fixed_number_of_trials_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fair coins, watched at a false alarm of 5 percent each.

    More than `allowed` of them contradict their law with probability 1e-6 at most if each alarm is
    what it is said to be.
    """
    coins, alarm = 200, 0.05
    allowed = stats.binom(coins, alarm).isf(1e-6)
    coin = Probability(lambda: (0.5, 0.5))
    tossed = [
        dataclasses.replace(
            CATALOGUE["single_head.coin"],
            key=f"coin {i}",
            measure=lambda draw: draw.generator().integers(0, 2, draw.trials, dtype=bool),
            check=coin,
        )
        for i in range(coins)
    ]

    def alarms() -> int:
        found = run(tossed, alarm, reduced, seed=1, until=1e-9)
        return sum(r.judgement.verdict == "contradicted" for r in found)

    assert alarms() <= allowed
    monkeypatch.setattr(
        Probability, "sequence", lambda self, miss, target: Peeking(self.width, miss, target)
    )
    assert alarms() > allowed


# ------------------------------------------------------------------------- none may be lost


def test_every_mistake_of_the_list_is_planted() -> None:
    """Beside these there are the transposed factor, wrong estimators, wrong runs and wrong laws."""
    assert set(SPOILT) == {
        "variance for deviation", "root of alpha for alpha", "absolute noise",
        "uniform noise of the same variance", "noise shared by the keys",
        "noise shared by the heads", "noise shared by all blocks",
        "noise shared by neighbouring blocks", "noise shared by two ranks",
        "half of the trials used twice", "the wrong key perturbed", "normals of half precision",
        "normals of coarse uniforms", "one key fewer",
    }  # fmt: skip
