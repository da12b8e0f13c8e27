"""What every variant of attention shares: queries, keys and values by head, and a projection.

A variant mixes the values of its heads (`mix`), and does so one position at a time as well, from
what it keeps of those before (`begin` and `step`; see cache.py).
"""

from __future__ import annotations

from typing import Any, ClassVar

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from gpt.attention.cache import State
from gpt.attention.rotation import Rotation
from gpt.attention.stack import Block, Stack
from gpt.linear import Linear


class Attention(nn.Module):
    """Multi-head attention, whose `mix` is the variant's own.

    Positions are learned and added to the embedding by the model (`positions_learned`), unless
    queries and keys are rotated.
    """

    options: ClassVar[dict[str, Any]] = {}
    """The variant's own arguments beside those below, with their defaults (see options.py)."""

    keyed: ClassVar[bool] = True
    """Whether positions have keys; a variant without them is given keys of size 0."""

    def __init__(
        self,
        width: int,
        heads: int,
        block_size: int,
        dropout: float,
        causal: bool = True,
        scale: float | None = None,
        *,
        rotary: bool = False,
    ) -> None:
        """`scale` multiplies the scores; None means 1/√(width/heads), as in the practical's code.

        Raises: ValueError if `heads` does not divide `width`, or heads of odd size are rotated.
        """
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        size = width // heads
        self.heads, self.dropout, self.causal = heads, dropout, causal
        self.block_size = block_size
        self._scale = size**-0.5 if scale is None else scale
        self.rotation = Rotation(size, block_size) if rotary else None
        self.query = Linear(width, width)
        if self.keyed:
            self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.projection = Linear(width, width)
        self.residual_dropout = nn.Dropout(dropout)

    @classmethod
    def stack(
        cls, layers: int, width: int, heads: int, block_size: int, dropout: float, **options: Any
    ) -> Stack:
        """The blocks of a model with this attention; `options` are the variant's own."""
        return Stack(
            Block(cls(width, heads, block_size, dropout, **options), width, dropout)
            for _ in range(layers)
        )

    @property
    def positions_learned(self) -> bool:
        """Whether the model is to learn positions and add them to its embedding."""
        return self.rotation is None

    def forward(
        self, x: Float[Tensor, "B T C"], padding: Bool[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T C"]:
        """padding: true where a position is none, and nothing may look at it

        A position that may look at nothing at all gets the values' mean over no key, which is 0.
        """
        return self._output(self.mix(*self._queries_keys_values(x), padding))

    def start(
        self, x: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], room: int
    ) -> tuple[Float[Tensor, "B T C"], State]:
        """`forward`, and what `extend` needs; padding is behind every query.

        Raises: ValueError if attention is not causal.
        """
        if not self.causal:
            raise ValueError("attention that sees later positions cannot be extended")
        y, state = self.begin(*self._queries_keys_values(x), lengths, room)
        return self._output(y), state

    def extend(
        self, x: Float[Tensor, "B 1 C"], positions: Int[Tensor, " B"], state: Any
    ) -> Float[Tensor, "B 1 C"]:
        """The output at each row's next position, which the state then holds as well."""
        q, k, v = self._queries_keys_values(x, positions)
        return self._output(self.step(q, k, v, positions, state))

    # ------------------------------------------------------------------ a variant's own

    def mix(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        """The values of each head, mixed."""
        raise NotImplementedError

    def begin(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        lengths: Int[Tensor, " B"],
        room: int,
    ) -> tuple[Float[Tensor, "B H T D"], State]:
        """`mix` of rows that are padded on the right, and what `step` needs of them."""
        raise NotImplementedError

    def step(
        self,
        q: Float[Tensor, "B H 1 D"],
        k: Float[Tensor, "B H 1 D"],
        v: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
        state: Any,
    ) -> Float[Tensor, "B H 1 D"]:
        """`mix` at each row's next position, which the state then holds as well."""
        raise NotImplementedError

    def place(
        self, x: Float[Tensor, "B H T D"], positions: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B H T D"]:
        """Give queries or keys their positions, unless the embedding has done so already.

        positions: of the only query or key of each row (T is 1); None means 0 … T − 1
        """
        return x if self.rotation is None else self.rotation(x, positions)

    # ------------------------------------------------------------------------- shared

    def _queries_keys_values(
        self, x: Float[Tensor, "B T C"], positions: Int[Tensor, " B"] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        heads, size = self.heads, x.shape[-1] // self.heads

        def by_head(layer: Linear) -> Float[Tensor, "B H T D"]:
            split: Tensor = layer(x).unflatten(-1, (heads, size))
            return split.transpose(1, 2)

        q, v = by_head(self.query), by_head(self.value)
        k = by_head(self.key) if self.keyed else q[..., :0]
        return self.place(q, positions), self.place(k, positions), v

    def _output(self, y: Float[Tensor, "B H T D"]) -> Float[Tensor, "B T C"]:
        out: Tensor = self.residual_dropout(self.projection(y.transpose(1, 2).flatten(2)))
        return out
