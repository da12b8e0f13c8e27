"""The dense synthesizer (Tay et al. 2020, arXiv:2005.00743, section 3): attention without keys.

As in the practical of 2021: a head's weights are softmax(relu(X A + b₁) B + b₂), one column of B
and b₂ for each position of the block. A and b₁ are the query's map, A of each head; B and b₂ are
one for all heads, as in the course's code (w2 and b2 there; its handout has a B for each head).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from gpt.attention.heads import Attention
from gpt.attention.masked import weighted
from gpt.attention.vanilla import later

START = 0.001
"""B starts uniform between −START and START, as the course has it: weights start all but equal."""


class SynthesizerAttention(Attention):
    """softmax(relu(X A + b₁) B + b₂)V in each head; the scores know no other position's content.

    A shorter input has the first columns of B and b₂. The course gives them one column less than
    the block, for its inputs are all but the last character of one; here an input may fill it.
    """

    keyed: ClassVar[bool] = False

    def __init__(
        self, width: int, heads: int, block_size: int, dropout: float, causal: bool = True
    ) -> None:
        """Raises: ValueError if `heads` does not divide `width`."""
        super().__init__(width, heads, block_size, dropout, causal)
        self.w2 = nn.Parameter(torch.empty(width // heads, block_size).uniform_(-START, START))
        self.b2 = nn.Parameter(torch.zeros(block_size))

    def mix(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T 0"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        """Raises: ValueError if T exceeds the block size."""
        T = q.shape[2]
        if self.block_size < T:
            raise ValueError(f"{T} positions exceed the block size {self.block_size}")
        seen = torch.ones(T, T, dtype=torch.bool, device=q.device)
        if self.causal:
            seen = ~later(T, q.device)
        if padding is not None:
            seen = seen & ~padding[:, None, None]
        return weighted(self._scores(q, T), seen, v, self.dropout if self.training else 0.0)

    def begin(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T 0"],
        v: Float[Tensor, "B H T D"],
        lengths: Int[Tensor, " B"],
        room: int,
    ) -> tuple[Float[Tensor, "B H T D"], Values]:
        return self.mix(q, k, v, None), Values(v, room)

    def step(
        self,
        q: Float[Tensor, "B H 1 D"],
        k: Float[Tensor, "B H 1 0"],
        v: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
        state: Values,
    ) -> Float[Tensor, "B H 1 D"]:
        values = state.append(v, positions)
        columns = torch.arange(values.shape[2], device=positions.device)
        seen = columns <= positions[:, None, None, None]
        return weighted(self._scores(q, len(columns)), seen, values, 0.0)

    def _scores(self, q: Float[Tensor, "B H T D"], columns: int) -> Float[Tensor, "B H T S"]:
        """Of the first S columns, for queries before their relu."""
        return q.relu() @ self.w2[:, :columns] + self.b2[:columns]


class Values:
    """Values of all positions so far: half of the key-value cache, for nothing has a key."""

    def __init__(self, values: Float[Tensor, "B H T D"], room: int) -> None:
        B, H, T, D = values.shape
        self._values = torch.cat((values, values.new_zeros(B, H, room, D)), 2)
        self._used = T  # columns that some row uses; known without asking the device

    def keep(self, rows: Int[Tensor, " kept"]) -> Values:
        used, total = self._used, self._values.shape[2]
        return Values(self._values[rows, :, :used], total - used)

    def append(
        self, value: Float[Tensor, "B H 1 D"], positions: Int[Tensor, " B"]
    ) -> Float[Tensor, "B H S D"]:
        """Put each row's value where it stands; returns those of all columns in use."""
        rows = torch.arange(len(positions), device=positions.device)
        self._values[rows, :, positions] = value[:, :, 0]
        self._used = min(self._used + 1, self._values.shape[2])
        return self._values[:, :, : self._used]
