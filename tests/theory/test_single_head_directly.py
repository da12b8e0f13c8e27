"""The direct computations of question 2c: they accept the laws and reject what is not the law."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from theory import single_head
from theory.noise import (
    allowed_noise,
    background,
    logistic_normal,
    near_average,
    normal_quadrature,
    outranked,
    regimes,
    score_law,
    share_variance,
)
from theory.proof.claim import Claim
from theory.proof.law import Parameter

CONSTRUCTIONS = (
    score_law, single_head, regimes, normal_quadrature, logistic_normal, share_variance,
    background, outranked, allowed_noise, near_average,
)  # fmt: skip
CLAIMS = {c.key: c for construction in CONSTRUCTIONS for c in construction.CLAIMS}
EXACT = [key for key, claim in CLAIMS.items() if claim.law.relation == "="]
WRONG_BOUNDS = {
    "normal_quadrature.error": 0.1,
    "logistic_normal.variance_above": 0.9,
    "logistic_normal.variance_below": 1.1,
    "single_head.variance": 1.01,
    "single_head.background_tail": 0.01,
    "single_head.outranked_above": 0.2,
    "single_head.outranked_below": 3.0,
    "single_head.background_rate": 0.02,
    "single_head.allowed_noise": 4.0,
    "single_head.largest_noise": 1.5,
    "near_average.margin": 0.95,
    "single_head.failure": 0.01,
    "single_head.near_average": 10.0,
}


def directly(claim: Claim, factor: float, numbers: dict[str, float]) -> bool:
    return claim.direct(factor * claim.law(**numbers), **numbers).agrees


def example(claim: Claim) -> dict[str, float]:
    return {name: float(sp.sympify(value)) for name, value in claim.example.items()}


@pytest.mark.parametrize("key", EXACT)
def test_a_law_that_is_one_percent_off_is_rejected(key: str) -> None:
    """The curvature is known by its sign alone."""
    claim = CLAIMS[key]
    factors = (-1.0,) if key == "logistic_normal.peaks" else (0.99, 1.01)
    assert directly(claim, 1, example(claim))
    assert not any(directly(claim, factor, example(claim)) for factor in factors)


@pytest.mark.parametrize("key", WRONG_BOUNDS)
def test_a_bound_on_the_wrong_side_is_rejected(key: str) -> None:
    claim = CLAIMS[key]
    assert directly(claim, 1, example(claim))
    assert not directly(claim, WRONG_BOUNDS[key], example(claim))


def drawn(parameter: Parameter, rng: random.Random) -> float:
    """A number of the parameter's interval, over many orders of magnitude."""
    if parameter.integer:
        return parameter.lower + rng.choice([0, 1, 5, 10**6])
    if parameter.upper < float("inf"):
        near = rng.choice([rng.random(), 1e-9, 1 - 1e-9])
        return parameter.lower + (parameter.upper - parameter.lower) * near
    if parameter.lower > -float("inf"):
        return parameter.lower + 10 ** rng.uniform(-6, 4)
    return rng.uniform(-30, 30)


@pytest.mark.parametrize("key", [k for k in CLAIMS if not CLAIMS[k].law.premises])
def test_directly_at_arbitrary_parameters(key: str) -> None:
    """Samples are the same in every run, so that nothing here is left to chance."""
    rng = random.Random(1)
    for _ in range(5):
        numbers = {p.name: drawn(p, rng) for p in CLAIMS[key].law.parameters}
        assert directly(CLAIMS[key], 1, numbers), numbers
