"""Causal self-attention, one variant a file; `VARIANTS` maps a variant's name to its class."""

from __future__ import annotations

from gpt.attention.bigbird import BigBirdAttention
from gpt.attention.heads import Attention
from gpt.attention.linformer import LinformerAttention
from gpt.attention.perceiver import Perceiver
from gpt.attention.performer import PerformerAttention
from gpt.attention.rope import RotaryAttention
from gpt.attention.synthesizer import SynthesizerAttention
from gpt.attention.vanilla import SelfAttention

VARIANTS: dict[str, type[Attention] | type[Perceiver]] = {
    "vanilla": SelfAttention,
    "rope": RotaryAttention,
    "linformer": LinformerAttention,
    "synthesizer": SynthesizerAttention,
    "bigbird": BigBirdAttention,
    "perceiver": Perceiver,
    "performer": PerformerAttention,
}
