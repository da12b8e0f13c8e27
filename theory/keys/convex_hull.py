"""Question 2a: a key inside the convex hull of the other keys is never copied.

Its weight is ½ at most, whatever the query, and less the more evenly it is made of other keys.
`separation` is about keys outside the hull, `copyable` decides for given keys.
"""

from __future__ import annotations

import itertools
import math
import random
from fractions import Fraction

import sympy as sp

from theory.proof import direct
from theory.proof.algebra import softmax
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE, POSITIVE, UNIT, diameter, n
from theory.symbols import margin as gap

H = sp.Symbol("H", nonnegative=True)
ENTROPY = Parameter("entropy", H, lower=0)
DISTANCE = Parameter("distance", diameter, lower=0)

ceiling = Law(r"\alpha_j", 1 / (1 + sp.exp(H)), (ENTROPY,), relation=r"\le")
miss = Law(
    r"\lVert c - v_j \rVert", diameter / (1 + sp.exp(-H)), (ENTROPY, DISTANCE), relation=r"\ge"
)

lam = sp.Symbol("lambda", positive=True)
a, h, R, t = sp.symbols("a h R t", positive=True)
y = sp.Symbol("y", nonnegative=True)
k_1, k_2, k_j, q, u, v_j = sp.symbols("k_1 k_2 k_j q u v_j", real=True)
A = sp.Symbol("alpha_j", positive=True)
FROM_ONE = (sp.Integer(1), sp.oo)
KEYS_MEANT = (
    r"$n \ge 2$ keys in $\mathbb{R}^d$; scores $s_i = k_i^\top q$ carry no $1/\sqrt{d}$",
    r"the convex hull of the other keys is the set of all $\sum_{i \ne j} \lambda_i k_i$ with "
    r"$\lambda_i \ge 0$ and $\sum_{i \ne j} \lambda_i = 1$",
)
INSIDE = (
    r"$k_j = \sum_{i \ne j} \lambda_i k_i$ lies in that hull; "
    r"$H = -\sum_{i \ne j} \lambda_i \log \lambda_i$ is the entropy of the weights "
    r"$\lambda_i$, with $0 \log 0 = 0$"
)


def _ceiling(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        lam * (k_1 - k_j) * q + (1 - lam) * (k_2 - k_j) * q,
        (lam * k_1 + (1 - lam) * k_2 - k_j) * q,
        r"in each coordinate and for two other keys; more keys only add terms of the same kind. "
        r"The bracket is 0 in the hull, so $\sum_{i \ne j} \lambda_i (s_i - s_j) = 0$ for every "
        r"$q$",
    )
    _tangent(proof)
    proof.equal(
        lam * sp.log(a / (lam * R)),
        lam * (sp.log(a) - sp.log(lam) - sp.log(R)),
        r"with $a_i = e^{s_i - s_j}$ and $R = \sum_{i \ne j} a_i$; summed over the keys with "
        r"$\lambda_i > 0$ this is $0 + H - \log R$",
    )
    proof.equal(
        lam * (a / (lam * R) - 1),
        a / R - lam,
        r"the tangent's bound at $t = a_i / (\lambda_i R)$, times $\lambda_i$; summed it is at "
        r"most $R/R - 1 = 0$. Hence $H - \log R \le 0$ (Jensen's inequality for the exponential)",
    )
    proof.at_most(
        1 / (1 + h * (1 + y)),
        formula.subs(H, sp.log(h)),
        r"$\alpha_j = 1/(1 + R)$, and $R = h(1 + y)$ with $h = e^H \ge 1$ and some $y \ge 0$",
        r"\alpha_j",
        equality={y: 0},
    )
    proof.at_most(
        formula.subs(H, sp.log(1 + y)),
        sp.Rational(1, 2),
        r"$H \ge 0$, since every $\lambda_i \le 1$, so $e^H = 1 + y$; $H = 0$ only if one "
        r"$\lambda_i$ is 1, that is "
        r"$k_i = k_j$",
        equality={y: 0},
    )
    _attained(formula, proof)


def _tangent(proof: Proof) -> None:
    """log t ≤ t − 1: the tangent at 1 lies above the logarithm."""
    above = t - 1 - sp.log(t)
    rise = sp.diff(above, t)
    proof.equal(
        sp.Matrix([above.subs(t, 1), rise]),
        sp.Matrix([0, 1 - 1 / t]),
        r"$f(t) = t - 1 - \log t$ at $t = 1$, and its slope",
        r"(f(1), f'(t))^\top",
    )
    proof.at_most(
        sp.Integer(0),
        rise.subs(t, 1 + y),
        r"it rises where $t = 1 + y \ge 1$ ...",
        equality={y: 0},
    )
    proof.at_most(
        rise.subs(t, 1 / (1 + y)),
        sp.Integer(0),
        r"... and falls where $t = 1/(1 + y) \le 1$, so it is least at $t = 1$, where it is 0: "
        r"$\log t \le t - 1$ for all $t > 0$",
        equality={y: 0},
    )


def _attained(formula: sp.Expr, proof: Proof) -> None:
    """Where the bound is met, where ½ is approached, and a set of keys decided completely."""
    proof.equal(
        sp.exp(-H) / (sp.exp(-H) + 1),
        formula,
        r"equality: the other keys are unit vectors $e_i$, $k_j = \sum_i \lambda_i e_i$ and "
        r"$q = \sum_i \log \lambda_i \, e_i$, so $e^{s_i} = \lambda_i$ have the sum 1 and $s_j = "
        r"\sum_i \lambda_i \log \lambda_i = -H$",
    )
    proof.equal(
        -(a / R) * sp.log(a / R),
        (a / R) * (sp.log(R) - sp.log(a)),
        r"equality at every query where $\alpha_j$ is largest: there the derivative "
        r"$\sum_{i \ne j} a_i (k_i - k_j)$ of $R$ is 0, so $\lambda_i = a_i / R$ are weights of "
        r"$k_j$; summed, their entropy is $\log R - \sum_i \lambda_i (s_i - s_j) = \log R$",
    )
    proof.equal(
        softmax([(gap, sp.Integer(2)), (sp.Integer(0), n - 2)])[0],
        1 / (2 + (n - 2) * sp.exp(-gap)),
        r"$\frac{1}{2}$ is the supremum exactly if no $H$ but 0 is possible: one other key equals "
        r"$k_j$ and both lie outside the hull of the remaining $n - 2$. A query then puts these "
        r"some $\Delta$ lower, and a longer one as far as wanted; with $n = 2$ it is attained",
        r"\alpha_j",
    )
    proof.holds(
        r"\{j : \sup_q \alpha_j = 1\} = \text{the 4 corners of } \{-1, 0, 1\}^2",
        _grid_is_decided(),
        r"nine keys as an example: a corner $k_j$ has the margin 1 at $q = k_j$, and each of the "
        r"five others is the mean of two other keys, so its weight is at most "
        r"$1/(1 + e^{\log 2}) = \frac{1}{3}$",
        "all nine keys and all pairs of them were tried in integers",
    )


def _grid_is_decided() -> bool:
    """Each key of the grid, in integers: separated by itself, or the mean of two others."""
    grid = list(itertools.product((-1, 0, 1), repeat=2))
    separated = {
        (x, y)
        for x, y in grid
        if all(x * (x - u) + y * (y - v) >= 1 for u, v in grid if (u, v) != (x, y))
    }
    means = {
        (Fraction(x + u, 2), Fraction(y + v, 2))
        for (x, y), (u, v) in itertools.combinations(grid, 2)
    }
    corners = {(x, y) for x, y in grid if x * y != 0}
    return separated == corners and means & set(grid) == set(grid) - corners


def _miss(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        A * v_j + (1 - A) * u - v_j,
        (1 - A) * (u - v_j),
        r"in each coordinate, with $u = \sum_{i \ne j} \alpha_i v_i / (1 - \alpha_j)$, a point of "
        r"the hull of the other values, so that $\lVert u - v_j \rVert \ge D$",
        r"c - v_j",
    )
    proof.at_most(
        formula.subs(H, sp.log(h)),
        diameter * (1 - 1 / (1 + h * (1 + y))),
        r"$\alpha_j = 1/(1 + h(1 + y))$ with $h = e^H \ge 1$ and some $y \ge 0$, by claim "
        r"convex_hull.ceiling; the right side is $(1 - \alpha_j) D$",
        equality={y: 0},
    )
    proof.at_most(
        diameter / 2,
        formula.subs(H, sp.log(1 + y)),
        r"$H \ge 0$, so $e^H = 1 + y$: at least half of the way is missing",
        equality={y: 0},
    )
    proof.equal(
        (1 - ceiling.expression) * diameter,
        formula,
        r"equality: the weights of claim convex_hull.ceiling's example, and all other values one "
        r"vector at the distance $D$ from $v_j$",
        r"\lVert c - v_j \rVert",
    )
    proof.equal(
        A * v_j + (1 - A) * v_j,
        v_j,
        r"$D = 0$ asks nothing, and rightly: if all other values equal $v_j$, every query copies "
        r"it, whatever the weights",
        "c",
    )


SIZE = 60  # other keys that are built at most
TRIALS = 200


def _ceiling_directly(value: float, entropy: float) -> Direct:
    if entropy > math.log(SIZE):
        return _too_many()
    keys, best = _example(entropy)
    found = direct.weights(keys, best)[0]
    tried = max(direct.weights(keys, query)[0] for query in _queries(best))
    sentence = (
        f"With {len(keys) - 1} unit vectors and their combination of this entropy as keys, "
        f"attention gives the combination ${scientific(found)}$ at the query of the derivation "
        f"and at most ${scientific(tried)}$ at {TRIALS} random queries around it."
    )
    return Direct(sentence, direct.close(found, value) and tried <= value * (1 + 1e-9))


def _miss_directly(value: float, entropy: float, distance: float) -> Direct:
    if entropy > math.log(SIZE):
        return _too_many()
    keys, best = _example(entropy)
    values = [[0.0], *[[distance]] * (len(keys) - 1)]
    found = direct.output(keys, best, values)[0]
    tried = min(direct.output(keys, query, values)[0] for query in _queries(best))
    sentence = (
        f"With {len(keys) - 1} unit vectors and their combination of this entropy as keys, the "
        f"output misses $v_j$ by ${scientific(found)}$ at the query of the derivation and by "
        f"${scientific(tried)}$ or more at {TRIALS} random queries around it."
    )
    return Direct(sentence, direct.close(found, value) and tried >= value * (1 - 1e-9))


def _example(entropy: float) -> tuple[list[list[float]], list[float]]:
    """Keys, first their combination of this entropy (one large weight), and the best query."""
    m = math.floor(math.exp(entropy)) + 1
    low, high = 0.0, 1 / m
    for _ in range(200):
        small = (low + high) / 2
        large = 1 - (m - 1) * small
        found = -large * math.log(large) - (m - 1) * small * math.log(small)
        low, high = (small, high) if found < entropy else (low, small)
    shares = [large, *[small] * (m - 1)]
    return [shares, *(direct.unit(i, m) for i in range(m))], [math.log(share) for share in shares]


def _queries(best: list[float]) -> list[list[float]]:
    normal = random.Random(0).gauss
    return [[score + normal(0, 1) for score in best] for _ in range(TRIALS)]


def _too_many() -> Direct:
    return Direct(f"This entropy takes more than {SIZE} other keys, too many to build here.", True)


CLAIMS = (
    Claim(
        key="convex_hull.ceiling",
        question="2a",
        title="A key among the others keeps a weight of at most one half",
        statement=r"No query gives a key in the hull of the others more than half of the weight: "
        r"$\alpha_j \le {law} \le \frac{1}{2}$. So no query copies $v_j$ by its "
        r"weight. The largest weight over all queries, where there is one, is this bound for "
        r"some weights $\lambda_i$ of $k_j$.",
        assumptions=(*KEYS_MEANT, INSIDE),
        law=ceiling,
        derive=_ceiling,
        twin=1 / (1 + sp.exp(2 * H)),
        changed="$2H$ in place of $H$",
        example={"entropy": sp.log(3)},
        source="Gibbs and Jensen inequalities; practical, question 2a",
        variables={
            lam: UNIT, a: POSITIVE, h: FROM_ONE, R: POSITIVE, t: POSITIVE, y: NONNEGATIVE,
            k_1: ANY, k_2: ANY, k_j: ANY, q: ANY, gap: ANY, n: (sp.Integer(2), sp.oo),
        },
        direct=_ceiling_directly,
    ),
    Claim(
        key="convex_hull.miss",
        question="2a",
        title="What a key among the others costs its value, and when it costs nothing",
        statement=r"Let $D$ be the distance of $v_j$ from the convex hull of the other values. "
        r"Every query misses $v_j$ by at least half of it: $\lVert c - v_j \rVert \ge {law} \ge "
        r"\frac{D}{2}$. The bound is about the "
        r"weight: if $D = 0$, equal values for example, $v_j$ may be copied all the same.",
        assumptions=(*KEYS_MEANT, INSIDE),
        law=miss,
        derive=_miss,
        twin=diameter / (1 + sp.exp(-2 * H)),
        changed="$2H$ in place of $H$",
        example={"entropy": sp.log(3), "distance": 2},
        source="claim convex_hull.ceiling",
        variables={
            h: FROM_ONE, y: NONNEGATIVE, A: UNIT, u: ANY, v_j: ANY,
        },
        direct=_miss_directly,
    ),
)  # fmt: skip
