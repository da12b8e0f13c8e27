"""Question 2b: the average of two values, then any weighted average of any subset.

The keys are orthonormal and the query is q = β(k_a + k_b); for a subset S with positive weights
w_i that sum to one it is q = Σ_{i∈S} (β + log w_i) k_i.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from reports.record import InputError
from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.symbols import (
    ANY,
    GAIN_OF_QUERY,
    KEYS,
    MORE_KEYS,
    NONNEGATIVE,
    SIZE,
    TOLERANCE,
    UNIT,
    beta,
    epsilon,
    n,
    size,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

leak = Law(
    r"\lambda", (n - 2) * sp.exp(-beta) / (2 + (n - 2) * sp.exp(-beta)), (GAIN_OF_QUERY, KEYS)
)
gain = Law(
    r"\beta",
    sp.log((n - 2) * (1 - epsilon) / (2 * epsilon)),
    (TOLERANCE, MORE_KEYS),
    relation=r"\ge",
)
subset_leak = Law(
    r"\lambda_S",
    (n - size) * sp.exp(-beta) / (1 + (n - size) * sp.exp(-beta)),
    (GAIN_OF_QUERY, KEYS, SIZE),
    premises=(sp.Le(size, n),),
)

v_a, v_b, others, target = sp.symbols(r"v_a v_b \bar{v} v_S", real=True)
w_i, y = sp.symbols("w_i y", positive=True)
x = sp.Symbol("x", nonnegative=True)
ORTHONORMAL = (
    r"keys are orthonormal: $k_i^\top k_j = 0$ for $i \ne j$ and $\lVert k_i \rVert = 1$",
    r"scores carry no $1/\sqrt{d}$; values are arbitrary",
)


def subset_scores(weights: Float[np.ndarray, " m"], beta: float) -> Float[np.ndarray, " m"]:
    """Scores β + log w_i that give the keys of a subset these weights (positive, sum 1).

    With orthonormal keys they are also the coefficients of the query: q = Σ score_i k_i.
    Raises: InputError if a weight is not positive or the sum is not 1.
    """
    import numpy as np

    if not (np.all(weights > 0) and abs(weights.sum() - 1) < 1e-9):
        raise InputError(f"weights must be positive and sum to 1, got {weights.tolist()}")
    scores: np.ndarray = beta + np.log(weights)
    return scores


def _output(formula: sp.Expr, proof: Proof) -> None:
    k_a, k_b, k_i = (sp.eye(3).row(i).T for i in range(3))
    q = beta * (k_a + k_b)
    proof.equal(
        sp.Matrix([k.dot(q) for k in (k_a, k_b, k_i)]),
        sp.Matrix([beta, beta, 0]),
        r"in an orthonormal basis that begins with $k_a$, $k_b$ and any other key $k_i$",
        r"(k_a^\top q, k_b^\top q, k_i^\top q)^\top",
    )
    pair, other = softmax([(beta, sp.Integer(2)), (sp.Integer(0), n - 2)])
    proof.equal(
        pair,
        (1 - formula) / 2,
        r"softmax of two scores $\beta$ and $n - 2$ scores 0",
        r"\alpha_a = \alpha_b",
    )
    proof.equal(
        pair * (v_a + v_b) + (n - 2) * other * others - (v_a + v_b) / 2,
        formula * (others - (v_a + v_b) / 2),
        r"in each coordinate, with $\bar{v}$ the mean of the $n - 2$ other values",
        r"c - \frac{1}{2}(v_a + v_b)",
    )


def _gain(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        leak.expression.subs(beta, formula),
        epsilon,
        r"at this $\beta$ the leak of claim averaging.output is exactly $\varepsilon$",
    )
    proof.at_most(
        leak.expression.subs(beta, formula - sp.log(y)),
        epsilon,
        r"sufficient: a larger $\beta$ has $e^{-\beta}$ smaller by a factor $y \le 1$",
    )
    proof.at_most(
        epsilon,
        leak.expression.subs(beta, formula - sp.log(1 + x)),
        r"necessary: a smaller $\beta$ has $e^{-\beta}$ larger by a factor $1 + x$, $x \ge 0$",
    )


def _subset(formula: sp.Expr, proof: Proof) -> None:
    k_i, k_j = (sp.eye(2).row(i).T for i in range(2))
    q = (beta + sp.log(w_i)) * k_i
    proof.equal(
        sp.Matrix([k_i.dot(q), k_j.dot(q)]),
        sp.Matrix([beta + sp.log(w_i), 0]),
        r"orthonormal keys: the term of $q$ along $k_i$ reaches the score of key $i$ alone",
    )
    inside, _, outside = softmax(
        [
            (beta + sp.log(w_i), sp.Integer(1)),
            (beta + sp.log(1 - w_i), sp.Integer(1)),
            (sp.Integer(0), n - size),
        ]
    )
    proof.equal(
        inside,
        (1 - formula) * w_i,
        r"the weights of $S$ sum to 1, so the keys of $S$ other than $i$ together have "
        r"$(1 - w_i) e^\beta$; the $n - m$ keys outside $S$ have score 0",
        r"\alpha_i",
    )
    proof.equal(
        (n - size) * outside,
        formula,
        r"what is left for the $n - m$ other keys",
        r"1 - \sum_{i \in S} \alpha_i",
    )
    proof.equal(
        (1 - formula) * target + formula * others - target,
        formula * (others - target),
        r"in each coordinate, with $v_S = \sum_{i \in S} w_i v_i$ and $\bar{v}$ the mean of the "
        r"other values",
        r"c - v_S",
    )
    proof.equal(
        formula.subs({beta: beta + sp.log(2), size: 2}, simultaneous=True),
        leak.expression,
        r"$m = 2$ and equal weights: $\beta + \log 2 + \log \frac{1}{2} = \beta$, claim "
        "averaging.output",
    )


CLAIMS = (
    Claim(
        key="averaging.output",
        question="2b",
        title="The exact error of an average of two values",
        statement=r"With $q = \beta (k_a + k_b)$ the output is off by exactly "
        r"$c - \frac{1}{2}(v_a + v_b) = \lambda (\bar{v} - \frac{1}{2}(v_a + v_b))$, where "
        r"$\bar{v}$ is the mean of the other values and the leak is $\lambda = {law}$.",
        assumptions=ORTHONORMAL,
        law=leak,
        derive=_output,
        twin=(n - 2) * sp.exp(-beta) / (1 + (n - 2) * sp.exp(-beta)),
        changed="1 in place of 2 below the bar",
        example={"beta": 8, "n": 16},
        source="practical, question 2b",
        variables={v_a: ANY, v_b: ANY, others: ANY},
    ),
    Claim(
        key="averaging.gain",
        question="2b",
        title="The gain that a tolerance needs",
        statement=r"The leak is at most $\varepsilon$ if and only if $\beta \ge {law}$.",
        assumptions=(
            *ORTHONORMAL,
            r"$n \ge 3$; with $n = 2$ there is no leak at any $\beta$",
        ),
        law=gain,
        derive=_gain,
        twin=sp.log((n - 2) * (1 - epsilon) / epsilon),
        changed=r"the factor 2 below the bar is missing",
        example={"epsilon": sp.Rational(1, 1000), "n": 16},
        source="practical, question 2b",
        variables={y: UNIT, x: NONNEGATIVE},
    ),
    Claim(
        key="averaging.subset",
        question="2b",
        title="Any weighted average of any subset",
        statement=r"With $q = \sum_{i \in S} (\beta + \log w_i) k_i$ for a set $S$ of $m$ keys, "
        r"$\alpha_i = (1 - \lambda_S) w_i$ exactly for $i \in S$, and "
        r"$c - \sum_{i \in S} w_i v_i = \lambda_S (\bar{v} - \sum_{i \in S} w_i v_i)$ with "
        r"$\lambda_S = {law}$.",
        assumptions=(
            *ORTHONORMAL,
            r"$w_i > 0$ for $i \in S$ and $\sum_{i \in S} w_i = 1$; $1 \le m \le n$",
        ),
        law=subset_leak,
        derive=_subset,
        twin=(n - size) * sp.exp(-beta) / (size + (n - size) * sp.exp(-beta)),
        changed="$m$ in place of 1 below the bar",
        example={"beta": 8, "n": 16, "size": 3},
        source="practical, question 2b (any subset) and 2c (introduction)",
        variables={w_i: UNIT, target: ANY, others: ANY},
    ),
)
