"""Random directions ω, each N(0, I) by itself: independent, or orthogonal in blocks of d.

Orthogonal ones (Yu et al. 2016, arXiv:1610.09072; Choromański et al. 2020, arXiv:2009.14794,
section 2.4) are the rows of uniformly random orthogonal matrices times lengths that are drawn
apart, each with the law of the length of a Gaussian vector.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor


def independent(heads: int, m: int, d: int, generator: Generator) -> Float[Tensor, "H m d"]:
    """m independent directions for each head."""
    return _normal(heads, m, d, generator=generator)


def orthogonal(heads: int, m: int, d: int, generator: Generator) -> Float[Tensor, "H m d"]:
    """m directions for each head, exactly orthogonal in blocks of d; the last may be incomplete.

    Blocks and heads are independent of each other.
    """
    blocks = -(-m // d)
    rows = _rotations(_normal(heads, blocks, d, d, generator=generator)).flatten(1, 2)
    lengths = _normal(heads, m, d, generator=generator).norm(dim=-1, keepdim=True)
    directions: Tensor = lengths * rows[:, :m]
    return directions


DRAWS: dict[str, Callable[[int, int, int, Generator], Tensor]] = {
    "orthogonal": orthogonal,
    "independent": independent,
}


def generator(seed: int, number: int) -> Generator:
    """The generator of the draw of that number; draws of one seed are independent."""
    state = np.random.SeedSequence((seed, number)).generate_state(1, np.uint64)
    return Generator().manual_seed(int(state[0]))


def _rotations(gaussian: Float[Tensor, "*B d d"]) -> Float[Tensor, "*B d d"]:
    """Uniform over orthogonal matrices: Q of a Gaussian matrix, made unique by diag R > 0.

    Without the signs Q is not uniform (Mezzadri 2007, arXiv:math-ph/0609050).
    """
    q, r = torch.linalg.qr(gaussian)
    rotations: Tensor = (q * r.diagonal(dim1=-2, dim2=-1).sign()[..., None, :]).mT
    return rotations


def _normal(*shape: int, generator: Generator) -> Tensor:
    """In double precision, so that rows are orthogonal to the last bit that is kept of them."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)
