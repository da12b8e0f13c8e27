"""Planted mistakes in noisy inputs: the experiments on question 2e with noise find them.

Every run has the default number of trials and spends what one check of the whole catalogue may.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import theory
from simulate.attention import weights
from simulate.experiment import Experiment
from simulate.experiments import filtered_inputs, noisy_inputs
from simulate.samplers import Draw, reduced
from simulate.statistics import Distribution
from simulate.streams import Block
from tests.simulate.verdicts import contradicted, verdicts
from theory import key_query_value
from theory.noise import filtered_inputs as filtered_laws
from theory.noise import noisy_inputs as laws
from theory.proof import direct
from theory.proof.claim import Claim


def made() -> list[Experiment]:
    return [*noisy_inputs.experiments(1e-3), *filtered_inputs.experiments(1e-3)]


def named(key: str) -> Experiment:
    (found,) = [e for e in made() if e.key == key]
    return found


def test_the_laws_hold() -> None:
    assert set(verdicts(made()).values()) == {"consistent"}


NOISY = noisy_inputs.noisy
Inputs = np.ndarray


def _root_of_alpha(
    rng: np.random.Generator, inputs: Inputs, alpha: float, trials: int
) -> np.ndarray:
    return NOISY(rng, inputs, math.sqrt(alpha), trials)


def _variance_for_deviation(
    rng: np.random.Generator, inputs: Inputs, alpha: float, trials: int
) -> np.ndarray:
    return NOISY(rng, inputs, alpha**2, trials)


def _absolute(rng: np.random.Generator, inputs: Inputs, alpha: float, trials: int) -> np.ndarray:
    means = inputs[:, :, None]
    return np.asarray(means + np.abs(NOISY(rng, inputs, alpha, trials) - means))


def _uniform(rng: np.random.Generator, inputs: Inputs, alpha: float, trials: int) -> np.ndarray:
    """Of the same variance."""
    noise = rng.uniform(-1, 1, (*inputs.shape, trials)) * math.sqrt(3 * alpha)
    return np.asarray(inputs[:, :, None] + noise)


def _shared(rng: np.random.Generator, inputs: Inputs, alpha: float, trials: int) -> np.ndarray:
    """One noise for all inputs of a trial."""
    return np.asarray(inputs[:, :, None] + NOISY(rng, 0 * inputs[:1], alpha, trials))


def _without_the_query(
    rng: np.random.Generator, inputs: Inputs, alpha: float, trials: int
) -> np.ndarray:
    found = NOISY(rng, inputs, alpha, trials)
    found[1] = inputs[1][:, None]
    return found


SCORE, OUTDONE, MISLED = "noisy_inputs.score", "noisy_inputs.outdone", "filtered_inputs.misled"
LOST, LEAD = "filtered_inputs.lost", "noisy_inputs.lead"
MISTAKES: dict[str, tuple[Callable[..., np.ndarray], set[str]]] = {
    "the root of alpha for alpha": (_root_of_alpha, {SCORE, LOST, LEAD}),
    "variance for deviation": (_variance_for_deviation, {SCORE, LEAD}),
    "absolute noise": (_absolute, {SCORE, MISLED, LEAD}),
    "uniform noise of the same variance": (_uniform, {SCORE}),
    "one noise for all inputs": (_shared, {SCORE, OUTDONE, MISLED, LEAD}),
    "no noise in the query": (_without_the_query, {SCORE, LEAD}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_the_noise_are_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wrong, expected = MISTAKES[name]
    monkeypatch.setattr(noisy_inputs, "noisy", wrong)
    assert contradicted([named(key) for key in expected]) == expected


def test_scores_divided_by_the_root_of_d_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (noisy_inputs, filtered_inputs):
        monkeypatch.setattr(module, "weights", lambda scores: weights(scores / math.sqrt(8)))
    weighted = {"noisy_inputs.odds", LOST}
    assert contradicted([named(key) for key in weighted]) == weighted


@pytest.mark.parametrize(
    ("module", "function", "claim", "key"),
    [
        (laws, "characteristic", "noisy_inputs.characteristic", SCORE),
        (laws, "odds", "noisy_inputs.odds", "noisy_inputs.odds"),
        (filtered_laws, "misled", "filtered_inputs.misled", MISLED),
        (filtered_laws, "lost", "filtered_inputs.lost", LOST),
    ],
)
def test_the_false_twin_of_a_law_is_found(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, function: str, claim: str, key: str
) -> None:
    (stated,) = theory.find(claim)
    assert isinstance(stated, Claim)
    monkeypatch.setattr(module, function, dataclasses.replace(stated.law, expression=stated.twin))
    assert contradicted([named(key)]) == {key}


def test_the_spread_of_squared_leads_is_that_of_samples() -> None:
    """The variance of so many values strays by half a percent: six times that in 2e-9 of runs."""
    values = named(LEAD).measure(Draw(Block(3, LEAD, 0, size=10**6), reduced))
    assert values.var() == pytest.approx(noisy_inputs._spread_of_squares(0.25, 1.5, 8), rel=0.03)


def opposite(e: Experiment) -> Experiment:
    return dataclasses.replace(e, measure=lambda draw: 1 - e.measure(draw))


def test_flipped_events_and_bounds_are_found() -> None:
    assert contradicted([opposite(e) for e in made()]) == {e.key for e in made()}


@pytest.mark.parametrize("x", [-6.0, -1.0, 0.0, 0.5, 3.0])
def test_the_inverted_distribution_is_that_of_a_difference_of_chi_squareds(x: float) -> None:
    """x̃₁ᵀx̃₂ = ‖p‖² − ‖q‖² with p and q half the sum and half the difference: independent."""
    score = named(SCORE)
    alpha, beta, d = (score.parameters[name] for name in ("alpha", "beta", "d"))
    square = stats.ncx2(d, 0.75 * beta**2 / (alpha / 2), scale=alpha / 2)
    exact, _ = integrate.quad(lambda v: square.pdf(v) * square.cdf(v + x), 0, 30, epsabs=1e-12)
    assert isinstance(score.check, Distribution)
    assert score.check.law(np.array([x]))[0] == pytest.approx(exact, abs=1e-9)


def drawn(key: str, inputs: Inputs, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """What an experiment makes of a few trials, and the noisy inputs of each, by its own stream."""
    draw: Any = Draw(Block(3, key, 0, size=40), reduced)
    x = NOISY(draw.generator(), inputs, alpha, 40)
    return named(key).measure(draw), np.moveaxis(x, 2, 0)


def test_attention_without_matrices_is_that_of_a_loop() -> None:
    p = named("noisy_inputs.odds").parameters
    inputs = np.zeros((3, int(p["d"])))
    inputs[0, [1, 3]] = inputs[1, 0] = inputs[2, [1, 2]] = p["beta"]
    values, trials = drawn("noisy_inputs.odds", inputs, p["alpha"])
    for value, x in zip(values, trials, strict=True):
        assert value == pytest.approx(1 - direct.weights(x.tolist(), x[1].tolist())[1], abs=1e-12)


def test_attention_with_matrices_is_that_of_a_loop() -> None:
    p = named(LOST).parameters
    u, inputs = filtered_inputs.vectors(p["beta"])
    assert np.allclose(u @ u.T, p["beta"] ** 2 * np.eye(4))
    assert np.allclose(inputs, np.stack([u[3] + u[1], u[0], u[2] + u[1]]))
    u_a, u_b, u_c, u_d = u
    K, Q, _ = key_query_value.matrices(u_a, u_b, u_c, u_d, p["gamma"])
    values, trials = drawn(LOST, inputs, p["alpha"])
    for value, x in zip(values, trials, strict=True):
        keys, query = [(K @ row).tolist() for row in x], (Q @ x[1]).tolist()
        assert value == pytest.approx(1 - direct.weights(keys, query)[0], abs=1e-12)
