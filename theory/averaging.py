"""Question 2b: the average of two values, then any weighted average of any subset.

The keys are orthonormal and the query is q = β(k_a + k_b); for a subset S with positive weights
w_i that sum to one it is q = Σ_{i∈S} (β + log w_i) k_i. Which other queries average as well is the
subject of `theory.keys.averaging_queries`, other keys that of `theory.keys.gram`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.keys.attended import (
    gain_directly,
    output_directly,
    subset_directly,
    subset_gain_directly,
)
from theory.proof.algebra import softmax
from theory.proof.assumptions import array, orthonormal, require, rows, shape_of, short, whole
from theory.proof.claim import Claim
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.symbols import (
    ANY,
    GAIN_OF_QUERY,
    KEYS,
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
    sp.log(sp.Max(1, (n - 2) * (1 - epsilon) / (2 * epsilon))),
    (TOLERANCE, KEYS),
    relation=r"\ge",
)
subset_leak = Law(
    r"\lambda_S",
    (n - size) * sp.exp(-beta) / (1 + (n - size) * sp.exp(-beta)),
    (GAIN_OF_QUERY, KEYS, SIZE),
    premises=(sp.Le(size, n),),
)
subset_gain = Law(
    r"\beta",
    sp.log(sp.Max(1, (n - size) * (1 - epsilon) / epsilon)),
    (TOLERANCE, KEYS, SIZE),
    premises=(sp.Le(size, n),),
    relation=r"\ge",
)

v_a, v_b, others, target = sp.symbols(r"v_a v_b \bar{v} v_S", real=True)
w_i, W = sp.symbols("w_i W", positive=True)
x, z = sp.symbols("x z", nonnegative=True)
K_A, K_B, K_I = (sp.eye(3).row(i).T for i in range(3))  # three orthonormal keys
ORTHONORMAL = (
    r"the $n \ge 2$ keys are orthonormal: $k_i^\top k_j = 0$ for $i \ne j$ and "
    r"$\lVert k_i \rVert = 1$",
    r"scores carry no $1/\sqrt{d}$; values are arbitrary",
)


def query(
    keys: Float[np.ndarray, "n d"], subset: Sequence[int], weights: Float[np.ndarray, " m"],
    beta: float,
) -> Float[np.ndarray, " d"]:  # fmt: skip
    """The query whose output is the mean of the subset's values with these weights (sum 1).

    Exact but for the leak, `subset_leak(beta, n, m)`. Source: practical, question 2b.
    Raises: InputError listing all that is wrong: keys that are not orthonormal, positions that are
    no keys, weights that are no distribution.

    >>> import numpy as np
    >>> q = query(np.eye(4), [0, 2], np.array([0.75, 0.25]), beta=9.0)
    >>> np.round(np.exp(q) / np.exp(q).sum(), 3)
    array([0.75, 0.  , 0.25, 0.  ])
    """
    import numpy as np

    listed = shape_of(subset)
    require(
        array("keys", keys, "n", "d"), rows("keys", keys, 2), orthonormal("keys", keys),
        positions("subset", subset, keys),
        distribution("weights", weights, listed[0] if len(listed) == 1 else "m"),
        array("beta", beta),
    )  # fmt: skip
    chosen: np.ndarray = subset_scores(weights, beta) @ np.asarray(keys)[list(subset)]
    return chosen


def subset_scores(weights: Float[np.ndarray, " m"], beta: float) -> Float[np.ndarray, " m"]:
    """Scores β + log w_i that give the keys of a subset these weights (positive, sum 1).

    With orthonormal keys they are also the coefficients of the query: q = Σ score_i k_i.
    Raises: InputError if a weight is not positive, the sum is not 1, or β is no number.

    >>> import numpy as np
    >>> np.round(np.exp(subset_scores(np.array([0.75, 0.25]), 0.0)), 12)
    array([0.75, 0.25])
    """
    import numpy as np

    require(distribution("weights", weights, "m"), array("beta", beta))
    scores: np.ndarray = beta + np.log(weights)
    return scores


def distribution(name: str, weights: Any, length: int | str) -> str | None:
    """What is wrong with weights that must be positive and sum to 1.

    >>> distribution("weights", [0.5, 0.6], 2)
    'weights must be positive and sum to 1, got [0.5, 0.6]'
    """
    import numpy as np

    if problem := array(name, weights, length):
        return problem
    shares = np.asarray(weights, dtype=float)
    if np.all(shares > 0) and abs(shares.sum() - 1) < 1e-9:
        return None
    return f"{name} must be positive and sum to 1, got {shares.tolist()}"


def positions(name: str, chosen: Sequence[int], keys: Any) -> str | None:
    """What is wrong with positions that must name different keys; no complaint without keys.

    >>> positions("subset", [0, 4, 4], [[1, 0], [0, 1]])
    'subset must be different integers from 0 to 1, got [0, 4, 4]'
    """
    n = size_of(keys, 0)
    if not isinstance(n, int):
        return None
    found = list(chosen) if len(shape_of(chosen)) == 1 else []
    known = not any(whole(name, i, 0, n - 1) for i in found)
    if found and known and len(set(found)) == len(found):
        return None
    return f"{name} must be different integers from 0 to {n - 1}, got {short(chosen)}"


def size_of(keys: Any, axis: int) -> int | str:
    """How many keys there are, or of what dimension; a word if they are no matrix.

    >>> size_of([[1, 0, 0], [0, 1, 0]], 1), size_of([1, 0, 0], 1)
    (3, 'd')
    """
    found = shape_of(keys)
    return int(found[axis]) if len(found) == 2 else "nd"[axis]


def _output(formula: sp.Expr, proof: Proof) -> None:
    q = beta * (K_A + K_B)
    proof.equal(
        sp.Matrix([k.dot(q) for k in (K_A, K_B, K_I)]),
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
        r"in each coordinate, with $\bar{v}$ the mean of the $n - 2$ other values (none if "
        r"$n = 2$: then $\lambda = 0$ and the average is exact)",
        r"c - \frac{1}{2}(v_a + v_b)",
    )


def _gain(formula: sp.Expr, proof: Proof) -> None:
    odds = (n - 2) * (1 - epsilon) / (2 * epsilon)
    proof.equal(
        epsilon - leak.expression,
        2 * epsilon * (sp.exp(beta) - odds) / (2 * sp.exp(beta) + n - 2),
        r"the leak of claim averaging.output; all but the bracket is positive, so "
        r"$\lambda \le \varepsilon$ if and only if $e^\beta \ge r$ with "
        r"$r = \frac{(n - 2)(1 - \varepsilon)}{2 \varepsilon}$",
        r"\varepsilon - \lambda",
    )
    _least(formula, lambda r: (n - 2) / (n - 2 + 2 * r), leak.expression, proof)
    proof.equal(
        sp.Matrix([formula.subs(n, 2), leak.expression.subs(n, 2)]),
        sp.zeros(2, 1),
        r"if $n = 2$ there is no other key: $r = 0$, and no gain at all leaks nothing",
        r"(\beta, \lambda)^\top",
    )


def _least(formula: sp.Expr, tolerance: Any, leaking: sp.Expr, proof: Proof) -> None:
    """Show that the formula is the least β ≥ 0 with e^β ≥ r, where ε = tolerance(r)."""

    def at(odds: sp.Expr) -> sp.Expr:
        cancelled = formula.subs(epsilon, tolerance(odds))
        return cancelled.replace(sp.Max, lambda *parts: sp.Max(*map(sp.cancel, parts)))

    proof.equal(
        sp.Matrix([at(1 + x), leaking.subs(beta, at(1 + x))]),
        sp.Matrix([sp.log(1 + x), tolerance(1 + x)]),
        r"if $r = 1 + x$ with $x \ge 0$, then $\beta = \log r$ is the least: the leak there is "
        r"$\varepsilon$, written in $n$ and $x$",
        r"(\beta, \lambda)^\top",
    )
    proof.equal(
        at(1 - z),
        sp.Integer(0),
        r"if $r = 1 - z$ with $0 \le z \le 1$, every $\beta \ge 0$ has $e^\beta \ge r$: the query "
        r"with $\beta = 0$ already leaks no more than $\varepsilon$",
        r"\beta",
    )


def _subset(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.exp(beta) * W + sp.exp(beta + sp.log(w_i)),
        sp.exp(beta) * (W + w_i),
        r"the score of key $i \in S$ is its coefficient in $q$, since keys are orthonormal; by "
        r"induction keys of total weight $W$ have exponentials that sum to $e^\beta W$: one more "
        r"adds its own, and all of $S$ together have $e^\beta$",
        r"\sum e^{s_j}",
    )
    proof.equal(
        sp.exp(beta + sp.log(w_i)) / (sp.exp(beta) + n - size),
        (1 - formula) * w_i,
        r"the $n - m$ keys outside $S$ have score 0",
        r"\alpha_i",
    )
    outside = softmax([(beta, sp.Integer(1)), (sp.Integer(0), n - size)])[1]
    proof.equal(
        (n - size) * outside,
        formula,
        r"what is left for the $n - m$ other keys",
        r"1 - \sum_{i \in S} \alpha_i",
    )
    proof.equal(
        (1 - formula) * target + (n - size) * outside * others - target,
        formula * (others - target),
        r"in each coordinate, with $v_S = \sum_{i \in S} w_i v_i$ and $\bar{v}$ the mean of the "
        r"other values (none if $m = n$: then $\lambda_S = 0$)",
        r"c - v_S",
    )
    proof.equal(
        formula.subs({beta: beta + sp.log(2), size: 2}, simultaneous=True),
        leak.expression,
        r"$m = 2$ and equal weights: $\beta + \log 2 + \log \frac{1}{2} = \beta$, claim "
        "averaging.output",
    )


def _subset_gain(formula: sp.Expr, proof: Proof) -> None:
    odds = (n - size) * (1 - epsilon) / epsilon
    proof.equal(
        epsilon - subset_leak.expression,
        epsilon * (sp.exp(beta) - odds) / (sp.exp(beta) + n - size),
        r"the leak of claim averaging.subset; all but the bracket is positive, so "
        r"$\lambda_S \le \varepsilon$ if and only if $e^\beta \ge r$ with "
        r"$r = \frac{(n - m)(1 - \varepsilon)}{\varepsilon}$",
        r"\varepsilon - \lambda_S",
    )
    _least(formula, lambda r: (n - size) / (n - size + r), subset_leak.expression, proof)
    proof.equal(
        sp.Matrix([formula.subs(size, n), subset_leak.expression.subs(size, n)]),
        sp.zeros(2, 1),
        r"if $m = n$ there is no other key: $r = 0$, and nothing leaks at any $\beta$",
        r"(\beta, \lambda_S)^\top",
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
        direct=output_directly,
    ),
    Claim(
        key="averaging.gain",
        question="2b",
        title="The gain that a tolerance needs",
        statement=r"With $q = \beta (k_a + k_b)$ and $\beta \ge 0$, the total weight off "
        r"$\{a, b\}$ is at most $\varepsilon$ if and only if $\beta \ge {law}$. With two keys "
        "this is 0: any gain will do.",
        assumptions=(*ORTHONORMAL, r"the gain is not negative; $0 < \varepsilon < 1$"),
        law=gain,
        derive=_gain,
        twin=sp.log(sp.Max(1, (n - 2) * (1 - epsilon) / epsilon)),
        changed=r"the factor 2 below the bar is missing",
        example={"epsilon": sp.Rational(1, 1000), "n": 16},
        source="practical, question 2b",
        variables={beta: NONNEGATIVE, x: NONNEGATIVE, z: UNIT},
        direct=gain_directly,
    ),
    Claim(
        key="averaging.subset",
        question="2b",
        title="Any weighted average of any subset",
        statement=r"With $q = \sum_{i \in S} (\beta + \log w_i) k_i$ for a set $S$ of $m$ keys, "
        r"the weight off $S$ is $\lambda_S = {law}$. The weights in $S$ are all too small by one "
        r"factor, $\alpha_i = (1 - \lambda_S) w_i$, and the output is off by "
        r"$c - \sum_{i \in S} w_i v_i = \lambda_S (\bar{v} - \sum_{i \in S} w_i v_i)$, where "
        r"$\bar{v}$ is the mean of the other values.",
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
        variables={w_i: UNIT, W: UNIT, target: ANY, others: ANY},
        direct=subset_directly,
    ),
    Claim(
        key="averaging.subset_gain",
        question="2b",
        title="The gain that a tolerance needs, for any subset",
        statement=r"With $q = \sum_{i \in S} (\beta + \log w_i) k_i$ and $\beta \ge 0$, the total "
        r"weight off $S$ is at most $\varepsilon$ if and only if $\beta \ge {law}$, whatever the "
        r"weights $w_i$.",
        assumptions=(
            *ORTHONORMAL,
            r"$w_i > 0$ for $i \in S$ and $\sum_{i \in S} w_i = 1$; $1 \le m \le n$",
            r"$0 < \varepsilon < 1$",
        ),
        law=subset_gain,
        derive=_subset_gain,
        twin=sp.log(sp.Max(1, (n - 1) * (1 - epsilon) / epsilon)),
        changed="$n - 1$ in place of $n - m$",
        example={"epsilon": sp.Rational(1, 1000), "n": 16, "size": 3},
        source="practical, question 2b (any subset)",
        variables={beta: NONNEGATIVE, x: NONNEGATIVE, z: UNIT},
        direct=subset_gain_directly,
    ),
)
