"""Question 2e.2 as one call of the synthesiser, which finds the smallest matrices that answer it.

The vectors u_a, …, u_d and the inputs are those of theory.key_query_value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory import key_query_value
from theory.key_query_value import WORDS, arranged
from theory.matrices.synthesis import Synthesis, synthesise
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import GAIN, NONNEGATIVE, POSITIVE, beta, gamma

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

least_norm = Law(r"\min \lVert M \rVert_F^2", sp.Rational(9, 10) * gamma**2, (GAIN,))

slack_2, slack_3 = sp.symbols("y_2 y_3", nonnegative=True)


def synthesised(
    u_a: Float[np.ndarray, " d"],
    u_b: Float[np.ndarray, " d"],
    u_c: Float[np.ndarray, " d"],
    u_d: Float[np.ndarray, " d"],
    gain: float,
) -> Synthesis:
    """The same attention from one call of `synthesise`, with least-norm V and M.

    x₁ attends to x₃ and x₂ to x₁, each by the margin γβ²; x₃ is left free. Weights and outputs are
    those of `matrices`. The four vectors are orthogonal and of equal norm β.
    Raises: InputError if they are no vectors of one length, or dependent.

    >>> import numpy as np
    >>> found = synthesised(*np.eye(4), gain=9.0)
    >>> round(float((found.score_matrix**2).sum()) / 81, 9), round(float((found.value**2).sum()), 9)
    (0.9, 1.333333333)
    """
    inputs = [u_d + u_b, u_a, u_c + u_b]
    return synthesise(inputs, [2, 0, None], [u_b - u_c, u_b, None], margin=gain * float(u_b @ u_b))


def _least_norm(formula: sp.Expr, proof: Proof) -> None:
    u_a, u_b, u_c, u_d = (beta * sp.eye(4).row(i).T for i in range(4))
    x_1, x_2, x_3 = u_d + u_b, u_a, u_c + u_b
    past_2, past_3 = x_1 - x_2, x_1 - x_3
    g_2 = gamma / 5 * (past_2 + 2 * past_3)
    g_1 = gamma / 5 * ((x_3 - x_2) + 2 * (x_3 - x_1))
    square = g_2.dot(g_2)
    proof.equal(
        sp.Matrix([[g_2.dot(past_2), g_2.dot(past_3), square]]),
        gamma * beta**2 * sp.Matrix([[1, 1, 3 * gamma / 5]]),
        r"$x_2$ is to attend to $x_1$: $M x_2 = g_2$ with $g_2 = \frac{1}{5} \gamma ((x_1 - x_2) + "
        r"2 (x_1 - x_3))$ has both margins $\gamma \beta^2$; exchange $u_c$ and $u_d$ for "
        r"$M x_1 = g_1$, which attends to $x_3$",
        r"(g_2^\top (x_1 - x_2),\ g_2^\top (x_1 - x_3),\ g_2^\top g_2)",
    )
    reached_2, reached_3 = gamma * beta**2 + slack_2, gamma * beta**2 + slack_3
    proof.at_most(
        square,
        2 * gamma / 5 * (reached_2 + 2 * reached_3) - square,
        r"no shorter vector has them: one with margins larger by $y_2, y_3 \ge 0$ has "
        r"$g^\top g_2 = \frac{1}{5} \gamma (g^\top (x_1 - x_2) + 2 g^\top (x_1 - x_3))$, and "
        r"$\lVert g \rVert^2 \ge 2 g^\top g_2 - \lVert g_2 \rVert^2$",
        r"\lVert g_2 \rVert^2",
        equality={slack_2: 0, slack_3: 0},
    )
    M = g_1 * x_1.T / x_1.dot(x_1) + g_2 * x_2.T / x_2.dot(x_2)
    proof.equal(
        sp.expand((M.T * M).trace()),
        formula,
        r"$x_1$ and $x_2$ are orthogonal, so $\lVert M \rVert_F^2 \ge \lVert M x_1 \rVert^2 / "
        r"\lVert x_1 \rVert^2 + \lVert M x_2 \rVert^2 / \lVert x_2 \rVert^2$, with equality for "
        r"$M = g_1 x_1^\top / (2 \beta^2) + g_2 x_2^\top / \beta^2$",
        r"\lVert M \rVert_F^2",
    )
    textbook = gamma * (u_d * u_a.T + u_c * u_d.T) / beta**2
    proof.at_most(
        formula,
        sp.expand((textbook.T * textbook).trace()),
        r"the right side is that of $K^\top Q = \gamma (u_d u_a^\top + u_c u_d^\top) / \beta^2$ of "
        r"claim key_query_value.synthesis: the same weights from a larger matrix",
    )
    V = (u_b * (2 * x_1 - x_3).T + (u_b - u_c) * (2 * x_3 - x_1).T) / (3 * beta**2)
    proof.equal(
        (V * sp.Matrix.hstack(x_1, x_2, x_3)).applyfunc(sp.expand) / beta,
        sp.Matrix.hstack(u_b, sp.zeros(4, 1), u_b - u_c) / beta,
        r"the same values as there from $V = (u_b (2 x_1 - x_3)^\top + (u_b - u_c) "
        r"(2 x_3 - x_1)^\top) / (3 \beta^2)$, of least norm by claim solution_families.values",
        r"(V x_1, V x_2, V x_3) / \beta",
    )
    given = (u_b * u_b.T - u_c * u_c.T) / beta**2
    proof.at_most(
        sp.expand((V.T * V).trace()),
        sp.expand((given.T * given).trace()),
        r"the right side is that of $V = (u_b u_b^\top - u_c u_c^\top) / \beta^2$",
        r"\lVert V \rVert_F^2",
    )


def _least_norm_directly(value: float, gain: float) -> Direct:
    u, inputs, wanted = arranged(1.0)
    found = synthesised(*u, gain)
    square = float((found.score_matrix**2).sum())
    off = float(((found.attend(inputs)[:2] - wanted)[0] ** 2).sum()) ** 0.5
    return Direct(
        f"A numerical search for the least $M$, with $\\beta = 1$, ends at "
        f"$\\lVert M \\rVert_F^2 = {scientific(square)}$; $c_1$ is off by ${scientific(off)}$.",
        close(square, value, 1e-6) and abs(off - key_query_value.error(gain, 1)) < 1e-9,
    )


CLAIMS = (
    Claim(
        key="practical_synthesis.least_norm",
        question="2e.2",
        title="The smallest matrices with the same outputs",
        statement=r"Among all $M = K^\top Q$ with which $x_1$ attends to $x_3$ and $x_2$ to $x_1$, "
        r"each by the margin $\gamma \beta^2$, the least square of the Frobenius norm is ${law}$; "
        r"the weights, and with a value matrix of least norm the outputs, are those of claim "
        r"key_query_value.synthesis.",
        assumptions=(
            *WORDS[:2],
            r"what $x_3$ attends to and what $V x_2$ is are left free",
        ),
        law=least_norm,
        derive=_least_norm,
        twin=sp.Rational(4, 5) * gamma**2,
        changed=r"$\frac{4}{5}$ in place of $\frac{9}{10}$",
        example={"gain": 9},
        source="practical, question 2e.2",
        variables={beta: POSITIVE, slack_2: NONNEGATIVE, slack_3: NONNEGATIVE},
        direct=_least_norm_directly,
    ),
)
