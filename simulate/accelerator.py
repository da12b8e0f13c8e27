"""The accelerated backend: scores of random keys drawn and attended to by torch, on CUDA.

A block of trials is larger here, so that starting a kernel costs nothing beside running it, and its
normals come from the device's own generator, seeded by a hash of seed, experiment and block. Its
counts are therefore other counts than those of numpy, of the same law: what agrees to rounding is
what is made of given normals. They are the same for any number of ranks, on one kind of device and
one version of torch; torch promises no more.
"""

from __future__ import annotations

import hashlib
from typing import Any

from reports.record import InputError
from simulate.keys import Scores
from simulate.samplers import Sampler, shaped
from simulate.streams import Block

SIZE = 2**20
"""Trials in a block: sixteen scores of each are 128 MiB."""


def seed_of(block: Block) -> int:
    """63 bits of a hash of the block's stream and number, for torch's generator."""
    name = block.digest + block.number.to_bytes(8, "little")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little") >> 1


def name() -> str:
    """The name of the CUDA device, as a record holds it.

    Raises: InputError if there is none.
    """
    import torch

    if not torch.cuda.is_available():
        raise InputError("--device cuda: this machine has none that torch can use")
    return torch.cuda.get_device_name()


def on_device(device: str) -> Sampler:
    """The reduced sampler on a torch device; its scores are tensors there, in float64."""
    import torch

    def sampler(block: Block, trials: int, law: Scores) -> Any:
        generator = torch.Generator(device).manual_seed(seed_of(block))
        noise: Any = torch.randn(
            (*law.shape, trials), generator=generator, device=device, dtype=torch.float64
        )
        return shaped(noise, law)

    return sampler
