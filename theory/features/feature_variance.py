"""Question 3h: the exact mean squared errors of positive, hyperbolic and trigonometric features.

All three estimates are means of m independent unbiased draws, so the mean squared error is the
variance of one draw over m. Trigonometric and hyperbolic features make two numbers from each draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.features.random_features import HALF_SQUARES, mean_of_cosine, positive_mean
from theory.gaussian import mean_of_exponential
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
from theory.proof.direct import Direct, close
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE

if TYPE_CHECKING:
    from theory.performer import Features

LENGTHS_AND_DRAWS = (TOTAL, APART, DRAWS)
positive_error = Law(
    r"\operatorname{MSE}_+",
    sp.exp(total**2) * SM**2 * (1 - sp.exp(-(total**2))) / draws,
    LENGTHS_AND_DRAWS,
)
hyperbolic_error = Law(
    r"\operatorname{MSE}_{\mathrm{hyp}}",
    (1 - sp.exp(-(total**2))) * positive_error.expression / 2,
    LENGTHS_AND_DRAWS,
)
trigonometric_error = Law(
    r"\operatorname{MSE}_{\mathrm{trig}}",
    sp.exp(total**2) * SM**-2 * (1 - sp.exp(-(apart**2))) ** 2 / (2 * draws),
    LENGTHS_AND_DRAWS,
)

g, F, X = sp.symbols("g F X", real=True)
t = sp.Symbol("t", nonnegative=True)
SHORT = SQUARES + r" and $c = \frac{1}{2}(\lVert x \rVert^2 + \lVert y \rVert^2) = (u + v)/4$, "
MEAN_OF_DRAWS = (
    "the mean of $m$ independent unbiased draws has the variance of one draw over $m$, and "
    "without bias that is the mean squared error"
)


def _positive(formula: sp.Expr, proof: Proof) -> None:
    second = mean_of_exponential(sp.Integer(0), 4 * u, X, proof)
    first = mean_of_exponential(sp.Integer(0), u, X, proof)
    proof.equal(
        sp.exp(-2 * HALF_SQUARES) * (second - first**2),
        draws * in_squares(formula),
        SHORT + r"one draw is $e^{-c}\, e^{\omega^\top z}$; $2 \omega^\top z \sim "
        r"\mathcal{N}(0, 4u)$ gives $E[e^{2 \omega^\top z}] = e^{2u}$, and the square of "
        r"$E[e^{\omega^\top z}] = e^{u/2}$ is taken off; " + MEAN_OF_DRAWS,
        r"\operatorname{Var}",
    )


def _hyperbolic(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.cosh(X) ** 2,
        (1 + sp.cosh(2 * X)) / 2,
        r"with $X = \omega^\top z$ a draw's two products average to $\cosh X$ times a constant",
    )
    double = mean_of_exponential(sp.Integer(0), 4 * u, X, proof)
    single = mean_of_exponential(sp.Integer(0), u, X, proof)
    proof.equal(
        sp.exp(-2 * HALF_SQUARES) * ((1 + double) / 2 - single**2),
        draws * in_squares(formula),
        SHORT + r"one draw is $e^{-c} \cosh X$; $-X$ has the law of $X$, so $E[\cosh 2X] = "
        r"E[e^{2X}] = e^{2u}$ and $E[\cosh X] = e^{u/2}$; " + MEAN_OF_DRAWS,
        r"\operatorname{Var}",
    )


def _trigonometric(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.cos(X) ** 2,
        (1 + sp.cos(2 * X)) / 2,
        r"with $X = \omega^\top (x - y)$ one draw is $\cos X$ times a constant, claim "
        "performer.trigonometric",
    )
    single = mean_of_cosine(sp.sqrt(v), proof)
    double = single.xreplace({v: 4 * v})
    proof.equal(
        sp.exp(2 * HALF_SQUARES) * ((1 + double) / 2 - single**2),
        draws * in_squares(formula),
        SHORT + r"one draw is $e^c \cos X$; $2X \sim \mathcal{N}(0, 4v)$ gives $E[\cos 2X] = "
        r"e^{-2v}$, and $E[\cos X] = e^{-v/2}$; " + MEAN_OF_DRAWS,
        r"\operatorname{Var}",
    )


def _found(
    features: Features, law: Law, given: tuple[float, float, float], value: float, kind: str
) -> Direct:
    draws = given[2]
    together, difference, cut = near(*given[:2])
    mean, variance = moments(features, together, difference)
    sentence = (
        f"Summed over a fine grid of directions in the plane, one draw of the {kind} estimate has "
        f"the mean ${scientific(mean)}$ and the variance ${scientific(variance)}${cut}, so "
        f"${draws:g}$ draws have the variance ${scientific(variance / draws)}$."
    )
    error = law_at((together, difference, draws), given, value, law)
    unbiased = close(mean, positive_mean(together, difference))
    return Direct(sentence, unbiased and agree(variance, error * draws, mean))


def _positive_directly(value: float, total: float, apart: float, draws: float) -> Direct:
    return _found(positive_features, positive_error, (total, apart, draws), value, "positive")


def _hyperbolic_directly(value: float, total: float, apart: float, draws: float) -> Direct:
    return _found(hyperbolic_features, hyperbolic_error, (total, apart, draws), value, "hyperbolic")


def _trigonometric_directly(value: float, total: float, apart: float, draws: float) -> Direct:
    given = (total, apart, draws)
    return _found(trigonometric_features, trigonometric_error, given, value, "trigonometric")


EXAMPLE = {"total": 2, "apart": 3, "draws": 64}
CLAIMS = (
    Claim(
        key="performer.positive_error",
        question="3h",
        title="The exact error of positive features",
        statement=r"$m$ positive features, each from its own draw of $\omega$, estimate "
        r"$e^{x^\top y}$ without bias and with the mean squared error ${law}$.",
        assumptions=(LENGTHS, GAUSSIAN, INDEPENDENT),
        law=positive_error,
        derive=_positive,
        twin=sp.exp(total**2) * SM**2 * (1 - sp.exp(-(apart**2))) / draws,
        changed=r"$\lVert x - y \rVert$ in place of $\lVert z \rVert$ in the bracket",
        example=EXAMPLE,
        source=f"{PAPER}, Lemma 2",
        variables={X: ANY, **SQUARED},
        direct=_positive_directly,
    ),
    Claim(
        key="performer.hyperbolic_error",
        question="3h",
        title="The exact error of hyperbolic (antithetic) features",
        statement=r"$m$ draws of $\omega$, each used as $\omega$ and as $-\omega$ ($2m$ features), "
        r"estimate $e^{x^\top y}$ without bias and with the mean squared error ${law}$, which is "
        r"$\frac{1}{2}(1 - e^{-\lVert z \rVert^2})$ times that of $m$ positive features.",
        assumptions=(LENGTHS, GAUSSIAN, INDEPENDENT),
        law=hyperbolic_error,
        derive=_hyperbolic,
        twin=(1 + sp.exp(-(total**2))) * positive_error.expression / 2,
        changed="the sign in the first bracket",
        example=EXAMPLE,
        source=f"{PAPER}, Lemma 2",
        variables={X: ANY, **SQUARED},
        direct=_hyperbolic_directly,
    ),
    Claim(
        key="performer.trigonometric_error",
        question="3h",
        title="The exact error of trigonometric features",
        statement=r"$m$ draws of $\omega$ ($m$ cosines and $m$ sines) estimate $e^{x^\top y}$ "
        r"without bias and with the mean squared error ${law}$.",
        assumptions=(LENGTHS, GAUSSIAN, INDEPENDENT),
        law=trigonometric_error,
        derive=_trigonometric,
        twin=sp.exp(total**2) * SM**2 * (1 - sp.exp(-(apart**2))) ** 2 / (2 * draws),
        changed=r"$\mathrm{SM}^2$ in place of $\mathrm{SM}^{-2}$",
        example=EXAMPLE,
        source=f"{PAPER}, Lemma 2",
        variables={**SQUARED, X: ANY, g: ANY, t: NONNEGATIVE, F: ANY},
        direct=_trigonometric_directly,
    ),
)
