"""Performer attention, FAVOR+ (Choromański et al. 2020, arXiv:2009.14794)."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from gpt.attention.directions import DRAWS, generator
from gpt.attention.feature_maps import MAPS, Features
from gpt.attention.heads import Attention
from gpt.attention.running_sums import RunningSums, read_causally

SEEDS = 1 << 24
"""Whole numbers below it are exact in float32, in which parameter files keep all tensors."""


class PerformerAttention(Attention):
    """softmax(scale · QKᵀ)V with each exp(scale · qᵀk) estimated by φ(q)ᵀφ(k), in linear time.

    Each head has random directions of its own, kept with the parameters. Sums are in float32 at
    least. There are no attention weights, so dropout acts on the output alone.
    """

    options: ClassVar[dict[str, Any]] = {
        "features": 64,
        "map": "positive",
        "draws": "orthogonal",
        "redraw": 0,
        "chunk": 64,
        "rotary": False,
    }

    def __init__(
        self,
        width: int,
        heads: int,
        block_size: int,
        dropout: float,
        causal: bool = True,
        scale: float | None = None,
        *,
        features: int = 64,
        map: str = "positive",
        draws: str = "orthogonal",
        redraw: int = 0,
        chunk: int = 64,
        rotary: bool = False,
    ) -> None:
        """features: how many directions are drawn; hyperbolic and trigonometric features are twice
        as many
        map, draws: see feature_maps.py and directions.py
        redraw: calls of `forward` in training between two draws; 0 means one draw for good
        chunk: see running_sums.py

        Raises: ValueError for an option that is none of these, a scale that is not positive, heads
        that do not divide `width`, or rotated heads of odd size.
        """
        super().__init__(width, heads, block_size, dropout, causal, scale, rotary=rotary)
        _require(features >= 1, f"features must be at least 1, got {features}")
        _require(map in MAPS, f"unknown map {map!r}; known: {', '.join(MAPS)}")
        _require(draws in DRAWS, f"unknown draws {draws!r}; known: {', '.join(DRAWS)}")
        _require(redraw >= 0, f"redraw must be at least 0, got {redraw}")
        power = chunk >= 1 and chunk & (chunk - 1) == 0
        _require(power, f"chunk must be a power of two, got {chunk}")
        _require(self._scale > 0, f"random features need a positive scale, got {self._scale}")
        self._features, self._map, self._draws = features, MAPS[map], DRAWS[draws]
        self._redraw, self._chunk = redraw, chunk
        self.register_buffer("seed", torch.randint(SEEDS, ()))
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.register_buffer("directions", torch.empty(heads, features, width // heads))
        self.seed: Tensor
        self.calls: Tensor
        self.directions: Tensor
        self._draw(0)

    def forward(
        self, x: Float[Tensor, "B T C"], padding: Bool[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B T C"]:
        if self.training and self._redraw:
            self._count()
        return super().forward(x, padding)

    def mix(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        padding: Bool[Tensor, "B T"] | None,
    ) -> Float[Tensor, "B H T D"]:
        with torch.autocast(q.device.type, enabled=False):
            queries, keys, values = self._mapped(q, k, v, padding)
            if self.causal:
                reading = read_causally(queries, keys, values, self._chunk)
            else:
                reading = RunningSums.of(keys, values).read(queries)
            return reading.quotient().to(v.dtype)

    def begin(
        self,
        q: Float[Tensor, "B H T D"],
        k: Float[Tensor, "B H T D"],
        v: Float[Tensor, "B H T D"],
        lengths: Int[Tensor, " B"],
        room: int,
    ) -> tuple[Float[Tensor, "B H T D"], RunningSums]:
        with torch.autocast(q.device.type, enabled=False):
            padding = torch.arange(q.shape[2], device=q.device) >= lengths[:, None]
            queries, keys, values = self._mapped(q, k, v, padding)
            reading = read_causally(queries, keys, values, self._chunk)
            return reading.quotient().to(v.dtype), RunningSums.of(keys, values)

    def step(
        self,
        q: Float[Tensor, "B H 1 D"],
        k: Float[Tensor, "B H 1 D"],
        v: Float[Tensor, "B H 1 D"],
        positions: Int[Tensor, " B"],
        state: RunningSums,
    ) -> Float[Tensor, "B H 1 D"]:
        with torch.autocast(q.device.type, enabled=False):
            query, key, value = self._mapped(q, k, v, None)
            state.append(key, value)
            return state.read(query).quotient().to(v.dtype)

    def _mapped(
        self, q: Tensor, k: Tensor, v: Tensor, padding: Bool[Tensor, "B T"] | None
    ) -> tuple[Features, Features, Float[Tensor, "B H T D"]]:
        """Features of queries and keys, and values, in float32 at least."""
        exact = torch.promote_types(q.dtype, torch.float32)
        directions = self.directions.to(exact)
        queries, keys = (self._map(x.to(exact), directions, self._scale) for x in (q, k))
        keys = keys if padding is None else keys.without(padding[:, None])
        return queries, keys, v.to(exact)

    # --------------------------------------------------------------------------- draws

    def _count(self) -> None:
        """Count a call in training, which has new directions when they are due.

        They depend on the seed and the count alone, which checkpoints hold as well.
        """
        calls = int(self.calls)
        if calls and calls % self._redraw == 0:
            self._draw(calls // self._redraw)
        self.calls = self.calls + 1

    def _draw(self, number: int) -> None:
        """A new tensor: a backward pass may still need the one before."""
        heads, m, d = self.directions.shape
        drawn = self._draws(heads, m, d, generator(int(self.seed), number))
        self.directions = drawn.to(self.directions)


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)
