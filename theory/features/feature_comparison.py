"""Question 3h: which random features are better where.

Features are compared for the same number of draws and for the same number of features, which is
what they cost: positive features make one number from each draw, the others two.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.features.feature_variance import hyperbolic_error, trigonometric_error
from theory.features.relative_error import (
    AT_ALL,
    at_lengths,
    hyperbolic_relative,
    positive_relative,
    trigonometric_relative,
)
from theory.performer import (
    DISTINCT,
    NOT_OPPOSITE,
    PAPER,
    SQUARED,
    SQUARES,
    TOTAL,
    agree,
    apart,
    draws,
    hyperbolic_features,
    in_squares,
    law_at,
    moments,
    near,
    positive_features,
    total,
    trigonometric_features,
    v,
)
from theory.proof.algebra import Domain
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import NONNEGATIVE, POSITIVE, UNIT

if TYPE_CHECKING:
    from theory.performer import Features

crossing = Law(r"\lVert z \rVert^2", sp.log(sp.cosh(apart**2)), (DISTINCT,), relation=r"\le")
crossing_of_numbers = Law(
    r"\lVert z \rVert^2", sp.log(2 * sp.cosh(apart**2) - 1), (DISTINCT,), relation=r"\le"
)
paired_ratio = Law(
    r"\operatorname{MSE}_{\mathrm{hyp}} / \operatorname{MSE}_{\mathrm{trig}}",
    sp.sinh(total**2 / 2) ** 2 / sp.sinh(apart**2 / 2) ** 2,
    (TOTAL, DISTINCT),
)
pairing_gain = Law(
    r"\operatorname{MSE}_{\mathrm{hyp}} / \operatorname{MSE}_+",
    1 - sp.exp(-(total**2)),
    (NOT_OPPOSITE,),
)

a, b = sp.symbols("a b", nonnegative=True)
r, w, c = sp.symbols("r w c", positive=True)
AROUND: Domain = {b: NONNEGATIVE, w: UNIT, c: (sp.Integer(1), sp.oo)}
NUMBERS = (
    "both kinds make $r$ numbers from each vector, $r$ even: $r$ draws for positive features, "
    "$r/2$ draws for features that come in pairs"
)


def _crosses(formula: sp.Expr, level: sp.Expr, proof: Proof) -> None:
    """Prove that e^u is at most the level if and only if u is at most the formula."""
    proof.equal(
        in_squares(sp.exp(formula)),
        in_squares(level),
        "the difference is 0 where $u$ is the formula of the claim; let $e^u$ be $c$ there",
        "e^u",
    )
    proof.at_most(
        c * w,
        c,
        r"sufficient: for a smaller $u$, $e^u = cw$ with $w \le 1$: the difference is not negative",
    )
    proof.at_most(
        c,
        c * (1 + b),
        "necessary: for a larger $u$, $e^u = c (1 + b)$ with $b > 0$: the difference is negative",
        equality={b: 0},
    )


def _crossing(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        in_squares(draws * (trigonometric_relative.expression - positive_relative.expression)),
        in_squares(sp.cosh(apart**2) - sp.exp(total**2)),
        f"{SQUARES}: the same number $m$ of draws for both; positive features are at least as "
        "good where this is not negative",
        r"m (\operatorname{MSE}_{\mathrm{trig}} - \operatorname{MSE}_+)/\mathrm{SM}^2",
    )
    level = sp.cosh(apart**2)
    _crosses(formula, level, proof)
    proof.equal(
        in_squares(level) - sp.exp(v) / 2,
        sp.exp(-v) / 2,
        r"this is positive, so $e^u \le \frac{1}{2} e^v$ suffices, that is $u \le v - \log 2$, or "
        r"$x^\top y \le -\frac{1}{4} \log 2$, or $\mathrm{SM} \le 2^{-1/4}$",
        r"\cosh v - \frac{1}{2} e^v",
    )
    proof.at_most(
        (1 + a + 1 / (1 + a)) / 2,
        1 + a,
        r"with $e^v = 1 + a$: $\cosh v \le e^v$, so $u \le v$ is necessary, which is "
        r"$\mathrm{SM} \le 1$",
        equality={a: 0},
    )


def _crossing_of_numbers(formula: sp.Expr, proof: Proof) -> None:
    halved = trigonometric_relative.expression.subs(draws, r / 2)
    proof.equal(
        in_squares(r * (halved - positive_relative.expression.subs(draws, r))),
        in_squares(2 * sp.cosh(apart**2) - 1 - sp.exp(total**2)),
        f"{SQUARES}: $r/2$ draws of sines and cosines against $r$ positive ones; positive features "
        "are at least as good where this is not negative",
        r"r (\operatorname{MSE}_{\mathrm{trig}} - \operatorname{MSE}_+)/\mathrm{SM}^2",
    )
    _crosses(formula, 2 * sp.cosh(apart**2) - 1, proof)
    proof.at_most(
        1 + a + 1 / (1 + a) - 1,
        1 + a,
        r"with $e^v = 1 + a$ the left side is $2 \cosh v - 1$, so $u \le v$, which is "
        r"$\mathrm{SM} \le 1$, is still necessary",
        equality={a: 0},
    )


def _paired_ratio(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        in_squares(hyperbolic_error.expression / trigonometric_error.expression),
        in_squares(formula),
        f"{SQUARES}: both kinds make two numbers from each draw, so the same number of draws is "
        "the same number of features; it cancels",
    )
    w = (1 + a) * (1 + b)
    proof.at_most(
        a**2 / (1 + a),
        (w - 1) ** 2 / w,
        r"$4 \sinh^2(u/2) = (e^u - 1)^2/e^u$ rises with $u \ge 0$ (here from $e^u = 1 + a$ to "
        r"$(1 + a)(1 + b)$): the ratio is at most 1 if and only if $u \le v$, that is "
        r"$x^\top y \le 0$, $\mathrm{SM} \le 1$",
        equality={b: 0},
    )


def _pairing_gain(formula: sp.Expr, proof: Proof) -> None:
    halved = hyperbolic_relative.expression.subs(draws, r / 2)
    proof.equal(
        in_squares(halved / positive_relative.expression.subs(draws, r)),
        in_squares(formula),
        f"{SQUARES}: $r/2$ draws used with both signs against $r$ draws used once",
    )
    proof.at_most(
        1 - w,
        sp.Integer(1),
        r"with $w = e^{-u} > 0$: the ratio is below 1 for every $z$",
        equality={w: 0},
    )


def _compared(
    one: tuple[str, Features], other: tuple[str, Features], at: tuple[float, float], ratio: float
) -> Direct:
    """Whether a draw of one kind has `ratio` times the variance of a draw of the other."""
    (mean, first), (_, second) = moments(one[1], *at), moments(other[1], *at)
    sentence = (
        f"Summed over a fine grid of directions in the plane {at_lengths(*at)}, one draw has the "
        f"variance ${scientific(first)}$ ({one[0]}) and ${scientific(second)}$ ({other[0]})."
    )
    found, exact = (first, ratio * second) if ratio < 1 else (second, first / ratio)
    return Direct(sentence, agree(found, exact, mean))


POSITIVE_KIND = ("positive", positive_features)
HYPERBOLIC_KIND = ("hyperbolic", hyperbolic_features)
TRIGONOMETRIC_KIND = ("trigonometric", trigonometric_features)


def _crosses_directly(law: Law, apart: float, value: float, ratio: float) -> Direct:
    """At the crossing the variances stand in this ratio; nearer to z = 0 it is smaller."""
    difference = near(0.0, apart)[1]
    together = math.sqrt(law_at((difference,), (apart,), value, law))
    at = _compared(POSITIVE_KIND, TRIGONOMETRIC_KIND, (together, difference), ratio)
    below = moments(positive_features, 0.9 * together, difference)
    against = ratio * moments(trigonometric_features, 0.9 * together, difference)[1]
    return Direct(at.sentence, at.agrees and below[1] <= against + 1e-14 * below[0] ** 2)


def _crossing_directly(value: float, apart: float) -> Direct:
    return _crosses_directly(crossing, apart, value, 1)


def _crossing_of_numbers_directly(value: float, apart: float) -> Direct:
    """Half as many draws double the trigonometric variance."""
    return _crosses_directly(crossing_of_numbers, apart, value, 2)


def _paired_directly(value: float, total: float, apart: float) -> Direct:
    at = near(total, apart)[:2]
    ratio = law_at(at, (total, apart), value, paired_ratio)
    return _compared(HYPERBOLIC_KIND, TRIGONOMETRIC_KIND, at, ratio)


def _pairing_directly(value: float, total: float) -> Direct:
    """Half as many draws double the hyperbolic variance."""
    at = near(total, 1.0)[:2]
    ratio = law_at(at[:1], (total,), value, pairing_gain)
    return _compared(HYPERBOLIC_KIND, POSITIVE_KIND, at, ratio / 2)


CLAIMS = (
    Claim(
        key="performer.crossing",
        question="3h",
        title="Where positive features beat trigonometric ones, draw for draw",
        statement=r"With the same number of draws, positive features have at most the mean squared "
        r"error of trigonometric ones if and only if $\lVert z \rVert^2 \le {law}$. A kernel of at "
        r"most $2^{-1/4}$ suffices for this, and a kernel of at most 1 is necessary.",
        assumptions=(*AT_ALL, r"$x \ne y$; for $x = y$ the trigonometric estimate is exact"),
        law=crossing,
        derive=_crossing,
        twin=sp.log(sp.sinh(apart**2)),
        changed=r"$\sinh$ in place of $\cosh$",
        example={"apart": 3},
        source=f"{PAPER}, Lemma 2 and Figure 2; the condition is ours",
        variables={
            **SQUARED,
            draws: (sp.Integer(1), sp.oo),
            a: NONNEGATIVE,
            **AROUND,
        },
        direct=_crossing_directly,
    ),
    Claim(
        key="performer.crossing_of_numbers",
        question="3h",
        title="Where positive features beat trigonometric ones, number for number",
        statement=r"With the same number of features, positive ones have at most the mean squared "
        r"error of trigonometric ones if and only if $\lVert z \rVert^2 \le {law}$. A kernel of at "
        r"most 1 is necessary for this.",
        assumptions=(*AT_ALL, NUMBERS, r"$x \ne y$"),
        law=crossing_of_numbers,
        derive=_crossing_of_numbers,
        twin=sp.log(2 * sp.cosh(apart**2) + 1),
        changed="the sign of 1",
        example={"apart": 3},
        source="from claims performer.positive_error and performer.trigonometric_error",
        variables={**SQUARED, r: POSITIVE, a: NONNEGATIVE, **AROUND},
        direct=_crossing_of_numbers_directly,
    ),
    Claim(
        key="performer.paired_ratio",
        question="3h",
        title="Hyperbolic features beat trigonometric ones exactly where the kernel is below one",
        statement=r"With the same number of draws, hence of features, the mean squared errors of "
        r"hyperbolic and trigonometric features have the ratio ${law}$, which is at most 1 if and "
        r"only if $x^\top y \le 0$, that is $\mathrm{SM} \le 1$.",
        assumptions=(*AT_ALL, r"$x \ne y$"),
        law=paired_ratio,
        derive=_paired_ratio,
        twin=sp.sinh(total**2 / 2) ** 2 / sp.cosh(apart**2 / 2) ** 2,
        changed=r"$\cosh$ in place of the second $\sinh$",
        example={"total": 2, "apart": 3},
        source="from claims performer.hyperbolic_error and performer.trigonometric_error",
        variables={**SQUARED, a: NONNEGATIVE, b: NONNEGATIVE},
        direct=_paired_directly,
    ),
    Claim(
        key="performer.pairing_gain",
        question="3h",
        title="Pairs with both signs beat as many single features",
        statement=r"With the same number of features, the mean squared errors of hyperbolic and "
        r"positive ones have the ratio ${law} < 1$: half the draws, used with both signs, are "
        r"better than all of them used once.",
        assumptions=(*AT_ALL, NUMBERS, r"$z \ne 0$; for $z = 0$ both estimates are exact"),
        law=pairing_gain,
        derive=_pairing_gain,
        twin=(1 - sp.exp(-(total**2))) / 2,
        changed="the ratio for the same number of draws, half as large",
        example={"total": 2},
        source=f"{PAPER}, after Lemma 2",
        variables={**SQUARED, r: POSITIVE, w: UNIT},
        direct=_pairing_directly,
    ),
)
