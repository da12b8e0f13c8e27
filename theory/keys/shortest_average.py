r"""Question 2b: the shortest query that averages two values.

The query β(k_a + k_b) is not the shortest that leaks so little: it pays to push the other scores
below 0 a little, and, if the two weights may differ, to let them differ. Keys are orthonormal, so
the norm of a query is at least that of its scores, s_a = h + u/2, s_b = h − u/2 and the others.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import sympy as sp

from theory.averaging import ORTHONORMAL, gain, leak, positions
from theory.keys.attended import attend, buildable
from theory.keys.averaging_queries import APART, u
from theory.proof.assumptions import array, orthonormal, real, require, rows, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close
from theory.proof.law import Law
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, GAIN_OF_QUERY, KEYS, NONNEGATIVE, POSITIVE, beta, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

shortest = Law(
    r"\lVert q \rVert^2",
    2 * (n - 2) / n * (beta - sp.log(sp.cosh(u / 2))) ** 2 + u**2 / 2,
    (GAIN_OF_QUERY, KEYS, APART),
    premises=(sp.Le(sp.log(sp.cosh(u / 2)), beta),),
    relation=r"\ge",
)
curvature = Law("F''(0)", 1 - (n - 2) * beta / n, (GAIN_OF_QUERY, KEYS))

h, m, s_i, b = sp.symbols("h m s_i z", real=True)
g = sp.Symbol("g", nonnegative=True)
REMAINING = (
    r"$u = s_a - s_b$ and $h = (s_a + s_b)/2$; $m$ is the mean of the other scores "
    "(with two keys there are none, and it plays no part)"
)


def query(
    keys: Float[np.ndarray, "n d"], a: int, b: int, epsilon: float, delta: float
) -> Float[np.ndarray, " d"]:
    """The shortest query that leaves at most ε off keys a and b, whose weights differ by ≤ δ.

    Keys are orthonormal, 0 < ε < 1 and 0 ≤ δ < 1. Key a gets the larger weight where unequal
    weights are shorter; exchange a and b for the only other query as short.
    Source: claims averaging.shortest and averaging.unequal.
    Raises: InputError listing all that is wrong with the input.

    >>> import numpy as np
    >>> q = query(np.eye(16), 0, 1, 1e-3, 0.0)
    >>> print(q[:3].round(4), np.linalg.norm(q).round(4), round(gain(1e-3, 16) * 2**0.5, 4))
    [ 7.7461  7.7461 -1.1066] 11.711 12.5196
    """
    import numpy as np

    require(
        array("keys", keys, "n", "d"), rows("keys", keys, 2), orthonormal("keys", keys),
        positions("a and b", [a, b], keys), within("epsilon", epsilon, 0, 1),
        None if real(delta) == 0 else within("delta", delta, 0, 1),
    )  # fmt: skip
    n = len(keys)
    needed = gain(epsilon, n)
    apart = best_difference(needed, n)
    if delta < 1 - epsilon:
        apart = min(apart, 2 * math.atanh(delta / (1 - epsilon)))
    lowered = needed - log_cosh(apart / 2)
    scores = np.full(n, -2 * lowered / n)
    middle = (n - 2) / n * lowered
    scores[a], scores[b] = middle + apart / 2, middle - apart / 2
    chosen: np.ndarray = scores @ keys
    return chosen


def best_difference(beta: float, n: int) -> float:
    """The difference u ≥ 0 of the two scores at which the law `shortest` is least.

    >>> best_difference(1.0, 16), round(best_difference(8.85, 16), 4)
    (0.0, 8.9055)
    """
    from scipy import optimize

    if (n - 2) * beta <= n:
        return 0.0

    def slope(apart: float) -> float:
        lowered = beta - log_cosh(apart / 2)
        return apart / math.tanh(apart / 2) - 2 * (n - 2) / n * lowered

    return float(optimize.brentq(slope, 1e-9, 2 * (beta + math.log(2)), xtol=1e-12))


def log_cosh(x: float) -> float:
    """log cosh x for any x, without overflow.

    >>> log_cosh(0.0), round(log_cosh(-1000.0), 4)
    (0.0, 999.3069)
    """
    return abs(x) + math.log1p(math.exp(-2 * abs(x))) - math.log(2)


def _shortest(formula: sp.Expr, proof: Proof) -> None:
    rise = sp.exp(b) - 1 - b
    proof.equal(
        (h + u / 2) ** 2 + (h - u / 2) ** 2,
        2 * h**2 + u**2 / 2,
        r"the keys are orthonormal, so $q$ is $\sum_i s_i k_i$ plus a part orthogonal to all of "
        r"them, and $\lVert q \rVert^2 \ge \sum_i s_i^2$; here $a$ and $b$",
        "s_a^2 + s_b^2",
    )
    proof.equal(
        s_i**2,
        m**2 + 2 * m * (s_i - m) + (s_i - m) ** 2,
        r"summed over the $n - 2$ other keys the middle term is 0 and the last is not negative, so "
        r"$\sum_i s_i^2 \ge (n - 2) m^2$",
        "s_i^2",
    )
    proof.equal(
        sp.Matrix([rise.subs(b, 0), sp.diff(rise, b).subs(b, 0), sp.diff(rise, b, b)]),
        sp.Matrix([0, 0, sp.exp(b)]),
        r"$f(z) = e^z - 1 - z$ and its slope are 0 at $z = 0$, and $f'' > 0$: so $e^z \ge 1 + z$. "
        r"With $z = s_i - m$, summed over $i$: $T e^{-m} \ge n - 2$",
        r"(f(0), f'(0), f'')^\top",
    )
    proof.equal(
        leak.expression / (1 - leak.expression),
        (n - 2) * sp.exp(-beta) / 2,
        r"with $A = e^{s_a}$, $B = e^{s_b}$ and $T$ the sum of $e^{s_i}$ over the other keys, a "
        r"leak of at most $\lambda(\beta)$ means that $T/(A + B)$ is at most this; since "
        r"$A + B = 2 e^h \cosh(u/2)$ and $\log T \ge m + \log(n - 2)$, it means that $h - m \ge g$ "
        r"with $g = \beta - \log\cosh(u/2) \ge 0$",
        r"\frac{\lambda}{1 - \lambda}",
    )
    proof.equal(
        2 * h**2 + (n - 2) * m**2,
        2 * (n - 2) / n * (h - m) ** 2 + (2 * h + (n - 2) * m) ** 2 / n,
        r"complete the square: with $h - m \ge g$ this is at least $\frac{2(n - 2)}{n} g^2$",
    )
    best = {h: (n - 2) * g / n, m: -2 * g / n}
    proof.equal(
        (2 * h**2 + u**2 / 2 + (n - 2) * m**2).subs(best),
        formula.subs(beta, g + sp.log(sp.cosh(u / 2))),
        r"so this is the least: attained at $h = \frac{n - 2}{n} g$ and all other scores equal to "
        r"$m = -\frac{2}{n} g$, alone, since all three bounds are equalities only there",
        r"\lVert q \rVert^2",
    )
    proof.equal((h - m).subs(best), g, r"and that query leaks exactly $\lambda(\beta)$", "h - m")


def _unequal(formula: sp.Expr, proof: Proof) -> None:
    square = shortest.expression
    tangent, twice = sp.tanh(u / 2), 2 * (n - 2) / n
    lowered = beta - sp.log(sp.cosh(u / 2))
    proof.equal(
        sp.diff(square, u),
        u - twice * lowered * tangent,
        r"$g = \beta - \log\cosh(u/2)$ is the bracket in $F(u)$: "
        r"$F' = u - \frac{2(n - 2)}{n}\, g \tanh(u/2)$",
        "F'(u)",
    )
    proof.equal(
        sp.Matrix([sp.diff(square, u).subs(u, 0), sp.diff(square, u, 2).subs(u, 0)]),
        sp.Matrix([0, formula]),
        r"where this is negative the norm falls as $u$ leaves 0",
        r"(F'(0), F''(0))^\top",
    )
    proof.equal(
        twice * lowered,
        2 * (1 - formula) - twice * sp.log(sp.cosh(u / 2)),
        r"where it is not, this factor of $F'$ is at most 2, since $\cosh \ge 1$; so "
        r"$F' \ge u - 2\tanh(u/2)$ for $u \ge 0$",
        r"\frac{2(n - 2)}{n}\, g",
    )
    above = u - 2 * tangent
    proof.equal(
        sp.Matrix([above.subs(u, 0), sp.diff(above, u)]),
        sp.Matrix([0, tangent**2]),
        r"$f(u) = u - 2\tanh(u/2)$ is 0 at $u = 0$ and its slope is a square: $F$ never falls",
        r"(f(0), f')^\top",
    )
    proof.equal(
        sp.diff(u / tangent, u).rewrite(sp.exp),
        ((sp.sinh(u) - u) / (sp.cosh(u) - 1)).rewrite(sp.exp),
        r"in general $F'/\tanh(u/2) = \frac{u}{\tanh(u/2)} - \frac{2(n - 2)}{n} g$ rises with $u$, "
        r"since $\sinh u \ge u$ and $g$ falls: $F$ falls up to one $u^*$ and rises from there. "
        r"Where $g$ would fall below 0 the least is $u^2/2$, which rises as well",
        r"\left(\frac{u}{\tanh(u/2)}\right)'",
    )
    proof.equal(
        sp.diff(square, beta),
        2 * twice * lowered,
        r"and $F$ rises with $\beta$, so a leak below $\varepsilon$ never pays; it also narrows "
        r"the differences allowed, $|\tanh(u/2)| \le \delta/(1 - \lambda)$ by claim "
        "averaging.queries",
        r"\frac{\partial F}{\partial \beta}",
    )


def completed(others: list[float], difference: float, beta: float) -> list[float]:
    """All scores of the query that gives the other keys these and leaks as much as β(k_a + k_b).

    >>> completed([0.0, 0.0], 0.0, 3.0)
    [3.0, 3.0, 0.0, 0.0]
    """
    middle, highest = beta - log_cosh(difference / 2), max(others)
    middle += highest + math.log(math.fsum(math.exp(s - highest) for s in others) / len(others))
    return [middle + difference / 2, middle - difference / 2, *others]


def _squared(scores: list[float]) -> float:
    return math.fsum(s * s for s in scores)


@buildable
def _shortest_directly(value: float, beta: float, n: int, difference: float) -> Direct:
    """The law's query, q = β(k_a + k_b) and random ones that leak as little (seed 0)."""
    if math.isinf(value):
        return Direct(r"Here $\cosh(u/2)$ lies beyond the largest float.", True)
    if n == 2:
        return Direct("With two keys nothing can leak.", value == difference**2 / 2)
    draw, size = random.Random(0), n - 2
    lowest = -2 * (beta - log_cosh(difference / 2)) / n
    best, plain = (completed([s] * size, difference, beta) for s in (lowest, 0.0))
    lost = math.fsum(attend(best, n)[2:])
    least = min(
        _squared(completed([lowest + draw.gauss(0, 0.1) for _ in range(size)], difference, beta))
        for _ in range(200)
    )
    return Direct(
        f"This query leaks ${scientific(lost)}$ and has the squared norm "
        f"${scientific(_squared(best))}$, against ${scientific(_squared(plain))}$ with all other "
        f"scores 0; of 200 random ones that leak as little the shortest has ${scientific(least)}$.",
        math.isclose(_squared(best), value, rel_tol=1e-9, abs_tol=1e-12)
        and close(lost, math.fsum(attend([beta, beta], n)[2:]), relative=1e-7)
        and min(least, _squared(plain)) >= value * (1 - 1e-9),
    )


@buildable
def _unequal_directly(value: float, beta: float, n: int) -> Direct:
    """The second difference quotient of the squared norm of the shortest query at u = 0."""
    if n == 2:
        return Direct("With two keys nothing can leak, and $F(u) = u^2/2$.", value == 1)
    apart = 0.01
    level, moved = (
        _squared(completed([-2 * (beta - log_cosh(u / 2)) / n] * (n - 2), u, beta))
        for u in (0.0, apart)
    )
    quotient = 2 * (moved - level) / apart**2
    return Direct(
        f"Raising $u$ from 0 to {apart} changes the squared norm by ${scientific(moved - level)}$, "
        f"a difference quotient of ${scientific(quotient)}$.",
        math.isclose(quotient, value, rel_tol=1e-3, abs_tol=1e-3 + 1e-9 * beta**2),
    )


CLAIMS = (
    Claim(
        key="averaging.shortest",
        question="2b",
        title="The shortest query that averages",
        statement=r"Every query that leaks at most as much as $\beta (k_a + k_b)$, with scores of "
        r"$a$ and $b$ that differ by $u$, has $\lVert q \rVert^2 \ge {law}$, and one query has "
        r"exactly that: $q = s_a k_a + s_b k_b - \frac{2g}{n} \sum_{i \ne a, b} k_i$ with "
        r"$g = \beta - \log\cosh(u/2)$ and $s_{a,b} = \frac{n - 2}{n} g \pm \frac{u}{2}$. For "
        r"equal weights ($u = 0$) its norm is $\sqrt{2(n - 2)/n}\, \beta$ in place of "
        r"$\sqrt{2}\, \beta$.",
        assumptions=(*ORTHONORMAL, REMAINING, r"$\log\cosh(u/2) \le \beta$"),
        law=shortest,
        derive=_shortest,
        twin=2 * (n - 1) / n * (beta - sp.log(sp.cosh(u / 2))) ** 2 + u**2 / 2,
        changed="$n - 1$ in place of $n - 2$",
        example={"beta": 9, "n": 16, "difference": 0},
        source="practical, question 2b (all queries)",
        variables={h: ANY, m: ANY, s_i: ANY, b: ANY, g: NONNEGATIVE},
        direct=_shortest_directly,
    ),
    Claim(
        key="averaging.unequal",
        question="2b",
        title="When slightly unequal weights make a query shorter",
        statement=r"Let $F(u)$ be the least $\lVert q \rVert^2$ of claim averaging.shortest. "
        r"$F''(0) = {law}$. If that is negative, the shortest query of the same leak gives $a$ and "
        r"$b$ unequal scores: $F$ falls up to one $u^* > 0$ and rises from there. If not, $F$ "
        r"rises from $u^* = 0$. So the shortest query with leak at most $\varepsilon$ and "
        r"$|\alpha_a - \alpha_b| \le \delta < 1 - \varepsilon$ has the $\beta$ of claim "
        r"averaging.gain and, for $|u|$, the smaller of $u^*$ and "
        r"$\log\frac{1 - \varepsilon + \delta}{1 - \varepsilon - \delta}$.",
        assumptions=(*ORTHONORMAL, REMAINING),
        law=curvature,
        derive=_unequal,
        twin=1 - (n - 1) * beta / n,
        changed="$n - 1$ in place of $n - 2$",
        example={"beta": 9, "n": 16},
        source="practical, question 2b (all queries)",
        variables={u: POSITIVE},
        direct=_unequal_directly,
    ),
)
