"""Question 3h: what orthogonal directions gain at most, and exactly what in the plane."""

from __future__ import annotations

import sympy as sp

from theory.features.orthogonal_features import FEW, VARIANCE, measured
from theory.features.orthogonal_frames import DIMENSION, ORTHOGONAL, WIDEST, dimension, narrowed
from theory.features.orthogonal_series import SERIES, a, b, h, overlap
from theory.performer import (
    APART,
    DRAWS,
    LENGTHS,
    NOT_OPPOSITE,
    SQUARED,
    SQUARES,
    TOTAL,
    agree,
    apart,
    draws,
    in_squares,
    law_at,
    near,
    total,
    u,
    v,
)
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import latex
from theory.symbols import NONNEGATIVE, UNIT

share = Law(
    r"\operatorname{MSE}_{\mathrm{ort}} / \operatorname{MSE}_+",
    1
    - (draws - 1)
    * total**4
    * sp.exp(-(total**2) / 2)
    / (4 * sp.sinh(total**2 / 2) * (dimension + 2)),
    (NOT_OPPOSITE, DRAWS, DIMENSION),
    premises=(FEW,),
    relation=r"\ge",
)
plane_error = Law(
    r"\operatorname{MSE}_{\mathrm{ort}}",
    sp.exp(-(total**2 + apart**2) / 2)
    * (sp.exp(2 * total**2) - 2 * sp.exp(total**2) + (1 + total**2 / 2) * sp.exp(total**2 / 2))
    / 2,
    (TOTAL, APART),
)

w = sp.Symbol("w", nonnegative=True)
MOST = sp.Rational(1, 3)  # the share of the error that is gained is less
FIRST = range(6)  # powers of u in the first terms of e^u


def _share(formula: sp.Expr, proof: Proof) -> None:
    half, lost = dimension / 2, 2 * b / (dimension + 2)
    proof.at_most(
        1 - a * lost,
        (1 - (a - 1) * lost * w) * (half + a - 1) / (half + a - 1 + b),
        r"in the series of claim performer.orthogonal_series $R(a, b) \ge 1 - 2ab/(d + 2)$ for "
        r"$b \ge 1$, by induction: it holds for $a = 0$; if $R(a - 1, b) = 1 - 2(a - 1)bw/(d + 2)$ "
        r"with $w \le 1$, then $R(a, b)$ is the right side",
        equality={a: 1, b: 1},
    )
    missing = (2 / (dimension + 2) * (h * sp.diff(sp.exp(h), h)) ** 2).subs(h, u / 2)
    covariance = -sp.exp(-(u + v) / 2) * missing
    proof.equal(
        (draws * VARIANCE + draws * (draws - 1) * covariance) / draws**2 / (VARIANCE / draws),
        in_squares(formula),
        SQUARES + r", hence $h = u/2$: as $\sum_a a h^a/a! = h e^h$, the terms $h^{a + b}/(a!\, "
        r"b!)$ times $2ab/(d + 2)$ have the sum $2 (h e^h)^2/(d + 2)$, and by no more is the "
        r"mean of the product below $e^{2h}$; so much for $m(m - 1)$ covariances beside $m$ "
        r"variances, over $m^2$ and divided by the error $\operatorname{Var}/m$ of independent "
        "draws",
    )
    taken = u**2 / (2 * (sp.exp(u) - 1))
    proof.equal(
        in_squares(1 - formula) * (dimension + 2) / (draws - 1),
        taken,
        r"what is taken from 1 is $\frac{m - 1}{d + 2}$ times this",
    )
    proof.at_most(
        sp.cancel(taken.subs(sp.exp(u), sum(u**k / sp.factorial(k) for k in FIRST))),
        MOST,
        r"$e^u$ exceeds the first terms of its series; with these in its place the quotient is "
        rf"larger, and still at most ${latex(MOST)}$. As $m - 1 < d + 2$, less than "
        rf"${latex(MOST)}$ is taken",
    )


def _plane(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        overlap(a, b).subs(dimension, 2),
        sp.factorial(a) * sp.factorial(b) / sp.factorial(a + b),
        r"in the series of claim performer.orthogonal_series with $d = 2$: each term is "
        r"$h^{a + b}/(a + b)!$, and $n + 1$ pairs have $a + b = n$: the mean is "
        r"$\sum_n (n + 1) h^n/n!$",
        "R(a, b)",
    )
    proof.equal(
        sp.diff(h * sp.exp(h), h),
        (1 + h) * sp.exp(h),
        r"this sum is the derivative of $\sum_n h^{n + 1}/n! = h e^h$",
        r"\frac{d}{dh} h e^h",
    )
    mean = ((1 + h) * sp.exp(h)).subs(h, u / 2)
    covariance = sp.exp(-(u + v) / 2) * (mean - sp.exp(u))
    proof.equal(
        (2 * VARIANCE + 2 * covariance) / 4,
        in_squares(formula),
        f"{SQUARES}, hence $h = u/2$: two variances and two covariances over $2^2$",
    )


def _share_directly(value: float, total: float, draws: float, dimension: float) -> Direct:
    together, _, cut = near(total, 1.0)
    width, count = min(dimension, WIDEST), min(draws, WIDEST)
    found = measured(together, 1.0, width, count, count * (count - 1))
    least = law_at((together, count, width), (total, draws, dimension), value, share)
    bound = least * found.independent
    holds = found.orthogonal >= bound * (1 - 1e-9) - 1e-12 * found.kernel**2
    return Direct(found.sentence + cut + narrowed(dimension), holds)


def _plane_directly(value: float, total: float, apart: float) -> Direct:
    together, difference, cut = near(total, apart)
    found = measured(together, difference, 2, 2, 2)
    exact = law_at((together, difference), (total, apart), value, plane_error)
    return Direct(found.sentence + cut, agree(found.orthogonal, exact, found.kernel))


CLAIMS = (
    Claim(
        key="performer.orthogonal_share",
        question="3h",
        title="Orthogonal directions lower the error by less than a third",
        statement=r"The mean squared error of $m \le d$ orthogonal directions is at least ${law}$ "
        r"times that of $m$ independent ones, hence more than $\frac{2}{3}$ of it: the gain is "
        r"sure, in every dimension, but of no other order of magnitude. For small "
        r"$\lVert z \rVert$ this bound and that of claim performer.orthogonal agree in the leading "
        "term.",
        assumptions=(LENGTHS, ORTHOGONAL, r"$m \le d$, $z \ne 0$"),
        law=share,
        derive=_share,
        twin=1
        - (draws - 1)
        * total**4
        * sp.exp(-(total**2) / 2)
        / (4 * sp.sinh(total**2 / 2) * (dimension + 3)),
        changed="$d + 3$ in place of $d + 2$",
        example={"total": 1, "draws": 16, "dimension": 16},
        source="ours, by the series of claim performer.orthogonal_series",
        variables={**SQUARED, **SERIES, w: UNIT},
        direct=_share_directly,
    ),
    Claim(
        key="performer.orthogonal_plane",
        question="3h",
        title="The exact error of two orthogonal directions in the plane",
        statement=r"For $d = m = 2$ the mean squared error of orthogonal directions is exactly "
        r"${law}$.",
        assumptions=(LENGTHS, ORTHOGONAL, r"$d = m = 2$"),
        law=plane_error,
        derive=_plane,
        twin=sp.exp(-(total**2 + apart**2) / 2)
        * (sp.exp(2 * total**2) - 2 * sp.exp(total**2) + (1 + total**2) * sp.exp(total**2 / 2))
        / 2,
        changed=r"$\lVert z \rVert^2$ in place of its half in the bracket",
        example={"total": 1, "apart": 2},
        source="ours, by the series of claim performer.orthogonal_series",
        variables={**SQUARED, **SERIES, h: NONNEGATIVE},
        direct=_plane_directly,
    ),
)
