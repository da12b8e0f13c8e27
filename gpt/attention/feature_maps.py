"""Random features φ whose products estimate the softmax kernel: E φ(x)ᵀφ(y) = exp(xᵀy).

The mean is over directions ω ~ N(0, I); m of them make m positive features (Choromański et al.
2020, arXiv:2009.14794, Lemma 1), or 2m hyperbolic (there) or trigonometric ones (Rahimi and Recht
2007; there, section 2.3). Attention with scores s·qᵀk takes x = √s·q and y = √s·k: maps are given
q and k, and s as their `scale`, for scaling directions and norms is cheaper than scaling rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Features(NamedTuple):
    """φ = factors · exp(exponents), or exp(exponents) alone; no exponential is taken yet.

    So whoever sums features can shift the exponents first, which keeps large ones from overflow
    and small ones from vanishing. An exponent that all features of a row share is kept once (E is
    R, their number, or 1).
    """

    exponents: Float[Tensor, "*B T E"]
    factors: Float[Tensor, "*B T R"] | None = None

    def shifted(self, by: Tensor) -> Float[Tensor, "*B T R"]:
        """factors · exp(exponents + by)."""
        raised = (self.exponents + by).exp_()
        return raised if self.factors is None else raised * self.factors

    def each(self, change: Callable[[Tensor], Tensor]) -> Features:
        """With the tensors changed alike."""
        factors = None if self.factors is None else change(self.factors)
        return Features(change(self.exponents), factors)

    def without(self, rows: Bool[Tensor, "*B T"]) -> Features:
        """With φ = 0 in the rows that are true."""
        return self._replace(exponents=self.exponents.masked_fill(rows[..., None], -torch.inf))


def positive(
    x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"], scale: float = 1.0
) -> Features:
    """exp(ωᵀx − ‖x‖²/2)/√m for each direction ω."""
    projected = _projected(x, directions, scale)
    return Features(projected.sub_(_half_square(x, scale) + math.log(projected.shape[-1]) / 2))


def hyperbolic(
    x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"], scale: float = 1.0
) -> Features:
    """Positive features of the m directions and of their negatives (antithetic pairs)."""
    return positive(x, torch.cat([directions, -directions], dim=-2), scale)


def trigonometric(
    x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"], scale: float = 1.0
) -> Features:
    """exp(‖x‖²/2) cos(ωᵀx)/√m for all directions ω, then the same with sin; of either sign."""
    projected = _projected(x, directions, scale)
    waves = torch.cat([projected.cos(), projected.sin()], dim=-1)
    return Features(_half_square(x, scale), waves / math.sqrt(projected.shape[-1]))


class Map(Protocol):
    def __call__(
        self, x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"], scale: float = 1.0
    ) -> Features:
        """The features of √scale · x."""


MAPS: dict[str, Map] = {
    "positive": positive,
    "hyperbolic": hyperbolic,
    "trigonometric": trigonometric,
}


def _projected(
    x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"], scale: float
) -> Float[Tensor, "*B T m"]:
    return x @ (math.sqrt(scale) * directions).mT


def _half_square(x: Float[Tensor, "*B T d"], scale: float) -> Float[Tensor, "*B T 1"]:
    return x.square().sum(-1, keepdim=True) * (scale / 2)
