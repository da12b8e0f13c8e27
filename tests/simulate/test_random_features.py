"""Planted mistakes in random features: the experiments on the Performer find them.

Every run has the default number of trials and spends what one check of the whole catalogue may, so
a test that needs a verdict of 'consistent' fails by chance with probability 1e-6 at most.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest

import theory
from simulate import experiment
from simulate.ensembles import features
from simulate.ensembles.features import HYPERBOLIC, TRIGONOMETRIC, D
from simulate.experiment import Experiment
from simulate.experiments import (
    feature_comparison,
    feature_distribution,
    feature_variance,
    orthogonal_features,
    random_features,
    regularised_kernel,
)
from tests.simulate.verdicts import contradicted, verdicts
from theory.performer import positive_features
from theory.proof.claim import Claim
from theory.proof.law import Law

if TYPE_CHECKING:
    from theory.performer import Features

MODULES = (
    random_features,
    feature_distribution,
    feature_variance,
    feature_comparison,
    orthogonal_features,
    regularised_kernel,
)
KINDS = ("positive", "hyperbolic", "trigonometric")
ORTHOGONAL_MEAN = "performer.orthogonal.mean"


def experiments() -> dict[str, Experiment]:
    """Made anew: a check keeps what it once computed."""
    return {e.key: e for module in MODULES for e in module.experiments(1e-3)}


def test_the_laws_hold() -> None:
    assert set(verdicts(experiments().values()).values()) == {"consistent"}


def _claim(e: Experiment) -> Claim:
    claim = theory.find(e.claim)[0]
    assert isinstance(claim, Claim)
    return claim


TOO_NEAR = {"performer.orthogonal_share"}
"""Its false twin has d + 3 for d + 2, which the error of many directions still satisfies."""
WITH_A_TWIN = [
    e.key
    for e in experiments().values()
    if theory.law(e.law) is _claim(e).law and e.key not in TOO_NEAR
]


@pytest.mark.parametrize("key", WITH_A_TWIN)
def test_the_false_twin_of_a_law_is_contradicted(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The law with one constant or sign changed, which theory/ keeps beside every claim."""
    claim = _claim(experiments()[key])
    twin = dataclasses.replace(claim.law, expression=claim.twin)

    def spoilt(name: str) -> Law:
        found = theory.law(name)
        return twin if found is claim.law else found

    monkeypatch.setattr(experiment, "law", spoilt)
    assert verdicts([experiments()[key]]) == {key: "contradicted"}


def too_long(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """The variance 2 for 1."""
    return 2**0.5 * rng.standard_normal((trials, draws, d))


def shared(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """One direction in place of all."""
    return np.repeat(rng.standard_normal((trials, 1, d)), draws, axis=1)


def rectangular(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """Coordinates of mean 0 and variance 1, but not normal."""
    return rng.uniform(-(3**0.5), 3**0.5, (trials, draws, d))


def without_lengths(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """Orthogonal, but all of length √d."""
    drawn = features.orthogonal(rng, trials, draws, d)
    return drawn * (d / np.sum(drawn**2, axis=2, keepdims=True)) ** 0.5


def without_signs(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """The Q of a QR as a library gives it, here with negative first coordinates."""
    drawn = features.orthogonal(rng, trials, draws, d)
    return -drawn * np.sign(drawn[:, :, :1])


def residuals(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """The lengths that Gram-Schmidt leaves: each direction has one degree of freedom fewer."""
    drawn = features.orthogonal(rng, trials, draws, d)
    squares = rng.chisquare(d - np.arange(draws), (trials, draws))
    return drawn * (squares / np.sum(drawn**2, axis=2))[:, :, None] ** 0.5


def longer(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """Orthogonal, of variance 2 for 1."""
    return 2**0.5 * features.orthogonal(rng, trials, draws, d)


def opposite(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """Pairs of opposite directions in place of orthogonal ones."""
    half = rng.standard_normal((trials, draws // 2, d))
    return np.concatenate([half, -half], axis=1)


def unit(rng: np.random.Generator, trials: int, draws: int, d: int = D) -> np.ndarray:
    """On the sphere of radius 1 in place of √d."""
    return features.on_sphere(rng, trials, draws, d) / d**0.5


def spoilt_maps(maps: Features, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Cosines without sines; a second direction for each first one in place of its negative."""
    if maps is TRIGONOMETRIC.features:
        trials, draws, d = directions.shape
        x, y = maps(rows, directions.reshape(-1, d))[:, : trials * draws]
        return 2 * (x * y).reshape(trials, draws).sum(axis=1) * trials
    if maps is HYPERBOLIC.features:
        others = np.concatenate([directions, np.roll(directions, 1, axis=0)], axis=1)
        return features.estimates(positive_features, rows, others)
    return features.estimates(maps, rows, directions)


MEANS = {
    "performer.positive.mean",
    "performer.hyperbolic_error.mean",
    "performer.trigonometric.mean",
}
DISTRIBUTIONS = {f"performer.{kind}_error.distribution" for kind in KINDS}
ERRORS = {f"performer.{kind}_{law}" for kind in KINDS for law in ("error", "relative")}
MUTANTS: dict[str, tuple[ModuleType, str, Callable[..., np.ndarray], set[str]]] = {
    "variance 2": (random_features, "independent", too_long, MEANS | DISTRIBUTIONS),
    "not normal": (random_features, "independent", rectangular, DISTRIBUTIONS),
    "one direction for all draws": (
        feature_variance,
        "independent",
        shared,
        ERRORS | {"performer.crossing_of_numbers", "performer.pairing_gain"},
    ),
    "other feature maps": (
        feature_variance,
        "estimates",
        spoilt_maps,
        {"performer.hyperbolic_error", "performer.trigonometric_error", "performer.crossing"}
        | {"performer.paired_ratio", "performer.pairing_gain"},
    ),
    "not orthogonal": (
        orthogonal_features,
        "orthogonal",
        features.independent,
        {f"performer.orthogonal{part}" for part in ("", "_series", "_covariance", "_plane")}
        | {"performer.orthogonal_blocks"},
    ),
    "all of length √d": (random_features, "orthogonal", without_lengths, {ORTHOGONAL_MEAN}),
    "signs of QR": (random_features, "orthogonal", without_signs, {ORTHOGONAL_MEAN}),
    "shorter and shorter": (random_features, "orthogonal", residuals, {ORTHOGONAL_MEAN}),
    "orthogonal and too long": (
        orthogonal_features,
        "orthogonal",
        longer,
        {"performer.orthogonal_share.covariance"},
    ),
    "opposite": (orthogonal_features, "orthogonal", opposite, {"performer.orthogonal_share"}),
    "unit vectors": (regularised_kernel, "on_sphere", unit, {"performer.regularised.bounds"}),
    "Gaussian lengths": (
        regularised_kernel,
        "on_sphere",
        features.independent,
        {"performer.regularised.mean"},
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_planted_mistake_is_contradicted(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, spoilt, keys = MUTANTS[mutant]
    monkeypatch.setattr(module, name, spoilt)
    made = experiments()
    assert contradicted(made[key] for key in sorted(keys)) == set(keys)


def test_every_experiment_has_a_mutant() -> None:
    assert set(experiments()) == set().union(*(keys for *_, keys in MUTANTS.values()))
