"""Question 2e.1 with noise: attention without matrices over inputs x̃_i = x_i + ε_i, x₂ = u_a.

ε_i ~ N(0, αI_d) are independent. The scores of x̃₂ are then products of two normal vectors, and
all d coordinates of the noise enter them. y stands for x̃₂.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.gaussian import mean_of_exponential, mean_of_exponential_square
from theory.identity_attention import U_A, U_B, U_D
from theory.noise import drawn_keys
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE, NORM, POSITIVE, alpha, beta

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

d = sp.Symbol("d", integer=True, positive=True)
t = sp.Symbol("t", real=True)
DIMENSION = Parameter("d", d, lower=4, integer=True)
INPUT_NOISE = Parameter("alpha", alpha, lower=0, upper=1, open=True)
FREQUENCY = Parameter("t", t)

c, m, k, x, y = sp.symbols("c m k x y", real=True)
M, R = sp.symbols("M R", positive=True)
z, w = sp.symbols("z w", nonnegative=True)
X_1, X_2 = U_D + U_B, U_A

lead_variance = Law(
    r"\operatorname{Var}(\tilde{x}_2^\top \tilde{x}_2 - \tilde{x}_1^\top \tilde{x}_2)",
    7 * alpha * beta**2 + 3 * d * alpha**2,
    (INPUT_NOISE, NORM, DIMENSION),
)
outdone = Law(
    r"P(\tilde{x}_1^\top \tilde{x}_2 \ge \tilde{x}_2^\top \tilde{x}_2)",
    lead_variance.expression / (lead_variance.expression + (beta**2 + d * alpha) ** 2),
    (INPUT_NOISE, NORM, DIMENSION),
    relation=r"\le",
)
characteristic = Law(
    r"E[\cos(t \tilde{x}_1^\top \tilde{x}_2)]",
    (1 + alpha**2 * t**2) ** (-d / 2)
    * sp.exp(-3 * alpha * beta**2 * t**2 / (2 * (1 + alpha**2 * t**2))),
    (FREQUENCY, INPUT_NOISE, NORM, DIMENSION),
)
odds = Law(
    r"E[e^{\tilde{x}_1^\top \tilde{x}_2 - \tilde{x}_2^\top \tilde{x}_2}]",
    (1 + 2 * alpha - alpha**2) ** (-d / 2)
    * sp.exp(-(1 - 3 * alpha / 2) * beta**2 / (1 + 2 * alpha - alpha**2)),
    (INPUT_NOISE, NORM, DIMENSION),
)

NOISY_INPUTS = (
    r"$x_1 = u_d + u_b$, $x_2 = u_a$, $x_3 = u_c + u_b$ with $u_a, u_b, u_c, u_d$ orthogonal of "
    r"norm $\beta$ in $\mathbb{R}^d$",
    r"$\tilde{x}_i = x_i + \varepsilon_i$ with independent $\varepsilon_i \sim \mathcal{N}(0, "
    r"\alpha I_d)$ and $0 < \alpha < 1$; scores carry no $1/\sqrt{d}$",
)
WITHOUT_MATRICES = r"$K = Q = V = I$, so the score of $x_i$ for the query $\tilde{x}_2$ is "
WITHOUT_MATRICES += r"$\tilde{x}_i^\top \tilde{x}_2$"


def _moments(proof: Proof) -> sp.Matrix:
    """Add the first four moments of y ~ N(m, α), and return them."""
    generating = sp.exp(m * z + alpha * z**2 / 2)
    found = sp.Matrix([sp.diff(generating, z, power).subs(z, 0) for power in range(1, 5)])
    proof.equal(
        found,
        sp.Matrix([m, m**2 + alpha, m**3 + 3 * alpha * m, m**4 + 6 * alpha * m**2 + 3 * alpha**2]),
        r"in one coordinate let $y \sim \mathcal{N}(m, \alpha)$ be that of $\tilde{x}_2$ and $x "
        r"\sim \mathcal{N}(k, \alpha)$ that of $\tilde{x}_1$: the derivatives at 0 of the moment "
        r"generating function $e^{mz + \alpha z^2/2}$",
        r"(E[y], E[y^2], E[y^3], E[y^4])^\top",
    )
    return found


def _lead(formula: sp.Expr, proof: Proof) -> None:
    first, second, third, fourth = _moments(proof)
    of_x, square_of_x = first.subs(m, k), second.subs(m, k)
    centre = second - of_x * first
    variance = fourth - 2 * of_x * third + square_of_x * second - centre**2
    proof.equal(
        sp.Matrix([centre, sp.expand(variance)]),
        sp.Matrix([m**2 - k * m + alpha, alpha * ((2 * m - k) ** 2 + m**2) + 3 * alpha**2]),
        r"one coordinate of the lead $\tilde{x}_2^\top \tilde{x}_2 - \tilde{x}_1^\top "
        r"\tilde{x}_2$ of position 2 over position 1",
        r"(E[y^2 - xy], \operatorname{Var}(y^2 - xy))^\top",
    )
    apart = 2 * X_2 - X_1
    squares = alpha * (apart.dot(apart) + X_2.dot(X_2))
    mean = X_2.dot(X_2) - X_1.dot(X_2) + d * alpha
    proof.equal(
        squares + 3 * d * alpha**2,
        formula,
        r"the coordinates are independent: add all $d$, with $\sum (2m - k)^2 = \lVert 2x_2 - x_1 "
        r"\rVert^2$ and $\sum m^2 = \lVert x_2 \rVert^2$",
        r"\operatorname{Var}(\tilde{x}_2^\top \tilde{x}_2 - \tilde{x}_1^\top \tilde{x}_2)",
    )
    proof.at_most(
        M + R,
        M + R + z,
        r"let the lead have mean $M$ and variance $V$, and put $R = V/M$. Where the lead is $-z "
        r"\le 0$, the square of $M + R + z$ is at least that of $M + R$",
        equality={z: 0},
    )
    proof.equal(
        ((formula + R**2) / (M + R) ** 2).subs(R, formula / M),
        formula / (formula + M**2),
        r"the mean of $(M + R + z)^2$, where $-z$ is the lead whatever its sign, is $V + R^2$; so "
        r"the lead is at most 0 with probability at most this (Cantelli's inequality)",
        r"\frac{V + R^2}{(M + R)^2}",
    )
    proof.equal(
        (formula / (formula + M**2)).subs(M, mean),
        outdone.expression,
        r"with $M = \lVert x_2 \rVert^2 - x_1^\top x_2 + d\alpha = \beta^2 + d\alpha$",
        r"\frac{V}{V + M^2}",
    )


def _characteristic(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.Matrix([X_1.dot(X_2), X_1.dot(X_1), X_2.dot(X_2)]),
        sp.Matrix([0, 2 * beta**2, beta**2]),
        r"$x_1$ and $x_2$ are orthogonal; take coordinates along both, and $d - 2$ more",
        r"(x_1^\top x_2, \lVert x_1 \rVert^2, \lVert x_2 \rVert^2)^\top",
    )
    bend = alpha * t**2 / 2
    narrowed, along = mean_of_exponential_square(
        sp.Integer(0), bend, sp.sqrt(X_2.dot(X_2)), alpha, y, proof
    )
    proof.equal(
        narrowed,
        1 + alpha**2 * t**2,
        r"given $\tilde{x}_2$ the score is normal with mean $x_1^\top \tilde{x}_2$ and variance "
        r"$\alpha \lVert \tilde{x}_2 \rVert^2$, so its cosine has the mean $\cos(t x_1^\top "
        r"\tilde{x}_2) e^{-\alpha t^2 \lVert \tilde{x}_2 \rVert^2/2}$. The exponential is a "
        r"product over coordinates $y$; along $x_2$ its mean is as above, and in every other "
        r"coordinate the root of this factor is all that is left",
        "f",
    )
    across = -(t**2) * X_1.dot(X_1) * (alpha / narrowed) / 2
    proof.equal(
        along + across,
        -3 * alpha * beta**2 * t**2 / (2 * narrowed),
        r"along $x_1$, where $x_1^\top \tilde{x}_2$ is normal with mean 0 and, with that density, "
        r"variance $\lVert x_1 \rVert^2 \alpha/f$, the cosine adds $-t^2 \lVert x_1 \rVert^2 "
        r"\alpha/(2f)$ to the exponent",
    )
    proof.equal(
        narrowed ** (-d / 2) * sp.exp(along + across),
        formula,
        r"the product over all $d$ coordinates; the score is symmetric about 0, as the noise and "
        r"$x_1^\top \tilde{x}_2$ are, so these means determine its distribution",
        r"E[\cos(t \tilde{x}_1^\top \tilde{x}_2)]",
    )
    proof.equal(
        -sp.diff(formula, t, 2).subs(t, 0),
        3 * alpha * beta**2 + d * alpha**2,
        r"minus the second derivative at $t = 0$ is the variance",
        r"\operatorname{Var}(\tilde{x}_1^\top \tilde{x}_2)",
    )


def _odds(formula: sp.Expr, proof: Proof) -> None:
    of_y = mean_of_exponential(k * y - y**2, alpha * y**2, x, proof)
    proof.equal(
        of_y,
        sp.exp(k * y - c * y**2).subs(c, 1 - alpha / 2),
        r"in one coordinate, given that of $\tilde{x}_2$, $y$, the score less that of position 2 "
        r"is normal with mean $ky - y^2$ and variance $\alpha y^2$; let $c = 1 - \alpha/2$",
        r"E[e^{xy - y^2}]",
    )
    narrowed, power = mean_of_exponential_square(k, c, m, alpha, y, proof)
    narrowed = sp.expand(narrowed.subs(c, 1 - alpha / 2))
    proof.equal(
        narrowed,
        1 + 2 * alpha - alpha**2,
        r"the factor, with $c = 1 - \alpha/2$",
        r"1 + 2\alpha c",
    )
    products = {k * m: X_1.dot(X_2), k**2: X_1.dot(X_1), m**2: X_2.dot(X_2)}
    top = sp.expand(power * (1 + 2 * alpha * c)).subs(products).subs(c, 1 - alpha / 2)
    proof.equal(
        top,
        -(1 - 3 * alpha / 2) * beta**2,
        r"the coordinates are independent: add all $d$ exponents, with $\sum km = x_1^\top x_2$, "
        r"$\sum k^2 = \lVert x_1 \rVert^2$ and $\sum m^2 = \lVert x_2 \rVert^2$",
        r"x_1^\top x_2 + \frac{\alpha}{2} \lVert x_1 \rVert^2 - c \lVert x_2 \rVert^2",
    )
    proof.equal(
        narrowed ** (-d / 2) * sp.exp(top / narrowed),
        formula,
        r"the product over all $d$ coordinates",
        r"E[e^{\tilde{x}_1^\top \tilde{x}_2 - \tilde{x}_2^\top \tilde{x}_2}]",
    )
    proof.equal(
        sp.diff(top / narrowed - d * sp.log(narrowed) / 2, alpha).subs(alpha, 0),
        7 * beta**2 / 2 - d,
        r"the slope of its logarithm at $\alpha = 0$, where it is $e^{-\beta^2}$",
    )
    proof.equal(
        R - R / (1 + R + w),
        R * (R + w) / (1 + R + w),
        r"let $R$ and $w$ be the weights of positions 1 and 3 over that of position 2: this is not "
        r"negative, so $\alpha_{21} \le R$, and likewise $\alpha_{23} \le w$, of the same mean",
        r"R - \alpha_{21}",
    )


# ------------------------------------------------------------------- from the definition


def drawn(alpha: float, beta: float, d: float) -> Float[np.ndarray, "samples 3 3"]:
    """Scores of drawn noisy inputs, queries in rows; fewer samples of many coordinates."""
    import numpy as np

    size = int(d)
    samples = min(drawn_keys.SAMPLES, drawn_keys.ENTRIES // (3 * size))
    found = math.sqrt(alpha) * np.random.default_rng(0).standard_normal((samples, 3, size))
    found[:, :, :4] += beta * np.array([[0, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 0]])
    return found @ found.swapaxes(1, 2)


COORDINATES = ((0.0, 1.0), (1.0, 0.0), (1.0, 0.0))
"""Coordinates of x₁ and x₂, over β, where they are not both 0."""


def _lead_directly(value: float, alpha: float, beta: float, d: float) -> Direct:
    """Gauss and Hermite's rule with five points is exact for polynomials up to degree nine."""
    import numpy as np

    points, shares = np.polynomial.hermite_e.hermegauss(5)
    both = np.outer(shares, shares) / shares.sum() ** 2
    total = 0.0
    for (a, b), count in zip((*COORDINATES, (0.0, 0.0)), (1, 1, 1, d - 3), strict=True):
        of_x, of_y = (beta * mean + math.sqrt(alpha) * points for mean in (a, b))
        lead = of_y**2 - of_x[:, None] * of_y
        total += count * float(np.sum(both * (lead - np.sum(both * lead)) ** 2))
    sentence = (
        f"A product rule over the two normal numbers of each coordinate gives "
        f"${scientific(total)}$."
    )
    return Direct(sentence, math.isclose(total, value, rel_tol=1e-9))


def _characteristic_directly(value: float, t: float, alpha: float, beta: float, d: float) -> Direct:
    import numpy as np

    cosines = np.cos(t * drawn(alpha, beta, d)[:, 0, 1])
    what = r"The mean of $(1 + \cos)/2$ is"
    return drawn_keys.compare((1 + cosines) / 2, (1 + value) / 2, (1 + value) / 2, what)


def _odds_directly(value: float, alpha: float, beta: float, d: float) -> Direct:
    """By a trapezoidal rule in the plane for each coordinate, about the integrand's peak."""
    import numpy as np

    grid = np.linspace(-12, 12, 241)
    precision = np.array([[1 / alpha, -1], [-1, 1 / alpha + 2]])
    axes = np.linalg.inv(np.linalg.cholesky(precision)).T
    steps = np.einsum("ij,jgh->igh", axes, np.stack(np.meshgrid(grid, grid, indexing="ij")))
    cell = abs(float(np.linalg.det(axes))) * (grid[1] - grid[0]) ** 2 / (2 * math.pi * alpha)
    logarithm = 0.0
    for (a, b), count in zip((*COORDINATES, (0.0, 0.0)), (1, 1, 1, d - 3), strict=True):
        means = beta * np.array([a, b])
        peak = np.linalg.solve(precision, means / alpha)
        x, y = peak[:, None, None] + steps
        power = x * y - y**2 - ((x - means[0]) ** 2 + (y - means[1]) ** 2) / (2 * alpha)
        highest = float(power.max())
        logarithm += count * (highest + math.log(cell * float(np.exp(power - highest).sum())))
    sentence = (
        f"A rule in the plane for the two normal numbers of each coordinate gives "
        f"${scientific(math.exp(logarithm))}$."
    )
    return Direct(sentence, math.isclose(math.exp(logarithm), value, rel_tol=1e-8, abs_tol=1e-300))


_TENTH = sp.Rational(1, 10)
_EXAMPLE = {"alpha": _TENTH, "beta": 3, "d": 16}
CLAIMS = (
    Claim(
        key="noisy_inputs.lead",
        question="2e.1",
        title="The lead of the query's own score over the others, with noisy inputs",
        statement=r"The lead $\tilde{x}_2^\top \tilde{x}_2 - \tilde{x}_1^\top \tilde{x}_2$ of the "
        r"query's own position has mean $M = \beta^2 + d\alpha$ and variance $V = {law}$: both "
        r"grow with the dimension. So position 1 has the larger score with probability at most "
        r"$V/(V + M^2)$, and so has position 3.",
        assumptions=(*NOISY_INPUTS, WITHOUT_MATRICES),
        law=lead_variance,
        derive=_lead,
        direct=_lead_directly,
        twin=5 * alpha * beta**2 + 3 * d * alpha**2,
        changed="5 in place of 7",
        example=_EXAMPLE,
        source="practical, question 2e.1; Isserlis 1918; Cantelli's inequality",
        variables={m: ANY, k: ANY, z: NONNEGATIVE, M: POSITIVE, R: POSITIVE},
    ),
    Claim(
        key="noisy_inputs.characteristic",
        question="2e.1",
        title="The distribution of a score between two noisy inputs",
        statement=r"The score $\tilde{x}_1^\top \tilde{x}_2$ is symmetric about 0, and for every "
        r"$t$ $E[\cos(t \tilde{x}_1^\top \tilde{x}_2)] = {law}$, which determines its "
        r"distribution. Its variance is $3\alpha\beta^2 + d\alpha^2$; without noise the score is "
        "0.",
        assumptions=(*NOISY_INPUTS, WITHOUT_MATRICES),
        law=characteristic,
        derive=_characteristic,
        direct=_characteristic_directly,
        twin=(1 + alpha**2 * t**2) ** (-d / 2)
        * sp.exp(-(alpha * beta**2 * t**2) / (2 * (1 + alpha**2 * t**2))),
        changed="1 in place of 3",
        example={"t": 1, **_EXAMPLE},
        source="practical, question 2e.1; characteristic function of a bilinear form of normals",
        variables={y: ANY},
    ),
    Claim(
        key="noisy_inputs.odds",
        question="2e.1",
        title="The mean odds of another position against the query's own, with noisy inputs",
        statement=r"The weight of position 1 over that of the query's own position has the mean "
        r"${law}$ exactly, and so has that of position 3; so $E[1 - \alpha_{22}]$ is at most twice "
        r"this. For little noise it is $e^{-\beta^2} (1 + (\frac{7}{2} \beta^2 - d) \alpha)$ to "
        r"first order: noise favours the other positions where $d < \frac{7}{2} \beta^2$, and the "
        r"query's own where $d$ is larger, as it makes $\tilde{x}_2$ longer. Attention copies "
        r"$\tilde{x}_2$, noise of mean square $d\alpha$ included.",
        assumptions=(*NOISY_INPUTS, WITHOUT_MATRICES),
        law=odds,
        derive=_odds,
        direct=_odds_directly,
        twin=(1 + 2 * alpha - alpha**2) ** (-d / 2)
        * sp.exp(-(1 + 3 * alpha / 2) * beta**2 / (1 + 2 * alpha - alpha**2)),
        changed=r"the sign of $\frac{3}{2} \alpha$",
        example=_EXAMPLE,
        source="practical, question 2e.1; moment generating function of a quadratic form",
        variables={k: ANY, m: ANY, x: ANY, y: ANY, c: POSITIVE, R: POSITIVE, w: NONNEGATIVE},
    ),
)
