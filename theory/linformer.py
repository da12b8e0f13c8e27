"""Question 3g.1: Linformer, attention over k projected keys in place of n.

EK and FV have k rows. What holds: a random projection of the weights with explicit constants,
and pooling, which loses nothing where keys are equal. What fails is in `linformer_proofs`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import sympy as sp

from theory.projections import johnson_lindenstrauss as jl
from theory.projections.chi_squared import DRAWN, RATE, k
from theory.projections.johnson_lindenstrauss import FAILURE
from theory.proof.assumptions import array, require, shape_of, whole
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    DIAMETER,
    KEYS,
    POSITIVE,
    TOLERANCE,
    UNIT,
    delta,
    diameter,
    n,
)  # fmt: skip

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

d = sp.Symbol("d", integer=True, positive=True)
eta = sp.Symbol("eta", nonnegative=True)
COLUMNS = Parameter("d", d, lower=1, integer=True)
SPREAD = Parameter("eta", eta, lower=0)

rows = Law(
    "k",
    sp.log(4 * n * d / delta) / RATE,
    (TOLERANCE, FAILURE, KEYS, COLUMNS),
    relation=r"\ge",
)
pooling = Law(
    r"\lVert c - \tilde{c} \rVert",
    diameter * (sp.exp(eta) - 1),
    (SPREAD, DIAMETER),
    relation=r"\le",
)

a, b, t = sp.symbols("a b t", real=True)
p_11, p_12, p_21, p_22 = sp.symbols("p_11 p_12 p_21 p_22", real=True)
w_1, w_2, p, q = sp.symbols("w_1 w_2 p q", positive=True)
A, growth = sp.symbols("A h", positive=True)
f, y, z = sp.symbols("f y z", nonnegative=True)


def attend(
    queries: Float[np.ndarray, "m d"],
    keys: Float[np.ndarray, "n d"],
    values: Float[np.ndarray, "n v"],
    key_projection: Float[np.ndarray, "k n"],
    value_projection: Float[np.ndarray, "k n"],
) -> Float[np.ndarray, "m v"]:
    """Linformer's attention softmax(Q (E K)ᵀ) F V; scores carry no 1/√d.

    E and F are k × n, as they are used in the paper (arXiv:2006.04768, eq. 7), which prints their
    shapes as n × k. Raises: InputError naming every array of the wrong shape.

    >>> import numpy as np
    >>> x = np.eye(3)
    >>> bool(np.allclose(attend(x, x, x, x, x), np.exp(x) / np.exp(x).sum(axis=1)))  # E = F = I
    True
    """
    import numpy as np
    from scipy.special import softmax

    size, width = shape_of(keys) if len(shape_of(keys)) == 2 else ("n", "d")
    slots = shape_of(key_projection)[0] if len(shape_of(key_projection)) == 2 else "k"
    require(
        array("keys", keys, "n", "d"),
        array("queries", queries, "m", width),
        array("values", values, size, "v"),
        array("key_projection", key_projection, "k", size),
        array("value_projection", value_projection, slots, size),
    )
    mixed, pooled = (
        np.asarray(projection, dtype=float) @ np.asarray(rows, dtype=float)
        for projection, rows in ((key_projection, keys), (value_projection, values))
    )
    scores = np.asarray(queries, dtype=float) @ mixed.T
    attended: np.ndarray = softmax(scores, axis=1) @ pooled
    return attended


def block_means(k: int, n: int) -> Float[np.ndarray, "k n"]:
    """The projection that averages n consecutive positions in k blocks of equal size.

    Raises: InputError unless k divides n.

    >>> block_means(2, 4).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    import numpy as np

    require(whole("k", k, 1), whole("n", n, 1))
    require(None if n % k == 0 else f"k must divide n, got k = {k} and n = {n}")
    means: np.ndarray = np.kron(np.eye(k), np.full((1, n // k), k / n))
    return means


# ----------------------------------------------------------------------------- derivations


def _rows(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        n * d * jl.inner_product.expression.subs(k, formula),
        delta,
        r"claim johnson_lindenstrauss.inner_product for each of the $n$ rows of $P$ with each of "
        r"the $d$ columns of $V$: at this $k$ the union bound is $\delta$",
        r"4 n d e^{-k (\varepsilon^2/4 - \varepsilon^3/6)}",
    )
    proof.at_most(
        n * d * jl.inner_product.expression.subs(k, formula) * y,
        delta,
        r"a larger $k$ multiplies it by a factor $y \le 1$",
        r"4 n d e^{-k (\varepsilon^2/4 - \varepsilon^3/6)} y",
    )
    proof.at_most(
        A**2 * y + p**2,
        (A + p) ** 2,
        r"weights that sum to 1 have $\lVert p_i \rVert \le 1$, by induction on their number: if "
        r"those so far sum to $A$ and their squares to $A^2 y$ with $y \le 1$, then with one more "
        r"weight $p \ge 0$ the sum of the squares is still at most the square of the sum",
    )
    weights, column = sp.Matrix([[p_11, p_12], [p_21, p_22]]), sp.Matrix([w_1, w_2])
    proof.equal(
        (weights * (column * column.T / column.dot(column)) * column).applyfunc(sp.cancel),
        weights * column,
        r"what makes this a theorem is that $R$ does not know $w$: for one known $w \ne 0$ the "
        r"matrix $P w w^\top / \lVert w \rVert^2$ of rank one is exact (here $n = 2$)",
        r"P \frac{w w^\top}{\lVert w \rVert^2} w",
    )


def _pooling(formula: sp.Expr, proof: Proof) -> None:
    difference = sp.exp(t) - 1 - t
    proof.equal(
        sp.Matrix([difference.subs(t, 0), sp.diff(difference, t)]),
        sp.Matrix([0, sp.exp(t) - 1]),
        r"let $f(t) = e^t - 1 - t$: it is 0 at $t = 0$ and its derivative has the sign of $t$, so "
        r"$e^t \ge 1 + t$. Let $\bar{s}$ be the mean of a block's $m$ scores $s_j$, which is the "
        r"score of the mean key: with $t = s_j - \bar{s}$, and as these sum to 0, the $e^{s_j}$ of "
        r"the block sum to at least $m e^{\bar{s}}$",
        r"(f(0), f'(t))^\top",
    )
    proof.at_most(
        q * growth * z - q,
        q * (growth - 1),
        r"let $q_j$ be the weight of key $j$'s block in Linformer, over $m$. Full attention "
        r"divides by a sum that is at least as large, so its weight of key $j$ is $p_j = q_j "
        r"e^{s_j - \bar{s}} z$ with a $z \le 1$ common to all keys; and $e^{s_j - \bar{s}}$ is at "
        r"most $h = e^\eta$, which stands here in its place",
        "p_j - q_j",
    )
    proof.equal(
        f * a - f * b,
        f * (a - b),
        r"the $p_j$ and the $q_j$ sum to 1, so the positive differences $p_j - q_j$ sum to some "
        r"$f \le h - 1$ and the negative ones to $-f$; $a$ and $b$ are the means of the values "
        r"weighted by either (in one coordinate), as vectors at most $D$ apart",
        r"c - \tilde{c}",
    )
    proof.equal(
        (growth - 1) * diameter,
        formula.subs(eta, sp.log(growth)),
        r"hence $\lVert c - \tilde{c} \rVert \le f D$ is at most this, with $h = e^\eta$",
        r"(h - 1) D",
    )
    proof.equal(
        formula.subs(eta, 0),
        sp.Integer(0),
        r"equal keys within each block are pooled without error; with $k = n$ the blocks have one "
        r"key, $E = F = I$, and Linformer is full attention",
        r"D (e^0 - 1)",
    )


# ------------------------------------------------------------------- from the definition


def _rows_directly(value: float, epsilon: float, delta: float, n: float, d: float) -> Direct:
    projected_to = math.ceil(value)
    failure = n * d * max(jl.pair_failure(epsilon, projected_to, c) for c in (0.0, 0.5, 1.0))
    saving = "fewer than" if projected_to < n else "which is no fewer than"
    sentence = (
        rf"With $k = {projected_to}$, {saving} $n = {n:.0f}$, the probabilities of the exact law "
        rf"of $(Rx)^\top Ry$ for {n:.0f} rows and {d:.0f} columns sum to at most "
        rf"${scientific(failure)}$."
    )
    return Direct(sentence, failure <= delta)


def _pooling_directly(value: float, eta: float, diameter: float) -> Direct:
    import numpy as np

    keys = np.repeat([1.0, 0.0, -2.0], 4)[:, None] + np.tile([eta, -eta], 6)[:, None]
    values = diameter * np.tile([1.0, 0.0], 6)[:, None]
    query, pool = np.ones((1, 1)), block_means(3, 12)
    full = attend(query, keys, values, np.eye(12), np.eye(12))
    found = float(np.abs(full - attend(query, keys, values, pool, pool))[0, 0])
    sentence = (
        rf"Twelve keys in three blocks, with scores $\eta$ above and below the block's mean, give "
        rf"outputs ${scientific(found)}$ apart."
    )
    return Direct(sentence, found <= value * (1 + 1e-9) + 1e-14 * diameter)


CLAIMS = (
    Claim(
        key="linformer.rows",
        question="3g.1",
        title="A random projection of all attention weights, with explicit constants",
        statement=r"The $n \times n$ matrix $P$ of attention weights may be replaced by one of low "
        r"rank: if $k \ge {law}$, then with probability at least $1 - \delta$, for all $n$ "
        r"rows $p_i$ of $P$ and all $d$ columns $w$ of $V$, $|p_i^\top R^\top R w - p_i^\top w| "
        r"\le \varepsilon \lVert p_i \rVert \lVert w \rVert \le \varepsilon \lVert w \rVert$; the "
        r"matrix $P R^\top R$ has rank at most $k$, as $R$ has $k$ rows.",
        assumptions=(
            DRAWN,
            r"$R$ is independent of $P$ and $V$; the rows of $P$ are attention weights: at least 0 "
            "and of sum 1",
            r"$P$ is computed in full first: this is about its rank, not yet about less work",
            r"$0 < \varepsilon < 1$ and $0 < \delta < 1$",
        ),
        law=rows,
        derive=_rows,
        twin=sp.log(4 * n * d / delta) / (2 * RATE),
        changed=r"half as large: too little if $w$ is a row of $P$ and $\delta$ is small",
        example={
            "epsilon": sp.Rational(1, 2), "delta": sp.Rational(1, 100), "n": 512, "d": 64,
        },
        source="arXiv:2006.04768, Theorem 1, with the norms of both vectors in the bound",
        variables={
            A: POSITIVE, p: POSITIVE, y: UNIT, w_1: POSITIVE, w_2: POSITIVE,
            p_11: ANY, p_12: ANY, p_21: ANY, p_22: ANY,
        },
        direct=_rows_directly,
    ),
    Claim(
        key="linformer.pooling",
        question="3g.1",
        title="Pooling loses nothing where keys are equal",
        statement=r"Let $E = F$ average blocks of $m$ positions, $n = km$. If within each block "
        r"no score exceeds the block's mean by more than $\eta$, then $\lVert c - \tilde{c} \rVert "
        r"\le {law}$. With equal keys in each block $\eta$ is 0 and Linformer gives the output of "
        r"full attention, as it does with $k = n$ and $E = F = I$.",
        assumptions=(
            r"$c$ is the output of full attention and $\tilde{c}$ that of Linformer, for one "
            r"query; scores are $q^\top k_j$",
            r"$D$ is the greatest distance between two values, which are otherwise arbitrary",
        ),
        law=pooling,
        derive=_pooling,
        twin=diameter * (sp.exp(-eta) - 1),
        changed=r"the sign of $\eta$",
        example={"eta": sp.Rational(1, 10), "diameter": 2},
        source="arXiv:2006.04768, section 4 (general projections); convexity of the exponential",
        variables={
            a: ANY, b: ANY, f: POSITIVE, q: POSITIVE, growth: (sp.Integer(1), sp.oo), t: ANY,
            z: UNIT,
        },
        direct=_pooling_directly,
    ),
)  # fmt: skip
