"""Question 2e.2: K, Q and V as sums of outer products, so that c₂ ≈ u_b and c₁ ≈ u_b − u_c.

u_a, u_b, u_c, u_d are orthogonal with norm β; x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b. The
query matrix carries a gain γ.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import sympy as sp

from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close, weights
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    ERROR,
    GAIN,
    NONNEGATIVE,
    NORM,
    POSITIVE,
    UNIT,
    beta,
    epsilon,
    gamma,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    Basis: TypeAlias = tuple[
        Float[np.ndarray, " d"],
        Float[np.ndarray, " d"],
        Float[np.ndarray, " d"],
        Float[np.ndarray, " d"],
    ]

_small = sp.exp(-gamma * beta**2)
attended = Law(r"\alpha_{21} = \alpha_{13}", 1 / (1 + 2 * _small), (GAIN, NORM))
error_second = Law(
    r"\lVert c_2 - u_b \rVert", sp.sqrt(2) * beta * _small / (1 + 2 * _small), (GAIN, NORM)
)
error = Law(
    r"\lVert c_1 - (u_b - u_c) \rVert",
    sp.sqrt(5) * beta * _small / (1 + 2 * _small),
    (GAIN, NORM),
)
gain = Law(
    r"\gamma",
    sp.log(sp.sqrt(5) * beta / epsilon - 2) / beta**2,
    (ERROR, NORM),
    premises=(sp.Gt(sp.sqrt(5) * beta, 2 * epsilon),),
    relation=r"\ge",
)

# The columns of a quaternion's multiplication matrix: four orthogonal vectors of equal norm.
_a, _b, _c, _d = sp.symbols("p_0:4", real=True)
U_A = sp.Matrix([_a, _b, _c, _d])
U_B = sp.Matrix([-_b, _a, _d, -_c])
U_C = sp.Matrix([-_c, -_d, _a, _b])
U_D = sp.Matrix([-_d, _c, -_b, _a])
SQUARE = sp.expand(U_A.dot(U_A))
INPUTS = (U_D + U_B, U_A, U_C + U_B)
# Each matrix is 1/β² times a sum of outer products: pairs of a left and a right vector.
KEY = ((U_D, U_D), (U_C, U_C))
QUERY = ((gamma * U_D, U_A), (gamma * U_C, U_D))
VALUE = ((U_B, U_B), (-U_C, U_C))

e_b, e_c = (beta * sp.eye(2).row(i).T for i in range(2))
free_1, free_2 = sp.symbols("f g", real=True)
h, y = sp.symbols("h y", positive=True)
x = sp.Symbol("x", nonnegative=True)
WORDS = (
    r"$u_a, u_b, u_c, u_d$ are orthogonal with norm $\beta$",
    r"$x_1 = u_d + u_b$, $x_2 = u_a$, $x_3 = u_c + u_b$; scores carry no $1/\sqrt{d}$",
    r"$K = (u_d u_d^\top + u_c u_c^\top)/\beta^2$, "
    r"$Q = \gamma (u_d u_a^\top + u_c u_d^\top)/\beta^2$, "
    r"$V = (u_b u_b^\top - u_c u_c^\top)/\beta^2$",
)
COORDINATES = tuple((p, ANY) for p in (_a, _b, _c, _d))


def matrices(
    u_a: Float[np.ndarray, " d"],
    u_b: Float[np.ndarray, " d"],
    u_c: Float[np.ndarray, " d"],
    u_d: Float[np.ndarray, " d"],
    gain: float,
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "d d"], Float[np.ndarray, "d d"]]:
    """K, Q, V for orthogonal u of equal norm β: keys K x_i, queries Q x_i, values V x_i.

    K = (u_d u_dᵀ + u_c u_cᵀ)/β²,  Q = γ (u_d u_aᵀ + u_c u_dᵀ)/β²,  V = (u_b u_bᵀ − u_c u_cᵀ)/β².
    Source: practical, question 2e.2; practical_synthesis has the smallest such matrices.

    >>> import numpy as np
    >>> K, Q, V = matrices(*np.eye(4), gain=9.0)
    >>> u_a, u_b, u_c, u_d = np.eye(4)
    >>> (K @ (u_d + u_b)).tolist() == u_d.tolist(), (V @ (u_c + u_b)).tolist()
    (True, [0.0, 1.0, -1.0, 0.0])
    """
    import numpy as np

    square = float(u_b @ u_b)
    key = (np.outer(u_d, u_d) + np.outer(u_c, u_c)) / square
    query = gain * (np.outer(u_d, u_a) + np.outer(u_c, u_d)) / square
    value = (np.outer(u_b, u_b) - np.outer(u_c, u_c)) / square
    return key, query, value


def arranged(beta: float) -> tuple[Basis, Float[np.ndarray, "3 4"], Float[np.ndarray, "2 4"]]:
    """u_a, …, u_d along no axis of R⁴; x₁, x₂, x₃ in rows; the outputs wanted of x₁ and x₂.

    Their products are exact in floating point: they are the columns of a Hadamard matrix times β/2.

    >>> u, inputs, wanted = arranged(beta=3.0)
    >>> inputs.tolist()[1], wanted.tolist()[1]
    ([1.5, 1.5, 1.5, 1.5], [1.5, -1.5, 1.5, -1.5])
    """
    import numpy as np

    pair = np.array([[1.0, 1.0], [1.0, -1.0]])
    u_a, u_b, u_c, u_d = beta / 2 * np.kron(pair, pair)
    inputs = np.stack([u_d + u_b, u_a, u_c + u_b])
    return (u_a, u_b, u_c, u_d), inputs, np.stack([u_b - u_c, u_b])


def _synthesis(formula: sp.Expr, proof: Proof) -> None:
    u = (U_A, U_B, U_C, U_D)
    proof.equal(
        sp.Matrix(4, 4, lambda i, j: sp.expand(u[i].dot(u[j]))),
        SQUARE * sp.eye(4),
        r"four orthogonal vectors in $\mathbb{R}^4$ with free coordinates $p_0, \dots, p_3$; the "
        r"entry on the right is $\beta^2$. What follows uses no more than these products, so it "
        r"holds for any four such vectors in any dimension",
        r"(u_i^\top u_j)_{ij}",
    )
    general = (
        (free_1 * U_B + free_2 * U_C, U_B),
        ((1 - free_1) * U_B - free_2 * U_C, U_D),
        ((1 - free_1) * U_B - (1 + free_2) * U_C, U_C),
    )
    proof.equal(
        _applied(general, INPUTS[0], INPUTS[2]),
        sp.Matrix.hstack(U_B, U_B - U_C),
        r"solve $V x_1 = u_b$ and $V x_3 = u_b - u_c$ among outer products: let $\beta^2 V$ be the "
        r"sum of $(f u_b + g u_c) u_b^\top$, $((1 - f) u_b - g u_c) u_d^\top$ and "
        r"$((1 - f) u_b - (1 + g) u_c) u_c^\top$; every $f, g$ will do; we take $f = 1$, $g = 0$",
        "(V x_1, V x_3)",
    )
    proof.equal(
        _applied(VALUE, *INPUTS),
        sp.Matrix.hstack(U_B, sp.zeros(4, 1), U_B - U_C),
        r"the values, with $V = (u_b u_b^\top - u_c u_c^\top)/\beta^2$",
        "(v_1, v_2, v_3)",
    )
    proof.equal(
        _applied(KEY, *INPUTS),
        sp.Matrix.hstack(U_D, sp.zeros(4, 1), U_C),
        r"the keys, with $K = (u_d u_d^\top + u_c u_c^\top)/\beta^2$",
        "(k_1, k_2, k_3)",
    )
    proof.equal(
        _applied(QUERY, *INPUTS),
        sp.Matrix.hstack(gamma * U_C, gamma * U_D, sp.zeros(4, 1)),
        r"the queries, with $Q = \gamma (u_d u_a^\top + u_c u_d^\top)/\beta^2$: $x_1$ asks for "
        r"$u_c$ and $x_2$ for $u_d$",
        "(q_1, q_2, q_3)",
    )
    keys = _applied(KEY, *INPUTS)
    proof.equal(
        (keys.T * _applied(QUERY, *INPUTS[:2])).applyfunc(sp.expand),
        gamma * SQUARE * sp.Matrix([[0, 1], [0, 0], [1, 0]]),
        r"the scores $k_j^\top q_1$ and $k_j^\top q_2$: $\gamma \beta^2$ at the one wanted key",
        r"(k_j^\top q_i)_{ji}",
    )
    proof.equal(
        softmax([(gamma * beta**2, sp.Integer(1)), (sp.Integer(0), sp.Integer(2))])[0],
        formula,
        r"softmax of one score $\gamma \beta^2$ and two scores 0",
        r"\alpha_{21} = \alpha_{13}",
    )


def _applied(pairs: tuple[tuple[sp.Matrix, sp.Matrix], ...], *inputs: sp.Matrix) -> sp.Matrix:
    """Σ left rightᵀ / β² applied to the inputs: the products rightᵀ x are 0 or β²."""
    products = [[sp.expand(right.dot(x)) / SQUARE for x in inputs] for _, right in pairs]
    terms = [left * sp.Matrix([row]) for (left, _), row in zip(pairs, products, strict=True)]
    return sum(terms, sp.zeros(4, len(inputs))).applyfunc(sp.expand)


def _error(formula: sp.Expr, proof: Proof) -> None:
    on, off = softmax([(gamma * beta**2, sp.Integer(1)), (sp.Integer(0), sp.Integer(2))])
    values = (e_b, sp.zeros(2, 1), e_b - e_c)
    second = on * values[0] + off * values[1] + off * values[2] - e_b
    first = off * values[0] + off * values[1] + on * values[2] - (e_b - e_c)
    total = sp.exp(gamma * beta**2) + 2
    proof.equal(
        second,
        -(e_b + e_c) / total,
        r"exact weights of claim key_query_value.synthesis, in the basis $u_b/\beta$, $u_c/\beta$",
        r"c_2 - u_b",
    )
    proof.equal(
        second.dot(second),
        error_second.expression**2,
        "its square norm",
        r"\lVert c_2 - u_b \rVert^2",
    )
    proof.equal(first, (2 * e_c - e_b) / total, "the same for $c_1$", r"c_1 - (u_b - u_c)")
    proof.equal(
        first.dot(first), formula**2, "its square norm", r"\lVert c_1 - (u_b - u_c) \rVert^2"
    )
    proof.at_most(
        error_second.expression**2 * total**2 / beta**2,
        formula**2 * total**2 / beta**2,
        r"$c_1$ is the worse of the two, whatever $\gamma$ and $\beta$ are",
        r"\lVert c_2 - u_b \rVert^2 (e^{\gamma \beta^2} + 2)^2 / \beta^2",
    )


def _gain(formula: sp.Expr, proof: Proof) -> None:
    at_formula = sp.exp(sp.expand(-formula * beta**2))
    proof.equal(
        error.expression.subs(_small, at_formula),
        epsilon,
        r"at this $\gamma$ the error of claim key_query_value.error is exactly $\varepsilon$",
    )
    wanted = {epsilon: error.expression.subs(_small, h)}
    proof.at_most(
        error.expression.subs(_small, at_formula * y).subs(wanted) / beta,
        epsilon.subs(wanted) / beta,
        r"sufficient: write $\varepsilon$ as the error where $e^{-\gamma \beta^2}$ is $h > 0$; a "
        r"larger $\gamma$ has $e^{-\gamma \beta^2}$ smaller by a factor $y \le 1$",
        equality={y: 1},
    )
    proof.at_most(
        epsilon.subs(wanted) / beta,
        error.expression.subs(_small, at_formula * (1 + x)).subs(wanted) / beta,
        r"necessary: a smaller $\gamma$ has it larger by a factor $1 + x$, $x \ge 0$",
        equality={x: 0},
    )


def _attended_by(gain: float, beta: float) -> tuple[list[float], list[float]]:
    """Weights on the wanted positions and errors of outputs 1 and 2, by the definition."""
    u, inputs, wanted = arranged(beta)
    K, Q, V = matrices(*u, gain)
    keys, queries = (inputs @ K.T).tolist(), (inputs @ Q.T).tolist()
    shares = [weights(keys, query) for query in queries[:2]]
    missed = [shares[i] @ (inputs @ V.T - wanted[i]) for i in range(2)]
    return [shares[0][2], shares[1][0]], [math.hypot(*m) for m in missed]


def _synthesis_directly(value: float, gain: float, beta: float) -> Direct:
    found, _ = _attended_by(gain, beta)
    return Direct(
        f"With these matrices and vectors along no axis of $\\mathbb{{R}}^4$, $x_1$ gives "
        f"position 3 the weight ${scientific(found[0])}$ and $x_2$ gives position 1 "
        f"${scientific(found[1])}$.",
        all(close(weight, value) for weight in found),
    )


def _error_directly(value: float, gain: float, beta: float) -> Direct:
    _, (first, second) = _attended_by(gain, beta)
    return Direct(
        f"With these matrices and vectors along no axis of $\\mathbb{{R}}^4$, $c_1$ is off by "
        f"${scientific(first)}$ and $c_2$ by ${scientific(second)}$.",
        close(first, value) and close(second, value * (2 / 5) ** 0.5),
    )


def _gain_directly(value: float, epsilon: float, beta: float) -> Direct:
    (_, enough), (_, less) = (_attended_by(value - h / beta**2, beta) for h in (0, 0.01))
    return Direct(
        f"With this gain the larger error is ${scientific(max(enough))}$, with a gain smaller by "
        f"$0.01/\\beta^2$ it is ${scientific(max(less))}$.",
        close(max(enough), epsilon, 1e-6) and max(less) > epsilon,
    )


CLAIMS = (
    Claim(
        key="key_query_value.synthesis",
        question="2e.2",
        title="Matrices that send each query to its value",
        statement=r"These matrices give the values $v_1 = u_b$, $v_2 = 0$ and $v_3 = u_b - u_c$; "
        r"$x_2$ attends to position 1 and $x_1$ to position 3, each with weight ${law}$, where "
        r"$\alpha_{ij}$ is the weight that $x_i$ gives position $j$.",
        assumptions=WORDS,
        law=attended,
        derive=_synthesis,
        twin=1 / (1 + _small),
        changed="1 in place of 2",
        example={"gain": 1, "beta": 3},
        source="practical, question 2e.2",
        variables=dict((*COORDINATES, (free_1, ANY), (free_2, ANY))),
        direct=_synthesis_directly,
    ),
    Claim(
        key="key_query_value.error",
        question="2e.2",
        title="The exact errors of both outputs",
        statement=r"Both outputs miss what is wanted by a distance that falls with the gain: "
        r"$\lVert c_1 - (u_b - u_c) \rVert = {law}$, and $\lVert c_2 - u_b \rVert$ is the same "
        r"with $\sqrt{2}$ in place of $\sqrt{5}$.",
        assumptions=WORDS,
        law=error,
        derive=_error,
        twin=sp.sqrt(3) * beta * _small / (1 + 2 * _small),
        changed=r"$\sqrt{3}$ in place of $\sqrt{5}$",
        example={"gain": 1, "beta": 3},
        source="practical, question 2e.2",
        direct=_error_directly,
    ),
    Claim(
        key="key_query_value.gain",
        question="2e.2",
        title="The gain that a tolerance needs",
        statement=r"Both errors are at most $\varepsilon$ if and only if $\gamma \ge {law}$.",
        assumptions=(*WORDS, r"$0 < \varepsilon < \frac{1}{2} \sqrt{5} \beta$"),
        law=gain,
        derive=_gain,
        twin=sp.log(sp.sqrt(5) * beta / epsilon + 2) / beta**2,
        changed="$+2$ in place of $-2$",
        example={"epsilon": sp.Rational(1, 1000), "beta": 3},
        source="practical, question 2e.2",
        variables={h: POSITIVE, y: UNIT, x: NONNEGATIVE},
        direct=_gain_directly,
    ),
)
