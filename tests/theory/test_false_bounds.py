"""The false twin of a bound is false: at some numbers a computation from the definition denies it.

A derivation that does not give a formula does not make it false, as a bound may hold with room to
spare. Drawn samples come from fixed seeds, so these tests do not fail by chance.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import sympy as sp
from scipy import special

import theory
from theory.noise import outranked
from theory.proof.claim import Claim

DENIED: dict[str, dict[str, float]] = {
    "good_turing.bias": {},
    "good_turing.excess": {},
    "good_turing.shortfall": {},
    "guessing.error": {},
    "guessing.price": {},
    "hallucination.calibrated": {},
    "hallucination.no_repetition": {"n": 2, "population": 10},
    "logistic_normal.variance_above": {},
    "logistic_normal.variance_below": {},
    "multi_head.kept_error": {"alpha": 100, "beta": 5},
    "multi_head.kept_loss": {},
    "multi_head.limit": {"alpha": 1e-6, "beta": 3, "radial": 100},
    "multi_head.miss_bound": {},
    "multi_head.noise": {"alpha": 0.01, "radial": 0.5},
    "multi_head.ratio": {},
    "multi_head.second_head": {"alpha": 0.1, "beta": 1000, "n": 2},
    "multi_head.variance_bound": {},
    "near_average.margin": {},
    "normal_quadrature.error": {},
    "query_pairs.best": {},
    "query_pairs.blind": {},
    "query_pairs.plane": {},
    "query_pairs.tie": {},
    "single_head.allowed_noise": {},
    "single_head.background_rate": {},
    "single_head.failure": {"alpha": 1.05e-5, "beta": 60, "theta": 1e-3},
    "single_head.largest_noise": {},
    "single_head.near_average": {},
    "single_head.outranked_above": {},
    "single_head.outranked_below": {"alpha": 0.02, "radial": 0},
    "single_head.variance": {},
}


def claim_of(key: str) -> Claim:
    (claim,) = theory.find(key)
    assert isinstance(claim, Claim)
    return claim


@pytest.mark.parametrize(("key", "changes"), DENIED.items(), ids=DENIED)
def test_the_twin_is_denied_where_the_law_is_borne_out(key: str, changes: dict[str, float]) -> None:
    claim = claim_of(key)
    assert claim.law.relation != "="
    assert claim.direct
    numbers = {name: float(sp.sympify(v)) for name, v in claim.example.items()} | changes
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    assert claim.direct(claim.law(**numbers), **numbers).agrees
    assert not claim.direct(twin(**numbers), **numbers).agrees


def test_what_is_left_over_at_a_large_gain_exceeds_its_twin() -> None:
    """As β → ∞ more than ε is left over as often as a third key outranks both."""
    law = claim_of("single_head.background_tail").law
    twin = dataclasses.replace(law, expression=claim_of("single_head.background_tail").twin)
    limit = outranked.outranked(0.04, 3, 0.0)
    assert twin(0.1, 0.04, 1e6, 3) < limit < law(0.1, 0.04, 1e6, 3)


def test_the_mean_of_what_is_left_over_exceeds_its_twin() -> None:
    """Three keys, by a product rule over their scores."""
    claim, alpha, beta = claim_of("single_head.background"), 0.01, 20.0
    points = np.linspace(-9, 9, 121)
    noise = np.meshgrid(*[beta * (2 * alpha) ** 0.5 * points] * 3, indexing="ij")
    scores = np.stack(noise) + beta * np.array([1, 1, 0])[:, None, None, None]
    weights = np.exp(-(points**2) / 2) / np.exp(-(points**2) / 2).sum()
    rest = special.softmax(scores, axis=0)[2]
    mean = float(np.einsum("i,j,k,ijk->", weights, weights, weights, rest))
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    assert twin(alpha, beta, 3) < mean < claim.law(alpha, beta, 3)
