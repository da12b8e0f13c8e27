"""The false twin of a claim is false: at some numbers a computation from the definition denies it.

A derivation that does not give a formula does not make it false, as a bound may hold with room to
spare. Drawn samples come from fixed seeds, so these tests do not fail by chance.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import sympy as sp
from scipy import special

import theory
from theory.noise import outranked
from theory.proof.claim import Claim

# Numbers at which the definition denies a twin that it cannot tell from the law at the example.
ELSEWHERE: dict[str, dict[str, float]] = {
    "hallucination.no_repetition": {"n": 2, "population": 10},
    "identity_attention.hull": {"add_c": 0},
    "logistic_normal.peaks": {"tau": 1.7},
    "missing_mass.upper_tail": {"t": 0.3},
    "multi_head.finite_variance": {"alpha": 0.3},
    "multi_head.kept_error": {"alpha": 100, "beta": 5},
    "multi_head.limit": {"alpha": 1e-6, "beta": 3, "radial": 100},
    "multi_head.miss": {"alpha": 0.03, "n": 5},
    "multi_head.negative_score": {"alpha": 0.1},
    "multi_head.noise": {"alpha": 0.01, "radial": 0.5},
    "multi_head.second_head": {"alpha": 0.1, "beta": 1000, "n": 2},
    "performer.crossing": {"apart": 1},
    "performer.orthogonal_share": {"total": 0.1},
    "performer.regularised": {"total": 0.1},
    "reachability.diameter": {"n": 154},
    "single_head.failure": {"alpha": 1.05e-5, "beta": 60, "theta": 1e-3},
    "single_head.outranked_below": {"alpha": 0.02, "radial": 0},
    "spectral_gap.layers": {"n": 2},
    "spectral_gap.random": {"n": 6, "returning": 0.469},
    "spectral_gap.window_layers": {"epsilon": 0.025, "n": 13},
}
# Twins that tests of their own deny, further down.
OWN_TEST = {
    "single_head.background", "single_head.background_tail", "missing_mass.singletons",
    "missing_mass.lower_tail", "hallucination.singletons", "guessing.asked",
}  # fmt: skip
CLAIMS = [c for c in theory.claims() if isinstance(c, Claim) and c.key not in OWN_TEST]


def claim_of(key: str) -> Claim:
    (claim,) = theory.find(key)
    assert isinstance(claim, Claim)
    return claim


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.key)
def test_the_twin_is_denied_where_the_law_is_borne_out(claim: Claim) -> None:
    example = {name: float(sp.sympify(v)) for name, v in claim.example.items()}
    numbers = example | ELSEWHERE.get(claim.key, {})
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    assert claim.direct(claim.law(**numbers), **numbers).agrees
    assert not claim.direct(twin(**numbers), **numbers).agrees


def test_numbers_are_given_for_claims_that_there_are() -> None:
    assert set(ELSEWHERE) <= {claim.key for claim in CLAIMS}


def every_text(probabilities: list[float], draws: int) -> Iterator[tuple[float, float, float]]:
    """Probability, missing mass and share of singletons of each text of so many draws."""
    facts = range(len(probabilities))
    for text in itertools.product(facts, repeat=draws):
        missing = sum(probabilities[i] for i in facts if i not in text)
        once = sum(text.count(i) == 1 for i in facts) / draws
        yield math.prod(probabilities[i] for i in text), missing, once


def test_singletons_stray_further_than_their_twin_allows() -> None:
    """Two draws of two facts: half of all texts tell both once, half tell none once."""
    claim = claim_of("missing_mass.singletons")
    far = sum(p for p, _, once in every_text([0.5, 0.5], 2) if once >= 0.5 + 0.5)
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    assert twin(n=2, t=0.5) < far <= claim.law(n=2, t=0.5)


def test_the_missing_mass_strays_further_below_than_its_twin_allows() -> None:
    """Four draws of three facts, all texts: the missing mass is 0 whenever all are told."""
    claim = claim_of("missing_mass.lower_tail")
    texts = list(every_text([1 / 3, 1 / 3, 1 / 3], 4))
    below = sum(p * missing for p, missing, _ in texts)
    none = sum(p for p, missing, _ in texts if missing < 1e-9)
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    assert twin(n=4, t=below) < none <= claim.law(n=4, t=below)


@pytest.mark.parametrize("key", ["hallucination.singletons", "guessing.asked"])
def test_a_twin_that_asks_for_more_than_certainty_is_false(key: str) -> None:
    claim = claim_of(key)
    numbers = {name: float(sp.sympify(v)) for name, v in claim.example.items()}
    twin = dataclasses.replace(claim.law, expression=claim.twin)
    assert claim.law(**numbers) < 1 < twin(**numbers)


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
