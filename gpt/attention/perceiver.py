"""A bottleneck of latents between first and last block: the course's Perceiver (2022/23, question
3g), after Jaegle et al. 2021 (arXiv:2103.03206) and Hawthorne et al. 2022 (arXiv:2202.07765).

The first block attends from m learned vectors, the latents, to the inputs; the blocks between are
causal self-attention over the m latents; the last attends from the inputs to the latents. Each adds
what it attends to its queries, and its MLP's output, as every block does.

Latent j has an end: it sees the inputs up to there, and is seen by the positions from there on.
That alone makes the whole causal. Where the ends lie, `mask` says:

- "course": latent j ends at position j, as in the starter code. Its one mask is the lower triangle
  of block size × block size, cut to the first rows and columns of whatever sizes meet: latent j
  sees inputs 0 … j, position t sees latents 0 … t. So of a text only the first m characters are
  ever attended to: a position t ≥ m knows these and itself, as query and through the sum, and
  nothing that stands between. What is generated there is chosen without a look at what was
  generated before, but for the one character last written. (Its `--bottleneck_dim` is 32 by
  default; the script that comes with it says 64.)
- "spread": ours. The ends lie evenly over the block, the last one at its end. Position t sees all
  inputs up to the last end that is not after it, which is less than block size / m away.

What the starter code leaves to students is here as its hints have it: the first norm is that of the
latents, inputs are attended to, and from, as they are. Public solutions differ in that, and in
whether a block adds its queries at all. The latents start as xavier_uniform_ draws them for the
course's shape (1, m, C), evenly from ±√(6/(C (m + 1))).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gpt.attention.cache import KeyValues, State
from gpt.attention.cross_attention import CrossAttention
from gpt.attention.stack import Block, Layer, Stack
from gpt.attention.vanilla import SelfAttention


class DownProjection(Layer):
    """From inputs to latents: what each latent sees of the inputs, added to it; then its MLP."""

    attention: CrossAttention

    def __init__(self, attention: CrossAttention, width: int, dropout: float, latents: int) -> None:
        super().__init__(attention, width, dropout)
        self.latents = nn.Parameter(torch.empty(1, latents, width))
        nn.init.xavier_uniform_(self.latents)

    def forward(self, x: Float[Tensor, "B T C"], ends: Int[Tensor, " M"]) -> Float[Tensor, "B M C"]:
        """The first M latents, each having seen the inputs up to its end."""
        latents = self.latents[:, : len(ends)]
        return self._then_mlp(latents + self.attention(self.norm1(latents), x, ends))

    def start(
        self, x: Float[Tensor, "B T C"], ends: Int[Tensor, " M"], room: int
    ) -> tuple[Float[Tensor, "B M C"], KeyValues]:
        """`forward`, and what `extend` needs of it."""
        latents = self.latents[:, : len(ends)]
        attended, state = self.attention.start(self.norm1(latents), x, ends, None, room)
        return self._then_mlp(latents + attended), state

    def extend(
        self,
        x: Float[Tensor, "B 1 C"],
        positions: Int[Tensor, " B"],
        slots: Int[Tensor, " B"],
        ends: Int[Tensor, " M"],
        state: KeyValues,
    ) -> Float[Tensor, "B 1 C"]:
        """One more input of each row, and the latent of its slot."""
        self.attention.append(x, positions, state)
        latent = self.latents[0, slots, None]
        seen = torch.minimum(ends[slots], positions) + 1
        return self._then_mlp(latent + self.attention.extend(self.norm1(latent), seen, state))


class UpProjection(Layer):
    """From latents back: what each input sees of the latents, added to it; then its MLP."""

    attention: CrossAttention

    def forward(
        self,
        latents: Float[Tensor, "B M C"],
        x: Float[Tensor, "B T C"],
        ends: Int[Tensor, " M"],
        kept: Int[Tensor, " N"] | None = None,
    ) -> Float[Tensor, "B T C"] | Float[Tensor, "N C"]:
        """All positions, or those of the flattened batch that are `kept`."""
        attended = self.attention(x, self.norm1(latents), context_times=ends)
        return self._then_mlp(x + attended, kept)

    def start(
        self,
        latents: Float[Tensor, "B M C"],
        x: Float[Tensor, "B T C"],
        ends: Int[Tensor, " M"],
        room: int,
        kept: Int[Tensor, " N"],
    ) -> tuple[Float[Tensor, "N C"], KeyValues]:
        """`forward`, and what `extend` needs of it."""
        attended, state = self.attention.start(x, self.norm1(latents), None, ends, room)
        return self._then_mlp(x + attended, kept), state

    def extend(
        self,
        latent: Float[Tensor, "B 1 C"],
        x: Float[Tensor, "B 1 C"],
        slots: Int[Tensor, " B"],
        finished: Int[Tensor, " B"],
        state: KeyValues,
    ) -> Float[Tensor, "B 1 C"]:
        """One more input of each row; `latent` is that of its slot, `finished` how many it sees."""
        self.attention.append(self.norm1(latent), slots, state)
        return self._then_mlp(x + self.attention.extend(x, finished, state))


class Perceiver(Stack):
    """Down to latents, self-attention among them, and up again."""

    options: ClassVar[dict[str, Any]] = {"bottleneck": 32, "mask": "course"}
    positions_learned = True

    def __init__(
        self,
        down: DownProjection,
        between: Sequence[Block],
        up: UpProjection,
        ends: Sequence[int],
    ) -> None:
        """ends: of the latents, in ascending order"""
        super().__init__([down, *between, up])
        self._ends = ends  # known without asking the device
        self.register_buffer("ends", torch.tensor(ends), persistent=False)
        self.ends: Tensor

    @classmethod
    def stack(
        cls,
        layers: int,
        width: int,
        heads: int,
        block_size: int,
        dropout: float,
        bottleneck: int = 32,
        mask: str = "course",
    ) -> Self:
        """Raises: ValueError for fewer than 2 layers, a bottleneck that is none, an unknown mask,
        or if `heads` does not divide `width`.
        """
        if layers < 2:
            raise ValueError(f"a perceiver needs at least 2 layers, down and up, got {layers}")
        ends = latent_ends(block_size, bottleneck, mask)
        down = DownProjection(CrossAttention(width, heads, dropout), width, dropout, bottleneck)
        between = [
            Block(SelfAttention(width, heads, bottleneck, dropout), width, dropout)
            for _ in range(layers - 2)
        ]
        up = UpProjection(CrossAttention(width, heads, dropout), width, dropout)
        return cls(down, between, up, ends)

    def forward(
        self, x: Float[Tensor, "B T C"], kept: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "B T C"] | Float[Tensor, "N C"]:
        down, *between, up = self
        ends = self._ends_within(x.shape[1])
        latents = down(x, ends)
        for block in between:
            latents = block(latents)
        out: Tensor = up(latents, x, ends, kept)
        return out

    def start(
        self,
        x: Float[Tensor, "B T C"],
        lengths: Int[Tensor, " B"],
        room: int,
        kept: Int[Tensor, " N"],
    ) -> tuple[Float[Tensor, "N C"], list[State]]:
        """`forward`, and what `extend` needs of it: a state for each block.

        Latents that end behind a row's own length are not right yet, and `extend` takes them anew.
        """
        down, *between, up = self
        ends = self._ends_within(x.shape[1])
        later = len(self._ends) - len(ends)
        latents, first = down.start(x, ends, room)
        states: list[State] = [first]
        finished = self._finished(lengths - 1)
        for block in between:
            latents, state = block.start(latents, finished, later)
            states.append(state)
        y, last = up.start(latents, x, ends, later, kept)
        return y, [*states, last]

    def extend(
        self, x: Float[Tensor, "B 1 C"], positions: Int[Tensor, " B"], states: list[Any]
    ) -> Float[Tensor, "B 1 C"]:
        """One more position of each row; the states, of `start`, then hold it too.

        With it, the first latent that does not end before it is taken anew, from the inputs that
        are there; once its end has come, it is right, and only then is it seen. If all have ended,
        the last is taken anew as it was.
        """
        down, *between, up = self
        slots = torch.bucketize(positions, self.ends).clamp(max=len(self._ends) - 1)
        latent = down.extend(x, positions, slots, self.ends, states[0])
        for block, state in zip(between, states[1:-1], strict=True):
            latent = block.extend(latent, slots, state)
        out: Tensor = up.extend(latent, x, slots, self._finished(positions), states[-1])
        return out

    def _ends_within(self, positions: int) -> Int[Tensor, " M"]:
        """Of the latents that end among so many positions, and of the first in any case.

        The others would be seen by nobody.
        """
        return self.ends[: max(1, bisect_left(self._ends, positions))]

    def _finished(self, positions: Int[Tensor, " B"]) -> Int[Tensor, " B"]:
        """How many latents have ended at each position."""
        return torch.bucketize(positions, self.ends, right=True)


def latent_ends(block_size: int, bottleneck: int, mask: str) -> list[int]:
    """The last input that each latent sees, which is the first position that sees the latent.

    Raises: ValueError for a bottleneck that is none, or an unknown mask.
    """
    if not 1 <= bottleneck <= block_size:
        raise ValueError(f"bottleneck {bottleneck} is not from 1 to the block size {block_size}")
    if mask == "course":
        return list(range(bottleneck))
    if mask == "spread":
        return [(j + 1) * block_size // bottleneck - 1 for j in range(bottleneck)]
    raise ValueError(f"unknown mask {mask!r} of perceiver; known: course, spread")
