"""Bounds and identities on random instances: attained, never crossed, and their twins refuted.

theory/ gives every claim a false twin, a formula with one mistake in it. Put in the place of the
law it has to be contradicted.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest

import theory
from simulate import experiment
from simulate.experiment import Experiment
from simulate.experiments import (
    averaging_queries,
    convex_hull,
    gram,
    logistic_normal,
    margins,
    perturbed_keys,
    separation,
    set_attention,
)
from simulate.statistics import Bound, Judgement
from tests.simulate.verdicts import results
from theory.keys.nearest_point import nearest_weights
from theory.proof.claim import Claim
from theory.proof.law import Law

MODULES = (
    convex_hull,
    separation,
    averaging_queries,
    gram,
    perturbed_keys,
    logistic_normal,
    margins,
    set_attention,
)
FOUND = [
    (module, e.key)
    for module in MODULES
    for e in module.experiments(1e-3)
    if e.key != "logistic_normal.distribution"  # its claim's twin is about the density
]
TRIALS = 2**16
"""In half of the trials the bounds are attained: more of them would show no more."""


def judged(e: Experiment) -> Judgement:
    trials = TRIALS if not e.check.statistical else 10**6
    (result,) = results([e], trials=trials).values()
    return result.judgement


def _experiment(module: ModuleType, key: str) -> Experiment:
    (found,) = (e for e in module.experiments(1e-3) if e.key == key)
    assert isinstance(found, Experiment)
    return found


def _claim(e: Experiment) -> Claim:
    (claim,) = theory.find(e.claim)
    assert isinstance(claim, Claim)
    return claim


@pytest.mark.parametrize(("module", "key"), FOUND, ids=[key for _, key in FOUND])
def test_the_law_holds_and_its_twin_does_not(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, key: str
) -> None:
    e = _experiment(module, key)
    honest = judged(e)
    assert honest.verdict == "consistent"
    if isinstance(e.check, Bound):
        assert honest.observed == pytest.approx(1, abs=1e-9)

    twin = dataclasses.replace(_claim(e).law, expression=_claim(e).twin)

    def with_twin(name: str) -> Law:
        return twin if name == e.law else theory.law(name)

    monkeypatch.setattr(module, "law", with_twin, raising=False)
    monkeypatch.setattr(experiment, "law", with_twin)
    assert judged(_experiment(module, key)).verdict == "contradicted"


def test_the_variance_for_the_deviation_of_a_logit_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = logistic_normal._shares
    monkeypatch.setattr(logistic_normal, "_shares", lambda draw, m, tau: shares(draw, m, tau**2))
    wide = ("logistic_normal.distribution", "logistic_normal.density")
    for key in wide:
        assert judged(_experiment(logistic_normal, key)).verdict == "contradicted"


def test_the_nearest_point_of_the_hull_is_as_far_as_it_is_said_to_be() -> None:
    """By an exact algorithm on fractions."""
    rng = np.random.default_rng(0)
    distance = rng.uniform(0.1, 2, 30)
    keys = separation._keys(rng, distance)
    for trial in range(30):
        points = [[Fraction(x) for x in key] for key in keys[..., trial].tolist()]
        nearest = nearest_weights(points[1:], points[0])
        foot = [sum(w * p[i] for w, p in zip(nearest, points[1:], strict=True)) for i in range(4)]
        found = np.linalg.norm(np.array(points[0], float) - np.array(foot, float))
        assert found == pytest.approx(distance[trial], rel=1e-9)


def test_margins_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((margins.N, margins.POSITIONS, 40))
    target = rng.integers(0, margins.N, (margins.POSITIONS, 40))
    found = margins.margins(scores, target)
    for trial in range(40):
        leads = [
            scores[t, i, trial] - scores[j, i, trial]
            for i, t in enumerate(target[:, trial])
            for j in range(margins.N)
            if j != t
        ]
        assert found[trial] == min(leads)


def test_the_matrix_has_the_scores_it_was_built_for() -> None:
    rng = np.random.default_rng(2)
    inputs, eigenvalues = margins._inputs(rng, 50)
    scores = rng.standard_normal((margins.N, margins.POSITIONS, 50))
    matrix = margins._with_scores(inputs, scores)
    for trial in range(50):
        x = inputs[trial]
        assert np.allclose(x @ matrix[trial] @ x[: margins.POSITIONS].T, scores[..., trial])
        singular = np.linalg.svd(x, compute_uv=False)
        assert np.allclose(singular[::-1] ** 2, eigenvalues[trial])
        least, *_ = np.linalg.lstsq(
            np.einsum("jd,ie->jide", x, x[: margins.POSITIONS]).reshape(-1, margins.D**2),
            scores[..., trial].ravel(),
            rcond=None,
        )
        assert np.allclose(matrix[trial].ravel(), least, atol=1e-6)


def test_the_shortest_query_is_that_of_least_squares() -> None:
    keys, query, scores, eigenvalues = gram._shortest(np.random.default_rng(3), 50)
    for trial in range(50):
        least, *_ = np.linalg.lstsq(keys[trial], scores[trial], rcond=None)
        assert np.allclose(query[trial], least)
        assert np.allclose(np.linalg.eigvalsh(keys[trial] @ keys[trial].T), eigenvalues[trial])
