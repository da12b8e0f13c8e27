"""Rotary positions (Su et al. 2021, RoFormer, arXiv:2104.09864, equation 34)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Rotation(nn.Module):
    """Rotates queries and keys by angles t·θ_i, θ_i = 10000^(−2i/D), at position t.

    The score of two positions then depends on their distance alone; no position is learned.
    """

    def __init__(self, size: int, block_size: int) -> None:
        """size: D, of a head. Raises: ValueError if it is odd."""
        super().__init__()
        if size % 2:
            raise ValueError(f"rotary positions need an even head size, got {size}")
        frequencies = 10000.0 ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
        angles = torch.arange(block_size, dtype=torch.float64)[:, None] * frequencies
        self.register_buffer("cos", angles.cos().float(), persistent=False)
        self.register_buffer("sin", angles.sin().float(), persistent=False)
        self.cos: Tensor
        self.sin: Tensor

    def forward(
        self, x: Float[Tensor, "B H T D"], positions: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B H T D"]:
        """Rotate the pairs (x_i, x_{i+D/2}) of each position by that position's angles.

        The paper pairs neighbours; halves are the same map in another order of each head's
        coordinates, which training does not see, and lie side by side in memory.
        """
        cos, sin = (
            table[: x.shape[-2]] if positions is None else table[positions, None, None]
            for table in (self.cos.to(x.dtype), self.sin.to(x.dtype))
        )
        one, other = x.chunk(2, dim=-1)
        return torch.cat((one * cos - other * sin, one * sin + other * cos), dim=-1)
