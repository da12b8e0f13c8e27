"""Planted mistakes in noisy scores: the experiments on question 2a with noise find them.

Every run has the default number of trials and spends what one check of the whole catalogue may.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

import theory
from simulate.experiment import Experiment
from simulate.experiments import noisy_scores
from simulate.keys import Scores
from simulate.samplers import Draw, Sampler, full, reduced
from simulate.streams import Block
from tests.simulate.verdicts import contradicted, verdicts
from theory.noise import noisy_scores as laws
from theory.proof.claim import Claim

EXPERIMENTS = noisy_scores.experiments(1e-3)
KEYS = {e.key for e in EXPERIMENTS}
EXACT = {"noisy_scores.weight", "noisy_scores.lost.n2", "noisy_scores.lost.n16"}


def test_the_laws_hold_for_scores_and_for_whole_keys() -> None:
    """A law that is true is contradicted with probability at most 1e-6, for each sampler."""
    assert verdicts(EXPERIMENTS) == dict.fromkeys(KEYS, "consistent")
    assert verdicts(EXPERIMENTS, full, trials=2**17) == dict.fromkeys(KEYS, "consistent")


def _drawn(block: Block, trials: int, scores: Scores) -> np.ndarray:
    return block.generator().standard_normal((*scores.shape, trials))


def _deviation(scores: Scores) -> float:
    """The same for every score of these keys."""
    found = scores.deviations
    assert found is not None
    return float(found[0, 0])


def _variance_for_deviation(block: Block, trials: int, scores: Scores) -> np.ndarray:
    noise = _drawn(block, trials, scores) * _deviation(scores) ** 2
    return np.asarray(scores.means[:, :, None] + noise)


def _root_of_alpha(block: Block, trials: int, scores: Scores) -> np.ndarray:
    alpha = scores.keys.covariances[0].isotropic
    noise = _drawn(block, trials, scores) * _deviation(scores) / alpha**0.25
    return np.asarray(scores.means[:, :, None] + noise)


def _uniform(block: Block, trials: int, scores: Scores) -> np.ndarray:
    """Of the same variance."""
    shape = (*scores.shape, trials)
    noise = block.generator().uniform(-(3**0.5), 3**0.5, shape) * _deviation(scores)
    return np.asarray(scores.means[:, :, None] + noise)


def _shared(block: Block, trials: int, scores: Scores) -> np.ndarray:
    """One noise for all keys of a trial."""
    noise = _drawn(block, trials, scores)[:, :1] * _deviation(scores)
    return np.asarray(scores.means[:, :, None] + noise)


def _without_that_of_a(block: Block, trials: int, scores: Scores) -> np.ndarray:
    noise = _drawn(block, trials, scores) * _deviation(scores)
    noise[:, 0] = 0
    return np.asarray(scores.means[:, :, None] + noise)


def _a_key_fewer(block: Block, trials: int, scores: Scores) -> np.ndarray:
    found = reduced(block, trials, scores)
    return found[:, : max(2, found.shape[1] - 1)]


MISTAKES: dict[str, tuple[Sampler, set[str]]] = {
    "the root of alpha for alpha": (_root_of_alpha, KEYS - {"noisy_scores.rest.much"}),
    "variance for deviation": (_variance_for_deviation, EXACT | {"noisy_scores.rest.much"}),
    "uniform noise of the same variance": (_uniform, EXACT),
    "one noise for all keys": (_shared, EXACT),
    "no noise in the score of key a": (_without_that_of_a, EXACT),
    "a key fewer": (_a_key_fewer, {"noisy_scores.lost.n16"}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_scores_are_found(name: str) -> None:
    wrong, expected = MISTAKES[name]
    assert expected <= contradicted(EXPERIMENTS, wrong)


@pytest.mark.parametrize(
    ("function", "claim", "found"),
    [
        ("distribution", "weight", "weight"),
        ("lost", "lost", "lost.n16"),
        ("rest", "rest", "rest.little"),
        ("margin", "margin", "margin"),
    ],
)
def test_the_false_twin_of_a_law_is_found(
    monkeypatch: pytest.MonkeyPatch, function: str, claim: str, found: str
) -> None:
    (stated,) = theory.find(f"noisy_scores.{claim}")
    assert isinstance(stated, Claim)
    monkeypatch.setattr(laws, function, dataclasses.replace(stated.law, expression=stated.twin))
    spoilt = [e for e in noisy_scores.experiments(1e-3) if e.key == f"noisy_scores.{found}"]
    assert set(verdicts(spoilt).values()) == {"contradicted"}


def opposite(e: Experiment) -> Experiment:
    return dataclasses.replace(e, measure=lambda draw: 1 - e.measure(draw))


def test_flipped_events_and_bounds_are_found() -> None:
    flipped = [opposite(e) for e in noisy_scores.experiments(1e-3)]
    assert set(verdicts(flipped).values()) == {"contradicted"}


def test_trials_are_measured_as_by_hand() -> None:
    """Weights of four noisy keys in R^4, key by key."""
    (rest,) = [e for e in noisy_scores.experiments(1e-3) if e.key == "noisy_scores.rest.little"]
    beta, alpha = rest.parameters["beta"], rest.parameters["alpha"]
    draw = Draw(Block(3, "loop", 0, size=50), full)
    values = rest.measure(draw)
    keys = np.eye(4) + np.sqrt(alpha) * draw.generator().standard_normal((50, 4, 4))
    for trial in range(50):
        powers = [np.exp(beta * key[0]) for key in keys[trial]]
        assert values[trial] == pytest.approx(sum(powers[1:]) / sum(powers), rel=1e-9)


def test_the_margin_is_that_of_its_own_noise() -> None:
    (found,) = [e for e in noisy_scores.experiments(1e-3) if e.key == "noisy_scores.margin"]
    p = found.parameters
    sigma = np.sqrt(p["alpha"]) * p["beta"]
    assert p["beta"] == pytest.approx(laws.margin(p["epsilon"], p["delta"], sigma, 2), rel=1e-12)
    lead = stats.norm(p["beta"], np.sqrt(2) * sigma)
    fails = lead.cdf(np.log((1 - p["epsilon"]) / p["epsilon"]))
    assert 0.3 * p["delta"] < fails < p["delta"]
