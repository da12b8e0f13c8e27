"""Multi-head softmax self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2)."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from gpt.attention.cache import KeyValues
from gpt.attention.heads import Attention
from gpt.attention.masked import weighted


class SelfAttention(Attention):
    """softmax(scale · QKᵀ)V in each head."""

    def mix(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        dropout = self.dropout if self.training else 0.0
        return softmax_attention(q, k, v, self._scale, self.causal, dropout, padding)

    def weights(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B H T T"]:
        """The attention weights of each head, which `forward` never writes out."""
        q, k, _ = self._queries_keys_values(x)
        scores = self._scale * (q @ k.mT)
        if self.causal:
            scores = scores.masked_fill(later(x.shape[1], x.device), float("-inf"))
        return scores.softmax(-1)

    def begin(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        lengths: Int[Tensor, " B"],
        room: int,
    ) -> tuple[Float[Tensor, "B H T D"], KeyValues]:
        return self.mix(q, k, v, None), KeyValues(k, v, room)

    def step(
        self,
        q: Float[Tensor, "B H 1 D"],
        k: Float[Tensor, "B H 1 D"],
        v: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
        state: KeyValues,
    ) -> Float[Tensor, "B H 1 D"]:
        state.append(k, v, positions)
        return state.attend(q, positions, self._scale)


def softmax_attention(
    q: Float[Tensor, "B H T D"],
    k: Float[Tensor, "B H T D"],
    v: Float[Tensor, "B H T D"],
    scale: float,
    causal: bool,
    dropout: float,
    padding: Bool[Tensor, "B T"] | None = None,
) -> Float[Tensor, "B H T D"]:
    """softmax(scale · QKᵀ)V in each head, with dropout on the weights.

    padding: keys that no query sees; a query that sees no key gets 0

    torch's fused kernel, but with padding, and for bf16 on a CPU: there its backward pass takes
    seven times as long as plain products at the practical's lengths, and half of the whole
    training step.
    """
    if padding is not None:
        seen = ~padding[:, None, None]
        seen = seen & ~later(q.shape[2], q.device) if causal else seen
        return weighted(scale * (q @ k.mT), seen, v, dropout)
    if q.device.type == "cpu" and q.dtype == torch.bfloat16:
        with torch.autocast("cpu", enabled=False):
            return _by_products(q, k, v, scale, causal, dropout)
    return functional.scaled_dot_product_attention(
        q, k, v, dropout_p=dropout, is_causal=causal, scale=scale
    )


def later(positions: int, device: torch.device) -> Bool[Tensor, "T T"]:
    """Whether the key of a column stands after the query of its row."""
    return torch.ones(positions, positions, dtype=torch.bool, device=device).triu(1)


def _by_products(
    q: Tensor, k: Tensor, v: Tensor, scale: float, causal: bool, dropout: float
) -> Tensor:
    B, H, T, D = q.shape
    bias = torch.zeros(T, T, dtype=q.dtype)
    if causal:
        bias.masked_fill_(later(T, q.device), float("-inf"))
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
