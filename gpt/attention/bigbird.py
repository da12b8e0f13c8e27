"""Block-sparse softmax attention over a window, global and random blocks.

BigBird-ITC (Zaheer et al. 2020, arXiv:2007.14062, section 2 and appendix D): positions of the text
itself are global. There attention is bidirectional; the causal form here has windows and random
blocks that look back alone, and its global blocks are seen by all that are not earlier.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from gpt.attention.blocks import (
    KeyValueBlocks,
    block_graph,
    gathered,
    in_blocks,
    key_positions,
)
from gpt.attention.heads import Attention
from gpt.attention.masked import weighted


class BigBirdAttention(Attention):
    """softmax(scale · QKᵀ)V over the blocks seen; time and memory are linear in T.

    The first `global_blocks` blocks are seen by all, and see all if attention is bidirectional.
    Random blocks are drawn once, for the whole block size, and kept with the parameters; every
    length uses the same ones. In the causal form a block's random blocks stand before it, so
    that no prefix lacks any; in the bidirectional form those beyond the end of a shorter text are
    left out, and its blocks then see fewer.
    """

    options: ClassVar[dict[str, Any]] = {
        "block": 16,
        "window": 3,
        "global_blocks": 1,
        "random_blocks": 1,
        "rotary": False,
    }

    def __init__(
        self,
        width: int,
        heads: int,
        block_size: int,
        dropout: float,
        causal: bool = True,
        scale: float | None = None,
        *,
        block: int = 16,
        window: int = 3,
        global_blocks: int = 1,
        random_blocks: int = 1,
        rotary: bool = False,
    ) -> None:
        """block: positions in a block; window, global_blocks, random_blocks: in blocks

        Raises: ValueError if one of them does not fit, or as `Attention` does.
        """
        super().__init__(width, heads, block_size, dropout, causal, scale, rotary=rotary)
        if not 1 <= block <= block_size:
            raise ValueError(f"block must be from 1 to the block size {block_size}, got {block}")
        if window < 1:
            raise ValueError(f"window must be at least 1 block, got {window}")
        if not causal and window % 2 == 0:
            raise ValueError(
                f"a bidirectional window must be an odd number of blocks, got {window}"
            )
        blocks = -(-block_size // block)
        for name, number in (("global_blocks", global_blocks), ("random_blocks", random_blocks)):
            if not 0 <= number <= blocks:
                raise ValueError(f"{name} must be from 0 to {blocks}, all blocks, got {number}")
        self.block, self.global_blocks = block, global_blocks
        graph = block_graph(blocks, heads, window, global_blocks, random_blocks, causal)
        self.register_buffer("seen", graph)
        self.seen: Tensor

    def mix(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        """Raises: ValueError if T exceeds the block size."""
        T, b = q.shape[2], self.block
        if self.block_size < T:
            raise ValueError(f"{T} positions exceed the block size {self.block_size}")
        dropout = self.dropout if self.training else 0.0
        blocks = -(-T // b)
        full = 0 if self.causal else min(self.global_blocks, blocks)  # query blocks that see all
        seen = self.seen[:, full:blocks]
        keys, values = (gathered(in_blocks(x, b, 2), seen) for x in (k, v))
        visible = self._visible(seen, T, padding)
        queries = in_blocks(q, b, 2)[:, :, full:]
        y = self._attend(queries, keys, values, visible, dropout).flatten(2, 3)
        if full:
            there = torch.ones(1, 1, 1, T, dtype=torch.bool, device=q.device)
            visible = there if padding is None else ~padding[:, None, None, :]
            rows = self._attend(q[:, :, : full * b], k, v, visible, dropout)
            y = torch.cat([rows, y], dim=2)
        return y[:, :, :T]

    def begin(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        lengths: Int[Tensor, " B"],
        room: int,
    ) -> tuple[Float[Tensor, "B H T D"], KeyValueBlocks]:
        longest = (functional.pad(x, (0, 0, 0, room)) for x in (k, v))
        state = KeyValueBlocks(*(in_blocks(x, self.block, 2) for x in longest))
        return self.mix(q, k, v, None), state

    def step(
        self,
        q: Float[Tensor, "B H 1 D"],
        k: Float[Tensor, "B H 1 D"],
        v: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
        state: KeyValueBlocks,
    ) -> Float[Tensor, "B H 1 D"]:
        """The cost is that of one query over the blocks it sees, whatever its position."""
        state.append(k, v, positions)
        seen = self.seen[:, positions // self.block].transpose(0, 1)
        at = key_positions(seen, self.block)[:, :, None]
        visible = (at >= 0) & (at <= positions[:, None, None, None])
        return self._attend(q, *state.seen_by(seen), visible, 0.0)

    def _visible(
        self, seen: Int[Tensor, "H n S"], T: int, padding: Bool[Tensor, "B T"] | None
    ) -> Bool[Tensor, "#B H n #b Sb"]:
        """Which gathered keys the queries of each block see."""
        at = key_positions(seen, self.block)
        visible = ((at >= 0) & (at < T))[None, :, :, None]
        if padding is not None:
            visible = visible & ~padding[:, at.clamp(0, T - 1)][:, :, :, None]
        if self.causal:
            queries = torch.arange(seen.shape[1] * self.block, device=seen.device)
            visible = visible & (at[:, :, None] <= queries.view(-1, self.block, 1))
        return visible

    def _attend(
        self,
        q: Float[Tensor, "*any m D"],
        k: Float[Tensor, "*any n D"],
        v: Float[Tensor, "*any n D"],
        visible: Bool[Tensor, "*#any #m n"],
        dropout: float,
    ) -> Float[Tensor, "*any m D"]:
        """By plain products: torch's fused kernel gains nothing on blocks so small, and in bf16 on
        a CPU its backward pass takes eight times as long.
        """
        return weighted(self._scale * q @ k.transpose(-2, -1), visible, v, dropout)
