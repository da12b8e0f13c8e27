"""Attention by its definition, in floating point, without the derivations that it is to check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Vector = Sequence[float]


@dataclass(frozen=True)
class Direct:
    """What a computation from the definition found at chosen numbers.

    sentence: for a reader, with inline mathematics between dollars; agrees: whether it bears the
    law out.
    """

    sentence: str
    agrees: bool


def weights(keys: Sequence[Vector], query: Vector) -> list[float]:
    """Softmax of the scores k_iᵀq, which carry no 1/√d.

    >>> weights([[1, 0], [0, 1]], [0, 0])
    [0.5, 0.5]
    """
    scores = [math.fsum(a * b for a, b in zip(key, query, strict=True)) for key in keys]
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = math.fsum(powers)
    return [power / total for power in powers]


def output(keys: Sequence[Vector], query: Vector, values: Sequence[Vector]) -> list[float]:
    """The weighted mean of the values.

    >>> output([[1, 0], [0, 1]], [0, 0], [[2, 0], [0, 4]])
    [1.0, 2.0]
    """
    shares = weights(keys, query)
    return [
        math.fsum(w * v for w, v in zip(shares, column, strict=True))
        for column in zip(*values, strict=True)
    ]


def unit(position: int, size: int) -> list[float]:
    """A vector of the standard basis.

    >>> unit(1, 3)
    [0.0, 1.0, 0.0]
    """
    return [float(i == position) for i in range(size)]


def close(found: float, law: float, relative: float = 1e-9) -> bool:
    """Whether two floats are the same number but for rounding."""
    return math.isclose(found, law, rel_tol=relative, abs_tol=1e-300)
