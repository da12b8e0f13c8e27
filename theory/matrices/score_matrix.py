"""Attention knows its keys and queries only through M = KᵀQ, and M only on the inputs.

The scores are S = X M Xᵀ, S[j, i] = k_jᵀq_i, for inputs x_i in the rows of X. With the dual basis
x*_i (x*_iᵀ x_j is 1 for i = j, else 0) M = Σ_ji S[j, i] x*_j x*_iᵀ has any scores one likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.matrices.least_norm import INDEPENDENT, SCORES
from theory.proof.assumptions import array, require, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

width = sp.Symbol("d", integer=True, positive=True)
rank = sp.Symbol("r", integer=True, positive=True)
score = sp.Symbol("s", real=True)
correlation = sp.Symbol("rho", real=True)
WIDTH = Parameter("d", width, lower=1, integer=True)
RANK = Parameter("rank", rank, lower=1, integer=True)
SCORE = Parameter("score", score)
CORRELATION = Parameter("rho", correlation, lower=-1, upper=1, open=True)
gauge = Law(
    r"\dim \{K^\top Q\}",
    2 * width * rank - rank**2,
    (WIDTH, RANK),
    premises=(sp.Le(rank, width),),
)
exact = Law(
    r"\lVert M \rVert_F^2",
    score**2 * ((n - 1) / (1 - correlation) ** 2 + 1 / (1 + (n - 1) * correlation) ** 2),
    (SCORE, KEYS, CORRELATION),
    premises=(sp.Gt(1 + (n - 1) * correlation, 0),),
)
change, blocks = (sp.symbols(f"{letter}_1:5", real=True) for letter in "aM")
key_entries, query_entries = (sp.symbols(f"{letter}_1:5", real=True) for letter in "kq")
entries = sp.symbols("s_11 s_12 s_21 s_22", real=True)
outside = sp.symbols("f_1:6", real=True)
lengths = sp.symbols("p_1 p_2", positive=True)
lean = sp.Symbol("p_0", real=True)
TWO_VECTORS = sp.Matrix([[lengths[0], 0, 0], [lean, lengths[1], 0]])
"""Two independent rows in an orthonormal basis: the first along its first vector, the second in
the plane of the first two vectors; the third stands for all that is outside their span."""


def with_scores(
    inputs: Float[np.ndarray, "n d"], scores: Float[np.ndarray, "n n"]
) -> Float[np.ndarray, "d d"]:
    """M = Σ_ji scores[j, i] x*_j x*_iᵀ, of least Frobenius norm among all with these scores.

    inputs: n linearly independent rows; scores[j, i] = x_jᵀ M x_i.
    Source: least-squares solution of X M Xᵀ = S by the pseudo-inverse X⁺ = (x*_1, …, x*_n).
    Raises: InputError naming all that is wrong, dependent inputs with their certificate.

    >>> import numpy as np
    >>> inputs, scores = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 3.0], [1.0, 0.0]])
    >>> M = with_scores(inputs, scores)
    >>> bool(np.allclose(M, [[0, 3], [1, -4]])), bool(np.allclose(inputs @ M @ inputs.T, scores))
    (True, True)
    """
    import numpy as np

    shapeless = array("inputs", inputs, "n", "d")
    require(
        shapeless,
        array("scores", scores, "n", "n")
        if shapeless
        else array("scores", scores, *[len(inputs)] * 2),
        shapeless or INDEPENDENT.violation(inputs),
    )
    dual = np.linalg.pinv(np.asarray(inputs, dtype=float))
    matrix: np.ndarray = dual @ scores @ dual.T
    return matrix


def factors(
    matrix: Float[np.ndarray, "d d"], tolerance: float = 1e-12
) -> tuple[Float[np.ndarray, "r d"], Float[np.ndarray, "r d"]]:
    """K and Q with as few rows as M = KᵀQ has rank, of one norm: M = Σ_r K[r] Q[r]ᵀ.

    tolerance: singular values below it, relative to the largest, are rounding and count as 0.
    All other choices with as many rows are (A K, A⁻ᵀ Q) with an invertible A. Source: SVD.
    Raises: InputError if the matrix is not square, finite, or the tolerance not in (0, 1).

    >>> import numpy as np
    >>> K, Q = factors(np.array([[0.0, 4.0], [0.0, 0.0]]))
    >>> K.shape, bool(np.allclose(K.T @ Q, [[0, 4], [0, 0]]))
    ((1, 2), True)
    """
    import numpy as np

    shapeless = array("matrix", matrix, "d", "d")
    size = 0 if shapeless else len(matrix)
    require(shapeless or array("matrix", matrix, size, size), within("tolerance", tolerance, 0, 1))
    left, values, right = np.linalg.svd(np.asarray(matrix, dtype=float))
    kept = values > tolerance * values[0]
    roots = np.sqrt(values[kept])[:, None]
    return roots * left.T[kept], roots * right[kept]


# ------------------------------------------------------------------------------------ claims


def _gauge(formula: sp.Expr, proof: Proof) -> None:
    A, K, Q = (sp.Matrix(2, 2, symbols) for symbols in (change, key_entries, query_entries))
    proof.equal(
        ((A * K).T * (A.inv().T * Q)).applyfunc(sp.cancel),
        K.T * Q,
        r"scores $k_j^\top q_i = x_j^\top K^\top Q x_i$ hold $K$ and $Q$ as $K^\top Q$ alone, and "
        r"$A^\top A^{-\top}$ cancels; here for $2 \times 2$ matrices, the same for every size",
        r"(AK)^\top (A^{-\top} Q)",
    )
    proof.equal(
        (A * K * K.inv()).applyfunc(sp.cancel),
        A,
        r"no other pair has this product: if $K'^\top Q' = K^\top Q$ and all ranks are $r$, the "
        r"rows of $K'$ and of $K$ span the same space as the columns of $M$, so $K' = AK$ with "
        r"$A = K' K^+$ with the pseudo-inverse $K^+$ of $K$, $K K^+ = I$; then $K^\top A^\top Q' "
        r"= K^\top Q$, and as the columns of $K^\top$ are "
        r"independent $A^\top Q' = Q$",
        r"K' K^+",
    )
    first, right, below, corner = blocks
    proof.equal(
        sp.Matrix(2, 2, blocks).det(),
        first * (corner - below * right / first),
        r"which $M$ have rank $r$: cut $M$ into four blocks, $M_1$ ($r \times r$) and $M_2$ above "
        r"$M_3$ and $M_4$, where $M_1$ is invertible (else exchange rows or columns); those with "
        r"$M_4 = M_3 M_1^{-1} M_2$, while $M_1$, $M_2$ and $M_3$ are free. Here for $r = 1$ and "
        r"$2 \times 2$ matrices",
        r"\det M",
    )
    proof.equal(
        rank**2 + 2 * rank * (width - rank),
        formula,
        r"count the entries of $M_1$ ($r^2$) and of $M_2$ and $M_3$ ($r (d - r)$ each): it is "
        r"the number $2rd$ of entries of $K$ and $Q$ less the $r^2$ of the matrix that the first "
        r"step leaves free",
        r"\dim \{K^\top Q\}",
    )


def _exact(formula: sp.Expr, proof: Proof) -> None:
    X, S = TWO_VECTORS, sp.Matrix(2, 2, entries)
    dual = X.T * (X * X.T).inv()
    M = (dual * S * dual.T).applyfunc(sp.cancel)
    proof.equal(
        (X * M * X.T).applyfunc(sp.cancel),
        S,
        r"two independent inputs, in an orthonormal basis whose first vectors span them: "
        r"$M = \sum_{ji} s_{ji} x_j^* x_i^{*\top} = X^+ S X^{+\top}$ has the scores wanted",
        r"X M X^\top",
    )
    column, row = sp.Matrix(outside[:2]), sp.Matrix([outside[2:]])
    other = sp.Matrix.vstack(sp.Matrix.hstack(sp.zeros(2, 2), column), row)
    proof.equal(
        sp.cancel(((M + other).T * (M + other)).trace() - (M.T * M).trace()),
        (other.T * other).trace(),
        r"every other matrix with these scores is $M + N$ with $X N X^\top = 0$, which leaves $N$ "
        r"only entries outside the span; they are orthogonal to $M$ and only add to the norm",
        r"\lVert M + N \rVert_F^2 - \lVert M \rVert_F^2",
    )
    inverse = (X * X.T).inv()
    proof.holds(
        r"\lVert M \rVert_F^2 = \operatorname{tr}(G^{-1} S G^{-1} S^\top)",
        sp.cancel((M.T * M).trace() - (inverse * S * inverse * S.T).trace()) == 0,
        r"with the Gram matrix $G = X X^\top$ of the inputs, $X^{+\top} X^+ = G^{-1}$",
        r"both sides written out in the entries of $S$ and of two inputs, and cancelled",
    )
    G = sp.Matrix(3, 3, lambda i, j: 1 if i == j else correlation)
    proof.equal(
        sp.cancel((G.inv() ** 2).trace() * score**2),
        formula.subs(n, 3),
        r"$S = sI$ (each input attends to itself) and three inputs of norm 1 with products $\rho$",
        r"s^2 \operatorname{tr}(G^{-2})",
    )
    even, uneven = (1 - correlation) + correlation * n, (1 - correlation) + correlation * 0
    proof.equal(
        score**2 * (1 / even**2 + (n - 1) / uneven**2),
        formula,
        r"any $n$: $G = (1 - \rho) I + \rho J$, where the matrix $J$ of ones multiplies a vector "
        r"of equal entries by $n$ and makes 0 of the $n - 1$ directions whose entries sum to 0",
        r"s^2 \operatorname{tr}(G^{-2})",
    )


def _gauge_directly(value: float, d: float, rank: float) -> Direct:
    import numpy as np

    side, rows = min(int(d), 8), min(int(rank), 4, int(d))
    random = np.random.default_rng(0)
    K, Q = random.standard_normal((2, rows, side))
    directions = np.eye(rows * side).reshape(-1, rows, side)
    moved = [(E.T @ Q).ravel() for E in directions] + [(K.T @ E).ravel() for E in directions]
    found = int(np.linalg.matrix_rank(np.array(moved)))
    same = (side, rows) == (d, rank)
    law = value if same else gauge(side, rows)
    return Direct(
        f"Random $K$ and $Q$ of {rows} rows and width {side}: the derivatives of $K^\\top Q$ by "
        f"their {2 * rows * side} entries span {found} dimensions.",
        found == law,
    )


def _exact_directly(value: float, score: float, n: float, rho: float) -> Direct:
    import numpy as np

    size = min(int(n), 64)
    inputs = np.linalg.cholesky(np.eye(size) * (1 - rho) + rho)
    square = float((with_scores(inputs, score * np.eye(size)) ** 2).sum())
    law = value if size == n else exact(score, size, rho)
    return Direct(
        f"For {size} such inputs the sum of squares of the entries of $X^+ S X^{{+\\top}}$ is "
        f"${scientific(square)}$.",
        close(square, law, 1e-6),
    )


CLAIMS = (
    Claim(
        key="score_matrix.gauge",
        question="2e.2",
        title="Key and query matter only through their product",
        statement=r"$(K, Q)$ and $(AK, A^{-\top} Q)$ attend alike for every invertible $A$, and "
        r"no other pair with as few rows has the same $M = K^\top Q$; of the $2rd$ entries of $K$ "
        r"and $Q$ only ${law}$ matter.",
        assumptions=(r"$K$ and $Q$ are $r \times d$ matrices of rank $r \le d$", SCORES),
        law=gauge,
        derive=_gauge,
        twin=2 * width * rank - rank,
        changed="$r$ in place of $r^2$",
        example={"d": 6, "rank": 2},
        source="dimension of the matrices of rank r",
        variables=dict.fromkeys((*change, *blocks, *key_entries, *query_entries), ANY),
        direct=_gauge_directly,
    ),
    Claim(
        key="score_matrix.exact",
        question="2e.2",
        title="Independent inputs can have any scores, and the smallest matrix for them",
        statement=r"Any scores $s_{ji}$ are those of $M = \sum_{ji} s_{ji} x_j^* x_i^{*\top}$, "
        r"which has the least Frobenius norm (root of the sum of all squared entries) of all "
        r"matrices with these scores: $\lVert M \rVert_F^2 = "
        r"\operatorname{tr}(G^{-1} S G^{-1} S^\top)$ with $G = X X^\top$. For scores $s$ of each "
        r"input with itself, 0 else, and inputs of norm 1 with products $\rho$ it is ${law}$.",
        assumptions=(
            INDEPENDENT,
            SCORES
            + r", the entries of $S$; $X$ has the rows $x_i$, and the columns $x_i^*$ of its "
            r"pseudo-inverse $X^+$ are the dual basis: $x_i^{*\top} x_j$ is 1 for $i = j$, else 0",
            r"for the formula: $\lVert x_i \rVert = 1$ and $x_i^\top x_j = \rho$ for $i \ne j$, "
            r"with $1 + (n - 1) \rho > 0$ and $\rho < 1$",
        ),
        law=exact,
        derive=_exact,
        twin=score**2 * (n / (1 - correlation) ** 2 + 1 / (1 + (n - 1) * correlation) ** 2),
        changed="$n$ in place of $n - 1$ above the bar",
        example={"score": 10, "n": 4, "rho": sp.Rational(1, 2)},
        source="pseudo-inverse (Moore and Penrose)",
        variables=dict.fromkeys((*entries, *outside, lean), ANY)
        | dict.fromkeys(lengths, (sp.Integer(0), sp.oo)),
        direct=_exact_directly,
    ),
)
