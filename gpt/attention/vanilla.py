"""Multi-head softmax self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from gpt.attention.cache import KeyValues
from gpt.linear import Linear, linear


class SelfAttention(nn.Module):
    """softmax(scale · QKᵀ)V in each head, then an output projection.

    Positions are learned and added to the embedding by the model (`positions_learned`).
    """

    positions_learned = True

    def __init__(
        self,
        width: int,
        heads: int,
        block_size: int,
        dropout: float,
        causal: bool = True,
        scale: float | None = None,
    ) -> None:
        """`scale` multiplies the scores; None means 1/√(width/heads), as in the practical's code.

        Raises: ValueError if `heads` does not divide `width`.
        """
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of {heads} heads")
        self.heads, self.dropout, self.causal = heads, dropout, causal
        self._scale = (width // heads) ** -0.5 if scale is None else scale
        self.block_size = block_size
        self.query = Linear(width, width)
        self.key = Linear(width, width)
        self.value = Linear(width, width)
        self.projection = Linear(width, width)
        self.residual_dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        q, k, v = self._queries_keys_values(x)
        dropout = self.dropout if self.training else 0.0
        return self._output(softmax_attention(q, k, v, self._scale, self.causal, dropout))

    def start(
        self, x: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], room: int
    ) -> tuple[Float[Tensor, "B T C"], KeyValues]:
        """`forward`, and the keys and values for `extend`; padding is behind every query."""
        q, k, v = self._queries_keys_values(x)
        y = self._output(softmax_attention(q, k, v, self._scale, self.causal, 0.0))
        return y, KeyValues(k, v, room)

    def extend(
        self, x: Float[Tensor, "B 1 C"], positions: Int[Tensor, " B"], state: KeyValues
    ) -> Float[Tensor, "B 1 C"]:
        """The output at each row's next position, which the state then holds as well."""
        q, k, v = self._queries_keys_values(x, positions)
        state.append(k, v, positions)
        return self._output(state.attend(q, positions, self._scale))

    def place(
        self, x: Float[Tensor, "B H T D"], positions: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B H T D"]:
        """Give queries or keys their positions; here the embedding has done so already.

        positions: of the only query or key of each row (T is 1); None means 0 … T − 1
        """
        return x

    def _queries_keys_values(
        self, x: Float[Tensor, "B T C"], positions: Int[Tensor, " B"] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One product for all three, a little faster on a CPU at the practical's width."""
        layers = (self.query, self.key, self.value)
        weight = torch.cat([layer.weight for layer in layers])
        bias = torch.cat([layer.bias for layer in layers])
        B, T, C = x.shape
        joint = linear(x, weight, bias).view(B, T, 3, self.heads, C // self.heads)
        q, k, v = joint.transpose(1, 3).unbind(2)
        return self.place(q, positions), self.place(k, positions), v

    def _output(self, y: Float[Tensor, "B H T D"]) -> Float[Tensor, "B T C"]:
        out: Tensor = self.residual_dropout(self.projection(y.transpose(1, 2).flatten(2)))
        return out


def softmax_attention(
    q: Float[Tensor, "B H T D"],
    k: Float[Tensor, "B H T D"],
    v: Float[Tensor, "B H T D"],
    scale: float,
    causal: bool,
    dropout: float,
) -> Float[Tensor, "B H T D"]:
    """softmax(scale · QKᵀ)V in each head, with dropout on the weights.

    torch's fused kernel, but for bf16 on a CPU: there its backward pass takes seven times as long
    as plain products at the practical's lengths, and half of the whole training step.
    """
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        with torch.autocast("cpu", enabled=False):
            return _by_products(q, k, v, scale, causal, dropout)
    return functional.scaled_dot_product_attention(
        q, k, v, dropout_p=dropout, is_causal=causal, scale=scale
    )


def _by_products(
    q: Tensor, k: Tensor, v: Tensor, scale: float, causal: bool, dropout: float
) -> Tensor:
    B, H, T, D = q.shape
    bias = torch.zeros(T, T, dtype=q.dtype)
    if causal:
        bias.masked_fill_(torch.ones(T, T, dtype=torch.bool).triu(1), float("-inf"))
    q, k, v = (x.reshape(B * H, T, D) for x in (q, k, v))
    scores = torch.baddbmm(bias.expand(B * H, T, T), q, k.transpose(1, 2), alpha=scale)
    weights = functional.dropout(scores.softmax(-1), dropout)
    return (weights @ v).view(B, H, T, D)


def attend(
    queries: Float[Tensor, "m d"],
    keys: Float[Tensor, "n d"],
    values: Float[Tensor, "n e"],
    scale: float,
) -> Float[Tensor, "m e"]:
    """softmax(scale · QKᵀ)V for bare vectors, as section 2 of the practical writes it (scale 1)."""
    return functional.scaled_dot_product_attention(
        queries[None], keys[None], values[None], scale=scale
    )[0]
