"""How far a run is, and the curve that it has drawn so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Point:
    """One step of the curve; `loss` in nats a target character, `seconds` since the first step."""

    step: int
    epoch: int
    loss: float
    learning_rate: float
    tokens: int
    seconds: float


@dataclass
class Progress:
    """Epoch and batch are of the batch that comes next, from 0.

    They are the whole position in the data, because the batches of an epoch are a pure function of
    (seed, epoch). labels: what the course's schedule counts (see Batch)
    """

    epoch: int = 0
    batch: int = 0
    labels: int = 0
    points: list[Point] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Number of steps done."""
        return len(self.points)

    @property
    def tokens(self) -> int:
        """Characters read that are not PAD."""
        return self.points[-1].tokens if self.points else 0

    @property
    def seconds(self) -> float:
        """Time spent in training, that of processes before this one included."""
        return self.points[-1].seconds if self.points else 0.0


def as_table(points: Sequence[Point]) -> Float[Tensor, "steps columns"]:
    """The curve in double precision, which holds every number of it exactly."""
    rows = [tuple(vars(point).values()) for point in points]
    return torch.tensor(rows, dtype=torch.float64).view(-1, len(fields(Point)))


def from_table(table: Float[Tensor, "steps columns"]) -> Iterator[Point]:
    """The inverse of `as_table`."""
    for step, epoch, loss, rate, tokens, seconds in table.tolist():
        yield Point(int(step), int(epoch), loss, rate, int(tokens), seconds)
