"""Question 3h: the whole law of what one draw estimates.

It is a constant times e^X, cosh X or cos X of a normal number X with mean 0. The constant and the
variance of X follow from the mean and the mean squared error that theory derives, so every point of
these distribution functions rests on those two.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulate.ensembles.features import HYPERBOLIC, POSITIVE, TRIGONOMETRIC, D, Kind
from simulate.experiment import Experiment, number
from simulate.experiments.random_features import APART, CASE, TOTAL, one_estimate, question
from simulate.statistics import Distribution

if TYPE_CHECKING:
    from jaxtyping import Float

    Values = Float[np.ndarray, " x"]
    Cdf = Callable[[Values], Values]

TURNS = 3
"""Periods of the cosine counted on either side; beyond lie less than 1e-30 of the normal law."""


def experiments(alpha: float) -> list[Experiment]:
    """One for each kind of features; noise of variance `alpha` plays no part."""
    wide = np.linspace(0, 8, 4001)
    return [
        _experiment(POSITIVE, "e^X", lognormal, np.append(-wide[:0:-1], wide)),
        _experiment(HYPERBOLIC, r"\cosh X", paired, wide),
        _experiment(TRIGONOMETRIC, r"\cos X", cosine, np.linspace(math.pi / APART, 0, 4001)),
    ]


def _experiment(kind: Kind, wave: str, cdf: Cdf, ascending: Values) -> Experiment:
    """ascending: normal numbers at which the estimate rises from its smallest value on."""
    claim = f"performer.{kind.name}_error"
    return Experiment(
        key=f"{claim}.distribution",
        claim=claim,
        question=question(kind),
        title=f"one draw of {kind.name} features has the law of ${wave}$ for a normal $X$, scaled "
        "to the derived mean and error",
        law=f"feature_variance.{kind.name}_error",
        parameters={"total": TOTAL, "apart": APART, "draws": 1, "dimension": D},
        measure=partial(one_estimate, kind, CASE),
        check=Distribution(cdf, kind.value(ascending, TOTAL, APART)),
    )


def lognormal(x: Values) -> Values:
    """P(c e^(sg) ≤ x): the mean is c e^(s²/2), the relative error e^(s²) − 1."""
    mean, relative = _derived(POSITIVE)
    s = math.sqrt(math.log1p(relative))
    return special.ndtr(np.log(x / mean) / s + s / 2)


def paired(x: Values) -> Values:
    """P(c cosh(sg) ≤ x): the mean is c e^(s²/2), the relative error 2 sinh²(s²/2)."""
    mean, relative = _derived(HYPERBOLIC)
    square = 2 * math.asinh(math.sqrt(relative / 2))
    largest = np.arccosh(np.maximum(x / mean * math.exp(square / 2), 1))
    return special.erf(largest / math.sqrt(2 * square))


def cosine(x: Values) -> Values:
    """P(c cos(sg) ≤ x): the mean is c e^(−s²/2), the relative error 2 sinh²(s²/2).

    The cosine is above x where sg is nearer than the angle of x to a multiple of 2π.
    """
    mean, relative = _derived(TRIGONOMETRIC)
    square = 2 * math.asinh(math.sqrt(relative / 2))
    angle = np.arccos(np.clip(x / mean * math.exp(-square / 2), -1, 1))[:, None]
    turns = 2 * math.pi * np.arange(-TURNS, TURNS + 1)
    ends = special.ndtr(np.stack([turns - angle, turns + angle]) / math.sqrt(square))
    return 1 - (ends[1] - ends[0]).sum(axis=1)


def _derived(kind: Kind) -> tuple[float, float]:
    """Mean of one draw, and its mean squared error over the square of the mean."""
    mean = number("random_features.positive_mean", TOTAL, APART)
    error = number(f"feature_variance.{kind.name}_error", TOTAL, APART, 1)
    return mean, error / mean**2
