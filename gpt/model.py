"""The GPT of the practical: embedding, pre-norm blocks, untied head (Radford et al. 2019)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from gpt.attention import VARIANTS
from gpt.attention.cache import State
from gpt.attention.options import resolved
from gpt.linear import Linear


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides the shapes of a model; saved with its parameters."""

    variant: str
    vocabulary_size: int
    block_size: int = 128
    layers: int = 4
    heads: int = 8
    width: int = 256
    dropout: float = 0.1
    attention: dict[str, Any] = field(default_factory=dict)
    """The options of the variant (see attention/options.py)."""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class GPT(nn.Module):
    """Ids (B, T) to logits (B, T, V); position t sees positions 0 … t alone."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary_size, config.width)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = VARIANTS[config.variant].stack(
            config.layers, config.width, config.heads, config.block_size, config.dropout,
            **config.attention,
        )  # fmt: skip
        if self.blocks.positions_learned:
            self.positions = nn.Parameter(torch.zeros(config.block_size, config.width))
        else:
            self.register_parameter("positions", None)
        self.norm = nn.LayerNorm(config.width)
        self.head = Linear(config.width, config.vocabulary_size, bias=False)
        self.apply(_initialise)

    def forward(
        self, ids: Int[Tensor, "B T"], kept: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "B T V"] | Float[Tensor, "N V"]:
        """The logits at all positions, or at those of the flattened batch that are `kept`.

        Raises: ValueError if T exceeds the block size.
        """
        T = ids.shape[1]
        self._check(T)
        x = self.blocks(self._embed(ids, slice(T)), kept)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def start(
        self, ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"], room: int
    ) -> tuple[Float[Tensor, "B V"], list[State]]:
        """The logits at each row's last position, and what the blocks keep of the rows.

        ids: padded on the right; lengths: of each row without padding
        room: how many positions may follow the longest row
        Raises: ValueError if longest row and room exceed the block size.
        """
        B, T = ids.shape
        self._check(T + room)
        ends = torch.arange(B, device=ids.device) * T + lengths - 1
        x, states = self.blocks.start(self._embed(ids, slice(T)), lengths, room, ends)
        logits: Tensor = self.head(self.norm(x))
        return logits, states

    def extend(
        self, ids: Int[Tensor, " B"], positions: Int[Tensor, " B"], states: list[State]
    ) -> Float[Tensor, "B V"]:
        """The logits after one more id of each row, which stands at its position.

        The states, of `start`, then hold it too. In fp32 the logits are within 2e-6 of the largest
        from those of `forward` on the whole rows, for sums are taken in another order; those of an
        untrained model, within 1e-5 at most.
        """
        x = self._embed(ids[:, None], positions[:, None])
        x = self.blocks.extend(x, positions, states)
        logits: Tensor = self.head(self.norm(x[:, 0]))
        return logits

    def _embed(
        self, ids: Int[Tensor, "B T"], positions: slice | Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T C"]:
        x = self.tokens(ids)
        if self.positions is not None:
            x = x + self.positions[positions]
        embedded: Tensor = self.dropout(x)
        return embedded

    def _check(self, length: int) -> None:
        if self.config.block_size < length:
            raise ValueError(f"{length} positions exceed the block size {self.config.block_size}")

    def count(self) -> int:
        """Number of trained parameters."""
        return sum(p.numel() for p in self.parameters())


def _initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02²), biases 0; LayerNorm starts as the identity by default."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def build(
    variant: str, vocabulary_size: int, block_size: int = 128, seed: int = 0, **options: Any
) -> GPT:
    """A freshly initialised model; the caller's random state is left as it was.

    options: `layers`, `heads`, `width`, `dropout`, `attention` of ModelConfig.
    Raises: ValueError for an unknown variant, or shapes or options that do not fit.
    """
    options["attention"] = resolved(variant, options.get("attention", {}))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return GPT(ModelConfig(variant, vocabulary_size, block_size, **options))
