"""Question 2a: a key outside the convex hull of the other keys is copied as well as wanted.

The query that does it points from the hull to the key. How long it must be is a matter of the
key's distance from the hull: the largest margin that a query of norm 1 can have.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction

import sympy as sp

from theory import copying
from theory.keys.convex_hull import KEYS_MEANT
from theory.keys.nearest_point import nearest_weights
from theory.proof import direct
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, NONNEGATIVE, POSITIVE, TOLERANCE, UNIT, epsilon, n
from theory.symbols import margin as gap

distance = sp.Symbol("ell", positive=True)
DISTANCE = Parameter("distance", distance, lower=0, open=True)

norm = Law(
    r"\lVert q \rVert",
    sp.log((n - 1) * (1 - epsilon) / epsilon) / distance,
    (TOLERANCE, KEYS, DISTANCE),
    relation=r"\ge",
)
least_norm = Law(
    r"\lVert q \rVert",
    sp.log((1 - epsilon) / epsilon) / distance,
    (TOLERANCE, DISTANCE),
    relation=r"\ge",
)

g, r, t, w, z = sp.symbols("g r t w z", positive=True)
x, y = sp.symbols("x y", nonnegative=True)
a, b, c = sp.symbols("a b c", real=True)
OUTSIDE = (
    r"$k_j$ lies outside that hull; $p = \sum_{i \ne j} \lambda_i k_i$ is the point of the hull "
    r"nearest to $k_j$ (there is one: the hull is closed and bounded) and $\ell = \lVert k_j - p "
    r"\rVert > 0$ the distance of $k_j$ from the hull"
)
COSINE = (sp.Integer(-1), sp.Integer(1))


def _norm(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        (distance - t * a) ** 2 + (t * b) ** 2 - distance**2,
        t * (t * (a**2 + b**2) - 2 * distance * a),
        r"seen from $p$, with $k_j - p = (\ell, 0)$ and $k_i - p = (a, b)$ in a plane that holds "
        r"both: a step $t \le 1$ from $p$ towards $k_i$ stays in the hull",
        r"\lVert k_j - p - t(k_i - p) \rVert^2 - \ell^2",
    )
    step = w / (g + w)
    proof.equal(
        step * (step * g - 2 * w),
        -step * (1 + step) * w,
        r"$g = a^2 + b^2$ and $w = \ell a = (k_j - p)^\top (k_i - p)$: were $w > 0$, the step "
        r"$t = w / (g + w) < 1$ would make this negative, so it would come nearer to $k_j$ than "
        r"$p$; hence $w \le 0$ for every key",
    )
    proof.at_most(
        distance**2,
        distance**2 + y,
        r"the right side is $(k_j - p)^\top (k_j - k_i) = \ell^2 - w$ with $w = -y$: at $q = r "
        r"(k_j - p) / \ell$, which has the norm $r$, the margin is at least $r \ell$",
        equality={y: 0},
    )
    proof.equal(
        copying.weight.expression.subs(gap, distance * formula),
        1 - epsilon,
        r"at this norm the weight of claim copying.weight is exactly $1 - \varepsilon$",
    )
    proof.at_most(
        1 - epsilon,
        copying.weight.expression.subs(gap, distance * formula - sp.log(z)),
        r"a longer query along $k_j - p$ has $e^{-r \ell}$ smaller by a factor $z \le 1$",
        equality={z: 1},
    )
    proof.at_most(
        distance * c,
        distance,
        r"no direction $e$ of norm 1 has a larger margin than $\ell$: with $p = \sum_i \lambda_i "
        r"k_i$, $\min_i (k_j - k_i)^\top e \le \sum_i \lambda_i (k_j - k_i)^\top e = "
        r"(k_j - p)^\top e = \ell c$, where $c$ is a cosine",
        equality={c: 1},
    )


def _least_norm(formula: sp.Expr, proof: Proof) -> None:
    proof.at_most(
        -r * distance,
        r * distance * c,
        r"$\sum_i \lambda_i (s_i - s_j) = (p - k_j)^\top q$ with $p = \sum_i \lambda_i k_i$, "
        r"$r = \lVert q \rVert$ and a cosine $c$",
        equality={c: -1},
    )
    proof.at_most(
        1 / (1 + t * (1 + y)),
        1 / (1 + t),
        r"as in claim convex_hull.ceiling, $\log R \ge H + \sum_i \lambda_i (s_i - s_j) \ge "
        r"-r \ell$, so $R = t (1 + y)$ with $t = e^{-r \ell}$ and some $y \ge 0$",
        r"\alpha_j",
        equality={y: 0},
    )
    bound = 1 / (1 + sp.exp(-r * distance))
    proof.equal(
        bound.subs(r, formula), 1 - epsilon, r"at this norm the bound is exactly $1 - \varepsilon$"
    )
    proof.at_most(
        1 / (1 + sp.exp(-formula * distance) * (1 + x)),
        1 - epsilon,
        r"a shorter query has $e^{-r \ell}$ larger by a factor $1 + x$ with $x \ge 0$",
        equality={x: 0},
    )
    proof.equal(
        sp.exp(distance * norm.expression) / sp.exp(distance * formula),
        n - 1,
        r"the norm that suffices by claim separation.norm exceeds this one by "
        r"$\log(n - 1) / \ell$: by nothing if $n = 2$",
        r"e^{\ell (\text{norm that suffices} - \text{this norm})}",
    )


SIZE = 60  # keys that are built at most
TRIALS = 200


def _norm_directly(value: float, epsilon: float, n: float, distance: float) -> Direct:
    """All other keys on one plane meet the bound; for random keys the nearest point is found."""
    size, length = min(int(n), SIZE), max(value, 0.0)
    plane = [[distance, 0.0], *([0.0, float(i)] for i in range(int(min(n, 10**5)) - 1))]
    lost = math.fsum(direct.weights(plane, [value, 0.0])[1:])
    keys, towards = _separated(size, distance)
    found = direct.weights(keys, [length * x for x in towards])[0]
    sentence = (
        f"Of {size} random keys in $\\mathbb{{R}}^3$, one at this distance from the hull of the "
        f"others, a query of this norm along $k_j - p$ gives it the weight ${scientific(found)}$; "
        f"of {len(plane)} keys, the others on a line at this distance, it leaves them "
        f"${scientific(lost)}$."
    )
    met = direct.close(lost, epsilon) if len(plane) == n else lost <= epsilon
    return Direct(sentence, met and found >= (1 - epsilon) * (1 - 1e-9))


def _separated(size: int, distance: float) -> tuple[list[list[float]], list[float]]:
    """Random keys, the first at this distance from the hull of the others, and its direction."""
    normal = random.Random(0).gauss
    others = [[normal(0, 1) for _ in range(3)] for _ in range(size - 1)]
    key = [6.0, 0.0, 0.0]
    corners = [[Fraction(x) for x in other] for other in others]
    weights = nearest_weights(corners, [Fraction(x) for x in key])
    nearest = [
        sum(w * x for w, x in zip(weights, column, strict=True))
        for column in zip(*corners, strict=True)
    ]
    away = [float(x - p) for x, p in zip(key, nearest, strict=True)]
    scale = distance / math.hypot(*away)
    keys = [[scale * x for x in k] for k in (key, *others)]
    return keys, [x / math.hypot(*away) for x in away]


def _least_norm_directly(value: float, epsilon: float, distance: float) -> Direct:
    """Two keys meet the bound; of two and more keys no direction passes it."""
    pair = [[distance, 0.0, 0.0], [0.0, 0.0, 0.0]]
    lost = direct.weights(pair, [value, 0.0, 0.0])[1]
    normal = random.Random(0).gauss
    behind = [[-abs(normal(0, distance)), *(normal(0, distance) for _ in "yz")] for _ in range(14)]
    directions = [[normal(0, 1) for _ in range(3)] for _ in range(TRIALS)]
    tried = max(
        direct.weights([*pair, *behind], [value * x / math.hypot(*d) for x in d])[0]
        for d in directions
    )
    sentence = (
        f"Of two keys at this distance a query of this norm leaves the other one "
        f"${scientific(lost)}$; with {len(behind)} more keys behind it, {TRIALS} random queries "
        f"of this norm give $\\alpha_j \\le {scientific(tried)}$."
    )
    below = value < 0 or tried <= (1 - epsilon) * (1 + 1e-9)
    return Direct(sentence, direct.close(lost, epsilon) and below)


CLAIMS = (
    Claim(
        key="separation.norm",
        question="2a",
        title="A key outside the hull of the others is copied to any accuracy",
        statement=r"The query $q = \lVert q \rVert (k_j - p) / \ell$ gives $\alpha_j \ge 1 - "
        r"\varepsilon$ as soon as $\lVert q \rVert \ge {law}$. So the supremum of $\alpha_j$ over "
        r"all queries is 1; with claim convex_hull.ceiling: it is 1 if $k_j$ lies outside the hull "
        r"of the other keys, and at most $\frac{1}{2}$ if not.",
        assumptions=(*KEYS_MEANT, OUTSIDE, r"$0 < \varepsilon < 1$"),
        law=norm,
        derive=_norm,
        twin=sp.log((n - 1) * (1 - epsilon) / epsilon) * distance,
        changed=r"times $\ell$ in place of divided by it",
        example={"epsilon": sp.Rational(1, 1000), "n": 16, "distance": 2},
        source="separating hyperplane theorem; practical, question 2a",
        variables={
            a: ANY, b: ANY, g: POSITIVE, w: POSITIVE, t: UNIT, y: NONNEGATIVE, z: UNIT, c: COSINE,
        },
        direct=_norm_directly,
    ),
    Claim(
        key="separation.least_norm",
        question="2a",
        title="How long a query must be to copy it that well",
        statement=r"Whatever its direction, a query with $\alpha_j \ge 1 - \varepsilon$ has "
        r"$\lVert q \rVert \ge {law}$; with two keys it is attained.",
        assumptions=(*KEYS_MEANT, OUTSIDE, r"$0 < \varepsilon < 1$"),
        law=least_norm,
        derive=_least_norm,
        twin=sp.log((1 + epsilon) / epsilon) / distance,
        changed=r"the sign of $\varepsilon$ above the bar",
        example={"epsilon": sp.Rational(1, 1000), "distance": 2},
        source="Jensen and Cauchy-Schwarz inequalities",
        variables={
            n: (sp.Integer(2), sp.oo), r: POSITIVE, t: UNIT, x: NONNEGATIVE, y: NONNEGATIVE,
            c: COSINE,
        },
        direct=_least_norm_directly,
    ),
)  # fmt: skip
