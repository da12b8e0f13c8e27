"""Random-feature estimates of the softmax kernel e^(xᵀy), for many trials at once.

A trial draws its own directions ω_1, ..., ω_m, and its estimate is φ(x)ᵀφ(y) with the feature maps
φ of `theory.performer`.
"""

# mypy: disable-error-code="no-any-return"
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulate.ensembles.frames import length, orthonormalise
from theory import performer

if TYPE_CHECKING:
    from jaxtyping import Float

    from theory.performer import Features

D = 4
"""Dimension of x and y where an experiment does not say otherwise."""


@dataclass(frozen=True)
class Case:
    """x and y in R^d with ‖x + y‖ = total and ‖x − y‖ = apart, and `draws` directions a trial."""

    total: float
    apart: float
    draws: int
    d: int = D

    @property
    def parameters(self) -> dict[str, float]:
        """As a record holds them."""
        return {
            "total": self.total, "apart": self.apart, "draws": self.draws, "dimension": self.d,
        }  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of features, and what one direction makes of them.

    value: of a standard normal g, ‖x + y‖ and ‖x − y‖, which has the law of that estimate
    """

    name: str
    features: Features
    value: Callable[[Float[np.ndarray, " g"], float, float], Float[np.ndarray, " g"]]


POSITIVE = Kind(
    "positive",
    performer.positive_features,
    lambda g, total, apart: np.exp(total * g - half_squares(total, apart)),
)
HYPERBOLIC = Kind(
    "hyperbolic",
    performer.hyperbolic_features,
    lambda g, total, apart: np.exp(-half_squares(total, apart)) * np.cosh(total * g),
)
TRIGONOMETRIC = Kind(
    "trigonometric",
    performer.trigonometric_features,
    lambda g, total, apart: np.exp(half_squares(total, apart)) * np.cos(apart * g),
)


def half_squares(total: float, apart: float) -> float:
    """(‖x‖² + ‖y‖²)/2."""
    return (total**2 + apart**2) / 4


def pair(total: float, apart: float, d: int = D) -> Float[np.ndarray, "2 d"]:
    """Rows x and y of even dimension d with ‖x + y‖ = total and ‖x − y‖ = apart, off all axes."""
    along = np.full(d, 1 / math.sqrt(d))
    across = along * (-1.0) ** np.arange(d)
    return np.stack([total * along + apart * across, total * along - apart * across]) / 2


def independent(
    rng: np.random.Generator, trials: int, draws: int, d: int = D
) -> Float[np.ndarray, "trials draws d"]:
    """Directions ω_i ~ N(0, I), all independent."""
    return rng.standard_normal((trials, draws, d))


def orthogonal(
    rng: np.random.Generator, trials: int, draws: int, d: int = D
) -> Float[np.ndarray, "trials draws d"]:
    """Directions ω_i ~ N(0, I), orthogonal in blocks of d that are independent of each other.

    Unit vectors by Gram-Schmidt of Gaussian vectors g_i (the Q of QR with a positive diagonal of
    R), times independent lengths. The lengths ‖g_i‖ serve as well as new ones: Gram-Schmidt sees
    only the g_i/‖g_i‖, of which they are independent.
    """
    directions = np.empty((draws, d, trials))
    for start in range(0, draws, d):
        block = directions[start : start + d]
        rng.standard_normal(out=block)
        lengths = length(block)
        orthonormalise(block)
        block *= lengths[:, None]
    return np.moveaxis(directions, 2, 0)


def on_sphere(
    rng: np.random.Generator, trials: int, draws: int, d: int = D
) -> Float[np.ndarray, "trials draws d"]:
    """Independent directions, uniform on the sphere of radius √d."""
    directions = rng.standard_normal((trials, draws, d))
    directions *= np.sqrt(d / np.einsum("tmd,tmd->tm", directions, directions))[..., None]
    return directions


def products(
    features: Features,
    rows: Float[np.ndarray, "2 d"],
    directions: Float[np.ndarray, "trials draws d"],
) -> Float[np.ndarray, "trials draws"]:
    """What each direction alone estimates: the sum over its features of φ(x)φ(y)."""
    trials, draws, d = directions.shape
    x, y = features(rows, directions.reshape(trials * draws, d))
    return (x * y).reshape(-1, trials, draws).sum(axis=0) * (trials * draws)


def estimates(
    features: Features,
    rows: Float[np.ndarray, "2 d"],
    directions: Float[np.ndarray, "trials draws d"],
) -> Float[np.ndarray, " trials"]:
    """φ(x)ᵀφ(y) of each trial, the mean over its directions."""
    return products(features, rows, directions).mean(axis=1)
