"""All the matrices that attend alike: what V and M = KᵀQ leave free.

V matters on the vectors Σ_j w_j x_j it has to send to an output, M on the inputs, and there only up
to a constant that is added to all scores of one position: the solutions are V + W and M + N with W
and N from linear spaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy as sp

from theory.matrices.least_norm import INDEPENDENT, POSITIONS, SCORES
from theory.matrices.score_matrix import RANK, TWO_VECTORS, WIDTH, lean, lengths, rank, width
from theory.proof.assumptions import array, require
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.symbols import ANY, KEYS, POSITIVE, n
from theory.symbols import size as positions

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

rows = sp.Symbol("p", integer=True, positive=True)
ROWS = Parameter("rows", rows, lower=1, integer=True)
scores = Law(
    r"\dim \{N\}",
    width**2 - positions * (n - 1),
    (WIDTH, KEYS, POSITIONS),
    premises=(sp.Le(n, width), sp.Le(positions, n)),
)

values = Law(
    r"\dim \{W\}",
    rows * (width - rank),
    (WIDTH, ROWS, RANK),
    premises=(sp.Le(rank, width),),
)

INPUTS = sp.Matrix([[0, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 0]])  # the practical's x_1, x_2, x_3
SOURCES = (INPUTS.row(0), INPUTS.row(2))  # of them x_1 and x_3 are attended to
PRACTICAL = (
    r"the same by elimination in whole numbers for question 2e.2, with $x_1 = u_d + u_b$, "
    r"$x_2 = u_a$, $x_3 = u_c + u_b$ in the basis $u_a, \dots, u_d$"
)
base = sp.Symbol("b", real=True)
score_pair = sp.symbols("s_1 s_2", real=True)
output_entries = sp.symbols("o_1:5", real=True)
free = sp.symbols("f g", real=True)


def score_freedom(
    inputs: Float[np.ndarray, "n d"], attending: Sequence[int]
) -> Float[np.ndarray, "k d d"]:
    """Orthonormal matrices N_l: with M + Σ c_l N_l the positions attend with the weights of M.

    They are all there are: x_jᵀ N x_i does not depend on j for any position i that attends, which
    adds one constant to all its scores. inputs: n linearly independent rows.
    Raises: InputError naming all that is wrong, dependent inputs with their certificate.

    >>> import numpy as np
    >>> score_freedom(np.eye(3)[:2], attending=[0]).shape
    (8, 3, 3)
    """
    import numpy as np

    shapeless = array("inputs", inputs, "n", "d")
    wrong = [] if shapeless else [i for i in attending if i not in range(len(inputs))]
    require(
        shapeless,
        f"attending names no position {wrong[0]}" if wrong else None,
        shapeless or INDEPENDENT.violation(inputs),
    )
    x = np.asarray(inputs, dtype=float)
    fixed = [np.outer(x[0] - other, x[i]).ravel() for i in set(attending) for other in x[1:]]
    basis = np.linalg.svd(np.array(fixed).reshape(-1, x.shape[1] ** 2))[2]
    found: np.ndarray = basis[len(fixed) :].reshape(-1, x.shape[1], x.shape[1])
    return found


def value_freedom(attended: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "d d"]:
    """The projection P for which V + W P, with any W, gives these vectors the values V gives them.

    attended: the vectors V is applied to, an input or a weighted mean of inputs a row.
    Raises: InputError if it is no finite matrix.

    >>> import numpy as np
    >>> value_freedom(np.array([[1.0, 1.0]]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    import numpy as np

    require(array("attended", attended, "m", "d"))
    rows = np.asarray(attended, dtype=float)
    projection: np.ndarray = np.eye(rows.shape[1]) - np.linalg.pinv(rows) @ rows
    return projection


# ------------------------------------------------------------------------------------ claims


def _scores(formula: sp.Expr, proof: Proof) -> None:
    pair = sp.Matrix(score_pair)
    shifted = pair + base * sp.ones(2, 1)
    proof.equal(
        shifted.applyfunc(sp.exp) / sum(map(sp.exp, shifted)),
        pair.applyfunc(sp.exp) / sum(map(sp.exp, pair)),
        r"a constant $b$ added to all scores of one position cancels in the softmax; conversely, "
        r"equal weights mean equal differences $s_{ji} - s_{1i} = \log(\alpha_{ji} / "
        r"\alpha_{1i})$, so nothing else may be added",
        r"\alpha_i",
    )
    proof.equal(
        (width**2 - n * positions) + positions,
        formula,
        r"by claim score_matrix.exact the scores of the $m$ positions can be any $n \times m$ "
        r"numbers, so that all be 0 is $nm$ independent conditions on the $d^2$ entries of $N$; "
        r"allowing a constant in each of the $m$ columns gives $m$ dimensions back",
    )
    conditions = [
        sp.kronecker_product(INPUTS.row(0) - INPUTS.row(j), INPUTS.row(i))
        for i in range(2)
        for j in range(1, 3)
    ]
    proof.equal(
        sp.Integer(4**2 - sp.Matrix.vstack(*conditions).rank()),
        formula.subs({width: 4, n: 3, positions: 2}),
        PRACTICAL + r"; $x_1$ and $x_2$ attend",
        r"\dim \{N\}",
    )


def _values(formula: sp.Expr, proof: Proof) -> None:
    attended, wanted = TWO_VECTORS, sp.Matrix(2, 2, output_entries)
    dual = (attended.T * (attended * attended.T).inv()).applyfunc(sp.cancel)
    least = wanted.T * dual.T
    rest = sp.Matrix.hstack(sp.zeros(2, 2), sp.Matrix(free))
    proof.equal(
        ((least + rest) * attended.T).applyfunc(sp.cancel),
        wanted.T,
        r"two attended vectors $a_i$, in an orthonormal basis whose first vectors span them: "
        r"$V = \sum_i o_i a_i^{*\top}$ gives the outputs $o_i$, and so does $V + W$ with any $W$ "
        r"that has entries outside the span alone",
        r"(V + W) (a_1, a_2)",
    )
    proof.equal(
        ((least + rest).T * (least + rest)).trace() - (least.T * least).trace(),
        (rest.T * rest).trace(),
        r"they are orthogonal to $V$, which therefore has the least Frobenius norm",
        r"\lVert V + W \rVert_F^2 - \lVert V \rVert_F^2",
    )
    proof.equal(
        rows * width - rows * rank,
        formula,
        r"each of the $p$ rows of $W$ has $d$ entries and is orthogonal to the $r$-dimensional "
        r"span of the attended vectors",
    )
    identity = sp.eye(4)
    conditions = [sp.kronecker_product(identity, source) for source in SOURCES]
    proof.equal(
        sp.Integer(4 * 4 - sp.Matrix.vstack(*conditions).rank()),
        formula.subs({rows: 4, width: 4, rank: 2}),
        PRACTICAL + r"; $x_1$ and $x_3$ are attended to",
        r"\dim \{W\}",
    )


def _scores_directly(value: float, d: float, n: float, positions: float) -> Direct:
    import numpy as np

    side = min(int(d), 8)
    size = min(int(n), side)
    attending = min(int(positions), size)
    inputs = np.random.default_rng(0).standard_normal((size, side))
    found = score_freedom(inputs, range(attending))
    added = inputs @ found @ inputs[:attending].T
    uneven = float(np.abs(added - added[:, :1]).max(initial=0.0))
    same = (side, size, attending) == (d, n, positions)
    return Direct(
        f"Of {size} random inputs of width {side} with {attending} positions that attend, "
        f"{len(found)} independent matrices change no weight.",
        len(found) == (value if same else scores(side, size, attending)) and uneven < 1e-9,
    )


def _values_directly(value: float, d: float, rows: float, rank: float) -> Direct:
    import numpy as np

    width, height = min(int(d), 24), min(int(rows), 24)
    count = min(int(rank), width)
    attended = np.random.default_rng(0).standard_normal((count, width))
    conditions = np.kron(np.eye(height), attended)
    found = height * width - int(np.linalg.matrix_rank(conditions))
    same = (width, height, count) == (d, rows, rank)
    return Direct(
        f"For {count} random vectors of width {width}, the {len(conditions)} equations on the "
        f"entries of a matrix of {height} rows leave {found} dimensions.",
        found == (value if same else values(width, height, count)),
    )


CLAIMS = (
    Claim(
        key="solution_families.scores",
        question="2e.2",
        title="All score matrices that attend alike",
        statement=r"$M + N$ gives $m$ positions the weights of $M$ if and only if, for each of "
        r"them, $x_j^\top N x_i$ is the same for all $j$. These $N$ form a linear space of "
        r"dimension ${law}$.",
        assumptions=(INDEPENDENT, SCORES),
        law=scores,
        derive=_scores,
        twin=width**2 - positions * n,
        changed="$n$ in place of $n - 1$",
        example={"d": 4, "n": 3, "positions": 2},
        source="rank theorem",
        variables=dict.fromkeys((*score_pair, base), ANY),
        direct=_scores_directly,
    ),
    Claim(
        key="solution_families.values",
        question="2e.2",
        title="All value matrices that give the outputs wanted",
        statement=r"$V + W$ gives the $r$ attended vectors $a_i$ the outputs $o_i$ of $V$ if and "
        r"only if $W a_i = 0$ for all of them. These $W$, of $p$ rows, form a linear space of "
        r"dimension ${law}$, and $V = \sum_i o_i a_i^{*\top}$ has the least Frobenius norm.",
        assumptions=(
            r"the attended vectors $a_i = \sum_j w_j x_j$ (for a single source the input itself) "
            r"are linearly independent, with the dual basis $a_i^*$",
        ),
        law=values,
        derive=_values,
        twin=rows * width - rank,
        changed="$r$ in place of $pr$",
        example={"d": 4, "rows": 4, "rank": 2},
        source="pseudo-inverse (Moore and Penrose)",
        variables=dict.fromkeys((*output_entries, *free, lean), ANY)
        | dict.fromkeys(lengths, POSITIVE),
        direct=_values_directly,
    ),
)
