"""Random streams: what trial i draws depends on the seed, the experiment and i alone.

Trials come in blocks of one fixed shape. Block number b of an experiment has its own stretch of a
Philox stream (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the key of
the cipher is a hash of seed and experiment, its counter starts at b · 2^128. Whoever computes a
block, in whatever order, draws the same numbers; a block reads far less than 2^128 of them, so no
two blocks overlap.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

SIZE = 8_192
"""Trials in a block: sixteen scores of each fill a core's cache; larger and smaller are slower."""


@dataclass(frozen=True)
class Block:
    """Block `number` of the trials of experiment `key`: `size` of them."""

    seed: int
    key: str
    number: int
    size: int = SIZE

    @property
    def digest(self) -> bytes:
        """Hash of seed and experiment, 16 bytes."""
        name = f"{self.seed}\n{self.key}".encode()
        return hashlib.blake2b(name, digest_size=16).digest()

    def generator(self) -> np.random.Generator:
        """A new generator at the start of this block's stretch of the stream."""
        return np.random.Generator(
            np.random.Philox(
                key=np.frombuffer(self.digest, dtype="<u8").astype(np.uint64),
                counter=np.array([0, 0, self.number, 0], dtype=np.uint64),
            )
        )

    def twins(self) -> tuple[Block, Block]:
        """Two neighbouring blocks, distinct for distinct numbers: 2b and 2b + 1."""
        return replace(self, number=2 * self.number), replace(self, number=2 * self.number + 1)
