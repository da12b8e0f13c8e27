"""Question 2d: which pairs of queries are safe where one key is of uncertain length.

A query of coordinate x along μ_a meets the radial noise of k_a with the factor x. Heads that tie
between a and b meet it and are one coin; heads that prefer one of the two miss it now and then, the
less the more they push the others down; a query with x = 0 does not meet it at all.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import sympy as sp

from theory.gaussian import Phi
from theory.noise import drawn_keys
from theory.noise.noisy_keys import ASSUMED, MU_A, MU_B, MU_I, SIGMA, SIGMA_A, covariance, mean
from theory.proof.claim import Claim
from theory.proof.direct import Direct
from theory.proof.law import Law, Parameter
from theory.proof.steps import Proof
from theory.symbols import (
    ANY,
    NOISE,
    NONNEGATIVE,
    POSITIVE,
    POSITIVE_GAIN,
    RADIAL,
    UNIT,
    alpha,
    beta,
    radial,
)  # fmt: skip

x, y, s = sp.symbols("x y s", real=True)
g, p = sp.symbols("g p", positive=True)
u, z = sp.symbols("u z", nonnegative=True)
ALONG_A, ALONG_B = Parameter("along_a", x), Parameter("along_b", y)
LEAST_SCALE = Parameter("scale", p, lower=0, open=True)
PLANE = x * MU_A + y * MU_B

pair_miss = Law(
    r"P(\alpha_a < \alpha_b)",
    Phi((y - x) / sp.sqrt(radial * x**2 + 2 * alpha * x**2 + 2 * alpha * y**2)),
    (ALONG_A, ALONG_B, NOISE, RADIAL),
    premises=(sp.Gt(x**2 + y**2, 0),),
)
tie_variance = Law(
    r"\operatorname{Var}(S)",
    sp.Rational(1, 4) - 1 / (p * beta * sp.sqrt(2 * sp.pi * (4 * alpha + radial))),
    (LEAST_SCALE, NOISE, POSITIVE_GAIN, RADIAL),
    relation=r"\ge",
)
plane_miss = Law(
    r"P(k_a \text{ does not win})",
    Phi(-1 / sp.sqrt(radial + 2 * alpha)),
    (NOISE, RADIAL),
    relation=r"\ge",
)


def gap_between(q: sp.Matrix, other: sp.Matrix) -> tuple[sp.Expr, sp.Expr]:
    """Mean and variance of the score of k_a less that of a key about `other`."""
    spread = covariance(SIGMA_A, q, q) + covariance(SIGMA, q, q)
    return mean(MU_A, q) - mean(other, q), spread


def _miss(formula: sp.Expr, proof: Proof) -> None:
    proof.holds(
        r"\tfrac{1}{2}(U(S_1) + U(S_2)) = U(\{a, b\}) \iff \{S_1, S_2\} = \{\{a\}, \{b\}\} "
        r"\text{ or } S_1 = S_2 = \{a, b\}",
        all(_averages(first, second) == _is_pair(first, second) for first, second in _choices()),
        r"without noise a head tends to $U(S)$, equal weights on the set $S$ of its largest "
        r"scores. The sets must lie within $\{a, b\}$, as no weight may fall elsewhere, whatever "
        r"$n$ is: three sets, $\{a\}$, $\{b\}$ and $\{a, b\}$. So either each head prefers one of "
        "the two values, or both tie",
        "all pairs of sets of up to four keys, in exact fractions",
    )
    gap, spread = gap_between(PLANE, MU_B)
    proof.equal(
        sp.Matrix([gap, spread]),
        sp.Matrix([x - y, radial * x**2 + 2 * alpha * (x**2 + y**2)]),
        r"a head with $q = \beta (x \mu_a + y \mu_b)$, its scores over $\beta$",
        r"(E[s_a - s_b], \operatorname{Var}(s_a - s_b))^\top/(\beta, \beta^2)",
    )
    proof.equal(
        Phi(-gap / sp.sqrt(spread)),
        formula,
        "standardise 0; the gain cancels",
        r"P(s_a < s_b)",
    )
    proof.equal(
        formula.subs({x: g, y: g}, simultaneous=True),
        sp.Rational(1, 2),
        r"$x = y$, a tie: a fair coin, however large the gain and however small the noise",
        r"P(s_a < s_b)",
    )
    proof.equal(
        sp.Matrix([formula.subs({x: g, y: 0}), formula.subs({x: g, y: -g}, simultaneous=True)]),
        sp.Matrix([Phi(-1 / sp.sqrt(radial + 2 * alpha)), Phi(-2 / sp.sqrt(radial + 4 * alpha))]),
        r"$x = g > 0$ with $y = 0$, the practical's $q_1$, and with $y = -g$: as $\alpha \to 0$ "
        r"the latter misses with probability $\Phi(-2/\sqrt{r})$ instead of $\Phi(-1/\sqrt{r})$",
    )
    proof.equal(
        formula.subs({x: 0, y: -g}, simultaneous=True),
        Phi(-1 / sp.sqrt(2 * alpha)),
        r"$x = 0 > y$: the radial noise is not met at all",
        r"P(s_a < s_b)",
    )


def _choices() -> list[tuple[frozenset[int], frozenset[int]]]:
    """All pairs of sets of largest scores, of up to four keys; a is 0 and b is 1."""
    keys = range(4)
    sets = [frozenset(c) for size in keys for c in itertools.combinations(keys, size + 1)]
    return list(itertools.product(sets, sets))


def _averages(first: frozenset[int], second: frozenset[int]) -> bool:
    """Whether the mean of two uniform weights is one half on a and one half on b."""
    weights = [Fraction(i in first, len(first)) + Fraction(i in second, len(second))
               for i in range(4)]  # fmt: skip
    return weights == [1, 1, 0, 0]


def _is_pair(first: frozenset[int], second: frozenset[int]) -> bool:
    return {first, second} in ({frozenset({0}), frozenset({1})}, {frozenset({0, 1})})


def _tie(formula: sp.Expr, proof: Proof) -> None:
    q = MU_A + MU_B
    gap, spread = gap_between(g * beta * q, MU_B)
    proof.equal(
        sp.Matrix([gap, spread]),
        sp.Matrix([0, g**2 * beta**2 * (4 * alpha + radial)]),
        r"the logit of the share of a head of scale $g$ is $gL$, where $L = \beta (\mu_a + "
        r"\mu_b)^\top (k_a - k_b)$ is the same for all heads",
        r"(E[gL], \operatorname{Var}(gL))^\top",
    )
    proof.at_most(
        1 / (1 + u),
        1 / (1 + u * z),
        r"where $L > 0$: with $u = e^{-pL}$, a head of scale $g \ge p$ has $e^{-gL} = uz$, $z \le "
        r"1$, and a share further above $\frac{1}{2}$ than a head of scale $p$; where $L < 0$, "
        r"further below. All shares lie on one side of $\frac{1}{2}$, so for their mean "
        r"$|S - \frac{1}{2}| \ge |s_p - \frac{1}{2}|$",
        "s_p",
        equality={z: 1},
    )
    proof.equal(
        (s - sp.Rational(1, 2)) ** 2,
        sp.Rational(1, 4) - s * (1 - s),
        r"both $S$ and $s = s_p$ have the mean $\frac{1}{2}$ by symmetry: $\operatorname{Var}(S) "
        r"\ge \operatorname{Var}(s_p) = \frac{1}{4} - E[s_p (1 - s_p)]$",
    )
    proof.equal(
        sp.Rational(1, 4) - 1 / sp.sqrt(2 * sp.pi * spread.subs(g, p)),
        formula,
        r"and $E[s_p(1 - s_p)]$ is at most the highest density of $pL$, claim single_head.variance",
    )


def _plane(formula: sp.Expr, proof: Proof) -> None:
    gap, spread = gap_between(PLANE, MU_I)
    proof.equal(
        sp.Matrix([gap, spread]),
        sp.Matrix([x, radial * x**2 + 2 * alpha * (x**2 + y**2)]),
        r"for $q = \beta (x \mu_a + y \mu_b)$ and a third key $i$, over $\beta$ and $\beta^2$",
        r"(E[s_a - s_i], \operatorname{Var}(s_a - s_i))^\top",
    )
    proof.at_most(
        g**2 / spread.subs({x: g, y: sp.sqrt(z)}),
        1 / (radial + 2 * alpha),
        r"$k_a$ does not win if $s_i > s_a$. If $x \le 0$, that has a probability of at least "
        r"$\frac{1}{2}$; if $x = g > 0$, of $\Phi(-g/\sigma)$ with $\sigma^2$ the variance, and "
        r"with $z = y^2$ its square $g^2/\sigma^2$ is at most this",
        r"\frac{g^2}{\sigma^2}",
        equality={z: 0},
    )
    proof.equal(
        Phi(-gap / sp.sqrt(spread)).subs({x: g, y: 0}),
        formula,
        r"so $\Phi(-g/\sigma)$ is at least this, its value at $y = 0$; as other keys may win too, "
        "the bound is not attained",
        r"\Phi(-g/\sigma) \text{ at } y = 0",
    )


def _miss_directly(
    value: float, along_a: float, along_b: float, alpha: float, radial: float
) -> Direct:
    import numpy as np

    (found,) = drawn_keys.scores(np.array([[along_a, along_b]]), 2, alpha, radial)
    missed = (found[:, 0] < found[:, 1]).astype(float)
    return drawn_keys.compare(missed, value, value, "$k_b$ wins over $k_a$ with frequency")


def _tie_directly(value: float, scale: float, alpha: float, beta: float, radial: float) -> Direct:
    """Two heads, one of the least scale and one of twice that."""
    import numpy as np

    queries = np.array([[scale * beta] * 2, [2 * scale * beta] * 2])
    shares = drawn_keys.attention(drawn_keys.scores(queries, 2, alpha, radial))[:, :, 0]
    off = (shares.mean(axis=0) - 1 / 2) ** 2
    what = "Two heads, one of twice the scale, have a mean share with the variance"
    return drawn_keys.compare(off, value, 1 / 4, what, width=1 / 4)


def _plane_directly(value: float, alpha: float, radial: float) -> Direct:
    """Of many queries of the plane, the one that misses least."""
    import numpy as np

    angles = np.linspace(-np.pi, np.pi, 24, endpoint=False)
    queries = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    missed = (drawn_keys.scores(queries, 3, alpha, radial).argmax(axis=2) > 0).astype(float)
    best = missed[missed.mean(axis=1).argmin()]
    what = "The best of 24 queries of the plane misses, with three keys, with frequency"
    return drawn_keys.compare(best, value, 1.0, what)


CLAIMS = (
    Claim(
        key="query_pairs.miss",
        question="2d.2",
        title="Which pairs of queries are safe: heads that tie are coins",
        statement=r"Without noise, and with the gain of two fixed queries growing without bound, "
        r"two heads average $v_a$ and $v_b$ if and only if one has its largest score at $k_a$ "
        r"alone and the other at $k_b$ alone, or both have it at $k_a$ and $k_b$ alike. With "
        r"noise, a head with $q = \beta (x \mu_a + y \mu_b)$ gives $v_a$ less weight than $v_b$ "
        r"with probability ${law}$: a tie, $x = y$, is a fair coin, and so is the pair $q_1 = q_2 "
        r"= \beta (\mu_a + \mu_b)$, which is the single head of question 2c.",
        assumptions=(
            *ASSUMED,
            r"$q = \beta (x \mu_a + y \mu_b)$, not 0; $\alpha_a$ and $\alpha_b$ are the weights of "
            r"$v_a$ and $v_b$",
        ),
        law=pair_miss,
        derive=_miss,
        direct=_miss_directly,
        twin=Phi((y - x) / sp.sqrt(radial * y**2 + 2 * alpha * x**2 + 2 * alpha * y**2)),
        changed="radial noise on $k_b$",
        example={
            "along_a": 1, "along_b": 0, "alpha": sp.Rational(1, 100),
            "radial": sp.Rational(1, 2),
        },
        source="practical, question 2d",
        variables={g: POSITIVE},
    ),
    Claim(
        key="query_pairs.tie",
        question="2d.2",
        title="Heads that tie are one coin, however many there are",
        statement=r"Heads with $q_j = g_j \beta (\mu_a + \mu_b)$ and scales $g_j \ge p > 0$ have a "
        r"mean share $S$ of $v_a$ with $\operatorname{Var}(S) \ge {law}$: as with one head, that "
        r"tends to $\frac{1}{4}$, and no number of such heads averages.",
        assumptions=(
            *ASSUMED,
            r"the share of $v_a$ in a head is $\alpha_a/(\alpha_a + \alpha_b)$; $S$ is the mean "
            r"over the heads, $s_p$ the share in a head of scale $p$",
        ),
        law=tie_variance,
        derive=_tie,
        direct=_tie_directly,
        twin=sp.Rational(1, 4) - 1 / (p * beta * sp.sqrt(4 * sp.pi * (4 * alpha + radial))),
        changed=r"$4\pi$ in place of $2\pi$",
        example={
            "scale": 1, "alpha": sp.Rational(1, 100), "beta": 30, "radial": sp.Rational(1, 2),
        },
        source="practical, question 2d; claim single_head.variance",
        variables={g: POSITIVE, u: UNIT, z: UNIT, s: UNIT},
    ),
    Claim(
        key="query_pairs.plane",
        question="2d.2",
        title=r"With three keys or more every query along $\mu_a$ and $\mu_b$ misses often",
        statement=r"With $n \ge 3$ and any $q = \beta (x \mu_a + y \mu_b)$, another key than $k_a$ "
        r"has the largest score with a probability of at least ${law}$. That is how often the "
        r"practical's $q_1$ misses with two keys, and if $r > 0$ it is above "
        r"$\Phi(-1/\sqrt{r})$, however small $\alpha$ is.",
        assumptions=(
            *ASSUMED, r"$q = \beta (x \mu_a + y \mu_b)$, not 0; $n \ge 3$",
            "a key wins if its score is the largest",
        ),
        law=plane_miss,
        derive=_plane,
        direct=_plane_directly,
        twin=Phi(-1 / sp.sqrt(2 * radial + 2 * alpha)),
        changed="$2r$ in place of $r$",
        example={"alpha": sp.Rational(1, 100), "radial": sp.Rational(1, 2)},
        source="practical, question 2d",
        variables={x: ANY, y: ANY, g: POSITIVE, z: NONNEGATIVE},
    ),
)  # fmt: skip
