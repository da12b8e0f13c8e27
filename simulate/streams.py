"""Random streams: what trial i draws depends on the seed, the experiment and i alone.

Trials come in blocks of one fixed shape. Block number b of an experiment has its own stretch of a
Philox stream (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the key of
the cipher is a hash of seed and experiment, its counter starts at b · 2^128. Whoever computes a
block, in whatever order, draws the same numbers; a block reads far less than 2^128 of them, so no
two blocks overlap.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

SIZE = 16_384
"""Trials in a block: its arrays fit a core's cache, and memory does not grow with the trials."""


@dataclass(frozen=True)
class Block:
    """Block `number` of the trials of experiment `key`."""

    seed: int
    key: str
    number: int

    def generator(self) -> np.random.Generator:
        """A new generator at the start of this block's stretch of the stream."""
        name = f"{self.seed}\n{self.key}".encode()
        digest = hashlib.blake2b(name, digest_size=16).digest()
        return np.random.Generator(
            np.random.Philox(
                key=np.frombuffer(digest, dtype="<u8").astype(np.uint64),
                counter=np.array([0, 0, self.number, 0], dtype=np.uint64),
            )
        )

    def pair(self) -> tuple[Block, Block]:
        """Two neighbouring blocks, distinct for distinct numbers: 2b and 2b + 1."""
        return (
            Block(self.seed, self.key, 2 * self.number),
            Block(self.seed, self.key, 2 * self.number + 1),
        )


def blocks(seed: int, key: str, trials: int) -> Iterator[tuple[Block, int]]:
    """The blocks that `trials` trials need, and how many trials of each count.

    The last block is computed whole too: trial i is then the same in every run that has it.
    """
    for number, start in enumerate(range(0, trials, SIZE)):
        yield Block(seed, key, number), min(SIZE, trials - start)
