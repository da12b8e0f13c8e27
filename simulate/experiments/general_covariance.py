"""Questions 2c and 2d for any covariances: keys whose coordinates hang together, every key its own.

Σ_a is dense, and its Cholesky factor L far from normal: LᵀL is another matrix. Σ_b is αI plus a
matrix of rank 1. The noise of these experiments is their own.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulate.attention import logit
from simulate.experiment import Experiment, number
from simulate.experiments.single_head import STANDARD_NORMAL
from simulate.keys import A, B, Covariance, RandomKeys, Scores
from simulate.samplers import Draw, full
from simulate.statistics import Distribution
from theory import law

if TYPE_CHECKING:
    from jaxtyping import Float

D = 5
ALPHA = 0.01
QUERIES = ((6.0, 4.0), (-1.0, 3.0))
"""Coordinates of two queries along μ_a and μ_b."""

SIZE: dict[str, float] = {"n": 3, "d": D}


def experiments(alpha: float) -> list[Experiment]:
    """Scores under two queries and the logit under one, with reduced scores and with whole keys."""
    return [_score(), *(make(whole) for make in (_pair, _logit) for whole in (False, True))]


def _autoregressive(
    deviations: Float[np.ndarray, " d"], correlation: float
) -> Float[np.ndarray, "d d"]:
    """Σ_ij = σ_i σ_j ρ^|i - j|, the covariance of a walk that forgets at a constant rate."""
    places = np.arange(len(deviations))
    return np.outer(deviations, deviations) * correlation ** abs(places[:, None] - places)


GROWING = 0.1 * np.arange(1, D + 1)
DENSE = _autoregressive(GROWING, 0.8), ALPHA * np.eye(D) + np.outer(GROWING, GROWING)
"""Σ_a and Σ_b."""

PLANE = np.triu_indices(2)
"""Entries 11, 12 and 22 of a covariance."""

KEYS = RandomKeys(
    means=np.eye(3, D),
    covariances=(
        Covariance.of(DENSE[A]),
        Covariance(ALPHA, GROWING[:, None]),
        Covariance.of(_autoregressive(GROWING[::-1], -0.5)),
    ),
)


def _pair(whole: bool) -> Experiment:
    """s - m of covariance C: (s - m)ᵀC⁻¹(s - m) is χ² with 2 degrees only if C is the law's."""
    scores = _scores(*QUERIES)
    means, spread = law("score_law.score_law")(KEYS.means[[A]], DENSE[A][None], scores.queries)
    (p, r), (_, q) = np.linalg.inv(spread[0]).tolist()
    first, second = means[0].tolist()

    def squared_length(draw: Draw) -> Float[np.ndarray, " trials"]:
        found = _drawn(draw, scores, whole)[:, A]
        x, y = found[0] - first, found[1] - second
        return p * x**2 + 2 * r * x * y + q * y**2

    return Experiment(
        key=f"single_head.general_pair{_suffix(whole)}",
        claim="single_head.joint",
        question="2c.1",
        title="two scores of a key with any covariance are jointly normal as derived" + _how(whole),
        law="score_law.score_law",
        parameters=SIZE,
        on_keys=not whole,
        measure=squared_length,
        check=Distribution(lambda x: -np.expm1(-x / 2), grid=np.linspace(0, 80, 2**14)),
    )


def _score() -> Experiment:
    """One score, standardised by the variance that the entries of Σ_a between μ_a and μ_b give."""
    along_a, along_b = QUERIES[0]
    scores = _scores((along_a, along_b))
    deviation = number("score_law.variance", along_a, along_b, *DENSE[A][PLANE]) ** 0.5

    return Experiment(
        key="single_head.general_score",
        claim="single_head.joint",
        question="2c.1",
        title="a score of a key with any covariance is normal with the derived variance",
        law="score_law.variance",
        parameters=SIZE | {"along_a": along_a, "along_b": along_b},
        on_keys=True,
        measure=lambda draw: (draw.scores(scores)[0, A] - along_a) / deviation,
        check=STANDARD_NORMAL,
    )


def _logit(whole: bool) -> Experiment:
    along_a, along_b = QUERIES[0]
    scores = _scores((along_a, along_b))
    mean = along_a - along_b
    variance = number(
        "score_law.logit_variance", along_a, along_b, *DENSE[A][PLANE], *DENSE[B][PLANE]
    )
    deviation = variance**0.5

    return Experiment(
        key=f"single_head.general_logit{_suffix(whole)}",
        claim="single_head.logit",
        question="2c.2",
        title="the logit of the share is normal for any covariances" + _how(whole),
        law="score_law.logit_variance",
        parameters=SIZE | {"along_a": along_a, "along_b": along_b},
        on_keys=not whole,
        measure=lambda draw: (logit(_drawn(draw, scores, whole)[0], A, B) - mean) / deviation,
        check=STANDARD_NORMAL,
    )


def _scores(*queries: tuple[float, float]) -> Scores:
    """Under queries of these coordinates along μ_a and μ_b."""
    return Scores(KEYS, np.array(queries) @ KEYS.means[[A, B]])


def _drawn(draw: Draw, scores: Scores, whole: bool) -> Float[np.ndarray, "heads n trials"]:
    """By the sampler of the run, or of whole keys whatever that is."""
    return Draw(draw.block, full).scores(scores) if whole else draw.scores(scores)


def _suffix(whole: bool) -> str:
    return ".whole_keys" if whole else ""


def _how(whole: bool) -> str:
    return ", drawing whole keys" if whole else ""
