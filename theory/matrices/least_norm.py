"""The matrix M = KᵀQ of least Frobenius norm whose scores have a given margin.

The scores are s_ji = x_jᵀ M x_i. To attend to t(i) by the margin Δ, column i needs
s_t(i)i − s_ji ≥ Δ for all other j: half-spaces in the space of matrices. Their point nearest to 0
is M = Σ λ_ji (x_t(i) − x_j) x_iᵀ with multipliers λ ≥ 0, and any λ ≥ 0 bounds the norm from below:
2 Σ λ_ji Δ − ‖M(λ)‖². Where the two bounds meet, the norm is certified to be the least.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from theory.matrices import fredholm, targets
from theory.proof.assumptions import Assumption, array, at_least, require
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, NONNEGATIVE, n
from theory.symbols import margin as gap
from theory.symbols import size as positions

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

LARGEST = 48
"""Inputs that the programme is solved for, in seconds: it has as many unknowns as M has entries."""

AT_LEAST_ZERO = Parameter("margin", gap, lower=0)
POSITIONS = Parameter("positions", positions, lower=1, integer=True)
orthonormal = Law(
    r"\min \lVert M \rVert_F^2",
    positions * gap**2 * (1 - 1 / n),
    (AT_LEAST_ZERO, KEYS, POSITIONS),
    premises=(sp.Le(positions, n),),
)
u = sp.Symbol("u", real=True)
mean, variance = sp.symbols("y z", nonnegative=True)
INDEPENDENT = Assumption(
    r"the inputs $x_1, \dots, x_n$ are linearly independent: none is a combination of the others",
    lambda inputs: str(fredholm.dependence(inputs) or "") or None,
)


@dataclass(frozen=True)
class LeastNorm:
    """M (d × d) with its certificate: no matrix with this margin has a square norm below `bound`.

    bound: the value of the dual programme, a lower bound on the square of the Frobenius norm
    """

    matrix: Float[np.ndarray, "d d"]
    bound: float

    @property
    def duality_gap(self) -> float:
        """How far the square norm may lie above the least one, relative to it."""
        square = float((self.matrix**2).sum())
        return max(0.0, (square - self.bound) / square) if square else 0.0


def least_norm(
    inputs: Float[np.ndarray, "n d"], attended: Sequence[targets.Target], margin: float
) -> LeastNorm:
    """M of least Frobenius norm with which each position attends as wanted, by the margin.

    inputs: n independent rows; attended: n targets as in `targets`; margin: of at least 0.
    In a set with weights w the scores s_j − log w_j are equal, which gives its weights exactly.
    Source: a hard-margin support vector machine; Lawson and Hanson (1974), chapter 23, LDP.
    Raises: InputError naming all that is wrong, dependent inputs with their certificate.

    >>> import numpy as np
    >>> found = least_norm(np.eye(3), [1, 2, 0], margin=3.0)
    >>> found.matrix.round(9)
    array([[-1., -1.,  2.],
           [ 2., -1., -1.],
           [-1.,  2., -1.]])
    >>> found.duality_gap < 1e-12
    True
    """
    import numpy as np

    shapeless = array("inputs", inputs, "n", "d")
    require(
        shapeless,
        at_least("margin", margin, 0),
        shapeless or targets.violation(attended, len(inputs)),
        shapeless or INDEPENDENT.violation(inputs),
        None
        if shapeless or len(inputs) <= LARGEST
        else f"at most {LARGEST} inputs, got {len(inputs)}",
    )
    rows = np.asarray(inputs, dtype=float)
    basis, coordinates = np.linalg.qr(rows.T)
    matrix, bound = _programme(coordinates.T, targets.sets(attended), margin)
    return LeastNorm(basis @ matrix @ basis.T, bound)


def _programme(
    x: Float[np.ndarray, "n n"], sets: targets.Sets, margin: float
) -> tuple[Float[np.ndarray, "n n"], float]:
    """The programme in coordinates of the span of the inputs, where a matrix is n² numbers."""
    import numpy as np

    equal, level, above, least = [], [], [], []
    for i, weights in sets.items():
        first, *others = weights
        base = math.log(weights[first])
        for j in others:
            equal.append(np.outer(x[j] - x[first], x[i]).ravel())
            level.append(math.log(weights[j]) - base)
        for j in set(range(len(x))) - set(weights):
            above.append(np.outer(x[first] - x[j], x[i]).ravel())
            least.append(margin + base)
    size = x.size
    E, e = np.array(equal).reshape(-1, size), np.array(level)
    A, b = np.array(above).reshape(-1, size), np.array(least)
    start = np.linalg.pinv(E) @ e if len(E) else np.zeros(size)
    beyond = A - A @ np.linalg.pinv(E) @ E if len(E) else A
    point, bound = _nearest(beyond, b - A @ start)
    return (start + point).reshape(x.shape), float(start @ start) + bound


def _nearest(
    A: Float[np.ndarray, "c size"], b: Float[np.ndarray, " c"]
) -> tuple[Float[np.ndarray, " size"], float]:
    """The point of {x : A x ≥ b} nearest to 0, and a proved lower bound on its square norm.

    Non-negative least squares finds which constraints are tight; the point and the multipliers
    of these solve linear systems. 2 bᵀλ − ‖Aᵀλ‖² is a bound for any λ ≥ 0, however it was found.
    """
    import numpy as np
    from scipy.optimize import nnls

    scale = float(np.max(b, initial=0.0))
    if scale <= 0:
        return np.zeros(A.shape[1]), 0.0
    lengths = np.linalg.norm(A, axis=1)
    system = np.vstack([(A / lengths[:, None]).T, b / lengths / scale * lengths.min()])
    aim = np.zeros(len(system))
    aim[-1] = 1.0
    tight = nnls(system, aim, maxiter=10 * system.shape[1])[0] > 0
    point = np.linalg.lstsq(A[tight], b[tight], rcond=None)[0]
    multipliers = np.maximum(np.linalg.lstsq(A[tight].T, point, rcond=None)[0], 0)
    combined = A[tight].T @ multipliers
    return point, float(2 * b[tight] @ multipliers - combined @ combined)


# ------------------------------------------------------------------------------------ claims


def _orthonormal(formula: sp.Expr, proof: Proof) -> None:
    column = u**2 + (n - 1) * ((u - gap - mean) ** 2 + variance)
    rest = (n - 1) * ((gap + mean) ** 2 / n + variance)
    proof.equal(
        column,
        n * (u - (n - 1) * (gap + mean) / n) ** 2 + rest,
        r"column $i$ of the scores has $u$ at its target and $u - \Delta - y_j$ at the $n - 1$ "
        r"others, with $y_j \ge 0$ of mean $y \ge 0$ and variance $z \ge 0$ (a mean of squares is "
        r"the square of the mean plus the variance); complete the square in $u$",
        r"\sum_j s_{ji}^2",
    )
    proof.at_most(
        formula / positions,
        rest,
        r"a square is not negative, and what is left over grows with $y$ and $z$",
        equality={mean: 0, variance: 0},
    )
    proof.equal(
        column.subs({u: gap * (1 - 1 / n), mean: 0, variance: 0}),
        formula / positions,
        r"attained: $\Delta (1 - \frac{1}{n})$ at the target and $-\Delta/n$ elsewhere, $y = z = "
        r"0$. With orthonormal inputs $\lVert M \rVert_F^2 \ge \sum_{ji} s_{ji}^2$, one such sum "
        r"for each of the $m$ positions, with equality for $M = \sum_{ji} s_{ji} x_j x_i^\top$",
        r"\sum_j s_{ji}^2",
    )


def _orthonormal_directly(value: float, margin: float, n: float, positions: float) -> Direct:
    import numpy as np

    size = min(int(n), 8)
    attending = min(int(positions), size)
    wanted = [(i + 1) % size if i < attending else None for i in range(size)]
    found = least_norm(np.eye(size), wanted, margin)
    square = float((found.matrix**2).sum())
    law = orthonormal(margin, size, attending)
    same = close(law, value) or (size, attending) != (n, positions)
    return Direct(
        f"The quadratic programme for {attending} positions and {size} orthonormal inputs ends at "
        f"$\\lVert M \\rVert_F^2 = {scientific(square)}$, with the lower bound "
        f"${scientific(found.bound)}$ from its multipliers.",
        same and close(square, law) and close(found.bound, law),
    )


SCORES = r"the scores are $s_{ji} = k_j^\top q_i = x_j^\top M x_i$ with $M = K^\top Q$"
CLAIMS = (
    Claim(
        key="least_norm.orthonormal",
        question="2e.2",
        title="The smallest matrix for a margin, orthonormal inputs",
        statement=r"Among all $M = K^\top Q$ with which $m$ of $n$ positions attend to one target "
        r"each by the margin $\Delta$, the least square of the Frobenius norm, the sum of all "
        r"squared "
        r"entries, is ${law}$, whatever the targets are: column $i$ of the scores is $\Delta (1 - "
        r"\frac{1}{n})$ at the target "
        r"and $-\Delta / n$ elsewhere.",
        assumptions=(
            r"the inputs $x_1, \dots, x_n$ are orthonormal",
            SCORES + r"; position $i$ attends by the margin $\Delta \ge 0$: $s_{t(i)i} - s_{ji} "
            r"\ge \Delta$ for all $j \ne t(i)$",
        ),
        law=orthonormal,
        derive=_orthonormal,
        twin=positions * gap**2 * (1 - 1 / n**2),
        changed="$n^2$ in place of $n$",
        example={"margin": 10, "n": 4, "positions": 3},
        source="quadratic programme of a support vector machine, solved in closed form",
        variables={u: ANY, mean: NONNEGATIVE, variance: NONNEGATIVE},
        direct=_orthonormal_directly,
    ),
)
