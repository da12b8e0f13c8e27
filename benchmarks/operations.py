"""How many multiply-adds causal attention needs, way by way, in one head.

Counted as in theory/features/attention_cost.py, whose laws serve where it has them: products
added to a running sum, values as wide as keys, hidden keys left out. So nothing here depends on
how a way is programmed, and divided by the rate of matrix products it is a floor under its time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from theory.features.attention_cost import cost, exact_causal_cost

Lengths = Int[np.ndarray, " n"]
Options = Mapping[str, Any]


class Products(NamedTuple):
    """Multiply-adds of the forward pass for each length.

    varying: of products of two tensors that both have gradients; fixed: of those with a constant
    """

    varying: Float[np.ndarray, " n"]
    fixed: Float[np.ndarray, " n"]

    @property
    def forward(self) -> Float[np.ndarray, " n"]:
        total: Float[np.ndarray, " n"] = self.varying + self.fixed
        return total

    @property
    def both(self) -> Float[np.ndarray, " n"]:
        """With the backward pass: the gradient of each factor is a product as large again."""
        total: Float[np.ndarray, " n"] = 3 * self.varying + 2 * self.fixed
        return total


def exact(lengths: Lengths, size: int, options: Options) -> Products:
    found = exact_causal_cost(length=lengths, dimension=size)
    return Products(found, np.zeros_like(found))


def performer(lengths: Lengths, size: int, options: Options) -> Products:
    """Positive features: half of it is queries and keys times the directions, which are fixed."""
    half = cost(length=lengths, draws=options["features"], dimension=size) / 2
    return Products(half, half)


def linformer(lengths: Lengths, size: int, options: Options) -> Products:
    """The causal form: keys and values of all blocks but the last are added to k rows; each query
    meets its own block up to itself and, behind the first block, the k rows."""
    k, block = options["k"], options["block"]
    added = 2 * k * ((lengths - 1) // block * block)
    met = 2 * (_own_block(lengths, block) + k * np.maximum(lengths - block, 0))
    return Products(size * (added + met).astype(float), np.zeros(len(lengths)))


def bigbird(lengths: Lengths, size: int, options: Options) -> Products:
    """The causal form: block i of queries meets itself and as many blocks before it as the window,
    the global and the random ones are together, or all i."""
    block = options["block"]
    most = options["window"] + options["global_blocks"] + options["random_blocks"] - 1
    whole, rest = np.divmod(lengths, block)
    few = np.minimum(whole, most)  # blocks that meet all blocks before them
    blocks = block * (few * (few - 1) // 2 + (whole - few) * most) + rest * few
    met = 2 * (_own_block(lengths, block) + block * blocks)
    return Products(size * met.astype(float), np.zeros(len(lengths)))


def _own_block(lengths: Lengths, block: int) -> Lengths:
    """Pairs of a query and a key of its own block that is not behind it."""
    whole, rest = np.divmod(lengths, block)
    pairs: Lengths = (whole * block * (block + 1) + rest * (rest + 1)) // 2
    return pairs


COUNTS: dict[str, Callable[[Lengths, int, Options], Products]] = {
    "sdpa": exact,
    "performer": performer,
    "linformer": linformer,
    "bigbird": bigbird,
}


def needed(way: str, work: str, length: int, size: int, options: Options) -> int:
    """Multiply-adds of one head; work: 'forward', or 'both' for forward and backward."""
    products = COUNTS[way](np.array([length]), size, options)
    return round(float((products.forward if work == "forward" else products.both)[0]))


def crossing(way: str, longest: int, size: int, options: Options) -> int | None:
    """The length from which on, up to `longest`, a forward pass needs no more multiply-adds than
    exact attention; None if it needs more at `longest`."""
    lengths = np.arange(1, longest + 1)
    more = COUNTS[way](lengths, size, options).forward > exact(lengths, size, {}).forward
    last = int(lengths[more].max(initial=0))
    return last + 1 if last < longest else None
