"""How much larger the smallest matrix for a margin is when the inputs are not orthonormal.

Inputs that resemble one another are hard to tell apart: the matrix grows with the inverse of what
distinguishes them.
"""

from __future__ import annotations

import sympy as sp

from theory.matrices.least_norm import (
    AT_LEAST_ZERO,
    INDEPENDENT,
    POSITIONS,
    SCORES,
    least_norm,
    orthonormal,
)
from theory.matrices.score_matrix import CORRELATION, correlation
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, NONNEGATIVE, POSITIVE, n
from theory.symbols import margin as gap
from theory.symbols import size as positions

singular = sp.Symbol("sigma", positive=True)
SINGULAR = Parameter("sigma", singular, lower=0, open=True)
correlated = Law(
    r"\min \lVert M \rVert_F^2",
    (n - 1) * gap**2 / (1 - correlation) ** 2,
    (AT_LEAST_ZERO, KEYS, CORRELATION),
    premises=(sp.Gt(1 + (n - 1) * correlation, 0),),
)
singular_values = Law(
    r"\min \lVert M \rVert_F^2",
    positions * gap**2 * (1 - 1 / n) / singular**4,
    (AT_LEAST_ZERO, KEYS, POSITIONS, SINGULAR),
    premises=(sp.Le(positions, n),),
    relation=r"\le",
)

lam = sp.Symbol("lambda", real=True)
square, more, yet_more = sp.symbols("a y_1 y_2", nonnegative=True)
entries = sp.symbols("s_11 s_12 s_21 s_22", real=True)
lengths = sp.symbols("sigma_1 sigma_2", positive=True)


def _correlated(formula: sp.Expr, proof: Proof) -> None:
    at_target, elsewhere = lam * (1 - correlation) * (n - 1), -lam * (1 - correlation)
    proof.equal(
        lam * (n - (1 + (n - 1) * correlation)),
        at_target,
        r"try $M = \sum_i g_i x_i^\top$ with $g_i = \lambda \sum_{j \ne t(i)} (x_{t(i)} - x_j) = "
        r"\lambda (n x_{t(i)} - \sum_j x_j)$, one Lagrange multiplier $\lambda$ for all margins: "
        r"the product of $g_i$ with the target",
        r"g_i^\top x_{t(i)}",
    )
    proof.equal(
        lam * (n * correlation - (1 + (n - 1) * correlation)),
        elsewhere,
        "and with any other input",
        r"g_i^\top x_j",
    )
    chosen = {lam: gap / (n * (1 - correlation) ** 2)}
    proof.equal(
        ((1 - correlation) * (at_target - elsewhere)).subs(chosen),
        gap,
        r"$s_{ji} = (1 - \rho) g_i^\top x_j + \rho \sum_k g_k^\top x_j$, and the sum, in which "
        r"$x_j$ is the target once, is the same for all $j$: with $\lambda = "
        r"\Delta / (n (1 - \rho)^2)$ every margin is exactly $\Delta$",
        r"s_{t(i)i} - s_{ji}",
    )
    square = n * (n - 1) * lam * (1 - correlation) * (at_target - elsewhere)
    proof.equal(
        (2 * n * (n - 1) * lam * gap - square).subs(chosen),
        formula,
        r"no other matrix $M'$ with these margins is smaller: $\langle M', M \rangle = \lambda "
        r"\sum_i \sum_{j \ne t(i)} (x_{t(i)} - x_j)^\top M' x_i$ is $\lambda$ times the sum of all "
        r"its $n (n - 1)$ margins, so at least $\sum \lambda \Delta$, and $\lVert M' - M "
        r"\rVert_F^2 \ge 0$ means "
        r"$\lVert M' \rVert_F^2 \ge 2 \langle M', M \rangle - \lVert M \rVert_F^2$",
        r"\lVert M' \rVert_F^2 \ge 2 \sum \lambda \Delta - \lVert M \rVert_F^2",
    )
    proof.equal(
        square.subs(chosen),
        formula,
        r"and $M$ itself attains it: $\lVert M \rVert_F^2 = \sum \lambda (s_{t(i)i} - s_{ji})$ "
        r"over all $i$ and all $j \ne t(i)$",
        r"\lVert M \rVert_F^2",
    )


def _singular_values(formula: sp.Expr, proof: Proof) -> None:
    first, second = lengths
    inputs, scores = sp.diag(first, second), sp.Matrix(2, 2, entries)
    proof.equal(
        inputs.inv() * scores * inputs.inv().T,
        sp.Matrix(2, 2, lambda j, i: scores[j, i] / (lengths[j] * lengths[i])),
        r"in the bases of the singular value decomposition the table $X$ of the inputs is "
        r"diagonal, and the smallest $M$ with scores $S$ (claim score_matrix.exact) has the "
        r"entries of $S$ over two singular values",
        r"X^+ S X^{+\top}",
    )
    smallest = (singular + more) * (singular + yet_more)
    proof.at_most(
        square / smallest**2,
        square / singular**4,
        r"all singular values are at least $\sigma$; $a$ is the square of an entry of $S$, and "
        r"orthonormal bases do not change $\lVert S \rVert_F^2$, so $\lVert M \rVert_F^2 \le "
        r"\lVert S \rVert_F^2 / \sigma^4$",
    )
    proof.equal(
        orthonormal.expression / singular**4,
        formula,
        r"take the scores of claim least_norm.orthonormal",
        r"\lVert S \rVert_F^2 / \sigma^4",
    )
    proof.at_most(
        square / (singular + more + yet_more) ** 4,
        square / (singular * (singular + more)) ** 2,
        r"the same from below: $\sigma + y_1 + y_2$ is now the largest singular value, $\sigma$ "
        r"and $\sigma + y_1$ are any two; no scores with these margins have a smaller $\lVert S "
        r"\rVert_F^2$ than those taken",
    )


def _correlated_directly(value: float, margin: float, n: float, rho: float) -> Direct:
    import numpy as np

    size = min(int(n), 8)
    inputs = np.linalg.cholesky(np.eye(size) * (1 - rho) + rho)
    found = least_norm(inputs, [(i + 1) % size for i in range(size)], margin)
    square = float((found.matrix**2).sum())
    law = correlated(margin, size, rho)
    return Direct(
        f"The quadratic programme for {size} such inputs ends at $\\lVert M \\rVert_F^2 = "
        f"{scientific(square)}$, with the lower bound ${scientific(found.bound)}$ from its "
        "multipliers.",
        (close(law, value) or size != n) and close(square, law, 1e-6) and found.duality_gap < 1e-6,
    )


def _singular_values_directly(
    value: float, margin: float, n: float, positions: float, sigma: float
) -> Direct:
    import numpy as np

    size = min(int(n), 8)
    attending = min(int(positions), size)
    bases = np.linalg.qr(np.random.default_rng(0).standard_normal((2, size, size)))[0]
    built = min(max(sigma, 1e-3), 1e3)
    wanted = [(i + 1) % size if i < attending else None for i in range(size)]
    equal, uneven = (
        float((least_norm(bases[0] * values @ bases[1], wanted, margin).matrix ** 2).sum())
        for values in (np.full(size, built), built * np.linspace(1, 2, size))
    )
    law = singular_values(margin, size, attending, built)
    same = close(law, value) or (size, attending, built) != (n, positions, sigma)
    return Direct(
        f"For {attending} positions and {size} random inputs whose singular values are all "
        f"${scientific(built)}$, the least is ${scientific(equal)}$; if they run up to "
        f"${scientific(2 * built)}$, it is ${scientific(uneven)}$.",
        same and close(equal, law, 1e-6) and law / 16 * (1 - 1e-6) <= uneven <= law * (1 + 1e-6),
    )


CLAIMS = (
    Claim(
        key="conditioning.correlated",
        question="2e.2",
        title="The smallest matrix for a margin, inputs that resemble one another",
        statement=r"If each of $n$ positions attends to a target of its own by the margin "
        r"$\Delta$, and all inputs have norm 1 and pairwise products $\rho$, the least square of "
        r"the Frobenius norm is ${law}$: it grows without bound as the inputs become alike, $\rho "
        r"\to 1$.",
        assumptions=(
            r"$\lVert x_i \rVert = 1$ and $x_i^\top x_j = \rho$ for $i \ne j$, with "
            r"$1 + (n - 1) \rho > 0$ and $\rho < 1$, which is when they are linearly independent",
            r"the targets $t(1), \dots, t(n)$ are all different, the margin is $\Delta \ge 0$",
            SCORES,
        ),
        law=correlated,
        derive=_correlated,
        twin=(n - 1) * gap**2 / (1 - correlation**2),
        changed=r"$1 - \rho^2$ in place of $(1 - \rho)^2$",
        example={"margin": 10, "n": 4, "rho": sp.Rational(1, 2)},
        source="duality of quadratic programmes",
        variables={lam: ANY},
        direct=_correlated_directly,
    ),
    Claim(
        key="conditioning.singular_values",
        question="2e.2",
        title="How much larger the smallest matrix is for any independent inputs",
        statement=r"The least square of the Frobenius norm with which $m$ of $n$ positions attend "
        r"to one target each by the margin $\Delta$ is at most ${law}$, where $\sigma$ is the "
        r"smallest singular value of the inputs, and at least the same with the largest.",
        assumptions=(INDEPENDENT, r"the margin is $\Delta \ge 0$", SCORES),
        law=singular_values,
        derive=_singular_values,
        twin=positions * gap**2 * (1 - 1 / n) / singular**2,
        changed=r"$\sigma^2$ in place of $\sigma^4$",
        example={"margin": 10, "n": 4, "positions": 3, "sigma": sp.Rational(1, 2)},
        source="singular value decomposition",
        variables=dict.fromkeys(entries, ANY)
        | dict.fromkeys((square, more, yet_more), NONNEGATIVE)
        | dict.fromkeys(lengths, POSITIVE),
        direct=_singular_values_directly,
    ),
)
