"""Which keys of a given set can be copied, decided in exact rational arithmetic with a certificate.

A certificate is checked by multiplying it out in fractions, which shares nothing with the
algorithm that found it: a wrong algorithm could only fail, not pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Rational
from typing import TYPE_CHECKING, Any

from theory import copying
from theory.keys import convex_hull
from theory.keys.nearest_point import nearest_weights
from theory.proof.assumptions import require, short

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

Row = tuple[Fraction, ...]


@dataclass(frozen=True)
class Separation:
    """Proof that a key lies outside the convex hull of the others: its score exceeds theirs.

    keys: n vectors of R^d; j: the position of the key; query: a vector with
    (k_j − k_i)ᵀ query > 0 for every i ≠ j.
    Raises: InputError if the query does not separate the key.
    """

    keys: tuple[Row, ...]
    j: int
    query: Row

    def __post_init__(self) -> None:
        fits = all(len(key) == len(self.query) for key in self.keys)
        separates = fits and self.margin > 0
        query = _shown(self.query)
        require(None if separates else f"the query {query} does not separate key {self.j}")

    @property
    def margin(self) -> Fraction:
        """min over i ≠ j of (k_j − k_i)ᵀ query."""
        scores = [_dot(key, self.query) for key in self.keys]
        return scores[self.j] - max(s for i, s in enumerate(scores) if i != self.j)

    def gain(self, epsilon: float) -> float:
        """A factor γ ≥ 0 for which the query γ · query gives α_j ≥ 1 − ε (claim copying.margin).

        Raises: InputError if ε is not strictly between 0 and 1.
        """
        wanted = max(0.0, copying.margin(epsilon, len(self.keys)))
        try:
            return float(Fraction(wanted) / self.margin)
        except OverflowError:
            return math.inf


@dataclass(frozen=True)
class Combination:
    """Proof that a key lies in the convex hull of the others: it is a weighted mean of them.

    keys: n vectors of R^d; j: the position of the key; weights: n numbers ≥ 0 with sum 1, that of
    key j being 0, for which Σ weights_i k_i = k_j.
    Raises: InputError if the weights do not give the key.
    """

    keys: tuple[Row, ...]
    j: int
    weights: Row

    def __post_init__(self) -> None:
        gives = (
            len(self.weights) == len(self.keys)
            and min(self.weights) >= 0
            and sum(self.weights) == 1
            and self.weights[self.j] == 0
            and _mean(self.weights, self.keys) == self.keys[self.j]
        )
        require(None if gives else f"the weights {_shown(self.weights)} do not give key {self.j}")

    @property
    def entropy(self) -> float:
        """−Σ weights_i log weights_i."""
        return math.fsum(-float(w) * math.log(w) for w in self.weights if w)

    @property
    def ceiling(self) -> float:
        """What α_j cannot exceed at any query: at most ½ (claim convex_hull.ceiling)."""
        return convex_hull.ceiling(self.entropy)


def copyable(
    keys: Float[np.ndarray, "n d"] | Sequence[Sequence[float | Rational]], j: int
) -> Separation | Combination:
    """Whether the weight of key j can be driven to 1 by some query, with the certificate.

    keys: n ≥ 2 rows of the same length d ≥ 1, of integers, fractions or floats, each taken for
    exactly the number that it is; j: a position from 0 to n − 1. Scores carry no 1/√d.

    A `Separation` comes with the query k_j − p, where p is the point of the hull nearest to k_j.
    Its margin is ‖query‖², the square of the distance ℓ of claims separation.norm (no query has a
    larger margin for its norm) and separation.least_norm. A `Combination` has at most d + 1
    weights above 0. It is about weights, not about values: equal values may be copied with any
    weights (claim convex_hull.miss).

    Raises: InputError naming all that is wrong with the keys and with j.
    Source: practical, question 2a; separating hyperplane theorem.

    >>> corner = copyable([[2, 2], [0, 0], [2, 0], [0, 2]], 0)
    >>> corner.query, corner.margin
    ((Fraction(1, 1), Fraction(1, 1)), Fraction(2, 1))
    >>> round(corner.gain(epsilon=0.001), 3)
    4.003
    >>> centre = copyable([[1, 1], [0, 0], [2, 0], [0, 2]], 0)
    >>> centre.weights
    (Fraction(0, 1), Fraction(0, 1), Fraction(1, 2), Fraction(1, 2))
    >>> round(centre.ceiling, 4)
    0.3333
    """
    require(*_problems(keys, j))
    rows = _plain(keys)
    exact = tuple(tuple(Fraction(x) for x in row) for row in rows)
    others = [key for i, key in enumerate(exact) if i != j]
    weights = nearest_weights(others, exact[j])
    weights.insert(j, Fraction(0))
    nearest = _mean(weights, exact)
    query = tuple(x - y for x, y in zip(exact[j], nearest, strict=True))
    return Separation(exact, j, query) if any(query) else Combination(exact, j, tuple(weights))


def _problems(keys: Any, j: Any) -> list[str]:
    """What is wrong with the keys and the position."""
    rows = _plain(keys)
    if not isinstance(rows, Sequence) or not all(_is_row(row) for row in rows):
        return [f"keys must be rows of numbers, got {short(keys)}"]
    problems = []
    if len(rows) < 2:
        problems.append(f"keys must have at least 2 rows, got {len(rows)}")
    lengths = sorted({len(row) for row in rows})
    if len(lengths) > 1:
        problems.append(f"keys must have rows of one length, got lengths {lengths}")
    elif lengths == [0]:
        problems.append("keys must have at least 1 column, got 0")
    entries = [x for row in rows for x in row]
    endless = [x for x in entries if isinstance(x, float) and not math.isfinite(x)]
    if endless:
        problems.append(f"keys must be finite, got {endless[0]}")
    if not isinstance(j, Integral) or int(j) not in range(len(rows)):
        problems.append(f"j must be a position from 0 to {len(rows) - 1}, got {short(j)}")
    return problems


def _plain(keys: Any) -> Any:
    """An array as lists of Python's own numbers; all else as it is."""
    return keys.tolist() if hasattr(keys, "tolist") else keys


def _is_row(row: Any) -> bool:
    return isinstance(row, Sequence) and all(isinstance(x, Rational | float) for x in row)


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(left, right, strict=True)), Fraction(0))


def _mean(weights: Sequence[Fraction], rows: Sequence[Row]) -> Row:
    return tuple(_dot(weights, column) for column in zip(*rows, strict=True))


def _shown(numbers: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, numbers)):.60})"
