"""Question 3h: Gaussian directions that are exactly orthogonal, and the mean of a pair of them.

ω_i = r_i u_i: the u_i are the rows of a random rotation, and the lengths r_i are independent of
them and of each other and have the law of the length of a Gaussian vector. So each ω_i alone is
N(0, I), and two of them are orthogonal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

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
    moments,
    near,
    positive_features,
    total,
    u,
    v,
)
from theory.proof.algebra import Domain
from theory.proof.assumptions import require
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

dimension = sp.Symbol("d", integer=True, positive=True)
DIMENSION = Parameter("dimension", dimension, lower=1, integer=True)

PLANE_OR_MORE = Parameter("dimension", dimension, lower=2, integer=True)
GAP = (SM - sp.exp(-(total**2 + apart**2) / 4)) ** 2
covariance = Law(
    r"\operatorname{Cov}",
    -2 / (dimension + 2) * GAP,
    (TOTAL, APART, PLANE_OR_MORE),
    relation=r"\le",
)

g = sp.Symbol("g", real=True)
s = sp.Symbol("s", nonnegative=True)
a, b = sp.symbols("a b", integer=True, positive=True)
k = sp.Symbol("k", integer=True, nonnegative=True)
h = sp.Symbol("h", nonnegative=True)
SERIES: Domain = {
    g: ANY,
    s: NONNEGATIVE,
    h: NONNEGATIVE,
    a: (sp.Integer(1), sp.oo),
    b: (sp.Integer(1), sp.oo),
    k: (sp.Integer(0), sp.oo),
}
ORTHOGONAL = (
    r"$\omega_i = r_i u_i$: $u_1, \dots, u_m$ are rows of a uniformly random rotation of "
    r"$\mathbb{R}^d$; the lengths $r_i$ are independent of it and of each other, each with the law "
    "of the length of a vector of $d$ independent standard normal numbers"
)


def orthogonal_directions(count: int, width: int, seed: int) -> Float[np.ndarray, "m d"]:
    """Directions ω_i ~ N(0, I), exactly orthogonal within each block of `width` rows.

    Blocks are independent of each other; the last one may be incomplete.
    Raises: InputError if count or width is less than 1.
    Source: Yu et al. 2016; Choromański et al., section 2.4.

    >>> import numpy as np
    >>> omega = orthogonal_directions(3, 4, seed=0)
    >>> gram = omega @ omega.T
    >>> bool(np.allclose(gram, np.diag(np.diag(gram))))
    True
    """
    import numpy as np

    require(_at_least_one("count", count), _at_least_one("width", width))
    random = np.random.default_rng(seed)
    blocks = [_rotation(random, width) for _ in range(-(-count // width))]
    lengths = np.linalg.norm(random.standard_normal((count, width)), axis=1, keepdims=True)
    directions: np.ndarray = lengths * np.concatenate(blocks)[:count]
    return directions


def _rotation(random: np.random.Generator, width: int) -> Float[np.ndarray, "d d"]:
    """Uniform over orthogonal matrices: Q of a Gaussian matrix, made unique by diag R > 0."""
    import numpy as np

    orthogonal, triangular = np.linalg.qr(random.standard_normal((width, width)))
    rows: np.ndarray = (orthogonal * np.sign(np.diag(triangular))).T
    return rows


def _at_least_one(name: str, value: int) -> str | None:
    if isinstance(value, int) and value >= 1:
        return None
    return f"{name} must be an integer of at least 1, got {value!r}"


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
        r"e^{\omega_2^\top z}]$. The coordinates of $z/\lVert z \rVert$ along $u_1$ and $u_2$ are "
        r"two coordinates $t_1$, $t_2$ of a uniform unit vector, and a Gaussian vector is such a "
        r"vector times an independent length: $E[t_1^{2a} t_2^{2b}] = E[g^{2a}] E[g^{2b}] / "
        r"E[r^{2a + 2b}]$, to be multiplied by $E[r_1^{2a}] E[r_2^{2b}]$. With $h = \lVert z "
        r"\rVert^2/2$ the mean is therefore $\sum_{a, b} \frac{h^{a + b}}{a!\, b!} R(a, b)$ with "
        r"$R(a, b) = (d/2)_a (d/2)_b/(d/2)_{a + b}$; sums and means may be exchanged because "
        r"$E[e^{|\omega_1^\top z| + |\omega_2^\top z|}]$ is finite",
        r"\frac{K_{ab}}{R(a, b)}",
    )


def _covariance(formula: sp.Expr, proof: Proof) -> None:
    normal, length = _moments(proof)
    _coefficient(normal, length, proof)
    fraction = (dimension / 2 + a) / (dimension / 2 + a + b)
    proof.equal(
        overlap(a + 1, b) / overlap(a, b),
        fraction,
        "independent directions would have $R = 1$; with orthogonal ones $R(a, 0) = R(0, b) = 1$, "
        "and each further $a$ multiplies $R$ by this; for $b$ the same, as $R$ is symmetric",
        r"\frac{R(a + 1, b)}{R(a, b)}",
    )
    proof.at_most(fraction, sp.Integer(1), "so $R$ falls as $a$ or $b$ grows")
    largest = dimension / (dimension + 2)
    proof.equal(
        overlap(sp.Integer(1), sp.Integer(1)),
        largest,
        r"so $R \le d/(d + 2)$ in all terms with $a, b \ge 1$, and $R = 1$ in the others",
        "R(1, 1)",
    )
    proof.equal(
        sp.exp(2 * h) - (2 * sp.exp(h) - 1),
        (sp.exp(h) - 1) ** 2,
        r"the sum of $h^{a + b}/(a!\, b!)$ over $a, b \ge 1$: all terms have the sum $e^h e^h$, "
        r"those with $b = 0$ or $a = 0$ have $e^h$ each, and $a = b = 0$ is in both",
    )
    proof.equal(
        sp.exp(-(u + v) / 2) * (largest - 1) * (sp.exp(u / 2) - 1) ** 2,
        in_squares(formula),
        SQUARES + r", hence $h = u/2$, and $E[e^{\omega_1^\top z}] E[e^{\omega_2^\top z}] = "
        r"e^{2h}$ (all $R = 1$): each draw has the factor $e^{-(\lVert x \rVert^2 + \lVert y "
        r"\rVert^2)/2} = e^{-(u + v)/4}$ as well, and this bounds the covariance",
    )


def _covariance_directly(value: float, total: float, apart: float, dimension: float) -> Direct:
    together, difference, cut = near(total, apart)
    width = min(dimension, WIDEST)
    found = pair_covariance(together, difference, int(width))
    sentence = (
        "By quadrature over the lengths of two orthogonal directions and the coordinates of $z$ "
        f"along them, the covariance is ${scientific(found)}${cut}{narrowed(dimension)}."
    )
    kernel = math.exp((together**2 - difference**2) / 4)
    bound = covariance(together, difference, width)
    return Direct(sentence, found <= bound * (1 - 1e-9) + 1e-12 * kernel**2)


GAUSS = 48  # nodes of each quadrature below
WIDEST = 64  # dimensions up to here are resolved by it


def frame_mean(length: float, width: int) -> float:
    """E[e^(ω₁ᵀz) e^(ω₂ᵀz)] for two orthogonal directions and ‖z‖ = length, by quadrature.

    Over both lengths r_i, and over the coordinates (t₁, t₂) of z/‖z‖ in polar form.
    """
    import numpy as np
    from scipy import special

    squares, chances = special.roots_genlaguerre(GAUSS, width / 2 - 1)
    chances = chances / chances.sum()
    if width > 2:
        spread, shares = special.roots_jacobi(GAUSS, width / 2 - 2, 0)
    else:
        spread, shares = np.ones(1), np.ones(1)
    angles = np.linspace(0, 2 * np.pi, 4 * GAUSS, endpoint=False)
    radii = np.sqrt((1 + spread) / 2)[:, None]

    def one(coordinate: np.ndarray) -> np.ndarray:
        """E over the length of e^(r t ‖z‖), for t and −t alike."""
        powers = np.cosh(length * coordinate[..., None] * np.sqrt(2 * squares))
        means: np.ndarray = powers @ chances
        return means

    products = one(radii * np.cos(angles)) * one(radii * np.sin(angles))
    return float(shares @ products.mean(axis=1) / shares.sum())


def pair_covariance(together: float, difference: float, width: int) -> float:
    """Covariance of the estimates of two orthogonal directions, by quadrature."""
    mean, _ = moments(positive_features, together, difference)
    squares = (together**2 + difference**2) / 2  # ‖x‖² + ‖y‖²
    return math.exp(-squares) * frame_mean(together, width) - mean**2


def narrowed(dimension: float) -> str:
    """What to say where the quadrature takes fewer dimensions than asked for."""
    return f" ($d$ cut to ${WIDEST}$ for the quadrature)" if dimension > WIDEST else ""


CLAIMS = (
    Claim(
        key="performer.orthogonal_covariance",
        question="3h",
        title="The estimates of orthogonal directions are negatively correlated",
        statement=r"For two orthogonal directions the products of positive features have the "
        r"covariance $\operatorname{Cov} \le {law} < 0$ if $z \ne 0$. No larger constant than "
        r"$2/(d + 2)$ is possible: the term $a = b = 1$, which leads for small $\lVert z \rVert$, "
        "is exact.",
        assumptions=(LENGTHS, ORTHOGONAL, r"$d \ge 2$"),
        law=covariance,
        derive=_covariance,
        twin=-3 / (dimension + 2) * GAP,
        changed="3 in place of 2",
        example={"total": 1, "apart": 2, "dimension": 16},
        source=f"{PAPER}, Theorem 2; the proof by series is ours",
        variables={**SQUARED, **SERIES},
        direct=_covariance_directly,
    ),
)
