"""Question 3g.2: what BigBird can do, what full attention does in one layer, and what it costs.

The furthest-vector task: given unit vectors u_1, …, u_n, return for each the one furthest from
it. One layer of full attention with query −γu_i does it; two theorems on what sparse attention can
do and one on what it cannot are cited with their assumptions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory import copying
from theory.proof.assumptions import Assumption, array, require, rows, within
from theory.proof.claim import Citation, Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, TOLERANCE, UNIT, diameter, epsilon, margin, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

rho = sp.Symbol("rho", positive=True)
LEAD = Parameter("lead", rho, lower=0, upper=2, open=True)

furthest_gain = Law(
    r"\gamma",
    sp.log((n - 1) * (2 - epsilon) / epsilon) / rho,
    (TOLERANCE, KEYS, LEAD),
    relation=r"\ge",
)

a_1, a_2, b_1, b_2 = sp.symbols("a_1 a_2 b_1 b_2", real=True)
y = sp.Symbol("y", nonnegative=True)
LARGEST = 1000  # vectors of a task that a direct check sets


def unit_rows(name: str, value: Float[np.ndarray, "n d"]) -> str | None:
    """Whether all rows of a matrix are of norm 1; the first that is not is named.

    >>> import numpy as np
    >>> unit_rows("vectors", np.array([[1.0, 0.0], [1.0, 1.0]]))
    'vectors must have rows of norm 1, got norm 1.41421 in row 1'
    """
    import numpy as np

    if array(name, value, "n", "d"):
        return None
    norms = np.linalg.norm(value, axis=1)
    wrong = np.flatnonzero(np.abs(norms - 1) > 1e-9)
    if not len(wrong):
        return None
    return f"{name} must have rows of norm 1, got norm {norms[wrong[0]]:.6g} in row {wrong[0]}"


UNIT_VECTORS = Assumption(r"$u_1, \dots, u_n$ are unit vectors", unit_rows)


def furthest(vectors: Float[np.ndarray, "n d"], gain: float) -> Float[np.ndarray, "n d"]:
    """One layer of full attention with queries −gain·u_i, keys u_j and values u_j.

    As the gain grows, row i tends to the vector furthest from u_i, where it is unique (arXiv:
    2007.14062, appendix C, with a gain in place of a hard maximum; scores carry no 1/√d).
    Raises: InputError naming all that is wrong with the vectors and the gain.

    >>> import numpy as np
    >>> furthest(np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]), gain=99).round(6)
    array([[0., 1.],
           [1., 0.],
           [1., 0.]])
    """
    import numpy as np
    from scipy.special import softmax

    require(
        array("vectors", vectors, "n", "d"),
        rows("vectors", vectors, 2),
        UNIT_VECTORS.violation("vectors", vectors),
        within("gain", gain, 0, math.inf),
    )
    vectors = np.asarray(vectors, dtype=float)
    scores = -gain * vectors @ vectors.T
    found: np.ndarray = softmax(scores, axis=1) @ vectors
    return found


def _furthest(formula: sp.Expr, proof: Proof) -> None:
    difference = (a_1 - b_1) ** 2 + (a_2 - b_2) ** 2
    proof.equal(
        difference,
        (a_1**2 + a_2**2) + (b_1**2 + b_2**2) - 2 * (a_1 * b_1 + a_2 * b_2),
        r"coordinate by coordinate, $\lVert u_i - u_j \rVert^2 = 2 - 2 u_i^\top u_j$ for unit "
        r"vectors (written out for two coordinates): the furthest vector has the least inner "
        r"product, so with the query $-\gamma u_i$ the greatest score, by a margin of at least "
        r"$\gamma \rho$",
    )
    error = copying.error.expression.subs(diameter, 2)
    proof.equal(
        error.subs(margin, formula * rho),
        epsilon,
        r"claim copying.error with the margin $\gamma \rho$ and values at most 2 apart: at this "
        r"gain the bound is $\varepsilon$",
    )
    proof.at_most(
        error.subs(margin, formula * rho - sp.log(y)),
        epsilon,
        r"a larger gain has $e^{-\gamma \rho}$ smaller by a factor $y \le 1$",
    )


def _furthest_directly(value: float, epsilon: float, n: float, lead: float) -> Direct:
    """u_1, one vector v with u_1ᵀv = −lead/2 and n − 2 times −v, which is 2 apart from v."""
    import numpy as np

    size = int(min(n, LARGEST))
    angles = [0.0, math.acos(-lead / 2), *[-math.acos(lead / 2)] * (size - 2)]
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    found = float(np.linalg.norm(furthest(vectors, value)[0] - vectors[1]))
    sentence = (
        rf"In the plane, with $n = {size}$, where $n - 2$ vectors are opposite to the one furthest "
        rf"from $u_1$, the output for $u_1$ is ${scientific(found)}$ away from it at this $\gamma$."
    )
    return Direct(sentence, found <= epsilon * (1 + 1e-9))


CLAIMS = (
    Claim(
        key="bigbird.furthest",
        question="3g.2",
        title="One layer of full attention finds every furthest vector",
        statement="For the task of returning to each $u_i$ the vector furthest from it one layer "
        r"is enough: with the queries $-\gamma u_i$, keys $u_j$ and values $u_j$, every output is "
        r"within $\varepsilon$ of the vector furthest from $u_i$ if $\gamma \ge {law}$.",
        assumptions=(
            UNIT_VECTORS,
            r"for every $i$ the least of the inner products $u_i^\top u_j$, $j = 1, \dots, n$, is "
            r"smaller than the next by at least $\rho$; scores carry no $1/\sqrt{d}$",
            r"$0 < \varepsilon < 1$",
        ),
        law=furthest_gain,
        derive=_furthest,
        twin=sp.log((n - 1) * (1 - epsilon) / epsilon) / rho,
        changed=r"1 in place of 2: the diameter of the unit ball",
        example={"epsilon": sp.Rational(1, 100), "n": 512, "lead": sp.Rational(1, 10)},
        source="arXiv:2007.14062, Proposition 1, first part, with a gain in place of a hard "
        "maximum",
        variables={a_1: ANY, a_2: ANY, b_1: ANY, b_2: ANY, y: UNIT},
        direct=_furthest_directly,
    ),
    Citation(
        key="bigbird.universal",
        question="3g.2",
        title="Sparse attention with a star is a universal approximator",
        statement=r"For every $1 < p < \infty$, $\varepsilon > 0$ and continuous $f: [0, 1]^{n "
        r"\times d} \to \mathbb{R}^{n \times d}$ there is a transformer with attention along any "
        r"graph that contains the star, whose distance from $f$ in $L_p$ is at most $\varepsilon$.",
        assumptions=(
            r"a compact domain; the sequence length $n$ is fixed; position embeddings",
            "one extra token at the star's centre, dropped at the output; claim "
            "attention_graph.star says when BigBird contains the star",
            "the number of layers is not bounded, and grows as the error falls; two heads of "
            "size 1 and four hidden neurons in each layer are enough",
        ),
        source="arXiv:2007.14062, Theorem 1 and appendix A",
    ),
    Citation(
        key="bigbird.turing_complete",
        question="3g.2",
        title="A sparse encoder with a sparse decoder is Turing complete",
        statement=r"There is a sparse attention mechanism with $O(n)$ pairs such that transformers "
        "with this attention in encoder and decoder simulate every Turing machine, one step of the "
        "machine taking several tokens of the decoder.",
        assumptions=(
            "numbers of arbitrary precision: with finite precision a transformer is a finite "
            "automaton",
            "a particular graph for the decoder, of which the paper calls some keys instances of "
            "random ones and the others local; a hard maximum addresses the tape, as in the proof "
            "for full attention",
        ),
        source="arXiv:2007.14062, section 3.3 and Theorem 3, after Pérez et al. (2019)",
    ),
    Citation(
        key="bigbird.furthest_sparse",
        question="3g.2",
        title="Sparse attention needs nearly $n$ layers for the furthest vectors",
        statement=r"Any transformer whose attention graph has $\tilde{O}(n)$ pairs needs "
        r"$\tilde{\Omega}(n^{1 - o(1)})$ layers to return the vector furthest from each of $n$ "
        r"unit vectors in $d = \Theta(\log^2 n)$ dimensions, which one layer of full attention "
        "does (claim bigbird.furthest).",
        assumptions=(
            r"the orthogonal vectors conjecture: for every $\epsilon > 0$ there is a $c \ge 1$ "
            r"such that no algorithm decides in time $O(n^{2 - \epsilon})$ whether $n$ Boolean "
            r"vectors of dimension $d \ge c \log n$ hold an orthogonal pair",
            r"the number of heads and all widths are $O(d)$; what is proved here without the "
            "conjecture is claim reachability.layers, for graphs without a global token",
        ),
        source="arXiv:2007.14062, Proposition 1 and appendix C",
    ),
)
