r"""Question 2b: which keys let two values be averaged at all.

Some query gives a and b equal weights and drives all others to 0 if and only if the line through
k_a and k_b misses the convex hull of the other keys. If it meets the hull, at least a third of the
weight lies elsewhere whenever the two weights are equal.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from numbers import Rational
from typing import TYPE_CHECKING

import sympy as sp

from theory.averaging import leak as leak_of_pair
from theory.averaging import positions
from theory.keys.copyable import Combination, Separation, copyable
from theory.proof.assumptions import array, require, rows
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close, weights
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, KEYS, NONNEGATIVE, POSITIVE, UNIT, beta, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

H, u, r, x, y, z = sp.symbols("H u r x y z", nonnegative=True)
ENTROPY = Parameter("entropy", H, lower=0)
APART = Parameter("difference", u, lower=0)
OFFSET = Parameter("offset", r, lower=0)

elsewhere = Law(
    r"\lambda",
    1 / (1 + 2 * sp.cosh(u / 2) * sp.exp(r * u - H)),
    (ENTROPY, APART, OFFSET),
    relation=r"\ge",
)

C, Z, t, w = sp.symbols("C Z t w", positive=True)
b, k_1, k_2, d_1, d_2, y_1, y_2 = sp.symbols("z k_1 k_2 d_1 d_2 y_1 y_2", real=True)
LINE = (
    r"$n \ge 3$ keys of any kind, $k_a \ne k_b$; scores $s_i = k_i^\top q$ carry no $1/\sqrt{d}$; "
    r"$u = |s_a - s_b|$, $h = (s_a + s_b)/2$, $T = \sum_{i \ne a, b} e^{s_i}$",
    r"the line through $k_a$ and $k_b$ meets the convex hull of the other keys at "
    r"$\sum_i w_i k_i$ ($w_i \ge 0$, $\sum_i w_i = 1$, entropy $H = -\sum_i w_i \log w_i$), at a "
    r"distance of $r \lVert k_a - k_b \rVert$ from the midpoint of $k_a$ and $k_b$",
)


def averageable(
    keys: Float[np.ndarray, "n d"] | Sequence[Sequence[float | Rational]], a: int, b: int
) -> Separation | Combination:
    """Whether equal weights on keys a and b can be driven to ½ each, with the certificate.

    Decided in exact rationals for the keys seen along k_a − k_b, in which a and b are one key,
    placed first; the others keep their order. A `Separation` has a query with s_a = s_b exactly;
    times `averaging.gain(epsilon, n)` over its margin it leaks at most ε. A `Combination` has the
    weights of other keys whose mean lies on the line; its entropy enters claim averaging.line.
    Raises: InputError listing all that is wrong. Source: separating hyperplane theorem.

    >>> averageable([[0, 0], [2, 0], [5, 1], [1, 2]], 0, 1).query == (0, -1)
    True
    >>> [str(w) for w in averageable([[0, 0], [2, 0], [5, 1], [1, -3]], 0, 1).weights]
    ['0', '3/4', '1/4']
    """
    import numpy as np

    listed = keys.tolist() if isinstance(keys, np.ndarray) else keys
    require(array("keys", listed, "n", "d"))
    require(rows("keys", np.asarray(listed), 3), positions("a and b", [a, b], listed))
    exact = [[Fraction(v) for v in key] for key in listed]
    along = [p - q for p, q in zip(exact[a], exact[b], strict=True)]
    square = sum((v * v for v in along), Fraction(0))
    seen = []
    for key in [exact[a], *(key for i, key in enumerate(exact) if i not in (a, b))]:
        product = sum((v * e for v, e in zip(key, along, strict=True)), Fraction(0))
        share = product / square if square else Fraction(0)
        seen.append([v - share * e for v, e in zip(key, along, strict=True)])
    return copyable(seen, 0)


def _line(formula: sp.Expr, proof: Proof) -> None:
    rise = sp.exp(b) - 1 - b
    proof.equal(
        sp.Matrix([rise.subs(b, 0), sp.diff(rise, b).subs(b, 0), sp.diff(rise, b, b)]),
        sp.Matrix([0, 0, sp.exp(b)]),
        r"$f(z) = e^z - 1 - z$ and its slope are 0 at $z = 0$, and $f'' > 0$: so $e^z \ge 1 + z$",
        r"(f(0), f'(0), f'')^\top",
    )
    mean = w * y_1 + (1 - w) * y_2
    proof.equal(
        w * (1 + y_1 - mean) + (1 - w) * (1 + y_2 - mean),
        sp.Integer(1),
        r"let $y_i = s_i - \log w_i$ with the mean $m = \sum_i w_i y_i = \sum_i w_i s_i + H$, here "
        r"of two keys; with $z = y_i - m$, $T e^{-m} = \sum_i w_i e^{y_i - m} \ge 1$",
        r"\sum_i w_i (1 + y_i - m)",
    )
    proof.equal(
        formula,
        sp.exp(H - r * u) / (2 * sp.cosh(u / 2) + sp.exp(H - r * u)),
        r"$\sum_i w_i s_i$ is the score of the point of the line: $h + ru$ or, on the other side "
        r"of the midpoint, $h - ru$. So $T \ge e^h Z$ with $Z = e^{H - ru}$, and at $T = e^h Z$ "
        r"$\lambda = T/(A + B + T)$ is this, since $A + B = e^{s_a} + e^{s_b} = 2 e^h \cosh(u/2)$",
    )
    proof.at_most(
        Z / (2 * C + Z),
        Z * (1 + x) / (2 * C + Z * (1 + x)),
        r"a larger $T = e^h Z (1 + x)$ leaves more; $C = \cosh(u/2)$",
        r"\lambda",
        equality={x: 0},
    )
    proof.at_most(
        sp.Rational(1, 3),
        formula.subs({u: 0, H: sp.log(1 + y)}),
        r"for equal weights, $u = 0$: the entropy is not negative, so $e^H = 1 + y$",
        equality={y: 0},
    )
    _misses(proof)


def _misses(proof: Proof) -> None:
    """The converse: a line that misses the hull."""
    share = (k_1 * d_1 + k_2 * d_2) / (d_1**2 + d_2**2)
    proof.equal(
        (k_1 - share * d_1) * d_1 + (k_2 - share * d_2) * d_2,
        sp.Integer(0),
        r"if the line misses the hull, subtract from every key its part along $g = k_a - k_b$: "
        r"$k_a$ and $k_b$ become one point, outside the hull of the others, and by claim "
        r"separation.norm some $q$ orthogonal to $g$ separates it from them by a margin "
        r"$\Delta > 0$, with $s_a = s_b$",
        r"(k_i - \frac{k_i^\top g}{g^\top g}\, g)^\top g",
    )
    proof.at_most(
        (n - 2) * t * z / (2 + (n - 2) * t * z),
        leak_of_pair.expression.subs(beta, -sp.log(t)),
        r"then $\gamma q$ has $T \le (n - 2) e^h t$ with $t = e^{-\gamma\Delta}$: it leaks no more "
        r"than claim averaging.output says for $\beta = \gamma\Delta$, so as little as wanted",
        r"\lambda",
        equality={z: 1},
    )


def _line_directly(value: float, entropy: float, difference: float, offset: float) -> Direct:
    """Scores of least T for weights of that entropy, and random ones with the same mean (seed 0).

    One weight is larger than the others, which are equal.
    """
    number = max(2, min(math.ceil(math.exp(min(entropy, 20))), 512))
    if entropy > math.log(number):
        return Direct("So large an entropy takes more keys than are built here.", True)
    shares = _of_entropy(entropy, number)
    middle = -offset * difference
    pair = [difference / 2, -difference / 2]
    best = [middle + entropy + math.log(w) for w in shares]
    lost = math.fsum(weights([[s] for s in (*pair, *best)], [1.0])[2:])
    draw, least = random.Random(0), 1.0
    for _ in range(200):
        moved = [s + draw.gauss(0, 0.3) for s in best]
        excess = math.fsum(w * s for w, s in zip(shares, moved, strict=True)) - middle
        scores = [*pair, *(s - excess for s in moved)]
        least = min(least, math.fsum(weights([[s] for s in scores], [1.0])[2:]))
    return Direct(
        f"For {number} other keys whose scores have such a mean, softmax leaves "
        f"${scientific(lost)}$ on them at the best scores, and at least ${scientific(least)}$ at "
        "200 random ones.",
        close(lost, value) and least >= value * (1 - 1e-9),
    )


def _of_entropy(entropy: float, number: int) -> list[float]:
    """Weights with this entropy, all but the first equal: a bisection."""

    def spread(rest: float) -> list[float]:
        return [1 - rest, *[rest / (number - 1)] * (number - 1)]

    low, high = 1e-300, 1 - 1 / number
    for _ in range(1200):
        middle = (low + high) / 2
        found = math.fsum(-w * math.log(w) for w in spread(middle))
        low, high = (middle, high) if found < entropy else (low, middle)
    return spread(high)


CLAIMS = (
    Claim(
        key="averaging.line",
        question="2b",
        title="Which keys let two values be averaged at all",
        statement=r"If the line through $k_a$ and $k_b$ meets the convex hull of the other keys, "
        r"every query leaves $\lambda \ge {law}$ off $\{a, b\}$: at least $\frac{1}{3}$ if "
        r"$\alpha_a = \alpha_b$. If it misses the hull, queries with $\alpha_a = \alpha_b$ leave "
        "as little as wanted.",
        assumptions=LINE,
        law=elsewhere,
        derive=_line,
        twin=1 / (1 + 2 * sp.cosh(u / 2) * sp.exp(r * u - 2 * H)),
        changed="$2H$ in place of $H$",
        example={"entropy": sp.log(2), "difference": 1, "offset": sp.Rational(1, 2)},
        source="practical, question 2b (any keys); Jensen's inequality, separating hyperplanes",
        variables={
            KEYS.symbol: (sp.Integer(2), sp.oo), **dict.fromkeys((b, k_1, k_2, d_1, d_2), ANY),
            y_1: ANY, y_2: ANY, C: POSITIVE, Z: POSITIVE, t: UNIT, w: UNIT, x: NONNEGATIVE,
            y: NONNEGATIVE, z: UNIT,
        },
        direct=_line_directly,
    ),
)  # fmt: skip
