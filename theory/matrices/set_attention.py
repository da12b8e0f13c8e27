"""Attending to a set of sources by a margin: what leaks to all others, and the error it makes.

Position i attends to a set T of sources with weights w that sum to 1 (a single source has weight
1): their scores are s + log w_j, and every other score lies at least Δ below s.
"""

from __future__ import annotations

import math

import sympy as sp

from theory.matrices.least_norm import INDEPENDENT
from theory.proof import direct
from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import (
    ANY,
    DIAMETER,
    ERROR,
    KEYS,
    MARGIN,
    NONNEGATIVE,
    POSITIVE,
    SIZE,
    UNIT,
    diameter,
    epsilon,
    n,
    size,
)  # fmt: skip
from theory.symbols import margin as gap
from theory.symbols import weight as w

_others = (n - size) * sp.exp(-gap)
error = Law(
    r"\lVert c_i - o_i \rVert",
    diameter * _others / (1 + _others),
    (MARGIN, KEYS, SIZE, DIAMETER),
    premises=(sp.Le(size, n),),
    relation=r"\le",
)
margin = Law(
    r"\Delta",
    sp.log((n - size) * (diameter - epsilon) / epsilon),
    (ERROR, KEYS, SIZE, DIAMETER),
    premises=(sp.Lt(size, n), sp.Lt(epsilon, diameter)),
    relation=r"\ge",
)

level, A_others, W_others, o_i = sp.symbols("s A W o_i", real=True)
R, t, k = sp.symbols("R t k", positive=True)
x, y, z, h = sp.symbols("x y z h", nonnegative=True)


def _bound(formula: sp.Expr, proof: Proof) -> None:
    inside = softmax(
        [
            (level + sp.log(w), sp.Integer(1)),
            (level + sp.log(1 - w), sp.Integer(1)),
            (level, R),
        ]
    )[0]
    proof.equal(
        inside,
        (1 - R / (1 + R)) * w,
        r"source $j \in T$ has the score $s + \log w_j$, the others of $T$ together $1 - w_j$ "
        r"times $e^s$; with $R = \sum_{l \notin T} e^{s_l - s}$ the leak is $\lambda = R/(1 + R)$",
        r"\alpha_j",
    )
    proof.equal(
        (1 - A_others) * o_i + W_others - o_i,
        W_others - A_others * o_i,
        r"in each coordinate, with $V \sum_{j \in T} w_j x_j = o_i$, $A = \sum_{l \notin T} "
        r"\alpha_l = \lambda$ and $W = \sum_{l \notin T} \alpha_l v_l$; the right side is "
        r"$\sum_{l \notin T} \alpha_l (v_l - o_i)$, of norm at most $\lambda D$",
        r"c_i - o_i",
    )
    shifted = formula.subs(n, size + k).subs(gap, -sp.log(t))
    proof.at_most(
        diameter * k * t * z / (1 + k * t * z),
        shifted,
        r"each of the $k = n - m$ other scores lies $\Delta$ or more below $s$, so $R = ktz$ with "
        r"$t = e^{-\Delta}$ and $0 \le z \le 1$, and $R/(1 + R)$ rises with $R$",
        r"\lambda D",
        equality={z: 1},
    )
    proof.equal(
        (n - size) * softmax([(gap, sp.Integer(1)), (sp.Integer(0), n - size)])[1] * diameter,
        formula,
        r"attained when all other scores lie exactly $\Delta$ below and all other values are one "
        r"vector at distance $D$ from $o_i$",
        r"\lVert c_i - o_i \rVert",
    )


def _least(formula: sp.Expr, proof: Proof) -> None:
    in_terms = {n: size + k, diameter: epsilon + h}
    at_formula = sp.exp(-formula)
    proof.equal(
        error.expression.subs(gap, formula),
        epsilon,
        r"at this margin the bound of claim set_attention.error is exactly $\varepsilon$",
    )
    proof.at_most(
        error.expression.subs(sp.exp(-gap), at_formula * y).subs(in_terms),
        epsilon,
        r"sufficient: with $n = m + k$ and $D = \varepsilon + h$, a larger margin has "
        r"$e^{-\Delta}$ smaller by a factor $y \le 1$",
        equality={y: 1},
    )
    proof.at_most(
        epsilon,
        error.expression.subs(sp.exp(-gap), at_formula * (1 + x)).subs(in_terms),
        r"necessary where the bound is attained: a smaller margin has $e^{-\Delta}$ larger by a "
        r"factor $1 + x$ with $x \ge 0$",
        equality={x: 0},
    )


def _attained(margin: float, n: float, size: float, diameter: float) -> tuple[float, bool]:
    """The error of the worst case, built from keys, and whether it had to be made smaller."""
    count = min(int(n), 512)
    m = max(1, min(int(size), count - int(n - size)))
    query = [margin] * m + [0.0] * (count - m)
    values = [[0.0]] * m + [[diameter]] * (count - m)
    keys = [direct.unit(j, count) for j in range(count)]
    share = [1 / m] * m + [1.0] * (count - m)
    query = [q + math.log(s) for q, s in zip(query, share, strict=True)]
    return direct.output(keys, query, values)[0], (count, m) != (n, size)


def _bound_directly(value: float, margin: float, n: float, size: float, diameter: float) -> Direct:
    found, smaller = _attained(margin, n, size, diameter)
    capped = " (of 512 inputs, the most that are built)" if smaller else ""
    return Direct(
        f"With equal weights on the set, all other scores ${scientific(margin)}$ below and all "
        f"other values at distance ${scientific(diameter)}$, the output is off by "
        f"${scientific(found)}${capped}.",
        found <= value * (1 + 1e-9) if smaller else direct.close(found, value),
    )


def _least_directly(value: float, epsilon: float, n: float, size: float, diameter: float) -> Direct:
    found, smaller = _attained(value, n, size, diameter)
    less, _ = _attained(value - 0.01, n, size, diameter)
    capped = " (of 512 inputs, the most that are built)" if smaller else ""
    return Direct(
        f"In the worst case the output is off by ${scientific(found)}$ with this margin and by "
        f"${scientific(less)}$ with a margin smaller by $0.01${capped}.",
        found <= epsilon * (1 + 1e-9) and (smaller or less > epsilon),
    )


WORDS = (
    INDEPENDENT,
    r"position $i$ attends to a set $T$ of $m$ sources (a single source: $m = 1$) with weights "
    r"$w_j > 0$ that sum to 1: the scores are $s + \log w_j$ for $j \in T$ and at most "
    r"$s - \Delta$ for all others",
    r"$V \sum_{j \in T} w_j x_j = o_i$, and $D = \max_{l \notin T} \lVert V x_l - o_i \rVert$",
)
CLAIMS = (
    Claim(
        key="set_attention.error",
        question="2e.2",
        title="How far an output is from the one wanted",
        statement=r"With the weight $\lambda$ that leaks to inputs outside $T$, $\alpha_j = "
        r"(1 - \lambda) w_j$ exactly for $j \in T$, and the output misses the one wanted by "
        r"$\lVert c_i - o_i \rVert \le \lambda D \le {law}$; both can be equalities.",
        assumptions=WORDS,
        law=error,
        derive=_bound,
        twin=diameter * _others / (size + _others),
        changed="$m$ in place of 1 below the bar",
        example={"margin": 10, "n": 16, "size": 3, "diameter": 2},
        source="claims copying.error and averaging.subset for any independent inputs",
        variables={
            level: ANY, w: UNIT, R: POSITIVE, A_others: UNIT, W_others: ANY, o_i: ANY,
            t: POSITIVE, k: POSITIVE, z: UNIT,
        },
        direct=_bound_directly,
    ),
    Claim(
        key="set_attention.margin",
        question="2e.2",
        title="The least margin for an error",
        statement=r"A margin $\Delta \ge {law}$ makes the output at most $\varepsilon$ off, and no "
        r"smaller one does in the worst case.",
        assumptions=(*WORDS, r"$m < n$ and $\varepsilon < D$; else any margin does"),
        law=margin,
        derive=_least,
        twin=sp.log((n - size) * (diameter - epsilon) / (2 * epsilon)),
        changed=r"$2 \varepsilon$ in place of $\varepsilon$ below the bar",
        example={"epsilon": sp.Rational(1, 1000), "n": 16, "size": 3, "diameter": 2},
        source="claim set_attention.error solved for the margin",
        variables={k: POSITIVE, h: POSITIVE, y: UNIT, x: NONNEGATIVE},
        direct=_least_directly,
    ),
)  # fmt: skip
