"""BigBird's definition in plain loops, for its tests, and wrong twins of what the layer does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gpt.attention import bigbird
from gpt.attention.bigbird import BigBirdAttention
from gpt.attention.blocks import block_graph, key_positions

WIDTH, HEADS, LONGEST = 16, 2, 43
SHAPES = [(4, 3, 1, 1), (4, 3, 2, 3), (5, 1, 1, 2), (7, 5, 3, 1), (1, 3, 0, 4), (4, 3, 0, 0)]
EITHER = pytest.mark.parametrize("causal", [True, False], ids=["causal", "bidirectional"])
SHAPED = pytest.mark.parametrize("shape", SHAPES, ids=str)


def attention(
    causal: bool, shape: tuple[int, ...] = SHAPES[0], seed: int = 0, **others: Any
) -> BigBirdAttention:
    """A small layer; shape: block, window, global_blocks and random_blocks"""
    names = ("block", "window", "global_blocks", "random_blocks")
    torch.manual_seed(seed)
    options: dict[str, Any] = dict(zip(names, shape, strict=True))
    sizes: dict[str, Any] = {"width": WIDTH, "heads": HEADS, "block_size": LONGEST, "dropout": 0.0}
    return BigBirdAttention(causal=causal, **(sizes | options | others))


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def padded(B: int, T: int) -> Tensor:
    """Row 0 has keys everywhere, the last none at all, those between some."""
    padding = torch.rand(B, T, generator=torch.Generator().manual_seed(2)) < 0.4
    padding[0], padding[-1] = False, True
    return padding


# ------------------------------------------------------------------------- the definition


def near_or_global(i: int, shape: tuple[int, ...], blocks: int, causal: bool) -> set[int]:
    """The blocks that block i sees whatever is drawn."""
    _, window, global_blocks, _ = shape
    found = set()
    for j in range(blocks):
        near = 0 <= i - j < window if causal else abs(i - j) <= (window - 1) // 2
        anchor = j < global_blocks and (j <= i or not causal)
        if near or anchor or (not causal and i < global_blocks):
            found.add(j)
    return found


def brute_force(
    layer: BigBirdAttention,
    shape: tuple[int, ...],
    q: Tensor,
    k: Tensor,
    v: Tensor,
    padding: Tensor | None = None,
) -> Tensor:
    """Query by query, key by key; only the random blocks are read from the layer's graph."""
    B, H, T, _ = q.shape
    block, blocks = shape[0], -(-LONGEST // shape[0])
    y = torch.zeros_like(v)
    for row, head, t in itertools.product(range(B), range(H), range(T)):
        i = t // block
        seen = near_or_global(i, shape, blocks, layer.causal)
        seen |= {int(j) for j in layer.seen[head, i] if j >= 0}
        keys = [
            s for s in range(T)
            if s // block in seen and (s <= t or not layer.causal)
            and (padding is None or not padding[row, s])
        ]  # fmt: skip
        if keys:
            scores = torch.stack([q[row, head, t] @ k[row, head, s] for s in keys])
            weights = (scores * WIDTH**-0.5 * HEADS**0.5).softmax(0)
            y[row, head, t] = weights @ v[row, head, keys]
    return y


# --------------------------------------------------------------------------- wrong twins


def once_more(*arguments: Any) -> Tensor:
    """The first global block is counted in the window and as a global one."""
    graph = block_graph(*arguments)
    graph[..., min(arguments[2], arguments[0])] = 0
    return graph


def without_global(*arguments: Any) -> Tensor:
    graph = block_graph(*arguments)
    graph[..., min(arguments[2], arguments[0])] = -1
    return graph


def both_ways(
    blocks: int, heads: int, window: int, global_blocks: int, random_blocks: int, causal: bool
) -> Tensor:
    """A bidirectional graph, whatever was asked for."""
    return block_graph(blocks, heads, window, global_blocks, random_blocks, causal=False)


def one_earlier(seen: Tensor, block: int) -> Tensor:
    """Keys are taken for those one position before, but for the first."""
    at = key_positions(seen, block)
    return at.where(at <= 0, at - 1)


def blind_to_order(self: BigBirdAttention, seen: Tensor, T: int, padding: Tensor | None) -> Tensor:
    """Queries see what is later, unless it is in their own block."""
    at = key_positions(seen, self.block)[None, :, :, None]
    queries = torch.arange(len(seen[0]) * self.block).view(-1, self.block, 1)
    later = (at > queries) & (at // self.block == queries // self.block)
    return (at >= 0) & (at < T) & ~later


TWINS: dict[str, list[tuple[object, str, Callable[..., Tensor]]]] = {
    "a key counted twice": [(bigbird, "block_graph", once_more)],
    "a missing global block": [(bigbird, "block_graph", without_global)],
    "a mask off by one": [(bigbird, "key_positions", one_earlier)],
    "a later block": [
        (bigbird, "block_graph", both_ways), (BigBirdAttention, "_visible", blind_to_order)
    ],
}  # fmt: skip


class Redrawn(BigBirdAttention):
    """Other random blocks in every call; of shape SHAPES[0]."""

    def mix(self, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None) -> Tensor:
        self.seen = block_graph(11, HEADS, 3, 1, 1, self.causal)
        return super().mix(q, k, v, padding)
