"""Question 3h: the series behind orthogonal random features, and the covariance of two of them."""

from __future__ import annotations

import math

import sympy as sp

from theory.features.orthogonal_frames import ORTHOGONAL, WIDEST, dimension, frame_mean, narrowed
from theory.gaussian import phi
from theory.performer import (
    APART,
    LENGTHS,
    PAPER,
    SM,
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
    u,
    v,
)
from theory.proof.algebra import Domain
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE

PLANE_OR_MORE = Parameter("dimension", dimension, lower=2, integer=True)
NEARLY_OPPOSITE = 0.1  # a length of z at which the bound on the covariance is nearly attained
GAP = (SM - sp.exp(-(total**2 + apart**2) / 4)) ** 2
largest_overlap = Law("R(a, b)", dimension / (dimension + 2), (PLANE_OR_MORE,), relation=r"\le")
covariance = Law(
    r"\operatorname{Cov}",
    -2 / (dimension + 2) * GAP,
    (TOTAL, APART, PLANE_OR_MORE),
    relation=r"\le",
)

g = sp.Symbol("g", real=True)
s, h = sp.symbols("s h", nonnegative=True)
a, b = sp.symbols("a b", integer=True, positive=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
SERIES: Domain = {
    g: ANY,
    s: NONNEGATIVE,
    a: (sp.Integer(1), sp.oo),
    b: (sp.Integer(1), sp.oo),
    k: (sp.Integer(0), sp.oo),
}


def rising(x: sp.Expr, count: sp.Expr) -> sp.Expr:
    """x (x + 1) ⋯ (x + count − 1)."""
    return sp.gamma(x + count) / sp.gamma(x)


def overlap(first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """R(a, b) = (d/2)_a (d/2)_b / (d/2)_(a+b): what orthogonality makes of a term."""
    half = dimension / 2
    return rising(half, first) * rising(half, second) / rising(half, first + second)


def _moments(proof: Proof) -> tuple[sp.Expr, sp.Expr]:
    """Prove E[g^(2k)] of a normal number and E[r^(2k)] of a Gaussian vector's length."""
    proof.equal(
        sp.diff(phi(g), g),
        -g * phi(g),
        r"for the normal density; as $f(g) \varphi(g)$ vanishes at both ends, integration by parts "
        r"gives $E[g f(g)] = E[f'(g)]$ for every polynomial $f$",
        r"\varphi'(g)",
    )
    normal = sp.factorial(2 * k) / (2**k * sp.factorial(k))
    proof.equal(
        normal.subs(k, k + 1) / normal,
        2 * k + 1,
        r"$f(g) = g^{2k + 1}$ gives $E[g^{2k+2}] = (2k + 1) E[g^{2k}]$, so $E[g^{2k}] = "
        r"(2k)!/(2^k k!)$ by induction; odd powers have mean 0 by symmetry",
    )
    proof.equal(
        sp.diff(g * (g**2 + s) ** k, g) / (g**2 + s) ** k,
        1 + 2 * k * g**2 / (g**2 + s),
        r"$f$ for one coordinate of a vector of $d$ of them with squared length $S = g^2 + s$; "
        r"summed over the coordinates, $E[S^{k + 1}] = d\, E[S^k] + 2k\, E[S^k]$",
        r"S^{-k} \frac{d}{dg} g S^k",
    )
    length = 2**k * rising(dimension / 2, k)
    proof.equal(
        length.subs(k, k + 1) / length,
        dimension + 2 * k,
        r"so the length $r = \sqrt{S}$ has $E[r^{2k}] = 2^k (d/2)_k$ by induction, where $(x)_k = "
        r"x (x + 1) \cdots (x + k - 1) = \Gamma(x + k)/\Gamma(x)$",
    )
    return normal, length


def _coefficient(normal: sp.Expr, length: sp.Expr, proof: Proof) -> None:
    first, second = normal.subs(k, a), normal.subs(k, b)
    lengths = length.subs(k, a) * length.subs(k, b)
    powers = sp.factorial(2 * a) * sp.factorial(2 * b)
    half = sp.Rational(1, 2)
    proof.equal(
        lengths * first * second / length.subs(k, a + b) / powers / overlap(a, b),
        half ** (a + b) / (sp.factorial(a) * sp.factorial(b)),
        r"$K_{ab}$ is the coefficient of $\lVert z \rVert^{2a + 2b}$ in $E[e^{\omega_1^\top z} "
        r"e^{\omega_2^\top z}]$. The coordinates of $z/\lVert z \rVert$ along $\nu_1$ and $\nu_2$ "
        "are two coordinates $t_1$, $t_2$ of a uniform unit vector, and a Gaussian vector is "
        "such a vector times an independent length: $E[t_1^{2a} t_2^{2b}] = E[g^{2a}] E[g^{2b}] "
        r"/ E[r^{2a + 2b}]$, to be multiplied by $E[r_1^{2a}] E[r_2^{2b}]$. With $h = \lVert z "
        r"\rVert^2/2$ the mean is therefore $\sum_{a, b} \frac{h^{a + b}}{a!\, b!} R(a, b)$ with "
        "$R(a, b) = (d/2)_a (d/2)_b/(d/2)_{a + b}$; sums and means may be exchanged because "
        r"$E[e^{|\omega_1^\top z| + |\omega_2^\top z|}]$ is finite",
        r"\frac{K_{ab}}{R(a, b)}",
    )


def _series(formula: sp.Expr, proof: Proof) -> None:
    normal, length = _moments(proof)
    _coefficient(normal, length, proof)
    fraction = (dimension / 2 + a) / (dimension / 2 + a + b)
    proof.equal(
        overlap(a + 1, b) / overlap(a, b),
        fraction,
        r"raising $a$ by 1 multiplies $R$ by this; raising $b$ does so with $a$ and $b$ exchanged, "
        r"as $R$ is symmetric",
        r"\frac{R(a + 1, b)}{R(a, b)}",
    )
    proof.at_most(fraction, sp.Integer(1), "so $R$ falls as $a$ or $b$ grows", equality={b: 0})
    one = sp.Integer(1)
    proof.equal(overlap(one, one), formula, r"the largest value with $a, b \ge 1$", "R(1, 1)")


def _covariance(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.exp(2 * h) - (2 * sp.exp(h) - 1),
        (sp.exp(h) - 1) ** 2,
        r"the sum of $h^{a + b}/(a!\, b!)$ over $a, b \ge 1$: all terms have the sum $e^h e^h$, "
        r"those with $b = 0$ or $a = 0$ have $e^h$ each, and $a = b = 0$ is in both",
    )
    proof.equal(
        sp.exp(-(u + v) / 2) * (largest_overlap.expression - 1) * (sp.exp(u / 2) - 1) ** 2,
        in_squares(formula),
        SQUARES + r", hence $h = u/2$: by claim performer.orthogonal_series the mean of "
        r"$e^{\omega_1^\top z} e^{\omega_2^\top z}$ is below $e^{2h}$, the value for independent "
        r"directions, by at least $1 - R(1, 1)$ times that sum; each draw has the factor "
        r"$e^{-(\lVert x \rVert^2 + \lVert y \rVert^2)/2} = e^{-(u + v)/4}$ as well",
    )


def _series_directly(value: float, dimension: float) -> Direct:
    """R(1, 1) is the mean of (ω₁ᵀe)² (ω₂ᵀe)², which is 1 for independent directions."""
    import numpy as np

    width = min(dimension, WIDEST)
    found = frame_mean(np.square, int(width))
    sentence = (
        "By quadrature over two orthogonal directions $E[(\\omega_1^\\top e)^2 (\\omega_2^\\top "
        f"e)^2]$ is ${scientific(found)}$ for a unit vector $e${narrowed(dimension)}; independent "
        "ones have 1."
    )
    return Direct(sentence, close(found, law_at((width,), (dimension,), value, largest_overlap)))


def _covariance_directly(value: float, total: float, apart: float, dimension: float) -> Direct:
    together, difference, cut = near(total, apart)
    width = min(dimension, WIDEST)
    found = pair_covariance(together, difference, int(width))
    sentence = (
        "By quadrature over the lengths of two orthogonal directions and the coordinates of $z$ "
        f"along them, the covariance is ${scientific(found)}${cut}{narrowed(dimension)}."
    )
    kernel = math.exp((together**2 - difference**2) / 4)
    taken, given = (together, difference, width), (total, apart, dimension)
    bound = law_at(taken, given, value, covariance)
    below = found <= bound * (1 - 1e-9) + 1e-12 * kernel**2
    if together <= NEARLY_OPPOSITE:
        return Direct(sentence, below)
    there = pair_covariance(NEARLY_OPPOSITE, difference, int(width))
    scaled = bound * covariance(NEARLY_OPPOSITE, difference, width) / covariance(*taken)
    sentence += (
        rf" For $\lVert z \rVert = {NEARLY_OPPOSITE:g}$ it is ${scientific(there / scaled)}$ times "
        "the bound there."
    )
    return Direct(sentence, below and there <= scaled * (1 - 1e-9))


def pair_covariance(together: float, difference: float, width: int) -> float:
    """Covariance of the estimates of two orthogonal directions, by quadrature."""
    import numpy as np

    mean, _ = moments(positive_features, together, difference)
    squares = (together**2 + difference**2) / 2  # ‖x‖² + ‖y‖²
    product = math.exp(-squares) * frame_mean(lambda x: np.cosh(together * x), width)
    return product - mean**2


CLAIMS = (
    Claim(
        key="performer.orthogonal_series",
        question="3h",
        title="What orthogonality changes in the power series",
        statement=r"For two orthogonal directions and $h = \lVert z \rVert^2/2$, "
        r"$E[e^{\omega_1^\top z} e^{\omega_2^\top z}] = \sum_{a, b \ge 0} \frac{h^{a + b}}{a!\, "
        r"b!} R(a, b)$ with $R(a, b) = (d/2)_a (d/2)_b/(d/2)_{a + b}$, where independent "
        r"directions have $R = 1$. It is 1 if $a$ or $b$ is 0, and otherwise $R(a, b) \le R(1, 1) "
        r"= {law} < 1$.",
        assumptions=(
            ORTHOGONAL,
            r"$d \ge 2$; $(x)_k = x (x + 1) \cdots (x + k - 1)$, and $z$ is any vector",
        ),
        law=largest_overlap,
        derive=_series,
        twin=dimension / (dimension + 3),
        changed="3 in place of 2",
        example={"dimension": 16},
        source="ours",
        variables=SERIES,
        direct=_series_directly,
    ),
    Claim(
        key="performer.orthogonal_covariance",
        question="3h",
        title="The estimates of orthogonal directions are negatively correlated",
        statement=r"For two orthogonal directions the products of positive features have the "
        r"covariance $\operatorname{Cov} \le {law}$, negative if $z \ne 0$, where the exponential "
        r"is $e^{-(\lVert x \rVert^2 + \lVert y \rVert^2)/2}$. No larger constant than "
        r"$2/(d + 2)$ is possible: the term $a = b = 1$ of the series, which leads for small "
        r"$\lVert z \rVert$, is exact.",
        assumptions=(LENGTHS, ORTHOGONAL, r"$d \ge 2$"),
        law=covariance,
        derive=_covariance,
        twin=-3 / (dimension + 2) * GAP,
        changed="3 in place of 2",
        example={"total": 1, "apart": 2, "dimension": 16},
        source=f"{PAPER}, Theorem 2; the proof by series is ours",
        variables={**SQUARED, h: NONNEGATIVE},
        direct=_covariance_directly,
    ),
)
