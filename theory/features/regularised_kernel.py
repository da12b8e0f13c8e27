"""Question 3h: the kernel that is estimated if all directions have the length √d."""

from __future__ import annotations

import math

import sympy as sp

from theory.features.orthogonal_frames import DIMENSION, WIDEST, dimension, narrowed
from theory.features.orthogonal_series import rising
from theory.performer import (
    APART,
    LENGTHS,
    PAPER,
    SM,
    SQUARED,
    TOTAL,
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
from theory.proof.typeset import scientific
from theory.symbols import UNIT

regularised = Law(
    r"\mathrm{SMREG}",
    SM * (1 - total**4 / 4 / (dimension + 2)),
    (TOTAL, APART, DIMENSION),
    relation=r"\ge",
)

k = sp.Symbol("k", integer=True, nonnegative=True)
h = sp.Symbol("h", nonnegative=True)
w = sp.Symbol("w", nonnegative=True)
c = sp.Symbol("c", positive=True)


def _regularised(formula: sp.Expr, proof: Proof) -> None:
    normal = sp.factorial(2 * k) / (2**k * sp.factorial(k))
    term = dimension**k * normal / (2**k * rising(dimension / 2, k)) / sp.factorial(2 * k)
    kept = dimension / (dimension + 2 * k)
    proof.equal(
        term.subs(k, k + 1) / term,
        kept / (2 * (k + 1)),
        r"the mean of $e^{\omega^\top z}$ over directions of length $\sqrt{d}$ is $\sum_k T_k "
        r"\lVert z \rVert^{2k}$ with $T_k = d^k E[t^{2k}]/(2k)!$ (odd powers have mean 0). A "
        r"coordinate $t$ of a uniform unit vector has $E[t^{2k}] = E[g^{2k}]/E[r^{2k}]$ with the "
        r"moments of claim performer.orthogonal_series. So $T_k \lVert z \rVert^{2k} = \rho_k "
        r"h^k/k!$ with $h = \lVert z \rVert^2/2$, $\rho_0 = 1$ and $\rho_{k + 1} = \rho_k\, d/(d + "
        r"2k)$",
        r"\frac{T_{k + 1}}{T_k}",
    )
    proof.at_most(
        kept,
        sp.Integer(1),
        r"so $\rho_k \le 1$; with $\rho_k = 1$ the sum is $e^h$, that of Gaussian directions: "
        r"$\mathrm{SMREG} \le \mathrm{SM}$",
        equality={k: 0},
    )
    lost = k * (k - 1) / (dimension + 2)
    proof.at_most(
        1 - lost.subs(k, k + 1),
        (1 - lost * w) * kept,
        r"$\rho_k \ge 1 - k(k - 1)/(d + 2)$ by induction: it holds for $k \le 1$; if $\rho_k = 1 - "
        r"k(k - 1)w/(d + 2)$ with $w \le 1$, then $\rho_{k + 1}$ is the right side",
        equality={k: 1},
    )
    pairs = sp.diff(sp.exp(c * h), c, 2).subs(c, 1)
    proof.equal(
        sp.exp(-(u + v) / 4) * (sp.exp(h) - pairs / (dimension + 2)).subs(h, u / 2),
        in_squares(formula),
        r"with $u = \lVert z \rVert^2 = 2h$ and $v = \lVert x - y \rVert^2$: $\sum_k k(k - 1) "
        r"h^k/k!$ is the second derivative of $e^{ch}$ in $c$, at $c = 1$, and the factor "
        r"$e^{-(\lVert x \rVert^2 + \lVert y \rVert^2)/2} = e^{-(u + v)/4}$ is common to all",
    )


def sphere_mean(length: float, width: int) -> float:
    """E[e^(ωᵀz)] for ‖z‖ = length and ω uniform on the sphere of radius √width, by quadrature."""
    import numpy as np
    from scipy import special

    if width == 1:
        return math.cosh(length)
    nodes, shares = special.roots_jacobi(64, (width - 3) / 2, (width - 3) / 2)
    return float(shares @ np.exp(length * math.sqrt(width) * nodes) / shares.sum())


def _directly(value: float, total: float, apart: float, dimension: float) -> Direct:
    together, difference, cut = near(total, apart)
    width = int(min(dimension, WIDEST))
    factor = math.exp(-(together**2 + difference**2) / 4)
    kernel = math.exp((together**2 - difference**2) / 4)
    found = factor * sphere_mean(together, width)
    sentence = (
        f"By quadrature over a coordinate of the directions the mean is ${scientific(found)}$"
        f"{cut}{narrowed(dimension)}, and $e^{{x^\\top y}}$ is ${scientific(kernel)}$."
    )
    taken, given = (together, difference, width), (total, apart, dimension)
    bound = law_at(taken, given, value, regularised)
    return Direct(sentence, bound - 1e-12 * kernel <= found <= kernel * (1 + 1e-9))


CLAIMS = (
    Claim(
        key="performer.regularised",
        question="3h",
        title="Directions of one length estimate a kernel just below the softmax kernel",
        statement=r"With $\omega$ uniform on the sphere of radius $\sqrt{d}$, positive features "
        r"have the mean $\mathrm{SMREG}$ with $\mathrm{SM} \ge \mathrm{SMREG} \ge {law}$, in every "
        r"dimension $d$; for small $\lVert z \rVert$ the lower bound is exact in the leading "
        "term.",
        assumptions=(LENGTHS, r"$\omega$ is uniform on the sphere of radius $\sqrt{d}$"),
        law=regularised,
        derive=_regularised,
        twin=SM * (1 - total**4 / 4 / (dimension + 3)),
        changed="$d + 3$ in place of $d + 2$",
        example={"total": 1, "apart": 2, "dimension": 64},
        source=f"{PAPER}, section 2.3 and Theorem 1; the explicit bound is ours",
        variables={**SQUARED, k: (sp.Integer(1), sp.oo), w: UNIT},
        direct=_directly,
    ),
)
