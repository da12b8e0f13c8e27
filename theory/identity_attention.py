"""Question 2e.1: attention without key, query and value matrices, K = Q = V = I.

u_a, u_b, u_c, u_d are orthogonal with norm β; x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b. Adding
u_c, u_d or both to x₂ is written x₂ = u_a + a_c u_c + a_d u_d with a_c and a_d 0 or 1.
"""

from __future__ import annotations

import itertools

import sympy as sp

from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.symbols import ADD_C, ADD_D, MULTIPLE_C, MULTIPLE_D, NORM, UNIT, added_c, added_d, beta

error = Law(
    r"\lVert c_2 - u_a \rVert",
    sp.sqrt(10) * beta * sp.exp(-(beta**2)) / (1 + 2 * sp.exp(-(beta**2))),
    (NORM,),
)
hull_distance = Law(
    r"\operatorname{dist}(u_b, \operatorname{conv}\{x_1, x_2, x_3\})",
    beta * sp.sqrt(sp.Rational(1, 2) - (1 - added_c) * (1 - added_d) / 10),
    (NORM, ADD_C, ADD_D),
)
_square = 1 + added_c**2 + added_d**2
_weight_1 = sp.exp(-(_square - added_d) * beta**2)
_weight_3 = sp.exp(-(_square - added_c) * beta**2)
output_distance = Law(
    r"\lVert c_2 - u_b \rVert",
    beta
    * sp.sqrt(2 + (added_c + _weight_3) ** 2 + (added_d + _weight_1) ** 2)
    / (1 + _weight_1 + _weight_3),
    (NORM, MULTIPLE_C, MULTIPLE_D),
)

U_A, U_B, U_C, U_D = (beta * sp.eye(4).row(i).T for i in range(4))
X_1, X_2, X_3 = U_D + U_B, U_A + added_c * U_C + added_d * U_D, U_C + U_B
CASES = tuple(itertools.product((0, 1), repeat=2))
l_1, l_2, l_3 = sp.symbols("lambda_1:4", nonnegative=True)
w_1, w_3 = sp.symbols("w_1 w_3", nonnegative=True)
WORDS = (
    r"$u_a, u_b, u_c, u_d$ are orthogonal with norm $\beta$",
    r"$K = Q = V = I$, $x_1 = u_d + u_b$, $x_3 = u_c + u_b$; scores carry no $1/\sqrt{d}$",
)
ADDED = r"$x_2 = u_a + a_c u_c + a_d u_d$ with $a_c, a_d \in \{0, 1\}$"


def nearest(add_c: int, add_d: int) -> tuple[sp.Rational, sp.Rational, sp.Rational]:
    """Weights of x₁, x₂, x₃ in the point of their hull that is nearest to u_b."""
    if add_c or add_d:
        return sp.Rational(1, 2), sp.Integer(0), sp.Rational(1, 2)
    return sp.Rational(2, 5), sp.Rational(1, 5), sp.Rational(2, 5)


def _limit(formula: sp.Expr, proof: Proof) -> None:
    alone = {added_c: 0, added_d: 0}
    query = X_2.subs(alone)
    proof.equal(
        sp.Matrix([x.subs(alone).dot(query) for x in (X_1, X_2, X_3)]),
        sp.Matrix([0, beta**2, 0]),
        r"the scores of the query $x_2 = u_a$",
        r"(x_1^\top x_2, x_2^\top x_2, x_3^\top x_2)^\top",
    )
    on, off = softmax([(beta**2, sp.Integer(1)), (sp.Integer(0), sp.Integer(2))])
    difference = off * X_1 + on * X_2.subs(alone) + off * X_3 - U_A
    proof.equal(
        difference,
        (U_D + U_C + 2 * U_B - 2 * U_A) / (sp.exp(beta**2) + 2),
        r"in the basis $u_a/\beta, \dots, u_d/\beta$",
        r"c_2 - u_a",
    )
    proof.equal(
        difference.dot(difference),
        formula**2,
        r"its square norm; $e^{-\beta^2}$ beats $\beta$, so $c_2 \to u_a$",
        r"\lVert c_2 - u_a \rVert^2",
    )


def _hull(formula: sp.Expr, proof: Proof) -> None:
    for add_c, add_d in CASES:
        case = {added_c: add_c, added_d: add_d}
        corners = [x.subs(case) for x in (X_1, X_2, X_3)]
        weights = nearest(add_c, add_d)
        point = sum((w * x for w, x in zip(weights, corners, strict=True)), sp.zeros(4, 1))
        normal = point - U_B
        square = sp.expand(normal.dot(normal))
        where = f"$x_2 = u_a{' + u_c' * add_c}{' + u_d' * add_d}$"
        proof.equal(
            sp.expand(square / beta**2),
            sp.expand((formula.subs(case) / beta) ** 2),
            f"{where}: the point $p$ of the hull with weights {_shown(weights)}",
            r"\lVert p - u_b \rVert^2 / \beta^2",
        )
        reached = [sp.expand((x - U_B).dot(normal)) / beta**2 for x in corners]
        proof.at_most(
            sp.expand(square / beta**2),
            sp.Min(*reached),
            f"{where}: the right side is $\\min_i (x_i - u_b)^\\top (p - u_b) / \\beta^2$: every "
            "corner, so the whole hull, lies beyond the plane through $p$ with normal $p - u_b$, "
            "and no point of the hull is nearer",
            r"\lVert p - u_b \rVert^2 / \beta^2",
        )


def _shown(weights: tuple[sp.Rational, ...]) -> str:
    return "$(" + ", ".join(map(str, weights)) + ")$"


def _output(formula: sp.Expr, proof: Proof) -> None:
    difference = ((1 - l_2 - l_3) * X_1 + l_2 * X_2 + l_3 * X_3 - U_B) / beta
    difference = difference.applyfunc(sp.cancel)
    proof.equal(
        difference.dot(difference),
        2 * l_2**2 + (l_3 + added_c * l_2) ** 2 + (1 - l_2 - l_3 + added_d * l_2) ** 2,
        r"for any weights $\lambda_1 + \lambda_2 + \lambda_3 = 1$, in the basis $u/\beta$",
        r"\lVert \lambda_1 x_1 + \lambda_2 x_2 + \lambda_3 x_3 - u_b \rVert^2 / \beta^2",
    )
    scores = [sp.expand(x.dot(X_2)) for x in (X_1, X_2, X_3)]
    lost_1, lost_3 = (sp.exp(s - scores[1]) for s in (scores[0], scores[2]))
    attended_2 = 1 / (1 + lost_1 + lost_3)
    proof.equal(
        attended_2**2 * (2 + (lost_3 + added_c) ** 2 + (lost_1 + added_d) ** 2),
        (formula / beta) ** 2,
        r"softmax of the scores $a_d \beta^2$, $(1 + a_c^2 + a_d^2) \beta^2$ and $a_c \beta^2$: "
        r"$\lambda_1 = w_1 \lambda_2$ and $\lambda_3 = w_3 \lambda_2$ with the two exponentials "
        r"$w_1$ and $w_3$",
        r"\lVert c_2 - u_b \rVert^2 / \beta^2",
    )
    ratio = (2 + (added_c + w_3) ** 2 + (added_d + w_1) ** 2) / (1 + w_1 + w_3) ** 2
    proof.at_most(
        (2 + added_c**2 + added_d**2) / (1 + w_1 + w_3) ** 2,
        ratio,
        r"$w_1$ and $w_3$ vanish as $\beta$ grows: what is left is "
        r"$\lVert x_2 - u_b \rVert^2 / \beta^2 = 2 + a_c^2 + a_d^2$",
    )
    inside = 2 * l_2**2 + l_3**2 + l_1**2
    proof.equal(
        sp.Rational(5, 2) * inside - (l_1 + l_2 + l_3) ** 2,
        (l_1 - 2 * l_2) ** 2 / 2 + (l_1 - l_3) ** 2 + (2 * l_2 - l_3) ** 2 / 2,
        r"for any weights $\lambda_i$ that sum to 1: a sum of squares, so "
        r"$\lambda_1^2 + 2\lambda_2^2 + \lambda_3^2 \ge \frac{2}{5}$",
    )
    proof.at_most(
        inside,
        2 * l_2**2 + (l_3 + added_c * l_2) ** 2 + (l_1 + added_d * l_2) ** 2,
        r"the right side is the square distance of $\sum_i \lambda_i x_i$ from $u_b$ over "
        r"$\beta^2$: no multiples $a_c, a_d \ge 0$ bring it below $\frac{2}{5}$",
    )


CLAIMS = (
    Claim(
        key="identity_attention.limit",
        question="2e.1",
        title="Without matrices the second output is its own input",
        statement=r"$c_2 \to u_a$: $\lVert c_2 - u_a \rVert = {law}$ exactly.",
        assumptions=(*WORDS, r"$x_2 = u_a$"),
        law=error,
        derive=_limit,
        twin=2 * sp.sqrt(2) * beta * sp.exp(-(beta**2)) / (1 + 2 * sp.exp(-(beta**2))),
        changed=r"$2\sqrt{2}$ in place of $\sqrt{10}$",
        example={"beta": 3},
        source="practical, question 2e.1",
    ),
    Claim(
        key="identity_attention.hull",
        question="2e.1",
        title="No weights at all can give $u_b$: a certificate",
        statement=r"The distance of $u_b$ from the convex hull of the values is exactly ${law}$: "
        r"$\sqrt{\frac{2}{5}}\,\beta$ for $x_2 = u_a$ and $\sqrt{\frac{1}{2}}\,\beta$ when $u_c$, "
        r"$u_d$ or both are added.",
        assumptions=(*WORDS, ADDED),
        law=hull_distance,
        derive=_hull,
        twin=beta * sp.sqrt(sp.Rational(1, 2) - (1 - added_c) * (1 - added_d) / 5),
        changed="5 in place of 10",
        example={"beta": 3, "add_c": 1, "add_d": 0},
        source="practical, question 2e.1; separating hyperplane",
    ),
    Claim(
        key="identity_attention.output",
        question="2e.1",
        title="What attention really gives stays further from $u_b$",
        statement=r"For all multiples $a_c, a_d \ge 0$, $\lVert c_2 - u_b \rVert = {law}$; as "
        r"$\beta$ grows this is $\sqrt{2 + a_c^2 + a_d^2}\,\beta$, for $c_2 \to x_2$, and it is "
        r"never below $\sqrt{\frac{2}{5}}\,\beta$.",
        assumptions=(*WORDS, r"$x_2 = u_a + a_c u_c + a_d u_d$ with $a_c, a_d \ge 0$"),
        law=output_distance,
        derive=_output,
        twin=output_distance.expression.subs(added_c, added_c + 1),
        changed="$a_c + 1$ in place of $a_c$",
        example={"beta": 3, "add_c": 1, "add_d": 0},
        source="practical, question 2e.1",
        variables={
            w_1: UNIT, w_3: UNIT, l_1: UNIT, l_2: UNIT, l_3: UNIT,
        },
    ),
)  # fmt: skip
