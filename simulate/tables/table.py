"""What a table of numbers for a figure is, and what it may be made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulate.experiment import Result
from simulate.samplers import Draw, Sampler
from simulate.streams import SIZE, Block

Table = tuple[Sequence[str], Iterable[Sequence[Any]]]
"""Names of the columns, and the rows."""


@dataclass(frozen=True)
class Run:
    """A finished run: its results by key of the experiment, and what it was run with.

    alpha: smallest noise of the random keys; sampler: draws the scores of samples made for a table
    """

    results: Mapping[str, Result]
    alpha: float
    seed: int
    sampler: Sampler

    def draws(self, key: str, blocks: int, size: int = SIZE) -> Iterator[Draw]:
        """The first blocks of a stream that belongs to tables alone."""
        for number in range(blocks):
            yield Draw(self.block(key, number, size), self.sampler)

    def block(self, key: str, number: int = 0, size: int = SIZE) -> Block:
        """A block of a stream that belongs to tables alone."""
        return Block(self.seed, f"table.{key}", number, size)
