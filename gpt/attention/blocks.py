"""The block graph of BigBird: which blocks of keys each block of queries sees.

Positions are cut into blocks of b. Query block i of a head sees the window around it, the global
blocks and a few random ones, as a row of block numbers, each once and −1 where there is none.
From such rows everything else follows: the keys gathered for a block of queries, their positions,
and with them the mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional


def block_graph(
    blocks: int, heads: int, window: int, global_blocks: int, random_blocks: int, causal: bool
) -> Int[Tensor, "H N S"]:
    """The blocks that each of N query blocks sees in each head; −1 where there are no more.

    The window is the block itself and those beside it, half on each side; if causal, the block
    itself and those before it. Random blocks are drawn from torch's global generator among those
    not yet seen (if causal, the earlier ones), for each head anew and without repetition; all of
    them where there are fewer than asked for.
    """
    query = torch.arange(blocks)
    first = (query - (window - 1 if causal else window // 2)).clamp(min=0)
    last = query if causal else (query + window // 2).clamp(max=blocks - 1)
    first, last = first[:, None], last[:, None]

    near = first + torch.arange(min(window, blocks))
    near = near.where(near <= last, -1)

    everywhere = torch.arange(global_blocks)
    outside = everywhere < first if causal else (everywhere < first) | (everywhere > last)
    everywhere = everywhere.where(outside, -1)

    # neither near nor global: so many before the window, and after it so many from `behind` on
    before = (first - global_blocks).clamp(min=0)
    behind = (last + 1).clamp(min=global_blocks)
    after = torch.zeros_like(behind) if causal else (blocks - behind).clamp(min=0)
    drawn = distinct((before + after).expand(heads, blocks, 1), random_blocks)
    far = torch.where(drawn < before, global_blocks + drawn, behind + drawn - before)
    far = far.where(drawn >= 0, -1)

    return torch.cat([near.expand(heads, -1, -1), everywhere.expand(heads, -1, -1), far], dim=-1)


def distinct(below: Int[Tensor, "*any 1"], number: int) -> Int[Tensor, "*any r"]:
    """`number` distinct integers from 0 to `below` − 1, each set of them as likely as any other.

    Where `below` is less than `number`, all of them, and −1 for the rest. Floyd's algorithm
    (Bentley and Floyd 1987, A sample of brilliance, CACM 30 (9)) needs no list of what there is
    to draw from.
    """
    chosen = below.new_full((*below.shape[:-1], number), -1)
    for i in range(number):
        largest = below[..., 0] - number + i
        drawn = (torch.rand(largest.shape, dtype=torch.float64) * (largest + 1)).long()
        taken = (chosen == drawn[..., None]).any(-1)
        chosen[..., i] = torch.where(taken, largest, drawn).where(largest >= 0, -1)
    return chosen


def in_blocks(x: Shaped[Tensor, "*any"], block: int, dim: int) -> Shaped[Tensor, "*any"]:
    """Cut dimension `dim` from T to N × b, the last block filled up with 0 or false."""
    behind = [0, 0] * (x.ndim - 1 - dim) + [0, -x.shape[dim] % block]
    cut: Tensor = functional.pad(x, behind).unflatten(dim, (-1, block))
    return cut


def gathered(
    x: Float[Tensor, "B H N b D"], seen: Int[Tensor, "H n S"]
) -> Float[Tensor, "B H n Sb D"]:
    """For each query block the keys or values it sees, of block 0 where there is none."""
    B, H, N, b, D = x.shape
    _, n, S = seen.shape
    # one row of memory a block, for index_select copies rows and its backward pass adds them
    rows = seen.clamp(0, N - 1) + N * torch.arange(H, device=seen.device)[:, None, None]
    copied = x.reshape(B, H * N, b * D).index_select(1, rows.flatten())
    return copied.view(B, H, n, S * b, D)


def key_positions(seen: Int[Tensor, "*any S"], block: int) -> Int[Tensor, "*any Sb"]:
    """Where the gathered keys stand; negative where there is none."""
    return (seen[..., None] * block + torch.arange(block, device=seen.device)).flatten(-2)


@dataclass(frozen=True)
class KeyValueBlocks:
    """Keys and values of all positions so far, in blocks (see cache.py)."""

    keys: Float[Tensor, "B H N b D"]
    values: Float[Tensor, "B H N b D"]

    def keep(self, rows: Int[Tensor, " kept"]) -> KeyValueBlocks:
        return KeyValueBlocks(self.keys[rows], self.values[rows])

    def append(
        self,
        key: Float[Tensor, "B H 1 D"],
        value: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
    ) -> None:
        """Put each row's key and value where they stand, over padding or behind the last."""
        block = self.keys.shape[3]
        rows = torch.arange(len(positions), device=positions.device)
        at = rows, slice(None), positions // block, positions % block
        self.keys[at], self.values[at] = key[:, :, 0], value[:, :, 0]

    def seen_by(
        self, seen: Int[Tensor, "B H S"]
    ) -> tuple[Float[Tensor, "B H Sb D"], Float[Tensor, "B H Sb D"]]:
        """The keys and values of each row's blocks, of block 0 where there is none."""
        B, H = seen.shape[:2]
        rows = torch.arange(B, device=seen.device)[:, None, None]
        heads = torch.arange(H, device=seen.device)[:, None]
        at = rows, heads, seen.clamp(min=0)
        return self.keys[at].flatten(2, 3), self.values[at].flatten(2, 3)
