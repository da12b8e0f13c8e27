"""The second checker: enclosures by balls of python-flint's Arb, whose error bounds are proved.

It shares nothing with the first checker but the expression itself.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from flint import acb, arb, ctx, fmpq

from theory.gaussian import Phi, spelled_out

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
        balls = {s: v if isinstance(v, arb) else exact(v) for s, v in point.items()}
        return Ball(_enclose(spelled_out(expression), {s: acb(v) for s, v in balls.items()}).real)


def exact(value: sp.Rational) -> arb:
    """A rational number as a ball; where the binary expansion ends, of radius 0."""
    exact = sp.Rational(value)
    return arb(fmpq(int(exact.p), int(exact.q)))


def _enclose(e: sp.Expr, at: Mapping[sp.Symbol, acb], analytic: bool = False) -> acb:
    """`analytic` asks for a value that is not finite where a root or a logarithm jumps."""
    if isinstance(e, sp.Symbol):
        return at[e]
    if e.is_Rational:
        return acb(exact(e))
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
    if isinstance(e, sp.Max):
        return functools.reduce(lambda a, b: acb(a.real.max(b.real)), inner)
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
