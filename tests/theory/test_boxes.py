"""Interval arithmetic encloses, and what it says over boxes of parameters can be wrong-footed."""

from __future__ import annotations

import itertools
import random

import mpmath  # type: ignore[import-untyped]
import pytest
import sympy as sp
from flint import arb

from theory import averaging, copying, multi_head
from theory.gaussian import Phi
from theory.proof import boxes
from theory.proof.law import Law
from theory.symbols import beta, epsilon, margin, n

x = sp.Symbol("x", positive=True)
y, z = sp.symbols("y z", real=True)
HALF = sp.Rational(1, 2)

EXPRESSIONS = [
    y**2 - y * z + 1,
    (y - z) ** 3 / (1 + z**2),
    sp.exp(-y) - sp.log(x) * sp.sqrt(x),
    x ** sp.Rational(1, 4) - x**-2,
    x**y,
    Phi(y) * Phi(-z),
    sp.cosh(y) - sp.cos(z),
    sp.sin(y) * sp.gamma(x + 1),
]


def numeric(expression: sp.Expr, at: dict[sp.Symbol, sp.Rational]) -> mpmath.mpf:
    """The value to 40 digits, by mpmath: Phi is its normal distribution function."""
    value = expression.replace(Phi, lambda u: (1 + sp.erf(u / sp.sqrt(2))) / 2).subs(at)
    with mpmath.workdps(40):
        return mpmath.mpf(str(sp.N(value, 40)))


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_every_value_on_a_box_lies_within_the_bounds(expression: sp.Expr) -> None:
    generator = random.Random(3)
    for _ in range(6):
        box = {}
        for symbol in sorted(expression.free_symbols, key=str):
            start = sp.Rational(generator.randint(1 if symbol == x else -20, 20), 8)
            box[symbol] = (start, start + sp.Rational(generator.randint(0, 12), 8))
        found = boxes.bounds(expression, box)
        for shares in itertools.product((0, sp.Rational(1, 3), 1), repeat=len(box)):
            at = {
                s: lower + (upper - lower) * share
                for (s, (lower, upper)), share in zip(box.items(), shares, strict=True)
            }
            value = arb(mpmath.nstr(numeric(expression, at), 35))
            slack = arb("1e-12")  # of the 53 bits that are compared here
            assert found.lower <= value + slack
            assert value <= found.upper + slack


def test_bounds_are_sharp_where_each_symbol_occurs_once() -> None:
    found = boxes.bounds(x * (1 - y), {x: (HALF, sp.Integer(3)), y: (HALF, sp.Integer(2))})
    assert (float(found.lower), float(found.upper)) == (-3.0, 1.5)
    square = boxes.bounds(y**2, {y: (sp.Integer(-1), sp.Integer(2))})
    assert (float(square.lower), float(square.upper)) == (0.0, 4.0)


@pytest.mark.parametrize(
    "expression", [1 / y, sp.log(y), sp.sqrt(y), y**-3, sp.Integer(2) ** (1 / y)]
)
def test_a_box_across_a_pole_or_jump_says_nothing(expression: sp.Expr) -> None:
    assert boxes.bounds(expression, {y: (sp.Integer(-1), sp.Integer(1))}) == boxes.EVERYTHING


def test_a_survey_certifies_what_is_true_and_finds_where_it_is_false() -> None:
    domain = {x: (sp.Integer(0), sp.oo), y: (sp.Integer(0), sp.Integer(1))}
    assert boxes.survey(x * (1 - y), domain).certified == 1
    wrong = boxes.survey(x * (y - 2), domain)
    assert wrong.violated == r"$x \in [1/4, 15/4]$, $y \in [1/16, 15/16]$"
    touching = boxes.survey(x**2 - 2 * x / 3 + sp.Rational(1, 9), {x: domain[x]})
    assert 0.5 < touching.certified < 1
    assert not touching.violated
    assert touching.words.endswith("% of a box")


def test_a_narrow_violation_that_points_miss_is_found() -> None:
    """Below 0 only on (0.70, 0.76), between the sample points of the deciders."""
    dip = (y - sp.Rational(73, 100)) ** 2 - sp.Rational(9, 10000)
    assert boxes.survey(dip, {y: (sp.Integer(0), sp.Integer(1))}).violated


def test_everywhere_means_the_whole_of_a_compact_domain() -> None:
    unit = (sp.Integer(0), sp.Integer(1))
    assert boxes.everywhere(sp.exp(y) - y, {y: unit})
    assert boxes.everywhere(sp.exp(y) - 1 - y, {y: unit})  # the sides touch at an exact end
    assert not boxes.everywhere(y**2 - 2 * y / 3 + sp.Rational(1, 9), {y: unit})  # and at 1/3
    assert not boxes.everywhere(sp.exp(y), {y: (sp.Integer(0), sp.oo)})
    assert not boxes.everywhere(HALF - y, {y: unit})


@pytest.mark.parametrize(
    ("law", "symbol", "sign"),
    [
        (copying.weight, margin, 1),
        (copying.margin, epsilon, -1),
        (averaging.leak, beta, -1),
        (multi_head.leak, beta, -1),
        (multi_head.negative_score, None, 1),
    ],
)
def test_laws_rise_or_fall_over_the_whole_box(
    law: Law, symbol: sp.Symbol | None, sign: int
) -> None:
    """The sign of the derivative over every piece of the box; with the other sign it is refuted."""
    slope = sign * sp.diff(law.expression, symbol or law.parameters[0].symbol)
    domain = {p.symbol: (_end(p.lower), _end(p.upper)) for p in law.parameters}
    if n in domain:
        domain[n] = (sp.Integer(4), sp.oo)
    found = boxes.survey(slope, domain)
    assert found.certified > 0.1
    assert not found.violated
    assert boxes.survey(-slope, domain).violated


def _end(value: float) -> sp.Expr:
    return (
        sp.oo if value == float("inf") else -sp.oo if value == float("-inf") else sp.Rational(value)
    )
