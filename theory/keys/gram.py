r"""Question 2b for keys that are neither of unit norm nor orthogonal.

The rows of K are the keys, G = KKᵀ is their Gram matrix, s the scores wanted. If the keys are
linearly independent, q = KᵀG⁻¹s has these scores exactly and is the shortest query that does. If
they are dependent, some scores belong to no query, and a combination of the keys shows it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from reports.record import InputError
from theory.averaging import size_of
from theory.keys.attended import buildable
from theory.keys.unreachable_scores import unreachable
from theory.matrices.fredholm import TOLERANCE, RefusalError
from theory.proof.assumptions import array, require, rows
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, GAIN_OF_QUERY, KEYS, NONNEGATIVE, UNIT, beta, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

s_a, s_b, rho = sp.symbols(r"s_a s_b \rho", real=True)
length_a, length_b, mu, S = sp.symbols(r"\ell_a \ell_b \mu S", positive=True)
SCORE_A, SCORE_B = Parameter("s_a", s_a), Parameter("s_b", s_b)
LENGTH_A = Parameter("length_a", length_a, lower=0, open=True)
LENGTH_B = Parameter("length_b", length_b, lower=0, open=True)
COSINE = Parameter("cosine", rho, lower=-1, upper=1, open=True)
SCORES = Parameter("scores", S, lower=0)
LEAST_EIGENVALUE = Parameter("eigenvalue", mu, lower=0, open=True)

two_keys = Law(
    r"\lVert q \rVert^2",
    ((s_a / length_a) ** 2 - 2 * rho * s_a * s_b / (length_a * length_b) + (s_b / length_b) ** 2)
    / (1 - rho**2),
    (SCORE_A, SCORE_B, LENGTH_A, LENGTH_B, COSINE),
)
norm = Law(r"\lVert q \rVert", S / sp.sqrt(mu), (SCORES, LEAST_EIGENVALUE), relation=r"\le")
equal_cosines = Law(
    r"\lVert q \rVert^2",
    2 * beta**2 * (1 + (n - 3) * rho) / ((1 - rho) * (1 + (n - 1) * rho)),
    (GAIN_OF_QUERY, KEYS, COSINE),
    premises=(sp.Gt((n - 1) * rho, -1),),
)

c_a, c_b, t = sp.symbols("c_a c_b t", real=True)
v, w, x, y = sp.symbols("v w x y", nonnegative=True)
INDEPENDENT = (
    r"the $n$ keys are the rows of $K$, linearly independent (so $n \le d$), of any norms and "
    r"angles; $G = K K^\top$",
    r"scores $s = Kq$ carry no $1/\sqrt{d}$",
)


def query(
    keys: Float[np.ndarray, "n d"], scores: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " d"]:
    """The shortest query with exactly these scores: KᵀG⁻¹s if the keys are independent.

    For weights w on a subset give its keys the scores of `averaging.subset_scores` and the others
    0. Source: claim gram.query.
    Raises: InputError listing what is wrong with the arrays; RefusalError, with a combination of
    the keys that is 0 while that of the scores is not, where no query has these scores.

    >>> import numpy as np
    >>> keys = np.array([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    >>> q = query(keys, np.array([9.0, 9.0, 0.0]))
    >>> print(np.round(q, 9), np.round(keys @ q, 9))
    [ 4.5  4.5 -1.5] [9. 9. 0.]
    """
    import numpy as np

    require(
        array("keys", keys, "n", "d"), rows("keys", keys, 2),
        array("scores", scores, size_of(keys, 0)),
    )  # fmt: skip
    keys, scores = np.asarray(keys), np.asarray(scores)
    if found := unreachable(keys, scores):
        raise RefusalError(found.words, [found])
    shortest: np.ndarray = np.linalg.lstsq(keys, scores, rcond=None)[0]
    if (error := np.abs(keys @ shortest - scores).max()) > TOLERANCE * np.abs(scores).max():
        raise InputError(f"keys are too nearly dependent for floats: scores are off by {error:.1g}")
    return shortest


def _query(formula: sp.Expr, proof: Proof) -> None:
    gram = sp.Matrix([[1, rho], [rho, 1]])
    units = sp.Matrix([[1, 0, 0], [rho, sp.sqrt(1 - rho**2), 0]])
    c = sp.Matrix([s_a - rho * s_b, s_b - rho * s_a]) / (1 - rho**2)
    any_c = sp.Matrix([c_a, c_b])
    proof.equal(
        gram * c,
        sp.Matrix([s_a, s_b]),
        r"$q = K^\top c$ has the scores $K K^\top c = G c$, so $c = G^{-1} s$ gives exactly $s$: "
        r"here for two unit keys of cosine $\rho$",
        "G c",
    )
    other = units.T * any_c + sp.Matrix([0, 0, t])
    proof.equal(
        other.dot(other),
        any_c.dot(gram * any_c) + t**2,
        r"every other query with these scores is $q + z$ with $K z = 0$, so $q^\top z = c^\top K z "
        r"= 0$, and $\lVert q \rVert^2 = c^\top G c = s^\top G^{-1} s$: here in coordinates that "
        r"begin with $k_a$, $z$ of length $t$ along the third",
        r"\lVert q + z \rVert^2",
    )
    proof.equal(
        (c[0] * s_a + c[1] * s_b).subs({s_a: s_a / length_a, s_b: s_b / length_b}),
        formula,
        r"keys of norms $\ell_a$ and $\ell_b$ have the scores $s_a$ and $s_b$ just when the unit "
        r"keys have $s_a/\ell_a$ and $s_b/\ell_b$",
        r"s^\top G^{-1} s",
    )


def _norm(formula: sp.Expr, proof: Proof) -> None:
    of_units = two_keys.expression.subs({length_a: 1, length_b: 1})
    proof.equal(
        of_units,
        (s_a + s_b) ** 2 / (2 * (1 + rho)) + (s_a - s_b) ** 2 / (2 * (1 - rho)),
        r"$G$ is symmetric, so it has orthonormal eigenvectors; with $\sigma_k$ the coordinates of "
        r"$s$ along them, $s^\top G^{-1} s = \sum_k \sigma_k^2/\mu_k$: here for two unit keys, "
        r"eigenvalues $1 \pm \rho$ and $\sigma_k = (s_a \pm s_b)/\sqrt{2}$",
        r"\lVert q \rVert^2",
    )
    proof.at_most(
        y * v / mu + w / (mu + x),
        (v + w) / mu,
        r"by induction: if coordinates with squares that sum to $v$ add at most $v/\mu$, so do "
        r"they with one more, of square $w$ and eigenvalue $\mu + x$ ($y \le 1$); all together "
        r"$\lVert q \rVert^2 \le S^2/\mu$",
        equality={x: 0, y: 1},
    )
    root = S / sp.sqrt(2)
    proof.equal(
        of_units.subs({s_a: root, s_b: -root, rho: 1 - mu}),
        formula**2,
        r"attained when $s$ is an eigenvector of the least eigenvalue: here "
        r"$s = \frac{S}{\sqrt{2}} (1, -1)$ and $\mu = 1 - \rho$",
        r"\lVert q \rVert^2",
    )


def _equal_cosines(formula: sp.Expr, proof: Proof) -> None:
    least = (1 - rho) * (1 + (n - 1) * rho)
    pair, other = beta * (1 + (n - 3) * rho) / least, -2 * beta * rho / least
    proof.equal(
        sp.Matrix(
            [(1 + rho) * pair + (n - 2) * rho * other, 2 * rho * pair + (1 + (n - 3) * rho) * other]
        ),
        sp.Matrix([beta, 0]),
        r"$q = x (k_a + k_b) + y \sum_{i \ne a, b} k_i$ with $x = \beta (1 + (n - 3)\rho)/D$, "
        r"$y = -2\beta\rho/D$ and $D = (1 - \rho)(1 + (n - 1)\rho)$: the scores of $a$ and of any "
        "other key",
        r"(k_a^\top q, k_i^\top q)^\top",
    )
    of_pair, of_other = (1 + rho) * x + (n - 2) * rho * y, 2 * rho * x + (1 + (n - 3) * rho) * y
    proof.equal(
        2 * (1 + rho) * x**2 + 4 * (n - 2) * rho * x * y + (n - 2) * (1 + (n - 3) * rho) * y**2,
        2 * x * of_pair + (n - 2) * y * of_other,
        r"the products of the keys, each pair counted twice: $\lVert q \rVert^2$ is the sum of "
        r"coefficient times score, for any $x$ and $y$",
        r"\lVert q \rVert^2",
    )
    proof.equal(
        2 * pair * beta,
        formula,
        r"here only $a$ and $b$ have a score: $\lVert q \rVert^2 = 2 x \beta$. That it is the "
        "shortest with these scores is claim gram.query",
        r"2 x \beta",
    )
    proof.equal(
        formula.subs(rho, 0),
        2 * beta**2,
        r"orthonormal keys: $q = \beta (k_a + k_b)$",
        r"\lVert q \rVert^2",
    )


def _two_keys_directly(
    value: float, s_a: float, s_b: float, length_a: float, length_b: float, cosine: float
) -> Direct:
    """Least squares on two keys in the plane."""
    import numpy as np

    sine = math.sqrt((1 - cosine) * (1 + cosine))
    keys = np.array([[length_a, 0.0], [length_b * cosine, length_b * sine]])
    q = np.linalg.solve(keys, np.array([s_a, s_b]))
    return Direct(
        f"For two such keys in the plane the query with these scores is $({scientific(q[0])}, "
        f"{scientific(q[1])})$, of squared norm ${scientific(float(q @ q))}$.",
        math.isclose(float(q @ q), value, rel_tol=1e-6, abs_tol=1e-12),
    )


def _norm_directly(value: float, scores: float, eigenvalue: float) -> Direct:
    """Keys with that least eigenvalue: the worst scores, and random ones (seed 0)."""
    import numpy as np

    random = np.random.default_rng(0)
    left = np.linalg.qr(random.standard_normal((6, 6)))[0]
    right = np.linalg.qr(random.standard_normal((8, 6)))[0]
    keys = left * np.sqrt(eigenvalue * np.arange(1, 7)) @ right.T
    wanted = random.standard_normal((6, 1000))
    wanted[:, 0] = left[:, 0]
    wanted *= scores / np.linalg.norm(wanted, axis=0)
    found = np.linalg.norm(np.linalg.pinv(keys) @ wanted, axis=0)
    return Direct(
        f"For six drawn keys in eight dimensions with that least eigenvalue, the worst scores need "
        f"a query of norm ${scientific(found[0])}$, the worst of 999 random scores "
        f"${scientific(found[1:].max())}$.",
        math.isclose(found[0], value, rel_tol=1e-9, abs_tol=1e-300)
        and float(found.max()) <= value * (1 + 1e-9),
    )


@buildable
def _equal_cosines_directly(value: float, beta: float, n: int, cosine: float) -> Direct:
    """Least squares on keys that a factor of the Gram matrix gives."""
    import numpy as np

    gram = np.full((n, n), cosine) + (1 - cosine) * np.eye(n)
    values, vectors = np.linalg.eigh(gram)
    keys = vectors * np.sqrt(np.maximum(values, 0))
    scores = np.where(np.arange(n) < 2, beta, 0.0)
    q = np.linalg.lstsq(keys, scores, rcond=None)[0]
    return Direct(
        f"For {n} such keys the query with scores $\\beta, \\beta, 0, \\dots$ has the squared norm "
        f"${scientific(float(q @ q))}$; orthonormal keys need ${scientific(2 * beta**2)}$.",
        math.isclose(float(q @ q), value, rel_tol=1e-6, abs_tol=1e-12),
    )


CLAIMS = (
    Claim(
        key="gram.query",
        question="2b",
        title="Exact scores for keys of any norms and angles",
        statement=r"$q = K^\top G^{-1} s$ has exactly the scores $s$, and every other query with "
        r"these scores is longer; $\lVert q \rVert^2 = s^\top G^{-1} s$. For two keys of norms "
        r"$\ell_a$, $\ell_b$ at an angle of cosine $\rho$ that is ${law}$.",
        assumptions=INDEPENDENT,
        law=two_keys,
        derive=_query,
        twin=(
            (s_a / length_a) ** 2
            + 2 * rho * s_a * s_b / (length_a * length_b)
            + (s_b / length_b) ** 2
        )
        / (1 - rho**2),
        changed=r"the sign of $\rho$",
        example={
            "s_a": 9,
            "s_b": 9,
            "length_a": 1,
            "length_b": sp.Rational(3, 2),
            "cosine": sp.Rational(1, 2),
        },
        source="practical, question 2b (any keys); least-norm solution of linear equations",
        variables={t: ANY, c_a: ANY, c_b: ANY},
        direct=_two_keys_directly,
    ),
    Claim(
        key="gram.norm",
        question="2b",
        title="How long a query badly conditioned keys need",
        statement=r"The query $q = K^\top G^{-1} s$ of claim gram.query, the shortest with the "
        r"scores $s$, has $\lVert q \rVert \le {law}$, where $S = \lVert s \rVert$ and $\mu$ is "
        r"the least eigenvalue of $G$; some scores need exactly that.",
        assumptions=INDEPENDENT,
        law=norm,
        derive=_norm,
        twin=S / mu,
        changed=r"$\mu$ in place of its root",
        example={"scores": 12, "eigenvalue": sp.Rational(1, 4)},
        source="practical, question 2b (any keys)",
        variables={
            s_a: ANY,
            s_b: ANY,
            rho: (-sp.Integer(1), sp.Integer(1)),
            v: NONNEGATIVE,
            w: NONNEGATIVE,
            x: NONNEGATIVE,
            y: UNIT,
        },
        direct=_norm_directly,
    ),
    Claim(
        key="gram.equal_cosines",
        question="2b",
        title="Averaging over keys that all make the same angle",
        statement=r"If any two keys have the inner product $\rho$, the shortest query with scores "
        r"$\beta$ at $a$ and $b$ and 0 elsewhere has "
        r"$\lVert q \rVert^2 = {law}$. "
        "Its output is that of claim averaging.output.",
        assumptions=(
            r"$n \ge 2$ keys with $\lVert k_i \rVert = 1$ and $k_i^\top k_j = \rho$ for $i \ne j$; "
            r"$-\frac{1}{n - 1} < \rho < 1$, which is when they are linearly independent",
            r"scores carry no $1/\sqrt{d}$",
        ),
        law=equal_cosines,
        derive=_equal_cosines,
        twin=2 * beta**2 * (1 + (n - 2) * rho) / ((1 - rho) * (1 + (n - 1) * rho)),
        changed="$n - 2$ in place of $n - 3$",
        example={"beta": 9, "n": 16, "cosine": sp.Rational(1, 2)},
        source="practical, question 2b (keys that are not orthogonal)",
        variables={x: NONNEGATIVE, y: NONNEGATIVE},
        direct=_equal_cosines_directly,
    ),
)
