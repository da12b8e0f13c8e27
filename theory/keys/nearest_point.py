"""The point of a convex hull that is nearest to a given point, in exact rational arithmetic.

Wolfe's algorithm (Finding the nearest point in a polytope, Mathematical Programming 11, 1976)
keeps a few corners of the hull, affinely independent, and the nearest point of *their* hull. Each
round adds the corner that lies deepest on the near side of that point and drops corners whose
weights would fall below 0. The distance falls in every round and there are finitely many sets of
corners, so without rounding it ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flint import fmpq, fmpz_mat

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
        # Whole numbers over one denominator: sums of fractions would reduce at every term.
        bottom = math.lcm(*(int(w.q) for w in kept.values()))
        tops = {k: (w * bottom).p for k, w in kept.items()}
        along = [sum(top * gram[i, k] for k, top in tops.items()) for i in range(n)]
        square = sum(top * along[k] for k, top in tops.items())
        deepest = min(range(n), key=along.__getitem__)
        if along[deepest] * bottom >= square:
            return [Fraction(int(tops.get(i, 0)), bottom) for i in range(n)]
        kept = _settled(gram, kept | {deepest: fmpq(0)})


def _products(points: Sequence[Point], target: Point) -> fmpz_mat:
    """Inner products of the points as seen from the target, in a unit that makes them whole."""
    from flint import fmpz_mat

    seen = [[a - b for a, b in zip(point, target, strict=True)] for point in points]
    unit = math.lcm(*(x.denominator for row in seen for x in row))
    matrix = fmpz_mat([[int(x * unit) for x in row] for row in seen])
    return matrix * matrix.transpose()


def _settled(gram: fmpz_mat, kept: dict[int, fmpq]) -> dict[int, fmpq]:
    """Move to the nearest point of the corners' affine hull, dropping those that are in the way."""
    while True:
        wanted = _affine(gram, list(kept))
        falling = [k for k in kept if wanted[k] <= 0]
        if not falling:
            return wanted
        share = min(kept[k] / (kept[k] - wanted[k]) for k in falling)
        moved = {k: w + share * (wanted[k] - w) for k, w in kept.items()}
        kept = {k: w for k, w in moved.items() if w > 0}


def _affine(gram: fmpz_mat, corners: list[int]) -> dict[int, fmpq]:
    """Weights with sum 1, of any sign, of the point nearest to the target.

    By Lagrange: its inner products with all corners are one number, the last unknown.
    """
    from flint import fmpq, fmpq_mat

    rows = [[*(fmpq(gram[i, k]) for k in corners), fmpq(1)] for i in corners]
    rows.append([*(fmpq(1) for _ in corners), fmpq(0)])
    right = fmpq_mat(len(rows), 1, [fmpq(0)] * len(corners) + [fmpq(1)])
    size = len(rows)
    solution = fmpq_mat(size, size, [x for row in rows for x in row]).solve(right)
    return {k: solution[position, 0] for position, k in enumerate(corners)}
