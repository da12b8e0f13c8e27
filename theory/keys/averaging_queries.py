r"""Question 2b: all queries that average two values to within two tolerances.

A query has weight off {a, b} at most ε and |α_a − α_b| at most δ. Whether it does depends on its
scores alone: on their difference u = s_a − s_b, their midpoint h = (s_a + s_b)/2, and the sum T of
the exponentials of the other scores. The shortest of these queries is in `shortest_average`.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import sympy as sp

from theory.averaging import leak as leak_of_pair
from theory.averaging import positions, size_of
from theory.proof.assumptions import array, require, rows, within
from theory.proof.claim import Claim
from theory.proof.direct import Direct, close, weights
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.proof.typeset import scientific
from theory.symbols import ANY, NONNEGATIVE, POSITIVE, TOLERANCE, UNIT, beta, delta, epsilon, n

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

leak = sp.Symbol("lambda", positive=True)
u, h = sp.symbols("u h", real=True)
A, B, T, t = sp.symbols("A B T t", positive=True)
c = sp.Symbol("c", real=True)
w, x, y, z = sp.symbols("w x y z", nonnegative=True)

LEAK = Parameter("leak", leak, lower=0, upper=1, open=True)
APART = Parameter("difference", u)
UNEVEN = Parameter("delta", delta, lower=0, upper=1, open=True)

difference = Law(r"\alpha_a - \alpha_b", (1 - leak) * sp.tanh(u / 2), (LEAK, APART))
enough = Law(r"|s_a - s_b|", sp.log((1 + delta) / (1 - delta)), (UNEVEN,), relation=r"\le")
most = Law(
    r"\log T - h",
    sp.log(2 * epsilon / sp.sqrt((1 - epsilon) ** 2 - delta**2)),
    (TOLERANCE, UNEVEN),
    premises=(sp.Lt(epsilon + delta, 1),),
    relation=r"\le",
)
SCORES = (
    r"scores $s_i = k_i^\top q$ carry no $1/\sqrt{d}$; $u = s_a - s_b$, $h = (s_a + s_b)/2$ and "
    r"$T = \sum_{i \ne a, b} e^{s_i}$",
    r"$\lambda = 1 - \alpha_a - \alpha_b$ is the total weight off $\{a, b\}$",
)


def averages(
    keys: Float[np.ndarray, "n d"], query: Float[np.ndarray, " d"], a: int, b: int,
    epsilon: float, delta: float,
) -> bool:  # fmt: skip
    """Whether a query leaves at most ε off keys a and b, whose weights differ by at most δ.

    For keys of any kind; decided from the scores, without overflow. Source: claim
    averaging.queries.
    Raises: InputError listing all that is wrong with the input.

    >>> import numpy as np
    >>> averages(np.eye(16), 9 * np.eye(16)[0] + 9 * np.eye(16)[1], 0, 1, 1e-3, 1e-6)
    True
    >>> averages(np.eye(16), 8 * np.eye(16)[0] + 8 * np.eye(16)[1], 0, 1, 1e-3, 1e-6)
    False
    """
    import numpy as np

    require(
        array("keys", keys, "n", "d"), rows("keys", keys, 2),
        array("query", query, size_of(keys, 1)), positions("a and b", [a, b], keys),
        within("epsilon", epsilon, 0, 1), within("delta", delta, 0, 1),
    )  # fmt: skip
    scores = np.asarray(keys, dtype=float) @ np.asarray(query, dtype=float)
    pair = np.logaddexp(scores[a], scores[b])
    rest = np.logaddexp.reduce(np.delete(scores, [a, b]), initial=-np.inf)
    lost = float(np.exp(rest - np.logaddexp(pair, rest)))
    uneven = (1 - lost) * math.tanh(abs(float(scores[a] - scores[b])) / 2)
    return lost <= epsilon and uneven <= delta


def _queries(formula: sp.Expr, proof: Proof) -> None:
    proof.equal(
        epsilon - T / (A + B + T),
        (1 - epsilon) * (epsilon / (1 - epsilon) * (A + B) - T) / (A + B + T),
        r"with $A = e^{s_a}$ and $B = e^{s_b}$: the weight off is at most $\varepsilon$ if and "
        r"only if $T \le \frac{\varepsilon}{1 - \varepsilon} (A + B)$",
        r"\varepsilon - \lambda",
    )
    proof.equal(
        (A - B) / (A + B + T),
        formula.rewrite(sp.exp).subs({leak: T / (A + B + T), u: sp.log(A / B)}),
        r"the formula at $\lambda = T/(A + B + T)$ and $u = \log(A/B)$, where "
        r"$\tanh(u/2) = (e^u - 1)/(e^u + 1)$",
        r"\alpha_a - \alpha_b",
    )
    proof.equal(
        T / (sp.exp(h + u / 2) + sp.exp(h - u / 2) + T),
        T * sp.exp(-h) / (2 * sp.cosh(u / 2).rewrite(sp.exp) + T * sp.exp(-h)),
        r"$\lambda$ too depends on $u$ and $\log T - h$ alone: the set is exactly "
        r"$\log T - h \le \log(2\cosh(u/2)) + \log\frac{\varepsilon}{1 - \varepsilon}$ with "
        r"$(1 - \lambda) |\tanh(u/2)| \le \delta$",
        r"\lambda",
    )
    proof.equal(
        sp.exp(c) * A / (sp.exp(c) * A + sp.exp(c) * B + sp.exp(c) * T),
        A / (A + B + T),
        r"one number $c$ added to all scores changes no weight. So the set is not bounded: with "
        r"orthonormal keys it holds $q + c \sum_i k_i$ along with $q$, and $q$ plus any vector "
        "orthogonal to all keys",
        r"\alpha_a",
    )


def _enough(formula: sp.Expr, proof: Proof) -> None:
    ratio = sp.exp(formula)
    proof.equal(
        (ratio - 1) / (ratio + 1),
        delta,
        r"at this difference $\tanh(u/2) = (e^u - 1)/(e^u + 1)$ is $\delta$",
        r"\tanh(u/2)",
    )
    proof.at_most(
        (1 - leak) * (ratio * y - 1) / (ratio * y + 1),
        delta,
        r"a smaller $u$ has $e^u$ smaller by a factor $y \le 1$, and $1 - \lambda \le 1$; if "
        r"$u < 0$, exchange $a$ and $b$",
        r"(1 - \lambda) \tanh(u/2)",
        equality={leak: 0, y: 1},
    )
    proof.at_most(
        (n - 2) * t * z / (2 * (1 + x) + (n - 2) * t * z),
        leak_of_pair.expression.subs(beta, -sp.log(t)),
        r"with $t = e^{-\beta}$ each of the $n - 2$ other exponentials is at most $e^h t$, so "
        r"$T = e^h (n - 2) t z$ with $z \le 1$; and $\cosh(u/2) = 1 + x$ with $x \ge 0$. The leak "
        r"is at most that of claim averaging.output, which is at most $\varepsilon$ at the "
        r"$\beta$ of claim averaging.gain",
        r"\lambda",
        equality={x: 0, z: 1},
    )


def _most(formula: sp.Expr, proof: Proof) -> None:
    kept = 1 - epsilon
    uneven = kept * w
    alpha_a, alpha_b = ((1 - leak + s * delta) / 2 for s in (1, -1))
    proof.equal(
        leak**2 / (alpha_a * alpha_b),
        4 * leak**2 / ((1 - leak) ** 2 - delta**2),
        r"with $A = e^{s_a}$ and $B = e^{s_b}$, $T e^{-h} = T/\sqrt{AB} = "
        r"\lambda/\sqrt{\alpha_a \alpha_b}$, where "
        r"$\alpha_a + \alpha_b = 1 - \lambda$ and, here, $\alpha_a - \alpha_b = \delta$",
        r"(T e^{-h})^2",
    )
    squared = sp.exp(2 * formula).subs(delta, uneven)
    proof.equal(
        squared,
        4 * epsilon**2 / (kept**2 - uneven**2),
        r"attained with $\lambda = \varepsilon$ and $\alpha_a - \alpha_b = \delta = "
        r"(1 - \varepsilon) w$: independent keys have a query with any scores, and so with these "
        r"weights",
        r"(T e^{-h})^2",
    )
    proof.at_most(
        kept**2 - uneven**2,
        (1 - epsilon * y) ** 2 - (uneven * z) ** 2,
        r"necessary: a query of the set has $\lambda = \varepsilon y$ and "
        r"$|\alpha_a - \alpha_b| = \delta z$ with $y, z \le 1$; so $4\lambda^2$ is no larger, and "
        "what it is divided by no smaller",
        equality={y: 1, z: 1},
    )
    proof.at_most(
        uneven * z / (1 - epsilon * y),
        uneven / kept,
        r"and $\tanh(|u|/2) = |\alpha_a - \alpha_b|/(1 - \lambda)$ is largest there too, where "
        r"$e^{|u|} = \frac{1 - \varepsilon + \delta}{1 - \varepsilon - \delta}$",
        r"\tanh(|u|/2)",
        equality={y: 1, z: 1},
    )


def _difference_directly(value: float, leak: float, difference: float) -> Direct:
    """Two keys that far apart, the rest spread over three keys of unequal scores."""
    s_a, s_b = min(difference, 0.0), min(-difference, 0.0)
    total = (math.exp(s_a) + math.exp(s_b)) * leak / (1 - leak)
    scores = [s_a, s_b, *(math.log(total * part) for part in (0.5, 0.3, 0.2))]
    alpha = weights([[s] for s in scores], [1.0])
    return Direct(
        f"Softmax of five such scores gives $\\alpha_a - \\alpha_b = "
        f"{scientific(alpha[0] - alpha[1])}$ and leaves ${scientific(math.fsum(alpha[2:]))}$.",
        math.isclose(alpha[0] - alpha[1], value, rel_tol=1e-9, abs_tol=1e-12)
        and close(math.fsum(alpha[2:]), leak),
    )


def _enough_directly(value: float, delta: float) -> Direct:
    """Two keys attain δ; further keys only bring the two weights nearer to each other."""
    two, five = (weights([[value], *[[0.0]] * others], [1.0]) for others in (1, 4))
    return Direct(
        f"Two keys with scores that far apart differ in weight by ${scientific(two[0] - two[1])}$; "
        f"with three more keys the two differ by ${scientific(five[0] - five[1])}$.",
        math.isclose(two[0] - two[1], delta, rel_tol=1e-9, abs_tol=1e-12)
        and five[0] - five[1] <= delta,
    )


def _most_directly(value: float, epsilon: float, delta: float) -> Direct:
    """The extreme query, and queries of the set that are drawn at random (seed 0)."""
    draw = random.Random(0)
    pairs = [(epsilon, delta)]
    pairs += [(epsilon * draw.random(), delta * draw.uniform(-1, 1)) for _ in range(1000)]
    found = []
    for lost, uneven in pairs:
        s_a, s_b = (math.log((1 - lost + sign * uneven) / 2) for sign in (1, -1))
        found.append(math.log(lost) - (s_a + s_b) / 2)
    return Direct(
        f"The query with weights $(1 - \\varepsilon \\pm \\delta)/2$ has ${scientific(found[0])}$; "
        f"the largest of 1000 random queries of the set has ${scientific(max(found[1:]))}$.",
        math.isclose(found[0], value, rel_tol=1e-9, abs_tol=1e-9)
        and max(found[1:]) <= value + 1e-9,
    )


CLAIMS = (
    Claim(
        key="averaging.queries",
        question="2b",
        title="All queries that average two values",
        statement=r"A query leaves at most $\varepsilon$ off $\{a, b\}$ with "
        r"$|\alpha_a - \alpha_b| \le \delta$ if and only if "
        r"$T \le \frac{\varepsilon}{1 - \varepsilon} (e^{s_a} + e^{s_b})$ and "
        r"$(1 - \lambda) |\tanh(u/2)| \le \delta$, because $\alpha_a - \alpha_b = {law}$. With "
        r"orthonormal keys every list of scores belongs to a query, $q = \sum_i s_i k_i$, and the "
        "set of these queries is not bounded.",
        assumptions=(*SCORES, r"$0 < \varepsilon < 1$ and $\delta \ge 0$; keys of any kind"),
        law=difference,
        derive=_queries,
        twin=(1 + leak) * sp.tanh(u / 2),
        changed=r"the sign of $\lambda$",
        example={"leak": sp.Rational(1, 1000), "difference": sp.Rational(1, 10)},
        source="practical, question 2b (all queries)",
        variables={epsilon: UNIT, A: POSITIVE, B: POSITIVE, T: POSITIVE, h: ANY, c: ANY},
        direct=_difference_directly,
    ),
    Claim(
        key="averaging.enough",
        question="2b",
        title="A simple condition that suffices",
        statement=r"If every other score lies at least the $\beta$ of claim averaging.gain below "
        r"the midpoint $h$, and $|s_a - s_b| \le {law}$, then at most $\varepsilon$ lies off "
        r"$\{a, b\}$ and $|\alpha_a - \alpha_b| \le \delta$.",
        assumptions=(
            *SCORES,
            r"$0 < \varepsilon < 1$, $0 < \delta < 1$; keys of any kind, $n \ge 2$",
        ),
        law=enough,
        derive=_enough,
        twin=sp.log((1 + delta) / (1 - 2 * delta)),
        changed=r"$2\delta$ in place of $\delta$ below the bar",
        example={"delta": sp.Rational(1, 100)},
        source="practical, question 2b (all queries)",
        variables={
            leak: UNIT,
            n: (sp.Integer(2), sp.oo),
            t: UNIT,
            x: NONNEGATIVE,
            y: UNIT,
            z: UNIT,
        },
        direct=_enough_directly,
    ),
    Claim(
        key="averaging.most",
        question="2b",
        title="A simple condition that is necessary",
        statement=r"Every query that leaves at most $\varepsilon$ off $\{a, b\}$ with "
        r"$|\alpha_a - \alpha_b| \le \delta$ has $\log T - h \le {law}$ and "
        r"$|s_a - s_b| \le \log\frac{1 - \varepsilon + \delta}{1 - \varepsilon - \delta}$. "
        r"If the keys are linearly independent and $n \ge 3$, some query attains both.",
        assumptions=(
            *SCORES,
            r"$\varepsilon, \delta > 0$ and $\varepsilon + \delta < 1$; keys of any kind",
        ),
        law=most,
        derive=_most,
        twin=sp.log(2 * epsilon / sp.sqrt((1 - epsilon) ** 2 + delta**2)),
        changed=r"the sign of $\delta^2$",
        example={"epsilon": sp.Rational(1, 1000), "delta": sp.Rational(1, 100)},
        source="practical, question 2b (all queries)",
        variables={leak: UNIT, w: UNIT, y: UNIT, z: UNIT},
        direct=_most_directly,
    ),
)
