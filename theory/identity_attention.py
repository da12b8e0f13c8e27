"""Question 2e.1: attention without key, query and value matrices, K = Q = V = I.

u_a, u_b, u_c, u_d are orthogonal with norm β; x₁ = u_d + u_b, x₂ = u_a, x₃ = u_c + u_b. Adding
u_c, u_d or both to x₂ is written x₂ = u_a + a_c u_c + a_d u_d: a_c and a_d are 0 or 1, or any
multiples of at least 0.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.gaussian import Abbreviation
from theory.keys.nearest_point import nearest_weights
from theory.proof import direct
from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
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


class _Ratio(Abbreviation):
    """The weight of an input over that of x₂ when x₂ asks."""

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        return self.name if exp is None else f"{self.name}^{{{exp}}}"


class _Ratio1(_Ratio):
    name = "w_1"

    def definition(self) -> sp.Expr:
        norm, c, d = self.args
        return sp.exp(-(1 + c**2 + d**2 - d) * norm**2)


class _Ratio3(_Ratio):
    name = "w_3"

    def definition(self) -> sp.Expr:
        norm, c, d = self.args
        return sp.exp(-(1 + c**2 + d**2 - c) * norm**2)


ratio_1, ratio_3 = _Ratio1(beta, added_c, added_d), _Ratio3(beta, added_c, added_d)
approach = Law(
    r"\lVert c_2 - x_2 \rVert",
    beta
    * sp.sqrt(
        2 * (ratio_1 + ratio_3) ** 2
        + (ratio_3 - added_c * (ratio_1 + ratio_3)) ** 2
        + (ratio_1 - added_d * (ratio_1 + ratio_3)) ** 2
    )
    / (1 + ratio_1 + ratio_3),
    (NORM, MULTIPLE_C, MULTIPLE_D),
)
output_distance = Law(
    r"\lVert c_2 - u_b \rVert",
    beta
    * sp.sqrt(2 + (added_c + ratio_3) ** 2 + (added_d + ratio_1) ** 2)
    / (1 + ratio_1 + ratio_3),
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
MULTIPLES = (
    r"$x_2 = u_a + a_c u_c + a_d u_d$ with $a_c, a_d \ge 0$",
    r"$w_1 = e^{-(1 + a_c^2 + a_d^2 - a_d) \beta^2}$ and $w_3 = e^{-(1 + a_c^2 + a_d^2 - a_c) "
    r"\beta^2}$ are the weights of $x_1$ and $x_3$ over that of $x_2$",
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
        r"its square norm; $\beta e^{-\beta^2} \to 0$ as $\beta$ grows, so $c_2 \to u_a$",
        r"\lVert c_2 - u_a \rVert^2",
    )


def _added(formula: sp.Expr, proof: Proof) -> None:
    scores = [sp.expand(x.dot(X_2)) / beta**2 for x in (X_1, X_2, X_3)]
    scores = [sp.cancel(score) for score in scores]
    proof.equal(
        sp.Matrix(scores),
        sp.Matrix([added_d, 1 + added_c**2 + added_d**2, added_c]),
        r"the scores of the query $x_2$",
        r"(x_1^\top x_2, x_2^\top x_2, x_3^\top x_2)^\top / \beta^2",
    )
    proof.equal(
        sp.Matrix([sp.exp(beta**2 * (scores[i] - scores[1])) for i in (0, 2)]),
        sp.Matrix([ratio_1.definition(), ratio_3.definition()]),
        r"softmax: the weights of $x_1$ and $x_3$ over that of $x_2$",
        r"(w_1, w_3)^\top",
    )
    proof.equal(
        1 + added_c**2 + added_d**2 - added_d,
        sp.Rational(3, 4) + added_c**2 + (added_d - sp.Rational(1, 2)) ** 2,
        r"a sum of squares, so $w_1 \le e^{-3 \beta^2 / 4}$; likewise $w_3$, with $a_c$ and $a_d$ "
        r"exchanged",
    )
    total = 1 + ratio_1 + ratio_3
    difference = ((ratio_1 * X_1 + X_2 + ratio_3 * X_3) - total * X_2) / beta
    difference = difference.applyfunc(sp.cancel)
    proof.equal(
        difference.dot(difference),
        (total * formula / beta) ** 2,
        r"$c_2 = (w_1 x_1 + x_2 + w_3 x_3)/(1 + w_1 + w_3)$, in the basis $u/\beta$",
        r"(1 + w_1 + w_3)^2 \lVert c_2 - x_2 \rVert^2 / \beta^2",
    )
    both = w_1 + w_3
    proof.equal(
        (1 + added_c) ** 2 * both**2 - (w_3 - added_c * both) ** 2,
        (w_1 + 2 * added_c * both) * (w_3 + both),
        r"not negative, and likewise with $a_d$, and $w_1$ and $w_3$ exchanged. Hence "
        r"$\lVert c_2 - x_2 \rVert \le \beta (w_1 + w_3) \sqrt{2 + (1 + a_c)^2 + (1 + a_d)^2}$, "
        r"and $\beta (w_1 + w_3) \le "
        r"2 \beta e^{-3 \beta^2 / 4} \to 0$ as $\beta$ grows: $c_2 \to x_2$",
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
    total = 1 + ratio_1 + ratio_3
    difference = ((ratio_1 * X_1 + X_2 + ratio_3 * X_3) - total * U_B) / beta
    difference = difference.applyfunc(sp.cancel)
    proof.equal(
        difference.dot(difference),
        (total * formula / beta) ** 2,
        r"$c_2 = (w_1 x_1 + x_2 + w_3 x_3)/(1 + w_1 + w_3)$ by claim identity_attention.added, in "
        r"the basis $u/\beta$",
        r"(1 + w_1 + w_3)^2 \lVert c_2 - u_b \rVert^2 / \beta^2",
    )
    missed = X_2 - U_B
    proof.equal(
        missed.dot(missed) / beta**2,
        2 + added_c**2 + added_d**2,
        r"what attention tends to is $x_2$: $\lVert c_2 - x_2 \rVert$ vanishes as $\beta$ grows, "
        r"claim identity_attention.added",
        r"\lVert x_2 - u_b \rVert^2 / \beta^2",
    )
    proof.equal(
        sp.Matrix([[missed.dot(missed).subs({added_c: i, added_d: j}) for i, j in CASES]]),
        beta**2 * sp.Matrix([[2, 3, 3, 4]]),
        r"nothing, $u_d$, $u_c$ and both added",
        r"\lVert x_2 - u_b \rVert^2",
    )
    mean = ((1 - l_2 - l_3) * X_1 + l_2 * X_2 + l_3 * X_3 - U_B) / beta
    mean = mean.applyfunc(sp.cancel)
    proof.equal(
        mean.dot(mean),
        2 * l_2**2 + (l_3 + added_c * l_2) ** 2 + (1 - l_2 - l_3 + added_d * l_2) ** 2,
        r"for any weights $\lambda_1 + \lambda_2 + \lambda_3 = 1$, in the basis $u/\beta$",
        r"\lVert \lambda_1 x_1 + \lambda_2 x_2 + \lambda_3 x_3 - u_b \rVert^2 / \beta^2",
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
        r"the right side is $\lVert \sum_i \lambda_i x_i - u_b \rVert^2 / \beta^2$ from above: no "
        r"multiples $a_c, a_d \ge 0$ bring it below $\frac{2}{5}$",
        equality={added_c: 0, added_d: 0},
    )


def _inputs(beta: float, add_c: float, add_d: float) -> list[list[float]]:
    rows: list[list[float]] = [[0, 1, 0, 1], [1, 0, add_c, add_d], [0, 1, 1, 0]]
    return [[beta * x for x in row] for row in rows]


def _second_output(beta: float, add_c: float, add_d: float) -> list[float]:
    x = _inputs(beta, add_c, add_d)
    return direct.output(x, x[1], x)


def _near(found: float, value: float, scale: float) -> bool:
    """Equal up to the rounding of vectors of this length."""
    return math.isclose(found, value, rel_tol=1e-9, abs_tol=1e-14 * scale)


def _limit_directly(value: float, beta: float) -> Direct:
    c_2 = _second_output(beta, 0, 0)
    found = math.dist(c_2, [beta, 0, 0, 0])
    sentence = f"Attention over the three inputs in $\\mathbb{{R}}^4$ gives ${scientific(found)}$."
    return Direct(sentence, _near(found, value, beta))


def _hull_directly(value: float, beta: float, add_c: float, add_d: float) -> Direct:
    corners = [[Fraction(x) for x in row] for row in _inputs(beta, add_c, add_d)]
    target = [Fraction(x) for x in (0, beta, 0, 0)]
    weights = nearest_weights(corners, target)
    columns = zip(*corners, strict=True)
    point = [sum(w * x for w, x in zip(weights, column, strict=True)) for column in columns]
    found = math.dist([float(x) for x in point], [float(x) for x in target])
    sentence = (
        f"Wolfe's algorithm for the nearest point of a hull, run in fractions, finds the weights "
        f"$({', '.join(map(str, weights))})$ and the distance ${scientific(found)}$."
    )
    return Direct(sentence, direct.close(found, value))


def _added_directly(value: float, beta: float, add_c: float, add_d: float) -> Direct:
    x_2 = _inputs(beta, add_c, add_d)[1]
    found = math.dist(_second_output(beta, add_c, add_d), x_2)
    sentence = f"Attention over the three inputs in $\\mathbb{{R}}^4$ gives ${scientific(found)}$."
    return Direct(sentence, _near(found, value, math.hypot(*x_2)))


def _output_directly(value: float, beta: float, add_c: float, add_d: float) -> Direct:
    found = math.dist(_second_output(beta, add_c, add_d), [0, beta, 0, 0])
    sentence = (
        f"Attention over the three inputs in $\\mathbb{{R}}^4$ gives ${scientific(found)}$, and "
        f"$x_2$ itself is at the distance "
        f"${scientific(math.dist(_inputs(beta, add_c, add_d)[1], [0, beta, 0, 0]))}$."
    )
    return Direct(sentence, direct.close(found, value))


CLAIMS = (
    Claim(
        key="identity_attention.limit",
        question="2e.1",
        title="Without matrices the second output is its own input",
        statement=r"As $\beta$ grows the second output tends to its own input: "
        r"$c_2 \to u_a$, since $\lVert c_2 - u_a \rVert = {law}$ exactly.",
        assumptions=(*WORDS, r"$x_2 = u_a$"),
        law=error,
        derive=_limit,
        direct=_limit_directly,
        twin=2 * sp.sqrt(2) * beta * sp.exp(-(beta**2)) / (1 + 2 * sp.exp(-(beta**2))),
        changed=r"$2\sqrt{2}$ in place of $\sqrt{10}$",
        example={"beta": 3},
        source="practical, question 2e.1",
    ),
    Claim(
        key="identity_attention.added",
        question="2e.1",
        title="Adding to the second input does not change that",
        statement=r"Whatever multiples, none negative, of $u_c$ and $u_d$ are added to $x_2$, the "
        r"second output tends to $x_2$ as $\beta$ grows: $\lVert c_2 - x_2 \rVert = {law}$ "
        "exactly.",
        assumptions=(*WORDS, *MULTIPLES),
        law=approach,
        derive=_added,
        direct=_added_directly,
        twin=approach.expression.subs(added_c, added_c + 1),
        changed="$a_c + 1$ in place of $a_c$",
        example={"beta": 3, "add_c": 1, "add_d": 0},
        source="practical, question 2e.1",
        variables={w_1: UNIT, w_3: UNIT},
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
        direct=_hull_directly,
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
        r"$\beta$ grows this tends to $\lVert x_2 - u_b \rVert = \sqrt{2 + a_c^2 + a_d^2}\,\beta$: "
        r"$\sqrt{2}\,\beta$ with nothing added, $\sqrt{3}\,\beta$ with $u_c$ or $u_d$ and "
        r"$2\beta$ with both. It is never below $\sqrt{\frac{2}{5}}\,\beta$.",
        assumptions=(*WORDS, *MULTIPLES),
        law=output_distance,
        derive=_output,
        direct=_output_directly,
        twin=output_distance.expression.subs(added_c, added_c + 1),
        changed="$a_c + 1$ in place of $a_c$",
        example={"beta": 3, "add_c": 1, "add_d": 0},
        source="practical, question 2e.1",
        variables={l_1: UNIT, l_2: UNIT, l_3: UNIT},
    ),
)  # fmt: skip
