"""Causal self-attention, one variant a file; `VARIANTS` maps a variant's name to its class."""

from __future__ import annotations

from gpt.attention.heads import Attention
from gpt.attention.rope import RotaryAttention
from gpt.attention.vanilla import SelfAttention

VARIANTS: dict[str, type[Attention]] = {"vanilla": SelfAttention, "rope": RotaryAttention}
