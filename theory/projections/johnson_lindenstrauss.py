"""Question 3g.1: what a random projection to k dimensions does to lengths and inner products.

R is a k × n matrix of independent N(0, 1/k) entries. ‖Rx‖²/‖x‖² has exactly the distribution of
χ²_k/k, so every constant of the Johnson–Lindenstrauss lemma can be written down.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.projections.chi_squared import DRAWN, RATE, ROWS, drawn, k, upper_tail
from theory.proof.assumptions import require, whole
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, POSITIVE, TOLERANCE, UNIT, delta, epsilon, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

rho = sp.Symbol("rho", real=True)
FAILURE = Parameter("delta", delta, lower=0, upper=1, open=True)
COSINE = Parameter("cosine", rho, lower=-1, upper=1)
GRID = 20_000

dimension = Law(
    "k", sp.log(2 * n / delta) / RATE, (TOLERANCE, FAILURE, KEYS), relation=r"\ge"
)  # fmt: skip
variance = Law(r"\operatorname{Var}((Rx)^\top Ry)", (1 + rho**2) / k, (COSINE, ROWS))
inner_product = Law(
    r"P(|(Rx)^\top Ry - x^\top y| > \varepsilon \lVert x \rVert \lVert y \rVert)",
    4 * sp.exp(-k * RATE),
    (TOLERANCE, ROWS),
    relation=r"\le",
)

a, b, c, g, h, t = sp.symbols("a b c g h t", real=True)
T = sp.Symbol("T", positive=True)
y, z = sp.symbols("y z", nonnegative=True)


def projection(k: int, n: int, seed: int) -> Float[np.ndarray, "k n"]:
    """A k × n matrix of independent N(0, 1/k) entries (arXiv:2006.04768, Lemma 1).

    Raises: InputError unless k ≥ 1, n ≥ 1 and the seed ≥ 0 are integers.

    >>> projection(2, 3, seed=0).shape
    (2, 3)
    """
    import numpy as np

    require(whole("k", k, 1), whole("n", n, 1), whole("seed", seed, 0))
    drawn: np.ndarray = np.random.default_rng(seed).normal(0, 1 / math.sqrt(k), (k, n))
    return drawn


def pair_failure(epsilon: float, k: float, cosine: float) -> float:
    """P(|(Rx)ᵀRy − xᵀy| > ε) for unit vectors with xᵀy = cosine in [0, 1], by a sum over a grid.

    Along x + y and x − y, which are orthogonal, the squared lengths are independent: (Rx)ᵀRy is
    ((1 + ρ) A − (1 − ρ) B)/(2k) with independent A and B of distribution χ²_k; summed is over √B.

    >>> round(pair_failure(0.5, 20, 1.0), 6)  # of one vector: the two tails of χ² with 20 degrees
    0.101682
    """
    import numpy as np
    from scipy import special

    shortest = max(0.0, math.sqrt(k) - 40)  # what lies beyond 40 has no weight in floating point
    step = (math.sqrt(k) + 40 - shortest) / GRID
    length = shortest + step * (np.arange(GRID) + 0.5)
    density = np.exp(
        special.xlogy(k - 1, length)
        - length**2 / 2
        - special.gammaln(k / 2)
        - math.log(2) * (k / 2 - 1)
    )
    level, slope = 2 * k / (1 + cosine), (1 - cosine) / (1 + cosine)
    high = special.chdtrc(k, level * (cosine + epsilon) + slope * length**2)
    low = special.chdtr(k, np.maximum(0, level * (cosine - epsilon) + slope * length**2))
    return float(min(1.0, np.sum(density * (high + low)) * step))


def mean(polynomial: sp.Expr, *normals: sp.Symbol) -> sp.Expr:
    """Mean of a polynomial in independent standard normals, moment by moment.

    >>> mean(g**4 + g**2 * h**2 + g, g, h)
    4
    """
    terms = sp.Poly(sp.expand(polynomial), *normals).terms()
    return sum((factor * sp.prod(map(_moment, powers)) for powers, factor in terms), sp.Integer(0))


def _moment(power: int) -> sp.Expr:
    """The derivative at 0 of the moment generating function e^(t²/2)."""
    return sp.diff(sp.exp(t**2 / 2), t, power).subs(t, 0)


# ----------------------------------------------------------------------------- derivations


def _dimension(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        RATE,
        epsilon**2 / 4,
        r"the bound on the lower tail, claim chi_squared.lower_tail, falls at least as fast in $k$ "
        r"as that on the upper, claim chi_squared.upper_tail",
    )
    proof.equal(
        2 * n * upper_tail.expression.subs(k, formula),
        delta,
        r"union bound: $n$ vectors with two tails each; at this $k$ the sum is $\delta$",
        r"2n e^{-k (\varepsilon^2/4 - \varepsilon^3/6)}",
    )
    proof.at_most(
        2 * n * upper_tail.expression.subs(k, formula) * y,
        delta,
        r"a larger $k$ multiplies the sum by a factor $y \le 1$",
        r"2n e^{-k (\varepsilon^2/4 - \varepsilon^3/6)} y",
    )


def _variance(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.Matrix([mean(g**2, g), mean(g**4, g)]),
        sp.Matrix([1, 3]),
        r"moments of a standard normal, from the derivatives of $e^{t^2/2}$ at 0",
        r"(E[g^2], E[g^4])^\top",
    )
    product = g * (rho * g + sp.sqrt(1 - rho**2) * h)
    proof.equal(
        sp.Matrix([mean(product, g, h), mean(product**2, g, h)]),
        sp.Matrix([rho, 1 + 2 * rho**2]),
        r"take $x$ as the first axis and $y = (\rho, \sqrt{1 - \rho^2})$: $k$ times the product of "
        r"the $i$-th entries of $Rx$ and $Ry$ is $g (\rho g + \sqrt{1 - \rho^2} h)$ with "
        r"independent standard normals $g$ and $h$; its first two moments are these",
        r"(E[k (Rx)_i (Ry)_i], E[k^2 (Rx)_i^2 (Ry)_i^2])^\top",
    )
    proof.equal(
        k * (mean(product**2, g, h) - mean(product, g, h) ** 2) / k**2,
        formula,
        r"a sum of $k$ such independent products, each divided by $k$: the mean is $\rho = x^\top "
        r"y$ and the variances add",
        r"\operatorname{Var}((Rx)^\top Ry)",
    )


def _inner_product(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        ((a + b) ** 2 - (a - b) ** 2) / 4,
        a * b,
        r"polarisation, in each coordinate: $4 (Rx)^\top Ry = \lVert R(x + y) \rVert^2 - \lVert "
        r"R(x - y) \rVert^2$; both sides of the claim scale alike, so let $x$ and $y$ be unit "
        r"vectors with $x^\top y = c$, and $\lVert x \pm y \rVert^2 = 2 \pm 2c$",
    )
    longest, shortest = (1 + epsilon) * (2 + 2 * c), (1 - epsilon) * (2 - 2 * c)
    proof.equal(
        (longest - shortest) / 4,
        c + epsilon,
        r"if both squared lengths are kept up to a factor between $1 - \varepsilon$ and $1 + "
        r"\varepsilon$, $(Rx)^\top Ry$ is at most this; with $-y$ in place of $y$ it is at least "
        r"$c - \varepsilon$",
    )
    proof.at_most(
        2 * (T + T * z),
        4 * T,
        r"it fails only if one of four tails occurs, two of $x + y$ and two of $x - y$; with $T$ "
        r"for the bound on an upper tail, a lower one has at most $Tz$ with $z \le 1$",
        equality={z: 1},
    )
    proof.equal(
        4 * upper_tail.expression,
        formula,
        r"with claim chi_squared.upper_tail",
        "4T",
    )


# ------------------------------------------------------------------- from the definition


def _dimension_directly(value: float, epsilon: float, delta: float, n: float) -> Direct:
    from scipy import special

    rows = math.ceil(value)
    longer = special.chdtrc(rows, rows * (1 + epsilon))
    tails = longer + special.chdtr(rows, rows * (1 - epsilon))
    failure = float(n * tails)
    sentence = (
        rf"With $k = {rows}$ the exact tails of $\chi^2_k / k$ for {n:.0f} vectors sum to "
        rf"${scientific(failure)}$, at most $\delta = {scientific(delta)}$."
    )
    return Direct(sentence, failure <= delta)


def _variance_directly(value: float, cosine: float, k: float) -> Direct:
    """Gauss-Hermite quadrature over the two Gaussians, exact for polynomials of this degree."""
    import numpy as np

    nodes, masses = np.polynomial.hermite_e.hermegauss(8)
    masses = np.outer(masses, masses) / masses.sum() ** 2
    along, across = nodes[:, None], nodes[None, :]
    products = along * (cosine * along + math.sqrt(1 - cosine**2) * across)
    centre = float(np.sum(masses * products))
    found = float(np.sum(masses * (products - centre) ** 2)) / k
    sentence = rf"Quadrature over the entries of $R$ gives the variance ${scientific(found)}$."
    return Direct(sentence, close(found, value, 1e-9))


def _inner_product_directly(value: float, epsilon: float, k: float) -> Direct:
    found = max(pair_failure(epsilon, k, cosine) for cosine in (0.0, 0.5, 1.0))
    sentence = (
        r"For unit vectors with $x^\top y$ of 0, $\frac{1}{2}$ and 1, integration of the exact law "
        rf"of $(Rx)^\top Ry$ gives a probability of at most ${scientific(found)}$."
    )
    return Direct(sentence, found <= value)


CLAIMS = (
    Claim(
        key="johnson_lindenstrauss.dimension",
        question="3g.1",
        title="The dimension that $n$ vectors need",
        statement=r"If $k \ge {law}$, then with probability at least $1 - \delta$ every one of $n$ "
        r"vectors keeps its squared length up to a factor between $1 - \varepsilon$ and $1 + "
        r"\varepsilon$. For all distances among $N$ points take the $n = N(N - 1)/2$ differences.",
        assumptions=(
            drawn("d"),
            r"the $n$ vectors are any vectors of $d$ numbers; $d$ does not occur in the bound",
            r"$0 < \varepsilon < 1$ and $0 < \delta < 1$",
        ),
        law=dimension,
        derive=_dimension,
        twin=sp.log(2 * n / delta) / (2 * RATE),
        changed=r"half as large: too little for orthogonal vectors and a small $\delta$",
        example={"epsilon": sp.Rational(1, 2), "delta": sp.Rational(1, 100), "n": 512},
        source="Johnson and Lindenstrauss (1984), with explicit constants",
        variables={y: UNIT},
        direct=_dimension_directly,
    ),
    Claim(
        key="johnson_lindenstrauss.variance",
        question="3g.1",
        title="How far a projected inner product strays",
        statement=r"For unit vectors with $x^\top y = \rho$, $(Rx)^\top Ry$ has mean $\rho$ and "
        r"variance ${law}$: it strays by about $1/\sqrt{k}$ even when $\rho = 0$.",
        assumptions=(DRAWN, r"$\lVert x \rVert = \lVert y \rVert = 1$, $x^\top y = \rho$"),
        law=variance,
        derive=_variance,
        twin=(1 + 2 * rho**2) / k,
        changed=r"$2\rho^2$ in place of $\rho^2$",
        example={"cosine": sp.Rational(1, 2), "k": 256},
        source="moments of the normal distribution",
        direct=_variance_directly,
    ),
    Claim(
        key="johnson_lindenstrauss.inner_product",
        question="3g.1",
        title="Inner products are kept up to the lengths of the two vectors",
        statement=r"For fixed $x$ and $y$, $|(Rx)^\top Ry - x^\top y| \le \varepsilon \lVert x "
        r"\rVert \lVert y \rVert$ but for a probability of at most ${law}$. The error is relative "
        r"to the lengths, not to $x^\top y$.",
        assumptions=(DRAWN, r"$0 < \varepsilon < 1$"),
        law=inner_product,
        derive=_inner_product,
        twin=4 * sp.exp(-2 * k * RATE),
        changed="twice the exponent, which is too much for $x = y$ and a large $k$",
        example={"epsilon": sp.Rational(1, 2), "k": 256},
        source="polarisation; compare arXiv:2006.04768, Lemma 1",
        variables={a: ANY, b: ANY, c: (-sp.Integer(1), sp.Integer(1)), T: POSITIVE, z: UNIT},
        direct=_inner_product_directly,
    ),
)  # fmt: skip
