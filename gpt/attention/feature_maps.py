"""Random features φ whose products estimate the softmax kernel: E φ(x)ᵀφ(y) = exp(xᵀy).

The mean is over directions ω ~ N(0, I); m of them make m positive features (Choromański et al.
2020, arXiv:2009.14794, Lemma 1), or 2m hyperbolic (there) or trigonometric ones (Rahimi and Recht
2007; there, section 2.3). Rows are scaled already: attention with scores s·qᵀk takes x = √s·q and
y = √s·k.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

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


def positive(x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"]) -> Features:
    """exp(ωᵀx − ‖x‖²/2)/√m for each direction ω."""
    projected = x @ directions.mT
    return Features(projected - (_half_square(x) + math.log(projected.shape[-1]) / 2))


def hyperbolic(x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"]) -> Features:
    """Positive features of the m directions and of their negatives (antithetic pairs)."""
    return positive(x, torch.cat([directions, -directions], dim=-2))


def trigonometric(x: Float[Tensor, "*B T d"], directions: Float[Tensor, "*A m d"]) -> Features:
    """exp(‖x‖²/2) cos(ωᵀx)/√m for all directions ω, then the same with sin; of either sign."""
    projected = x @ directions.mT
    waves = torch.cat([projected.cos(), projected.sin()], dim=-1)
    return Features(_half_square(x), waves / math.sqrt(projected.shape[-1]))


MAPS: dict[str, Callable[[Tensor, Tensor], Features]] = {
    "positive": positive,
    "hyperbolic": hyperbolic,
    "trigonometric": trigonometric,
}


def _half_square(x: Float[Tensor, "*B T d"]) -> Float[Tensor, "*B T 1"]:
    return x.square().sum(-1, keepdim=True) / 2
