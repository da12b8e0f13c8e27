"""Question 2b: scores that no query has, because some combination of the keys is 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from theory.matrices.fredholm import Certificate, left_null
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, POSITIVE, UNIT

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

P, S, e, w, W = sp.symbols("P S e w W", positive=True)
x, y = sp.symbols("x y", nonnegative=True)
PAIRS = sp.symbols("s_1 s_2 c_1 c_2 w_1 w_2", real=True)
REMAINDER = Parameter("remainder", P, lower=0)
TOTAL = Parameter("total", S, lower=0, open=True)

missed = Law(r"\max_i |k_i^\top q - s_i|", P / S, (REMAINDER, TOTAL), relation=r"\ge")


def unreachable(
    keys: Float[np.ndarray, "n d"], scores: Float[np.ndarray, " n"]
) -> Certificate | None:
    """Coefficients that take the keys to 0 but not the scores, or None if a query has them.

    Whole numbers are treated exactly. Source: Fredholm's alternative.

    >>> import numpy as np
    >>> print(unreachable(np.array([[2, 0], [0, 2], [1, 1]]), np.array([9, 9, 0])))
    no query has these scores: the keys times (1, 1, -2) sum to 0, the scores to 18
    """
    for coefficients in left_null(keys.tolist()):
        certificate = Certificate(
            _words(coefficients, scores.tolist()), tuple(coefficients), tuple(map(tuple, keys)),
            tuple((score,) for score in scores),
        )  # fmt: skip
        if certificate.holds:
            return certificate
    return None


def _words(coefficients: Sequence[float], scores: Sequence[float]) -> str:
    listed = ", ".join(f"{float(c):.6g}" for c in coefficients)
    left = math.fsum(float(c) * float(s) for c, s in zip(coefficients, scores, strict=True))
    return (
        f"no query has these scores: the keys times ({listed}) sum to 0, the scores to {left:.6g}"
    )


def _missed(formula: sp.Expr, proof: Proof) -> None:
    s_1, s_2, c_1, c_2, w_1, w_2 = PAIRS
    proof.equal(
        w_1 * (s_1 - c_1) + w_2 * (s_2 - c_2),
        (w_1 * s_1 + w_2 * s_2) - (w_1 * c_1 + w_2 * c_2),
        r"for any $q$ with scores $c_i = k_i^\top q$; the last bracket is $(\sum_i w_i k_i)^\top q "
        r"= 0$, so the errors have $\sum_i w_i (s_i - c_i) = P$",
        r"\sum_i w_i (s_i - c_i)",
    )
    proof.at_most(
        e * W * x + e * w * y,
        e * (W + w),
        r"triangle inequality, by induction: with errors of at most $e$, coefficients of total "
        r"size $W$ give at most $eW$ ($x, y \le 1$); so $P \le e S$",
        r"|\sum_i w_i (s_i - c_i)|",
        equality={x: 1, y: 1},
    )
    proof.equal(
        P - formula * S,
        sp.Integer(0),
        r"attained if $w$ is the only relation between the keys: take $e$ from $s_i$ where "
        r"$w_i > 0$, add it where $w_i < 0$, and at this $e$ the scores satisfy the relation",
        r"P - e S",
    )


def _missed_directly(value: float, remainder: float, total: float) -> Direct:
    """Three keys, the third half way between the others, by linear programming."""
    import numpy as np
    from scipy import optimize

    keys = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    relation = np.array([1.0, 1.0, -2.0]) * total / 4
    scores, size = np.array([0.0, 0.0, -1.0]), 2 * remainder / total
    above = np.hstack([keys, -np.ones((3, 1))])
    below = np.hstack([-keys, -np.ones((3, 1))])
    found = optimize.linprog(
        [0, 0, 1], np.vstack([above, below]), np.concatenate([scores, -scores]),
        bounds=[(None, None)] * 2 + [(0, None)],
    )  # fmt: skip
    lost, missed = size * float(relation @ scores), size * float(found.fun)
    return Direct(
        f"For $k_3 = (k_1 + k_2)/2$ and scores with $\\sum_i w_i s_i = "
        f"{scientific(lost)}$, linear programming finds no query that misses "
        f"them by less than ${scientific(missed)}$.",
        math.isclose(missed, value, rel_tol=1e-6),
    )


CLAIMS = (
    Claim(
        key="gram.unreachable",
        question="2b",
        title="Dependent keys: scores that no query has",
        statement=r"If $\sum_i w_i k_i = 0$ but $|\sum_i w_i s_i| = P > 0$, then no query has the "
        r"scores $s$: every one misses some score by at least ${law}$, $S = \sum_i |w_i|$. If "
        r"every relation of the keys holds for the scores as well, a query has them.",
        assumptions=(
            r"keys of any kind; scores carry no $1/\sqrt{d}$",
            "the last sentence is Fredholm's alternative: the scores that queries have are all "
            "those orthogonal to every $w$ with $K^\\top w = 0$",
        ),
        law=missed,
        derive=_missed,
        twin=2 * P / S,
        changed="a factor 2",
        example={"remainder": 18, "total": 4},
        source="practical, question 2b (any keys); Fredholm's alternative",
        variables={
            e: POSITIVE,
            w: POSITIVE,
            W: POSITIVE,
            x: UNIT,
            y: UNIT,
            **dict.fromkeys(PAIRS, ANY),
        },
        direct=_missed_directly,
    ),
)
