"""Softmax attention from one sequence to another (Vaswani et al. 2017, section 3.2.3)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from gpt.attention.cache import KeyValues
from gpt.attention.masked import weighted
from gpt.linear import Linear


class CrossAttention(nn.Module):
    """softmax(scale · QKᵀ)V in each head: queries of one sequence, keys and values of another.

    Every query and every key has a time. If causal, a query sees the keys whose time is not after
    its own. By default times are 0, 1, 2 … on both sides: query i sees the keys 0 … i, as in the
    course's CausalCrossAttention.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        dropout: float,
        causal: bool = True,
        scale: float | None = None,
    ) -> None:
        """`scale` multiplies the scores; None means 1/√(width/heads).

        Raises: ValueError if `heads` does not divide `width`.
        """
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        self.heads, self.dropout, self.causal = heads, dropout, causal
        self._scale = (width // heads) ** -0.5 if scale is None else scale
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.projection = Linear(width, width)
        self.residual_dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "#B M C"],
        context: Float[Tensor, "B T C"],
        times: Int[Tensor, " M"] | None = None,
        context_times: Int[Tensor, " T"] | None = None,
        padding: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B M C"]:
        """x: gives the queries, the same for all rows if it has but one; context: keys and values

        padding: true where the context has no position, and nothing may look at it
        A query that sees nothing at all gets the values' mean over no key, which is 0.
        """
        return self._mixed(x, *self._keys_values(context), times, context_times, padding)

    def start(
        self,
        x: Float[Tensor, "#B M C"],
        context: Float[Tensor, "B T C"],
        times: Int[Tensor, " M"] | None,
        context_times: Int[Tensor, " T"] | None,
        room: int,
    ) -> tuple[Float[Tensor, "B M C"], KeyValues]:
        """`forward`, and what `append` and `extend` need; `room` more keys may follow.

        Raises: ValueError if attention is not causal.
        """
        if not self.causal:
            raise ValueError("attention that sees later positions cannot be extended")
        k, v = self._keys_values(context)
        return self._mixed(x, k, v, times, context_times, None), KeyValues(k, v, room)

    def append(
        self, context: Float[Tensor, "B 1 C"], slots: Int[Tensor, " B"], state: KeyValues
    ) -> None:
        """One more key and value of each row, or another in place of one, at its slot."""
        state.append(*self._keys_values(context), slots)

    def extend(
        self, x: Float[Tensor, "B 1 C"], seen: Int[Tensor, " B"], state: KeyValues
    ) -> Float[Tensor, "B 1 C"]:
        """The output of one more query of each row, which sees the first so many keys."""
        attended = state.attend(self._split(self.query(x)), seen - 1, self._scale)
        return self._output(attended.masked_fill(seen[:, None, None, None] == 0, 0.0))

    def _mixed(
        self,
        x: Float[Tensor, "#B M C"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        times: Int[Tensor, " M"] | None,
        context_times: Int[Tensor, " T"] | None,
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B M C"]:
        q = self._split(self.query(x))
        M, T = q.shape[2], k.shape[2]
        seen = torch.ones(M, T, dtype=torch.bool, device=k.device)
        if self.causal:
            own = torch.arange(M, device=k.device) if times is None else times
            theirs = torch.arange(T, device=k.device) if context_times is None else context_times
            seen = theirs <= own[:, None]
        if padding is not None:
            seen = seen & ~padding[:, None, None, :]
        scores = self._scale * (q @ k.transpose(2, 3))
        dropout = self.dropout if self.training else 0.0
        return self._output(weighted(scores, seen, v, dropout))

    def _keys_values(
        self, context: Float[Tensor, "B T C"]
    ) -> tuple[Float[Tensor, "B H T D"], Float[Tensor, "B H T D"]]:
        return self._split(self.key(context)), self._split(self.value(context))

    def _split(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B H T D"]:
        B, T, C = x.shape
        return x.view(B, T, self.heads, C // self.heads).transpose(1, 2)

    def _output(self, y: Float[Tensor, "B H M D"]) -> Float[Tensor, "B M C"]:
        out: Tensor = self.residual_dropout(self.projection(y.transpose(1, 2).flatten(2)))
        return out
