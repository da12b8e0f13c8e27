"""Question 3h: the softmax kernel as the mean of positive and of trigonometric random features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import mean_of_exponential, phi
from theory.performer import (
    APART,
    GAUSSIAN,
    LENGTHS,
    PAPER,
    SQUARED,
    SQUARES,
    TOTAL,
    apart,
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

EXPONENT = total**2 / 4 - apart**2 / 4
positive_mean = Law(
    r"E[e^{\omega^\top x - \lVert x \rVert^2/2}\, e^{\omega^\top y - \lVert y \rVert^2/2}]",
    sp.exp(EXPONENT),
    (TOTAL, APART),
)
trigonometric_mean = Law(
    r"e^{(\lVert x \rVert^2 + \lVert y \rVert^2)/2}\, E[\cos(\omega^\top (x - y))]",
    sp.exp(EXPONENT),
    (TOTAL, APART),
)

x_k, y_k, a, b, g, F, X = sp.symbols("x_k y_k a b g F X", real=True)
t = sp.Symbol("t", nonnegative=True)
HALF_SQUARES = (u + v) / 4  # (‖x‖² + ‖y‖²)/2


def lengths(proof: Proof) -> None:
    """Prove what xᵀy and (‖x‖² + ‖y‖²)/2 are in ‖z‖ and ‖x − y‖, coordinate by coordinate."""
    plus, minus = (x_k + y_k) ** 2, (x_k - y_k) ** 2
    proof.equal(
        sp.Matrix([x_k * y_k, (x_k**2 + y_k**2) / 2]),
        sp.Matrix([(plus - minus) / 4, (plus + minus) / 4]),
        r"in each coordinate; summed over them, $x^\top y = (\lVert z \rVert^2 - \lVert x - y "
        r"\rVert^2)/4$ and $\frac{1}{2}(\lVert x \rVert^2 + \lVert y \rVert^2) = (\lVert z "
        r"\rVert^2 + \lVert x - y \rVert^2)/4$",
    )


def mean_of_cosine(frequency: sp.Expr, proof: Proof) -> sp.Expr:
    """Prove E[cos(tg)] = e^(−t²/2) for standard normal g and return it at this frequency."""
    proof.equal(
        sp.diff(sp.sin(t * g) * phi(g), g),
        (t * sp.cos(t * g) - g * sp.sin(t * g)) * phi(g),
        r"with $\varphi$ the normal density; $\sin(tg)\, \varphi(g)$ vanishes at both ends, so its "
        r"derivative integrates to 0: $E[g \sin(tg)] = t\, E[\cos(tg)]$",
        r"\frac{d}{dg} \sin(tg)\, \varphi(g)",
    )
    proof.equal(
        sp.diff(sp.cos(t * g), t),
        -g * sp.sin(t * g),
        r"so $F(t) = E[\cos(tg)]$ has $F'(t) = -E[g \sin(tg)] = -t F(t)$ (the derivative passes "
        r"under the mean because $|g \sin(tg)| \le |g|$)",
        r"\frac{d}{dt} \cos(tg)",
    )
    growth = sp.exp(t**2 / 2)
    proof.equal(
        -t * F * growth + F * sp.diff(growth, t),
        sp.Integer(0),
        r"product rule with $F' = -tF$: $F(t)\, e^{t^2/2}$ is constant, and $F(0) = \cos 0 = 1$, "
        r"so $E[\cos(tg)] = e^{-t^2/2}$",
        r"\frac{d}{dt} F(t)\, e^{t^2/2}",
    )
    return sp.exp(-(frequency**2) / 2)


def _positive(formula: sp.Expr, proof: Proof) -> None:
    lengths(proof)
    mean = mean_of_exponential(sp.Integer(0), u, X, proof)
    proof.equal(
        sp.exp(-HALF_SQUARES) * mean,
        in_squares(formula),
        SQUARES + r", $X = \omega^\top x + \omega^\top y = \omega^\top z$ is a sum of independent "
        r"normal numbers $\omega_k z_k$, so $X \sim \mathcal{N}(0, u)$; $E[e^X] = e^{u/2}$ is "
        r"multiplied by $e^{-(\lVert x \rVert^2 + \lVert y \rVert^2)/2} = e^{-(u + v)/4}$, and by "
        r"the first step the result is $e^{x^\top y}$",
    )


def _trigonometric(formula: sp.Expr, proof: Proof) -> None:
    lengths(proof)
    mean = mean_of_cosine(sp.sqrt(v), proof)
    proof.equal(
        sp.exp(HALF_SQUARES) * mean,
        in_squares(formula),
        SQUARES + r", $\omega^\top (x - y) \sim \mathcal{N}(0, v)$ is $\sqrt{v}\, g$ "
        r"with $g$ standard normal; by the first step the result is $e^{x^\top y}$",
    )
    proof.equal(
        sp.cos(a) * sp.cos(b) + sp.sin(a) * sp.sin(b),
        sp.cos(a - b),
        r"with $a = \omega^\top x$ and $b = \omega^\top y$: the cosine of the difference is a "
        "product of two features of $x$ and two of $y$",
    )


def _found(
    features: Features, law: Law, lengths: tuple[float, float], value: float, kind: str
) -> Direct:
    together, difference, cut = near(*lengths)
    mean, _ = moments(features, together, difference)
    sentence = (
        f"Summed over a fine grid of directions in the plane, the {kind} features have mean "
        f"${scientific(mean)}${cut}, and $e^{{x^\\top y}}$ is "
        f"${scientific(_kernel(together, difference))}$."
    )
    exact = law_at((together, difference), lengths, value, law)
    return Direct(sentence, close(mean, exact) and close(_kernel(together, difference), exact))


def _kernel(together: float, difference: float) -> float:
    """exp(xᵀy) for x = (together, difference)/2 and y = (together, −difference)/2."""
    x, y = (together / 2, difference / 2), (together / 2, -difference / 2)
    return math.exp(x[0] * y[0] + x[1] * y[1])


def _positive_directly(value: float, total: float, apart: float) -> Direct:
    return _found(positive_features, positive_mean, (total, apart), value, "positive")


def _trigonometric_directly(value: float, total: float, apart: float) -> Direct:
    return _found(
        trigonometric_features, trigonometric_mean, (total, apart), value, "trigonometric"
    )


CLAIMS = (
    Claim(
        key="performer.positive",
        question="3h",
        title="The softmax kernel is the mean of positive random features",
        statement=r"$e^{x^\top y} = E[e^{\omega^\top x - \lVert x \rVert^2/2}\, e^{\omega^\top y - "
        r"\lVert y \rVert^2/2}] = {law}$ in every dimension $d$.",
        assumptions=(LENGTHS, GAUSSIAN),
        law=positive_mean,
        derive=_positive,
        twin=sp.exp(total**2 / 4 - apart**2 / 2),
        changed=r"2 in place of 4 below $\lVert x - y \rVert^2$",
        example={"total": 2, "apart": 3},
        source=f"{PAPER}, Lemma 1",
        variables={**SQUARED, x_k: ANY, y_k: ANY, X: ANY},
        direct=_positive_directly,
    ),
    Claim(
        key="performer.trigonometric",
        question="3h",
        title="The softmax kernel is also the mean of trigonometric random features",
        statement=r"$e^{x^\top y} = e^{(\lVert x \rVert^2 + \lVert y \rVert^2)/2}\, "
        r"E[\cos(\omega^\top x) \cos(\omega^\top y) + \sin(\omega^\top x) \sin(\omega^\top y)] = "
        r"{law}$ in every dimension $d$.",
        assumptions=(LENGTHS, GAUSSIAN),
        law=trigonometric_mean,
        derive=_trigonometric,
        twin=sp.exp(total**2 / 4 + apart**2 / 4),
        changed="the sign of the second term",
        example={"total": 2, "apart": 3},
        source=f"Rahimi and Recht 2007; {PAPER}, section 2.3",
        variables={
            **SQUARED, x_k: ANY, y_k: ANY, g: ANY, t: NONNEGATIVE, F: ANY, a: ANY, b: ANY,
        },
        direct=_trigonometric_directly,
    ),
)  # fmt: skip
