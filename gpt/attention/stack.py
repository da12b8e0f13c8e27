"""Blocks, and a stack of them: what a variant of attention makes a model of.

A stack is a list of blocks that are run one after the other. A variant whose blocks are not alike
has a stack of its own (see perceiver.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from jaxtyping import Float, Int
from torch import Tensor, nn

from gpt.attention.cache import State
from gpt.linear import Linear

if TYPE_CHECKING:
    from gpt.attention.heads import Attention


class Layer(nn.Module):
    """What every block has: attention, an MLP, and a norm for each."""

    def __init__(self, attention: nn.Module, width: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.attention = attention
        self.mlp = nn.Sequential(
            Linear(width, 4 * width), nn.GELU(), Linear(4 * width, width), nn.Dropout(dropout)
        )

    def _then_mlp(
        self, x: Float[Tensor, "B T C"], kept: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "B T C"] | Float[Tensor, "N C"]:
        """x + mlp(norm(x)) at all positions, or those of the flattened batch that are `kept`."""
        x = x if kept is None else x.flatten(0, 1)[kept]
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class Block(Layer):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    attention: Attention

    def forward(
        self, x: Float[Tensor, "B T C"], kept: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "B T C"] | Float[Tensor, "N C"]:
        """All positions, or those of the flattened batch that are `kept`."""
        return self._then_mlp(x + self.attention(self.norm1(x)), kept)

    def start(
        self,
        x: Float[Tensor, "B T C"],
        lengths: Int[Tensor, " B"],
        room: int,
        kept: Int[Tensor, " N"] | None = None,
    ) -> tuple[Float[Tensor, "B T C"] | Float[Tensor, "N C"], State]:
        """`forward`, and what `extend` needs of it (see cache.py)."""
        attended, state = self.attention.start(self.norm1(x), lengths, room)
        return self._then_mlp(x + attended, kept), state

    def extend(
        self, x: Float[Tensor, "B 1 C"], positions: Int[Tensor, " B"], state: Any
    ) -> Float[Tensor, "B 1 C"]:
        """One more position of each row; `state` is of this block's `start`."""
        return self._then_mlp(x + self.attention.extend(self.norm1(x), positions, state))


class Stack(nn.Module):
    """Blocks that are run one after the other; as modules they are named by their numbers."""

    def __init__(self, blocks: Iterable[Layer]) -> None:
        super().__init__()
        for number, block in enumerate(blocks):
            self.add_module(str(number), block)

    def __iter__(self) -> Iterator[Any]:
        return self.children()

    def __getitem__(self, number: int) -> Any:
        return list(self)[number]

    @property
    def positions_learned(self) -> bool:
        """Whether the model is to learn positions and add them to its embedding."""
        return all(block.attention.positions_learned for block in self)

    def forward(
        self, x: Float[Tensor, "B T C"], kept: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "B T C"] | Float[Tensor, "N C"]:
        """The last block's output at all positions, or at those of the flattened batch `kept`.

        What no output asked for depends on, half of the last block, is then left out.
        """
        *blocks, last = self
        for block in blocks:
            x = block(x)
        out: Tensor = last(x, kept)
        return out

    def start(
        self,
        x: Float[Tensor, "B T C"],
        lengths: Int[Tensor, " B"],
        room: int,
        kept: Int[Tensor, " N"],
    ) -> tuple[Float[Tensor, "N C"], list[State]]:
        """`forward`, and what `extend` needs of it: a state for each block."""
        *blocks, last = self
        states = []
        for block in blocks:
            x, state = block.start(x, lengths, room)
            states.append(state)
        x, state = last.start(x, lengths, room, kept)
        return x, [*states, state]

    def extend(
        self, x: Float[Tensor, "B 1 C"], positions: Int[Tensor, " B"], states: list[Any]
    ) -> Float[Tensor, "B 1 C"]:
        """One more position of each row; the states, of `start`, then hold it too."""
        for block, state in zip(self, states, strict=True):
            x = block.extend(x, positions, state)
        return x
