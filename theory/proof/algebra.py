"""Exact decisions about sympy expressions: identities, inequalities, softmax in closed form.

An identity is proved by cancelling the difference of its sides, an inequality by a certificate:
after each variable is written in terms of one that is at least 0, numerator and denominator have
coefficients of one sign; or, of one variable, they have no root where a sign could change. Before
that, rigorous balls at sample points and over a box of parameters have had their veto. Limits are
never asked of sympy where symbols are unordered.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from theory.gaussian import Phi
from theory.proof.typeset import latex

Verdict = Literal["proved", "refuted", "unknown"]
Domain = dict[sp.Symbol, tuple[sp.Expr, sp.Expr]]


@dataclass(frozen=True)
class Decision:
    """A verdict and, in words, how it was reached; a refutation names a point where it fails."""

    verdict: Verdict
    how: str


def softmax(groups: Sequence[tuple[sp.Expr, sp.Expr]]) -> list[sp.Expr]:
    """Attention weights of keys given as (score, number of keys with that score) groups."""
    total = sum((count * sp.exp(score) for score, count in groups), sp.Integer(0))
    return [sp.exp(score) / total for score, _ in groups]


def identity(left: sp.Expr, right: sp.Expr, domain: Domain) -> Decision:
    """Decide left = right on `domain`: a rigorous ball may refute it, cancelling may prove it."""
    from theory.proof import rigorous

    difference = left - right
    for point in points(difference.free_symbols, domain):
        value = rigorous.enclose(difference, point)
        if value.excludes_zero:
            return Decision("refuted", f"the sides differ by {value.rounded} at {shown(point)}")
    if _vanishes(difference):
        return Decision("proved", "exact algebra; Arb agrees")
    return Decision("unknown", "the difference neither cancels nor is seen to differ from 0")


def nonnegative(expression: sp.Expr, domain: Domain) -> Decision:
    """Decide expression ≥ 0 on `domain`: balls may refute it, a certificate or balls prove it."""
    from theory.proof import boxes, rigorous

    for point in points(expression.free_symbols, domain):
        value = rigorous.enclose(expression, point)
        if value.negative:
            return Decision("refuted", f"violated by {value.rounded} at {shown(point)}")
    own = {s: domain[s] for s in expression.free_symbols}
    survey = boxes.survey(expression, own)
    if survey.violated:
        return Decision("refuted", f"violated in the whole box {survey.violated}")
    if _certified(expression, domain):
        return Decision("proved", f"signs of coefficients; {survey.words}")
    if _without_roots(expression, domain):
        return Decision("proved", f"root counting; {survey.words}")
    if boxes.everywhere(expression, own):
        return Decision("proved", "Arb certifies the whole domain")
    return Decision("unknown", "no certificate and no counterexample found")


def points(symbols: set[sp.Symbol], domain: Domain) -> list[dict[sp.Symbol, sp.Rational]]:
    """Sample points of the domain, rational, the same in every run; integers stay integers."""
    ordered = sorted(symbols, key=lambda s: s.name)
    columns = [_values(s, domain) for s in ordered]
    rotated = [[c[(k * (i + 1) + i) % 7] for i, c in enumerate(columns)] for k in range(7)]
    return [dict(zip(ordered, row, strict=True)) for row in rotated]


def shown(point: dict[sp.Symbol, sp.Expr]) -> str:
    """A point in words, for a reader: `$n = 3$, $\\beta = 1/2$`."""
    values = ((latex(s), v if v.is_Rational else latex(v)) for s, v in point.items())
    return ", ".join(f"${symbol} = {value}$" for symbol, value in values) or "every point"


def _values(symbol: sp.Symbol, domain: Domain) -> list[sp.Rational]:
    lower, upper = domain[symbol]
    if symbol.is_integer:
        return [lower + k for k in (0, 1, 2, 3, 5, 8, 14)]
    fractions = [sp.Rational(k, 15) for k in (8, 3, 12, 1, 5, 14, 10)]
    if upper.is_finite and lower.is_finite:
        return [lower + (upper - lower) * f for f in fractions]
    if lower.is_finite:
        return [lower + f / (1 - f) for f in fractions]
    return [2 * f - 1 if k % 2 else 4 * f - 2 for k, f in enumerate(fractions)]


def _vanishes(difference: sp.Expr) -> bool:
    """Whether the difference is 0 as a rational function of its exponentials, roots and so on.

    First each value of Φ is taken for an independent unknown, then Φ(−x) = 1 − Φ(x) is used.
    """
    integrals = sorted(difference.atoms(sp.Integral), key=sp.default_sort_key)
    plain = difference.xreplace({i: sp.Dummy() for i in integrals})
    values = sorted(plain.atoms(Phi), key=sp.default_sort_key)
    unknown = plain.xreplace({v: sp.Dummy(positive=True) for v in values})
    reflected = plain.replace(Phi, lambda x: (1 + sp.erf(x / sp.sqrt(2))) / 2)
    return any(_cancels(form) for form in (unknown, reflected))


def _cancels(form: sp.Expr) -> bool:
    candidate = sp.cancel(sp.together(sp.expand_log(sp.expand_power_exp(form))))
    return bool(candidate == 0 or sp.simplify(candidate) == 0)


def _certified(expression: sp.Expr, domain: Domain) -> bool:
    """Whether numerator and denominator have coefficients of one sign in variables ≥ 0."""
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    shifted = {s: _from_nonnegative(domain[s]) for s in symbols}
    rational = sp.together(expression.xreplace({s: v for s, (v, _) in shifted.items()}))
    top, bottom = sp.fraction(sp.cancel(rational))
    variables = [y for _, y in shifted.values()]
    signs = {_sign(part, variables) for part in (top, bottom)}
    return signs in ({1}, {-1}) or top == 0


def _without_roots(expression: sp.Expr, domain: Domain) -> bool:
    """Whether a rational function of one variable keeps its sign, by Sturm's theorem."""
    top, bottom = sp.fraction(sp.cancel(sp.together(expression)))
    symbols = expression.free_symbols
    if len(symbols) != 1 or not all(part.is_polynomial(*symbols) for part in (top, bottom)):
        return False
    (symbol,) = symbols
    parts = [sp.Poly(part, symbol) for part in (top, bottom)]
    if not all(part.domain.is_ZZ or part.domain.is_QQ for part in parts):
        return False
    turning = [factor for part in parts for factor, power in part.sqf_list()[1] if power % 2 == 1]
    return all(_roots_between(factor, *domain[symbol]) == 0 for factor in turning)


def _roots_between(factor: sp.Poly, lower: sp.Expr, upper: sp.Expr) -> int:
    ends = [end for end in (lower, upper) if end.is_finite]
    bounds = [end if end.is_finite else None for end in (lower, upper)]
    at_ends = sum(bool(factor.eval(end) == 0) for end in ends)
    return int(factor.count_roots(*bounds)) - at_ends


def _from_nonnegative(interval: tuple[sp.Expr, sp.Expr]) -> tuple[sp.Expr, sp.Symbol]:
    """An expression that runs through the interval while its variable runs through [0, ∞)."""
    lower, upper = interval
    y = sp.Dummy("y", nonnegative=True)
    if upper.is_finite:
        return (lower + upper * y) / (1 + y), y
    return lower + y, y


def _sign(part: sp.Expr, variables: Sequence[sp.Symbol]) -> int:
    """1 or −1 if all coefficients of a polynomial have that sign, else 0."""
    if not part.is_polynomial(*variables):
        return 0
    coefficients = sp.Poly(part, *variables).coeffs() if variables else [part]
    if all(c.is_positive for c in coefficients):
        return 1
    return -1 if all(c.is_negative for c in coefficients) else 0


def every(*expressions: sp.Matrix) -> list[sp.Expr]:
    """The entries of matrices, row by row."""
    return list(itertools.chain.from_iterable(expressions))
