"""The second checker: enclosures by balls of python-flint's Arb, whose error bounds are proved.

It shares nothing with the first checker but the expression itself.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import acb, arb, ctx, fmpq

from theory.gaussian import Phi, spelled_out
from theory.proof.typeset import latex

BITS = 160
REACH = 40  # beyond it the normal density is below 1e-347
BEYOND = arb(0, "1e-300")
ELEMENTARY: dict[type, Callable[[acb], acb]] = {
    sp.cos: acb.cos,
    sp.sin: acb.sin,
    sp.cosh: acb.cosh,
    sp.sinh: acb.sinh,
    sp.tanh: acb.tanh,
    sp.gamma: acb.gamma,
    sp.factorial: lambda x: (x + 1).gamma(),
}
SIDE = 8  # how far a box reaches where a parameter has no end
LARGER = (0, 1, 2, 5, 14)  # integers of a box, above the least
EVALUATIONS = 60


@dataclass(frozen=True)
class Ball:
    """A real number known to lie within an interval."""

    value: Any

    @property
    def excludes_zero(self) -> bool:
        return not self.value.contains(0)

    @property
    def negative(self) -> bool:
        return bool(self.value < 0)

    @property
    def rounded(self) -> str:
        """Three digits, for a reader."""
        return str(self.value.str(3, radius=False))

    def __str__(self) -> str:
        return str(self.value)


def enclose(expression: sp.Expr, point: Mapping[sp.Symbol, Any]) -> Ball:
    """The value of `expression` where each symbol is a rational number or an arb interval."""
    with ctx.workprec(BITS):
        balls = {s: v if isinstance(v, arb) else _rational(v) for s, v in point.items()}
        return Ball(_enclose(spelled_out(expression), {s: acb(v) for s, v in balls.items()}).real)


def _rational(value: sp.Rational) -> arb:
    exact = sp.Rational(value)
    return arb(fmpq(int(exact.p), int(exact.q)))


def _enclose(e: sp.Expr, at: Mapping[sp.Symbol, acb], analytic: bool = False) -> acb:
    """`analytic` asks for a value that is not finite where a root or a logarithm jumps."""
    if isinstance(e, sp.Symbol):
        return at[e]
    if e.is_Rational:
        return acb(_rational(e))
    if e == sp.pi:
        return acb(arb.pi())
    if e == sp.E:
        return acb(1).exp()
    if isinstance(e, sp.Integral):
        return _integral(e, at)
    inner = [_enclose(a, at, analytic) for a in e.args]
    if isinstance(e, sp.Add):
        return functools.reduce(operator.add, inner)
    if isinstance(e, sp.Mul):
        return functools.reduce(operator.mul, inner)
    if isinstance(e, sp.Pow):
        return _power(e.exp, inner[0], inner[1], analytic)
    if isinstance(e, sp.exp):
        return inner[0].exp()
    if isinstance(e, sp.log):
        return inner[0].log(analytic=analytic)
    if isinstance(e, Phi):
        return _erfc(-inner[0] / acb(2).sqrt()) / 2
    if type(e) in ELEMENTARY:
        return ELEMENTARY[type(e)](inner[0])
    raise TypeError(f"no enclosure is known for {type(e).__name__}")


def _erfc(x: acb) -> acb:
    """Real balls stay tighter than complex ones where the ball is wide."""
    return acb(x.real.erfc()) if x.imag == 0 else x.erfc()


def _power(exponent: sp.Expr, base: acb, power: acb, analytic: bool) -> acb:
    if exponent.is_Integer:
        return base ** int(exponent)
    if exponent == sp.Rational(1, 2):
        return base.sqrt(analytic=analytic)
    if exponent.is_integer and power.imag == 0 and (whole := power.real.unique_fmpz()) is not None:
        return base ** int(whole)
    return (power * base.log(analytic=analytic)).exp()


def _integral(e: sp.Integral, at: Mapping[sp.Symbol, acb]) -> acb:
    """Over the real line, or from a whole number on, of an integrand that is at most its parameters
    times a normal density."""
    (variable, lower, upper) = e.limits[0]
    if upper != sp.oo or not (lower == -sp.oo or lower.is_Integer):
        raise TypeError("only integrals from a whole number or from minus infinity on are enclosed")

    def integrand(z: acb, analytic: bool) -> acb:
        return _enclose(e.function, {**at, variable: z}, analytic)

    edges = range(-REACH if lower == -sp.oo else int(lower), REACH + 8, 8)
    pieces = itertools.pairwise(edges)
    inside = [acb.integral(integrand, acb(a), acb(b), rel_tol=arb(2) ** -60) for a, b in pieces]
    return functools.reduce(operator.add, inside) + acb(BEYOND)


# ------------------------------------------------------------------------ boxes of parameters

Box = dict[sp.Symbol, tuple[sp.Rational, sp.Rational]]


@dataclass(frozen=True)
class Survey:
    """What balls say about expression ≥ 0 over a box of parameters that was cut into pieces.

    certified: share of the box in which it holds for certain; violated: a piece where it fails;
    complete: whether the box is the whole domain and every piece of it is certified.
    """

    certified: float
    violated: str
    complete: bool

    @property
    def words(self) -> str:
        if self.certified < 0.005:
            return "Arb contradicts it nowhere in a box of parameters"
        share = f"{100 * self.certified:.0f}" if self.certified < 1 else "100"
        return rf"Arb certifies {share} \% of a box of parameters and contradicts it nowhere"


def survey(expression: sp.Expr, domain: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]) -> Survey:
    """Cut a box of the domain into halves, breadth first, until balls decide or effort is spent.

    Integrals are too slow for this: of them points alone are asked.
    """
    if not domain or spelled_out(expression).has(sp.Integral):
        return Survey(0.0, "", False)
    starts = list(_boxes(domain))
    waiting = deque((box, 1 / len(starts)) for box in starts)
    certified, finite = 0.0, all(e.is_finite for ends in domain.values() for e in ends)
    whole = finite and not any(s.is_integer for s in domain)
    for _ in range(EVALUATIONS):
        if not waiting:
            break
        box, share = waiting.popleft()
        value = enclose(expression, {s: _interval(*ends) for s, ends in box.items()}).value
        if value < 0:
            return Survey(certified, _words(box), False)
        if value >= 0:
            certified += share
        else:
            waiting += [(half, share / 2) for half in _halves(box)]
    return Survey(certified, "", whole and not waiting)


def _boxes(domain: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]) -> Iterator[Box]:
    """One box for each choice of the integers, which are points of it."""
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
                start = lower if lower.is_finite else (upper if upper.is_finite else 0) - SIDE
                box[symbol] = (start, upper if upper.is_finite else start + 2 * SIDE)
        yield box


def _interval(lower: sp.Rational, upper: sp.Rational) -> arb:
    return _rational(lower).union(_rational(upper))


def _halves(box: Box) -> list[Box]:
    """The box cut across its longest side; a point has no halves."""
    symbol = max(box, key=lambda s: (box[s][1] - box[s][0], s.name))
    lower, upper = box[symbol]
    if lower == upper:
        return []
    middle = (lower + upper) / 2
    return [box | {symbol: (lower, middle)}, box | {symbol: (middle, upper)}]


def _words(box: Box) -> str:
    return ", ".join(rf"${latex(s)} \in [{a}, {b}]$" for s, (a, b) in box.items())
