"""Softmax attention with rotary positions: `vanilla` with `rotary`, as a variant of its own."""

from __future__ import annotations

from gpt.attention.vanilla import SelfAttention


class RotaryAttention(SelfAttention):
    """Queries and keys are rotated (see rotation.py), and no positions are learned."""

    def __init__(
        self,
        width: int,
        heads: int,
        block_size: int,
        dropout: float,
        causal: bool = True,
        scale: float | None = None,
    ) -> None:
        """Raises: ValueError if a head's size is odd, or `heads` does not divide `width`."""
        super().__init__(width, heads, block_size, dropout, causal, scale, rotary=True)
