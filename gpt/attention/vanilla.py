"""Multi-head softmax self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


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
        self.heads, self.dropout, self.causal, self.scale = heads, dropout, causal, scale
        self.block_size = block_size
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.projection = nn.Linear(width, width)
        self.residual_dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        q, k, v = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        y = functional.scaled_dot_product_attention(
            self.place(q),
            self.place(k),
            v,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.causal,
            scale=self.scale,
        )
        y = y.transpose(1, 2).reshape(x.shape)
        out: Tensor = self.residual_dropout(self.projection(y))
        return out

    def place(self, x: Float[Tensor, "B H T D"]) -> Float[Tensor, "B H T D"]:
        """Give queries or keys their positions; here the embedding has done so already."""
        return x

    def _split(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B H T D"]:
        B, T, C = x.shape
        return x.view(B, T, self.heads, C // self.heads).transpose(1, 2)


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
