"""Question 3h: where trigonometric features fail: their errors relative to the kernel.

Relative to the kernel, the error of trigonometric features depends on ‖x − y‖ alone, that of
positive and hyperbolic features on ‖x + y‖ alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.features.feature_variance import hyperbolic_error, positive_error, trigonometric_error
from theory.performer import (
    APART,
    DRAWS,
    GAUSSIAN,
    INDEPENDENT,
    LENGTHS,
    PAPER,
    SM,
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
    u,
    v,
)
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific

if TYPE_CHECKING:
    from theory.performer import Features

trigonometric_relative = Law(
    r"\operatorname{MSE}_{\mathrm{trig}} / \mathrm{SM}^2",
    2 * sp.sinh(apart**2 / 2) ** 2 / draws,
    (APART, DRAWS),
)
positive_relative = Law(
    r"\operatorname{MSE}_+ / \mathrm{SM}^2", (sp.exp(total**2) - 1) / draws, (TOTAL, DRAWS)
)
hyperbolic_relative = Law(
    r"\operatorname{MSE}_{\mathrm{hyp}} / \mathrm{SM}^2",
    2 * sp.sinh(total**2 / 2) ** 2 / draws,
    (TOTAL, DRAWS),
)

AT_ALL = (LENGTHS, GAUSSIAN, INDEPENDENT)


def _relative(error: Law, formula: sp.Expr, proof: Proof, claim: str) -> None:
    proof.equal(
        in_squares(error.expression / SM**2),
        in_squares(formula),
        f"{SQUARES}: the error of claim {claim} over the square of the kernel",
    )


def _trigonometric_relative(formula: sp.Expr, proof: Proof) -> None:
    _relative(trigonometric_error, formula, proof, "performer.trigonometric_error")
    proof.equal(
        in_squares(sp.exp(total**2) * SM**-4),
        sp.exp(v),
        r"so at a fixed $\lVert z \rVert$ a small kernel means a large $\lVert x - y \rVert$",
        r"e^{\lVert z \rVert^2}\, \mathrm{SM}^{-4}",
    )
    proof.equal(
        in_squares(formula * draws) - (sp.exp(v) / 2 - 1),
        sp.exp(-v) / 2,
        r"this is positive, so the relative error is above $(\frac{1}{2} e^{\lVert z \rVert^2}\, "
        r"\mathrm{SM}^{-4} - 1)/m$ and grows without bound as $\mathrm{SM} \to 0$",
        r"2 \sinh^2 \frac{v}{2} - \left( \frac{1}{2} e^v - 1 \right)",
    )


def _positive_relative(formula: sp.Expr, proof: Proof) -> None:
    _relative(positive_error, formula, proof, "performer.positive_error")
    proof.equal(
        in_squares(SM**2 * formula * draws).subs(v, 2 * u),
        sp.exp(u / 2) - sp.exp(-u / 2),
        r"$v$ does not occur in the relative error, so at a fixed $\lVert z \rVert$ the error "
        r"tends to 0 like $\mathrm{SM}^2$; but along $v = 2u$ the kernel is $e^{-u/4}$, which "
        "tends to 0 as $u$ grows, and the error grows without bound",
        r"m \operatorname{MSE}_+",
    )


def _hyperbolic_relative(formula: sp.Expr, proof: Proof) -> None:
    _relative(hyperbolic_error, formula, proof, "performer.hyperbolic_error")


def _relatively(
    features: Features, at: tuple[float, float], relative: float, draws: float
) -> Direct:
    """Whether draws at these lengths have this relative error."""
    mean, variance = moments(features, *at)
    sentence = (
        f"Summed over a fine grid of directions in the plane {at_lengths(*at)}, one draw has the "
        f"mean ${scientific(mean)}$ and the variance ${scientific(variance)}$, so ${draws:g}$ "
        f"draws have the relative error ${scientific(variance / mean**2 / draws)}$."
    )
    return Direct(sentence, agree(variance, relative * draws * mean**2, mean))


def at_lengths(together: float, difference: float) -> str:
    """Where in the plane, in words."""
    return (
        rf"at $\lVert z \rVert = {scientific(together)}$, "
        rf"$\lVert x - y \rVert = {scientific(difference)}$"
    )


def _trigonometric_directly(value: float, apart: float, draws: float) -> Direct:
    at = near(1.0, apart)[:2]
    relative = law_at((at[1], draws), (apart, draws), value, trigonometric_relative)
    return _relatively(trigonometric_features, at, relative, draws)


def _positive_directly(value: float, total: float, draws: float) -> Direct:
    at = near(total, 3.0)[:2]
    relative = law_at((at[0], draws), (total, draws), value, positive_relative)
    return _relatively(positive_features, at, relative, draws)


def _hyperbolic_directly(value: float, total: float, draws: float) -> Direct:
    at = near(total, 3.0)[:2]
    relative = law_at((at[0], draws), (total, draws), value, hyperbolic_relative)
    return _relatively(hyperbolic_features, at, relative, draws)


CLAIMS = (
    Claim(
        key="performer.trigonometric_relative",
        question="3h",
        title="Trigonometric features fail where the kernel is small",
        statement="Over the square of the kernel, the mean squared error of trigonometric "
        r"features is ${law}$. At a fixed $\lVert z \rVert$ it is at least $(\frac{1}{2} "
        r"e^{\lVert z \rVert^2}\, \mathrm{SM}^{-4} - 1)/m$, which grows without bound as "
        r"$\mathrm{SM} \to 0$; so does the error itself, like $\mathrm{SM}^{-2}$.",
        assumptions=AT_ALL,
        law=trigonometric_relative,
        derive=_trigonometric_relative,
        twin=2 * sp.cosh(apart**2 / 2) ** 2 / draws,
        changed=r"$\cosh$ in place of $\sinh$",
        example={"apart": 3, "draws": 64},
        source=f"{PAPER}, after Lemma 2; the form is ours",
        variables=SQUARED,
        direct=_trigonometric_directly,
    ),
    Claim(
        key="performer.positive_relative",
        question="3h",
        title="Positive features keep their relative error where the kernel is small",
        statement=r"Over the square of the kernel, the mean squared error of positive features is "
        r"${law}$, whatever the kernel is. At a fixed $\lVert z \rVert$ the error tends to 0 with "
        r"$\mathrm{SM}$; if $\lVert z \rVert$ may grow it need not.",
        assumptions=AT_ALL,
        law=positive_relative,
        derive=_positive_relative,
        twin=(sp.exp(total**2) + 1) / draws,
        changed="the sign of 1",
        example={"total": 2, "draws": 64},
        source=f"{PAPER}, after Lemma 2; the form and the last remark are ours",
        variables=SQUARED,
        direct=_positive_directly,
    ),
    Claim(
        key="performer.hyperbolic_relative",
        question="3h",
        title="Hyperbolic and trigonometric features mirror each other",
        statement="Over the square of the kernel, the mean squared error of hyperbolic features "
        r"is ${law}$: the formula of trigonometric features with $\lVert z \rVert$ in place of "
        r"$\lVert x - y \rVert$.",
        assumptions=AT_ALL,
        law=hyperbolic_relative,
        derive=_hyperbolic_relative,
        twin=sp.sinh(total**2 / 2) ** 2 / draws,
        changed="the factor 2 is missing",
        example={"total": 2, "draws": 64},
        source=f"{PAPER}, Lemma 2; the form is ours",
        variables=SQUARED,
        direct=_hyperbolic_directly,
    ),
)
