"""The point of a convex hull that is nearest to a given point, in exact rational arithmetic.

Wolfe's algorithm (Finding the nearest point in a polytope, Mathematical Programming 11, 1976)
keeps a few corners of the hull, affinely independent, and the nearest point of *their* hull. Each
round adds the corner that lies deepest on the near side of that point and drops corners whose
weights would fall below 0. The distance falls in every round and there are finitely many sets of
corners, so without rounding it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flint import fmpq, fmpq_mat

Point = Sequence[Fraction]


def nearest_weights(points: Sequence[Point], target: Point) -> list[Fraction]:
    """Weights ≥ 0 with sum 1 of the points whose combination is nearest to the target.

    points: at least one, all of the target's dimension. At most d + 1 weights are above 0.

    >>> corners = [[Fraction(0), Fraction(0)], [Fraction(4), Fraction(0)]]
    >>> nearest_weights(corners, [Fraction(1), Fraction(5)])
    [Fraction(3, 4), Fraction(1, 4)]
    """
    from flint import fmpq

    gram = _products(points, target)
    n = len(points)
    start = min(range(n), key=lambda i: gram[i, i])
    kept = {start: fmpq(1)}
    while True:
        along = [_total(w * gram[i, k] for k, w in kept.items()) for i in range(n)]
        square = _total(w * along[k] for k, w in kept.items())
        deepest = min(range(n), key=along.__getitem__)
        if along[deepest] >= square:
            weights = [kept.get(i, fmpq(0)) for i in range(n)]
            return [Fraction(int(w.p), int(w.q)) for w in weights]
        kept = _settled(gram, kept | {deepest: fmpq(0)})


def _products(points: Sequence[Point], target: Point) -> fmpq_mat:
    """Inner products of the points as seen from the target."""
    from flint import fmpq, fmpq_mat

    seen = [[a - b for a, b in zip(point, target, strict=True)] for point in points]
    entries = [fmpq(x.numerator, x.denominator) for row in seen for x in row]
    matrix = fmpq_mat(len(points), len(target), entries)
    return matrix * matrix.transpose()


def _settled(gram: fmpq_mat, kept: dict[int, fmpq]) -> dict[int, fmpq]:
    """Move to the nearest point of the corners' affine hull, dropping those that are in the way."""
    while True:
        wanted = _affine(gram, list(kept))
        falling = [k for k in kept if wanted[k] <= 0]
        if not falling:
            return wanted
        share = min(kept[k] / (kept[k] - wanted[k]) for k in falling)
        moved = {k: w + share * (wanted[k] - w) for k, w in kept.items()}
        kept = {k: w for k, w in moved.items() if w > 0}


def _affine(gram: fmpq_mat, corners: list[int]) -> dict[int, fmpq]:
    """Weights with sum 1, of any sign, of the point nearest to the target.

    By Lagrange: its inner products with all corners are one number, the last unknown.
    """
    from flint import fmpq, fmpq_mat

    rows = [[*(gram[i, k] for k in corners), fmpq(1)] for i in corners]
    rows.append([*(fmpq(1) for _ in corners), fmpq(0)])
    right = fmpq_mat(len(rows), 1, [fmpq(0)] * len(corners) + [fmpq(1)])
    size = len(rows)
    solution = fmpq_mat(size, size, [x for row in rows for x in row]).solve(right)
    return {k: solution[position, 0] for position, k in enumerate(corners)}


def _total(terms: object) -> fmpq:
    from flint import fmpq

    return sum(terms, fmpq(0))  # type: ignore[call-overload]
