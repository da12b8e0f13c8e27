"""The second checker over whole boxes of parameters: Arb encloses both sides on each small box."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
import sympy as sp
from flint import arb

from theory import averaging, copying
from theory.gaussian import Phi
from theory.noise import missing, regimes
from theory.proof import rigorous
from theory.symbols import alpha, beta, delta, epsilon, margin, n, radial

x = sp.Symbol("x", positive=True)
Axis = tuple[sp.Symbol, Sequence[arb]]


def intervals(symbol: sp.Symbol, lower: float, upper: float, pieces: int) -> Axis:
    """The range of a symbol cut into balls that overlap at their ends."""
    width = (upper - lower) / pieces
    radius = width / 2 * 1.001
    return symbol, [arb(lower + (k + 0.5) * width, radius) for k in range(pieces)]


def whole(symbol: sp.Symbol, *values: int) -> Axis:
    return symbol, [arb(v) for v in values]


def positive_on(expression: sp.Expr, *axes: Axis) -> bool:
    """Whether every box of the product of the axes is proved to have expression > 0."""
    symbols = [symbol for symbol, _ in axes]
    boxes = itertools.product(*(balls for _, balls in axes))
    return all(
        rigorous.enclose(expression, dict(zip(symbols, box, strict=True))).value > 0
        for box in boxes
    )


def test_the_tail_bound_over_an_interval() -> None:
    slack = sp.exp(-(x**2) / 2) - 2 * Phi(-x)
    assert positive_on(slack, intervals(x, 0.05, 6, 400))
    wrong = sp.exp(-(x**2)) - 2 * Phi(-x)
    assert not positive_on(wrong, intervals(x, 0.05, 6, 400))


def test_the_coin_bound_over_an_interval() -> None:
    undecided = 2 * Phi(x) - 1
    axis = intervals(x, 0.5, 8, 1500)
    assert positive_on(sp.sqrt(2 / sp.pi) * x - undecided, axis)
    assert not positive_on(sp.sqrt(1 / sp.pi) * x - undecided, axis)


def test_the_weight_rises_with_the_margin_over_a_box() -> None:
    weight = copying.weight.expression
    rise = weight.subs(margin, margin + 1) - weight
    axes = intervals(margin, -2, 10, 200), whole(n, 2, 3, 64)
    assert positive_on(rise, *axes)
    assert not positive_on(-rise, *axes)


def test_the_gain_meets_its_tolerance_over_a_box() -> None:
    """|leak(gain(ε)) − ε| < 1e-25 on points of a grid (where 0 leaks more), leak < ε just above."""
    leak, gain = averaging.leak.expression, averaging.gain.expression
    for value in (sp.Rational(1, 1000), sp.Rational(1, 7), sp.Rational(1, 2)):
        for keys in (3, 16, 1000):
            wanted = min(value, sp.Rational(keys - 2, keys))  # what the gain 0 leaks
            at_gain = leak.subs(beta, gain).subs({epsilon: value, n: keys}) - wanted
            assert abs(rigorous.enclose(at_gain, {}).value) < arb("1e-25")
    above = epsilon - leak.subs(beta, gain + sp.Rational(1, 2))
    assert positive_on(above, intervals(epsilon, 0.01, 0.8, 200), whole(n, 3, 16, 1000))


CORNERS = list(itertools.product((sp.Rational(1, 1000), sp.Rational(1, 20)), (2, 5, 40)))


@pytest.mark.parametrize(("noise", "keys"), CORNERS)
def test_miss_lies_within_its_bounds_and_its_quadrature_within_the_ball(
    noise: sp.Rational, keys: int
) -> None:
    half = sp.Rational(1, 2)
    at = {alpha: noise, n: sp.Integer(keys), radial: half}
    enclosed = rigorous.enclose(missing.miss.expression, at).value
    quadrature = missing.miss(float(noise), keys, 0.5)
    assert abs(enclosed - arb(quadrature)) < arb("1e-12")
    upper = rigorous.enclose(missing.miss_bound.expression, at).value
    two_keys = rigorous.enclose(Phi(-1 / sp.sqrt(radial + 2 * alpha)), at).value
    assert enclosed < upper
    assert enclosed > two_keys - arb("1e-15")


def test_digits_agree_between_two_precisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ball of 160 bits and one of 700 bits overlap, and the finer one is finer."""
    expression, at = regimes.undecided.expression, {
        delta: sp.Rational(1, 10), alpha: sp.Rational(1, 100), beta: sp.Integer(30),
        radial: sp.Rational(1, 2),
    }  # fmt: skip
    coarse = rigorous.enclose(expression, at).value
    monkeypatch.setattr(rigorous, "BITS", 700)
    fine = rigorous.enclose(expression, at).value
    assert coarse.overlaps(fine)
    assert fine.rad() < coarse.rad() / arb("1e100")
