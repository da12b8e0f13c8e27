"""Inequalities over whole boxes of parameters, by interval arithmetic with Arb numbers as ends.

A box is cut in halves until the least value on each piece is known to be at least 0. Balls are
centre and radius, which loses much where they are wide; here an interval is its two ends, each a
number that Arb has rounded outwards.
"""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import arb, ctx

from theory.gaussian import Phi, spelled_out
from theory.proof import rigorous
from theory.proof.typeset import latex

SIDE = 4  # how far a box reaches where a parameter has no end
LARGER = (0, 1, 2, 5, 14)  # integers of a box, above the least
INSET = sp.Rational(1, 16)
EVALUATIONS = 60

Box = dict[sp.Symbol, tuple[sp.Rational, sp.Rational]]


@dataclass(frozen=True)
class Survey:
    """What balls say about expression ≥ 0 over a box of parameters that was cut into pieces.

    certified: share of the box in which it holds for certain; violated: a piece where it fails
    """

    certified: float
    violated: str

    @property
    def words(self) -> str:
        if self.certified < 0.005:
            return "Arb agrees"
        share = math.floor(100 * self.certified + 1e-9)
        return f"Arb agrees, and certifies {share} % of a box"


def survey(expression: sp.Expr, domain: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]) -> Survey:
    """Cut a box well inside the domain into halves until balls decide or effort is spent."""
    return _surveyed(expression, list(_boxes(domain, INSET)))


def everywhere(expression: sp.Expr, domain: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]) -> bool:
    """Whether balls certify expression ≥ 0 on the whole of a domain that is compact."""
    compact = all(end.is_finite for ends in domain.values() for end in ends)
    if not compact or any(symbol.is_integer for symbol in domain):
        return False
    return _surveyed(expression, list(_boxes(domain, sp.Integer(0)))).certified == 1


def _surveyed(expression: sp.Expr, starts: list[Box]) -> Survey:
    """Integrals are too slow for this: of them points alone are asked."""
    opened = spelled_out(expression)
    if not starts[0] or opened.has(sp.Integral):
        return Survey(0.0, "")
    free = [symbol for symbol, (lower, upper) in starts[0].items() if lower != upper]
    # The fewer times a symbol occurs, the sharper the bounds: terms are gathered where it is cheap.
    slopes = {s: sp.factor_terms(sp.diff(opened, s)) for s in free}
    waiting = deque((box, 1 / len(starts)) for box in starts)
    certified = 0.0
    for _ in range(EVALUATIONS):
        if not waiting:
            break
        box, share = waiting.popleft()
        values = bounds(opened, box)
        if values.upper < 0:
            return Survey(certified, _words(box))
        if values.lower >= 0 or bounds(opened, _lowest(slopes, box)).lower >= 0:
            certified += share
        else:
            waiting += [(half, share / 2) for half in _halves(box)]
    return Survey(certified, "")


def _lowest(slopes: Mapping[sp.Symbol, sp.Expr], box: Box) -> Box:
    """A face of the box that holds the minimum: an end where a derivative keeps its sign."""
    for symbol, slope in 2 * list(slopes.items()):  # an end that is found settles other signs
        lower, upper = box[symbol]
        rise = bounds(slope, box)
        if rise.lower >= 0:
            box = box | {symbol: (lower, lower)}
        elif rise.upper <= 0:
            box = box | {symbol: (upper, upper)}
    return box


def _boxes(
    domain: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]], inset: sp.Rational
) -> Iterator[Box]:
    """One box for each choice of the integers, which are points of it.

    inset: share of a side by which the box keeps away from the ends of the domain, where the sides
    of an inequality may touch
    """
    ordered = sorted(domain, key=lambda s: s.name)
    rounds = len(LARGER) if any(s.is_integer for s in ordered) else 1
    for k in range(rounds):
        box = {}
        for i, symbol in enumerate(ordered):
            lower, upper = domain[symbol]
            if symbol.is_integer:
                value = sp.Min(lower + LARGER[(k * (i + 1) + i) % len(LARGER)], upper)
                box[symbol] = (value, value)
            else:
                start = (
                    lower
                    if lower.is_finite
                    else (upper if upper.is_finite else sp.Integer(SIDE) / 2) - SIDE
                )
                end = upper if upper.is_finite else start + SIDE
                box[symbol] = (start + (end - start) * inset, end - (end - start) * inset)
        yield box


def _cut(lower: sp.Expr, upper: sp.Expr) -> tuple[sp.Rational, sp.Rational]:
    """A range with an end in place of each infinity."""
    if lower.is_finite:
        return lower, upper if upper.is_finite else lower + SIDE
    centre = sp.Integer(0) if upper == sp.oo else upper - sp.Rational(SIDE, 2)
    return centre - sp.Rational(SIDE, 2), centre + sp.Rational(SIDE, 2)


def _halves(box: Box) -> list[Box]:
    """The box cut across its longest side; a point has no halves."""
    symbol = max(box, key=lambda s: (box[s][1] - box[s][0], s.name))
    lower, upper = box[symbol]
    if lower == upper:
        return []
    middle = (lower + upper) / 2
    return [box | {symbol: (lower, middle)}, box | {symbol: (middle, upper)}]


def _words(box: Box) -> str:
    return ", ".join(f"${latex(s)} \\in [{a}, {b}]$" for s, (a, b) in box.items())


# ----------------------------------------------------------------------- interval arithmetic

INFINITE = arb("inf")


@dataclass(frozen=True)
class Interval:
    """All numbers between two ends."""

    lower: Any
    upper: Any

    def __add__(self, other: Interval) -> Interval:
        return _outward(self.lower + other.lower, self.upper + other.upper)

    def __mul__(self, other: Interval) -> Interval:
        products = [a * b for a in (self.lower, self.upper) for b in (other.lower, other.upper)]
        return _spanning(products)

    def power(self, exponent: int) -> Interval:
        if exponent < 0:
            inverse = self.power(-exponent)
            if inverse.lower <= 0 <= inverse.upper:
                return EVERYTHING
            return _spanning([1 / inverse.lower, 1 / inverse.upper])
        ends = [self.lower**exponent, self.upper**exponent]
        crosses = exponent % 2 == 0 and self.lower < 0 < self.upper
        return _spanning([*ends, arb(0)] if crosses else ends)


def _outward(lower: arb, upper: arb) -> Interval:
    """Ends rounded away from each other; an end that is not a number says nothing."""
    if not (lower.is_finite() and upper.is_finite()):
        return EVERYTHING
    return Interval(lower.lower(), upper.upper())


def _spanning(values: list[arb]) -> Interval:
    if not all(value.is_finite() for value in values):
        return EVERYTHING
    lowers, uppers = [v.lower() for v in values], [v.upper() for v in values]
    return Interval(functools.reduce(arb.min, lowers), functools.reduce(arb.max, uppers))


EVERYTHING = Interval(-INFINITE, INFINITE)


def bounds(expression: sp.Expr, box: Box) -> Interval:
    """An interval that holds every value of the expression on the box."""
    with ctx.workprec(rigorous.BITS):
        at = {s: Interval(*(rigorous.exact(end) for end in ends)) for s, ends in box.items()}
        return _bounds(spelled_out(expression), at)


def _bounds(e: sp.Expr, at: Mapping[sp.Symbol, Interval]) -> Interval:
    if isinstance(e, sp.Symbol):
        return at[e]
    if not e.free_symbols:
        value = rigorous.enclose(e, {}).value
        return _outward(value, value)
    inner = [_bounds(a, at) for a in e.args]
    if any(part.lower == -INFINITE or part.upper == INFINITE for part in inner):
        return EVERYTHING
    if isinstance(e, sp.Add):
        return functools.reduce(Interval.__add__, inner)
    if isinstance(e, sp.Mul):
        return functools.reduce(Interval.__mul__, inner)
    if isinstance(e, sp.Pow):
        return _power(e.exp, inner[0], inner[1])
    if isinstance(e, sp.exp):
        return _outward(inner[0].lower.exp(), inner[0].upper.exp())
    if isinstance(e, sp.log):
        return _logarithm(inner[0])
    if isinstance(e, Phi):
        ends = [(-end / arb(2).sqrt()).erfc() / 2 for end in (inner[0].lower, inner[0].upper)]
        return _outward(*ends)
    wide = e.func(*(sp.Dummy() for _ in e.args))
    balls = {s: part.lower.union(part.upper) for s, part in zip(wide.args, inner, strict=True)}
    value = rigorous.enclose(wide, balls).value
    return _outward(value, value)


def _power(exponent: sp.Expr, base: Interval, power: Interval) -> Interval:
    if exponent.is_Integer:
        return base.power(int(exponent))
    if power.lower == power.upper and (whole := power.lower.unique_fmpz()) is not None:
        return base.power(int(whole))
    if exponent.is_Rational and exponent > 0 and base.lower >= 0:
        share = rigorous.exact(exponent)
        return _outward(*(end**share if end > 0 else arb(0) for end in (base.lower, base.upper)))
    if base.lower <= 0:
        return EVERYTHING
    logarithm = power * _logarithm(base)
    return _outward(logarithm.lower.exp(), logarithm.upper.exp())


def _logarithm(x: Interval) -> Interval:
    return _outward(x.lower.log(), x.upper.log()) if x.lower > 0 else EVERYTHING
