"""Question 2a: when attention copies one value vector.

The scores are s_i = k_iᵀq. If s_j exceeds every other score by the margin Δ, the output c is v_j
up to an error that falls like e^(−Δ).
"""

from __future__ import annotations

import math

import sympy as sp

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
    KEYS,
    MARGIN,
    NONNEGATIVE,
    POSITIVE,
    TOLERANCE,
    UNIT,
    WEIGHT,
    diameter,
    epsilon,
    n,
)  # fmt: skip
from theory.symbols import margin as gap
from theory.symbols import (
    weight as w,
)

weight = Law(r"\alpha_j", 1 / (1 + (n - 1) * sp.exp(-gap)), (MARGIN, KEYS), relation=r"\ge")
margin = Law(
    r"\Delta", sp.log((n - 1) * (1 - epsilon) / epsilon), (TOLERANCE, KEYS), relation=r"\ge"
)
error = Law(
    r"\lVert c - v_j \rVert",
    diameter * (n - 1) * sp.exp(-gap) / (1 + (n - 1) * sp.exp(-gap)),
    (MARGIN, KEYS, DIAMETER),
    relation=r"\le",
)
slope = Law(r"\partial \alpha_j / \partial s_j", w * (1 - w), (WEIGHT,))

s_i, s_j = sp.symbols("s_i s_j", real=True)
R, T, t = sp.symbols("R T t", positive=True)
x, y, z = sp.symbols("x y z", nonnegative=True)
A = sp.Symbol("A", nonnegative=True)
W, v_j, b, g = sp.symbols("W v_j b g", real=True)
e_1, e_2 = (sp.eye(2).row(i).T for i in range(2))
MARGIN_MEANT = (
    r"$\Delta = \min_{i \ne j} (k_j - k_i)^\top q$ is the margin of key $j$",
    r"scores carry no $1/\sqrt{d}$; there are $n \ge 2$ keys",
)


def _weight(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        sp.exp(s_j) / (sp.exp(s_j) + sp.exp(s_j) * R),
        1 / (1 + R),
        r"divide by $e^{s_j}$, with $R = \sum_{i \ne j} e^{s_i - s_j}$",
        r"\alpha_j",
    )
    proof.at_most(
        (n - 1) * t * z + t * y,
        n * t,
        r"induction on the number of keys, from $R = 0$ for key $j$ alone: with $t = e^{-\Delta}$, "
        r"if $R = (n - 1)tz$ with $z \le 1$, one more key adds $ty$ with $y \le 1$; so "
        r"$R \le (n - 1)t$ for every $n$",
        equality={y: 1, z: 1},
    )
    proof.at_most(
        formula.subs(gap, -sp.log(t)),
        1 / (1 + (n - 1) * t * z),
        r"$1/(1 + R)$ falls as $R = (n - 1)tz$ grows to $(n - 1)t$",
        equality={z: 1},
    )
    proof.equal(
        formula,
        softmax([(gap, sp.Integer(1)), (sp.Integer(0), n - 1)])[0],
        r"attained when every other score lies exactly $\Delta$ below $s_j$",
    )


def _margin(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        weight.expression.subs(gap, formula),
        1 - epsilon,
        r"at this margin the weight of claim copying.weight is exactly $1 - \varepsilon$",
    )
    proof.at_most(
        1 - epsilon,
        weight.expression.subs(gap, formula - sp.log(y)),
        r"sufficient: a larger margin has $e^{-\Delta}$ smaller by a factor $y \le 1$",
        equality={y: 1},
    )
    proof.at_most(
        weight.expression.subs(gap, formula - sp.log(1 + x)),
        1 - epsilon,
        r"necessary when all other scores are equal: a smaller margin has $e^{-\Delta}$ larger "
        r"by a factor $1 + x$ with $x \ge 0$",
        equality={x: 0},
    )


def _error(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        W + (1 - A) * v_j - v_j,
        W - A * v_j,
        r"in each coordinate, with $A = \sum_{i \ne j} \alpha_i$ and $W = \sum_{i \ne j} \alpha_i "
        r"v_i$; the right side is $\sum_{i \ne j} \alpha_i (v_i - v_j)$",
        r"c - v_j",
    )
    proof.at_most(
        A * diameter * z + w * diameter * y,
        (A + w) * diameter,
        r"triangle inequality, by induction: if the terms so far have norm $ADz$ with $z \le 1$, "
        r"a term of weight $w$ adds $wDy$ with $y \le 1$; so the norm is at most $AD$",
        equality={y: 1, z: 1},
    )
    proof.at_most(
        diameter * (1 - 1 / (1 + (n - 1) * t * z)),
        formula.subs(gap, -sp.log(t)),
        r"$A = 1 - \alpha_j$ with $\alpha_j = 1/(1 + (n-1)tz)$, $t = e^{-\Delta}$, $z \le 1$",
        r"(1 - \alpha_j) D",
        equality={z: 1},
    )
    _attained(formula, proof)


def _attained(formula: sp.Expr, proof: Proof) -> None:
    """The bound is met by keys and values that are written down."""
    q = gap * e_1
    proof.equal(
        sp.Matrix([e_1.dot(q), (b * e_2).dot(q)]),
        sp.Matrix([gap, 0]),
        r"an example in $\mathbb{R}^2$: $k_j = e_1$, the others are distinct multiples $k_i = b_i "
        r"e_2$, and $q = \Delta e_1$",
        r"(k_j^\top q, k_i^\top q)^\top",
    )
    on, other = softmax([(gap, sp.Integer(1)), (sp.Integer(0), n - 1)])
    value, others = g * e_1, g * e_1 + diameter * e_2
    proof.equal(
        on * value + (n - 1) * other * others - value,
        formula * e_2,
        r"its values are $v_j = g e_1$, with any $g$, and $v_i = g e_1 + D e_2$ for all others: "
        r"the "
        r"bound is attained",
        r"c - v_j",
    )


def _slope(formula: sp.Expr, proof: Proof) -> None:
    total = sp.exp(s_j) + sp.exp(s_i) + T
    share_j, share_i = sp.exp(s_j) / total, sp.exp(s_i) / total
    proof.equal(
        sp.diff(share_j, s_j),
        formula.subs(w, share_j),
        r"differentiate, with $T$ for the keys other than $i$ and $j$",
        r"\frac{\partial \alpha_j}{\partial s_j}",
    )
    proof.equal(
        sp.diff(share_j, s_i),
        -share_j * share_i,
        r"differentiate by another score: the product of both weights, negative",
        r"\frac{\partial \alpha_j}{\partial s_i}",
    )
    proof.at_most(
        sp.Integer(0), formula, r"$\alpha_j$ lies in $(0, 1)$, so it rises strictly with $s_j$ ..."
    )
    proof.at_most(
        -w * A,
        sp.Integer(0),
        r"... and falls strictly with the score of every other key, of weight $A$",
        equality={A: 0},
    )


SIZE = 100_000  # keys that are built at most


def _example(n: float) -> list[list[float]]:
    """The keys of claim copying.error's example, of which the first is k_j."""
    return [[1.0, 0.0], *([0.0, float(i)] for i in range(int(n) - 1))]


def _too_many(n: float) -> Direct:
    return Direct(f"${scientific(n)}$ keys are too many to build here.", True)


def _weight_directly(value: float, margin: float, n: float) -> Direct:
    if n > SIZE:
        return _too_many(n)
    keys = _example(n)
    level, spread = (direct.weights(keys, [margin, s])[0] for s in (0.0, -1.0))
    sentence = (
        f"Attention over {int(n)} keys, the others scoring $0$ and key $j$ this margin more, gives "
        f"it the weight ${scientific(level)}$; with the others' scores $0, -1, -2, \\dots$ the "
        f"weight is ${scientific(spread)}$."
    )
    return Direct(sentence, direct.close(level, value) and spread >= value * (1 - 1e-9))


def _margin_directly(value: float, epsilon: float, n: float) -> Direct:
    if n > SIZE:
        return _too_many(n)
    lost, more = (
        math.fsum(direct.weights(_example(n), [margin, 0.0])[1:])
        for margin in (value, value - 0.01)
    )
    sentence = (
        f"Attention over {int(n)} keys leaves the others the weight ${scientific(lost)}$ at this "
        f"margin, and ${scientific(more)}$ at a margin smaller by $0.01$."
    )
    return Direct(sentence, direct.close(lost, epsilon) and more >= lost)


def _error_directly(value: float, margin: float, n: float, diameter: float) -> Direct:
    if n > SIZE:
        return _too_many(n)
    keys, query = _example(n), [margin, 0.0]
    off = [0.0, *[diameter] * (int(n) - 1)]
    alike = [[0.0, x] for x in off]
    around = [[x * math.cos(i), x * math.sin(i)] for i, x in enumerate(off)]
    met, below = (math.hypot(*direct.output(keys, query, values)) for values in (alike, around))
    sentence = (
        f"Attention over {int(n)} keys misses $v_j$ by ${scientific(met)}$ if the other values are "
        f"one vector, and by ${scientific(below)}$ if they lie on a circle around $v_j$."
    )
    return Direct(sentence, direct.close(met, value) and below <= value * (1 + 1e-9))


def _slope_directly(value: float, w: float) -> Direct:
    """Of two keys; the smaller of the two weights is differentiated, which loses no digits."""
    score, step = math.log(w) - math.log1p(-w), 1e-5
    keys = [[1.0, 0.0], [0.0, 1.0]]
    own, other = (
        [direct.weights(keys, [score + h, 0.0]) for h in (step, -step)],
        [direct.weights(keys, [score, h]) for h in (step, -step)],
    )
    small = int(w > 0.5)
    up, down = ((high[small] - low[small]) / (2 * step) for high, low in (own, other))
    sign = -1 if small else 1
    sentence = (
        f"Of two keys, a step of $10^{{-5}}$ up and down in its own score changes the weight by "
        f"${scientific(sign * up)}$ for one unit, in the other's by ${scientific(sign * down)}$."
    )
    return Direct(sentence, all(direct.close(s * sign, value, 1e-6) for s in (up, -down)))


CLAIMS = (
    Claim(
        key="copying.weight",
        question="2a",
        title="A margin in the scores gives a weight near one",
        statement=r"The weight of key $j$ is at least ${law}$, with equality when all other "
        r"scores are equal.",
        assumptions=MARGIN_MEANT,
        law=weight,
        derive=_weight,
        direct=_weight_directly,
        twin=1 / (1 + (n - 2) * sp.exp(-gap)),
        changed="$n - 2$ in place of $n - 1$",
        example={"margin": 10, "n": 16},
        source="practical, question 2a; softmax bound",
        variables={R: POSITIVE, t: POSITIVE, y: UNIT, z: UNIT, s_j: ANY},
    ),
    Claim(
        key="copying.margin",
        question="2a",
        title="The margin that a tolerance needs",
        statement=r"A margin $\Delta \ge {law}$ suffices for $\alpha_j \ge 1 - \varepsilon$, and "
        r"no smaller margin does when all other scores are equal.",
        assumptions=(*MARGIN_MEANT, r"$0 < \varepsilon < 1$"),
        law=margin,
        derive=_margin,
        direct=_margin_directly,
        twin=sp.log((n - 1) * (1 - epsilon) / (2 * epsilon)),
        changed=r"$2 \varepsilon$ in place of $\varepsilon$ below the bar",
        example={"epsilon": sp.Rational(1, 1000), "n": 16},
        source="practical, question 2a",
        variables={y: UNIT, x: NONNEGATIVE},
    ),
    Claim(
        key="copying.error",
        question="2a",
        title="The distance of the output from the copied value",
        statement=r"The output misses $v_j$ by no more than the weight that the other keys get, "
        r"times $D$: $\lVert c - v_j \rVert \le (1 - \alpha_j) D \le {law}$, and both can be "
        r"equalities.",
        assumptions=(
            *MARGIN_MEANT,
            r"$D = \max_i \lVert v_i - v_j \rVert$; the values are otherwise arbitrary",
        ),
        law=error,
        derive=_error,
        direct=_error_directly,
        twin=diameter * (n - 2) * sp.exp(-gap) / (1 + (n - 2) * sp.exp(-gap)),
        changed="$n - 2$ in place of $n - 1$",
        example={"margin": 10, "n": 16, "diameter": 2},
        source="practical, question 2a; triangle inequality",
        variables={
            t: POSITIVE, y: UNIT, z: UNIT, w: UNIT, v_j: ANY, A: UNIT, W: ANY, b: ANY, g: ANY,
        },
    ),
    Claim(
        key="copying.slope",
        question="2a",
        title="The weight rises with its own score and falls with every other",
        statement=r"$\partial \alpha_j / \partial s_j = {law} > 0$ at $w = \alpha_j$, and "
        r"$\partial \alpha_j / \partial s_i = -\alpha_i \alpha_j < 0$ for $i \ne j$.",
        assumptions=(r"$s_i = k_i^\top q$ are the scores, all finite",),
        law=slope,
        derive=_slope,
        direct=_slope_directly,
        twin=w * (1 + w),
        changed="the sign of $w$",
        example={"w": sp.Rational(9, 10)},
        source="practical, question 2a; derivative of softmax",
        variables={s_i: ANY, s_j: ANY, T: NONNEGATIVE, A: UNIT},
    ),
)  # fmt: skip
