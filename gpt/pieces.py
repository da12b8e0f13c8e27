"""Examples as pieces of one array of symbols, joined into padded batches without a Python loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from gpt.vocabulary import PAD_ID

Pieces = Int[Tensor, "n K 2"]  # (start, length) of each piece; a piece of length 0 is no piece


@dataclass(frozen=True)
class Examples:
    """Example i is symbols[start : start + length] for each of its K pieces, joined in their order.

    silent: how many of an example's first targets are left out of the loss
    """

    symbols: Int[Tensor, " symbols"]
    pieces: Pieces
    silent: Int[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def sizes(self) -> Int[Tensor, " n"]:
        """Symbols of each example."""
        return self.pieces[..., 1].sum(-1)

    def counted(self) -> Int[Tensor, "2 n"]:
        """Sizes and silent targets, on the CPU: the one wait for a device in an epoch."""
        return torch.stack((self.sizes, self.silent)).cpu()

    def rows(self, chosen: Int[Tensor, " B"], longest: int) -> Int[Tensor, "B longest"]:
        """The chosen examples, each padded to the size of the longest of them.

        The size is given, not found: finding it would wait for the device.
        """
        starts, lengths = self.pieces[chosen].unbind(-1)
        ends = lengths.cumsum(-1)
        positions = torch.arange(longest, device=ends.device)
        positions = positions.expand(len(ends), -1).contiguous()
        piece = torch.searchsorted(ends, positions, right=True)  # the piece that a position is in
        inside = piece < ends.shape[1]
        piece = piece.clamp(max=ends.shape[1] - 1)
        shift = starts - (ends - lengths)
        found = self.symbols[(positions + shift.gather(1, piece)) * inside]
        return torch.where(inside, found, PAD_ID)

    def ids(self, index: int) -> Int[Tensor, " length"]:
        """One example."""
        chosen = torch.tensor([index], device=self.pieces.device)
        return self.rows(chosen, int(self.sizes[index]))[0]


def join(kinds: Sequence[Examples]) -> Examples:
    """The examples of several kinds, in the order given, over one array of symbols."""
    most = max(kind.pieces.shape[1] for kind in kinds)
    pieces, offset = [], 0
    for kind in kinds:
        padded = kind.pieces.new_zeros(len(kind), most, 2)
        padded[:, : kind.pieces.shape[1]] = kind.pieces
        padded[..., 0] += offset
        offset += len(kind.symbols)
        pieces.append(padded)
    return Examples(
        torch.cat([kind.symbols for kind in kinds]),
        torch.cat(pieces),
        torch.cat([kind.silent for kind in kinds]),
    )
