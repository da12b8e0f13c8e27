"""Linformer: attention over k projections of keys and values (Wang et al. 2020, arXiv:2006.04768).

Equation 7 of the paper: softmax(scale · Q (E K)ᵀ) F V in each head, where E and F are k × n, n the
block size (the paper prints n × k and uses k × n). `share` says who has them in common: "headwise"
all heads of a layer, which then has one E and one F; "key-value" keys and values besides, E = F.
The paper's third way, one E for all layers, is left out: a layer here knows no other.

Two rules hold throughout. A position that is not there (behind a shorter input, padding, or not yet
finished, see below) adds nothing to E K and F V: an input of T positions meets the first T columns.
And a row of E K to which nothing has been added, because E is exactly 0 in all those columns, is no
key and takes no part in the softmax. So attention with E = F = identity is exact softmax attention,
whatever the length and the padding.

A row of E K mixes all positions, so the paper's form is for bidirectional attention. The causal
form is ours. Positions come in blocks of `block`; a query sees, in one softmax, the positions of
its own block up to itself, exactly, and the k rows of E K with the rows of F V, summed over the
blocks finished before its own. Time and memory grow with T (k + block).

Entries of E and F start from N(0, 1/k), as in the lemma of Johnson and Lindenstrauss on which the
paper rests: the product of E x and E y is that of x and y in the mean. That holds for any of E's
columns as for all of them, so sums over finished blocks need no other scale.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional

from gpt.attention.blocks import in_blocks
from gpt.attention.heads import Attention
from gpt.attention.masked import weighted
from gpt.attention.vanilla import later

SHARES = ("headwise", "key-value")


class LinformerAttention(Attention):
    """softmax(scale · Q (E K)ᵀ) F V in each head, or its causal form."""

    options: ClassVar[dict[str, Any]] = {
        "k": 32,
        "block": 16,
        "share": "key-value",
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
        k: int = 32,
        block: int = 16,
        share: str = "key-value",
        rotary: bool = False,
    ) -> None:
        """k: rows of E and F; block: positions that see each other exactly, if causal

        Raises: ValueError for k or block out of range, an unknown way of sharing, or what
        `Attention` refuses.
        """
        super().__init__(width, heads, block_size, dropout, causal, scale, rotary=rotary)
        if not 1 <= k <= block_size:
            raise ValueError(f"k must be from 1 to the block size {block_size}, got {k}")
        if causal and not 1 <= block <= block_size:
            raise ValueError(f"block must be from 1 to the block size {block_size}, got {block}")
        if share not in SHARES:
            raise ValueError(f"unknown share {share!r}; known: {', '.join(SHARES)}")
        self.block, self.share = block, share
        self.E = nn.Parameter(torch.randn(k, block_size) * k**-0.5)
        if share == "headwise":
            self.F = nn.Parameter(torch.randn(k, block_size) * k**-0.5)

    def mix(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        """Raises: ValueError if T exceeds the block size."""
        T = q.shape[2]
        if self.block_size < T:
            raise ValueError(f"{T} positions exceed the block size {self.block_size}")
        if padding is not None:
            k, v = blank(k, padding), blank(v, padding)
        return (self._causally if self.causal else self._both_ways)(q, k, v, padding)

    def _both_ways(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        """Every query sees the sums over all positions.

        What is masked has k columns or k rows, and no T × k array is copied for it: a row of E K
        that is no key has a score far below all others, and is 0 among the values, so that a query
        with no key at all gets 0.
        """
        E, F = (matrix[:, : q.shape[2]] for matrix in self.matrices)
        there = None if padding is None else ~padding[:, None]
        unseen = ~adds(E[:, None], there)[:, None]
        keys, values = project_heads(E, k), project_heads(F, v)
        far_below = unseen.to(q.dtype) * (torch.finfo(q.dtype).min / 2)
        weights = (q @ (self._scale * keys).mT).add_(far_below).softmax(-1)
        weights = functional.dropout(weights, self.dropout, self.training)
        return weights @ values.masked_fill(unseen.mT, 0.0)

    def _causally(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        """Every query sees its own block up to itself, and the sums over the blocks before."""
        T, block = q.shape[2], self.block
        there = q.new_ones(1, T, dtype=torch.bool) if padding is None else ~padding
        q, pair = in_blocks(q, block, 2), in_blocks(torch.stack((k, v)), block, 3)
        matrices = in_blocks(torch.stack(self.matrices)[..., :T], block, 2)
        there = in_blocks(there, block, 1)
        sums, added = project(matrices, pair), adds(matrices[0], there)[:, None, :, None]
        own = there[:, None, :, None] & ~later(block, q.device)
        seen = torch.cat((before(added, 2).expand(*own.shape[:-1], -1), own), -1)
        keys, values = torch.cat((before(sums, 3), pair), -2)
        scores = self._scale * q @ keys.mT
        y = weighted(scores, seen, values, self.dropout if self.training else 0.0)
        return y.flatten(2, 3)[:, :, :T]

    def begin(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        lengths: Int[Tensor, " B"],
        room: int,
    ) -> tuple[Float[Tensor, "B H T D"], ProjectedSums]:
        pair, matrices = torch.stack((k, v)), torch.stack(self.matrices)
        state = ProjectedSums.of(matrices, self.block, pair, lengths)
        return self.mix(q, k, v, None), state

    def step(
        self,
        q: Float[Tensor, "B H 1 D"],
        k: Float[Tensor, "B H 1 D"],
        v: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
        state: ProjectedSums,
    ) -> Float[Tensor, "B H 1 D"]:
        state.append(torch.stack((k, v)), positions)
        return state.attend(q, positions, self._scale)

    @property
    def matrices(self) -> tuple[Float[Tensor, "k n"], Float[Tensor, "k n"]]:
        """E and F."""
        return self.E, self.F if self.share == "headwise" else self.E


class ProjectedSums:
    """E K and F V over each row's finished blocks and over all its positions; its block at hand.

    Beside them (they stay as they are) E and F, and to which rows of E K the blocks before each
    have added.
    """

    def __init__(
        self,
        matrices: Float[Tensor, "2 k n"],
        added: Bool[Tensor, "N k"],
        finished: Float[Tensor, "2 B H k D"],
        whole: Float[Tensor, "2 B H k D"],
        hand: Float[Tensor, "2 B H c D"],
    ) -> None:
        self._matrices, self._added = matrices, added
        self._finished, self._whole, self._hand = finished, whole, hand

    @staticmethod
    def of(
        matrices: Float[Tensor, "2 k n"],
        block: int,
        pair: Float[Tensor, "2 B H T D"],
        lengths: Int[Tensor, " B"],
    ) -> ProjectedSums:
        """After the first `lengths` positions of each row."""
        T, device = pair.shape[3], pair.device
        columns, begun = torch.arange(T, device=device), lengths // block * block

        def until(ends: Int[Tensor, " B"]) -> Tensor:
            return project(matrices[..., :T], blank(pair, columns >= ends[:, None]))

        # behind a row's end the block at hand holds anything; it is overwritten before it is seen
        places = (begun[:, None] + torch.arange(block, device=device)).clamp(max=T - 1)
        hand = pair.take_along_dim(places[None, :, None, :, None], 3)
        there = torch.ones(1, matrices.shape[2], dtype=torch.bool, device=device)
        added = adds(in_blocks(matrices[0], block, 1), in_blocks(there, block, 1))
        return ProjectedSums(matrices, before(added, 1)[0], until(begun), until(lengths), hand)

    def keep(self, rows: Int[Tensor, " kept"]) -> ProjectedSums:
        kept = (x[:, rows] for x in (self._finished, self._whole, self._hand))
        return ProjectedSums(self._matrices, self._added, *kept)

    def append(self, pair: Float[Tensor, "2 B H 1 D"], positions: Int[Tensor, " B"]) -> None:
        """Add each row's next position; one that begins a block finishes the block before it."""
        place = positions % self._hand.shape[3]
        begins = (place == 0)[:, None, None, None]
        self._finished = torch.where(begins, self._whole, self._finished)
        columns = self._matrices[..., positions].mT[:, :, None, :, None]
        self._whole = self._whole + columns * pair
        rows = torch.arange(len(positions), device=positions.device)
        for hand, new in zip(self._hand, pair, strict=True):
            hand[rows, :, place] = new[:, :, 0]

    def attend(
        self, query: Float[Tensor, "B H 1 D"], positions: Int[Tensor, " B"], scale: float
    ) -> Float[Tensor, "B H 1 D"]:
        """Over the sums of each row's finished blocks and its block up to its position."""
        block = self._hand.shape[3]
        own = torch.arange(block, device=positions.device) <= (positions % block)[:, None]
        seen = torch.cat((self._added[positions // block], own), -1)[:, None, None]
        keys, values = torch.cat((self._finished, self._hand), -2)
        return weighted(scale * query @ keys.mT, seen, values, 0.0)


# ---------------------------------------------------------------------------- sums by block


def blank(
    x: Float[Tensor, "*pair B H T D"], absent: Bool[Tensor, "B T"]
) -> Float[Tensor, "*pair B H T D"]:
    """Keys and values made 0 where no position is, so that they add nothing."""
    return x.masked_fill(absent[:, None, :, None], 0.0)


def project(
    matrices: Float[Tensor, "p k *N c"], pair: Float[Tensor, "p B H *N c D"]
) -> Float[Tensor, "p B H *N k D"]:
    """E K and F V, over all positions or over those of each of N blocks alone."""
    return torch.einsum("pj...c,pbh...cd->pbh...jd", matrices, pair)


def project_heads(E: Float[Tensor, "k T"], x: Float[Tensor, "B H T D"]) -> Float[Tensor, "B H k D"]:
    """E K for all heads in one product: their columns lie side by side, where nothing is copied."""
    together = x.transpose(1, 2).flatten(2)
    projected: Tensor = (E @ together).unflatten(-1, x.shape[1::2])
    return projected.transpose(1, 2)


def adds(E: Float[Tensor, "k N c"], there: Bool[Tensor, "B N c"] | None) -> Bool[Tensor, "#B N k"]:
    """Whether some position of a block is there (None: all are) and adds to a row of E K."""
    added = E.any(-1)[None] if there is None else ((E != 0) & there[:, None]).any(-1)
    return added.mT


def before(x: Shaped[Tensor, "*any"], dim: int) -> Shaped[Tensor, "*any"]:
    """The sum (of truth values: whether there is any) over the blocks before each."""
    first, rest = x.narrow(dim, 0, 1), x.narrow(dim, 0, x.shape[dim] - 1)
    return torch.cat((torch.zeros_like(first), rest.cumsum(dim).to(x.dtype)), dim)
